"""The plain engine on random components with every feature on: no unit is lost or made.

What holds in every period whatever the features: stock, lanes and positions balance, orders obey
their rounding, and features that are configured but never bite change nothing, to the last bit.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.kernels.flow_arrays import BACKORDER_AGE
from echelon.policies.rounding import OrderRounding
from echelon.simulation.plain.flow import flow
from echelon.simulation.plain.goods import Line, first_expired
from tests.flow_cases import flow_cases, random_case

EXAMPLES = 80
CLOSE = 1e-9


def periods_of(case):
    """Records of a run, ``[period][stage]``."""
    records = []
    sums, feature_sums = flow(*case, records=records)
    n_stages = len(case.structure.level)
    steps = [records[i : i + n_stages] for i in range(0, len(records), n_stages)]
    return steps, sums, feature_sums


def close(one, other, message=""):
    np.testing.assert_allclose(one, other, rtol=CLOSE, atol=1e-8, err_msg=message)


def askers_of(structure, j):
    return range(structure.asker_ptr[j], structure.asker_ptr[j + 1])


def lanes_into(structure, j):
    return range(structure.lane_ptr[j], structure.lane_ptr[j + 1])


@settings(max_examples=EXAMPLES)
@given(flow_cases())
def test_what_a_stage_has_and_expects_changes_by_what_it_orders_ships_and_loses(case):
    """Clause 5, and the waste: on hand + on order, from one period to the next."""
    steps, _, _ = periods_of(case)
    on_hand = case.structure.initial_stock[:, None] + np.zeros(case.draws.shape[2])
    had = list(on_hand)
    for step in steps:
        for j, record in enumerate(step):
            flows = record.flows
            returned = sum(
                np.maximum(-asker["request"], 0.0)
                for a, asker in zip(askers_of(case.structure, j), record.askers, strict=True)
                if case.structure.asker_lane[a] < 0
            )
            wasted = flows["expired"] + flows["destroyed"] + flows["scrapped"]
            has = flows["on_hand"] + flows["on_order"]
            close(has, had[j] + flows["order"] + returned - flows["shipped"] - wasted)
            close(flows["position"], has - flows["owed"], "clause 5")
            close(flows["on_hand"], record.ages.sum(axis=0))
            had[j] = has


@settings(max_examples=EXAMPLES)
@given(flow_cases())
def test_what_is_on_order_is_somewhere(case):
    """With a supplier, on the way, waiting for the other parts, being made, or in release."""
    structure, features = case.structure, case.features
    steps, _, _ = periods_of(case)
    runs = case.draws.shape[2]
    owed = np.zeros((len(structure.units), runs))  # by the supplier, on a lane
    ordered = np.zeros((len(structure.level), len(steps), runs))
    for period, step in enumerate(steps):
        for j, record in enumerate(step):
            for a, asker in zip(askers_of(structure, j), record.askers, strict=True):
                k = structure.asker_lane[a]
                if k >= 0:
                    owed[k] += asker["request"] - asker["shipped"]
        for j, record in enumerate(step):
            flows = record.flows
            ordered[j, period] = flows["order"]
            inside = flows["in_process"] + flows["in_release"]
            for k in lanes_into(structure, j):
                if features.group_first[k] != k:
                    continue
                members = [m for m in lanes_into(structure, j) if features.group_first[m] == k]
                first = structure.lane_ptr[j]
                outside = sum(owed[m] + record.transit[m - first] for m in members)
                parts = outside + record.component[k - first]
                close(parts, structure.units[k] * (flows["on_order"] - inside), f"lane {k}")
            delay = structure.outside_delay[j]
            if delay >= 0:
                coming = ordered[j, max(period - delay + 1, 0) : period + 1].sum(axis=0)
                close(coming + flows["outside_stock"] + inside, flows["on_order"], "outside")


@settings(max_examples=EXAMPLES)
@given(flow_cases())
def test_what_enters_a_lane_leaves_it(case):
    structure = case.structure
    steps, _, _ = periods_of(case)
    under_way = np.zeros((len(structure.units), case.draws.shape[2]))
    for step in steps:
        for j, record in enumerate(step):
            for a, asker in zip(askers_of(structure, j), record.askers, strict=True):
                if structure.asker_lane[a] >= 0:
                    under_way[structure.asker_lane[a]] += asker["shipped"]
            for k, lane in zip(lanes_into(structure, j), record.lanes, strict=True):
                under_way[k] -= lane["arrived"] + lane["dead"]
                close(lane["in_transit"], under_way[k])


@settings(max_examples=EXAMPLES)
@given(flow_cases())
def test_nothing_is_negative_and_service_adds_up(case):
    steps, sums, feature_sums = periods_of(case)
    may_be_negative = {"demand", "net_inventory", "position"}
    for step in steps:
        for record in step:
            for name, flows in record.flows.items():
                if name not in may_be_negative:
                    assert (flows >= -1e-8).all(), name
            assert (record.ages >= 0.0).all()
            assert all((parts >= 0.0).all() for parts in record.component)
            assert all((goods >= -1e-8).all() for goods in record.transit)
            for asker in record.askers:
                assert (asker["late"] >= -1e-8).all()
                assert (asker["lost"] >= 0.0).all()
                assert (asker["on_time"] <= asker["due"] + 1e-8).all()
    for name, values in [*sums._asdict().items(), *feature_sums._asdict().items()]:
        assert (values >= -1e-8).all(), name
    assert (feature_sums.recovered <= feature_sums.events).all()
    assert (feature_sums.survived <= feature_sums.events).all()


@settings(max_examples=EXAMPLES)
@given(flow_cases())
def test_orders_are_allowed_ones_in_periods_of_review(case):
    structure, features = case.structure, case.features
    steps, _, _ = periods_of(case)
    for period, step in enumerate(steps):
        for j, record in enumerate(step):
            order, review = record.flows["order"], structure.review[j]
            if review >= 1 and (period - structure.phase[j]) % review != 0:
                assert not order.any()
            rule = OrderRounding(
                features.order_multiple[j], features.minimum_order[j], features.maximum_order[j]
            )
            placed = order[order > 0.0]
            assert (placed >= rule.least * (1.0 - CLOSE)).all()
            assert (placed <= rule.most * (1.0 + CLOSE)).all()
            if rule.multiple > 0.0:
                packs = placed / rule.multiple
                close(packs, np.rint(packs))
            started = record.flows["started"]
            assert (started <= features.capacity[j] * (1.0 + CLOSE)).all()
            first, last = features.open_ptr[j : j + 2]
            if last > first and features.open_at[first + period % (last - first)] == 0.0:
                assert not started.any()


class _Watch:
    """Order up to a level of the installation, and keep what was seen."""

    def __init__(self, level):
        self.level, self.views = level, []

    def order_at(self, view):
        self.views.append(view)
        return np.maximum(self.level - view.position, 0.0)


@settings(max_examples=EXAMPLES // 2)
@given(flow_cases(features=False))
def test_an_echelon_position_moves_by_own_orders_and_by_customers_alone(case):
    """Orders between stages cancel: what one stage is owed, the next one owes."""
    structure = case.structure
    n_stages = len(structure.level)
    watches = {j: _Watch(structure.level[j]) for j in range(n_stages)}
    records = []
    flow(*case, policies=watches, records=records)
    units = np.eye(n_stages)  # units of stage j in one unit of stage i
    for j in reversed(range(n_stages)):
        for a in askers_of(structure, j):
            if structure.asker_lane[a] >= 0:
                k = structure.asker_lane[a]
                units[j] += structure.units[k] * units[structure.receiver[k]]
    bought = np.zeros((n_stages, *case.draws.shape[1:]))
    for j in range(n_stages):
        for a in askers_of(structure, j):
            if structure.asker_lane[a] < 0:
                bought[j] += case.draws[structure.asker_row[a]]
    order = np.array([record.flows["order"] for record in records])
    order = order.reshape(-1, n_stages, case.draws.shape[2])
    for j, watch in watches.items():
        for view in watch.views:
            # A review before the demand of its period has seen that of the periods before.
            last = view.period + (1 if structure.review[j] == 0 else 0)
            used = np.tensordot(units[j], bought[:, :last].sum(axis=1), axes=1)
            start = units[j] @ structure.initial_stock
            placed = order[: view.period, j].sum(axis=0)
            close(view.echelon_position, start + placed - used)


def _inert(case):
    """Every feature configured so that it never bites."""
    structure, features = case.structure, case.features
    n, n_lanes = len(structure.level), len(structure.units)
    n_rows, (periods, runs) = len(case.draws), case.draws.shape[1:]
    added = []

    def rows(values):
        added.extend(np.full((periods, runs), float(value)) for value in values)
        last = n_rows + len(added)
        return np.arange(last - len(values), last, dtype=np.int64)

    configured = features._replace(
        level_ptr=np.arange(0, 2 * n + 1, 2, dtype=np.int64),
        level_at=np.repeat(structure.level, 2),
        reorder_at=np.full(2 * n, np.nan),
        capacity=np.full(n, 1e12),
        open_ptr=np.arange(n + 1, dtype=np.int64),
        open_at=np.ones(n),
        make_row=rows(structure.make_delay),
        release_row=rows(np.zeros(n)),
        lane_row=rows(structure.lane_delay),
        yield_row=rows(np.ones(n)),
        down_ptr=np.arange(n + 1, dtype=np.int64),
        down_of=np.arange(n, dtype=np.int64),
        lane_down_ptr=np.arange(n_lanes + 1, dtype=np.int64),
        lane_down_of=np.arange(n, n + n_lanes, dtype=np.int64),
        disruption_ptr=np.array([0, n + n_lanes], dtype=np.int64),
        disruption_row=rows(np.zeros(n + n_lanes)),
        capacity_left=np.zeros(n + n_lanes),
        stock_destroyed=np.ones(n + n_lanes),
        in_transit_held=np.ones(n + n_lanes, dtype=np.int64),
        ships=np.zeros(n + n_lanes, dtype=np.int64),
        expedite_rule=np.full(n_lanes, BACKORDER_AGE, dtype=np.int64),
        expedite_after=np.full(n_lanes, periods + 1, dtype=np.int64),
    )
    return case._replace(
        features=configured, draws=np.concatenate([case.draws, *(row[None] for row in added)])
    )


@settings(max_examples=EXAMPLES)
@given(flow_cases(features=False))
def test_features_that_never_bite_change_no_bit(case):
    plain, _ = flow(case.structure, None, case.draws)
    off, _ = flow(*case)
    idle, feature_sums = flow(*_inert(case))
    for name in plain._fields:
        np.testing.assert_array_equal(getattr(off, name), getattr(plain, name), err_msg=name)
        np.testing.assert_array_equal(getattr(idle, name), getattr(plain, name), err_msg=name)
    for name, values in feature_sums._asdict().items():
        assert not values.any(), name


@settings(max_examples=EXAMPLES // 4)
@given(flow_cases())
def test_runs_do_not_meet(case):
    """Each run alone gives what it gives beside the others."""
    together = flow(*case)
    for run in range(case.draws.shape[2]):
        alone = flow(case.structure, case.features, case.draws[:, :, run : run + 1])
        for many, one in zip(together, alone, strict=True):
            for name in many._fields:
                np.testing.assert_allclose(
                    getattr(one, name)[:, 0], getattr(many, name)[:, run], rtol=CLOSE, atol=1e-9
                )


@given(
    st.lists(st.floats(0.0, 9.0), min_size=1, max_size=6),
    st.floats(0.0, 30.0),
    st.integers(0, 7),
)
def test_no_younger_unit_is_issued_before_an_older_one_that_will_do(stock, wanted, least_life):
    goods = np.array(stock)[:, None]
    taken, left = first_expired(goods, np.array([wanted]), least_life)
    eligible = slice(max(least_life, 1) - 1, None)
    close(taken + left, goods)
    assert not taken[: max(least_life, 1) - 1].any()
    assert taken.sum() == pytest.approx(min(wanted, goods[eligible].sum()), abs=1e-12)
    for younger in range(1, len(stock)):
        if taken[younger] > 1e-12:
            assert (left[eligible][: max(younger - (eligible.start), 0)] <= 1e-12).all()


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.booleans(), st.data())
def test_later_goods_overtake_only_where_that_is_allowed(times, overtaking, data):
    """Goods of each period have a class of their own, as a mark; a held period moves all."""
    n = len(times)
    held_at = data.draw(st.sets(st.integers(0, n + 5), max_size=3))
    line = Line((n, 1), ages=False, overtaking=overtaking, tolerance=0.0)
    left = np.full(n, -1)
    for period in range(n + 12):
        goods = np.zeros((n, 1))
        line.hold(np.array([period in held_at]))
        if period < n and period not in held_at:
            goods[period] = 1.0
        line.enter(period, goods, times[period] if period < n else 0.0)
        leaving, _ = line.leave(period)
        assert period not in held_at or not leaving.any()
        left[leaving[:, 0] > 0.0] = period
        assert (
            line.content[0]
            == sum(1 for t in range(n) if t not in held_at and t <= period) - (left >= 0).sum()
        )
    entered = [t for t in range(n) if t not in held_at]
    assert all(left[t] >= t + times[t] for t in entered)
    if not held_at:
        own = [t + times[t] for t in range(n)]
        expected = own if overtaking else np.maximum.accumulate(own)
        assert left.tolist() == list(expected)
    if not overtaking:
        assert (np.diff(left[entered]) >= 0).all()


def test_the_random_components_show_every_feature_at_work():
    """Else the properties above would hold of nothing; counted over 200 components."""
    names = [
        *("expired", "destroyed", "scrapped", "lost", "expedited", "in_release"),
        *("events", "survived", "survive", "recover", "recovered"),
        *("shortages", "whole_cycles", "component"),
    ]
    seen = dict.fromkeys(names, 0)
    for seed in range(200):
        case = random_case(seed, n_stages=1 + seed % 5, n_periods=16, runs=1)
        sums, feature_sums = flow(*case)
        for name in names:
            values = getattr(sums, name, None)
            values = getattr(feature_sums, name) if values is None else values
            seen[name] += bool(values.any())
    assert min(seen.values()) >= 4, seen
