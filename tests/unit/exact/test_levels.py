"""Given levels of stages in series: enumeration of all demands, one stage alone, conversions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.signal import fftconvolve

from echelon import distributions as ed
from echelon.errors import DomainError
from echelon.exact.multi_echelon.levels import (
    echelon_levels,
    installation_levels,
    serial_measures,
)
from echelon.exact.multi_echelon.serial import clark_scarf
from echelon.exact.single_stage.base_stock import single_stage

levels_of = st.lists(st.floats(-50.0, 200.0), min_size=1, max_size=6)


def enumerated(values, chances, own, periods):
    """The plain twin: every sequence of demands of the stages' periods, one after the other."""
    n = len(own)
    on_hand, owed, ready, before = np.zeros(n), np.zeros(n), 0.0, 0.0
    count = sum(periods)
    for picked in itertools.product(range(len(values)), repeat=count):
        chance = np.prod([chances[k] for k in picked])
        draws = [values[k] for k in picked]
        stage_demand, at = [], 0
        for time in periods:
            stage_demand.append(draws[at : at + time])
            at += time
        short = 0.0
        for stage in range(n - 1, -1, -1):
            needed = short + sum(stage_demand[stage])
            on_hand[stage] += chance * max(own[stage] - needed, 0.0)
            if stage == 0:  # without the demand of the last period
                before += chance * max(needed - stage_demand[0][-1] - own[0], 0.0)
            short = max(needed - own[stage], 0.0)
            owed[stage] += chance * short
        ready += chance * (short <= 1e-12)
    mean = float(np.dot(values, chances))
    return on_hand, owed, ready, 1.0 - (owed[0] - before) / mean


@pytest.mark.parametrize(
    "own", [[3.0, 2.0, 2.0], [4.0, 0.0, 3.0], [2.5, 1.5, 2.25], [2.3, 1.7, 2.9], [-1.0, 2.0, 1.0]]
)
def test_enumeration_of_all_demands(own):
    values, chances = [0.0, 1.0, 3.0], [0.5, 0.3, 0.2]
    periods = [2, 1, 2]
    told = serial_measures(
        ed.Empirical(values, chances),
        base_stock=own,
        holding_cost=[3.0, 2.0, 1.0],
        shortage_cost=10.0,
        lead_time=periods,
    )
    on_hand, owed, ready, filled = enumerated(values, chances, own, periods)
    assert told.on_hand == pytest.approx(on_hand, abs=1e-12)
    assert told.backorders == pytest.approx(owed, abs=1e-12)
    assert told.ready_rate == pytest.approx(ready, abs=1e-12)
    assert told.fill_rate == pytest.approx(filled, abs=1e-12)
    cost = np.dot([3.0, 2.0, 1.0], on_hand) + 10.0 * owed[0]
    assert told.cost == pytest.approx(cost + 0.9 * (2.0 * 2 + 1.0 * 1), abs=1e-11)
    assert told.cost_error == 0.0


@pytest.mark.parametrize("law", [ed.Normal(20.0, 6.0), ed.Gamma(10.0, 9.0), ed.Poisson(3.0)])
@pytest.mark.parametrize(("lead_time", "review"), [(3, 0), (2, 1), (0, 1), (1.5, 0)])
def test_one_stage_is_a_single_stage(law, lead_time, review):
    level = float(law.mean * (lead_time + review) + law.std)
    if law.discrete:
        level = round(level)
    alone = single_stage(law, lead_time, review).measures(level)
    told = serial_measures(
        law,
        base_stock=[level],
        holding_cost=[2.0],
        shortage_cost=9.0,
        lead_time=lead_time,
        review_period=review,
    )
    close = {"rel": 2e-6, "abs": 1e-8}
    assert told.on_hand[0] == pytest.approx(float(alone.on_hand), **close)
    assert told.backorders[0] == pytest.approx(float(alone.backorders), **close)
    assert told.ready_rate == pytest.approx(float(alone.ready_rate), **close)
    assert told.fill_rate == pytest.approx(float(alone.fill_rate), **close)
    assert told.pipeline_cost == 0.0


@pytest.mark.parametrize("law", [ed.Normal(20.0, 6.0), ed.Gamma(10.0, 9.0), ed.Poisson(6.0)])
def test_a_stage_upstream_with_ample_stock_is_not_seen(law):
    common = {"shortage_cost": 9.0, "holding_cost": [2.0, 1.0], "lead_time": [2, 3]}
    ample = serial_measures(law, base_stock=[45.0, 1e6], **common)
    alone = serial_measures(
        law, base_stock=[45.0], holding_cost=[2.0], shortage_cost=9.0, lead_time=[2]
    )
    assert ample.on_hand[0] == pytest.approx(alone.on_hand[0], rel=1e-6)
    assert ample.ready_rate == pytest.approx(alone.ready_rate, rel=1e-5)
    assert ample.on_hand[1] == pytest.approx(1e6 - 3 * law.mean, rel=1e-12)
    # and one without any adds its time
    none = serial_measures(law, base_stock=[90.0, 0.0], **common)
    both = serial_measures(
        law, base_stock=[90.0], holding_cost=[2.0], shortage_cost=9.0, lead_time=[5]
    )
    assert none.backorders[0] == pytest.approx(both.backorders[0], rel=1e-5, abs=1e-9)
    assert none.fill_rate == pytest.approx(both.fill_rate, rel=1e-5)


@settings(max_examples=30, deadline=None)
@given(
    own=st.lists(st.integers(0, 12), min_size=3, max_size=3),
    more=st.integers(0, 2),
    mean=st.floats(0.5, 4.0),
    review=st.integers(0, 1),
)
def test_stock_adds_up_and_more_of_it_serves_better(own, more, mean, review):
    common = {"holding_cost": [3.0, 2.0, 1.0], "shortage_cost": 9.0, "lead_time": [1, 1, 2]}
    common |= {"review_period": review}
    first = serial_measures(ed.Poisson(mean), base_stock=own, **common)
    higher = list(own)
    higher[more] += 2
    second = serial_measures(ed.Poisson(mean), base_stock=higher, **common)
    for told, stock in ((first, own), (second, higher)):
        owed_above = np.append(told.backorders[1:], 0.0)
        exposed = np.array([1 + review, 1, 2])
        net = np.array(stock) - owed_above - mean * exposed
        assert told.on_hand - told.backorders == pytest.approx(net, abs=1e-10)
        assert -1e-12 <= told.fill_rate <= 1.0
        assert (told.on_hand >= 0.0).all()
    assert second.ready_rate >= first.ready_rate - 1e-12
    assert second.fill_rate >= first.fill_rate - 1e-12
    assert second.backorders[0] <= first.backorders[0] + 1e-12


def test_fill_rate_where_no_stage_takes_time():
    told = serial_measures(
        ed.Poisson(3.0),
        base_stock=[0.0, 0.0],
        holding_cost=[2.0, 1.0],
        shortage_cost=9.0,
        lead_time=0,
    )
    assert (told.fill_rate, told.ready_rate, told.cost) == (1.0, 1.0, 0.0)
    known = serial_measures(
        ed.Deterministic(4.0),
        base_stock=[3.0, 4.0],
        holding_cost=[2.0, 1.0],
        shortage_cost=9.0,
        lead_time=[1, 1],
    )
    assert known.on_hand.tolist() == [0.0, 0.0]
    assert known.backorders.tolist() == [1.0, 0.0]
    assert (known.fill_rate, known.ready_rate) == (0.75, 0.0)


def test_echelon_levels_that_are_not_nested():
    common = {"holding_cost": [2.0, 1.0], "shortage_cost": 9.0, "lead_time": [1, 1]}
    one = serial_measures(ed.Poisson(3.0), echelon_base_stock=[9.0, 8.0], **common)
    other = serial_measures(ed.Poisson(3.0), echelon_base_stock=[8.0, 8.0], **common)
    assert one.echelon_base_stock.tolist() == [8.0, 8.0]
    assert one.base_stock.tolist() == [8.0, 0.0]
    assert one.cost == other.cost


@settings(max_examples=50, deadline=None)
@given(levels=levels_of, order=st.sampled_from(["downstream_first", "upstream_first"]))
def test_conversion_both_ways(levels, order):
    own = installation_levels(levels, stage_order=order)
    back = echelon_levels(own, stage_order=order)
    turn = slice(None) if order == "downstream_first" else slice(None, None, -1)
    nested = np.array([min(levels[turn][at:]) for at in range(len(levels))])
    assert back[turn] == pytest.approx(nested, abs=1e-9)
    assert (own[turn][1:] >= 0.0).all()
    assert installation_levels(back, stage_order=order) == pytest.approx(own, abs=1e-9)


def test_conversion_of_many():
    levels = np.array([[5.0, 9.0, 7.0], [1.0, 2.0, 4.0]])
    assert installation_levels(levels).tolist() == [[5.0, 2.0, 0.0], [1.0, 1.0, 2.0]]
    assert echelon_levels([[1, 1, 2]]).tolist() == [[1.0, 2.0, 4.0]]


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: installation_levels([1.0, np.nan]), r"base_stock\[1\] is nan"),
        (lambda: installation_levels(3.0), "has no axis"),
        (lambda: echelon_levels([1.0], stage_order="up"), "stage_order is 'up'"),
        (lambda: _measures(base_stock=[3, -1]), "is -1 at stage 2 from the customers"),
        (lambda: _measures(base_stock=[3, 1], echelon_base_stock=[3, 1]), "given twice"),
        (lambda: _measures(lead_time=1), "not at all"),
        (lambda: _measures(base_stock=[3, 1, 2]), "base_stock has 3 entries along its last axis"),
        (
            lambda: _measures(base_stock=[3, 1], lead_time=[ed.Empirical([0, 2], [0.5, 0.5]), 1]),
            "may be 0 periods",
        ),
    ],
)
def test_bad_input(ask, told):
    with pytest.raises(DomainError, match=told):
        ask()


def _measures(**changed):
    arguments = {"holding_cost": [2.0, 1.0], "shortage_cost": 9.0, "lead_time": [1, 1]}
    return serial_measures(ed.Poisson(3.0), **(arguments | changed))


def test_whole_demand_of_a_long_lattice_is_as_right_as_its_error_says():
    """Levels far beyond 32,768 units; the other value is a convolution over all whole units."""
    costs = {"echelon_holding_cost": [1.0, 1.0], "shortage_cost": 10.0, "lead_time": [1, 2]}
    levels = np.array([26_000, 55_000])
    told = serial_measures(ed.Geometric(1e4), echelon_base_stock=levels, **costs)
    units = np.arange(400_000)
    chance = 1.0 / 10_001.0
    two = stats.nbinom(2, chance).pmf(units)
    own = int(levels[1] - levels[0])
    late = two[own:].copy()
    late[0] = two[: own + 1].sum()
    seen = fftconvolve(late, stats.nbinom(1, chance).pmf(units))
    backorders = float((np.arange(seen.size - levels[0]) * seen[levels[0] :]).sum())
    assert told.backorders[0] == pytest.approx(backorders, rel=1e-6)
    assert told.cost_error > 0.0


def test_atoms_on_no_common_lattice_keep_their_least_values():
    """A sum is spread a little below its least value, where an atom is; it was cut off there."""
    values, chances = [1.0, 2.5, float(np.pi)], [0.3, 0.3, 0.4]
    costs = {"holding_cost": [3.0, 2.0, 1.0], "shortage_cost": 10.0, "lead_time": [1, 2, 1]}
    demand = ed.Empirical(values, chances)
    best = clark_scarf(demand, **costs)
    told = serial_measures(demand, base_stock=best.base_stock, **costs)
    on_hand, owed, *_ = enumerated(values, chances, best.base_stock, costs["lead_time"])
    assert told.on_hand == pytest.approx(on_hand, abs=1e-3)
    assert told.backorders == pytest.approx(owed, abs=1e-3)
    cost = np.dot([3.0, 2.0, 1.0], on_hand) + 10.0 * owed[0] + demand.mean * (2.0 + 2.0)
    assert best.cost == pytest.approx(cost, rel=3e-4)
    assert told.cost == pytest.approx(cost, rel=3e-4)
