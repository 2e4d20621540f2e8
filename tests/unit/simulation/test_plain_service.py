"""The plain engine by hand: lost sales, allocation, shelf life, disruptions."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels.flow_arrays import FIRST_COME, PRIORITY, PROPORTIONAL
from tests.flow_by_hand import Run, by_hand


def test_a_share_of_what_is_unmet_is_lost_and_the_rest_waits():
    """Five of nine are served; of four unmet half are lost. The order for all nine stays."""
    run = Run(by_hand({0: [[9, 0, 0]]}, level=5, make_delay=2, lost_share=0.5))
    assert run.of("lost") == [2, 0, 0]
    assert run.of("backorders") == [2, 2, 0]
    assert run.of("position") == [7, 7, 7]
    assert run.of("on_hand") == [0, 0, 7]
    assert run.feature_sums.lost[0, 0] == 2
    assert run.sums.due[0, 0] == 9
    assert run.sums.on_time[0, 0] == 5


def test_a_stage_that_loses_everything_is_not_ready():
    """A lost unit is a shortage of its period, one episode each time it begins."""
    run = Run(by_hand({0: [[9, 0, 9, 9]]}, level=5, make_delay=9, lost_share=1.0))
    assert run.of("backorders") == [0, 0, 0, 0]
    assert run.sums.ready[0, 0] == 1
    assert run.sums.shortages[0, 0] == 2


def test_orders_of_stages_are_never_lost():
    case = by_hand(
        {1: [[9, 0]]}, n_stages=2, lanes=[(0, 1)], level=[2, 9], make_delay=[5, 0], lost_share=1.0
    )
    run = Run(case)
    assert run.asker("late", 0, 0) == [7, 7]
    assert run.feature_sums.lost[:, 0].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("rule", "first", "second"),
    [(FIRST_COME, [0, 6, 0], [0, 0, 6]), (PROPORTIONAL, [0, 3, 3], [0, 3, 3]),
     (PRIORITY, [0, 6, 0], [0, 0, 6])],
)  # fmt: skip
def test_who_came_first_is_served_first_where_the_rule_says_so(rule, first, second):
    """Six are asked for by one in period 0, six by the other in 1; six come in each of 1 and 2."""
    case = by_hand({0: [[6, 0, 0], [0, 6, 0]]}, level=0, make_delay=1, allocation=rule)
    run = Run(case)
    assert run.asker("shipped", 0) == first
    assert run.asker("shipped", 1) == second


def test_first_come_shares_within_a_period_and_forgets_who_was_served():
    """Supply 4 a period. Fell due: 0: 2 and 6; 1: 4 and 0; so 1 and 3, then 1 and 3, then 4."""
    case = by_hand(
        {0: [[2, 4, 0, 0], [6, 0, 0, 0]]}, level=0, capacity=4, make_delay=1, allocation=FIRST_COME
    )
    run = Run(case)
    assert run.asker("shipped", 0) == [0, 1, 1, 4]
    assert run.asker("shipped", 1) == [0, 3, 3, 0]


def test_first_come_never_waits_for_what_was_lost():
    """Half of what is unmet is lost when it falls due, of either one's four in 0 and 1.

    Orders are for four in period 0 and, two being lost, for two in 1. The four that come in 1 serve
    the two that wait since 0 and two of the new four; of the other two one is lost, one waits.
    """
    case = by_hand(
        {0: [[4, 0, 0], [0, 4, 0]]}, level=0, capacity=4, make_delay=1, lost_share=0.5,
        allocation=FIRST_COME,
    )  # fmt: skip
    run = Run(case)
    assert run.asker("lost", 0) == [2, 0, 0]
    assert run.asker("shipped", 0) == [0, 2, 0]
    assert run.asker("shipped", 1) == [0, 2, 1]


def test_stock_is_issued_first_expired_first_and_expires_at_the_end_of_its_life():
    """Life 2: of ten units in period 0 nine are left at the end of period 1."""
    run = Run(by_hand({0: [[1, 1, 1]]}, level=10, shelf_life=2))
    assert run.of("expired") == [0, 9, 0]
    assert run.of("on_hand") == [10, 1, 10]
    assert run.of("order") == [1, 1, 10]
    assert run.ages() == [[10, 0], [1, 0], [10, 0]]
    assert run.feature_sums.expired[0, 0] == 9


def test_release_uses_up_life():
    """Life 3 and two periods in release: one period left on arrival. Life 2: expired at once."""
    settings = {"level": 4, "initial_stock": 0, "release_delay": 2}
    run = Run(by_hand({0: [[0, 0, 3, 0]]}, shelf_life=3, **settings))
    assert run.of("received") == [0, 0, 4, 0]
    assert run.of("expired") == [0, 0, 1, 0]
    dead = Run(by_hand({0: [[0, 0, 0, 0]]}, shelf_life=2, **settings))
    assert dead.of("received") == [0, 0, 0, 0]
    assert dead.of("expired") == [0, 0, 4, 0]
    assert dead.of("order") == [4, 0, 0, 4]


def test_a_transport_step_carries_remaining_life_and_any_other_begins_anew():
    """Life 4, one period on the way, one in process: 2 left on arrival."""
    settings = {
        "n_stages": 2, "lanes": [(0, 1)], "level": [6, 3], "initial_stock": [6, 0],
        "lane_delay": 1, "make_delay": [0, 1],
    }  # fmt: skip
    case = by_hand({1: [[0, 0, 0, 0]]}, shelf_life=4, carries=[0, 1], **settings)
    run = Run(case)
    assert run.of("received", 1) == [0, 0, 3, 0]
    # counted at the end of the period, a period of life gone
    assert run.ages(1) == [[0] * 4, [0] * 4, [3, 0, 0, 0], [0] * 4]
    assert run.of("expired", 1) == [0, 0, 0, 3]
    anew = Run(by_hand({1: [[0, 0, 0, 0]]}, shelf_life=4, carries=0, **settings))
    assert anew.ages(1)[2] == [0, 0, 3, 0]


def test_goods_that_die_on_the_way_are_lost_to_the_position():
    case = by_hand(
        {1: [[0, 0, 0]]}, n_stages=2, lanes=[(0, 1)], level=[6, 3], initial_stock=[6, 0],
        lane_delay=2, shelf_life=2, carries=[0, 1],
    )  # fmt: skip
    run = Run(case)
    assert run.lane("dead") == [0, 0, 3]
    assert run.of("expired", 1) == [0, 0, 3]
    assert run.of("position", 1) == [3, 3, 0]


def test_what_dies_on_the_way_counts_in_units_of_the_stage_that_waits_for_it():
    """Packs of two: six units die on a lane, three packs are off the position."""
    case = by_hand(
        {1: [[0, 0, 0]]}, n_stages=2, lanes=[(0, 1)], level=[12, 3], initial_stock=[12, 0],
        lane_delay=2, shelf_life=2, carries=[0, 1], units=2.0,
    )  # fmt: skip
    run = Run(case)
    assert run.lane("dead") == [0, 0, 6]
    assert run.of("expired", 1) == [0, 0, 3]
    assert run.of("on_order", 1) == [3, 3, 0]


def test_parts_that_carry_life_age_while_they_wait_for_capacity():
    """Life 2: three arrive in period 0, one starts; of two left one starts in 1, one expires."""
    case = by_hand(
        {1: [[0, 0, 0]]}, n_stages=2, lanes=[(0, 1)], level=[6, 3], initial_stock=[6, 0],
        capacity=[9e9, 1], shelf_life=2, carries=[0, 1],
    )  # fmt: skip
    run = Run(case)
    assert run.of("started", 1) == [1, 1, 1]
    # the unit of period 0 expires in stock, that of period 1 with the part that waited
    assert run.of("expired", 1) == [0, 3, 0]


def test_a_customer_who_demands_life_leaves_the_old_units_to_others():
    """Period 1: four units with one period left, four fresh ones of life 2."""
    levels = {0: [(4, np.nan), (8, np.nan)]}
    settings = {"level": 4, "levels": levels, "shelf_life": 2}
    run = Run(by_hand({0: [[0, 3], [0, 3]]}, minimum_life=[0, 2], **settings))
    # the order sees the six units asked for: ten fresh ones come in
    assert run.of("received") == [0, 10]
    assert run.of("expired") == [0, 1]
    assert run.of("on_hand") == [4, 7]
    capped = Run(by_hand({0: [[0, 6]]}, minimum_life=2, capacity=4, **settings))
    assert capped.of("shipped") == [0, 4]
    assert capped.of("backorders") == [0, 2]
    assert capped.of("expired") == [0, 4]


def test_what_the_choosy_cannot_take_goes_to_others_in_a_second_round():
    """Stock 6 old and 2 fresh, both want 6: shares of 4; two choosy ones are left, two old too."""
    case = by_hand({0: [[0, 6], [0, 6]]}, level=6, shelf_life=2, capacity=2, minimum_life=[2, 0])
    run = Run(case)
    assert run.asker("shipped", 0) == [0, 2]
    assert run.asker("shipped", 1) == [0, 6]


def test_a_stage_that_goes_down_loses_stock_and_serves_nobody():
    down = {"stage": 0, "states": [0, 1, 1, 0], "destroyed": 0.5}
    run = Run(by_hand({0: [[2] * 4]}, level=10, downs=[down]))
    assert run.of("destroyed") == [0, 5, 0, 0]
    assert run.of("order") == [2, 7, 2, 2]
    assert run.of("backorders") == [0, 2, 4, 0]
    assert run.of("on_hand") == [10, 5, 5, 10]
    feature_sums = run.feature_sums
    assert feature_sums.destroyed[0, 0] == 5
    assert [feature_sums.events[0, 0], feature_sums.recovered[0, 0]] == [1, 1]
    assert [feature_sums.survive[0, 0], feature_sums.recover[0, 0]] == [0, 0]
    assert feature_sums.survived[0, 0] == 0


def test_a_stage_that_still_ships_may_survive():
    down = {"stage": 0, "states": [0, 1, 1, 0], "destroyed": 0.5, "ships": 1}
    run = Run(by_hand({0: [[2] * 4]}, level=10, downs=[down]))
    assert run.of("on_hand") == [10, 3, 1, 10]
    assert run.feature_sums.survived[0, 0] == 1


def test_survival_and_recovery_are_times():
    """Stock 5 for demands of 2, down in 1 to 4: short from 3 on, so it survives 2 periods.

    Three units are late at the end of 4. Up again in 5 with a capacity of 4 a period: 1 and 0 are
    late, so the first good period is the second one up.
    """
    down = {"stage": 0, "states": [0, 1, 1, 1, 1, 0, 0, 0], "ships": 1}
    run = Run(by_hand({0: [[2] * 8]}, level=5, downs=[down], capacity=4))
    assert run.of("backorders") == [0, 0, 0, 1, 3, 1, 0, 0]
    assert run.feature_sums.survive[0, 0] == 2
    assert run.feature_sums.recover[0, 0] == 1
    late = Run(by_hand({0: [[2] * 8]}, level=5, downs=[down], capacity=4, warmup=2))
    assert late.feature_sums.events[0, 0] == 0  # it began before counting did


@pytest.mark.parametrize(("left", "capacity", "started"), [(0.5, 8, 4), (0.25, np.inf, 2.5)])
def test_a_share_of_capacity_may_be_left(left, capacity, started):
    """Of 8 units a period, or without a limit of the 10 that could start."""
    down = {"stage": 0, "states": [1], "left": left, "ships": 1}
    run = Run(by_hand({0: [[10]]}, level=10, downs=[down], capacity=capacity))
    assert run.of("started") == [started]


@pytest.mark.parametrize(("held", "arrived"), [(0, [0, 0, 4, 0]), (1, [0, 0, 0, 4])])
def test_goods_under_way_stand_still_where_they_are_held(held, arrived):
    """Shipped in 0, two periods; the lane is down in 1 and ships nothing of what falls due."""
    case = by_hand(
        {1: [[4, 3, 0, 0]]}, n_stages=2, lanes=[(0, 1)], level=10, lane_delay=2,
        downs=[{"lane": 0, "states": [0, 1, 0, 0], "held": held}],
    )  # fmt: skip
    run = Run(case)
    assert run.lane("arrived") == arrived
    assert run.asker("late", 0, 0) == [0, 3, 0, 0]
    assert run.asker("shipped", 0, 0) == [4, 0, 3, 0]
