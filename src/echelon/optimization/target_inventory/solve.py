"""Solve the target-inventory problem of one component, and say what binds in the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from echelon.errors import InfeasibleError, SolverError
from echelon.network.compiled import Floats
from echelon.optimization.outcome import Outcome
from echelon.optimization.target_inventory.account import Decisions, account
from echelon.optimization.target_inventory.decide import decisions_of, issued_in_turn
from echelon.optimization.target_inventory.infeasible import explain
from echelon.optimization.target_inventory.live_model import LiveModel, LiveSolution
from echelon.optimization.target_inventory.lots_by_recursion import (
    best_lots,
    is_whole_lots,
    whole_numbers,
)
from echelon.optimization.target_inventory.model import declare, load
from echelon.optimization.target_inventory.numbers import numbers
from echelon.optimization.target_inventory.prices import binding_rows
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.pure_lot_sizing import is_lot_sizing, solve_lot_sizing
from echelon.optimization.target_inventory.shape import Shape, shape_of
from echelon.optimization.target_inventory.solution import TargetSolution

METHODS = ("auto", "milp")

_QUANTITIES = (
    "demand",
    "supply",
    "supply_by_life",
    "frozen_order",
    "multiple",
    "minimum",
    "maximum",
    "largest",
    "largest_start",
    "most_outdated",
    "younger_supply",
    "most_younger",
    "most_left",
    "most_given",
    "capacity",
    "floor",
    "cover_need",
    "covered_by_order",
    "rest",
    "excess",
)
_PER_UNIT = (
    "unit_cost",
    "holding_cost",
    "waste_cost",
    "scrap_cost",
    "backorder_cost",
    "lost_sale_cost",
    "floor_price",
    "per_unit",
    "per_unit_held",
)
_COUNTED = ("lots", "placed", "set_up", "outdated", "gone")
"""Variables that are no quantities."""

_DECIDED = {"only_if_placed": "placed", "only_if_set_up": "set_up"}
"""Rows that tie a quantity to a decision, and the decision."""

_DEARER = 1e-9
"""Part of its cost by which a plan may cost more once its units are issued in turn: rounding."""


@dataclass(frozen=True, slots=True)
class TargetLimits:
    """How to solve: the route, the relative gap, seconds per component, and the solver."""

    method: str = "auto"
    gap: float = 1e-6
    time_limit: float | None = None
    solver: str = "highs"


def solve_problem(
    problem: TargetProblem,
    limits: TargetLimits,
    models: dict[Shape, LiveModel] | None = None,
) -> TargetSolution:
    """Find a plan of least cost.

    Pure lot sizing goes to the recursion of Wagner and Whitin. Whole lots of one stage are found by
    a recursion, too, and whole numbers of everything else by the solver; the plan is that of the
    linear program that is left once they are fixed, and its prices say what binds.

    Parameters
    ----------
    problem : TargetProblem
    limits : TargetLimits
    models : dict of Shape to LiveModel, optional
        Models declared before, by shape; new ones are added.

    Raises
    ------
    InfeasibleError
        If there is no plan; says what cannot be met.
    SolverError
        If the time was up before there was one.
    """
    if limits.method == "auto" and is_lot_sizing(problem):
        return solved_by_recursion([problem])[0]
    shape = shape_of(problem)
    models = {} if models is None else models
    solution = _solve(problem, shape, limits, models)
    if solution is None:  # some plan that issues in turn costs more than the best that does not
        solution = _solve(problem, replace(shape, first_out=True), limits, models)
    if solution is None:
        raise SolverError(
            "the solver's plan does not issue first expired first out. Fix: please report the case."
        )
    return solution


def _solve(
    problem: TargetProblem, shape: Shape, limits: TargetLimits, models: dict[Shape, LiveModel]
) -> TargetSolution | None:
    """Solve a problem by the model of a shape; None where its plan does not issue in turn."""
    if limits.solver != "highs":
        return _solve_by_name(problem, shape, limits)
    if shape not in models:
        models[shape] = LiveModel(declare(shape))
    live = models[shape]
    unit = _unit_of(problem)
    given = _in_unit(numbers(problem, shape), unit)
    found = _search(problem, shape, live, given, limits)
    if not found.values:
        raise _no_plan(problem, found.outcome, limits)
    priced = found if found.row_prices else live.solve(given, integers=found.values)
    if not priced.values:  # whole within the solver's tolerance, and not quite when they are whole
        priced = found
    elif any(np.any(priced.row_prices.get(name, 0.0)) for name in _DECIDED):
        priced = _with_prices_of_limits(live, given, priced)
    return _solution(problem, shape, found.outcome, priced, unit)


def _with_prices_of_limits(
    live: LiveModel, given: Mapping[str, Floats], plan: LiveSolution
) -> LiveSolution:
    """Give a plan with prices of limits alone, none of rows that tie quantities to decisions.

    The most that a decision allows is a limit of its own where it is made, and which of the two the
    solver prices is anybody's guess.
    """
    again = live.solve(given, integers=plan.values, loosened=_DECIDED)
    same = np.isclose(again.outcome.objective, plan.outcome.objective, rtol=1e-6, atol=0.0)
    return replace(plan, row_prices=again.row_prices) if same else plan


def _search(
    problem: TargetProblem,
    shape: Shape,
    live: LiveModel,
    given: Mapping[str, Floats],
    limits: TargetLimits,
) -> LiveSolution:
    """Find the whole numbers: lots of one stage by a recursion, all others by the solver."""
    if limits.method == "auto" and is_whole_lots(problem):
        lots = best_lots(problem)
        if lots is not None:
            left = live.solve(given, integers=whole_numbers(shape, lots))
            if left.values:
                return replace(left, outcome=replace(left.outcome, termination="recursion"))
    return live.solve(given, gap=limits.gap, time_limit=limits.time_limit)


def solved_by_recursion(problems: list[TargetProblem]) -> list[TargetSolution]:
    """Solve problems that are lot sizing and no more, all of as many periods."""
    solutions = []
    for problem, plan in zip(problems, solve_lot_sizing(problems), strict=True):
        none = np.zeros_like(problem.demand)
        nothing = np.zeros((0, 1, problem.n_periods))
        decided = Decisions(plan.orders[None, :], none, none, nothing, nothing, nothing)
        outcome = Outcome("optimal", plan.cost, plan.cost, 0.0, "recursion", 0.0)
        solutions.append(account(problem, decided, outcome))
    return solutions


def _solution(
    problem: TargetProblem, shape: Shape, outcome: Outcome, left: LiveSolution, unit: float
) -> TargetSolution | None:
    values = {
        name: value if name in _COUNTED else value * unit for name, value in left.values.items()
    }
    decided = decisions_of(problem, shape, values)
    solution = account(problem, decided, outcome)
    if problem.largest_life and not shape.first_out:
        planned = solution.outcome.objective
        in_turn = issued_in_turn(problem, shape, decided)
        if in_turn is None:
            return None
        solution = account(problem, in_turn, outcome)
        if solution.outcome.objective > planned + _DEARER * max(1.0, abs(planned)):
            return None
    if not left.row_prices:
        return solution
    return replace(solution, binding=binding_rows(problem, shape, solution, left.row_prices, unit))


def _no_plan(problem: TargetProblem, outcome: Outcome, limits: TargetLimits) -> Exception:
    if outcome.status == "infeasible":
        message, stage = explain(problem, limits.time_limit)
        return InfeasibleError(message, stage)
    return SolverError(
        f"the solver stopped without a plan: {outcome.termination}. Fix: give a longer time_limit."
    )


def _solve_by_name(
    problem: TargetProblem, shape: Shape, limits: TargetLimits
) -> TargetSolution | None:
    """Solve the declared model by a solver of Pyomo's; the plan it leaves has no prices."""
    from echelon.optimization.solvers import solve

    model = declare(shape)
    load(model, problem, shape)
    outcome = solve(model, limits.solver, gap=limits.gap, time_limit=limits.time_limit)
    if outcome.status not in ("optimal", "feasible"):
        raise _no_plan(problem, outcome, limits)
    values = {
        variable.name: np.array([variable[i].value or 0.0 for i in variable.index_set()])
        for variable in model.component_objects(active=True)
        if variable.ctype.__name__ == "Var"
    }
    return _solution(problem, shape, outcome, LiveSolution(outcome, values, {}), 1.0)


def _unit_of(problem: TargetProblem) -> float:
    """A power of two to count in, where quantities are far from what a solver's tolerances suit."""
    largest = max(
        float(np.nan_to_num(quantity).max(initial=0.0))
        for quantity in (problem.demand, problem.floor, problem.fixed_order)
    )
    if largest == 0.0 or 1.0 <= largest <= 1e5:
        return 1.0
    return float(np.exp2(np.rint(np.log2(largest / 128.0))))


def _in_unit(given: Mapping[str, Floats], unit: float) -> dict[str, Floats]:
    if unit == 1.0:
        return dict(given)
    by = dict.fromkeys(_QUANTITIES, 1.0 / unit) | dict.fromkeys(_PER_UNIT, unit)
    return {name: values * by.get(name, 1.0) for name, values in given.items()}
