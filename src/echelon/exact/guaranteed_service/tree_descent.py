"""Improve a plan by exact dynamic programs on random spanning trees, other lanes frozen.

A stage waits for the slowest of its suppliers, so that nothing is gained before all of them quote
less: a tree is of use where it holds all lanes into a stage, or all lanes out of one. Hence lanes
are taken into the tree stage by stage, into or out of it, in an order drawn at random.
"""

from __future__ import annotations

import numpy as np

from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.folding import Folded, Folding
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice
from echelon.network.compiled import Integers

_KINDS = 3


def improve_on_tree(
    problem: FlatProblem, choice: ServiceTimeChoice, draw: np.random.Generator, kind: int = 0
) -> ServiceTimeChoice:
    """Solve exactly along a random spanning tree; the choice itself stays feasible, so never worse.

    Parameters
    ----------
    problem : FlatProblem
    choice : ServiceTimeChoice
        Feasible.
    draw : Generator
    kind : int
        Counted in turn: lanes are taken by the stage they go into, by the one they come from, or
        by either.
    """
    from echelon.kernels.tree_program import fence

    times = problem.times
    customer, supplier = times.lane_customer, times.pred_stage
    order = _by_stage(supplier, customer, times.n_stages, draw, kind % _KINDS)
    inside = spanning_forest(supplier, customer, order, times.n_stages)
    fenced = problem.with_terms(problem.own_inbound.copy(), problem.own_outbound.copy())
    fence(
        supplier, customer, times.lane_delay, inside, draw.integers(0, 2, len(supplier)),
        problem.inbound_ptr, problem.inbound, problem.outbound_ptr, problem.outbound,
        choice.inbound, choice.outbound, fenced.own_inbound, fenced.own_outbound,
    )  # fmt: skip
    found, _ = Folded.of(fenced, Folding.of(fenced, inside)).best_root()
    return found


def spanning_forest(
    supplier: Integers, customer: Integers, order: Integers, n_stages: int
) -> Integers:
    """Mark with 1 the lanes that join two parts not joined yet, taken in the given order."""
    from echelon.kernels import tree_program

    inside = np.empty(len(supplier), dtype=np.int64)
    root = np.empty(n_stages, dtype=np.int64)
    tree_program.spanning_forest(supplier, customer, order, root, inside)
    return inside


def _by_stage(
    supplier: Integers, customer: Integers, n_stages: int, draw: np.random.Generator, kind: int
) -> Integers:
    """Order of the lanes: those into a stage together, those out of it, or as either comes up."""
    into, out_of = draw.random(n_stages), draw.random(n_stages)
    if kind == 0:
        return np.argsort(into[customer], kind="stable")
    if kind == 1:
        return np.argsort(out_of[supplier], kind="stable")
    return np.argsort(np.minimum(into[customer], out_of[supplier]), kind="stable")
