"""Lead times that are drawn, of one component in single precision: lines by the time of leaving."""

from __future__ import annotations

import numpy as np

from echelon.kernels import single_rows as rows_of
from echelon.kernels._jit import Integers, jit_part
from echelon.kernels.flow_arrays import Structure
from echelon.kernels.plain_flow_work import MADE, joins, making, row_at
from echelon.kernels.single_work import SingleWork, tolerance_of

_DENSE = 6
"""Longest time up to which all rows of a ring are gone through: faster than run by run."""


@jit_part
def make_drawn(
    f: Structure,
    c: int,
    j: int,
    i: int,
    w: SingleWork,
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
            rows_of.parts_of(n, w.line, MADE, w.line, row, np.float32(f.units[k]))
            row = MADE
    least = np.float32(np.inf) if w.times.overtaking[j] else tolerance_of(f, w.times, j)
    drawn = w.drawn_at[0] + w.times.make_row[j] * w.drawn_at[1] + step
    let_in(
        f, c, w, drawn, w.make_until, i, row, least, w.in_process, i, period, w.made_ring, i,
        w.times.make_longest[j], n,
    )  # fmt: skip


@jit_part
def send_on(
    f: Structure,
    c: int,
    j: int,
    w: SingleWork,
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
        least = np.float32(np.inf) if w.times.lane_overtaking[k] else _rounding(f, w, j, k)
        for step in range(steps):
            period = first_period + step
            drawn = w.drawn_at[0] + w.times.lane_row[k] * w.drawn_at[1] + step
            let_in(
                f, c, w, drawn, w.lane_until, x, row_at(w.lane_ring, x, period), least,
                w.in_transit, x, period, w.arrival_ring, x, w.times.lane_longest[k], n,
            )  # fmt: skip


@jit_part
def _rounding(f: Structure, w: SingleWork, j: int, k: int) -> np.float32:
    """Units shipped from stage ``j`` on lane ``k`` that are rounding to both its ends.

    A supplier in large lots may be far less exact than what a small receiver asks it for.
    """
    received = np.float32(f.units[k]) * tolerance_of(f, w.times, f.receiver[k])
    return min(tolerance_of(f, w.times, j), received)


@jit_part
def let_in(
    f: Structure,
    c: int,
    w: SingleWork,
    drawn: int,
    until: rows_of.Singles,
    u: int,
    row: int,
    least: np.float32,
    total: rows_of.Singles,
    t: int,
    period: int,
    ring: Integers,
    x: int,
    longest: int,
    n: int,
) -> None:
    """Let row ``row`` of ``w.line`` into a ring by the period in which it leaves."""
    lead = np.float32(max(f.warmup[c] - period, 0))
    left = np.float32(f.periods[c] - period)
    rows_of.leave(n, w.after, w.rows, drawn, until, u, w.line, row, least, total, t, lead, left)
    if longest <= _DENSE:
        for wait in range(longest + 1):
            to = row_at(ring, x, period + wait)
            rows_of.join_where(n, w.line, to, w.after, np.float32(wait), w.line, row)
        return
    rows_of.find_cells(n, w.after, ring[x, 0], period % ring[x, 1], ring[x, 1], w.cell)
    rows_of.scatter(n, w.cells, w.cell, w.line, row)


@jit_part
def empty_rings(
    f: Structure,
    j: int,
    i: int,
    w: SingleWork,
    first_lane: int,
    first_period: int,
    steps: int,
    n: int,
) -> None:
    """Set to 0 what was taken out of rings to which goods are added when they enter."""
    if w.times.make_row[j] >= 0:
        held = w.times.release_delay[j]
        for period in range(first_period - held, first_period + steps - held):
            rows_of.blank(n, w.line, row_at(w.made_ring, i, period))
    wait = (
        0 if joins(f, w.times, j) else making(f, w.times, j)
    )  # made in the line in which they came
    for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
        if w.times.lane_row[k] >= 0:
            for period in range(first_period - wait, first_period + steps - wait):
                rows_of.blank(n, w.line, row_at(w.arrival_ring, k - first_lane, period))
