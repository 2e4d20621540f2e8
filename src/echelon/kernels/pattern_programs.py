"""The joint-distribution model of an order pattern: its arrays, a first plan, and its answers.

Pattern arrays are those of ``echelon.optimization.templates.pattern.OrderPattern``. Columns are
pairs, then running sums over inbound and over outbound candidates; rows are those sums, one choice
per stage, then lane rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from echelon.kernels._jit import Floats, Integers, jit


@jit
def program_matrix(
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    pair_inbound: Integers,
    pair_outbound: Integers,
    lane_inbound: Integers,
    lane_outbound: Integers,
    start: NDArray[np.int32],
) -> tuple[NDArray[np.int32], Floats]:
    """Rows and values of the matrix, column by column; ``start`` (n_columns + 1,) overwritten."""
    n = inbound_ptr.shape[0] - 1
    n_pairs, n_rows = pair_inbound.shape[0], lane_inbound.shape[0]
    n_inbound, n_outbound = inbound_ptr[n], outbound_ptr[n]
    choose = n_inbound + n_outbound
    heard, heard_row = _by_candidate(lane_inbound, n_inbound)
    told, told_row = _by_candidate(lane_outbound, n_outbound)
    most = 2 * n_pairs + 2 * (n_inbound + n_outbound) + 2 * n_rows
    index = np.empty(most, np.int32)
    value = np.empty(most)
    at = 0
    for k in range(n_pairs):
        start[k] = at
        index[at], index[at + 1] = pair_inbound[k], n_inbound + pair_outbound[k]
        value[at], value[at + 1] = -1.0, -1.0
        at += 2
    column = n_pairs
    for j in range(n):
        for a in range(inbound_ptr[j], inbound_ptr[j + 1]):
            start[column] = at
            column += 1
            ends = a + 1 == inbound_ptr[j + 1]
            index[at], value[at] = a, 1.0
            index[at + 1] = choose + j if ends else a + 1
            value[at + 1] = 1.0 if ends else -1.0
            at += 2
            for k in range(heard[a], heard[a + 1]):
                index[at], value[at] = choose + n + heard_row[k], 1.0
                at += 1
    for j in range(n):
        for b in range(outbound_ptr[j], outbound_ptr[j + 1]):
            start[column] = at
            column += 1
            index[at], value[at] = n_inbound + b, 1.0
            at += 1
            if b + 1 < outbound_ptr[j + 1]:
                index[at], value[at] = n_inbound + b + 1, -1.0
                at += 1
            for k in range(told[b], told[b + 1]):
                index[at], value[at] = choose + n + told_row[k], -1.0
                at += 1
    start[column] = at
    return index[:at], value[:at]


@jit
def _by_candidate(candidate: Integers, n: int) -> tuple[Integers, Integers]:
    """Lane rows by the candidate they are about, rising; those of -1 are left out."""
    ptr = np.empty(n + 2, np.int64)
    ptr[:] = 0
    for row in range(candidate.shape[0]):
        ptr[candidate[row] + 2] += 1
    ptr[1] = 0
    for b in range(n):
        ptr[b + 2] += ptr[b + 1]
    rows = np.empty(ptr[n + 1], np.int64)
    for row in range(candidate.shape[0]):
        b = candidate[row]
        if b >= 0:
            rows[ptr[b + 1]] = row
            ptr[b + 1] += 1
    ptr[0] = 0
    return ptr, rows


@jit
def earliest_pairs(
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    pair_inbound: Integers,
    pair_outbound: Integers,
    lane_inbound: Integers,
    lane_outbound: Integers,
    chosen: Integers,
) -> bool:
    """Pairs of the plan in which every stage quotes as early as it can, upstream first.

    chosen: (n_stages,) overwritten. False where a stage finds none.
    """
    n = inbound_ptr.shape[0] - 1
    n_inbound = inbound_ptr[n]
    pair = np.empty(n_inbound, np.int64)
    pair[:] = -1
    for k in range(pair_inbound.shape[0] - 1, -1, -1):
        pair[pair_inbound[k]] = k  # the first has the earliest outbound time
    heard, heard_row = _by_candidate(lane_inbound, n_inbound)
    supplier = np.empty(outbound_ptr[n], np.int64)
    for j in range(n):
        supplier[outbound_ptr[j] : outbound_ptr[j + 1]] = j
    for j in range(n):
        chosen[j] = -1
        for a in range(inbound_ptr[j], inbound_ptr[j + 1]):
            if pair[a] < 0:
                continue
            in_time = True
            for k in range(heard[a], heard[a + 1]):
                b = lane_outbound[heard_row[k]]
                if b < 0 or pair_outbound[chosen[supplier[b]]] > b:
                    in_time = False
                    break
            if in_time:
                chosen[j] = pair[a]
                break
        if chosen[j] < 0:
            return False
    return True


@jit
def bound_by_prices(
    prices: Floats,
    costs: Floats,
    pair_inbound: Integers,
    inbound_ptr: Integers,
    start: NDArray[np.int32],
    index: NDArray[np.int32],
    value: Floats,
    row_lower: Floats,
    row_upper: Floats,
) -> float:
    """Bound every plan by the prices of the rows, whatever they are.

    Priced out, each stage takes its cheapest pair, and each running sum what is best between 0
    and 1. Rows without a lower bound take no price above zero.
    """
    bound = 0.0
    for row in range(prices.shape[0]):
        if row_lower[row] == -np.inf and prices[row] > 0.0:
            prices[row] = 0.0
        bound += prices[row] * row_upper[row]
    n_pairs = costs.shape[0]
    stage, cheapest = 0, np.inf
    for column in range(start.shape[0] - 1):
        priced = 0.0
        for k in range(start[column], start[column + 1]):
            priced += value[k] * prices[index[k]]
        if column >= n_pairs:
            bound += min(-priced, 0.0)
            continue
        while pair_inbound[column] >= inbound_ptr[stage + 1]:
            bound += cheapest
            stage, cheapest = stage + 1, np.inf
        cheapest = min(cheapest, costs[column] - priced)
    return bound + cheapest


@jit
def plan_at_quantile(
    quantile: float,
    values: Floats,
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
    heard, quoted = n_pairs, n_pairs + inbound_ptr[n]
    cost, k = 0.0, 0
    for j in range(n):
        inbound[j], outbound[j] = 0, 0
        for a in range(inbound_ptr[j], inbound_ptr[j + 1]):
            inbound[j] += values[heard + a] < quantile
        for b in range(outbound_ptr[j], outbound_ptr[j + 1]):
            outbound[j] += values[quoted + b] < quantile
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
