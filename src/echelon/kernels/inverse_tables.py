r"""Inverse distribution functions on the cells of :mod:`~echelon.kernels.draws`, many laws at once.

Points are held by their *cuts*: cut ``k`` is the number of words of 32 bits that give one of the
first ``k + 1`` points, so the probability of each point is exact to :math:`2^{-32}`. Counts
(Poisson, negative binomial) follow from the ratio of neighbouring probabilities,
:math:`p_{k+1} / p_k = (m + k e) / ((1 + e)(k + 1))` with mean :math:`m` and variance over mean
:math:`1 + e`.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit, jit_step
from echelon.kernels.philox import Words

FINEST = 8
"""Most bits of the cells of an octave."""

WHOLE = 1 << 32
"""How many words there are."""


@jit
def cell_at(word: int, bits: int) -> int:
    """Cell of one word, as :func:`~echelon.kernels.draws.cells_of` has it."""
    upper = 1 if word >= 1 << 31 else 0
    v = (1 << 32) - 1 - word if upper else word
    octave, rest = 0, 2 * v + 1
    while rest > 1:
        rest >>= 1
        octave += 1
    inside = 2 * v + 1 - (1 << octave)  # below 2**octave
    part = inside << (bits - octave) if bits >= octave else inside >> (octave - bits)
    return int((((upper << 5) + octave) << bits) + part)


@jit
def coarsest(cuts: Integers, begin: int, end: int) -> int:
    """Least bits with which no cell holds two of ``cuts[begin:end]``; above FINEST if none.

    A cut at the first word of a cell is not in it, so only a cell of one word may have several.
    """
    bits = 0
    for k in range(begin, end - 1):
        while bits <= FINEST:
            here = cell_at(cuts[k], bits)
            if cell_at(cuts[k] - 1, bits) != here or cell_at(cuts[k + 1], bits) != here:
                break
            bits += 1
    return bits


@jit
def ends_of_cell(cell: int, bits: int) -> tuple[int, int]:
    """First and last word of a cell; the last is before the first where it holds none."""
    octave = cell >> bits & 31
    part = cell & ((1 << bits) - 1)
    if octave > bits:  # an even number of doubled distances, every other of which is odd
        first = ((1 << bits) + part) << (octave - bits - 1)
        last = first + (1 << (octave - bits - 1)) - 1
    else:
        distance = (1 << octave) + (part >> (bits - octave))
        whole = part & ((1 << (bits - octave)) - 1) == 0
        first = distance >> 1
        last = first if whole and distance & 1 == 1 else first - 1
    if cell >> (5 + bits):
        return (1 << 32) - 1 - last, (1 << 32) - 1 - first
    return first, last


@jit
def cells_of_cuts(
    cuts: Integers, begin: int, end: int, bits: int, several: bool, out: Words, at: int
) -> None:
    """Write the cells of points.

    cuts[begin:end] sorted, not above WHOLE; several: as ``SEARCHED`` has them, else as ``LATTICE``;
    out[at:at + (64 << bits)] overwritten.
    """
    half = 32 << bits
    below = begin
    for order in range(2 * half):  # in the order of the words
        cell = order if order < half else 3 * half - 1 - order
        first, last = ends_of_cell(cell, bits)
        if last < first:
            out[at + cell] = np.uint64(0)
            continue
        while below < end and cuts[below] <= first:
            below += 1
        if several:
            above = below
            while above < end and cuts[above] <= last:
                above += 1
            low_half = above - begin
        else:
            cut = cuts[below] if below < end and cuts[below] <= last else 1 << 32
            low_half = (1 << 32) - cut
        out[at + cell] = (np.uint64(below - begin) << np.uint64(32)) + np.uint64(low_half)


@jit_step
def count_range(mean: float, excess: float, most: int) -> tuple[int, int, float]:
    """First and last point of a count that may be drawn, and its total with that of the mode 1.

    The probability beyond either is below ``2**-36``. The last is -1 where there are more than
    ``most``.
    """
    mode = max(int(mean - excess), 0)
    tail = 2.0**-36
    total, here, k = 1.0, 1.0, mode
    while k > 0:
        ratio = (1.0 + excess) * k / (mean + (k - 1.0) * excess)
        if here * ratio <= tail * total * (1.0 - ratio):
            break
        here *= ratio
        total += here
        k -= 1
        if mode - k > most:
            return 0, -1, total
    first = k
    limit = max(excess / (1.0 + excess), 0.0)  # to which the ratio comes down or up
    here, k = 1.0, mode
    while True:
        ratio = (mean + k * excess) / ((1.0 + excess) * (k + 1.0))
        worst = max(ratio, limit)
        if ratio <= 1e-12 or (worst < 1.0 and here * worst <= tail * total * (1.0 - worst)):
            break
        here *= ratio
        total += here
        k += 1
        if k - first > most:
            return 0, -1, total
    return first, k, total


@jit
def count_cuts(
    mean: float, excess: float, first: int, last: int, total: float, out: Integers
) -> None:
    """Cuts of the points ``first`` to ``last`` of a count.

    total: as :func:`count_range` gives it; out (>= last - first,) overwritten: the last point has
    no cut. Either tail is added up from its far end, so that nothing cancels.
    """
    mode = max(int(mean - excess), 0)
    share = 1.0 / total
    # the mode to both ends, as probabilities, then cumulated where they stand
    masses = np.empty(last - first + 1)
    masses[mode - first] = share
    for k in range(mode, first, -1):
        masses[k - 1 - first] = masses[k - first] * (1.0 + excess) * k / (mean + (k - 1.0) * excess)
    for k in range(mode, last):
        ratio = (mean + k * excess) / ((1.0 + excess) * (k + 1.0))
        masses[k + 1 - first] = masses[k - first] * ratio
    below, n = 0.0, last - first
    median = 0
    while median < n and below + masses[median] <= 0.5:
        below += masses[median]
        out[median] = int(below * 4294967296.0 + 0.5)
        median += 1
    above = 0.0
    for k in range(n, median, -1):
        above += masses[k]
        out[k - 1] = (1 << 32) - int(above * 4294967296.0 + 0.5)


@jit
def size_counts(
    mean: Floats, excess: Floats, most: int, first: Integers, n_cuts: Integers, bits: Integers
) -> None:
    """How large the tables of counts are.

    mean, excess (m,); first, n_cuts, bits (m,) overwritten: first point; cuts, -1 for more than
    ``most``; bits of a cell, above FINEST where a cell would hold several cuts.
    """
    scratch = np.empty(1024, np.int64)
    for j in range(mean.shape[0]):
        start, last, total = count_range(mean[j], excess[j], most)
        first[j], n_cuts[j], bits[j] = start, last - start, 0
        if last < 0:
            n_cuts[j] = -1
            continue
        if last - start > scratch.shape[0]:
            scratch = np.empty(2 * (last - start), np.int64)
        count_cuts(mean[j], excess[j], start, last, total, scratch)
        bits[j] = coarsest(scratch, 0, last - start)


@jit
def write_counts(
    mean: Floats,
    excess: Floats,
    most: int,
    searched_bits: int,
    bits: Integers,
    first_cell: Integers,
    first_line: Integers,
    lines: Floats,
    out: Words,
) -> None:
    """Write the tables of counts, those with fewer than ``most`` points.

    mean, excess, bits, first_cell, first_line (m,), bits as :func:`size_counts` gives them: above
    FINEST the table is ``SEARCHED`` with ``searched_bits``, its cuts follow the cells and its
    points, from 0 on, are in ``lines``; lines, out overwritten where the tables are.
    """
    scratch = np.empty(1024, np.int64)
    for j in range(mean.shape[0]):
        start, last, total = count_range(mean[j], excess[j], most)
        if last < 0:
            continue
        n = last - start
        if n > scratch.shape[0]:
            scratch = np.empty(2 * n, np.int64)
        count_cuts(mean[j], excess[j], start, last, total, scratch)
        if bits[j] <= FINEST:
            cells_of_cuts(scratch, 0, n, bits[j], False, out, first_cell[j])
            continue
        cells_of_cuts(scratch, 0, n, searched_bits, True, out, first_cell[j])
        for k in range(n):
            out[first_cell[j] + (64 << searched_bits) + k] = np.uint64(scratch[k])
        for k in range(n + 1):
            lines[first_line[j] + k] = float(k)


def ends_of_cells(bits: int) -> tuple[Integers, Integers]:
    """First and last word of every cell; the last is before the first where it holds none.

    Two arrays of shape (64 << bits,).
    """
    ends = np.array([ends_of_cell(cell, bits) for cell in range(64 << bits)], dtype=np.int64)
    return ends[:, 0].copy(), ends[:, 1].copy()
