"""Which stages' own demand is asked for exact quantiles, and what need not be made for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

import echelon as ec
from echelon.distributions import Gamma
from echelon.optimization.cost.exact_demands import exact_demands, whole_components
from echelon.optimization.service_targets import ServiceTargets

NETWORK = ec.datasets.make_portfolio(30, seed=4).network


def test_normal_demand_is_not_made():
    """Two shops of a plant: of one only normal demand is asked for, of the other gamma demand."""
    stages = pd.DataFrame(
        {
            "item": "bike",
            "location": ["plant", "north", "south"],
            "holding_cost": [1.0, 2.0, 2.0],
            "service_level": [np.nan, 0.95, 0.95],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": "bike",
            "from_location": "plant",
            "to_item": "bike",
            "to_location": ["north", "south"],
        }
    )
    demand = pd.DataFrame(
        {
            "item": "bike",
            "location": ["north", "south"],
            "mean": [20.0, 30.0],
            "std": 4.0,
            "family": ["normal", "gamma"],
        }
    )
    network = ec.Network.from_tables(stages, lanes, demand)
    found = exact_demands(network, ServiceTargets.of(network, None))
    (own,) = found.items()
    stage, (law, level) = own
    assert network.stages["location"][int(network.compiled.stage_row[stage])] == "south"
    assert (law, level) == (Gamma(30.0, 4.0), 0.95)
    assert network.demand_laws.made == {1}


def test_every_component_is_told_whole_as_alone():
    compiled = NETWORK.compiled
    names = ("lead_time", "pred_lead_time", "inbound_service_time", "max_service_time")
    whole = {name: np.rint(getattr(compiled, name)) for name in names}
    whole["pred_lead_time"][::97] += 0.5
    whole["lead_time"][5] += 0.25
    compiled = replace(compiled, **whole)
    found = whole_components(compiled)
    shards = [compiled.shard(c, c + 1) for c in range(compiled.n_components)]
    assert found.tolist() == [bool(whole_components(shard).all()) for shard in shards]
    for whole, shard in zip(found.tolist(), shards, strict=True):
        times = (shard.lead_time, shard.pred_lead_time, shard.inbound_service_time)
        assert whole == all((time % 1.0 == 0.0).all() for time in times)
    assert found.any()
    assert not found.all()
