"""Orders of one component under base stock, in single precision, up the network.

Of the quantities that may be ordered, if not of any.
"""

from __future__ import annotations

import math

import numpy as np

from echelon.kernels import single_rows as rows_of
from echelon.kernels import single_sum_rows as summed
from echelon.kernels._jit import jit_part, jit_step
from echelon.kernels.flow_arrays import Structure, Sums
from echelon.kernels.flow_rows import STEPS
from echelon.kernels.single_rows import FOUR, ONE
from echelon.kernels.single_sums import begin_as_asked, copy_sums, due_apart
from echelon.kernels.single_work import LEAD, SingleWork, any_rounded, tolerance_of


@jit_step
def single_orders_up(
    f: Structure,
    c: int,
    w: SingleWork,
    sums: Sums,
    block: int,
    period: int,
    steps: int,
    n: int,
) -> None:
    """Order at every stage, downstream first, and count; all periods are counted or none is."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    first_asker, stages = f.asker_ptr[first], last - first
    counts = period >= f.warmup[c]
    # while rows are at hand; but tallies of orders may yet begin with those of what is asked for
    at_once = counts and w.begun[0] == 1 and w.copied[0] == 0
    each = LEAD + block
    totals = LEAD + (f.row_ptr[c + 1] - f.row_ptr[c]) * each
    orders, wishes = totals + stages * each, totals + 2 * stages * each
    own = totals + 3 * stages * each
    for j in range(last - 1, first - 1, -1):
        i, q0, q1 = j - first, f.asker_ptr[j], f.asker_ptr[j + 1]
        returns = False
        for q in range(q0, q1):
            a, k = q - first_asker, f.asker_lane[q]
            w.asks_row[a] = own + a * each
            if k < 0:
                row = LEAD + (f.asker_row[q] - f.row_ptr[c]) * each
                w.asks_row[a] = row
                if w.sure[i] == 0:
                    returns = rows_of.any_negative(n, steps, w.row_bits, row) or returns
            elif f.units[k] == 1.0:
                w.asks_row[a] = w.order_row[f.receiver[k] - first]
            else:
                units, ordered = np.float32(f.units[k]), w.order_row[f.receiver[k] - first]
                for s in range(steps):
                    rows_of.times(n, w.rows, w.asks_row[a] + s, units, w.rows, ordered + s)
        w.returns[i] = returns
        a0 = q0 - first_asker
        if q1 - q0 == 1:
            w.total_row[i] = w.asks_row[a0]
        else:
            w.total_row[i] = totals + i * each
            _add_up(w, a0, q1 - q0, w.total_row[i], steps, n)
        w.asked_row[i] = w.total_row[i]
        if returns:  # what comes back is nobody's request
            w.asked_row[i] = wishes + i * each
            for q in range(q0, q1):
                a = q - first_asker
                if f.asker_lane[q] < 0:
                    row = own + a * each
                    for s in range(steps):
                        rows_of.not_negative(n, w.rows, row + s, w.rows, w.asks_row[a] + s)
                    w.asks_row[a] = row
            _add_up(w, a0, q1 - q0, w.asked_row[i], steps, n)
        if w.shifted[i] == 1:
            w.order_row[i] = w.total_row[i] - 1
            if period == 0:
                rows_of.blank(n, w.rows, w.order_row[i])
            if at_once:
                _count_at(f, j, w, i, stages, first_asker, steps, n)
            continue
        w.order_row[i] = w.total_row[i]
        rounded = any_rounded(w, j)
        if f.review[j] != 0 or returns or rounded or rows_of.any_gap(n, w.gap_bits, i):
            if counts and w.copied[0] == 1:
                _tally_orders_apart(f, c, w, sums, n)
            w.order_row[i] = orders + i * each
            if f.review[j] == 1 and not rounded:
                _order_every_period(w, i, steps, n)
            else:
                for s in range(steps):
                    _order(f, j, i, w, rounded, period + s, s, n)
        if at_once:
            _count_at(f, j, w, i, stages, first_asker, steps, n)
    if counts:
        if w.begun[0] == 0:
            _begin_tallies(f, c, w, n)
        if not at_once:
            for j in range(first, last):
                _count_at(f, j, w, j - first, stages, first_asker, steps, n)
        w.counted[0] += steps
        w.marked[0] += steps


@jit_step
def keep_last_requests(f: Structure, c: int, w: SingleWork, steps: int, n: int) -> None:
    """Put before the rows of the next block what is ordered at its start; after each block."""
    if w.shifts[0] == 0:
        return
    for i in range(f.stage_ptr[c + 1] - f.stage_ptr[c]):  # upstream first: orders are read below
        if w.shifted[i] == 1:
            rows_of.move(n, w.rows, w.order_row[i], w.rows, w.total_row[i] + steps - 1)


@jit_part
def _tally_orders_apart(f: Structure, c: int, w: SingleWork, sums: Sums, n: int) -> None:
    """Begin the tallies of orders, and their sums, with those of what stages were asked for."""
    if w.begun[0] == 1:
        begin_as_asked(f, c, w, True, n)
    if w.flushed[0] == 1 and w.apart[0] == 0:
        copy_sums(f, c, w, sums, n)
    w.copied[0], w.apart[0] = 0, 1


@jit_part
def _add_up(w: SingleWork, a: int, askers: int, to: int, steps: int, n: int) -> None:
    """Sum the requests of ``askers`` askers from ``a`` on."""
    if askers == 2:
        rows_of.join_two(n, w.rows, to, w.rows, w.asks_row[a], w.asks_row[a + 1], steps)
        return
    begin = 0
    if askers >= 3:
        rows_of.join_three(
            n, w.rows, to, w.rows, w.asks_row[a], w.asks_row[a + 1], w.asks_row[a + 2], steps
        )
        begin = 3
    else:
        for s in range(steps):
            rows_of.blank(n, w.rows, to + s)
    for q in range(a + begin, a + askers):
        for s in range(steps):
            rows_of.join(n, w.rows, to + s, w.rows, w.asks_row[q] + s)


@jit_part
def _order_every_period(w: SingleWork, i: int, steps: int, n: int) -> None:
    """What :func:`_order` does under a review in each period, several periods at once."""
    order, total, whole = w.order_row[i], w.total_row[i], steps // STEPS * STEPS
    for s in range(0, whole, STEPS):
        rows_of.order_every(n, FOUR, w.gap, i, w.rows, order + s, w.rows, total + s)
    for s in range(whole, steps):
        rows_of.order_every(n, ONE, w.gap, i, w.rows, order + s, w.rows, total + s)


@jit_part
def _order(
    f: Structure, j: int, i: int, w: SingleWork, rounded: bool, period: int, step: int, n: int
) -> None:
    """Clauses 2 and 5: before the period's requests at a review, after them if continuous."""
    row, total, review = w.order_row[i] + step, w.total_row[i] + step, f.review[j]
    if review == 0:
        rows_of.join(n, w.gap, i, w.rows, total)
    if review > 0 and (period - f.phase[j]) % review != 0:
        rows_of.blank(n, w.rows, row)
    elif rounded:
        _order_rounded(f, j, i, w, row, n)
    else:
        rows_of.order_gap(n, w.gap, i, w.rows, row)
    if review > 0:
        rows_of.join(n, w.gap, i, w.rows, total)


@jit_part
def _order_rounded(f: Structure, j: int, i: int, w: SingleWork, row: int, n: int) -> None:
    """Whole multiples, no less and no more than may be ordered; what counts as rounding is none."""
    multiple = w.times.order_multiple[j]
    least, most = w.times.minimum_order[j], w.times.maximum_order[j]
    tolerance = np.float64(tolerance_of(f, w.times, j))
    if multiple > 0.0:
        least = math.ceil((least - tolerance) / multiple) * multiple
        if most < np.inf:
            most = math.floor((most + tolerance) / multiple) * multiple
    rows_of.order_rounded(
        n, w.gap, i, w.rows, row, np.float32(multiple), np.float32(least), np.float32(most),
        np.float32(tolerance),
    )  # fmt: skip


@jit_step
def _begin_tallies(f: Structure, c: int, w: SingleWork, n: int) -> None:
    """Give each tally a number that occurs to count from."""
    for i in range(f.stage_ptr[c + 1] - f.stage_ptr[c]):
        rows_of.move(n, w.pivot, i, w.rows, w.asked_row[i])
        if w.shifted[i] == 1:
            rows_of.move(n, w.first_order, i, w.rows, w.order_row[i])
    begin_as_asked(f, c, w, False, n)
    w.begun[0] = 1


@jit_part
def _count_at(
    f: Structure, j: int, w: SingleWork, i: int, stages: int, first_asker: int, steps: int, n: int
) -> None:
    """Tally what a stage is asked for and what it orders, where nobody else does."""
    least = tolerance_of(f, w.times, j)
    if w.asked_apart[i] == 1:
        _tally(w, w.asked_row[i], steps, i, least, n)
    if w.copied[0] == 0 and w.shifted[i] == 0:
        _tally(w, w.order_row[i], steps, stages + i, least, n)
    if f.serve_delay[j] > 0:
        return
    for q in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
        if due_apart(f, j, q):
            a = q - first_asker
            for s in range(steps):
                rows_of.join(n, w.due, a, w.rows, w.asks_row[a] + s)


@jit_part
def _tally(w: SingleWork, row: int, steps: int, i: int, least: np.float32, n: int) -> None:
    whole = steps // STEPS * STEPS
    for s in range(0, whole, STEPS):
        summed.tally(n, FOUR, least, w.rows, row + s, w.pivot, w.total, w.squared, w.counts, i)
    for s in range(whole, steps):
        summed.tally(n, ONE, least, w.rows, row + s, w.pivot, w.total, w.squared, w.counts, i)
