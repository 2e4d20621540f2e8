"""Layered networks of any size: what goes in and what it costs, drawn from a seed.

The stages stand in layers, raw materials first. Each stage below the first layer is supplied by 2
to 8 stages further up, most of them in the layer above, and each stage above the last layer
supplies at least one other. Customers buy from the last layer. Nothing about them is a tree: 10,000
stages have some 40,000 lanes that close a cycle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

import echelon as ec
from echelon.rng import stream

COSTS = ("cumulative", "independent")


@dataclass(frozen=True, slots=True)
class Layered:
    """Plain data of a layered network, stages by layer, raw materials first.

    Attributes
    ----------
    layer : (n_stages,) int64
    lead_time : (n_stages,) float64
        Periods.
    holding_cost : (n_stages,) float64
        Money per unit and period.
    supplier, customer : (n_lanes,) int64
    units : (n_lanes,) float64
        Of the supplier's item in one of the customer's.
    demand_mean, demand_std : (n_customers,) float64
        Of the stages in the last layer, in their order, units per period.
    safety_factor : float
    """

    layer: np.ndarray
    lead_time: np.ndarray
    holding_cost: np.ndarray
    supplier: np.ndarray
    customer: np.ndarray
    units: np.ndarray
    demand_mean: np.ndarray
    demand_std: np.ndarray
    safety_factor: float = 1.645


def layered(
    n_stages: int,
    *,
    costs: str = "cumulative",
    n_layers: int = 10,
    lanes_per_stage: tuple[int, int] = (2, 8),
    parts_of_a_period: int = 1,
    skipping: float = 0.2,
    shared: bool = True,
    seed: int = 0,
) -> Layered:
    """Draw a layered network; the same arguments give the same network.

    Parameters
    ----------
    n_stages : int
        At least ``n_layers`` times the most lanes into a stage.
    costs : {"cumulative", "independent"}
        Whether the holding cost of a stage is that of all that goes into it and of the value it
        adds, uniform in [0.5, 1.5], as in real chains; or is itself uniform in [1, 5] whatever
        goes in, for which the relaxation leaves a gap.
    n_layers : int
    lanes_per_stage : (int, int)
        Fewest and most lanes into a stage, each number as likely as another.
    parts_of_a_period : int
        Lead times are whole numbers of these parts: uniform between 1 and 10 periods.
    skipping : float
        Share of lanes that come from any layer further up, not from the layer above.
    shared : bool
        Whether what a stage makes is shared out among those it supplies, so that demand and value
        stay of one size along the chain; or one unit goes into each, so that both multiply with
        the number of paths.
    seed : int
    """
    draw = stream(seed, "benchmark", "layered", n_stages, n_layers)
    layer = np.arange(n_stages) * n_layers // n_stages
    first = np.searchsorted(layer, np.arange(n_layers + 1))
    fewest, most = lanes_per_stage
    ends: list[tuple[np.ndarray, np.ndarray]] = []
    for here in range(1, n_layers):
        above = np.arange(first[here - 1], first[here])
        stages = np.arange(first[here], first[here + 1])
        wanted = draw.integers(fewest, most + 1, len(stages))
        customer = np.repeat(stages, wanted)
        skips = draw.random(len(customer)) < skipping
        low = np.where(skips, 0, above[0])
        supplier = draw.integers(low, above[-1] + 1)
        # every stage of the layer above supplies somebody
        slots = draw.permutation(len(customer))[: len(above)]
        supplier[slots] = draw.permutation(above)[: len(slots)]
        ends.append((supplier, customer))
    lanes = np.unique(np.concatenate([np.column_stack(pair[::-1]) for pair in ends]), axis=0)
    customer, supplier = lanes[:, 0], lanes[:, 1]
    out_of = np.bincount(supplier, minlength=n_stages)
    units = 1.0 / out_of[supplier] if shared else np.ones(len(supplier))
    if costs == "independent":
        holding_cost = draw.uniform(1.0, 5.0, n_stages)
    else:
        holding_cost = draw.uniform(0.5, 1.5, n_stages)
        for here in range(1, n_layers):
            into = layer[customer] == here
            np.add.at(holding_cost, customer[into], units[into] * holding_cost[supplier[into]])
    n_customers = n_stages - first[n_layers - 1]
    return Layered(
        layer=layer,
        lead_time=draw.integers(parts_of_a_period, 10 * parts_of_a_period + 1, n_stages)
        / parts_of_a_period,
        holding_cost=holding_cost,
        supplier=supplier,
        customer=customer,
        units=units,
        demand_mean=draw.uniform(50.0, 150.0, n_customers),
        demand_std=draw.uniform(10.0, 40.0, n_customers),
    )


def build_network(data: Layered) -> ec.Network:
    """Put the data into tables."""
    n_stages = len(data.layer)
    names = np.array([f"stage {stage}" for stage in range(n_stages)], dtype=object)
    last = data.layer == data.layer[-1]
    stages = pd.DataFrame(
        {
            "item": names,
            "location": "plant",
            "lead_time": data.lead_time,
            "holding_cost": data.holding_cost,
            "safety_factor": np.where(last, data.safety_factor, np.nan),
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": names[data.supplier],
            "from_location": "plant",
            "to_item": names[data.customer],
            "to_location": "plant",
            "units_required": data.units,
        }
    )
    demand = pd.DataFrame(
        {
            "item": names[last],
            "location": "plant",
            "mean": data.demand_mean,
            "std": data.demand_std,
        }
    )
    return ec.Network.from_tables(stages, lanes, demand)
