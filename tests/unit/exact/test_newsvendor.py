"""The newsvendor by formula, by enumeration and by simulation of the system; its faults."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from echelon import distributions as ed
from echelon.errors import DomainError
from echelon.exact.single_stage.newsvendor import (
    newsvendor,
    newsvendor_profit,
    newsvendor_service,
)

COSTS = {"holding_cost": 0.4, "shortage_cost": 3.1}


def _name(demand):
    """Name a case alike in every worker: a frozen distribution of scipy prints its address."""
    return f"scipy {demand.dist.name}" if hasattr(demand, "dist") else repr(demand)


def enumerated(points, chances, level, holding_cost, shortage_cost):
    left = np.maximum(level - points, 0.0) @ chances
    short = np.maximum(points - level, 0.0) @ chances
    return holding_cost * left + shortage_cost * short


@pytest.mark.parametrize(
    "demand",
    [
        ed.Poisson(6.0),
        ed.NegativeBinomial(4.0, 3.0),
        ed.Binomial(20, 0.3),
        ed.Geometric(3.0),
        ed.Empirical([0, 2, 3, 9], [0.2, 0.4, 0.3, 0.1]),
        ed.CompoundPoisson(0.7, ed.Empirical([1, 3], [0.5, 0.5])),
        stats.poisson(6.0),
    ],
    ids=_name,
)
def test_whole_demand_against_enumeration(demand):
    """Every whole level is tried; the probabilities are jumps of the distribution function."""
    law = ed.as_distribution(demand)
    points = np.arange(400.0)
    chances = np.diff(law.cdf(points), prepend=0.0)
    costs = [enumerated(points, chances, level, **COSTS) for level in points[:80]]
    found = newsvendor(demand, **COSTS)
    assert found.base_stock == float(np.argmin(costs))
    assert found.cost == pytest.approx(min(costs), rel=1e-9)
    given_level = newsvendor(demand, **COSTS, base_stock=4.0)
    assert given_level.cost == pytest.approx(costs[4], rel=1e-9)


@pytest.mark.parametrize(
    "demand",
    [
        ed.Normal(50.0, 8.0),
        ed.Gamma(10.0, 12.0),
        ed.LogNormal(10.0, 6.0),
        ed.Weibull(10.0, 7.0),
        ed.Uniform(2.0, 9.0),
        stats.logistic(40.0, 3.0),
    ],
    ids=_name,
)
def test_a_density_against_a_search(demand):
    found = newsvendor(demand, **COSTS)
    near = newsvendor(demand, **COSTS, base_stock=found.base_stock + np.array([-0.2, 0.2]))
    assert (near.cost > found.cost).all()
    assert found.service_level == pytest.approx(3.1 / 3.5, rel=1e-9)
    assert found.cost == pytest.approx(0.4 * found.on_hand + 3.1 * found.backorders)


def simulated_costs(demand, levels, lead_times, review_period, n_periods, seed):
    """Cost of every period of one item under a base stock: orders, receipts and demand in turn.

    Orders are placed at the start of a review period, before demand (clauses 2.2 and 3).
    """
    rng = np.random.default_rng(seed)
    units = demand.sample(rng, n_periods)
    delays = lead_times(rng, n_periods)
    received = np.zeros(n_periods + 64)
    net, on_order = levels, 0.0
    costs = np.empty(n_periods)
    for t in range(n_periods):
        net += received[t]
        on_order -= received[t]
        if t % review_period == 0:
            order = levels - net - on_order
            if delays[t] == 0:
                net += order
            else:
                received[t + delays[t]] += order
                on_order += order
        net -= units[t]
        costs[t] = COSTS["holding_cost"] * max(net, 0.0) + COSTS["shortage_cost"] * max(-net, 0.0)
    return costs[1000:]


def standard_error(costs):
    batches = costs[: len(costs) // 1000 * 1000].reshape(1000, -1).mean(axis=1)
    return batches.std(ddof=1) / 1000**0.5


@pytest.mark.parametrize(
    ("demand", "lead_time", "review_period"),
    [
        (ed.Gamma(10.0, 6.0), 2, 1),
        (ed.Poisson(3.0), 0, 4),
        (ed.NegativeBinomial(4.0, 3.0), ed.Empirical([1, 2], [0.7, 0.3]), 3),
    ],
    ids=repr,
)
def test_a_simulated_stage_costs_as_much(demand, lead_time, review_period):
    """A million periods; a per cent more or less would be seen."""
    found = newsvendor(demand, **COSTS, lead_time=lead_time, review_period=review_period)
    random = not isinstance(lead_time, int)

    def lead_times(rng, n):
        return lead_time.sample(rng, n).astype(int) if random else np.full(n, lead_time)

    costs = simulated_costs(demand, found.base_stock, lead_times, review_period, 1_001_000, 11)
    error = standard_error(costs)
    assert abs(costs.mean() - found.cost) < 4.0 * error
    assert abs(costs.mean() - 1.02 * found.cost) > 4.0 * error


def test_profit_by_draws():
    demand = ed.Gamma(50.0, 20.0)
    terms = {
        "price": 5.0,
        "unit_cost": 3.0,
        "salvage_value": 1.0,
        "holding_cost": 0.2,
        "shortage_cost": 0.7,
    }
    found = newsvendor_profit(demand, **terms)
    draws = demand.sample(np.random.default_rng(5), 1_000_000)
    stock = found.base_stock
    left, short = np.maximum(stock - draws, 0.0), np.maximum(draws - stock, 0.0)
    profits = 5.0 * np.minimum(stock, draws) - 3.0 * stock + 0.8 * left - 0.7 * short
    error = profits.std(ddof=1) / 1000.0
    assert abs(profits.mean() - found.profit) < 4.0 * error
    assert abs(profits.mean() - 1.01 * found.profit) > 4.0 * error
    for other in (stock - 1.0, stock + 1.0):
        assert newsvendor_profit(demand, **terms, base_stock=other).profit < found.profit


def test_profit_is_the_cost_form_with_its_margins():
    """Underage 0.70, overage 0.18: the level of the cost form, the profit margin less its cost."""
    demand = ed.Poisson(50.0)
    cost = newsvendor(demand, holding_cost=0.18, shortage_cost=0.7)
    profit = newsvendor_profit(demand, price=1.0, unit_cost=0.3, salvage_value=0.12)
    assert profit.base_stock == cost.base_stock
    assert profit.profit == pytest.approx(0.7 * 50.0 - cost.cost, rel=1e-12)


@given(
    mean=st.floats(0.5, 200.0),
    variation=st.floats(0.1, 2.0),
    share=st.floats(0.02, 0.995),
    family=st.sampled_from(["normal", "gamma", "poisson", "negative_binomial", "lognormal"]),
)
@settings(max_examples=50, deadline=None)
def test_service_and_cost_agree(mean, variation, share, family):
    std = {"poisson": mean**0.5}.get(family, mean * variation)
    if family == "negative_binomial":
        std = max(std, (1.2 * mean) ** 0.5)
    demand = ed.make(family, mean, std)
    by_service = newsvendor_service(demand, service_level=share)
    assert by_service.service_level >= share - 1e-9
    by_cost = newsvendor(demand, holding_cost=1.0 - share, shortage_cost=share)
    assert by_cost.base_stock == pytest.approx(by_service.base_stock, rel=1e-9, abs=1e-9)
    by_fill = newsvendor_service(demand, fill_rate=share)
    assert by_fill.fill_rate == pytest.approx(share, abs=1e-9)
    more = newsvendor_service(demand, fill_rate=min(share + 0.004, 0.999))
    assert more.base_stock >= by_fill.base_stock - 1e-9
    if np.isfinite(by_fill.shortage_cost) and by_fill.shortage_cost > 0.0:
        costs = {"holding_cost": 1.0, "shortage_cost": by_fill.shortage_cost}
        best = newsvendor(demand, **costs)
        implied = newsvendor(demand, **costs, base_stock=by_fill.base_stock)
        assert implied.cost == pytest.approx(best.cost, rel=1e-7, abs=1e-7)


@given(mean=st.floats(10.0, 100.0), std=st.floats(1.0, 50.0), more=st.floats(0.0, 50.0))
@settings(max_examples=25, deadline=None)
def test_spread_costs_money(mean, std, more):
    """Larger in convex order is never cheaper."""
    low = newsvendor(ed.Normal(mean, std), **COSTS).cost
    assert newsvendor(ed.Normal(mean, std + more), **COSTS).cost >= low * (1.0 - 1e-12)


def test_columns_answer_as_single_items_do():
    rows = [
        (ed.Normal(50.0, 8.0), 0, 1),
        (ed.Gamma(9.0, 4.0), 3, 1),
        (ed.Poisson(4.0), 2, 2),
        (ed.Uniform(0.0, 10.0), 1, 1),
        (ed.Gamma(9.0, 4.0), 2, 0),
    ]
    laws, times, reviews = ([row[k] for row in rows] for k in range(3))
    together = newsvendor(laws, **COSTS, lead_time=times, review_period=reviews)
    assert together.base_stock.shape == (5,)
    for at, (law, time, review) in enumerate(rows):
        alone = newsvendor(law, **COSTS, lead_time=time, review_period=review)
        assert isinstance(alone.cost, float)
        assert together.base_stock[at] == pytest.approx(alone.base_stock, rel=1e-6)
        assert together.cost[at] == pytest.approx(alone.cost, rel=1e-6)
    frame = together.to_frame()
    assert list(frame)[:2] == ["base_stock", "cost"]
    wide = newsvendor(laws[:2], holding_cost=[[1.0], [2.0], [3.0]], shortage_cost=9.0)
    assert wide.cost.shape == (3, 2)


def test_all_faults_are_told_at_once():
    with pytest.raises(DomainError) as caught:
        newsvendor(ed.Poisson(3.0), holding_cost=[1.0, -2.0], shortage_cost=np.nan, lead_time=-1)
    text = str(caught.value)
    for told in ("holding_cost[1] is -2.0", "shortage_cost is nan", "lead_time", "3 faults"):
        assert told in text
    with pytest.raises(DomainError, match=r"demand: .*negative"):
        newsvendor("negative", **COSTS)
    with pytest.raises(DomainError, match="critical ratio"):
        newsvendor(ed.Normal(3.0, 1.0), holding_cost=1e-20, shortage_cost=1.0)
    with pytest.raises(DomainError, match="a unit left must cost something"):
        newsvendor_profit(ed.Normal(3.0, 1.0), price=3.0, unit_cost=1.0, salvage_value=2.0)
    with pytest.raises(DomainError, match="neither given"):
        newsvendor_service(ed.Normal(3.0, 1.0))
    with pytest.raises(DomainError, match=r"use 0\.95"):
        newsvendor_service(ed.Normal(3.0, 1.0), fill_rate=95.0)
    with pytest.raises(DomainError, match="must be above 0 for a share"):
        newsvendor_service(ed.Poisson(0.0), fill_rate=0.9)


def test_families_side_by_side_cost_as_each_level_evaluated():
    """The optimum comes from one pass over normal and Poisson demand, the check from formulas."""
    laws = [
        ed.Normal(50.0, 8.0),
        ed.Poisson(6.0),
        ed.Deterministic(4.0),
        ed.Poisson(0.0),
        ed.Gamma(10.0, 12.0),
        ed.LogNormal(10.0, 6.0),
        ed.Poisson(300.0),
        ed.Poisson(1e-8),
    ]
    for holding_cost, shortage_cost in ((0.4, 3.1), (3.1, 0.4), (1e-9, 1.0), (1e-15, 1.0)):
        costs = {"holding_cost": holding_cost, "shortage_cost": shortage_cost}
        found = newsvendor(laws, **costs)
        again = newsvendor(laws, **costs, base_stock=found.base_stock)
        for name in ("cost", "on_hand", "backorders", "service_level"):
            np.testing.assert_allclose(
                getattr(found, name), getattr(again, name), rtol=1e-9, atol=1e-14, err_msg=name
            )
        one_by_one = [newsvendor(law, **costs).base_stock for law in laws]
        np.testing.assert_array_equal(found.base_stock, one_by_one)


@pytest.mark.parametrize("mean", [0.4, 6.0, 50.0, 200.0])
def test_a_whole_level_is_the_cheapest_of_its_neighbours(mean):
    rng = np.random.default_rng(4)
    means = mean * rng.uniform(0.8, 1.2, 200)
    costs = {
        "holding_cost": rng.uniform(0.1, 2.0, 200),
        "shortage_cost": rng.uniform(0.1, 50.0, 200),
    }
    demand = ed.array("poisson", means)
    found = newsvendor(demand, **costs, lead_time=1)
    for step in (-1.0, 1.0):
        near = newsvendor(demand, **costs, lead_time=1, base_stock=found.base_stock + step)
        assert (near.cost >= found.cost * (1.0 - 1e-12)).all()
