"""Zipkin's lost-sales instances: the best base stock costs, simulated, what his tables say."""

from __future__ import annotations

import json

import numpy as np
import pytest

from echelon import distributions as ed
from echelon.exact.lost_sales.lost_sales import lost_sales_base_stock
from tests.simulated import assert_agrees, run, stages_apart


def test_best_base_stock_costs_of_zipkin(shared_oracles):
    cases = json.loads((shared_oracles / "zipkin_2008_lost_sales.json").read_text("utf-8"))["cases"]
    cases = [case for case in cases if case["policy"] == "Best base-stock"]
    assert {case["demand_dist"] for case in cases} == {"poisson"}
    assert len(cases) == 8
    exact = [
        lost_sales_base_stock(
            ed.Poisson(float(case["demand_mean"])),
            holding_cost=float(case["h"]),
            shortage_cost=float(case["p"]),
            lead_time=int(case["lead_time"]),
            method="exact",
        )
        for case in cases
    ]
    network = stages_apart(
        [
            {
                "demand": ed.Poisson(float(case["demand_mean"])),
                "lead_time": float(case["lead_time"]),
                "review_period": 1,
                "holding_cost": float(case["h"]),
                "lost_sales_share": 1.0,
                "lost_sale_cost": float(case["p"]),
                "base_stock": float(best.base_stock),
            }
            for case, best in zip(cases, exact, strict=True)
        ]
    )
    told = run(network).stages
    printed = np.array([float(case["avg_cost"]) for case in cases])
    assert told["cost"].to_numpy() == pytest.approx(printed, rel=0.005)
    assert_agrees(told, "cost", [best.cost for best in exact], planted=0.02)
    assert_agrees(told, "on_hand", [best.on_hand for best in exact])
    assert_agrees(told, "fill_rate", [best.fill_rate for best in exact], planted=0.01)
    assert (told["backorders"] == 0.0).all()
