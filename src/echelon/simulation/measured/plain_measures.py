"""The readable twin of the measuring kernels: the sums of each run to quantities, in NumPy."""

from __future__ import annotations

import numpy as np

from echelon.kernels.flow_arrays import FeatureSums, Structure, Sums
from echelon.kernels.quantities import QUANTITIES
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.simulation.measured.scheme import Prices, cycles_of


def plain_quantities(
    structure: Structure,
    prices: Prices,
    sums: Sums,
    feature_sums: FeatureSums | None,
    *,
    n_runs: int,
    member: Booleans | None = None,
) -> Floats:
    """Quantities of every stage in every run.

    Parameters
    ----------
    structure, prices
        Of the stages.
    sums, feature_sums
        Of the counted periods, (rows, at least n_runs).
    n_runs : int
    member : ndarray of bool, shape (n_stages,), optional
        Stages of a group: the others have zeros, and service is towards those outside alone.

    Returns
    -------
    ndarray of float64, shape (n_stages, n_quantities, n_runs)
        In the order of :data:`~echelon.kernels.quantities.QUANTITIES`.
    """
    n_stages, n_lanes = len(structure.review), len(structure.supplier)
    asker_stage = np.repeat(np.arange(n_stages), np.diff(structure.asker_ptr))
    counts = np.ones(len(asker_stage), dtype=bool)
    if member is not None:
        to_stage = structure.asker_lane >= 0
        receiver = structure.receiver[structure.asker_lane[to_stage]]
        counts[to_stage] = ~member[receiver]
    sizes = np.diff(structure.stage_ptr)
    counted = np.repeat(structure.periods - structure.warmup, sizes)[:, None].astype(np.float64)
    own = {name: array[:, :n_runs] for name, array in sums._asdict().items()}
    rich = (
        {name: array[:, :n_runs] for name, array in feature_sums._asdict().items()}
        if feature_sums is not None
        else {}
    )

    def rich_of(name: str, n_rows: int) -> Floats:
        return np.asarray(rich.get(name, np.zeros((n_rows, n_runs))))

    def by_stage(values: Floats, stage: Integers) -> Floats:
        total = np.zeros((n_stages, n_runs))
        np.add.at(total, stage, values)
        return total / counted

    def of_askers(values: Floats) -> Floats:
        return by_stage(values[counts], asker_stage[counts])

    def money(price: Floats) -> Floats:
        return price[:, None]

    watched = np.zeros(n_stages, dtype=bool)
    watched[asker_stage[counts]] = True
    if member is None:
        watched[:] = True
    served = watched[:, None]
    long = structure.review[:, None] >= 2
    charged = prices.charge_pipeline * prices.holding_cost
    sent, sent_charged = prices.holding_cost[structure.supplier], charged[structure.supplier]
    q = {
        "on_hand": own["on_hand"] / counted,
        "in_process": own["in_process"] / counted,
        "in_transit": by_stage(own["in_transit"], structure.receiver),
        "component_stock": by_stage(own["component"], structure.receiver),
        "orders": own["orders"] / counted,
        "ordered": own["ordered"] / counted,
        "in_release": rich_of("in_release", n_stages) / counted,
        "lost": by_stage(rich_of("lost", len(asker_stage)), asker_stage),
        "expired": rich_of("expired", n_stages) / counted,
        "destroyed": rich_of("destroyed", n_stages) / counted,
        "scrapped": rich_of("scrapped", n_stages) / counted,
        "expedited": by_stage(rich_of("expedited", n_lanes), structure.receiver),
        "backorders": of_askers(own["late"]),
        "stockouts": served * own["shortages"] / counted,
        "short": served * (1.0 - own["ready"] / counted),
        "whole_cycles": served * np.where(long, own["whole_cycles"], own["ready"]),
        "due": of_askers(own["due"]),
        "on_time": of_askers(own["on_time"]),
        "watched": served * np.ones(n_runs),
        "cycles": served * cycles_of(structure) * np.ones(n_runs),
        "ordered_squared": own["ordered_squared"] / counted,
        "asked": own["asked"] / counted,
        "asked_squared": own["asked_squared"] / counted,
    }
    late = by_stage(own["late"], asker_stage)  # costs are those of all
    q["filled"] = q["on_time"] * (structure.serve_delay == 0)[:, None]
    q["net_inventory"] = q["on_hand"] - late
    q["pipeline"] = q["in_process"] + q["in_release"] + q["in_transit"]
    q["wasted"] = q["expired"] + q["destroyed"] + q["scrapped"]
    q["holding_cost"] = money(prices.holding_cost) * q["on_hand"] + by_stage(
        sent[:, None] * own["component"], structure.receiver
    )
    q["pipeline_cost"] = money(charged) * (q["in_process"] + q["in_release"]) + by_stage(
        sent_charged[:, None] * own["in_transit"], structure.receiver
    )
    q["ordering_cost"] = money(prices.order_cost) * q["orders"]
    q["backorder_cost"] = money(prices.backorder_cost) * late
    q["shortage_cost"] = q["backorder_cost"] + money(prices.lost_sale_cost) * q["lost"]
    fast = prices.expedite_cost[:, None] * rich_of("expedited", n_lanes)
    q["expedite_cost"] = by_stage(fast, structure.receiver)
    q["waste_cost"] = money(prices.waste_cost) * q["wasted"]
    kinds = ("holding", "pipeline", "ordering", "shortage", "expedite", "waste")
    q["cost"] = sum((q[f"{kind}_cost"] for kind in kinds), np.zeros((n_stages, n_runs)))
    values = np.stack([q[name] for name in QUANTITIES], axis=1)
    if member is not None:
        values[~member] = 0.0
    return values


def plain_segments(
    structure: Structure,
    prices: Prices,
    sums: Sums,
    feature_sums: FeatureSums | None,
    *,
    n_runs: int,
) -> Floats:
    """Quantities of every segment of customers, in the order of the askers, in every run.

    Parameters
    ----------
    structure, prices, sums, feature_sums, n_runs
        As for :func:`plain_quantities`.

    Returns
    -------
    ndarray of float64, shape (n_segments, 6, n_runs)
        In the order of :data:`~echelon.kernels.quantities.SEGMENT_QUANTITIES`.
    """
    stage = np.repeat(np.arange(len(structure.review)), np.diff(structure.asker_ptr))
    chosen = np.flatnonzero(structure.asker_lane < 0)
    stage = stage[chosen]
    counted = structure.periods - structure.warmup
    per = 1.0 / np.repeat(counted, np.diff(structure.stage_ptr))[stage][:, None]
    late, due, on_time = (
        per * array[chosen, :n_runs] for array in (sums.late, sums.due, sums.on_time)
    )
    lost = np.zeros_like(due)
    if feature_sums is not None:
        lost = per * feature_sums.lost[chosen, :n_runs]
    filled = on_time * (structure.serve_delay[stage] == 0)[:, None]
    owed = prices.backorder_cost[stage][:, None] * late
    owed = owed + prices.lost_sale_cost[stage][:, None] * lost
    return np.stack([due, on_time, filled, late, lost, owed], axis=1)
