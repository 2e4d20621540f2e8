"""What a search begins with: the guaranteed-service plan, everybody inside being served at once."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from echelon.errors import DataWarning, TableError
from echelon.network.compiled import Booleans, Floats
from echelon.network.network import Network
from echelon.optimization.place_safety_stock import place_safety_stock
from echelon.optimization.random_times import wait_std
from echelon.optimization.simulated_base_stock.asked import Asked
from echelon.policies.plan import STAGE_COLUMNS, Plan

_KEY = ["item", "location"]


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A plan to begin with, and what its levels cover once stages serve each other at once.

    Arrays are in compiled order, (n_stages,); NaN at stages of components without a plan.

    Attributes
    ----------
    plan : Plan
        As it was made.
    served_at_once : Plan
        The same levels with service times of 0 between stages: the stock is what decides how long
        one waits for another. Customers wait what the plan promises.
    base_stock : float64
        Units, of the plan.
    centre, unit : float64
        Mean and standard deviation of the demand that the stage's stock covers, units.
    absent : bool
        Stages of components that have no plan.
    """

    plan: Plan
    served_at_once: Plan
    base_stock: Floats
    centre: Floats
    unit: Floats
    absent: Booleans

    @classmethod
    def of(cls, network: Network, asked: Asked, plan: Plan | None) -> Start:
        """Make it from a plan, or from the guaranteed-service plan of the network."""
        if plan is None:
            plan = _guaranteed_service(network, asked)
        compiled = network.compiled
        keys = pd.MultiIndex.from_frame(network.stages[_KEY].iloc[compiled.stage_row])
        place = pd.MultiIndex.from_frame(plan.stages[_KEY]).get_indexer(keys)
        absent = place < 0

        def column(name: str) -> Floats:
            values = plan.stages[name].to_numpy(np.float64, na_value=np.nan)
            return (
                np.where(absent, np.nan, values[place])
                if len(values)
                else np.full(len(place), np.nan)
            )

        inbound, covered, promised = _times(network, np.nan_to_num(column("service_time")))
        mean, std = column("demand_mean"), column("demand_std")
        late = np.abs(mean) * wait_std(compiled)
        unit = np.sqrt(std**2 * covered + late**2)
        longest = np.maximum(covered + promised, 1.0)
        unit = np.where(unit > 0.0, unit, np.maximum(std * np.sqrt(longest), 0.05 * np.abs(mean)))
        times = {
            "service_time": promised,
            "inbound_service_time": inbound,
            "net_replenishment_time": covered,
        }
        rows = plan.stages[list(STAGE_COLUMNS)].reset_index(drop=True)
        here = keys.get_indexer(pd.MultiIndex.from_frame(rows[_KEY]))
        rows = rows.assign(**{name: values[here] for name, values in times.items()})
        blank: Any = plan.levels.iloc[:0]
        at_once = replace(
            plan, stages=rows, levels=blank, segments=plan.segments.iloc[:0], declare=None, kept=()
        )
        return cls(plan, at_once, column("base_stock"), mean * covered, unit, absent)

    def with_levels(self, network: Network, levels: Floats) -> Plan:
        """Give the plan of everybody served at once with other base stocks, compiled order."""
        compiled = network.compiled
        keys = pd.MultiIndex.from_frame(network.stages[_KEY].iloc[compiled.stage_row])
        rows = self.served_at_once.stages
        here = keys.get_indexer(pd.MultiIndex.from_frame(rows[_KEY]))
        base_stock = levels[here]
        safety = base_stock - self.centre[here]
        stages = rows.assign(
            base_stock=base_stock,
            safety_stock=safety,
            holding_cost=compiled.holding_cost[here] * safety,
        )
        return replace(self.served_at_once, stages=stages)


def _times(network: Network, planned: Floats) -> tuple[Floats, Floats, Floats]:
    """Inbound, net replenishment and service times where stages serve each other at once."""
    compiled = network.compiled
    receiver = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.pred_ptr))
    inbound = compiled.inbound_service_time.copy()
    regular = compiled.pred_share > 0.0
    np.maximum.at(inbound, receiver[regular], compiled.pred_lead_time[regular])
    whole = inbound + compiled.lead_time + compiled.review_period
    inner = np.diff(compiled.succ_ptr) > 0
    promised = np.where(inner, 0.0, np.minimum(planned, np.floor(whole)))
    return inbound, whole - promised, promised


def _guaranteed_service(network: Network, asked: Asked) -> Plan:
    """The plan of the guaranteed-service model; customers without a target get a critical ratio."""
    compiled = network.compiled
    stage = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
    level = np.full(compiled.n_stages, np.nan)
    of_row = asked.level[compiled.demand_row]
    for j, target in zip(stage.tolist(), of_row.tolist(), strict=True):
        level[j] = np.fmax(level[j], target)
    order = compiled.stage_row
    shortage = compiled.backorder_cost + network.cells("stages", "lost_sale_cost")[order]
    ratio = shortage / np.maximum(shortage + compiled.holding_cost, 1e-300)
    level = np.where(np.isnan(level), ratio, level)
    sells = np.zeros(compiled.n_stages, dtype=np.bool_)
    sells[stage] = True
    by_row = np.full(len(network.stages), np.nan)
    by_row[order] = np.where(sells, np.clip(level, 0.5, 0.9999), np.nan)
    measure = np.empty(len(order), dtype=object)
    measure[order] = np.where(asked.measure == "fill", "fill", "cycle")
    stages = network.stages.assign(service_level=by_row, service_measure=measure)
    stages = stages.drop(columns="safety_factor", errors="ignore")
    demand = network.demand.drop(columns="service_level", errors="ignore")
    with warnings.catch_warnings():
        # what the guaranteed-service model leaves out is what the search is for
        warnings.simplefilter("ignore", DataWarning)
        try:
            return place_safety_stock(network.replace(stages=stages, demand=demand))
        except TableError:  # demand above a capacity, which is no fault where sales are lost
            unlimited = stages.drop(columns=["capacity", "maximum_order"], errors="ignore")
            return place_safety_stock(network.replace(stages=unlimited, demand=demand))
