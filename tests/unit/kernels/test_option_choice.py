"""Kernels of the choice of options against plain formulas."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.quality.portfolio import random_problem
from echelon.kernels.option_choice import (
    central_shares,
    choose_within,
    fill_room,
    lower_hulls,
    mend_row,
    normal_matrix,
)

Floats = NDArray[np.float64]


def plain_hull(use: Floats, cost: Floats) -> list[int]:
    """Options that are cheapest at some price >= 0 and at a use of their own, by rising use."""
    found = []
    for o in range(len(use)):
        others = [p for p in range(len(use)) if p != o]
        if any((use[p], cost[p]) == (use[o], cost[o]) and p < o for p in others):
            continue
        low, high = 0.0, np.inf
        beaten = False
        for p in others:
            if use[p] < use[o]:  # the price must be below the saving per use
                high = min(high, (cost[p] - cost[o]) / (use[o] - use[p]))
            elif use[p] > use[o]:
                low = max(low, (cost[o] - cost[p]) / (use[p] - use[o]))
            else:
                beaten |= cost[p] < cost[o]
        if not beaten and low < high and high > 0.0:
            found.append(o)
    return sorted(found, key=lambda o: use[o])


@pytest.mark.parametrize("seed", range(40))
def test_hulls(seed: int):
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 9, 5)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    use, cost = rng.lognormal(size=first[-1]), rng.lognormal(size=first[-1])
    hull, n_hull = np.empty(first[-1], np.int64), np.empty(5, np.int64)
    lower_hulls(first, use, cost, hull, n_hull)
    for k in range(5):
        inside = slice(first[k], first[k + 1])
        found = (hull[first[k] : first[k] + n_hull[k]] - first[k]).tolist()
        assert found == plain_hull(use[inside], cost[inside])


def test_room_is_filled_in_order_and_no_step_is_jumped():
    order, sku = np.array([0, 1, 2, 3]), np.array([0, 0, 1, 0])
    taken = np.zeros(2, np.int64)
    use = np.array([5.0, 9.0, 4.0, 1.0])
    left = fill_room(order, sku, np.array([0, 1, 0, 2]), use, taken, 10.0)
    assert left == 1.0
    assert taken.tolist() == [1, 1]


def test_central_shares_add_up_and_keep_the_barrier():
    rng = np.random.default_rng(1)
    first = np.array([0, 1, 4, 9])
    priced, centre = 10.0 ** rng.uniform(-3, 6, 9), np.array([1e-6, 0.3, 40.0])
    share, wage = np.empty(9), np.empty(3)
    central_shares(first, priced, centre, share, wage)
    sku = np.repeat(np.arange(3), np.diff(first))
    assert np.add.reduceat(share, first[:-1]) == pytest.approx(1.0, rel=1e-9)
    assert share * (priced - wage[sku]) == pytest.approx(centre[sku], rel=1e-6)


def test_the_normal_matrix_is_the_weighted_covariance():
    problem = random_problem(4)
    weight = np.random.default_rng(0).lognormal(size=problem.n_options)
    found = np.zeros((problem.n_rows, problem.n_rows))
    pooled, touched = np.zeros(problem.n_rows), np.zeros(problem.n_rows, np.int64)
    parts = (problem.first, problem.use_first, problem.use_row, problem.use)
    normal_matrix(*parts, weight, found, pooled, touched)
    uses = problem.uses.toarray()
    wanted = np.zeros_like(found)
    for begin, end in zip(problem.first[:-1], problem.first[1:], strict=True):
        a, w = uses[begin:end], weight[begin:end]
        wanted += (a.T * w) @ a - np.outer(w @ a, w @ a) / w.sum()
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    assert not pooled.any()


@pytest.mark.parametrize("seed", range(10))
def test_a_sweep_breaks_no_row_that_held_and_never_costs_more(seed: int):
    problem = random_problem(seed)
    rng = np.random.default_rng(seed)
    choice = problem.first[:-1] + rng.integers(0, np.diff(problem.first))
    most = problem.used(choice) + rng.uniform(0.0, 2.0, problem.n_rows)
    before, room = problem.cost[choice].sum(), most - problem.used(choice)
    changed = choose_within(
        np.arange(problem.n_skus),
        problem.first,
        problem.use_first,
        problem.use_row,
        problem.use,
        problem.cost,
        np.zeros(problem.n_options),
        1.0,
        np.ones(problem.n_rows),
        np.zeros(problem.n_rows),
        room,
        choice,
    )
    assert (problem.used(choice) <= most + 1e-9).all()
    assert room == pytest.approx(most - problem.used(choice), abs=1e-9)
    assert problem.cost[choice].sum() < before or not changed


def test_a_row_is_mended_without_breaking_one_of_lower_rank():
    # two SKUs; the first's other option would break row 0, the second's does not
    first, use_row = np.array([0, 2, 4]), np.array([1, 0, 1, 0])
    use_first = np.array([0, 1, 2, 3, 4])
    use = np.array([5.0, 9.0, 5.0, 1.0])
    choice, room = np.array([0, 2]), np.array([2.0, -5.0])
    mend_row(
        np.array([1, 3]),
        np.repeat(np.arange(2), np.diff(first)),
        use_first,
        use_row,
        use,
        np.array([0, 1]),
        1,
        0.0,
        np.zeros(2),
        room,
        np.zeros(2, np.int64),
        choice,
    )
    assert choice.tolist() == [0, 3]
    assert room.tolist() == [1.0, 0.0]
