"""Exact stock, service, waiting times and levels of a warehouse with retailers, on small cases."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from echelon.errors import DomainError
from echelon.exact.multi_echelon.distribution_levels import (
    two_echelon_for_backorders,
    two_echelon_for_fill_rate,
    two_echelon_levels,
)
from echelon.exact.multi_echelon.metric import graves_two_moment, metric
from echelon.exact.multi_echelon.two_echelon import axsater
from echelon.exact.multi_echelon.waiting import two_echelon_waiting

RATE, TIME = np.array([0.3, 0.8, 0.5]), np.array([1.0, 2.0, 0.5])
SYSTEM = {"lead_time": TIME, "warehouse_lead_time": 3.0}
WHOLE = float(RATE.sum())


def delay_chance(stock, after=0.0):
    """P(W > after) with W the wait at the warehouse: an Erlang time falls short."""
    return 1.0 if stock == 0 else float(stats.gamma.cdf(3.0 - after, stock, scale=1.0 / WHOLE))


def over_delays(value, stock):
    """E value(W): by quadrature over the Erlang time of the order that serves this one."""
    if stock == 0:
        return value(3.0)
    density = stats.gamma(stock, scale=1.0 / WHOLE).pdf
    late, _ = quad(lambda wait: density(3.0 - wait) * value(wait), 0.0, 3.0, epsabs=1e-12)
    return late + (1.0 - delay_chance(stock)) * value(0.0)


@pytest.mark.parametrize("stock", [0, 1, 3, 6, 12])
def test_fill_rate_over_the_waiting_time_at_the_warehouse(stock):
    """The unit's own history, another way than counting orders: fewer than S demands in L + W."""
    level = np.array([1, 3, 2])
    told = axsater(RATE, base_stock=level, warehouse_base_stock=stock, **SYSTEM)
    for i in range(3):
        want = over_delays(
            lambda wait, i=i: stats.poisson.cdf(level[i] - 1, RATE[i] * (TIME[i] + wait)), stock
        )
        assert told.fill_rate[i] == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize("stock", [0, 1, 3, 6])
@pytest.mark.parametrize("within", [0.0, 0.3, 0.5, 0.9, 1.7, 2.6, 4.9, 5.0, 6.0])
def test_on_time_rate_over_the_waiting_time_at_the_warehouse(stock, within):
    level = np.array([0, 3, 2])
    told = two_echelon_waiting(
        RATE, within=within, base_stock=level, warehouse_base_stock=stock, **SYSTEM
    )
    for i in range(3):
        if level[i]:
            want = over_delays(
                lambda wait, i=i: stats.poisson.cdf(
                    level[i] - 1, RATE[i] * max(TIME[i] + wait - within, 0.0)
                ),
                stock,
            )
        elif within < TIME[i]:
            want = 0.0
        else:
            want = 1.0 if within >= TIME[i] + 3.0 else 1.0 - delay_chance(stock, within - TIME[i])
        assert told.on_time_rate[i] == pytest.approx(want, abs=1e-7)
    sent = 1.0 if within >= 3.0 else 1.0 - delay_chance(stock, within)
    assert told.order_on_time_rate == pytest.approx([sent] * 3, abs=1e-12)


def test_waiting_times_average_to_the_mean_wait_and_begin_at_the_fill_rate():
    given = {"base_stock": [1, 2, 0], "warehouse_base_stock": 2, **SYSTEM}
    told = axsater(RATE, **given)
    times = np.linspace(0.0, 5.0, 20_001)
    curve = two_echelon_waiting(RATE, within=times[:, None], **given)
    assert curve.on_time_rate[0] == pytest.approx(told.fill_rate, abs=1e-12)
    assert np.trapezoid(1.0 - curve.on_time_rate, times, axis=0) == pytest.approx(
        told.wait, rel=2e-4
    )
    assert np.trapezoid(1.0 - curve.order_on_time_rate[:, 0], times) == pytest.approx(
        told.warehouse_wait, rel=2e-4
    )
    assert (np.diff(curve.on_time_rate, axis=0) >= -1e-12).all()


def test_two_moments_are_closer_than_one():
    rng = np.random.default_rng(5)
    rate = rng.uniform(0.05, 1.5, (300, 4))
    given = {
        "lead_time": rng.uniform(0.2, 3.0, (300, 4)), "base_stock": rng.integers(0, 6, (300, 4)),
        "warehouse_lead_time": rng.uniform(0.5, 5.0, 300),
        "warehouse_base_stock": rng.integers(0, 12, 300),
    }  # fmt: skip
    exact = axsater(rate, **given).backorders
    one = np.abs(metric(rate, **given).backorders - exact)
    two = np.abs(graves_two_moment(rate, **given).backorders - exact)
    assert two.mean() < 0.1 * one.mean()
    assert (metric(rate, **given).backorders <= exact + 1e-12).all()


costs = st.floats(0.2, 5.0)


@settings(max_examples=25, deadline=None)
@given(
    rate=st.lists(st.floats(0.05, 0.8), min_size=1, max_size=2),
    time=st.floats(0.0, 2.0),
    warehouse_time=st.floats(0.0, 2.5),
    hold=costs,
    ratio=st.floats(0.5, 20.0),
    central=costs,
)
def test_levels_of_least_cost_against_enumeration(rate, time, warehouse_time, hold, ratio, central):
    times = {"lead_time": time, "warehouse_lead_time": warehouse_time}
    price = {
        "holding_cost": hold, "shortage_cost": hold * ratio, "warehouse_holding_cost": central
    }  # fmt: skip
    told = two_echelon_levels(rate, **times, **price)
    at = axsater(
        rate, base_stock=told.base_stock, warehouse_base_stock=told.warehouse_base_stock, **times
    )
    assert at.cost(**price) == pytest.approx(told.system_cost, rel=1e-9)
    grid = np.array(list(itertools.product(range(9), repeat=len(rate) + 1)))
    every = axsater(rate, base_stock=grid[:, 1:], warehouse_base_stock=grid[:, 0], **times)
    assert told.system_cost <= every.cost(**price).min() * (1.0 + 1e-9)


@settings(max_examples=25, deadline=None)
@given(
    rate=st.lists(st.floats(0.05, 0.8), min_size=2, max_size=2),
    target=st.floats(0.3, 0.97),
    time=st.floats(0.0, 1.5),
    warehouse_time=st.floats(0.0, 2.0),
    values=st.tuples(costs, costs, costs),
)
def test_levels_for_targets_against_enumeration(rate, target, time, warehouse_time, values):
    times = {"lead_time": time, "warehouse_lead_time": warehouse_time}
    worth = {"unit_value": list(values[:2]), "warehouse_unit_value": values[2]}
    grid = np.array(list(itertools.product(range(10), repeat=3)))
    every = axsater(rate, base_stock=grid[:, 1:], warehouse_base_stock=grid[:, 0], **times)
    value = grid @ np.array([values[2], *values[:2]])

    told = two_echelon_for_fill_rate(rate, fill_rate=target, **times, **worth)
    at = axsater(
        rate, base_stock=told.base_stock, warehouse_base_stock=told.warehouse_base_stock, **times
    )
    assert (at.fill_rate >= target - 1e-12).all()
    reached = (every.fill_rate >= target).all(axis=1)
    if reached.any():
        assert told.system_value <= value[reached].min() + 1e-9
    assert told.system_value_bound == pytest.approx(told.system_value)

    short = (1.0 - target) * sum(rate)
    told = two_echelon_for_backorders(rate, backorders=short, **times, **worth)
    at = axsater(
        rate, base_stock=told.base_stock, warehouse_base_stock=told.warehouse_base_stock, **times
    )
    assert at.backorders.sum() <= short * (1.0 + 1e-9)
    reached = every.backorders.sum(axis=1) <= short
    if reached.any():
        assert told.system_value <= value[reached].min() + 1e-9
    assert told.system_value_bound == pytest.approx(told.system_value)


def test_more_service_takes_no_less_stock():
    targets = np.array([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
    told = two_echelon_for_fill_rate(RATE, fill_rate=targets[:, None], **SYSTEM)
    assert (np.diff(told.system_value) >= 0.0).all()
    assert told.base_stock.shape == (6, 3)
    told = two_echelon_for_backorders(RATE, backorders=1.0 - targets, **SYSTEM)
    assert (np.diff(told.system_value) >= 0.0).all()
    assert (told.system_value == told.system_value_bound).all()
    dearer = two_echelon_levels(
        RATE, holding_cost=1.0, shortage_cost=[[5.0], [20.0], [80.0]], warehouse_holding_cost=0.5,
        **SYSTEM,
    )  # fmt: skip
    assert (np.diff(dearer.system_cost) > 0.0).all()


def test_places_without_demand_take_no_stock():
    told = two_echelon_for_fill_rate([0.5, 0.0], fill_rate=0.9, **SYSTEM | {"lead_time": 1.0})
    assert told.base_stock[1] == 0
    told = two_echelon_levels(
        [0.5, 0.0], holding_cost=1.0, shortage_cost=9.0, warehouse_holding_cost=1.0, lead_time=1.0,
        warehouse_lead_time=1.0,
    )  # fmt: skip
    assert told.base_stock[1] == 0
    told = two_echelon_for_fill_rate(
        [0.5, 0.3], fill_rate=0.9, lead_time=0.0, warehouse_lead_time=1.0
    )
    assert told.base_stock.tolist() == [0, 0]  # the warehouse hands over at once
    assert told.warehouse_base_stock == 3


def test_single_numbers_and_labels():
    told = two_echelon_levels(
        0.5, holding_cost=1.0, shortage_cost=9.0, warehouse_holding_cost=1.0, lead_time=1.0,
        warehouse_lead_time=1.0,
    )  # fmt: skip
    assert isinstance(told.base_stock, int)
    assert isinstance(told.system_cost, float)
    flat = two_echelon_levels(
        [0.5, 0.2, 0.5], system=["x", "y", "y"], holding_cost=1.0, shortage_cost=9.0,
        warehouse_holding_cost=1.0, lead_time=1.0, warehouse_lead_time=1.0,
    )  # fmt: skip
    assert flat.system_cost.shape == (2,)
    assert flat.system_cost[0] == told.system_cost
    assert flat.to_frame()["system_cost"].tolist() == flat.system_cost[[0, 1, 1]].tolist()
    assert not any(np.asarray(getattr(flat, name)).flags.writeable for name in flat.units())
    waits = two_echelon_waiting(0.5, within=1.0, base_stock=1, warehouse_base_stock=1,
                                lead_time=1.0, warehouse_lead_time=1.0)  # fmt: skip
    assert isinstance(waits.on_time_rate, float)


@pytest.mark.parametrize(
    ("model", "changed", "message"),
    [
        (two_echelon_levels, {"holding_cost": [1.0, 0.0, 1.0]}, r"holding_cost\[1\] is 0"),
        (two_echelon_levels, {"shortage_cost": -1.0}, "shortage_cost is -1"),
        (two_echelon_levels, {"warehouse_holding_cost": 0.0}, "warehouse_holding_cost is 0"),
        (two_echelon_for_fill_rate, {"fill_rate": 97.5}, r"Fix: use 0\.975"),
        (two_echelon_for_fill_rate, {"unit_value": np.nan}, "unit_value is nan"),
        (two_echelon_for_backorders, {"backorders": 0.0}, "backorders is 0"),
        (two_echelon_for_backorders, {"warehouse_unit_value": 0.0}, "warehouse_unit_value is 0"),
        (two_echelon_waiting, {"within": -1.0}, "within is -1"),
    ],
)
def test_bad_input(model, changed, message):
    good = {
        two_echelon_levels: {
            "holding_cost": 1.0, "shortage_cost": 2.0, "warehouse_holding_cost": 1.0
        },
        two_echelon_for_fill_rate: {"fill_rate": 0.9},
        two_echelon_for_backorders: {"backorders": 0.1},
        two_echelon_waiting: {"within": 1.0, "base_stock": 1, "warehouse_base_stock": 1},
    }[model]  # fmt: skip
    with pytest.raises(DomainError, match=message):
        model(RATE, **(SYSTEM | good | changed))
