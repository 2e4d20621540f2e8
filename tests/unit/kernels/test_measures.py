"""The measuring kernels beside their twin, also line by line without a compiler."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels.flow_arrays import WIDTH
from echelon.kernels.rows import add_up
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


@pytest.mark.parametrize("group", [1, 2])
@pytest.mark.parametrize("keep", [False, True])
def test_rows_of_nothing_are_passed_over_without_a_trace(group, keep):
    """Each of the sums 0 at some stages, at others not: what is skipped at one is not at the next.

    Moments and sums of groups are those of the quantities of the plain twin; what is kept of the
    runs, or taken over groups of them, changes no bit.
    """
    rng = np.random.default_rng(23)
    made = case(rng, n_components=6)
    n_runs = 12
    sums, features = (
        type(both)(*(array * (rng.random((len(array), 1)) < 0.5) for array in both))
        for both in random_sums(made, WIDTH, rng)
    )
    scheme = made.scheme(n_runs)
    settings = {"n_runs": n_runs, "group": group}
    measured = measure_shard(scheme, sums, features, keep=keep, **settings)
    kept = measure_shard(scheme, sums, features, keep=True, **settings)
    for level in ("stages", "rows", "segments"):
        for name in ("mean", "spread", "cross"):
            one, other = (getattr(getattr(run, level), name) for run in (measured, kept))
            np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(measured.spans, kept.spans)
    stages = plain_quantities(made.structure, made.prices, sums, features, n_runs=n_runs)
    np.testing.assert_allclose(kept.kept.stages, stages, rtol=1e-12, atol=1e-12)
    for found, runs in ((measured.stages, stages), (measured.rows, kept.kept.rows)):
        own = slice(None) if found is measured.stages else scheme.own == 1  # others are not kept
        runs = runs[own].reshape(-1, runs.shape[1], n_runs // group, group).mean(axis=3)
        np.testing.assert_allclose(found.mean[own], runs.mean(axis=2), rtol=1e-12, atol=1e-12)
        spread = runs.var(axis=2) * runs.shape[2]
        np.testing.assert_allclose(found.spread[own], spread, rtol=1e-9, atol=1e-12)


def test_rows_are_added_where_they_belong():
    rng = np.random.default_rng(24)
    values, row_of = rng.normal(size=(7, 3)), np.array([2, 0, 2, 1, 2, 0, 4])
    total = rng.normal(size=(5, 3))
    wanted = total.copy()
    np.add.at(wanted, row_of, values)
    add_up(values, row_of, total)
    np.testing.assert_array_equal(total, wanted)


def test_a_planted_error_is_seen():
    rng = np.random.default_rng(22)
    made = case(rng, n_components=2)
    sums, features = random_sums(made, 4, rng)
    measured = measure_shard(made.scheme(4), sums, features, n_runs=4, keep=True)
    wrong = sums._replace(on_hand=sums.on_hand * 1.001)
    stages = plain_quantities(made.structure, made.prices, wrong, features, n_runs=4)
    assert not np.allclose(measured.kept.stages, stages, rtol=1e-6)
