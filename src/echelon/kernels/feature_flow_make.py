"""What a stage receives, starts and finishes: part of the flow of all features.

Rows are those of :class:`echelon.kernels.feature_flow_state.FeatureState`.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import Floats, jit_part
from echelon.kernels.feature_flow_first_expired import draw_ages
from echelon.kernels.feature_flow_life import (
    MADE,
    RELEASED,
    leave_line,
    multiply_ages,
    pour,
    store_fresh,
)
from echelon.kernels.feature_flow_lines import expire_doomed, expire_list, move
from echelon.kernels.feature_flow_rows import (
    ASKER_ROWS,
    COMPONENT,
    GAP,
    GONE,
    IN_PROCESS,
    IN_RELEASE,
    LANE_ROWS,
    LEFT,
    MADE_UNTIL,
    ON_HAND,
    ORDER,
    OUTSIDE_STOCK,
    POSSIBLE,
    RELEASED_UNTIL,
    SHIPPED,
    STAGE_ROWS,
    START,
    STORED,
    WHEN,
    Place,
)
from echelon.kernels.feature_flow_state import FeatureState
from echelon.kernels.feature_flow_supply import (
    delay,
    keep_rest,
    limit,
    scrap,
)
from echelon.kernels.flow_arrays import (
    Features,
    FeatureSums,
    Structure,
    Sums,
)


@jit_part
def make(
    f: Structure,
    x: Features,
    w: FeatureState,
    p: Place,
    draws: Floats,
    step: int,
    period: int,
    j: int,
    sums: Sums,
    feature_sums: FeatureSums,
) -> None:
    """Receive, start, finish, sort out, hold for quality, and store at stage ``j``."""
    n, i, counted = p.n, j - p.first, period >= p.warmup
    own, start, life, made = i * STAGE_ROWS, p.work + START, x.shelf_life[j], w.made_ages[i]
    keeps = life > 0 and x.carries[j] == 1
    lane = f.lane_ptr[j] - p.lane if keeps and made < 0 else -1  # whose goods go straight to stock
    _start(f, x, w, p, j, period)
    if keeps and made >= 0:
        _start_ages(f, x, w, p, j, period)
    overtaking = x.overtaking[j] == 1
    move(
        w, p, draws, step, period, x.make_row[j], f.make_delay[j], w.make_line[i],
        w.make_mask[i], start, own + MADE_UNTIL, overtaking, f.tolerance[j],
        own + IN_PROCESS if w.watched[i] else -1, sums.in_process, j,
    )  # fmt: skip
    if keeps and made >= 0:
        _pass_line(w, p, made, w.make_ages[i], w.make_line[i], x.make_row[j], f.make_delay[j],
                   period)  # fmt: skip
    if x.yield_row[j] >= 0:
        gone, row = p.work + GONE, x.yield_row[j] - p.drawn
        scrap(n, w.rows, start, draws, row, step, w.rows, gone)
        rows_of.add(n, w.rows, own + GAP, w.rows, gone)
        if counted:
            rows_of.add(n, feature_sums.scrapped, j, w.rows, gone)
        if keeps:
            multiply_ages(w, made, draws, row, step, n)
    if lane >= 0:
        expire_doomed(w, p, j, lane, MADE, period, start, 1.0, f.tolerance[j], counted,
                      feature_sums)  # fmt: skip
    elif keeps:
        expire_list(w, p, j, made, period - 1, start, 1.0, f.tolerance[j], counted, feature_sums)
    elif made >= 0:
        store_fresh(w, i, made, float(period + life - 1), start, n)
    if w.release_line[i] >= 0:
        move(
            w, p, draws, step, period, x.release_row[j], x.release_delay[j], w.release_line[i],
            w.release_mask[i], start, own + RELEASED_UNTIL, overtaking, f.tolerance[j],
            own + IN_RELEASE if w.watched[i] else -1, feature_sums.in_release, j,
        )  # fmt: skip
        if lane >= 0:
            expire_doomed(w, p, j, lane, RELEASED, period, start, 1.0, f.tolerance[j], counted,
                          feature_sums)  # fmt: skip
        elif made >= 0:
            _pass_line(w, p, made, w.release_ages[i], w.release_line[i], x.release_row[j],
                       x.release_delay[j], period)  # fmt: skip
            expire_list(
                w, p, j, made, period - 1, start, 1.0, f.tolerance[j], counted, feature_sums
            )
    rows_of.add(n, w.rows, own + ON_HAND, w.rows, start)
    if w.shelves.family[j] >= 0:
        rows_of.add(n, w.rows, own + STORED, w.rows, start)
    if made >= 0:
        leave_line(w, made, w.stock_ages[i], np.inf, period, p.work + GONE, n)
    elif life > 0 and lane < 0:
        store_fresh(w, i, w.stock_ages[i], float(period - x.release_delay[j] + life - 1), start, n)


@jit_part
def _start_ages(f: Structure, x: Features, w: FeatureState, p: Place, j: int, period: int) -> None:
    """What starts is the oldest that waits."""
    first, made = f.lane_ptr[j], w.made_ages[j - p.first]
    units, parts = f.units[first], w.component_ages[x.group_first[first] - p.lane]
    draw_ages(w, parts, made, float(period), p.work + START, units, 1.0 / units, p.n)


@jit_part
def _pass_line(
    w: FeatureState, p: Place, made: int, ages: int, line: int, drawn: int, fixed: int, period: int
) -> None:
    """Let what moves within a stage into a line, and take what leaves it; as `move`, after it."""
    if line < 0:
        return
    if drawn < 0:
        rows_of.fill(p.n, w.rows, p.work + WHEN, float(period + fixed))
    pour(w, made, ages, p.work + WHEN, p.n)
    # the dead come too, and are found as they leave the list of what moves
    leave_line(w, ages, made, float(period), -1, p.work + GONE, p.n)


@jit_part
def limited(x: Features, j: int) -> bool:
    """Whether something may keep stage ``j`` from starting all that it could."""
    always_open = x.open_ptr[j + 1] == x.open_ptr[j]
    never_down = x.down_ptr[j + 1] == x.down_ptr[j]
    return not (x.capacity[j] == np.inf and always_open and never_down)


@jit_part
def several_kinds(f: Structure, x: Features, j: int) -> bool:
    """Whether stage ``j`` needs components of several kinds."""
    first, last = f.lane_ptr[j], f.lane_ptr[j + 1]
    several = False
    for k in range(first, last):
        several = several or x.group_first[k] != x.group_first[first]
    return several


@jit_part
def _start(f: Structure, x: Features, w: FeatureState, p: Place, j: int, period: int) -> None:
    """Row START: units of which everything is there, and that may start."""
    n, i = p.n, j - p.first
    own, start, possible = i * STAGE_ROWS, p.work + START, p.work + POSSIBLE
    first, last = f.lane_ptr[j], f.lane_ptr[j + 1]
    from_outside, binds = f.outside_delay[j] >= 0, limited(x, j)
    capacity, cycle = x.capacity[j], x.open_ptr[j + 1] - x.open_ptr[j]
    if cycle > 0 and x.open_at[x.open_ptr[j] + period % cycle] == 0.0:
        capacity = 0.0
    if from_outside:
        rows_of.copy(n, w.rows, start, w.rows, own + ORDER)
        wait = f.outside_delay[j]
        if wait > 0:
            delay(n, w.lines, w.outside_line[i] + period % wait, w.rows, start)
        if last > first or binds:
            rows_of.add(n, w.rows, own + OUTSIDE_STOCK, w.rows, start)
            rows_of.copy(n, w.rows, start, w.rows, own + OUTSIDE_STOCK)
    if last == first:
        if binds:
            limit(n, w.rows, start, possible, own + LEFT, capacity)
            keep_rest(n, w.rows, own + OUTSIDE_STOCK, w.rows, start, w.rows, possible, 1.0)
        return
    if not from_outside and not several_kinds(f, x, j):
        # the only kind: nothing waits for a partner, and not even a rounding is left over
        if last - first == 1 and not binds:
            flow = p.asker_rows + f.asker_of_lane[first] * ASKER_ROWS + SHIPPED
            rows_of.divide(n, w.rows, start, w.rows, flow, f.units[first])
            return
        parts = p.lane_rows + x.group_first[first] * LANE_ROWS + COMPONENT
        for k in range(first, last):
            flow = p.asker_rows + f.asker_of_lane[k] * ASKER_ROWS + SHIPPED
            rows_of.add(n, w.rows, parts, w.rows, flow)
        rows_of.divide(n, w.rows, start, w.rows, parts, f.units[first])
        if binds:
            limit(n, w.rows, start, possible, own + LEFT, capacity)
            keep_rest(n, w.rows, parts, w.rows, start, w.rows, possible, f.units[first])
        else:
            rows_of.zero(n, w.rows, parts)
        return
    if not from_outside:
        rows_of.fill(n, w.rows, start, np.inf)
    for k in range(first, last):
        parts = p.lane_rows + x.group_first[k] * LANE_ROWS + COMPONENT
        flow = p.asker_rows + f.asker_of_lane[k] * ASKER_ROWS + SHIPPED
        rows_of.add(n, w.rows, parts, w.rows, flow)
    for k in range(first, last):
        if x.group_first[k] == k:
            parts = p.lane_rows + k * LANE_ROWS + COMPONENT
            rows_of.scarcest(n, w.rows, start, w.rows, parts, f.units[k])
    if binds:
        limit(n, w.rows, start, possible, own + LEFT, capacity)
    for k in range(first, last):
        if x.group_first[k] == k:
            parts = p.lane_rows + k * LANE_ROWS + COMPONENT
            rows_of.use_up(n, w.rows, parts, f.units[k], w.rows, start)
    if from_outside:
        rows_of.take(n, w.rows, own + OUTSIDE_STOCK, w.rows, start)
