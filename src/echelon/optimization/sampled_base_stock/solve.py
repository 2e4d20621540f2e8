"""Solve the sampled problem of one component, and say by which route."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from echelon.errors import InfeasibleError, SolverError
from echelon.optimization.outcome import Outcome, relative_gap
from echelon.optimization.sampled_base_stock.problem import SampledProblem
from echelon.optimization.sampled_base_stock.recursion import Reading, evaluate, service
from echelon.optimization.sampled_base_stock.single_level import SingleLevel

Floats = NDArray[np.float64]

METHODS: Final = ("auto", "milp")

_TOLERANCE: Final = 1e-6
"""By which a solver may miss a constraint: service, and the tail relative to its limit."""


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """How to solve.

    Attributes
    ----------
    method : {"auto", "milp"}
    solver : str
    gap : float
    time_limit : float or None
        Seconds for one component.
    """

    method: str
    solver: str
    gap: float
    time_limit: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Levels of one component, and their proof.

    Attributes
    ----------
    levels : (n_stages,) float64
    reading : Reading
        Of these levels on the paths.
    outcome : Outcome
    method : str
    """

    levels: Floats
    reading: Reading
    outcome: Outcome
    method: str


def solve_sampled(problem: SampledProblem, options: SolveOptions) -> Solution:
    """Give the best levels on the paths.

    Raises
    ------
    InfeasibleError
        If a stage that may hold no stock misses its target on the paths.
    SolverError
        If the solver leaves no levels and none are known.
    """
    began = time.perf_counter()
    _refuse_the_impossible(problem)
    if not problem.free.any() or (options.method == "auto" and problem.single >= 0):
        return _by_sorting(problem, began)
    return _by_search(problem, options, began)


def _refuse_the_impossible(problem: SampledProblem) -> None:
    """With the highest levels nobody is short whose stage may hold stock; others may be."""
    reading = evaluate(problem, problem.highest)
    for target in problem.targets:
        given = service(problem, reading, target)
        if given < target.level - _TOLERANCE:
            raise InfeasibleError(
                f"{target.measure} service is {given:.4f} on the paths with all the stock in the "
                f"world upstream, and {target.level:g} is asked for: the stage may hold no stock. "
                "Fix: set can_stock, or lower the target.",
                target.stage,
            )
    tail = problem.tail
    if tail is not None and reading.tail > tail.limit * (1.0 + _TOLERANCE) + _TOLERANCE:
        raise InfeasibleError(
            f"cvar_limit is {tail.limit:g}, and stages that may hold no stock cost "
            f"{reading.tail:g} in the tail alone. Fix: set can_stock, or raise the limit."
        )


def _by_sorting(problem: SampledProblem, began: float) -> Solution:
    levels = np.zeros(problem.n_stages)
    if problem.free.any():
        levels[problem.single] = SingleLevel.of(problem, problem.single, problem.lower).best(
            problem.targets
        )
    reading = evaluate(problem, levels)
    cost = reading.objective
    seconds = time.perf_counter() - began
    outcome = Outcome("optimal", cost, cost, 0.0, "optimal", seconds)
    return Solution(levels, reading, outcome, "sorted paths")


def _by_search(problem: SampledProblem, options: SolveOptions, began: float) -> Solution:
    """Search, prove in boxes of levels, and leave the rest to the declared model."""
    from echelon.optimization.sampled_base_stock.boxes import branch, suits
    from echelon.optimization.sampled_base_stock.descent import descend

    known = descend(problem)
    if options.method != "auto" or not suits(problem):
        return _by_model(problem, options, known, 0.0, options.time_limit, began)
    limit = options.time_limit
    half = None if limit is None else 0.5 * limit
    levels, reading, outcome = branch(problem, known, options.gap, half)
    if outcome.status == "optimal":
        seconds = time.perf_counter() - began
        return Solution(levels, reading, replace(outcome, seconds=seconds), "boxes of levels")
    left = None if limit is None else max(limit - outcome.seconds, 0.1 * limit)
    return _by_model(problem, options, (levels, reading), outcome.bound, left, began)


def _by_model(
    problem: SampledProblem,
    options: SolveOptions,
    known: tuple[Floats, Reading],
    proven: float,
    time_limit: float | None,
    began: float,
) -> Solution:
    """Prove with the declared model, begun with levels that are known, and a bound."""
    from echelon.optimization.sampled_base_stock.declared import declare
    from echelon.optimization.sampled_base_stock.start import set_start
    from echelon.optimization.solvers import solve

    levels, reading = known
    model = declare(problem)
    integers = any(not v.is_continuous() for v in model.component_data_objects(_variables()))
    if integers:
        set_start(model, problem, levels, reading)
    outcome = solve(model, options.solver, gap=options.gap, time_limit=time_limit, start=integers)
    if outcome.status == "infeasible":
        raise SolverError("the solver takes the sampled problem for infeasible, which it is not.")
    if outcome.status in ("optimal", "feasible"):
        solved = np.array([model.level[j].value for j in model.STAGE], dtype=np.float64)
        levels, reading = _better(problem, (levels, reading), np.maximum(solved, 0.0))
    bound = min(max(outcome.bound, proven), reading.objective)
    gap = relative_gap(reading.objective, bound)
    close = gap <= max(options.gap, _TOLERANCE)
    return Solution(
        levels,
        reading,
        Outcome(
            "optimal" if close else "feasible",
            reading.objective,
            bound,
            gap,
            outcome.termination,
            time.perf_counter() - began,
        ),
        "mixed-integer program" if integers else "linear program",
    )


def _variables() -> Any:
    import pyomo.environ as pyo

    return pyo.Var


def _better(
    problem: SampledProblem, known: tuple[Floats, Reading], solved: Floats
) -> tuple[Floats, Reading]:
    """The cheaper of two sets of levels; a solver's rounding is mended before."""
    from echelon.optimization.sampled_base_stock.descent import end_stages, set_ends

    solved = _rounded(solved)
    levels = set_ends(problem, solved, end_stages(problem))
    reading = evaluate(problem, levels)
    limit = np.inf if problem.tail is None else problem.tail.limit
    if reading.tail > limit * (1.0 + _TOLERANCE) + _TOLERANCE:
        return known
    return (levels, reading) if reading.objective < known[1].objective else known


def _rounded(levels: Floats) -> Floats:
    """Whole numbers where a solver's tolerance is all that is between."""
    near = np.rint(levels)
    return np.where(np.abs(levels - near) <= _TOLERANCE * np.maximum(1.0, near), near, levels)
