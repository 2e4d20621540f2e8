"""Components of a shard laid out, priced and, where they are trees, placed all together.

Components whose times have the same ticks make one problem, which is laid out without its costs;
then all levels of all components are searched for at once, see
:mod:`echelon.optimization.cost.levels_at_once`. What is a tree, and lets no supply lie in its plan,
is done by one pass of the tree program; of the others, what the first step of a proof ends is done
in one pass as well, and what is left is searched one by one. All are evaluated together. What comes
out for a component does not depend on which others are there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from echelon.exact.guaranteed_service.component_times import ComponentTimes
from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.joined import JoinedProblem
from echelon.exact.guaranteed_service.runs import pointers
from echelon.execution import attempt
from echelon.execution.collector import collector_paused
from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers
from echelon.optimization.cost.guaranteed_service_cost import costs_of_all
from echelon.optimization.cost.levels_at_once import LevelTable
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.evaluation import evaluated, needs_stock
from echelon.optimization.methods import ROUNDING, Solution
from echelon.optimization.placement import (
    INTERRUPTED,
    ComponentTask,
    Placement,
    Ready,
    searched,
    settled,
    stuck_stages,
)
from echelon.optimization.settled_at_once import solved_at_once

_MOST_PAIRS = 5_000_000
"""Pairs of times up to which a component is joined to others; a larger one has a room to itself."""


@collector_paused()
def made_ready(tasks: Sequence[ComponentTask]) -> list[ComponentTask | Placement]:
    """Place or lay out the components whose costs depend on the time covered alone.

    Returns
    -------
    list of ComponentTask or Placement
        The task as it is where a component takes another way, has no plan, or has a time limit,
        which is to count all that it takes.
    """
    began = time.perf_counter()
    done: list[ComponentTask | Placement] = list(tasks)
    numbers = [k for k, task in enumerate(tasks) if _may_be_joined(task)]
    shard = _Shard.of([tasks[k] for k in numbers]) if numbers else None
    if shard is None:
        return done
    if not shard.fits.all():
        numbers = [k for k, fits in zip(numbers, shard.fits.tolist(), strict=True) if fits]
        shard = _Shard.of([tasks[k] for k in numbers]) if numbers else None
    if shard is None:
        return done
    for k, one in zip(numbers, shard.placed(began), strict=True):
        done[k] = one
    return done


def _may_be_joined(task: ComponentTask) -> bool:
    if not task.cost.covered_only or (task.cost.concave and not task.whole):
        return False
    return task.limits.time_limit is None and task.method != "milp"


class _AskedLater:
    """A cost function that remembers what it is asked, for nothing."""

    covered_only = True

    def __init__(self, *, concave: bool) -> None:
        self.concave = concave
        self.curves: tuple[Integers, Floats] = (np.zeros(1, dtype=np.int64), np.zeros(0))

    def over_all(self, ptr: Integers, covered: Floats) -> Floats:
        """Keep the curves of all stages."""
        self.curves = (ptr, covered)
        return np.zeros(len(covered))

    def over_covered(self, stage: int, covered: Floats) -> Floats:
        """Nothing, as yet."""
        del stage
        return np.zeros(covered.shape)

    def table(self, stage: int, inbound: Floats, outbound: Floats, covered: Floats) -> Floats:
        """Nothing, as yet."""
        del stage, inbound, outbound
        return np.zeros(covered.shape)


@dataclass(frozen=True, slots=True)
class _Group:
    """Components with equal ticks: their numbers in the shard, their problem, and what was asked.

    ``curve_ptr`` and ``covered`` (periods) are the times that costs are asked for, by stage.
    """

    members: Integers
    joined: JoinedProblem
    curve_ptr: Integers
    covered: Floats

    @classmethod
    def of(cls, times: ComponentTimes, members: Integers, *, concave: bool) -> _Group:
        """Lay out components without their costs, as :mod:`~echelon.optimization.methods` does."""
        own, asked = times.joined(members), _AskedLater(concave=concave)
        if own.quote_unit > 1:
            problem = FlatProblem.on_quotes(own, asked, own.quotable_flat())
        else:  # no tick is longer than it must be, so nothing longer divides all times and a period
            problem = FlatProblem.on_grid(own, asked, 1)
        joined = JoinedProblem(pointers(np.diff(times.component_ptr)[members]), problem)
        return cls(members, joined, *asked.curves)

    def asked(self, position: int) -> tuple[Integers, Floats]:
        """Give the curves that are asked for one member."""
        first, last = self.joined.stage_ptr[position : position + 2].tolist()
        ptr = self.curve_ptr[first : last + 1]
        return ptr - ptr[0], self.covered[ptr[0] : ptr[-1]]

    def priced(self, costs: Sequence[Floats]) -> JoinedProblem:
        """Put the members' costs in; what is forbidden stays so."""
        problem = self.joined.problem
        forbidden = np.isinf(problem.cost)
        cost = np.where(forbidden, problem.cost, np.concatenate(costs))
        return replace(self.joined, problem=replace(problem, cost=cost))


@dataclass(frozen=True, slots=True)
class _Shard:
    """Components whose costs are asked for together.

    ``fits`` (n_components,) says which of them can be joined at all; ``compiled`` holds their
    arrays end to end.
    """

    tasks: Sequence[ComponentTask]
    compiled: CompiledNetwork
    times: ComponentTimes
    concave: Booleans
    fits: Booleans

    @classmethod
    def of(cls, tasks: Sequence[ComponentTask]) -> _Shard:
        """Bring the times of all to ticks."""
        compiled = CompiledNetwork.joined([task.cost.component for task in tasks])
        times = ComponentTimes.of(compiled, whole=tasks[0].whole)
        concave = np.array([task.cost.concave for task in tasks], dtype=np.bool_)
        begins = times.component_ptr[:-1]
        unit = np.repeat(times.quote_unit, np.diff(times.component_ptr))
        heard = (times.inbound_high - times.inbound_low + 1).astype(np.float64)
        quoted = (times.outbound_high - times.outbound_low) // unit + 1
        fits = times.exact & times.feasible & (~concave | (times.quote_unit > 1))
        fits &= np.add.reduceat(heard * quoted, begins) <= _MOST_PAIRS
        fits &= ~np.logical_or.reduceat(stuck_stages(compiled), begins)
        return cls(tasks, compiled, times, concave, fits)

    def placed(self, began: float) -> list[ComponentTask | Placement]:
        """Place what can be placed at once and the others one by one; one entry for each."""
        groups = self._groups()
        costs, levels = self._asked(groups)
        solutions: dict[int, Solution] = {}
        ready = list(self.tasks)
        for group in groups:
            joined = group.priced([costs[c] for c in group.members.tolist()])
            known = solved_at_once(
                joined,
                np.array([_gap(self.tasks[c]) for c in group.members.tolist()]),
                lambda: (time.perf_counter() - began) / len(self.tasks),
            )
            for position, (c, solution) in enumerate(
                zip(group.members.tolist(), known, strict=True)
            ):
                if solution is not None:
                    solutions[c] = solution
                else:
                    times = self.times.times(c)
                    own = Ready(times, joined.part(position, times))
                    ready[c] = replace(self.tasks[c], ready=own)
                    span = self.times.component_ptr[c : c + 2].tolist()
                    self.tasks[c].cost.known[:] = [levels.part(*span)]
        self._search(ready, solutions)
        placements = self._placements(solutions, levels)
        return [placements.get(c, task) for c, task in enumerate(ready)]

    def _search(self, tasks: Sequence[ComponentTask], solutions: dict[int, Solution]) -> None:
        """Search one by one what is not solved yet; what fails is left as it is."""
        for c, task in enumerate(tasks):
            if c not in solutions and task.ready is not None:
                found = attempt(searched, task, task.ready.times).value
                if found is not None:
                    solutions[c] = found
                    if found.outcome.termination == INTERRUPTED:
                        return

    def _groups(self) -> list[_Group]:
        keys: dict[tuple[float, bool], list[int]] = {}
        ticks = self.times.ticks_per_period.tolist()
        for c, key in enumerate(zip(ticks, self.concave.tolist(), strict=True)):
            keys.setdefault(key, []).append(c)
        return [
            _Group.of(self.times, np.array(members), concave=concave)
            for (_, concave), members in keys.items()
        ]

    def _asked(self, groups: Sequence[_Group]) -> tuple[list[Floats], LevelTable]:
        """Ask for the costs of all components, in their order."""
        curves: list[tuple[Integers, Floats]] = [(np.zeros(0, np.int64), np.zeros(0))] * len(
            self.tasks
        )
        for group in groups:
            for position, c in enumerate(group.members.tolist()):
                curves[c] = group.asked(position)
        return costs_of_all(
            [(task.cost, *own) for task, own in zip(self.tasks, curves, strict=True)],
            self.compiled,
        )

    def _placements(
        self, solutions: Mapping[int, Solution], levels: LevelTable
    ) -> dict[int, Placement]:
        """Evaluate the components that have been solved, all at once."""
        service = np.full(len(self.times.process), -1, np.int64)
        for c, solution in solutions.items():
            service[slice(*self.times.component_ptr[c : c + 2].tolist())] = solution.service
        heard, quoted = self.times.settled(service)
        ticks = np.where(service < 0, np.nan, self.times.stage_ticks)
        covered = (heard + self.times.process - quoted) / ticks
        chosen = StageTimes(heard / ticks, quoted / ticks, covered)
        costs = [task.cost for task in self.tasks]
        targets = [task.target for task in self.tasks]
        every = evaluated(costs, targets, chosen, [levels], self.compiled)
        return {
            c: settled(self.tasks[c], solutions[c], columns)
            for c, columns in enumerate(every)
            if columns is not None
            and not needs_stock(costs[c].component, columns["base_stock"]).any()
        }


def _gap(task: ComponentTask) -> float:
    """Relative gap up to which any method ends; below 0 where a search begins with something."""
    begun = task.start is not None or task.messages is not None
    return -1.0 if begun else min(task.limits.gap, ROUNDING)
