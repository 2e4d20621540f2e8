"""Draws of a shard into blocks: words by counter, then one table look-up each, by inversion.

A word :math:`u` of 32 bits stands for the probability :math:`(u + 1/2) / 2^{32}`. Its side is its
first bit, its distance from the nearer end is ``v``, and ``2 v + 1`` as a float has in its exponent
the octave of the distance and in its next ``bits`` bits the cell within the octave: cells are as
fine, relative to the tail beyond them, far out as they are near the median. A table has 32 octaves
on either side. Each kind of table is monotone: a larger word never gives a smaller value.

Loops are split so that all but the look-ups themselves become vector instructions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from echelon.kernels._jit import Floats, Integers, by_reference, jit, jit_rows_step, jit_step
from echelon.kernels.flow_arrays import WIDTH
from echelon.kernels.philox import Words, words

CONSTANT = 0
LINES = 1
LATTICE = 2
ATOMS = 3
SEARCHED = 4
BROKEN = 5
FEW = 6
"""Kinds of tables; see :class:`Tables`."""

MOST_FEW = 6
"""Cuts up to which comparing a word with each is faster than to look it up."""

LAW = 0
GIVEN = 1
UP_DOWN = 2
"""Kinds of rows; see :class:`Sources`."""

STRETCH = 16
"""Periods of a row drawn in one go, from a multiple of it on; their words stay in cache."""

CELLS_PER_SCORE = 64
LARGEST_SCORE = 8.0
"""The grid on which the normal distribution function is held, see :func:`normal_words`."""


@by_reference
class Tables(NamedTuple):
    """Inverse distribution functions, as cells.

    Attributes
    ----------
    kind, bits : (n_tables,) int64
        What a cell holds; cells per octave, as a power of 2. With ``w`` twice the distance plus 1
        and ``i`` the cell, the value is

        - ``CONSTANT``: 0.
        - ``LINES``: ``lines[2 i] + lines[2 i + 1] * w``.
        - ``LATTICE``: ``n``, the number of cuts that do not exceed the word: high half of
          ``cells[i]`` plus 1 if the word reaches the cell's cut, of which the low half is the
          complement.
        - ``ATOMS``: ``lines[n]`` of the same ``n``.
        - ``SEARCHED``: ``lines[n]``, with ``n`` found by halving between the high and the low half
          of ``cells[i]``, the cuts following the cells.
        - ``FEW``: ``lines[n]``, with ``n`` the number of the ``bits`` words ``cells`` that do not
          exceed the word.
        - ``BROKEN``: ``lines[2 n] + lines[2 n + 1] * w``, with ``n`` found in the same way.
    first_line, first_cell : (n_tables,) int64
        Where the table begins in the arrays below.
    lines : (n_lines,) float64
    cells : (n_cells,) uint64
    """

    kind: Integers
    bits: Integers
    first_line: Integers
    first_cell: Integers
    lines: Floats
    cells: Words


@by_reference
class Sources(NamedTuple):
    """Drawn rows of a shard, in the order in which :func:`fill` writes them.

    Attributes
    ----------
    tables : Tables
        Table 0 is the standard normal distribution.
    together : (1,) int64
        ``INDEPENDENT``, ``ANTITHETIC`` or ``STRATIFIED``.
    multiples : (16, 16) uint64
        Products of the field of 16 elements, for strata.
    normal : (n, 4) float64
        Cubics of the normal distribution function, for joint rows.
    kind : (n_rows,) int64
        ``LAW``, ``GIVEN`` or ``UP_DOWN``.
    keys : (n_rows, 2) uint64
        Words that the address of a row is known by.
    law_ptr : (n_rows + 1,) int64
        Laws of a row, one per period of its cycle.
    table, location, scale : (n_laws,) int64, float64, float64
        The value of a law is ``location + scale *`` that of its table.
    given_ptr : (n_rows + 1,) int64
        Values of a given row by period, in the array below; 0.0 after the last.
    given : (n_given,) float64
    failure_rate, recovery_rate : (n_rows,) float64
        Of an up and down row: probability to change from one period to the next.
    joint : (n_rows,) int64
        1 where a row is drawn by a score it shares.
    score_ptr : (n_scores + 1,) int64
        Rows in which an independent normal score is used.
    score_row, score_weight : (n_uses,) int64, float64
    score_keys : (n_scores, 2) uint64
    """

    tables: Tables
    together: Integers
    multiples: Words
    normal: Floats
    kind: Integers
    keys: Words
    law_ptr: Integers
    table: Integers
    location: Floats
    scale: Floats
    given_ptr: Integers
    given: Floats
    failure_rate: Floats
    recovery_rate: Floats
    joint: Integers
    score_ptr: Integers
    score_row: Integers
    score_weight: Floats
    score_keys: Words


@jit_rows_step
def look_up(
    kind: int,
    bits: int,
    first_line: int,
    first_cell: int,
    lines: Floats,
    cells: Words,
    location: float,
    scale: float,
    u: Words,
    first: int,
    n_steps: int,
    n: int,
    w: Floats,
    cell: Words,
    out: Floats,
    row: int,
    first_step: int,
) -> None:
    """Value at each word of a table, arguments as in :class:`Tables`.

    u (>= first + n_steps, >= n) words of 32 bits, from row ``first`` on; w, cell (>= n,) scratch;
    out (> row, >= first_step + n_steps, >= n) overwritten in that row from that step on,
    ``location + scale * value``.
    """
    line, begin = np.uint64(first_line), np.uint64(first_cell)
    half, one, low, last = np.uint64(32), np.uint64(1), np.uint64(0xFFFFFFFF), np.uint64(31)
    shift, side = np.uint64(52 - bits), np.uint64(32 << bits)
    octave_0, cuts = np.uint64(1023 << bits), begin + np.uint64(64 << bits)
    for k in range(n_steps):
        j, step = first + k, first_step + k
        if kind == CONSTANT:
            for r in range(n):
                out[row, step, r] = location
            continue
        if kind == FEW:
            least, more = cells[first_cell], cells[first_cell + min(1, bits - 1)]
            value = location + scale * lines[first_line]
            middle = location + scale * lines[first_line + 1]
            above = location + scale * lines[first_line + min(2, bits)]
            for r in range(n):  # two cuts at once; where there is no second the first again
                x = u[j, r]
                below = middle if x >= least else value
                out[row, step, r] = above if x >= more else below
            for cut in range(2, bits):
                least = cells[first_cell + cut]
                value = location + scale * lines[first_line + cut + 1]
                for r in range(n):
                    out[row, step, r] = value if u[j, r] >= least else out[row, step, r]
            continue
        for r in range(n):
            x = u[j, r]
            upper = x >> last
            v = x ^ (upper * low)
            f = np.float64(np.int64(v + v + one))
            w[r] = f
            cell[r] = (f.view(np.uint64) >> shift) - octave_0 + upper * side
        if kind == LINES:
            for r in range(n):
                i = line + cell[r] + cell[r]
                out[row, step, r] = location + scale * (lines[i] + lines[i + one] * w[r])
        elif kind == LATTICE:
            for r in range(n):
                count = (cells[begin + cell[r]] + u[j, r]) >> half
                out[row, step, r] = location + scale * np.float64(np.int64(count))
        elif kind == ATOMS:
            for r in range(n):
                count = (cells[begin + cell[r]] + u[j, r]) >> half
                out[row, step, r] = location + scale * lines[line + count]
        else:
            for r in range(n):
                packed = cells[begin + cell[r]]
                below, above = packed >> half, packed & low
                while below < above:  # cuts before `below` do not exceed the word
                    middle = (below + above) >> one
                    if cells[cuts + middle] <= u[j, r]:
                        below = middle + one
                    else:
                        above = middle
                if kind == SEARCHED:
                    out[row, step, r] = location + scale * lines[line + below]
                else:
                    i = line + below + below
                    out[row, step, r] = location + scale * (lines[i] + lines[i + one] * w[r])


@jit_rows_step
def normal_words(normal: Floats, score: Floats, row: int, step: int, n: int, out: Words) -> None:
    """Word whose probability is that of a standard normal score.

    normal (n_cells, 4) cubics of the lower tail around the middles of cells of
    ``1 / CELLS_PER_SCORE``; score (> row, > step, >= n), that row and step; out (4, >= n), its row
    0 overwritten. Beyond the 32 bits the outermost words.
    """
    low = np.uint64(0xFFFFFFFF)
    for r in range(n):
        z = min(abs(score[row, step, r]), LARGEST_SCORE)
        i = np.int64(z * CELLS_PER_SCORE)
        d = z - (i + 0.5) / CELLS_PER_SCORE
        tail = normal[i, 0] + d * (normal[i, 1] + d * (normal[i, 2] + d * normal[i, 3]))
        v = np.uint64(np.int64(min(max(tail * 4294967296.0, 0.0), 2147483647.0)))
        upper = np.uint64(1) if score[row, step, r] > 0.0 else np.uint64(0)
        out[0, r] = v ^ (upper * low)


@jit
def fill(
    sources: Sources,
    row_first: int,
    row_last: int,
    first_period: int,
    n_periods: int,
    first_run: int,
    n_runs: int,
    memory: Floats,
    out: Floats,
) -> None:
    """Write a stretch of periods of some rows, whatever stretches were written before.

    Parameters
    ----------
    sources : Sources
    row_first, row_last : int
        Rows ``row_first`` to ``row_last - 1``.
    first_period, n_periods, first_run, n_runs : int
        ``n_runs <= WIDTH``. Only rows that go up and down need their periods in order.
    memory : (n_rows, WIDTH) float64
        State of up and down rows after the last period written; need not be set before period 0.
    out : (>= row_last - row_first, >= n_periods, WIDTH) float64, overwritten
    """
    fill_rows(
        sources, row_first, row_last, first_period, n_periods, first_run, n_runs, memory, out,
        np.empty((STRETCH, WIDTH), np.uint64), np.empty((STRETCH, WIDTH), np.uint64),
        np.empty((1, STRETCH, WIDTH)), np.empty(WIDTH), np.empty(WIDTH, np.uint64),
    )  # fmt: skip


@jit_step
def fill_rows(
    sources: Sources,
    row_first: int,
    row_last: int,
    first_period: int,
    n_periods: int,
    first_run: int,
    n_runs: int,
    memory: Floats,
    out: Floats,
    u: Words,
    strata: Words,
    z: Floats,
    w: Floats,
    cell: Words,
) -> None:
    """Do what :func:`fill` does, with scratch of the caller.

    u, strata (STRETCH, WIDTH), z (1, STRETCH, WIDTH), w, cell (WIDTH,): overwritten.
    """
    kinds, bits = sources.tables.kind, sources.tables.bits
    first_line, first_cell = sources.tables.first_line, sources.tables.first_cell
    lines, cells = sources.tables.lines, sources.tables.cells
    keys, multiples, normal = sources.keys, sources.multiples, sources.normal
    table, location, scale = sources.table, sources.location, sources.scale
    together, last_period = sources.together[0], first_period + n_periods
    _scores(
        sources, row_first, row_last, first_period, n_periods, first_run, n_runs, out,
        u, strata, z, w, cell,
    )  # fmt: skip
    for row in range(row_first, row_last):
        i, kind, joint = row - row_first, sources.kind[row], sources.joint[row]
        if kind == GIVEN:
            for step in range(n_periods):
                at = sources.given_ptr[row] + first_period + step
                value = sources.given[at] if at < sources.given_ptr[row + 1] else 0.0
                for r in range(n_runs):
                    out[i, step, r] = value
            continue
        begin = sources.law_ptr[row]
        cycle = sources.law_ptr[row + 1] - begin
        start = first_period
        while start < last_period:
            # as far as the words reach; with a law for each period, or through scores, one by one
            first_word = start - start % STRETCH
            stop = min(first_word + STRETCH, last_period)
            if joint == 0:
                n_groups = (stop + 3 - first_word) >> 2
                words(
                    keys, row, first_run, first_word >> 2, n_groups, together, multiples, strata,
                    n_runs, u,
                )  # fmt: skip
            if kind == UP_DOWN:
                _change(
                    sources.failure_rate[row], sources.recovery_rate[row], u, start, stop, n_runs,
                    memory, row, out, i, start - first_period,
                )  # fmt: skip
                start = stop
            while start < stop:
                step, j = start - first_period, start - first_word
                n_steps = stop - start if cycle == 1 and joint == 0 else 1
                law = begin + start % cycle if cycle > 1 else begin
                t, shift, stretch = table[law], location[law], scale[law]
                start += n_steps
                if joint == 1:
                    if t == 0:  # normal as it is, without a detour through probabilities
                        for r in range(n_runs):
                            out[i, step, r] = shift + stretch * out[i, step, r]
                        continue
                    normal_words(normal, out, i, step, n_runs, u)
                    j = 0
                look_up(
                    kinds[t], bits[t], first_line[t], first_cell[t], lines, cells, shift, stretch,
                    u, j, n_steps, n_runs, w, cell, out, i, step,
                )  # fmt: skip


@jit_step
def _scores(
    sources: Sources,
    row_first: int,
    row_last: int,
    first_period: int,
    n_periods: int,
    first_run: int,
    n_runs: int,
    out: Floats,
    u: Words,
    strata: Words,
    z: Floats,
    w: Floats,
    cell: Words,
) -> None:
    """Write the scores of joint rows into ``out``, as :func:`fill` takes it.

    Each independent score is drawn once for all rows that use it, and added in the order of the
    scores, so that the bits do not depend on which rows are asked for.
    """
    some = False
    for row in range(row_first, row_last):
        if sources.joint[row] == 1:
            some = True
            for step in range(n_periods):
                for r in range(n_runs):
                    out[row - row_first, step, r] = 0.0
    if not some:
        return
    lines, cells, bits = sources.tables.lines, sources.tables.cells, sources.tables.bits[0]
    keys, multiples = sources.score_keys, sources.multiples
    score_row, score_weight = sources.score_row, sources.score_weight
    line = sources.tables.first_line[0]
    together, last_period = sources.together[0], first_period + n_periods
    for score in range(sources.score_ptr.shape[0] - 1):
        begin, end = sources.score_ptr[score], sources.score_ptr[score + 1]
        while begin < end and score_row[begin] < row_first:
            begin += 1
        while begin < end and score_row[end - 1] >= row_last:
            end -= 1
        if begin == end:
            continue
        start = first_period
        while start < last_period:
            first_word = start - start % STRETCH
            stop = min(first_word + STRETCH, last_period)
            n_groups = (stop + 3 - first_word) >> 2
            words(
                keys, score, first_run, first_word >> 2, n_groups, together, multiples, strata,
                n_runs, u,
            )  # fmt: skip
            look_up(
                LINES, bits, line, 0, lines, cells, 0.0, 1.0, u, start - first_word, stop - start,
                n_runs, w, cell, z, 0, 0,
            )  # fmt: skip
            for use in range(begin, end):
                i, weight = score_row[use] - row_first, score_weight[use]
                for k in range(stop - start):
                    step = start - first_period + k
                    for r in range(n_runs):
                        out[i, step, r] += weight * z[0, k, r]
            start = stop


@jit_rows_step
def _change(
    failure_rate: float,
    recovery_rate: float,
    u: Words,
    start: int,
    stop: int,
    n: int,
    memory: Floats,
    row: int,
    out: Floats,
    i: int,
    first_step: int,
) -> None:
    """States of the periods from ``start`` on, each from that of the period before; up in period 0.

    u (STRETCH, >= n) words around ``start``; memory (> row, >= n) 1.0 down and 0.0 up, that row
    updated; out (> i, >= first_step + stop - start, >= n) overwritten in that row.
    """
    fails, recovers = failure_rate * 4294967296.0, recovery_rate * 4294967296.0
    for period in range(start, stop):
        j, step = period % STRETCH, first_step + period - start
        for r in range(n):
            x = np.float64(np.int64(u[j, r])) + 0.5
            was = memory[row, r] if period > 0 else 0.0
            now = (0.0 if x < recovers else 1.0) if was > 0.5 else (1.0 if x < fails else 0.0)
            now = now if period > 0 else 0.0
            memory[row, r] = now
            out[i, step, r] = now
