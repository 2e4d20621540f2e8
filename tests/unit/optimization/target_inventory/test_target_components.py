"""Components of a target: they add up, each is off with its feature, and hand-made cases agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echelon.optimization.target_inventory.components import COMPONENTS, components, targets
from echelon.optimization.target_inventory.pegging import INHERITED, peg
from tests.target_plans import FEATURES, changed, happen, random_plan, random_problem

some_features = st.frozensets(st.sampled_from(FEATURES))


@given(seed=st.integers(0, 10**6), features=some_features)
def test_components_add_up_to_the_target(seed, features):
    problem, solution = random_plan(seed, features)
    parts = components(problem, solution)
    total = sum(parts[name] for name in COMPONENTS)
    assert total == pytest.approx(targets(problem, solution), abs=1e-9)
    for name, units in parts.items():
        if name == "shelf_life_cut":
            assert (units <= 1e-9).all()
        elif name != "cycle":
            assert (units >= -1e-9).all()


@given(seed=st.integers(0, 10**6), features=some_features)
def test_pegs_are_the_stock_and_its_issues(seed, features):
    """Second method: the stock of the balance equation, from the flows alone."""
    problem, solution = random_plan(seed, features)
    pegs = peg(problem, solution, 0)
    n = problem.n_periods
    assert pegs.on_hand(n).sum(axis=0) == pytest.approx(solution.on_hand[0], abs=1e-8)
    for used, flow in ((True, solution.served[0]), (False, solution.expired[0])):
        here = (pegs.used == used) & (pegs.issued < n)
        out = np.bincount(pegs.issued[here], pegs.units[here], n)
        assert out == pytest.approx(flow, abs=1e-8)
    assert (pegs.arrived <= pegs.issued).all()


@given(seed=st.integers(0, 10**6), features=some_features)
def test_cycle_stock_is_what_its_own_tally_says(seed, features):
    """What is left of the stock on hand once the other parts are taken off is never negative."""
    problem, solution = random_plan(seed, features)
    parts = components(problem, solution)
    cycle = parts["cycle"][0] + solution.backorders[0]
    assert (cycle >= -1e-8).all()
    assert (cycle <= solution.on_hand[0] + 1e-8).all()


@given(seed=st.integers(0, 10**6), features=some_features)
def test_a_component_is_nothing_where_its_feature_is_off(seed, features):
    problem, solution = random_plan(seed, features)
    parts = components(problem, solution)
    takes_time = problem.make_time[0] > 0 or {"two_parts", "open_orders"} & features
    off = {
        "safety": "floor" not in features,
        "shelf_life_cut": not {"floor", "life"} <= features,
        "pipeline": not takes_time,
        "quality_hold": "release" not in features,
        "prebuild": not {"capacity", "window", "resource", "frozen"} & features,
        "minimum_order_excess": not {"lots", "minimum"} & features,
        "policy_override": not {"opening", "open_orders", "frozen"} & features,
    }
    for name, is_off in off.items():
        if is_off:
            assert not parts[name].any(), name


def plain(**arrays):
    """Eight periods of 10 units each, nothing on."""
    problem = random_problem(np.random.default_rng(0), frozenset())
    n = 8
    shape = {
        "horizon": n,
        "n_periods": n,
        "demand": np.full((1, n), 10.0),
        "make_time": np.array([0]),
        "price": np.zeros((1, n)),
        "can_order": np.ones((1, n), bool),
        "can_start": np.ones((1, n), bool),
        "capacity": np.full((1, n), np.inf),
        "fixed_order": np.full((1, n), np.nan),
        "floor": np.zeros((1, n)),
        "floor_price": np.zeros((1, n)),
        "resource_capacity": np.zeros((0, n)),
    }
    return changed(problem, **{**shape, **arrays})


def parts_of(orders, **arrays):
    problem = plain(**arrays)
    solution = happen(problem, np.array(orders, float))
    assert not solution.lost.any() or "demand" in arrays
    return {name: units[0].tolist() for name, units in components(problem, solution).items()}


def test_orders_for_four_periods_are_cycle_stock():
    parts = parts_of([40, 0, 0, 0, 40, 0, 0, 0])
    assert parts["cycle"] == [30, 20, 10, 0, 30, 20, 10, 0]


def test_a_closed_window_makes_the_same_orders_prebuild():
    """Open in periods 0 and 4 only: what lasts until 3 had to be there in 0."""
    opened = np.array([[True, False, False, False] * 2])
    parts = parts_of([40, 0, 0, 0, 40, 0, 0, 0], can_start=opened)
    assert parts["prebuild"] == [30, 20, 10, 0, 30, 20, 10, 0]
    assert parts["cycle"] == [0.0] * 8


def test_reviews_every_four_periods_are_cycle_stock():
    reviews = np.array([[True, False, False, False] * 2])
    assert parts_of([40, 0, 0, 0, 40, 0, 0, 0], can_order=reviews)["cycle"][0] == 30


def test_capacity_for_a_peak_is_prebuild_by_as_much_as_finds_no_room():
    """15 a period, 45 asked for in period 3: 10 of each period before have to wait for it.

    With 20 a period and orders of 20, 15, 10 and 15 there is room for 5, 10 and 5 in periods 1
    to 3: enough for all that is on hand after 0, for 15 of 25 after 1 and for 5 of 30 after 2.
    """
    demand = np.array([[5.0, 5.0, 5.0, 45.0, 15.0, 15.0, 15.0, 15.0]])
    capacity = np.full((1, 8), 15.0)
    full = parts_of([15] * 8, demand=demand, capacity=capacity)
    assert full["prebuild"] == [10, 20, 30, 0, 0, 0, 0, 0]
    room = parts_of([20, 15, 10, 15, 15, 15, 15, 15], demand=demand, capacity=capacity + 5.0)
    assert room["prebuild"] == [0, 10, 25, 0, 0, 0, 0, 0]
    assert room["cycle"] == [15, 15, 5, 0, 0, 0, 0, 0]


def test_batches_leave_minimum_order_excess():
    """Lots of 25: the first leaves 5 when the second comes in period 2; cycle is 10, 0, 15, 5..."""
    parts = parts_of([25, 0, 25, 0, 0, 25, 0, 25], order_multiple=np.array([25.0]))
    assert parts["minimum_order_excess"][:2] == [5, 5]
    assert parts["cycle"][:2] == [10, 0]
    total = np.add(parts["cycle"], parts["minimum_order_excess"])
    assert total.tolist() == [15, 5, 20, 10, 0, 15, 5, 20]


def test_a_minimum_that_does_not_bind_leaves_no_excess():
    binds = parts_of([30, 0, 30, 0, 0, 30, 0, 0], minimum_order=np.array([30.0]))
    assert binds["minimum_order_excess"][0] == 10
    larger = parts_of([30, 0, 30, 0, 0, 30, 0, 0], minimum_order=np.array([20.0]))
    assert not any(larger["minimum_order_excess"])


def test_a_floor_is_safety_stock_and_no_excess():
    floor = np.full((1, 8), 7.0)
    parts = parts_of([17, 10, 20, 0, 10, 10, 10, 10], floor=floor, order_multiple=np.array([1.0]))
    assert parts["safety"] == [7.0] * 8
    assert parts["cycle"] == [0, 0, 10, 0, 0, 0, 0, 0]
    assert not any(parts["minimum_order_excess"])


def test_stock_found_is_cycle_until_an_order_can_be_there_and_override_beyond():
    """45 on hand, an order takes 2 periods: 20 had to be there, 25 did not."""
    parts = parts_of(
        [0, 0, 5, 10, 10, 10, 0, 0],
        stock_stage=np.array([0]),
        stock_life=np.array([0]),
        stock_quantity=np.array([45.0]),
        make_time=np.array([2]),
    )
    assert parts["policy_override"] == [25, 25, 15, 5, 0, 0, 0, 0]
    assert parts["cycle"] == [10, 0, 0, 0, 0, 0, 0, 0]
    assert parts["pipeline"] == [0, 0, 5, 15, 20, 20, 10, 0]


def test_frozen_orders_beyond_need_are_override():
    fixed = np.full((1, 8), np.nan)
    fixed[0, :2] = [40.0, 20.0]
    parts = parts_of([40, 20, 0, 0, 0, 0, 10, 10], fixed_order=fixed)
    assert parts["policy_override"] == [20, 40, 30, 20, 10, 0, 0, 0]
    assert parts["cycle"][0] == 10


def test_shelf_life_cuts_the_floor_that_would_expire():
    """Three periods of life: what is on hand serves two more, 20 units; a floor of 50 is cut by 30.

    With 10 a period ordered for each of the next two, 20 are held, and 50 - 30 is kept.
    """
    parts = parts_of(
        [30, 10, 10, 10, 10, 10, 10, 10],
        shelf_life=np.array([3]),
        floor=np.full((1, 8), 50.0),
    )
    assert parts["shelf_life_cut"][:5] == [-30.0] * 5
    assert parts["safety"][:5] == [50.0] * 5
    assert np.add(parts["safety"], parts["shelf_life_cut"])[:5].tolist() == [20.0] * 5
    assert not any(parts["cycle"])


def test_what_is_owed_is_taken_off_cycle_stock():
    demand = np.array([[30.0] + [10.0] * 7])
    parts = parts_of([20, 20, 10, 10, 10, 10, 10, 10], demand=demand, lost_share=np.array([0.0]))
    assert parts["cycle"] == [-10] + [0] * 7


def test_release_is_a_quality_hold():
    parts = parts_of([10] * 8, release_time=np.array([1]), demand=np.array([[0.0] + [10.0] * 7]))
    assert parts["quality_hold"] == [10.0] * 8
    assert not any(parts["pipeline"])


def test_a_portion_comes_before_it_goes_and_knows_its_order():
    problem, solution = random_plan(3, frozenset({"opening", "life"}))
    pegs = peg(problem, solution, 0)
    orders = {t: units for t, units in enumerate(solution.orders[0]) if units}
    for period in orders:
        own = pegs.ordered == period
        if own.any():
            arrives = period + int(problem.make_time[0])
            assert (pegs.arrived[own] == arrives).all()
    assert pegs.units[pegs.ordered == INHERITED].sum() == pytest.approx(
        problem.stock_quantity.sum()
    )


@given(seed=st.integers(0, 10**6), feature=st.sampled_from(["capacity", "window", "resource"]))
def test_prebuild_is_what_no_matching_of_units_to_room_can_postpone(seed, feature):
    """Second method: units one by one, those for the soonest period first, into room there is."""
    problem, solution = random_plan(seed, frozenset({feature}))
    pegs = peg(problem, solution, 0)
    n, takes = problem.n_periods, int(problem.make_time[0])
    most = {"capacity": 40.0, "window": np.inf, "resource": 35.0}[feature]
    found = components(problem, solution)["prebuild"][0]
    for period in range(n):
        room = {}
        for start in range(n):
            if problem.can_start[0, start] and period < start + takes < n:
                room[start + takes] = most - solution.started[0, start]
        room[n] = np.inf
        left = 0.0
        there = (pegs.arrived <= period) & (pegs.issued > period)
        for issued, units in sorted(zip(pegs.issued[there], pegs.units[there], strict=True)):
            want = float(units)
            for at in sorted(room):
                if at <= issued:
                    taken = min(want, room[at])
                    room[at] -= taken
                    want -= taken
            left += want
        assert found[period] == pytest.approx(left, abs=1e-8)
