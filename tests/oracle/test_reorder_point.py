"""Reorder points and order quantities of the textbooks: published and recomputed values."""

from __future__ import annotations

import json

import pytest

from echelon import distributions as ed
from echelon.exact.single_stage.reorder_point_approximation import reorder_point_approximation
from echelon.exact.single_stage.reorder_point_cost import reorder_policy

METHODS = {
    "rq_eil": "expected_inventory_level",
    "rq_eoqss": "safety_stock",
    "rq_eoqb": "planned_backorders",
    "rq_loss_function": "loss_function",
}
LEVELS = ("reorder_point", "order_quantity")


@pytest.fixture
def cases(shared_oracles):
    known = json.loads((shared_oracles / "textbook" / "rq.json").read_text(encoding="utf-8"))
    return known["cases"]


def solved(case):
    """Years are periods; the lead time is exposed, under continuous review (clause 2.1)."""
    given = case["inputs"]
    if "demand_sd" in given:
        demand = ed.Normal(given["demand_mean"], given["demand_sd"])
    else:
        demand = ed.Poisson(given["demand_mean"])
    known = {name: given[name] for name in ("fixed_cost", "holding_cost", "lead_time")}
    if case["model"] == "rq_eil":  # there a unit short costs once
        known |= {"cost_per_unit_short": given["stockout_cost"]}
    else:
        known |= {"shortage_cost": given["stockout_cost"]}
    if case["model"] in METHODS:
        return reorder_point_approximation(demand, method=METHODS[case["model"]], **known)
    return reorder_policy(demand, **known, **{k: given[k] for k in LEVELS if k in given})


def test_every_case_of_the_file(cases):
    for case in cases:
        told = solved(case)
        close = {name: max(case["tolerance"][name], 1e-9) for name in ("rel", "abs")}
        for name, value in case["expected"].items():
            assert getattr(told, name) == pytest.approx(value, **close), (case["id"], name)
    assert len(cases) == 11


def test_the_joint_optimum_is_no_dearer_than_the_recomputed_one(cases):
    """To the last digits: a tolerance on the levels would hide a policy that is not best."""
    exact = [case for case in cases if case["model"] in ("rq_exact_normal", "rq_poisson_exact")]
    for case in exact:
        assert solved(case).cost <= case["expected"]["cost"] * (1.0 + 1e-12), case["id"]
    assert len(exact) == 3


def test_a_planted_error_of_one_per_cent_is_seen(cases):
    case = next(one for one in cases if one["model"] == "rq_cost_normal")
    case["inputs"]["holding_cost"] *= 1.01
    assert solved(case).cost != pytest.approx(case["expected"]["cost"], rel=1e-4)
