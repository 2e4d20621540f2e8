"""What a plan advises can be done with the network it was made for."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError


def network(period: str = "week", **times: object) -> ec.Network:
    """A plant and a shop; correlated demand of no named family is covered by the normal bound."""
    stages = pd.DataFrame(
        {
            "item": "tea",
            "location": ["plant", "shop"],
            "holding_cost": [0.5, 1.0],
            "service_level": [None, 0.95],
        }
        | times
    )
    lanes = pd.DataFrame(
        {"from_item": "tea", "from_location": ["plant"], "to_item": "tea", "to_location": "shop"}
    )
    demand = pd.DataFrame(
        {
            "item": "tea",
            "location": "shop",
            "segment": ["a", "b"],
            "family": ["gamma", "poisson"],
            "mean": [10.0, 4.0],
            "std": [6.0, 2.0],
        }
    )
    pair = pd.DataFrame(
        {
            "item": ["tea"],
            "location": "shop",
            "segment": "a",
            "other_item": "tea",
            "other_location": "shop",
            "other_segment": "b",
            "coefficient": 0.3,
        }
    )
    return ec.Network.from_tables(stages, lanes, demand, correlation=pair, period=period)


def told(made: ec.Network) -> tuple[ec.Plan, str]:
    with pytest.warns(ec.DataWarning, match="service_level they will give is not known") as caught:
        plan = ec.optimize(made)
    return plan, str(caught[0].message)


def test_whole_and_fixed_times_are_simulated():
    made = network(lead_time=[4.0, 2.0])
    plan, message = told(made)
    assert message.endswith("is not known; simulate the plan to see it.")
    ec.simulate(made, plan, periods=20, replications=2, seed=1)


def test_parts_of_periods_are_made_whole_first():
    made = network(lead_time=[4.5, 2.0])
    plan, message = told(made)
    assert message.endswith(
        "is not known. simulate takes fixed times in whole periods: to see it, optimise and "
        "simulate a network whose times are whole, by a finer period (period='day') or rounded."
    )
    with pytest.raises(DomainError, match="not a whole number"):
        ec.simulate(made, plan, periods=20, replications=2, seed=1)
    mended = made.replace(stages=made.stages.assign(lead_time=made.stages["lead_time"].round()))
    assert told(mended)[1].endswith("; simulate the plan to see it.")
    daily = network("day", lead_time=[32.0, 14.0])
    assert told(daily)[1].endswith("; simulate the plan to see it.")


def test_varying_times_are_simulated_as_they_are():
    made = network(lead_time=[4.0, 2.5], lead_time_std=[0.0, 1.0])
    assert told(made)[1].endswith("; simulate the plan to see it.")


def test_lanes_and_releases_count():
    made = network(lead_time=[4.0, 2.0])
    for changed in (
        made.replace(lanes=made.lanes.assign(lead_time=3.5)),
        made.replace(stages=made.stages.assign(lead_time=[4.0, 1.5], release_time=[0.0, 0.5])),
    ):
        assert "by a finer period (period='day') or rounded" in told(changed)[1]
    lanes = made.lanes.assign(lead_time=3.5, lead_time_std=1.0)
    assert told(made.replace(lanes=lanes))[1].endswith("; simulate the plan to see it.")


def test_a_plan_that_knows_its_service_says_nothing():
    made = network(lead_time=[4.5, 2.0], lead_time_std=[0.0, 1.0])
    demand = made.demand.assign(family="normal")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".* wait for supplies whose times vary")
        ec.optimize(made.replace(demand=demand))
