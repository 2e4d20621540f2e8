"""The end of a period at a stage, counted: part of the flow of all features.

Rows are those of :class:`echelon.kernels.feature_flow_state.FeatureState`.
"""

from __future__ import annotations

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import jit_part
from echelon.kernels.feature_flow_lines import expire_list
from echelon.kernels.feature_flow_make import limited, several_kinds
from echelon.kernels.feature_flow_rows import (
    ASKER_ROWS,
    BAD,
    COMPONENT,
    LANE_ROWS,
    LATE,
    LOST,
    ON_HAND,
    SHORT,
    STAGE_ROWS,
    TOTAL,
    WORST,
    Place,
)
from echelon.kernels.feature_flow_shares import end_period, mark
from echelon.kernels.feature_flow_state import FeatureState
from echelon.kernels.flow_arrays import Features, FeatureSums, Structure, Sums


@jit_part
def count(
    f: Structure,
    x: Features,
    w: FeatureState,
    p: Place,
    period: int,
    j: int,
    sums: Sums,
) -> None:
    """Count the end of a period at stage ``j``; what is on its way was counted when it left."""
    n, own = p.n, (j - p.first) * STAGE_ROWS
    first, last = f.asker_ptr[j], f.asker_ptr[j + 1]
    short, total, tolerance = own + SHORT, p.work + TOTAL, f.tolerance[j]
    if p.last_down > p.down:
        _sum_short(f, x, w, p, j, total, True)
        mark(n, w.rows, p.work + BAD, w.rows, total, tolerance)
    if last - first == 1 and x.lost_share[j] == 0.0:
        total = p.asker_rows + first * ASKER_ROWS + LATE
    else:
        _sum_short(f, x, w, p, j, total, False)
    counted, review, into_cycle = period >= p.warmup, f.review[j], 0
    if review >= 2:
        into_cycle = (period - f.phase[j] - f.nominal_delay[j]) % review
        rows_of.worst_of_cycle(n, into_cycle == 0, w.rows, own + WORST, w.rows, total)
    if not counted:
        rows_of.copy(n, w.rows, short, w.rows, total)
        return
    end_period(
        n, tolerance, w.rows, total, w.rows, short, w.rows, own + ON_HAND, sums.on_hand,
        sums.ready, sums.shortages, j,
    )  # fmt: skip
    if review >= 2 and into_cycle == review - 1 and period - into_cycle >= p.warmup:
        rows_of.count_whole(n, tolerance, w.rows, own + WORST, sums.whole_cycles, j)
    if limited(x, j) or several_kinds(f, x, j) or f.outside_delay[j] >= 0:
        for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
            rows_of.add(n, sums.component, k, w.rows, p.lane_rows + k * LANE_ROWS + COMPONENT)


@jit_part
def expire_parts(
    f: Structure,
    x: Features,
    w: FeatureState,
    p: Place,
    period: int,
    j: int,
    feature_sums: FeatureSums,
) -> None:
    """Waiting components that keep their age reach it as stock on hand does."""
    if x.shelf_life[j] == 0 or x.carries[j] == 0 or w.made_ages[j - p.first] < 0:
        return
    for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
        if x.group_first[k] == k:
            parts = p.lane_rows + k * LANE_ROWS + COMPONENT
            expire_list(
                w, p, j, w.component_ages[k - p.lane], period, parts, f.units[k],
                f.tolerance[j], period >= p.warmup, feature_sums,
            )  # fmt: skip


@jit_part
def _sum_short(
    f: Structure, x: Features, w: FeatureState, p: Place, j: int, total: int, customers: bool
) -> None:
    """Late and lost units of all askers, or of customers alone."""
    rows_of.zero(p.n, w.rows, total)
    for a in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
        asker = p.asker_rows + a * ASKER_ROWS
        if f.asker_lane[a] < 0 or not customers:
            rows_of.add(p.n, w.rows, total, w.rows, asker + LATE)
        if f.asker_lane[a] < 0 and x.lost_share[j] > 0.0:
            rows_of.add(p.n, w.rows, total, w.rows, asker + LOST)
