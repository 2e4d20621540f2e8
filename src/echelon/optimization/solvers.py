"""Hand a declared Pyomo model to a solver, and say what is left apart from why it stopped."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pyomo.environ as pyo

from echelon.errors import SolverError, UnknownNameError
from echelon.optimization.outcome import Outcome, relative_gap


def solve(
    model: Any, solver: str = "highs", *, gap: float = 1e-6, time_limit: float | None = None
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
        return _solve_with_highs(model, gap, time_limit)
    return _solve_by_name(model, solver, time_limit)


def find_solver(name: str) -> Any:
    """Find one of Pyomo's solvers by name.

    Raises
    ------
    UnknownNameError
        If Pyomo knows no such solver.
    SolverError
        If the solver is not installed.
    """
    solver = pyo.SolverFactory(name)
    if type(solver).__name__ == "UnknownSolver":
        raise UnknownNameError("solver", name, ("highs", "appsi_highs", "cbc", "glpk", "gurobi"))
    if not solver.available(exception_flag=False):
        raise SolverError(
            f"Pyomo knows the solver {name!r} but cannot run it. Fix: install it, or use 'highs'."
        )
    return solver


def _solve_with_highs(model: Any, gap: float, time_limit: float | None) -> Outcome:
    import highspy
    from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

    compiled = LinearStandardFormCompiler().write(model, mixed_form=True)
    lp = _highs_lp(compiled)
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("mip_rel_gap", gap)
    if time_limit is not None:
        highs.setOptionValue("time_limit", float(time_limit))
    began = time.perf_counter()
    highs.passModel(lp)
    highs.run()
    seconds = time.perf_counter() - began
    info = highs.getInfo()
    state = highs.getModelStatus()
    termination = highs.modelStatusToString(state).lower().replace(" ", "_")
    solved = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    optimal = state == highspy.HighsModelStatus.kOptimal
    objective = info.objective_function_value if solved else float("nan")
    is_integer = any(not v.is_continuous() for v in compiled.columns)
    proven = objective if optimal else -float("inf")
    bound = info.mip_dual_bound if is_integer else proven
    if solved:
        for variable, value in zip(compiled.columns, highs.getSolution().col_value, strict=True):
            variable.set_value(value, skip_validation=True)
    infeasible = state == highspy.HighsModelStatus.kInfeasible
    return Outcome(
        status=_status(optimal, solved, infeasible),
        objective=objective,
        bound=bound,
        gap=relative_gap(objective, bound),
        termination=termination,
        seconds=seconds,
    )


def _highs_lp(compiled: Any) -> Any:
    """Pyomo's compiled standard form as a HiGHS model."""
    import highspy

    matrix = compiled.A.tocsc()
    sense = np.array([row.bound_type for row in compiled.rows])  # -1 >=, 0 ==, 1 <=
    right = np.asarray(compiled.rhs, dtype=float)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(compiled.columns), len(compiled.rows)
    lp.col_cost_ = np.asarray(compiled.c.todense()).ravel()
    bounds = [variable.bounds for variable in compiled.columns]
    lp.col_lower_ = np.array([-np.inf if low is None else low for low, _ in bounds], dtype=float)
    lp.col_upper_ = np.array([np.inf if high is None else high for _, high in bounds], dtype=float)
    lp.row_lower_ = np.where(sense <= 0, right, -np.inf)
    lp.row_upper_ = np.where(sense >= 0, right, np.inf)
    lp.offset_ = float(compiled.c_offset[0])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = matrix.indptr
    lp.a_matrix_.index_ = matrix.indices
    lp.a_matrix_.value_ = matrix.data
    if any(not v.is_continuous() for v in compiled.columns):
        kinds = highspy.HighsVarType
        lp.integrality_ = [
            kinds.kContinuous if v.is_continuous() else kinds.kInteger for v in compiled.columns
        ]
    return lp


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
    objective = float(pyo.value(model.cost)) if solved else float("nan")
    reported = results.problem.lower_bound
    bound = float(reported) if reported is not None else -float("inf")
    if optimal and not np.isfinite(bound):
        bound = objective
    infeasible = condition == pyo.TerminationCondition.infeasible
    return Outcome(
        status=_status(optimal, solved, infeasible),
        objective=objective,
        bound=bound,
        gap=relative_gap(objective, bound),
        termination=str(condition),
        seconds=seconds,
    )


def _status(optimal: bool, solved: bool, infeasible: bool) -> str:
    if optimal and solved:
        return "optimal"
    if solved:
        return "feasible"
    return "infeasible" if infeasible else "none"
