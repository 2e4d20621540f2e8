"""A finite horizon against plain recursions that know nothing of windows and straight tails."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.distributions import (
    Deterministic,
    Empirical,
    Gamma,
    Normal,
    PerPeriod,
    Poisson,
    array,
)
from echelon.errors import DomainError, UnknownNameError
from echelon.exact.horizon.finite_horizon import finite_horizon
from echelon.exact.horizon.myopic_bounds import myopic_bounds


def plain_cost(laws, hold, short, fixed, unit, discount, ends, start, delay=0, most=14):
    """Least cost over all orders, with every order on the way kept apart; whole demand.

    laws: (value, probability) pairs of each period; ends: terminal holding and shortage cost.
    """
    n = len(laws)

    @cache
    def best(t, net, coming):
        if t == n:
            return ends[0] * max(net, 0) + ends[1] * max(-net, 0)
        found = np.inf
        most_now = most if t + delay < n else 0
        for order in range(most_now + 1):
            arrivals = (*coming, order)
            now = net + arrivals[0]
            cost = unit[t] * order + (fixed[t] if order else 0.0)
            for value, chance in laws[t]:
                left = now - value
                cost += chance * (hold[t] * max(left, 0) + short[t] * max(-left, 0))
                cost += chance * discount[t] * best(t + 1, left, arrivals[1:])
            found = min(found, cost)
        return found

    return best(0, start, (0,) * delay)


masses = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(
    lambda w: [(k, one / sum(w)) for k, one in enumerate(w)]
)
costs = st.sampled_from([0.0, 0.3, 1.0, 2.5, 7.0])
N_PERIODS = 3
per_period = st.lists(costs, min_size=N_PERIODS, max_size=N_PERIODS)


@settings(max_examples=40)
@given(
    laws=st.lists(masses, min_size=N_PERIODS, max_size=N_PERIODS),
    hold=per_period,
    short=per_period,
    fixed=per_period,
    unit=per_period,
    discount=st.sampled_from([1.0, 0.9]),
    ends=st.tuples(st.sampled_from([-0.2, 0.0, 1.0]), st.sampled_from([0.5, 4.0])),
    start=st.integers(-4, 5),
    delay=st.integers(0, 1),
)
def test_any_costs_cost_what_enumeration_says(
    laws, hold, short, fixed, unit, discount, ends, start, delay
):
    """Also where fixed or unit costs rise, so that two levels may not suffice."""
    demand = PerPeriod(tuple(Empirical([v for v, _ in law], [p for _, p in law]) for law in laws))
    arguments = {
        "holding_cost": np.c_[hold],
        "shortage_cost": np.c_[short],
        "fixed_cost": np.c_[fixed],
        "unit_cost": np.c_[unit],
        "discount_factor": discount,
        "terminal_holding_cost": ends[0],
        "terminal_shortage_cost": ends[1],
        "initial_inventory": start,
        "lead_time": delay,
    }
    tail, pays = ends[0], False  # whether a unit bought and never used earns money
    for t in range(N_PERIODS - 1, -1, -1):
        tail = hold[t] + discount * tail
        bought = t - delay
        pays |= bought >= 0 and unit[bought] + discount**delay * tail < -1e-12
    if pays:
        with pytest.raises(DomainError, match=r"terminal_holding_cost\[0\]"):
            finite_horizon([demand], **arguments)
        return
    plan = finite_horizon([demand], **arguments)
    want = plain_cost(laws, hold, short, fixed, unit, [discount] * N_PERIODS, ends, start, delay)
    assert plan.cost[0] == pytest.approx(want, rel=1e-9, abs=1e-9)


def follow(plan, laws, hold, short, fixed, unit, discount, ends, start):
    """Expected cost of the policy that a plan tells, by its levels and its ranges."""
    n = len(laws)
    suffices = np.ravel(plan.two_levels_suffice)

    def ordered(t, x):
        if suffices[t]:
            s, up_to = np.ravel(plan.reorder_point)[t], np.ravel(plan.order_up_to_level)[t]
            return up_to - x if x <= s else 0.0
        rows = plan.ranges[plan.ranges["period"] == t]
        unbounded = np.ravel(plan.reorder_point)[t]
        for row in rows.itertuples():
            first = row.Index == rows.index[0] and np.isfinite(unbounded)
            if (first or row.from_inventory <= x) and x <= row.to_inventory:
                return row.order_up_to_level - x
        return 0.0

    @cache
    def cost(t, x):
        if t == n:
            return ends[0] * max(x, 0) + ends[1] * max(-x, 0)
        order = ordered(t, x)
        total = unit[t] * order + (fixed[t] if order else 0.0)
        for value, chance in laws[t]:
            left = x + order - value
            total += chance * (hold[t] * max(left, 0) + short[t] * max(-left, 0))
            total += chance * discount * cost(t + 1, left)
        return total

    return cost(0, start)


@settings(max_examples=40)
@given(
    laws=st.lists(masses, min_size=N_PERIODS, max_size=N_PERIODS),
    hold=per_period,
    short=per_period,
    fixed=per_period,
    unit=per_period,
    start=st.integers(-4, 5),
)
def test_the_policy_that_is_told_costs_what_is_told(laws, hold, short, fixed, unit, start):
    """The levels where two suffice, the ranges where they do not."""
    demand = PerPeriod(tuple(Empirical([v for v, _ in law], [p for _, p in law]) for law in laws))
    plan = finite_horizon(
        [demand],
        holding_cost=np.c_[hold],
        shortage_cost=np.c_[short],
        fixed_cost=np.c_[fixed],
        unit_cost=np.c_[unit],
        discount_factor=0.95,
        terminal_holding_cost=0.5,
        terminal_shortage_cost=3.0,
        initial_inventory=start,
    )
    told = follow(plan, laws, hold, short, fixed, unit, 0.95, (0.5, 3.0), start)
    assert told == pytest.approx(plan.cost[0], rel=1e-9, abs=1e-9)
    if all(now >= 0.95 * later for now, later in pairwise(fixed)):
        assert plan.two_levels_suffice.all()  # Scarf


def test_rising_fixed_costs_can_take_more_than_two_levels():
    """From some inventories one buys ahead of the dear order although there is enough for now."""
    law, fixed, unit = [(0, 0.4), (1, 0.1), (6, 0.5)], [0.0, 1.0, 5.0], [3.0, 1.0, 3.0]
    plan = finite_horizon(
        PerPeriod([Empirical([0, 1, 6], [0.4, 0.1, 0.5])]),
        holding_cost=0.7,
        shortage_cost=4.0,
        fixed_cost=np.c_[fixed],
        unit_cost=np.c_[unit],
        terminal_shortage_cost=8.0,
        initial_inventory=16,
    )
    assert not plan.two_levels_suffice.all()
    middle = plan.ranges[plan.ranges["period"] == 1]
    assert middle["to_inventory"].tolist()[:2] == [5.0, 10.0]
    assert middle["order_up_to_level"].tolist()[:2] == [7.0, 12.0]
    for start in (-3, 0, 9, 16):
        again = finite_horizon(
            PerPeriod([Empirical([0, 1, 6], [0.4, 0.1, 0.5])]),
            holding_cost=0.7,
            shortage_cost=4.0,
            fixed_cost=np.c_[fixed],
            unit_cost=np.c_[unit],
            terminal_shortage_cost=8.0,
            initial_inventory=start,
        )
        ends = (0.0, 8.0)
        told = follow(again, [law] * 3, [0.7] * 3, [4.0] * 3, fixed, unit, 1.0, ends, start)
        assert told == pytest.approx(float(again.cost[0]), rel=1e-9)


def test_costs_that_balance_but_for_rounding_need_no_endless_window():
    """Waiting costs 0.3 a unit and ordering 0.3: below the window both are equally good."""
    plan = finite_horizon(
        Empirical([0, 1], [0.5, 0.5]),
        holding_cost=0.0,
        shortage_cost=[[0.0], [0.3], [0.0]],
        fixed_cost=[[0.3], [0.0], [0.0]],
        unit_cost=[[0.3], [1.0], [0.0]],
        terminal_shortage_cost=0.5,
    )
    law = [(0, 0.5), (1, 0.5)]
    want = plain_cost(
        [law] * 3,
        [0.0] * 3,
        [0.0, 0.3, 0.0],
        [0.3, 0.0, 0.0],
        [0.3, 1.0, 0.0],
        [1.0] * 3,
        (0, 0.5),
        0,
    )
    assert plan.cost[0] == pytest.approx(want)


def test_without_fixed_cost_the_last_period_is_a_newsvendor():
    plan = finite_horizon(
        Gamma(10.0, 4.0), holding_cost=1.0, shortage_cost=9.0, n_periods=3, step=0.01
    )
    assert plan.order_up_to_level == pytest.approx(
        np.full(3, float(Gamma(10.0, 4.0).ppf(0.9))), abs=0.02
    )


def test_a_finer_step_changes_the_cost_by_its_square():
    def cost(step):
        return finite_horizon(
            Gamma(20.0, 8.0),
            holding_cost=1.0,
            shortage_cost=9.0,
            fixed_cost=30.0,
            n_periods=4,
            step=step,
        ).cost

    exact = cost(0.01)
    for step in (1.6, 0.8, 0.4, 0.2, 0.1):
        assert 0.0 < cost(step) - exact < 0.05 * step**2
    assert finite_horizon(
        Gamma(20.0, 8.0), holding_cost=1.0, shortage_cost=9.0, fixed_cost=30.0, n_periods=4
    ).cost == pytest.approx(exact, rel=1e-5)


def test_skus_do_not_touch_each_other_and_steps_are_their_own():
    laws = [Poisson(4.0), Empirical([0.0, 12.0, 24.0], [0.5, 0.3, 0.2]), Normal(50.0, 9.0)]
    given_ = {"shortage_cost": 9.0, "fixed_cost": [5.0, 50.0, 100.0], "n_periods": 4}
    together = finite_horizon(laws, holding_cost=1.0, **given_)
    for k, law in enumerate(laws):
        alone = finite_horizon(law, holding_cost=1.0, **given_ | {"fixed_cost": [5.0, 50, 100][k]})
        assert alone.cost == together.cost[k]
        np.testing.assert_array_equal(alone.reorder_point, together.reorder_point[:, k])
    assert together.step[:2].tolist() == [1.0, 12.0]
    frame = together.to_frame()
    assert frame["sku"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert frame["period"].tolist() == [0, 1, 2, 3] * 3
    assert frame["order_up_to_level"][4:8].tolist() == together.order_up_to_level[:, 1].tolist()


def test_a_lead_time_pays_the_periods_before_the_first_arrival():
    """With demand known, all of it can be written down: 3 short, 6 short, then served in time."""
    plan = finite_horizon(
        Empirical([3.0], [1.0]),
        holding_cost=1.0,
        shortage_cost=2.0,
        fixed_cost=0.5,
        unit_cost=1.0,
        n_periods=4,
        lead_time=2,
        terminal_shortage_cost=50.0,
    )
    assert plan.cost == 2.0 * 3 + 2.0 * 6 + 12.0 + 2 * 0.5
    assert len(plan.reorder_point) == 2


def test_myopic_bounds_hold():
    plan_of = {
        "holding_cost": 1.0,
        "shortage_cost": 15.0,
        "fixed_cost": [20.0, 60.0, 200.0],
        "unit_cost": 2.0,
        "discount_factor": 0.97,
        "terminal_shortage_cost": 5.0,
        "n_periods": 6,
    }
    demand = array("gamma", [30.0, 40.0, 50.0], [10.0, 25.0, 12.0])
    plan, bounds = finite_horizon(demand, **plan_of), myopic_bounds(demand, **plan_of)
    near = plan.step
    assert (plan.order_up_to_level >= bounds.order_up_to_level_low - near).all()
    assert (plan.order_up_to_level <= bounds.order_up_to_level_high + near).all()
    assert (plan.reorder_point >= bounds.reorder_point_low - near).all()
    assert (plan.reorder_point <= bounds.reorder_point_high + near).all()
    assert len(bounds.to_frame()) == 18


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"holding_cost": -1.0}, "holding_cost is -1.0"),
        ({"fixed_cost": [[1.0], [np.nan]]}, "fixed_cost[1, 0] is nan"),
        ({"discount_factor": 1.5}, "discount_factor is 1.5"),
        ({"n_periods": None}, "n_periods is missing"),
        ({"n_periods": 0}, "n_periods is 0"),
        ({"n_periods": 3, "unit_cost": [[1.0], [2.0]]}, "given for [2] periods"),
        ({"lead_time": 2}, "lead_time is 2"),
        ({"lead_time": 0.5}, "lead_time is 0.5"),
        ({"initial_inventory": 0.5}, "initial_inventory[0] is 0.5"),
        ({"initial_inventory": [[1.0], [2.0]]}, "initial_inventory has shape (2, 1)"),
        ({"terminal_holding_cost": -9.0}, "terminal_holding_cost[0] is -9"),
        ({"step": -1.0}, "step is -1.0"),
    ],
)
def test_faults_name_argument_value_and_remedy(change, told):
    arguments = {"holding_cost": 1.0, "shortage_cost": 9.0, "n_periods": 2} | change
    with pytest.raises(DomainError) as caught:
        finite_horizon(Poisson(3.0), **arguments)
    assert told in str(caught.value)
    assert "Fix:" in str(caught.value)


def test_unknown_lattices_and_bounds_that_do_not_hold_are_refused():
    with pytest.raises(UnknownNameError, match="split"):
        finite_horizon(Poisson(3.0), holding_cost=1, shortage_cost=1, n_periods=2, lattice="fine")
    with pytest.raises(DomainError, match="in period 0 of SKU 0 fixed_cost is below"):
        myopic_bounds(Poisson(3.0), holding_cost=1, shortage_cost=9, fixed_cost=[[1.0], [5.0]])


def test_an_initial_inventory_may_be_of_open_packs():
    """Demand of 10 a period from 5 in stock is 2 steps of 5, from 4 it is 5 steps of 2."""
    costs = {"holding_cost": 1.0, "shortage_cost": 9.0, "fixed_cost": 25.0, "n_periods": 4}
    for start, step in ((5, 5.0), (4, 2.0), (-3, 1.0), (20, 10.0)):
        plan = finite_horizon(Deterministic(10.0), **costs, initial_inventory=start)
        whole = finite_horizon(
            PerPeriod([Empirical([0, 1, 10], [0, 0, 1])] * 4), **costs, initial_inventory=start
        )
        assert plan.step == step
        assert plan.cost == pytest.approx(whole.cost, rel=1e-12)


def test_large_and_widely_spread_whole_demand_takes_no_longer_than_its_values():
    """Both took minutes: the values below a large mean, and the gaps between few values."""
    few = Empirical([0, 3, 1_000_003], [0.05, 0.9, 0.05])
    plan = finite_horizon([Poisson(1e6), few], holding_cost=1.0, shortage_cost=9.0, n_periods=3)
    assert plan.order_up_to_level[-1, 0] == Poisson(1e6).ppf(0.9)
    assert plan.order_up_to_level[-1, 1] == 3.0


def test_a_step_that_is_no_number_is_refused():
    costs = {"holding_cost": 1.0, "shortage_cost": 9.0, "n_periods": 3}
    for step in ("a", [1.0, 2.0], np.nan):
        with pytest.raises(DomainError, match="step"):
            finite_horizon(Gamma(3.0, 1.0), **costs, step=step)


def test_bounds_that_are_not_finite_are_refused():
    for costs in ({"holding_cost": 1e-300}, {"shortage_cost": 1e300}, {"fixed_cost": 1e300}):
        arguments = {"holding_cost": 1.0, "shortage_cost": 9.0, "fixed_cost": 1.0} | costs
        with pytest.raises(DomainError, match=r"SKU 0.*finite"):
            myopic_bounds(Poisson(3.0), **arguments, n_periods=2)
