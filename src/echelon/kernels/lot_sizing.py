"""Dynamic lot sizing: the recursion of Wagner and Whitin, SKU after SKU."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit

ORDERS, ORDERING, PURCHASE, HOLDING = 0, 1, 2, 3
"""Columns of the totals: number of orders, and what they, the units and the stock cost."""


@jit
def lot_sizes(
    demand: Floats,
    initial_stock: Floats,
    fixed_cost: Floats,
    holding_cost: Floats,
    unit_cost: Floats,
    by_order: bool,
    needed: Floats,
    least: Floats,
    source: Integers,
    order: Floats,
    stock: Floats,
    totals: Floats,
) -> None:
    """Orders of least cost for known demand without backorders.

    demand, fixed_cost, holding_cost, unit_cost (n_skus, n_periods): units, money per order, money
    per unit carried into the next period, money per unit; all >= 0. initial_stock (n_skus,) units,
    used first. by_order: whether a unit is carried at the rate of the period of its order, not of
    each period it lies.
    needed (n_periods,), least, source (n_periods + 1,): work, overwritten.
    order, stock (n_skus, n_periods): units, stock at the end of the period, overwritten.
    totals (n_skus, 4): see the columns above, overwritten.
    """
    n_periods = demand.shape[1]
    for k in range(demand.shape[0]):
        orders, ordering, purchase, holding = 0.0, 0.0, 0.0, 0.0
        left = initial_stock[k]
        for t in range(n_periods):
            taken = min(left, demand[k, t])
            left -= taken
            needed[t] = demand[k, t] - taken
            order[k, t] = 0.0
            stock[k, t] = left
            holding += holding_cost[k, t] * left
            least[t + 1] = np.inf
        least[0] = 0.0

        for s in range(n_periods):
            # a period without demand needs no order; ties go to this
            if needed[s] == 0.0 and least[s] <= least[s + 1]:
                least[s + 1] = least[s]
                source[s + 1] = -1
            cost = least[s] + fixed_cost[k, s]
            each, own_rate = unit_cost[k, s], holding_cost[k, s]
            for t in range(s, n_periods):
                wanted = needed[t]
                # rather order in t for t alone, whatever goes on being carried past it; not if
                # rates go by order: then what is carried past an order is no plan of this recursion
                if not by_order and (each - unit_cost[k, t]) * wanted > fixed_cost[k, t]:
                    break
                cost += each * wanted
                if cost < least[t + 1]:
                    least[t + 1] = cost
                    source[t + 1] = s
                each += own_rate if by_order else holding_cost[k, t]

        end = n_periods
        while end > 0:
            begin = source[end]
            if begin < 0:
                end -= 1
                continue
            carried = 0.0
            for t in range(end - 1, begin, -1):
                carried += needed[t]
                stock[k, t - 1] += carried
                rate = holding_cost[k, begin] if by_order else holding_cost[k, t - 1]
                holding += rate * carried
            order[k, begin] = carried + needed[begin]
            if order[k, begin] > 0.0:
                orders += 1.0
                ordering += fixed_cost[k, begin]
                purchase += unit_cost[k, begin] * order[k, begin]
            end = begin
        totals[k, ORDERS], totals[k, ORDERING] = orders, ordering
        totals[k, PURCHASE], totals[k, HOLDING] = purchase, holding
