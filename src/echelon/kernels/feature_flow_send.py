"""What leaves a stage on its lanes, some of it the fast way: part of the flow of all features.

Rows are those of :class:`echelon.kernels.feature_flow_state.FeatureState`.
"""

from __future__ import annotations

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import Floats, jit_part
from echelon.kernels.feature_flow_life import (
    ON_LANE,
    draw_pending,
    enter_line,
    enter_straight,
    leave_held,
    leave_line,
)
from echelon.kernels.feature_flow_lines import bury_dead, expire_doomed, move, move_held
from echelon.kernels.feature_flow_orders import late_for
from echelon.kernels.feature_flow_rows import (
    ARRIVED_UNTIL,
    ASKER_ROWS,
    CLOCK,
    ENTERS,
    EXPRESS,
    FAST,
    GONE,
    HELD,
    IN_PROCESS,
    IN_RELEASE,
    IN_TRANSIT,
    LANE_ROWS,
    LATE,
    NEED,
    ON_HAND,
    REST,
    SHIPPED,
    STAGE_ROWS,
    WAS_HELD,
    WHEN,
    Place,
)
from echelon.kernels.feature_flow_state import FeatureState
from echelon.kernels.feature_flow_supply import (
    add_where,
    lack,
    move_clock,
    split_express,
)
from echelon.kernels.flow_arrays import (
    BACKORDER_AGE,
    NO_RULE,
    PROJECTED_SHORTAGE,
    Features,
    FeatureSums,
    Structure,
    Sums,
)


@jit_part
def send(
    f: Structure,
    x: Features,
    w: FeatureState,
    p: Place,
    draws: Floats,
    step: int,
    period: int,
    j: int,
    k: int,
    sums: Sums,
    feature_sums: FeatureSums,
) -> None:
    """What stage ``j`` ships on lane ``k`` leaves, some of it the fast way; arrivals replace it."""
    n, z = p.n, k - p.lane
    lane = p.lane_rows + k * LANE_ROWS
    flow = p.asker_rows + f.asker_of_lane[k] * ASKER_ROWS + SHIPPED
    ages = w.lane_ages[z]
    held, fast = w.may_hold[z] == 1, x.expedite_rule[k] != NO_RULE
    overtaking = x.lane_overtaking[k] == 1
    if fast:
        _expedite(f, x, w, p, period, j, k, flow, lane)
        if period >= p.warmup:
            rows_of.add(n, feature_sums.expedited, k, w.rows, p.work + EXPRESS)
        if ages >= 0:
            draw_pending(w, ages, w.fast_ages[z], p.work + EXPRESS, n)
    if ages >= 0:
        rows_of.copy(n, w.rows, p.work + ENTERS, w.rows, flow)
        rows_of.zero(n, w.rows, p.work + GONE)
    if held:
        move_held(
            w, p, draws, step, period, x.lane_row[k], f.lane_delay[k], w.lane_line[z],
            w.lane_mask[z], flow, lane, lane + ARRIVED_UNTIL, overtaking or x.lane_row[k] < 0,
            f.tolerance[j], lane + IN_TRANSIT, sums.in_transit, k,
        )  # fmt: skip
    else:
        watched = x.expedite_rule[k] == PROJECTED_SHORTAGE
        move(
            w, p, draws, step, period, x.lane_row[k], f.lane_delay[k], w.lane_line[z],
            w.lane_mask[z], flow, lane + ARRIVED_UNTIL, overtaking, f.tolerance[j],
            lane + IN_TRANSIT if watched else -1, sums.in_transit, k,
        )  # fmt: skip
    dead = False
    if ages >= 0:
        dead = _send_ages(f, x, w, p, period, k, ages, w.lane_line[z], x.lane_row[k],
                          f.lane_delay[k])  # fmt: skip
    if fast:
        if ages >= 0:
            rows_of.copy(n, w.rows, p.work + ENTERS, w.rows, p.work + EXPRESS)
        if held:
            move_held(
                w, p, draws, step, period, -1, x.expedite_delay[k], w.fast_line[z],
                w.fast_mask[z], p.work + EXPRESS, lane, lane + ARRIVED_UNTIL, True, 0.0,
                lane + FAST, sums.in_transit, k,
            )  # fmt: skip
        else:
            move(
                w, p, draws, step, period, -1, x.expedite_delay[k], w.fast_line[z],
                w.fast_mask[z], p.work + EXPRESS, lane + ARRIVED_UNTIL, True, 0.0,
                lane + FAST, sums.in_transit, k,
            )  # fmt: skip
        rows_of.add(n, w.rows, flow, w.rows, p.work + EXPRESS)
        if ages >= 0:
            dead = _send_ages(f, x, w, p, period, k, w.fast_ages[z], w.fast_line[z], -1,
                              x.expedite_delay[k]) or dead  # fmt: skip
    if ages >= 0:
        to, counted = f.receiver[k], period >= p.warmup
        if w.doomed_ages[z] >= 0:
            expire_doomed(w, p, to, z, ON_LANE, period, flow, f.units[k], f.tolerance[to],
                          counted, feature_sums)  # fmt: skip
        elif dead:
            bury_dead(w, p, to, flow, f.units[k], f.tolerance[to], counted, feature_sums)
    if held:
        move_clock(n, w.rows, lane + CLOCK, w.rows, lane + HELD, w.rows, lane + WAS_HELD)
        if period >= p.warmup:
            add_where(n, sums.in_transit, k, w.rows, lane + IN_TRANSIT, w.rows, lane + WAS_HELD)
            if fast:
                add_where(n, sums.in_transit, k, w.rows, lane + FAST, w.rows, lane + WAS_HELD)


@jit_part
def _send_ages(
    f: Structure,
    x: Features,
    w: FeatureState,
    p: Place,
    period: int,
    k: int,
    ages: int,
    line: int,
    drawn: int,
    fixed: int,
) -> bool:
    """Let pending lots into line ``ages`` of a lane and hand on what arrives; after `move`.

    Row ENTERS is what enters; the dead are added to row GONE. Whether there are any.
    """
    n, z, to = p.n, k - p.lane, f.receiver[k] - p.first
    when, lane = p.work + WHEN, p.lane_rows + k * LANE_ROWS
    held = w.may_hold[z] == 1 and line >= 0
    if line < 0:
        rows_of.fill(n, w.rows, when, float(period))
    elif drawn < 0 and not held:
        rows_of.fill(n, w.rows, when, float(period + fixed))
    if w.doomed_ages[z] >= 0:
        if drawn >= 0 or w.doomed[z] == 1:  # else nothing is pending
            release = x.release_delay[f.receiver[k]]
            enter_straight(
                w, z, p.work + ENTERS, when, f.make_delay[f.receiver[k]], release, f.units[k], n
            )
        leave_line(w, ages, w.stock_ages[to], float(period), period, p.work + GONE, n)
        return False
    enter_line(w, ages, p.work + ENTERS, when, n)
    parts = w.component_ages[x.group_first[k] - p.lane]
    if held:
        return leave_held(w, ages, parts, lane + CLOCK, lane + HELD, period, p.work + GONE, n)
    return leave_line(w, ages, parts, float(period), period, p.work + GONE, n)


@jit_part
def _expedite(
    f: Structure,
    x: Features,
    w: FeatureState,
    p: Place,
    period: int,
    j: int,
    k: int,
    flow: int,
    lane: int,
) -> None:
    """Row EXPRESS: how much of row ``flow`` the rule of the lane sends the fast way."""
    n, need, to = p.n, p.work + NEED, f.receiver[k]
    aged = x.expedite_rule[k] == BACKORDER_AGE
    rows_of.zero(n, w.rows, need)
    for a in range(f.asker_ptr[to], f.asker_ptr[to + 1]):
        if aged:
            late_for(w, p, a, x.expedite_after[k], period)
        else:
            rows_of.add(n, w.rows, need, w.rows, p.asker_rows + a * ASKER_ROWS + LATE)
    if not aged:
        below = (to - p.first) * STAGE_ROWS
        lack(
            n, w.rows, need, w.rows, below + ON_HAND, below + IN_PROCESS, below + IN_RELEASE,
            x.expedite_after[k] * x.demand_seen[to],
        )  # fmt: skip
    rest = p.work + REST
    rows_of.scale(n, w.rows, rest, f.units[k], w.rows, need)
    rows_of.take(n, w.rows, rest, w.rows, lane + FAST)
    if not aged:
        rows_of.take(n, w.rows, rest, w.rows, lane + IN_TRANSIT)
    split_express(n, w.rows, flow, w.rows, p.work + EXPRESS, w.rows, rest, f.tolerance[j])
