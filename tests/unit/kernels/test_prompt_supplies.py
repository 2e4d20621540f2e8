"""What waits for supplies save, against loops over stages and over all that they reach."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from echelon.exact.guaranteed_service.curves import Curves
from echelon.kernels.prompt_supplies import sums_downstream


def plain_falls(ptr, covered, cost):
    falls = []
    for begin, end in pairwise(ptr.tolist()):
        curve = sorted(zip(covered[begin:end].tolist(), cost[begin:end].tolist(), strict=True))
        steps = [
            (before - after) / (longer - shorter)
            for (shorter, before), (longer, after) in pairwise(curve)
            if np.isfinite(before) and np.isfinite(after)
        ]
        falls.append(max([0.0, *(step for step in steps if step > 1e-9)]))
    return falls


@pytest.mark.parametrize("n_curves", [1, 3], ids=["one curve each", "curves of several rests"])
def test_the_steepest_fall_of_each_stage(n_curves):
    rng = np.random.default_rng(n_curves)
    runs = [
        [
            rest + n_curves * np.arange(rng.integers(0 if rest else 1, 9))[::-1]
            for rest in range(n_curves)
        ]
        for _ in range(40)
    ]
    covered = np.concatenate([np.concatenate(stage) for stage in runs]).astype(np.int64)
    ptr = np.cumsum([0, *(sum(map(len, stage)) for stage in runs)])
    cost = rng.normal(0.1 * covered, 1.0)
    cost[rng.random(len(cost)) < 0.1] = np.inf
    found = Curves(ptr, covered).steepest_falls(cost)
    assert found == pytest.approx(plain_falls(ptr, covered, cost), rel=1e-12)
    assert 0 < np.count_nonzero(found) < len(found)


def test_costs_that_only_rise_or_fall_by_rounding_alone():
    covered = np.array([3, 2, 1, 0, 1, 0], dtype=np.int64)
    cost = np.array([3.0, 2.0, 1.0, 0.0, 5.0 * (1.0 - 1e-14), 5.0])
    falls = Curves(np.array([0, 4, 6]), covered).steepest_falls(cost)
    assert falls.tolist() == [0.0, 0.0]


def test_what_is_summed_downstream():
    rng = np.random.default_rng(5)
    n = 60
    customer = np.sort(rng.integers(1, n, 90))
    supplier = np.array([rng.integers(0, below) for below in customer.tolist()])
    falls = np.where(rng.random(n) < 0.3, rng.random(n), 0.0)
    below = [{stage} for stage in range(n)]
    for above, here in sorted(
        zip(supplier.tolist(), customer.tolist(), strict=True), key=lambda lane: -lane[1]
    ):
        below[above] |= below[here]
    place, saved = np.flatnonzero(falls), np.empty(n)
    reached = np.ones((n, len(place)), dtype=np.bool_)
    sums_downstream(0, supplier, customer, place, falls[place], reached, saved)
    want = [sum(falls[stage] for stage in sorted(each)) for each in below]
    assert saved == pytest.approx(want, rel=1e-12)
