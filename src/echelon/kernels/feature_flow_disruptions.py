"""Stages and lanes that go down and come up: part of the flow of all features.

Rows are those of :class:`echelon.kernels.feature_flow_state.FeatureState`; ``n`` runs are used.
"""

from __future__ import annotations

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import Floats, Integers, jit, jit_part
from echelon.kernels.feature_flow_lots import COUNT, UNITS, lot_at
from echelon.kernels.feature_flow_rows import (
    BAD,
    BEFORE,
    BEGAN,
    CAME_UP,
    DISRUPTION_ROWS,
    DOWN,
    EVENT,
    GAP,
    GONE,
    HELD,
    HIT,
    LANE_DOWN,
    LANE_ROWS,
    LEFT,
    ON_HAND,
    SERVES,
    STAGE_ROWS,
    Place,
)
from echelon.kernels.feature_flow_state import FeatureState
from echelon.kernels.flow_arrays import Features, FeatureSums


@jit_part
def states(
    x: Features,
    w: FeatureState,
    p: Place,
    draws: Floats,
    step: int,
    counted: bool,
    feature_sums: FeatureSums,
) -> None:
    """What is down in this period, and the stock that is destroyed by going down."""
    n = p.n
    for j in range(p.first, p.last):
        first, last = x.down_ptr[j], x.down_ptr[j + 1]
        if first == last:
            continue
        i = j - p.first
        own = i * STAGE_ROWS
        stage_states(
            w.rows, own, draws, step, x.down_of, first, last, x.disruption_row, p.drawn,
            x.capacity_left, x.ships, n,
        )  # fmt: skip
        for q in range(first, last):
            d = x.down_of[q]
            share = x.stock_destroyed[d]
            if share == 0.0:
                continue
            at, row = p.down_rows + d * DISRUPTION_ROWS, x.disruption_row[d] - p.drawn
            destroy(w.rows, own, at, draws, row, step, share, p.work, n)
            if x.shelf_life[j] > 0:
                destroy_ages(w, w.stock_ages[i], at, draws, row, step, share, n)
            if counted:
                rows_of.add(n, feature_sums.destroyed, j, w.rows, p.work + GONE)
    for k in range(p.lane, p.last_lane):
        first, last = x.lane_down_ptr[k], x.lane_down_ptr[k + 1]
        if first < last:
            lane_states(
                w.rows, p.lane_rows + k * LANE_ROWS, draws, step, x.lane_down_of, first, last,
                x.disruption_row, p.drawn, x.in_transit_held, n,
            )  # fmt: skip


@jit
def stage_states(
    rows: Floats,
    own: int,
    draws: Floats,
    step: int,
    down_of: Integers,
    first: int,
    last: int,
    disruption_row: Integers,
    first_row: int,
    capacity_left: Floats,
    ships: Integers,
    n: int,
) -> None:
    """State of a stage in this period, of all disruptions ``down_of[first:last]`` together.

    ``own`` first row of the stage. It is down if any says so; the least capacity is left, and it
    ships only if it may under all that are down.
    """
    for r in range(n):
        rows[own + DOWN, r] = 0.0
        rows[own + LEFT, r] = 1.0
        rows[own + SERVES, r] = 1.0
    for q in range(first, last):
        d = down_of[q]
        row = disruption_row[d] - first_row
        left, serves = capacity_left[d], 1.0 if ships[d] else 0.0
        for r in range(n):
            if draws[row, step, r] > 0.0:
                rows[own + DOWN, r] = 1.0
                rows[own + LEFT, r] = min(rows[own + LEFT, r], left)
                rows[own + SERVES, r] = min(rows[own + SERVES, r], serves)


@jit
def destroy(
    rows: Floats,
    own: int,
    state: int,
    draws: Floats,
    row: int,
    step: int,
    share: float,
    work: int,
    n: int,
) -> None:
    """Take the share of stock that is lost in the first period down; row GONE says how much.

    ``state`` first row of the disruption, ``row`` of its draws.
    """
    for r in range(n):
        falls = draws[row, step, r] * (1.0 - rows[state + BEFORE, r])
        rows[work + GONE, r] = falls * share * rows[own + ON_HAND, r]
    for r in range(n):
        rows[own + ON_HAND, r] -= rows[work + GONE, r]
    for r in range(n):
        rows[own + GAP, r] += rows[work + GONE, r]


@jit
def destroy_ages(
    w: FeatureState,
    stock: int,
    state: int,
    draws: Floats,
    row: int,
    step: int,
    share: float,
    n: int,
) -> None:
    """The same share of each lot of a list."""
    for r in range(n):
        falls = draws[row, step, r] * (1.0 - w.rows[state + BEFORE, r])
        if falls == 0.0:
            continue
        for i in range(w.heads[stock, r, COUNT]):
            at = lot_at(w.heads, stock, r, i) + UNITS
            w.lots[at] -= falls * share * w.lots[at]


@jit
def lane_states(
    rows: Floats,
    own: int,
    draws: Floats,
    step: int,
    down_of: Integers,
    first: int,
    last: int,
    disruption_row: Integers,
    first_row: int,
    held: Integers,
    n: int,
) -> None:
    """State of a lane in this period; goods under way stand still if any that is down says so."""
    for r in range(n):
        rows[own + LANE_DOWN, r] = 0.0
        rows[own + HELD, r] = 0.0
    for q in range(first, last):
        d = down_of[q]
        row = disruption_row[d] - first_row
        for r in range(n):
            if draws[row, step, r] > 0.0:
                rows[own + LANE_DOWN, r] = 1.0
                if held[d]:
                    rows[own + HELD, r] = 1.0


@jit
def follow_events(
    rows: Floats,
    down_rows: int,
    work: int,
    draws: Floats,
    step: int,
    disruption_row: Integers,
    first: int,
    last: int,
    first_row: int,
    period: int,
    counted: bool,
    events: Floats,
    survived: Floats,
    survive: Floats,
    recover: Floats,
    recovered: Floats,
    n: int,
) -> None:
    """At the end of a period: which events began, were felt, were got over.

    An event counts as survived until customers feel it. One that begins before the last is got
    over takes its place.
    """
    for d in range(first, last):
        own = down_rows + d * DISRUPTION_ROWS
        row = disruption_row[d] - first_row
        for r in range(n):
            down = draws[row, step, r] > 0.0
            if down and rows[own + BEFORE, r] == 0.0:
                rows[own + EVENT, r] = 1.0 if counted else 0.0
                rows[own + BEGAN, r] = period
                rows[own + HIT, r] = 0.0
                if counted:
                    events[d, r] += 1.0
                    survived[d, r] += 1.0
            if not down and rows[own + BEFORE, r] > 0.0:
                rows[own + CAME_UP, r] = period
            rows[own + BEFORE, r] = 1.0 if down else 0.0
            if rows[own + EVENT, r] == 0.0:
                continue
            bad = rows[work + BAD, r] > 0.0
            if bad and rows[own + HIT, r] == 0.0:
                rows[own + HIT, r] = 1.0
                survived[d, r] -= 1.0
                survive[d, r] += period - rows[own + BEGAN, r]
            if not down and not bad:
                rows[own + EVENT, r] = 0.0
                recovered[d, r] += 1.0
                recover[d, r] += period - rows[own + CAME_UP, r]
