"""What a solution of a joint-distribution model comes to: a plan, its cost, and a bound.

Pattern arrays are those of ``echelon.optimization.templates.pattern.OrderPattern``. Of a solution
the probabilities of the pairs and the prices of the lane rows are enough, whatever else the program
had for columns and rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from echelon.kernels._jit import Floats, Integers, jit


@jit
def judge(
    values: Floats,
    prices: Floats,
    costs: Floats,
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    pair_inbound: Integers,
    pair_outbound: Integers,
    lane_inbound: Integers,
    lane_outbound: Integers,
    nearly: float,
    rounding: float,
    inbound: Integers,
    outbound: Integers,
    cost: Floats,
    bound: Floats,
    is_whole: NDArray[np.bool_],
) -> None:
    """Read the plan at the median of each solution, and bound what any plan costs.

    values, costs: (n, n_pairs); prices: (n, n_lane_rows); nearly: how far from a whole number a
    whole value may be; rounding: relative gap that is nothing else, and is taken out of the bound.
    Overwritten: inbound, outbound: (n, n_stages), candidates numbered within their stage; cost,
    bound, is_whole: (n,); the cost is inf where the median is no plan.
    """
    for i in range(values.shape[0]):
        is_whole[i] = True
        for k in range(values.shape[1]):
            if abs(values[i, k] - np.rint(values[i, k])) > nearly:
                is_whole[i] = False
        heard, told = running_sums(
            values[i], inbound_ptr, outbound_ptr, pair_inbound, pair_outbound
        )
        cost[i] = plan_at_quantile(
            0.5, heard, told, costs[i], inbound_ptr, outbound_ptr, pair_inbound, pair_outbound,
            inbound[i], outbound[i],
        )  # fmt: skip
        bound[i] = bound_by_prices(
            prices[i], costs[i], inbound_ptr, outbound_ptr, pair_inbound, pair_outbound,
            lane_inbound, lane_outbound,
        )  # fmt: skip
        if cost[i] < np.inf and abs(cost[i] - bound[i]) <= rounding * abs(cost[i]):
            bound[i] = cost[i]


@jit
def are_only_plans(
    prices: Floats,
    costs: Floats,
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    pair_inbound: Integers,
    pair_outbound: Integers,
    lane_inbound: Integers,
    lane_outbound: Integers,
    tolerance: float,
    most_nodes: int,
    is_only: NDArray[np.bool_],
) -> None:
    """Say of each solution whether :func:`is_only_plan`; ``tolerance`` is over its dearest pair.

    prices: (n, n_lane_rows); costs: (n, n_pairs); is_only: (n,) overwritten.
    """
    for i in range(prices.shape[0]):
        dearest = 0.0
        for k in range(costs.shape[1]):
            dearest = max(dearest, abs(costs[i, k]))
        is_only[i] = is_only_plan(
            prices[i], costs[i], inbound_ptr, outbound_ptr, pair_inbound, pair_outbound,
            lane_inbound, lane_outbound, tolerance * dearest, most_nodes,
        )  # fmt: skip


@jit
def running_sums(
    values: Floats,
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    pair_inbound: Integers,
    pair_outbound: Integers,
) -> tuple[Floats, Floats]:
    """Probabilities that a stage hears, and that it quotes, a candidate or an earlier one."""
    n = inbound_ptr.shape[0] - 1
    heard, told = np.zeros(inbound_ptr[n]), np.zeros(outbound_ptr[n])
    for k in range(values.shape[0]):
        heard[pair_inbound[k]] += values[k]
        told[pair_outbound[k]] += values[k]
    for j in range(n):
        for a in range(inbound_ptr[j] + 1, inbound_ptr[j + 1]):
            heard[a] += heard[a - 1]
        for b in range(outbound_ptr[j] + 1, outbound_ptr[j + 1]):
            told[b] += told[b - 1]
    return heard, told


@jit
def plan_at_quantile(
    quantile: float,
    heard: Floats,
    told: Floats,
    costs: Floats,
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    pair_inbound: Integers,
    pair_outbound: Integers,
    inbound: Integers,
    outbound: Integers,
) -> float:
    """Cost of the plan at a quantile of the running sums; inf where a stage's pair is not allowed.

    inbound, outbound: (n_stages,) overwritten: candidates, numbered within their stage.
    """
    n, n_pairs = inbound_ptr.shape[0] - 1, costs.shape[0]
    cost, k = 0.0, 0
    for j in range(n):
        inbound[j], outbound[j] = 0, 0
        for a in range(inbound_ptr[j], inbound_ptr[j + 1]):
            inbound[j] += heard[a] < quantile
        for b in range(outbound_ptr[j], outbound_ptr[j + 1]):
            outbound[j] += told[b] < quantile
        found = False
        while k < n_pairs and pair_inbound[k] < inbound_ptr[j + 1]:
            a, b = pair_inbound[k] - inbound_ptr[j], pair_outbound[k] - outbound_ptr[j]
            if a == inbound[j] and b == outbound[j]:
                cost += costs[k]
                found = True
            k += 1
        if not found:
            cost = np.inf
    return cost


@jit
def bound_by_prices(
    prices: Floats,
    costs: Floats,
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    pair_inbound: Integers,
    pair_outbound: Integers,
    lane_inbound: Integers,
    lane_outbound: Integers,
) -> float:
    """Bound every plan by the prices of the lane rows, whatever they are.

    Priced out, each stage takes its cheapest pair. A price above zero, which such a row cannot
    have, counts as none.
    """
    priced = priced_out(
        prices, costs, inbound_ptr, outbound_ptr, pair_inbound, pair_outbound,
        lane_inbound, lane_outbound,
    )  # fmt: skip
    bound, k = 0.0, 0
    for j in range(inbound_ptr.shape[0] - 1):
        cheapest = np.inf
        while k < costs.shape[0] and pair_inbound[k] < inbound_ptr[j + 1]:
            cheapest = min(cheapest, priced[k])
            k += 1
        bound += cheapest
    return bound


@jit
def priced_out(
    prices: Floats,
    costs: Floats,
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    pair_inbound: Integers,
    pair_outbound: Integers,
    lane_inbound: Integers,
    lane_outbound: Integers,
) -> Floats:
    """What each pair costs less the prices of the lane rows it is in, (n_pairs,)."""
    n = inbound_ptr.shape[0] - 1
    heard, told = np.zeros(inbound_ptr[n]), np.zeros(outbound_ptr[n])
    for row in range(prices.shape[0]):
        price = min(prices[row], 0.0)
        heard[lane_inbound[row]] += price
        if lane_outbound[row] >= 0:
            told[lane_outbound[row]] += price
    for j in range(n):  # a pair is in the rows of its candidates and of all later ones
        for a in range(inbound_ptr[j + 1] - 2, inbound_ptr[j] - 1, -1):
            heard[a] += heard[a + 1]
        for b in range(outbound_ptr[j + 1] - 2, outbound_ptr[j] - 1, -1):
            told[b] += told[b + 1]
    priced = np.empty(costs.shape[0])
    for k in range(costs.shape[0]):
        priced[k] = costs[k] - heard[pair_inbound[k]] + told[pair_outbound[k]]
    return priced


@jit
def is_only_plan(
    prices: Floats,
    costs: Floats,
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    pair_inbound: Integers,
    pair_outbound: Integers,
    lane_inbound: Integers,
    lane_outbound: Integers,
    tolerance: float,
    most_nodes: int,
) -> bool:
    """Whether by these prices no more than one plan costs up to ``tolerance`` more than the bound.

    Plans are built stage by stage, upstream first, and what a partial plan already costs above
    the bound cuts it off. False also where that takes more than ``most_nodes`` pairs.
    """
    n, n_pairs, n_rows = inbound_ptr.shape[0] - 1, costs.shape[0], prices.shape[0]
    above = priced_out(
        prices, costs, inbound_ptr, outbound_ptr, pair_inbound, pair_outbound,
        lane_inbound, lane_outbound,
    )  # fmt: skip
    supplier = np.empty(outbound_ptr[n], np.int64)
    first_pair, first_row = np.empty(n + 1, np.int64), np.empty(n + 1, np.int64)
    pair, row = 0, 0
    for j in range(n):
        for b in range(outbound_ptr[j], outbound_ptr[j + 1]):
            supplier[b] = j
        first_pair[j], first_row[j] = pair, row
        cheapest = np.inf
        while pair < n_pairs and pair_inbound[pair] < inbound_ptr[j + 1]:
            cheapest = min(cheapest, above[pair])
            pair += 1
        for k in range(first_pair[j], pair):
            above[k] -= cheapest
        while row < n_rows and lane_inbound[row] < inbound_ptr[j + 1]:
            row += 1
    first_pair[n], first_row[n] = pair, row
    picked = np.empty(n, np.int64)  # the pair of each stage that is looked at next
    for j in range(n):
        picked[j] = first_pair[j]
    spent = np.zeros(n + 1)
    j, plans, nodes = 0, 0, 0
    while j >= 0:
        k = picked[j]
        if k == first_pair[j + 1]:
            picked[j] = first_pair[j]
            j -= 1
            continue
        picked[j] += 1
        total = spent[j] + above[k]
        if total > tolerance:
            continue
        nodes += 1
        for r in range(first_row[j], first_row[j + 1]):
            b = lane_outbound[r]
            delivered = b >= 0 and pair_outbound[picked[supplier[b]] - 1] <= b
            if pair_inbound[k] <= lane_inbound[r]:
                if not delivered:
                    total = np.inf
            elif delivered:
                total -= min(prices[r], 0.0)
        if total > tolerance:
            continue
        if j == n - 1:
            plans += 1
        else:
            j += 1
            spent[j] = total
        if plans > 1 or nodes > most_nodes:
            return False
    return True
