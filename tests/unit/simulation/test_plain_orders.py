"""The plain engine by hand: policies, reviews, rounding, alternatives and backups."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.errors import DomainError
from echelon.kernels.flow_arrays import (
    ECHELON_BASE_STOCK,
    MIN_MAX,
    REORDER_POINT,
    REORDER_POINT_ONCE,
)
from tests.flow_by_hand import Run, by_hand


def test_min_max_orders_up_to_the_level_once_the_position_is_low():
    """Levels 4 and 10, made in one period: positions 7, 3, 8, 3 after the demand."""
    run = Run(by_hand({0: [[3, 4, 2, 5]]}, level=10, reorder_point=4, policy=MIN_MAX, make_delay=1))
    assert run.of("order") == [0, 7, 0, 7]
    assert run.of("on_hand") == [7, 3, 8, 3]


@pytest.mark.parametrize(
    ("policy", "orders"), [(REORDER_POINT, [0, 10, 0]), (REORDER_POINT_ONCE, [0, 5, 5])]
)
def test_lots_lift_the_position_above_the_reorder_point_or_come_one_at_a_time(policy, orders):
    """Lots of 5 at a position of 4: demand of 10 leaves -3, two lots short of it."""
    case = by_hand(
        {0: [[3, 10, 1]]}, level=10, reorder_point=4, order_quantity=5, policy=policy, make_delay=1
    )
    assert Run(case).of("order") == orders


def test_a_reorder_point_reached_but_for_rounding_is_reached():
    """0.8 - 0.7 is a little more than 0.1 in binary."""
    case = by_hand({0: [[0.7]]}, level=0.8, reorder_point=0.1, policy=MIN_MAX)
    assert Run(case).of("order") == pytest.approx([0.7])


def test_reviews_keep_their_phase():
    """Every third period from period 1 on, before the demand of 2."""
    run = Run(by_hand({0: [[2] * 5]}, level=10, review=3, phase=1))
    assert run.of("order") == [0, 2, 0, 0, 6]


def test_a_cycle_runs_from_receipt_to_receipt_in_the_phase_of_the_reviews():
    """Reviews in 1, 4, 7; whole cycles 1-3 and 4-6; only period 6 ends short."""
    run = Run(by_hand({0: [[1, 1, 1, 1, 1, 1, 20, 1]]}, level=9, review=3, phase=1))
    assert run.sums.whole_cycles[0, 0] == 1
    assert run.sums.ready[0, 0] == 7


def test_orders_are_rounded_up_raised_and_cut():
    """Packs of 4, at least 5 (so 8), at most 13 (so 12); gaps of 1, 2 and 9 units."""
    case = by_hand({0: [[1, 9, 15]]}, level=20, order_multiple=4, minimum_order=5, maximum_order=13)
    run = Run(case)
    assert run.of("order") == [8, 8, 12]
    assert run.of("position") == [27, 26, 23]


def test_levels_by_period_come_round_again():
    run = Run(by_hand({0: [[1] * 4]}, level=10, levels={0: [(10, np.nan), (4, np.nan)]}))
    assert run.of("order") == [1, 0, 2, 0]


def test_an_echelon_level_sees_demand_before_the_stage_below_orders():
    """Below, reviews fall in 0 and 2 only; above, the echelon has lost 3 in period 0 already."""
    settings = {"n_stages": 2, "lanes": [(0, 1)], "review": [0, 2], "initial_stock": [12, 8]}
    case = by_hand({1: [[3, 1, 0]]}, level=[20, 8], policy=[ECHELON_BASE_STOCK, 0], **settings)
    assert Run(case).of("order", 0) == [3, 1, 0]
    installation = by_hand({1: [[3, 1, 0]]}, level=[12, 8], **settings)
    assert Run(installation).of("order", 0) == [0, 0, 4]


def test_an_echelon_review_before_the_demand_looks_at_what_the_last_period_left():
    case = by_hand(
        {1: [[3, 1, 0]]}, n_stages=2, lanes=[(0, 1)], review=[1, 0], units=2.0,
        level=[30, 8], initial_stock=[14, 8], policy=[ECHELON_BASE_STOCK, 0],
    )  # fmt: skip
    assert Run(case).of("order", 0) == [0, 6, 2]


def test_an_order_is_split_by_shares_and_a_lane_that_is_down_gives_way_to_its_backup():
    """Shares 3/4 and 1/4; in period 1 the first lane is down and the third takes its part."""
    case = by_hand(
        {3: [[8, 4, 8]]}, n_stages=4, lanes=[(0, 3), (1, 3), (2, 3)], level=50, units=2.0,
        group_first=[0, 0, 0], share=[0.75, 0.25, 0.0], backup_for=[2, -1, -1],
        downs=[{"lane": 0, "states": [0, 1, 0]}],
    )  # fmt: skip
    run = Run(case)
    assert run.lane("request", 0, 3) == [12, 0, 12]
    assert run.lane("request", 1, 3) == [4, 2, 4]
    assert run.lane("request", 2, 3) == [0, 6, 0]
    assert run.of("on_hand", 3) == [50, 50, 50]


def test_a_supplier_long_late_gives_way_to_the_backup():
    """Asked for 5 in period 0 and never delivered: late for one period as period 2 begins."""
    case = by_hand(
        {2: [[5, 1, 1, 1]]}, n_stages=3, lanes=[(0, 2), (1, 2)], level=[0, 50, 20],
        make_delay=[9, 0, 0], group_first=[0, 0], share=[1.0, 0.0], backup_for=[1, -1],
        backup_after=[0, 1],
    )  # fmt: skip
    run = Run(case)
    assert run.lane("request", 0, 2) == [5, 1, 0, 0]
    assert run.lane("request", 1, 2) == [0, 0, 1, 1]


def test_a_backup_without_patience_stands_in_only_for_what_is_down():
    case = by_hand(
        {2: [[5, 1, 1, 1]]}, n_stages=3, lanes=[(0, 2), (1, 2)], level=[0, 50, 20],
        make_delay=[9, 0, 0], group_first=[0, 0], share=[1.0, 0.0], backup_for=[1, -1],
        backup_after=[0, -1], downs=[{"stage": 0, "states": [0, 0, 0, 1]}],
    )  # fmt: skip
    assert Run(case).lane("request", 1, 2) == [0, 0, 0, 1]


class Seen:
    """Order what was asked for last, and remember the view."""

    def __init__(self):
        self.views = []

    def order_at(self, view):
        self.views.append(view)
        return view.demand


def test_a_policy_of_ones_own_sees_the_stage():
    policy = Seen()
    case = by_hand({0: [[3, 9, 2]]}, level=10, make_delay=1, review=1)
    run = Run(case, policies={0: policy})
    assert run.of("order") == [0, 3, 9]
    last = policy.views[-1]
    assert (last.period, last.position[0], last.echelon_position[0]) == (2, 1.0, 1.0)
    assert (last.on_hand[0], last.on_order[0], last.late[0]) == (0.0, 3.0, 2.0)


class Answers:
    """A policy whose answer is given."""

    def __init__(self, answer):
        self.answer = answer

    def order(self, _position):
        return self.answer


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.zeros(2), r"shape \(2,\), and there are 1 runs"),
        (np.array([np.nan]), "1 order.s. not a finite number, first in run 0: nan"),
        (np.array([-2.0]), "below 0, first in run 0: -2.0"),
        ("ten", "not numbers"),
    ],
)
def test_what_a_policy_of_ones_own_answers_is_checked(answer, message):
    with pytest.raises(DomainError, match=message) as caught:
        Run(by_hand({0: [[3]]}, level=10), policies={0: Answers(answer)}, names=["gauze @ depot"])
    assert "Answers.order at stage gauze @ depot, period 0" in str(caught.value)
    assert "Fix:" in str(caught.value)


def test_a_policy_cannot_change_what_it_is_shown():
    class Meddler:
        def order_at(self, view):
            view.position[:] = 1e9
            view.on_hand[:] = 1e9
            return np.zeros(1)

    run = Run(by_hand({0: [[3, 4]]}, level=10), policies={0: Meddler()})
    assert run.of("on_hand") == [7, 3]
    assert run.of("position") == [7, 3]
