"""The largest order that some best plan places: what makes the model's bounds tight.

Of all plans of least cost one orders, at each stage and in each period, no more than the larger of
its minimum order and what can still be asked of it, rounded up to its multiple: whatever is above
that could be left out, and nothing costs less than nothing to leave out. What can still be asked is
the demand from the order's arrival on (all of it, where it may be owed), the largest floor, and
what the stages that it supplies may still order.

Where it is cheaper to keep units at a receiver than at its supplier, or on the way there, or the
supplier has a limit on what it may hold or lets units expire, a plan may send on more than is
needed; there the largest order takes in what the supplier may have too much of.
"""

from __future__ import annotations

import numpy as np

from echelon.network.compiled import Booleans, Floats, Integers
from echelon.optimization.target_inventory.problem import TargetProblem

_ROUNDING = 1e-9


def largest_orders(problem: TargetProblem) -> Floats:
    """Give the largest order of each stage and period that a best plan needs.

    Returns
    -------
    (J, T) float64
        Units; 0 where nothing can be asked of the stage.
    """
    p = problem
    n_periods = p.n_periods
    largest = np.zeros((p.n_stages, n_periods))
    asked = np.zeros((p.n_stages, n_periods + 1))  # of all orders from a period on
    excess = _excess(p)
    first = _soonest(p)
    for j in range(p.n_stages - 1, -1, -1):
        from_arrival = _asked_from(p, j, asked)
        arrival = np.minimum(np.arange(n_periods) + int(first[j]), n_periods)
        need = from_arrival[arrival] / p.good_share[j] + excess[j]
        whole = _rounded_up(need, float(p.order_multiple[j]))
        minimum = max(float(p.minimum_order[j]), float(p.order_multiple[j]))
        order = np.where(need > 0.0, np.maximum(whole, minimum), 0.0)
        order = np.minimum(order, p.maximum_order[j])
        largest[j] = np.minimum(order, _startable(p, j))
        fixed = np.nan_to_num(p.fixed_order[j])
        later = np.cumsum(np.where(np.isnan(p.fixed_order[j]), largest[j], fixed)[::-1])[::-1]
        if p.shelf_life[j] == 0:
            frozen = np.cumsum(fixed[::-1])[::-1]
            later = np.minimum(later, need + minimum + frozen)
        asked[j, :n_periods] = later
    return largest


def _asked_from(p: TargetProblem, j: int, asked: Floats) -> Floats:
    """What can be asked of a stage's stock by an arrival in each period: (T + 1,) float64."""
    n_periods = p.n_periods
    from_on = np.zeros(n_periods + 1)
    owed = 0.0
    for d in np.flatnonzero(p.demand_stage == j).tolist():
        from_on[:n_periods] += np.cumsum(p.demand[d][::-1])[::-1]
        if not p.must_serve[d] and p.lost_share[d] < 1.0:
            owed += float(p.demand[d].sum())
            from_on[:n_periods] -= np.cumsum(p.demand[d][::-1])[::-1]
    floor = np.append(np.maximum.accumulate(p.floor[j][::-1])[::-1], 0.0)
    for n in np.flatnonzero(p.lane_from == j).tolist():
        from_on += p.usage[n] * asked[p.lane_to[n]]
    from_on += floor
    from_on[:n_periods] += owed
    return from_on


def _soonest(p: TargetProblem) -> Integers:
    """Shortest time of each stage from an order to the stock, periods: (J,) int64."""
    soonest = np.full(p.n_stages, p.n_periods, dtype=np.int64)
    np.minimum.at(soonest, p.way_stage[p.start_way], p.start_offset)
    return np.asarray(soonest + p.make_time + p.release_time)


def _latest(p: TargetProblem) -> Integers:
    """Longest of these times."""
    latest = np.zeros(p.n_stages, dtype=np.int64)
    np.maximum.at(latest, p.way_stage[p.start_way], p.start_offset)
    return np.asarray(latest + p.make_time + p.release_time)


def _startable(p: TargetProblem, j: int) -> Floats:
    """The most that an order of each period can be, all its ways together, within the capacity."""
    most = np.zeros(p.n_periods)
    for w in np.flatnonzero(p.way_stage == j).tolist():
        one = np.full(p.n_periods, np.inf)
        for part in np.flatnonzero(p.start_way == w).tolist():
            start = np.arange(p.n_periods) + int(p.start_offset[part])
            within = start < p.n_periods
            limit = p.capacity[j, start[within]] / p.start_share[part]
            one[within] = np.minimum(one[within], limit)
        most += one
    return most


def _excess(p: TargetProblem) -> Floats:
    """Units that a stage may be sent though nobody asks for them: (J,) float64."""
    pushes = pushes_on(p)
    opening = p.opening_stock() + p.on_order()
    opening += np.nan_to_num(p.fixed_order).sum(axis=1)
    lump = np.maximum(p.order_multiple, p.minimum_order)
    often = np.where(p.shelf_life > 0, p.n_periods, 1)  # what expires may be ordered in excess anew
    excess = np.zeros(p.n_stages)
    for j in range(p.n_stages):
        sent = [
            (opening[i] + often[i] * lump[i] + excess[i]) / p.usage[n]
            for n, i in enumerate(p.lane_from.tolist())
            if p.lane_to[n] == j
        ]
        pushing = [pushes[n] for n in np.flatnonzero(p.lane_to == j)]
        if sent and any(pushing):
            excess[j] = min(sent)
    return excess


def pushes_on(p: TargetProblem) -> Booleans:
    """Lanes on which a plan may send more than is asked for: (N,) bool."""
    held = np.zeros(p.n_stages, dtype=np.bool_)
    held[p.use_stage[p.use_per_unit_held > 0.0]] = True
    source, target = p.lane_from, p.lane_to
    cost = np.zeros(p.n_stages)
    np.add.at(cost, target, p.usage * p.holding_cost[source])
    cheaper = cost[target] > p.holding_cost[target] * (1.0 + _ROUNDING)
    on_the_way = (_latest(p)[target] > 0) & ~p.pipeline_cost.any()
    kept = p.can_stock[source] & ~held[source] & (p.shelf_life[source] == 0)
    return np.asarray(cheaper | on_the_way | ~kept)


def _rounded_up(quantity: Floats, multiple: float) -> Floats:
    if multiple == 0.0:
        return quantity
    return np.asarray(multiple * np.ceil(quantity / multiple - _ROUNDING))
