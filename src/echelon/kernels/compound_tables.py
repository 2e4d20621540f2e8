r"""Tables of compound Poisson demands on a lattice, many laws at once.

Panjer's recursion [1]_ gives all probabilities: with rate :math:`r` and sizes of :math:`g_j`,
:math:`p_0 = e^{-r (1 - g_0)}` and :math:`k\,p_k = r \sum_j j\,g_j\,p_{k - j}`. Nothing is ever
subtracted, so each is right to the rounding of some sums, however rare the point.

References
----------
.. [1] Panjer (1981), Recursive evaluation of a family of compound distributions, *ASTIN Bulletin*
   12(1).
"""

from __future__ import annotations

from math import ceil, exp, log, sqrt

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit, jit_step
from echelon.kernels.draws import MOST_FEW
from echelon.kernels.inverse_tables import FINEST, WHOLE, cells_of_cuts, coarsest
from echelon.kernels.philox import Words


@jit
def compound_length(rate: float, sizes: Floats, tail: float, most: int) -> int:
    """How many points from 0 hold all but a probability of ``tail``, by Chernoff's bound.

    sizes (m,) probabilities of 0 to m - 1 steps, not all of them of 0; at most ``most`` + 1.
    """
    m = sizes.shape[0]
    square = 0.0
    for j in range(m):
        square += float(j) * j * sizes[j]
    # before the best tilt, after which the bound rises and never falls again
    tilt = 0.1 * min(1.0 / m, 1.0 / sqrt(rate * square))
    least = np.inf
    while True:
        z, sum_of_powers = exp(tilt), 0.0
        for j in range(m - 1, -1, -1):
            sum_of_powers = sum_of_powers * z + sizes[j]
        bound = (rate * (sum_of_powers - 1.0) - log(tail)) / tilt
        if not bound < least:
            break
        least = bound
        tilt *= 1.25
    return ceil(min(least, float(most))) + 1


@jit_step
def _cut(
    masses: Floats, above: Floats, total: float, begin: int, number: Integers, cuts: Integers
) -> int:
    """Write the points that can be drawn and their cuts; give the number of points.

    masses (n,) made 1 together; above (n + 1,) scratch. Either tail is added up from its far end,
    so that nothing cancels.
    """
    n = masses.shape[0]
    above[n] = 0.0
    for k in range(n - 1, -1, -1):
        masses[k] /= total
        above[k] = above[k + 1] + masses[k]
    below, before, at = 0.0, 0, begin
    for k in range(n):
        below += masses[k]
        if below <= 0.5:
            cut = int(np.rint(below * 4294967296.0))
        else:
            cut = WHOLE - int(np.rint(above[k + 1] * 4294967296.0))
        if cut <= before:  # no word gives this point
            continue
        number[at] = k
        cuts[at] = cut
        before = cut
        at += 1
        if cut == WHOLE:
            break
    return at - begin


@jit
def compound_points(
    rate: Floats,
    size_of: Integers,
    size_ptr: Integers,
    sizes: Floats,
    start: Integers,
    number: Integers,
    cuts: Integers,
    n_points: Integers,
    bits: Integers,
) -> None:
    """Points of each law that can be drawn, in steps, and the cuts between them.

    rate, size_of (n,) orders, and which law of sizes; size_ptr (m + 1,), sizes: probabilities of 0,
    1, ... steps, one law after the other; start (n + 1,) where the points of each law begin, as
    many as :func:`compound_length` says; number, cuts (start[n],) of each law the first
    ``n_points`` overwritten, the last cut being WHOLE; n_points (n,), bits (n,) overwritten:
    points; bits of a cell, above FINEST where a cell would hold several cuts.
    """
    for i in range(rate.shape[0]):
        begin, n = start[i], start[i + 1] - start[i]
        first = size_ptr[size_of[i]]
        m = size_ptr[size_of[i] + 1] - first
        moment = np.empty(m)
        for j in range(m):
            moment[j] = rate[i] * (j * sizes[first + j])
        masses = np.zeros(n)
        masses[0] = exp(-rate[i] * (1.0 - sizes[first]))
        total = masses[0]
        for k in range(n):
            if k > 0:
                masses[k] /= k
                total += masses[k]
            here = masses[k]
            if here == 0.0:
                continue
            for j in range(1, min(m, n - k)):
                masses[k + j] += moment[j] * here
        n_points[i] = _cut(masses, np.empty(n + 1), total, begin, number, cuts)
        bits[i] = coarsest(cuts, begin, begin + n_points[i] - 1) if n_points[i] > 1 else 0


@jit
def write_compounds(
    step: Floats,
    start: Integers,
    number: Integers,
    cuts: Integers,
    n_points: Integers,
    bits: Integers,
    searched_bits: int,
    first_line: Integers,
    first_cell: Integers,
    lines: Floats,
    out: Words,
) -> None:
    """Write the tables of points that :func:`compound_points` gives.

    step (2, n) numerator and denominator, units; searched_bits: of tables whose own ``bits`` are
    above FINEST, ``SEARCHED``; first_line, first_cell (n,); lines, out overwritten where the tables
    are. Up to ``MOST_FEW`` cuts are written as ``FEW`` has them, others as ``ATOMS``.
    """
    for i in range(n_points.shape[0]):
        begin, end = start[i], start[i] + n_points[i]
        for k in range(begin, end):
            lines[first_line[i] + k - begin] = number[k] * step[0, i] / step[1, i]
        at, n_cuts = first_cell[i], n_points[i] - 1
        if n_cuts == 0:
            for k in range(64):
                out[at + k] = np.uint64(0)
        elif n_cuts <= MOST_FEW:
            for k in range(n_cuts):
                out[at + k] = np.uint64(cuts[begin + k])
        elif bits[i] <= FINEST:
            cells_of_cuts(cuts, begin, end - 1, bits[i], False, out, at)
        else:
            cells_of_cuts(cuts, begin, end - 1, searched_bits, True, out, at)
            for k in range(n_cuts):
                out[at + (64 << searched_bits) + k] = np.uint64(cuts[begin + k])
