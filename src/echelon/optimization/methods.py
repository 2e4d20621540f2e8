"""How one component's service times are chosen: the methods ``optimize`` knows by name."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from echelon.errors import InfeasibleError, SolverError
from echelon.exact.guaranteed_service.dual_ascent import fold_and_ascend
from echelon.exact.guaranteed_service.problem import (
    CostFunction,
    ServiceTimeChoice,
    ServiceTimeProblem,
)
from echelon.exact.guaranteed_service.refinement import refine
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.exact.guaranteed_service.tree import solve_tree
from echelon.network.compiled import Integers
from echelon.optimization.outcome import Outcome, relative_gap

_MOST_PAIRS = 60_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop: relative gap, seconds, and the solver that is asked."""

    gap: float
    time_limit: float | None
    solver: str


@dataclass(frozen=True, slots=True)
class Solution:
    """Outbound service times (ticks), what is proven of them, and the route taken."""

    service: Integers
    outcome: Outcome
    route: str


Answer: TypeAlias = tuple[ServiceTimeChoice, Outcome, str]
Method: TypeAlias = Callable[[ServiceTimes, CostFunction, Limits], Solution]


def auto(times: ServiceTimes, cost: CostFunction, limits: Limits) -> Solution:
    """Take the quickest route to a proof: tree program, dual ascent, model, refinement."""
    problem = _tabulate(times, cost)
    if problem is not None:
        return _in_ticks(problem, prove(problem, limits))
    began = time.perf_counter()
    refined = refine(times, cost, gap=limits.gap, time_limit=limits.time_limit)
    outcome = _outcome(refined.cost, refined.bound, refined.termination, limits, began)
    return Solution(refined.service, outcome, "refinement")


def exact(times: ServiceTimes, cost: CostFunction, limits: Limits) -> Solution:
    """Run the dynamic program; the lanes must form a tree."""
    problem = _tabulate_or_fail(times, cost)
    return _in_ticks(problem, tree(problem, limits))


def milp(times: ServiceTimes, cost: CostFunction, limits: Limits) -> Solution:
    """Declare the joint-distribution model in Pyomo, whole, and let a solver prove it."""
    problem = _tabulate_or_fail(times, cost)
    return _in_ticks(problem, joint_distribution(problem, limits))


METHODS: dict[str, Method] = {"auto": auto, "exact": exact, "milp": milp}


def tree(problem: ServiceTimeProblem, _limits: Limits) -> Answer:
    """Solve a problem whose lanes form a tree."""
    began = time.perf_counter()
    choice, cost = solve_tree(problem)
    seconds = time.perf_counter() - began
    return choice, Outcome("optimal", cost, cost, 0.0, "optimal", seconds), "tree program"


def joint_distribution(problem: ServiceTimeProblem, limits: Limits) -> Answer:
    """Solve the joint-distribution model, with binaries only where its relaxation leaves a gap."""
    # Pyomo takes half a second to load, which a tree need not pay
    from echelon.optimization import guaranteed_service
    from echelon.optimization.solvers import solve

    began = time.perf_counter()
    problem, scale = _scaled(problem)
    best: tuple[ServiceTimeChoice, float] | None = None
    bound = -float("inf")
    termination = "optimal"
    for integer in (False, True):
        left = _time_left(limits, began)
        model = guaranteed_service.build(problem, integer=integer)
        guaranteed_service.load(model, problem)
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
        if limits.time_limit is not None and time.perf_counter() - began >= limits.time_limit:
            break
    if best is None:
        raise SolverError(f"{limits.solver} stopped without a plan: {termination}")
    choice, cost = best
    outcome = _outcome(cost * scale, bound * scale, termination, limits, began)
    return choice, outcome, "joint distribution"


def _scaled(problem: ServiceTimeProblem) -> tuple[ServiceTimeProblem, float]:
    """Divide all costs by the typical one: a solver's tolerances are absolute, near 1e-7."""
    spans = [table[np.isfinite(table)].max(initial=0.0) for table in problem.cost]
    scale = float(np.median([span for span in spans if span > 0.0] or [1.0]))
    tables = [table / scale for table in problem.cost]
    return ServiceTimeProblem(problem.times, problem.inbound, problem.outbound, tables), scale


def prove(problem: ServiceTimeProblem, limits: Limits) -> Answer:
    """Fold pendant trees, prove what is left by dual ascent, and close a gap with the model.

    The model is then declared for the contenders alone: the pairs of service times that could
    still be part of a cheaper plan.
    """
    began = time.perf_counter()
    found = fold_and_ascend(problem, gap=limits.gap, time_limit=limits.time_limit)
    if found.ascent is None:
        outcome = _outcome(found.cost, found.bound, "optimal", limits, began)
        return found.choice, outcome, "tree program"
    if relative_gap(found.cost, found.bound) <= limits.gap:
        outcome = _outcome(found.cost, found.bound, "optimal", limits, began)
        return found.choice, outcome, "dual ascent"
    core = found.folded.core_problem()
    contenders = found.ascent.contenders(core)
    left = replace(limits, time_limit=_time_left(limits, began))
    better, modelled, _ = joint_distribution(contenders, left)
    choice, cost = found.choice, found.cost
    # a plan outside the contenders costs at least what the ascent's plan does
    bound = max(found.bound, min(modelled.bound, cost))
    if modelled.objective < cost:
        times = contenders.chosen(better)
        choice, cost = found.folded.complete(core.locate(*times)), modelled.objective
    outcome = _outcome(cost, bound, modelled.termination, limits, began)
    return choice, outcome, "dual ascent, joint distribution"


def _tabulate(times: ServiceTimes, cost: CostFunction) -> ServiceTimeProblem | None:
    """List the candidates and their costs; None where they are too many and not needed."""
    inbound, outbound, complete = times.candidates(
        whole_periods=not cost.concave, all_or_nothing=cost.concave
    )
    pairs = sum(len(a) * len(b) for a, b in zip(inbound, outbound, strict=True))
    if cost.concave and not (complete and pairs <= _MOST_PAIRS):
        return None
    return ServiceTimeProblem.of(times, cost, inbound, outbound)


def _tabulate_or_fail(times: ServiceTimes, cost: CostFunction) -> ServiceTimeProblem:
    problem = _tabulate(times, cost)
    if problem is None:
        raise SolverError(
            "this component has too many candidate service times to list. Fix: use method='auto', "
            "which refines them, or round lead times to a coarser unit."
        )
    return problem


def _in_ticks(problem: ServiceTimeProblem, answer: Answer) -> Solution:
    choice, outcome, route = answer
    return Solution(problem.chosen(choice)[1], outcome, route)


def _outcome(cost: float, bound: float, termination: str, limits: Limits, began: float) -> Outcome:
    gap = relative_gap(cost, bound)
    return Outcome(
        status="optimal" if gap <= limits.gap else "feasible",
        objective=cost,
        bound=min(bound, cost),  # a bound above the cost is rounding
        gap=gap,
        termination=termination,
        seconds=time.perf_counter() - began,
    )


def _time_left(limits: Limits, began: float) -> float | None:
    if limits.time_limit is None:
        return None
    return max(limits.time_limit - (time.perf_counter() - began), 0.0)
