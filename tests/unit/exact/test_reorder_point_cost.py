"""Reorder points and quantities: optima against enumeration and grids, the manner, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

import echelon.distributions as ed
from echelon.errors import DomainError, UnknownNameError
from echelon.exact.single_stage.reorder_point_approximation import (
    METHODS,
    reorder_point_approximation,
)
from echelon.exact.single_stage.reorder_point_cost import reorder_policy
from echelon.lead_time.exposure import exposure_demand

COSTS = {"fixed_cost": 64.0, "holding_cost": 1.0, "shortage_cost": 9.0}
CANDY = {"fixed_cost": 8, "holding_cost": 0.225, "shortage_cost": 7.5, "lead_time": 1 / 12}

LATTICES = {
    "poisson": ed.Poisson(2.5),
    "negative binomial": ed.NegativeBinomial(2.0, 4.0),
    "packs": ed.Empirical([0, 12, 24], [0.5, 0.3, 0.2]),
    "halves": ed.Empirical([0.0, 0.5, 1.5], [0.5, 0.3, 0.2]),
    "compound": ed.CompoundPoisson(0.5, ed.Empirical([2, 3], [0.6, 0.4])),
}
DENSITIES = {
    "normal": ed.Normal(20.0, 6.0),
    "gamma": ed.Gamma(10.0, 12.0),
    "lognormal": ed.LogNormal(10.0, 8.0),
    "zero-inflated": ed.ZeroInflated(0.3, ed.Gamma(12.0, 5.0)),
}


def cost_by_definition(demand, point, positions, lead_time, review):
    """Cost at the end of a period, mean over the positions and the periods between reviews."""
    ends = [lead_time + k for k in range(1, review + 1)] or [lead_time]
    total = 0.0
    for periods in ends:
        exposed = exposure_demand(demand, periods)
        left, owed = exposed.leftover(point + positions), exposed.shortage(point + positions)
        total += float(np.mean(COSTS["holding_cost"] * left + COSTS["shortage_cost"] * owed))
    return total / len(ends)


def enumerated(demand, step, point, length, lead_time, review):
    """Plain twin of the whole case."""
    quantity = length * step
    within = cost_by_definition(demand, point, step * np.arange(1, length + 1), lead_time, review)
    if review == 0:
        return COSTS["fixed_cost"] * demand.mean / quantity + within
    between = exposure_demand(demand, review)
    taken = review * demand.mean - float(between.shortage(quantity))
    return COSTS["fixed_cost"] * taken / quantity / review + within


@pytest.mark.parametrize("review", [0, 1, 3])
@pytest.mark.parametrize("name", LATTICES)
def test_no_neighbour_of_the_best_policy_costs_less(name, review):
    """And its cost is that of the definition. All pairs are enumerated in the kernel's test."""
    demand = LATTICES[name]
    step = {"packs": 12.0, "halves": 0.5}.get(name, 1.0)
    best = reorder_policy(demand, **COSTS, lead_time=2, review_period=review)
    length = round(best.order_quantity / step)
    want = enumerated(demand, step, best.reorder_point, length, 2, review)
    assert best.cost == pytest.approx(want, rel=1e-10)
    for move in (-2, -1, 0, 1, 2):
        for more in (-3, -1, 0, 1, 3):
            if length + more >= 1:
                point = best.reorder_point + move * step
                other = enumerated(demand, step, point, length + more, 2, review)
                assert other >= best.cost * (1.0 - 1e-12)


@pytest.mark.parametrize("name", DENSITIES)
def test_the_cost_of_a_density_is_its_integral(name):
    demand = DENSITIES[name]
    told = reorder_policy(demand, **COSTS, lead_time=2, reorder_point=18, order_quantity=25)
    exposed, positions = exposure_demand(demand, 2), np.linspace(18, 43, 4001)
    area = integrate.simpson(
        exposed.leftover(positions) + 9.0 * exposed.shortage(positions), x=positions
    )
    assert told.cost == pytest.approx((64.0 * demand.mean + area) / 25, rel=1e-7)


@pytest.mark.parametrize("review", [0, 1, 3])
@pytest.mark.parametrize("name", DENSITIES)
def test_no_policy_of_a_grid_costs_less_than_the_best(name, review):
    demand = DENSITIES[name]
    known = {**COSTS, "lead_time": 2, "review_period": review}
    best = reorder_policy(demand, **known)
    quantity = np.geomspace(0.05, 12.0, 60) * max(best.order_quantity, demand.mean)
    of_quantity = reorder_policy(demand, **known, order_quantity=quantity)
    assert of_quantity.cost.min() >= best.cost * (1.0 - 1e-9)
    points = best.reorder_point + np.linspace(-1.0, 1.0, 9) * demand.std
    of_point = reorder_policy(demand, **known, reorder_point=points)
    assert of_point.cost.min() >= best.cost * (1.0 - 1e-9)
    assert of_point.cost[4] == pytest.approx(best.cost, rel=1e-9)
    # each given one leaves no better other one
    given_both = reorder_policy(
        demand,
        **known,
        order_quantity=quantity,
        reorder_point=of_quantity.reorder_point + np.array([[-1.0], [0.0], [1.0]]),
    )
    assert (given_both.cost >= of_quantity.cost * (1.0 - 1e-12)).all()
    np.testing.assert_allclose(given_both.cost[1], of_quantity.cost, rtol=1e-12)


def test_both_ends_of_the_positions_cost_what_the_policy_costs():
    """G(r) = G(r + Q) = c at the optimum (Zheng 1992)."""
    best = reorder_policy(ed.Gamma(10.0, 4.0), **COSTS, lead_time=2)
    exposed = exposure_demand(ed.Gamma(10.0, 4.0), 2)
    for position in (best.reorder_point, best.reorder_point + best.order_quantity):
        cost = float(exposed.leftover(position)) + 9.0 * float(exposed.shortage(position))
        assert cost == pytest.approx(best.cost, rel=1e-10)


def test_without_lead_time_it_is_the_economic_order_quantity_with_backorders():
    best = reorder_policy(ed.Normal(10.0, 3.0), **COSTS, lead_time=0)
    quantity = (2 * 64 * 10 / 1.0 * (1.0 + 9.0) / 9.0) ** 0.5
    assert best.order_quantity == pytest.approx(quantity, rel=1e-7)
    assert best.cost == pytest.approx(quantity * 9.0 / 10.0, rel=1e-12)
    assert best.reorder_point == pytest.approx(-quantity / 10.0, rel=1e-6)
    known = reorder_policy(ed.Deterministic(10.0), **COSTS, lead_time=2)
    assert known.cost == pytest.approx(best.cost, rel=1e-12)
    assert known.reorder_point == pytest.approx(best.reorder_point + 20.0, rel=1e-9)


def test_a_small_fixed_cost_under_periodic_review_orders_up_to_a_level():
    """Order quantity 0 of a density: the base stock of the newsvendor, in every review."""
    best = reorder_policy(
        ed.Gamma(10.0, 4.0), fixed_cost=1, holding_cost=1, shortage_cost=9, lead_time=2,
        review_period=1,
    )  # fmt: skip
    level = exposure_demand(ed.Gamma(10.0, 4.0), 3).ppf(0.9)
    assert best.order_quantity == 0.0
    assert best.orders_per_period == 1.0
    assert best.reorder_point == pytest.approx(float(level), rel=1e-9)


def test_a_random_lead_time_is_a_mixture():
    two, nine = (
        reorder_policy(ed.Poisson(3.0), **COSTS, lead_time=t, reorder_point=20, order_quantity=18)
        for t in (2, 9)
    )
    mixed = reorder_policy(
        ed.Poisson(3.0), **COSTS, lead_time=ed.Empirical([2, 9], [0.75, 0.25]), reorder_point=20,
        order_quantity=18,
    )  # fmt: skip
    assert mixed.on_hand == pytest.approx(0.75 * two.on_hand + 0.25 * nine.on_hand, rel=1e-9)
    assert mixed.backorders == pytest.approx(0.75 * two.backorders + 0.25 * nine.backorders)


def test_skus_of_all_kinds_at_once_are_those_one_by_one():
    laws = [*LATTICES.values(), *DENSITIES.values(), ed.Deterministic(4.0)]
    reviews = [0, 1, 0, 2, 0, 0, 1, 0, 2, 0]
    together = reorder_policy(laws, **COSTS, lead_time=2, review_period=reviews)
    frame = together.to_frame()
    assert frame.shape == (10, 6)
    for i, (law, review) in enumerate(zip(laws, reviews, strict=True)):
        alone = reorder_policy(law, **COSTS, lead_time=2, review_period=review)
        assert isinstance(alone.cost, float)
        for name in ("cost", "on_hand", "backorders"):
            assert frame.loc[i, name] == pytest.approx(getattr(alone, name), rel=1e-7)


def test_arguments_broadcast():
    told = reorder_policy(
        ed.array("poisson", mean=[2.0, 5.0, 9.0]), fixed_cost=[[10.0], [100.0]], holding_cost=1,
        shortage_cost=9, lead_time=[1, 2, 3],
    )  # fmt: skip
    assert told.cost.shape == (2, 3)
    assert (told.order_quantity[1] > told.order_quantity[0]).all()


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.1, 60.0), st.floats(0.5, 400.0), st.floats(0.2, 5.0), st.floats(0.5, 60.0),
    st.floats(0.0, 6.0), st.sampled_from([0, 1, 2]),
)  # fmt: skip
def test_costs_rise_with_what_they_are_made_of(mean, fixed, hold, short, lead_time, review):
    known = {"lead_time": lead_time, "review_period": review}
    for law in (ed.Poisson, lambda m: ed.Gamma(m, 0.5 * m)):
        demand = law(mean)
        base = reorder_policy(
            demand, fixed_cost=fixed, holding_cost=hold, shortage_cost=short, **known
        )
        dearer = reorder_policy(
            demand,
            fixed_cost=fixed * np.array([1.1, 1, 1]),
            holding_cost=hold * np.array([1, 1.1, 1]),
            shortage_cost=short * np.array([1, 1, 1.1]),
            **known,
        )
        assert (dearer.cost >= base.cost * (1.0 - 1e-9)).all()
        assert (dearer.cost <= 1.1 * base.cost * (1.0 + 1e-9)).all()
        if review == 0:  # more to spend on an order makes fewer
            assert dearer.order_quantity[0] >= base.order_quantity * (1.0 - 1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_no_approximation_beats_the_optimum(method):
    demand = ed.Normal(1300.0, 150.0)
    known = dict(CANDY)
    once = method == "expected_inventory_level"
    if once:
        known["cost_per_unit_short"] = known.pop("shortage_cost")
    quick = reorder_point_approximation(demand, method=method, **known)
    exact = reorder_policy(
        demand, **CANDY, reorder_point=quick.reorder_point, order_quantity=quick.order_quantity
    )
    assert exact.cost >= reorder_policy(demand, **CANDY).cost * (1.0 - 1e-13)
    if not once:
        assert quick.cost == pytest.approx(exact.cost, rel=1e-12)


def test_approximations_of_several_skus_and_other_families():
    quick = reorder_point_approximation(
        [ed.Gamma(10.0, 4.0), ed.Poisson(30.0)], method="loss_function", **COSTS, lead_time=[2, 3]
    )
    alone = reorder_point_approximation(
        ed.Poisson(30.0), method="loss_function", **COSTS, lead_time=3
    )
    assert quick.order_quantity[1] == pytest.approx(alone.order_quantity, rel=1e-10)


def test_faults_are_told_at_once():
    with pytest.raises(DomainError) as told:
        reorder_policy(
            ed.array("poisson", mean=[2.0, 5.0]), fixed_cost=[1.0, -1.0], holding_cost=np.nan,
            shortage_cost=0.0, lead_time=-1, review_period=1.5, order_quantity=0,
        )  # fmt: skip
    for name in ("fixed_cost[1] is -1.0", "holding_cost is nan", "shortage_cost is 0.0",
                 "lead_time is -1.0", "review_period is 1.5", "order_quantity is 0.0"):  # fmt: skip
        assert name in str(told.value)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"demand": ed.Poisson(0.0)}, "mean of demand is 0.0, must be above 0"),
        ({"order_quantity": 2.5}, "order_quantity is 2.5, must be a multiple of 1"),
        ({"reorder_point": [3, 0.5]}, r"reorder_point\[1\] is 0.5, must be a multiple of 1"),
        ({"demand": "poisson"}, "demand"),
        ({"lead_time": "two"}, "lead_time"),
        ({"lead_time": ed.Normal(2.0, 1.0)}, "lead_time"),
    ],
)
def test_what_cannot_be_solved_says_so(change, match):
    known = {"demand": ed.Poisson(3.0), **COSTS, "lead_time": 0, **change}
    with pytest.raises(DomainError, match=match):
        reorder_policy(known.pop("demand"), **known)


def test_faults_of_an_approximation():
    with pytest.raises(UnknownNameError, match="safety_stock"):
        reorder_point_approximation(ed.Normal(10.0, 3.0), method="safety", **COSTS, lead_time=2)
    with pytest.raises(DomainError, match="cost_per_unit_short is missing"):
        reorder_point_approximation(
            ed.Normal(10.0, 3.0), method="expected_inventory_level", **COSTS, lead_time=2
        )
    with pytest.raises(DomainError, match="too little for the method"):
        reorder_point_approximation(
            ed.Normal(10.0, 3.0), method="expected_inventory_level", fixed_cost=64, holding_cost=1,
            cost_per_unit_short=0.1, lead_time=2,
        )  # fmt: skip
