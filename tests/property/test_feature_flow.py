"""The flow kernel of all features: equal to its plain twin, and in blocks the same run."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.kernels._jit import COMPILED
from echelon.kernels.feature_flow import feature_flow
from echelon.kernels.feature_flow_state import start_feature_state
from echelon.kernels.flow_arrays import WIDTH, FeatureSums, Sums
from echelon.simulation.plain.flow import flow
from tests.flow_cases import FlowCase, flow_cases

EXAMPLES = 150 if COMPILED else 15
CLOSE = 1e-9


def zero_sums(case: FlowCase) -> tuple[Sums, FeatureSums]:
    """Sums of a component before its first period."""
    structure, features, _ = case
    n = {
        "stages": structure.level.size,
        "lanes": structure.units.size,
        "askers": structure.asker_lane.size,
        "disruptions": features.disruption_row.size,
    }
    kind = dict.fromkeys(("late", "due", "on_time", "lost"), "askers")
    kind |= dict.fromkeys(("component", "in_transit", "expedited"), "lanes")
    kind |= dict.fromkeys(("events", "survived", "survive", "recover", "recovered"), "disruptions")
    return tuple(  # type: ignore[return-value]
        names(*(np.zeros((n[kind.get(name, "stages")], WIDTH)) for name in names._fields))
        for names in (Sums, FeatureSums)
    )


def run_kernel(case: FlowCase, cuts: tuple[int, ...] = ()):
    """Sums and the last state of a run, cut into blocks before the periods given."""
    structure, features, draws = case
    n_rows, n_periods, n_runs = draws.shape
    wide = np.zeros((n_rows, n_periods, WIDTH))
    wide[:, :, :n_runs] = draws
    sums, feature_sums = zero_sums(case)
    state = start_feature_state(structure, features, 0)
    bounds = [0, *cuts, n_periods]
    for first, last in pairwise(bounds):
        block = np.ascontiguousarray(wide[:, first:last])
        feature_flow(
            structure, features, 0, block, first, last - first, n_runs, state, sums, feature_sums
        )
    return sums, feature_sums, state


@settings(max_examples=EXAMPLES)
@given(flow_cases())
def test_kernel_and_plain_twin_give_the_same_sums(case):
    n_runs = case.draws.shape[2]
    *fast, _ = run_kernel(case)
    slow = flow(case.structure, case.features, case.draws)
    for ours, theirs in zip(fast, slow, strict=True):
        for name, one, two in zip(ours._fields, ours, theirs, strict=True):
            np.testing.assert_allclose(
                one[:, :n_runs], two, rtol=CLOSE, atol=CLOSE * 1000, err_msg=name
            )
            assert not one[:, n_runs:].any()


@settings(max_examples=EXAMPLES // 3)
@given(flow_cases(), st.data())
def test_a_run_in_blocks_of_periods_is_the_same_run(case, data):
    n_periods = case.draws.shape[1]
    cuts = sorted(data.draw(st.sets(st.integers(0, n_periods), max_size=3)))
    whole, parts = run_kernel(case), run_kernel(case, tuple(cuts))
    for one, two in zip(whole, parts, strict=True):
        for (name, a), (_, b) in zip(arrays(one), arrays(two), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


def arrays(named):
    """Arrays of a named tuple and of those in it, by name."""
    for name, part in zip(named._fields, named, strict=True):
        if hasattr(part, "_fields"):
            yield from arrays(part)
        else:
            yield name, part
