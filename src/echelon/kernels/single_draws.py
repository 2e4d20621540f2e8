"""Draws into blocks in single precision: the words of :mod:`~echelon.kernels.draws`, narrower.

The word of a draw, its cell and so every whole number are those of double precision; a number that
is none differs by rounding. Eight lanes of a vector in place of four, and tables of half the size.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.kernels._jit import by_reference, jit, jit_rows_step, jit_step
from echelon.kernels.draws import (
    ATOMS,
    CONSTANT,
    FEW,
    GIVEN,
    LATTICE,
    LINES,
    SEARCHED,
    STRETCH,
    Sources,
)
from echelon.kernels.flow_arrays import WIDTH
from echelon.kernels.philox import Words, words
from echelon.kernels.single_rows import Singles

ShortWords: TypeAlias = NDArray[np.uint32]


@by_reference
class ShortTables(NamedTuple):
    """The arrays of :class:`~echelon.kernels.draws.Tables` in words of 32 bits.

    Attributes
    ----------
    lines : (n_lines,) float32
    pairs : (n_lines / 2,) uint64
        The same memory, by twos: one look-up in place of two.
    cells : (n_cells,) uint64
    floors : (n_rows,) float32
        Least that a row of the shard can be.
    """

    lines: Singles
    pairs: Words
    cells: Words
    floors: Singles


def short_tables(sources: Sources) -> ShortTables:
    """Make them; every table begins at an even line."""
    lines = np.zeros((len(sources.tables.lines) + 1) // 2 * 2, dtype=np.float32)
    lines[: len(sources.tables.lines)] = sources.tables.lines
    floors = np.empty(len(sources.kind), dtype=np.float32)
    tables = ShortTables(lines, lines.view(np.uint64), sources.tables.cells, floors)
    _find_floors(
        sources, tables, np.zeros((1, WIDTH), np.uint32), np.empty((1, WIDTH), np.float32),
        np.empty(WIDTH, np.float32), np.empty(WIDTH, np.uint32), floors,
    )  # fmt: skip
    return tables


@jit
def _find_floors(
    sources: Sources,
    tables: ShortTables,
    least: ShortWords,
    value: Singles,
    w: Singles,
    cell: ShortWords,
    floors: Singles,
) -> None:
    """Value of every row at the least word, as tables are monotone; ``least`` has nothing else."""
    kinds, bits = sources.tables.kind, sources.tables.bits
    first_line, first_cell = sources.tables.first_line, sources.tables.first_cell
    for row in range(floors.size):
        floors[row] = np.float32(0.0 if sources.kind[row] == GIVEN else np.inf)
        for at in range(sources.given_ptr[row], sources.given_ptr[row + 1]):
            floors[row] = min(floors[row], np.float32(sources.given[at]))
        for law in range(sources.law_ptr[row], sources.law_ptr[row + 1]):
            t = sources.table[law]
            look_up_short(
                kinds[t], bits[t], first_line[t], first_cell[t], tables.lines, tables.pairs,
                tables.cells, np.float32(sources.location[law]), np.float32(sources.scale[law]),
                least, 0, 1, 1, w, cell, value, 0,
            )  # fmt: skip
            lowest = value[0, 0] if sources.scale[law] >= 0.0 else np.float32(-np.inf)
            floors[row] = min(floors[row], lowest)


@jit_rows_step
def look_up_short(
    kind: int,
    bits: int,
    first_line: int,
    first_cell: int,
    lines: Singles,
    pairs: Words,
    cells: Words,
    location: np.float32,
    scale: np.float32,
    u: ShortWords,
    first: int,
    n_steps: int,
    n: int,
    w: Singles,
    cell: ShortWords,
    out: Singles,
    row: int,
) -> None:
    """Value at each word of a table, as :func:`~echelon.kernels.draws.look_up` does it.

    out overwritten in ``n_steps`` rows from ``row`` on.
    """
    # all that is no sum of 64 bits is kept in 32, and so is an index: twice the lanes of a vector
    shift, half, high = np.uint32((23 - bits) & 31), np.uint32(32 << bits), np.uint64(32)
    first_place = (first_line >> 1 if kind == LINES else first_cell) - (127 << bits)
    begin, positive = np.int32(first_place), np.uint32(0x7FFFFFFF)
    cuts = first_cell + (64 << bits)
    for k in range(n_steps):
        j, to = first + k, row + k
        if kind == CONSTANT:
            for r in range(n):
                out[to, r] = location
            continue
        if kind == FEW:
            least, more = cells[first_cell], cells[first_cell + min(1, bits - 1)]
            value = location + scale * lines[first_line]
            middle = location + scale * lines[first_line + 1]
            above = location + scale * lines[first_line + min(2, bits)]
            for r in range(n):
                x = u[j, r]
                below = middle if x >= least else value
                out[to, r] = above if x >= more else below
            for cut in range(2, bits):
                least = cells[first_cell + cut]
                value = location + scale * lines[first_line + cut + 1]
                for r in range(n):
                    out[to, r] = value if u[j, r] >= least else out[to, r]
            continue
        for r in range(n):
            x = u[j, r]
            upper = np.uint32(np.int32(x) >> np.int32(31))  # all bits or none
            v = np.uint32((x ^ upper) * np.uint32(2)) | np.uint32(1)
            f = np.float32(np.uint32(v & ~np.uint32(v >> np.uint32(24))))  # never rounded up
            w[r] = f
            place = np.int32(np.right_shift(f.view(np.uint32), shift)) + begin
            cell[r] = np.uint32(np.uint32(place) + np.uint32(upper & half))
        if kind == LINES:
            for r in range(n):
                line = pairs[np.uint64(cell[r] & positive)]
                height, slope = np.uint32(line).view(np.float32), np.uint32(line >> high)
                out[to, r] = location + scale * (height + slope.view(np.float32) * w[r])
        elif kind == LATTICE:
            for r in range(n):
                base = cells[np.uint64(cell[r] & positive)]
                count = np.int32((base + np.uint64(u[j, r])) >> high)
                out[to, r] = location + scale * np.float32(count)
        elif kind == ATOMS:
            for r in range(n):
                base = cells[np.uint64(cell[r] & positive)]
                count = np.int32((base + np.uint64(u[j, r])) >> high)
                out[to, r] = location + scale * lines[first_line + count]
        else:
            for r in range(n):
                packed = cells[np.uint64(cell[r] & positive)]
                below, above = np.int64(packed >> high), np.int64(np.uint32(packed))
                while below < above:  # cuts before `below` do not exceed the word
                    middle_cut = (below + above) >> 1
                    if cells[cuts + middle_cut] <= np.uint64(u[j, r]):
                        below = middle_cut + 1
                    else:
                        above = middle_cut
                if kind == SEARCHED:
                    out[to, r] = location + scale * lines[first_line + below]
                else:
                    i = first_line + 2 * below
                    out[to, r] = location + scale * (lines[i] + lines[i + 1] * w[r])


@jit
def fill_single(
    sources: Sources,
    tables: ShortTables,
    row_first: int,
    row_last: int,
    block: int,
    first_period: int,
    n_periods: int,
    first_run: int,
    n_runs: int,
    out: Singles,
) -> None:
    """Write a stretch of periods of rows that are drawn by themselves, or given.

    ``n_periods <= block``; out (>= (row_last - row_first) * block, WIDTH) overwritten, ``block``
    rows for each drawn row. Otherwise as :func:`~echelon.kernels.draws.fill`.
    """
    fill_single_rows(
        sources, tables, row_first, row_last, 0, block, first_period, n_periods, first_run, n_runs,
        out, np.empty((STRETCH, WIDTH), np.uint32), np.empty((STRETCH, WIDTH), np.uint64),
        np.empty(WIDTH, np.float32), np.empty(WIDTH, np.uint32),
    )  # fmt: skip


@jit_step
def fill_single_rows(
    sources: Sources,
    tables: ShortTables,
    row_first: int,
    row_last: int,
    begin: int,
    each: int,
    first_period: int,
    n_periods: int,
    first_run: int,
    n_runs: int,
    out: Singles,
    u: ShortWords,
    strata: Words,
    w: Singles,
    cell: ShortWords,
) -> None:
    """Do what :func:`fill_single` does, with scratch of the caller.

    out: ``each`` rows for each drawn row, from row ``begin`` on; n_periods of them overwritten.
    u, strata (STRETCH, WIDTH), w, cell (WIDTH,): overwritten.
    """
    kinds, bits = sources.tables.kind, sources.tables.bits
    first_line, first_cell = sources.tables.first_line, sources.tables.first_cell
    lines, pairs, cells = tables.lines, tables.pairs, tables.cells
    keys, multiples = sources.keys, sources.multiples
    table, location, scale = sources.table, sources.location, sources.scale
    together, last_period = sources.together[0], first_period + n_periods
    for row in range(row_first, row_last):
        to = begin + (row - row_first) * each
        if sources.kind[row] == GIVEN:
            for step in range(n_periods):
                at = sources.given_ptr[row] + first_period + step
                value = sources.given[at] if at < sources.given_ptr[row + 1] else 0.0
                for r in range(n_runs):
                    out[to + step, r] = np.float32(value)
            continue
        first_law = sources.law_ptr[row]
        cycle = sources.law_ptr[row + 1] - first_law
        start = first_period
        while start < last_period:
            first_word = start - start % 4  # four words come together
            stop = min(first_word + STRETCH, last_period)
            n_groups = (stop + 3 - first_word) >> 2
            words(
                keys, row, first_run, first_word >> 2, n_groups, together, multiples, strata,
                n_runs, u,
            )  # fmt: skip
            while start < stop:
                step, j = start - first_period, start - first_word
                n_steps = stop - start if cycle == 1 else 1
                law = first_law + start % cycle if cycle > 1 else first_law
                t = table[law]
                look_up_short(
                    kinds[t], bits[t], first_line[t], first_cell[t], lines, pairs, cells,
                    np.float32(location[law]), np.float32(scale[law]),
                    u, j, n_steps, n_runs, w, cell, out, to + step,
                )  # fmt: skip
                start += n_steps
