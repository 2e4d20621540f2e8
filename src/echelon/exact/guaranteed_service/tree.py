"""Guaranteed-service placement on a tree, exactly: dynamic program and its plain twin."""

from __future__ import annotations

import numpy as np

from echelon.errors import DomainError
from echelon.exact.guaranteed_service.folding import Folded, Folding, best_pair
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice, ServiceTimeProblem
from echelon.network.compiled import Floats, Integers


def solve_tree(problem: ServiceTimeProblem) -> tuple[ServiceTimeChoice, float]:
    """Find the optimum of a component whose lanes form a tree.

    Every pass is a running minimum, so the work is the number of candidate pairs. Costs need be
    neither concave nor monotone.

    Parameters
    ----------
    problem : ServiceTimeProblem

    Returns
    -------
    choice : ServiceTimeChoice
    cost : float
        Money per period.

    Raises
    ------
    DomainError
        If the lanes do not form a tree.
    InfeasibleError
        If no choice satisfies the limits.

    References
    ----------
    .. [1] Graves & Willems (2000), Optimizing strategic safety stock placement in supply chains,
       *Manufacturing & Service Operations Management* 2(1), and its erratum, 5(2), 2003.
    """
    folding = Folding.of(problem)
    if not folding.is_tree:
        raise DomainError(
            f"the lanes of this component do not form a tree: {len(folding.core)} stages lie on "
            "cycles. Fix: use method='auto' or method='milp'."
        )
    return Folded.of(problem, folding).best_root()


def solve_tree_plain(problem: ServiceTimeProblem) -> tuple[ServiceTimeChoice, float]:
    """The plain twin of :func:`solve_tree`: the same recursion, written to be read."""
    n = problem.n_stages
    folding = Folding.of(problem)
    cost = [table.copy() for table in problem.cost]
    links = []  # per step: for each candidate of the parent, the folded stage's best pair
    for k, parent, supplies, lane in zip(
        folding.stage, folding.parent, folding.supplies_parent, folding.lane, strict=True
    ):
        delay = problem.times.lane_delay[lane]
        if supplies:
            mine, theirs = problem.outbound[k] + delay, problem.inbound[parent]
            link = [_best_within(cost[k], mine <= time, axis=1) for time in theirs]
            cost[parent] += np.array([value for value, _, _ in link])[:, None]
        else:
            mine, theirs = problem.inbound[k], problem.outbound[parent] + delay
            link = [_best_within(cost[k], mine >= time, axis=0) for time in theirs]
            cost[parent] += np.array([value for value, _, _ in link])[None, :]
        links.append(link)
    inbound, outbound = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for root in folding.core:
        inbound[root], outbound[root] = best_pair(cost[root])
    for step in reversed(range(len(links))):
        k, parent = folding.stage[step], folding.parent[step]
        touched = inbound if folding.supplies_parent[step] else outbound
        _, inbound[k], outbound[k] = links[step][touched[parent]]
    total = sum(float(cost[root][inbound[root], outbound[root]]) for root in folding.core)
    return ServiceTimeChoice(inbound, outbound), total


def _best_within(table: Floats, allowed: Integers, *, axis: int) -> tuple[float, int, int]:
    """Least entry over the allowed rows (axis 0) or columns (axis 1), and where it stands."""
    mask = allowed[:, None] if axis == 0 else allowed[None, :]
    inside = np.where(mask, table, np.inf)
    row, column = np.unravel_index(int(inside.argmin()), inside.shape)
    return float(inside[row, column]), int(row), int(column)
