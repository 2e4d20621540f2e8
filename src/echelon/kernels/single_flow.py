"""Material of one component in single precision, where goods do not decide what is ordered.

The same clauses as :mod:`~echelon.kernels.plain_flow`, for components of which every stage serves
in proportion; besides, goods may be held for quality for a fixed time, and a capacity may keep them
from starting. Each stage is a net stock, and several askers share what stays late: what is late in
total does not depend on who gets the goods. A net stock that ought to be nothing, where goods come
as they fall due, is made so: what rounding leaves of it would count as a shortage.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels import single_rows as rows_of
from echelon.kernels import single_serve_rows as serving
from echelon.kernels import single_sum_rows as summed
from echelon.kernels._jit import Integers, jit_part, jit_step
from echelon.kernels.flow_arrays import Structure, Sums
from echelon.kernels.flow_rows import STEPS
from echelon.kernels.plain_flow_lines import counted
from echelon.kernels.plain_flow_work import ARRIVING, MADE, SHIPPED, joins, row_at
from echelon.kernels.shelf_queues import ShelfWatch
from echelon.kernels.single_rows import FOUR, ONE, UNIT, Span
from echelon.kernels.single_times import empty_rings, make_drawn, send_on
from echelon.kernels.single_watch import watch_span
from echelon.kernels.single_work import GROUP, SingleWork, tolerance_of


@jit_step
def single_goods_down(
    f: Structure,
    c: int,
    w: SingleWork,
    sums: Sums,
    watch: ShelfWatch,
    first_period: int,
    steps: int,
    n: int,
) -> None:
    """Receive, serve and count ``steps`` periods of a component, stage by stage downstream.

    Sums before the first counted period are made as well, and forgotten by the caller.
    """
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    first_lane, first_asker = f.lane_ptr[first], f.asker_ptr[first]
    for j in range(first, last):
        i = j - first
        if f.outside_delay[j] >= 0:
            for s in range(steps):
                to = row_at(w.outside_ring, i, first_period + s)
                rows_of.move(n, w.line, to, w.rows, w.order_row[i] + s)
        step = 0
        while step < steps:
            period = first_period + step
            if period % STEPS == 0 and step + STEPS <= steps:
                made = _receive(f, c, j, i, w, first_lane, FOUR, period, step, n)
                _serve(f, c, j, i, w, first_lane, first_asker, made, FOUR, period, step, n)
                if watch.family[j] >= 0:
                    watch_span(f, c, j, i, w, watch, made, FOUR, period, step, n)
                if f.review[j] >= 2:
                    _count_cycles(f, c, j, i, w, sums, FOUR, period, n)
                step += STEPS
            else:
                made = _receive(f, c, j, i, w, first_lane, ONE, period, step, n)
                _serve(f, c, j, i, w, first_lane, first_asker, made, ONE, period, step, n)
                if watch.family[j] >= 0:
                    watch_span(f, c, j, i, w, watch, made, ONE, period, step, n)
                if f.review[j] >= 2:
                    _count_cycles(f, c, j, i, w, sums, ONE, period, n)
                step += 1
        send_on(f, c, j, w, first_lane, first_period, steps, n)
        empty_rings(f, j, i, w, first_lane, first_period, steps, n)


@jit_part
def _together(
    w: SingleWork, ring: Integers, x: int, period: int, spare: int, span: Span, n: int
) -> int:
    """First of the rows of a span that stand one after another, copied if the ring ends between."""
    row = row_at(ring, x, period)
    if row + len(span) <= ring[x, 0] + ring[x, 1]:
        return row
    for s in range(len(span)):
        rows_of.move(n, w.line, spare + s, w.line, row_at(ring, x, period + s))
    return spare


@jit_part
def _receive(
    f: Structure,
    c: int,
    j: int,
    i: int,
    w: SingleWork,
    first_lane: int,
    span: Span,
    period: int,
    step: int,
    n: int,
) -> int:
    """What joins the stock in the periods of a span: its first row in ``w.line``."""
    k, make, release = f.lane_ptr[j], f.make_delay[j], w.times.release_delay[j]
    lanes, joined = f.lane_ptr[j + 1] - k, joins(f, w.times, j)
    for lane in range(k, k + lanes):
        if f.lane_delay[lane] > 0 and w.times.lane_row[lane] < 0:
            _weigh_ends(f, c, lane, w, first_lane, span, period, n)
    if joined:
        _start_kits(f, j, i, w, first_lane, span, period, n)
    if w.times.make_row[j] >= 0:
        for s in range(len(span)):
            make_drawn(f, c, j, i, w, first_lane, period + s, step + s, n)
        _weigh(f, c, w, w.made_ring, i, period, w.in_release, i, release, period, 1.0, span, n)
        return _together(w, w.made_ring, i, period - release, MADE, span, n)
    ring, x, began, units = w.make_ring, i, period, 1.0
    if not joined and lanes == 0:
        ring, began = w.outside_ring, period - f.outside_delay[j]
    elif not joined:
        ring, x, units = w.arrival_ring, k - first_lane, f.units[k]
        began = period - w.arrival_delay[x]
    _weigh(f, c, w, ring, x, began, w.in_process, i, make, period, units, span, n)
    _weigh(f, c, w, ring, x, began - make, w.in_release, i, release, period, units, span, n)
    row = _together(w, ring, x, began - make - release, MADE, span, n)
    if units == 1.0:
        return row
    for s in range(len(span)):
        rows_of.parts_of(n, w.line, MADE + s, w.line, row + s, np.float32(units))
    return MADE


@jit_part
def _weigh_ends(
    f: Structure, c: int, k: int, w: SingleWork, first_lane: int, span: Span, period: int, n: int
) -> None:
    """Count what is shipped for fewer periods than :func:`finish_single` takes it to be.

    That is all of its time in transit from the first counted period on, and nothing before.
    """
    delay, warmup, periods = f.lane_delay[k], f.warmup[c], f.periods[c]
    if period + len(span) - 1 + delay <= (periods if period >= warmup else warmup):
        return
    x = k - first_lane
    for s in range(len(span)):
        whole = float(delay) if period + s >= warmup else 0.0
        weight = np.float32(counted(period + s, delay, warmup, periods) - whole)
        if weight != 0.0:
            row = row_at(w.lane_ring, x, period + s)
            rows_of.weigh(n, ONE, w.in_transit, x, weight, w.line, row)


@jit_part
def _weigh(
    f: Structure,
    c: int,
    w: SingleWork,
    ring: Integers,
    x: int,
    period: int,
    to: rows_of.Singles,
    i: int,
    delay: int,
    entered: int,
    units: float,
    span: Span,
    n: int,
) -> None:
    """Count what stands in a ring from ``period`` on once for each counted period it will stay."""
    if delay == 0:
        return
    warmup, periods = f.warmup[c], f.periods[c]
    row = row_at(ring, x, period)
    inside = entered >= warmup and entered + len(span) - 1 + delay <= periods
    if inside and row + len(span) <= ring[x, 0] + ring[x, 1]:
        rows_of.weigh(n, span, to, i, np.float32(delay / units), w.line, row)
        return
    for s in range(len(span)):
        weight = np.float32(counted(entered + s, delay, warmup, periods) / units)
        if weight > 0.0:
            rows_of.weigh(n, ONE, to, i, weight, w.line, row_at(ring, x, period + s))


@jit_part
def _start_kits(
    f: Structure,
    j: int,
    i: int,
    w: SingleWork,
    first_lane: int,
    span: Span,
    period: int,
    n: int,
) -> None:
    """Start as many units as the scarcest component and the capacity allow; the others wait."""
    k, x = f.lane_ptr[j], f.lane_ptr[j] - first_lane
    lanes, capacity, outside = f.lane_ptr[j + 1] - k, w.times.capacity[j], f.outside_delay[j]
    starts = row_at(w.make_ring, i, period)
    if (lanes == 2 or lanes == 3) and outside < 0 and capacity == np.inf:
        x0 = _arriving(f, w, k, x, ARRIVING, span, period, n)
        x1 = _arriving(f, w, k + 1, x + 1, ARRIVING + STEPS, span, period, n)
        if lanes == 2:
            serving.kits_of_two(n, span, w.component, x, w.line, x0, x1, w.line, starts, w.waits)
            return
        x2 = _arriving(f, w, k + 2, x + 2, ARRIVING + 2 * STEPS, span, period, n)
        serving.kits_of_three(
            n, span, w.component, x, w.line, x0, x1, x2, w.line, starts, w.waits
        )  # fmt: skip
        return
    for s in range(len(span)):
        rows_of.put(n, w.line, starts + s, np.float32(capacity))
        if outside >= 0:
            bought = row_at(w.outside_ring, i, period + s - outside)
            rows_of.join(n, w.outside_stock, i, w.line, bought)
            rows_of.least_of(n, w.line, starts + s, w.outside_stock, i)
        for lane in range(lanes):
            row = _arriving(f, w, k + lane, x + lane, ARRIVING, ONE, period + s, n)
            rows_of.join(n, w.component, x + lane, w.line, row)
            rows_of.least_of(n, w.line, starts + s, w.component, x + lane)
        for lane in range(lanes):
            serving.use_kits(n, w.component, x + lane, w.line, starts + s, w.waits)
        if outside >= 0:
            rows_of.take_away(n, w.outside_stock, i, w.line, starts + s)


@jit_part
def _arriving(
    f: Structure, w: SingleWork, k: int, x: int, spare: int, span: Span, period: int, n: int
) -> int:
    """First of the rows in which a component arrives, counted in kits."""
    row = _together(w, w.arrival_ring, x, period - w.arrival_delay[x], spare, span, n)
    if f.units[k] == 1.0:
        return row
    for s in range(len(span)):
        rows_of.parts_of(n, w.line, spare + s, w.line, row + s, np.float32(f.units[k]))
    return spare


@jit_part
def _serve(
    f: Structure,
    c: int,
    j: int,
    i: int,
    w: SingleWork,
    first_lane: int,
    first_asker: int,
    made: int,
    span: Span,
    period: int,
    step: int,
    n: int,
) -> None:
    """Serve all askers of a stage in the periods of a span, and count."""
    q0, q1 = f.asker_ptr[j], f.asker_ptr[j + 1]
    tolerance, waits = tolerance_of(f, w.times, j), f.serve_delay[j] > 0
    falling, first_bit = w.line if waits else w.rows, 1 << period % GROUP
    if waits:
        made = _see_what_is_due(f, c, j, i, w, first_asker, made, span, period, step, n)
    if q1 - q0 == 1 and (waits or not w.returns[i]):
        a = q0 - first_asker
        due = row_at(w.asker_ring, a, period) if waits else w.asks_row[a] + step
        if f.asker_lane[q0] < 0:
            serving.serve_alone(
                n, span, tolerance, w.short, i, w.line, made, falling, due, w.line, SHIPPED,
                w.held, w.bits, first_bit, w.owed, w.missed, a, False,
            )  # fmt: skip
            return
        serving.serve_alone(
            n, span, tolerance, w.short, i, w.line, made, falling, due, w.line,
            _out(f, w, q0, first_lane, period), w.held, w.bits, first_bit, w.owed, w.missed, a,
            True,
        )  # fmt: skip
        return
    if q1 - q0 == 1:
        a, to = q0 - first_asker, _out(f, w, q0, first_lane, period)
        serving.serve_and_take_back(
            n, span, tolerance, w.short, i, w.line, made, w.rows, w.total_row[i] + step,
            w.asked_row[i] + step, w.line, to, w.held, w.bits, first_bit, w.owed, w.missed, a,
        )  # fmt: skip
        return
    total = ARRIVING if waits else w.total_row[i] + step
    asked = ARRIVING if waits else w.asked_row[i] + step
    if w.lacking[i] == 0:
        some = serving.serve_together_in_time(
            n, span, tolerance, w.short, i, w.line, made, falling, total, asked, w.ratio, 0,
            w.held, w.bits, first_bit,
        )  # fmt: skip
        if some == 0:
            for q in range(q0, q1):
                if f.asker_lane[q] >= 0:
                    a, to = q - first_asker, _out(f, w, q, first_lane, period)
                    due = row_at(w.asker_ring, a, period) if waits else w.asks_row[a] + step
                    rows_of.move_span(n, span, w.line, to, falling, due)
            return
        serving.shares_of_late(n, span, w.ratio, 0, falling, asked)
    else:
        some = serving.serve_together(
            n, span, tolerance, w.short, i, w.line, made, falling, total, asked, w.ratio, 0,
            w.held, w.bits, first_bit,
        )  # fmt: skip
    w.lacking[i] = some
    for q in range(q0, q1):
        a = q - first_asker
        due = row_at(w.asker_ring, a, period) if waits else w.asks_row[a] + step
        serving.serve_share(
            n, span, w.late, a, falling, due, w.ratio, 0,
            w.line, _out(f, w, q, first_lane, period), w.owed, w.missed,
        )  # fmt: skip


@jit_part
def _see_what_is_due(
    f: Structure,
    c: int,
    j: int,
    i: int,
    w: SingleWork,
    first_asker: int,
    made: int,
    span: Span,
    period: int,
    step: int,
    n: int,
) -> int:
    """Requests through the service time, and what falls due in all: spare rows ``ARRIVING``.

    They stand in their ring by the period in which they fall due, so that those of a span are one
    after another. What falls due to a single asker is in its ring alone. Returns join what is made
    at once, in spare rows: where that is then.
    """
    q0, q1, wait = f.asker_ptr[j], f.asker_ptr[j + 1], f.serve_delay[j]
    for q in range(q0, q1):
        a = q - first_asker
        for s in range(len(span)):
            to = row_at(w.asker_ring, a, period + s + wait)
            rows_of.move(n, w.line, to, w.rows, w.asks_row[a] + step + s)
        due = row_at(w.asker_ring, a, period)
        if period >= f.warmup[c]:
            rows_of.weigh(n, span, w.due, a, UNIT, w.line, due)
        if q == q0 and q1 > q0 + 1:
            rows_of.move_span(n, span, w.line, ARRIVING, w.line, due)
        elif q > q0:
            rows_of.join_span(n, span, w.line, ARRIVING, w.line, due)
    if not w.returns[i]:
        return made
    for s in range(len(span)):
        serving.with_returns(
            n, w.line, ARRIVING + STEPS + s, w.line, made + s,
            w.rows, w.asked_row[i] + step + s, w.total_row[i] + step + s,
        )  # fmt: skip
    return ARRIVING + STEPS


@jit_part
def _count_cycles(
    f: Structure,
    c: int,
    j: int,
    i: int,
    w: SingleWork,
    sums: Sums,
    span: Span,
    first_period: int,
    n: int,
) -> None:
    """Count replenishment cycles that end in a span without a shortage, by the bits of periods."""
    review, warmup = f.review[j], f.warmup[c]
    for s in range(len(span)):
        period = first_period + s
        into_cycle = (period - f.phase[j] - f.nominal_delay[j]) % review
        if into_cycle < review - 1 or period - into_cycle < warmup:
            continue
        last = period % GROUP
        mask = (2 << last) - (1 << max(last - into_cycle, 0))
        goes_on = last < into_cycle
        summed.count_whole(n, goes_on, mask, w.bits, w.carried, i, sums.whole_cycles, j)


@jit_part
def _out(f: Structure, w: SingleWork, q: int, first_lane: int, period: int) -> int:
    """Row of ``w.line`` that gets what is shipped to an asker; customers' goods are gone."""
    k = f.asker_lane[q]
    return SHIPPED if k < 0 else row_at(w.lane_ring, k - first_lane, period)
