"""What lots do to the stock of a stage: its own lift it, those of its customers must be covered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.network.compiled import Floats
from echelon.optimization.cost.stage_stock import StageStock, StageTimes


@dataclass(frozen=True, slots=True)
class BatchedStock:
    """Stock of a stage that orders in lots: its position is above the base stock most of the time.

    The base stock stays what a guarantee needs, as the position is there in the worst case.

    Attributes
    ----------
    stock : StageStock
        Of orders of any quantity.
    cycle_stock : float
        Mean excess of the position, units.
    """

    stock: StageStock
    cycle_stock: float

    @property
    def concave(self) -> bool:
        """As without lots, which add a constant."""
        return self.stock.concave

    @property
    def covered_only(self) -> bool:
        """As without lots."""
        return self.stock.covered_only

    def base_stock(self, times: StageTimes) -> Floats:
        """Least position after a review, units."""
        return self.stock.base_stock(times)

    def safety_stock(self, times: StageTimes) -> Floats:
        """Safety stock, units."""
        return self.stock.safety_stock(times)

    def extra_stock(self, times: StageTimes) -> Floats:
        """Cycle stock, units."""
        return np.asarray(self.stock.extra_stock(times) + self.cycle_stock)

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """As without lots: what customers get at least."""
        return self.stock.promised_service(times, base_stock)


@dataclass(frozen=True, slots=True)
class LumpyRequests:
    """Stock of a stage whose customer stages order in lots: more than the demand, for a while.

    Over any time they order the demand of that time, plus what their positions are above their
    levels at its end, less what they were at its begin.

    Attributes
    ----------
    stock : StageStock
        Of requests that are the demand itself.
    most : float
        By how much requests exceed the demand, units.
    """

    stock: StageStock
    most: float
    concave = False

    @property
    def covered_only(self) -> bool:
        """As without lots."""
        return self.stock.covered_only

    def base_stock(self, times: StageTimes) -> Floats:
        """Base stock, units; a stage that covers no time needs none for lots either."""
        return np.asarray(self.stock.base_stock(times) + self._more(times))

    def safety_stock(self, times: StageTimes) -> Floats:
        """Safety stock, units."""
        return np.asarray(self.stock.safety_stock(times) + self._more(times))

    def extra_stock(self, times: StageTimes) -> Floats:
        """As without lots."""
        return self.stock.extra_stock(times)

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """Service that is left when requests come in lots at the worst moment."""
        return self.stock.promised_service(times, base_stock - float(self._more(times)))

    def _more(self, times: StageTimes) -> Floats:
        return np.where(np.asarray(times.covered) > 0.0, self.most, 0.0)
