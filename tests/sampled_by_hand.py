"""Sampled base stocks the slow way: the plain engine on the same draws, level by level."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

import echelon as ec
from echelon.optimization.sampled_base_stock.build import _memory
from echelon.optimization.sampled_base_stock.described import Described
from echelon.optimization.sampled_base_stock.paths import draw
from echelon.optimization.sampled_base_stock.problem import Tail, Target
from echelon.simulation.plain.flow import flow


class UpTo:
    """Base stock with a level of its own in every run."""

    def __init__(self, level):
        self.level = level

    def order(self, position):
        return np.maximum(self.level - position, 0.0)


def records_of(network, levels, *, scenarios, periods, seed):
    """Run the plain engine for each row of levels (n_rows, n_stages) on the same sampled draws.

    Gives structure and records; runs are the scenarios of the first row, then of the second, ...
    """
    structure, features, rows = Described.of(network).component(0)
    levels = np.asarray(levels, dtype=float)
    draws = np.tile(draw(rows, seed, scenarios, periods), (1, 1, len(levels)))
    by_run = np.repeat(levels, scenarios, axis=0).T
    policies = {j: UpTo(by_run[j]) for j in range(len(by_run))}
    records = []
    flow(
        structure._replace(initial_stock=np.maximum(by_run, 0.0)),
        features,
        draws,
        policies=policies,
        records=records,
    )
    return structure, {(one.period, one.stage): one for one in records}


def costs_by_hand(network, levels, *, scenarios, seed, counted):
    """Holding (n_rows,), loss by scenario, and late and asked units of stages, per row of levels.

    ``counted`` says in which period each stage is counted; all of one period per path.
    """
    structure, records = records_of(
        network, levels, scenarios=scenarios, periods=max(counted) + 1, seed=seed
    )
    compiled = network.compiled
    shape = (len(levels), scenarios)
    holding, loss = np.zeros(shape), np.zeros(shape)
    seen = {}
    for j, when in enumerate(counted):
        one = records[when, j]
        on_hand, late = one.flows["on_hand"], one.flows["backorders"]
        holding += (compiled.holding_cost[j] * on_hand).reshape(shape)
        loss += (compiled.backorder_cost[j] * late).reshape(shape)
        seen[j] = (late.reshape(shape), one.flows["requested"].reshape(shape))
        # parts are counted when the stage starts what it is counted with
        waiting = records[when - structure.make_delay[j], j].component
        suppliers = structure.supplier[structure.lane_ptr[j] : structure.lane_ptr[j + 1]]
        for i, units in zip(suppliers, waiting, strict=True):
            holding += (compiled.holding_cost[i] * units).reshape(shape)
    return holding.mean(axis=1), loss, seen


def grid(highest):
    """All whole levels from 0 up to each stage's highest."""
    return np.array(list(itertools.product(*(range(int(np.ceil(x)) + 1) for x in highest))), float)


def chain(rng, *, review=0):
    """Three stages in series with small Poisson demand."""
    return ec.serial(
        ["a", "b", "c"],
        lead_time=[int(x) for x in rng.integers(1, 3, 2)] + [int(rng.integers(0, 3))],
        holding_cost=sorted(rng.integers(1, 6, 3).astype(float)),
        backorder_cost=[0.0, 0.0, float(rng.integers(4, 20))],
        review_period=review,
        demand_mean=float(rng.uniform(0.5, 1.3)),
        family="poisson",
    )


def tree(rng):
    """A depot and two shops, served first come."""
    held = sorted(rng.integers(1, 6, 3).astype(float))
    return ec.Network.from_tables(
        stages=pd.DataFrame(
            {
                "item": ["depot", "shop", "store"],
                "location": "x",
                "lead_time": [int(rng.integers(1, 3)), 1, 1],
                "holding_cost": held,
                "backorder_cost": [0.0, float(rng.integers(4, 15)), float(rng.integers(4, 15))],
                "allocation": "first_come",
            }
        ),
        lanes=pd.DataFrame(
            {
                "from_item": "depot",
                "from_location": "x",
                "to_item": ["shop", "store"],
                "to_location": "x",
            }
        ),
        demand=pd.DataFrame(
            {
                "item": ["shop", "store"],
                "location": "x",
                "mean": rng.uniform(0.4, 1.2, 2),
                "family": "poisson",
            }
        ),
    )


def assembly(rng):
    """Two parts and what is made of them."""
    held = sorted(rng.integers(1, 6, 2).astype(float))
    return ec.Network.from_tables(
        stages=pd.DataFrame(
            {
                "item": ["part", "cap", "kit"],
                "location": "x",
                "lead_time": [int(x) for x in rng.integers(1, 4, 3)],
                "holding_cost": [*held, float(rng.choice([sum(held), sum(held) + 2.0]))],
                "backorder_cost": [0.0, 0.0, float(rng.integers(5, 25))],
            }
        ),
        lanes=pd.DataFrame(
            {
                "from_item": ["part", "cap"],
                "from_location": "x",
                "to_item": "kit",
                "to_location": "x",
                "lead_time": [1, 0],
            }
        ),
        demand=pd.DataFrame(
            {
                "item": ["kit"],
                "location": "x",
                "mean": [float(rng.uniform(0.5, 1.3))],
                "family": "poisson",
            }
        ),
    )


def counted_periods(network):
    """When each stage is counted: customers once the start is forgotten, others as they supply."""
    structure, features, _ = Described.of(network).component(0)
    when = {}
    for j in reversed(range(len(structure.level))):
        out = [k for k in range(len(structure.supplier)) if structure.supplier[k] == j]
        below = [
            when[int(structure.receiver[k])]
            - int(structure.make_delay[structure.receiver[k]])
            - int(structure.lane_delay[k])
            for k in out
        ]
        when[j] = max(below, default=_memory(structure, features))
    return [when[j] for j in sorted(when)]


def single_instance(rng):
    """A random stage, with perhaps a target and perhaps a tail."""
    family = str(rng.choice(["poisson", "gamma", "normal"]))
    options = {"demand_mean": float(rng.uniform(1.0, 8.0)), "family": family}
    if family != "poisson":
        options["demand_std"] = options["demand_mean"] * float(rng.uniform(0.2, 0.6))
    if rng.random() < 0.4:
        options["lead_time_std"] = float(rng.uniform(0.5, 2.0))
    network = ec.serial(
        ["shop"],
        lead_time=int(rng.integers(1, 5)),
        review_period=int(rng.integers(0, 4)),
        holding_cost=float(rng.uniform(1.0, 3.0)),
        backorder_cost=float(rng.choice([0.0, rng.uniform(2.0, 20.0)])),
        **options,
    )
    targets = [Target(0, m, float(rng.uniform(0.6, 0.98))) for m in ("cycle", "ready", "fill")]
    kept = [target for target in targets if rng.random() < 0.3]
    tail = None
    if rng.random() < 0.5:
        limit = np.inf if rng.random() < 0.5 else float(rng.uniform(0.0, 40.0))
        tail = Tail(float(rng.uniform(0.5, 0.95)), float(rng.uniform(0.0, 1.0)), limit)
    return network, kept, tail
