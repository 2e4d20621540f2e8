"""Supplier disruptions: numeric search, a Markov chain, and the system played period by period."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from echelon import distributions as ed
from echelon.errors import DomainError, UnknownNameError
from echelon.exact.known_demand.economic_order import economic_order_quantity
from echelon.exact.supply_uncertainty.disruptions import (
    base_stock_with_disruptions,
    economic_order_with_disruptions,
)

ORDER = {"fixed_cost": 8.0, "holding_cost": 0.225, "lost_sale_cost": 5.0}
RATES = {"disruption_rate": 1.5, "recovery_rate": 14.0}
COSTS = {"holding_cost": 0.25, "shortage_cost": 3.0}
ODDS = {"disruption_probability": 0.04, "recovery_probability": 0.25}


def batches(values, weights=None, count=100):
    """Mean and standard error of a long correlated run; with weights, of a ratio of means."""
    parts = values.reshape(count, -1).mean(axis=1)
    if weights is None:
        return parts.mean(), parts.std(ddof=1) / count**0.5
    each = weights.reshape(count, -1).mean(axis=1)
    ratio = parts.mean() / each.mean()
    return ratio, (parts - ratio * each).std(ddof=1) / each.mean() / count**0.5


def test_simulated_cycles_cost_what_the_formula_says():
    """A million cycles: the supplier fails and recovers by exponential clocks that run on."""
    rng, n, demand, quantity = np.random.default_rng(11), 1_000_000, 1300.0, 700.0
    fails, recovers = RATES["disruption_rate"], RATES["recovery_rate"]
    length = quantity / demand
    # up when the order arrives; followed through the cycle, whose end is memoryless
    clock, down = np.zeros(n), np.zeros(n, dtype=bool)
    while (open_ := clock < length).any():
        rate = np.where(down, recovers, fails)
        clock = np.where(open_, clock + rng.exponential(size=n) / rate, clock)
        down = np.where(open_, ~down, down)
    down = ~down  # the last change came after the end of the cycle
    wait = np.where(down, rng.exponential(1.0 / recovers, n), 0.0)
    paid = 8.0 + 0.225 * quantity * length / 2.0 + 5.0 * demand * wait
    told = economic_order_with_disruptions(demand, **ORDER, **RATES, order_quantity=quantity)
    cost, error = batches(paid, length + wait)
    assert abs(cost - told.cost) < 4.0 * error
    served, error = batches(np.full(n, length), length + wait)
    assert abs(served - told.fill_rate) < 4.0 * error
    assert abs(1.01 * told.fill_rate - served) > 4.0 * error


positive = st.floats(0.05, 200.0)


@settings(max_examples=40)
@given(
    demand=positive, fixed=positive, hold=positive, lost=positive, fails=positive, mends=positive
)
def test_no_quantity_costs_less(demand, fixed, hold, lost, fails, mends):
    terms = {
        "fixed_cost": fixed,
        "holding_cost": hold,
        "lost_sale_cost": lost,
        "disruption_rate": fails,
        "recovery_rate": mends,
    }
    best = economic_order_with_disruptions(demand, **terms)
    grid = best.order_quantity * np.geomspace(1e-4, 1e3, 3000)
    around = economic_order_with_disruptions(demand, **terms, order_quantity=grid)
    assert best.cost <= around.cost.min() * (1.0 + 1e-12)
    falls = np.diff(around.cost) < -1e-12 * around.cost.max()
    rises = np.diff(around.cost) > 1e-12 * around.cost.max()
    if falls.any() and rises.any():  # one valley
        assert np.flatnonzero(falls).max() < np.flatnonzero(rises).min()
    near = economic_order_with_disruptions(demand, **terms, method="approximate")
    assert near.approximate_cost == pytest.approx(hold * near.order_quantity, rel=1e-9)
    assert near.cost >= best.cost * (1.0 - 1e-12)


def test_without_disruptions_it_is_the_plain_model():
    told = economic_order_with_disruptions(1300, **ORDER, disruption_rate=0, recovery_rate=14)
    plain = economic_order_quantity(1300, fixed_cost=8, holding_cost=0.225)
    assert told.order_quantity == pytest.approx(plain.order_quantity, rel=1e-12)
    assert told.cost == pytest.approx(plain.cost, rel=1e-12)
    assert told.fill_rate == 1.0


@settings(max_examples=30)
@given(lost=st.floats(1.0, 50.0), more=st.floats(0.01, 10.0))
def test_the_cost_rises_with_the_price_of_a_lost_sale_and_with_disruptions(lost, more):
    def cost(lost_sale_cost, disruption_rate):
        terms = {**ORDER, "lost_sale_cost": lost_sale_cost, "disruption_rate": disruption_rate}
        return economic_order_with_disruptions(1300, **terms, recovery_rate=14).cost

    assert cost(lost + more, 1.5) > cost(lost, 1.5)
    if cost(lost, 1.5) < lost * 1300:
        assert cost(lost, 1.5 + more) > cost(lost, 1.5)


def played(demand, level, lead_time, fails, mends, rng):
    """Orders, receipts and demand in many lanes, each period as the convention orders them."""
    n_periods, lanes = demand.shape
    down = rng.random(lanes) < fails / (fails + mends)
    net, pipeline = np.full(lanes, float(level)), np.zeros((lead_time + 1, lanes))
    position, seen = net.copy(), np.empty(demand.shape)
    for t in range(n_periods):
        order = np.where(down, 0.0, np.maximum(level - position, 0.0))
        pipeline[(t + lead_time) % (lead_time + 1)] = order
        position += order
        net += pipeline[t % (lead_time + 1)]
        net -= demand[t]
        position -= demand[t]
        seen[t] = net
        flips = rng.random(lanes)
        down = np.where(down, flips >= mends, flips < fails)
    return seen


@pytest.mark.parametrize(
    ("law", "lead_time"),
    [
        (ed.Deterministic(20.0), 0),
        (ed.Gamma(20.0, 10.0), 0),
        (ed.Poisson(3.0), 2),
        (ed.LogNormal(20.0, 15.0), 1),
    ],
)
def test_the_system_played_costs_what_the_model_says(law, lead_time):
    """1.2 million periods in 4,000 lanes, the first hundred left out."""
    rng, n_periods, lanes = np.random.default_rng(12), 400, 4_000
    told = base_stock_with_disruptions(law, **COSTS, **ODDS, lead_time=lead_time)
    demand = law.sample(rng, (n_periods, lanes))
    net = played(demand, told.base_stock, lead_time, 0.04, 0.25, rng)[100:]
    stock, owed = np.maximum(net, 0.0).mean(axis=0), np.maximum(-net, 0.0).mean(axis=0)
    ready = (net >= -1e-9).mean(axis=0)
    for found, model in (
        (0.25 * stock + 3.0 * owed, told.cost),
        (stock, told.on_hand),
        (owed, told.backorders),
        (ready, told.ready_rate),
    ):
        error = found.std(ddof=1) / lanes**0.5
        assert abs(found.mean() - model) < 4.0 * error
    assert abs(ready.mean() - 0.99 * told.ready_rate) > 4.0 * ready.std(ddof=1) / lanes**0.5


@pytest.mark.parametrize("level", [-5.0, 0.0, 10.0, 20.0, 33.0, 80.0, 200.0])
def test_known_demand_against_the_chain_of_the_supplier(level):
    """Stationary probabilities of 400 states: up, or down for so many periods."""
    chain = np.zeros((400, 400))
    chain[0, 0], chain[0, 1] = 0.96, 0.04
    for n in range(1, 400):
        chain[n, 0], chain[n, min(n + 1, 399)] = 0.25, 0.75
    states = np.linalg.solve((chain.T - np.eye(400))[:-1, 1:], -(chain.T - np.eye(400))[:-1, 0])
    states = np.concatenate([[1.0], states])
    states /= states.sum()
    net = level - 20.0 * (np.arange(400) + 1.0)
    told = base_stock_with_disruptions(ed.Deterministic(20.0), **COSTS, **ODDS, base_stock=level)
    assert told.on_hand == pytest.approx(states @ np.maximum(net, 0.0), abs=1e-10)
    assert told.backorders == pytest.approx(states @ np.maximum(-net, 0.0), rel=1e-10)
    assert told.ready_rate == pytest.approx(states[net >= 0.0].sum(), abs=1e-12)


@settings(max_examples=25)
@given(
    fails=st.floats(0.0, 1.0),
    mends=st.floats(0.01, 1.0),
    hold=st.floats(0.01, 10.0),
    short=st.floats(0.01, 100.0),
    lead_time=st.sampled_from([0.0, 1.0, 2.5]),
)
@example(fails=5e-324, mends=0.5, hold=1.0, short=1.0, lead_time=0.0)  # the least of all numbers
def test_no_base_stock_costs_less_under_known_demand(fails, mends, hold, short, lead_time):
    terms = {
        "holding_cost": hold,
        "shortage_cost": short,
        "disruption_probability": fails,
        "recovery_probability": mends,
        "lead_time": lead_time,
    }
    best = base_stock_with_disruptions(ed.Deterministic(2.0), **terms)
    levels = 2.0 * (lead_time + 1.0) + np.arange(-4.0, 120.0, 0.5)
    tried = base_stock_with_disruptions(ed.Deterministic(2.0), **terms, base_stock=levels)
    assert best.cost <= tried.cost.min() * (1.0 + 1e-12)
    nearly = base_stock_with_disruptions(ed.Normal(2.0, 1e-5), **terms)
    assert nearly.cost == pytest.approx(best.cost, rel=1e-3, abs=1e-3 * (hold + short))


def test_without_disruptions_it_is_the_newsvendor():
    told = base_stock_with_disruptions(
        ed.Normal(50.0, 8.0),
        holding_cost=0.18,
        shortage_cost=0.7,
        disruption_probability=0.0,
        recovery_probability=0.5,
    )
    assert told.base_stock == pytest.approx(56.60395592743389, rel=1e-9)
    assert told.cost == pytest.approx(1.9976051931766445, rel=1e-9)


def test_many_at_once_are_the_same_as_one_by_one():
    laws = [ed.Deterministic(20.0), ed.Gamma(20.0, 10.0), ed.Deterministic(0.0), ed.Poisson(4.0)]
    together = base_stock_with_disruptions(laws, **COSTS, **ODDS, lead_time=[0, 1, 2, 3])
    for k, law in enumerate(laws):
        alone = base_stock_with_disruptions(law, **COSTS, **ODDS, lead_time=k)
        assert together.cost[k] == pytest.approx(alone.cost, rel=1e-12, abs=1e-12)
        assert together.base_stock[k] == pytest.approx(alone.base_stock, rel=1e-12)
    assert together.cost[2] == 0.0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"recovery_probability": 0.0}, "recovery_probability is 0.0"),
        ({"disruption_probability": [0.1, 1.5]}, r"disruption_probability\[1\] is 1.5"),
        ({"shortage_cost": np.nan}, "shortage_cost is nan"),
        ({"lead_time": -1.0}, "lead_time is -1.0"),
        ({"recovery_probability": 1e-5}, "use a longer period"),
    ],
)
def test_faults_of_a_base_stock_are_named(change, says):
    with pytest.raises(DomainError, match=says):
        base_stock_with_disruptions(ed.Gamma(20.0, 10.0), **{**COSTS, **ODDS, **change})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"fixed_cost": 0.0}, "fixed_cost is 0.0"),
        ({"recovery_rate": [14.0, 0.0]}, r"recovery_rate\[1\] is 0.0"),
        ({"order_quantity": -1.0}, "order_quantity is -1.0"),
    ],
)
def test_faults_of_an_order_are_named(change, says):
    with pytest.raises(DomainError, match=says):
        economic_order_with_disruptions(1300.0, **{**ORDER, **RATES, **change})


def test_an_unknown_method_is_named():
    with pytest.raises(UnknownNameError, match="approximate"):
        economic_order_with_disruptions(1300.0, **ORDER, **RATES, method="approximat")
