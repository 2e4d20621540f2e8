"""Stock of stages that can make or order only so much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, inf, nan

import numpy as np

from echelon.distributions import Distribution
from echelon.lead_time.exposure import exposure_demand
from echelon.network.compiled import Booleans, Floats
from echelon.optimization.cost.kept_quantiles import KeptLevels
from echelon.optimization.cost.seasonal_stock import SeasonalStock, seasonal
from echelon.optimization.cost.shortfall import service_with_shortfall
from echelon.optimization.cost.stage_stock import StageStock, StageTimes

_FAR = 8.0
"""Standard deviations above the mean that a period's demand does not come to."""
_MOST_TRIED = 257
"""Pauses tried at once; where more are possible the best is closed in on."""


@dataclass(frozen=True, slots=True)
class OrderLimit:
    """What a stage can make in a period and order at a review.

    Attributes
    ----------
    making : float
        Units per period, inf where there is no limit.
    ordering : float
        Units per review; inf where orders are never cut, whatever can be made.
    review : int
        Periods from one review to the next, 1 where it is continuous.

    Examples
    --------
    >>> limit = OrderLimit(making=50.0, ordering=180.0, review=4)
    >>> limit.at_once, limit.rate, limit.spent(np.array([0.0, 1.0, 4.0, 5.0])).tolist()
    (180.0, 45.0, [0.0, 50.0, 180.0, 230.0])
    """

    making: float
    ordering: float
    review: int

    @property
    def at_once(self) -> float:
        """Most that is ordered at a review, units: no more than can be made until the next."""
        return inf if self.ordering == inf else self._in_a_review

    @property
    def rate(self) -> float:
        """Most in the long run, units per period."""
        return self._in_a_review / self.review

    @property
    def _in_a_review(self) -> float:
        return min(self.ordering, self.making * self.review)

    def spent(self, periods: Floats) -> Floats:
        """Most that is made of what was ordered, in so many whole periods without a pause, units.

        Infinite where a period is not one from review to review and making is not limited.
        """
        rest = periods % self.review
        over = np.where(rest > 0.0, np.where(rest > 0.0, rest, 1.0) * self.making, 0.0)
        return np.asarray(periods // self.review * self._in_a_review + over)

    def ordered(self, periods: Floats) -> Floats:
        """Most that is ordered in a time, units."""
        if self.at_once == inf:
            return np.full(periods.shape, inf)
        if self.review == 1:
            return np.asarray(self.at_once * periods)
        return np.asarray(np.ceil(periods / self.review) * self.at_once)


def scarce(rate: Floats | float, mean: Floats, std: Floats) -> Booleans:
    """Whether a period's demand may well be above what can be made or ordered in one, (n,)."""
    return np.asarray(rate < mean + _FAR * std, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class LimitedStock:
    r"""Stock of a stage that falls behind where demand comes faster than it can make.

    Net inventory is the base stock less the demand since the last time that nothing was put off, of
    which :math:`c` a period has been made: for every such time the stock must cover
    :math:`B = \max_{n \ge 0}\,[D(\tau + n) - n c]` with :math:`D` the base stock without a limit
    [1]_. The mean backlog of orders that are put off, which depends on no service time, is not
    taken off the safety stock. Where demand changes by period, so does :math:`D`: the level of each
    period covers the worst pause that begins with it, and their mean over the cycle counts.

    Attributes
    ----------
    stock : StageStock
        Without the limit.
    limit : OrderLimit
        Above the mean demand.
    rate : float
        Mean demand, units per period.
    law : Distribution or None
        Of what customers ask for in a period, where they alone ask and it is known.
    scarce : bool
        Whether a period's demand may well be above the limit.

    References
    ----------
    .. [1] Schoenmeyr & Graves (2009), Strategic safety stocks in supply chains with capacity
       constraints, MIT.
    """

    stock: StageStock
    limit: OrderLimit
    rate: float
    law: Distribution | None = None
    scarce: bool = True
    kept: KeptLevels = field(default_factory=KeptLevels, repr=False, compare=False)
    concave = False

    @property
    def covered_only(self) -> bool:
        """As without the limit."""
        return self.stock.covered_only

    def base_stock(self, times: StageTimes) -> Floats:
        """Base stock, units."""
        if self.covered_only:
            return self.kept.at(times.covered, lambda new: self._most(StageTimes.covering(new)))
        return self._most(times)

    def safety_stock(self, times: StageTimes) -> Floats:
        """Base stock less the mean demand of the time covered, units."""
        # in this order a limit that does not bind adds exactly nothing
        more = self.base_stock(times) - self.stock.base_stock(times)
        return np.asarray(self.stock.safety_stock(times) + more)

    def extra_stock(self, times: StageTimes) -> Floats:
        """As without the limit."""
        return self.stock.extra_stock(times)

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """Probability that no unit is late, with what the limit has put off before.

        NaN where a stage supplies others too, reviews more rarely than every period or aims at a
        fill rate, and where the demand is not known.
        """
        if not self.scarce:
            return self.stock.promised_service(times, base_stock)
        if self.law is None or self.limit.review > 1:
            return nan
        covered = exposure_demand(self.law, float(times.covered))
        period = exposure_demand(self.law, 1.0)
        return service_with_shortfall(period, covered, self.limit.rate, base_stock)

    def largest_by_period(self, times: StageTimes, over: Callable[[StageTimes], Floats]) -> Floats:
        """Largest of the levels of each period over all pauses.

        Parameters
        ----------
        times : StageTimes
        over : callable
            Levels that cover given times as if nothing was limited, (..., n_periods) units.

        Returns
        -------
        (..., n_periods) float64
            Units.
        """
        inner = seasonal(self.stock)
        best = over(times) + self._besides(inner, times)
        unit = 1 if self.limit.making < inf else self.limit.review
        cycle = best.shape[-1]  # so many steps are whole cycles, whatever the unit
        tried, falling = [best], 0
        for pause in range(unit, self._last_pause(times, best) + unit, unit):
            longer = times.longer(float(pause))
            spent = self.limit.spent(np.array([float(pause)]))
            tried.append(over(longer) + self._besides(inner, longer) - spent)
            best = np.maximum(best, tried[-1])
            if len(tried) > cycle:
                # a cycle adds the same mean and variance each time: what has fallen keeps falling
                falling = falling + 1 if (tried[-1] <= tried.pop(0)).all() else 0
                if falling == cycle:
                    break
        return best

    def _besides(self, inner: SeasonalStock | None, times: StageTimes) -> Floats:
        """What is covered besides the stock that knows the periods apart, (..., 1) units."""
        if inner is None or inner is self.stock:
            return np.zeros((*np.shape(times.covered), 1))
        return np.asarray(self.stock.base_stock(times) - inner.base_stock(times))[..., None]

    def _most(self, times: StageTimes) -> Floats:
        """Largest of the levels over all pauses, whatever the shape of the times."""
        flat = StageTimes(*(np.ravel(part) for part in np.broadcast_arrays(*times.parts)))
        inner = seasonal(self.stock)
        if inner is not None:
            levels = self.largest_by_period(flat, inner.levels)
            return np.asarray(levels.mean(axis=-1).reshape(np.shape(times.covered)))
        best = np.array(self.stock.base_stock(flat))
        unit = 1 if self.limit.making < inf else self.limit.review
        last = ceil(self._last_pause(flat, best) / unit)
        low, high = np.ones(len(best)), np.full(len(best), float(last))
        while last > 0:
            tried = _between(low, high)
            levels = self._after(flat, tried * unit)
            best = np.maximum(best, levels.max(axis=1))
            stride = float((tried[:, 1:] - tried[:, :-1]).max(initial=0.0))
            if stride <= 1.0:
                break
            middle = tried[np.arange(len(best)), np.argmax(levels, axis=1)]
            low, high = np.maximum(middle - stride, 1.0), np.minimum(middle + stride, last)
        return best.reshape(np.shape(times.covered))

    def _after(self, times: StageTimes, pauses: Floats) -> Floats:
        """Level needed for (n,) times if the last pause was so many periods ago, (n, k)."""
        longer = StageTimes(
            times.inbound[:, None] + 0.0 * pauses,
            times.outbound[:, None] + 0.0 * pauses,
            times.covered[:, None] + pauses,
        )
        return np.asarray(self.stock.base_stock(longer) - self.limit.spent(pauses))

    def _last_pause(self, times: StageTimes, level: Floats) -> int:
        """Periods beyond which no pause can matter.

        The demand above its mean grows with the root of time, by the largest factor met at doubling
        times, and what is made above the mean demand with time itself. ``level`` is of each time,
        or of each period of a cycle as well, in which the demand of a peak is above its mean too.
        """
        inner = seasonal(self.stock)
        spare = self.limit.rate - self.rate
        if inner is not None:
            level = level.min(axis=-1)
        least = min(float((level - self.rate * times.covered).min()), 0.0)
        factor, pause, last = 0.0, 1.0, 1.0
        while pause <= 2.0 * last:
            longer = times.longer(pause)
            after = self.stock.base_stock(longer)
            if inner is not None:
                after = (inner.levels(longer) + self._besides(inner, longer)).max(axis=-1)
            above = float((after - self.rate * (times.covered + pause)).max())
            factor = max(factor, above / np.sqrt(pause))
            root = (factor + np.sqrt(factor**2 - 4.0 * spare * least)) / (2.0 * spare)
            last = root**2
            pause *= 2.0
        return ceil(last) + self.limit.review + (0 if inner is None else inner.n_periods)


def _between(low: Floats, high: Floats) -> Floats:
    """Whole numbers from ``low`` to ``high``, (n, k): all where they are few, else some."""
    widest = float((high - low).max())
    if widest < _MOST_TRIED:
        tried = low[:, None] + np.arange(int(widest) + 1)
    else:
        tried = low[:, None] + np.linspace(0.0, 1.0, _MOST_TRIED) * (high - low)[:, None]
    return np.asarray(np.minimum(np.rint(tried), high[:, None]))
