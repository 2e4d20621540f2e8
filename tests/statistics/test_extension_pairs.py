"""Extensions of placement two by two: each pair has a plan, and a simulation that keeps it."""

from __future__ import annotations

import warnings
from functools import cache
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Empirical
from echelon.errors import DataWarning
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.proof import Limits
from echelon.optimization.tasks import component_tasks
from tests.simulated import run

KINDS = ("two promises", "segments", "season", "forecast", "correlation", "random time", "review")
ORDERED = ("lots", "fill rate", "capacity")


def network(kinds):
    """Plant, depot with customers, shop with two segments; and the arguments of optimize."""
    on = set(kinds)
    stages = pd.DataFrame(
        {
            "item": "tea",
            "location": ["plant", "depot", "shop"],
            "lead_time": [3.0, 2.0, 1.0],
            "holding_cost": [1.0, 1.5, 3.0],
            "service_level": [None, 0.95, 0.95],
            "can_stock": [False, True, True],  # so that the depot by itself is to be judged
        }
    )
    lanes = pd.DataFrame(
        {"from_item": "tea", "from_location": ["plant", "depot"]}
        | {"to_item": "tea", "to_location": ["depot", "shop"]}
    )
    rows = [
        {"location": "shop", "segment": "a", "mean": 60.0, "std": 12.0},
        {"location": "shop", "segment": "b", "mean": 40.0, "std": 10.0},
        {"location": "depot", "segment": "a", "mean": 50.0, "std": 10.0},
    ]
    shop = {"item": "tea", "location": "shop", "segment": "a"}
    tables = {}
    if "two promises" in on:
        stages["customer_service_time"] = [None, 2.0, None]
        stages["max_service_time"] = [None, 0.0, None]
    if "segments" in on:
        stages["allocation"] = ["proportional", "proportional", "priority"]
        for row, level, priority in zip(rows, (0.99, 0.9, 0.95), (0, 1, 0), strict=True):
            row |= {"service_level": level, "priority": priority}
    if "season" in on:
        factors = dict(enumerate((0.5, 1.0, 1.5, 1.0)))
        rows = [
            row | {"period": t, "mean": row["mean"] * factor, "std": row["std"] * factor}
            for row in rows
            for t, factor in factors.items()
        ]
    if "forecast" in on:
        errors = {"ahead": [0, 1, 2], "covariance": [60.0, 50.0, 34.0]}
        tables["forecast_errors"] = pd.DataFrame(shop | errors)
    if "correlation" in on:
        other = {"other_item": "tea", "other_location": "shop", "other_segment": "b"}
        tables["correlation"] = pd.DataFrame([shop | other | {"coefficient": 0.5}])
    if "random time" in on:
        law = Empirical([1, 2, 4], [0.3, 0.5, 0.2])
        stages["lead_time"] = [3.0, None, 1.0]
        stages["lead_time_distribution"] = [None, law, None]
    if "review" in on:
        stages["review_period"] = [0, 2, 0]
    if "lots" in on:
        stages["order_multiple"] = [None, None, 50.0]
    if "fill rate" in on:
        stages["service_measure"] = [None, None, "fill"]
    if "capacity" in on:
        stages["capacity"] = [None, 165.0, None]
    demand = pd.DataFrame(rows).assign(item="tea")
    made = ec.Network.from_tables(stages, lanes, demand, **tables)
    return made, {"base_stocks": "by_period"} if "season" in on else {}


@cache
def cost(kinds):
    """Objective of the plan with these extensions."""
    made, arguments = network(kinds)
    return ec.optimize(made, **arguments).objective


@pytest.mark.parametrize("pair", list(combinations(KINDS, 2)), ids=" and ".join)
def test_a_pair_has_a_plan_that_a_simulation_keeps(pair):
    made, arguments = network(pair)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        plan = ec.optimize(made, **arguments)
    assert plan.failures.empty
    assert plan.gap < 1e-6
    for kind, other in (pair, pair[::-1]):
        if kind in ("correlation", "random time", "review"):
            assert plan.objective > cost((other,))
        if kind in ("two promises", "forecast"):
            assert plan.objective < cost((other,))
    if "forecast" in pair:
        return  # a simulation draws demand without forecasts
    done = run(made, plan=plan, periods=120, warmup=60, replications=200)
    service = done.service.set_index("location")
    # what comes from a plant without stock is in time: the depot keeps its promise to the error
    apart = service["simulated"] - service["promised"]
    assert abs(apart["depot"]) < 4 * service["simulated_se"]["depot"]
    assert -0.03 < apart["shop"] < 4 * service["simulated_se"]["shop"]


@pytest.mark.parametrize(
    "pair", [*combinations(ORDERED, 2), *product(ORDERED, KINDS)], ids=" and ".join
)
def test_a_pair_with_lots_fill_rates_or_capacity_serves_what_is_promised(pair):
    """Or more, as lots beside seasons and segments do; or the promise is missing."""
    made, arguments = network(pair)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        plan = ec.optimize(made, **arguments)
        for kind, other in (pair, pair[::-1]):
            if kind in ("lots", "capacity"):  # cycle stock on top; more to cover, none cut upstream
                assert plan.objective >= cost((other,)) * (1.0 - 1e-9)
            if kind == "fill rate" and other != "capacity":  # asks for less than cycle service
                assert plan.objective <= cost((other,)) * (1.0 + 1e-9)
    assert plan.failures.empty
    assert plan.gap < 1e-6
    stages = plan.stages.set_index("location")
    assert np.isnan(stages["service_level"]["depot"]) == ("capacity" in pair)
    if "forecast" in pair:
        return  # a simulation draws demand without forecasts
    done = run(made, plan=plan, periods=120, warmup=60, replications=40)
    service = done.service.set_index("location")
    promised = stages["service_level"]
    if "capacity" not in pair:
        least = promised["depot"] - 4 * service["simulated_se"]["depot"]
        assert service["simulated"]["depot"] > least
    served, error = service["simulated"]["shop"], service["simulated_se"]["shop"]
    if "fill rate" in pair:
        row = done.stages.set_index("location").loc["shop"]
        served, error = row["on_time_rate"], row["on_time_rate_se"]
    assert served > promised["shop"] - 0.02 - 4 * error
    if "lots" not in pair or not {"season", "segments"} & set(pair):
        exact = "fill rate" not in pair or not {"season", "segments"} & set(pair)
        assert served < promised["shop"] + 0.02 + 4 * error or not exact


@pytest.mark.parametrize("kinds", [("forecast",), ("two promises", "forecast"), ("season",)])
def test_the_plan_is_the_best_of_all_whole_service_times(kinds):
    """Every choice of service times, by the stocks themselves: no less than what is proven."""
    made, arguments = network(kinds)
    stages = made.stages.assign(can_stock=True, max_service_time=[4.0, 3.0, 1.0])
    made = made.replace(stages=stages)
    plan = ec.optimize(made, **arguments)
    limits = Limits(1e-6, None, "highs")
    (task,) = component_tasks(made, None, "auto", limits, by_period="season" in kinds)
    holding = made.stages["holding_cost"].to_numpy()
    least = np.inf
    for quoted in product(range(5), range(4), range(2)):
        inbound, total = 0.0, 0.0
        for j, (service, lead_time) in enumerate(zip(quoted, (3.0, 2.0, 1.0), strict=True)):
            covered = inbound + lead_time - service
            if covered < 0.0:
                break
            times = StageTimes(*map(np.asarray, (inbound, float(service), covered)))
            total += holding[j] * float(task.cost.stock(j).safety_stock(times))
            inbound = float(service)
        else:
            least = min(least, total)
    assert plan.objective == pytest.approx(least, rel=1e-9)
    assert plan.bound <= least + 1e-9
