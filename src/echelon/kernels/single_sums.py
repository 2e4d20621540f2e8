"""Sums of one component in single precision: of a few periods, and what they add up to."""

from __future__ import annotations

from echelon.kernels import single_rows as rows_of
from echelon.kernels import single_sum_rows as summed
from echelon.kernels._jit import Floats, jit_part, jit_step
from echelon.kernels.flow_arrays import Structure, Sums
from echelon.kernels.flow_rows import copy, zero
from echelon.kernels.plain_flow_work import joins
from echelon.kernels.single_work import GROUP, SUMMED, SingleWork, asks_as_ordered, tolerance_of


@jit_part
def clear_totals(
    f: Structure, c: int, w: SingleWork, sums: Sums, in_release: Floats, n: int
) -> None:
    """Begin the sums of all periods that flushes leave alone; others begin with the first."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    for j in range(first, last):
        if w.times.release_delay[j] > 0:
            zero(n, in_release, j)
        zero(n, sums.in_process, j)
        zero(n, sums.whole_cycles, j)
        zero(n, sums.ready, j)
        zero(n, sums.shortages, j)
        for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
            zero(n, sums.component, k)


@jit_part
def clear_sums(f: Structure, c: int, w: SingleWork, n: int) -> None:
    """Begin all sums since the last flush anew."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    for i in range(last - first):
        rows_of.blank(n, w.in_process, i)
        rows_of.blank(n, w.in_release, i)
    for i in range(2 * (last - first)):
        rows_of.blank(n, w.total, i)
        rows_of.blank(n, w.squared, i)
        rows_of.blank(n, w.counts, i)
    for a in range(f.asker_ptr[last] - f.asker_ptr[first]):
        rows_of.blank(n, w.due, a)
    for x in range(f.lane_ptr[last] - f.lane_ptr[first]):
        rows_of.blank(n, w.in_transit, x)
    forget_states(f, c, w, n)
    w.counted[0], w.marked[0] = 0, 0


@jit_part
def begin_counting(f: Structure, c: int, w: SingleWork, n: int) -> None:
    """Begin the sums anew that were made before the first counted period, and keep what is late."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    forget_states(f, c, w, n)
    for j in range(first, last):
        mark_short(f, j, j - first, w, f.warmup[c], n)
        for q in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
            a = q - f.asker_ptr[first]
            bring_up(f, j, j - first, w, a, n)
            rows_of.move(n, w.late_at_first, a, w.late, a)


@jit_part
def bring_up(f: Structure, j: int, i: int, w: SingleWork, a: int, n: int) -> None:
    """Set what an asker waits for, which for a single one is kept in the net stock alone."""
    if f.asker_ptr[j + 1] - f.asker_ptr[j] == 1:
        rows_of.not_negative(n, w.late, a, w.short, i)


@jit_part
def forget_states(f: Structure, c: int, w: SingleWork, n: int) -> None:
    """Begin the sums anew that are also made of periods before the first counted one."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    for i in range(last - first):
        rows_of.blank(n, w.held, i)
        rows_of.no_bits(n, w.bits, i)
    for a in range(f.asker_ptr[last] - f.asker_ptr[first]):
        rows_of.blank(n, w.owed, a)
        rows_of.blank(n, w.missed, a)
    for x in range(f.lane_ptr[last] - f.lane_ptr[first]):
        rows_of.blank(n, w.waits, x)


@jit_part
def begin_as_asked(f: Structure, c: int, w: SingleWork, tallies: bool, n: int) -> None:
    """Give orders the pivot, and perhaps the tallies, of what their stage is asked for.

    Bits then depend neither on when stages began to order something else nor on whether they did.
    """
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    stages = last - first
    for j in range(last - 1, first - 1, -1):
        i, q0 = j - first, f.asker_ptr[j]
        passes_on = w.asked_apart[i] == 0 and f.asker_ptr[j + 1] > q0
        of = stages + f.receiver[f.asker_lane[q0]] - first if passes_on else i
        rows_of.move(n, w.pivot, stages + i, w.pivot, of)
        if tallies:
            rows_of.move(n, w.total, stages + i, w.total, of)
            rows_of.move(n, w.squared, stages + i, w.squared, of)
            rows_of.move(n, w.counts, stages + i, w.counts, of)


@jit_step
def flush_at(
    f: Structure, c: int, w: SingleWork, sums: Sums, in_release: Floats, period: int, n: int
) -> None:
    """Add to the sums of all periods where a group, or several of them, end before ``period``."""
    if period % GROUP == 0 and period > f.warmup[c]:
        _flush_group(f, c, w, sums, period, n)
        if period % SUMMED == 0:
            _flush_sums(f, c, w, sums, in_release, n)


@jit_part
def _flush_group(f: Structure, c: int, w: SingleWork, sums: Sums, period: int, n: int) -> None:
    """Count the periods of a group, which ends before ``period``, by how they ended."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    periods = float(w.marked[0])
    if w.marked[0] == 0:
        return
    for j in range(first, last):
        i = j - first
        if f.review[j] >= 2:
            _carry_cycle(f, j, i, w, period, n)
        summed.flush_bits(n, periods, w.bits, w.before, i, sums.ready, sums.shortages, j)
        mark_short(f, j, i, w, period, n)
    w.marked[0] = 0


@jit_part
def _carry_cycle(f: Structure, j: int, i: int, w: SingleWork, period: int, n: int) -> None:
    """Keep how the periods of a running cycle ended, at the end of a group before ``period``."""
    so_far = (period - f.phase[j] - f.nominal_delay[j]) % f.review[j]
    mask = (1 << GROUP) - (1 << max(GROUP - so_far, 0))
    summed.carry_cycle(n, so_far <= GROUP, mask, w.bits, w.carried, i)


@jit_part
def _flush_sums(
    f: Structure, c: int, w: SingleWork, sums: Sums, in_release: Floats, n: int
) -> None:
    """Add the sums of the periods since the last flush to those of all."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    first_lane, first_asker = f.lane_ptr[first], f.asker_ptr[first]
    periods, anew = float(w.counted[0]), w.flushed[0] == 0
    if w.apart[0] == 1 and w.copied[0] == 1:
        begin_as_asked(f, c, w, True, n)
    for j in range(first, last):
        i = j - first
        summed.flush(n, anew, sums.on_hand, j, 1.0, w.held, i)
        if f.make_delay[j] > 0 or w.times.make_row[j] >= 0:
            summed.flush(n, False, sums.in_process, j, 1.0, w.in_process, i)
        if w.times.release_delay[j] > 0:
            summed.flush(n, False, in_release, j, 1.0, w.in_release, i)
        if w.asked_apart[i] == 1:
            summed.flush_tally(
                n, anew, periods, w.pivot, w.total, w.squared, w.counts, i,
                sums.asked, sums.asked_squared, j, w.asked_count, i,
            )  # fmt: skip
        if w.shifted[i] == 1:
            rows_of.move(n, w.last_order, i, w.rows, w.order_row[i])
        elif w.apart[0] == 1:
            summed.flush_tally(
                n, anew, periods, w.pivot, w.total, w.squared, w.counts, last - first + i,
                sums.ordered, sums.ordered_squared, j, sums.orders, j,
            )  # fmt: skip
        for q in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
            a = q - first_asker
            summed.flush(n, anew, sums.late, q, 1.0, w.owed, a)
            summed.flush(n, anew, w.missed_in_all, a, 1.0, w.missed, a)
            if due_apart(f, j, q):
                summed.flush(n, anew, sums.due, q, 1.0, w.due, a)
        for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
            x = k - first_lane
            if w.times.lane_row[k] >= 0:
                summed.flush(n, False, w.in_transit_else, x, 1.0, w.in_transit, x)
            if joins(f, w.times, j):
                summed.flush(n, False, sums.component, k, f.units[k], w.waits, x)
    w.counted[0], w.flushed[0] = 0, 1
    if w.shifts[0] == 0:
        w.copied[0] = 1


@jit_part
def mark_short(f: Structure, j: int, i: int, w: SingleWork, period: int, n: int) -> None:
    """Keep for the count of shortages whether the period before ``period`` ended short."""
    tolerance = tolerance_of(f, w.times, j)
    summed.mark_short(n, tolerance, 1 << period % GROUP, w.short, w.before, i)


@jit_part
def due_apart(f: Structure, j: int, q: int) -> bool:
    """Whether what falls due to an asker has a sum of its own: it is no order, and no total."""
    several = f.asker_ptr[j + 1] - f.asker_ptr[j] > 1
    return bool(f.serve_delay[j] > 0 or (several and not asks_as_ordered(f, q)))


@jit_part
def copy_sums(f: Structure, c: int, w: SingleWork, sums: Sums, n: int) -> None:
    """Give each stage that passes orders on the sums of the stage whose orders they are."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    for j in range(last - 1, first - 1, -1):
        i, q0 = j - first, f.asker_ptr[j]
        if w.asked_apart[i] == 0 and f.asker_ptr[j + 1] > q0:
            to = f.receiver[f.asker_lane[q0]]
            copy(n, sums.asked, j, sums.ordered, to)
            copy(n, sums.asked_squared, j, sums.ordered_squared, to)
            copy(n, w.asked_count, i, sums.orders, to)
        if w.shifted[i] == 1:
            summed.shift(
                n, tolerance_of(f, w.times, j), sums.asked, sums.asked_squared, w.asked_count, i,
                w.first_order, w.last_order, sums.ordered, sums.ordered_squared, sums.orders, j,
            )  # fmt: skip
        elif w.apart[0] == 0:
            copy(n, sums.ordered, j, sums.asked, j)
            copy(n, sums.ordered_squared, j, sums.asked_squared, j)
            copy(n, sums.orders, j, w.asked_count, i)


@jit_step
def finish_single(
    f: Structure, c: int, w: SingleWork, sums: Sums, in_release: Floats, period: int, n: int
) -> None:
    """Bring the sums of all periods up to date; after the last block."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    first_lane, first_asker = f.lane_ptr[first], f.asker_ptr[first]
    _flush_group(f, c, w, sums, period, n)
    _flush_sums(f, c, w, sums, in_release, n)
    copy_sums(f, c, w, sums, n)
    for j in range(first, last):
        q0, q1 = f.asker_ptr[j], f.asker_ptr[j + 1]
        for q in range(q0, q1):
            a, k = q - first_asker, f.asker_lane[q]
            if f.serve_delay[j] > 0:
                pass  # counted where it fell due
            elif q1 - q0 == 1:
                copy(n, sums.due, q, sums.asked, j)
            elif asks_as_ordered(f, q):
                copy(n, sums.due, q, sums.ordered, f.receiver[k])
            summed.less(n, sums.on_time, q, sums.due, q, w.missed_in_all, a)
            if k < 0:
                continue
            x = k - first_lane
            copy(n, sums.in_transit, k, w.in_transit_else, x)
            summed.add_narrow(n, sums.in_transit, k, w.in_transit, x)
            if f.lane_delay[k] > 0 and w.times.lane_row[k] < 0:
                bring_up(f, j, j - first, w, a, n)
                summed.count_shipped(
                    n, sums.in_transit, k, float(f.lane_delay[k]), sums.due, q,
                    w.late_at_first, w.late, a,
                )  # fmt: skip
