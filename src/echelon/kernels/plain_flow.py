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
from echelon.kernels._jit import jit_part, jit_step
from echelon.kernels.flow_arrays import Structure, Sums
from echelon.kernels.flow_rows import STEPS
from echelon.kernels.plain_flow_period import one_period
from echelon.kernels.plain_flow_steps import receive_steps, runs_in_steps, serve_steps
from echelon.kernels.plain_flow_work import (
    Work,
    joins,
    making,
    row_at,
)


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
        in_steps = runs_in_steps(f, j) and not w.returns[i]
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
                made = receive_steps(f, c, j, i, w, sums, first_lane, period, step, n)
                serve_steps(f, c, j, i, w, sums, first_lane, first_asker, made, period, step, n)
                step += STEPS
            else:
                one_period(f, c, j, i, w, sums, first_lane, first_asker, period, step, n)
                step += 1
        _send_on(f, c, j, w, sums, first_lane, first_period, steps, n)
        _empty(f, j, i, w, first_lane, first_period, steps, n)


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
