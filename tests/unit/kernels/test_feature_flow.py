"""The flow kernel of all features: features that never act change no bit, and cases by hand."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels.feature_flow import feature_flow
from echelon.kernels.feature_flow_state import start_feature_state
from echelon.kernels.flow_arrays import BACKORDER_AGE, PROJECTED_SHORTAGE, WIDTH, FeatureSums, Sums
from tests.flow_cases import FlowCase, random_case

ASKERS = {"late", "due", "on_time", "lost"}
LANES = {"component", "in_transit", "expedited"}
EVENTS = {"events", "survived", "survive", "recover", "recovered"}
RUNS = 3


def run(case):
    """Both kinds of sums, by name."""
    structure, features, draws = case
    wide = np.zeros((*draws.shape[:2], WIDTH))
    wide[:, :, :RUNS] = draws
    size = dict.fromkeys(ASKERS, structure.asker_lane.size)
    size |= dict.fromkeys(LANES, structure.units.size)
    size |= dict.fromkeys(EVENTS, features.disruption_row.size)
    sums, feature_sums = (
        names(*(np.zeros((size.get(name, structure.level.size), WIDTH)) for name in names._fields))
        for names in (Sums, FeatureSums)
    )
    state = start_feature_state(structure, features, 0)
    n_periods = draws.shape[1]
    feature_flow(structure, features, 0, wide, 0, n_periods, RUNS, state, sums, feature_sums)
    return {**sums._asdict(), **feature_sums._asdict()}


def plain_case(seed):
    """A component without any feature."""
    return random_case(seed, n_stages=4, n_periods=8, runs=RUNS, features=False)


def with_rows(case, *rows):
    """The case with drawn rows added, and the numbers of those."""
    first = len(case.draws)
    shape = case.draws.shape[1:]
    added = np.array([np.broadcast_to(np.asarray(row, dtype=float), shape) for row in rows])
    draws = np.concatenate([case.draws, added.reshape(-1, *shape)])
    structure = case.structure._replace(row_ptr=np.array([0, len(draws)], dtype=np.int64))
    return FlowCase(structure, case.features, draws), np.arange(first, len(draws))


def capacity(case):
    stages = case.structure.level.size
    return case._replace(features=case.features._replace(capacity=np.full(stages, 1e9)))


def lost_share_and_yield(case):
    stages = case.structure.level.size
    case, rows = with_rows(case, *np.ones(stages))
    return case._replace(features=case.features._replace(yield_row=rows))


def times_of_no_spread(case):
    make, lane = case.structure.make_delay, case.structure.lane_delay
    case, rows = with_rows(case, *make, *lane)
    features = case.features._replace(make_row=rows[: len(make)], lane_row=rows[len(make) :])
    return case._replace(features=features)


def disruption_that_never_happens(case):
    stages, lanes = case.structure.level.size, case.structure.units.size
    number = stages + lanes
    case, rows = with_rows(case, *np.zeros(number))
    return case._replace(
        features=case.features._replace(
            down_ptr=np.arange(stages + 1),
            down_of=np.arange(stages),
            lane_down_ptr=np.arange(lanes + 1),
            lane_down_of=np.arange(stages, number),
            disruption_ptr=np.array([0, number]),
            disruption_row=rows,
            capacity_left=np.zeros(number),
            stock_destroyed=np.ones(number),
            in_transit_held=np.ones(number, dtype=np.int64),
            ships=np.zeros(number, dtype=np.int64),
        )
    )


def never_expedited(rule, after):
    def change(case):
        lanes = case.structure.units.size
        return case._replace(
            features=case.features._replace(
                expedite_rule=np.full(lanes, rule),
                expedite_after=np.full(lanes, after),
                expedite_delay=np.full(lanes, 1),
            )
        )

    return change


def shelf_life_never_reached(case):
    stages = case.structure.level.size
    return case._replace(features=case.features._replace(shelf_life=np.full(stages, 60)))


@pytest.mark.parametrize(
    "change",
    [
        capacity,
        lost_share_and_yield,
        times_of_no_spread,
        disruption_that_never_happens,
        never_expedited(BACKORDER_AGE, 50),
        never_expedited(PROJECTED_SHORTAGE, -10_000),
        shelf_life_never_reached,
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_a_feature_that_never_acts_changes_no_bit(change, seed):
    case = plain_case(seed)
    without, configured = run(case), run(change(case))
    for name in Sums._fields:
        np.testing.assert_array_equal(without[name], configured[name], err_msg=name)
    for name in FeatureSums._fields:
        assert not configured[name].any(), name


def one_stage(demand, *, level, make, **features):
    """A stage supplied from outside at once, with one segment of known demand."""
    case = random_case(0, n_stages=1, n_periods=len(demand), runs=RUNS, features=False)
    whole = dict.fromkeys(("review", "phase", "outside_delay", "serve_delay", "allocation"), 0)
    structure = case.structure._replace(
        row_ptr=np.array([0, 1]),
        warmup=np.array([0]),
        asker_ptr=np.array([0, 1]),
        asker_lane=np.array([-1]),
        asker_row=np.array([0]),
        level=np.array([level]),
        initial_stock=np.array([level]),
        make_delay=np.array([make]),
        nominal_delay=np.array([make]),
        tolerance=np.array([1e-9]),
        **{name: np.array([value]) for name, value in whole.items()},
    )
    changed = {name: np.array([value]) for name, value in features.items()}
    inert = case.features._replace(
        level_at=np.array([level]),
        make_longest=np.array([make]),
        minimum_life=np.array([0]),
        **changed,
    )
    draws = np.repeat(np.array(demand, dtype=float)[None, :, None], RUNS, axis=2)
    return FlowCase(structure, inert, draws)


def test_capacity_by_hand():
    """Base stock 4, made at once, 3 a period: 10 asked, 4 + 3 served, the rest as it is made."""
    sums = run(one_stage([10, 0, 0, 0], level=4.0, make=0, capacity=3.0))
    # of 10 ordered 3 start in periods 0, 1 (to the 3 who wait), 2, and 1 in period 3
    assert sums["late"][0, 0] == 3.0
    assert sums["on_time"][0, 0] == 7.0
    assert sums["on_hand"][0, 0] == 0.0 + 0.0 + 3.0 + 4.0
    assert sums["ordered"][0, 0] == 10.0


def test_lost_sales_by_hand():
    """Base stock 4, made in 1 period: of 6 asked 2 are lost, and not ordered again."""
    sums = run(one_stage([6, 0, 3], level=4.0, make=1, lost_share=1.0))
    # 6 ordered before 2 are lost: position 6, 6 arrive in period 1; 3 of them go in period 2
    assert sums["lost"][0, 0] == 2.0
    assert sums["late"][0, 0] == 0.0
    assert sums["on_hand"][0, 0] == 0.0 + 6.0 + 3.0
    assert sums["ordered"][0, 0] == 6.0 + 0.0 + 1.0
    assert sums["shortages"][0, 0] == 1.0
    assert sums["in_process"][0, 0] == 6.0 + 0.0 + 1.0


def test_shelf_life_by_hand():
    """Base stock 5, life 2: of 5 fresh in period 0, 1 is sold at once and 4 expire in period 1."""
    sums = run(one_stage([1, 0, 0, 0], level=5.0, make=1, shelf_life=2))
    # the 1 made in period 0 comes in 1 and expires at the end of 2; the 4 of period 2 come in 3
    assert sums["expired"][0, 0] == 4.0 + 1.0
    assert sums["on_hand"][0, 0] == 4.0 + 1.0 + 0.0 + 4.0
    assert sums["ordered"][0, 0] == 1.0 + 0.0 + 4.0 + 1.0
