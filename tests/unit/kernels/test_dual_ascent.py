"""Dual ascent and its descent on trees: kernels against plain twins, bounds against optima."""

from __future__ import annotations

import numpy as np
import pytest

import echelon as ec
from echelon.exact.guaranteed_service.candidate_times import candidates
from echelon.exact.guaranteed_service.dual_ascent import Messages, ascend, fold_and_ascend
from echelon.exact.guaranteed_service.dual_ascent_plain import sweep_plain
from echelon.exact.guaranteed_service.flat import FlatProblem, grid_size
from echelon.exact.guaranteed_service.folding import Folded, Folding
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice, ServiceTimeProblem
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.exact.guaranteed_service.tree_descent import improve_on_tree
from echelon.network.compiled import Floats
from tests.networks import random_network


class RootCost:
    """Root of the time covered, at a rate of its own for each stage."""

    concave = True
    covered_only = True

    def __init__(self, rate: Floats) -> None:
        self.rate = rate

    def over_covered(self, stage: int, covered: Floats) -> Floats:
        return np.asarray(self.rate[stage] * np.sqrt(covered))

    def table(self, stage: int, inbound: Floats, outbound: Floats, covered: Floats) -> Floats:
        del inbound, outbound
        return self.over_covered(stage, covered)


def case(
    seed: int, n_stages: int = 5, *, fractional: bool = False
) -> tuple[ServiceTimes, RootCost]:
    rng = np.random.default_rng(seed)
    network = random_network(
        rng,
        n_stages,
        extra_lanes=3,
        lane_times=seed % 2 == 0,
        fractional=fractional,
        no_stock=0.2 if seed % 3 == 0 else 0.0,
    )
    times = ServiceTimes.of(network.compiled)
    return times, RootCost(rng.uniform(1.0, 5.0, n_stages))


def listed(times: ServiceTimes, cost: RootCost) -> ServiceTimeProblem:
    inbound, outbound, complete = candidates(times)
    assert complete
    return ServiceTimeProblem.of(times, cost, inbound, outbound)


def feasible(times: ServiceTimes) -> bool:
    return not (times.settled(times.outbound_low)[1] > times.outbound_high).any()


def optimum(problem: ServiceTimeProblem) -> float:
    """Least cost over all plans, stage by stage upstream first."""
    times = problem.times
    plans = [(0.0, ())]
    for j in range(problem.n_stages):
        lanes = range(times.pred_ptr[j], times.pred_ptr[j + 1])
        longer = []
        for cost, quotes in plans:
            ready = max(
                (quotes[times.pred_stage[k]] + times.lane_delay[k] for k in lanes),
                default=problem.inbound[j][0],
            )
            late = problem.inbound[j] >= ready
            least = problem.cost[j][late].min(axis=0, initial=np.inf)
            finite = np.flatnonzero(np.isfinite(least))
            longer += [(cost + least[b], (*quotes, problem.outbound[j][b])) for b in finite]
        plans = longer
    return min((cost for cost, _ in plans), default=np.inf)


@pytest.mark.parametrize("seed", range(6))
def test_sweeps_agree_with_the_plain_twin(seed):
    problem = listed(*case(seed))
    messages = Messages.of(problem)
    psi = [np.zeros(size) for size in np.diff(messages.psi_ptr)]
    phi = [np.zeros(size) for size in np.diff(messages.phi_ptr)]
    for _ in range(4):
        assert messages.sweep() == pytest.approx(sweep_plain(problem, psi, phi), rel=1e-12)
        np.testing.assert_allclose(messages.psi, np.concatenate(psi), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(messages.phi, np.concatenate(phi), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_holds_whatever_the_messages(seed):
    """Sweeps from random messages, pressed on by any share, never pass the optimum."""
    times, cost = case(seed, 4)
    assert feasible(times)
    problem = listed(times, cost)
    best = optimum(problem)
    rng = np.random.default_rng(seed)
    messages = Messages.of(problem)
    messages.psi[:] = rng.normal(0.0, 5.0, messages.psi.shape)
    before = rng.normal(0.0, 5.0, messages.psi.shape)
    bounds = []
    for share in (0.9, -0.5, 3.0, 0.5):
        messages.press_on(before, share)
        assert messages.bound(problem) <= best * (1 + 1e-12)
        bounds.append(messages.sweep())
        assert messages.bound(problem) == pytest.approx(bounds[-1], rel=1e-9, abs=1e-9)
    assert max(bounds) <= best * (1 + 1e-12)
    assert max(bounds) > 0.0
    # a message that promises what the lane does not allow proves too much: the check above sees it
    messages.psi[:] += best
    assert messages.bound(problem) > best


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("fractional", [False, True])
def test_a_grid_has_the_optimum_of_the_closure(seed, fractional):
    times, cost = case(seed, 3 if fractional else 5, fractional=fractional)
    assert feasible(times)
    problem, grid = listed(times, cost), FlatProblem.on_grid(times, cost)
    best = optimum(problem)
    numbers, pairs = grid_size(times)
    assert grid.n_pairs <= pairs
    assert numbers >= len(grid.inbound) + len(grid.outbound)
    for found in (ascend(grid, gap=1e-9), fold_and_ascend(grid, gap=1e-9)):
        assert found.bound <= best * (1 + 1e-12)
        assert found.cost >= best * (1 - 1e-12)
        assert grid.evaluate(found.choice) == pytest.approx(found.cost, rel=1e-12)
    dense = grid.dense()
    assert dense.evaluate(found.choice) == pytest.approx(found.cost, rel=1e-12)
    assert grid.n_pairs >= sum(int(np.isfinite(table).sum()) for table in dense.cost)


def test_tables_read_back_as_they_were_laid_out():
    problem = listed(*case(3))
    flat = FlatProblem.of(problem)
    for j, table in enumerate(problem.cost):
        np.testing.assert_array_equal(flat.table(j), table)
    rng = np.random.default_rng(0)
    for _ in range(20):
        choice = ServiceTimeChoice(
            np.array([rng.integers(len(a)) for a in problem.inbound]),
            np.array([rng.integers(len(b)) for b in problem.outbound]),
        )
        assert flat.evaluate(choice) == pytest.approx(problem.evaluate(choice), rel=1e-12)
        assert flat.locate(*flat.chosen(choice)).inbound.tolist() == choice.inbound.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_descent_on_trees_never_costs_more_and_ends_at_the_optimum_of_a_tree(seed):
    times, cost = case(2 * seed + 1, 12)
    problem = FlatProblem.on_grid(times, cost)
    plan = problem.locate(*times.settled(times.outbound_low))
    before = problem.evaluate(plan)
    for k in range(6):
        plan = improve_on_tree(problem, plan, np.random.default_rng(k), k)
        now = problem.evaluate(plan)
        assert now <= before * (1 + 1e-12)
        before = now


def test_unfolding_gives_the_cost_that_folding_promised():
    network = random_network(np.random.default_rng(5), 9)
    times = ServiceTimes.of(network.compiled)
    problem = FlatProblem.on_grid(times, RootCost(np.linspace(1.0, 4.0, 9)))
    folding = Folding.of(problem)
    assert folding.is_tree
    choice, cost = Folded.of(problem, folding).best_root()
    assert problem.evaluate(choice) == pytest.approx(cost, rel=1e-12)
    assert cost == pytest.approx(optimum(problem.dense()), rel=1e-12)


def test_ascent_goes_on_from_messages_and_from_a_plan_and_tells_of_every_round():
    times, cost = case(4, 8)
    problem = FlatProblem.on_grid(times, cost)
    told: list[tuple[float, float, float]] = []
    first = ascend(
        problem,
        gap=1e-9,
        watch=lambda bound, cost, plan: told.append((bound, cost, problem.evaluate(plan()))),
    )
    assert len(told) == first.rounds + 1
    bounds, costs, plans = zip(*told, strict=True)
    assert list(bounds) == sorted(bounds)
    assert list(costs) == sorted(costs, reverse=True)
    assert plans == pytest.approx(costs, rel=1e-12)
    again = ascend(problem, gap=1e-9, start=first.choice, messages=first.messages)
    assert again.cost <= first.cost
    assert again.bound >= first.bound * (1 - 1e-9)


def test_a_placement_of_layers_is_bounded_and_within_reach():
    """A layered network of 60 stages, whole call: bound below plan, gap as told."""
    rng = np.random.default_rng(1)
    network = random_network(rng, 60, extra_lanes=60)
    plan = ec.optimize(network, gap=1e-3, time_limit=5.0)
    assert 0.0 < plan.bound <= plan.objective
    assert plan.gap == pytest.approx(1.0 - plan.bound / plan.objective, abs=1e-12)
