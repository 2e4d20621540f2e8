"""From tables to arrays: stages sorted by component and depth, lanes and demand beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.network.compiled import CompiledNetwork, Floats, Integers
from echelon.network.graph import Graph, rows_by


def compile_network(
    stages: pd.DataFrame,
    lanes: pd.DataFrame,
    demand: pd.DataFrame,
    graph: Graph,
    customer: Integers,
    share: Floats,
) -> CompiledNetwork:
    """Lay a checked network out as arrays.

    Parameters
    ----------
    stages, lanes, demand : DataFrame
        Checked, defaults filled.
    graph : Graph
        The lanes by row, in the order of ``lanes``.
    customer : (n_demands,) int64
        Row in ``stages`` of each row of ``demand``.
    share : (n_lanes,) float64
        Of what the receiver orders of the component; 0 of a backup.

    Returns
    -------
    CompiledNetwork
        Components by their first row in ``stages``; in a component stages by depth, then by row;
        lanes into a stage and demand rows of a stage in the order of their tables.
    """
    n_stages = graph.n_stages
    order = np.lexsort((graph.depth, graph.component)).astype(np.int64)  # stable: ties by row
    place = np.empty(n_stages, dtype=np.int64)
    place[order] = np.arange(n_stages)
    component_ptr, _ = rows_by(graph.component, graph.n_components)
    first = component_ptr[graph.component]  # by row: where the stage's component starts

    source, target = graph.source, graph.target
    pred_ptr, lane_row = rows_by(place[target], n_stages)
    pred_stage = (place[source] - first[source])[lane_row]
    # out of a stage lanes go in the order of their customers' places, so that a sweep over
    # successors reads memory forward
    succ_order = np.lexsort((place[target], place[source]))
    succ_ptr, _ = rows_by(place[source], n_stages)
    lane_place = np.empty(len(source), dtype=np.int64)
    lane_place[lane_row] = np.arange(len(source))
    first_lane = pred_ptr[first]  # by row: where the lanes of the stage's component start
    demand_ptr, demand_row = rows_by(place[customer], n_stages)

    def of_stages(name: str, dtype: type) -> NDArray[Any]:
        return np.ascontiguousarray(stages[name].to_numpy()[order], dtype=dtype)

    def of_lanes(name: str) -> Floats:
        return np.ascontiguousarray(lanes[name].to_numpy()[lane_row], dtype=np.float64)

    def of_demand(name: str) -> Floats:
        return np.ascontiguousarray(demand[name].to_numpy()[demand_row], dtype=np.float64)

    lead_time = of_stages("lead_time", np.float64)
    lead_time_std = of_stages("lead_time_std", np.float64)
    if "release_time" in stages.columns:
        lead_time += of_stages("release_time", np.float64)
        lead_time_std = np.hypot(lead_time_std, of_stages("release_time_std", np.float64))
    return CompiledNetwork(
        component_ptr=component_ptr,
        component_id=np.arange(graph.n_components, dtype=np.int64),
        stage_row=order,
        lead_time=lead_time,
        lead_time_std=lead_time_std,
        inbound_service_time=of_stages("inbound_service_time", np.float64),
        max_service_time=of_stages("max_service_time", np.float64),
        review_period=of_stages("review_period", np.int64),
        holding_cost=of_stages("holding_cost", np.float64),
        backorder_cost=of_stages("backorder_cost", np.float64),
        can_stock=of_stages("can_stock", np.bool_),
        pred_ptr=pred_ptr,
        pred_stage=pred_stage,
        pred_units=of_lanes("units_required"),
        pred_share=np.ascontiguousarray(share[lane_row]),
        pred_lead_time=of_lanes("lead_time"),
        pred_lead_time_std=of_lanes("lead_time_std"),
        lane_row=lane_row,
        succ_ptr=succ_ptr,
        succ_stage=(place[target] - first[target])[succ_order],
        succ_lane=(lane_place - first_lane[source])[succ_order],
        demand_ptr=demand_ptr,
        demand_row=demand_row,
        demand_mean=of_demand("mean"),
        demand_std=of_demand("std"),
    )
