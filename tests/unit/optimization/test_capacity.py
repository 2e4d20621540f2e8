"""Capacities: base stocks that keep promises of bounded demand, and orders that are cut."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Gamma, Normal, Poisson
from echelon.errors import DataWarning, TableError
from tests.bounded_demand import backorders, bound, burst, chain, drawn, with_less
from tests.networks import random_network


@pytest.fixture(autouse=True)
def _unknown_service():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "1 of .* orders that a limit puts off", DataWarning)
        yield


@pytest.mark.parametrize("capacity", [41.0, 42.5, 45.0, 50.0, 90.0])
@pytest.mark.parametrize("lead_time", [1.0, 7.0, 150.0])
def test_base_stock_of_one_stage_is_the_largest_over_all_pauses(capacity, lead_time):
    """By listing 10,000 pauses."""
    row = ec.optimize(chain([lead_time], capacity=capacity)).stages.iloc[0]
    pauses = np.arange(10_000)
    needed = (bound(lead_time + pauses) - capacity * pauses).max()
    assert row["base_stock"] == pytest.approx(needed, rel=1e-12)
    assert row["safety_stock"] == pytest.approx(needed - 40.0 * lead_time, rel=1e-9)


@pytest.mark.parametrize("law", [Normal(40.0, 20.0), Gamma(40.0, 20.0), Poisson(3.0)])
@pytest.mark.parametrize("review", [0, 1])
def test_what_is_promised_within_a_capacity_is_what_is_simulated(law, review):
    """The bound is kept less often than without a limit, as what was put off comes on top."""
    network = chain([3.0], capacity=law.mean + 0.25 * law.std, review_period=review)
    demand = network.demand[["item", "location"]].assign(distribution=law)
    network = network.replace(demand=demand)
    plan = ec.optimize(network)
    run = ec.simulate(
        network, plan, periods=300, warmup=150, replications=160, seed=4, progress=False
    ).stages.iloc[0]
    promised = plan.stages["service_level"][0]
    assert abs(run["cycle_service_level"] - promised) <= 4.0 * run["cycle_service_level_se"]
    assert promised < 0.96
    assert run["cycle_service_level_se"] < 0.008


def test_a_promise_close_to_the_mean_demand_is_not_known():
    with pytest.warns(DataWarning, match="orders that a limit puts off"):
        plan = ec.optimize(chain([3.0], capacity=41.0))
    assert np.isnan(plan.stages["service_level"][0])


@pytest.mark.parametrize(
    "capacity",
    [[45.0] * 4, [42.0] * 4, [None, None, None, 45.0], [60.0, 48.0, 46.0, 45.0],
     [45.0, None, 46.0, 44.0]],
)  # fmt: skip
def test_no_bounded_demand_makes_a_stage_late_and_one_unit_less_does(capacity):
    network = chain([6, 0, 4, 9], capacity=capacity, transit=1.0)
    plan = ec.optimize(network)
    paths = [burst(60, 250), drawn("capacity", 300)]
    assert max(backorders(network, plan, path).max() for path in paths) < 1e-9
    for row in np.flatnonzero(plan.stages["net_replenishment_time"] > 0.0):
        less = backorders(network, with_less(plan, row, 1.0), paths[0])
        assert less.iloc[row] > 0.0


def test_orders_that_are_cut_can_make_a_chain_cheaper_than_no_limit():
    """What Schoenmeyr and Graves (2009) find: who is asked for less at once needs less stock."""
    free = chain([4, 12, 20, 28, 36], max_service_time=[None] * 4 + [0.0])
    costs = {
        capacity: ec.optimize(free.replace(stages=free.stages.assign(capacity=capacity))).objective
        for capacity in (41.0, 42.0, 1e6)
    }
    assert costs[1e6] == ec.optimize(free).objective
    assert costs[42.0] < costs[1e6] < costs[41.0]


def test_an_infinite_largest_order_leaves_orders_uncut():
    """Then every stage sees the demand itself, and no stock is less than without a limit."""
    base = chain([5, 5, 5])
    levels = {}
    for name, columns in (
        ("free", {}),
        ("cut", {"capacity": [None, None, 44.0]}),
        ("uncut", {"capacity": [None, None, 44.0], "maximum_order": [None, None, np.inf]}),
    ):
        plan = ec.optimize(base.replace(stages=base.stages.assign(**columns)))
        levels[name] = plan.stages["base_stock"].to_numpy()
    assert levels["cut"][:2].tolist() == [44.0 * 5] * 2
    assert levels["uncut"][:2].tolist() == levels["free"][:2].tolist()
    assert levels["uncut"][2] == levels["cut"][2] > levels["free"][2]


def test_a_plan_says_how_much_is_ordered_at_once():
    network = chain([3, 2], capacity=[50.0, 45.0], review_period=[4, 2])
    plan = ec.optimize(network)
    assert plan.stages["maximum_order"].tolist() == [200.0, 90.0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # that trace runs the plain engine
        run = ec.simulate(network, plan, periods=200, replications=1, trace=True, progress=False)
    assert run.trace.groupby("item")["order"].max()["s1"] == 90.0
    assert "maximum_order" not in ec.optimize(chain([3, 2])).stages


def test_limits_that_do_not_bind_leave_the_answer_bit_for_bit():
    numbers = ["service_time", "safety_stock", "base_stock", "holding_cost", "service_level"]
    plain = ec.optimize(chain([3, 2, 6])).stages
    for columns in (
        {"capacity": [None, None, None]},
        {"capacity": np.inf},
        {"capacity": 1e6},
        {"maximum_order": 1e6},
    ):
        limited = ec.optimize(chain([3, 2, 6], **columns)).stages
        pd.testing.assert_frame_equal(limited[numbers], plain[numbers], check_exact=True)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("column", ["capacity", "maximum_order"])
def test_nor_do_they_in_networks_of_any_shape(seed, column):
    numbers = ["service_time", "safety_stock", "base_stock", "holding_cost"]
    network = random_network(np.random.default_rng(seed), 6, extra_lanes=3)
    limited = network.replace(stages=network.stages.assign(**{column: 1e9}))
    plain, found = ec.optimize(network), ec.optimize(limited)
    pd.testing.assert_frame_equal(found.stages[numbers], plain.stages[numbers], check_exact=True)


def test_two_customers_that_are_cut_share_a_supplier():
    """The supplier of two limited stages covers what both can order together."""
    stages = pd.DataFrame(
        {
            "item": ["part", "left", "right"],
            "location": "x",
            "lead_time": [4.0, 2.0, 2.0],
            "holding_cost": [1.0, 2.0, 2.0],
            "max_service_time": 0.0,
            "safety_factor": [None, 2.0, 2.0],
            "capacity": [None, 12.0, 13.0],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": "part",
            "from_location": "x",
            "to_item": ["left", "right"],
            "to_location": "x",
            "units_required": [2.0, 1.0],
        }
    )
    demand = pd.DataFrame(
        {"item": ["left", "right"], "location": "x", "mean": 10.0, "std": [8.0, 3.0]}
    )
    plan = ec.optimize(ec.Network.from_tables(stages, lanes, demand))
    pooled = 30.0 * 4.0 + 2.0 * np.sqrt(4.0 * (16.0**2 + 3.0**2))
    cut = 2.0 * 12.0 * 4.0 + min(13.0 * 4.0, 40.0 + 2.0 * 3.0 * 2.0)
    assert cut < pooled
    assert plan.stages["base_stock"][0] == pytest.approx(cut, rel=1e-12)


def test_a_capacity_at_or_below_mean_demand_is_told_with_all_others():
    with pytest.raises(TableError) as caught:
        ec.optimize(chain([3, 2, 1], capacity=[40.0, None, 50.0], maximum_order=[None, 39.0, None]))
    text = str(caught.value)
    assert "stages.capacity" in text
    assert "stages.maximum_order" in text
    assert "allows 40 units per period, and the stage needs 40" in text
    assert len(caught.value.faults) == 2


def test_a_stage_without_stock_cannot_fall_behind():
    network = chain([3, 2], capacity=[45.0, None], can_stock=[False, True], max_service_time=None)
    plan = ec.optimize(network)
    assert plan.status == "failed"
    assert "may not hold stock" in plan.failures["message"][0]
    assert plan.failures["item"][0] == "s0"


def _seasonal(capacity, **columns):
    """Plant, depot that sells too, shop with a capacity; demand with a peak of half as much."""
    places = ["plant", "depot", "shop"]
    stages = pd.DataFrame(
        {
            "item": "tea",
            "location": places,
            "lead_time": [3, 2, 1],
            "holding_cost": [1.0, 1.5, 3.0],
            "service_level": [None, 0.95, 0.95],
            "can_stock": [False, True, True],
            "capacity": [None, None, capacity],
            **columns,
        }
    )
    lanes = pd.DataFrame(
        {"from_item": "tea", "from_location": places[:-1], "to_item": "tea"}
        | {"to_location": places[1:]}
    )
    rows = [
        {"location": place, "period": t, "mean": mean * factor, "std": std * factor}
        for place, mean, std in (("shop", 100.0, 16.0), ("depot", 50.0, 10.0))
        for t, factor in enumerate((0.5, 1.0, 1.5, 1.0))
    ]
    return ec.Network.from_tables(stages, lanes, pd.DataFrame(rows).assign(item="tea"))


@pytest.mark.parametrize("capacity", [110.0, 140.0])
def test_a_season_above_a_capacity_below_its_peak_promises_nothing(capacity):
    """What is put off in the peak is asked for when levels by period are low again."""
    with pytest.warns(DataWarning) as told:
        plan = ec.optimize(_seasonal(capacity), base_stocks="by_period")
    served = plan.stages.set_index("location")["service_level"]
    assert np.isnan(served["shop"])
    assert np.isnan(served["depot"])
    above = [str(one.message) for one in told if "first tea @ depot" in str(one.message)]
    assert len(above) == 1
    assert "a limit downstream puts off" in above[0]
    assert not any("demand that is not normal" in str(one.message) for one in told)


@pytest.mark.parametrize("limits", [{"capacity": 1e6}, {"capacity": 110.0, "uncut": True}])
def test_a_season_above_orders_that_are_not_cut_keeps_its_promise(limits):
    most = [None, None, np.inf] if "uncut" in limits else None
    columns = {} if most is None else {"maximum_order": most}
    network = _seasonal(limits["capacity"], **columns)
    plan = ec.optimize(network, base_stocks="by_period")
    assert plan.stages.set_index("location")["service_level"]["depot"] == pytest.approx(0.95)


@pytest.mark.parametrize(
    ("lead_times", "capacity", "review"),
    [((6, 2, 1), 45.0, 0), ((3, 1), 44.0, 3), ((0, 1), 50.0, 1)],
)
def test_promises_below_a_scarce_capacity_are_warned_of_with_how_often_it_is_in_time(
    lead_times, capacity, review
):
    """The share told, of a Brownian motion, against simulation: within 1 point."""
    n = len(lead_times)
    columns = {
        "max_service_time": [0.0] * n,
        "review_period": [review] + [min(review, 1)] * (n - 1),
    }
    network = chain(list(lead_times), capacity=[capacity] + [None] * (n - 1), **columns)
    with pytest.warns(DataWarning, match=f"as 97.7% at s{n - 1} @ x, count on supplies") as told:
        plan = ec.optimize(network)
    (share,) = re.findall(
        r"1 of . stages fall .* s0 @ x most: .* about (.*)% of", str(told[-1].message)
    )
    done = ec.simulate(network, plan, periods=600, warmup=900, replications=128, seed=3).stages
    assert done["ready_rate"][0] == pytest.approx(float(share) / 100.0, abs=0.01)
    assert plan.stages["service_level"].iloc[-1] - done["ready_rate"].iloc[-1] > 0.005


@pytest.mark.parametrize("capacity", [[60.0, None], [None, 45.0]])
def test_nothing_is_warned_of_below_a_capacity_that_is_ample_or_at_the_end(capacity):
    network = chain([3, 1], capacity=capacity, max_service_time=[0.0, 0.0])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        ec.optimize(network)
    assert not any("fall behind" in str(one.message) for one in told)


def test_two_promises_above_a_scarce_capacity_are_not_known():
    columns = {"customer_service_time": [None, 2.0, None], "max_service_time": [None, 0.0, None]}
    network = _seasonal(110.0, **columns)
    demand = network.demand[["item", "location"]].drop_duplicates()
    demand = demand.assign(mean=[100.0, 50.0], std=[16.0, 10.0])
    network = network.replace(demand=demand)
    with pytest.warns(DataWarning, match="first tea @ depot: orders that a limit downstream"):
        plan = ec.optimize(network)
    assert np.isnan(plan.stages.set_index("location")["service_level"]["depot"])
