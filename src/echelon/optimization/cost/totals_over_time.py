"""What is asked of the demand over many times at once, and a normal answer from two moments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.closed import CLOSED
from echelon.network.compiled import Floats
from echelon.optimization.cost.demand_over_time import DemandOverTime


class Totals(Protocol):
    """Demand over (n,) times, all asked at once; arguments broadcast against (n,)."""

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        ...

    def shortage(self, level: ArrayLike) -> Floats:
        """Expected demand above a level, units."""
        ...

    def second_shortage(self, level: ArrayLike) -> Floats:
        """Half the expected square of the demand above a level, units squared."""
        ...


class TotalsOverTime(Protocol):
    """A demand that gives its totals over times."""

    def over(self, periods: Floats, level: float) -> Totals:
        """Give the totals over (n,) times, to be asked near a service level."""
        ...


@dataclass(frozen=True, slots=True)
class NormalTotals:
    """Normal totals of given moments.

    Attributes
    ----------
    mean, std : (n,) float64
        Units.
    """

    mean: Floats
    std: Floats

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        return self._either("cdf", x, lambda gap: np.where(gap >= 0.0, 1.0, 0.0))

    def shortage(self, level: ArrayLike) -> Floats:
        """Expected demand above a level, units."""
        return self._either("shortage", level, lambda gap: np.maximum(-gap, 0.0))

    def second_shortage(self, level: ArrayLike) -> Floats:
        """Half the expected square of the demand above a level, units squared."""
        return self._either("second_shortage", level, lambda gap: np.maximum(-gap, 0.0) ** 2 / 2.0)

    def _either(self, function: str, x: ArrayLike, known: Callable[[Floats], Floats]) -> Floats:
        points, mean, std = np.broadcast_arrays(np.asarray(x, float), self.mean, self.std)
        varies = std > 0.0
        some = getattr(CLOSED["normal"], function)(points, mean, np.where(varies, std, 1.0))
        return np.where(varies, some, known(points - mean))


@dataclass(frozen=True, slots=True)
class NormalOverTime:
    """A demand that is taken for normal, and a wait for supplies known by two moments.

    Attributes
    ----------
    demand : DemandOverTime
    wait_std : float
        Standard deviation of the wait, periods.
    """

    demand: DemandOverTime
    wait_std: float = 0.0

    def over(self, periods: Floats, level: float) -> NormalTotals:
        """Give the totals over (n,) times; what is negative counts as none."""
        del level
        times = np.maximum(periods, 0.0)
        noise = self.demand.rate * self.wait_std
        spread = np.sqrt(self.demand.variance(times) + noise**2)
        return NormalTotals(self.demand.mean(times), np.asarray(spread))
