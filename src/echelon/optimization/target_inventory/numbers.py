"""The numbers of a problem, laid out as the parameters of its shape's model."""

from __future__ import annotations

import numpy as np

from echelon.network.compiled import Floats
from echelon.optimization.target_inventory.issue_bounds import in_turn
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.requirements import largest_orders
from echelon.optimization.target_inventory.sets import Indices, Sets, sets_of
from echelon.optimization.target_inventory.shape import (
    BACKORDERED,
    PARTLY_LOST,
    Shape,
    known_arrivals,
)

_ROUNDING = 1e-9


def numbers(problem: TargetProblem, shape: Shape) -> dict[str, Floats]:
    """Give every parameter of :func:`~.model.declare`, flat, in the order of its index set.

    Parameters
    ----------
    problem : TargetProblem
    shape : Shape
        Of that problem.

    Returns
    -------
    dict of str to (n,) float64
    """
    p, sets = problem, sets_of(shape)
    largest = largest_orders(p)
    multiple = np.where(p.order_multiple > 0.0, p.order_multiple, 1.0)
    most_lots = np.floor(largest / multiple[:, None] + _ROUNDING)
    fixed = np.nan_to_num(p.fixed_order)
    open_order = np.where(np.isnan(p.fixed_order), largest, fixed)
    way_cost = p.way_cost[:, None] + p.price[p.way_stage] + p.pipeline_cost
    units = p.usage / p.lane_share
    by_stage = {
        "holding_cost": p.holding_cost,
        "order_cost": p.order_cost,
        "waste_cost": p.waste_cost,
        "scrap_cost": p.waste_cost * (1.0 - p.good_share),
        "good_share": p.good_share,
        "multiple": p.order_multiple,
        "minimum": p.minimum_order,
        "maximum": np.where(np.isfinite(p.maximum_order), p.maximum_order, 0.0),
    }
    return {
        **by_stage,
        "unit_cost": _at(way_cost, sets.order),
        "frozen_cost": np.array([float((p.order_cost[:, None] * (fixed > 0.0)).sum())]),
        "backorder_cost": p.backorder_cost,
        "lost_share": p.lost_share,
        "lost_sale_cost": p.lost_share * p.lost_sale_cost,
        "demand": p.demand.ravel(),
        "usage": p.usage,
        "made_of_taken": p.good_share[p.lane_to] / units,
        "start_share": p.start_share,
        "supply": _at(_supply(p), sets.ageless),
        "supply_by_life": _supply_by_life(p, sets),
        **in_turn(p, open_order, sets),
        "frozen_order": _at(fixed, sets.frozen),
        "largest": _at(largest, sets.placed),
        "most_lots": _at(most_lots, sets.in_lots),
        "largest_start": _at(_largest_starts(p, open_order), sets.set_up),
        "capacity": _at(p.capacity, sets.limited),
        "floor": _at(p.floor, sets.floored),
        "floor_price": _at(p.floor_price, sets.floored),
        "per_unit": p.use_per_unit,
        "per_set_up": p.use_per_set_up,
        "per_unit_held": p.use_per_unit_held,
        "resource_capacity": _at(p.resource_capacity, sets.scarce),
        **_cover(p, shape, sets),
        **_rounded(p, sets),
    }


def _at(table: Floats, indices: Indices) -> Floats:
    """Entries of a table of two axes."""
    if not indices:
        return np.zeros(0)
    first, second = np.array(indices).T
    return np.asarray(table[first, second], dtype=np.float64)


def _supply(p: TargetProblem) -> Floats:
    """Units that join the stock of each stage without an order of the plan: (J, T) float64."""
    supply = p.open_arrivals()
    supply[:, 0] += p.opening_stock()
    return supply


def _supply_by_life(p: TargetProblem, sets: Sets) -> Floats:
    supply = p.supply_by_life()
    return np.array([supply[index] for index in sets.by_life], dtype=np.float64)


def _largest_starts(p: TargetProblem, order: Floats) -> Floats:
    starts = np.zeros((p.n_stages, p.n_periods))
    for part, w in enumerate(p.start_way.tolist()):
        j, offset = int(p.way_stage[w]), int(p.start_offset[part])
        if offset < p.n_periods:
            shifted = order[j, : p.n_periods - offset] * p.start_share[part]
            starts[j, offset:] += shifted
    return np.minimum(starts, np.where(np.isfinite(p.capacity), p.capacity, np.inf))


def _cover(p: TargetProblem, shape: Shape, sets: Sets) -> dict[str, Floats]:
    """What periods k to l need beyond what is known to arrive in them, and what an order covers."""
    need = np.zeros((p.n_stages, p.n_periods, p.n_periods))
    for j, one in enumerate(shape.stages):
        if one.covered:
            due = p.demand[p.demand_stage == j].sum(axis=0) - known_arrivals(p, shape, j)
            until = np.cumsum(due)
            before = until - due
            need[j] = until[None, :] - before[:, None] + p.floor[j][None, :]
    flat = np.array([need[index] for index in sets.cover], dtype=np.float64)
    return {"cover_need": flat, "covered_by_order": np.maximum(flat, 0.0)}


def _rounded(p: TargetProblem, sets: Sets) -> dict[str, Floats]:
    """What has been asked for beyond the known stock, in whole multiples and what is over."""
    names = ("whole_need", "rest", "excess", "least_lots")
    found: dict[str, list[float]] = {name: [] for name in names}
    supply = _supply(p)
    asked = {
        j: np.cumsum(p.demand[p.demand_stage == j].sum(axis=0) - supply[j]) for j, _ in sets.rounded
    }
    for j, t in sets.rounded:
        size = float(p.order_multiple[j] * p.good_share[j])
        whole = np.floor(asked[j][t] / size + _ROUNDING)
        rest = max(float(asked[j][t] - whole * size), 0.0)
        found["whole_need"].append(float(whole))
        found["rest"].append(rest)
        found["excess"].append(size - rest)
        found["least_lots"].append(max(float(whole) + (rest > _ROUNDING * size), 0.0))
    return {name: np.array(values, dtype=np.float64) for name, values in found.items()}


def may_be_owed(shape: Shape, stage: int) -> bool:
    """Whether customers of a stage may wait."""
    return any(j == stage and kind in (BACKORDERED, PARTLY_LOST) for j, kind, _ in shape.demands)
