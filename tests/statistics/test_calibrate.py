"""Calibrated levels against exact models: single stages, Clark and Scarf's series, many at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Gamma, Normal

CLARK_SCARF = 47.66865 - 30.0
"""Snyder and Shen (2019), example 6.1, 47.66865 a period, of which 30 are what is in transit: 5
units to the second stage at its supplier's 2 a unit over two periods, 5 to the first at 4."""
PENALTY, LEVELS = 37.12, (22.7002 - 12.0123, 12.0123 - 6.5144, 6.5144)


@pytest.mark.parametrize("measure", ["fill_rate", "ready_rate"])
@pytest.mark.parametrize("review_period", [0, 2])
def test_single_stage_levels_are_the_exact_ones(measure, review_period):
    """The exact measures of the level found are on the target within four standard errors."""
    law = Gamma(20.0, 12.0)
    network = ec.Network.from_tables(
        pd.DataFrame(
            {
                "item": ["pill"],
                "location": ["shop"],
                "holding_cost": [1.0],
                "lead_time": [3],
                "review_period": [review_period],
                "service_level": [0.95],
            }
        ),
        demand=pd.DataFrame({"item": ["pill"], "location": ["shop"], "distribution": [law]}),
    )
    found = ec.calibrate(
        network, ec.optimize(network), target=0.98, measure=measure, replications=512, seed=5
    )
    (row,) = found.customers.to_dict("records")
    exact = ec.single_stage(law, 3, review_period)
    true = exact.measures(row["base_stock_after"])
    error = float(getattr(true, measure)) - 0.98
    assert abs(error) < 4.0 * row["after_se"]
    assert abs(row["fresh"] - 0.98) < 4.0 * np.hypot(row["after_se"], row["fresh_se"])
    assert row["met"]
    wrong = exact.measures(1.03 * row["base_stock_after"])  # a planted error of 3 % is seen
    assert abs(float(getattr(wrong, measure)) - 0.98) > 4.0 * row["after_se"]


def series() -> tuple[ec.Network, ec.Plan]:
    """Example 6.1: three stages, every one promising to serve at once."""
    network = ec.serial(
        ["third", "second", "first"],
        lead_time=[2, 1, 1],
        holding_cost=[2.0, 4.0, 7.0],
        demand_mean=5.0,
        demand_std=1.0,
        service_level=0.95,
    )
    network = network.replace(stages=network.stages.assign(max_service_time=0.0))
    return network, ec.optimize(network)


def run(network: ec.Network, plan: ec.Plan, levels: object, seed: int) -> pd.Series:
    """Totals of a simulation with other base stocks."""
    there = replace(plan, stages=plan.stages.assign(base_stock=levels))
    return ec.simulate(network, there, periods=400, replications=256, seed=seed).total.iloc[0]


def test_a_series_comes_down_to_the_proven_optimum():
    """At the fill rate of Clark and Scarf's optimum nothing is much cheaper than their levels.

    Their policy is optimal for holding and backorders together. So what was calibrated costs no
    less by that measure, and by far less than what it was made of.
    """
    network, plan = series()
    best = run(network, plan, LEVELS, seed=7)
    target = float(best["fill_rate"])
    found = ec.calibrate(network, plan, target=target, periods=400, seed=7)
    assert found.met
    here = run(network, plan, found.plan.stages["base_stock"], seed=8)
    same = run(network, plan, LEVELS, seed=8)  # the same random numbers
    cost = float(here["holding_cost"] + PENALTY * here["backorders"])
    least = float(same["holding_cost"] + PENALTY * same["backorders"])
    error = float(same["holding_cost_se"] + PENALTY * same["backorders_se"])
    assert abs(least - CLARK_SCARF) < 4.0 * error
    assert cost > CLARK_SCARF - 4.0 * error
    assert cost < 1.015 * least
    steps = found.steps.set_index("step")["holding_cost"]
    assert steps["exchange with stages upstream"] < 0.8 * steps["stages with customers"]
    assert steps["exchange with stages upstream"] == pytest.approx(
        float(best["holding_cost"]), rel=0.02
    )


def test_one_warehouse_and_its_shops_keep_their_own_targets():
    """Three shops with three targets, one warehouse; each is met on fresh random numbers."""
    network = ec.distribution(
        "depot",
        ["north", "south", "west"],
        lead_time=[4, 1, 2, 3],
        holding_cost=[1.0, 1.6, 1.6, 1.6],
        demand_mean=[20.0, 40.0, 10.0],
        demand_std=[8.0, 10.0, 6.0],
        service_level=0.95,
    )
    network = network.replace(stages=network.stages.assign(max_service_time=0.0))
    plan = ec.optimize(network)
    keys = list(zip(plan.stages["item"], plan.stages["location"], strict=True))[1:]
    targets = dict(zip(keys, (0.99, 0.95, 0.9), strict=True))
    found = ec.calibrate(network, plan, target=targets, seed=5)
    rows = found.customers
    error = np.hypot(rows["after_se"], rows["fresh_se"])
    assert (np.abs(rows["fresh"] - rows["target"]) < 4.0 * error).all()
    assert rows["met"].all()
    costs = found.steps["holding_cost"].to_numpy()
    assert costs[-1] < costs[1]


def test_a_portfolio_is_calibrated_component_by_component():
    """Forty stages, all searched in the rounds of one, each as if it were alone."""
    n = 40
    rng = np.random.default_rng(3)
    mean = rng.uniform(10.0, 100.0, n).round(2)
    items = [f"sku-{i}" for i in range(n)]
    stages = pd.DataFrame(
        {
            "item": items,
            "location": "shop",
            "holding_cost": 1.0,
            "lead_time": rng.integers(1, 9, n),
            "service_level": 0.95,
        }
    )
    law = [Normal(float(m), 0.2 * float(m)) for m in mean]
    demand = pd.DataFrame({"item": items, "location": "shop", "distribution": law})
    network = ec.Network.from_tables(stages, demand=demand)
    found = ec.calibrate(network, ec.optimize(network), target=0.97, seed=2)
    assert found.met
    assert found.rounds < 20
    exact = ec.single_stage(law, stages["lead_time"].astype(float).tolist())
    true = exact.measures(found.customers["base_stock_after"]).fill_rate
    error = (true - 0.97) / found.customers["after_se"].to_numpy()
    assert np.abs(error).max() < 4.5  # the largest of forty
    assert abs(error.mean()) < 4.0 / np.sqrt(n) + 0.2
