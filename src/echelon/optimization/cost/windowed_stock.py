"""Stock under the normal bound where rows of demand are covered over windows of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan

import numpy as np

from echelon.lead_time.deviation import Wait
from echelon.network.compiled import Floats
from echelon.optimization.cost.demand_over_time import DemandOverTime, SteadyDemand
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.cost.window_variance import WindowVariance

_STEPS = 64
"""Halvings of the interval in which a quantile lies."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Demand of the windows of orders in each period of the cycle, (..., n_periods).

    ``mean`` in units; ``variance`` and ``bound_variance`` in units squared.
    """

    mean: Floats
    variance: Floats
    bound_variance: Floats

    def over(self, n: int, more: Floats | float) -> Moments:
        """Give those of ``n`` periods, the cycle over and over, with so much more in the mean."""
        variances = (np.resize(one, n) for one in (self.variance, self.bound_variance))
        return Moments(np.resize(self.mean, n) + more, *variances)


@dataclass(frozen=True, slots=True)
class WindowedStock:
    r"""Base stock that covers each class of demand over its own window, period by period.

    Class 0 is what stages ask for (or all demand, where there is one class), covered over the net
    replenishment time :math:`\tau = SI + T + R - S`. Class 1 are the stage's own customers, who
    are promised ``customer_time`` :math:`s` in place of :math:`S` and covered over
    :math:`(SI + T + R - s)^+`; or those who are served after the others, covered over
    :math:`(\tau - 1)^+`. The safety stock is the root of the variance of the bound of both
    together, or the quantile of a mixture over the wait for supplies; where demand changes by
    period there is one for an order in each period of the cycle, and their average counts.

    Attributes
    ----------
    windows : WindowVariance
        Of one class or two.
    demand : DemandOverTime
        As others have changed it; what they changed is added.
    steady : SteadyDemand
        As it was.
    customer_time : float
        Periods; NaN where class 1, if there is one, are those who are served later.
    normal : bool
        Whether two moments tell all of the demand.
    wait_std : float
        Standard deviation of the wait for supplies, periods, where no distribution is known.
    wait : Wait or None
    """

    windows: WindowVariance
    demand: DemandOverTime
    steady: SteadyDemand
    customer_time: float = nan
    normal: bool = True
    wait_std: float = 0.0
    wait: Wait | None = None
    concave = False

    @property
    def covered_only(self) -> bool:
        """Whether neither customers' own windows nor lags of forecasts look at other times."""
        return self.windows.n_classes == 1 and not self.windows.revised

    @property
    def n_periods(self) -> int:
        """Length of the cycle, 1 where all periods are alike."""
        return self.windows.n_periods

    def means(self, times: StageTimes) -> Floats:
        """Mean demand of the windows of an order in each period, (..., n_periods) units."""
        return self.moments(times).mean

    def levels(self, times: StageTimes) -> Floats:
        """Base stock of each period, (..., n_periods) units."""
        return np.asarray(self.moments(times).mean + self.by_period(times))

    def mean_of_period(self, n: int) -> Floats:
        """Mean demand of each of ``n`` periods, units."""
        return np.resize(self.windows.mean.sum(axis=0), n)

    def std_of_period(self, n: int) -> Floats:
        """Standard deviation of the same, of what is not forecast, units."""
        return np.resize(np.sqrt(np.maximum(self.windows.spread[0].sum(axis=(0, 1)), 0.0)), n)

    def levels_with(self, times: StageTimes, grown: Callable[[float], Floats]) -> Floats:
        """Base stocks where orders from below are not the demand of their period alone.

        Parameters
        ----------
        times : StageTimes
            Of one choice.
        grown : callable
            By how much more is asked for than the demand, in so many periods from each period of a
            cycle: (n,) units, with ``n`` a multiple of the stock's own cycle.

        Returns
        -------
        (n,) float64
            Units.
        """
        usual = float(times.covered)
        if self.wait is None:
            more = grown(usual)
            return np.asarray(np.resize(self.levels(times), len(more)) + more)
        late = self.wait.usual.periods
        more = np.stack([grown(max(usual + one, 0.0)) for one in late.tolist()])
        return self._quantiles(times, self.wait, more)

    def lengths(self, times: StageTimes) -> Floats:
        """Window of each class, (n_classes, ...) periods, not below 0."""
        covered = np.asarray(times.covered, dtype=np.float64)
        if self.windows.n_classes == 1:
            return np.maximum(covered, 0.0)[None]
        if np.isnan(self.customer_time):
            own = covered - 1.0
        else:
            own = covered + np.asarray(times.outbound) - self.customer_time
        return np.maximum(np.stack([covered, own]), 0.0)

    def moments(self, times: StageTimes) -> Moments:
        """Demand of the windows, for an order in each period of the cycle."""
        covered = np.maximum(times.covered, 0.0)
        lengths = self.lengths(times)
        both = self.windows.variances(lengths, np.asarray(times.outbound) + times.covered)
        changed: list[Floats] = [np.zeros(1)] * 3
        if self.demand != self.steady:
            changed = [
                np.asarray(after(covered) - before(covered))[..., None]
                for after, before in (
                    (self.demand.mean, self.steady.mean),
                    (self.demand.variance, self.steady.variance),
                    (self.demand.bound_variance, self.steady.bound_variance),
                )
            ]
        return Moments(
            self.windows.means(lengths) + changed[0],
            np.maximum(both[0] + changed[1], 0.0),
            np.maximum(both[1] + changed[2], 0.0),
        )

    def by_period(self, times: StageTimes) -> Floats:
        """Safety stock of an order in each period of the cycle, (..., n_periods) units."""
        usual = self.moments(times)
        if self.wait is None:
            noise = self.demand.safety_factor * self.demand.rate * self.wait_std
            return np.asarray(np.sqrt(usual.bound_variance + noise**2))
        return self._quantiles(times, self.wait, None) - usual.mean

    def safety_stock(self, times: StageTimes) -> Floats:
        """Safety stock, mean over the cycle, units."""
        return np.asarray(self.by_period(times).mean(axis=-1))

    def base_stock(self, times: StageTimes) -> Floats:
        """Mean demand of the windows and safety stock, mean over the cycle, units."""
        return np.asarray(self.levels(times).mean(axis=-1))

    def extra_stock(self, times: StageTimes) -> Floats:
        """None."""
        return np.zeros(np.shape(times.covered))

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """Cycle service level to all who order, mean over the cycle; NaN where it is not known.

        Levels by period are raised or lowered together where ``base_stock`` is not the average of
        what was asked for.
        """
        levels = self.levels(times)
        return self.kept(times, levels + base_stock - levels.mean())

    def kept(self, times: StageTimes, levels: Floats) -> float:
        """Probability that levels (n_periods,) cover the demand, mean over the cycle."""
        from scipy.special import ndtr

        usual = self.moments(times)
        if not (self.normal or not usual.variance.any()):
            return nan
        if self.wait is not None:
            shifted = [self.moments(times.longer(float(late))) for late in self.wait.usual.periods]
            return float(self._chance(levels, shifted, self.wait.usual.weights).mean())
        noise = self.demand.rate * self.wait_std
        spread = np.sqrt(usual.variance + noise**2)
        above = levels - usual.mean
        with np.errstate(divide="ignore", invalid="ignore"):
            chance = np.where(spread > 0.0, ndtr(above / spread), 1.0)
        return float(chance.mean())

    def _quantiles(self, times: StageTimes, wait: Wait, grown: Floats | None) -> Floats:
        """Levels that cover the mixture over the wait at the level of the safety factor.

        ``grown`` (n_waits, n) is added to the mean demand of each wait.
        """
        from scipy.special import ndtr

        usual = self.moments(times)
        shifted = [self.moments(times.longer(float(late))) for late in wait.usual.periods]
        if grown is not None:
            n = grown.shape[1]
            usual = usual.over(n, 0.0)
            shifted = [one.over(n, more) for one, more in zip(shifted, grown, strict=True)]
        spread = np.sqrt(usual.variance)
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(
                spread > 0.0, np.sqrt(usual.bound_variance) / spread, self.demand.safety_factor
            )
        asked = ndtr(factor)
        low = np.min([one.mean - 9.0 * np.sqrt(one.variance) for one in shifted], axis=0)
        high = np.max([one.mean + 9.0 * np.sqrt(one.variance) for one in shifted], axis=0)
        for _ in range(_STEPS):
            middle = 0.5 * (low + high)
            enough = self._chance(middle, shifted, wait.usual.weights) >= asked
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return np.asarray(high)

    @staticmethod
    def _chance(levels: Floats, shifted: list[Moments], weights: Floats) -> Floats:
        """Probability that levels cover the demand, over the waits."""
        from scipy.special import ndtr

        total = np.zeros(levels.shape)
        for one, weight in zip(shifted, weights, strict=True):
            spread = np.sqrt(one.variance)
            with np.errstate(divide="ignore", invalid="ignore"):
                kept = ndtr((levels - one.mean) / spread)
            total += weight * np.where(spread > 0.0, kept, levels >= one.mean - 1e-9)
        return total
