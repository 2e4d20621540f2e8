"""The distribution of the demand that a stage covers, over any times, whatever its wait."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import cast

import numpy as np

from echelon.distributions import Distribution, Sum
from echelon.distributions.closed import CLOSED
from echelon.lead_time.deviation import Wait
from echelon.lead_time.exposure import exposure_demand, exposure_of_periods
from echelon.lead_time.totals import ExposureDemand
from echelon.network.compiled import Floats


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
        if self.wait is None and (known := _quantiles(self.law, level, periods)) is not None:
            return known
        return self.over(periods, level).ppf(level)

    def cdf(self, periods: float, level: float, stock: float) -> float:
        """Probability that stock covers the demand over one time, asked near a service level."""
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
    return demand.sum_over(1.5) is not None


def _quantiles(demand: Distribution, level: float, periods: Floats) -> Floats | None:
    """Quantiles of the demand of each time, None where :func:`total_of` is of no help."""
    found = [_quantile_of_total(cast(Hashable, demand), level, time) for time in periods.tolist()]
    known = [value for value in found if value is not None]
    return np.array(known) if len(known) == len(found) else None


@lru_cache(maxsize=4096)
def _quantile_of_total(key: Hashable, level: float, periods: float) -> float | None:
    """Kept, as stages of one demand and time are many."""
    total = total_of(cast(Distribution, key), periods)
    return float(total.ppf(level)) if total is not None else None
