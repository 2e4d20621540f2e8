"""Goods by age that go straight from their lane to stock: equal to the plain twin, and to lists."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels._jit import COMPILED
from echelon.kernels.feature_flow_lots import COUNT
from echelon.simulation.plain.flow import flow
from tests.flow_cases import FlowCase, random_case
from tests.property.test_feature_flow import CLOSE, run_kernel

CASES = 120 if COMPILED else 40


def straight_case(seed):
    """A component in which perishable goods pass most stages without a stop."""
    rng = np.random.default_rng(seed)
    case = random_case(seed, n_stages=int(rng.integers(2, 7)), n_periods=24, runs=3)
    structure, features, draws = case
    n, n_lanes = len(structure.level), len(structure.units)
    none = np.full(n, -1)
    features = features._replace(
        capacity=np.full(n, np.inf),
        open_ptr=np.zeros(n + 1, dtype=np.int64),
        down_ptr=np.zeros(n + 1, dtype=np.int64),
        lane_down_ptr=np.zeros(n_lanes + 1, dtype=np.int64),
        make_row=none,
        make_longest=structure.make_delay,
        release_row=none,
        release_longest=features.release_delay,
        yield_row=none,
        expedite_rule=np.zeros(n_lanes, dtype=np.int64),
    )
    return FlowCase(structure, features, draws)


@pytest.fixture(scope="module")
def cases():
    """Those of many in which a lane is a straight one, and what the kernel made of them."""
    found = []
    for seed in range(CASES):
        case = straight_case(seed)
        sums, feature_sums, state = run_kernel(case)
        if (state.doomed_ages >= 0).any():
            found.append((case, sums, feature_sums, state))
    return found


def test_there_are_cases_of_every_kind(cases):
    assert len(cases) > CASES // 20
    assert any((state.doomed == 1).any() for *_, state in cases)
    assert any((state.doomed == 0).all() for *_, state in cases)
    assert any(
        (case.features.lane_row[state.doomed_ages >= 0] >= 0).any() for case, *_, state in cases
    )
    assert any(
        (case.features.lane_row[state.doomed_ages >= 0] < 0).any() for case, *_, state in cases
    )
    assert any(feature_sums.expired.any() for _, _, feature_sums, _ in cases)


def test_kernel_and_plain_twin_give_the_same_sums(cases):
    for case, sums, feature_sums, _ in cases:
        slow = flow(case.structure, case.features, case.draws)
        for ours, theirs in zip((sums, feature_sums), slow, strict=True):
            for name, one, two in zip(ours._fields, ours, theirs, strict=True):
                np.testing.assert_allclose(
                    one[:, :3], two, rtol=CLOSE, atol=CLOSE * 1000, err_msg=name
                )


def in_lists(state):
    """How many lots are in lists."""
    return int(state.heads[:, :, COUNT].sum())


def test_units_in_lists_are_the_stock_on_hand(cases):
    """Of all goods, where the run could go on until the last of them are too old."""
    left_out = 0
    for case, _, _, short in cases:
        structure = case.structure._replace(periods=case.structure.periods + 1_000)
        *_, state = run_kernel(case._replace(structure=structure))
        assert in_lists(short) <= in_lists(state)
        left_out += in_lists(state) - in_lists(short)
        on_hand = state.on_hand(structure)
        for j in np.flatnonzero(state.stock_ages >= 0):
            for r in range(3):
                begin, mask, front, count = state.heads[state.stock_ages[j], r]
                lots = [begin + 3 * ((front + i) & mask) for i in range(count)]
                assert sum(state.lots[at + 2] for at in lots) == pytest.approx(
                    on_hand[j, r], rel=CLOSE, abs=CLOSE * 1000
                )
    assert left_out > 0
