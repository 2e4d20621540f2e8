"""The plain engine by hand: capacity, calendars, random times, release, yield, expediting."""

from __future__ import annotations

import pytest

from echelon.kernels.flow_arrays import BACKORDER_AGE, PROJECTED_SHORTAGE
from tests.flow_by_hand import Run, by_hand


def test_capacity_starts_so_much_a_period_and_the_rest_waits_outside():
    run = Run(by_hand({0: [[9, 0, 0, 0]]}, level=10, make_delay=1, capacity=4))
    assert run.of("started") == [4, 4, 1, 0]
    assert run.of("outside_stock") == [5, 1, 0, 0]
    assert run.of("on_hand") == [1, 5, 9, 10]
    assert run.of("in_process") == [4, 4, 1, 0]
    assert run.of("position") == [10, 10, 10, 10]


def test_components_wait_for_capacity():
    """Two parts each; stage 0 ships 8 at once, the plant starts one and a half a period."""
    case = by_hand(
        {1: [[4, 0, 0]]}, n_stages=2, lanes=[(0, 1)], level=[20, 4], units=2.0, capacity=[9e9, 1.5]
    )
    run = Run(case)
    assert run.of("started", 1) == [1.5, 1.5, 1]
    assert [float(r.component[0][0]) for r in run.records if r.stage == 1] == [5, 2, 0]
    assert run.sums.component[0, 0] == 7


def test_a_campaign_makes_only_in_its_windows():
    run = Run(by_hand({0: [[2] * 6]}, level=20, calendar={0: [0, 0, 1]}))
    assert run.of("started") == [0, 0, 6, 0, 0, 6]


@pytest.mark.parametrize(("overtaking", "received"), [(0, [0, 0, 0, 9]), (1, [0, 0, 4, 5])])
def test_later_starts_wait_for_earlier_ones_unless_they_may_overtake(overtaking, received):
    """Five units take 3 periods; the four of the next period take 1."""
    case = by_hand(
        {0: [[5, 4, 0, 0]]}, level=20, times={"make_row": {0: [3, 1, 1, 1]}}, overtaking=overtaking
    )
    assert Run(case).of("received") == received


def test_a_period_without_a_start_holds_nobody_up():
    """The long time drawn in period 1 belongs to nothing."""
    run = Run(by_hand({0: [[5, 0, 4]]}, level=20, times={"make_row": {0: [1, 9, 0]}}))
    assert run.of("received") == [0, 5, 4]


def test_a_random_lane_time_belongs_to_the_period_of_shipment():
    case = by_hand(
        {1: [[3, 2, 4, 0]]}, n_stages=2, lanes=[(0, 1)], level=20,
        times={"lane_row": {0: [2, 0, 1, 9]}},
    )  # fmt: skip
    run = Run(case)
    assert run.lane("arrived") == [0, 0, 5, 4]
    assert run.lane("in_transit") == [3, 5, 4, 0]
    assert run.sums.in_transit[0, 0] == 12


def test_release_follows_making_and_is_counted_apart():
    run = Run(by_hand({0: [[5, 0, 0, 0]]}, level=10, make_delay=1, release_delay=2))
    assert run.of("in_process") == [5, 0, 0, 0]
    assert run.of("in_release") == [0, 5, 5, 0]
    assert run.of("received") == [0, 0, 0, 5]
    assert run.feature_sums.in_release[0, 0] == 10


def test_random_release_is_drawn_when_making_ends():
    case = by_hand(
        {0: [[5, 4, 0, 0]]}, level=10, make_delay=1, times={"release_row": {0: [9, 2, 0, 0]}}
    )
    assert Run(case).of("received") == [0, 0, 0, 9]


def test_a_bad_lot_is_scrapped_when_it_completes_and_ordered_again():
    """Half of the 4 units that complete in period 1 are lost; the next review sees it."""
    run = Run(
        by_hand(
            {0: [[4, 0, 0, 0]]}, level=10, make_delay=1, times={"yield_row": {0: [1, 0.5, 1, 1]}}
        )
    )
    assert run.of("scrapped") == [0, 2, 0, 0]
    assert run.of("position") == [10, 8, 10, 10]
    assert run.of("order") == [4, 0, 2, 0]
    assert run.of("on_hand") == [6, 8, 8, 10]
    assert run.feature_sums.scrapped[0, 0] == 2


def test_backorders_of_the_receiver_are_expedited_less_what_is_already_on_the_fast_way():
    """Lane 3 periods, fast way 2. Late as each period begins: 0, 4, 6, 6, 4.

    Period 1: 4 late, 2 shipped: both go fast. Period 2: 6 late, 2 under way, 9 shipped: 4 go fast.
    """
    case = by_hand(
        {1: [[4, 2, 9, 0, 0]]}, n_stages=2, lanes=[(0, 1)], level=[50, 0], lane_delay=3,
        expedite_rule=BACKORDER_AGE, expedite_delay=2,
    )  # fmt: skip
    run = Run(case)
    assert run.lane("expedited") == [0, 2, 4, 0, 0]
    assert run.lane("arrived") == [0, 0, 0, 6, 4]
    assert run.of("backorders", 1) == [4, 6, 15, 9, 5]
    assert run.feature_sums.expedited[0, 0] == 6


def test_only_backorders_old_enough_are_expedited():
    """After one period: the four units of period 0 are late for one as period 2 begins."""
    case = by_hand(
        {1: [[4, 2, 9, 0]]}, n_stages=2, lanes=[(0, 1)], level=[50, 0], lane_delay=3,
        expedite_rule=BACKORDER_AGE, expedite_delay=1, expedite_after=1,
    )  # fmt: skip
    assert Run(case).lane("expedited") == [0, 0, 4, 0]


@pytest.mark.parametrize(
    ("cover", "expedited"),
    [
        (2, [0, 0, 0, 0]),  # 2 (10 - 12) < 0; 2 (10 - 4) - 16 < 0; 2 (10 + 1) - 26 < 0
        (3, [6, 6, 4, 0]),  # 2 (15 - 12); 2 (15 - 4) - 16; 2 (15 + 1) - 26 = 6, of 4 shipped
        (7, [16, 10, 4, 0]),  # everything that is shipped
    ],
)
def test_a_projected_shortage_is_expedited(cover, expedited):
    """Net stock 12, 4, -1 against periods of a demand of 5; two parts each, 16, 26 on the way."""
    case = by_hand(
        {1: [[8, 5, 2, 0]]}, n_stages=2, lanes=[(0, 1)], level=[200, 12], units=2.0, lane_delay=9,
        expedite_rule=PROJECTED_SHORTAGE, expedite_after=cover, expedite_delay=9,
        demand_seen=[0, 5],
    )  # fmt: skip
    run = Run(case)
    assert run.lane("in_transit") == [16, 26, 30, 30]
    assert run.lane("expedited") == expedited


def test_what_is_being_made_and_released_below_is_no_shortage():
    """Eight asked for in period 0 arrive in 1, one period making and one in release: due in 3."""
    case = by_hand(
        {1: [[8, 0, 0, 5]]}, n_stages=2, lanes=[(0, 1)], level=[200, 8], make_delay=[0, 1],
        release_delay=[0, 1], lane_delay=1, expedite_rule=PROJECTED_SHORTAGE, expedite_after=1,
        demand_seen=[0, 8],
    )  # fmt: skip
    run = Run(case)
    assert run.of("in_release", 1) == [0, 0, 8, 0]
    assert run.lane("expedited") == [0, 0, 0, 0]
