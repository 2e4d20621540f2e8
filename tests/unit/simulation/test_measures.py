"""Measuring: kernel against twin, groups against sums over stages, merges, errors, batches."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.errors import DomainError
from echelon.kernels.quantities import N_POOLED, QUANTITIES
from echelon.simulation.measured import scheme as schemes
from echelon.simulation.measured.estimates import (
    GROUP,
    SEGMENT,
    STAGE,
    estimate,
    influences,
    per_run,
)
from echelon.simulation.measured.gathered import gather
from echelon.simulation.measured.measured import keeps_runs, measure_shard, merged
from echelon.simulation.measured.moments import Moments, group_means
from echelon.simulation.measured.plain_measures import plain_quantities, plain_segments
from tests.measuring_cases import case, random_sums

SEEDS = range(6)


def sums_part(sums, runs):
    return type(sums)(*(np.ascontiguousarray(array[:, runs]) for array in sums))


def group_quantities(made, sums, rich, n_runs):
    """Quantities of every group, by adding up those of the twin."""
    codes = [*made.groups.values(), np.zeros(len(made.demand_seen), dtype=int)]
    found = []
    for code in codes:
        for group in range(int(code.max()) + 1):
            member = code == group
            values = plain_quantities(
                made.structure, made.prices, sums, rich, n_runs=n_runs, member=member
            )
            found.append(values.sum(axis=0)[:N_POOLED])
    return np.stack(found)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rich", [False, True])
@pytest.mark.parametrize("group", [1, 2])
def test_kernel_and_twin_agree_at_every_level(seed, rich, group):
    rng = np.random.default_rng(seed)
    made = case(rng, charge_pipeline=seed % 2 == 0)
    n_runs = 26  # no multiple of 8, so that strands end
    sums, features = random_sums(made, n_runs, rng)
    used = features if rich else None
    scheme = made.scheme(n_runs)
    measured = measure_shard(scheme, sums, used, n_runs=n_runs, group=group, keep=True)
    stages = plain_quantities(made.structure, made.prices, sums, used, n_runs=n_runs)
    segments = plain_segments(made.structure, made.prices, sums, used, n_runs=n_runs)
    groups = group_quantities(made, sums, used, n_runs)
    np.testing.assert_allclose(measured.kept.stages, stages, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(measured.kept.segments, segments, rtol=1e-12)
    want = Moments.of(group_means(stages, group), STAGE.pair_numbers)
    for one, other in zip(
        (measured.stages.mean, measured.stages.spread, measured.stages.cross),
        (want.mean, want.spread, want.cross),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)

    n_components = len(scheme.periods)
    gathered = gather(scheme, [(0, n_components, measured.finish(scheme))], leaving=made.leaving)
    np.testing.assert_allclose(gathered.group_runs, groups, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(gathered.total_runs, groups[-1:], rtol=1e-10, atol=1e-10)
    found = estimate(
        Moments.of(group_means(groups, group), GROUP.pair_numbers), GROUP, made.leaving
    )
    np.testing.assert_allclose(gathered.groups.value, found.value, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(gathered.groups.error, found.error, rtol=1e-7, atol=1e-9)
    assert not gathered.pooled.any()
    of_segments = Moments.of(group_means(segments, group), SEGMENT.pair_numbers)
    told = estimate(of_segments, SEGMENT, np.zeros(len(segments)))
    at = scheme.segment_demand
    np.testing.assert_allclose(gathered.segments.value[:, at], told.value, rtol=1e-10)
    np.testing.assert_allclose(gathered.segments.error[:, at], told.error, rtol=1e-7, atol=1e-12)
    order = np.argsort(at)
    for number in range(int(made.values.max()) + 1):
        chosen = (made.values == number).any(axis=0)
        total = segments[order][chosen].sum(axis=0)
        np.testing.assert_allclose(gathered.value_runs[number], total, rtol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_shards_and_blocks_of_runs_come_to_the_same(seed):
    """Any cut into components and runs: means and errors to 1e-10 of those taken at once."""
    rng = np.random.default_rng(100 + seed)
    made = case(rng, n_components=5)
    n_runs = 48
    sums, features = random_sums(made, n_runs, rng)
    scheme = made.scheme(n_runs)
    whole = measure_shard(scheme, sums, features, n_runs=n_runs, group=2, keep=True)
    want = gather(scheme, [(0, 5, whole.finish(scheme))], leaving=made.leaving)

    structure, parts = made.structure, []
    for first, last in ((0, 2), (2, 3), (3, 5)):
        stages = slice(*structure.stage_ptr[[first, last]])
        lanes = slice(*structure.lane_ptr[[stages.start, stages.stop]])
        askers = slice(*structure.asker_ptr[[stages.start, stages.stop]])
        part = scheme.part(first, last)
        of = {"late": askers, "due": askers, "on_time": askers, "lost": askers}
        of |= {"component": lanes, "in_transit": lanes, "expedited": lanes}
        own = [
            type(both)(
                **{
                    name: array[of.get(name, stages)] if len(array) else array
                    for name, array in both._asdict().items()
                }
            )
            for both in (sums, features)
        ]
        blocks = [
            measure_shard(
                part,
                *(sums_part(both, slice(*block)) for both in own),
                n_runs=block[1] - block[0],
                group=2,
                keep=True,
            )
            for block in ((0, 16), (16, 40), (40, 48))
        ]
        whole = merged(blocks)
        by_rounds = merged([merged(blocks[:2]), blocks[2]])
        np.testing.assert_array_equal(by_rounds.stages.spread, whole.stages.spread)
        np.testing.assert_array_equal(by_rounds.spans, whole.spans)
        numbers = scheme.numbers(first, last)
        parts.append((first, last, whole.finish(part).placed(numbers)))
    got = gather(scheme, parts, leaving=made.leaving)
    for level in ("stages", "segments", "groups", "values"):
        one, other = getattr(got, level), getattr(want, level)
        np.testing.assert_allclose(one.value, other.value, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(one.error, other.error, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(got.stage_runs, want.stage_runs)
    np.testing.assert_allclose(got.total_runs, want.total_runs, rtol=1e-13)


def test_merging_is_associative_to_rounding():
    rng = np.random.default_rng(3)
    values = rng.gamma(2.0, 1e3, (4, len(QUANTITIES), 300))
    pairs = STAGE.pair_numbers
    a, b, c = (Moments.of(part, pairs) for part in np.split(values, [77, 128], axis=2))
    left = a.merge(b, pairs).merge(c, pairs)
    right = a.merge(b.merge(c, pairs), pairs)
    at_once = Moments.of(values, pairs)
    for name in ("mean", "spread"):
        one, other = getattr(left, name), getattr(right, name)
        np.testing.assert_allclose(one, other, rtol=1e-12)
        np.testing.assert_allclose(one, getattr(at_once, name), rtol=1e-12)
    scale = 1e-12 * left.spread.max()
    np.testing.assert_allclose(left.cross, right.cross, atol=scale)


def test_groups_too_many_to_keep_add_variances_of_independent_parts(monkeypatch):
    """Close to the exact ones where components are independent, and marked."""
    rng = np.random.default_rng(8)
    made = case(rng, n_components=6)
    n_runs = 4_000
    sums, features = random_sums(made, n_runs, rng)

    def gathered():
        scheme = made.scheme(n_runs)
        measured = measure_shard(scheme, sums, features, n_runs=n_runs)
        return gather(scheme, [(0, 6, measured.finish(scheme))], leaving=made.leaving)

    exact = gathered()
    monkeypatch.setattr(schemes, "MOST_KEPT", 0)
    pooled = gathered()
    np.testing.assert_allclose(pooled.groups.value, exact.groups.value, rtol=1e-10, atol=1e-12)
    assert pooled.pooled.any()
    assert not pooled.pooled[-1]  # the network is always added up run by run
    np.testing.assert_allclose(
        pooled.groups.error[:, pooled.pooled], exact.groups.error[:, pooled.pooled], rtol=0.12
    )
    np.testing.assert_allclose(pooled.values.value, exact.values.value, rtol=1e-10)


@pytest.mark.parametrize("level", [STAGE, GROUP, SEGMENT])
def test_errors_are_those_of_the_mean_influence(level):
    rng = np.random.default_rng(5)
    values = rng.gamma(4.0, 1.0, (3, len(level.quantities), 60))
    if level is not SEGMENT:
        places = [level.quantities.index(name) for name in ("watched", "cycles")]
        values[:, places] = 1.0
    if level is STAGE:
        for first, second in (("ordered", "ordered_squared"), ("asked", "asked_squared")):
            first, second = level.quantities.index(first), level.quantities.index(second)
            values[:, second] = values[:, first] ** 2 + rng.gamma(3.0, 1.0, (3, 60))
    demand = np.array([2.0, 3.0, 0.0])
    found = estimate(Moments.of(values, level.pair_numbers), level, demand)
    for i, name in enumerate(level.measures):
        value, influence = influences(values, level, name, demand)
        np.testing.assert_allclose(found.value[i], value, rtol=1e-10, err_msg=name)
        error = influence.std(axis=1, ddof=1) / 60**0.5
        np.testing.assert_allclose(found.error[i], error, rtol=1e-6, atol=1e-12, err_msg=name)
        assert per_run(values, level, name, demand).shape == (3, 60)


def test_errors_say_how_far_estimates_are_off():
    """Known truth: of 400 estimates by 50 runs, 95 in 100 lie within 1.96 errors."""
    rng = np.random.default_rng(11)
    runs = 50
    asked = rng.normal(10.0, 2.0, (400, runs, 60))
    ordered = 1.5 * (asked - 10.0) + 10.0
    due = asked.mean(axis=2)
    on_time = due * rng.beta(18.0, 2.0, (400, runs))
    values = np.ones((400, len(STAGE.quantities), runs))
    for name, array in (
        ("asked", due),
        ("asked_squared", (asked**2).mean(axis=2)),
        ("ordered", ordered.mean(axis=2)),
        ("ordered_squared", (ordered**2).mean(axis=2)),
        ("due", due),
        ("on_time", on_time),
    ):
        values[:, STAGE.quantities.index(name)] = array
    found = estimate(Moments.of(values, STAGE.pair_numbers), STAGE, np.ones(400))
    truths = {"demand_variance": 4.0, "order_variance": 9.0, "on_time_rate": 0.9}
    for name, truth in truths.items():
        i = STAGE.measures.index(name)
        apart = np.abs(found.value[i] - truth) / found.error[i]
        covered = (apart < 1.96).mean()
        assert abs(covered - 0.94) < 4 * (0.05 / 400) ** 0.5, (name, covered)
        wrong = np.abs(found.value[i] - 1.05 * truth) / found.error[i]  # a planted error is seen
        assert (wrong < 1.96).mean() < 0.85, name
    i = STAGE.measures.index("bullwhip")
    np.testing.assert_allclose(found.value[i], 2.25, rtol=1e-9)
    assert found.error[i].max() < 1e-6  # both variances move together


def test_dependent_runs_are_counted_by_their_groups():
    """Antithetic pairs: the error of the mean of pairs, not of as many independent runs."""
    rng = np.random.default_rng(2)
    u = rng.random((1, 1, 200))
    pairs = np.stack([u, 1.0 - u], axis=3).reshape(1, 1, 400) + rng.normal(0, 0.01, (1, 1, 400))
    values = np.repeat(pairs, len(STAGE.quantities), axis=1)
    naive = Moments.of(values, ())
    paired = Moments.of(group_means(values, 2), ())
    assert paired.n == 200
    assert paired.spread[0, 0] / 199 / 200 < 0.01 * naive.spread[0, 0] / 399 / 400


def test_a_group_that_is_not_full_is_refused():
    with pytest.raises(DomainError, match="5 runs do not fill groups of 2"):
        group_means(np.zeros((1, 5)), 2)


def test_runs_are_kept_where_they_are_few_or_asked_for():
    assert keeps_runs(1_000, 100, asked=None)
    assert not keeps_runs(300_000, 100, asked=None)
    assert keeps_runs(300_000, 100, asked=True)
    assert not keeps_runs(1_000, 100, asked=False)


def test_one_run_has_values_and_no_errors():
    rng = np.random.default_rng(6)
    made = case(rng)
    sums, features = random_sums(made, 1, rng)
    scheme = made.scheme(1)
    done = measure_shard(scheme, sums, features, n_runs=1).finish(scheme)
    assert np.isfinite(done.stages.value[0]).all()
    assert np.isnan(done.stages.error).all()


def test_measures_over_nothing_are_missing():
    values = np.zeros((1, len(STAGE.quantities), 4))
    found = estimate(Moments.of(values, STAGE.pair_numbers), STAGE, np.zeros(1))
    by_name = dict(zip(STAGE.measures, found.value[:, 0], strict=True))
    for name in ("on_time_rate", "fill_rate", "order_size", "bullwhip", "stockout_duration"):
        assert np.isnan(by_name[name]), name
    assert by_name["order_variance"] == 0.0
    assert np.isnan(by_name["periods_of_supply"])


def test_batches_of_one_run_are_its_pseudo_runs():
    """Batch means of an autocorrelated series give its error; single periods would not."""
    rng = np.random.default_rng(9)
    periods, n_batches = 40_000, 40
    noise = rng.normal(0.0, 1.0, periods)
    series = np.empty(periods)
    level = 0.0
    for t in range(periods):
        level = 0.8 * level + noise[t]
        series[t] = level
    batches = series.reshape(n_batches, -1).mean(axis=1)
    moments = Moments.of(batches[None, None, :], ())
    error = (moments.spread[0, 0] / (n_batches - 1) / n_batches) ** 0.5
    truth = 1.0 / (1.0 - 0.8) / periods**0.5  # sum of autocovariances of the series
    assert 0.6 * truth < error < 1.4 * truth
    assert series.std() / periods**0.5 < 0.4 * truth


@pytest.mark.parametrize(
    ("first", "last", "review", "phase", "delay", "cycles"),
    [
        (0, 10, 0, 0, 3, 10),  # every period is a cycle
        (0, 10, 1, 0, 3, 10),
        (0, 10, 4, 0, 0, 2),  # 0-3, 4-7
        (0, 10, 4, 0, 3, 1),  # 3-6; 7-10 does not end
        (3, 11, 4, 0, 3, 2),  # 3-6, 7-10
        (4, 11, 4, 0, 3, 1),  # 7-10
        (0, 3, 4, 0, 0, 0),
        (5, 21, 4, 0, 9, 4),  # 5-8, 9-12, 13-16, 17-20
        (3, 11, 4, 2, 3, 1),  # 5-8; 9-12 does not end
        (3, 11, 4, 3, 0, 2),  # 3-6, 7-10
        (2, 10, 2, 1, 1, 4),  # 2-3, 4-5, 6-7, 8-9
    ],
)
def test_whole_cycles_in_a_window_and_in_its_batches(first, last, review, phase, delay, cycles):
    made = case(np.random.default_rng(0), n_components=1)
    n = len(made.structure.review)
    structure = made.structure._replace(
        warmup=np.array([first]),
        periods=np.array([last]),
        review=np.full(n, review),
        phase=np.full(n, phase),
        nominal_delay=np.full(n, delay),
    )
    assert schemes.cycles_of(structure).tolist() == [[cycles]] * n
    bounds = np.arange(last - first + 1)
    by_period = schemes.cycles_of(structure, bounds)
    assert by_period.sum(axis=1).tolist() == [cycles] * n
    length = max(review, 1)
    ends = [
        float((t - phase - delay) % length == length - 1 and t - length + 1 >= first)
        for t in range(first, last)
    ]
    assert by_period[0].tolist() == ends
