"""Published newsvendors, by the public functions; conventions as the file states them."""

from __future__ import annotations

import json
from math import exp

import pytest

from echelon import distributions as ed
from echelon.exact.single_stage.newsvendor import newsvendor, newsvendor_profit


def demand_of(inputs):
    if "demand_pmf" in inputs:
        values, chances = zip(*inputs["demand_pmf"].items(), strict=True)
        return ed.Empirical([float(value) for value in values], chances)
    if "mu" in inputs:  # of the logarithm
        mean = exp(inputs["mu"] + 0.5 * inputs["sigma"] ** 2)
        return ed.LogNormal(mean, mean * (exp(inputs["sigma"] ** 2) - 1.0) ** 0.5)
    if "demand_sd" in inputs:
        return ed.Normal(inputs["demand_mean"], inputs["demand_sd"])
    return ed.Poisson(inputs["demand_mean"])


def test_newsvendors(shared_oracles):
    """Lead time L of the book covers L + 1 periods, as ours does at a review in every period."""
    path = shared_oracles / "textbook" / "newsvendor.json"
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    assert cases
    for case in cases:
        inputs, expected = case["inputs"], case["expected"]
        demand, close = demand_of(inputs), case["tolerance"]
        if "explicit" in case["model"]:
            found = newsvendor_profit(
                demand,
                price=inputs["revenue"],
                unit_cost=inputs["purchase_cost"],
                salvage_value=inputs.get("salvage_value", 0.0),
                holding_cost=inputs.get("holding_cost", 0.0),
                shortage_cost=inputs.get("stockout_cost", 0.0),
                base_stock=inputs.get("base_stock_level"),
            )
            assert found.profit == pytest.approx(expected["profit"], **close), case["id"]
        else:
            found = newsvendor(
                demand,
                holding_cost=inputs["holding_cost"],
                shortage_cost=inputs["stockout_cost"],
                lead_time=inputs.get("lead_time", 0),
                base_stock=inputs.get("base_stock_level"),
            )
            assert found.cost == pytest.approx(expected["cost"], **close), case["id"]
        assert found.base_stock == pytest.approx(expected["base_stock_level"], **close), case["id"]
