"""Goods run without ages: where the watch lets a run pass, ages would have changed no bit of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.kernels._jit import COMPILED, jit
from echelon.kernels.feature_flow import feature_flow
from echelon.kernels.feature_flow_state import start_feature_state
from echelon.kernels.flow_arrays import WIDTH
from echelon.kernels.shelf_watch import EVERY, LONGEST, RING, longest_stays, look, ring_sizes
from echelon.simulation.measured.room import zero_sums
from echelon.simulation.shelf_lives import Lives
from tests.flow_cases import random_case

RUNS = 6
SEEDS = 40 if COMPILED else 4


def long_lives(seed, times):
    """A component with features at random, whose shelf lives are so many times as long."""
    case = random_case(seed, n_stages=1 + seed % 6, n_periods=24, runs=RUNS)
    features = case.features._replace(shelf_life=case.features.shelf_life * times)
    return case._replace(features=features)


def run(case, aged):
    """All sums by name, and the families that fail, with ages in some of the families."""
    structure, features, draws = case
    lives = Lives(structure, features)
    aged = np.broadcast_to(aged, lives.n_families)
    wide = np.zeros((*draws.shape[:2], WIDTH))
    wide[:, :, :RUNS] = draws
    kept = lives.without(aged)
    state = start_feature_state(structure, kept, 0, lives.longest(aged))
    sums, feature_sums = zero_sums(structure, features)
    periods = draws.shape[1]
    feature_flow(structure, kept, 0, wide, 0, periods, RUNS, state, sums, feature_sums)
    watched = state.watch >= 0
    stays = np.zeros((len(watched), RUNS))
    stays[watched] = longest_stays(state.dwells[state.watch[watched] + LONGEST, :RUNS])
    failed = lives.failed(stays) & ~aged[:, None]
    return {**sums._asdict(), **feature_sums._asdict()}, failed


def tried(times, seeds):
    """Runs that pass and do not, and the largest difference of one that does not."""
    passed, failed, difference = 0, 0, 0.0
    for seed in seeds:
        case = long_lives(seed, times)
        if not (case.features.shelf_life > 0).any():
            continue
        unknown = Lives(case.structure, case.features).with_ages  # destroyed or held: never passes
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
        assert passed > failed / 2  # and one that let none pass


@settings(max_examples=40 if COMPILED else 5)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 5]))
def test_no_run_that_passes_differs(seed, times):
    tried(times, [seed])


@jit
def take_look(dwells, size, rows, number):
    """Call a part, which Python cannot."""
    look(1, dwells, 0, size, rows, 0, 1, 1e-9, number)


@settings(max_examples=60 if COMPILED else 10)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_the_longest_stay_is_that_of_a_queue_of_lots(seed, longest):
    """Known to a look: no shorter than the true one, and longer by less than two looks."""
    rng = np.random.default_rng(seed)
    periods, start = 40, float(rng.integers(0, 30))
    coming = rng.integers(0, 6, periods) * (rng.random(periods) < 0.7)
    asked = rng.integers(0, 8, periods) * (rng.random(periods) < rng.choice([0.3, 0.9]))
    size = int(ring_sizes(np.array([longest]))[0])
    dwells, rows = np.zeros((RING + size, 1)), np.array([[start], [start]])
    lots, true = [[0, start]], 0
    for t in range(periods):
        lots.append([t, float(coming[t])])
        left = float(asked[t])
        for lot in lots:
            taken = min(lot[1], left)
            lot[1], left = lot[1] - taken, left - taken
        lots = [lot for lot in lots if lot[1] > 0.0]
        rows[0] += coming[t]
        rows[1] = sum(lot[1] for lot in lots)
        true = max([true, *(t + 1 - lot[0] for lot in lots)])
        if (t + 1) % EVERY == 0:
            take_look(dwells, size, rows, (t + 1) // EVERY)
    found = longest_stays(dwells[LONGEST])[0]
    assert found >= min(true, longest + 1)
    assert found <= true + 2 * EVERY - 1
