"""What every kind of stage stock answers: how much stock keeps a stage's promise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from echelon.network.compiled import Floats


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Service times of one stage that its stock is asked about; arrays broadcast together.

    Attributes
    ----------
    inbound, outbound : float64
        When supplies are complete, and what the stage promises; periods after an order.
    covered : float64
        Net replenishment time, periods: 0 exactly where the times cancel.
    """

    inbound: Floats
    outbound: Floats
    covered: Floats

    @classmethod
    def covering(cls, covered: Floats | float) -> StageTimes:
        """Give times of which only the demand covered counts: supplies at once, ``covered`` in all.

        For a stock that depends on nothing else (``covered_only``).
        """
        periods = np.asarray(covered, dtype=np.float64)
        nothing = np.zeros(periods.shape)
        return cls(nothing, nothing, periods)

    @property
    def parts(self) -> tuple[Floats, Floats, Floats]:
        """Inbound, outbound and covered."""
        return self.inbound, self.outbound, self.covered

    def longer(self, periods: float) -> StageTimes:
        """Give times that have so many periods more to cover."""
        return replace(self, covered=self.covered + periods)


class StageStock(Protocol):
    """Stock of one stage as a function of its service times: all that an extension implements.

    Implementations are frozen, can be pickled, and know nothing of other stages' times.
    """

    @property
    def concave(self) -> bool:
        """Whether safety and extra stock are concave in the time covered and rise with it.

        Where they are not, the candidate times take in every whole period.
        """
        ...

    @property
    def covered_only(self) -> bool:
        """Whether nothing counts but the time covered, whatever the inbound and outbound times."""
        ...

    def base_stock(self, times: StageTimes) -> Floats:
        """Inventory position that covers the demand of the time, units; shape of the times.

        Where orders are rounded up, the least position that a review leaves.
        """
        ...

    def safety_stock(self, times: StageTimes) -> Floats:
        """Base stock less the mean demand of the time that it covers, units; shape of the times."""
        ...

    def extra_stock(self, times: StageTimes) -> Floats:
        """Mean stock that is held besides the safety stock and paid for, units: cycle stock."""
        ...

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """Service that a base stock gives the stage's customers, by the measure of the target.

        ``times`` are those of one choice. NaN where it is not known.
        """
        ...
