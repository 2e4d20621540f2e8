"""The flow kernel of stages without features: three engines, one run, however it is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.distributions import Empirical
from echelon.kernels._jit import COMPILED
from echelon.simulation.described.levels import ALLOCATION_CODES
from echelon.simulation.drawn.sources import DrawRow, sources_of
from tests.flow_cases import random_case
from tests.plain_runs import LAWS, assert_engines_agree, laws_of, plain_kernel

EXAMPLES = 100 if COMPILED else 6
LONGEST = 7
TIMES = (Empirical([0.0, 1.0, 7.0], [0.5, 0.3, 0.2]), Empirical([2.0, 3.0], [0.9, 0.1]))
"""Whole periods, at most ``LONGEST``."""

SEEDS = st.integers(0, 2**32 - 1)


def component(seed, n_stages, n_periods):
    """A component that the fast kernel runs: no stage serves by the period that units fell due."""
    structure, features, _ = random_case(
        seed, n_stages=n_stages, n_periods=n_periods, runs=1, features=False
    )
    first_come = structure.allocation == ALLOCATION_CODES["first_come"]
    structure.allocation[first_come] = ALLOCATION_CODES["proportional"]
    return structure, features, laws_of(structure, seed)


def with_drawn_times(structure, features, seed, laws=LAWS):
    """The same component with times of its stages and lanes drawn, here and there."""
    rng = np.random.default_rng([seed, 1])
    stages, lanes = (rng.random(len(a)) < 0.6 for a in (structure.level, structure.units))
    n_demand, n_times = int(structure.row_ptr[1]), int(stages.sum() + lanes.sum())
    of_times = np.full(len(stages) + len(lanes), -1)
    of_times[np.concatenate([stages, lanes])] = n_demand + np.arange(n_times)
    make_row, lane_row = of_times[: len(stages)], of_times[len(stages) :]
    features = features._replace(
        make_row=make_row.copy(),
        lane_row=lane_row.copy(),
        make_longest=np.where(stages, LONGEST, features.make_longest),
        lane_longest=np.where(lanes, LONGEST, features.lane_longest),
        overtaking=(rng.random(len(stages)) < 0.5).astype(np.int64),
        lane_overtaking=(rng.random(len(lanes)) < 0.5).astype(np.int64),
    )
    structure = structure._replace(row_ptr=np.array([0, n_demand + n_times]))
    rows = [DrawRow("demand", (str(i),), laws[i % len(laws)]) for i in range(n_demand)]
    rows += [DrawRow("time", (str(i),), TIMES[i % 2]) for i in range(n_times)]
    return structure, features, sources_of(rows, seed)


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(1, 50), st.integers(1, 5), st.sampled_from([5, 8, 32]))
def test_the_three_engines_agree_where_times_are_drawn(seed, n_stages, n_periods, n_runs, block):
    case = with_drawn_times(*component(seed, n_stages, n_periods)[:2], seed)
    assert_engines_agree(*case, n_runs=n_runs, block=block)


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(1, 50), st.integers(1, 5), st.sampled_from([8, 32]))
def test_the_three_engines_agree(seed, n_stages, n_periods, n_runs, block):
    assert_engines_agree(*component(seed, n_stages, n_periods), n_runs=n_runs, block=block)


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(1, 50), st.sampled_from([1, 5, 8, 16]), st.data())
def test_blocks_and_stops_change_no_bit(seed, n_stages, n_periods, block, data):
    case = component(seed, n_stages, n_periods)
    stops = sorted(data.draw(st.sets(st.integers(1, n_periods), max_size=3)))
    whole, _ = plain_kernel(*case, n_runs=2)
    parts, _ = plain_kernel(*case, n_runs=2, block=block, stops=stops)
    for name, one, other in zip(whole._fields, whole, parts, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)


def test_a_planted_error_is_seen():
    """A lead time one period longer."""
    structure, features, sources = component(4, 4, 40)
    good, _ = plain_kernel(structure, features, sources)
    late = structure._replace(make_delay=structure.make_delay + 1)
    wrong, _ = plain_kernel(late, features, sources)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(wrong.in_process, good.in_process, rtol=1e-9)
