r"""Inverse distribution functions as lines: fitted to moments, and those of the gamma family.

A line is held by its values at two distances from the end of its side. Each piece of a table has a
weight, the number of words of 32 bits that fall on it, so mean and variance of what a table draws
are sums over its pieces, and are made those of the law by moving the values a little: by a
function of the value that is 0 at the ends of the support, and without changing their order.
"""

from __future__ import annotations

from math import exp, expm1, lgamma, log, pi, sqrt

import numpy as np

from echelon.kernels._jit import Floats, jit

COARSE = 2
"""Bits of the cells at whose ends gamma quantiles are integrated; between them is interpolated."""

FARTHEST = 0.05
"""Most by which a table is shifted, in standard deviations, or stretched."""


@jit
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


@jit
def _log_mass(shape: float) -> float:
    """Logarithm of ``shape**shape * exp(-shape) / Gamma(shape)``."""
    if shape < 30.0:
        return shape * log(shape) - shape - lgamma(shape)
    k = 1.0 / (shape * shape)  # Stirling's series, in which nothing cancels
    return 0.5 * log(shape / (2.0 * pi)) - (1.0 / 12.0 - k * (1.0 / 360.0 - k / 1260.0)) / shape


@jit
def gamma_nodes(shape: float, start: Floats, bits: int, out: Floats) -> None:
    r"""Quantiles of a gamma variable of scale 1 at the ends of the cells of a table.

    With :math:`y = \log(x / k)` the density is :math:`\varphi(y) = C e^{k (y + 1 - e^y)}`, and the
    quantile is integrated from :math:`2^{-32}` inward: from each coarse node to the next by a
    series and one step of Halley's method on the integral, which is taken by Gauss and Legendre's
    rule of four points; between them by Hermite's polynomial of degree 5.

    shape :math:`k`; start (2,) y at the probability ``2**-32`` from either end; bits, at least
    COARSE; out (2, (32 << bits) + 1) overwritten, the first octave with its end.
    """
    # Gauss and Legendre's rule on [0, 1]
    place = (0.06943184420297371, 0.33000947820757187, 0.6699905217924281, 0.9305681557970263)
    share = (0.17392742256872692, 0.32607257743127307, 0.32607257743127307, 0.17392742256872692)
    scale = _log_mass(shape)
    step = 1 << (bits - COARSE)
    for side in range(2):
        sign = 1.0 - 2.0 * side
        y = start[side]
        for i in range((1 << bits) + 1):
            out[side, i] = shape * exp(y)
        density = exp(shape * (y - expm1(y)) + scale)
        slope = -shape * expm1(y)
        for coarse in range(1 << COARSE, 32 << COARSE):
            rise = sign * 2.0 ** ((coarse >> COARSE) - COARSE - 33.0)
            d = rise / density
            h = d * (
                1.0 - d * (0.5 * slope - d * (2.0 * slope**2 + shape + shape * expm1(y)) / 6.0)
            )
            total = 0.0
            for j in range(4):
                at = y + place[j] * h
                total += share[j] * exp(shape * (at - expm1(at)) + scale)
            there = y + h
            past = (total * h - rise) / exp(shape * (there - expm1(there)) + scale)
            there -= past * (1.0 - 0.5 * past * shape * expm1(there))
            new_density = exp(shape * (there - expm1(there)) + scale)
            new_slope = -shape * expm1(there)
            # y as a function of the probability: value, first and second derivative at both ends
            rise_0, rise_1 = rise / density, rise / new_density
            bend_0, bend_1 = -slope * rise_0 * rise_0, -new_slope * rise_1 * rise_1
            gap = there - y
            c3 = 10.0 * gap - 6.0 * rise_0 - 4.0 * rise_1 - 1.5 * bend_0 + 0.5 * bend_1
            c4 = -15.0 * gap + 8.0 * rise_0 + 7.0 * rise_1 + 1.5 * bend_0 - bend_1
            c5 = 6.0 * gap - 3.0 * rise_0 - 3.0 * rise_1 - 0.5 * bend_0 + 0.5 * bend_1
            for j in range(1, step + 1):
                s = j / step
                inside = rise_0 + s * (0.5 * bend_0 + s * (c3 + s * (c4 + s * c5)))
                out[side, coarse * step + j] = shape * exp(y + s * inside)
            y, density, slope = there, new_density, new_slope


@jit
def write_gammas(
    shape: Floats,
    start: Floats,
    tail: Floats,
    bits: int,
    weight: Floats,
    middle: Floats,
    spread: Floats,
    first_line: int,
    out: Floats,
) -> None:
    """Write the tables of gamma variables of scale 1, one after the other.

    shape (m,); start, tail (m, 2) as the functions above take them; bits; weight, middle, spread
    (64 << bits,); out overwritten from ``first_line`` on, ``128 << bits`` for each.
    """
    n = 64 << bits
    nodes, work = np.empty((2, n // 2 + 1)), np.empty((8, n))
    for j in range(shape.shape[0]):
        gamma_nodes(shape[j], start[j], bits, nodes)
        begin = first_line + 2 * n * j
        lines_of_nodes(
            nodes, tail[j], bits, weight, middle, spread, shape[j], sqrt(shape[j]), 0.0, np.inf,
            work, out[begin : begin + 2 * n],
        )  # fmt: skip
