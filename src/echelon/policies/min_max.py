"""Order up to a level once the position has fallen to another."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from echelon.errors import DomainError
from echelon.policies.base import Floats


@dataclass(frozen=True, slots=True)
class MinMax:
    """Order up to ``order_up_to`` whenever the position is at or below ``reorder_point``.

    The (s, S) policy; with a review period of one period or more it is (R, s, S).

    Parameters
    ----------
    reorder_point, order_up_to : float
        Units, finite, the first not above the second.

    Raises
    ------
    DomainError
        If one is not finite, or they are the wrong way round; lists every fault.

    Examples
    --------
    >>> MinMax(4.0, 10.0).order(np.array([3.0, 4.0, 5.0]))
    array([7., 6., 0.])
    """

    reorder_point: float
    order_up_to: float

    def __post_init__(self) -> None:
        faults = [
            f"{name} is {value}, must be a finite number of units"
            for name, value in (
                ("reorder_point", self.reorder_point),
                ("order_up_to", self.order_up_to),
            )
            if not math.isfinite(value)
        ]
        if self.reorder_point > self.order_up_to:
            faults.append("reorder_point is above order_up_to")
        if faults:
            raise DomainError(f"{self}: {'; '.join(faults)}. Fix: give s first and S second.")

    def order(self, position: Floats) -> Floats:
        """Order up to the higher level where the position is at or below the lower one.

        Parameters
        ----------
        position : ndarray of float64, any shape
            On hand + on order - outstanding requests, units.

        Returns
        -------
        ndarray of float64, the same shape
            Units, >= 0.
        """
        return np.where(position <= self.reorder_point, self.order_up_to - position, 0.0)
