"""Demand that a stage sees over the time it covers, by its moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from echelon.network.compiled import Floats


class DemandOverTime(Protocol):
    """Mean and spread of the demand of so many periods, pooled over end items (clause 7)."""

    @property
    def rate(self) -> float:
        """Mean demand, units per period."""
        ...

    @property
    def safety_factor(self) -> float:
        """Standard deviations of safety stock, pooled over end items."""
        ...

    @property
    def normal(self) -> bool:
        """Whether the demand is normal or known, so that two moments tell all."""
        ...

    @property
    def concave(self) -> bool:
        """Whether the root of the bound's variance is concave in time, and the mean linear."""
        ...

    def mean(self, periods: Floats) -> Floats:
        """Mean demand, units, of any shape of periods."""
        ...

    def variance(self, periods: Floats) -> Floats:
        """Variance of the demand, units squared."""
        ...

    def bound_variance(self, periods: Floats) -> Floats:
        """Square of the safety stock under the normal bound, units squared.

        The variance of demand whose rows are scaled by their own safety factors.
        """
        ...


@dataclass(frozen=True, slots=True)
class SteadyDemand:
    """Demand of periods that are alike and independent of one another.

    Attributes
    ----------
    rate, std, bound_std, safety_factor, normal
        As in :class:`echelon.optimization.demand_seen.DemandSeen`, of one stage.
    """

    rate: float
    std: float
    bound_std: float
    safety_factor: float
    normal: bool
    concave = True

    def mean(self, periods: Floats) -> Floats:
        """Mean demand, units."""
        return np.asarray(self.rate * np.asarray(periods))

    def variance(self, periods: Floats) -> Floats:
        """Variance of the demand, units squared."""
        return np.asarray(self.std**2 * np.asarray(periods))

    def bound_variance(self, periods: Floats) -> Floats:
        """Square of the safety stock under the normal bound, units squared."""
        return np.asarray(self.bound_std**2 * np.asarray(periods))
