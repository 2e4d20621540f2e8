"""Every period of one replication, as the plain twin sees it."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from echelon.network.compiled import Floats
from echelon.simulation import plain
from echelon.simulation.chain import chain_of
from echelon.simulation.columns import TRACE
from echelon.simulation.work import Shard

TRACE_COLUMNS: Final = TRACE.names


def trace_component(shard: Shard, stages: pd.DataFrame) -> pd.DataFrame:
    """Run replication 0 of one component and keep every period.

    Parameters
    ----------
    shard : Shard
        One component.
    stages : DataFrame
        ``Network.stages``, for the labels.

    Returns
    -------
    DataFrame
        The columns of :data:`TRACE_COLUMNS`; one row per period, from 0 with the warm-up of the
        component, and stage; quantities in units, costs in money of the period.
    """
    compiled = shard.compiled
    chain = chain_of(compiled, shard.levels)
    demand = np.concatenate([part[:, :, :1] for part in shard.demand(block=0)], axis=1)
    records: list[plain.Record] = []
    plain.base_stock_flow(
        chain,
        demand,
        on_hand=shard.levels.initial_stock,
        warmup=shard.window.first,
        records=records,
    )
    items = stages["item"].to_numpy()[compiled.stage_row]
    locations = stages["location"].to_numpy()[compiled.stage_row]
    rows = []
    for record in records:
        j = record.stage
        suppliers = compiled.pred_stage[chain.pred_ptr[j] : chain.pred_ptr[j + 1]]
        sent = compiled.holding_cost[suppliers]
        flows = {name: float(quantity[0]) for name, quantity in record.flows.items()}
        held = compiled.holding_cost[j] * flows["on_hand"] + sent @ _first(record.component)
        if shard.charge_pipeline:
            held += compiled.holding_cost[j] * flows["in_process"]
            held += sent @ _first(record.transit)
        rows.append(
            {
                "period": record.period,
                "item": items[j],
                "location": locations[j],
                "counted": record.period >= shard.window.first,
                **flows,
                "in_transit": float(_first(record.transit).sum()),
                "component_stock": float(_first(record.component).sum()),
                "holding_cost": float(held),
                "backorder_cost": float(compiled.backorder_cost[j] * flows["backorders"]),
            }
        )
    return pd.DataFrame(rows, columns=list(TRACE_COLUMNS))


def _first(quantities: list[Floats]) -> Floats:
    return np.array([quantity[0] for quantity in quantities])
