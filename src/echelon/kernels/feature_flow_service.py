"""Who is served from the stock of a stage, and what is counted: part of the flow of all features.

Rows are those of :class:`echelon.kernels.feature_flow_state.FeatureState`. An asker's units are
served in the order in which they fell due, so its late ones come first.
"""

from __future__ import annotations

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import Floats, jit_part
from echelon.kernels.feature_flow_first_come import oldest_first, settle
from echelon.kernels.feature_flow_issue import draw_for, issue, issue_more, too_old_for_some
from echelon.kernels.feature_flow_life import take_back_ages
from echelon.kernels.feature_flow_lines import expire_list
from echelon.kernels.feature_flow_rows import (
    ASKER_ROWS,
    AT_ONCE,
    DUE,
    GAP,
    LANE_DOWN,
    LANE_ROWS,
    LATE,
    LOST,
    OLDEST,
    ON_HAND,
    OPEN,
    SERVES,
    SHARE,
    SHIPPED,
    STAGE_ROWS,
    STORED,
    WANTED,
    Place,
)
from echelon.kernels.feature_flow_shares import (
    add_wanted,
    add_wanted_open,
    lose,
    serve,
    serve_counted,
    serve_share,
    serve_share_counted,
    ship_all,
    ship_part,
    shut,
    stay_late,
    take_back,
    want,
)
from echelon.kernels.feature_flow_state import FeatureState
from echelon.kernels.feature_flow_supply import delay
from echelon.kernels.flow_arrays import (
    FIRST_COME,
    PROPORTIONAL,
    Features,
    FeatureSums,
    Structure,
    Sums,
)


@jit_part
def serve_all(
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
    """See what falls due at stage ``j``, serve it by the rule; the rest is late or lost."""
    n, i, counted = p.n, j - p.first, period >= p.warmup
    own, life, rule = i * STAGE_ROWS, x.shelf_life[j], f.allocation[j]
    on_hand = own + ON_HAND
    first, last = f.asker_ptr[j], f.asker_ptr[j + 1]
    if last == first:
        return
    several = last - first > 1
    in_turn = several and rule == FIRST_COME
    shared = several and rule == PROPORTIONAL
    gated = _see_what_is_due(f, x, w, p, draws, step, period, j)
    if shared:
        share = p.work + SHARE
        rows_of.zero(n, w.rows, share)
        for a in range(first, last):
            asker = p.asker_rows + a * ASKER_ROWS
            if gated:
                add_wanted_open(n, w.rows, share, w.rows, asker + LATE, asker + DUE, asker + OPEN)
            else:
                add_wanted(n, w.rows, share, w.rows, asker + LATE, w.rows, asker + DUE)
        rows_of.share_out(n, w.rows, share, w.rows, on_hand)

    choosy, loses = life > 0 and too_old_for_some(f, x, w, p, period, j), x.lost_share[j] > 0.0
    plain = not (in_turn or gated or choosy)
    if plain:  # as in the kernel of plain components
        for a in range(first, last):
            _serve(w, p, j, a, shared, counted and not loses, sums)
            if life > 0:
                draw_for(f, x, w, p, period, j, a, p.asker_rows + a * ASKER_ROWS + SHIPPED)
    else:
        _allot(f, w, p, period, j, in_turn, shared)
        for a in range(first, last):
            asker = p.asker_rows + a * ASKER_ROWS
            if not (in_turn or shared):
                ship_all(n, w.rows, asker + SHIPPED, w.rows, on_hand, w.rows, asker + WANTED)
            if life > 0:
                issue(f, x, w, p, period, j, a)
            rows_of.take(n, w.rows, on_hand, w.rows, asker + SHIPPED)
        if choosy and (in_turn or shared):
            issue_more(f, x, w, p, period, j)
        for a in range(first, last):
            asker = p.asker_rows + a * ASKER_ROWS
            stay_late(
                n, w.rows, asker + LATE, w.rows, asker + DUE, w.rows, asker + SHIPPED,
                w.rows, asker + AT_ONCE,
            )  # fmt: skip
    if in_turn or shared:
        rows_of.not_below_zero(n, w.rows, on_hand)

    for a in range(first, last):
        asker = p.asker_rows + a * ASKER_ROWS
        if loses and f.asker_lane[a] < 0:
            lose(
                n, w.rows, asker + LOST, w.rows, asker + DUE, w.rows, asker + AT_ONCE,
                w.rows, asker + LATE, w.rows, own + GAP, x.lost_share[j],
            )  # fmt: skip
        if counted and (loses or not plain):
            rows_of.add(n, sums.due, a, w.rows, asker + DUE)
            rows_of.add(n, sums.on_time, a, w.rows, asker + AT_ONCE)
            rows_of.add(n, sums.late, a, w.rows, asker + LATE)
            if loses and f.asker_lane[a] < 0:
                rows_of.add(n, feature_sums.lost, a, w.rows, asker + LOST)
        size = w.past_size[a - p.asker]
        if size > 0 and not in_turn:
            slot = w.past[a - p.asker] + period % size
            rows_of.copy(n, w.history, slot, w.rows, asker + DUE)
            if loses and f.asker_lane[a] < 0:
                rows_of.take(n, w.history, slot, w.rows, asker + LOST)
    if in_turn:
        settle(
            w.rows, w.history, p.asker_rows + first * ASKER_ROWS,
            p.asker_rows + last * ASKER_ROWS, w.past[first - p.asker],
            w.past_size[first - p.asker], own + OLDEST, period, n,
        )  # fmt: skip
    if life > 0:
        expire_list(
            w, p, j, w.stock_ages[i], period, on_hand, 1.0, f.tolerance[j], counted, feature_sums
        )


@jit_part
def _serve(
    w: FeatureState, p: Place, j: int, a: int, shared: bool, counted: bool, sums: Sums
) -> None:
    """Serve an asker in its turn or by its share; row AT_ONCE is kept where that is not counted."""
    n, asker, on_hand = p.n, p.asker_rows + a * ASKER_ROWS, (j - p.first) * STAGE_ROWS + ON_HAND
    share = p.work + SHARE
    if counted and shared:
        serve_share_counted(
            n, w.rows, on_hand, w.rows, share, w.rows, asker + LATE, w.rows, asker + DUE,
            w.rows, asker + SHIPPED, sums.due, sums.on_time, sums.late, a,
        )  # fmt: skip
    elif counted:
        serve_counted(
            n, w.rows, on_hand, w.rows, asker + LATE, w.rows, asker + DUE,
            w.rows, asker + SHIPPED, sums.due, sums.on_time, sums.late, a,
        )  # fmt: skip
    elif shared:
        serve_share(
            n, w.rows, on_hand, w.rows, share, w.rows, asker + LATE, w.rows, asker + DUE,
            w.rows, asker + SHIPPED, w.rows, asker + AT_ONCE,
        )  # fmt: skip
    else:
        serve(
            n, w.rows, on_hand, w.rows, asker + LATE, w.rows, asker + DUE,
            w.rows, asker + SHIPPED, w.rows, asker + AT_ONCE,
        )  # fmt: skip


@jit_part
def _see_what_is_due(
    f: Structure,
    x: Features,
    w: FeatureState,
    p: Place,
    draws: Floats,
    step: int,
    period: int,
    j: int,
) -> bool:
    """Returns to stock, requests through the service time; whether somebody may be shut out."""
    n, i, life = p.n, j - p.first, x.shelf_life[j]
    own = i * STAGE_ROWS
    down = x.down_ptr[j + 1] > x.down_ptr[j]
    gated = down
    for a in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
        k, wait = f.asker_lane[a], f.serve_delay[j]
        if k < 0 and x.customer_delay[j] >= 0:
            wait = x.customer_delay[j]
        asker = p.asker_rows + a * ASKER_ROWS
        if k < 0 and w.sent_row[a - p.asker] < 0:  # who asks for another kernel returns nothing
            row = f.asker_row[a] - p.drawn
            take_back(n, w.rows, own + ON_HAND, draws, row, step)
            if w.shelves.family[j] >= 0:
                take_back(n, w.rows, own + STORED, draws, row, step)
            if life > 0:
                take_back_ages(w, i, w.stock_ages[i], float(period + life - 1), draws, row, step, n)
        elif k >= 0:
            gated = gated or x.lane_down_ptr[k + 1] > x.lane_down_ptr[k]
        if wait > 0:
            delay(n, w.lines, w.asker_line[a - p.asker] + period % wait, w.rows, asker + DUE)
    if gated:
        for a in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
            asker = p.asker_rows + a * ASKER_ROWS
            rows_of.copy(n, w.rows, asker + OPEN, w.rows, own + SERVES)
            k = f.asker_lane[a]
            if k >= 0:
                down_row = p.lane_rows + k * LANE_ROWS + LANE_DOWN
                shut(n, w.rows, asker + OPEN, w.rows, down_row)
    return bool(gated)


@jit_part
def _allot(
    f: Structure,
    w: FeatureState,
    p: Place,
    period: int,
    j: int,
    in_turn: bool,
    shared: bool,
) -> None:
    """Rows WANTED and, where askers do not come one after the other, what the rule gives each.

    It gives of all stock, whatever its age.
    """
    n, first, last = p.n, f.asker_ptr[j], f.asker_ptr[j + 1]
    for a in range(first, last):
        asker = p.asker_rows + a * ASKER_ROWS
        want(n, w.rows, asker + WANTED, w.rows, asker + LATE, asker + DUE, asker + OPEN)
        if shared:
            ship_part(n, w.rows, asker + SHIPPED, w.rows, p.work + SHARE, w.rows, asker + WANTED)
    if in_turn:
        past, size = w.past[first - p.asker], w.past_size[first - p.asker]
        for a in range(first, last):
            slot = past + (a - first) * size + period
            rows_of.copy(n, w.history, slot, w.rows, p.asker_rows + a * ASKER_ROWS + DUE)
        own = (j - p.first) * STAGE_ROWS
        oldest_first(
            w.rows, w.history, p.asker_rows + first * ASKER_ROWS,
            p.asker_rows + last * ASKER_ROWS, past, size, own + OLDEST, own + ON_HAND, period, n,
        )  # fmt: skip
