"""Order up to a level."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from echelon.errors import DomainError
from echelon.policies.base import Floats


@dataclass(frozen=True, slots=True)
class BaseStock:
    """Raise the inventory position to ``level`` units at every review.

    Parameters
    ----------
    level : float
        Units, finite. Below 0 the stage lets customers wait before it orders.

    Raises
    ------
    DomainError
        If the level is not finite.

    Examples
    --------
    >>> BaseStock(10.0).order(np.array([4.0, 10.0, 12.0]))
    array([6., 0., 0.])
    """

    level: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.level):
            raise DomainError(
                f"{self}: level must be a finite number of units. Fix: give what the stage should "
                "have on hand and on order, less what it owes."
            )

    def order(self, position: Floats) -> Floats:
        """Order the gap between the level and the position; nothing where there is none.

        Parameters
        ----------
        position : ndarray of float64, any shape
            On hand + on order - outstanding requests, units.

        Returns
        -------
        ndarray of float64, the same shape
            Units, >= 0.
        """
        return np.maximum(self.level - position, 0.0)
