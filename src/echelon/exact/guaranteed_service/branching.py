"""Close the gap that dual ascent leaves: split the service times of a stage, bound each half.

The relaxation behind dual ascent mixes short quotes with long ones where lanes close a cycle. Once
a stage's quote is held to one side of a time it cannot, and the messages found so far need a few
sweeps to tell what that costs. Nodes are taken best bound first, and the split is the one of
several whose lesser half rises most.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from echelon.exact.guaranteed_service.dual_ascent import Ascent, Messages, Watch
from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice
from echelon.exact.guaranteed_service.tree_descent import improve_on_tree
from echelon.network.compiled import Floats, Integers
from echelon.rng import stream

_TRIED = 6
"""Splits of which each node tries both halves."""
_SWEEPS_TRIED, _SWEEPS_KEPT = 3, 12
_TREES = 3
_NEAR = 1e-4
"""Regret that still counts as none, as a share of the plan's cost per stage."""
_MOST_KEPT = 60_000_000
"""Numbers that the messages of open nodes may take: half a gigabyte."""

_Split: TypeAlias = tuple[int, int, int]
"""A stage, and the first and last position of the outbound candidates that it may use."""


@dataclass(frozen=True, slots=True)
class Branched:
    """A plan, the bound that all nodes together prove, and how many nodes that took.

    Attributes
    ----------
    choice : ServiceTimeChoice
    cost, bound : float
        Money per period.
    nodes : int
    """

    choice: ServiceTimeChoice
    cost: float
    bound: float
    nodes: int


@dataclass(frozen=True, slots=True, order=True)
class _Node:
    bound: float
    number: int
    splits: tuple[_Split, ...]
    psi: Floats
    phi: Floats


def branch(
    problem: FlatProblem,
    ascent: Ascent,
    *,
    gap: float,
    late: Callable[[], bool],
    most_nodes: int | None = None,
    watch: Watch | None = None,
) -> Branched:
    """Search the halves until none is below the best plan, or it is late.

    Parameters
    ----------
    problem : FlatProblem
    ascent : Ascent
        On this problem.
    gap : float
        Relative gap at which to stop.
    late : callable
        Asked before every node.
    most_nodes : int, optional
    watch : callable, optional
        Called after every node.

    Returns
    -------
    Branched
    """
    search = _Search(problem, ascent, gap)
    while search.open and search.gap > gap and not late():
        if most_nodes is not None and search.nodes >= most_nodes:
            break
        if len(search.open) * search.size > _MOST_KEPT:
            break
        search.take()
        if watch is not None:
            best = search.best
            watch(search.bound, search.cost, lambda best=best: best)  # type: ignore[misc]
    return Branched(search.best, search.cost, search.bound, search.nodes)


class _Search:
    """Open nodes, and one set of messages that is loaded with those of the node at hand."""

    def __init__(self, problem: FlatProblem, ascent: Ascent, gap: float) -> None:
        self._problem, self._gap = problem, gap
        self.best, self.cost = ascent.choice, ascent.cost
        self._fenced = problem.with_terms(problem.own_inbound, problem.own_outbound.copy())
        self._messages = Messages.of(self._fenced)
        psi, phi = ascent.messages.psi.copy(), ascent.messages.phi.copy()
        self.size = len(psi) + len(phi)
        self.open = [_Node(ascent.bound, 0, (), psi, phi)]
        self.nodes = 0
        self._least_closed = np.inf

    @property
    def bound(self) -> float:
        """What the open nodes and those that were closed prove together."""
        still_open = self.open[0].bound if self.open else np.inf
        return min(still_open, self._least_closed, self.cost)

    @property
    def gap(self) -> float:
        """Relative distance of the best plan from the bound."""
        return (self.cost - self.bound) / max(abs(self.cost), 1e-12)

    def take(self) -> None:
        """Split the node of the least bound."""
        node = heapq.heappop(self.open)
        self._sweep(node, node.splits, 1)
        node = _Node(
            node.bound,
            node.number,
            node.splits,
            self._messages.psi.copy(),
            self._messages.phi.copy(),
        )
        self._round(node.number)
        found: tuple[float, _Split, _Split] | None = None
        for halves in self._splits():
            rises = [
                min(self._sweep(node, (*node.splits, half), _SWEEPS_TRIED), self.cost) - node.bound
                for half in halves
            ]
            worth = min(rises) + 0.2 * max(rises)
            if found is None or worth > found[0]:
                found = worth, *halves
        if found is None:  # nothing left to split: what the node's messages prove is all there is
            self._least_closed = min(self._least_closed, node.bound)
            return
        for half in found[1:]:
            self._keep(node, (*node.splits, half))

    def _keep(self, parent: _Node, splits: tuple[_Split, ...]) -> None:
        bound = max(self._sweep(parent, splits, _SWEEPS_KEPT), parent.bound)
        self.nodes += 1
        if bound >= self.cost - self._gap * abs(self.cost):
            self._least_closed = min(self._least_closed, bound)
            return
        psi, phi = self._messages.psi.copy(), self._messages.phi.copy()
        heapq.heappush(self.open, _Node(bound, self.nodes, splits, psi, phi))

    def _sweep(self, start: _Node, splits: tuple[_Split, ...], most: int) -> float:
        """Bound what is left of the candidates after the splits, from the messages of a node."""
        fenced, messages = self._fenced, self._messages
        fenced.own_outbound[:] = self._problem.own_outbound
        for stage, first, last in splits:
            begin, end = fenced.outbound_ptr[stage], fenced.outbound_ptr[stage + 1]
            fenced.own_outbound[begin : begin + first] = np.inf
            fenced.own_outbound[begin + last + 1 : end] = np.inf
        messages.psi[:], messages.phi[:] = start.psi, start.phi
        bound = -np.inf
        for _ in range(most):
            bound = max(bound, messages.sweep())
            if bound >= self.cost:
                break
        return bound

    def _round(self, number: int) -> None:
        """Try the plan that a node's messages suggest."""
        choice = self._messages.round()
        if not np.isfinite(self._problem.evaluate(choice)):
            return
        for tree in range(_TREES):
            draw = stream(0, "spanning tree of a node", number, tree)
            choice = improve_on_tree(self._problem, choice, draw, tree)
        cost = self._problem.evaluate(choice)
        if cost < self.cost:
            self.best, self.cost = choice, cost

    def _splits(self) -> list[tuple[_Split, _Split]]:
        """Where stages waver most: between two times, neither of which costs more, that do."""
        near = _NEAR * abs(self.cost) / self._problem.n_stages
        found = []
        for stage in range(self._problem.n_stages):
            table = self._messages.reduced(stage, self._fenced.table(stage))
            at_outbound = (table - table.min()).min(axis=0)
            wavering = np.flatnonzero(at_outbound <= near)
            if len(wavering) > 1:
                hump, last = _widest_hole(wavering, at_outbound)
                halves = (stage, 0, last), (stage, last + 1, len(at_outbound) - 1)
                found.append((hump, stage, halves))
        found.sort(key=lambda one: (-one[0], one[1]))
        return [halves for _, _, halves in found[:_TRIED]]


def _widest_hole(wavering: Integers, regret: Floats) -> tuple[float, int]:
    """Highest regret within the widest hole between near-best times, and the last time before it.

    Where there is no hole the times are halved.
    """
    steps = np.diff(wavering)
    widest = int(np.argmax(steps))
    inside = regret[wavering[widest] : wavering[widest + 1] + 1]
    hump = float(inside[np.isfinite(inside)].max())
    if steps[widest] > 1:
        return hump, int(wavering[widest])
    return hump, int(wavering[0] + wavering[-1]) // 2
