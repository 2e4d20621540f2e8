"""Joint replenishment: all multiples tried, the base cycle searched, orders counted day by day."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.errors import DomainError, UnknownNameError
from echelon.exact.known_demand.joint_replenishment import joint_replenishment

SMALL = {
    "shared_fixed_cost": 10.0,
    "individual_fixed_cost": [1.87, 5.27, 7.94, 8.19, 8.87],
    "holding_cost": 0.2,
}
DEMAND = [1736.0, 656.0, 558.0, 170.0, 142.0]

items = st.lists(
    st.tuples(st.floats(0.0, 100.0), st.floats(0.05, 50.0), st.floats(0.5, 500.0)),
    min_size=1,
    max_size=4,
)


def enumerated(shared, own, slope, choices):
    """Least cost over all combinations of multiples, the base cycle best for each."""
    tried = np.array(list(product(choices, repeat=len(own))), dtype=float)
    orders = shared + (np.asarray(own) / tried).sum(axis=1)
    return np.sqrt(2.0 * orders * (tried * slope).sum(axis=1)).min()


def of(rows, shared, method):
    own, hold, demand = (list(column) for column in zip(*rows, strict=True))
    told = joint_replenishment(
        demand,
        shared_fixed_cost=shared,
        individual_fixed_cost=own,
        holding_cost=hold,
        method=method,
    )
    return told, own, np.array(hold) * np.array(demand)


@settings(max_examples=40)
@given(rows=items, shared=st.floats(1.0, 200.0))
def test_no_multiples_cost_less(rows, shared):
    told, own, slope = of(rows, shared, "exact")
    least = enumerated(shared, own, slope, range(1, 13))
    assert told.cost <= least * (1.0 + 1e-12)
    if told.multiple.max() < 12:
        assert told.cost == pytest.approx(least, rel=1e-12)


@settings(max_examples=40)
@given(rows=items, shared=st.floats(1.0, 200.0))
def test_no_powers_of_two_cost_less_and_they_keep_their_promise(rows, shared):
    told, own, slope = of(rows, shared, "power_of_two")
    least = enumerated(shared, own, slope, [1, 2, 4, 8, 16])
    assert told.cost <= least * (1.0 + 1e-12)
    if told.multiple.max() < 16:
        assert told.cost == pytest.approx(least, rel=1e-12)
    exact, silver = of(rows, shared, "exact")[0], of(rows, shared, "silver")[0]
    assert exact.lower_bound <= exact.cost <= told.cost * (1.0 + 1e-12)
    assert exact.cost <= silver.cost * (1.0 + 1e-12)
    assert told.cost <= 1.0202 * told.lower_bound  # 1 / (sqrt(2) ln 2)


@settings(max_examples=30)
@given(rows=items, shared=st.floats(1.0, 200.0))
def test_the_lower_bound_is_the_least_over_real_multiples(rows, shared):
    told, own, slope = of(rows, shared, "exact")
    base = np.geomspace(1e-3, 1e3, 40_001)[:, None]
    cycle = np.maximum(base, np.sqrt(2.0 * np.asarray(own) / slope))
    relaxed = shared / base[:, 0] + (np.asarray(own) / cycle + 0.5 * slope * cycle).sum(axis=1)
    assert relaxed.min() >= told.lower_bound * (1.0 - 1e-12)
    if 0.003 < told.base_cycle_time < 300.0:
        assert relaxed.min() == pytest.approx(told.lower_bound, rel=1e-6)


@pytest.mark.parametrize("method", ["exact", "power_of_two", "silver"])
def test_the_cost_is_that_of_orders_counted_one_by_one(method):
    """Play base cycles until all multiples meet, stock falling from each order to nothing."""
    told = joint_replenishment(DEMAND, **SMALL, method=method)
    rounds = int(np.lcm.reduce(told.multiple))
    paid = 0.0
    for beat in range(rounds):
        ordered = beat % told.multiple == 0
        paid += SMALL["shared_fixed_cost"]
        paid += np.array(SMALL["individual_fixed_cost"])[ordered].sum()
        quantity = told.order_quantity[ordered]
        paid += 0.2 * (0.5 * quantity * told.cycle_time[ordered]).sum()
    assert told.cost == pytest.approx(paid / (rounds * told.base_cycle_time), rel=1e-12)
    assert told.order_quantity == pytest.approx(np.array(DEMAND) * told.cycle_time)


def test_families_in_any_order_are_solved_each_by_itself():
    rng = np.random.default_rng(6)
    n = 60
    label = rng.choice(["b", "a", "c", "d"], n)
    shared_of = {"a": 10.0, "b": 25.0, "c": 3.0, "d": 80.0}
    shared = np.array([shared_of[one] for one in label])
    demand, own, hold = rng.gamma(1.0, 50.0, n), rng.gamma(1.0, 8.0, n), rng.uniform(0.1, 2.0, n)
    for method in ("exact", "power_of_two", "silver"):
        together = joint_replenishment(
            demand,
            shared_fixed_cost=shared,
            individual_fixed_cost=own,
            holding_cost=hold,
            family=label,
            method=method,
        )
        for one in "abcd":
            at = label == one
            alone = joint_replenishment(
                demand[at],
                shared_fixed_cost=shared_of[one],
                individual_fixed_cost=own[at],
                holding_cost=hold[at],
                method=method,
            )
            assert (together.multiple[at] == alone.multiple).all()
            assert together.cost[at] == pytest.approx(alone.cost, rel=1e-12)
            assert together.lower_bound[at] == pytest.approx(alone.lower_bound, rel=1e-9)
            assert together.order_quantity[at] == pytest.approx(alone.order_quantity, rel=1e-12)
        assert together.families_frame()["family"].tolist() == list(dict.fromkeys(label))
        assert len(together.to_frame()) == n


def test_one_item_is_the_plain_model():
    told = joint_replenishment(
        [1300.0], shared_fixed_cost=5.0, individual_fixed_cost=3.0, holding_cost=0.225
    )
    assert told.order_quantity[0] == pytest.approx(304.0467800264368)
    assert told.cost == told.lower_bound == pytest.approx(68.41052550594829)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shared_fixed_cost": 0.0}, "shared_fixed_cost is 0.0"),
        (
            {"shared_fixed_cost": [1.0, 2.0, 1.0, 1.0, 1.0]},
            r"shared_fixed_cost\[1\] is 2.0, differs",
        ),
        ({"individual_fixed_cost": [1, 2, -3, 4, 5]}, r"individual_fixed_cost\[2\]"),
        ({"holding_cost": [1.0, 2.0]}, "do not fit"),
        ({"family": ["a", "b"]}, r"family has shape \(2,\)"),
        ({"family": ["a", None, "b", "a", "a"]}, r"family\[1\] is missing"),
    ],
)
def test_faults_are_named(change, says):
    with pytest.raises(DomainError, match=says):
        joint_replenishment(DEMAND, **{**SMALL, **change})


def test_a_number_is_no_list_of_items():
    with pytest.raises(DomainError, match="one number per item"):
        joint_replenishment(5.0, **{**SMALL, "individual_fixed_cost": 1.0})


def test_an_unknown_method_is_named():
    with pytest.raises(UnknownNameError, match="silver"):
        joint_replenishment(DEMAND, **SMALL, method="silber")


def test_tables_of_costs_are_told():
    with pytest.raises(DomainError, match=r"individual_fixed_cost has shape \(2, 2\)"):
        joint_replenishment(
            [3, 4], shared_fixed_cost=1, individual_fixed_cost=[[1, 2], [3, 4]], holding_cost=1
        )
