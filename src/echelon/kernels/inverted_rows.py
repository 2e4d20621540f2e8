"""Quantiles of many sums over many times each, by inversion, in one compiled call.

A row is a sum of laws with its own times, share and unit. What is found of a row is what the
kernels of :mod:`echelon.kernels.inverted_quantiles` find of it alone, bit for bit: they are called
row by row, and this saves the way to them. The plain twins are the methods of
:class:`echelon.distributions.inversion.InvertibleSum`.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit
from echelon.kernels.inverted_quantiles import (
    WAVES,
    chernoff_reach,
    harmonics,
    inverted_probabilities,
    inverted_quantiles,
    lay_out,
)
from echelon.kernels.log_transforms import tilted, turned


@jit
def bend_rows(
    law_ptr: Integers,
    laws: Floats,
    falling_ptr: Integers,
    falling: Floats,
    unit: Floats,
    spread: Floats,
    highest: Floats,
    steps: Floats,
    small: float,
    frequencies: Floats,
    tilts: Floats,
    values: Floats,
    omega: Floats,
    level: Floats,
) -> None:
    """Cumulant generating functions of many rows, and how their transforms fall.

    law_ptr, falling_ptr (n + 1,): where the laws of each row begin in laws (., 5), and those whose
    transforms fall all the way in falling (., 5); unit, spread (n,): unit, and standard deviation
    of one period in it; highest (n,): frequency that counts for all beyond it. steps (m,), small:
    tilts, over the spread; frequencies (k,), over the spread where highest is finite. tilts (n, m),
    values (n, 2 m + 2), at the tilts, their negatives and both small ones, omega and level (n, k)
    are overwritten, level where a row has laws that fall.
    """
    n_steps, n_omega = steps.shape[0], frequencies.shape[0]
    asked, turn = np.empty(2 * n_steps + 2), np.empty(n_omega)
    for r in range(unit.shape[0]):
        for k in range(n_steps):
            tilts[r, k] = steps[k] / spread[r]
            asked[k], asked[n_steps + k] = tilts[r, k], -tilts[r, k]
        asked[2 * n_steps] = small / spread[r]
        asked[2 * n_steps + 1] = -asked[2 * n_steps]
        tilted(laws[law_ptr[r] : law_ptr[r + 1]], asked, unit[r], values[r])
        whole = highest[r] < np.inf
        for k in range(n_omega):
            omega[r, k] = min(frequencies[k] / spread[r], highest[r]) if whole else frequencies[k]
        some = falling[falling_ptr[r] : falling_ptr[r + 1]]
        if some.shape[0] > 0:
            turned(some, omega[r], unit[r], level[r], turn)


@jit
def quantile_rows(
    time_ptr: Integers,
    times: Floats,
    share: Floats,
    guess: Floats,
    law_ptr: Integers,
    laws: Floats,
    unit: Floats,
    tilts: Floats,
    up: Floats,
    down: Floats,
    least: Floats,
    level_ptr: Integers,
    omega: Floats,
    level: Floats,
    negligible: Floats,
    shift: Floats,
    tail: float,
    limits: tuple[float, float, int],
    found: Floats,
    done: Integers,
) -> None:
    """Smallest points at which the distribution functions of many rows reach their shares.

    time_ptr (n + 1,): where the times of each row begin in times, guess and found; share, unit,
    least, negligible, shift (n,), and law_ptr, laws as elsewhere; tilts, up, down (n, m); level_ptr
    (n + 1,): where omega and level of each row begin. limits: the longest half period of a lattice,
    the highest frequency times half period of a density, and the most harmonics of a row. found is
    overwritten, in the unit of the row, NaN where a time is no fit; done (n,) with 0 where a row
    has too many harmonics for that.
    """
    for r in range(share.shape[0]):
        a, b = time_ptr[r], time_ptr[r + 1]
        done[r] = 1
        mine = times[a:b]
        reach = np.empty((4, b - a))
        chernoff_reach(mine, tilts[r], up[r], down[r], share[r], tail, least[r], reach)
        own_omega = omega[level_ptr[r] : level_ptr[r + 1]]
        own_level = level[level_ptr[r] : level_ptr[r + 1]]
        half, at = np.empty(b - a), np.empty(b - a, np.int64)
        n = 0
        for i in range(b - a):
            found[a + i] = np.nan
            wide = max(reach[1, i] - reach[2, i], reach[3, i] - reach[0, i])
            if _fits(mine[i], wide, own_omega, own_level, negligible[r], shift[r], limits):
                half[n], at[n] = wide, i
                n += 1
        if n == 0:
            continue
        some, low, high, begun = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
        for i in range(n):
            some[i], begun[i] = mine[at[i]], guess[a + at[i]]
            low[i], high[i] = reach[0, at[i]], reach[1, at[i]]
        rung, count = np.empty(n, np.int64), np.empty(n, np.int64)
        halves, sizes = np.empty(n), np.zeros(n, np.int64)
        n_rungs = lay_out(
            some, half[:n], own_omega, own_level, negligible[r], shift[r],
            rung, count, halves, sizes,
        )  # fmt: skip
        ptr = np.zeros(n_rungs + 1, np.int64)
        for k in range(n_rungs):
            ptr[k + 1] = ptr[k] + sizes[k]
        if ptr[n_rungs] > limits[2]:
            done[r] = 0
            continue
        heard, fall, turn = np.empty(ptr[n_rungs]), np.empty(ptr[n_rungs]), np.empty(ptr[n_rungs])
        harmonics(halves[:n_rungs], ptr, heard)
        turned(laws[law_ptr[r] : law_ptr[r + 1]], heard, unit[r], fall, turn)
        answers = np.empty(n)
        inverted_quantiles(
            some, share[r], low, high, begun, rung, ptr, halves[:n_rungs], fall, turn, count,
            shift[r], np.empty((WAVES, count.max())), answers,
        )  # fmt: skip
        for i in range(n):
            found[a + at[i]] = answers[i]


@jit
def probability_rows(
    times: Floats,
    points: Floats,
    share: Floats,
    law_ptr: Integers,
    laws: Floats,
    unit: Floats,
    tilts: Floats,
    up: Floats,
    down: Floats,
    least: Floats,
    level_ptr: Integers,
    omega: Floats,
    level: Floats,
    negligible: Floats,
    shift: Floats,
    tail: float,
    limits: tuple[float, float, int],
    found: Floats,
    done: Integers,
) -> None:
    """Distribution functions of many rows, at one time and one point each.

    times, points, found (n,), points in the unit of the row; all else as of :func:`quantile_rows`.
    """
    reach, half = np.empty((4, 1)), np.empty(1)
    rung, count, sizes = np.empty(1, np.int64), np.empty(1, np.int64), np.empty(1, np.int64)
    need, answer, ptr = np.empty(1), np.empty(1), np.zeros(2, np.int64)
    for r in range(times.shape[0]):
        done[r], found[r] = 1, np.nan
        mine = times[r : r + 1]
        chernoff_reach(mine, tilts[r], up[r], down[r], share[r], tail, least[r], reach)
        begin, end = reach[2, 0], reach[3, 0]
        wide = max(reach[1, 0] - begin, end - reach[0, 0])
        own_omega = omega[level_ptr[r] : level_ptr[r + 1]]
        own_level = level[level_ptr[r] : level_ptr[r + 1]]
        if not _fits(mine[0], wide, own_omega, own_level, negligible[r], shift[r], limits):
            continue
        if points[r] < begin or points[r] >= end:
            found[r] = 1.0 if points[r] >= end else 0.0
            continue
        need[0], sizes[0] = max(points[r] - begin, end - points[r]), 0
        lay_out(mine, need, own_omega, own_level, negligible[r], shift[r], rung, count, half, sizes)
        ptr[1] = sizes[0]
        if ptr[1] > limits[2]:
            done[r] = 0
            continue
        heard, fall, turn = np.empty(ptr[1]), np.empty(ptr[1]), np.empty(ptr[1])
        harmonics(half, ptr, heard)
        turned(laws[law_ptr[r] : law_ptr[r + 1]], heard, unit[r], fall, turn)
        inverted_probabilities(
            mine, points[r : r + 1], rung, ptr, half, fall, turn, count, shift[r],
            np.empty((WAVES, count[0])), answer,
        )  # fmt: skip
        found[r] = min(max(answer[0], 0.0), 1.0)


@jit
def _fits(
    time: float,
    half: float,
    omega: Floats,
    level: Floats,
    negligible: float,
    shift: float,
    limits: tuple[float, float, int],
) -> bool:
    """Whether one time needs no more frequencies than there may be."""
    if shift > 0.0:
        return bool(half <= limits[0])
    low, high = 0, level.shape[0]
    while low < high:  # the first frequency at which the amplitude is negligible
        middle = (low + high) // 2
        if -level[middle] >= -negligible / time:
            high = middle
        else:
            low = middle + 1
    if low == level.shape[0]:
        return False
    return bool(omega[low] * half <= limits[1])
