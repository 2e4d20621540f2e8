"""Safety-stock placement by the dynamic program on spanning trees, random trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

import echelon as ec
from benchmarks.peers import stockpyl
from benchmarks.registry import Case, DisagreementError
from echelon.rng import stream

PHASES = ("build", "first call and frames", "each further call")
TOLERANCE = 1e-9  # relative: both are exact, and differ by the order of a sum


@dataclass(frozen=True, slots=True)
class Tree:
    """A random tree of stages, unit requirements, whole lead times, customers at its ends."""

    lanes: np.ndarray  # (n_lanes, 2) supplier, customer
    lead_time: np.ndarray  # (n_stages,) periods
    holding_cost: np.ndarray  # (n_stages,) money per unit and period
    customers: tuple[int, ...]
    demand_mean: float = 100.0
    demand_std: float = 20.0
    safety_factor: float = 1.645


def random_tree(n_stages: int) -> Tree:
    """Join each stage to an earlier one, as its supplier or its customer with equal chance."""
    draw = stream(0, "benchmark", "tree", n_stages)
    lanes = []
    for stage in range(1, n_stages):
        other = int(draw.integers(stage))
        lanes.append((other, stage) if draw.random() < 0.5 else (stage, other))
    suppliers = {supplier for supplier, _ in lanes}
    return Tree(
        lanes=np.array(lanes),
        lead_time=draw.integers(1, 6, n_stages),
        holding_cost=draw.uniform(1.0, 5.0, n_stages),
        customers=tuple(stage for stage in range(n_stages) if stage not in suppliers),
    )


def build_network(tree: Tree) -> ec.Network:
    """Put the tree into tables."""
    names = [f"stage {stage}" for stage in range(len(tree.lead_time))]
    stages = pd.DataFrame(
        {
            "item": names,
            "location": "plant",
            "lead_time": tree.lead_time,
            "holding_cost": tree.holding_cost,
        }
    )
    stages["safety_factor"] = np.nan
    stages.loc[list(tree.customers), "safety_factor"] = tree.safety_factor
    lanes = pd.DataFrame(
        {
            "from_item": [names[supplier] for supplier, _ in tree.lanes],
            "from_location": "plant",
            "to_item": [names[customer] for _, customer in tree.lanes],
            "to_location": "plant",
        }
    )
    demand = pd.DataFrame(
        {
            "item": [names[stage] for stage in tree.customers],
            "location": "plant",
            "mean": tree.demand_mean,
            "std": tree.demand_std,
        }
    )
    return ec.Network.from_tables(stages, lanes, demand)


def place_first(network: ec.Network) -> ec.Network:
    """Optimise a network that was never optimised, and look at the plan's frames too."""
    plan = ec.optimize(network)
    assert len(plan.stages) == network.n_stages
    return network


def place(network: ec.Network) -> float:
    """Cost of the best placement, money per period: a whole call of ``optimize``."""
    return float(ec.optimize(network).objective)


def agree(_tree: Tree, costs: Mapping[str, float]) -> str:
    """Both are exact: one cost."""
    ours, *others = costs.values()
    for other in others:
        if abs(other - ours) > TOLERANCE * abs(ours):
            raise DisagreementError(f"costs {dict(costs)}")
    return f"cost {ours:,.2f}, equal to {TOLERANCE:g}"


CASE = Case(
    name="tree_placement",
    title="Place safety stock on a random tree (exact dynamic program)",
    size_name="stages",
    sizes=(10, 30, 100),
    build=random_tree,
    phases=PHASES,
    contenders={
        "echelon": dict(zip(PHASES, (build_network, place_first, place), strict=True)),
        "stockpyl": dict(
            zip(PHASES, (stockpyl.build_tree, stockpyl.place_first, stockpyl.place), strict=True)
        ),
    },
    agree=agree,
)
