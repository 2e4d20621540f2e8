"""Delay lines with all that may happen on them: part of the flow of all features.

Rows are those of :class:`echelon.kernels.feature_flow_state.FeatureState`.
"""

from __future__ import annotations

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import Floats, jit, jit_part, jit_step
from echelon.kernels.feature_flow_life import expire, find_doomed
from echelon.kernels.feature_flow_rows import (
    CLOCK,
    GAP,
    GONE,
    HELD,
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
    delay_counted,
    leave_by_clock,
    leave_when,
    overtake_when,
    put,
    put_and_take,
    take_back_counts,
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
    content: int,
    total: Floats,
    t: int,
) -> None:
    """Let row ``flow`` into a delay line and give what leaves it in its place; count it.

    ``drawn`` row of times, -1 for the ``fixed`` one; ``line`` and ``mask`` as in the state;
    ``content`` row to keep, -1 none; ``total[t]`` gets the unit periods.
    """
    if line < 0:
        return
    n, when = p.n, p.work + WHEN
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
        put_and_take(n, w.lines, line, mask, line + (period & mask), w.rows, when, w.rows, flow)
    else:
        weight, slot = min(period + fixed, end) - begin, line + period % fixed
        if weight > 0:
            delay_counted(n, w.lines, slot, w.rows, flow, float(weight), total, t)
        else:
            delay(n, w.lines, slot, w.rows, flow)
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
    rows_of.add(n, w.rows, content, w.rows, flow)
    put(n, w.lines, line, mask, w.rows, when, w.rows, flow)
    take_out_held(n, w.lines, line, mask, w.rows, clock, w.rows, held, w.rows, flow)
    rows_of.take(n, w.rows, content, w.rows, flow)


@jit_part
def expire_list(
    w: FeatureState, p: Place, j: int, ages: int, last: int, flow: int, units: float,
    tolerance: float, counted: bool, feature_sums: FeatureSums,
) -> None:  # fmt: skip
    """Take what could not be used after period ``last`` out of a list and of row ``flow``.

    ``units`` of the flow are in one of stage ``j``.
    """
    if expire(w, ages, float(last), p.work + GONE, p.n):
        bury_dead(w, p, j, flow, units, tolerance, counted, feature_sums)


@jit_part
def expire_doomed(
    w: FeatureState, p: Place, j: int, lane: int, place: float, period: int, flow: int,
    units: float, tolerance: float, counted: bool, feature_sums: FeatureSums,
) -> None:  # fmt: skip
    """The same of what is found dead in a place of a lane's goods."""
    if w.doomed[lane] > 0:
        find_doomed(w, lane, place, float(period), p.work + GONE, p.n)
        bury_dead(w, p, j, flow, units, tolerance, counted, feature_sums)


@jit_step
def bury_dead(
    w: FeatureState, p: Place, j: int, flow: int, units: float, tolerance: float, counted: bool,
    feature_sums: FeatureSums,
) -> None:  # fmt: skip
    """Take row GONE out of row ``flow``, a flow or a stock, and count it; the gap grows.

    ``units`` of the flow in one of the stage; in the former in row GONE, and then in the latter.
    Less than ``tolerance`` units is rounding, and is left where it is.
    """
    rows, gap, gone = w.rows, (j - p.first) * STAGE_ROWS + GAP, p.work + GONE
    for r in range(p.n):
        over = rows[gone, r] if rows[gone, r] > tolerance * units else 0.0
        rows[gone, r] = over / units
        rows[flow, r] = max(rows[flow, r] - over, 0.0)
        rows[gap, r] += rows[gone, r]
    if counted:
        rows_of.add(p.n, feature_sums.expired, j, w.rows, gone)
