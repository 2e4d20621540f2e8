"""Random yield: moments, exact sums on small cases, and a million orders received."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from echelon import distributions as ed
from echelon.errors import DomainError, UnknownNameError
from echelon.exact.known_demand.economic_order import economic_order_quantity
from echelon.exact.supply_uncertainty.yields import economic_order_with_yield, newsvendor_with_yield

BASE = {"fixed_cost": 8.0, "holding_cost": 0.225}
COSTS = {"holding_cost": 1.0, "shortage_cost": 4.0}
positive = st.floats(0.05, 200.0)


def uniform(low, high):
    return ed.Uniform.from_parameters(float("nan"), float("nan"), {"low": low, "high": high})


@pytest.mark.parametrize(
    ("kind", "law"), [("multiplicative", uniform(0.6, 1.0)), ("additive", ed.Normal(-30.0, 25.0))]
)
def test_a_million_orders_cost_what_the_formula_says(kind, law):
    rng, n, demand = np.random.default_rng(31), 1_000_000, 1300.0
    terms = {"kind": kind, "yield_mean": law.mean, "yield_std": law.std}
    told = economic_order_with_yield(demand, **BASE, **terms)
    arrived = law.sample(rng, n)
    order = told.order_quantity
    arrived = order * arrived if kind == "multiplicative" else order + arrived
    paid, time = 8.0 + 0.225 * arrived**2 / (2.0 * demand), arrived / demand
    cost = paid.mean() / time.mean()
    error = (paid - cost * time).std(ddof=1) / time.mean() / n**0.5
    assert abs(cost - told.cost) < 4.0 * error
    assert abs(cost - 1.01 * told.cost) > 4.0 * error
    assert told.received == pytest.approx(arrived.mean(), rel=1e-3)


@settings(max_examples=30)
@given(
    demand=positive,
    fixed=positive,
    hold=positive,
    mean=st.floats(0.05, 1.0),
    spread=st.floats(0.0, 0.5),
    kind=st.sampled_from(["multiplicative", "additive"]),
)
def test_no_order_costs_less(demand, fixed, hold, mean, spread, kind):
    terms = {
        "fixed_cost": fixed,
        "holding_cost": hold,
        "kind": kind,
        "yield_mean": mean if kind == "multiplicative" else -10.0 * mean,
        "yield_std": spread,
    }
    best = economic_order_with_yield(demand, **terms)
    grid = best.order_quantity * np.geomspace(0.1, 10.0, 500)
    if kind == "additive":
        grid = grid[grid > 10.01 * mean]
    tried = economic_order_with_yield(demand, **terms, order_quantity=grid)
    assert best.cost <= tried.cost.min() * (1.0 + 1e-12)
    surer = economic_order_with_yield(demand, **{**terms, "yield_std": 0.5 * spread})
    assert surer.cost <= best.cost * (1.0 + 1e-12)


def test_a_certain_yield_is_the_plain_model():
    plain = economic_order_quantity(1300.0, **BASE)
    half = economic_order_with_yield(1300.0, **BASE, yield_mean=0.5, yield_std=0.0)
    assert half.order_quantity == pytest.approx(2.0 * plain.order_quantity)
    assert half.cost == pytest.approx(plain.cost)
    less = economic_order_with_yield(1300.0, **BASE, yield_mean=-7, yield_std=0, kind="additive")
    assert less.order_quantity == pytest.approx(plain.order_quantity + 7.0)


def test_a_normal_demand_less_a_normal_yield_is_normal():
    told = newsvendor_with_yield(
        ed.Normal(100.0, 20.0), ed.Normal(-5.0, 10.0), **COSTS, kind="additive"
    )
    std, score = 500.0**0.5, stats.norm.ppf(0.8)
    assert told.order_quantity == pytest.approx(105.0 + std * score, rel=1e-13)
    assert told.cost == pytest.approx(5.0 * std * stats.norm.pdf(score), rel=1e-12)


def test_two_densities_against_a_double_integral():
    demand, share = ed.Gamma(100.0, 40.0), uniform(0.5, 1.0)
    told = newsvendor_with_yield(demand, share, **COSTS)
    law = stats.gamma(6.25, scale=16.0)

    def lost(fraction):  # the expected shortage of what arrives, by parts
        arrived = told.order_quantity * fraction
        return integrate.quad(law.sf, arrived, 1500.0, epsabs=1e-11, limit=200)[0] / 0.5

    short = integrate.quad(lost, 0.5, 1.0, epsabs=1e-9)[0]
    assert told.short == pytest.approx(short, rel=1e-8)
    assert told.left == pytest.approx(told.received - 100.0 + short, rel=1e-8)


@pytest.mark.parametrize("kind", ["multiplicative", "additive"])
def test_few_values_against_all_pairs(kind):
    """The best order is where some demand is met exactly by some yield; all such are tried."""
    demand = ed.Empirical((4.0, 7.0, 9.0, 20.0), (0.2, 0.4, 0.3, 0.1))
    values = (0.5, 0.8, 1.0) if kind == "multiplicative" else (-3.0, 0.0, 2.0)
    share = ed.Empirical(values, (0.3, 0.5, 0.2))
    needed, got = np.array(demand.values), np.array(share.values)
    chance = np.outer(demand.probabilities, share.probabilities)

    def cost(order):
        over = (order * got if kind == "multiplicative" else order + got) - needed[:, None]
        return (chance * (np.maximum(over, 0.0) + 4.0 * np.maximum(-over, 0.0))).sum()

    ties = needed[:, None] / got if kind == "multiplicative" else needed[:, None] - got
    least = min(cost(order) for order in ties.ravel())
    told = newsvendor_with_yield(demand, share, **COSTS, kind=kind)
    assert told.cost == pytest.approx(least, rel=1e-12)
    for order in (0.0, 3.3, 11.0):
        given_ = newsvendor_with_yield(demand, share, **COSTS, kind=kind, order_quantity=order)
        assert given_.cost == pytest.approx(cost(order), rel=1e-11)


PAIRS = [
    (ed.Gamma(100.0, 80.0), uniform(0.5, 1.0), "multiplicative"),
    (ed.Poisson(8.0), ed.Normal(0.9, 0.05), "multiplicative"),
    (ed.Normal(100.0, 20.0), ed.Empirical((0.0, 1.0), (0.1, 0.9)), "multiplicative"),
    (
        ed.Gamma(100.0, 20.0),
        ed.Mixture((ed.Normal(0.9, 0.05), ed.Deterministic(0.0)), (0.9, 0.1)),
        "multiplicative",
    ),
    (ed.LogNormal(100.0, 50.0), uniform(-20.0, 0.0), "additive"),
    (ed.Deterministic(50.0), ed.Gamma(0.8, 0.2), "multiplicative"),
]


@pytest.mark.parametrize(("demand", "share", "kind"), PAIRS)
def test_a_million_periods_cost_what_the_model_says(demand, share, kind):
    rng, n = np.random.default_rng(33), 1_000_000
    told = newsvendor_with_yield(demand, share, **COSTS, kind=kind)
    needed, got = demand.sample(rng, n), share.sample(rng, n)

    def paid(order):
        over = (order * got if kind == "multiplicative" else order + got) - needed
        return np.maximum(over, 0.0) + 4.0 * np.maximum(-over, 0.0)

    cost = paid(told.order_quantity)
    error = cost.std(ddof=1) / n**0.5
    assert abs(cost.mean() - told.cost) < 4.0 * error
    assert abs(cost.mean() - 1.02 * told.cost) > 4.0 * error
    for factor in (0.97, 1.03):  # common random numbers
        more = paid(factor * told.order_quantity) - cost
        assert more.mean() > -4.0 * more.std(ddof=1) / n**0.5
        off = newsvendor_with_yield(
            demand, share, **COSTS, kind=kind, order_quantity=factor * told.order_quantity
        )
        assert off.cost >= told.cost * (1.0 - 1e-12)


def test_many_at_once_are_the_same_as_one_by_one():
    demands, shares = [one for one, _, _ in PAIRS[:4]], [one for _, one, _ in PAIRS[:4]]
    together = newsvendor_with_yield(demands, shares, **COSTS)
    for k, (demand, share) in enumerate(zip(demands, shares, strict=True)):
        alone = newsvendor_with_yield(demand, share, **COSTS)
        assert together.cost[k] == pytest.approx(alone.cost, rel=1e-12)
        assert together.order_quantity[k] == pytest.approx(alone.order_quantity, rel=1e-9)


def test_where_no_order_pays_none_is_made():
    mostly_none = ed.Empirical((0.0, 10.0), (0.9, 0.1))
    told = newsvendor_with_yield(mostly_none, uniform(0.5, 1.0), **COSTS)
    assert (told.order_quantity, told.left) == (0.0, 0.0)
    assert told.cost == pytest.approx(4.0)


@settings(max_examples=20)
@given(short=st.floats(0.5, 50.0), more=st.floats(0.1, 50.0))
def test_the_order_rises_with_the_shortage_cost(short, more):
    def order(shortage_cost):
        return newsvendor_with_yield(
            ed.Gamma(100.0, 40.0), ed.Normal(0.9, 0.1), holding_cost=1, shortage_cost=shortage_cost
        ).order_quantity

    assert order(short + more) > order(short)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"yield_mean": 0.0}, "yield_mean is 0.0"),
        ({"yield_std": -1.0}, "yield_std is -1.0"),
        ({"yield_mean": [900.0, -1.0], "kind": "additive"}, r"yield_mean\[0\] is 900.0, brings"),
        ({"yield_mean": -5.0, "kind": "additive", "order_quantity": 5.0}, "loses the whole order"),
    ],
)
def test_faults_of_an_order_are_named(change, says):
    terms = {**BASE, "yield_mean": 0.9, "yield_std": 0.1, **change}
    with pytest.raises(DomainError, match=says):
        economic_order_with_yield(1300.0, **terms)


@pytest.mark.parametrize(
    ("demand", "share", "says"),
    [
        (ed.Poisson(4.0), ed.Normal(0.0, 1.0), "mean of yield_distribution is 0.0"),
        ([ed.Poisson(4.0)] * 3, [ed.Normal(0.9, 0.1)] * 2, "do not fit"),
        (ed.Poisson(4.0), 0.9, "yield_distribution: distribution is 0.9"),
    ],
)
def test_faults_of_a_newsvendor_are_named(demand, share, says):
    with pytest.raises(DomainError, match=says):
        newsvendor_with_yield(demand, share, **COSTS)


def test_an_unknown_kind_is_named():
    with pytest.raises(UnknownNameError, match="additive"):
        newsvendor_with_yield(ed.Poisson(4.0), ed.Poisson(4.0), **COSTS, kind="aditive")
    with pytest.raises(UnknownNameError, match="additive"):
        economic_order_with_yield(1.0, **BASE, yield_mean=1, yield_std=0, kind="aditive")


def test_known_demand_and_a_known_yield_are_met_exactly():
    told = newsvendor_with_yield(ed.Deterministic(9.0), ed.Deterministic(0.9), **COSTS)
    assert told.order_quantity == pytest.approx(10.0, rel=1e-15)
    assert (told.left, told.short, told.cost) == (0.0, 0.0, 0.0)
    nothing = newsvendor_with_yield(ed.Deterministic(0.0), ed.Normal(0.9, 0.1), **COSTS)
    assert (nothing.order_quantity, nothing.cost) == (0.0, 0.0)
    less = newsvendor_with_yield(
        ed.Deterministic(9.0), ed.Deterministic(-1.0), **COSTS, kind="additive"
    )
    assert less.order_quantity == pytest.approx(10.0, rel=1e-9)
