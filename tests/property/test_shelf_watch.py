"""Goods run without ages: where the watch lets a run pass, ages would have changed no bit of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.kernels._jit import COMPILED
from echelon.kernels.draws import fill
from echelon.kernels.feature_flow import feature_flow
from echelon.kernels.feature_flow_state import start_feature_state
from echelon.kernels.flow_arrays import WIDTH
from echelon.kernels.run_single import run_single
from echelon.kernels.shelf_queues import EVERY, begin_again
from echelon.kernels.single_draws import short_tables
from echelon.kernels.single_work import single_work_for
from echelon.simulation.measured.room import zero_sums
from echelon.simulation.precision import may_be_single
from echelon.simulation.shelf_lives import Lives
from tests.flow_cases import random_case
from tests.plain_runs import laws_of
from tests.property.test_single_kernel import of_kind

RUNS = 6
SEEDS = 40 if COMPILED else 4


PERIODS = 24


def long_lives(seed, times):
    """A component with features at random, whose shelf lives are so many times as long.

    0 times: some periods shorter or longer than the run.
    """
    case = random_case(seed, n_stages=1 + seed % 6, n_periods=PERIODS, runs=RUNS)
    life = case.features.shelf_life * times
    if times == 0:
        about = np.random.default_rng([seed, 5]).integers(-4, 5, life.shape)
        life = np.where(case.features.shelf_life > 0, PERIODS + about, 0)
    return case._replace(features=case.features._replace(shelf_life=life))


def run(case, aged):
    """All sums by name, and the families that fail, with ages in some of the families."""
    structure, features, draws = case
    lives = Lives(structure, features)
    aged = np.broadcast_to(aged, lives.n_families)
    runs = draws.shape[2]
    wide = np.zeros((*draws.shape[:2], WIDTH))
    wide[:, :, :runs] = draws
    kept, watch = lives.without(aged), lives.watch(aged, 1, single=False, width=WIDTH)
    begin_again(watch)
    state = start_feature_state(structure, kept, 0, watch)
    sums, feature_sums = zero_sums(structure, features)
    periods = draws.shape[1]
    feature_flow(structure, kept, 0, wide, 0, periods, runs, state, sums, feature_sums)
    return {**sums._asdict(), **feature_sums._asdict()}, watch.failed[: len(aged), :runs] > 0.0


def tried(times, seeds):
    """Runs that pass and do not, and the largest difference of one that does not."""
    passed, failed, difference = 0, 0, 0.0
    for seed in seeds:
        case = long_lives(seed, times)
        if not (case.features.shelf_life > 0).any():
            continue
        unknown = Lives(case.structure, case.features).unknown  # destroyed or held: never passes
        with_ages, _ = run(case, True)
        without, bad = run(case, unknown)
        good = ~bad.any(axis=0)
        passed, failed = passed + good.sum(), failed + (~good).sum()
        for name, whole in with_ages.items():
            one, two = without[name][:, :RUNS], whole[:, :RUNS]
            np.testing.assert_array_equal(one[:, good], two[:, good], err_msg=f"{seed} {name}")
            if one.size and not good.all():
                difference = max(difference, np.abs(one - two)[:, ~good].max())
    return passed, failed, difference


@pytest.mark.parametrize("times", [1, 3, 8])
def test_runs_that_pass_have_the_bits_of_runs_with_ages(times):
    passed, failed, difference = tried(times, range(SEEDS))
    assert passed > 0
    if COMPILED:  # of more seeds
        assert failed > 0  # a watch that let all pass would be found out
        assert difference > 0.1
        assert passed > failed / (2 if times > 1 else 4)  # and one that let none pass


@pytest.mark.parametrize("longer", [-1, 0])
def test_what_cannot_get_too_old_before_the_end_is_not_watched(longer):
    """The last good of the first stock is asked for in the last period, to be used in it."""
    structure, features, _ = of_kind(5, 1, PERIODS, False, False)
    life = PERIODS + 1 + longer  # what is new in period 0 can be used to the last but this
    features = features._replace(shelf_life=np.full(1, life))
    lives = Lives(structure, features)
    watch = lives.watch(lives.unknown, 1, single=True, width=WIDTH)
    assert watch.family.tolist() == [0 if longer < 0 else -1]


@settings(max_examples=40 if COMPILED else 5)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 2, 5]))
def test_no_run_that_passes_differs(seed, times):
    tried(times, [seed])


def watched(structure, features, sources, n_runs):
    """Draws of a component, and what fails in each precision where no goods have an age."""
    periods = int(structure.periods[0])
    draws = np.zeros((int(structure.row_ptr[1]), periods, WIDTH))
    fill(sources, 0, len(draws), 0, periods, 0, n_runs, np.zeros((len(draws), WIDTH)), draws)
    lives = Lives(structure, features)
    _, in_double = run((structure, features, draws[:, :, :n_runs]), lives.unknown)
    watch = lives.watch(lives.unknown, 32, single=True, width=WIDTH)
    sums, feature_sums = zero_sums(structure, features)
    run_single(
        structure, np.ones(1, dtype=np.int64), sources, short_tables(sources), 0, periods, 0,
        n_runs, 32, single_work_for(structure, features, 0, 1, 32), sums,
        feature_sums.in_release, watch,
    )  # fmt: skip
    return draws[:, :, :n_runs], watch.failed[: lives.n_families, :n_runs] > 0.0, in_double


def with_lives(structure, features, rng):
    """Lives somewhere, and ages kept where goods of one kind come from one supplier."""
    n = len(structure.level)
    life = np.where(rng.random(n) < 0.8, rng.integers(4, 40, n), 0)
    lanes = np.diff(structure.lane_ptr)
    carries = (lanes == 1) & (structure.outside_delay < 0) & (life > 0) & (rng.random(n) < 0.8)
    carries[structure.receiver[life[structure.supplier] == 0]] = False
    return features._replace(shelf_life=life, carries=carries.astype(np.int64))


def test_both_precisions_watch_alike():
    """Components with lots, limits, reviews, drawn times and returns: two kernels, one watch."""
    alike, failed, tried = 0, 0, 0
    for seed in range(40 if COMPILED else 3):
        structure, features, sources = of_kind(seed, 1 + seed % 6, 50, seed % 2 == 1, seed % 3 > 0)
        features = with_lives(structure, features, np.random.default_rng(seed))
        if not may_be_single(structure, sources, np.array([True]))[0]:
            continue
        if not (features.shelf_life > 0).any():
            continue
        _, single, double = watched(structure, features, sources, 16)
        alike, failed = alike + (single == double).sum(), failed + double.sum()
        tried += single.size
    assert tried > 0
    assert alike / tried > 0.99  # but where rounding decides
    if COMPILED:
        assert 0.1 < failed / tried < 0.9


def chain(seed, life, n_stages=3, n_periods=60):
    """Stages that hand one item on at fixed times, of which goods keep their age."""
    for at in range(seed * 1_000, seed * 1_000 + 1_000):
        case = random_case(at, n_stages=n_stages, n_periods=n_periods, runs=1, features=False)
        lanes = np.diff(case.structure.lane_ptr)
        if lanes.tolist() == [0, 1, 1] and (case.structure.outside_delay[1:] < 0).all():
            break
    stages = np.ones(n_stages, dtype=np.int64)
    features = case.features._replace(shelf_life=stages * life, carries=stages * (lanes > 0))
    return (
        case.structure._replace(initial_stock=case.structure.level),
        features,
        laws_of(case.structure, at),
    )


@pytest.mark.parametrize("seed", range(6 if COMPILED else 1))
def test_the_watch_of_a_chain_errs_by_some_looks(seed):
    """No later than goods expire, and no earlier than with lives of two looks a stage less."""
    outcomes = []
    for life in (9, 14, 20, 30, 45):
        structure, features, sources = chain(seed, life)
        draws, in_single, failed = watched(structure, features, sources, 32)
        counted = structure._replace(warmup=np.zeros_like(structure.warmup))

        def expired(less, structure=counted, features=features, draws=draws):
            shorter = features._replace(shelf_life=np.maximum(features.shelf_life - less, 1))
            sums, _ = run((structure, shorter, draws), True)
            return (sums["expired"][:, :32] > 0.0).any(axis=0)

        assert (in_single.any(axis=0) >= expired(0)).all()
        assert (failed.any(axis=0) <= expired(2 * EVERY * 3)).all()
        assert (in_single == failed).mean() > 0.98  # but where rounding decides
        outcomes.append(failed.any(axis=0).mean())
    assert outcomes[0] >= outcomes[-1]
