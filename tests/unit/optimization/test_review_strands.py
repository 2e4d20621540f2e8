"""Chains of reviews of all stages at once, against a walk from each stage to its customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.optimization.cost.along_lanes import upstream_of
from echelon.optimization.cost.extension import Stages
from echelon.optimization.cost.review_strands import Strands
from echelon.optimization.demand_seen import DemandSeen
from echelon.rng import stream


def network(seed: int) -> ec.Network:
    """Items in layers, each of several others, with reviews of 0 to 3 periods."""
    random = stream(seed, "strands", "networks")
    items = [f"{layer}{place}" for layer in "abcd" for place in range(4)]
    stages = pd.DataFrame(
        {
            "item": items,
            "location": "x",
            "holding_cost": 1.0,
            "lead_time": 1.0,
            "review_period": random.integers(0, 4, len(items)),
        }
    )
    stages["review_phase"] = random.integers(0, 10, len(items)) % stages["review_period"].clip(1)
    pairs = [
        (above, below)
        for above in items
        for below in items
        if above[0] < below[0] and random.random() < 0.3
    ]
    lanes = pd.DataFrame(pairs, columns=["from_item", "to_item"])
    lanes["from_location"] = lanes["to_location"] = "x"
    lanes["units_required"] = random.integers(1, 4, len(lanes))
    bought = {*items} - {*lanes["from_item"]} | {"b1", "b2"}
    demand = pd.DataFrame({"item": sorted(bought), "location": "x", "mean": 5.0, "std": 2.0})
    demand["service_level"] = 0.95
    return ec.Network.from_tables(stages, lanes, demand)


def walked(stages: Stages, phase: np.ndarray, stage: int) -> dict[tuple[int, tuple], float]:
    """Plain twin: units of a stage in one of each row of demand, by the chain between."""
    found = {(row, ()): 1.0 for row in stages.demand_rows[stage]}
    for below, usage in stages.customers[stage]:
        review = stages.review[below]
        link = ((review, int(phase[below])),) if review else ()
        for (row, chain), units in walked(stages, phase, below).items():
            key = (row, link + chain)
            found[key] = found.get(key, 0.0) + usage * units
    return found


@pytest.mark.parametrize("seed", range(8))
def test_strands_are_those_of_a_walk_to_the_customers(seed):
    made = network(seed)
    compiled = made.compiled
    none = np.zeros(compiled.n_stages)
    seen = DemandSeen(none, none, none, none, none > 0.0)
    stages = Stages(compiled, seen, {}, {})
    phase = made.stages["review_phase"].to_numpy(np.int64)[compiled.stage_row]
    wanted = upstream_of(compiled, compiled.review_period > 1)
    strands = Strands.of(stages.compiled, phase, wanted)
    told = {stage: {} for stage in np.flatnonzero(wanted).tolist()}
    for stage, here in strands.at_stages():
        columns = (strands.row[here], strands.chain[here], strands.units[here])
        for row, chain, units in zip(*(one.tolist() for one in columns), strict=True):
            assert (row, strands.chains[chain]) not in told[stage]
            told[stage][row, strands.chains[chain]] = units
    assert told == {stage: walked(stages, phase, stage) for stage in told}
    assert sum(map(len, told.values())) > len(told)
    assert strands.chains == sorted(strands.chains)
    several = strands.by_several_chains
    for number, (stage, row) in enumerate(zip(strands.stage, strands.row, strict=True)):
        alike = (strands.stage == stage) & (strands.row == row)
        assert several[number] == (alike.sum() > 1)
    rare = strands.where_rare()
    for stage, here in rare.at_stages():
        chains = [rare.chains[chain] for chain in rare.chain[here].tolist()]
        assert any(review > 1 for chain in chains for review, _ in chain)
        assert len(chains) == len(told[stage])
