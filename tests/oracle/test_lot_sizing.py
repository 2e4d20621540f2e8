"""Dynamic lot sizing of the textbooks."""

from __future__ import annotations

import json

import numpy as np
import pytest

from echelon.exact.known_demand.lot_sizing import lot_sizing


@pytest.mark.parametrize("charged_at", ["each_period", "order_period"])
def test_every_published_plan(shared_oracles, charged_at):
    """The file charges the rate of the order's period; its rates are constant, so both agree.

    Where plans of equal cost exist, the cost is compared.
    """
    text = (shared_oracles / "textbook" / "wagner_whitin.json").read_text(encoding="utf-8")
    cases = json.loads(text)["cases"]
    for case in cases:
        given = case["inputs"]
        told = lot_sizing(
            np.broadcast_to(given["demand"], given["num_periods"]),
            fixed_cost=given["fixed_cost"],
            holding_cost=given["holding_cost"],
            unit_cost=given.get("purchase_cost", 0.0),
            charged_at=charged_at,
        )
        assert told.cost == pytest.approx(case["expected"]["cost"], rel=1e-12), case["id"]
        if "alternative" not in case.get("note", ""):
            want = case["expected"]["order_quantities"]
            assert told.order_quantity.tolist() == pytest.approx(want)
    assert len(cases) == 3
