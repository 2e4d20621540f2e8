"""Whole lots of one stage by recursion: the declared model and enumeration are the oracles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from echelon.optimization.target_inventory.arguments import TargetOptions
from echelon.optimization.target_inventory.lots_by_recursion import best_lots, is_whole_lots
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.read_network import problems_of
from echelon.optimization.target_inventory.solve import TargetLimits, solve_problem
from tests import target_cases


def _read(case: target_cases.Case) -> TargetProblem:
    return problems_of(case.network, TargetOptions(**case.options)).problems[0]


def _cost_of(problem: TargetProblem, lots: np.ndarray) -> float:
    """What the model says that these lots cost: all orders are frozen."""
    free = np.isnan(problem.fixed_order)
    orders = np.where(free, lots * problem.order_multiple[:, None], problem.fixed_order)
    frozen = replace(
        problem, fixed_order=orders, order_multiple=np.zeros(1), minimum_order=np.zeros(1)
    )
    return solve_problem(frozen, TargetLimits("milp")).outcome.objective


@pytest.mark.parametrize("family", ["batches", "order_bounds", "frozen"])
def test_the_least_cost_of_enumeration(family):
    compared = 0
    for seed in range(100, 112):
        case = getattr(target_cases, family)(np.random.default_rng(seed))
        problem = _read(case)
        if not is_whole_lots(problem):
            continue
        lots = best_lots(problem)
        found = np.inf if lots is None else _cost_of(problem, lots)
        assert found == pytest.approx(case.least, rel=1e-9, abs=1e-9), seed
        compared += 1
    assert compared > 3


def test_every_limit_at_once_costs_what_the_model_finds():
    """Floors, a capacity, a yield, prices and backorders together, over ten periods."""
    rng = np.random.default_rng(5)
    for seed in range(3):
        plain = _read(target_cases.batches(np.random.default_rng(seed)))
        n_periods = plain.n_periods
        shape = (1, n_periods)
        problem = replace(
            plain,
            must_serve=np.zeros(1, dtype=bool),
            backorder_cost=rng.uniform(1.0, 6.0, 1),
            floor=rng.integers(0, 5, shape).astype(float),
            floor_price=rng.uniform(0.2, 2.0, shape),
            good_share=np.array([0.8]),
            capacity=np.full(shape, 3.5 * plain.order_multiple[0]),
            price=rng.uniform(0.0, 2.0, shape),
            waste_cost=np.array([0.5]),
        )
        assert is_whole_lots(problem)
        auto = solve_problem(problem, TargetLimits("auto"))
        model = solve_problem(problem, TargetLimits("milp", gap=1e-9))
        assert auto.outcome.termination == "recursion"
        assert auto.outcome.objective == pytest.approx(model.outcome.objective, rel=1e-7)


def test_no_plan_is_told_as_such():
    plain = _read(target_cases.batches(np.random.default_rng(0)))
    late = replace(plain, stock_quantity=np.zeros_like(plain.stock_quantity))
    demand = plain.demand.copy()
    demand[0, 0] = 5.0
    closed = replace(late, demand=demand, can_start=np.zeros_like(plain.can_start))
    assert is_whole_lots(closed)
    assert best_lots(closed) is None


@pytest.mark.parametrize(
    "feature",
    [
        {"order_multiple": np.zeros(1)},
        {"order_multiple": np.array([1e-4])},  # too many lots to walk over
        {"shelf_life": np.array([3])},
        {"can_stock": np.array([False])},
        {"must_serve": np.zeros(1, dtype=bool), "lost_share": np.ones(1)},
    ],
    ids=["any quantity", "tiny lots", "shelf life", "no stock", "lost sales"],
)
def test_what_is_of_another_kind_is_seen(feature):
    plain = _read(target_cases.batches(np.random.default_rng(1)))
    assert is_whole_lots(plain)
    assert not is_whole_lots(replace(plain, **feature))
