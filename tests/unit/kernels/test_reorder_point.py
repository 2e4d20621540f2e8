"""Windows of least cost against every window; runs as plain Python too, with ECHELON_JIT=0."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels import reorder_point as kernel
from echelon.kernels.loss_tables import fill_tables, left_sum, owed_sum


def ragged(masses):
    ptr = np.concatenate(([0], np.cumsum([len(one) for one in masses]))).astype(np.int64)
    return ptr, np.concatenate(masses) if masses else np.zeros(0)


def cost_at(mass, hold, short, position):
    away = position - np.arange(len(mass))
    return float(mass @ (hold * np.maximum(away, 0) + short * np.maximum(-away, 0)))


def window_cost(mass, hold, short, ordering, review, low, length):
    """Plain twin: orders, and the mean over the window, each term by its definition."""
    charge = ordering
    if review is not None:
        charge = ordering * sum(p * min(d, length) for d, p in enumerate(review))
    within = sum(cost_at(mass, hold, short, low + k) for k in range(length))
    return (charge + within) / length


CASES = [
    ([0.1, 0.2, 0.4, 0.2, 0.1], 1.0, 9.0, 5.0, None),
    ([0.5, 0.0, 0.0, 0.5], 2.0, 3.0, 7.0, None),
    ([0.2, 0.3, 0.5], 1.0, 1.0, 0.01, None),
    ([1.0], 1.0, 4.0, 6.0, None),
    ([0.1, 0.2, 0.4, 0.2, 0.1], 1.0, 9.0, 5.0, [0.3, 0.3, 0.4]),
    ([0.3, 0.1, 0.1, 0.1, 0.4], 1.0, 3.0, 9.0, [0.0, 0.0, 0.5, 0.0, 0.5]),
    ([0.3, 0.3, 0.4], 1.0, 3.0, 2.0, [0.6, 0.0, 0.0, 0.0, 0.4]),
]


def arrays():
    masses = [np.array(case[0]) for case in CASES]
    hold, short, ordering = (np.array([case[k] for case in CASES]) for k in (1, 2, 3))
    reviews = [np.array(case[4] if case[4] else []) for case in CASES]
    return (*ragged(masses), hold, short), (ordering, np.zeros(len(CASES), int), *ragged(reviews))


def enumerated(case, lows, lengths):
    return {
        (low - 1, length): window_cost(np.array(case[0]), *case[1:], low, length)
        for low in lows
        for length in lengths
    }


def test_the_window_of_least_cost_is_that_of_all_windows():
    costs, orders = arrays()
    n = len(CASES)
    point, quantity, best = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n)
    kernel.least_cost(*costs, *orders, point, quantity, best)
    for i, case in enumerate(CASES):
        every = enumerated(case, range(-14, 7), range(1, 26))
        assert best[i] == pytest.approx(min(every.values()), rel=1e-12)
        assert every[point[i], quantity[i]] == pytest.approx(best[i], rel=1e-12)


@pytest.mark.parametrize("length", [1, 2, 5, 9])
def test_the_best_window_of_a_given_length(length):
    costs, _ = arrays()
    n = len(CASES)
    point = np.empty(n, np.int64)
    kernel.best_point(*costs, np.full(n, length), point)
    for i, case in enumerate(CASES):
        every = enumerated(case, range(-14, 7), [length])
        assert every[point[i], length] == pytest.approx(min(every.values()), rel=1e-12)


@pytest.mark.parametrize("given", [-8, -2, 0, 1, 6])
def test_the_best_length_above_a_given_point(given):
    costs, orders = arrays()
    n = len(CASES)
    quantity = np.empty(n, np.int64)
    kernel.best_quantity(*costs, *orders, np.full(n, given), quantity)
    for i, case in enumerate(CASES):
        every = enumerated(case, [given + 1], range(1, 40))
        assert every[given, quantity[i]] == pytest.approx(min(every.values()), rel=1e-12)


def test_averages_reach_beyond_the_points_of_the_demand():
    costs, _ = arrays()
    n = len(CASES)
    left, owed = np.empty(n), np.empty(n)
    kernel.averages(*costs[:2], np.full(n, -4), np.full(n, 12), left, owed)
    for i, case in enumerate(CASES):
        mass = np.array(case[0])
        want = [
            np.mean([cost_at(mass, *ends, y) for y in range(-3, 9)]) for ends in ((1, 0), (0, 1))
        ]
        assert [left[i], owed[i]] == pytest.approx(want, rel=1e-12)


def test_sums_over_a_window_are_sums():
    mass = np.array([0.25, 0.5, 0.25])
    reached, left, owed = np.empty(3), np.empty(3), np.empty(3)
    fill_tables(mass, reached, left, owed)
    assert reached.tolist() == [0.25, 0.75, 1.0]
    for low, high in [(-5, -2), (-3, 1), (0, 2), (1, 7), (4, 9), (2, 1)]:
        span = range(low, high + 1)
        want = [sum(cost_at(mass, *ends, y) for y in span) for ends in ((1, 0), (0, 1))]
        assert [left_sum(left, low, high), owed_sum(owed, low, high)] == pytest.approx(want)


def test_the_mean_of_a_demand_up_to_a_quantity():
    out = np.empty(2)
    first, (ptr, mass) = np.array([0, 2]), ragged([np.array([0.5, 0.5]), np.array([0.25, 0.75])])
    kernel.capped_mean(first, ptr, mass, np.array([3, 2]), out)
    assert out.tolist() == [0.5, 2.0]
