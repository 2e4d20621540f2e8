"""Lines of the fast flow kernel: what is on its way, counted as it enters."""

from __future__ import annotations

import numpy as np

from echelon.kernels import flow_rows as rows_of
from echelon.kernels import flow_rows_steps as steps_of
from echelon.kernels._jit import jit_part
from echelon.kernels.flow_arrays import Structure, Sums
from echelon.kernels.flow_rows import STEPS
from echelon.kernels.plain_flow_work import (
    MADE,
    SHIPPED,
    Work,
    joins,
    row_at,
)


@jit_part
def counted(entered: int, delay: int, warmup: int, periods: int) -> float:
    """Counted periods at whose end something is on its way that left in ``entered``."""
    return float(max(min(entered + delay, periods) - max(entered, warmup), 0))


@jit_part
def weigh_lane(
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
        steps_of.weigh_steps(n, sums.in_transit, k, float(delay), w.line, row)
        return
    for s in range(steps):
        weight = counted(period + s, delay, warmup, periods)
        if weight > 0.0:
            rows_of.add_scaled(n, sums.in_transit, k, weight, w.line, row + s)


@jit_part
def make_drawn(
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
def shipped_row(f: Structure, w: Work, q: int, place: int, first_lane: int, period: int) -> int:
    """Row of ``w.line`` that gets what is shipped to an asker; customers' goods are gone."""
    k = f.asker_lane[q]
    if k < 0:
        return SHIPPED + place * STEPS
    return row_at(w.lane_ring, k - first_lane, period)
