"""Order a fixed quantity, or several of it, once the position has fallen to a level."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from echelon.errors import DomainError
from echelon.policies.base import Floats


@dataclass(frozen=True, slots=True)
class ReorderPoint:
    """Order the fewest lots of ``order_quantity`` that lift the position above ``reorder_point``.

    The (r, nQ) policy. Where demand comes unit by unit one lot is always enough and it is (r, Q).

    Parameters
    ----------
    reorder_point : float
        Units, finite.
    order_quantity : float
        Units, finite, > 0.

    Raises
    ------
    DomainError
        If one of them is outside its range; lists every fault.

    Examples
    --------
    >>> ReorderPoint(4.0, 5.0).order(np.array([4.5, 4.0, -1.0, -3.0]))
    array([ 0.,  5., 10., 10.])
    """

    reorder_point: float
    order_quantity: float

    def __post_init__(self) -> None:
        _check(self, self.reorder_point, self.order_quantity)

    def order(self, position: Floats) -> Floats:
        """Order lots where the position is at or below the reorder point.

        Parameters
        ----------
        position : ndarray of float64, any shape
            On hand + on order - outstanding requests, units.

        Returns
        -------
        ndarray of float64, the same shape
            Units, >= 0.
        """
        lots = np.floor((self.reorder_point - position) / self.order_quantity) + 1.0
        return np.where(position <= self.reorder_point, lots * self.order_quantity, 0.0)


@dataclass(frozen=True, slots=True)
class ReorderPointOnce:
    """Order one lot of ``order_quantity`` at a review that finds ``reorder_point`` or less.

    Parameters
    ----------
    reorder_point : float
        Units, finite.
    order_quantity : float
        Units, finite, > 0.

    Raises
    ------
    DomainError
        If one of them is outside its range; lists every fault.

    Examples
    --------
    >>> ReorderPointOnce(4.0, 5.0).order(np.array([4.5, 4.0, -3.0]))
    array([0., 5., 5.])
    """

    reorder_point: float
    order_quantity: float

    def __post_init__(self) -> None:
        _check(self, self.reorder_point, self.order_quantity)

    def order(self, position: Floats) -> Floats:
        """Order one lot where the position is at or below the reorder point.

        Parameters
        ----------
        position : ndarray of float64, any shape
            On hand + on order - outstanding requests, units.

        Returns
        -------
        ndarray of float64, the same shape
            Units, >= 0.
        """
        return np.where(position <= self.reorder_point, self.order_quantity, 0.0)


def _check(policy: object, reorder_point: float, order_quantity: float) -> None:
    faults = []
    if not math.isfinite(reorder_point):
        faults.append(f"reorder_point is {reorder_point}, must be a finite number of units")
    if not (math.isfinite(order_quantity) and order_quantity > 0.0):
        faults.append(f"order_quantity is {order_quantity}, must be a finite number of units > 0")
    if faults:
        raise DomainError(f"{policy}: {'; '.join(faults)}. Fix: give r first and Q second.")
