"""What a pool says of the families of its series."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.demand.judge import shared_support
from echelon.demand.score import Pools

ONE_POOL = Pools(np.zeros(400, dtype=np.int64), 1)


def test_shares_are_those_of_largest_likelihood():
    """Two families: the share that a scan of the likelihood finds best, to a hundredth."""
    criterion = np.random.default_rng(1).normal([20.0, 18.0], 3.0, (400, 2))
    asked = np.concatenate((criterion, [[np.inf, np.inf]]))  # the last tells nothing itself
    pools = Pools(np.zeros(401, dtype=np.int64), 1)
    shares = np.exp(
        -0.5 * shared_support(asked, np.zeros(401), np.ones(401, dtype=bool), pools)[-1]
    )
    np.testing.assert_allclose(shares.sum(), 1.0)
    scan = np.linspace(0.005, 0.995, 199)
    weight = np.exp(-0.5 * (criterion - criterion.min(axis=1, keepdims=True)))
    told = np.log(weight[:, 0] * scan[:, None] + weight[:, 1] * (1.0 - scan[:, None])).sum(axis=1)
    assert shares[0] == pytest.approx(scan[told.argmax()], abs=0.01)


def test_a_series_that_tells_nothing_takes_after_its_pool_and_the_others_after_themselves():
    criterion = np.random.default_rng(2).normal([14.0, 10.0], 1.0, (400, 2))
    criterion[7] = np.inf
    support = shared_support(criterion, np.zeros(400), np.ones(400, dtype=bool), ONE_POOL)
    assert np.isfinite(support[7]).all()
    assert support[7].argmin() == 1
    others = np.arange(400) != 7
    np.testing.assert_array_equal(support[others], criterion[others])


def test_what_is_borrowed_of_the_variance_is_borrowed_of_the_family():
    criterion = np.random.default_rng(2).normal([14.0, 10.0], 1.0, (400, 2))
    none, half, all_of_it = (
        shared_support(criterion, np.full(400, share), np.ones(400, dtype=bool), ONE_POOL)
        for share in (0.0, 0.5, 1.0)
    )
    np.testing.assert_array_equal(none, criterion)
    np.testing.assert_allclose(half - none, all_of_it - half)
    assert (np.diff(all_of_it - none) < 0.0).all()  # the second family is the commoner one


def test_fewer_than_ten_leave_each_to_its_own_and_small_pools_to_all():
    few = np.tile([14.0, 10.0], (10, 1))
    few[-1] = np.inf
    alone = Pools(np.zeros(10, dtype=np.int64), 1)
    said = shared_support(few, np.ones(10), np.ones(10, dtype=bool), alone)
    np.testing.assert_array_equal(said, few)
    many = np.tile([14.0, 10.0], (400, 1))
    many[::5] = np.inf
    apart = Pools(np.repeat(np.arange(80), 5), 80)
    whole = np.ones(400, dtype=bool)
    np.testing.assert_allclose(
        shared_support(many, np.ones(400), whole, apart),
        shared_support(many, np.ones(400), whole, ONE_POOL),
    )


def test_units_that_are_not_whole_are_judged_apart():
    criterion = np.repeat([[14.0, 10.0], [10.0, 14.0]], 200, axis=0)
    criterion[[0, 200]] = np.inf
    support = shared_support(criterion, np.zeros(400), np.arange(400) < 200, ONE_POOL)
    assert support[0].argmin() == 1
    assert support[200].argmin() == 0
