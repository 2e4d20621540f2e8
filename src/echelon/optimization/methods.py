"""How one component's service times are chosen: the methods ``optimize`` knows by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np

from echelon.errors import SolverError
from echelon.exact.guaranteed_service.dual_ascent import fold_and_ascend
from echelon.exact.guaranteed_service.flat import CoveredCost, FlatProblem, grid_size
from echelon.exact.guaranteed_service.interpolated import PassedMessages
from echelon.exact.guaranteed_service.problem import (
    ServiceTimeProblem,
    priced,
)
from echelon.exact.guaranteed_service.refinement import refine
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import Integers
from echelon.optimization.candidate_lists import (
    bound_of_each,
    every_quote,
    grid_of_periods,
    growing_problems,
    holds_every_time,
    listed_whole,
)
from echelon.optimization.outcome import Outcome
from echelon.optimization.proof import (
    MOST_BRANCHED,
    Answer,
    Limits,
    StoppedWithoutPlanError,
    joint_distribution,
    located,
    outcome_of,
    prove,
    split_times,
)
from echelon.optimization.search import PlansOnly, Search
from echelon.optimization.settled_proof import prove_settled
from echelon.policies.columns import LISTED_TIMES

ROUNDING = 1e-12
"""A relative gap that is nothing but rounding."""
_GRID_PAIRS = 20_000
"""Pairs of times per stage up to which a grid of them is the quickest."""
_MOST_DECLARED = 1_000_000
"""Pairs of a grid of times up to which a model of them is solved, in half a minute or so."""
_RESTING_GAP = 0.01
_SMALL, _LARGE = 500, 5_000
MOST_PAIRS = 5_000
"""Pairs of times up to which a component shares a live model with others of its pattern."""
_TOO_MANY = (
    "this component has too many candidate service times to list. Fix: use method='auto', or round "
    "lead times to a coarser unit."
)


@dataclass(frozen=True, slots=True)
class Solution:
    """Outbound service times (ticks), what is proven of them, and the route taken.

    ``messages`` prove the bound where it is over all times; a search of another component with the
    same lanes can begin with them. ``contenders`` gives the windows of times that a cheaper plan
    can use.
    """

    service: Integers
    outcome: Outcome
    route: str
    messages: PassedMessages | None = None
    contenders: Callable[[], ServiceTimes] | None = None

    def over_listed(self) -> Solution:
        """Say of the same that it was compared with the times listed and no others."""
        return replace(
            self, outcome=self.outcome.over_listed(), route=f"{self.route}, {LISTED_TIMES}"
        )


Method: TypeAlias = Callable[[ServiceTimes, CoveredCost, Limits, Search], Solution]


def auto(times: ServiceTimes, cost: CoveredCost, limits: Limits, search: Search) -> Solution:
    """Take the quickest route to a proof: tree program, dual ascent, and the model at the end."""
    return _solve(times, cost, limits, search, model=True)


def dual(times: ServiceTimes, cost: CoveredCost, limits: Limits, search: Search) -> Solution:
    """Do without a solver: tree program or dual ascent; what gap is left is reported."""
    return _solve(times, cost, limits, search, model=False)


def exact(times: ServiceTimes, cost: CoveredCost, limits: Limits, search: Search) -> Solution:
    """Go on until nothing but rounding is left, whatever gap was asked for."""
    return _solve(times, cost, replace(limits, gap=min(limits.gap, ROUNDING)), search, model=True)


def milp(times: ServiceTimes, cost: CoveredCost, limits: Limits, search: Search) -> Solution:
    """Let a solver prove the joint-distribution model, which is declared in Pyomo.

    Small components share a live model with all that have their pattern; a large one is declared
    whole.
    """
    del search  # the model starts from nothing, so that it can be used to check the others
    begun = Search()
    try:
        every = _every_time(times, cost)
        if every is not None:
            return _in_ticks(every, prove_settled(every, limits, begun, _by_model))
        problem = _listed(times, cost)
        if problem is None:
            raise SolverError(_TOO_MANY)
        found = _in_ticks(problem, _by_model(problem, limits, begun))
        at_vertices = cost.concave and cost.covered_only
        if at_vertices or times.quote_unit > 1 or holds_every_time(times, problem):
            return found
        return found.over_listed()
    except StoppedWithoutPlanError:
        return stopped(times, cost, limits, Search(), "time_limit")


def _by_model(problem: ServiceTimeProblem | FlatProblem, limits: Limits, search: Search) -> Answer:
    """Declare the joint-distribution model, or take a live one of the same pattern."""
    del search
    whole = problem.dense() if isinstance(problem, FlatProblem) else problem
    if whole.n_pairs <= MOST_PAIRS and limits.solver == "highs":
        from echelon.optimization.templates.by_template import by_template  # when it is needed

        return by_template(whole, limits)
    return joint_distribution(whole, limits)


METHODS: dict[str, Method] = {"auto": auto, "dual": dual, "exact": exact, "milp": milp}


def _solve(
    times: ServiceTimes, cost: CoveredCost, limits: Limits, search: Search, *, model: bool
) -> Solution:
    if times.quote_unit > 1:
        whole = search.problem or every_quote(times, cost)
        if whole is None:
            raise SolverError(_TOO_MANY)
        return _in_ticks(whole, _proved(whole, limits, search, model=model))
    if not (cost.concave and cost.covered_only):
        grid = None if cost.concave else search.problem or grid_of_periods(times, cost)
        if grid is not None:
            return _in_ticks(grid, _proved(grid, limits, search, model=model))
        return _over_growing_lists(times, cost, limits, search, model=model)
    if _is_tree(times) and (listed := _listed(times, cost)) is not None:
        return _in_ticks(listed, prove(listed, limits, search, model=model))
    found = _ascend_on_grid(times, cost, limits, search)
    if found is None or _worth_going_on(found, times, limits, search):
        found = _ascend_between_knots(times, cost, limits, search, found)
    if found.outcome.gap <= limits.gap or not model or search.left(limits.time_limit) == 0.0:
        return found
    if times.n_stages <= MOST_BRANCHED:
        found = _branch_on_grid(found, times, cost, limits, search)
    if found.outcome.gap <= limits.gap or search.left(limits.time_limit) == 0.0:
        return found
    contenders = times if found.contenders is None else found.contenders()
    return _closed(found, contenders, cost, limits, search)


def _proved(
    problem: ServiceTimeProblem | FlatProblem, limits: Limits, search: Search, *, model: bool
) -> Answer:
    """Prove a plan over all times there are, in which no supplies lie where that can be said."""
    if isinstance(problem, ServiceTimeProblem):
        return prove(problem, limits, search, model=model)
    return prove_settled(problem, limits, search, partial(prove, model=model))


def _over_growing_lists(
    times: ServiceTimes, cost: CoveredCost, limits: Limits, search: Search, *, model: bool
) -> Solution:
    """Prove a plan over as many candidates as there are, or as there is time for.

    What a short list proves says nothing of a longer one: the bound is over the last one, and
    proves an optimum only if that holds every time there is.
    """
    found, route = None, ""
    best, price = times.outbound_low, np.inf
    for problem in growing_problems(times, cost, search, limits.time_limit):
        left = search.left(limits.time_limit)
        some = replace(limits, time_limit=None if left is None else 0.5 * left)
        choice, found, route = prove(problem, some, PlansOnly(search), model=False)
        search.prove_anew(found.bound, listed_only=not holds_every_time(times, problem))
        best, price = _cheaper(times, cost, problem.chosen(choice)[1], best, price)
        search.start = best
    if found is None:
        return stopped(times, cost, limits, search, "time_limit")
    if model and found.gap > limits.gap and search.left(limits.time_limit) != 0.0:
        choice, found, route = prove(problem, limits, search)
        best, price = _cheaper(times, cost, problem.chosen(choice)[1], best, price)
    outcome = outcome_of(price, found.bound, found.termination, limits, search)
    solution = Solution(best, outcome, route)
    return solution.over_listed() if search.listed_only else solution


def _cheaper(
    times: ServiceTimes, cost: CoveredCost, service: Integers, best: Integers, price: float
) -> tuple[Integers, float]:
    """Settle a plan, as supplies may be complete sooner than a candidate says; keep the better."""
    settled, its_price = priced(times, cost, service)
    return (settled, its_price) if its_price < price else (best, price)


def _ascend_on_grid(
    times: ServiceTimes, cost: CoveredCost, limits: Limits, search: Search
) -> Solution | None:
    """Raise the bound over all multiples of the times' common unit; None where they are many.

    That is the quickest where times are whole, as most are.
    """
    if search.messages is not None or grid_size(times)[1] > _GRID_PAIRS * times.n_stages:
        return None
    problem = FlatProblem.on_grid(times, cost)
    return _in_ticks(problem, prove(problem, limits, search, model=False))


def _worth_going_on(found: Solution, times: ServiceTimes, limits: Limits, search: Search) -> bool:
    """Whether dual ascent rested close to a proof, as it may; between knots it goes on.

    In small components it is worth trying from further away.
    """
    gap = found.outcome.gap
    close = times.n_stages <= (_LARGE if gap < _RESTING_GAP else _SMALL)
    return gap > limits.gap and close and search.left(limits.time_limit) != 0.0


def _ascend_between_knots(
    times: ServiceTimes,
    cost: CoveredCost,
    limits: Limits,
    search: Search,
    found: Solution | None,
) -> Solution:
    """Raise the bound over all times with messages that bend at few of them."""
    refined = refine(
        times,
        cost,
        gap=limits.gap,
        time_limit=search.left(limits.time_limit),
        start=search.start if found is None else found.service,
        messages=search.messages,
        watch=search.note,
    )
    bound = refined.bound if found is None else max(refined.bound, found.outcome.bound)
    outcome = outcome_of(refined.cost, bound, refined.termination, limits, search)
    kept = None if refined.messages is None else refined.messages.passed()
    return Solution(refined.service, outcome, "dual ascent", kept, refined.contenders)


def _branch_on_grid(
    found: Solution, times: ServiceTimes, cost: CoveredCost, limits: Limits, search: Search
) -> Solution:
    """Branch over all multiples of the times' common unit, where they are few."""
    if grid_size(times)[1] > _GRID_PAIRS * times.n_stages:
        return found
    problem = FlatProblem.on_grid(times, cost)
    folded = fold_and_ascend(
        problem,
        gap=limits.gap,
        time_limit=search.left(limits.time_limit),
        start=located(problem, found.service),
    )
    folded = split_times(problem, folded, limits, search)
    service, best = found.service, found.outcome.objective
    if folded.cost < best:
        service, best = problem.chosen(folded.choice)[1], folded.cost
    bound = max(found.outcome.bound, min(folded.bound, best))
    why = "time_limit" if search.left(limits.time_limit) == 0.0 else "no progress"
    outcome = outcome_of(best, bound, why, limits, search)
    return replace(found, service=service, outcome=outcome, route=f"{found.route}, branching")


def _closed(
    found: Solution, contenders: ServiceTimes, cost: CoveredCost, limits: Limits, search: Search
) -> Solution:
    """Close what gap is left among the times that a cheaper plan can use, where they can be listed.

    All other plans cost at least what the one found does.
    """
    heard, quoted = contenders.settled(found.service)
    problem = _listed(contenders, cost, heard, quoted)
    if problem is None:
        return found
    search.start = found.service
    branched = "branching" in found.route
    choice, closed, route = prove(problem, limits, search, branching=not branched)
    best, service = found.outcome.objective, found.service
    bound = max(found.outcome.bound, min(closed.bound, best))
    if closed.objective < best:
        best, service = closed.objective, problem.chosen(choice)[1]
    outcome = outcome_of(best, bound, closed.termination, limits, search)
    routes = dict.fromkeys(f"{found.route}, {route}".split(", "))
    return Solution(service, outcome, ", ".join(routes), found.messages)


def stopped(
    times: ServiceTimes, cost: CoveredCost, limits: Limits, search: Search, termination: str
) -> Solution:
    """Give what a search that was stopped has shown; the least service times if it is nothing."""
    least, price = priced(times, cost, times.outbound_low)
    search.note(bound_of_each(times, cost), price, lambda: least)
    service = search.best()
    outcome = outcome_of(search.cost, search.bound, termination, limits, search)
    outcome = replace(outcome, termination=termination)  # also where the proof had just ended
    solution = Solution(least if service is None else service, outcome, "stopped")
    return solution.over_listed() if search.listed_only else solution


def _is_tree(times: ServiceTimes) -> bool:
    """Whether the lanes of a component, which is connected, have no cycle."""
    return len(times.pred_stage) < times.n_stages


def _listed(times: ServiceTimes, cost: CoveredCost, *added: Integers) -> ServiceTimeProblem | None:
    """List the candidates and their costs, ``added`` inbound and outbound times among them.

    None where they are too many.
    """
    if times.quote_unit > 1:
        whole = every_quote(times, cost)
        return whole.dense() if isinstance(whole, FlatProblem) else whole
    lists = listed_whole(times, whole_periods=not cost.concave)
    if lists is None:
        return None
    if added:
        lists = lists.including(*added)
    return ServiceTimeProblem.of(times, cost, lists.inbound, lists.outbound)


def _every_time(times: ServiceTimes, cost: CoveredCost) -> FlatProblem | None:
    """Lay out every time there is; None where they are too many for a model, or need not be."""
    if times.quote_unit > 1:
        whole = every_quote(times, cost) if cost.covered_only else None
        return whole if isinstance(whole, FlatProblem) else None
    # as `_solve` takes it: a cost that bends is least anywhere
    grid = None if cost.concave else grid_of_periods(times, cost)
    return grid if grid is not None and grid.n_pairs <= _MOST_DECLARED else None


def _in_ticks(problem: ServiceTimeProblem | FlatProblem, answer: Answer) -> Solution:
    choice, outcome, route = answer
    return Solution(problem.chosen(choice)[1], outcome, route)
