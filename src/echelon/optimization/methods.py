"""How one component's service times are chosen: the methods ``optimize`` knows by name."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from echelon.errors import InfeasibleError, SolverError
from echelon.exact.dual_ascent import ascend
from echelon.exact.folding import Folded, Folding
from echelon.exact.guaranteed_service import solve_tree
from echelon.exact.service_times import ServiceTimeChoice, ServiceTimeProblem
from echelon.optimization import guaranteed_service
from echelon.optimization.solvers import Outcome, relative_gap, solve


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop: relative gap, seconds, and the solver that is asked."""

    gap: float
    time_limit: float | None
    solver: str


Method: TypeAlias = Callable[[ServiceTimeProblem, Limits], tuple[ServiceTimeChoice, Outcome, str]]


def exact(problem: ServiceTimeProblem, _limits: Limits) -> tuple[ServiceTimeChoice, Outcome, str]:
    """Run the dynamic program; the lanes must form a tree."""
    began = time.perf_counter()
    choice, cost = solve_tree(problem)
    seconds = time.perf_counter() - began
    return choice, Outcome("optimal", cost, cost, 0.0, "optimal", seconds), "tree program"


def milp(problem: ServiceTimeProblem, limits: Limits) -> tuple[ServiceTimeChoice, Outcome, str]:
    """Solve the joint-distribution model, with binaries only where its relaxation leaves a gap."""
    began = time.perf_counter()
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
    gap = relative_gap(cost, bound)
    status = "optimal" if gap <= limits.gap else "feasible"
    seconds = time.perf_counter() - began
    bound = min(bound, cost)  # a bound above the cost is rounding
    return choice, Outcome(status, cost, bound, gap, termination, seconds), "joint distribution"


def auto(problem: ServiceTimeProblem, limits: Limits) -> tuple[ServiceTimeChoice, Outcome, str]:
    """Fold pendant trees, prove what is left by dual ascent, and close a gap with the model.

    The model is then declared for the contenders alone: the pairs of service times that could
    still be part of a cheaper plan.
    """
    began = time.perf_counter()
    folding = Folding.of(problem)
    if folding.is_tree:
        return exact(problem, limits)
    folded = Folded.of(problem, folding)
    core = folded.core_problem()
    ascent = ascend(core, gap=limits.gap, time_limit=limits.time_limit)
    choice, cost, bound = ascent.choice, ascent.cost, ascent.bound
    method, termination = "dual ascent", "optimal"
    if relative_gap(cost, bound) > limits.gap:
        method = "dual ascent, joint distribution"
        contenders = ascent.contenders(core)
        left = _time_left(limits, began)
        found, outcome, _ = milp(contenders, replace(limits, time_limit=left))
        # a plan outside the contenders costs at least what the ascent's plan does
        bound = max(bound, min(outcome.bound, cost))
        termination = outcome.termination
        if outcome.objective < cost:
            choice, cost = core.locate(*contenders.chosen(found)), outcome.objective
    gap = relative_gap(cost, bound)
    status = "optimal" if gap <= limits.gap else "feasible"
    seconds = time.perf_counter() - began
    outcome = Outcome(status, cost, min(bound, cost), gap, termination, seconds)
    return folded.complete(choice), outcome, method


def _time_left(limits: Limits, began: float) -> float | None:
    if limits.time_limit is None:
        return None
    return max(limits.time_limit - (time.perf_counter() - began), 0.0)


METHODS: dict[str, Method] = {"auto": auto, "exact": exact, "milp": milp}
