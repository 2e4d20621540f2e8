"""What a plan says of itself: units, certificates, reasons for failure."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.policies.plan import gap_in_words


def shops(n: int, **columns: object) -> ec.Network:
    """``n`` shops that know nothing of each other."""
    stages = pd.DataFrame({"item": [f"item {i}" for i in range(n)], "location": "shop"}).assign(
        **{"lead_time": 4, "holding_cost": 1.0, "service_level": 0.95, **columns}
    )
    demand = stages[["item", "location"]].assign(mean=10.0, std=2.0)
    return ec.Network.from_tables(stages, None, demand, period="week")


def test_money_is_a_year_in_the_summary_and_a_period_in_the_table():
    plan = ec.optimize(ec.read_example("bulldozer"))
    cost, bound = plan.summary().splitlines()[1:3]
    assert cost.endswith("632,775.03 USD a year")
    assert bound.endswith("632,775.03 USD a year, no gap")
    heads = repr(plan).splitlines()[4:6]
    assert heads[0].split()[-1] == "holding_cost"
    assert heads[1].split() == ["[days]", "[days]", "[units]", "[units]", "[USD/day]"]
    assert "holding_cost" in plan.stages.columns  # the frame itself keeps its plain names


def test_without_a_currency_it_is_money():
    text = repr(ec.optimize(shops(1)))
    assert "money a year" in text
    assert "[money/week]" in text
    assert "1 of 1 stage holds safety stock" in text
    assert "of all items together" not in text
    assert "2 of 2 stages hold safety stock" in repr(ec.optimize(shops(2)))


def test_rows_that_are_not_shown_are_counted():
    assert "more:" not in repr(ec.optimize(shops(10)))
    plan = ec.optimize(shops(12))
    assert repr(plan).endswith("\n… 2 more: plan.stocking_stages()")
    assert "<p>… 2 more: plan.stocking_stages()</p>" in plan._repr_html_()


def test_stages_that_hold_are_those_with_safety_stock():
    """Known demand needs none, however long its net replenishment time is."""
    network = shops(3)
    known = network.replace(demand=network.demand.assign(std=[2.0, 0.0, 1.0]))
    plan = ec.optimize(known)
    assert (plan.stages["net_replenishment_time"] > 0).all()
    assert plan.stocking_stages()["item"].tolist() == ["item 0", "item 2"]
    assert "2 of 3 stages hold safety stock" in plan.summary()


def test_a_plan_without_safety_stock_says_so():
    plan = ec.optimize(shops(2, lead_time=0))
    for text in (repr(plan), plan._repr_html_()):
        assert "no stage holds safety stock" in text
        assert "Empty" not in text
        assert "nan" not in text


def test_a_failed_plan_tells_its_reasons():
    plan = ec.optimize(shops(7, can_stock=False))
    assert plan.status == "failed"
    for text in (repr(plan), plan._repr_html_()):
        assert "Plan: failed, no plan for any of 7 components" in text
        assert "7 failures:" in text
        assert text.count("InfeasibleError: may not hold stock") == 1
        assert "(and 6 more for the same reason)" in " ".join(text.split())
        assert "more: plan.failures" not in text
        assert "nan" not in text
        assert "Empty" not in text
    assert max(map(len, repr(plan).splitlines())) <= 100
    assert plan.summary(failures=0) == "Plan: failed, no plan for any of 7 components"


def test_each_reason_of_failure_is_told_once_and_what_is_not_told_is_counted():
    plan = ec.optimize(shops(7, can_stock=False))
    words = ["no room", "late", "no room", "far", "late", "late", "dear"]
    text = dataclasses.replace(plan, failures=plan.failures.assign(message=words)).summary(
        failures=2
    )
    lines = [line.strip() for line in text.splitlines()]
    assert lines[1:] == [
        "7 failures:",
        "component 0 (item 0 @ shop): InfeasibleError: no room (and 1 more for the same reason)",
        "component 1 (item 1 @ shop): InfeasibleError: late (and 2 more for the same reason)",
        "… 2 more: plan.failures",
    ]


def test_a_partial_plan_tells_its_cost_and_its_reasons():
    plan = ec.optimize(shops(2, can_stock=[True, False]))
    text = repr(plan)
    assert "Plan: partial, 1 of 1 stage holds safety stock" in text
    assert "money a year, the planned components alone" in text
    assert "1 failure:" in text
    assert "component 1 (item 1 @ shop): InfeasibleError" in text
    assert "[money/week]" in text


def test_small_quantities_keep_their_digits():
    network = shops(1)
    small = network.replace(demand=network.demand.assign(mean=0.001, std=0.0002))
    plan = ec.optimize(small)
    shown = repr(plan).splitlines()[-1].split()[-3]
    assert float(shown) == pytest.approx(plan.stages["safety_stock"].iloc[0], rel=0.05)


def test_gap_in_words():
    assert gap_in_words(0.0) == gap_in_words(3e-16) == "no gap"
    assert gap_in_words(0.051) == "gap 5.10%"
    plan = ec.optimize(shops(1))
    wide = dataclasses.replace(plan, bound=plan.objective / 2, gap=0.5)
    assert "gap 50.00%" in wide.summary()
    assert np.isfinite(wide.annual_bound)
