r"""Tables of gamma variables, several laws side by side so that all of it becomes vectors.

Every law is worked on by itself: its lines do not depend on which others are beside it. The last
axis of arrays is the law, with room for :data:`LAWS`.
"""

from __future__ import annotations

from math import exp, expm1, lgamma, log, pi, sqrt

import numpy as np

from echelon.kernels._jit import Floats, jit, jit_part, jit_rows
from echelon.kernels.line_tables import FARTHEST

COARSE = 2
"""Bits of the cells at whose ends gamma quantiles are integrated; between them is interpolated."""

LAWS = 16
"""Laws side by side."""

LEAST_SHAPE, MOST_SHAPE = 1e-3, 1e4
"""Between them :func:`gamma_ends` finds quantiles."""

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_ROUNDER = 6755399441055744.0  # 1.5 * 2**52: what is added to it loses its fraction


@jit_part
def power_of_two(x: float) -> tuple[float, float]:
    """Give ``s = 2**k`` and ``p`` so that ``exp(x) = s + s p``; arguments within +-700."""
    x = min(max(x, -700.0), 700.0)
    k = (x * _LOG2_E + _ROUNDER) - _ROUNDER
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = 1.0 / 479001600.0 + r * (1.0 / 6227020800.0)
    p = 1.0 / 3628800.0 + r * (1.0 / 39916800.0 + r * p)
    p = 1.0 / 40320.0 + r * (1.0 / 362880.0 + r * p)
    p = 1.0 / 720.0 + r * (1.0 / 5040.0 + r * p)
    p = 1.0 / 24.0 + r * (1.0 / 120.0 + r * p)
    p = r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * p)))
    power = np.int64((np.int64(k) + np.int64(1023)) << np.int64(52))
    return power.view(np.float64), p


@jit_part
def fast_exp(x: float) -> float:
    """Exponential function, without a call."""
    s, p = power_of_two(x)
    return s + s * p


@jit_part
def fast_expm1(x: float) -> float:
    """``exp(x) - 1``, without a call and without cancelling."""
    s, p = power_of_two(x)
    return (s - 1.0) + s * p


@jit
def log_mass(shape: float) -> float:
    """Logarithm of ``shape**shape * exp(-shape) / Gamma(shape)``."""
    if shape < 30.0:
        return shape * log(shape) - shape - lgamma(shape)
    k = 1.0 / (shape * shape)  # Stirling's series, in which nothing cancels
    return 0.5 * log(shape / (2.0 * pi)) - (1.0 / 12.0 - k * (1.0 / 360.0 - k / 1260.0)) / shape


@jit
def gamma_ends(shape: Floats, start: Floats, tail: Floats) -> None:
    """Quantiles of ``2**-32`` from either end, and means beyond them.

    Newton's method on the logarithm of the tail, which is concave in the logarithm of the quantile;
    the lower tail by its series, the upper by its continued fraction.

    shape (m,) between LEAST_SHAPE and MOST_SHAPE; start, tail (m, 2) overwritten:
    logarithm of the quantile over the shape, mean beyond it of the variable of scale 1.
    """
    wanted = -32.0 * log(2.0)
    for j in range(shape.shape[0]):
        k = shape[j]
        scale = log_mass(k)
        for side in range(2):
            # Wilson and Hilferty's cube
            cube = 1.0 - 1.0 / (9.0 * k) + (side - 0.5) * 12.46 / (3.0 * sqrt(k))
            if side == 1:
                y = log(max(cube**3, (k + 2.0) / k))
            else:  # left of the quantile: the distribution function lies below its power
                y = (wanted + lgamma(k + 1.0)) / k - log(k)
                y = max(y, 3.0 * log(cube)) if cube > 0.3 else y
            ratio = 1.0
            for _ in range(60):
                x = k * exp(y)
                if side == 0:
                    above, term, n = 0.0, 1.0, k
                    while term > 1e-17 * (1.0 + above):
                        n += 1.0
                        term *= x / n
                        above += term
                    ratio, growth = above / (1.0 + above), k / (1.0 + above)
                    here = log((1.0 + above) / k)
                else:
                    bottom = x + 1.0 - k
                    d, c, n = 1.0 / bottom, 1e300, 0.0
                    h, last = d, 0.0
                    while abs(last - 1.0) > 1e-16 and n < 500.0:
                        n += 1.0
                        factor = -n * (n - k)
                        bottom += 2.0
                        d = 1.0 / (factor * d + bottom)
                        c = bottom + factor / c
                        last = d * c
                        h *= last
                    ratio, growth = 1.0 + 1.0 / (k * h), -1.0 / h
                    here = log(h)
                by = (scale + k * (y - expm1(y)) + here - wanted) / growth
                y -= by
                if abs(by) < 1e-13 * (1.0 + abs(y)):
                    break
            start[j, side], tail[j, side] = y, k * ratio


@jit_rows
def begin_side(
    shape: Floats, scale: Floats, y: Floats, above: Floats, density: Floats, out: Floats, last: int
) -> None:
    """Set what :func:`next_node` goes on from, and the first ``last + 1`` rows of ``out``."""
    for r in range(LAWS):
        above[r] = fast_expm1(y[r])
        density[r] = fast_exp(shape[r] * (y[r] - above[r]) + scale[r])
    for i in range(last + 1):
        for r in range(LAWS):
            out[i, r] = shape[r] * fast_exp(y[r])


@jit_rows
def next_node(
    rise: float,
    shape: Floats,
    scale: Floats,
    y: Floats,
    above: Floats,
    density: Floats,
    step: int,
    out: Floats,
    first: int,
    curve: Floats,
) -> None:
    """Integrate to the node where the probability is ``rise`` more, and write what is between.

    y, above, density (LAWS,): logarithm of the quantile over the shape, its exponential less 1, and
    the density, brought up to date; out: rows from ``first`` on overwritten, ``step`` of them;
    curve (6, LAWS) scratch.
    """
    for r in range(LAWS):
        k, here, e = shape[r], y[r], above[r]
        slope, d = -k * e, rise / density[r]
        h = d * (1.0 - d * (0.5 * slope - d * (2.0 * slope * slope + k + k * e) / 6.0))
        # Gauss and Legendre's rule of four points
        at = here + 0.06943184420297371 * h
        outer = fast_exp(k * (at - fast_expm1(at)) + scale[r])
        at = here + 0.9305681557970263 * h
        outer += fast_exp(k * (at - fast_expm1(at)) + scale[r])
        at = here + 0.33000947820757187 * h
        inner = fast_exp(k * (at - fast_expm1(at)) + scale[r])
        at = here + 0.6699905217924281 * h
        inner += fast_exp(k * (at - fast_expm1(at)) + scale[r])
        total = 0.17392742256872692 * outer + 0.32607257743127307 * inner
        there = here + h
        e = fast_expm1(there)
        past = (total * h - rise) / fast_exp(k * (there - e) + scale[r])
        there -= past * (1.0 - 0.5 * past * k * e)
        e = fast_expm1(there)
        new_density = fast_exp(k * (there - e) + scale[r])
        # y as a function of the probability: value, first and second derivative at both ends
        rise_1 = rise / new_density
        bend_0, bend_1 = -slope * d * d, k * e * rise_1 * rise_1
        gap = there - here
        curve[0, r], curve[1, r], curve[2, r] = here, d, 0.5 * bend_0
        curve[3, r] = 10.0 * gap - 6.0 * d - 4.0 * rise_1 - 1.5 * bend_0 + 0.5 * bend_1
        curve[4, r] = -15.0 * gap + 8.0 * d + 7.0 * rise_1 + 1.5 * bend_0 - bend_1
        curve[5, r] = 6.0 * gap - 3.0 * d - 3.0 * rise_1 - 0.5 * bend_0 + 0.5 * bend_1
        y[r], above[r], density[r] = there, e, new_density
    for j in range(step):
        s = (j + 1.0) / step
        for r in range(LAWS):
            inside = curve[2, r] + s * (curve[3, r] + s * (curve[4, r] + s * curve[5, r]))
            at = curve[0, r] + s * (curve[1, r] + s * inside)
            out[first + j, r] = shape[r] * fast_exp(at)


@jit_rows
def standardise(shape: Floats, root: Floats, x: Floats, i: int, y: Floats, pull: Floats) -> None:
    """Row ``i``: values less the mean in standard deviations, and how far they may be moved."""
    for r in range(LAWS):
        y[i, r] = (x[i, r] - shape[r]) / root[r]
        pull[i, r] = x[i, r] / (x[i, r] + root[r])


@jit_rows
def add_piece(
    weight: float,
    middle: float,
    spread: float,
    y: Floats,
    pull: Floats,
    near: int,
    far: int,
    shift: Floats,
    stretch: Floats,
    sums: Floats,
) -> None:
    """Add a piece to mean, mean square and what they grow by with shift and stretch.

    sums (6, LAWS): mean, mean square, then the growth of both with the shift, and with the stretch.
    """
    for r in range(LAWS):
        y_0, y_1, pull_0, pull_1 = y[near, r], y[far, r], pull[near, r], pull[far, r]
        moved_0 = y_0 + pull_0 * (shift[r] + stretch[r] * y_0)
        moved_1 = y_1 + pull_1 * (shift[r] + stretch[r] * y_1)
        rise, to_0, to_1 = moved_1 - moved_0, pull_1 - pull_0, pull_1 * y_1 - pull_0 * y_0
        here = moved_0 + rise * middle
        at_0, at_1 = pull_0 + to_0 * middle, pull_0 * y_0 + to_1 * middle
        sums[0, r] += weight * here
        sums[1, r] += weight * (here * here + rise * rise * spread)
        sums[2, r] += weight * at_0
        sums[3, r] += 2.0 * weight * (here * at_0 + rise * to_0 * spread)
        sums[4, r] += weight * at_1
        sums[5, r] += 2.0 * weight * (here * at_1 + rise * to_1 * spread)


@jit
def meet_moments(
    y: Floats,
    pull: Floats,
    half: int,
    first_whole: int,
    weight: Floats,
    middle: Floats,
    spread: Floats,
    shift: Floats,
    stretch: Floats,
    sums: Floats,
) -> None:
    """Find shift and stretch of each law as :func:`~.line_tables.match_moments` does; else 0."""
    met, open_laws = np.zeros(LAWS), LAWS
    shift[:], stretch[:] = 0.0, 0.0
    for attempt in range(8):
        sums[:] = 0.0
        for side in range(2):
            for i in range(half):
                near = side * (half + 2) + i
                far = near + 1
                if i < first_whole:  # beyond the first node, where a law has its mean there
                    near = far = side * (half + 2) + half + 1
                add_piece(
                    weight[side * half + i], middle[side * half + i], spread[side * half + i],
                    y, pull, near, far, shift, stretch, sums,
                )  # fmt: skip
        for r in range(LAWS):
            if met[r] != 0.0:
                continue
            first, short = sums[0, r], 1.0 - sums[1, r]
            if abs(first) < 1e-13 and abs(short) < 1e-13:
                met[r] = 1.0
            elif attempt == 7:
                met[r] = 1.0 if abs(first) < 1e-10 and abs(short) < 1e-10 else -1.0
            else:
                det = sums[2, r] * sums[5, r] - sums[4, r] * sums[3, r]
                if not abs(det) > 1e-12:
                    met[r] = -1.0
                else:
                    shift[r] += (-first * sums[5, r] - short * sums[4, r]) / det
                    stretch[r] += (short * sums[2, r] + first * sums[3, r]) / det
            open_laws -= 1 if met[r] != 0.0 else 0
        if open_laws == 0:
            break
    for r in range(LAWS):
        if met[r] < 0.0 or abs(shift[r]) > FARTHEST or abs(stretch[r]) > FARTHEST:
            shift[r], stretch[r] = 0.0, 0.0


@jit_rows
def keep_in_order(
    y: Floats, pull: Floats, near: int, far: int, shift: Floats, stretch: Floats, met: Floats
) -> None:
    """Set ``met`` to 0 where shift and stretch would change the order of two values."""
    for r in range(LAWS):
        y_0, y_1 = y[near, r], y[far, r]
        moved_0 = y_0 + pull[near, r] * (shift[r] + stretch[r] * y_0)
        moved_1 = y_1 + pull[far, r] * (shift[r] + stretch[r] * y_1)
        met[r] = 0.0 if (moved_1 - moved_0) * (y_1 - y_0) < 0.0 else met[r]


@jit_rows
def write_line(
    begin: float,
    width: float,
    root: Floats,
    x: Floats,
    y: Floats,
    pull: Floats,
    near: int,
    far: int,
    shift: Floats,
    stretch: Floats,
    to: Floats,
    e: int,
) -> None:
    """Rows ``to[e]`` and ``to[e + 1]``: value at distance 0, and slope, of a cell."""
    for r in range(LAWS):
        low = x[near, r] + root[r] * pull[near, r] * (shift[r] + stretch[r] * y[near, r])
        high = x[far, r] + root[r] * pull[far, r] * (shift[r] + stretch[r] * y[far, r])
        slope = (high - low) / width
        to[e, r], to[e + 1, r] = low - slope * begin, slope


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
    r"""Write the tables of gamma variables of scale 1, one after the other.

    With :math:`y = \log(x / k)` of shape :math:`k` the density is
    :math:`\varphi(y) = C e^{k (y + 1 - e^y)}`, and the quantile is integrated from :math:`2^{-32}`
    inward: from each coarse node to the next by a series and one step of Halley's method on the
    integral, which is taken by Gauss and Legendre's rule; between them by Hermite's polynomial of
    degree 5. Then mean and variance are made those of the law.

    Parameters
    ----------
    shape : (m,) float64
    start, tail : (m, 2) float64
        y at the probability ``2**-32`` from either end; mean of the law beyond it.
    bits : int
        At least COARSE.
    weight, middle, spread : (64 << bits,) float64
        As :func:`~.line_tables.match_moments` takes them, of whole cells.
    first_line : int
    out : float64
        Overwritten from ``first_line`` on, ``128 << bits`` for each.
    """
    n, half, first, step = 64 << bits, 32 << bits, 1 << bits, 1 << (bits - COARSE)
    m, rows = shape.shape[0], half + 2
    x, y, pull = np.empty((2 * rows, LAWS)), np.empty((2 * rows, LAWS)), np.empty((2 * rows, LAWS))
    k, root, scale, here = np.empty(LAWS), np.empty(LAWS), np.empty(LAWS), np.empty(LAWS)
    above, density, shift, stretch = (
        np.empty(LAWS), np.empty(LAWS), np.empty(LAWS), np.empty(LAWS),
    )  # fmt: skip
    curve, sums, lines, met = np.empty((6, LAWS)), np.empty((6, LAWS)), np.empty((8, LAWS)), scale
    for j in range(0, m, LAWS):
        for r in range(LAWS):  # places that are left have the last law once more
            k[r] = shape[min(j + r, m - 1)]
            root[r] = sqrt(k[r])
        for side in range(2):
            for r in range(LAWS):
                law = min(j + r, m - 1)
                scale[r] = log_mass(k[r])
                here[r], x[side * rows + half + 1, r] = start[law, side], tail[law, side]
            own = x[side * rows : (side + 1) * rows]
            begin_side(k, scale, here, above, density, own, first)
            for coarse in range(1 << COARSE, 32 << COARSE):
                rise = (1.0 - 2.0 * side) * 2.0 ** ((coarse >> COARSE) - COARSE - 33.0)
                at = coarse * step + 1
                next_node(rise, k, scale, here, above, density, step, own, at, curve)
        for i in range(2 * rows):
            standardise(k, root, x, i, y, pull)
        meet_moments(y, pull, half, first, weight, middle, spread, shift, stretch, sums)
        met[:] = 1.0
        for i in range(2 * rows - 1):
            if first <= i < half or (i >= rows + first and i < rows + half):
                keep_in_order(y, pull, i, i + 1, shift, stretch, met)
        for r in range(LAWS):
            shift[r], stretch[r] = shift[r] * met[r], stretch[r] * met[r]
        for cell in range(n):
            side, i = cell // half, cell % half
            near = side * rows + (half + 1 if i < first else i)
            far = near if i < first else near + 1
            width = 2.0 ** ((i >> bits) - bits)
            begin = width * (first + (i & (first - 1)))
            e = 2 * (cell & 3)
            write_line(begin, width, root, x, y, pull, near, far, shift, stretch, lines, e)
            if e == 6:  # a line of the cache for each law
                for r in range(min(LAWS, m - j)):
                    to = first_line + 2 * n * (j + r) + 2 * cell - 6
                    for word in range(8):
                        out[to + word] = lines[word, r]
