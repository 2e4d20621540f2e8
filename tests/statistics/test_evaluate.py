"""Classical models judged by the simulator: the network itself, run with the levels they give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec

CASES = {
    "normal": {"demand_mean": 10, "demand_std": 2},
    "review": {"demand_mean": 10, "demand_std": 2, "review_period": 1},
}


def simulated(network: ec.Network, levels: pd.Series) -> ec.Simulation:
    with_levels = network.replace(stages=network.stages.assign(base_stock=levels.to_numpy()))
    return ec.simulate(
        with_levels, periods=1000, warmup=50, replications=1000, seed=7, progress=False
    )


def agree(found: ec.Evaluation, run: ec.Simulation, names: tuple[str, ...]) -> None:
    told = run.to_frame()
    for name in names:
        wanted = found.stages[name].to_numpy()
        known = np.isfinite(wanted)
        off = np.abs(told[name].to_numpy() - wanted)[known]
        error = told[f"{name}_se"].to_numpy()[known]
        assert (off <= 4.0 * error + 1e-9).all(), (name, wanted, told[name], error)


@pytest.mark.parametrize("case", CASES)
def test_a_series_comes_to_what_clark_and_scarf_say(case: str):
    network = ec.serial(
        ["plant", "depot", "shop"], holding_cost=[1, 2, 4], lead_time=[3, 2, 1],
        backorder_cost=30.0, **CASES[case],
    )  # fmt: skip
    found = ec.evaluate(network, method="clark_scarf")
    run = simulated(network, found.stages["base_stock"])
    agree(found, run, ("on_hand", "backorders", "fill_rate", "ready_rate"))


def test_a_planted_error_is_found():
    network = ec.serial(
        ["plant", "depot", "shop"], holding_cost=[1, 2, 4], lead_time=[3, 2, 1],
        backorder_cost=30.0, demand_mean=10, demand_std=2,
    )  # fmt: skip
    found = ec.evaluate(network, method="clark_scarf")
    run = simulated(network, found.stages["base_stock"] * 1.005)
    with pytest.raises(AssertionError):
        agree(found, run, ("on_hand", "backorders", "fill_rate", "ready_rate"))


def test_poisson_demand_and_whole_units():
    stages = pd.DataFrame(
        {
            "item": ["a", "b"], "location": "x", "holding_cost": [1.0, 2.0],
            "lead_time": [3, 2], "backorder_cost": [0.0, 20.0],
        }
    )  # fmt: skip
    lanes = pd.DataFrame(
        {"from_item": ["a"], "from_location": "x", "to_item": "b", "to_location": "x"}
    )
    demand = pd.DataFrame({"item": ["b"], "location": "x", "family": "poisson", "mean": [4.0]})
    network = ec.Network.from_tables(stages, lanes, demand)
    found = ec.evaluate(network, method="clark_scarf")
    assert (found.stages["base_stock"] == found.stages["base_stock"].round()).all()
    run = simulated(network, found.stages["base_stock"])
    agree(found, run, ("on_hand", "backorders", "fill_rate", "ready_rate"))
