"""A distribution as a table of its inverse, from which draws are looked up.

The table of a law is made from nothing but its quantiles, so every family and every class of one's
own has one; Poisson, negative binomial, binomial, gamma and compound Poisson laws have kernels that
make many at once, see :mod:`echelon.simulation.drawn.law_tables`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias, cast

import numpy as np
import scipy

from echelon.distributions import Distribution, Empirical, ZeroInflated
from echelon.distributions.arguments import Floats
from echelon.distributions.lattice import increments_of, lattice_step
from echelon.errors import DomainError
from echelon.kernels._jit import Integers
from echelon.kernels.draws import ATOMS, BROKEN, CONSTANT, FEW, LINES, MOST_FEW, SEARCHED
from echelon.kernels.inverse_tables import (
    FINEST,
    WHOLE,
    cells_of_cuts,
    coarsest,
    ends_of_cells,
)
from echelon.kernels.line_tables import lines_of_nodes, match_moments
from echelon.kernels.philox import Words
from echelon.simulation.drawn.kept_tables import KeptWithin

Quantiles: TypeAlias = Callable[[Floats], Floats]

SHARED_BITS: Final = 6
"""Cells per octave, as a power of 2, of the tables that many rows share."""

OWN_BITS: Final = 4
"""The same of the table of a single law with a density."""

MOST_POINTS: Final = 1 << 20
"""Laws on more points than these are drawn from lines between their quantiles."""

_LEAST: Final = 2.0**-32
_KINK: Final = 0.12
"""A law has kinks if the middle of a cell is off its line by more than this share of its rise."""

_NEAR: Final = 1e-4
"""Where a law has kinks or jumps, its lines are so near, in standard deviations."""


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
    return Cells(first, last, begin, width, *_places(first, last, begin, width))


def table_of(law: Distribution) -> Table:
    """Make the table of a law, from its points if it is discrete and else from its quantiles.

    Parameters
    ----------
    law : Distribution
        Of a standard deviation above 0.

    Returns
    -------
    Table

    Raises
    ------
    DomainError
        If its quantiles are no rising finite numbers.

    Examples
    --------
    >>> from echelon.distributions import Empirical
    >>> table_of(Empirical([2.5, 4.0], [0.25, 0.75])).lines.tolist()
    [2.5, 4.0]
    """
    try:
        return _table_of(cast(Hashable, law))
    except TypeError:  # a class of one's own that cannot be remembered
        return _make(law)


def _make(law: Distribution) -> Table:
    points = points_of(law) if law.discrete else None
    if points is not None:
        return table_of_points(*points)
    low, high = law.support
    return table_of_quantiles(quantiles_of(law), law.mean, law.std, low, high)


_ROOM: Final = 1 << 24
"""Bytes that the tables of laws may take which are kept for the next simulation."""

_ENTRY: Final = 1024
"""Bytes of a law and its place beside the arrays, roughly."""

_table_of = KeptWithin(
    _ROOM,
    lambda law: _make(cast(Distribution, law)),
    lambda table: table.lines.nbytes + table.cells.nbytes + _ENTRY,
)


def table_of_points(values: Floats, cuts: Integers) -> Table:
    """Make the table of a law on points.

    Parameters
    ----------
    values : (n,) float64
        In ascending order, units.
    cuts : (n - 1,) int64
        How many of the ``2**32`` words give one of the values up to each but the last.

    Returns
    -------
    Table
    """
    met = (cuts > 0) & (cuts < WHOLE)
    begin = int(np.count_nonzero(cuts <= 0))
    values, cuts = values[begin : begin + int(met.sum()) + 1], np.ascontiguousarray(cuts[met])
    if len(values) == 1:
        return Table(ATOMS, 0, values.copy(), np.zeros(64, dtype=np.uint64))
    if len(cuts) <= MOST_FEW:
        return Table(FEW, len(cuts), values.copy(), cuts.astype(np.uint64))
    bits = coarsest(cuts, 0, len(cuts))
    several = bits > FINEST
    bits = SHARED_BITS if several else bits
    out = np.zeros((64 << bits) + (len(cuts) if several else 0), dtype=np.uint64)
    cells_of_cuts(cuts, 0, len(cuts), bits, several, out, 0)
    if several:
        out[64 << bits :] = cuts
    return Table(SEARCHED if several else ATOMS, bits, values.copy(), out)


def points_of(law: Distribution) -> tuple[Floats, Integers] | None:
    """Give the values of a law on points and how many words give those up to each.

    Parameters
    ----------
    law : Distribution
        Discrete.

    Returns
    -------
    (n,) float64 and (n - 1,) int64, or None
        None where there are more than a million.
    """
    if isinstance(law, Empirical):
        return np.array(law.values), _cuts(np.array(law.probabilities))
    if type(law).__module__.startswith("echelon.") and lattice_step(law) is not None:
        one = increments_of(law)
        if one.exact and len(one.mass) <= MOST_POINTS:
            numbers = (one.first + np.arange(len(one.mass))) * one.numerator / one.denominator
            kept = one.mass > 0.0
            return numbers[kept], _cuts(one.mass[kept])
    return _points_found(quantiles_of(law))


def rounded_points(values: Floats, mass: Floats) -> tuple[Floats, Floats]:
    """Give the points that can be drawn, with the probabilities that they have then.

    Parameters
    ----------
    values, mass : (n,) float64
        In ascending order, units; probabilities.

    Returns
    -------
    two (m,) float64
        Probabilities are multiples of ``2**-32``.
    """
    words = np.diff(_cuts(mass), prepend=0, append=WHOLE)
    return values[words > 0].astype(np.float64), words[words > 0] * _LEAST


def _cuts(mass: Floats) -> Integers:
    """Words up to each point but the last; either tail is added up from its far end."""
    below, above = np.cumsum(mass), np.cumsum(mass[::-1])[::-1]
    low = np.rint(below[:-1] * WHOLE)
    high = WHOLE - np.rint(above[1:] * WHOLE)
    return np.where(below[:-1] <= 0.5, low, high).astype(np.int64)


def _points_found(quantiles: Quantiles) -> tuple[Floats, Integers] | None:
    """Find the words at which the quantile changes, by halving."""
    words = np.unique(cells(OWN_BITS).first.clip(0, WHOLE - 1))
    words = np.unique(np.append(words, [0, WHOLE - 1]))
    values = quantiles((words + 0.5) * _LEAST)
    begin, end = words[:-1], words[1:]
    low, high = values[:-1], values[1:]
    found_at: list[Integers] = []
    found: list[Floats] = []
    while len(begin):
        apart = high > low
        begin, end, low, high = begin[apart], end[apart], low[apart], high[apart]
        close = end - begin == 1
        found_at.append(end[close])
        found.append(high[close])
        begin, end, low, high = begin[~close], end[~close], low[~close], high[~close]
        if sum(map(len, found)) + len(begin) > MOST_POINTS:
            return None
        middle = (begin + end) >> 1
        between = quantiles((middle + 0.5) * _LEAST)
        begin, end = np.concatenate((begin, middle)), np.concatenate((middle, end))
        low, high = np.concatenate((low, between)), np.concatenate((between, high))
    cuts, after = np.concatenate(found_at), np.concatenate(found)
    order = np.argsort(cuts)
    return np.append(values[:1], after[order]), cuts[order].astype(np.int64)


def quantiles_of(law: Distribution) -> Quantiles:
    """Give the quantile function of a law, checked; of often-zero demand without bisection.

    Parameters
    ----------
    law : Distribution

    Returns
    -------
    callable
        Of probabilities above 0 and below 1.
    """

    def checked(shares: Floats) -> Floats:
        values = _quantiles(law, shares)
        order = np.argsort(shares)
        if np.shape(values) != shares.shape or not np.isfinite(values).all():
            raise DomainError(_NOT_QUANTILES.format(law=law))
        steps = np.diff(values[order])
        if (steps < -1e-9 * np.abs(values[order][1:]) - 1e-12 * law.std).any():
            raise DomainError(_NOT_QUANTILES.format(law=law))
        return values

    return checked


_NOT_QUANTILES: Final = (
    "{law!r} gives something else than finite numbers that rise with the probability. "
    "Fix: mend its ppf method."
)


def _quantiles(law: Distribution, shares: Floats) -> Floats:
    if isinstance(law, ZeroInflated) and law.size.support[0] >= 0.0:
        none = 1.0 - law.occurrence
        some = np.clip((shares - none) / law.occurrence, 2.0**-53, 1.0 - 2.0**-53)
        return np.where(shares <= none, 0.0, _quantiles(law.size, some))
    return np.asarray(law.ppf(shares), dtype=np.float64)


def table_of_quantiles(
    quantiles: Quantiles, mean: float, std: float, low: float, high: float, *, bits: int = OWN_BITS
) -> Table:
    """Make the table of a law with a density, or with a density and points.

    Each cell holds a line between the quantiles at its ends; the outermost cell of either side, of
    probability ``2**-32``, the mean beyond. Where the quantile has kinks or jumps, cells hold
    several lines, down to single words. Then the moments are made those of the law.

    Parameters
    ----------
    quantiles : callable
        Of probabilities above 0 and below 1.
    mean, std, low, high : float
        Moments and support, units.
    bits : int

    Returns
    -------
    Table
    """
    grid = cells(bits)
    half = 32 << bits
    ends = np.append(grid.begin[:half], 2.0**32)
    shares = ends * 0.5 * _LEAST
    middles = (grid.begin[:half] + 0.5 * grid.width[:half]) * 0.5 * _LEAST
    asked = np.concatenate((shares, middles, 1.0 - shares, 1.0 - middles, _BEYOND, _ABOVE))
    given = quantiles(asked)
    lower, lower_middle, upper, upper_middle = np.split(
        given[: 4 * half + 2], [half + 1, 2 * half + 1, 3 * half + 2]
    )
    beyond = given[4 * half + 2 :].reshape(2, -1)
    tail = beyond @ _BEYOND_WEIGHTS
    near = np.concatenate((lower[:-1], upper[:-1]))
    far = np.concatenate((lower[1:], upper[1:]))
    off = np.abs(np.concatenate((lower_middle, upper_middle)) - 0.5 * (near + far))
    broken = (off > _KINK * np.abs(far - near)) & (off > 1e-9 * std) & (grid.last > grid.first)
    broken |= (near == far) & (off > 0.0) & (grid.last > grid.first)
    if broken.any():
        return _broken_table(quantiles, mean, std, low, high, bits, tail)
    lines = np.empty(128 << bits)
    met = lines_of_nodes(
        np.stack((lower, upper)), tail, bits, grid.weight, grid.middle, grid.spread,
        mean, std, low, high, np.empty((8, 64 << bits)), lines,
    )  # fmt: skip
    return Table(LINES, bits, lines, np.zeros(0, dtype=np.uint64), met)


_DEPTHS, _DEPTH_WEIGHTS = np.polynomial.laguerre.laggauss(8)
_BEYOND: Final = np.exp(-_DEPTHS) * _LEAST
_ABOVE: Final = np.minimum(1.0 - _BEYOND, 1.0 - 2.0**-53)
_BEYOND_WEIGHTS: Final = _DEPTH_WEIGHTS / _DEPTH_WEIGHTS.sum()
"""Gauss and Laguerre's rule for the mean of the quantiles below a probability of ``2**-32``."""


def _broken_table(
    quantiles: Quantiles, mean: float, std: float, low: float, high: float, bits: int, tail: Floats
) -> Table:
    """Lines through the quantiles of words, each cell halved until they are near enough."""
    first, last = (np.sort(one) for one in _some(cells(bits)))
    first, last = first[1:-1], last[1:-1]  # the outermost words by themselves
    at_first, at_last = _at(quantiles, first), _at(quantiles, last)
    done: list[tuple[Integers, Integers, Floats, Floats]] = []
    while len(first):
        middle = (first + last) >> 1
        quarters = (first + middle) >> 1, (middle + last) >> 1
        within = [(one, _at(quantiles, one)) for one in (middle, *quarters)]
        rise = (at_last - at_first) / np.maximum(last - first, 1)
        off = [np.abs(value - at_first - rise * (one - first)) for one, value in within]
        good = (np.max(off, axis=0) <= _NEAR * std) | (last - first <= 1)
        done.append((first[good], last[good], at_first[good], at_last[good]))
        if sum(len(piece[0]) for piece in done) > MOST_POINTS:
            raise DomainError("has more jumps than can be drawn. Fix: give it as 'empirical'.")
        first, last, at_first, at_last, middle = (
            one[~good] for one in (first, last, at_first, at_last, middle)
        )
        after = middle + 1
        at_middle, at_after = within[0][1][~good], _at(quantiles, after)
        first, last = np.concatenate((first, after)), np.concatenate((middle, last))
        at_first = np.concatenate((at_first, at_after))
        at_last = np.concatenate((at_middle, at_last))
    columns = list(zip(*done, strict=True))
    order = np.argsort(np.concatenate(columns[0]))
    begin, end, lowest, highest = (np.concatenate(column)[order] for column in columns)
    first = np.concatenate(([0], begin, [WHOLE - 1])).astype(np.int64)
    last = np.concatenate(([0], end, [WHOLE - 1])).astype(np.int64)
    at_first = np.concatenate((tail[:1], lowest, tail[1:]))
    at_last = np.concatenate((tail[:1], highest, tail[1:]))
    # distances count from the end of the side: above the median the last word is the nearest
    upper = first >= WHOLE // 2
    near, far = np.where(upper, at_last, at_first), np.where(upper, at_first, at_last)
    start = np.where(upper, _distance(last), _distance(first))
    width = np.maximum(2.0 * (last - first), 1.0)
    weight, middle_place, spread = _places(first, last, start, width)
    moves = near != far
    met = match_moments(
        near, far, weight, middle_place, spread, moves.astype(np.float64), mean, std, low, high,
        np.empty((6, len(first))),
    )  # fmt: skip
    # what was moved stays between the points around it
    floor = np.maximum.accumulate(np.where(moves, -np.inf, near))
    ceiling = np.minimum.accumulate(np.where(moves, np.inf, near)[::-1])[::-1]
    near, far = np.clip(near, floor, ceiling), np.clip(far, floor, ceiling)
    slope = (far - near) / width
    lines = np.stack((near - slope * start, slope), axis=1).ravel()
    cuts = np.ascontiguousarray(first[1:])
    out = np.empty((64 << bits) + len(cuts), dtype=np.uint64)
    cells_of_cuts(cuts, 0, len(cuts), bits, True, out, 0)
    out[64 << bits :] = cuts
    return Table(BROKEN, bits, lines, out, met)


def _some(grid: Cells) -> tuple[Integers, Integers]:
    some = grid.last >= grid.first
    return grid.first[some], grid.last[some]


def _at(quantiles: Quantiles, words: Integers) -> Floats:
    return quantiles(np.asarray((words + 0.5) * _LEAST, dtype=np.float64))


def _distance(words: Integers) -> Floats:
    return 2.0 * np.minimum(words, WHOLE - 1 - words) + 1.0


def _places(
    first: Integers, last: Integers, begin: Floats, width: Floats
) -> tuple[Floats, Floats, Floats]:
    """Probability of the words of each piece, their mean place in it, and its variance."""
    number = np.maximum(last - first + 1, 0).astype(np.float64)
    some = number > 0.0
    middle = 0.5 * (_distance(first) + _distance(np.maximum(last, first)))
    return (
        number * _LEAST,
        np.where(some, (middle - begin) / width, 0.0),
        np.where(some, (number**2 - 1.0) / 3.0 / width**2, 0.0),
    )


@lru_cache(maxsize=1)
def standard_normal() -> Table:
    """Give the table that all normal rows share; its sides are each other's opposite."""
    grid, half = cells(SHARED_BITS), 32 << SHARED_BITS
    lower = scipy.special.ndtri(np.append(grid.begin[:half], 2.0**32) * 0.5 * _LEAST)
    beyond = scipy.special.ndtri(_BEYOND) @ _BEYOND_WEIGHTS
    lines = np.empty(4 * half)
    lines_of_nodes(
        np.stack((lower, -lower)), np.array([beyond, -beyond]), SHARED_BITS, grid.weight,
        grid.middle, grid.spread, 0.0, 1.0, -np.inf, np.inf, np.empty((8, 2 * half)), lines,
    )  # fmt: skip
    lines[2 * half :] = -lines[: 2 * half]
    return Table(LINES, SHARED_BITS, lines, np.zeros(0, dtype=np.uint64))


def constant() -> Table:
    """Give the table of a law that does not vary."""
    return Table(CONSTANT, 0, np.zeros(0), np.zeros(0, dtype=np.uint64))
