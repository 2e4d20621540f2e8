"""The steps of the backward recursion against plain sums."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels import finite_horizon as kernels


def test_kernels_agree_with_plain_sums():
    mass, first = np.array([0.2, 0.0, 0.5, 0.3]), -1
    levels = np.arange(-6, 9)
    out = np.empty(len(levels))
    kernels.period_cost(first, mass, 1.5, 4.0, int(levels[0]), out)
    values = first + np.arange(4)
    left = levels[:, None] - values
    want = (np.where(left > 0, 1.5 * left, -4.0 * left)) @ mass
    np.testing.assert_allclose(out, want, atol=1e-12)
    later = np.array([9.0, 4.0, 2.0, 3.0, 8.0, 15.0, 21.0])
    cost = np.zeros(5)
    kernels.back_one_period(first, mass, 0.9, 0.0, 0.0, later, -2, 6.0, -3, cost)
    for i, y in enumerate(range(-3, 2)):
        ahead = [
            later[y - d + 2] if y - d >= -2 else later[0] + 6.0 * (-2 - (y - d)) for d in values
        ]
        assert cost[i] == pytest.approx(0.9 * float(np.dot(mass, ahead)))


def test_the_highest_level_is_no_lower_than_any_best_one():
    """Bounds are on the safe side: half as much again changes nothing."""
    rng = np.random.default_rng(4)
    for _ in range(20):
        mass = rng.dirichlet(np.ones(4))
        top = kernels.highest_level(0, mass, 1.0, 5.0, 0.5, 3.0, 2.0, -3, 40)
        slope = [0.5 * y + mass @ np.maximum(y - np.arange(4), 0) for y in range(41)]
        cost = [s + 5.0 * (mass @ np.maximum(np.arange(4) - y, 0)) for y, s in enumerate(slope)]
        assert max(y for y in range(41) if cost[y] <= min(cost) + 2.0) <= top < 40


def test_orders_of_a_window():
    """A fixed cost of 4 is worth 7 units of money saved, but not 3; one of 2 is worth that too."""
    cost = np.array([9.0, 5.0, 6.0, 2.0, 7.0])
    value, target = np.empty(5), np.empty(5, np.int64)
    kernels.choose(cost, 0, 5, 4.0, 0.5, value, target)
    assert target.tolist() == [3, 1, 2, 3, 4]
    np.testing.assert_allclose(value, [6.0, 4.5, 5.0, 0.5, 5.0])
    kernels.choose(cost, 0, 5, 2.0, 0.0, value, target)
    assert target.tolist() == [3, 3, 3, 3, 4]
    ranges = np.zeros((4, 5), np.int64)
    assert kernels.list_ranges(target, 0, 7, 1, ranges, 0) == 1
    assert ranges[0].tolist() == [7, 1, 0, 2, 3]


def test_how_far_a_window_reaches_down():
    """Waiting 10 dearer per unit further down: ordered for once that is over what it saves."""
    assert kernels.below(3.0, -10.0) == (0.0, True)
    assert kernels.below(-25.0, -10.0) == (3.0, True)
    assert kernels.below(25.0, 10.0) == (3.0, False)
    assert kernels.below(-1.0, 10.0) == (0.0, False)
    assert kernels.below(1.0, 0.0) == (0.0, True)
