"""Inverse distribution functions as lines, fitted to moments.

A line is held by its values at two distances from the end of its side. Each piece of a table has a
weight, the number of words of 32 bits that fall on it, so mean and variance of what a table draws
are sums over its pieces, and are made those of the law by moving the values a little: by a
function of the value that is 0 at the ends of the support, and without changing their order.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, jit, jit_step

FARTHEST = 0.05
"""Most by which a table is shifted, in standard deviations, or stretched."""


@jit_step
def _pull(x: float, std: float, low: float, high: float) -> float:
    """1 far from the ends of the support, 0 at them."""
    pull = 1.0
    if low > -np.inf:
        pull *= max(x - low, 0.0) / (max(x - low, 0.0) + std)
    if high < np.inf:
        pull *= max(high - x, 0.0) / (max(high - x, 0.0) + std)
    return pull


@jit
def match_moments(
    near: Floats,
    far: Floats,
    weight: Floats,
    middle: Floats,
    spread: Floats,
    fixed: Floats,
    mean: float,
    std: float,
    low: float,
    high: float,
    work: Floats,
) -> bool:
    """Move the lines of a table so that it has the mean and standard deviation asked for.

    By Newton's method on two coefficients, of a shift and a stretch.

    Parameters
    ----------
    near, far : (n,) float64
        Values at the two ends of each piece, units; overwritten where it succeeds.
    weight, middle, spread : (n,) float64
        Probability of the piece; mean place and variance of the places of its words between
        its ends, from 0 at ``near`` to 1 at ``far``.
    fixed : (n,) float64
        How far the piece may move: 1.0, or 0.0 for an atom.
    mean, std, low, high : float
        Units; ``std > 0``.
    work : (6, >= n) float64
        Scratch.

    Returns
    -------
    bool
        Whether the moments are met; else nothing was changed.
    """
    n = near.shape[0]
    for i in range(n):
        for end in range(2):
            x = near[i] if end == 0 else far[i]
            pull = fixed[i] * _pull(x, std, low, high)
            y = (x - mean) / std
            work[3 * end, i], work[3 * end + 1, i], work[3 * end + 2, i] = y, pull, pull * y
    shift, stretch = 0.0, 0.0
    for _ in range(8):
        first = second = first_0 = first_1 = second_0 = second_1 = 0.0
        for i in range(n):
            y = work[0, i] + shift * work[1, i] + stretch * work[2, i]
            rise = work[3, i] + shift * work[4, i] + stretch * work[5, i] - y
            y += rise * middle[i]
            to_0, to_1 = work[4, i] - work[1, i], work[5, i] - work[2, i]
            at_0, at_1 = work[1, i] + to_0 * middle[i], work[2, i] + to_1 * middle[i]
            first += weight[i] * y
            second += weight[i] * (y * y + rise * rise * spread[i])
            first_0 += weight[i] * at_0
            first_1 += weight[i] * at_1
            second_0 += 2.0 * weight[i] * (y * at_0 + rise * to_0 * spread[i])
            second_1 += 2.0 * weight[i] * (y * at_1 + rise * to_1 * spread[i])
        if abs(first) < 1e-13 and abs(second - 1.0) < 1e-13:
            break
        det = first_0 * second_1 - first_1 * second_0
        if not abs(det) > 1e-12:
            return False
        shift += (-first * second_1 - (1.0 - second) * first_1) / det
        stretch += ((1.0 - second) * first_0 + first * second_0) / det
    if not (abs(first) < 1e-10 and abs(second - 1.0) < 1e-10):
        return False
    if abs(shift) > FARTHEST or abs(stretch) > FARTHEST:
        return False
    for i in range(n):
        begin = work[0, i] + shift * work[1, i] + stretch * work[2, i]
        end = work[3, i] + shift * work[4, i] + stretch * work[5, i]
        if (end - begin) * (work[3, i] - work[0, i]) < 0.0:
            return False
    for i in range(n):
        if fixed[i] > 0.0:
            near[i] += std * (shift * work[1, i] + stretch * work[2, i])
            far[i] += std * (shift * work[4, i] + stretch * work[5, i])
    return True


@jit
def lines_of_nodes(
    nodes: Floats,
    tail: Floats,
    bits: int,
    weight: Floats,
    middle: Floats,
    spread: Floats,
    mean: float,
    std: float,
    low: float,
    high: float,
    work: Floats,
    out: Floats,
) -> bool:
    """Write the lines of a table of a law with a density, from quantiles.

    Parameters
    ----------
    nodes : (2, (32 << bits) + 1) float64
        Quantiles at the ends of the cells of the lower and the upper side, units.
    tail : (2,) float64
        Mean of the law below the first and above the last quantile of ``2**-32``.
    bits : int
    weight, middle, spread : (64 << bits,) float64
        As :func:`match_moments` takes them, of whole cells.
    mean, std, low, high : float
    work : (8, 64 << bits) float64
        Scratch.
    out : (128 << bits,) float64
        Overwritten: value at distance 0 and slope, of each cell.

    Returns
    -------
    bool
        Whether mean and standard deviation are those asked for.
    """
    half, first = 32 << bits, 1 << bits
    near, far = work[6], work[7]
    for side in range(2):
        for i in range(half):
            cell = side * half + i
            near[cell] = tail[side] if i < first else nodes[side, i]
            far[cell] = tail[side] if i < first else nodes[side, i + 1]
    n = 2 * half
    met = match_moments(
        near[:n], far[:n], weight, middle, spread, np.ones(n), mean, std, low, high, work
    )
    for side in range(2):
        for i in range(half):
            cell = side * half + i
            width = 2.0 ** ((i >> bits) - bits)
            begin = width * ((1 << bits) + (i & (first - 1)))
            slope = (far[cell] - near[cell]) / width
            out[2 * cell], out[2 * cell + 1] = near[cell] - slope * begin, slope
    return met
