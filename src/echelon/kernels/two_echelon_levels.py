"""Base stocks of a warehouse and its retailers: every base stock of the warehouse, once each.

The recursion of :mod:`.two_echelon` passes the base stocks of the warehouse downwards; for each the
retailers are independent of one another.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit
from echelon.kernels.two_echelon import fill_masses, last_count, places, running, sweep_down

EACH_FILL_RATE = 0
TOTAL_BACKORDERS = 1

MOST_NODES = 200_000
"""Partial choices of levels looked at for one system before the search stops short of a proof."""


@jit
def least_cost(masses: Floats, holding_cost: float, shortage_cost: float, cost: Floats) -> int:
    """Cheapest base stock for these outstanding orders; its cost goes to ``cost[0]``."""
    wanted = shortage_cost / (shortage_cost + holding_cost)
    level = 0
    reached = masses[0]
    while reached < wanted and level < masses.shape[0] - 1:
        level += 1
        reached += masses[level]
    on_hand = 0.0
    for k in range(level):
        on_hand += (level - k) * masses[k]
    short = 0.0
    for k in range(masses.shape[0] - 1, level, -1):
        short += (k - level) * masses[k]
    cost[0] = holding_cost * on_hand + shortage_cost * short
    return level


@jit
def cheapest_levels(
    warehouse_mean: Floats,
    retailer_ptr: Integers,
    share: Floats,
    transit_mean: Floats,
    holding_cost: Floats,
    shortage_cost: Floats,
    warehouse_holding_cost: Floats,
    warehouse_level: Integers,
    level: Integers,
    cost: Floats,
) -> None:
    """Least holding and backorder cost of each system over all base stocks.

    warehouse_mean, warehouse_holding_cost (n_systems,); retailers of system ``s`` are
    ``range(retailer_ptr[s], retailer_ptr[s + 1])``; share, transit_mean, holding_cost,
    shortage_cost (n_retailers,). Overwrites warehouse_level and cost (n_systems,), level
    (n_retailers,). Of equal costs the smallest base stock at the warehouse.
    """
    told = np.empty(1)
    for s in range(warehouse_mean.shape[0]):
        first, n_here = retailer_ptr[s], retailer_ptr[s + 1] - retailer_ptr[s]
        warehouse = np.empty(last_count(0.0, warehouse_mean[s]) + 1)
        fill_masses(0.0, warehouse_mean[s], warehouse)
        at_most, on_hand = running(warehouse)
        place = places(first, n_here, warehouse_mean[s], share, transit_mean)
        transit, waiting = np.empty(place[n_here]), np.zeros(place[n_here])
        outstanding = np.empty(place[n_here])
        for i in range(n_here):
            fill_masses(0.0, transit_mean[first + i], transit[place[i] : place[i + 1]])
        here = np.empty(n_here, dtype=np.int64)
        cost[s] = np.inf
        for stock in range(warehouse.shape[0], -1, -1):
            sweep_down(
                stock, first, place, share, warehouse, at_most, transit, waiting, outstanding
            )
            total = warehouse_holding_cost[s] * on_hand[stock]
            for i in range(n_here):
                here[i] = least_cost(
                    outstanding[place[i] : place[i + 1]],
                    holding_cost[first + i],
                    shortage_cost[first + i],
                    told,
                )
                total += told[0]
            if total <= cost[s]:
                cost[s] = total
                warehouse_level[s] = stock
                level[first : first + n_here] = here


@jit
def least_value_levels(
    kind: int,
    warehouse_mean: Floats,
    retailer_ptr: Integers,
    share: Floats,
    transit_mean: Floats,
    target: Floats,
    unit_value: Floats,
    warehouse_unit_value: Floats,
    warehouse_level: Integers,
    level: Integers,
    value: Floats,
    bound: Floats,
) -> None:
    """Base stocks of least value that reach a target, over all base stocks of the warehouse.

    ``kind`` EACH_FILL_RATE: the fill rate of each retailer reaches its target. TOTAL_BACKORDERS:
    the backorders of all retailers of a system stay within the target of its first. Shapes as in
    :func:`cheapest_levels`, target and unit_value (n_retailers,). Overwrites the levels, their
    value and a proven lower bound of the least value (n_systems,).
    """
    for s in range(warehouse_mean.shape[0]):
        first, last = retailer_ptr[s], retailer_ptr[s + 1]
        n_here = last - first
        warehouse = np.empty(last_count(0.0, warehouse_mean[s]) + 1)
        fill_masses(0.0, warehouse_mean[s], warehouse)
        at_most, _ = running(warehouse)
        place = places(first, n_here, warehouse_mean[s], share, transit_mean)
        transit, waiting = np.empty(place[n_here]), np.zeros(place[n_here])
        outstanding, owed = np.empty(place[n_here]), np.empty(place[n_here])
        for i in range(n_here):
            fill_masses(0.0, transit_mean[first + i], transit[place[i] : place[i + 1]])
        here = np.empty(n_here, dtype=np.int64)
        value[s], bound[s] = np.inf, np.inf
        values = unit_value[first:last]
        nodes = MOST_NODES
        for stock in range(warehouse.shape[0], -1, -1):
            sweep_down(
                stock, first, place, share, warehouse, at_most, transit, waiting, outstanding
            )
            paid = warehouse_unit_value[s] * stock
            if kind == EACH_FILL_RATE:
                # at once where there is neither stock nor transit
                direct = at_most[stock] if warehouse_mean[s] > 0.0 else 1.0
                wanted, moving = target[first:last], transit_mean[first:last]
                spent = fill_each(outstanding, place, wanted, moving, direct, values, here)
                least = spent
            else:
                owed_at(outstanding, place, owed)
                spent, price = spread(owed, place, target[first], values, here)
                least = spent
                if values.min() < values.max() and price > 0.0:
                    room = min(value[s] - paid, spent)
                    spent, least, nodes = search(
                        owed, place, target[first], values, price, room, spent, nodes, here
                    )
            bound[s] = min(bound[s], paid + least)
            if paid + spent <= value[s]:
                value[s] = paid + spent
                warehouse_level[s] = stock
                level[first:last] = here
        bound[s] = min(bound[s], value[s])


@jit
def fill_each(
    outstanding: Floats,
    place: Integers,
    target: Floats,
    transit_mean: Floats,
    direct: float,
    unit_value: Floats,
    level: Integers,
) -> float:
    """Smallest base stocks with P(X < level) at or above each target; returns their value.

    A negative target asks for nothing. Where nothing is in transit a fraction ``direct`` is served
    without stock.
    """
    spent = 0.0
    for i in range(level.shape[0]):
        level[i] = 0
        if transit_mean[i] == 0.0 and direct >= target[i]:
            continue
        reached = 0.0
        while reached < target[i] and level[i] < place[i + 1] - place[i]:
            reached += outstanding[place[i] + level[i]]
            level[i] += 1
        spent += unit_value[i] * level[i]
    return spent


@jit
def owed_at(outstanding: Floats, place: Integers, owed: Floats) -> None:
    """Backorders E(X - k)^+ at each base stock k of each retailer, from the masses of X."""
    for i in range(place.shape[0] - 1):
        above, short = 0.0, 0.0
        for k in range(place[i + 1] - 1, place[i] - 1, -1):
            owed[k] = short
            above += outstanding[k]
            short += above


@jit
def spread(
    owed: Floats, place: Integers, target: float, unit_value: Floats, level: Integers
) -> tuple[float, float]:
    """Spend where money removes most backorders, until their sum is within the target.

    Overwrites level. Returns the value spent and what a unit of backorders cost at the end.
    """
    n_here = level.shape[0]
    level[:] = 0
    total, spent, price = 0.0, 0.0, 0.0
    for i in range(n_here):
        total += owed[place[i]]
    while total > target:
        best, most = -1, 0.0
        for i in range(n_here):
            at = place[i] + level[i]
            if at + 1 < place[i + 1]:
                gain = (owed[at] - owed[at + 1]) / unit_value[i]
                if gain > most:
                    best, most = i, gain
        if best < 0:  # what is left is rounding
            break
        level[best] += 1
        spent += unit_value[best]
        price = 1.0 / most
        total = 0.0
        for i in range(n_here):
            total += owed[place[i] + level[i]]
    return spent, price


@jit
def search(
    owed: Floats,
    place: Integers,
    target: float,
    unit_value: Floats,
    price: float,
    room: float,
    greedy: float,
    nodes: int,
    level: Integers,
) -> tuple[float, float, int]:
    """Least value for the total target, retailer by retailer, where units differ in value.

    With backorders at ``price``, the value and the price of what they exceed the target by cannot
    go below ``bound``; levels that add more to it than brings it to ``room``, a value known to do
    for the system, are left out. ``greedy`` is the value of ``level``, which is overwritten if a
    better one is found. Returns the value, a lower bound of the least value or of ``room``, and
    how many of ``nodes`` are left.
    """
    n_here = level.shape[0]
    dearer = np.empty(owed.shape[0])  # what a level adds to the bound
    bound = -price * target
    for i in range(n_here):
        lowest = np.inf
        for k in range(place[i], place[i + 1]):
            dearer[k] = unit_value[i] * (k - place[i]) + price * owed[k]
            lowest = min(lowest, dearer[k])
        for k in range(place[i], place[i + 1]):
            dearer[k] -= lowest
        bound += lowest
    best, close = greedy, 1e-12 * greedy
    added, short = np.zeros(n_here + 1), np.zeros(n_here + 1)
    spent = np.zeros(n_here + 1)
    trial = np.full(n_here, -1, dtype=np.int64)
    i = 0
    while i >= 0:
        trial[i] += 1
        at = place[i] + trial[i]
        if at >= place[i + 1]:
            trial[i] = -1
            i -= 1
            continue
        if bound + added[i] + dearer[at] >= min(room, best) - close:
            continue
        nodes -= 1
        if nodes < 0:
            return best, min(bound, best), 0
        added[i + 1] = added[i] + dearer[at]
        short[i + 1] = short[i] + owed[at]
        spent[i + 1] = spent[i] + unit_value[i] * trial[i]
        if i < n_here - 1:
            i += 1
        elif short[n_here] <= target and spent[n_here] < best - close:
            best = float(spent[n_here])
            for j in range(n_here):
                level[j] = trial[j]
    return best, min(room, best), nodes
