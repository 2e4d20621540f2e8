"""Read the decisions off the values of a model's variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from echelon.network.compiled import Floats
from echelon.optimization.target_inventory.account import Decisions
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.sets import NEW, Indices, sets_of, time_on_the_way
from echelon.optimization.target_inventory.shape import Shape

_NONE = np.zeros(0)
_ROUNDING = 1e-9


def decisions_of(problem: TargetProblem, shape: Shape, values: Mapping[str, Floats]) -> Decisions:
    """Take a solution as decisions, whole where they are whole.

    Parameters
    ----------
    problem : TargetProblem
    shape : Shape
    values : mapping of str to (n,) float64
        Of the variables, in the order of their index sets, units; without those that have none.
    """
    p, sets = problem, sets_of(shape)
    by_way = _table((p.n_ways, p.n_periods), sets.order, values.get("order_by_way", _NONE))
    by_way = _whole(p, shape, values, np.maximum(by_way, 0.0))
    axes = (p.n_demands, p.n_periods)
    unmet = np.clip(_table(axes, sets.unmet, values.get("unmet", _NONE)), 0.0, p.demand)
    owed = np.maximum(_table(axes, sets.owed, values.get("owed", _NONE)), 0.0)
    lost = p.lost_share[:, None] * unmet
    by_life = (p.n_stages, p.largest_life + 1, p.n_periods)
    served = _table((p.n_demands, *by_life[1:]), sets.served, values.get("served", _NONE))
    given, joined = np.zeros(by_life), _fresh(p, by_way, by_life)
    quantities = np.maximum(values.get("taken", _NONE), 0.0).tolist()
    for (n, w, a, t), quantity in zip(sets.taken, quantities, strict=True):
        given[shape.lanes[n][0], a, t] += quantity
        _pass_on(p, shape, joined, (n, w, t), a, quantity)
    return Decisions(by_way, lost, owed, joined, np.maximum(served, 0.0), given)


def _pass_on(
    p: TargetProblem,
    shape: Shape,
    joined: Floats,
    taking: tuple[int, int, int],
    life: int,
    quantity: float,
) -> None:
    """Let what a lane takes join the stock of its receiver, where its life goes on."""
    n, w, t = taking
    if w == NEW or quantity == 0.0:
        return
    target = shape.lanes[n][1]
    on_the_way = time_on_the_way(shape, n, w)
    if t + on_the_way < p.n_periods:
        units = p.usage[n] / p.lane_share[n]
        made = quantity * p.good_share[target] / units
        joined[target, life - on_the_way, t + on_the_way] += made


def _table(axes: tuple[int, ...], indices: Indices, values: Floats) -> Floats:
    table = np.zeros(axes)
    if indices:
        table[tuple(np.array(indices).T)] = values
    return table


def _whole(p: TargetProblem, shape: Shape, values: Mapping[str, Floats], by_way: Floats) -> Floats:
    """Set orders to their lots, to what is frozen, and to nothing where none is placed."""
    sets = sets_of(shape)
    exact = np.full((p.n_stages, p.n_periods), np.nan)
    if sets.placed:
        unplaced = np.array(sets.placed)[values["placed"] < 0.5].T
        exact[tuple(unplaced)] = 0.0
    if sets.in_lots:
        at = tuple(np.array(sets.in_lots).T)
        exact[at] = np.rint(values["lots"]) * p.order_multiple[at[0]]
    exact = np.where(np.isnan(p.fixed_order), exact, p.fixed_order)
    ordered = np.zeros_like(exact)
    np.add.at(ordered, p.way_stage, by_way)
    factor = np.ones_like(exact)
    known = ~np.isnan(exact)
    some = known & (ordered > 0.0)
    factor[known] = 0.0
    factor[some] = exact[some] / ordered[some]
    return np.asarray(by_way * factor[p.way_stage])


def _fresh(p: TargetProblem, by_way: Floats, axes: tuple[int, int, int]) -> Floats:
    """Units that join the stock of stages that make something new, by remaining life."""
    joined = np.zeros(axes)
    for part, w in enumerate(p.start_way.tolist()):
        j = int(p.way_stage[w])
        if not p.shelf_life[j] or p.carries_life[j]:
            continue
        life = int(p.shelf_life[j] - p.release_time[j])
        later = int(p.start_offset[part] + p.make_time[j] + p.release_time[j])
        if later < p.n_periods:
            units = by_way[w, : p.n_periods - later] * p.start_share[part] * p.good_share[j]
            joined[j, life, later:] += units
    return joined


def issued_in_turn(problem: TargetProblem, shape: Shape, planned: Decisions) -> Decisions | None:
    """Give everybody what the plan gives them, but first expired first out.

    Those who accept the oldest units are served first. Returns None where somebody would go short.
    """
    p = problem
    served, given = np.zeros_like(planned.served_by_life), np.zeros_like(planned.given_by_life)
    joined = _fresh(p, planned.orders_by_way, given.shape)
    slack = _ROUNDING * (1.0 + p.demand.sum() + planned.orders_by_way.sum())
    for j in np.flatnonzero(p.shelf_life > 0).tolist():  # suppliers first
        supply = p.supply_by_life()[j]
        there = np.zeros(p.largest_life + 1)
        for t in range(p.n_periods):
            there = there + supply[:, t] + joined[j, :, t]
            for least, d, taking, quantity in _takers(p, shape, planned, j, t):
                issued = _issued(there, quantity, least)
                if quantity - issued.sum() > slack:
                    return None
                if taking is None:
                    served[d, :, t] = issued
                    continue
                given[j, :, t] += issued
                for a in np.flatnonzero(issued).tolist():
                    _pass_on(p, shape, joined, taking, a, float(issued[a]))
            there = np.append(there[1:], 0.0)
            there[0] = 0.0
    return replace(planned, arrivals_by_life=joined, served_by_life=served, given_by_life=given)


def _takers(
    p: TargetProblem, shape: Shape, planned: Decisions, j: int, t: int
) -> list[tuple[int, int, tuple[int, int, int] | None, float]]:
    """Who takes of a stage in a period: least life, row of demand or lane's order, and how much."""
    takers: list[tuple[int, int, tuple[int, int, int] | None, float]] = []
    for d in np.flatnonzero(p.demand_stage == j).tolist():
        quantity = float(planned.served_by_life[d, :, t].sum())
        takers.append((max(int(p.minimum_life[d]), 1), d, None, quantity))
    orders = planned.orders_by_way[:, t]
    for n in np.flatnonzero(p.lane_from == j).tolist():
        target = int(p.lane_to[n])
        mine = np.flatnonzero(p.way_stage == target).tolist()
        if p.carries_life[target]:
            for w in mine:
                least = time_on_the_way(shape, n, w) + 1
                takers.append((least, -1, (n, w, t), float(p.usage[n] * orders[w])))
        else:
            takers.append((1, -1, (n, NEW, t), float(p.usage[n] * orders[mine].sum())))
    return sorted((taker for taker in takers if taker[3] > 0.0), key=lambda taker: taker[0])


def _issued(there: Floats, quantity: float, least: int) -> Floats:
    """Take a quantity off the stock, the oldest units that have at least some life first."""
    issued = np.zeros_like(there)
    for a in range(least, len(there)):
        issued[a] = min(quantity, there[a])
        there[a] -= issued[a]
        quantity -= issued[a]
        if quantity <= 0.0:
            break
    return issued
