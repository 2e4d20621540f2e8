"""Service of (r, Q) policies behind the published costs of the textbooks.

Their lead time L covers L units of time (file: "L periods, NOT L+1"): our review_period 0. A cost
is fixed cost x rate / Q + holding x on hand + penalty x backorders; and the reorder point of least
cost for a quantity is that at which the ready rate is penalty / (penalty + holding).
"""

from __future__ import annotations

import json

import pytest

from echelon import distributions as ed
from echelon.exact.single_stage.lot_policy import reorder_point_for, reorder_point_measures


@pytest.fixture(scope="module")
def cases(shared_oracles):
    text = (shared_oracles / "textbook" / "rq.json").read_text(encoding="utf-8")
    known = json.loads(text)
    assert any("NOT L+1" in told for told in known["conventions"])
    return {case["id"]: case for case in known["cases"]}


def demand_of(given):
    if "demand_sd" in given:
        return ed.Normal(given["demand_mean"], given["demand_sd"])
    return ed.Poisson(given["demand_mean"])


@pytest.mark.parametrize(
    "name",
    ["rq_cost_5_1_100_250", "rq_exact_5_1", "rq_exact_p5_3", "rq_poisson_example_5_8"],
)
def test_costs_are_made_of_stock_and_backorders(cases, name):
    inputs, expected = cases[name]["inputs"], cases[name]["expected"]
    known = inputs | expected
    told = reorder_point_measures(
        demand_of(inputs),
        reorder_point=known["reorder_point"],
        order_quantity=known["order_quantity"],
        lead_time=inputs["lead_time"],
    )
    orders = inputs["demand_mean"] / known["order_quantity"]
    cost = (
        inputs["fixed_cost"] * orders
        + inputs["holding_cost"] * told.on_hand
        + inputs["stockout_cost"] * told.backorders
    )
    assert cost == pytest.approx(expected["cost"], rel=cases[name]["tolerance"]["rel"])


@pytest.mark.parametrize("name", ["rq_r_of_Q_5_1_150", "rq_exact_5_1", "rq_exact_p5_3"])
def test_least_cost_for_a_quantity_is_a_ready_rate(cases, name):
    inputs, expected = cases[name]["inputs"], cases[name]["expected"]
    short, hold = inputs["stockout_cost"], inputs["holding_cost"]
    made = reorder_point_for(
        demand_of(inputs),
        order_quantity=(inputs | expected)["order_quantity"],
        ready_rate=short / (short + hold),
        lead_time=inputs["lead_time"],
    )
    assert made.reorder_point == pytest.approx(expected["reorder_point"], rel=1e-5)
