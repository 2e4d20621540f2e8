"""Stages that promise customers and stages different times, and segments different levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import echelon as ec
from echelon.distributions import Empirical
from echelon.errors import DomainError
from tests.simulated import run

LEVEL = 0.95
Z = float(norm.ppf(LEVEL))


def hybrid(customer_time, limit, *, review=0, correlation=None, holding=(1.0, 1.5, 3.0), **stages):
    """Plant, depot with customers of its own, and a shop that the depot supplies."""
    places = ["plant", "depot", "shop"]
    table = pd.DataFrame(
        {
            "item": "tea",
            "location": places,
            "lead_time": [4, 2, 1],
            "review_period": [0, review, 0],
            "holding_cost": holding,
            "service_level": [None, LEVEL, LEVEL],
            "customer_service_time": [None, customer_time, None],
            "max_service_time": [None, limit, None],
            **stages,
        }
    )
    lanes = pd.DataFrame(
        {"from_item": "tea", "from_location": places[:-1], "to_item": "tea"}
        | {"to_location": places[1:]}
    )
    demand = pd.DataFrame(
        {"item": "tea", "location": ["shop", "depot"], "mean": [100.0, 60.0], "std": [20.0, 15.0]}
    )
    pairs = None
    if correlation is not None:
        pair = {"item": ["tea"], "location": "shop", "other_item": "tea", "other_location": "depot"}
        pairs = pd.DataFrame(pair | {"coefficient": correlation})
    return ec.Network.from_tables(table, lanes, demand, correlation=pairs)


def depot_of(plan):
    return plan.stages[plan.stages["location"] == "depot"].iloc[0]


@pytest.mark.parametrize(
    ("customer_time", "limit", "review", "correlation"),
    [(3, 0.0, 0, None), (1, 4.0, 0, None), (0, None, 0, 0.7), (2, 1.0, 2, None), (9, 2.0, 0, None)],
)
def test_the_depot_keeps_both_promises(customer_time, limit, review, correlation):
    """Its base stock covers each demand over its own time: exact for normal demand."""
    cheap_below = (1.0, 6.0, 2.0) if limit == 4.0 else (1.0, 1.5, 3.0)
    network = hybrid(
        customer_time,
        limit,
        review=review,
        correlation=correlation,
        holding=cheap_below,
        can_stock=[False, True, True],  # so that nobody above is ever short
    )
    plan = ec.optimize(network)
    depot = depot_of(plan)
    assert plan.gap == 0.0
    total = depot["net_replenishment_time"] + depot["service_time"]
    own = max(total - customer_time, 0.0)
    passed = depot["net_replenishment_time"]
    if limit == 4.0:
        assert depot["service_time"] > 0.0
    shared = 0.0 if correlation is None else 2.0 * correlation * 300.0 * min(own, passed)
    variance = 400.0 * passed + 225.0 * own + shared
    assert depot["safety_stock"] == pytest.approx(Z * variance**0.5, rel=1e-12)
    assert depot["base_stock"] == pytest.approx(
        100.0 * passed + 60.0 * own + Z * variance**0.5, rel=1e-12
    )
    done = run(network, plan=plan, periods=120, warmup=40, replications=1_000)
    measured = done.stages[done.stages["location"] == "depot"].iloc[0]
    error = measured["cycle_service_level_se"]
    assert error < 0.0025
    # a return now and then, of the normal tail, is all that parts it from the promise
    assert abs(measured["cycle_service_level"] - LEVEL) < 4 * error + 0.001
    # customers are served in the period that they were promised
    customers = done.segments[done.segments["location"] == "depot"].iloc[0]
    assert customers["on_time_rate"] > 0.985
    assert (customers["fill_rate"] > 0.0) == (min(customer_time, total) == 0.0)


def test_with_the_promise_of_stages_it_is_the_plain_model():
    """A customer time that equals what stages are quoted, and none at all: the same plan."""
    plain, same = ec.optimize(hybrid(None, 0.0)), ec.optimize(hybrid(0, 0.0))
    for name in ("service_time", "safety_stock", "base_stock", "holding_cost"):
        np.testing.assert_allclose(plain.stages[name], same.stages[name], rtol=1e-14)
    # where no stage is supplied the column is what max_service_time would be
    shop = ec.optimize(hybrid(None, 0.0, customer_service_time=[None, None, 1.0]))
    limit = ec.optimize(hybrid(None, 0.0).replace(
        stages=hybrid(None, 0.0).stages.assign(max_service_time=[np.inf, 0.0, 1.0])
    ))  # fmt: skip
    assert shop.stages.equals(limit.stages)


def test_longer_promises_cost_no_more():
    costs = [ec.optimize(hybrid(time, None)).objective for time in range(8)]
    assert (np.diff(costs) <= 1e-9).all()
    assert costs[-1] < costs[0]


def test_what_cannot_be_promised_is_refused():
    with pytest.raises(ec.EchelonError, match="must be blank where no customer buys"):
        hybrid(None, None, customer_service_time=[1.0, None, None])
    with pytest.raises(ec.EchelonError, match="must be blank where can_stock is False"):
        hybrid(1.0, None, can_stock=[True, False, True])


def segmented(levels, *, family="normal", allocation="priority", lead_time=3, review=0, **demand):
    n = len(levels)
    stages = pd.DataFrame(
        {"item": ["tea"], "location": ["shop"], "lead_time": [lead_time], "holding_cost": [1.0]}
        | {"review_period": [review], "allocation": [allocation]}
    )
    mean = np.array([60.0, 40.0, 30.0])[:n]
    std = np.sqrt(mean) if family == "poisson" else (0.25 if family == "normal" else 0.5) * mean
    table = pd.DataFrame(
        {"item": "tea", "location": "shop", "segment": [f"s{k}" for k in range(n)]}
        | {"family": family, "mean": mean, "std": std, "service_level": levels}
        | {"priority": range(n), **demand}
    )
    return ec.Network.from_tables(stages, demand=table)


def measured_by_segment(network, plan):
    """Cycle service of each segment, whose customers become a stage that only hands on."""
    rows = network.demand
    names = rows["segment"].tolist()
    shop = network.stages.iloc[0]
    stages = pd.DataFrame(
        {
            "item": "tea",
            "location": ["shop", *names],
            "lead_time": [shop["lead_time"], *[0.0] * len(names)],
            "review_period": [shop["review_period"], *[0] * len(names)],
            "allocation": [shop["allocation"], *["proportional"] * len(names)],
            "holding_cost": 1.0,
            "base_stock": [plan.stages["base_stock"].iloc[0], *[0.0] * len(names)],
        }
    )
    lanes = pd.DataFrame(
        {"from_item": "tea", "from_location": "shop", "to_item": "tea", "to_location": names}
        | {"priority": rows["priority"]}
    )
    demand = rows.assign(location=names)[["item", "location", "family", "mean", "std"]]
    apart = ec.Network.from_tables(stages, lanes, demand)
    done = run(apart, periods=200, warmup=60, replications=1_000)
    return done.stages.set_index("location").loc[names]


@pytest.mark.parametrize(
    ("family", "levels", "lead_time", "review"),
    [
        ("normal", [0.99, 0.8], 4, 0),
        ("poisson", [0.99, 0.95, 0.7], 3, 0),
        ("gamma", [0.98, 0.8], 2, 1),
        ("normal", [0.8, 0.99], 3, 0),
    ],
)
def test_each_segment_is_served_as_promised(family, levels, lead_time, review):
    network = segmented(levels, family=family, lead_time=lead_time, review=review)
    plan = ec.optimize(network)
    promised = plan.segments["service_level"].to_numpy()
    assert (promised >= np.array(levels) - 1e-9).all()
    assert plan.segments["target_service_level"].tolist() == levels
    assert plan.stages["service_level"].iloc[0] == promised[-1]
    done = measured_by_segment(network, plan)
    ready, error = done["ready_rate"].to_numpy(), done["ready_rate_se"].to_numpy()
    assert (ready > promised - 4 * error - 0.001).all()
    assert abs(ready[-1] - promised[-1]) < 4 * error[-1] + 0.001  # the last is exact
    highest = ec.optimize(network, service_level=max(levels))
    assert plan.objective <= highest.objective + 1e-9
    if levels[0] == max(levels):
        assert plan.objective < 0.9 * highest.objective


@pytest.mark.parametrize("allocation", ["proportional", "first_come"])
def test_without_priority_the_highest_level_holds_for_all(allocation):
    network = segmented([0.99, 0.8], allocation=allocation)
    plan = ec.optimize(network)
    highest = ec.optimize(network, service_level=0.99)
    assert plan.stages["base_stock"].equals(highest.stages["base_stock"])
    assert plan.segments["service_level"].round(9).tolist() == [0.99, 0.99]
    done = measured_by_segment(network, plan)
    assert (abs(done["ready_rate"] - 0.99) < 4 * done["ready_rate_se"]).all()


def test_levels_of_segments_are_pooled_further_up():
    """Two shops' worth of factors at the plant, the stage's own level where a row has none."""
    stages = pd.DataFrame(
        {
            "item": "tea",
            "location": ["plant", "shop"],
            "lead_time": [5, 1],
            "holding_cost": [1.0, 9.0],
            "max_service_time": [0.0, 0.0],
            "service_level": [None, 0.9],
        }
    )
    lanes = pd.DataFrame({"from_item": ["tea"], "from_location": "plant", "to_item": "tea"})
    demand = pd.DataFrame(
        {"item": "tea", "location": "shop", "segment": ["a", "b"], "mean": 50.0}
        | {"std": [10.0, 8.0], "service_level": [0.99, None]}
    )
    lanes = lanes.assign(to_location="shop")
    plan = ec.optimize(ec.Network.from_tables(stages, lanes, demand))
    high, low = norm.ppf(0.99), norm.ppf(0.9)
    pooled = np.sqrt(5.0 * ((high * 10.0) ** 2 + (low * 8.0) ** 2))
    assert plan.stages["safety_stock"].tolist() == pytest.approx(
        [pooled, high * np.sqrt(164.0)], rel=1e-12
    )
    assert plan.segments["target_service_level"].tolist() == [0.99, 0.9]


def test_equal_levels_leave_every_bit():
    rows = segmented([0.95, 0.95])
    stage = segmented([None, None])
    stage = stage.replace(stages=stage.stages.assign(service_level=0.95))
    ours, plain = ec.optimize(rows), ec.optimize(stage)
    for name in ("safety_stock", "base_stock", "service_level"):
        np.testing.assert_allclose(ours.stages[name], plain.stages[name], rtol=1e-14)
    assert plain.segments.empty


def test_a_level_below_one_half_or_none_at_all_is_refused():
    with pytest.raises(ec.TableError, match=r"demand\.service_level: is below one half"):
        ec.optimize(segmented([0.9, 0.3]))
    with pytest.raises(ec.TableError, match="no target is given"):
        ec.optimize(segmented([0.9, None]))


def test_a_promise_longer_than_supplies_take_on_average_is_named_as_such():
    """The promise is a whole number, so that it is not what is at fault."""
    law = Empirical([1, 2, 4], [0.3, 0.5, 0.2])
    times = {"lead_time": [4.0, None, 1.0], "lead_time_distribution": [None, law, None]}
    network = hybrid(9.0, 0.0, can_stock=[False, True, True], **times)
    plan = ec.optimize(network)
    assert depot_of(plan)["net_replenishment_time"] == pytest.approx(6.1)
    told = r"longer than replenishment takes on average.*first: 9 against 6\.1.*promise 6 periods"
    with pytest.raises(DomainError, match=told):
        ec.simulate(network, plan, periods=10, replications=2, seed=1, progress=False)
    network = hybrid(6.0, 0.0, can_stock=[False, True, True], **times)
    done = run(network, plan=ec.optimize(network), periods=120, warmup=60, replications=200)
    at = done.service.set_index("location").loc["depot"]
    assert at["simulated"] > at["promised"] - 4.0 * at["simulated_se"]
