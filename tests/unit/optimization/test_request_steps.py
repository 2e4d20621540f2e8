"""Lattices that requests lie on: what is told for all stages at once, against a look at each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.optimization.cost.extension import Stages
from echelon.optimization.cost.request_steps import RequestSteps
from echelon.optimization.demand_seen import DemandSeen
from echelon.rng import stream

FAMILIES = {
    "poisson": {"mean": 4.0, "std": 2.0},
    "negative_binomial": {"mean": 4.0, "std": 3.0},
    "gamma": {"mean": 4.0, "std": 3.0},
    "normal": {"mean": 9.0, "std": 1.0},
    "deterministic": {"mean": 2.5, "std": 0.0},
    "empirical": {"parameters": '{"values": [0, 6, 9], "probabilities": [0.5, 0.3, 0.2]}'},
}


def network(seed: int) -> ec.Network:
    """Some ten items, each of others that come later, sold in every way there is."""
    random = stream(seed, "steps", "networks")
    items = [f"{number:02}" for number in range(12)]
    stages = pd.DataFrame({"item": items, "location": "x", "holding_cost": 1.0})
    usage = [0.5, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0]
    lanes = pd.DataFrame(
        [
            (above, below, usage[random.integers(len(usage))])
            for above in items
            for below in items
            if above < below and random.random() < 0.2
        ],
        columns=["from_item", "to_item", "units_required"],
    )
    lanes["from_location"] = lanes["to_location"] = "x"
    sold = sorted({*items} - {*lanes["from_item"]} | {"03"})
    kinds = list(FAMILIES)[: 2 + seed]
    rows = [kinds[random.integers(len(kinds))] for _ in sold]
    demand = pd.DataFrame([{"family": kind, **FAMILIES[kind]} for kind in rows])
    demand = demand.assign(item=sold, location="x", service_level=0.95)
    return ec.Network.from_tables(stages, lanes, demand)


@pytest.mark.parametrize("seed", range(8))
def test_what_families_tell_is_what_a_look_at_each_stage_finds(seed):
    made = network(seed)
    n = made.n_stages
    lot = np.array([0.0, 0.0, 0.0, 1.0, 4.0, 0.25])[stream(seed, "steps", "lots").integers(0, 6, n)]
    none = np.zeros(n)
    stages = Stages(made.compiled, DemandSeen(none, none, none, none, none > 0.0), {}, {})
    told, looked = RequestSteps(made, lot), RequestSteps(made, lot)
    looked._ones = looked._nowhere = [False] * n
    found = [told.grain(stages, stage) for stage in range(n)]
    assert found == [looked.grain(stages, stage) for stage in range(n)]
    assert not any(one and other for one, other in zip(told._ones, told._nowhere, strict=True))


def test_most_stages_need_no_look():
    some = [RequestSteps(network(seed), np.zeros(12)) for seed in range(8)]
    seen = [sum(one._ones) + sum(one._nowhere) for one in some]
    assert sum(seen) > 0.3 * 12 * len(some)
    assert any(sum(one._ones) for one in some)
    assert any(sum(one._nowhere) for one in some)
