"""The measuring kernels beside their twin, also line by line without a compiler."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels.flow_arrays import WIDTH
from echelon.simulation.measured.measured import measure_shard
from echelon.simulation.measured.plain_measures import plain_quantities, plain_segments
from tests.measuring_cases import case, random_sums


@pytest.mark.parametrize("rich", [False, True])
def test_quantities_of_stages_and_segments(rich):
    rng = np.random.default_rng(21)
    made = case(rng, n_components=2)
    n_runs = 5
    sums, features = random_sums(made, WIDTH, rng)  # as wide as the flow kernels leave them
    used = features if rich else None
    measured = measure_shard(made.scheme(n_runs), sums, used, n_runs=n_runs, keep=True)
    stages = plain_quantities(made.structure, made.prices, sums, used, n_runs=n_runs)
    segments = plain_segments(made.structure, made.prices, sums, used, n_runs=n_runs)
    np.testing.assert_allclose(measured.kept.stages, stages, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(measured.kept.segments, segments, rtol=1e-12)
    np.testing.assert_allclose(measured.stages.mean, stages.mean(axis=2), rtol=1e-12, atol=1e-12)
    spread = stages.var(axis=2) * n_runs
    np.testing.assert_allclose(measured.stages.spread, spread, rtol=1e-9, atol=1e-12)


def test_a_planted_error_is_seen():
    rng = np.random.default_rng(22)
    made = case(rng, n_components=2)
    sums, features = random_sums(made, 4, rng)
    measured = measure_shard(made.scheme(4), sums, features, n_runs=4, keep=True)
    wrong = sums._replace(on_hand=sums.on_hand * 1.001)
    stages = plain_quantities(made.structure, made.prices, wrong, features, n_runs=4)
    assert not np.allclose(measured.kept.stages, stages, rtol=1e-6)
