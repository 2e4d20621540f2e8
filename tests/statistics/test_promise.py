"""What `optimize` promises a customer is what `simulate` finds, on a single stage."""

from __future__ import annotations

import pandas as pd
import pytest

import echelon as ec

FAMILIES = {"normal": 6.0, "gamma": 12.0, "poisson": 20.0**0.5}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("review_period", [0, 1, 4])
@pytest.mark.parametrize("lead_time", [0, 3, 10])
def test_simulated_service_is_the_promised(family, review_period, lead_time):
    """Cycle service within 4 standard errors of ``plan.stages.service_level``; 27 cases."""
    stages = pd.DataFrame(
        {
            "item": ["pill"],
            "location": ["shop"],
            "holding_cost": [1.0],
            "lead_time": [lead_time],
            "review_period": [review_period],
            "service_level": [0.93],
        }
    )
    demand = pd.DataFrame(
        {
            "item": ["pill"],
            "location": ["shop"],
            "family": [family],
            "mean": [20.0],
            "std": [FAMILIES[family]],
        }
    )
    network = ec.Network.from_tables(stages, None, demand)
    plan = ec.optimize(network)
    promised = plan.stages["service_level"].iloc[0]
    run = ec.simulate(network, plan, periods=400, replications=256, seed=11)
    simulated = run.stages.iloc[0]
    if lead_time + review_period == 0:
        assert promised == 1.0  # exposed to nothing: each order is filled by the one it triggers
        assert simulated["cycle_service_level"] == 1.0
        return
    assert promised >= 0.93 - 1e-12
    if family != "poisson":  # whole units overshoot
        assert promised == pytest.approx(0.93)
    error = simulated["cycle_service_level"] - promised
    assert abs(error) < 4 * simulated["cycle_service_level_se"]
    assert 0.0 < simulated["cycle_service_level_se"] < 0.01
