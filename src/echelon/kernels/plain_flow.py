"""Material and orders of one component under installation base stock, a block of periods at a time.

The fast kernel for components without any of :class:`echelon.kernels.flow_arrays.Features`, but for
lead times that are drawn. Clauses
1 to 5 and 9 of the convention; its readable twin is :mod:`echelon.simulation.plain.flow`.

Orders depend on requests alone, and goods on orders and on the goods of suppliers. So a block of
periods runs in two sweeps: orders stage by stage up the network, then goods stage by stage down
it. What a stage keeps stays in the first cache for the whole block, and a stage that orders exactly
what it is asked for passes the rows of its requests on as they are.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import Integers, jit_part, jit_step
from echelon.kernels.flow_arrays import PROPORTIONAL, Structure, Sums
from echelon.kernels.flow_rows import STEPS
from echelon.kernels.plain_flow_work import (
    AFTER,
    ARRIVING,
    BEFORE,
    MADE,
    MOST,
    SHARE,
    SHIPPED,
    START,
    Work,
    joins,
    making,
    row_at,
)


@jit_part
def counted(entered: int, delay: int, warmup: int, periods: int) -> float:
    """Counted periods at whose end something is on its way that left in ``entered``."""
    return float(max(min(entered + delay, periods) - max(entered, warmup), 0))


@jit_step
def goods_down(
    f: Structure, c: int, w: Work, sums: Sums, first_period: int, steps: int, n: int
) -> None:
    """Receive, serve and count ``steps`` periods of a component, stage by stage downstream."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    first_lane, first_asker = f.lane_ptr[first], f.asker_ptr[first]
    warmup = f.warmup[c]
    for j in range(first, last):
        i = j - first
        lanes = f.lane_ptr[j + 1] - f.lane_ptr[j]
        if lanes == 0:
            for step in range(steps):
                to = row_at(w.outside_ring, i, first_period + step)
                rows_of.copy(n, w.line, to, w.rows, w.order_row[i] + step)
        in_steps = _runs_in_steps(f, j) and not w.returns[i]
        step = 0
        while step < steps:
            period = first_period + step
            together = (
                in_steps
                and step + STEPS <= steps
                and period % STEPS == 0
                and (period >= warmup or period + STEPS <= warmup)
            )
            if together:
                made = _receive_steps(f, c, j, i, w, sums, first_lane, period, step, n)
                _serve_steps(f, c, j, i, w, sums, first_lane, first_asker, made, period, step, n)
                step += STEPS
            else:
                _one_period(f, c, j, i, w, sums, first_lane, first_asker, period, step, n)
                step += 1
        _send_on(f, c, j, w, sums, first_lane, first_period, steps, n)
        _empty(f, j, i, w, first_lane, first_period, steps, n)


@jit_part
def _runs_in_steps(f: Structure, j: int) -> bool:
    """Whether there are loops over several periods for the kind of stage that ``j`` is."""
    askers = f.asker_ptr[j + 1] - f.asker_ptr[j]
    lanes = f.lane_ptr[j + 1] - f.lane_ptr[j]
    if f.serve_delay[j] > 0 or f.review[j] >= 2 or askers < 1 or askers > MOST or lanes > MOST:
        return False
    if askers > 1 and f.allocation[j] != PROPORTIONAL:
        return False
    if lanes > 0 and f.outside_delay[j] >= 0:
        return False
    for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
        if lanes > 1 and f.units[k] != 1.0:
            return False
    return True


@jit_part
def _contiguous(w: Work, ring: Integers, x: int, period: int, spare: int, n: int) -> int:
    """First of ``STEPS`` rows that stand one after another, copied if the ring ends between."""
    row = row_at(ring, x, period)
    if row + STEPS <= ring[x, 0] + ring[x, 1]:
        return row
    for s in range(STEPS):
        rows_of.copy(n, w.line, spare + s, w.line, row_at(ring, x, period + s))
    return spare


@jit_part
def _receive_steps(
    f: Structure,
    c: int,
    j: int,
    i: int,
    w: Work,
    sums: Sums,
    first_lane: int,
    period: int,
    step: int,
    n: int,
) -> int:
    """What joins the stock in ``STEPS`` periods: its first row in ``w.line``."""
    k, make = f.lane_ptr[j], f.make_delay[j]
    lanes = f.lane_ptr[j + 1] - k
    for lane in range(k, k + lanes):
        if f.lane_delay[lane] > 0 and w.times.lane_row[lane] < 0:
            _weigh_lane(f, c, lane, w, sums, first_lane, period, STEPS, n)
    if lanes > 1:
        _kits_steps(f, c, k, lanes, i, w, sums, first_lane, period, n)
    if w.times.make_row[j] >= 0:
        for s in range(STEPS):
            _make_drawn(f, c, j, i, w, sums, first_lane, period + s, step + s, n)
        return _contiguous(w, w.made_ring, i, period, MADE, n)
    if lanes > 1:
        _weigh_making(f, c, j, w.make_ring, i, 0, 1.0, w, sums, period, n)
        return _contiguous(w, w.make_ring, i, period - make, MADE, n)
    if lanes == 0:
        delay = f.outside_delay[j]
        _weigh_making(f, c, j, w.outside_ring, i, delay, 1.0, w, sums, period, n)
        return _contiguous(w, w.outside_ring, i, period - delay - make, MADE, n)
    x, units = k - first_lane, f.units[k]
    delay = w.arrival_delay[x]
    _weigh_making(f, c, j, w.arrival_ring, x, delay, units, w, sums, period, n)
    if units == 1.0:
        return _contiguous(w, w.arrival_ring, x, period - delay - make, MADE, n)
    for s in range(STEPS):
        made = row_at(w.arrival_ring, x, period + s - delay - make)
        rows_of.divide(n, w.line, MADE + s, w.line, made, units)
    return MADE


@jit_part
def _make_drawn(
    f: Structure,
    c: int,
    j: int,
    i: int,
    w: Work,
    sums: Sums,
    first_lane: int,
    period: int,
    step: int,
    n: int,
) -> None:
    """Let what starts into the line of a stage whose lead time is drawn."""
    k = f.lane_ptr[j]
    if joins(f, w.times, j):
        row = row_at(w.make_ring, i, period)
    elif k == f.lane_ptr[j + 1]:
        row = row_at(w.outside_ring, i, period - f.outside_delay[j])
    else:
        x = k - first_lane
        row = row_at(w.arrival_ring, x, period - w.arrival_delay[x])
        if f.units[k] != 1.0:
            rows_of.divide(n, w.line, MADE, w.line, row, f.units[k])
            row = MADE
    least = np.inf if w.times.overtaking[j] else f.tolerance[j]
    drawn = w.drawn_at[0] + w.times.make_row[j] * w.drawn_at[1] + step
    rows_of.leave_when(
        n, w.place, w.rows, drawn, period, w.make_until, i, w.line, row, least,
        sums.in_process, j, max(period, f.warmup[c]), f.periods[c],
        period % w.made_ring[i, 1], w.made_ring[i, 1],
    )  # fmt: skip
    rows_of.spread(n, w.line, w.made_ring[i, 0], w.place, w.line, row)


@jit_part
def _send_on(
    f: Structure,
    c: int,
    j: int,
    w: Work,
    sums: Sums,
    first_lane: int,
    first_period: int,
    steps: int,
    n: int,
) -> None:
    """Let what a stage shipped in a block into the lanes whose times are drawn."""
    for q in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
        k = f.asker_lane[q]
        if k < 0 or w.times.lane_row[k] < 0:
            continue
        x = k - first_lane
        least = np.inf if w.times.lane_overtaking[k] else f.tolerance[j]
        for step in range(steps):
            period = first_period + step
            row = row_at(w.lane_ring, x, period)
            drawn = w.drawn_at[0] + w.times.lane_row[k] * w.drawn_at[1] + step
            rows_of.leave_when(
                n, w.place, w.rows, drawn, period, w.lane_until, x, w.line, row, least,
                sums.in_transit, k, max(period, f.warmup[c]), f.periods[c],
                period % w.arrival_ring[x, 1], w.arrival_ring[x, 1],
            )  # fmt: skip
            rows_of.spread(n, w.line, w.arrival_ring[x, 0], w.place, w.line, row)


@jit_part
def _empty(
    f: Structure, j: int, i: int, w: Work, first_lane: int, first_period: int, steps: int, n: int
) -> None:
    """Set to 0 what was taken out of rings to which goods are added when they enter."""
    if w.times.make_row[j] >= 0:
        for period in range(first_period, first_period + steps):
            rows_of.zero(n, w.line, row_at(w.made_ring, i, period))
    wait = (
        0 if joins(f, w.times, j) else making(f, w.times, j)
    )  # made in the line in which they came
    for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
        if w.times.lane_row[k] >= 0:
            for period in range(first_period - wait, first_period + steps - wait):
                rows_of.zero(n, w.line, row_at(w.arrival_ring, k - first_lane, period))


@jit_part
def _weigh_making(
    f: Structure,
    c: int,
    j: int,
    ring: Integers,
    x: int,
    delay: int,
    units: float,
    w: Work,
    sums: Sums,
    period: int,
    n: int,
) -> None:
    """Count what starts in ``STEPS`` periods once for each counted period it is being made."""
    make, warmup, periods = f.make_delay[j], f.warmup[c], f.periods[c]
    if make == 0:
        return
    row = row_at(ring, x, period - delay)
    inside = period >= warmup and period + STEPS - 1 + make <= periods
    if units == 1.0 and inside and row + STEPS <= ring[x, 0] + ring[x, 1]:
        rows_of.weigh_steps(n, sums.in_process, j, float(make), w.line, row)
        return
    for s in range(STEPS):
        weight = counted(period + s, make, warmup, periods)
        if weight > 0.0:
            row = row_at(ring, x, period + s - delay)
            rows_of.divide(n, w.scratch, START, w.line, row, units)
            rows_of.add_scaled(n, sums.in_process, j, weight, w.scratch, START)


@jit_part
def _kits_steps(
    f: Structure,
    c: int,
    k: int,
    lanes: int,
    i: int,
    w: Work,
    sums: Sums,
    first_lane: int,
    period: int,
    n: int,
) -> None:
    """Kits of two or three components, one unit of each."""
    x = k - first_lane
    starts = row_at(w.make_ring, i, period)
    total, lane = sums.component, k
    if period < f.warmup[c]:  # counted where nobody looks
        total, lane = w.unseen.component, 0
    x0 = _contiguous(w, w.arrival_ring, x, period - w.arrival_delay[x], ARRIVING, n)
    x1 = _contiguous(w, w.arrival_ring, x + 1, period - w.arrival_delay[x + 1], ARRIVING + STEPS, n)
    if lanes == 2:
        rows_of.kits_of_two_steps(n, w.component, x, w.line, x0, x1, w.line, starts, total, lane)
        return
    third = ARRIVING + 2 * STEPS
    x2 = _contiguous(w, w.arrival_ring, x + 2, period - w.arrival_delay[x + 2], third, n)
    rows_of.kits_of_three_steps(n, w.component, x, w.line, x0, x1, x2, w.line, starts, total, lane)


@jit_part
def _out(f: Structure, w: Work, q: int, place: int, first_lane: int, period: int) -> int:
    """Row of ``w.line`` that gets what is shipped to an asker; customers' goods are gone."""
    k = f.asker_lane[q]
    if k < 0:
        return SHIPPED + place * STEPS
    return row_at(w.lane_ring, k - first_lane, period)


@jit_part
def _serve_steps(
    f: Structure,
    c: int,
    j: int,
    i: int,
    w: Work,
    sums: Sums,
    first_lane: int,
    first_asker: int,
    made: int,
    period: int,
    step: int,
    n: int,
) -> None:
    """Serve up to three askers at once in ``STEPS`` periods and count."""
    q = f.asker_ptr[j]
    a, askers = q - first_asker, f.asker_ptr[j + 1] - q
    on_hand, ready, shortages, stage = sums.on_hand, sums.ready, sums.shortages, j
    late, on_time, asker = sums.late, sums.on_time, q
    if period < f.warmup[c]:  # counted where nobody looks
        on_hand, ready, shortages = w.unseen.on_hand, w.unseen.ready, w.unseen.shortages
        late, on_time = w.unseen.late, w.unseen.on_time
        stage, asker = 0, 0
    tolerance = f.tolerance[j]
    d0, s0 = w.asks_row[a] + step, _out(f, w, q, 0, first_lane, period)
    if askers == 1:
        rows_of.serve_one_steps(
            n, tolerance, w.on_hand, i, w.late, a, w.line, made, w.rows, d0, w.line, s0,
            on_hand, ready, shortages, stage, late, on_time, asker,
        )  # fmt: skip
        return
    d1, s1 = w.asks_row[a + 1] + step, _out(f, w, q + 1, 1, first_lane, period)
    if askers == 2:
        rows_of.serve_two_steps(
            n, tolerance, w.on_hand, i, w.late, a, w.line, made, w.rows, d0, d1, w.line, s0, s1,
            on_hand, ready, shortages, stage, late, on_time, asker,
        )  # fmt: skip
        return
    d2, s2 = w.asks_row[a + 2] + step, _out(f, w, q + 2, 2, first_lane, period)
    for s in range(0, STEPS, rows_of.PAIR):
        rows_of.serve_three_steps(
            n, tolerance, w.on_hand, i, w.late, a, w.line, made + s, w.rows, d0 + s, d1 + s, d2 + s,
            w.line, s0 + s, s1 + s, s2 + s, on_hand, ready, shortages, stage, late, on_time, asker,
        )  # fmt: skip


@jit_part
def _weigh_lane(
    f: Structure,
    c: int,
    k: int,
    w: Work,
    sums: Sums,
    first_lane: int,
    period: int,
    steps: int,
    n: int,
) -> None:
    """Count what is shipped on lane ``k`` once for each counted period it will be in transit."""
    delay, warmup, periods = f.lane_delay[k], f.warmup[c], f.periods[c]
    row = row_at(w.lane_ring, k - first_lane, period)
    inside = period >= warmup and period + steps - 1 + delay <= periods
    if steps == STEPS and inside:
        rows_of.weigh_steps(n, sums.in_transit, k, float(delay), w.line, row)
        return
    for s in range(steps):
        weight = counted(period + s, delay, warmup, periods)
        if weight > 0.0:
            rows_of.add_scaled(n, sums.in_transit, k, weight, w.line, row + s)


@jit_step
def _one_period(
    f: Structure,
    c: int,
    j: int,
    i: int,
    w: Work,
    sums: Sums,
    first_lane: int,
    first_asker: int,
    period: int,
    step: int,
    n: int,
) -> None:
    """Clause 3: receive, serve and count, at any stage."""
    counts = period >= f.warmup[c]
    make = f.make_delay[j]
    k0, k1 = f.lane_ptr[j], f.lane_ptr[j + 1]
    weight = counted(period, make, f.warmup[c], f.periods[c])
    if w.times.make_row[j] >= 0:
        if joins(f, w.times, j):
            _kits(f, j, i, w, sums, first_lane, period, step, counts, n)
        _make_drawn(f, c, j, i, w, sums, first_lane, period, step, n)
        rows_of.add(n, w.on_hand, i, w.line, row_at(w.made_ring, i, period))
    elif k0 == k1:
        delay = f.outside_delay[j]
        rows_of.add(n, w.on_hand, i, w.line, row_at(w.outside_ring, i, period - delay - make))
        if weight > 0.0:
            started = row_at(w.outside_ring, i, period - delay)
            rows_of.add_scaled(n, sums.in_process, j, weight, w.line, started)
    elif not joins(f, w.times, j):
        x = k0 - first_lane
        delay = w.arrival_delay[x]
        made = row_at(w.arrival_ring, x, period - delay - make)
        rows_of.divide(n, w.scratch, START, w.line, made, f.units[k0])
        rows_of.add(n, w.on_hand, i, w.scratch, START)
        if weight > 0.0:
            started = row_at(w.arrival_ring, x, period - delay)
            rows_of.divide(n, w.scratch, START, w.line, started, f.units[k0])
            rows_of.add_scaled(n, sums.in_process, j, weight, w.scratch, START)
    else:
        _kits(f, j, i, w, sums, first_lane, period, step, counts, n)
        rows_of.add(n, w.on_hand, i, w.line, row_at(w.make_ring, i, period - make))
        if weight > 0.0:
            started = row_at(w.make_ring, i, period)
            rows_of.add_scaled(n, sums.in_process, j, weight, w.line, started)
    for k in range(k0, k1):
        if f.lane_delay[k] > 0 and w.times.lane_row[k] < 0:
            _weigh_lane(f, c, k, w, sums, first_lane, period, 1, n)
    _serve_all(f, c, j, i, w, sums, first_lane, first_asker, period, step, n)
    if f.review[j] >= 2:
        into_cycle = (period - f.phase[j] - f.nominal_delay[j]) % f.review[j]
        rows_of.worst_of_cycle(n, into_cycle == 0, w.worst, i, w.scratch, AFTER)
        if counts and into_cycle == f.review[j] - 1 and period - into_cycle >= f.warmup[c]:
            rows_of.count_whole(n, f.tolerance[j], w.worst, i, sums.whole_cycles, j)
    if counts:
        rows_of.add(n, sums.on_hand, j, w.on_hand, i)
        rows_of.count_shortage(
            n, f.tolerance[j], w.scratch, AFTER, w.scratch, BEFORE, sums.ready, sums.shortages, j
        )


@jit_part
def _kits(
    f: Structure,
    j: int,
    i: int,
    w: Work,
    sums: Sums,
    first_lane: int,
    period: int,
    step: int,
    counts: bool,
    n: int,
) -> None:
    """Start kits, which stand in their ring then, and count what waits for a partner."""
    _start_kits(f, j, i, w, first_lane, period, step, n)
    rows_of.copy(n, w.line, row_at(w.make_ring, i, period), w.scratch, START)
    if counts:
        for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
            rows_of.add(n, sums.component, k, w.component, k - first_lane)


@jit_part
def _start_kits(
    f: Structure, j: int, i: int, w: Work, first_lane: int, period: int, step: int, n: int
) -> None:
    """Start as many units as the scarcest component allows; the others wait."""
    outside = f.outside_delay[j]
    if outside >= 0:
        rows_of.copy(n, w.line, row_at(w.outside_ring, i, period), w.rows, w.order_row[i] + step)
        rows_of.add(n, w.outside_stock, i, w.line, row_at(w.outside_ring, i, period - outside))
        rows_of.copy(n, w.scratch, START, w.outside_stock, i)
    else:
        rows_of.fill(n, w.scratch, START, np.inf)
    for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
        arriving = row_at(w.arrival_ring, k - first_lane, period - w.arrival_delay[k - first_lane])
        rows_of.add(n, w.component, k - first_lane, w.line, arriving)
        rows_of.scarcest(n, w.scratch, START, w.component, k - first_lane, f.units[k])
    for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
        rows_of.use_up(n, w.component, k - first_lane, f.units[k], w.scratch, START)
    if outside >= 0:
        rows_of.take(n, w.outside_stock, i, w.scratch, START)


@jit_part
def _serve_all(
    f: Structure,
    c: int,
    j: int,
    i: int,
    w: Work,
    sums: Sums,
    first_lane: int,
    first_asker: int,
    period: int,
    step: int,
    n: int,
) -> None:
    """Clauses 3.2 and 9: serve backorders and what falls due; ``BEFORE`` and ``AFTER`` are late.

    A return goes to stock.
    """
    q0, q1 = f.asker_ptr[j], f.asker_ptr[j + 1]
    wait = f.serve_delay[j]
    counts = period >= f.warmup[c]
    late, on_time = sums.late, sums.on_time
    if not counts:  # counted where nobody looks
        late, on_time = w.unseen.late, w.unseen.on_time
    rows_of.zero(n, w.scratch, BEFORE)
    rows_of.zero(n, w.scratch, AFTER)
    rows_of.zero(n, w.scratch, SHARE)
    at_once = wait == 0 and not w.returns[i]  # what is asked for is due, as it stands
    falling = w.rows if at_once else w.line
    for q in range(q0, q1):
        a = q - first_asker
        asked = w.asks_row[a] + step
        if at_once:
            rows_of.add_wanted(n, w.scratch, SHARE, w.scratch, BEFORE, w.late, a, falling, asked)
            continue
        to = row_at(w.asker_ring, a, period)
        if f.asker_lane[q] < 0 and w.returns[i]:
            rows_of.add_positive(n, w.on_hand, i, -1.0, w.rows, asked)
            rows_of.positive(n, w.line, to, w.rows, asked)
        else:
            rows_of.copy(n, w.line, to, w.rows, asked)
        due = row_at(w.asker_ring, a, period - wait)
        rows_of.add_wanted(n, w.scratch, SHARE, w.scratch, BEFORE, w.late, a, falling, due)
    rationed = f.allocation[j] == PROPORTIONAL and q1 - q0 > 1
    if rationed:
        rows_of.share_out(n, w.scratch, SHARE, w.on_hand, i)
    for q in range(q0, q1):
        a = q - first_asker
        due = w.asks_row[a] + step if at_once else row_at(w.asker_ring, a, period - wait)
        s = _out(f, w, q, 0, first_lane, period)
        asker = q if counts else 0
        if rationed:
            rows_of.serve_share(
                n, w.on_hand, i, w.scratch, SHARE, w.late, a, falling, due, w.line, s,
                w.scratch, AFTER, late, on_time, asker,
            )  # fmt: skip
        else:
            rows_of.serve(
                n, w.on_hand, i, w.late, a, falling, due, w.line, s,
                w.scratch, AFTER, late, on_time, asker,
            )  # fmt: skip
        if counts and wait > 0:
            rows_of.add(n, sums.due, q, w.line, due)
    if rationed:
        rows_of.not_below_zero(n, w.on_hand, i)
