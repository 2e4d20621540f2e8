"""Branching: the bound stays below the optimum by enumeration, and meets it where nodes end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from echelon.errors import InfeasibleError
from echelon.exact.guaranteed_service.branching import branch
from echelon.exact.guaranteed_service.dual_ascent import ascend
from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.problem import priced
from echelon.exact.guaranteed_service.service_times import NO_LIMIT, ServiceTimes
from echelon.optimization import methods, proof
from echelon.optimization.proof import Limits, joint_distribution
from echelon.optimization.search import Search


class Root:
    """Holding cost times the root of the time covered."""

    concave = covered_only = True

    def __init__(self, holding):
        self.holding = holding

    def over_covered(self, stage, covered):
        return self.holding[stage] * np.sqrt(covered)

    def table(self, stage, _inbound, _outbound, covered):
        return self.over_covered(stage, covered)


def dense_network(seed, n=7):
    """Every stage may supply every later one: many cycles, on which the relaxation is loose."""
    draw = np.random.default_rng(seed)
    suppliers = [np.flatnonzero(draw.random(j) < 0.7) for j in range(n)]
    suppliers[1:] = [found if len(found) else np.array([0]) for found in suppliers[1:]]
    ptr = np.concatenate([[0], np.cumsum([len(found) for found in suppliers])])
    limit = np.full(n, NO_LIMIT)
    limit[-2:] = 0
    times = ServiceTimes._bounded(
        1.0,
        draw.integers(0, 3, n),
        draw.integers(0, 2, ptr[-1]),
        ptr.astype(np.int64),
        np.concatenate(suppliers).astype(np.int64),
        np.zeros(n, np.int64),
        limit,
        draw.random(n) < 0.9,
    )
    return times, Root(draw.uniform(0.5, 4.0, n))


def optimum(times, cost):
    """By trying every outbound time."""
    ranges = [np.arange(h + 1) for h in times.outbound_high]
    plans = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, times.n_stages)
    return plans, min(priced(times, cost, plan)[1] for plan in plans)


def never():
    return False


def loose(n_wanted=6):
    """Networks on which dual ascent leaves a gap, and their optimum."""
    found = []
    for seed in range(400):
        try:
            times, cost = dense_network(seed)
        except InfeasibleError:  # a stage without stock that cannot keep its limit
            continue
        if np.prod(times.outbound_high + 1.0) > 4_000:
            continue
        problem = FlatProblem.on_grid(times, cost)
        ascent = ascend(problem, gap=1e-9)
        if ascent.cost - ascent.bound > 1e-4 * ascent.cost:
            found.append((times, cost, problem, ascent, optimum(times, cost)[1]))
        if len(found) == n_wanted:
            break
    return found


CASES = loose()


def test_there_are_cases():
    assert len(CASES) >= 3


@pytest.mark.parametrize("case", range(len(CASES)))
def test_branching_ends_at_the_optimum(case):
    _, _, problem, ascent, least = CASES[case]
    found = branch(problem, ascent, gap=1e-9, late=never)
    assert found.cost == pytest.approx(least, rel=1e-9)
    assert found.bound == pytest.approx(least, rel=1e-7)
    assert problem.evaluate(found.choice) == pytest.approx(found.cost, rel=1e-12)


def test_a_search_cut_short_has_a_true_bound():
    for _, _, problem, ascent, least in CASES:
        for most in range(4):
            found = branch(problem, ascent, gap=1e-9, late=never, most_nodes=most)
            assert ascent.bound <= found.bound <= least * (1.0 + 1e-9)
            assert least * (1.0 - 1e-9) <= found.cost <= ascent.cost


def test_a_bound_and_a_plan_are_told_after_every_node():
    _, _, problem, ascent, _ = CASES[2]
    told = []
    found = branch(
        problem, ascent, gap=1e-9, late=never, watch=lambda b, c, plan: told.append((b, c, plan()))
    )
    bounds = [bound for bound, _, _ in told]
    costs = [cost for _, cost, _ in told]
    assert bounds == sorted(bounds)
    assert costs == sorted(costs, reverse=True)
    assert problem.evaluate(told[-1][2]) == pytest.approx(found.cost)
    late = branch(problem, ascent, gap=1e-9, late=lambda: True)
    assert (late.nodes, late.cost, late.bound) == (0, ascent.cost, ascent.bound)


def test_auto_closes_what_dual_ascent_leaves(monkeypatch):
    """Without the model, which would close it too."""

    def no_model(*_):
        raise AssertionError

    monkeypatch.setattr(proof, "joint_distribution", no_model)
    for times, cost, _, _, least in CASES:
        found = methods.auto(times, cost, Limits(1e-9, None, "highs"), Search())
        assert found.outcome.objective == pytest.approx(least, rel=1e-9)
        assert found.outcome.status == "optimal"


def test_a_solver_that_stops_without_a_plan_leaves_the_one_there_is(monkeypatch):
    """Its time was up before it began, as on a busy machine."""
    monkeypatch.setattr(proof, "MOST_BRANCHED", 0)

    def too_late(problem, limits):
        return joint_distribution(problem, replace(limits, time_limit=0.0))

    monkeypatch.setattr(proof, "joint_distribution", too_late)
    _, _, problem, ascent, least = CASES[3]
    _, outcome, route = proof.prove(problem, Limits(1e-9, 30.0, "highs"), Search())
    assert route == "dual ascent, joint distribution"
    assert outcome.status == "feasible"
    assert outcome.objective == pytest.approx(ascent.cost)
    assert outcome.bound <= least
