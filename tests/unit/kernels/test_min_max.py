"""Min-max levels against Markov chains of every pair of levels; also runs as plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels import min_max as kernel


def ragged(masses):
    ptr = np.concatenate(([0], np.cumsum([len(one) for one in masses]))).astype(np.int64)
    return ptr, np.concatenate(masses)


def stationary(review, gap):
    """Chances of positions 0, 1, … steps below the top after a review, and reviews per order.

    The plain twin: the chain of positions, solved as equations.
    """
    moves = np.zeros((gap, gap))
    ordering = np.zeros(gap)
    for d in range(gap):
        for k, p in enumerate(review):
            to = d + k if d + k < gap else 0
            moves[d, to] += p
            ordering[d] += p * (d + k >= gap)
    system = np.vstack((moves.T - np.eye(gap), np.ones(gap)))
    chance = np.linalg.lstsq(system, np.append(np.zeros(gap), 1.0), rcond=None)[0]
    return chance, 1.0 / float(chance @ ordering)


def cost_at(mass, hold, short, position):
    away = position - np.arange(len(mass))
    return float(mass @ (hold * np.maximum(away, 0) + short * np.maximum(-away, 0)))


CASES = [
    ([0.1, 0.2, 0.4, 0.2, 0.1], 1.0, 9.0, 5.0, [0.3, 0.3, 0.4]),
    ([0.5, 0.0, 0.0, 0.5], 2.0, 3.0, 7.0, [0.5, 0.0, 0.0, 0.5]),
    ([0.2, 0.3, 0.5], 1.0, 1.0, 0.01, [0.2, 0.3, 0.5]),
    ([0.0, 0.0, 1.0], 1.0, 4.0, 6.0, [0.0, 1.0]),
    ([0.3, 0.1, 0.1, 0.1, 0.4], 1.0, 3.0, 9.0, [0.0, 0.0, 0.5, 0.0, 0.5]),
    ([0.9, 0.0, 0.0, 0.0, 0.1], 1.0, 20.0, 3.0, [0.9, 0.0, 0.0, 0.0, 0.1]),
]


def arrays():
    masses = [np.array(case[0]) for case in CASES]
    numbers = tuple(np.array([case[k] for case in CASES]) for k in (1, 2, 3))
    reviews = [np.array(case[4]) for case in CASES]
    return (*ragged(masses), *numbers), (np.zeros(len(CASES), np.int64), *ragged(reviews))


def test_the_least_cost_is_that_of_all_pairs_of_levels():
    costs, review = arrays()
    n = len(CASES)
    point, top, best = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n)
    kernel.least_cost(*costs, *review, 1000, point, top, best)
    for i, (mass, hold, short, fixed, demand) in enumerate(CASES):
        every = {}
        for gap in range(1, 22):
            chance, reviews = stationary(demand, gap)
            for high in range(-4, 20):
                mean = sum(
                    p * cost_at(np.array(mass), hold, short, high - d) for d, p in enumerate(chance)
                )
                every[high - gap, high] = fixed / reviews + mean
        assert best[i] == pytest.approx(min(every.values()), rel=1e-10)
        assert every[point[i], top[i]] == pytest.approx(best[i], rel=1e-10)


@pytest.mark.parametrize("gap", [1, 2, 3, 7, 12])
def test_positions_are_those_of_the_chain(gap):
    _, review = arrays()
    n = len(CASES)
    ptr = np.arange(n + 1) * gap
    chance, reviews = np.empty(n * gap), np.empty(n)
    kernel.position_chances(*review, np.full(n, gap), ptr, chance, reviews)
    largest = np.array([len(case[4]) - 1 for case in CASES])
    under_ptr = np.concatenate(([0], np.cumsum(largest)))
    under = np.empty(under_ptr[-1])
    kernel.undershoots(*review, np.full(n, gap), ptr, chance, reviews, under_ptr, under)
    for i, case in enumerate(CASES):
        want, often = stationary(case[4], gap)
        np.testing.assert_allclose(chance[ptr[i] : ptr[i + 1]], want, atol=1e-12)
        assert reviews[i] == pytest.approx(often, rel=1e-10)
        below = np.zeros(largest[i])
        for d, p in enumerate(want):
            for k, q in enumerate(case[4]):
                if d + k >= gap:
                    below[d + k - gap] += p * q * often
        np.testing.assert_allclose(under[under_ptr[i] : under_ptr[i + 1]], below, atol=1e-12)


def test_demand_that_starts_above_0_is_the_same_as_with_zeros_before_it():
    plain, cut = np.array([0.0, 0.0, 0.6, 0.0, 0.4]), np.array([0.6, 0.0, 0.4])
    whole, short = np.empty(40), np.empty(40)
    kernel.renewals(0, plain, 0, 40, whole)
    kernel.renewals(2, cut, 0, 17, short)
    kernel.renewals(2, cut, 17, 40, short)
    np.testing.assert_allclose(whole, short, rtol=1e-13, atol=1e-15)


def test_levels_too_far_apart_are_told_and_not_searched_for():
    costs, review = arrays()
    n = len(CASES)
    point, top, best = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n)
    kernel.least_cost(*costs, *review, 2, point, top, best)
    assert np.isinf(best[0])


def test_expected_values_of_a_random_position():
    mass = np.array([0.25, 0.5, 0.25])
    out = np.empty((3, 2))
    kernel.expected(
        np.array([0, 3, 6]), np.tile(mass, 2), np.array([4, 1]), np.array([0.0, 0.5]),
        np.array([0, 2, 4]), np.array([0.5, 0.5, 0.25, 0.75]), *out,
    )  # fmt: skip
    assert out[0].tolist() == [1.0, 0.25 * (0.75 - 0.25) + 0.75 * (0.25 - 0.125)]
    assert out[1][0] == 2.5
    assert out[2].tolist() == [0.0, 0.25 * 0.25 + 0.75 * 1.0]
