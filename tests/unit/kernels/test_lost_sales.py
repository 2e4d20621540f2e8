"""States, expectations and chains of lost sales against plain loops."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from echelon.kernels import lost_sales as kernels
from echelon.kernels import orders_on_the_way as chains

LIMITS = np.array([2, 3, 5, 6])


def allowed(orders):
    return all(
        sum(orders[i:j]) <= LIMITS[j - i - 1]
        for i in range(len(orders))
        for j in range(i + 1, len(orders) + 1)
    )


@pytest.mark.parametrize("n_last", [0, 1, 2, 3])
def test_blocks_are_all_orders_whose_runs_stay_within_the_limits(n_last):
    want = [one for one in product(range(3), repeat=n_last) if allowed(one)]
    n_blocks, n_states = kernels.count_states(LIMITS, n_last, 6, 10**6)
    assert n_blocks == len(want)
    assert n_states == sum(7 - sum(one) for one in want)
    number = np.full(3**n_last, -1)
    orders = np.zeros((n_blocks, max(n_last, 1)), np.int64)
    ptr, most_order = np.zeros(n_blocks + 1, np.int64), np.zeros(n_blocks, np.int64)
    kernels.fill_blocks(LIMITS, n_last, 6, number, orders, ptr, most_order)
    assert [tuple(row[:n_last]) for row in orders.tolist()] == want
    for block, one in enumerate(want):
        assert number[int("0" + "".join(map(str, one)), 3)] == block
        room = [LIMITS[0]] + [LIMITS[k] - sum(one[-k:]) for k in range(1, n_last + 1)]
        assert most_order[block] == max(min(room), 0)


def test_expected_values_after_demand():
    rng = np.random.default_rng(3)
    mass, value = rng.dirichlet(np.ones(4)), rng.normal(size=30)
    above = np.append(np.cumsum(mass[::-1])[::-1], 0.0)
    out = np.empty(8)
    kernels.ahead(mass, above, value, 5, 8, 3, out)
    for stock in range(8):
        want = sum(mass[d] * value[5 + 3 + max(stock - d, 0)] for d in range(4))
        assert out[stock] == pytest.approx(want)


def test_the_chain_of_all_on_order_moves_as_its_rule_says():
    """Two periods, four units: the order that arrives is drawn given what the two add up to."""
    mass, stock, delay = np.array([0.3, 0.5, 0.2]), 4, 2
    to, lost = np.empty((5, 5)), np.empty(5)
    chains.chain(mass, 0.9, stock, delay, to, lost)
    np.testing.assert_allclose(to.sum(axis=1), 1.0)
    for total in range(5):
        pairs = {z: mass[z] * mass[total - z] for z in range(3) if 0 <= total - z < 3}
        want = np.zeros(5)
        for z, weight in pairs.items():
            for d, chance in enumerate(mass):
                want[total - z + min(d, stock - total)] += weight / sum(pairs.values()) * chance
        np.testing.assert_allclose(to[total], want, atol=1e-15)
        short = sum(chance * max(d - (stock - total), 0) for d, chance in enumerate(mass))
        assert lost[total] == pytest.approx(short)
    share = np.linalg.matrix_power(to, 200)[0]
    told = chains.lost_units(mass, 0.9, stock, delay)
    assert told == pytest.approx(float(share @ lost), abs=1e-9)


def test_smallest_levels_by_halving():
    mass = np.array([0.3, 0.5, 0.2])
    lost = np.array([chains.lost_units(mass, 0.9, s, 2) for s in range(9)])
    ptr, mean, most, delay = np.array([0, 3]), np.array([0.9]), np.array([8]), np.array([2])
    out = np.empty(1, np.int64)
    for allowed_units in (0.5, 0.1, 0.01):
        chains.smallest_levels(ptr, mass, mean, most, delay, np.array([allowed_units]), False, out)
        assert out[0] == np.flatnonzero(lost <= allowed_units)[0]
        chains.smallest_levels(ptr, mass, mean, most, delay, np.array([allowed_units]), True, out)
        assert out[0] == np.flatnonzero(lost[:-1] - lost[1:] <= allowed_units)[0]
