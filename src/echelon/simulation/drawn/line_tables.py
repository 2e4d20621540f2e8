"""Tables of lines between quantiles, of laws with a density."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import scipy

from echelon.distributions.arguments import Floats
from echelon.errors import DomainError
from echelon.kernels._jit import Integers
from echelon.kernels.draws import BROKEN, CONSTANT, LINES
from echelon.kernels.inverse_tables import (
    WHOLE,
    cells_of_cuts,
)
from echelon.kernels.line_tables import lines_of_nodes, match_moments
from echelon.simulation.drawn.cells import (
    LEAST,
    MOST_POINTS,
    OWN_BITS,
    SHARED_BITS,
    Cells,
    Table,
    cells,
    distance_of,
    places_of,
)
from echelon.simulation.drawn.quantiles import Quantiles

_KINK: Final = 0.12
"""A law has kinks if the middle of a cell is off its line by more than this share of its rise."""

_NEAR: Final = 1e-4
"""Where a law has kinks or jumps, its lines are so near, in standard deviations."""


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
    shares = ends * 0.5 * LEAST
    middles = (grid.begin[:half] + 0.5 * grid.width[:half]) * 0.5 * LEAST
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
_BEYOND: Final = np.exp(-_DEPTHS) * LEAST
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
    start = np.where(upper, distance_of(last), distance_of(first))
    width = np.maximum(2.0 * (last - first), 1.0)
    weight, middle_place, spread = places_of(first, last, start, width)
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
    return quantiles(np.asarray((words + 0.5) * LEAST, dtype=np.float64))


@lru_cache(maxsize=1)
def standard_normal() -> Table:
    """Give the table that all normal rows share; its sides are each other's opposite."""
    grid, half = cells(SHARED_BITS), 32 << SHARED_BITS
    lower = scipy.special.ndtri(np.append(grid.begin[:half], 2.0**32) * 0.5 * LEAST)
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
