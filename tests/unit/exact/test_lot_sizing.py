"""Dynamic lot sizing: every plan tried, a mixed-integer program, and the plan played through."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

from echelon.errors import DomainError, UnknownNameError
from echelon.exact.known_demand.lot_sizing import lot_sizing
from echelon.kernels._jit import COMPILED

amounts = st.one_of(st.just(0.0), st.integers(1, 60).map(float))
money = st.one_of(st.just(0.0), st.floats(0.01, 100.0))


def column(kind, n):
    return st.lists(kind, min_size=n, max_size=n).map(np.array)


@st.composite
def problems(draw, most=7):
    n = draw(st.integers(1, most))
    return {
        "demand": draw(column(amounts, n)),
        "fixed_cost": draw(column(money, n)),
        "holding_cost": draw(column(money, n)),
        "unit_cost": draw(column(money, n)),
    }


def played(order, demand, fixed_cost, holding_cost, unit_cost, initial=0.0, by_order=False):
    """Cost of a plan, period by period, first in first out; None where demand goes unserved."""
    lots, cost = [[initial, None]], 0.0
    for t, wanted in enumerate(demand):
        if order[t] > 0.0:
            cost += fixed_cost[t] + unit_cost[t] * order[t]
            lots.append([order[t], t])
        for lot in lots:
            used = min(lot[0], wanted)
            lot[0] -= used
            wanted -= used
        if wanted > 1e-9:
            return None
        for left, came in lots:
            rate = holding_cost[t] if came is None or not by_order else holding_cost[came]
            cost += rate * left
    return cost


def enumerated(demand, fixed_cost, holding_cost, unit_cost, initial=0.0, by_order=False):
    """Least cost over all sets of order periods, each order covering up to the next."""
    left, net = initial, np.array(demand, dtype=float)
    for t in range(len(net)):
        used = min(left, net[t])
        net[t] -= used
        left -= used
    best = np.inf
    for chosen in product([False, True], repeat=len(net)):
        starts = [t for t, yes in enumerate(chosen) if yes]
        order = np.zeros(len(net))
        for begin, end in pairwise([*starts, len(net)]):
            order[begin] = net[begin:end].sum()
        cost = played(order, demand, fixed_cost, holding_cost, unit_cost, initial, by_order)
        if cost is not None:
            best = min(best, cost)
    return best


@settings(max_examples=50)
@given(
    problem=problems(),
    initial=st.sampled_from([0.0, 5.0, 70.0]),
    charged_at=st.sampled_from(["each_period", "order_period"]),
)
def test_no_plan_costs_less(problem, initial, charged_at):
    by_order = charged_at == "order_period"
    told = lot_sizing(**problem, initial_stock=initial, charged_at=charged_at)
    least = enumerated(**problem, initial=initial, by_order=by_order)
    assert told.cost == pytest.approx(least, rel=1e-9, abs=1e-9)
    walked = played(told.order_quantity, **problem, initial=initial, by_order=by_order)
    assert told.cost == pytest.approx(walked, rel=1e-9, abs=1e-9)
    assert told.cost == pytest.approx(
        told.ordering_cost + told.purchase_cost + told.holding_cost, rel=1e-12, abs=1e-12
    )
    assert told.orders == (told.order_quantity > 0.0).sum()


@settings(max_examples=15)
@given(problem=problems(most=12), initial=st.sampled_from([0.0, 30.0]))
def test_a_mixed_integer_program_agrees(problem, initial):
    """Order, stock and yes-or-no per period; stock balance; an order only where it is paid for."""
    demand, n = problem["demand"], len(problem["demand"])
    eye, none = sparse.identity(n, format="csc"), sparse.csc_matrix((n, n))
    before = sparse.diags([np.ones(n - 1)], [-1], shape=(n, n), format="csc")
    begin = np.zeros(n)
    begin[0] = initial
    balance = optimize.LinearConstraint(
        sparse.hstack([eye, before - eye, none]), demand - begin, demand - begin
    )
    paid = optimize.LinearConstraint(
        sparse.hstack([eye, none, -max(demand.sum(), 1.0) * eye]), -np.inf, 0.0
    )
    found = optimize.milp(
        np.concatenate([problem["unit_cost"], problem["holding_cost"], problem["fixed_cost"]]),
        constraints=[balance, paid],
        integrality=np.repeat([0, 0, 1], n),
        bounds=optimize.Bounds(0.0, np.repeat([np.inf, np.inf, 1.0], n)),
        options={"mip_rel_gap": 1e-9},
    )
    told = lot_sizing(**problem, initial_stock=initial)
    assert told.cost == pytest.approx(found.fun, rel=1e-6, abs=1e-5)


@settings(max_examples=25)
@given(problem=problems(most=10), more=st.floats(0.0, 20.0))
def test_the_cost_rises_with_each_price_and_with_demand(problem, more):
    least = lot_sizing(**problem).cost
    for name in problem:
        dearer = lot_sizing(**{**problem, name: problem[name] + more}).cost
        assert dearer >= least - 1e-9 * (1.0 + least)


@settings(max_examples=25)
@given(problem=problems(most=10))
def test_both_charges_agree_where_the_rate_is_constant(problem):
    steady = {**problem, "holding_cost": 1.5}
    assert lot_sizing(**steady).cost == pytest.approx(
        lot_sizing(**steady, charged_at="order_period").cost, rel=1e-12, abs=1e-12
    )


def test_the_two_charges_differ_where_the_rate_changes():
    """Ten units from the first period to the third: 1 + 5 each, or twice 1."""
    given_ = {"fixed_cost": 1000.0, "holding_cost": [1.0, 5.0, 2.0]}
    assert lot_sizing([1, 0, 10], **given_).cost == 1060.0
    assert lot_sizing([1, 0, 10], **given_, charged_at="order_period").cost == 1020.0


def test_known_plan_with_initial_stock_by_hand():
    """100 on hand serve 90 and 10 of 120; 110 are ordered with the 80 after them."""
    told = lot_sizing([90, 120, 80, 70], fixed_cost=500, holding_cost=2, initial_stock=100)
    assert told.order_quantity.tolist() == [0.0, 260.0, 0.0, 0.0]
    assert told.stock.tolist() == [10.0, 150.0, 70.0, 0.0]
    assert told.cost == 500.0 + 2.0 * 230.0


def test_periods_without_demand_cost_no_order():
    told = lot_sizing([0, 0, 5, 0], fixed_cost=10, holding_cost=1)
    assert told.order_quantity.tolist() == [0.0, 0.0, 5.0, 0.0]
    assert (told.cost, told.orders) == (10.0, 1)
    nothing = lot_sizing(np.zeros(6), fixed_cost=10, holding_cost=1)
    assert (nothing.cost, nothing.orders) == (0.0, 0)


def test_many_skus_are_the_same_as_one_by_one():
    rng = np.random.default_rng(8)
    demand = np.where(rng.random((40, 30)) < 0.3, 0.0, rng.gamma(2.0, 20.0, (40, 30)))
    fixed, holding = rng.uniform(0.0, 300.0, (40, 1)), rng.uniform(0.1, 3.0, (40, 30))
    price, stock = rng.uniform(5.0, 9.0, 30), rng.uniform(0.0, 50.0, 40)
    together = lot_sizing(
        demand, fixed_cost=fixed, holding_cost=holding, unit_cost=price, initial_stock=stock
    )
    for k in range(40):
        alone = lot_sizing(
            demand[k],
            fixed_cost=fixed[k, 0],
            holding_cost=holding[k],
            unit_cost=price,
            initial_stock=stock[k],
        )
        assert alone.cost == together.cost[k]
        assert (alone.order_quantity == together.order_quantity[k]).all()
    frame = together.to_frame()
    assert len(frame) == 1200
    assert frame["order_quantity"].sum() == pytest.approx(together.order_quantity.sum())
    assert len(together.costs_frame()) == 40
    kept = stock + together.order_quantity.sum(axis=1) - demand.sum(axis=1)
    assert together.stock[:, -1] == pytest.approx(kept, abs=1e-9)


@pytest.mark.skipif(not COMPILED, reason="long for the plain twin")
def test_a_long_horizon_is_split_by_periods_that_hold_no_stock():
    """Three years of days; the cost is that of the plan it gives, and stock is 0 at every order."""
    rng = np.random.default_rng(4)
    problem = {
        "demand": rng.poisson(5.0, 1095).astype(float),
        "fixed_cost": np.full(1095, 200.0),
        "holding_cost": rng.uniform(0.5, 1.5, 1095),
        "unit_cost": rng.uniform(10.0, 12.0, 1095),
    }
    told = lot_sizing(**problem)
    assert told.cost == pytest.approx(played(told.order_quantity, **problem), rel=1e-10)
    starts = np.flatnonzero(told.order_quantity[1:] > 0.0)
    assert (told.stock[starts] == 0.0).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"demand": [[1.0, -2.0]]}, r"demand\[0, 1\] is -2.0"),
        ({"demand": 5.0}, "without periods"),
        ({"demand": []}, "without periods"),
        ({"fixed_cost": [1.0, 2.0, 3.0]}, "do not fit"),
        ({"holding_cost": np.nan}, "holding_cost is nan"),
        ({"initial_stock": -1.0}, r"initial_stock\[0\] is -1.0"),
        ({"unit_cost": np.inf}, "unit_cost is inf"),
    ],
)
def test_faults_are_named(change, says):
    terms = {"demand": [1.0, 2.0], "fixed_cost": 1.0, "holding_cost": 1.0, **change}
    with pytest.raises(DomainError, match=says):
        lot_sizing(terms.pop("demand"), **terms)


def test_an_unknown_charge_is_named():
    with pytest.raises(UnknownNameError, match="order_period"):
        lot_sizing([1.0], fixed_cost=1.0, holding_cost=1.0, charged_at="order_perod")


def test_units_carried_past_an_order_are_no_plan_of_rates_by_order():
    """All in 0: 1 + 30 + 2; 0 and 1: 6 + 100; 0 and 2: 101 + 30; all three: 106.

    Carried past an order in 1, the last unit would make it 1 + 5 + 2.
    """
    told = lot_sizing(
        [1, 30, 1],
        fixed_cost=[1.0, 5.0, 100.0],
        holding_cost=[1.0, 100.0, 1.0],
        charged_at="order_period",
    )
    assert told.order_quantity.tolist() == [32.0, 0.0, 0.0]
    assert told.cost == 33.0


@pytest.mark.parametrize(
    "given",
    [{"demand": [[1, 2], [3]]}, {"demand": [1, 2], "initial_stock": [[1, 2], [3]]}],
    ids=["demand", "initial stock"],
)
def test_rows_of_different_lengths_are_told(given):
    with pytest.raises(DomainError, match=f"{list(given)[-1]} is .*no number"):
        lot_sizing(**given, fixed_cost=1, holding_cost=1)
