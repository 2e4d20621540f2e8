"""Stockpyl 1.0.2 (Snyder, 2023), through the functions its tutorial uses."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

import numpy as np
from stockpyl.gsm_tree import optimize_committed_service_times
from stockpyl.sim import simulation
from stockpyl.supply_chain_network import network_from_edges, serial_system

if TYPE_CHECKING:
    from benchmarks.cases.serial_simulation import Serial
    from benchmarks.cases.tree_placement import Tree


def build_tree(tree: Tree) -> Any:
    """Declare the tree as a network for the guaranteed-service model."""
    stages = range(len(tree.lead_time))
    return network_from_edges(
        edges=[(int(a), int(b)) for a, b in tree.lanes],
        node_order_in_lists=list(stages),
        processing_time={k: int(tree.lead_time[k]) for k in stages},
        local_holding_cost={k: float(tree.holding_cost[k]) for k in stages},
        demand_bound_constant=tree.safety_factor,
        external_inbound_cst=0,
        external_outbound_cst=dict.fromkeys(tree.customers, 0),
        demand_type=dict.fromkeys(tree.customers, "N"),
        mean=dict.fromkeys(tree.customers, tree.demand_mean),
        standard_deviation=dict.fromkeys(tree.customers, tree.demand_std),
    )


def place_first(network: Any) -> Any:
    """Optimise a tree that was never optimised."""
    optimize_committed_service_times(network)
    return network


def place(network: Any) -> float:
    """Cost of the best placement, money per period."""
    _, cost = optimize_committed_service_times(network)
    return float(cost)


def build_serial(system: Serial) -> tuple[Serial, Any]:
    """Declare the serial system; goods in transit cost nothing, as in the case."""
    network = serial_system(
        len(system.lead_time),
        node_order_in_system=list(range(len(system.lead_time))),
        local_holding_cost=list(system.holding_cost),
        in_transit_holding_cost=0,
        stockout_cost=[0.0] * (len(system.lead_time) - 1) + [system.backorder_cost],
        shipment_lead_time=list(system.lead_time),
        policy_type="BS",
        base_stock_level=list(system.base_stock),
        demand_type="N",
        mean=system.demand_mean,
        standard_deviation=system.demand_std,
    )
    return system, network


def run_serial(built: tuple[Serial, Any]) -> float:
    """Mean cost per period over the replications."""
    system, network = built
    costs = [
        simulation(
            network, system.periods, rand_seed=seed, progress_bar=False, consistency_checks="N"
        )
        for seed in range(system.replications)
    ]
    return float(np.mean(costs)) / system.periods


def repair_series() -> None:
    """Make `ssm_serial` of stockpyl 1.0.2 run on NumPy 2, which it was not written for.

    It asks for arrays without a copy where one is needed, and takes arrays of one for numbers. Its
    arithmetic is left as it is.
    """
    from stockpyl import helpers, ssm_serial

    if isinstance(helpers.np, _CopyingNumpy):
        return
    nearest = helpers.find_nearest

    def find_nearest(*args: Any, **kwargs: Any) -> Any:
        found = np.asarray(nearest(*args, **kwargs))
        return int(found.ravel()[0]) if found.size == 1 else found

    helpers.np = _CopyingNumpy("numpy")
    ssm_serial.find_nearest = find_nearest


class _CopyingNumpy(types.ModuleType):
    """NumPy in which ``copy=False`` means what it meant before 2.0."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def array(self, *args: Any, copy: bool | None = None, **kwargs: Any) -> Any:
        return np.array(*args, copy=copy or None, **kwargs)
