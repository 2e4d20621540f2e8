"""Who is served from the stock of a stage, and what is counted: part of the flow of all features.

Rows are those of :class:`echelon.kernels.feature_flow_state.FeatureState`. An asker's units are
served in the order in which they fell due, so its late ones come first.
"""

from __future__ import annotations

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import Floats, jit_part
from echelon.kernels.feature_flow_first_come import oldest_first, settle
from echelon.kernels.feature_flow_life import (
    clear_ages,
    draw_ages,
    eligible,
    take_back_ages,
)
from echelon.kernels.feature_flow_lines import expire_stock
from echelon.kernels.feature_flow_make import limited, several_kinds
from echelon.kernels.feature_flow_rows import (
    ASKER_ROWS,
    AT_ONCE,
    BAD,
    COMPONENT,
    DUE,
    GAP,
    LANE_DOWN,
    LANE_ROWS,
    LATE,
    LOST,
    NEED,
    OLDEST,
    ON_HAND,
    OPEN,
    REST,
    SERVES,
    SHARE,
    SHIPPED,
    SHORT,
    STAGE_ROWS,
    STORED,
    TOTAL,
    WANTED,
    WORST,
    Place,
)
from echelon.kernels.feature_flow_shares import (
    add_wanted,
    add_wanted_open,
    at_most_row,
    lose,
    mark,
    serve,
    serve_share,
    ship_all,
    ship_part,
    shut,
    stay_late,
    still_wanted,
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

    if life == 0 and not in_turn and not gated:  # as in the kernel of plain components
        for a in range(first, last):
            asker = p.asker_rows + a * ASKER_ROWS
            if shared:
                serve_share(
                    n, w.rows, on_hand, w.rows, p.work + SHARE, w.rows, asker + LATE,
                    w.rows, asker + DUE, w.rows, asker + SHIPPED, w.rows, asker + AT_ONCE,
                )  # fmt: skip
            else:
                serve(
                    n, w.rows, on_hand, w.rows, asker + LATE, w.rows, asker + DUE,
                    w.rows, asker + SHIPPED, w.rows, asker + AT_ONCE,
                )  # fmt: skip
    else:
        _allot(f, w, p, period, j, in_turn, shared)
        for a in range(first, last):
            asker = p.asker_rows + a * ASKER_ROWS
            if not (in_turn or shared):
                ship_all(n, w.rows, asker + SHIPPED, w.rows, on_hand, w.rows, asker + WANTED)
            if life > 0:
                _issue(f, x, w, p, period, j, a)
            rows_of.take(n, w.rows, on_hand, w.rows, asker + SHIPPED)
        if life > 0 and (in_turn or shared):
            _issue_more(f, x, w, p, period, j)
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
        loses = f.asker_lane[a] < 0 and x.lost_share[j] > 0.0
        if loses:
            lose(
                n, w.rows, asker + LOST, w.rows, asker + DUE, w.rows, asker + AT_ONCE,
                w.rows, asker + LATE, w.rows, own + GAP, x.lost_share[j],
            )  # fmt: skip
        if counted:
            rows_of.add(n, sums.due, a, w.rows, asker + DUE)
            rows_of.add(n, sums.on_time, a, w.rows, asker + AT_ONCE)
            rows_of.add(n, sums.late, a, w.rows, asker + LATE)
            if loses:
                rows_of.add(n, feature_sums.lost, a, w.rows, asker + LOST)
        size = w.past_size[a - p.asker]
        if size > 0 and not in_turn:
            slot = w.past[a - p.asker] + period % size
            rows_of.copy(n, w.history, slot, w.rows, asker + DUE)
            if loses:
                rows_of.take(n, w.history, slot, w.rows, asker + LOST)
    if in_turn:
        settle(
            w.rows, w.history, p.asker_rows + first * ASKER_ROWS,
            p.asker_rows + last * ASKER_ROWS, w.past[first - p.asker],
            w.past_size[first - p.asker], own + OLDEST, period, n,
        )  # fmt: skip
    if life > 0:
        expire_stock(
            w, p, j, w.stock_ages[i], life, period, on_hand, 1.0, f.tolerance[j], counted,
            feature_sums,
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
        if k < 0:
            row = f.asker_row[a] - p.drawn
            take_back(n, w.rows, own + ON_HAND, draws, row, step)
            if w.watch[i] >= 0:
                take_back(n, w.rows, own + STORED, draws, row, step)
            if life > 0:
                take_back_ages(w.ages, w.stock_ages[i], life, draws, row, step, period, n)
        else:
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


@jit_part
def _issue(
    f: Structure, x: Features, w: FeatureState, p: Place, period: int, j: int, a: int
) -> None:
    """Take from the ages what is shipped to an asker, no more than there is old enough for it."""
    n, rest, asker = p.n, p.work + REST, p.asker_rows + a * ASKER_ROWS
    stock, life, least = w.stock_ages[j - p.first], x.shelf_life[j], x.minimum_life[a]
    moving = -1
    if f.asker_lane[a] >= 0:
        moving = w.moving_ages[f.asker_lane[a] - p.lane]
    if moving >= 0:
        clear_ages(w.lots, moving, n)
    if least > 1:
        on_hand = (j - p.first) * STAGE_ROWS + ON_HAND
        eligible(
            w.ages, stock, life, least, period, w.rows, p.work + NEED, on_hand, f.tolerance[j], n
        )
        at_most_row(n, w.rows, asker + SHIPPED, w.rows, p.work + NEED)
    rows_of.copy(n, w.rows, rest, w.rows, asker + SHIPPED)
    draw_ages(w.ages, stock, life, least, period, w.rows, rest, w.lots, w.more, moving, n)


@jit_part
def _issue_more(f: Structure, x: Features, w: FeatureState, p: Place, period: int, j: int) -> None:
    """What some could not take for its age goes to those who still want it, one after the other."""
    first, last = f.asker_ptr[j], f.asker_ptr[j + 1]
    choosy = False
    for a in range(first, last):
        choosy = choosy or x.minimum_life[a] > 1
    if not choosy:
        return
    n, need, rest = p.n, p.work + NEED, p.work + REST
    on_hand = (j - p.first) * STAGE_ROWS + ON_HAND
    stock, life = w.stock_ages[j - p.first], x.shelf_life[j]
    for a in range(first, last):
        asker, least, moving = p.asker_rows + a * ASKER_ROWS, x.minimum_life[a], -1
        if f.asker_lane[a] >= 0:
            moving = w.moving_ages[f.asker_lane[a] - p.lane]
        if least > 1:
            eligible(w.ages, stock, life, least, period, w.rows, need, on_hand, f.tolerance[j], n)
            at_most_row(n, w.rows, need, w.rows, on_hand)
        else:
            rows_of.copy(n, w.rows, need, w.rows, on_hand)
        still_wanted(
            n, w.rows, rest, w.rows, asker + WANTED, w.rows, asker + SHIPPED, w.rows, need,
            f.tolerance[j],
        )  # fmt: skip
        rows_of.add(n, w.rows, asker + SHIPPED, w.rows, rest)
        rows_of.take(n, w.rows, on_hand, w.rows, rest)
        draw_ages(w.ages, stock, life, least, period, w.rows, rest, w.lots, w.more, moving, n)


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
        rows_of.copy(n, w.rows, total, w.rows, p.asker_rows + first * ASKER_ROWS + LATE)
    else:
        _sum_short(f, x, w, p, j, total, False)
    counted, review, into_cycle = period >= p.warmup, f.review[j], 0
    if review >= 2:
        into_cycle = (period - f.phase[j] - f.nominal_delay[j]) % review
        rows_of.worst_of_cycle(n, into_cycle == 0, w.rows, own + WORST, w.rows, total)
    if counted:
        rows_of.add(n, sums.on_hand, j, w.rows, own + ON_HAND)
        rows_of.count_shortage(
            n, tolerance, w.rows, total, w.rows, short, sums.ready, sums.shortages, j
        )
        if review >= 2 and into_cycle == review - 1 and period - into_cycle >= p.warmup:
            rows_of.count_whole(n, tolerance, w.rows, own + WORST, sums.whole_cycles, j)
        if limited(x, j) or several_kinds(f, x, j) or f.outside_delay[j] >= 0:
            for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
                rows_of.add(n, sums.component, k, w.rows, p.lane_rows + k * LANE_ROWS + COMPONENT)
    rows_of.copy(n, w.rows, short, w.rows, total)


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
    life = x.shelf_life[j]
    if life == 0 or x.carries[j] == 0:
        return
    for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
        if x.group_first[k] == k:
            parts = p.lane_rows + k * LANE_ROWS + COMPONENT
            expire_stock(
                w, p, j, w.component_ages[k - p.lane], life, period, parts, f.units[k],
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
