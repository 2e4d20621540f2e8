"""The simulation of stockpyl 1.0.2, for systems of `benchmarks.cases.simulation_systems`."""

from __future__ import annotations

from typing import Any

from stockpyl.sim import simulation
from stockpyl.supply_chain_network import network_from_edges

from benchmarks.cases.simulation_systems import DEMAND_MEAN, DEMAND_STD, SimulatedSystem


def build(system: SimulatedSystem) -> Any:
    """Declare the system with fixed lead times; goods in transit cost nothing."""
    customers = system.customers
    normal = system.family == "normal"
    return network_from_edges(
        edges=[(lane.sender, lane.receiver) for lane in system.lanes],
        node_order_in_lists=list(system.stages),
        local_holding_cost=_each(system.holding_cost),
        in_transit_holding_cost=dict.fromkeys(system.stages, 0.0),
        stockout_cost=_each(system.backorder_cost),
        shipment_lead_time=dict(enumerate(system.lead_time)),
        policy_type=dict.fromkeys(system.stages, "BS"),
        base_stock_level=_each(system.base_stock),
        demand_type=dict.fromkeys(customers, "N" if normal else "P"),
        mean=dict.fromkeys(customers, DEMAND_MEAN),
        standard_deviation=dict.fromkeys(customers, DEMAND_STD) if normal else None,
    )


def _each(values: Any) -> dict[int, float]:
    return {j: float(value) for j, value in enumerate(values)}


def run(network: Any, periods: int, seed: int = 0) -> float:
    """Mean cost per period of one replication."""
    cost = simulation(network, periods, rand_seed=seed, progress_bar=False, consistency_checks="N")
    return float(cost) / periods
