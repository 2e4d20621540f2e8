"""Economic order quantities, price lists and joint orders of the textbooks."""

from __future__ import annotations

import json

import pytest

from echelon.exact.known_demand.economic_order import economic_order_quantity
from echelon.exact.known_demand.joint_replenishment import joint_replenishment
from echelon.exact.known_demand.quantity_discount import quantity_discount


def economic_order(given):
    names = {"stockout_cost": "shortage_cost"}
    told = economic_order_quantity(**{names.get(name, name): one for name, one in given.items()})
    return {name: getattr(told, name) for name in ("order_quantity", "stockout_fraction", "cost")}


def discounted(given, kind):
    told = quantity_discount(**given, kind=kind)
    return {name: getattr(told, name) for name in ("order_quantity", "region", "cost")}


def silver(given):
    told = joint_replenishment(
        given["demand_rates"],
        shared_fixed_cost=given["shared_fixed_cost"],
        individual_fixed_cost=given["individual_fixed_costs"],
        holding_cost=given["holding_costs"],
        method="silver",
    )
    return {
        "order_quantities": told.order_quantity.tolist(),
        "order_multiples": told.multiple.tolist(),
        "base_cycle_time": told.base_cycle_time,
        "cost": told.cost,
    }


MODELS = {
    "eoq": economic_order,
    "eoq_cost": economic_order,
    "eoq_backorders": economic_order,
    "epq": economic_order,
    "eoq_all_units_discount": lambda given: discounted(given, "all_units"),
    "eoq_incremental_discount": lambda given: discounted(given, "incremental"),
    "jrp_silver_heuristic": silver,
}


def known(shared_oracles):
    text = (shared_oracles / "textbook" / "eoq.json").read_text(encoding="utf-8")
    return json.loads(text)["cases"]


def test_every_published_value(shared_oracles):
    cases = known(shared_oracles)
    for case in cases:
        told = MODELS[case["model"]](case["inputs"])
        for name, value in case["expected"].items():
            close = {"rel": 1e-9, "abs": 1e-9}
            assert told[name] == pytest.approx(value, **close), (case["id"], name)
    assert len(cases) == 10


def test_the_best_multiples_cost_no_more_than_silvers(shared_oracles):
    for case in known(shared_oracles):
        if case["model"] != "jrp_silver_heuristic":
            continue
        given = case["inputs"]
        best = joint_replenishment(
            given["demand_rates"],
            shared_fixed_cost=given["shared_fixed_cost"],
            individual_fixed_cost=given["individual_fixed_costs"],
            holding_cost=given["holding_costs"],
        )
        assert best.lower_bound <= best.cost <= case["expected"]["cost"] * (1.0 + 1e-12)
