"""The route to the recursion: which problems may take it, and that it costs what the model does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from echelon.optimization.target_inventory.live_model import LiveModel
from echelon.optimization.target_inventory.model import declare
from echelon.optimization.target_inventory.numbers import numbers
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.pure_lot_sizing import (
    is_lot_sizing,
    solve_lot_sizing,
)
from echelon.optimization.target_inventory.shape import shape_of


def _problem(seed: int, n_periods: int = 8) -> TargetProblem:
    """Plain lot sizing with times, stock, open orders, reviews, windows, prices and a yield."""
    rng = np.random.default_rng(seed)
    none, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
    shape = (1, n_periods)
    make, release = int(rng.integers(0, 3)), int(rng.integers(0, 2))
    offset = int(rng.integers(0, 2))
    demand = np.round(rng.gamma(1.0, 10.0, (2, n_periods)), 1) * (rng.random((2, n_periods)) < 0.7)
    return TargetProblem(
        labels=(("a", "x"),),
        components=(0,),
        stage_row=np.zeros(1, dtype=np.int64),
        horizon=n_periods,
        n_periods=n_periods,
        holding_cost=rng.uniform(0.1, 2.0, 1),
        order_cost=rng.uniform(0.0, 60.0, 1),
        price=rng.uniform(0.0, 3.0, shape),
        waste_cost=rng.uniform(0.0, 2.0, 1),
        demand_row=np.arange(2),
        demand_stage=np.zeros(2, dtype=np.int64),
        demand=demand,
        minimum_life=np.zeros(2, dtype=np.int64),
        backorder_cost=np.zeros(2),
        lost_share=np.zeros(2),
        lost_sale_cost=np.zeros(2),
        must_serve=np.ones(2, dtype=bool),
        lane_row=whole,
        lane_from=whole,
        lane_to=whole,
        usage=none,
        lane_share=none,
        way_stage=np.zeros(1, dtype=np.int64),
        way_fast=np.zeros(1, dtype=bool),
        way_cost=rng.uniform(0.0, 1.0, 1),
        pipeline_cost=np.full((1, n_periods), float(rng.uniform(0.0, 1.0))),
        way_lane_time=np.zeros((1, 0), dtype=np.int64),
        start_way=np.zeros(1, dtype=np.int64),
        start_offset=np.array([offset]),
        start_share=np.ones(1),
        make_time=np.array([make]),
        release_time=np.array([release]),
        good_share=rng.choice([1.0, 0.8], 1),
        can_order=np.broadcast_to(np.arange(n_periods) % int(rng.integers(1, 3)) == 0, shape),
        can_start=rng.random(shape) < 0.8,
        capacity=np.full(shape, np.inf),
        order_multiple=np.zeros(1),
        minimum_order=np.zeros(1),
        maximum_order=np.full(1, np.inf),
        fixed_order=np.full(shape, np.nan),
        shelf_life=np.zeros(1, dtype=np.int64),
        carries_life=np.zeros(1, dtype=bool),
        can_stock=np.ones(1, dtype=bool),
        stock_stage=np.zeros(1, dtype=np.int64),
        stock_life=np.zeros(1, dtype=np.int64),
        stock_quantity=np.array([float(demand[:, : make + release + offset + 1].sum())]),
        open_stage=np.zeros(2, dtype=np.int64),
        open_period=rng.integers(0, n_periods + 1, 2),
        open_life=np.zeros(2, dtype=np.int64),
        open_quantity=np.round(rng.uniform(0.0, 20.0, 2), 1),
        floor=np.zeros(shape),
        floor_price=np.zeros(shape),
        resources=(),
        resource_capacity=np.zeros((0, n_periods)),
        use_stage=whole,
        use_resource=whole,
        use_per_unit=none,
        use_per_set_up=none,
        use_per_unit_held=none,
    )


def test_the_recursion_costs_what_the_model_does():
    problems = [_problem(seed) for seed in range(40)]
    able = [problem for problem in problems if is_lot_sizing(problem)]
    assert len(able) > 25
    plans = solve_lot_sizing(able)
    for problem, plan in zip(able, plans, strict=True):
        shape = shape_of(problem)
        model = LiveModel(declare(shape)).solve(numbers(problem, shape), gap=0.0).outcome
        assert plan.cost == pytest.approx(model.objective, rel=1e-6, abs=1e-6)
        # the model, held to the orders of the plan, pays as much
        held = replace(problem, fixed_order=plan.orders[None, :])
        fixed = shape_of(held)
        paid = LiveModel(declare(fixed)).solve(numbers(held, fixed)).outcome
        assert paid.status == "optimal"
        assert paid.objective == pytest.approx(plan.cost, rel=1e-6, abs=1e-6)


def test_what_the_route_refuses_has_no_plan_or_another_feature():
    for seed in range(40):
        problem = _problem(seed)
        if not is_lot_sizing(problem):  # nothing arrives before something is short
            shape = shape_of(problem)
            status = LiveModel(declare(shape)).solve(numbers(problem, shape)).outcome.status
            assert status == "infeasible"


@pytest.mark.parametrize(
    "feature",
    [
        {"order_multiple": np.array([5.0])},
        {"minimum_order": np.array([5.0])},
        {"maximum_order": np.array([50.0])},
        {"capacity": np.full((1, 8), 30.0)},
        {"shelf_life": np.array([3])},
        {"floor": np.full((1, 8), 1.0)},
        {"fixed_order": np.r_[1.0, np.full(7, np.nan)][None, :]},
        {"must_serve": np.array([True, False])},
        {"can_stock": np.array([False])},
        {
            "use_stage": np.zeros(1, dtype=np.int64),
            "use_resource": np.zeros(1, dtype=np.int64),
            "use_per_unit": np.ones(1),
            "use_per_set_up": np.zeros(1),
            "use_per_unit_held": np.zeros(1),
            "resources": ("line",),
            "resource_capacity": np.ones((1, 8)),
        },
    ],
    ids=lambda feature: next(iter(feature)),
)
def test_a_feature_beyond_lot_sizing_is_seen(feature):
    plain = next(p for p in map(_problem, range(40)) if is_lot_sizing(p))
    assert not is_lot_sizing(replace(plain, **feature))


def test_what_is_left_of_rounding_is_no_demand():
    """0.1 + 0.2 is above 0.3 in floating point, which is no reason to order."""
    plain = next(p for p in map(_problem, range(40)) if is_lot_sizing(p))
    demand = np.zeros((2, 8))
    demand[0, 3], demand[1, 3] = 0.1, 0.2
    exactly = replace(
        plain, demand=demand, stock_quantity=np.array([0.3]), open_quantity=np.zeros(2)
    )
    (plan,) = solve_lot_sizing([exactly])
    assert not plan.orders.any()
    assert solve_lot_sizing([]) == []
