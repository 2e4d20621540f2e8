"""Live templates against the whole declared model, the dynamic program and one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import echelon as ec
from echelon.errors import InfeasibleError, SolverError
from echelon.exact.guaranteed_service.problem import ServiceTimeProblem
from echelon.kernels.pattern_answers import bound_by_prices
from echelon.optimization.methods import _listed
from echelon.optimization.proof import Limits, joint_distribution, prove
from echelon.optimization.tasks import component_tasks
from echelon.optimization.templates import by_template as route
from echelon.optimization.templates import kept, live, program
from echelon.optimization.templates.by_template import BRANCHED, by_template
from echelon.optimization.templates.kept import DECLARED_AT, Templates, templates_here
from echelon.optimization.templates.live import LiveTemplate
from echelon.optimization.templates.pattern import OrderPattern, pair_costs
from echelon.optimization.templates.program import (
    assembled_program,
    declared_program,
    is_written_out,
    same,
)
from tests.networks import random_network, random_portfolio

LIMITS = Limits(1e-9, None, "highs")


@pytest.fixture(autouse=True)
def no_templates_yet():
    templates_here.cache_clear()


def problem_of(network: ec.Network) -> ServiceTimeProblem:
    (task,) = component_tasks(network, None, "milp", LIMITS)
    problem = _listed(task.times, task.cost)
    assert isinstance(problem, ServiceTimeProblem)
    return problem


def drawn(seed: int, n_stages: int = 6, extra_lanes: int = 0, **kinds) -> ServiceTimeProblem:
    rng = np.random.default_rng(seed)
    return problem_of(random_network(rng, n_stages, extra_lanes=extra_lanes, **kinds))


def with_a_gap() -> ServiceTimeProblem:
    """A network whose relaxation is not whole: costs independent of what goes in."""
    for seed in range(200):
        problem = drawn(seed, 9, extra_lanes=12)
        rng = np.random.default_rng(seed)
        costs = [
            np.where(np.isfinite(table), rng.uniform(0.0, 9.0, table.shape), np.inf)
            for table in problem.cost
        ]
        hard = replace(problem, cost=costs)
        pattern = OrderPattern.of(hard)
        values, _ = LiveTemplate(pattern, assembled_program(pattern))._relax(pair_costs(hard))
        if np.abs(values - np.rint(values)).max() > 1e-6:
            return hard
    raise AssertionError("none found")


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_stages=st.integers(1, 7),
    extra_lanes=st.integers(0, 4),
    fractional=st.booleans(),
)
def test_all_routes_cost_the_same(seed, n_stages, extra_lanes, fractional):
    problem = drawn(seed, n_stages, extra_lanes, fractional=fractional, lane_times=True)
    choice, outcome, _ = by_template(problem, LIMITS)
    assert problem.evaluate(choice) == pytest.approx(outcome.objective, rel=1e-12, abs=1e-12)
    for other in (joint_distribution, prove):
        assert outcome.objective == pytest.approx(
            other(problem, LIMITS)[1].objective, rel=1e-9, abs=1e-9
        )
    assert outcome.gap <= 1e-9


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), n_stages=st.integers(1, 7), extra_lanes=st.integers(0, 4))
def test_the_arrays_are_those_of_the_declared_model(seed, n_stages, extra_lanes):
    problem = drawn(seed, n_stages, extra_lanes)
    program = assembled_program(OrderPattern.of(problem))
    declared = declared_program(problem)
    assert same(program, declared)
    value = program.value.copy()
    value[0] *= 2.0
    assert not same(replace(program, value=value), declared)


def test_longer_times_in_the_same_order_share_a_model():
    def chain(*lead_times: float) -> ec.Network:
        items = ["a", "b", "c"]
        return ec.Network.from_tables(
            pd.DataFrame(
                {
                    "item": items,
                    "location": "x",
                    "lead_time": lead_times,
                    "holding_cost": [1.0, 2.0, 4.0],
                }
            ),
            pd.DataFrame(
                {
                    "from_item": items[:2],
                    "from_location": "x",
                    "to_item": items[1:],
                    "to_location": "x",
                }
            ),
            pd.DataFrame({"item": ["c"], "location": "x", "mean": [9.0], "std": [3.0]}),
        )

    def key(*lead_times: float) -> bytes:
        (task,) = component_tasks(chain(*lead_times), 0.95, "milp", LIMITS)
        return OrderPattern.of(_listed(task.times, task.cost)).key

    assert key(2.0, 3.0, 4.0) == key(20.0, 33.0, 45.5)
    assert key(2.0, 3.0, 4.0) != key(2.0, 0.0, 4.0)


@pytest.mark.parametrize("often", [0, 150])
def test_an_answer_does_not_depend_on_those_before(monkeypatch, often):
    """Equal costs leave many plans; from the last basis another of them would come out."""
    monkeypatch.setattr(live, "_OFTEN", often)
    problem = drawn(4, 7, 2)
    pattern = OrderPattern.of(problem)
    rng = np.random.default_rng(0)
    asked = [np.ones(pattern.n_pairs), np.zeros(pattern.n_pairs), pair_costs(problem)]
    asked += [rng.integers(0, 3, pattern.n_pairs).astype(float) for _ in range(12)]

    def answers(order):
        template = LiveTemplate(pattern, assembled_program(pattern))
        return {k: template.solve(asked[k], gap=1e-9) for k in order}

    forward, backward = answers(range(15)), answers(reversed(range(15)))
    for k, found in forward.items():
        np.testing.assert_array_equal(found.inbound, backward[k].inbound)
        np.testing.assert_array_equal(found.outbound, backward[k].outbound)
        assert (found.cost, found.bound) == (backward[k].cost, backward[k].bound)
    assert forward[1].cost == forward[1].bound == 0.0


def test_branching_closes_a_gap_of_the_relaxation():
    problem = with_a_gap()
    _, outcome, how = by_template(problem, LIMITS)
    assert how == BRANCHED
    assert outcome.objective == pytest.approx(joint_distribution(problem, LIMITS)[1].objective)
    assert outcome.gap <= 1e-6
    again = by_template(problem, LIMITS)[1]  # the relaxation is as it was
    assert (again.objective, again.bound) == (outcome.objective, outcome.bound)
    wide = by_template(problem, replace(LIMITS, gap=0.9))
    assert wide[2] != BRANCHED
    assert wide[1].bound <= outcome.objective <= wide[1].objective


def test_the_bound_holds_for_any_prices():
    problem = drawn(2, 7, 3)
    pattern, costs = OrderPattern.of(problem), pair_costs(problem)
    best = LiveTemplate(pattern, assembled_program(pattern)).solve(costs, gap=1e-9)
    assert best.bound == pytest.approx(best.cost, rel=1e-12)
    rng = np.random.default_rng(1)
    for _ in range(50):
        prices = rng.normal(0.0, costs.mean(), len(pattern.lane_inbound))
        assert bound_by_prices(prices, costs, *pattern.arrays) <= best.cost


@pytest.mark.parametrize("written_out", [False, True])
def test_sums_written_out_or_in_columns_say_the_same(monkeypatch, written_out):
    """Whatever the size, either form is the declared model and gives the answers of the other."""
    problems = [drawn(seed, 7, seed % 3, lane_times=True) for seed in range(6)]
    known = [by_template(problem, LIMITS)[1].objective for problem in problems]
    monkeypatch.setattr(program, "is_written_out", lambda _: written_out)
    sizes = [OrderPattern.of(problem).n_pairs for problem in problems]
    monkeypatch.setattr(live, "_OFTEN", sorted(sizes)[2])  # so that some start from nothing
    templates_here.cache_clear()
    for problem, cost in zip(problems, known, strict=True):
        pattern = OrderPattern.of(problem)
        arrays = assembled_program(pattern)
        n_sums = len(arrays.cost) - pattern.n_pairs
        assert (n_sums == 0) == written_out
        assert same(arrays, declared_program(problem))
        outcome = by_template(problem, LIMITS)[1]
        assert outcome.objective == pytest.approx(cost, rel=1e-12)
        assert outcome.bound == pytest.approx(cost, rel=1e-12)


def test_few_candidates_have_their_sums_written_out_and_many_do_not():
    few, many = drawn(3, 6), drawn(3, 6)
    assert is_written_out(OrderPattern.of(few))
    lists = [np.arange(0, 40) for _ in many.inbound]
    tables = [np.abs(np.subtract.outer(lists[0], lists[0])) * 1.0 for _ in many.inbound]
    wide = ServiceTimeProblem(many.times, lists, lists, tables)
    assert not is_written_out(OrderPattern.of(wide))


@pytest.mark.parametrize("often", [0, 150])
@pytest.mark.parametrize("extra_lanes", [0, 3])
def test_all_at_once_are_solved_as_one_by_one(monkeypatch, extra_lanes, often):
    """To the bit, also of costs under which many plans are the best."""
    monkeypatch.setattr(live, "_OFTEN", often)
    problem = drawn(4, 7, extra_lanes)
    pattern = OrderPattern.of(problem)
    rng = np.random.default_rng(0)
    clear = rng.lognormal(0.0, 1.0, (20, pattern.n_pairs)) * pair_costs(problem)
    tied = rng.integers(0, 3, (20, pattern.n_pairs)).astype(float)
    costs = np.concatenate([clear, tied, np.zeros((1, pattern.n_pairs))])[rng.permutation(41)]
    assert pattern.is_forest == (extra_lanes == 0)
    taken: list[int] = []
    going_on = LiveTemplate._going_on

    def watched(self, asked):
        found = going_on(self, asked)
        taken.extend(found)
        return found

    monkeypatch.setattr(LiveTemplate, "_going_on", watched)
    template = LiveTemplate(pattern, assembled_program(pattern))
    together = template.solve_all(costs, gap=1e-9)
    assert (len(costs) // 3 < len(taken) < len(costs)) == pattern.is_forest  # the others twice
    for k, one in enumerate(together):
        alone = LiveTemplate(pattern, assembled_program(pattern)).solve(costs[k], gap=1e-9)
        np.testing.assert_array_equal(alone.outbound, one.outbound)
        np.testing.assert_array_equal(alone.inbound, one.inbound)
        assert (alone.cost, alone.bound) == (one.cost, one.bound)
        assert alone.branched == one.branched


def test_one_that_fails_leaves_the_others_as_they_are(monkeypatch):
    problem = drawn(4, 7)
    pattern = OrderPattern.of(problem)
    costs = pair_costs(problem) * np.arange(1.0, 10.0)[:, None] ** 0.5
    template = LiveTemplate(pattern, assembled_program(pattern))
    before = template.solve_all(costs, gap=1e-9)
    bad = costs[4] / live._units_of(costs)[4]
    for name in ("_relax", "_go_on"):
        solve = getattr(LiveTemplate, name)

        def failing(self, asked, solve=solve):
            if np.array_equal(asked, bad):
                raise RuntimeError("planted")
            return solve(self, asked)

        monkeypatch.setattr(LiveTemplate, name, failing)
    after = template.solve_all(costs, gap=1e-9)
    assert [one is None for one in after] == [k == 4 for k in range(9)]
    for one, other in zip(before, after, strict=True):
        if other is not None:
            np.testing.assert_array_equal(one.outbound, other.outbound)
            assert (one.cost, one.bound) == (other.cost, other.bound)


def test_a_solver_taken_over_gives_the_same_bits():
    """Also where many plans are the best; and who has released one cannot go on with it."""
    rng = np.random.default_rng(3)
    used = None
    for seed in range(8):
        problem = drawn(seed, 3 + seed % 5, seed % 3)
        pattern = OrderPattern.of(problem)
        program_of = assembled_program(pattern)
        new, other = LiveTemplate(pattern, program_of), LiveTemplate(pattern, program_of, used)
        for costs in (pair_costs(problem), *rng.integers(0, 3, (3, pattern.n_pairs)).astype(float)):
            for one, same_one in zip(new._relax(costs), other._relax(costs), strict=True):
                np.testing.assert_array_equal(one, same_one)
        used = other.release()
        with pytest.raises(AttributeError):
            other.solve(pair_costs(problem), gap=1e-9)


def test_few_templates_are_kept_and_patterns_met_often_are_declared():
    templates = Templates(most=2)
    problems = [drawn(seed) for seed in range(4)]
    for problem in problems:
        templates.find(OrderPattern.of(problem), lambda one=problem: one)
        assert len(templates) <= 2
    assert templates.n_declared == 0
    pattern = OrderPattern.of(problems[0])
    first = templates.find(pattern, lambda: problems[0])
    for _ in range(2 * DECLARED_AT):
        assert templates.find(pattern, lambda: problems[0]) is first
    assert templates.n_declared == 1


def test_a_model_that_is_another_than_the_arrays_is_refused(monkeypatch):
    problem = drawn(1)
    monkeypatch.setattr(kept, "DECLARED_AT", 1)
    monkeypatch.setattr(
        kept,
        "assembled_program",
        lambda pattern: replace(assembled_program(pattern), offset=1.0),
    )
    with pytest.raises(SolverError, match="another than the one assembled"):
        by_template(problem, LIMITS)


def test_a_stage_without_a_pair_is_named():
    problem = drawn(1)
    cost = [*problem.cost[:-1], np.full_like(problem.cost[-1], np.inf)]
    with pytest.raises(InfeasibleError, match="no service time") as raised:
        by_template(replace(problem, cost=cost), LIMITS)
    assert raised.value.stage == problem.n_stages - 1


def test_a_portfolio_costs_the_same_by_every_route():
    network = random_portfolio(5, 30, no_stock=0.15, fractional=True)
    model = ec.optimize(network, method="milp", gap=1e-9)
    exact = ec.optimize(network, method="exact")
    pd.testing.assert_frame_equal(
        model.components[["component", "stages", "objective"]],
        exact.components[["component", "stages", "objective"]],
        rtol=1e-9,
    )
    assert model.failures["component"].tolist() == exact.failures["component"].tolist()
    solved = model.components["status"] != "failed"
    assert (model.components.loc[solved, "gap"] <= 1e-9).all()
    assert solved.sum() > 20 > len(model.failures) > 0


def test_a_component_gets_the_same_bits_whatever_is_beside_it():
    network = random_portfolio(6, 20)
    some = [2, 3, 11, 17]
    for method in ("milp", "auto"):
        templates_here.cache_clear()
        whole = ec.optimize(network, method=method).stages
        part = ec.optimize(network.subset(some), method=method).stages
        here = whole[whole["component"].isin(some)].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            here.drop(columns="component"), part.drop(columns="component"), check_exact=True
        )


def test_a_crash_takes_one_component_with_it(monkeypatch):
    network = random_portfolio(7, 12)
    before = ec.optimize(network, method="milp")
    templates_here.cache_clear()
    bad = problem_of(network.subset([4]))
    key, relax = OrderPattern.of(bad).key, LiveTemplate._relax

    def crashing(self, costs):
        if self.pattern.key == key:
            raise RuntimeError("planted")
        return relax(self, costs)

    monkeypatch.setattr(LiveTemplate, "_relax", crashing)
    after = ec.optimize(network, method="milp")
    alike = [c for c in range(12) if OrderPattern.of(problem_of(network.subset([c]))).key == key]
    assert after.failures["component"].tolist() == alike
    assert after.failures["message"].str.contains("planted").all()
    others = ~before.stages["component"].isin(alike)
    pd.testing.assert_frame_equal(
        before.stages[others].reset_index(drop=True), after.stages, check_exact=True
    )


def test_costs_that_are_not_concave_go_through_templates_too(monkeypatch):
    stages = pd.DataFrame(
        {
            "item": ["a", "b"],
            "location": "x",
            "lead_time": [3.0, 2.0],
            "holding_cost": [1.0, 3.0],
            "service_level": [np.nan, 0.95],
            "order_multiple": [np.nan, 5.0],
        }
    )
    lanes = pd.DataFrame(
        {"from_item": ["a"], "from_location": "x", "to_item": ["b"], "to_location": "x"}
    )
    demand = pd.DataFrame({"item": ["b"], "location": "x", "family": "poisson", "mean": [2.0]})
    network = ec.Network.from_tables(stages, lanes, demand)
    calls = []
    find = Templates.find
    monkeypatch.setattr(
        route.templates_here().__class__,
        "find",
        lambda self, *given: calls.append(1) or find(self, *given),
    )
    model = ec.optimize(network, method="milp", gap=1e-9)
    assert calls
    assert model.objective == pytest.approx(ec.optimize(network).objective, rel=1e-9)


def test_a_ledger_changes_no_plan(tmp_path):
    """With it each component gets a task of its own, and its costs are tabulated."""
    network = random_portfolio(8, 15, fractional=True)
    for method, exactly in (("auto", True), ("milp", False)):
        plain = ec.optimize(network, method=method)
        kept_in = ec.optimize(network, method=method, ledger=tmp_path / method)
        for name in ("stages", "components"):
            pd.testing.assert_frame_equal(
                getattr(plain, name).drop(columns="seconds", errors="ignore"),
                getattr(kept_in, name).drop(columns="seconds", errors="ignore"),
                check_exact=exactly,
                **({} if exactly else {"rtol": 1e-12, "atol": 1e-12}),
            )


def test_an_interrupt_leaves_a_plan_for_every_component(monkeypatch):
    network = random_portfolio(9, 8)
    known = ec.optimize(network)
    calls = []

    def interrupted(*_, **__):
        calls.append(1)
        raise KeyboardInterrupt

    monkeypatch.setattr(LiveTemplate, "_relax", interrupted)
    plan = ec.optimize(network, method="milp")
    assert len(calls) == 1
    assert len(plan.stages) == network.n_stages - known.components["status"].eq("failed").sum()
    assert set(plan.components["termination"]) == {"interrupted"}
    assert plan.bound <= known.objective <= plan.objective
