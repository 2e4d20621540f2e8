"""The flow kernel in single precision against that in double precision, on random components."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.distributions import Gamma, NegativeBinomial, Normal, Poisson
from echelon.kernels._jit import COMPILED
from echelon.kernels.feature_flow_state import start_feature_state
from echelon.kernels.flow_arrays import PROPORTIONAL, WIDTH, Sums
from echelon.kernels.run_single import run_single
from echelon.kernels.shelf_queues import nothing_watched
from echelon.kernels.single_draws import short_tables
from echelon.kernels.single_work import SUMMED, single_memory, single_sizes, single_work_for
from echelon.simulation.measured.room import zero_sums
from echelon.simulation.precision import may_be_single
from echelon.simulation.work import run_features
from tests.flow_cases import random_case
from tests.plain_runs import LAWS, laws_of
from tests.property.test_plain_kernel import with_drawn_times

EXAMPLES = 100 if COMPILED else 6
NEVER_NEGATIVE = (Gamma(5.0, 4.0), Poisson(0.4), NegativeBinomial(3.0, 3.0), Normal(9.0, 1.0))
Counted = namedtuple("Counted", (*Sums._fields, "in_release"))
SEEDS = st.integers(0, 2**32 - 1)
KINDS = st.tuples(st.booleans(), st.booleans())
"""Whether times are drawn, and whether quantities are rounded, held and limited."""
LONG = st.integers(SUMMED + 1, SUMMED + 40 if not COMPILED else 2 * SUMMED + 40)
"""Periods of runs in which sums are flushed before the end."""
RELATIVE = 1e-4
"""Of the largest number of each kind: single rounding errors."""


def component(seed, n_stages, n_periods):
    """A random component without what is run in double precision in any case."""
    structure, features, _ = random_case(
        seed, n_stages=n_stages, n_periods=n_periods, runs=1, features=False
    )
    structure = structure._replace(allocation=np.full_like(structure.allocation, PROPORTIONAL))
    return structure, features, laws_of(structure, seed)


def with_quantities(structure, features, seed):
    """The same component with order quantities, release times and capacities, here and there."""
    rng = np.random.default_rng([seed, 2])
    n, seen = len(structure.level), features.demand_seen + 1.0

    def somewhere(share, values, otherwise):
        return np.where(rng.random(n) < share, values, otherwise)

    multiple = somewhere(0.4, rng.choice([1.0, 6.0, 2.5], n), 0.0)
    release = somewhere(0.5, rng.integers(1, 5, n), 0).astype(np.int64)
    return structure, features._replace(
        order_multiple=multiple,
        minimum_order=somewhere(0.3, np.rint(2.0 * seen), 0.0),
        maximum_order=somewhere(0.2, np.rint(4.0 * seen) * np.maximum(multiple, 1.0), np.inf),
        capacity=somewhere(0.3, 0.5 + np.rint(1.4 * seen), np.inf),
        release_delay=release,
        release_longest=release,
    )


def of_kind(seed, n_stages, n_periods, times_drawn, quantities):
    structure, features, sources = component(seed, n_stages, n_periods)
    if times_drawn:
        structure, features, sources = with_drawn_times(structure, features, seed)
    if quantities:
        structure, features = with_quantities(structure, features, seed)
    return structure, features, sources


def with_reviews(seed, n_stages, n_periods, times_drawn):
    """A component of which most stages review in every period and begin with their base stock."""
    structure, features, _ = component(seed, n_stages, n_periods)
    rng = np.random.default_rng([seed, 3])
    n, level = len(structure.level), np.maximum(structure.level, 0.0)
    structure = structure._replace(
        level=level,
        review=np.where(rng.random(n) < 0.85, 1, structure.review),
        initial_stock=np.where(rng.random(n) < 0.9, level, structure.initial_stock),
    )
    laws = (*NEVER_NEGATIVE, LAWS[seed % 3])
    if times_drawn:
        return with_drawn_times(structure, features, seed, laws)
    return structure, features, laws_of(structure, seed, laws)


def single_kernel(structure, features, sources, *, n_runs=1, block=32, stops=()):
    """Sums by the kernel in single precision, the last of them what is held for quality."""
    sums, feature_sums = zero_sums(structure, features)
    for array in sums:
        array[:] = np.nan  # the kernel begins its own
    memory = np.empty(single_memory(single_sizes(structure, features, 0, 1, block)))
    memory.view(np.float32)[:] = np.nan  # and reads nothing of what was there
    work = single_work_for(structure, features, 0, 1, block, memory)
    tables, period = short_tables(sources), 0
    for stop in (*stops, int(structure.periods[0])):
        run_single(
            structure, np.ones(1, dtype=np.int64), sources, tables, period, stop, 0, n_runs, block,
            work, sums, feature_sums.in_release, nothing_watched(structure, single=True),
        )  # fmt: skip
        period = stop
    return Counted(*sums, feature_sums.in_release)


def double_kernel(structure, features, sources, *, n_runs=1):
    """The same by the kernel of all features."""
    sums, feature_sums = zero_sums(structure, features)
    memory = np.zeros((int(structure.row_ptr[1]), WIDTH))
    run_features(
        structure, features, 0, sources, 0, int(structure.periods[0]), 0, n_runs,
        start_feature_state(structure, features, 0), memory, sums, feature_sums,
    )  # fmt: skip
    return Counted(*sums, feature_sums.in_release)


JUDGED_BY = {"on_time": "due", "ordered_squared": "asked_squared", "component": "ordered"}
"""What a sum is found from by subtraction, or nearly: rounding is that of the larger number."""

COUNTS = ("ready", "shortages", "orders")
"""What lies within rounding of nothing may count as nothing in one precision alone."""


SQUARED = ("ordered_squared", "asked_squared")

TIPPED = 8.0
"""Largest orders, in periods: what it comes to where rounding puts off one that comes in lots."""


def assert_close(single, double, n_runs, lot=0.0):
    """Equal to rounding, but for a few sums that a decision within rounding of the other moves.

    An order of a lot may be put off by a review, goods may wait for a remainder or not.
    """
    for name, one, other in zip(double._fields, single, double, strict=True):
        one, other = one[:, :n_runs], other[:, :n_runs]
        judged = getattr(double, JUDGED_BY.get(name, name))[:, :n_runs]
        scale = max(float(np.abs(each).max(initial=0.0)) for each in (judged, other))
        bound = RELATIVE * max(scale, 1.0)
        bound = max(bound, 2.0) if name in COUNTS else bound
        apart = np.abs(one - other)
        assert (apart > bound).sum() <= apart.size / 3, name
        bound = max(10.0 * bound, 0.0 if name in SQUARED else TIPPED * lot)
        assert apart.max(initial=0.0) <= bound, name


def assert_same(one, other, n_runs):
    for name, a, b in zip(one._fields, one, other, strict=True):
        np.testing.assert_array_equal(a[:, :n_runs], b[:, :n_runs], err_msg=name)


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(1, 50), st.integers(1, 5), KINDS)
def test_single_is_double_to_rounding(seed, n_stages, n_periods, n_runs, kind):
    case = of_kind(seed, n_stages, n_periods, *kind)
    if not may_be_single(case[0], case[2], np.array([True]))[0]:  # a stage that nobody asks
        return
    double = double_kernel(*case, n_runs=n_runs)
    features = case[1]
    lot = float(np.maximum(features.order_multiple, features.minimum_order).max())
    assert_close(single_kernel(*case, n_runs=n_runs), double, n_runs, lot)


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEEDS, st.integers(1, 12), st.integers(1, 50), st.integers(1, 5), st.booleans())
def test_orders_that_are_last_periods_requests(seed, n_stages, n_periods, n_runs, times_drawn):
    case = with_reviews(seed, n_stages, n_periods, times_drawn)
    if not may_be_single(case[0], case[2], np.array([True]))[0]:
        return
    single = single_kernel(*case, n_runs=n_runs)
    assert_close(single, double_kernel(*case, n_runs=n_runs), n_runs)
    assert_same(single_kernel(*case, n_runs=n_runs, block=8), single, n_runs)


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(SEEDS, st.integers(1, 6), LONG, st.integers(1, 5), st.booleans())
def test_long_sums_are_those_of_double(seed, n_stages, n_periods, n_runs, times_drawn):
    """Without lots, since an order that rounding puts off is followed by others."""
    case = of_kind(seed, n_stages, n_periods, times_drawn, False)
    if not may_be_single(case[0], case[2], np.array([True]))[0]:
        return
    double = double_kernel(*case, n_runs=n_runs)
    assert_close(single_kernel(*case, n_runs=n_runs), double, n_runs)


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(SEEDS, st.integers(1, 6), LONG, st.sampled_from([8, 16]), KINDS)
def test_bits_do_not_depend_on_blocks_or_calls(seed, n_stages, n_periods, block, kind):
    case = of_kind(seed, n_stages, n_periods, *kind)
    if not may_be_single(case[0], case[2], np.array([True]))[0]:
        return
    whole = single_kernel(*case, n_runs=3)
    assert_same(single_kernel(*case, n_runs=3, block=block), whole, 3)
    assert_same(single_kernel(*case, n_runs=3, block=block, stops=(SUMMED,)), whole, 3)
    assert_same(single_kernel(*case, n_runs=40), whole, 3)
