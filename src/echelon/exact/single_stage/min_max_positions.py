"""Where the position of a min-max policy stands after a review, and what that leads to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.errors import DomainError
from echelon.exact.masses import Masses
from echelon.exact.single_stage.min_max_lattice import MOST_GIVEN, Lattice
from echelon.kernels import min_max as kernel


def positions(between: Masses, gap: NDArray[np.int64]) -> tuple[Masses, Floats]:
    """How likely the position after a review is at the order-up-to level, a step below, ….

    Parameters
    ----------
    between : Masses of n
        Demand between two reviews.
    gap : (n,) ndarray of int64
        Steps between the levels.

    Returns
    -------
    chances : Masses of n
        Of so many steps below.
    reviews : (n,) ndarray of float64
        From one order to the next, on average.

    Raises
    ------
    DomainError
        If levels are over 16,777,216 steps apart.
    """
    if (gap > MOST_GIVEN).any():
        at = int(np.argmax(gap))
        raise DomainError(
            f"the levels of SKU {at} are {gap[at]:,} steps apart, of {between.step[at]:g} units, "
            f"must be at most {MOST_GIVEN:,}. Fix: give demand and levels in larger units."
        )
    ptr = np.concatenate(([0], np.cumsum(gap)))
    chance, reviews = np.empty(ptr[-1]), np.empty(len(gap))
    kernel.position_chances(between.first, between.ptr, between.mass, gap, ptr, chance, reviews)
    return Masses(between.step, np.zeros(len(gap), dtype=np.int64), ptr, chance), reviews


def expected(
    exposed: Masses, lattice: Lattice, top: NDArray[np.int64], chances: Masses
) -> tuple[Floats, Floats, Floats]:
    """Mean of what a random position at or below the top leads to.

    Parameters
    ----------
    exposed : Masses of n
        Demand that the position has to cover.
    lattice : Lattice of n
    top : (n,) ndarray of int64
        Steps.
    chances : Masses of n
        Of so many steps below.

    Returns
    -------
    covered, on_hand, backorders : (n,) ndarray of float64
        Probability that nothing is owed; units, units.
    """
    found = np.empty((3, len(top)))
    kernel.expected(
        exposed.ptr, exposed.mass, top - exposed.first, np.where(lattice.exact, 0.0, 0.5),
        chances.ptr, chances.mass, *found,
    )  # fmt: skip
    return found[0], found[1] * lattice.step, found[2] * lattice.step
