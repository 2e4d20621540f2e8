"""What a stage orders, under every policy, and from whom: part of the flow of all features.

Rows are those of :class:`echelon.kernels.feature_flow_state.FeatureState`; ``n`` runs are used.
"""

from __future__ import annotations

import math

import numpy as np

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import Floats, jit_part, jit_rows
from echelon.kernels.feature_flow_rows import (
    ASKER_ROWS,
    DOWN,
    DUE,
    ECHELON,
    GAP,
    LANE_DOWN,
    LANE_ROWS,
    LATE,
    NEED,
    ORDER,
    REST,
    SEEN,
    STAGE_ROWS,
    TOTAL,
    Place,
)
from echelon.kernels.feature_flow_state import FeatureState
from echelon.kernels.flow_arrays import (
    BASE_STOCK,
    ECHELON_BASE_STOCK,
    MIN_MAX,
    REORDER_POINT,
    Features,
    Structure,
    Sums,
)


@jit_part
def echelon_positions(f: Structure, x: Features, w: FeatureState, p: Place, j: int) -> None:
    """Echelon position of stage ``j`` from its own and those of its receivers."""
    row = (j - p.first) * STAGE_ROWS + ECHELON
    _position(p.n, w.rows, row, w.rows, row - ECHELON + GAP, f.level[j])
    for a in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
        k = f.asker_lane[a]
        if k >= 0:
            below = (f.receiver[k] - p.first) * STAGE_ROWS + ECHELON
            rows_of.add_scaled(p.n, w.rows, row, f.units[k] * x.share[k], w.rows, below)


@jit_part
def orders_up(
    f: Structure,
    x: Features,
    w: FeatureState,
    p: Place,
    draws: Floats,
    step: int,
    period: int,
    echelon: bool,
    sums: Sums,
) -> None:
    """Orders travel up: reviews, requests, orders, requests to suppliers, stage by stage.

    ``echelon``: whether a stage of the component looks at echelon positions.
    """
    n = p.n
    if echelon:  # as the last period left them, for reviews before demand
        for j in range(p.last - 1, p.first - 1, -1):
            echelon_positions(f, x, w, p, j)
    for j in range(p.last - 1, p.first - 1, -1):
        own = (j - p.first) * STAGE_ROWS
        gap, order, review = own + GAP, own + ORDER, f.review[j]
        before = review >= 1 and (period - f.phase[j]) % review == 0
        if before:
            _order(f, x, w, p, j, period)
        elif review >= 1:
            rows_of.zero(n, w.rows, order)
        for a in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
            due = p.asker_rows + a * ASKER_ROWS + DUE
            if f.asker_lane[a] < 0:
                _ask(n, w.rows, gap, w.rows, due, draws, f.asker_row[a] - p.drawn, step)
            else:
                rows_of.add(n, w.rows, gap, w.rows, due)
        if echelon:
            echelon_positions(f, x, w, p, j)
        if review == 0:
            _order(f, x, w, p, j, period)
            if echelon:
                rows_of.add(n, w.rows, own + ECHELON, w.rows, order)
        _pass_on(f, x, w, p, j, period)
        if period >= p.warmup:
            _tally(
                n, sums.ordered, sums.ordered_squared, sums.orders, j, w.rows, order,
                f.tolerance[j],
            )  # fmt: skip
            first, last = f.asker_ptr[j], f.asker_ptr[j + 1]
            total = p.asker_rows + first * ASKER_ROWS + DUE
            if last - first != 1:
                total = p.work + TOTAL
                rows_of.zero(n, w.rows, total)
                for a in range(first, last):
                    rows_of.add(n, w.rows, total, w.rows, p.asker_rows + a * ASKER_ROWS + DUE)
            _add_with_square(n, sums.asked, sums.asked_squared, j, w.rows, total)


@jit_part
def _order(f: Structure, x: Features, w: FeatureState, p: Place, j: int, period: int) -> None:
    """Order by the policy; a position that is at a reorder point but for rounding is at it."""
    own = (j - p.first) * STAGE_ROWS
    gap, order, n = own + GAP, own + ORDER, p.n
    rounded = x.order_multiple[j] > 0.0 or x.minimum_order[j] > 0.0 or x.maximum_order[j] < np.inf
    first, cycle = x.level_ptr[j], x.level_ptr[j + 1] - x.level_ptr[j]
    level, point = f.level[j], 0.0  # the gap is counted from this level, whatever the period's
    if cycle > 0:
        level = x.level_at[first + period % cycle]
        point = x.reorder_at[first + period % cycle]
    policy = x.policy[j]
    if policy == BASE_STOCK:
        if cycle <= 1 and not rounded:
            rows_of.order_gap(n, w.rows, gap, w.rows, order)
            return
        _widened(n, w.rows, order, w.rows, gap, level - f.level[j])
    else:
        if policy == ECHELON_BASE_STOCK:
            _order_up_to(n, w.rows, order, w.rows, own + ECHELON, level)
        else:
            seen = p.work + SEEN
            _position(n, w.rows, seen, w.rows, gap, f.level[j])
            _order_at_point(
                n, w.rows, order, w.rows, seen, policy, level, point + f.tolerance[j],
                x.order_quantity[j],
            )  # fmt: skip
    if rounded:
        _round_order(
            n, w.rows, order, x.order_multiple[j], x.minimum_order[j], x.maximum_order[j],
            f.tolerance[j],
        )  # fmt: skip
    rows_of.take(n, w.rows, gap, w.rows, order)


@jit_part
def _pass_on(f: Structure, x: Features, w: FeatureState, p: Place, j: int, period: int) -> None:
    """Split the order over the lanes; a backup gets what a lane that fails was to bring."""
    order = (j - p.first) * STAGE_ROWS + ORDER
    n = p.n
    for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
        due = p.asker_rows + f.asker_of_lane[k] * ASKER_ROWS + DUE
        rows_of.scale(n, w.rows, due, f.units[k], w.rows, order)
        if x.share[k] != 1.0:
            _multiply(n, w.rows, due, x.share[k])
    for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
        backup = x.backup_for[k]
        if backup < 0:
            continue
        need = p.work + NEED
        rows_of.zero(n, w.rows, need)
        if x.backup_after[backup] >= 0:
            late_for(w, p, f.asker_of_lane[k], x.backup_after[backup], period)
        _turn_to_backup(
            n, w.rows, p.asker_rows + f.asker_of_lane[k] * ASKER_ROWS + DUE,
            w.rows, p.asker_rows + f.asker_of_lane[backup] * ASKER_ROWS + DUE,
            w.rows, p.lane_rows + k * LANE_ROWS + LANE_DOWN,
            (f.supplier[k] - p.first) * STAGE_ROWS + DOWN,
            need, f.tolerance[f.supplier[k]],
        )  # fmt: skip


@jit_part
def late_for(w: FeatureState, p: Place, a: int, periods: int, period: int) -> None:
    """Add to row NEED what asker ``a`` had waited for ``periods`` or more when the last ended.

    First in, first out: what is late less what fell due in the last ``periods`` periods.
    """
    rest, size = p.work + REST, w.past_size[a - p.asker]
    rows_of.copy(p.n, w.rows, rest, w.rows, p.asker_rows + a * ASKER_ROWS + LATE)
    for s in range(max(period - periods, 0), period):
        rows_of.take(p.n, w.rows, rest, w.history, w.past[a - p.asker] + s % size)
    rows_of.add_positive(p.n, w.rows, p.work + NEED, 1.0, w.rows, rest)


@jit_rows
def _ask(
    n: int, gap: Floats, j: int, due: Floats, d: int, draws: Floats, row: int, step: int
) -> None:
    """Customers ask; what they return is no request and makes the gap smaller."""
    for r in range(n):
        asked = draws[row, step, r]
        gap[j, r] += asked
        due[d, r] = max(asked, 0.0)


@jit_rows
def _tally(
    n: int,
    ordered: Floats,
    squared: Floats,
    orders: Floats,
    j: int,
    order: Floats,
    o: int,
    tolerance: float,
) -> None:
    for r in range(n):
        x = order[o, r]
        ordered[j, r] += x
        squared[j, r] += x * x
        orders[j, r] += 1.0 if x > tolerance else 0.0


@jit_rows
def _add_with_square(n: int, total: Floats, squared: Floats, j: int, what: Floats, i: int) -> None:
    for r in range(n):
        x = what[i, r]
        total[j, r] += x
        squared[j, r] += x * x


@jit_rows
def _widened(n: int, order: Floats, o: int, gap: Floats, j: int, step: float) -> None:
    """Order the gap below a level that is higher by ``step``."""
    for r in range(n):
        order[o, r] = max(gap[j, r] + step, 0.0)


@jit_rows
def _multiply(n: int, to: Floats, i: int, factor: float) -> None:
    for r in range(n):
        to[i, r] *= factor


@jit_rows
def _position(n: int, to: Floats, i: int, gap: Floats, j: int, level: float) -> None:
    """Inventory position."""
    for r in range(n):
        to[i, r] = level - gap[j, r]


@jit_rows
def _order_up_to(n: int, order: Floats, o: int, seen: Floats, s: int, level: float) -> None:
    for r in range(n):
        order[o, r] = max(level - seen[s, r], 0.0)


@jit_rows
def _order_at_point(
    n: int,
    order: Floats,
    o: int,
    seen: Floats,
    s: int,
    policy: int,
    level: float,
    point: float,
    quantity: float,
) -> None:
    """Order once the position seen is at the reorder point or below (units).

    ``MIN_MAX`` orders up to the level; ``REORDER_POINT`` the least number of quantities that lifts
    the position above the point, ``REORDER_POINT_ONCE`` one.
    """
    for r in range(n):
        position = seen[s, r]
        if position > point:
            order[o, r] = 0.0
        elif policy == MIN_MAX:
            order[o, r] = max(level - position, 0.0)
        elif policy == REORDER_POINT:
            order[o, r] = (math.floor((point - position) / quantity) + 1.0) * quantity
        else:
            order[o, r] = quantity


@jit_rows
def _round_order(
    n: int, order: Floats, o: int, multiple: float, least: float, most: float, tolerance: float
) -> None:
    """Whole multiples, at least ``least`` and at most ``most``, of what is ordered at all.

    ``multiple``, ``least`` 0 and ``most`` inf where there is none, units; up to the multiple first,
    then up to the least order, itself rounded up, then down to the largest that is allowed.
    """
    if multiple > 0.0:
        least = math.ceil((least - tolerance) / multiple) * multiple
        if most < np.inf:
            most = math.floor((most + tolerance) / multiple) * multiple
    for r in range(n):
        wanted = order[o, r]
        if wanted <= tolerance:
            order[o, r] = 0.0
            continue
        if multiple > 0.0:
            wanted = math.ceil((wanted - tolerance) / multiple) * multiple
        order[o, r] = min(max(wanted, least), most)


@jit_rows
def _turn_to_backup(
    n: int,
    due: Floats,
    d: int,
    backup: Floats,
    b: int,
    state: Floats,
    down: int,
    supplier_down: int,
    aged: int,
    tolerance: float,
) -> None:
    """Move the request of a lane that cannot be relied on to its backup.

    ``down``, ``supplier_down`` rows of states, ``aged`` row of units late for too long.
    """
    for r in range(n):
        fails = state[down, r] > 0.0 or state[supplier_down, r] > 0.0 or state[aged, r] > tolerance
        moved = due[d, r] if fails else 0.0
        backup[b, r] += moved
        due[d, r] -= moved
