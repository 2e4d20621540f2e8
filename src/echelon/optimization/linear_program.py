"""Linear and mixed-integer programs as arrays, and HiGHS, which takes them in memory."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from echelon.network.compiled import Floats
from echelon.optimization.outcome import Outcome, relative_gap, status_of


@dataclass(frozen=True, slots=True)
class LinearProgram:
    """Minimise ``cost @ x + offset`` so that ``A @ x`` and ``x`` lie between their bounds.

    Attributes
    ----------
    cost : (n_columns,) float64
    offset : float
    start, index, value : arrays
        The matrix column by column: the entries of column k are ``start[k]`` to ``start[k + 1]``,
        in the rows ``index``.
    row_lower, row_upper : (n_rows,) float64
    column_lower, column_upper : (n_columns,) float64
        Infinite where there is no bound.
    integer : (n_columns,) bool
    """

    cost: Floats
    offset: float
    start: NDArray[np.int32]
    index: NDArray[np.int32]
    value: Floats
    row_lower: Floats
    row_upper: Floats
    column_lower: Floats
    column_upper: Floats
    integer: NDArray[np.bool_]


def program_of(form: Any) -> LinearProgram:
    """Take Pyomo's compiled standard form, mixed, as arrays."""
    matrix = form.A.tocsc()
    sense = np.array([row.bound_type for row in form.rows])  # -1 >=, 0 ==, 1 <=
    right = np.asarray(form.rhs, dtype=float)
    bounds = [variable.bounds for variable in form.columns]
    return LinearProgram(
        cost=np.asarray(form.c.todense(), dtype=float).ravel(),
        offset=float(form.c_offset[0]),
        start=matrix.indptr,
        index=matrix.indices,
        value=matrix.data,
        row_lower=np.where(sense <= 0, right, -np.inf),
        row_upper=np.where(sense >= 0, right, np.inf),
        column_lower=np.array([-np.inf if b is None else b for b, _ in bounds], dtype=float),
        column_upper=np.array([np.inf if b is None else b for _, b in bounds], dtype=float),
        integer=np.array([not v.is_continuous() for v in form.columns], dtype=bool),
    )


def new_highs(gap: float = 1e-6, time_limit: float | None = None) -> Any:
    """Make a silent HiGHS with one thread."""
    highs = _first_in_silence() if not _MADE else _made()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("mip_rel_gap", gap)
    if time_limit is not None:
        highs.setOptionValue("time_limit", float(time_limit))
    return highs


_MADE: Final[list[bool]] = []
"""Something once HiGHS has been made in this process."""


def _made() -> Any:
    import highspy

    return highspy.Highs()  # type: ignore[no-untyped-call]


def _first_in_silence() -> Any:
    """Make the first of a process, of which HiGHS 1.16 says on standard output who it is.

    No option can be set before that, and the output of a program is its own.
    """
    _MADE.append(True)
    try:
        heard = os.dup(1)
    except OSError:  # there is no standard output
        return _made()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        return _made()
    finally:
        os.dup2(heard, 1)
        os.close(heard)
        os.close(nowhere)


def load(highs: Any, program: LinearProgram) -> tuple[float, Floats]:
    """Hand a program to HiGHS.

    A solver's tolerances are absolute, near 1e-6, so a row of money or volume is brought to
    coefficients near 1, and so is an objective far from it; by powers of two, which round nothing.

    Returns
    -------
    unit : float
        That its objective is in there.
    by : (n_rows,) float64
        What its rows are multiplied by there.
    """
    import highspy

    n_rows, n_columns = len(program.row_lower), len(program.cost)
    by = _near_one(program)
    dearest = float(np.abs(program.cost).max(initial=0.0))
    near = dearest == 0.0 or 1e-2 <= dearest <= 1e6
    unit = 1.0 if near else float(np.exp2(np.rint(np.log2(dearest))))
    kinds = highspy.HighsVarType
    whole, continuous = int(kinds.kInteger), int(kinds.kContinuous)
    highs.passModel(
        n_columns, n_rows, len(program.value), int(highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMinimize), program.offset / unit, program.cost / unit,
        program.column_lower, program.column_upper, program.row_lower * by,
        program.row_upper * by, program.start, program.index, program.value * by[program.index],
        np.where(program.integer, whole, continuous).astype(np.int32),
    )  # fmt: skip
    return unit, by


def _near_one(program: LinearProgram) -> Floats:
    """Powers of two that bring each row's largest coefficient near 1, (n_rows,)."""
    by = np.ones(len(program.row_lower))
    size = np.abs(program.value)
    if size.max(initial=0.0) == size.min(initial=np.inf) == 1.0:
        return by
    largest = np.zeros_like(by)
    np.maximum.at(largest, program.index, size)
    largest[largest == 0.0] = 1.0
    by = np.exp2(-np.rint(np.log2(largest)))
    by[np.abs(np.log2(by)) < 4.0] = 1.0  # near enough as it is
    return by


def run(highs: Any, unit: float, *, is_integer: bool) -> Outcome:
    """Run HiGHS on what it holds; ``unit`` is that of its objective."""
    import highspy

    began = time.perf_counter()
    if is_integer or highs.getNumCol() > _SHORT:
        _run_heedful(highs)
    else:
        run_in_this_thread(highs)
    state = highs.getModelStatus()
    if state == highspy.HighsModelStatus.kUnboundedOrInfeasible:
        highs.setOptionValue("presolve", "off")  # which of the two, presolve does not say
        run_in_this_thread(highs)
        highs.setOptionValue("presolve", "choose")
        state = highs.getModelStatus()
    seconds = time.perf_counter() - began
    info = highs.getInfo()
    termination = highs.modelStatusToString(state).lower().replace(" ", "_")
    solved = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    optimal = state == highspy.HighsModelStatus.kOptimal
    objective = unit * info.objective_function_value if solved else float("nan")
    proven = objective if optimal else -float("inf")
    bound = unit * info.mip_dual_bound if is_integer else proven
    infeasible = state == highspy.HighsModelStatus.kInfeasible
    return Outcome(
        status=status_of(optimal, solved, infeasible),
        objective=objective,
        bound=bound,
        gap=relative_gap(objective, bound),
        termination=termination,
        seconds=seconds,
    )


def run_in_this_thread(highs: Any) -> None:
    """Run HiGHS here, whatever else has run it here before.

    HiGHS keeps the workers of the first run in a thread, of whatever program that was, and refuses
    to run with another number of them (from 1.16 on also where that was never named). They are let
    go then; whoever runs next gets workers anew.
    """
    import highspy

    stopped = highs.run()
    unset = highspy.HighsModelStatus.kNotset
    if stopped == highspy.HighsStatus.kError and highs.getModelStatus() == unset:
        highs.resetGlobalScheduler(True)
        highs.run()


_SHORT = 2_000
"""Columns up to which a linear program is over before anybody loses patience."""


def _run_heedful(highs: Any) -> None:
    """Run HiGHS so that Ctrl-C ends it.

    Python hears of an interrupt only between two of its own steps, so the solver runs beside, and
    this thread waits for it in steps of a tenth of a second.
    """
    highs.HandleKeyboardInterrupt = True
    beside = highs.startSolve()
    try:
        while not highs.wait(0.1)[0]:
            pass
    except KeyboardInterrupt:
        highs.cancelSolve()
        raise
    finally:
        beside.join()
        highs.HandleKeyboardInterrupt = False
