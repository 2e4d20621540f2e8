"""Economic order quantities: formula, numeric search, and a simulated stock level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from echelon.errors import DomainError
from echelon.exact.known_demand.economic_order import economic_order_quantity

positive = st.floats(0.01, 1e4)
BASE = {"fixed_cost": 8.0, "holding_cost": 0.225}


def simulated_cost(quantity, fraction, *, demand, produce, fixed, hold, short, cycles=3):
    """Walk the stock level through whole cycles in small steps and charge what is seen."""
    lowest = -fraction * quantity * (1.0 - demand / produce)
    n_steps = 200_000
    step = cycles * quantity / demand / n_steps
    run = quantity / produce  # how long the line runs in a cycle
    clock = (np.arange(n_steps) + 0.5) * step
    into = np.mod(clock, quantity / demand)
    level = np.where(
        into < run,
        lowest + (produce - demand) * into,
        lowest + (produce - demand) * run - demand * (into - run),
    )
    stock, owed = np.maximum(level, 0.0).sum() * step, np.maximum(-level, 0.0).sum() * step
    return (cycles * fixed + hold * stock + short * owed) / (cycles * quantity / demand)


@pytest.mark.parametrize("produce", [1e12, 2000.0])
@pytest.mark.parametrize(("short", "fraction"), [(1.0, None), (1.0, 0.3), (None, None)])
@pytest.mark.parametrize("quantity", [None, 250.0])
def test_the_cost_is_that_of_a_stock_level_walked_through(produce, short, fraction, quantity):
    told = economic_order_quantity(
        1300.0,
        **BASE,
        shortage_cost=short,
        production_rate=produce,
        stockout_fraction=fraction,
        order_quantity=quantity,
    )
    terms = {"demand": 1300.0, "produce": produce, "fixed": 8.0, "hold": 0.225}
    walked = simulated_cost(
        told.order_quantity, told.stockout_fraction, **terms, short=short or 0.0
    )
    assert told.cost == pytest.approx(walked, rel=1e-5)
    off = simulated_cost(
        1.2 * told.order_quantity, told.stockout_fraction, **terms, short=short or 0.0
    )
    assert off != pytest.approx(told.cost, rel=1e-3)


@settings(max_examples=30)
@given(demand=positive, fixed=positive, hold=positive, short=positive, slack=st.floats(1.01, 100))
def test_no_quantity_and_no_fraction_costs_less(demand, fixed, hold, short, slack):
    terms = {
        "fixed_cost": fixed,
        "holding_cost": hold,
        "shortage_cost": short,
        "production_rate": slack * demand,
    }
    best = economic_order_quantity(demand, **terms)

    def cost(point):
        return economic_order_quantity(
            demand,
            **terms,
            order_quantity=float(np.exp(point[0])),
            stockout_fraction=float(1.0 / (1.0 + np.exp(-point[1]))),
        ).cost

    start = [np.log(best.order_quantity) + 0.5, 0.1]
    found = minimize(cost, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-12})
    assert best.cost <= found.fun * (1.0 + 1e-9)
    assert best.cost == pytest.approx(found.fun, rel=1e-2)
    given_best = economic_order_quantity(demand, **terms, order_quantity=best.order_quantity)
    assert given_best.cost == pytest.approx(best.cost, rel=1e-12)
    assert given_best.cost_ratio == pytest.approx(1.0, rel=1e-12)
    assert best.ordering_cost == pytest.approx(best.holding_cost + best.shortage_cost, rel=1e-9)


@given(scale=st.floats(0.05, 20.0))
def test_sensitivity_does_not_depend_on_the_data(scale):
    """A quantity off by a factor f costs (f + 1/f)/2 times the least."""
    best = economic_order_quantity(1300, **BASE)
    off = economic_order_quantity(1300, **BASE, order_quantity=scale * best.order_quantity)
    assert off.cost_ratio == pytest.approx(0.5 * (scale + 1.0 / scale), rel=1e-9)


def test_dear_shortages_and_fast_lines_give_back_the_plain_model():
    plain = economic_order_quantity(1300, **BASE)
    limit = economic_order_quantity(1300, **BASE, shortage_cost=1e12, production_rate=1e15)
    assert limit.order_quantity == pytest.approx(plain.order_quantity, rel=1e-9)
    assert limit.cost == pytest.approx(plain.cost, rel=1e-9)


def test_arrays_broadcast_and_scalars_stay_numbers():
    told = economic_order_quantity(
        np.array([1300.0, 2080.0]), fixed_cost=np.array([[8.0], [40.0]]), holding_cost=0.225
    )
    assert told.cost.shape == (2, 2)
    assert told.to_frame().columns[0] == "order_quantity"
    assert len(told.to_frame()) == 4
    alone = economic_order_quantity(2080, fixed_cost=40, holding_cost=0.225)
    assert isinstance(alone.cost, float)
    assert told.cost[1, 1] == alone.cost
    with pytest.raises(ValueError, match="read-only"):
        told.cost[0, 0] = 1.0


def test_no_fixed_cost_orders_all_the_time():
    told = economic_order_quantity(10.0, fixed_cost=0.0, holding_cost=1.0)
    assert (told.order_quantity, told.cost, told.cost_ratio) == (0.0, 0.0, 1.0)
    told = economic_order_quantity(10.0, fixed_cost=0.0, holding_cost=1.0, order_quantity=4.0)
    assert (told.cost, told.cost_ratio) == (2.0, np.inf)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"holding_cost": [1.0, 0.0]}, r"holding_cost\[1\] is 0.0"),
        ({"fixed_cost": -1.0}, "fixed_cost is -1.0"),
        ({"fixed_cost": float("nan")}, "fixed_cost is nan"),
        ({"production_rate": [2000.0, 1300.0]}, r"production_rate\[1\] is 1300.0, must be above"),
        ({"stockout_fraction": 0.1}, "shortage_cost is not"),
        ({"shortage_cost": 1.0, "stockout_fraction": 1.0}, "stockout_fraction is 1.0"),
        ({"order_quantity": 0.0}, "order_quantity is 0.0"),
        ({"holding_cost": "dear"}, "no number"),
    ],
)
def test_faults_are_named(change, says):
    with pytest.raises(DomainError, match=says):
        economic_order_quantity(1300.0, **{**BASE, **change})


def test_all_faults_at_once():
    with pytest.raises(DomainError) as caught:
        economic_order_quantity(0.0, fixed_cost=-1.0, holding_cost=0.0)
    for name in ("demand_rate", "fixed_cost", "holding_cost"):
        assert name in str(caught.value)


def test_what_no_number_can_hold_is_told_instead_of_a_nan():
    with pytest.raises(DomainError, match=r"order_quantity is 0\.0"):
        economic_order_quantity(1e-300, fixed_cost=1e-300, holding_cost=1e300)
