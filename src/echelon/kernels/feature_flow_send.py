"""What leaves a stage on its lanes, some of it the fast way: part of the flow of all features.

Rows are those of :class:`echelon.kernels.feature_flow_state.FeatureState`.
"""

from __future__ import annotations

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import Floats, jit_part
from echelon.kernels.feature_flow_life import (
    add_ages,
    clear_ages,
    draw_moving,
)
from echelon.kernels.feature_flow_lines import move, move_held
from echelon.kernels.feature_flow_orders import late_for
from echelon.kernels.feature_flow_rows import (
    ARRIVED_UNTIL,
    ASKER_ROWS,
    CLOCK,
    EXPRESS,
    FAST,
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
    moving, express = w.moving_ages[z], w.express_ages[z]
    life = x.shelf_life[f.receiver[k]] if moving >= 0 else 0
    held, fast = w.may_hold[z] == 1, x.expedite_rule[k] != NO_RULE
    overtaking = x.lane_overtaking[k] == 1
    if fast:
        _expedite(f, x, w, p, period, j, k, flow, lane)
        if period >= p.warmup:
            rows_of.add(n, feature_sums.expedited, k, w.rows, p.work + EXPRESS)
        if life > 0:
            rows_of.copy(n, w.rows, p.work + REST, w.rows, p.work + EXPRESS)
            clear_ages(w.lots, express, n)
            draw_moving(w.lots, w.more, moving, w.rows, p.work + REST, express, n)
    if held:
        move_held(
            w, p, draws, step, period, x.lane_row[k], f.lane_delay[k], w.lane_line[z],
            w.lane_mask[z], flow, lane, lane + ARRIVED_UNTIL, overtaking or x.lane_row[k] < 0,
            f.tolerance[j], life, w.lane_ages[z], moving, lane + IN_TRANSIT, sums.in_transit, k,
        )  # fmt: skip
    else:
        watched = x.expedite_rule[k] == PROJECTED_SHORTAGE
        move(
            w, p, draws, step, period, x.lane_row[k], f.lane_delay[k], w.lane_line[z],
            w.lane_mask[z], flow, lane + ARRIVED_UNTIL, overtaking, f.tolerance[j],
            life, w.lane_ages[z], moving, lane + IN_TRANSIT if watched else -1,
            sums.in_transit, k,
        )  # fmt: skip
    if fast:
        if held:
            move_held(
                w, p, draws, step, period, -1, x.expedite_delay[k], w.fast_line[z],
                w.fast_mask[z], p.work + EXPRESS, lane, lane + ARRIVED_UNTIL, True, 0.0,
                life, w.fast_ages[z], express, lane + FAST, sums.in_transit, k,
            )  # fmt: skip
        else:
            move(
                w, p, draws, step, period, -1, x.expedite_delay[k], w.fast_line[z],
                w.fast_mask[z], p.work + EXPRESS, lane + ARRIVED_UNTIL, True, 0.0,
                life, w.fast_ages[z], express, lane + FAST, sums.in_transit, k,
            )  # fmt: skip
        rows_of.add(n, w.rows, flow, w.rows, p.work + EXPRESS)
        if life > 0:
            add_ages(w.lots, w.more, moving, express, n)
    if held:
        move_clock(n, w.rows, lane + CLOCK, w.rows, lane + HELD, w.rows, lane + WAS_HELD)
        if period >= p.warmup:
            add_where(n, sums.in_transit, k, w.rows, lane + IN_TRANSIT, w.rows, lane + WAS_HELD)
            if fast:
                add_where(n, sums.in_transit, k, w.rows, lane + FAST, w.rows, lane + WAS_HELD)


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
