"""Hand a declared Pyomo model to a solver, and say what is left apart from why it stopped."""

from __future__ import annotations

import time
from io import StringIO
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.log import LoggingIntercept

from echelon.errors import SolverError, UnknownNameError
from echelon.optimization.outcome import Outcome, relative_gap

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
    import highspy
    from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

    form = LinearStandardFormCompiler().write(model, mixed_form=True)
    lp, unit = _highs_lp(form)
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("mip_rel_gap", gap)
    if time_limit is not None:
        highs.setOptionValue("time_limit", float(time_limit))
    began = time.perf_counter()
    highs.passModel(lp)
    if start:
        known = [(k, v.value) for k, v in enumerate(form.columns) if v.value is not None]
        at = np.array([k for k, _ in known], dtype=np.int32)
        values = np.array([value for _, value in known], dtype=np.float64)
        highs.setSolution(len(at), at, values)
    highs.run()
    state = highs.getModelStatus()
    if state == highspy.HighsModelStatus.kUnboundedOrInfeasible:
        highs.setOptionValue("presolve", "off")  # which of the two, presolve does not say
        highs.run()
        state = highs.getModelStatus()
    seconds = time.perf_counter() - began
    info = highs.getInfo()
    termination = highs.modelStatusToString(state).lower().replace(" ", "_")
    solved = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    optimal = state == highspy.HighsModelStatus.kOptimal
    objective = unit * info.objective_function_value if solved else float("nan")
    is_integer = any(not v.is_continuous() for v in form.columns)
    proven = objective if optimal else -float("inf")
    bound = unit * info.mip_dual_bound if is_integer else proven
    if solved:
        for variable, value in zip(form.columns, highs.getSolution().col_value, strict=True):
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


def _highs_lp(form: Any) -> tuple[Any, float]:
    """Pyomo's compiled standard form as a HiGHS model, and the unit its objective is in.

    A solver's tolerances are absolute, near 1e-6, so a row of money or volume is brought to
    coefficients near 1, and so is an objective far from it; by powers of two, which round nothing.
    """
    import highspy

    largest = np.ones(len(form.rows))
    if form.A.nnz:
        largest = np.maximum(abs(form.A).max(axis=1).toarray().ravel(), 1e-300)
    by = np.exp2(-np.rint(np.log2(largest)))
    by[np.abs(np.log2(by)) < 4.0] = 1.0  # near enough as it is
    costs = np.asarray(form.c.todense()).ravel()
    dearest = float(np.abs(costs).max(initial=0.0))
    near = dearest == 0.0 or 1e-2 <= dearest <= 1e6
    unit = 1.0 if near else float(np.exp2(np.rint(np.log2(dearest))))
    matrix = (form.A.multiply(by[:, None])).tocsc()
    sense = np.array([row.bound_type for row in form.rows])  # -1 >=, 0 ==, 1 <=
    right = np.asarray(form.rhs, dtype=float) * by
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(form.columns), len(form.rows)
    lp.col_cost_ = costs / unit
    bounds = [variable.bounds for variable in form.columns]
    lp.col_lower_ = np.array([-np.inf if low is None else low for low, _ in bounds], dtype=float)
    lp.col_upper_ = np.array([np.inf if high is None else high for _, high in bounds], dtype=float)
    lp.row_lower_ = np.where(sense <= 0, right, -np.inf)
    lp.row_upper_ = np.where(sense >= 0, right, np.inf)
    lp.offset_ = float(form.c_offset[0]) / unit
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = matrix.indptr
    lp.a_matrix_.index_ = matrix.indices
    lp.a_matrix_.value_ = matrix.data
    if any(not v.is_continuous() for v in form.columns):
        kinds = highspy.HighsVarType
        lp.integrality_ = [
            kinds.kContinuous if v.is_continuous() else kinds.kInteger for v in form.columns
        ]
    return lp, unit


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
