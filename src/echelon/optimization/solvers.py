"""Hand a declared Pyomo model to a solver, and say what is left apart from why it stopped."""

from __future__ import annotations

import time
from io import StringIO
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.log import LoggingIntercept

from echelon.errors import SolverError, UnknownNameError
from echelon.optimization.linear_program import load, new_highs, program_of, run
from echelon.optimization.outcome import Outcome, relative_gap, status_of

_USUAL = ("highs", "appsi_highs", "cbc", "glpk", "gurobi", "scip", "cplex")


def solve(
    model: Any,
    solver: str = "highs",
    *,
    gap: float = 1e-6,
    time_limit: float | None = None,
    start: bool = False,
) -> Outcome:
    """Solve a Pyomo model and leave the solution in its variables.

    Parameters
    ----------
    model : pyomo.environ.ConcreteModel
        One linear objective, minimised.
    solver : str, default "highs"
        ``"highs"`` passes the compiled model to HiGHS in memory; any other name is looked up among
        Pyomo's solvers.
    gap : float
        Relative gap at which HiGHS may stop on integer variables; another solver keeps its own.
    time_limit : float, optional
        Seconds.
    start : bool, default False
        Start HiGHS from the values that the variables have.

    Returns
    -------
    Outcome

    Raises
    ------
    UnknownNameError
        If Pyomo knows no such solver.
    SolverError
        If the solver is not installed.
    """
    if solver == "highs":
        return _solve_with_highs(model, gap, time_limit, start)
    return _solve_by_name(model, solver, time_limit)


def find_solver(name: str) -> Any:
    """Find one of Pyomo's solvers by name.

    Raises
    ------
    UnknownNameError
        If Pyomo knows no such solver.
    SolverError
        If the solver is not installed; names those that are.
    """
    with LoggingIntercept(StringIO(), "pyomo"):  # of an unknown name Pyomo logs a traceback
        solver = pyo.SolverFactory(name) if name else None
    if solver is None:
        raise UnknownNameError("solver", name, _USUAL)
    if type(solver).__name__ == "UnknownSolver":
        raise UnknownNameError("solver", name, _USUAL)
    if not solver.available(exception_flag=False):
        raise SolverError(
            f"Pyomo knows the solver {name!r} but cannot run it. Fix: install it, or use one that "
            f"is installed here: {', '.join(installed())}."
        )
    return solver


def installed() -> list[str]:
    """Names of the usual solvers that can be run here."""
    found = [
        name
        for name in _USUAL
        if name != "highs" and pyo.SolverFactory(name).available(exception_flag=False)
    ]
    return ["highs", *found]


def _solve_with_highs(model: Any, gap: float, time_limit: float | None, start: bool) -> Outcome:
    from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

    form = LinearStandardFormCompiler().write(model, mixed_form=True)
    program = program_of(form)
    highs = new_highs(gap, time_limit)
    unit, _ = load(highs, program)
    if start:
        known = [(k, v.value) for k, v in enumerate(form.columns) if v.value is not None]
        at = np.array([k for k, _ in known], dtype=np.int32)
        values = np.array([value for _, value in known], dtype=np.float64)
        highs.setSolution(len(at), at, values)
    outcome = run(highs, unit, is_integer=bool(program.integer.any()))
    if np.isfinite(outcome.objective):
        for variable, value in zip(form.columns, highs.getSolution().col_value, strict=True):
            variable.set_value(value, skip_validation=True)
    return outcome


def _solve_by_name(model: Any, name: str, time_limit: float | None) -> Outcome:
    solver = find_solver(name)
    options: dict[str, Any] = {}
    if time_limit is not None:
        options["timelimit"] = time_limit
    began = time.perf_counter()
    results = solver.solve(model, load_solutions=False, **options)
    seconds = time.perf_counter() - began
    condition = results.solver.termination_condition
    solved = len(results.solution) > 0
    if solved:
        model.solutions.load_from(results)
    optimal = condition == pyo.TerminationCondition.optimal
    (minimised,) = model.component_data_objects(pyo.Objective, active=True)
    objective = float(pyo.value(minimised)) if solved else float("nan")
    reported = results.problem.lower_bound
    bound = float(reported) if reported is not None else -float("inf")
    if optimal and not np.isfinite(bound):
        bound = objective
    infeasible = condition == pyo.TerminationCondition.infeasible
    return Outcome(
        status=status_of(optimal, solved, infeasible),
        objective=objective,
        bound=bound,
        gap=relative_gap(objective, bound),
        termination=str(condition),
        seconds=seconds,
    )
