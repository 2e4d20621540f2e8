"""One period of any stage, in the fast flow kernel."""

from __future__ import annotations

import numpy as np

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import jit_part, jit_step
from echelon.kernels.flow_arrays import PROPORTIONAL, Structure, Sums
from echelon.kernels.plain_flow_lines import counted, make_drawn, shipped_row, weigh_lane
from echelon.kernels.plain_flow_work import (
    AFTER,
    BEFORE,
    SHARE,
    START,
    Work,
    joins,
    row_at,
)


@jit_step
def one_period(
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
        make_drawn(f, c, j, i, w, sums, first_lane, period, step, n)
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
            weigh_lane(f, c, k, w, sums, first_lane, period, 1, n)
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
        s = shipped_row(f, w, q, 0, first_lane, period)
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
