"""Worked examples of textbooks beside those of the shared files, as printed there.

Nahmias, *Production and Operations Analysis*; Cachon & Terwiesch, *Matching Supply with Demand*;
Hillier & Lieberman, *Introduction to Operations Research*; Silver, Pyke & Peterson, *Inventory
Management and Production Planning and Scheduling*; Wagner & Whitin (1958); Johnson, Lee, Davis &
Hall (1995) and Sobel (2004) on fill rates; Erlang's loss formula; the queue D/M/1.
"""

from __future__ import annotations

from math import exp, sqrt

import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import norm, poisson

import echelon as ec
from echelon import distributions as ed
from echelon import exact as ex
from tests.simulated import assert_agrees, run

HAMMER = {"price": 190.0, "unit_cost": 110.0, "salvage_value": 90.0}
BAGS = {
    "fixed_cost": 8.0,
    "breakpoints": [0, 500, 1000],
    "unit_costs": [0.30, 0.29, 0.28],
    "holding_cost_rate": 0.2,
}


def test_hammer_3_2_of_cachon_and_terwiesch():
    """Demand N(3192, 1181); the order of 4,196 is rounded up from their table."""
    demand = ed.Normal(3192.0, 1181.0)
    assert ex.newsvendor_profit(demand, **HAMMER).critical_ratio == pytest.approx(0.8)
    told = ex.newsvendor_profit(demand, **HAMMER, base_stock=4196.0)
    assert told.shortage == pytest.approx(130.0, abs=0.5)
    assert told.sales == pytest.approx(3062.0, abs=0.5)
    assert told.leftover == pytest.approx(1134.0, abs=0.5)
    assert told.profit == pytest.approx(222_280.0, abs=30.0)


def test_newsstand_of_nahmias():
    """Example 5.1: 15.24 with z read off as 0.74."""
    best = ex.newsvendor(ed.Normal(11.73, 4.74), holding_cost=0.15, shortage_cost=0.50)
    assert best.base_stock == pytest.approx(15.24, abs=0.03)


def test_economic_orders_of_nahmias():
    """Examples 4.1, pencils, and 4.3, switches that are produced at a rate."""
    pencils = ex.economic_order_quantity(3120.0, fixed_cost=12.0, holding_cost=0.005)
    assert pencils.order_quantity == pytest.approx(3870.0, abs=0.5)
    assert pencils.cycle_time == pytest.approx(1.24, abs=0.005)
    made = ex.economic_order_quantity(
        2500.0, fixed_cost=50.0, holding_cost=0.6, production_rate=10_000.0
    )
    assert made.order_quantity == pytest.approx(745.0, abs=0.5)
    assert made.highest_stock == pytest.approx(559.0, abs=0.5)
    assert made.cycle_time == pytest.approx(0.298, abs=0.0005)


def test_price_lists_of_nahmias():
    """Examples 4.4 and 4.5, rubbish bags: all units 500 at 198.10, incremental 400 at 204.00."""
    best = ex.quantity_discount(600.0, **BAGS)
    assert best.order_quantity == 500.0
    assert best.cost == pytest.approx(198.10, abs=0.005)
    other = ex.quantity_discount(600.0, **BAGS, order_quantity=1000.0)
    assert other.cost == pytest.approx(200.80, abs=0.005)
    best = ex.quantity_discount(600.0, **BAGS, kind="incremental")
    assert best.order_quantity == pytest.approx(400.0)
    assert best.cost == pytest.approx(204.00, abs=0.005)
    other = ex.quantity_discount(600.0, **BAGS, kind="incremental", order_quantity=519.0)
    assert other.cost == pytest.approx(204.58, abs=0.005)


def test_speakers_of_hillier_and_lieberman():
    """Television speakers: without and with planned shortages, and with a price list."""
    given = {"fixed_cost": 12_000.0, "holding_cost": 0.3}
    assert ex.economic_order_quantity(8000.0, **given).order_quantity == pytest.approx(
        25_298, abs=1
    )
    short = ex.economic_order_quantity(8000.0, **given, shortage_cost=1.1)
    assert short.order_quantity == pytest.approx(28_540.0, abs=1.0)
    assert short.highest_stock == pytest.approx(22_424.0, abs=1.0)
    prices = {"breakpoints": [0, 10_000, 80_000], "unit_costs": [11.0, 10.0, 9.5]}
    best = ex.quantity_discount(8000.0, **given, **prices)
    assert best.order_quantity == pytest.approx(25_298.0, abs=1.0)
    assert best.cost == pytest.approx(87_589.0, abs=1.0)


def test_mustard_of_nahmias():
    """Example 5.4: 200 jars a year, half a year on the way, (Q, R) = (111, 143)."""
    best = ex.reorder_point_approximation(
        ed.Normal(200.0, 25.0 * sqrt(2.0)),
        method="expected_inventory_level",
        fixed_cost=50.0,
        holding_cost=2.0,
        cost_per_unit_short=25.0,
        lead_time=0.5,
    )
    assert best.order_quantity == pytest.approx(111.0, abs=0.5)
    assert best.reorder_point == pytest.approx(143.0, abs=0.5)


def test_lot_sizes_of_wagner_whitin_silver_and_hillier():
    demand = [69, 29, 36, 61, 61, 26, 34, 67, 45, 67, 79, 56]
    setups = [85, 102, 102, 101, 98, 114, 105, 86, 119, 110, 98, 114]
    plan = ex.lot_sizing(demand, fixed_cost=setups, holding_cost=1.0)
    assert plan.cost == 864.0
    assert plan.order_quantity.tolist() == [98, 0, 97, 0, 121, 0, 0, 112, 0, 67, 135, 0]
    demand = [10, 62, 12, 130, 154, 129, 88, 52, 124, 160, 238, 41]
    plan = ex.lot_sizing(demand, fixed_cost=54.0, holding_cost=0.4)
    assert plan.cost == pytest.approx(501.20)
    assert ex.lot_sizing([3, 2, 3, 2], fixed_cost=2.0, holding_cost=0.2).cost == pytest.approx(4.8)


@pytest.mark.parametrize(("lead_time", "review"), [(2, 1), (0, 3), (3, 2)])
def test_fill_rate_of_a_base_stock(lead_time, review):
    """Shortage after L + R less shortage after L: Johnson et al. (1995), Sobel (2004)."""
    mean, std, level = 50.0, 15.0, 50.0 * (lead_time + review) + 20.0

    def shortage(n):
        z = (level - n * mean) / (std * sqrt(n)) if n else 0.0
        return std * sqrt(n) * (norm.pdf(z) - z * norm.sf(z))

    told = ex.base_stock_measures(
        ed.Normal(mean, std), base_stock=level, lead_time=lead_time, review_period=review
    )
    late = shortage(lead_time + review) - shortage(lead_time)
    assert told.fill_rate == pytest.approx(1.0 - late / (review * mean), rel=1e-9)


def test_a_random_lead_time_is_mixed_over():
    """Poisson demand: the mixture of Poisson probabilities, not its two moments."""
    law = ed.Empirical([2, 3, 5], [0.2, 0.5, 0.3])
    told = ex.base_stock_measures(ed.Poisson(4.0), base_stock=20.0, lead_time=law, review_period=1)
    times = ((2, 0.2), (3, 0.5), (5, 0.3))
    mixed = sum(share * poisson.cdf(20, 4.0 * (time + 1)) for time, share in times)
    assert told.cycle_service_level == pytest.approx(mixed, rel=1e-12)


@pytest.mark.parametrize(("load", "servers"), [(2.0, 3), (5.0, 8)])
def test_erlangs_loss_formula(load, servers):
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    told = ex.lost_sales_one_for_one(load, lead_time=1.0, base_stock=servers)
    assert 1.0 - told.fill_rate == pytest.approx(blocked, rel=1e-9)


@pytest.mark.parametrize("capacity", [1.25, 2.0])
def test_limited_capacity_is_the_queue_d_m_1(capacity):
    """Exponential demand: what is put off and the demand are a sojourn time, exponential.

    With ``sigma = exp(-c (1 - sigma))`` backorders are ``exp(-(1 - sigma) S) / (1 - sigma)``; the
    simulation measures it period by period. What is put off is the shortfall of Glasserman (1997).
    """
    root = brentq(lambda one: one - exp(-capacity * (1.0 - one)), 1e-9, 1.0 - 1e-9)
    fall = 1.0 - root
    stages = pd.DataFrame({"item": ["a"], "location": "x", "holding_cost": 1.0, "lead_time": 0})
    stages = stages.assign(review_period=1, capacity=capacity, base_stock=4.0)
    demand = pd.DataFrame({"item": ["a"], "location": "x", "family": "gamma"})
    network = ec.Network.from_tables(stages, None, demand.assign(mean=1.0, std=1.0))
    done = run(network, periods=1_000, warmup=400, replications=1_000).stages
    assert_agrees(done, "backorders", exp(-4.0 * fall) / fall, planted=0.1)
    assert_agrees(done, "ready_rate", 1.0 - exp(-4.0 * fall))
