"""Stock that meets a service target by its own measure, whatever orders are rounded to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from echelon.network.compiled import Floats
from echelon.optimization.cost.kept_quantiles import KeptLevels
from echelon.optimization.cost.position_excess import PositionExcess
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.cost.totals_over_time import TotalsOverTime

_HALVINGS = 200
_DOUBLINGS = 60


@dataclass(frozen=True, slots=True)
class TargetedStock:
    r"""Least base stock whose service meets the target: a table of the time, as no factor is.

    With :math:`X` the excess of the position over the base stock, :math:`w` the periods that one
    order serves and :math:`G_\tau` the loss function of the demand over :math:`\tau` periods, what
    is late is what is owed at the end of those periods and was not at their begin [1]_:

    - cycle: :math:`P(D(\tau) \le B + X) \ge \alpha`;
    - fill: :math:`E\,[G_\tau(B + X) - G_{\tau - w}(B + X)] \le (1 - \beta)\,w\mu`.

    Attributes
    ----------
    demand : TotalsOverTime
    rate : float
        Mean demand, units per period.
    target : float
    fill : bool
        Whether the target is a fill rate, and not a cycle service level.
    served : float
        Periods that one order serves: the review period, 1 where review is continuous.
    excess : PositionExcess
    known : bool
        Whether ``demand`` is what customers really ask for, or stands for it.

    References
    ----------
    .. [1] Silver, Pyke & Thomas (2017), *Inventory and Production Management in Supply Chains*, 4th
       edition, sections 6.7 and 6.9.
    """

    demand: TotalsOverTime
    rate: float
    target: float
    fill: bool
    served: float
    excess: PositionExcess
    known: bool
    kept: KeptLevels = field(default_factory=KeptLevels, repr=False, compare=False)
    concave = False
    covered_only = True

    def base_stock(self, times: StageTimes) -> Floats:
        """Least position after a review that meets the target, units."""
        return self.kept.at(times.covered, self._search)

    def safety_stock(self, times: StageTimes) -> Floats:
        """Base stock less the mean demand of the time, units; lots may leave it below 0."""
        return np.asarray(self.base_stock(times) - self.rate * np.asarray(times.covered))

    def extra_stock(self, times: StageTimes) -> Floats:
        """Mean excess of the position, units: what rounded orders add."""
        return np.full(np.shape(times.covered), self.excess.mean)

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """Service by the measure of the target; NaN where the demand is not known."""
        if not self.known:
            return float("nan")
        periods = np.array([float(times.covered)])
        return float(self._service(periods)(np.array([base_stock]))[0])

    def _service(self, periods: Floats) -> Callable[[Floats], Floats]:
        """Give the service at each of (n,) times as a function of (n,) levels."""
        totals = self.demand.over(periods, self.target)
        if not self.fill:
            return lambda level: self.excess.cdf(totals, level)
        before = self.demand.over(periods - self.served, self.target)
        asked = self.rate * self.served

        def fill_rate(level: Floats) -> Floats:
            late = self.excess.shortage(totals, level) - self.excess.shortage(before, level)
            return np.asarray(1.0 - late / asked)

        return fill_rate

    def _search(self, periods: Floats) -> Floats:
        """Halve between a level that is too low and one that is not."""
        if self.rate <= 0.0:
            return np.zeros(periods.shape)
        service = self._service(periods)
        reach = self.rate * (periods + self.served) + self.excess.most
        # what is owed before a promise is due counts as late only where the time is as long as the
        # periods that an order serves
        least = np.where(periods >= self.served, -reach, 0.0) if self.fill else -reach
        low, high = least.copy(), np.maximum(reach, least)
        for _ in range(_DOUBLINGS):
            short = service(high) < self.target
            if not short.any():
                break
            high = np.where(short, 2.0 * high, high)
        met = service(low) >= self.target
        high = np.where(met, low, high)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            inside = (middle > low) & (middle < high)
            if not inside.any() or (high - low <= 1e-12 * (1.0 + reach)).all():
                break
            enough = service(middle) >= self.target
            high = np.where(enough, middle, high)
            low = np.where(enough, low, middle)
        return high
