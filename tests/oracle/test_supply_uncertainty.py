"""Disruptions and random yield of the textbooks."""

from __future__ import annotations

import json

import pytest

from echelon.distributions import Deterministic
from echelon.exact.supply_uncertainty.disruptions import (
    base_stock_with_disruptions,
    economic_order_with_disruptions,
)
from echelon.exact.supply_uncertainty.yields import economic_order_with_yield


def disrupted_order(given, method):
    """Shortage there is money per unit lost; the approximation reports its own cost."""
    names = {"stockout_cost": "lost_sale_cost"}
    told = economic_order_with_disruptions(
        **{names.get(name, name): one for name, one in given.items()}, method=method
    )
    cost = told.cost if method == "exact" else told.approximate_cost
    return {"order_quantity": told.order_quantity, "cost": cost}


def disrupted_base_stock(given):
    told = base_stock_with_disruptions(
        Deterministic(given["demand"]),
        holding_cost=given["holding_cost"],
        shortage_cost=given["stockout_cost"],
        disruption_probability=given["disruption_prob"],
        recovery_probability=given["recovery_prob"],
        base_stock=given.get("base_stock_level"),
    )
    return {"base_stock_level": told.base_stock, "cost": told.cost}


def uncertain_yield(given, kind):
    told = economic_order_with_yield(
        **{name.replace("_sd", "_std"): one for name, one in given.items()}, kind=kind
    )
    return {"order_quantity": told.order_quantity, "cost": told.cost}


MODELS = {
    "eoq_disruptions": lambda given: disrupted_order(given, "exact"),
    "eoq_disruptions_approx": lambda given: disrupted_order(given, "approximate"),
    "newsvendor_disruptions": disrupted_base_stock,
    "eoq_additive_yield": lambda given: uncertain_yield(given, "additive"),
    "eoq_multiplicative_yield": lambda given: uncertain_yield(given, "multiplicative"),
}


def test_every_published_value(shared_oracles):
    """Costs to 1e-9; a quantity that was searched for is where the cost is flat: to 1e-8."""
    text = (shared_oracles / "textbook" / "supply_uncertainty.json").read_text(encoding="utf-8")
    cases = json.loads(text)["cases"]
    for case in cases:
        told = MODELS[case["model"]](case["inputs"])
        for name, value in case["expected"].items():
            assert told[name] == pytest.approx(value, rel=1e-9 if name == "cost" else 1e-8), (
                case["id"],
                name,
            )
    assert len(cases) == 6
