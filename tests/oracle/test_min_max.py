"""Min-max policies of Zheng and Federgruen (1991) and of the textbook."""

from __future__ import annotations

import json

import pytest

from echelon import distributions as ed
from echelon.exact.single_stage.min_max import min_max_approximation, min_max_policy

LEVELS = ("reorder_point", "order_up_to_level")


@pytest.fixture
def cases(shared_oracles):
    known = json.loads((shared_oracles / "textbook" / "ss.json").read_text(encoding="utf-8"))
    return known["cases"]


def costs(given):
    return {
        "fixed_cost": given["fixed_cost"],
        "holding_cost": given["holding_cost"],
        "shortage_cost": given["stockout_cost"],
    }


def solved(case, **levels):
    """Order before the demand of the period, no lead time: clause 2.2, exposed to one period."""
    given = case["inputs"]
    if case["model"] == "ss_power_approximation":
        return min_max_approximation(
            ed.Normal(given["demand_mean"], given["demand_sd"]), **costs(given)
        )
    asked = {name: given[name] for name in LEVELS if name in given} | levels
    return min_max_policy(ed.Poisson(given["demand_mean"]), **costs(given), **asked)


def test_every_case_of_the_file(cases):
    for case in cases:
        told = solved(case)
        close = {name: case["tolerance"][name] for name in ("rel", "abs")}
        for name, value in case["expected"].items():
            assert getattr(told, name) == pytest.approx(value, **close), (case["id"], name)
    assert len(cases) == 15


def test_costs_of_published_levels_are_those_of_a_markov_chain(cases):
    seen = 0
    for case in cases:
        check = case.get("independent_check", {})
        if "cost_markov_chain" in check and set(LEVELS) <= set(case["expected"]):
            told = solved(case, **{name: case["expected"][name] for name in LEVELS})
            assert told.cost == pytest.approx(check["cost_markov_chain"], rel=1e-11)
            seen += 1
    assert seen == 13


def test_a_planted_error_of_one_per_cent_is_seen(cases):
    case = next(one for one in cases if one["id"] == "ss_example_4_7")
    case["inputs"]["demand_mean"] *= 1.01
    assert solved(case).cost != pytest.approx(case["expected"]["cost"], rel=1e-4)
