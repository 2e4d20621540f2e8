"""Components of a shard that are laid out, placed and evaluated together, against one by one."""

from __future__ import annotations

import pickle
from dataclasses import fields, replace

import numpy as np
import pytest

import echelon as ec
from echelon.exact.guaranteed_service import prompt_supplies
from echelon.exact.guaranteed_service.component_times import ComponentTimes
from echelon.exact.guaranteed_service.dual_ascent import fold_and_ascend
from echelon.exact.guaranteed_service.first_ascent import FirstAscent
from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.joined import JoinedProblem
from echelon.exact.guaranteed_service.prompt_supplies import PromptSupplies, waits
from echelon.exact.guaranteed_service.runs import pointers, runs
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import CompiledNetwork
from echelon.optimization import made_ready as at_once
from echelon.optimization import settled_at_once
from echelon.optimization.made_ready import made_ready
from echelon.optimization.methods import METHODS
from echelon.optimization.placement import INTERRUPTED, Placement, place
from echelon.optimization.proof import Limits
from echelon.optimization.task_shard import TaskShard
from echelon.optimization.tasks import component_tasks
from tests.networks import random_portfolio

pytestmark = pytest.mark.filterwarnings("ignore::echelon.errors.DataWarning")

NETWORK = ec.datasets.make_portfolio(60, seed=2).network
TICKS = 5.0
"""Of most of its components."""


def tasks():
    return component_tasks(NETWORK, None, "auto", Limits(1e-6, None, "highs"), whole=True)


def shards():
    compiled = NETWORK.compiled
    return [compiled.shard(c, c + 1) for c in range(compiled.n_components)]


class Wavy:
    """Costs that rise and fall; of the stages from a number on, and none allowed in some."""

    concave = False
    covered_only = True

    def __init__(self, first: int, forbidden: tuple[int, ...] = ()) -> None:
        self.first, self.forbidden = first, forbidden

    def over_covered(self, stage, covered):
        number = self.first + stage
        if number in self.forbidden:
            return np.full(covered.shape, np.inf)
        return (1.0 + 0.1 * number) * np.sqrt(covered) + 0.4 * (
            1.0 + np.sin(9.0 * covered + number)
        )

    def table(self, stage, inbound, outbound, covered):
        del inbound, outbound
        return self.over_covered(stage, covered)


def laid_out(times, cost):
    return FlatProblem.on_quotes(times, cost, times.quotable_flat())


@pytest.fixture(scope="module")
def joined():
    """A joined problem, and the problems of its members by themselves."""
    times = ComponentTimes.of(NETWORK.compiled, whole=True)
    members = np.flatnonzero(times.ticks_per_period == TICKS)[::-1].copy()  # in any order
    own = [ServiceTimes.of(shards()[c], whole=True) for c in members.tolist()]
    first = pointers([one.n_stages for one in own])
    forbidden = (int(first[3]),)
    alone = [
        laid_out(one, Wavy(begin, forbidden)) for one, begin in zip(own, first[:-1], strict=True)
    ]
    together = laid_out(times.joined(members), Wavy(0, forbidden))
    return JoinedProblem(first, together), alone


def same(one, other):
    for spec in fields(one):
        mine, theirs = getattr(one, spec.name), getattr(other, spec.name)
        if hasattr(mine, "__dataclass_fields__"):
            same(mine, theirs)
        else:
            np.testing.assert_array_equal(mine, theirs, err_msg=spec.name)


def test_shards_one_behind_the_other_are_the_network():
    compiled = NETWORK.compiled
    whole = CompiledNetwork.joined(shards())
    same(whole, compiled)
    some = CompiledNetwork.joined([shards()[7], shards()[2]])
    same(some.shard(0, 1), replace_ptr(shards()[7]))


def replace_ptr(shard):
    """Give a shard whose pointers begin at 0."""
    names = [spec.name for spec in fields(shard) if spec.name.endswith("_ptr")]
    return replace(
        shard, **{name: getattr(shard, name) - getattr(shard, name)[0] for name in names}
    )


def test_runs():
    ptr = np.array([0, 3, 3, 5, 9])
    assert runs(ptr, np.array([3, 0, 1])).tolist() == [5, 6, 7, 8, 0, 1, 2]


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "any"])
def test_times_in_one_pass_are_those_of_each(whole):
    times = ComponentTimes.of(NETWORK.compiled, whole=whole)
    assert (times.exact & times.feasible).all()
    for c, shard in enumerate(shards()):
        same(times.times(c), ServiceTimes.of(shard, whole=whole))


def test_a_part_of_a_joined_problem_is_the_problem_by_itself(joined):
    problem, alone = joined
    for position, one in enumerate(alone):
        same(problem.part(position, one.times), one)


def test_trees_solved_in_one_pass_are_those_solved_one_by_one(joined):
    problem, alone = joined
    choice, least = problem.trees()
    waiting = problem.waiting(choice)
    seen = set()
    for position, one in enumerate(alone):
        own = slice(*problem.stage_ptr[position : position + 2])
        if len(one.times.pred_stage) >= one.n_stages or position == 3:
            assert least[position] == np.inf  # a cycle, or no plan at all
            seen.add("none")
            continue
        found = fold_and_ascend(one, gap=0.0)
        assert found.ascent is None
        assert found.cost == least[position]
        np.testing.assert_array_equal(found.choice.inbound, choice.inbound[own])
        np.testing.assert_array_equal(found.choice.outbound, choice.outbound[own])
        assert waiting[position] == waits(one, found.choice).any()
        seen.add("waits" if waiting[position] else "prompt")
    assert seen == {"none", "waits", "prompt"}


def test_some_components_of_a_joined_problem_are_the_problems_by_themselves(joined):
    problem, alone = joined
    chosen = np.arange(1, len(alone), 2)
    some = problem.some(chosen)
    for number, position in enumerate(chosen.tolist()):
        same(some.part(number, alone[position].times), alone[position])


def test_what_waits_save_in_one_pass_is_what_they_save_one_by_one(joined, monkeypatch):
    problem, alone = joined
    for most in (2_000, 10):  # stages up to which it is followed where goods go
        monkeypatch.setattr(prompt_supplies, "_MOST_FOLLOWED", most)
        together = PromptSupplies.of(problem.problem, problem.stage_ptr)
        each = [PromptSupplies.of(one) for one in alone]
        saved = [
            np.zeros(one.n_stages) if own is None else own.saved
            for one, own in zip(alone, each, strict=True)
        ]
        np.testing.assert_array_equal(together.saved, np.concatenate(saved))
        assert together.saved.any()


def test_the_first_round_in_one_pass_is_that_of_each_ascent(joined):
    problem, alone = joined
    found = FirstAscent.of(problem)
    seen = set()
    for position, one in enumerate(alone):
        own = slice(*problem.stage_ptr[position : position + 2])
        if position == 3:
            assert found.cost[position] == np.inf
            assert not found.proven[position]
            continue
        by_itself = fold_and_ascend(one, gap=1e-12)
        assert found.is_tree[position] == (by_itself.ascent is None)
        rounds = 0 if by_itself.ascent is None else by_itself.ascent.rounds
        assert found.bound[position] <= by_itself.cost <= found.cost[position] * (1.0 + 1e-12)
        if found.proven[position]:
            assert rounds <= 1
            assert (found.cost[position], found.bound[position]) == (
                by_itself.cost,
                by_itself.bound,
            )
            np.testing.assert_array_equal(found.choice.inbound[own], by_itself.choice.inbound)
            np.testing.assert_array_equal(found.choice.outbound[own], by_itself.choice.outbound)
            assert problem.evaluate(found.choice)[position] == one.evaluate(by_itself.choice)
        seen.add((bool(found.proven[position]), min(rounds, 2)))
    assert {(True, 0), (True, 1)} <= seen


def placed(some):
    found = made_ready(some)
    assert all(isinstance(one, Placement) or one.ready is None for one in found)
    return found


def assert_same_placement(one, other):
    assert one.columns.keys() == other.columns.keys()
    for name, values in one.columns.items():
        np.testing.assert_array_equal(values, other.columns[name], err_msg=name)
    assert one.method == other.method
    outcomes = [replace(each.outcome, seconds=0.0, trace=()) for each in (one, other)]
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("company", ["alone", "backwards", "unprepared"])
def test_a_placement_does_not_depend_on_the_company(company):
    together = placed(tasks())
    if company == "alone":
        other = [placed([task])[0] for task in tasks()]
    elif company == "backwards":
        other = placed(tasks()[::-1])[::-1]
    else:
        other = [place(task) for task in tasks()]
    routes = set()
    for one, another, task in zip(together, other, tasks(), strict=True):
        if isinstance(one, Placement):
            assert_same_placement(one, another)
            routes.add(one.method)
        else:
            assert isinstance(another, Placement) or another.ready is None
            assert task.cost.concave
    assert {"tree program", "dual ascent"} <= routes


@pytest.mark.parametrize("family", ["normal", "gamma", "negative_binomial"])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_proven_at_once_is_what_a_search_finds(seed, family):
    """Costs that are concave, that rise and that fall; half of the components have cycles."""
    fractional = family == "normal" or seed % 2 == 0  # else costs are plain: another way
    network = random_portfolio(seed, 14, general=0.7, fractional=fractional, no_stock=0.1)
    demand = network.demand.assign(family=family)
    if family == "negative_binomial":
        demand["std"] = 1.0 + np.sqrt(2.0 * demand["mean"])
    network = network.replace(demand=demand)
    limits = Limits(1e-6, None, "highs")
    every = component_tasks(network, None, "auto", limits, whole=True)
    routes = set()
    for task, one in zip(every, made_ready(every), strict=True):
        if isinstance(one, Placement):
            alone = place(task)
            assert_same_placement(one, alone)
            routes.add(one.method)
    assert "tree program" in routes
    assert any("dual ascent" in route for route in routes)


def begun():
    """Give tasks whose searches begin with a plan, so that what is no tree has one of its own."""
    return [replace(task, start=np.zeros(task.cost.component.n_stages)) for task in tasks()]


def test_tasks_travel_end_to_end_and_arrive_as_they_were():
    sent = [replace(task, start=np.zeros(task.cost.component.n_stages)) for task in tasks()[::2]]
    sent[1:] = [replace(task, start=None) for task in sent[1:]]
    arrived = pickle.loads(pickle.dumps(TaskShard(sent)))
    assert len(arrived) == len(sent) == len(arrived.tasks)
    special = 0
    for one, other in zip(sent, arrived.tasks, strict=True):
        component = CompiledNetwork.joined([one.cost.component, one.cost.component]).shard(0, 1)
        same(replace_ptr(other.cost.component), replace_ptr(component))
        same(one.cost.seen, other.cost.seen)
        np.testing.assert_array_equal(one.target, other.target)
        assert one.cost.special == other.cost.special
        special += len(one.cost.special)
        assert one.cost.orders.keys() == other.cost.orders.keys()
        assert (one.method, one.limits, one.whole) == (other.method, other.limits, other.whole)
        assert (one.start is None) == (other.start is None)
    assert special > 0
    for one, other in zip(placed(sent), placed(arrived.tasks), strict=True):
        if isinstance(one, Placement):
            assert_same_placement(one, other)
    assert len(pickle.loads(pickle.dumps(TaskShard([])))) == 0


def test_a_search_that_begins_with_a_plan_ends_where_one_without_does():
    for one, other in zip(placed(begun()), placed(tasks()), strict=True):
        if isinstance(one, Placement):
            assert one.method == other.method
            assert one.outcome.objective == pytest.approx(other.outcome.objective, rel=1e-12)


def test_a_search_that_fails_is_left_to_be_tried_alone(monkeypatch):
    well = placed(begun())
    method, failed = METHODS["auto"], []

    def once(times, *rest):
        if not failed:
            failed.append(times.n_stages)
            raise RuntimeError("planted")
        return method(times, *rest)

    monkeypatch.setitem(METHODS, "auto", once)
    found = made_ready(begun())
    left = [c for c, one in enumerate(found) if getattr(one, "ready", None) is not None]
    assert len(left) == len(failed) == 1
    for c, (one, other) in enumerate(zip(found, well, strict=True)):
        if isinstance(other, Placement):
            assert_same_placement(place(one) if c in left else one, other)


def test_an_interrupt_leaves_a_plan_for_all_and_keeps_what_was_placed_at_once(monkeypatch):
    well = ec.optimize(NETWORK, service_times="whole", progress=False)

    def nothing(joined, *_rest):
        return [None] * joined.n_components

    def interrupted(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(settled_at_once, "_first_steps", nothing)  # so that something is searched
    monkeypatch.setitem(METHODS, "auto", interrupted)
    plan = ec.optimize(NETWORK, service_times="whole", progress=False)
    assert plan.failures.empty
    assert (plan.components["termination"] == INTERRUPTED).any()
    kept = plan.components["method"] == "tree program"
    assert kept.any()
    assert (plan.components["bound"] <= plan.components["objective"]).all()
    for name in ("objective", "bound"):
        assert plan.components.loc[kept, name].equals(well.components.loc[kept, name])
    assert (plan.components["objective"] >= well.components["bound"] * (1.0 - 1e-9)).all()


def test_a_stage_without_stock_that_needs_some_is_refused_alone(monkeypatch):
    monkeypatch.setattr(at_once, "needs_stock", lambda *_given: np.ones(1, dtype=bool))
    found = made_ready(tasks())
    assert not any(isinstance(one, Placement) for one in found)
