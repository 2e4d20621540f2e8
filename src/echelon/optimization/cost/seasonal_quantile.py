"""Stock that is the exact quantile of demand whose periods differ."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from echelon.distributions import Distribution, sum_of
from echelon.distributions.per_period import PerPeriod
from echelon.network.compiled import Floats
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.cost.window_variance import WindowVariance

_DIGITS = 9
"""Of a period: times that agree so far are one."""


@dataclass(frozen=True, slots=True)
class SeasonalQuantile:
    """Base stock that covers, in each period of the cycle, the demand of the window ordered for.

    Where only customers buy, in rows that are independent of one another, and all times are whole
    periods. What counts is the mean over the cycle.

    Attributes
    ----------
    laws : tuple of Distribution
        Demand of each row, of the family ``per_period`` where it changes.
    later : tuple of Distribution
        Rows that are served after those, and covered over one period less.
    level : float
        Cycle service level, below 1.
    n_periods : int
        Length of the cycle.
    start : int
        Periods from an order to the first that it has to cover: 1 under continuous review.
    """

    laws: tuple[Distribution, ...]
    level: float
    n_periods: int
    start: int
    later: tuple[Distribution, ...] = ()
    known: dict[float, Floats] = field(default_factory=dict, repr=False, compare=False)
    concave = False
    covered_only = True

    def safety_stock(self, times: StageTimes) -> Floats:
        """Quantiles less means, mean over the cycle, units."""
        return np.asarray(self.base_stock(times) - self.means(times).mean(axis=-1))

    def base_stock(self, times: StageTimes) -> Floats:
        """Quantiles, mean over the cycle, units."""
        return np.asarray(self.levels(times).mean(axis=-1))

    def levels(self, times: StageTimes) -> Floats:
        """Base stock of each period, (..., n_periods) units."""
        distinct, place = np.unique(times.covered, return_inverse=True)
        found = np.array([self._levels(float(one)) for one in distinct])
        return np.asarray(found[place.reshape(np.shape(times.covered))])

    def means(self, times: StageTimes) -> Floats:
        """Mean demand of the windows of an order in each period, (..., n_periods) units."""
        windows = WindowVariance(
            mean=np.array([self._means(laws) for laws in (self.laws, self.later)]),
            spread=np.zeros((2, 2, 2, self.n_periods)),
            start=self.start,
        )
        covered = np.asarray(times.covered, dtype=np.float64)
        return windows.means(np.maximum(np.stack([covered, covered - 1.0]), 0.0))

    def extra_stock(self, times: StageTimes) -> Floats:
        """None."""
        return np.zeros(np.shape(times.covered))

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """Cycle service level, mean over the cycle; levels are raised or lowered together."""
        levels = self.levels(times)
        return self.kept(times, levels + base_stock - levels.mean())

    def kept(self, times: StageTimes, levels: Floats) -> float:
        """Probability that levels (n_periods,) cover the demand, mean over the cycle."""
        chances = [
            1.0 if law is None else float(law.cdf(level))
            for law, level in zip(self._windows(float(times.covered)), levels, strict=True)
        ]
        return float(np.mean(chances))

    def mean_of_period(self, n: int) -> Floats:
        """Mean demand of each of ``n`` periods, units."""
        return np.resize(self._means((*self.laws, *self.later)), n)

    def std_of_period(self, n: int) -> Floats:
        """Standard deviation of the same, units."""
        variance = np.zeros(n)
        for law in (*self.laws, *self.later):
            std = law.stds if isinstance(law, PerPeriod) else law.std
            variance += np.resize(std, n) ** 2
        return np.sqrt(variance)

    def _means(self, laws: tuple[Distribution, ...]) -> Floats:
        means = np.zeros(self.n_periods)
        for law in laws:
            means += np.resize(law.means if isinstance(law, PerPeriod) else law.mean, len(means))
        return means

    def _levels(self, periods: float) -> Floats:
        key = round(periods, _DIGITS)
        if key not in self.known:
            windows = self._windows(key)
            levels = [0.0 if law is None else float(law.ppf(self.level)) for law in windows]
            self.known[key] = np.array(levels)
        return self.known[key]

    def _windows(self, periods: float) -> list[Distribution | None]:
        """Demand of the window of an order in each period, None of one of no length."""
        length = int(np.ceil(periods - 10.0**-_DIGITS))
        if length <= 0:
            return [None] * self.n_periods
        first = range(self.start, self.start + self.n_periods)
        windows: list[Distribution | None] = []
        for one in first:
            own = [_at(law, t) for t in range(one, one + length) for law in self.laws]
            later = [_at(law, t) for t in range(one, one + length - 1) for law in self.later]
            windows.append(sum_of(own + later))
        return windows


def _at(law: Distribution, period: int) -> Distribution:
    return law.at(period) if isinstance(law, PerPeriod) else law
