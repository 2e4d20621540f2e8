"""What leaves a stock, by age: part of the flow of all features.

Rows are those of :class:`echelon.kernels.feature_flow_state.FeatureState`.
"""

from __future__ import annotations

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import jit_part
from echelon.kernels.feature_flow_first_expired import draw_ages, draw_straight
from echelon.kernels.feature_flow_life import eligible
from echelon.kernels.feature_flow_rows import (
    ASKER_ROWS,
    NEED,
    ON_HAND,
    REST,
    SEEN,
    SHIPPED,
    STAGE_ROWS,
    WANTED,
    Place,
)
from echelon.kernels.feature_flow_shares import at_most_row, still_wanted
from echelon.kernels.feature_flow_state import FeatureState
from echelon.kernels.flow_arrays import Features, Structure


@jit_part
def too_old_for_some(
    f: Structure, x: Features, w: FeatureState, p: Place, period: int, j: int
) -> bool:
    """Whether there is stock at ``j``, in any run, that is too old for an asker."""
    most = 1
    for a in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
        most = max(most, x.minimum_life[a])
    usable = float(period + most - 1)
    return most > 1 and rows_of.any_less(p.n, w.first, w.stock_ages[j - p.first], usable)


@jit_part
def draw_for(
    f: Structure, x: Features, w: FeatureState, p: Place, period: int, j: int, a: int, what: int
) -> None:
    """Take row ``what`` from the ages, for an asker; what goes to a lane is pending there."""
    usable = float(period + max(x.minimum_life[a], 1) - 1)
    stock, k = w.stock_ages[j - p.first], f.asker_lane[a]
    lane = k - p.lane if k >= 0 else -1
    to = w.lane_ages[lane] if lane >= 0 else -1
    if to < 0 or w.doomed_ages[lane] < 0 or x.lane_row[k] >= 0:
        draw_ages(w, stock, to, usable, what, 1.0, 1.0, p.n)
        return
    after, release = f.receiver[k], x.release_delay[f.receiver[k]]
    stored = float(period + f.lane_delay[k] + f.make_delay[after] + release)
    draw_straight(w, stock, lane, usable, what, stored, f.units[k], p.n)


@jit_part
def issue(
    f: Structure, x: Features, w: FeatureState, p: Place, period: int, j: int, a: int
) -> None:
    """Take from the ages what is shipped to an asker, no more than there is old enough for it."""
    n, asker, least = p.n, p.asker_rows + a * ASKER_ROWS, x.minimum_life[a]
    if least > 1:
        on_hand, stock = (j - p.first) * STAGE_ROWS + ON_HAND, w.stock_ages[j - p.first]
        usable = float(period + least - 1)
        if eligible(w, stock, usable, p.work + NEED, on_hand, f.tolerance[j], n):
            at_most_row(n, w.rows, asker + SHIPPED, w.rows, p.work + NEED)
    draw_for(f, x, w, p, period, j, a, asker + SHIPPED)


@jit_part
def issue_more(f: Structure, x: Features, w: FeatureState, p: Place, period: int, j: int) -> None:
    """What some could not take for its age goes to those who still want it, one after the other."""
    n, need, rest = p.n, p.work + NEED, p.work + REST
    on_hand, stock = (j - p.first) * STAGE_ROWS + ON_HAND, w.stock_ages[j - p.first]
    for a in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
        asker, least = p.asker_rows + a * ASKER_ROWS, x.minimum_life[a]
        rows_of.copy(n, w.rows, need, w.rows, on_hand)
        if least > 1:
            usable, most = float(period + least - 1), p.work + SEEN
            if eligible(w, stock, usable, most, on_hand, f.tolerance[j], n):
                at_most_row(n, w.rows, need, w.rows, most)
        still_wanted(
            n, w.rows, rest, w.rows, asker + WANTED, w.rows, asker + SHIPPED, w.rows, need,
            f.tolerance[j],
        )  # fmt: skip
        rows_of.add(n, w.rows, asker + SHIPPED, w.rows, rest)
        rows_of.take(n, w.rows, on_hand, w.rows, rest)
        draw_for(f, x, w, p, period, j, a, rest)
