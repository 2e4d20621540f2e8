"""Prove a plan over listed times: tree program, dual ascent, branching and the model, in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from echelon.errors import InfeasibleError, SolverError
from echelon.exact.guaranteed_service.branching import branch
from echelon.exact.guaranteed_service.dual_ascent import FoldedAscent, fold_and_ascend
from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice, ServiceTimeProblem
from echelon.network.compiled import Integers
from echelon.optimization.outcome import Outcome, relative_gap
from echelon.optimization.search import Search

MOST_BRANCHED = 300
"""Stages up to which service times are split."""
_NODE_STAGES = 30_000
"""Nodes times stages without a time limit: seconds, after which the model takes its turn."""
_MOST_MODELLED_PAIRS = 300_000
"""Pairs above which the model takes longer to declare than anyone waits for its answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop: relative gap, seconds, and the solver that is asked."""

    gap: float
    time_limit: float | None
    solver: str


class StoppedWithoutPlanError(SolverError):
    """A solver's time was up before it had a plan."""


Answer: TypeAlias = tuple[ServiceTimeChoice, Outcome, str]


def prove(
    problem: ServiceTimeProblem | FlatProblem,
    limits: Limits,
    search: Search | None = None,
    *,
    model: bool = True,
    branching: bool = True,
) -> Answer:
    """Fold pendant trees, prove what is left by dual ascent, and close a gap with the model.

    Before the model, service times are split where that is quick (``branching``). The model is then
    declared for the contenders alone: the pairs of service times that could still be part of a
    cheaper plan.
    """
    search = Search() if search is None else search
    problem = FlatProblem.of(problem)
    found = fold_and_ascend(
        problem,
        gap=limits.gap,
        time_limit=search.left(limits.time_limit),
        start=located(problem, search.start),
        watch=lambda bound, cost, plan: search.note(bound, cost, lambda: problem.chosen(plan())[1]),
    )
    if found.ascent is None:
        search.note(found.bound, found.cost, lambda: problem.chosen(found.choice)[1])
        outcome = outcome_of(found.cost, found.bound, "optimal", limits, search)
        return found.choice, outcome, "tree program"
    left = search.left(limits.time_limit)
    if relative_gap(found.cost, found.bound) <= limits.gap or not model or left == 0.0:
        why = "time_limit" if left == 0.0 else "no progress"
        outcome = outcome_of(found.cost, found.bound, why, limits, search)
        return found.choice, outcome, "dual ascent"
    route = "dual ascent"
    if branching and len(found.folded.folding.core) <= MOST_BRANCHED:
        found, route = split_times(problem, found, limits, search), "dual ascent, branching"
    left = search.left(limits.time_limit)
    if found.ascent is None or relative_gap(found.cost, found.bound) <= limits.gap or left == 0.0:
        why = "time_limit" if left == 0.0 else "no progress"
        return found.choice, outcome_of(found.cost, found.bound, why, limits, search), route
    core = found.folded.core_problem().dense()
    contenders = found.ascent.contenders(core)
    if contenders.n_pairs > _MOST_MODELLED_PAIRS:
        outcome = outcome_of(found.cost, found.bound, "no progress", limits, search)
        return found.choice, outcome, route
    route = f"{route}, joint distribution"
    try:
        better, modelled, _ = joint_distribution(contenders, replace(limits, time_limit=left))
    except StoppedWithoutPlanError:
        outcome = outcome_of(found.cost, found.bound, "time_limit", limits, search)
        return found.choice, outcome, route
    choice, cost = found.choice, found.cost
    # a plan outside the contenders costs at least what the ascent's plan does
    bound = max(found.bound, min(modelled.bound, cost))
    if modelled.objective < cost:
        times = contenders.chosen(better)
        choice, cost = found.folded.complete(core.locate(*times)), modelled.objective
    search.note(bound, cost, lambda: problem.chosen(choice)[1])
    outcome = outcome_of(cost, bound, modelled.termination, limits, search)
    return choice, outcome, route


def split_times(
    problem: FlatProblem, found: FoldedAscent, limits: Limits, search: Search
) -> FoldedAscent:
    """Split service times where dual ascent wavers, for half of the time that is left."""
    left = search.left(limits.time_limit)
    until = None if left is None else 0.5 * left
    if found.ascent is None or (n_stages := len(found.folded.folding.core)) > MOST_BRANCHED:
        return found

    def told(bound: float, cost: float, plan: Callable[[], ServiceTimeChoice]) -> None:
        search.note(bound, cost, lambda: problem.chosen(found.folded.complete(plan()))[1])

    branched = branch(
        found.folded.core_problem(),
        found.ascent,
        gap=limits.gap,
        late=lambda: until is not None and (search.left(limits.time_limit) or 0.0) <= until,
        most_nodes=_NODE_STAGES // n_stages if left is None else None,
        watch=told,
    )
    return replace(
        found,
        choice=found.folded.complete(branched.choice),
        cost=branched.cost,
        bound=branched.bound,
        ascent=replace(found.ascent, choice=branched.choice, cost=branched.cost),
    )


def joint_distribution(problem: ServiceTimeProblem, limits: Limits) -> Answer:
    """Solve the joint-distribution model, with binaries only where its relaxation leaves a gap."""
    # Pyomo takes half a second to load, which a tree need not pay
    from echelon.optimization import guaranteed_service
    from echelon.optimization.solvers import solve

    search = Search()
    problem, scale = _scaled(problem)
    best: tuple[ServiceTimeChoice, float] | None = None
    bound = -float("inf")
    termination = "optimal"
    for integer in (False, True):
        model = guaranteed_service.build(problem, integer=integer)
        guaranteed_service.load(model, problem)
        left = search.left(limits.time_limit)
        if left == 0.0:
            termination = "time_limit"
            break
        outcome = solve(model, limits.solver, gap=limits.gap, time_limit=left)
        termination = outcome.termination
        if outcome.status == "infeasible":
            raise InfeasibleError("no service times satisfy the limits of this component")
        bound = max(bound, outcome.bound)
        if outcome.status in ("optimal", "feasible"):
            found = guaranteed_service.extract(model, problem)
            if best is None or found[1] < best[1]:
                best = found
        if best is not None and relative_gap(best[1], bound) <= limits.gap:
            termination = "optimal"
            break
        if search.left(limits.time_limit) == 0.0:
            break
    if best is None:
        raise StoppedWithoutPlanError(f"{limits.solver} stopped without a plan: {termination}")
    choice, cost = best
    outcome = outcome_of(cost * scale, bound * scale, termination, limits, search)
    return choice, outcome, "joint distribution"


def _scaled(problem: ServiceTimeProblem) -> tuple[ServiceTimeProblem, float]:
    """Divide all costs by the typical one: a solver's tolerances are absolute, near 1e-7."""
    spans = [table[np.isfinite(table)].max(initial=0.0) for table in problem.cost]
    scale = float(np.median([span for span in spans if span > 0.0] or [1.0]))
    tables = [table / scale for table in problem.cost]
    return ServiceTimeProblem(problem.times, problem.inbound, problem.outbound, tables), scale


def located(problem: FlatProblem, service: Integers | None) -> ServiceTimeChoice | None:
    """Find a plan among the candidates; None where some of its times are not there."""
    if service is None:
        return None
    times = problem.times
    wanted = times.settled(np.minimum(service, times.outbound_high))
    choice = problem.locate(*wanted)
    sizes = np.diff(problem.inbound_ptr), np.diff(problem.outbound_ptr)
    if (choice.inbound >= sizes[0]).any() or (choice.outbound >= sizes[1]).any():
        return None
    found = problem.chosen(choice)
    there = all((a == b).all() for a, b in zip(found, wanted, strict=True))
    return choice if there and np.isfinite(problem.evaluate(choice)) else None


def outcome_of(
    cost: float, bound: float, termination: str, limits: Limits, search: Search
) -> Outcome:
    """Say what a plan and a bound prove, and why the search stopped short of a proof."""
    gap = relative_gap(cost, bound)
    return Outcome(
        status="optimal" if gap <= limits.gap else "feasible",
        objective=cost,
        bound=min(bound, cost),  # a bound above the cost is rounding
        gap=gap,
        termination="optimal" if gap <= limits.gap else termination,
        seconds=search.seconds,
        trace=tuple(search.trace),
    )
