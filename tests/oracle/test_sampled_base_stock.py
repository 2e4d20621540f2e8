"""Base stocks on sampled paths against closed forms, sorting, brute force and the plain engine."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import echelon as ec
from echelon.optimization.sampled_base_stock.boxes import bounded, branch, suits
from echelon.optimization.sampled_base_stock.build import Sampling, sampled_problem
from echelon.optimization.sampled_base_stock.declared import declare
from echelon.optimization.sampled_base_stock.descent import descend
from echelon.optimization.sampled_base_stock.described import Described
from echelon.optimization.sampled_base_stock.problem import Tail, Target
from echelon.optimization.sampled_base_stock.recursion import evaluate, service
from echelon.optimization.sampled_base_stock.solve import SolveOptions, solve_sampled
from echelon.optimization.solvers import solve
from tests.sampled_by_hand import (
    assembly,
    chain,
    costs_by_hand,
    counted_periods,
    grid,
    records_of,
    single_instance,
    tree,
)

AUTO = SolveOptions("auto", "highs", 1e-9, None)
MILP = SolveOptions("milp", "highs", 1e-9, 60.0)


def sample(network, scenarios, seed, targets=(), tail=None, periods=None):
    return sampled_problem(
        Described.of(network), 0, Sampling(scenarios, periods), seed, targets, tail
    )


def shop(**options):
    options = {
        "lead_time": 4,
        "holding_cost": 1.0,
        "demand_mean": 50.0,
        "demand_std": 8.0,
    } | options
    return ec.serial(["shop"], **options)


def test_newsvendor_with_normal_demand():
    """Level and cost of the closed form, within 4 standard errors of the sample."""
    paths = 40_000
    plan = ec.optimize(
        shop(backorder_cost=9.0), model="base_stock_saa", scenarios=paths, check_replications=0
    )
    law = stats.norm(200.0, 16.0)
    level = law.ppf(0.9)
    error = np.sqrt(0.9 * 0.1 / paths) / law.pdf(level)  # of a sample quantile
    assert abs(plan.stages["base_stock"].iloc[0] - level) < 4.0 * error
    cost = 10.0 * 16.0 * stats.norm.pdf(stats.norm.ppf(0.9))
    spread = np.std(np.maximum(level - law.rvs(paths, random_state=1), 0.0)) + 9.0 * 2.0
    assert abs(plan.objective - cost) < 4.0 * spread / np.sqrt(paths)
    assert plan.status == "optimal"
    assert plan.bound == plan.objective


def test_poisson_levels_are_the_closed_form_ones():
    """The exact optimum of each ratio; ratios halfway between two steps, so sampling cannot tip."""
    law = stats.poisson(20.0)
    for target in (22, 25, 29):
        ratio = 0.5 * (law.cdf(target) + law.cdf(target - 1))
        network = ec.serial(
            ["shop"],
            lead_time=4,
            holding_cost=1.0 - ratio,
            backorder_cost=ratio,
            demand_mean=5.0,
            family="poisson",
        )
        plan = ec.optimize(network, model="base_stock_saa", scenarios=20_000, check_replications=0)
        assert plan.stages["base_stock"].iloc[0] == target


@pytest.mark.parametrize("measure", ["cycle", "ready", "fill"])
def test_service_levels_of_periodic_review_are_those_of_the_library(measure):
    """Against the exact measures of base stock under review, at the level that was chosen."""
    network = shop(review_period=3, lead_time=2, family="gamma", demand_std=20.0)
    plan = ec.optimize(
        network,
        model="base_stock_saa",
        service_level=0.93,
        service_measure=measure,
        scenarios=20_000,
        seed=5,
        check_replications=1024,
    )
    row = plan.checked.iloc[0]
    assert row["sampled"] == pytest.approx(0.93, abs=1e-4)
    assert abs(row["simulated"] - 0.93) < 4.0 * np.hypot(row["simulated_se"], 0.002)
    if measure == "cycle":  # the last period of a cycle sees five periods of demand
        law = stats.gamma(5 * 50.0**2 / 20.0**2, scale=20.0**2 / 50.0)
        level = law.ppf(0.93)
        error = np.sqrt(0.93 * 0.07 / 20_000) / law.pdf(level)
        assert abs(plan.stages["base_stock"].iloc[0] - level) < 4.0 * error


@pytest.mark.parametrize("block", range(2))
def test_sorting_finds_what_the_declared_model_finds(block):
    """60 random instances in two blocks: equal objectives, and the sorted levels are feasible.

    benchmarks/quality/sampled_base_stock.py does the same with 200 others.
    """
    for seed in range(30 * block, 30 * block + 30):
        rng = np.random.default_rng(seed)
        network, targets, tail = single_instance(rng)
        problem = sample(network, 20, seed, targets, tail)
        found = solve_sampled(problem, AUTO)
        assert found.method == "sorted paths"
        proven = solve(declare(problem), gap=1e-9)
        assert proven.status == "optimal"
        assert found.outcome.objective == pytest.approx(proven.objective, rel=1e-6, abs=1e-6), seed
        for target in targets:
            assert service(problem, found.reading, target) >= target.level - 1e-9
        if tail is not None:
            assert found.reading.tail <= tail.limit * (1.0 + 1e-7) + 1e-7


def test_a_lower_level_misses_the_target():
    """Planted error: a level a little below the one found is not enough."""
    for measure in ("cycle", "ready", "fill"):
        target = Target(0, measure, 0.9)
        problem = sample(shop(review_period=2, demand_std=30.0), 500, 3, [target])
        level = solve_sampled(problem, AUTO).levels
        assert service(problem, evaluate(problem, level), target) >= 0.9 - 1e-9
        assert service(problem, evaluate(problem, level - 0.01), target) < 0.9


@pytest.mark.parametrize("make", [chain, tree, assembly], ids=lambda f: f.__name__)
def test_gaps_and_late_units_are_those_of_the_plain_engine(make):
    """Every point on every path, with fixed times: the engine's own records to rounding."""
    rng = np.random.default_rng(11)
    for _ in range(4):
        network = make(rng)
        problem = sample(network, 16, 5)
        levels = rng.integers(0, 6, problem.n_stages).astype(float)
        reading = evaluate(problem, levels)
        periods = 40
        _, records = records_of(network, [levels], scenarios=16, periods=periods, seed=5)
        for j, numbers in enumerate(problem.counted):
            for p in numbers:
                net = levels[j] - reading.gap[p]
                late = reading.late[p]
                hits = [
                    t
                    for t in range(periods)
                    if np.allclose(records[t, j].flows["net_inventory"], net, atol=1e-9)
                    and np.allclose(records[t, j].flows["backorders"], late, atol=1e-9)
                ]
                assert hits, (j, p)


def test_the_objective_of_one_stage_is_the_simulated_cost_to_rounding():
    """Scenario w is replication w: reviews every three periods, the same periods counted."""
    network = shop(
        lead_time=4, review_period=3, family="poisson", demand_mean=5.0, demand_std=None,
        backorder_cost=10.0, base_stock=30.0,
    )  # fmt: skip
    problem = sample(network, 500, 7)
    reading = evaluate(problem, np.array([30.0]))
    run = ec.simulate(network, periods=3, warmup=10, replications=500, seed=7)
    row = run.stages.iloc[0]
    assert reading.objective == pytest.approx(row["cost"], rel=1e-12)
    for measure, column in (
        ("cycle", "cycle_service_level"),
        ("ready", "ready_rate"),
        ("fill", "fill_rate"),
    ):
        assert service(problem, reading, Target(0, measure, 0.5)) == pytest.approx(
            row[column], rel=1e-12
        )


@pytest.mark.parametrize("make", [chain, tree, assembly], ids=lambda f: f.__name__)
def test_the_declared_model_finds_the_best_of_all_whole_levels(make):
    """Whole demand: a best plan is whole, and the plain engine tries all of them.

    Where stages share what is late, or a fill rate is asked for, a level between can be better, so
    the model must be no worse and its bound no higher.
    """
    rng = np.random.default_rng(3)
    for seed in range(6):
        network = make(rng)
        ends = [1, 2] if make is tree else [2]
        measure = (None, "ready", "fill")[seed % 3]
        targets = [Target(j, measure, float(rng.uniform(0.6, 0.95))) for j in ends if measure]
        tail = Tail(0.75, 0.5, np.inf) if seed >= 3 else None
        problem = sample(network, 8, seed, targets, tail)
        levels = grid(problem.highest)
        counted = counted_periods(network)
        holding, loss, seen = costs_by_hand(
            network, levels, scenarios=8, seed=seed, counted=counted
        )
        cost = holding + loss.mean(axis=1)
        if tail is not None:
            worst = np.sort(loss, axis=1)[:, ::-1][:, :2].mean(axis=1)  # a quarter of eight paths
            cost = holding + 0.5 * loss.mean(axis=1) + 0.5 * worst
        for target in targets:
            late, due = seen[target.stage]
            if measure == "ready":
                given = (late <= 1e-9).mean(axis=1)
            else:
                given = 1.0 - np.minimum(late, due).sum(axis=1) / max(due.sum(axis=1)[0], 1e-300)
            cost = np.where(given >= target.level - 1e-9, cost, np.inf)
        best = float(cost.min())
        found = solve_sampled(problem, MILP)
        assert found.outcome.status == "optimal"
        assert found.outcome.bound <= best + 1e-6
        if make is tree or measure == "fill":
            assert found.outcome.objective <= best + 1e-6
        else:
            assert found.outcome.objective == pytest.approx(best, rel=1e-6)
        for target in targets:
            assert service(problem, found.reading, target) >= target.level - 1e-9


@pytest.mark.parametrize("make", [chain, tree, assembly], ids=lambda f: f.__name__)
def test_no_levels_of_a_box_cost_less_than_its_bound(make):
    """Random boxes, random levels in them; a level that meets its targets is in no box left out."""
    rng = np.random.default_rng(8)
    for seed in range(6):
        target = Target(2, ("ready", "fill", "cycle")[seed % 3], 0.8)
        targets = [target] if seed < 4 else []
        problem = sample(make(rng), 8, seed, targets)
        for _ in range(10):
            low, high = np.sort(rng.uniform(0.0, 1.0, (2, 3)) * problem.highest, axis=0)
            boxes = bounded(problem, low[None], high[None])
            for _ in range(6):
                levels = rng.uniform(low, high)
                reading = evaluate(problem, levels)
                if all(service(problem, reading, one) >= one.level for one in targets):
                    assert len(boxes.bound) == 1
                    assert boxes.bound[0] <= reading.objective + 1e-9
        point = bounded(problem, levels[None], levels[None])
        if len(point.bound) and (point.low == levels).all():
            assert point.bound[0] == pytest.approx(reading.objective, abs=1e-9)


@pytest.mark.parametrize("make", [chain, tree, assembly], ids=lambda f: f.__name__)
def test_boxes_prove_what_the_declared_model_proves(make):
    """To rounding where levels are whole, and else to the gap of 1e-3 that is asked for."""
    rng = np.random.default_rng(9)
    gap = 1e-3 if make is tree else 1e-6
    for seed in range(3):
        targets = [Target(2, "ready", 0.8)] if seed % 2 else []
        problem = sample(make(rng), 10, seed, targets)
        assert suits(problem)
        _, reading, outcome = branch(problem, descend(problem), gap, None)
        assert outcome.status == "optimal"
        proven = solve_sampled(problem, MILP).outcome
        assert reading.objective == pytest.approx(proven.objective, rel=2.0 * gap)
        assert outcome.bound <= proven.objective + 1e-9


def test_three_stages_are_near_clark_and_scarf():
    """Snyder and Shen's example 6.1: the sampled levels, on fresh paths, near the exact optimum."""
    network = ec.serial(
        ["third", "second", "first"],
        lead_time=[2, 1, 1],
        holding_cost=[2.0, 4.0, 7.0],
        backorder_cost=[0.0, 0.0, 37.12],
        demand_mean=5.0,
        demand_std=1.0,
    )
    solution = solve_sampled(sample(network, 150, 1), SolveOptions("auto", "highs", 1e-3, None))
    assert solution.method == "boxes of levels"
    fresh = sample(network, 40_000, 2)
    exact = np.array([22.7002 - 12.0123, 12.0123 - 6.5144, 6.5144])
    found, best = (evaluate(fresh, levels) for levels in (solution.levels, exact))
    assert best.objective <= found.objective < 1.05 * best.objective
    # 47.66865 with goods in transit: 5 a period for one period each at 2 and 4, in Snyder and Shen
    error = np.std(best.loss) / np.sqrt(40_000) + 0.02
    assert abs(best.objective - (47.66865 - 5.0 * 2.0 - 5.0 * 4.0)) < 4.0 * error
