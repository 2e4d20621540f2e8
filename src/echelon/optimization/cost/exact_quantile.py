"""Stock that is the exact quantile of a stage's own demand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from echelon.network.compiled import Floats
from echelon.optimization.cost.covered_demand import CoveredDemand
from echelon.optimization.cost.kept_quantiles import KeptLevels
from echelon.optimization.cost.stage_stock import StageTimes


@dataclass(frozen=True, slots=True)
class ExactQuantile:
    """Base stock that covers the demand of the time with the probability promised.

    Where only customers buy, in segments that are independent of one another (see
    :mod:`echelon.optimization.cost.exact_demands`).

    Attributes
    ----------
    demand : CoveredDemand
        Without a random wait.
    level : float
        Cycle service level, below 1.
    """

    demand: CoveredDemand
    level: float
    kept: KeptLevels = field(default_factory=KeptLevels, repr=False, compare=False)
    concave = False
    covered_only = True

    def __reduce__(self) -> tuple[type[ExactQuantile], tuple[object, ...]]:
        """Travel without what is kept, which is soon found again."""
        return ExactQuantile, (self.demand, self.level)

    def safety_stock(self, times: StageTimes) -> Floats:
        """Quantile less mean, units."""
        mean = self.demand.law.mean * np.asarray(times.covered)
        return np.asarray(self.base_stock(times) - mean)

    def base_stock(self, times: StageTimes) -> Floats:
        """Quantile, units."""
        return self.kept.at(times.covered, lambda new: self.demand.quantile(new, self.level))

    def extra_stock(self, times: StageTimes) -> Floats:
        """None."""
        return np.zeros(np.shape(times.covered))

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """Cycle service level."""
        periods = float(times.covered)
        if periods == 0.0 or self.demand.law.std == 0.0:
            return 1.0  # exposed to nothing that varies: each order is filled by what it triggers
        return self.demand.cdf(periods, self.level, base_stock)
