"""Tables of inverse distribution functions, and the cells that those with lines are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.kernels._jit import Integers
from echelon.kernels.inverse_tables import (
    WHOLE,
    ends_of_cells,
)
from echelon.kernels.philox import Words

SHARED_BITS: Final = 6
"""Cells per octave, as a power of 2, of the tables that many rows share."""

OWN_BITS: Final = 4
"""The same of the table of a single law with a density."""

MOST_POINTS: Final = 1 << 20
"""Laws on more points than these are drawn from lines between their quantiles."""

LEAST: Final = 2.0**-32


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One inverse distribution function, as :class:`~echelon.kernels.draws.Tables` has it.

    Attributes
    ----------
    kind, bits : int
    lines : (n,) float64
    cells : (n,) uint64
    met : bool
        Whether what it draws has the mean and standard deviation of the law; those of points are
        what the rounding of probabilities to ``2**-32`` leaves.
    """

    kind: int
    bits: int
    lines: Floats
    cells: Words
    met: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What the cells of every table with so many bits have in common; both sides, in order.

    Attributes
    ----------
    first, last : (64 << bits,) int64
        Words that fall into the cell; none where the last is before the first.
    begin, width : (64 << bits,) float64
        Where it begins, and how wide it is, in twice the distance from its end.
    weight, middle, spread : (64 << bits,) float64
        As :func:`~echelon.kernels.line_tables.match_moments` takes them.
    """

    first: Integers
    last: Integers
    begin: Floats
    width: Floats
    weight: Floats
    middle: Floats
    spread: Floats


@lru_cache(maxsize=16)
def cells(bits: int) -> Cells:
    """Give the cells of tables with ``1 << bits`` of them per octave."""
    first, last = ends_of_cells(bits)
    order = np.arange(32 << bits)
    width = np.exp2((order >> bits) - bits)
    begin = width * ((1 << bits) + (order & ((1 << bits) - 1)))
    width, begin = np.tile(width, 2), np.tile(begin, 2)
    return Cells(first, last, begin, width, *places_of(first, last, begin, width))


def distance_of(words: Integers) -> Floats:
    """Twice the distance of words from their end, 1 for the outermost."""
    return 2.0 * np.minimum(words, WHOLE - 1 - words) + 1.0


def places_of(
    first: Integers, last: Integers, begin: Floats, width: Floats
) -> tuple[Floats, Floats, Floats]:
    """Probability of the words of each piece, their mean place in it, and its variance."""
    number = np.maximum(last - first + 1, 0).astype(np.float64)
    some = number > 0.0
    middle = 0.5 * (distance_of(first) + distance_of(np.maximum(last, first)))
    return (
        number * LEAST,
        np.where(some, (middle - begin) / width, 0.0),
        np.where(some, (number**2 - 1.0) / 3.0 / width**2, 0.0),
    )
