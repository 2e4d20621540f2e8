"""The rows of the target-inventory model: orders, service, stock, limits."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from echelon.optimization.target_inventory.following_rows import add_covers, add_roundings
from echelon.optimization.target_inventory.life_rows import (
    add_outdating,
    add_stock_by_life,
    add_turns,
)
from echelon.optimization.target_inventory.sets import Sets
from echelon.optimization.target_inventory.shape import Shape


def add_rows(m: Any, shape: Shape, sets: Sets) -> None:
    """Declare what follows from the variables, and the constraints on them."""
    _add_flows(m, shape)
    _add_orders(m)
    _add_service(m)
    _add_stock(m, shape)
    if sets.by_life:
        add_stock_by_life(m, shape, sets)
        add_outdating(m, shape)
        add_turns(m, shape, sets)
    _add_limits(m, shape)
    add_covers(m, shape)
    add_roundings(m, shape)


def _add_flows(m: Any, shape: Shape) -> None:
    """Expressions: what is ordered, started, made, served and held."""
    ways: dict[tuple[int, int], list[Any]] = {
        (way.stage, t): [] for way in shape.ways for t in way.periods
    }
    for w, way in enumerate(shape.ways):
        for t in way.periods:
            ways[way.stage, t].append(m.order_by_way[w, t])
    starts: dict[tuple[int, int], list[Any]] = {}
    part = 0
    for w, way in enumerate(shape.ways):
        for offset in way.offsets:
            for t in way.periods:
                share = m.start_share[part] * m.order_by_way[w, t]
                starts.setdefault((way.stage, t + offset), []).append(share)
            part += 1
    m.order = pyo.Expression(
        m.ORDERED, rule=lambda _, j, t: sum(ways[j, t]), doc="units ordered, by all ways"
    )
    m.started = pyo.Expression(
        m.STAGE, m.PERIOD, rule=lambda _, j, t: sum(starts.get((j, t), [0.0])), doc="units started"
    )
    m.made = pyo.Expression(
        m.STAGE,
        m.PERIOD,
        rule=lambda _, j, t: sum(starts.get((j, t - shape.stages[j].make_time), [0.0])),
        doc="units made, good and bad",
    )
    m.held = pyo.Expression(
        m.STAGE,
        m.PERIOD,
        rule=lambda m, j, t: _held(m, shape, j, t),
        doc="units on hand at the end",
    )
    m.served_in_all = pyo.Expression(m.DEMAND, m.PERIOD, rule=_served, doc="units served")


def _held(m: Any, shape: Shape, j: int, t: int) -> Any:
    if not shape.stages[j].shelf_life:
        return m.on_hand[j, t]
    return sum(m.kept[j, a, t] for a in range(1, shape.stages[j].shelf_life)) + 0.0


def _served(m: Any, d: int, t: int) -> Any:
    """Demand due, less what is lost of it and newly owed, and what was owed before."""
    served = m.demand[d, t]
    if (d, t) in m.UNMET:
        served = served - m.lost_share[d] * m.unmet[d, t]
    if (d, t) in m.OWED:
        served = served - m.owed[d, t] + (m.owed[d, t - 1] if t else 0.0)
    return served


def _add_orders(m: Any) -> None:
    m.in_whole_lots = pyo.Constraint(
        m.IN_LOTS,
        rule=lambda m, j, t: m.order[j, t] == m.multiple[j] * m.lots[j, t],
        doc="orders are whole multiples",
    )
    m.only_if_placed = pyo.Constraint(
        m.PLACED,
        rule=lambda m, j, t: m.order[j, t] <= m.largest[j, t] * m.placed[j, t],
        doc="nothing comes of an order that is not placed",
    )
    m.at_least = pyo.Constraint(
        m.MINIMUM,
        rule=lambda m, j, t: m.order[j, t] - m.minimum[j] * m.placed[j, t] >= 0.0,
        doc="an order is at least the minimum",
    )
    m.at_most = pyo.Constraint(
        m.MAXIMUM,
        rule=lambda m, j, t: m.order[j, t] <= m.maximum[j],
        doc="an order is at most the maximum",
    )
    m.as_frozen = pyo.Constraint(
        m.FROZEN,
        rule=lambda m, j, t: m.order[j, t] == m.frozen_order[j, t],
        doc="orders of the frozen horizon stay as they are",
    )
    m.only_if_set_up = pyo.Constraint(
        m.SET_UP,
        rule=lambda m, j, t: m.started[j, t] <= m.largest_start[j, t] * m.set_up[j, t],
        doc="nothing is started without a set-up",
    )


def _add_service(m: Any) -> None:
    """What is owed grows by no more than what is newly short, and by all that is."""

    def newly_short(m: Any, d: int, t: int) -> Any:
        if (d, t) in m.UNMET:
            return m.unmet[d, t] - m.lost_share[d] * m.unmet[d, t]
        return m.demand[d, t]

    def owed_at_most(m: Any, d: int, t: int) -> Any:
        before = m.owed[d, t - 1] if t else 0.0
        return m.owed[d, t] <= before + newly_short(m, d, t)

    def owed_at_least(m: Any, d: int, t: int) -> Any:
        if (d, t) not in m.UNMET:
            return pyo.Constraint.Skip
        return m.owed[d, t] >= newly_short(m, d, t)

    m.no_more_owed = pyo.Constraint(m.OWED, rule=owed_at_most, doc="nothing is taken back")
    m.short_is_owed = pyo.Constraint(
        m.OWED, rule=owed_at_least, doc="what is short and not lost is owed at least until the end"
    )


def _add_stock(m: Any, shape: Shape) -> None:
    lanes_out: dict[int, list[tuple[int, int]]] = {}
    for n, (source, target) in enumerate(shape.lanes):
        lanes_out.setdefault(source, []).append((n, target))
    customers: dict[int, list[int]] = {}
    for d, (j, _, _) in enumerate(shape.demands):
        customers.setdefault(j, []).append(d)

    def balance(m: Any, j: int, t: int) -> Any:
        before = m.on_hand[j, t - 1] if t else 0.0
        made = t - shape.stages[j].release_time
        joins = m.good_share[j] * m.made[j, made] if made >= 0 else 0.0
        given = sum(m.served_in_all[d, t] for d in customers.get(j, []))
        given += sum(
            m.usage[n] * m.order[to, t] for n, to in lanes_out.get(j, []) if (to, t) in m.ORDERED
        )
        return before + m.supply[j, t] + joins - given == m.on_hand[j, t]

    m.balance = pyo.Constraint(
        m.AGELESS, rule=balance, doc="what was there and joins is given or left"
    )


def _add_limits(m: Any, shape: Shape) -> None:
    m.within_capacity = pyo.Constraint(
        m.LIMITED,
        rule=lambda m, j, t: m.started[j, t] <= m.capacity[j, t],
        doc="starts within the capacity of the stage",
    )

    def used(m: Any, r: int, t: int) -> Any:
        amount = 0.0
        for u, (j, resource, by_unit, by_set_up, by_held) in enumerate(shape.uses):
            if resource != r:
                continue
            if by_unit:
                amount += m.per_unit[u] * m.started[j, t]
            if by_set_up:
                amount += m.per_set_up[u] * _sets_up(m, shape, j, t)
            if by_held:
                amount += m.per_unit_held[u] * m.held[j, t]
        return amount

    m.within_resource = pyo.Constraint(
        m.SCARCE,
        rule=lambda m, r, t: used(m, r, t) <= m.resource_capacity[r, t],
        doc="what stages share suffices for all of them",
    )
    m.above_floor = pyo.Constraint(
        m.FLOORED,
        rule=lambda m, j, t: m.held[j, t] + m.below_floor[j, t] >= m.floor[j, t],
        doc="what is missing to the floor is paid for",
    )
    m.no_stock = pyo.Constraint(
        m.UNSTOCKED, rule=lambda m, j, t: m.held[j, t] <= 0.0, doc="the stage may hold nothing"
    )


def _sets_up(m: Any, shape: Shape, j: int, t: int) -> Any:
    """Whether a stage starts anything: a variable, or the order whose start it is."""
    if shape.stages[j].set_up:
        return m.set_up[j, t] if (j, t) in m.SET_UP else 0.0
    offset = next(way.offsets[0] for way in shape.ways if way.stage == j)
    return m.placed[j, t - offset] if (j, t - offset) in m.PLACED else 0.0
