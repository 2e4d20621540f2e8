"""Finite horizons of Snyder and Shen, and the myopic bounds of Veinott and Zipkin.

The file's convention: order, receive, then demand; whole demand with the probabilities of a normal
one between the halves, within four standard deviations and not made up for what lies beyond; the
cost of a period that of the normal demand itself. That is ``lattice="rounded_and_cut"``.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from echelon.distributions import Normal
from echelon.exact.horizon.finite_horizon import finite_horizon
from echelon.exact.horizon.myopic_bounds import myopic_bounds

NAMES = {
    "num_periods": "n_periods",
    "holding_cost": "holding_cost",
    "stockout_cost": "shortage_cost",
    "terminal_holding_cost": "terminal_holding_cost",
    "terminal_stockout_cost": "terminal_shortage_cost",
    "purchase_cost": "unit_cost",
    "fixed_cost": "fixed_cost",
    "discount_factor": "discount_factor",
    "initial_inventory_level": "initial_inventory",
}


@pytest.fixture
def cases(shared_oracles):
    path = shared_oracles / "textbook" / "finite_horizon.json"
    known = json.loads(path.read_text(encoding="utf-8"))
    assert any("+- 4 sigma" in told for told in known["conventions"])
    return known["cases"]


def arguments(case):
    given = case["inputs"]
    law = Normal(given["demand_mean"], given["demand_sd"])
    return law, {ours: given[theirs] for theirs, ours in NAMES.items() if theirs in given}


def test_levels_and_costs_as_published(cases):
    seen = 0
    for case in cases:
        if case["model"] != "finite_horizon_dp":
            continue
        law, given = arguments(case)
        plan = finite_horizon(law, **given, lattice="rounded_and_cut")
        expected = case["expected"]
        assert plan.reorder_point.tolist() == expected["reorder_points"], case["id"]
        assert plan.order_up_to_level.tolist() == expected["order_up_to_levels"], case["id"]
        assert plan.cost == pytest.approx(expected["cost"], rel=1e-6), case["id"]
        seen += 1
    assert seen == 2


def test_what_is_cut_off_is_missing_from_the_published_cost(cases):
    """The probability beyond four deviations carries its later costs: a few in a hundred thousand.

    With it the cost is higher on the same whole units; on a fine lattice it is lower than that,
    since levels need not be whole.
    """
    case = next(case for case in cases if case["id"] == "fh_doc")
    law, given = arguments(case)
    published = case["expected"]["cost"]
    whole = finite_horizon(law, **given, lattice="rounded")
    fine = finite_horizon(law, **given)
    assert whole.reorder_point.tolist() == case["expected"]["reorder_points"]
    assert whole.cost == pytest.approx(1558.90207, abs=1e-4)
    assert published < fine.cost < whole.cost
    assert fine.cost == pytest.approx(finite_horizon(law, **given, step=0.04).cost, rel=2e-6)


def test_myopic_bounds(cases):
    seen = 0
    for case in cases:
        if case["model"] != "myopic_bounds":
            continue
        law, given = arguments(case)
        bounds = myopic_bounds(law, **given)
        for ours, theirs in (
            ("order_up_to_level_low", "S_underbar"),
            ("order_up_to_level_high", "S_overbar"),
            ("reorder_point_low", "s_underbar"),
            ("reorder_point_high", "s_overbar"),
        ):
            np.testing.assert_allclose(
                getattr(bounds, ours), case["expected"][theirs], rtol=1e-6, err_msg=ours
            )
        seen += 1
    assert seen == 1
