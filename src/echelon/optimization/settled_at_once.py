"""Solve many components at once: trees, and what the first step of a proof ends.

What is done for all is what :mod:`~echelon.optimization.settled_proof` does for one: a tree in
whose plan no supply lies is solved by the tree program. Of what is left the waits of stages with
one supplier are charged, pendant trees folded, the bound raised, the plan settled. What is not
proven by then has to be searched by itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from echelon.exact.guaranteed_service.first_ascent import FirstAscent
from echelon.exact.guaranteed_service.joined import JoinedProblem
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice
from echelon.exact.guaranteed_service.prompt_supplies import PromptSupplies
from echelon.network.compiled import Floats, Integers
from echelon.optimization.methods import Solution
from echelon.optimization.outcome import Outcome, relative_gap


def solved_at_once(
    joined: JoinedProblem, gap: Floats, seconds: Callable[[], float]
) -> list[Solution | None]:
    """Solve what takes no search of its own.

    Parameters
    ----------
    joined : JoinedProblem
    gap : (n_components,) float64
        Relative gap that is a proof; below 0 where all but trees are to be searched.
    seconds : callable
        What has been spent on each component so far.

    Returns
    -------
    list of Solution or None
        One per component; None of what is to be searched.
    """
    found = _trees(joined, seconds)
    left = np.array([c for c, one in enumerate(found) if one is None and gap[c] >= 0.0], np.int64)
    if left.size:
        for c, solution in zip(
            left.tolist(), _first_steps(joined.some(left), gap[left], seconds), strict=True
        ):
            found[c] = solution
    return found


def _trees(joined: JoinedProblem, seconds: Callable[[], float]) -> list[Solution | None]:
    """Solve the trees; None of what is no tree, and where supplies lie in its plan."""
    choice, least = joined.trees()
    if joined.problem.curves is not None:
        least = np.where(joined.waiting(choice), np.inf, least)
    service, spent = joined.problem.chosen(choice)[1], seconds()
    return [
        None if cost == np.inf else _proven(own, cost, cost, spent, "tree program")
        for cost, own in zip(least.tolist(), np.split(service, joined.stage_ptr[1:-1]), strict=True)
    ]


def _first_steps(
    joined: JoinedProblem, gap: Floats, seconds: Callable[[], float]
) -> list[Solution | None]:
    """Take the first step of each proof; None of what it leaves open."""
    prompt = PromptSupplies.of(joined.problem, joined.stage_ptr)
    charged = joined
    if prompt is not None:
        charged = JoinedProblem(joined.stage_ptr, prompt.charged(prompt.only_lanes()))
    found = FirstAscent.of(charged)
    service, cost = joined.problem.chosen(found.choice)[1], found.cost
    if prompt is not None:
        gains = np.logical_or.reduceat(prompt.saved > 0.0, joined.stage_ptr[:-1])
        settled, price = _settled(joined, service)
        service = np.where(np.repeat(gains, np.diff(joined.stage_ptr)), settled, service)
        cost = np.where(gains, price, cost)
    spent = seconds()
    routes = np.where(found.is_tree, "tree program", "dual ascent").tolist()
    return [
        _proven(own, price, bound, spent, route)
        if proven and relative_gap(price, bound) <= most
        else None
        for own, price, bound, proven, route, most in zip(
            np.split(service, joined.stage_ptr[1:-1]),
            cost.tolist(),
            found.bound.tolist(),
            found.proven.tolist(),
            routes,
            gap.tolist(),
            strict=True,
        )
    ]


def _proven(service: Integers, cost: float, bound: float, seconds: float, route: str) -> Solution:
    bound = min(bound, cost)  # a bound above the cost is rounding
    outcome = Outcome(
        "optimal", cost, bound, relative_gap(cost, bound), "optimal", seconds,
        ((seconds, bound, cost),),
    )  # fmt: skip
    return Solution(service, outcome, route)


def _settled(joined: JoinedProblem, service: Integers) -> tuple[Integers, Floats]:
    """Settle quotes, and price the plans that are among the candidates; the others cost ``inf``."""
    problem, times = joined.problem, joined.problem.times
    wanted = times.settled(np.minimum(service, times.outbound_high))
    choice = problem.locate(*wanted)
    latest = np.diff(problem.inbound_ptr) - 1, np.diff(problem.outbound_ptr) - 1
    choice = ServiceTimeChoice(
        np.minimum(choice.inbound, latest[0]), np.minimum(choice.outbound, latest[1])
    )
    found = problem.chosen(choice)
    there = (found[0] == wanted[0]) & (found[1] == wanted[1])
    listed = np.logical_and.reduceat(there, joined.stage_ptr[:-1])
    return found[1], np.where(listed, joined.evaluate(choice), np.inf)
