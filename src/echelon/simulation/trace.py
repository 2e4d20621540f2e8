"""Every period of one replication, as the readable engine sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from echelon.errors import DomainError
from echelon.kernels.flow_arrays import Features, Structure
from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network
from echelon.simulation.columns import TRACE
from echelon.simulation.measured.scheme import Prices
from echelon.simulation.plain.count import Record
from echelon.simulation.plain.flow import flow
from echelon.simulation.plain.orders import AnyPolicy

TRACE_COLUMNS: Final = TRACE.names

_FLOWS: Final = (
    "demand",
    "requested",
    "order",
    "started",
    "received",
    "shipped",
    "lost",
    "expired",
    "destroyed",
    "scrapped",
    "expedited",
    "on_hand",
    "backorders",
    "net_inventory",
    "in_process",
    "in_release",
    "on_order",
    "owed",
    "position",
)
"""Columns that a record has as they are."""


def prices_of(prices: Prices, stages: slice, lanes: slice) -> Prices:
    """Prices of some stages that follow one another, and of the lanes into them.

    Parameters
    ----------
    prices : Prices
        Of the whole network.
    stages, lanes : slice
        In the order of the compiled network.

    Returns
    -------
    Prices
    """
    cut = {
        name: getattr(prices, name)[stages]
        for name in (
            "holding_cost",
            "backorder_cost",
            "lost_sale_cost",
            "order_cost",
            "waste_cost",
        )
    }
    return replace(prices, **cut, expedite_cost=prices.expedite_cost[lanes])


def trace_component(
    network: Network,
    stages: Sequence[int] | Integers,
    structure: Structure,
    features: Features | None,
    draws: Floats,
    prices: Prices,
    *,
    policies: Mapping[int, AnyPolicy] | None = None,
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Run one replication of one component and keep every period.

    Parameters
    ----------
    network : Network
        For the labels.
    stages : sequence of int
        Positions of the component's stages in the compiled network, as ``structure`` numbers them.
    structure : Structure
        Of the component alone; its ``warmup`` tells which periods are counted.
    features : Features or None
        Of the same component.
    draws : ndarray of float64, shape (n_rows, n_periods, 1)
        The drawn rows of the replication.
    prices : Prices
        Of the component's stages and lanes, see :func:`prices_of`.
    policies, names
        A user's own policies, as for :func:`echelon.simulation.plain.flow.flow`.

    Returns
    -------
    DataFrame
        The columns of :data:`TRACE_COLUMNS`; one row per period, warm-up included, and stage;
        quantities in units, costs in money of the period. What a kind of cost comes to over the
        counted periods, divided by their number, is what the replication adds to its mean.

    Raises
    ------
    DomainError
        If ``draws`` is of more than one replication, or a policy's order is not a quantity >= 0.
    """
    if draws.ndim != 3 or draws.shape[2] != 1:
        raise DomainError(
            f"draws has the shape {draws.shape}, and a trace is of one replication. "
            "Fix: give draws[:, :, :1]."
        )
    records: list[Record] = []
    flow(structure, features, draws, policies=policies, names=names, records=records)
    stage = np.array([record.stage for record in records], dtype=np.int64)
    period = np.array([record.period for record in records], dtype=np.int64)
    rows = network.compiled.stage_row[np.asarray(stages, dtype=np.int64)][stage]
    quantities = {name: np.array([record.flows[name][0] for record in records]) for name in _FLOWS}
    quantities["in_transit"] = np.array([_sum(record.transit) for record in records])
    quantities["component_stock"] = np.array([_sum(record.component) for record in records])
    columns = {
        "period": period,
        "item": network.stages["item"].to_numpy()[rows],
        "location": network.stages["location"].to_numpy()[rows],
        "counted": period >= structure.warmup[0],
        **quantities,
        **_costs(records, stage, quantities, structure, prices),
    }
    return pd.DataFrame(columns, columns=list(TRACE_COLUMNS))


def _costs(
    records: Sequence[Record],
    stage: Integers,
    quantities: Mapping[str, Floats],
    structure: Structure,
    prices: Prices,
) -> dict[str, Floats]:
    """Clause 4.4, kind by kind, money of the period."""
    sent, parts, fast = np.zeros(len(records)), np.zeros(len(records)), np.zeros(len(records))
    sender = prices.holding_cost[structure.supplier]
    for place, record in enumerate(records):
        first = structure.lane_ptr[record.stage]
        for at, lane in enumerate(record.lanes):
            k = first + at
            sent[place] += sender[k] * record.transit[at][0]
            parts[place] += sender[k] * record.component[at][0]
            fast[place] += prices.expedite_cost[k] * lane["expedited"][0]
    holding = prices.holding_cost[stage]
    here = quantities["in_process"] + quantities["in_release"]
    wasted = quantities["expired"] + quantities["destroyed"] + quantities["scrapped"]
    late = prices.backorder_cost[stage] * quantities["backorders"]
    costs = {
        "holding_cost": holding * quantities["on_hand"] + parts,
        "pipeline_cost": (holding * here + sent) * float(prices.charge_pipeline),
        "ordering_cost": prices.order_cost[stage]
        * (quantities["order"] > structure.tolerance[stage]),
        "shortage_cost": late + prices.lost_sale_cost[stage] * quantities["lost"],
        "expedite_cost": fast,
        "waste_cost": prices.waste_cost[stage] * wasted,
    }
    return {**costs, "backorder_cost": late, "cost": np.sum(list(costs.values()), axis=0)}


def _sum(quantities: Sequence[Floats]) -> float:
    return float(sum(quantity[0] for quantity in quantities))
