"""Costs of Zipkin (2008), Tables 3 and 4, to the two decimals printed.

The file states the convention: an order is placed at the start of a period, before demand, and
arrives ``lead_time`` periods later at the start of a period, before demand: review in every period
(clause 2.2), as here.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from echelon.distributions import Geometric, Poisson
from echelon.exact.lost_sales.constant_order import lost_sales_constant_order
from echelon.exact.lost_sales.lost_sales import lost_sales_base_stock
from echelon.exact.lost_sales.lost_sales_optimal import lost_sales_optimal
from echelon.exact.lost_sales.lost_sales_states import _states, _vector_levels
from echelon.lead_time.exposure import exposure_demand

ROUNDED = 0.005 + 1e-9
LAWS = {"poisson": Poisson, "geometric": Geometric}


@pytest.fixture
def published(shared_oracles):
    known = json.loads((shared_oracles / "zipkin_2008_lost_sales.json").read_text("utf-8"))
    assert "order placed at the start of a period before demand" in known["source"]

    def of(policy):
        return [
            (
                LAWS[case["demand_dist"]](float(case["demand_mean"])),
                {"holding_cost": float(case["h"]), "shortage_cost": float(case["p"])},
                int(case["lead_time"]),
                float(case["avg_cost"]),
            )
            for case in known["cases"]
            if case["policy"] == policy
        ]

    return of


def test_optimal_costs(published):
    cases = published("Optimal")
    assert len(cases) == 8
    for law, costs, delay, cost in cases:
        best = lost_sales_optimal(law, **costs, lead_time=delay)
        assert best.cost_high - best.cost_low <= 1e-6 * best.cost
        assert best.cost == pytest.approx(cost, abs=ROUNDED), (law, costs, delay)


def test_best_base_stocks(published):
    """One of them is 4.974996 here and 4.98 there: half a cent, less 4e-6."""
    cases = published("Best base-stock")
    assert len(cases) == 8
    for law, costs, delay, cost in cases:
        best = lost_sales_base_stock(law, **costs, lead_time=delay)
        assert best.exact  # by default too
        assert best.cost == pytest.approx(cost, abs=ROUNDED + 5e-6), (law, costs, delay)


def test_standard_base_stocks(published):
    """The base stock that would be best if demand waited."""
    cases = published("Std. base-stock")
    assert len(cases) == 8
    for law, costs, delay, cost in cases:
        share = costs["shortage_cost"] / (costs["shortage_cost"] + costs["holding_cost"])
        level = float(exposure_demand(law, delay, 1).ppf(share))
        told = lost_sales_base_stock(
            law, **costs, lead_time=delay, base_stock=level, method="exact"
        )
        assert told.cost == pytest.approx(cost, abs=ROUNDED), (law, costs, delay)


def test_standard_vector_base_stocks(published):
    """The policy that no optimal order exceeds: the bound that keeps the exact method small."""
    cases = published("Std. vector base-stock")
    assert len(cases) == 8
    for law, costs, delay, cost in cases:
        hold, short = costs["holding_cost"], costs["shortage_cost"]
        mass = np.diff(law.cdf(np.arange(-1.0, 41.0)))
        limits = _vector_levels(mass, hold, short, delay)
        states = _states(mass, limits, delay)
        stocks = np.diff(states.ptr)
        room = limits[-1] - np.repeat(states.orders[:, : states.n_last].sum(axis=1), stocks)
        room -= np.arange(states.size) - np.repeat(states.ptr[:-1], stocks)
        choice = np.minimum(np.repeat(states.most_order, stocks), room)
        shortage = states.shortage()
        paid = hold * (np.arange(len(shortage)) - law.mean + shortage) + short * shortage
        low, high = states.average(paid, choice, follow=True, tolerance=1e-7, least=1e-9)
        assert 0.5 * (low + high) == pytest.approx(cost, abs=ROUNDED), (law, costs, delay)


def test_best_constant_orders(published):
    cases = published("Best constant")
    assert len(cases) == 8
    for law, costs, _, cost in cases:
        told = lost_sales_constant_order(law, **costs)
        assert told.cost == pytest.approx(cost, abs=ROUNDED), (law, costs)
