"""Some periods at once of a common kind of stage, in the fast flow kernel.

Rows of ``STEPS`` periods stand one after another, so that what a stage keeps stays in registers.
"""

from __future__ import annotations

from echelon.kernels import flow_rows as rows_of
from echelon.kernels import flow_rows_steps as steps_of
from echelon.kernels._jit import Integers, jit_part
from echelon.kernels.flow_arrays import PROPORTIONAL, Structure, Sums
from echelon.kernels.flow_rows import STEPS
from echelon.kernels.plain_flow_lines import counted, make_drawn, shipped_row, weigh_lane
from echelon.kernels.plain_flow_work import (
    ARRIVING,
    MADE,
    MOST,
    START,
    Work,
    row_at,
)


@jit_part
def runs_in_steps(f: Structure, j: int) -> bool:
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
def receive_steps(
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
            weigh_lane(f, c, lane, w, sums, first_lane, period, STEPS, n)
    if lanes > 1:
        _kits_steps(f, c, k, lanes, i, w, sums, first_lane, period, n)
    if w.times.make_row[j] >= 0:
        for s in range(STEPS):
            make_drawn(f, c, j, i, w, sums, first_lane, period + s, step + s, n)
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
def serve_steps(
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
    d0, s0 = w.asks_row[a] + step, shipped_row(f, w, q, 0, first_lane, period)
    if askers == 1:
        steps_of.serve_one_steps(
            n, tolerance, w.on_hand, i, w.late, a, w.line, made, w.rows, d0, w.line, s0,
            on_hand, ready, shortages, stage, late, on_time, asker,
        )  # fmt: skip
        return
    d1, s1 = w.asks_row[a + 1] + step, shipped_row(f, w, q + 1, 1, first_lane, period)
    if askers == 2:
        steps_of.serve_two_steps(
            n, tolerance, w.on_hand, i, w.late, a, w.line, made, w.rows, d0, d1, w.line, s0, s1,
            on_hand, ready, shortages, stage, late, on_time, asker,
        )  # fmt: skip
        return
    d2, s2 = w.asks_row[a + 2] + step, shipped_row(f, w, q + 2, 2, first_lane, period)
    for s in range(0, STEPS, rows_of.PAIR):
        steps_of.serve_three_steps(
            n, tolerance, w.on_hand, i, w.late, a, w.line, made + s, w.rows, d0 + s, d1 + s, d2 + s,
            w.line, s0 + s, s1 + s, s2 + s, on_hand, ready, shortages, stage, late, on_time, asker,
        )  # fmt: skip


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
        steps_of.kits_of_two_steps(n, w.component, x, w.line, x0, x1, w.line, starts, total, lane)
        return
    third = ARRIVING + 2 * STEPS
    x2 = _contiguous(w, w.arrival_ring, x + 2, period - w.arrival_delay[x + 2], third, n)
    steps_of.kits_of_three_steps(n, w.component, x, w.line, x0, x1, x2, w.line, starts, total, lane)


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
        steps_of.weigh_steps(n, sums.in_process, j, float(make), w.line, row)
        return
    for s in range(STEPS):
        weight = counted(period + s, make, warmup, periods)
        if weight > 0.0:
            row = row_at(ring, x, period + s - delay)
            rows_of.divide(n, w.scratch, START, w.line, row, units)
            rows_of.add_scaled(n, sums.in_process, j, weight, w.scratch, START)


@jit_part
def _contiguous(w: Work, ring: Integers, x: int, period: int, spare: int, n: int) -> int:
    """First of ``STEPS`` rows that stand one after another, copied if the ring ends between."""
    row = row_at(ring, x, period)
    if row + STEPS <= ring[x, 0] + ring[x, 1]:
        return row
    for s in range(STEPS):
        rows_of.copy(n, w.line, spare + s, w.line, row_at(ring, x, period + s))
    return spare
