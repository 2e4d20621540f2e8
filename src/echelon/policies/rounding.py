"""What an order may be: whole packs, not too few units and not too many (clause 11)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from echelon.errors import DomainError
from echelon.policies.base import Floats


@dataclass(frozen=True, slots=True)
class OrderRounding:
    """Round an order up to a multiple, raise it to a minimum, cut it to a maximum.

    The minimum is itself rounded up to the multiple and the maximum down to it, so that what comes
    out is always a multiple. An order of nothing stays nothing.

    Parameters
    ----------
    multiple : float, default 0
        Units in a pack; 0 means that any quantity will do.
    minimum : float, default 0
        Fewest units of an order.
    maximum : float, default inf
        Most units of an order, > 0.
    tolerance : float, default 0
        Units; an excess of less than this over a whole multiple is floating-point rounding, and so
        is an order of less than this.

    Raises
    ------
    DomainError
        If one is outside its range, or no quantity satisfies them all; lists every fault.

    Examples
    --------
    >>> packs = OrderRounding(multiple=6.0, minimum=10.0, maximum=40.0)
    >>> packs.apply(np.array([0.0, 1.0, 13.0, 50.0]))
    array([ 0., 12., 18., 36.])
    """

    multiple: float = 0.0
    minimum: float = 0.0
    maximum: float = math.inf
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        faults = [
            f"{name} is {value}, must be a finite number of units >= 0"
            for name, value in (
                ("multiple", self.multiple),
                ("minimum", self.minimum),
                ("tolerance", self.tolerance),
            )
            if not (math.isfinite(value) and value >= 0.0)
        ]
        if not self.maximum > 0.0:
            faults.append(f"maximum is {self.maximum}, must be > 0 units")
        if not faults and not 0.0 < self.most >= self.least:
            faults.append(
                f"no order is allowed: at least {self.least} and at most {self.most} units in "
                "whole multiples"
            )
        if faults:
            raise DomainError(f"{self}: {'; '.join(faults)}. Fix: correct it, or leave it blank.")

    @property
    def least(self) -> float:
        """Fewest units of an order that is placed, a multiple."""
        if self.multiple == 0.0:
            return self.minimum
        return max(math.ceil((self.minimum - self.tolerance) / self.multiple), 0) * self.multiple

    @property
    def most(self) -> float:
        """Most units of an order, a multiple."""
        if self.multiple == 0.0 or math.isinf(self.maximum):
            return self.maximum
        return math.floor((self.maximum + self.tolerance) / self.multiple) * self.multiple

    def apply(self, order: Floats) -> Floats:
        """Round orders.

        Parameters
        ----------
        order : ndarray of float64, any shape
            What the policy wants, units, >= 0.

        Returns
        -------
        ndarray of float64, the same shape
            What is ordered, units.
        """
        if self.multiple == 0.0 and self.minimum == 0.0 and math.isinf(self.maximum):
            return order
        placed = order > self.tolerance
        if self.multiple > 0.0:
            order = np.ceil((order - self.tolerance) / self.multiple) * self.multiple
        return np.where(placed, np.clip(order, self.least, self.most), 0.0)
