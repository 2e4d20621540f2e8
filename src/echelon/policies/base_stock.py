"""Order up to a level, of the stage or of all that lies below it too."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from echelon.errors import DomainError
from echelon.policies.base import Floats, StageView


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


@dataclass(frozen=True, slots=True)
class EchelonBaseStock:
    """Raise the echelon position to ``level`` units at every review.

    The echelon position of a stage is its own inventory position and those of all stages below it,
    in units of its item: what the policy of Clark and Scarf looks at.

    Parameters
    ----------
    level : float
        Units of the stage's item, finite.

    Raises
    ------
    DomainError
        If the level is not finite.

    References
    ----------
    .. [1] A. J. Clark and H. Scarf (1960), Optimal policies for a multi-echelon inventory problem,
       *Management Science* 6(4), 475-490.

    Examples
    --------
    >>> EchelonBaseStock(25.0).order(np.array([20.0, 26.0]))
    array([5., 0.])
    """

    level: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.level):
            raise DomainError(
                f"{self}: level must be a finite number of units. Fix: give what the stage and all "
                "below it should have on hand and on order, less what customers are owed."
            )

    def order(self, position: Floats) -> Floats:
        """Order the gap between the level and the echelon position.

        Parameters
        ----------
        position : ndarray of float64, any shape
            Echelon position, units.

        Returns
        -------
        ndarray of float64, the same shape
            Units, >= 0.
        """
        return np.maximum(self.level - position, 0.0)

    def order_at(self, view: StageView) -> Floats:
        """Order on what the stage sees: its echelon position; units, shape (runs,)."""
        return self.order(view.echelon_position)
