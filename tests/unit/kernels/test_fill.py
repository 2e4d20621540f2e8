"""Sweeps over stages against recursions written out."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels.fill import longest_fill, stock_below


def random_lanes(rng, n):
    """Lanes into each stage, upstream first."""
    into = [
        np.sort(rng.choice(j, min(j, int(rng.integers(0, 3))), replace=False)) for j in range(n)
    ]
    lane_ptr = np.cumsum([0, *(len(suppliers) for suppliers in into)])
    supplier = np.concatenate([np.zeros(0, dtype=np.int64), *into]).astype(np.int64)
    return lane_ptr, supplier, np.repeat(np.arange(n), np.diff(lane_ptr))


@pytest.mark.parametrize("seed", range(5))
def test_longest_fill_is_the_longest_path(seed):
    rng = np.random.default_rng(seed)
    n = 9
    lane_ptr, supplier, receiver = random_lanes(rng, n)
    on_lane = rng.integers(0, 4, len(supplier))
    inbound, at_stage, least = (rng.integers(0, 6, n) for _ in range(3))
    filled = np.zeros(n, dtype=np.int64)
    longest_fill(lane_ptr, supplier, on_lane, inbound, at_stage, least, filled)

    def longest(j):
        lanes = np.flatnonzero(receiver == j)
        arrivals = [longest(supplier[k]) + on_lane[k] for k in lanes]
        return max(max([inbound[j], *arrivals]) + at_stage[j], least[j])

    assert filled.tolist() == [longest(j) for j in range(n)]


@pytest.mark.parametrize("seed", range(5))
def test_stock_below_lifts_echelon_positions_to_their_levels(seed):
    rng = np.random.default_rng(seed)
    n = 8
    _, supplier, receiver = random_lanes(rng, n)
    usage = rng.choice([1.0, 2.0, 0.5], len(supplier))
    order = np.argsort(supplier, kind="stable")
    asker_ptr = np.concatenate([[0], np.cumsum(np.bincount(supplier, minlength=n))])
    by_echelon = rng.integers(0, 2, n)
    level = rng.uniform(0.0, 100.0, n)
    given = rng.uniform(0.0, 20.0, n)
    stock, echelon = given.copy(), np.zeros(n)
    stock_below(asker_ptr, order, receiver, usage, by_echelon, level, stock, echelon)

    # echelon stocks by the matrix of units along all paths
    direct = np.zeros((n, n))
    np.add.at(direct, (supplier, receiver), usage)
    by_paths = np.linalg.solve(np.eye(n) - direct, stock)
    np.testing.assert_allclose(echelon, by_paths)
    lifted = by_echelon == 1
    assert (stock[~lifted] == given[~lifted]).all()
    below = by_paths - stock
    np.testing.assert_allclose(stock[lifted], np.maximum(level - below, 0.0)[lifted])
