"""The distribution of the demand that a stage covers, over any times, whatever its wait."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from math import inf, isnan
from typing import cast

import numpy as np

from echelon.distributions import Distribution, Sum
from echelon.distributions.closed import CLOSED
from echelon.distributions.over_times import cdf_over, quantiles_over
from echelon.lead_time.deviation import Wait
from echelon.lead_time.exposure import exposure_demand, exposure_of_periods
from echelon.lead_time.totals import ExposureDemand
from echelon.network.compiled import Floats
from echelon.optimization.cost.kept_quantiles import KeptLevels


@dataclass(frozen=True, slots=True)
class CoveredDemand:
    """Demand over net replenishment times, of a stage whose supplies come in time or vary.

    Attributes
    ----------
    law : Distribution
        Demand of one period, periods being independent; units.
    wait : Wait or None
        Where the time is random, how far from its mean: the demand is then a mixture.
    """

    law: Distribution
    wait: Wait | None = None

    def __reduce__(self) -> tuple[type[CoveredDemand], tuple[object, ...]]:
        """As a dataclass is pickled, without a look at its fields: there are many."""
        return CoveredDemand, (self.law, self.wait)

    def over(self, periods: Floats, level: float) -> ExposureDemand:
        """Give the demand over (n,) times, at mean lead times, to be asked near a service level.

        A time below 0 is one that has passed before supplies at mean times are due.
        """
        if self.wait is None:
            return exposure_demand(self.law, np.maximum(periods, 0.0))
        times = periods.tolist()
        if not any_time(self.law):
            exposed = [self.wait.usual.exposure(time, whole=True) for time in times]
        else:
            varies = self.law.std / abs(self.law.mean) if self.law.mean else inf
            exposed = [self.wait.at(time, level, varies).exposure(time) for time in times]
        return exposure_of_periods([self.law] * len(exposed), exposed)

    def quantile(self, periods: Floats, level: float) -> Floats:
        """Quantiles of the demand over (n,) times, units; ``level`` below 1."""
        if self.wait is not None or not 0.0 < level < 1.0:
            return self.over(periods, level).ppf(level)
        kept = _kept(cast(Hashable, self.law), level)
        return kept.at(periods, lambda new: self._at_mean_times(new, level))

    def _at_mean_times(self, periods: Floats, level: float) -> Floats:
        known = _quantiles(self.law, level, periods)
        return self.over(periods, level).ppf(level) if known is None else known

    def cdf(self, periods: float, level: float, stock: float) -> float:
        """Probability that stock covers the demand over one time, asked near a service level."""
        if self.wait is None and periods > 0.0 and 0.0 < level < 1.0:
            reached = cdf_over(self.law, periods, stock, level)
            if not isnan(reached):
                return reached
        total = None if self.wait is not None else total_of(self.law, periods)
        if total is not None:
            return float(total.cdf(stock))
        return float(self.over(np.array([periods]), level).cdf(stock)[0])


def total_of(demand: Distribution, periods: float) -> Distribution | None:
    """Give the demand of so many periods where it answers faster than :func:`exposure_demand`.

    That one is for many stages and mixtures, and finds quantiles by bisection.
    """
    total = demand.sum_over(periods)
    fast = total is not None and (total.family in CLOSED or isinstance(total, Sum))
    return total if fast else None


def any_time(demand: Distribution) -> bool:
    """Whether the demand of any length of time is known, a part of a period included."""
    if isinstance(demand, Sum):
        return all(any_time(component) for component in demand.components)
    return demand.family in CLOSED or demand.sum_over(1.5) is not None


def _quantiles(demand: Distribution, level: float, periods: Floats) -> Floats | None:
    """Quantiles of each time: all together, and one by one by :func:`total_of` where need be.

    None where that is of no help.
    """
    found = quantiles_over(demand, periods, level)
    for at in np.flatnonzero(np.isnan(found)).tolist():
        total = total_of(demand, float(periods[at]))
        if total is None:
            return None
        found[at] = total.ppf(level)
    return found


@lru_cache(maxsize=1024)
def _kept(demand: Hashable, level: float) -> KeptLevels:
    """Quantiles by time, as stages of one demand and level are many."""
    del demand, level
    return KeptLevels()
