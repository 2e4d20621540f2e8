"""Prove a plan among those that use every supply as soon as it is complete.

The model lets supplies lie, and where a cost falls as time passes its optimum may do so. Then the
waits are charged (see ``PromptSupplies``): at once for stages with one supplier, and for others by
asking in turn what is best if this or that supply is the last to come.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice
from echelon.exact.guaranteed_service.prompt_supplies import ANY, OUTSIDE, PromptSupplies, waits
from echelon.network.compiled import Integers
from echelon.optimization.outcome import relative_gap
from echelon.optimization.proof import Answer, Limits, located, outcome_of
from echelon.optimization.search import Search

_NODE_STAGES = 30_000
"""Nodes times stages that are searched: a second or so where they are trees."""
_MOST_NODES = 300

Prover: TypeAlias = Callable[[FlatProblem, Limits, Search], Answer]


def prove_settled(problem: FlatProblem, limits: Limits, search: Search, prover: Prover) -> Answer:
    """Prove a plan over listed times in which no stage lets its supplies lie.

    Parameters
    ----------
    problem : FlatProblem
        Its candidates hold every settled plan.
    limits : Limits
    search : Search
    prover : callable
        Proves a plan of a problem with the same candidates, in which stages may wait.

    Returns
    -------
    Answer
        The plan is settled, and the bound is over all such plans.
    """
    if problem.curves is None:
        return prover(problem, limits, search)
    if len(problem.times.pred_stage) < problem.times.n_stages:
        first = prover(problem, limits, search)  # a tree is over before one can charge anything
        if not waits(problem, first[0]).any():
            return first
    prompt = PromptSupplies.of(problem)
    if prompt is None:
        return prover(problem, limits, search)
    return _Branching(prompt, limits, search, prover).answer()


@dataclass(frozen=True, slots=True, order=True)
class _Node:
    """What a problem with some waits charged has shown.

    ``waiting`` are stages that wait uncharged in its plan, the one that may save most first.
    """

    bound: float
    number: int
    last: Integers = field(compare=False)
    waiting: Integers = field(compare=False)


class _Branching:
    """Nodes that are still open, and the best plan."""

    def __init__(
        self, prompt: PromptSupplies, limits: Limits, search: Search, prover: Prover
    ) -> None:
        self._prompt, self._limits, self._search, self._prover = prompt, limits, search, prover
        self._open: list[_Node] = []
        self._closed = np.inf
        self._nodes = 0
        self._cost = np.inf
        self._choice: ServiceTimeChoice | None = None

    def answer(self) -> Answer:
        """Search until no node can be cheaper than the best plan, or there are too many of them."""
        times, limits, search = self._prompt.problem.times, self._limits, self._search
        first = self._solve(self._prompt.only_lanes(), -np.inf, search)
        most = min(_NODE_STAGES // times.n_stages, _MOST_NODES)
        while self._open and relative_gap(self._cost, self._bound) > limits.gap:
            if search.left(limits.time_limit) == 0.0 or self._nodes >= most:
                break
            node = heapq.heappop(self._open)
            for child in self._children(node):
                self._solve(child, node.bound, Search(search.start))
            self._note()
        if self._choice is None:
            return first
        _, outcome, route = first
        why = "time_limit" if search.left(limits.time_limit) == 0.0 else outcome.termination
        why = "no progress" if why == "optimal" else why  # it stands only where a gap is left
        if self._nodes > 1 and "branching" not in route:
            route = f"{route}, branching"
        return self._choice, outcome_of(self._cost, self._bound, why, limits, search), route

    @property
    def _bound(self) -> float:
        """What all nodes prove together."""
        least = self._open[0].bound if self._open else np.inf
        return min(least, self._closed)

    def _solve(self, last: Integers, bound: float, search: Search) -> Answer:
        """Solve a node, keep its plan if it is the best, and the node if it may hold a better."""
        prompt, whole = self._prompt, self._prompt.problem
        problem = prompt.charged(last)
        left = replace(self._limits, time_limit=self._search.left(self._limits.time_limit))
        answer = self._prover(problem, left, search)
        choice, outcome, _ = answer
        bound = max(bound, outcome.bound)
        settled = located(whole, whole.chosen(choice)[1])
        if settled is not None and (cost := whole.evaluate(settled)) < self._cost:
            self._choice, self._cost = settled, cost
        free = np.where(last == ANY, prompt.waiting(choice), 0.0)
        if free.any() and bound < self._cost:
            waiting = np.argsort(-free, kind="stable")[: np.count_nonzero(free)]
            heapq.heappush(self._open, _Node(bound, self._nodes, last, waiting))
        else:
            self._closed = min(self._closed, bound)
        self._nodes += 1
        return answer

    def _children(self, node: _Node) -> Iterator[Integers]:
        """Charge a stage for each supply that may be the last to come."""
        stage, ptr = node.waiting[0], self._prompt.problem.times.pred_ptr
        supplies = [*range(ptr[stage], ptr[stage + 1])]
        if self._prompt.may_be_outside()[stage]:
            supplies.append(OUTSIDE)
        for lane in supplies:
            last = node.last.copy()
            last[stage] = lane
            yield last

    def _note(self) -> None:
        if self._choice is not None:
            found = self._choice
            problem = self._prompt.problem
            self._search.note(self._bound, self._cost, lambda: problem.chosen(found)[1])
