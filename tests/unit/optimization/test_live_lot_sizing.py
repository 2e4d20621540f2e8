"""Lot sizing by the live shortest-path model: the recursion is the oracle."""

from __future__ import annotations

import json

import numpy as np
import pytest

from echelon.errors import DomainError
from echelon.exact.known_demand.lot_sizing import lot_sizing
from echelon.optimization.target_inventory.live_lot_sizing import (
    LiveLotSizing,
    lot_sizing_by_model,
)
from echelon.optimization.target_inventory.lot_sizing_model import arc_costs


def _random(n_skus: int, n_periods: int, scale: float = 1.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(n_skus + n_periods)
    shape = (n_skus, n_periods)
    demand = np.round(rng.gamma(1.0, 50.0, shape), 1) * (rng.random(shape) < 0.8)
    return {
        "demand": demand,
        "fixed_cost": scale * rng.uniform(0.0, 3000.0, (n_skus, 1)) * rng.random(shape),
        "holding_cost": scale * rng.uniform(0.0, 2.0, shape),
        "unit_cost": scale * rng.uniform(0.0, 5.0, shape),
        "initial_stock": rng.uniform(0.0, 300.0, n_skus) * (rng.random(n_skus) < 0.5),
    }


@pytest.mark.parametrize("n_periods", [1, 2, 3, 13, 26, 52])
@pytest.mark.parametrize("scale", [1.0, 1e-7, 1e7], ids=["usual", "small", "large"])
def test_every_plan_costs_what_the_recursion_says(n_periods, scale):
    given = _random(30, n_periods, scale)
    found, exact = lot_sizing_by_model(**given), lot_sizing(**given)
    np.testing.assert_allclose(found.cost, exact.cost, rtol=1e-12, atol=1e-12 * scale)
    np.testing.assert_allclose(found.bound, exact.cost, rtol=1e-9, atol=1e-9 * scale)
    paid = found.ordering_cost + found.purchase_cost + found.holding_cost
    np.testing.assert_allclose(paid, found.cost, rtol=1e-12)
    stock = given["initial_stock"][:, None] + np.cumsum(found.order_quantity - found.demand, axis=1)
    np.testing.assert_allclose(found.stock, stock, atol=1e-9)
    assert (found.stock >= 0.0).all()


def test_a_wrong_cost_of_an_arc_would_be_seen():
    """Paths found with one wrong arc cost more than the prices of the right costs prove."""
    given = _random(20, 8)
    needed = given["demand"]
    right = arc_costs(needed, *(given[n] for n in ("fixed_cost", "holding_cost", "unit_cost")))
    wrong = right.copy()
    wrong[:, 7] *= 0.3  # one order for everything
    live = LiveLotSizing(8)
    (paths, _), (_, prices) = live.solve(wrong), live.solve(right)
    assert ((paths * right).sum(axis=1) > prices[:, 0] * (1.0 + 1e-9)).any()


def test_published_plans(shared_oracles):
    text = (shared_oracles / "textbook" / "wagner_whitin.json").read_text(encoding="utf-8")
    for case in json.loads(text)["cases"]:
        given = case["inputs"]
        found = lot_sizing_by_model(
            np.broadcast_to(given["demand"], given["num_periods"]),
            fixed_cost=given["fixed_cost"],
            holding_cost=given["holding_cost"],
            unit_cost=given.get("purchase_cost", 0.0),
        )
        assert found.cost == pytest.approx(case["expected"]["cost"], rel=1e-12), case["id"]


def test_processes_change_nothing():
    given = _random(4200, 3)
    alone, shared = lot_sizing_by_model(**given), lot_sizing_by_model(**given, n_jobs=2)
    np.testing.assert_array_equal(alone.order_quantity, shared.order_quantity)
    np.testing.assert_array_equal(alone.bound, shared.bound)
    np.testing.assert_allclose(alone.cost, lot_sizing(**given).cost, rtol=1e-12)


def test_shapes_and_nothing_to_do():
    one = lot_sizing_by_model([0.0, 0.0, 5.0], fixed_cost=10.0, holding_cost=1.0, initial_stock=5)
    assert (one.cost, one.bound, one.orders) == (10.0, 10.0, 0)  # 5 units carried twice
    assert one.order_quantity.tolist() == [0.0, 0.0, 0.0]
    many = lot_sizing_by_model(np.ones((2, 3, 4)), fixed_cost=1.0, holding_cost=1.0)
    assert many.order_quantity.shape == (2, 3, 4)
    assert many.cost.shape == (2, 3)
    assert not many.cost.flags.writeable
    assert "ProvenLotSizes of 6" in repr(many)


def test_every_fault_is_told_at_once():
    with pytest.raises(DomainError) as caught:
        lot_sizing_by_model([1.0, -1.0], fixed_cost=-5.0, holding_cost="much")
    told = str(caught.value)
    assert all(name in told for name in ("lot_sizing_by_model", "demand", "fixed_cost", "holding"))
