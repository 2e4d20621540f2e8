"""Delay lines with all that may happen on them: part of the flow of all features.

Rows are those of :class:`echelon.kernels.feature_flow_state.FeatureState`.
"""

from __future__ import annotations

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import Floats, jit, jit_part
from echelon.kernels.feature_flow_life import (
    bury,
    dead_in_stock,
    dead_that_move,
    put_ages,
    take_ages,
    take_ages_held,
)
from echelon.kernels.feature_flow_rows import (
    CLOCK,
    GAP,
    GONE,
    HELD,
    NOW,
    STAGE_ROWS,
    WAS_HELD,
    WHEN,
    Place,
)
from echelon.kernels.feature_flow_state import FeatureState
from echelon.kernels.feature_flow_supply import (
    count_until,
    count_until_held,
    delay,
    leave_by_clock,
    leave_when,
    overtake_when,
    put,
    take_back_counts,
    take_out,
    take_out_held,
)
from echelon.kernels.flow_arrays import (
    FeatureSums,
)


@jit_part
def move(
    w: FeatureState,
    p: Place,
    draws: Floats,
    step: int,
    period: int,
    drawn: int,
    fixed: int,
    line: int,
    mask: int,
    flow: int,
    until: int,
    overtaking: bool,
    least: float,
    life: int,
    age_line: int,
    moving: int,
    content: int,
    total: Floats,
    t: int,
) -> None:
    """Let row ``flow`` into a delay line and give what leaves it in its place; count it.

    ``drawn`` row of times, -1 for the ``fixed`` one; ``line`` and ``mask`` as in the state;
    ``life`` 0 without ages; ``content`` row to keep, -1 none; ``total[t]`` gets the unit periods.
    """
    if line < 0:
        return
    n, when, now = p.n, p.work + WHEN, p.work + NOW
    begin, end = max(period, p.warmup), p.periods
    if content >= 0:
        rows_of.add(n, w.rows, content, w.rows, flow)
    if drawn >= 0:
        if overtaking:
            overtake_when(n, w.rows, when, draws, drawn - p.drawn, step, float(period))
        else:
            leave_when(
                n, w.rows, when, draws, drawn - p.drawn, step, float(period), least,
                w.rows, flow, w.rows, until,
            )  # fmt: skip
        count_until(n, total, t, w.rows, when, w.rows, flow, float(begin), float(end))
    else:
        if mask >= 0:
            rows_of.fill(n, w.rows, when, float(period + fixed))
        weight = min(period + fixed, end) - begin
        if weight > 0:
            rows_of.add_scaled(n, total, t, float(weight), w.rows, flow)
    if mask < 0:
        delay(n, w.lines, line + period % fixed, w.rows, flow)
    else:
        if life > 0:
            put_ages(w.lots, w.more, age_line, mask, moving, w.rows, when, now, n)
            take_ages(w.lots, w.more, age_line + (period & mask), moving, n)
        put(n, w.lines, line, mask, w.rows, when, w.rows, flow)
        take_out(n, w.lines, line + (period & mask), w.rows, flow)
    if content >= 0:
        rows_of.take(n, w.rows, content, w.rows, flow)


@jit  # rare, so called and not put in place twice
def move_held(
    w: FeatureState,
    p: Place,
    draws: Floats,
    step: int,
    period: int,
    drawn: int,
    fixed: int,
    line: int,
    mask: int,
    flow: int,
    lane: int,
    until: int,
    overtaking: bool,
    least: float,
    life: int,
    age_line: int,
    moving: int,
    content: int,
    total: Floats,
    t: int,
) -> None:
    """The same on the lane with first row ``lane``, where goods may be held."""
    if line < 0:
        return
    n, when, clock, held = p.n, p.work + WHEN, lane + CLOCK, lane + HELD
    begin, end = float(max(period, p.warmup)), float(p.periods)
    if drawn >= 0:
        overtake_when(n, w.rows, when, draws, drawn - p.drawn, step, 0.0)
    else:
        rows_of.fill(n, w.rows, when, float(fixed))
    if overtaking:
        rows_of.add(n, w.rows, when, w.rows, clock)
    else:
        leave_by_clock(n, w.rows, when, w.rows, clock, least, w.rows, flow, w.rows, until)
    take_back_counts(
        n, total, t, w.lines, line, mask, w.rows, clock, w.rows, held, w.rows, lane + WAS_HELD,
        period, begin, end,
    )  # fmt: skip
    count_until_held(
        n, total, t, w.rows, when, w.rows, clock, w.rows, lane + WAS_HELD, w.rows, flow,
        period, begin, end,
    )  # fmt: skip
    if life > 0:
        put_ages(w.lots, w.more, age_line, mask, moving, w.rows, when, clock, n)
        take_ages_held(w.lots, w.more, age_line, mask, moving, w.rows, clock, held, n)
    rows_of.add(n, w.rows, content, w.rows, flow)
    put(n, w.lines, line, mask, w.rows, when, w.rows, flow)
    take_out_held(n, w.lines, line, mask, w.rows, clock, w.rows, held, w.rows, flow)
    rows_of.take(n, w.rows, content, w.rows, flow)


@jit_part
def expire_moving(
    w: FeatureState, p: Place, j: int, moving: int, flow: int, units: float, tolerance: float,
    counted: bool, feature_sums: FeatureSums,
) -> None:  # fmt: skip
    """Take the dead of a moving list out of row ``flow``, ``units`` in one of stage ``j``."""
    dead_that_move(w.lots, w.more, moving, w.rows, p.work + GONE, p.n)
    _bury(w, p, j, flow, units, tolerance, counted, feature_sums)


@jit_part
def expire_stock(
    w: FeatureState, p: Place, j: int, stock: int, life: int, period: int, flow: int, units: float,
    tolerance: float, counted: bool, feature_sums: FeatureSums,
) -> None:  # fmt: skip
    """The same of a stock, at the end of a period."""
    dead_in_stock(w.ages, stock, life, period, w.rows, p.work + GONE, p.n)
    _bury(w, p, j, flow, units, tolerance, counted, feature_sums)


@jit_part
def _bury(
    w: FeatureState, p: Place, j: int, flow: int, units: float, tolerance: float, counted: bool,
    feature_sums: FeatureSums,
) -> None:  # fmt: skip
    gap, gone = (j - p.first) * STAGE_ROWS + GAP, p.work + GONE
    bury(w.rows, gone, flow, gap, units, tolerance, p.n)
    if counted:
        rows_of.add(p.n, feature_sums.expired, j, w.rows, gone)
