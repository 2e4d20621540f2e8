"""Stock of a stage that waits a random time for its supplies, as a mixture over that time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from echelon.lead_time.deviation import Wait
from echelon.lead_time.waiting_quantiles import waiting_quantiles
from echelon.network.compiled import Floats
from echelon.optimization.cost.covered_demand import CoveredDemand
from echelon.optimization.cost.kept_quantiles import KeptLevels
from echelon.optimization.cost.stage_stock import StageTimes


@dataclass(frozen=True, slots=True)
class RandomWait:
    r"""Base stock that is the quantile of the demand of a random number of periods.

    With :math:`D` the deviation of the wait from its mean, of the demand of :math:`(\tau + D)^+`
    periods: of the exact demand or, elsewhere, of the normal demand that the stage sees. What early
    supplies add to stock is in the safety stock, which is the quantile less :math:`\mu\tau`.

    Attributes
    ----------
    demand : CoveredDemand
        With its wait.
    wait : Wait
        The same.
    level : float
        Cycle service level; 1 where a safety factor rounds to certainty.
    mean, bound_std : float
        Mean demand, units per period; spread of the normal bound, units per root period.
    known : bool
        Whether ``demand`` is what customers really ask for, or stands for it.

    References
    ----------
    .. [1] Humair, Ruark, Tomlin & Willems (2013), *Interfaces* 43(5).
    """

    demand: CoveredDemand
    wait: Wait
    level: float
    mean: float
    bound_std: float
    known: bool
    kept: KeptLevels = field(default_factory=KeptLevels, repr=False, compare=False)
    concave = False
    covered_only = True

    def __reduce__(self) -> tuple[type[RandomWait], tuple[object, ...]]:
        """Travel without what is kept, which is soon found again."""
        return RandomWait, (
            self.demand,
            self.wait,
            self.level,
            self.mean,
            self.bound_std,
            self.known,
        )

    def safety_stock(self, times: StageTimes) -> Floats:
        """Quantile less mean at mean times, units."""
        return np.asarray(self.base_stock(times) - self.mean * np.asarray(times.covered))

    def base_stock(self, times: StageTimes) -> Floats:
        """Quantile, units."""
        return self.kept.at(times.covered, self._search)

    def extra_stock(self, times: StageTimes) -> Floats:
        """None: early arrivals are in the safety stock."""
        return np.zeros(np.shape(times.covered))

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """Cycle service level; NaN where the demand is not known.

        At least that where several lanes into the stage vary.
        """
        if not self.known:
            return float("nan")
        return self.demand.cdf(float(times.covered), self.level, base_stock)

    def _search(self, periods: Floats) -> Floats:
        if self.level < 1.0:
            return self._quantiles(periods)
        # rounded to certainty, of which there is no finite quantile: the longest wait's
        longest = np.maximum(periods + self.wait.usual.periods[-1], 0.0)
        return np.asarray(self.mean * longest + self.bound_std * np.sqrt(longest))

    def _quantiles(self, periods: Floats) -> Floats:
        found = waiting_quantiles(self.demand.law, self.wait, periods, self.level)
        if found is None:
            return self.demand.quantile(periods, self.level)
        left = np.isnan(found)
        if left.any():
            found[left] = self.demand.quantile(periods[left], self.level)
        return found
