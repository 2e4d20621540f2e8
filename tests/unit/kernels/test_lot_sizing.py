"""The kernels of lot sizing and of joint replenishment against their plain twins."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels.joint_replenishment import joint_multiples
from echelon.kernels.lot_sizing import HOLDING, ORDERING, ORDERS, PURCHASE, lot_sizes


def plain_lot_cost(demand, fixed, holding, price, by_order):
    """Least cost, the recursion as it is written, no sum broken off."""
    n = len(demand)
    least = [0.0] + [np.inf] * n
    for s in range(n):
        if demand[s] == 0.0:
            least[s + 1] = min(least[s + 1], least[s])
        for end in range(s + 1, n + 1):
            cost = least[s] + fixed[s]
            for t in range(s, end):
                carried = (t - s) * holding[s] if by_order else holding[s:t].sum()
                cost += demand[t] * (price[s] + carried)
            least[end] = min(least[end], cost)
    return least[n]


@pytest.mark.parametrize("by_order", [False, True])
def test_lot_sizes_agree_with_the_recursion_as_written(by_order):
    rng = np.random.default_rng(21)
    shape = (30, 9)
    demand = np.where(rng.random(shape) < 0.3, 0.0, rng.integers(1, 90, shape)).astype(float)
    fixed, price = rng.uniform(0.0, 200.0, shape), rng.uniform(0.0, 10.0, shape)
    holding = rng.uniform(0.0, 3.0, shape)
    order, stock, totals = np.empty(shape), np.empty(shape), np.empty((30, 4))
    work = np.empty(9), np.empty(10), np.empty(10, dtype=np.int64)
    lot_sizes(demand, np.zeros(30), fixed, holding, price, by_order, *work, order, stock, totals)
    for k in range(30):
        want = plain_lot_cost(demand[k], fixed[k], holding[k], price[k], by_order)
        assert totals[k, ORDERING:].sum() == pytest.approx(want, rel=1e-12)
        assert totals[k, ORDERS] == (order[k] > 0.0).sum()
        assert totals[k, ORDERING] == pytest.approx(fixed[k][order[k] > 0.0].sum())
        assert totals[k, PURCHASE] == pytest.approx((price[k] * order[k]).sum())
        assert stock[k] == pytest.approx(np.cumsum(order[k] - demand[k]), abs=1e-9)
        if not by_order:
            assert totals[k, HOLDING] == pytest.approx((holding[k] * stock[k]).sum())


def plain_multiples_cost(shared, own, slope, power_of_two):
    """Least cost over base cycles on a fine grid, each item's multiple the best for it."""
    choices = 2.0 ** np.arange(12) if power_of_two else np.arange(1.0, 200.0)
    best = np.inf
    for base in np.geomspace(1e-2, 1e2, 4000):
        each = own[:, None] / (choices * base) + 0.5 * slope[:, None] * choices * base
        best = min(best, shared / base + each.min(axis=1).sum())
    return best


@pytest.mark.parametrize("power_of_two", [False, True])
def test_joint_multiples_agree_with_a_search_over_base_cycles(power_of_two):
    rng = np.random.default_rng(22)
    sizes = rng.integers(1, 6, 8)
    ptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    n = int(ptr[-1])
    shared, own, slope = (
        rng.gamma(1.0, 5.0, 8) + 0.5,
        rng.gamma(1.0, 8.0, n),
        rng.gamma(1.0, 5.0, n),
    )
    multiple, cost = np.empty(n, dtype=np.int64), np.empty(8)
    work = np.empty(n), np.empty(n, dtype=np.int64)
    joint_multiples(ptr, shared, own, slope, power_of_two, *work, multiple, cost)
    for f in range(8):
        here = slice(ptr[f], ptr[f + 1])
        want = plain_multiples_cost(shared[f], own[here], slope[here], power_of_two)
        assert cost[f] <= want * (1.0 + 1e-12)
        assert cost[f] == pytest.approx(want, rel=1e-5)
        stock = (slope[here] * multiple[here]).sum()
        orders = shared[f] + (own[here] / multiple[here]).sum()
        assert cost[f] == pytest.approx(np.sqrt(2.0 * orders * stock), rel=1e-12)
