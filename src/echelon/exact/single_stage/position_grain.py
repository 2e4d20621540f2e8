"""On which lattice the inventory position of a SKU moves, and which target it is asked to meet."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.exact.manner import Given

_PARTS = 10**6
"""Positions are counted in millionths, so that decimals are whole numbers of them."""
_MOST_PARTS = 2.0**52


def grains(step: Floats, order_quantity: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Largest number that divides the step of demand and the order quantity.

    Parameters
    ----------
    step : (n,) ndarray of float64
        Units; NaN where demand is on no lattice.
    order_quantity : (n,) ndarray of float64
        Units.

    Returns
    -------
    grain : (n,) ndarray of float64
        Units; 0 where demand is on no lattice.
    wrong : (n,) ndarray of bool
        Where an order quantity beside a lattice is no decimal of six digits.
    """
    scaled = order_quantity * _PARTS
    whole = np.rint(scaled)
    known = (np.abs(scaled - whole) <= 1e-9 * whole) & (whole >= 1.0) & (whole < _MOST_PARTS)
    some = (step > 0.0) & known
    parts = np.gcd(
        np.where(some, np.rint(step * _PARTS), 1.0).astype(np.int64),
        np.where(some, whole, 1.0).astype(np.int64),
    )
    return np.where(some, parts / _PARTS, 0.0), (step > 0.0) & ~known


def take_targets(given: Given, targets: Mapping[str, ArrayLike | None]) -> str:
    """Take the one target that is given, a fraction, and tell its name.

    Parameters
    ----------
    given : Given
    targets : mapping of str to array_like or None

    Returns
    -------
    str
        Its name; that of the first where not exactly one is given, which is then a fault.
    """
    named = [name for name, target in targets.items() if target is not None]
    if len(named) != 1:
        told = " and ".join(named) if named else "none"
        given.faults.append(
            f"{told} of {', '.join(targets)} given, must be exactly one. Fix: give one target."
        )
        return next(iter(targets))
    given.fraction(named[0], targets[named[0]])  # type: ignore[arg-type]
    return named[0]
