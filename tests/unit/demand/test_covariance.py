"""Pooling with covariance: by hand, and against a dense twin that walks through every period."""

from __future__ import annotations

from math import lcm

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echelon.demand.covariance import DemandCovariance, mean_product, usage_of_rows
from echelon.demand.propagate import seen_upstream_plain
from echelon.distributions import Normal, PerPeriod
from echelon.rng import stream
from tests.networks import random_network


def sparse(rows):
    from scipy.sparse import csr_array

    return csr_array(np.array(rows, dtype=float))


def covariance_of(laws, pairs):
    first, second, coefficient = zip(*pairs, strict=True) if pairs else ((), (), ())
    return DemandCovariance.of(
        laws, np.array(first, int), np.array(second, int), np.array(coefficient, float)
    )


def dense(laws, pairs):
    """Twin: moments of every period of all cycles together, then the law of total covariance."""
    cycles = [law.periods if isinstance(law, PerPeriod) else (law,) for law in laws]
    n = lcm(*(len(cycle) for cycle in cycles))
    mean = np.array([[cycle[t % len(cycle)].mean for cycle in cycles] for t in range(n)])
    std = np.array([[cycle[t % len(cycle)].std for cycle in cycles] for t in range(n)])
    matrix = np.eye(len(laws))
    for i, k, r in pairs:
        matrix[i, k] = matrix[k, i] = r
    within = np.mean([np.outer(s, s) * matrix for s in std], axis=0)
    return within + np.cov(mean.T, bias=True).reshape(len(laws), len(laws))


def test_two_rows_by_hand():
    """3^2 + 4^2 + 2 x 0.5 x 3 x 4 = 37; in step 7^2; against each other 1^2."""
    laws = [Normal(20.0, 3.0), Normal(30.0, 4.0)]
    for coefficient, variance in ((0.5, 37.0), (1.0, 49.0), (-1.0, 1.0), (0.0, 25.0)):
        pooled = covariance_of(laws, [(0, 1, coefficient)]).pooled(sparse([[1.0, 1.0]]))
        assert pooled[0] == pytest.approx(variance, abs=1e-12)


def test_three_rows_by_hand():
    """Weights 1, 2, 1 and deviations 1, 2, 3: 1 + 16 + 9 + 2(0.2 x 4 - 0.4 x 12 + 0.6 x 3)."""
    laws = [Normal(9.0, 1.0), Normal(9.0, 2.0), Normal(9.0, 3.0)]
    pairs = [(0, 1, 0.2), (2, 1, -0.4), (0, 2, 0.6)]
    assert covariance_of(laws, pairs).pooled(sparse([[1, 2, 1]]))[0] == pytest.approx(21.6)


def test_demands_that_cancel_leave_nothing_and_no_nan():
    laws = [Normal(1.0, 0.1), Normal(1.0, 0.3)]
    pooled = covariance_of(laws, [(0, 1, -1.0)]).pooled(sparse([[3.0, 1.0]]))
    assert 0.0 <= pooled[0] < 1e-15


def test_a_season_that_all_know_does_not_pool():
    """Two rows of means 10 and 30 in turn, deviation 0 but for the season: 10 + 10, not root 2."""
    from echelon.distributions import Deterministic

    row = PerPeriod((Deterministic(10.0), Deterministic(30.0)))
    against = PerPeriod((Deterministic(30.0), Deterministic(10.0)))
    covariance = covariance_of([row, row, against], [])
    assert not covariance.independent
    assert covariance.pooled(sparse([[1, 1, 0], [1, 0, 1]])) == pytest.approx([400.0, 0.0])


cycle = st.lists(st.floats(0.0, 50.0), min_size=1, max_size=6)


@given(cycle, cycle)
def test_the_mean_product_of_two_cycles(one, other):
    n = lcm(len(one), len(other))
    expected = np.mean([one[t % len(one)] * other[t % len(other)] for t in range(n)])
    assert mean_product(np.array(one), np.array(other)) == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 10_000))
def test_any_mixture_of_seasons_and_correlations_equals_the_dense_twin(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    laws = [
        PerPeriod(tuple(Normal(*row) for row in rng.uniform(1.0, 20.0, (k, 2))))
        if (k := int(rng.integers(0, 7)))
        else Normal(*rng.uniform(1.0, 20.0, 2))
        for _ in range(n)
    ]
    matrix = np.corrcoef(rng.normal(size=(n, 9))).reshape(n, n)
    pairs = [(i, k, matrix[i, k]) for i in range(n) for k in range(i) if rng.random() < 0.6]
    covariance, expected = covariance_of(laws, pairs), dense(laws, pairs)
    weights = rng.uniform(0.0, 3.0, (4, n)) * (rng.random((4, n)) < 0.7)
    np.testing.assert_allclose(
        covariance.between(sparse(weights)), weights @ expected @ weights.T, rtol=1e-9, atol=1e-9
    )
    quadratic = np.einsum("ji,ik,jk->j", weights, expected, weights)
    np.testing.assert_allclose(
        covariance.pooled(sparse(weights)), np.maximum(quadratic, 0.0), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(covariance.pooled_alone(), np.diag(expected), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_usage_is_what_the_dense_twin_carries_up(seed):
    network = random_network(stream(seed, "usage"), 14, extra_lanes=10)
    compiled = network.compiled
    usage = usage_of_rows(
        compiled.component_ptr,
        compiled.pred_ptr,
        compiled.pred_stage,
        compiled.pred_units,
        compiled.demand_ptr,
        compiled.demand_row,
    )
    seller = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
    for place, row in enumerate(compiled.demand_row):
        own = (np.arange(compiled.n_stages) == seller[place]).astype(float)
        mean, _ = seen_upstream_plain(
            compiled.component_ptr,
            compiled.pred_ptr,
            compiled.pred_stage,
            compiled.pred_units,
            own,
            own[None],
        )
        np.testing.assert_allclose(usage.toarray()[:, row], mean, atol=1e-12)
