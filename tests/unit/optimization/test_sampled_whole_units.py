"""Levels on sampled paths in whole units: the best of them, and no target missed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import echelon as ec
from echelon.optimization.sampled_base_stock.build import Sampling, sampled_problem
from echelon.optimization.sampled_base_stock.described import Described
from echelon.optimization.sampled_base_stock.problem import Tail, Target
from echelon.optimization.sampled_base_stock.recursion import evaluate, service
from echelon.optimization.sampled_base_stock.solve import SolveOptions, solve_sampled
from echelon.optimization.sampled_base_stock.whole_units import in_whole_units


def problem_of(network, scenarios, targets, tail=None, seed=0):
    return sampled_problem(Described.of(network), 0, Sampling(scenarios, None), seed, targets, tail)


def test_where_customers_buy_whole_units_levels_are_whole_and_the_best_of_them():
    """Every whole level of one stage tried: fill targets alone would end between two."""
    options = SolveOptions("auto", "highs", 1e-9, None)
    for seed, mean in enumerate((0.01, 0.7, 3.0)):
        network = ec.serial(
            ["shop"], lead_time=3, holding_cost=1.0, backorder_cost=2.0, review_period=1,
            demand_mean=mean, family="poisson",
        )  # fmt: skip
        target = Target(0, "fill", 0.97)
        for tail in (None, Tail(0.8, 0.5, np.inf)):
            problem = problem_of(network, 400, [target], tail, seed)
            solved = solve_sampled(problem, options)
            assert solved.levels[0] % 1.0 or tail or mean < 0.1
            found = in_whole_units(problem, solved, np.ones(1), 1e-4)
            tried = [
                reading.objective
                for level in range(int(problem.highest[0]) + 2)
                if service(problem, reading := evaluate(problem, np.array([level])), target)
                >= target.level - 1e-9
            ]
            assert found.levels[0] % 1.0 == 0.0
            assert found.outcome.objective == found.outcome.bound
            assert found.outcome.objective == pytest.approx(min(tried), rel=1e-12)


def test_whole_levels_of_a_chain_keep_their_target_and_a_bound():
    network = ec.serial(
        ["depot", "shop"], lead_time=[1, 2], holding_cost=[1.0, 2.0], backorder_cost=[0.0, 9.0],
        demand_mean=3.0, family="poisson",
    )  # fmt: skip
    target = Target(1, "fill", 0.95)
    problem = problem_of(network, 60, [target])
    solved = solve_sampled(problem, SolveOptions("auto", "highs", 1e-4, None))
    found = in_whole_units(problem, solved, np.ones(2), 1e-4)
    assert (solved.levels % 1.0 != 0.0).any()
    assert (found.levels % 1.0 == 0.0).all()
    assert service(problem, found.reading, target) >= 0.95 - 1e-9
    best = min(
        reading.objective
        for levels in itertools.product(range(16), range(20))
        if service(problem, reading := evaluate(problem, np.array(levels, float)), target)
        >= 0.95 - 1e-9
    )
    assert solved.outcome.bound <= best <= found.outcome.objective <= 1.02 * best
    assert found.outcome.bound == solved.outcome.bound
    assert found.outcome.gap == pytest.approx(1.0 - solved.outcome.bound / found.outcome.objective)
    assert found.outcome.termination.endswith("then to whole units")


def test_the_plan_has_whole_levels_only_where_customers_buy_whole_units():
    levels = {}
    for family in ("poisson", "gamma"):
        network = ec.serial(
            ["shop"], lead_time=3, holding_cost=1.0, demand_mean=4.0, family=family,
            **({} if family == "poisson" else {"demand_std": 2.0}),
        )  # fmt: skip
        plan = ec.optimize(
            network, model="base_stock_saa", service_level=0.95, service_measure="fill",
            scenarios=500, check_replications=0,
        )  # fmt: skip
        assert plan.status == "optimal"
        levels[family] = plan.stages["base_stock"].iloc[0]
    assert levels["poisson"] % 1.0 == 0.0
    assert levels["gamma"] % 1.0 != 0.0
