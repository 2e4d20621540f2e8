"""Stock of stages that supply those which can make or order only so much."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan

import numpy as np

from echelon.network.compiled import Floats
from echelon.optimization.cost.kept_quantiles import KeptLevels
from echelon.optimization.cost.limited_stock import OrderLimit
from echelon.optimization.cost.stage_stock import StageStock, StageTimes


@dataclass(frozen=True, slots=True)
class Request:
    """What one customer stage orders of a supplier.

    Attributes
    ----------
    usage : float
        Units of the supplier in one of the stage.
    asked : StageStock
        Its base stock over a time bounds what is asked of the stage itself in that time.
    excess : float
        By how much its orders can exceed what it is asked for, units: lots.
    limit : OrderLimit or None
    review : int
        Its review period: what it orders in a time is what it was asked for in so many whole ones.
    """

    usage: float
    asked: StageStock
    excess: float
    limit: OrderLimit | None
    review: int

    def over(self, periods: Floats) -> Floats:
        """Most that it orders in a time, units of the supplier, shape of the periods."""
        asked = np.ceil(periods / self.review) * self.review if self.review > 1 else periods
        most = self.asked.base_stock(StageTimes.covering(asked)) + self.excess
        if self.limit is not None:
            most = np.minimum(most, self.limit.ordered(periods))
        return np.asarray(self.usage * most)


@dataclass(frozen=True, slots=True)
class CensoredRequests:
    r"""Stock of a stage whose customer stages cannot order all that they are asked for.

    What they order in a time is at most the demand of that time, and at most what each of them can:
    :math:`\min\,[D(t), \sum_j a_j \min(c_j t, D_j(t))]`.

    Attributes
    ----------
    stock : StageStock
        As if all was ordered.
    requests : tuple of Request
    own : StageStock or None
        Bound on what customers of the stage itself ask for.
    """

    stock: StageStock
    requests: tuple[Request, ...]
    own: StageStock | None
    kept: KeptLevels = field(default_factory=KeptLevels, repr=False, compare=False)
    concave = False

    @property
    def covered_only(self) -> bool:
        """As without limits."""
        return self.stock.covered_only

    def base_stock(self, times: StageTimes) -> Floats:
        """Base stock, units; none for no time covered."""
        return np.minimum(self.stock.base_stock(times), self.kept.at(times.covered, self._over))

    def safety_stock(self, times: StageTimes) -> Floats:
        """Base stock less the mean demand of the time covered, units."""
        # in this order limits that do not bind take away exactly nothing
        less = self.stock.base_stock(times) - self.base_stock(times)
        return np.asarray(self.stock.safety_stock(times) - less)

    def extra_stock(self, times: StageTimes) -> Floats:
        """As without limits."""
        return self.stock.extra_stock(times)

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """That of the stock as if all was ordered, if it is no less; else not known."""
        if base_stock < float(self.stock.base_stock(times)) * (1.0 - 1e-12):
            return nan
        return self.stock.promised_service(times, base_stock)

    def _over(self, periods: Floats) -> Floats:
        total = np.zeros(periods.shape)
        for request in self.requests:
            total = total + request.over(periods)
        if self.own is not None:
            total = total + self.own.base_stock(StageTimes.covering(periods))
        return np.where(periods > 0.0, total, 0.0)


@dataclass(frozen=True, slots=True)
class UnreckonedLimit:
    """Stock above a scarce limit that it is not made for: as it is, but with no known promise.

    Attributes
    ----------
    stock : StageStock
    """

    stock: StageStock

    @property
    def concave(self) -> bool:
        """As that of the stock."""
        return self.stock.concave

    @property
    def covered_only(self) -> bool:
        """As that of the stock."""
        return self.stock.covered_only

    def base_stock(self, times: StageTimes) -> Floats:
        """As if all was ordered, units."""
        return self.stock.base_stock(times)

    def safety_stock(self, times: StageTimes) -> Floats:
        """As if all was ordered, units."""
        return self.stock.safety_stock(times)

    def extra_stock(self, times: StageTimes) -> Floats:
        """As if all was ordered, units."""
        return self.stock.extra_stock(times)

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """Not known: what a limit puts off is asked for later than the stock is there for."""
        del times, base_stock
        return nan
