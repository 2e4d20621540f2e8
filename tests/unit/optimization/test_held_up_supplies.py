"""The warning where times vary and shipments do not pass one another, and what it says is lost."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Empirical, Gamma
from echelon.optimization.held_up_supplies import service_lost

HUMPS = Empirical([2, 7], [0.8, 0.2])


def shop(family="normal", std=10.0, *, item="pill", **stage):
    """One stage that sells, whose supplies take as long as said."""
    stages = pd.DataFrame(
        {"item": [item], "location": "shop", "holding_cost": 2.0, "review_period": 0}
    ).assign(service_level=0.95, **{name: [value] for name, value in stage.items()})
    demand = pd.DataFrame(
        {"item": [item], "location": "shop", "family": family, "mean": 50.0, "std": std}
    )
    return stages, demand


def network(*tables):
    stages, demand = (pd.concat(frames, ignore_index=True) for frames in zip(*tables, strict=True))
    return ec.Network.from_tables(stages, None, demand, period="week")


def shipped(**lane):
    """The shop and a depot that always has what is asked for."""
    stages, demand = shop(lead_time=0.0)
    depot = stages.assign(location="depot", holding_cost=1.0, service_level=None)
    lanes = pd.DataFrame(
        {"from_item": "pill", "from_location": ["depot"], "to_item": "pill", "to_location": "shop"}
    ).assign(**{name: [value] for name, value in lane.items()})
    return ec.Network.from_tables(
        pd.concat([depot, stages], ignore_index=True), lanes, demand, period="week"
    )


def told(made, **options):
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        plan = ec.optimize(made, **options)
    return plan, [str(one.message) for one in given if "times vary" in str(one.message)]


@pytest.mark.parametrize(
    "made",
    [
        shop("gamma", 20.0, lead_time_distribution=Gamma(3.0, 1.0)),
        shop("gamma", 20.0, lead_time_distribution=Gamma(10.0, 4.0)),
        shop("normal", 10.0, lead_time_distribution=HUMPS),
        shop("normal", 10.0, lead_time_distribution=HUMPS, review_period=1),
        shipped(lead_time_distribution=HUMPS),
        shipped(lead_time_distribution=Gamma(4.0, 0.3)),
    ],
    ids=["gamma", "wide gamma", "humps", "reviewed", "on the lane", "fractions"],
)
def test_what_is_lost_is_what_a_simulation_loses(made):
    """Within half a point and a tenth of what is lost, of 300 replications of 400 weeks."""
    made = made if isinstance(made, ec.Network) else network(made)
    plan, messages = told(made, service_times="whole")
    run = ec.simulate(made, plan, periods=400, replications=300, seed=3)
    promised = float(plan.stages["service_level"].iloc[-1])
    lost = promised - float(run.stages["cycle_service_level"].iloc[-1])
    estimate = service_lost(made, plan.stages)
    assert (estimate[:-1] == 0.0).all()
    assert abs(estimate[-1] - lost) <= 0.005 + 0.1 * lost
    assert len(messages) == (estimate[-1] >= 0.01)
    if messages:
        assert "pill @ shop the most" in messages[0]
        assert f"about {100.0 * estimate[-1]:.0f} points" in messages[0]


@pytest.mark.parametrize(
    "made",
    [
        network(shop(lead_time=3.0)),
        network(shop(lead_time_distribution=HUMPS, overtaking=True)),
        network(shop(lead_time_distribution=HUMPS, review_period=13)),
        shipped(lead_time_distribution=HUMPS, overtaking=True),
    ],
    ids=["fixed", "overtaking", "ordered rarely", "overtaking on the lane"],
)
def test_nothing_is_said_where_nothing_is_lost(made):
    plan, messages = told(made, service_times="whole")
    assert messages == []
    assert (service_lost(made, plan.stages) < 0.005).all()


@pytest.mark.parametrize("service_times", ["any", "whole"])
def test_two_moments_are_told_of_on_every_route(service_times):
    """Normal demand and a deviation without a law go the short way of small trees."""
    made = network(shop(lead_time=10.0, lead_time_std=4.0))
    assert len(told(made, service_times=service_times)[1]) == 1
    assert len(told(made, service_times=service_times)[1]) == 1  # and when it is ready already


def test_each_stage_loses_what_it_loses_alone():
    """Kinds of waits are looked into once, and stages of unlike kinds are not taken for alike."""
    each = [
        shop(item="a", lead_time_distribution=HUMPS),
        shop(item="b", std=25.0, lead_time_distribution=HUMPS),
        shop(item="c", lead_time_distribution=Gamma(HUMPS.mean, HUMPS.std)),
        shop(item="d", lead_time_distribution=HUMPS, review_period=2),
        shop(item="e", lead_time_distribution=Empirical([3])),
    ]
    made = network(*each)
    plan = told(made)[0]
    together = service_lost(made, plan.stages)
    for number, tables in enumerate(each):
        alone = network(tables)
        lost = service_lost(alone, told(alone)[0].stages)
        np.testing.assert_allclose(together[[number]], lost, atol=1e-12)
