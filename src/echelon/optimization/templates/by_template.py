"""Solve the joint-distribution model of a component through the template of its pattern."""

from __future__ import annotations

from echelon.exact.guaranteed_service.problem import ServiceTimeChoice, ServiceTimeProblem
from echelon.optimization.proof import Answer, Limits, outcome_of
from echelon.optimization.search import Search
from echelon.optimization.templates.kept import templates_here
from echelon.optimization.templates.pattern import OrderPattern, pair_costs

RELAXED, BRANCHED = "joint distribution", "joint distribution, branching"


def by_template(problem: ServiceTimeProblem, limits: Limits) -> Answer:
    """Solve a problem over its candidates.

    Raises
    ------
    InfeasibleError
        If it has no plan.
    SolverError
        If HiGHS stops without one.
    """
    search = Search()
    template = templates_here().find(OrderPattern.of(problem), lambda: problem)
    found = template.solve(pair_costs(problem), gap=limits.gap, time_limit=limits.time_limit)
    outcome = outcome_of(found.cost, found.bound, found.termination, limits, search)
    return (
        ServiceTimeChoice(found.inbound, found.outbound),
        outcome,
        BRANCHED if found.branched else RELAXED,
    )
