"""The joint-distribution model of a pattern as arrays: compiled by Pyomo, or assembled directly.

Both give the same numbers in the same order, so that it does not show in any answer which of them
was taken. The declared model says what is meant; to declare and compile it takes milliseconds,
which only patterns that come again are worth.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from echelon.exact.guaranteed_service.problem import ServiceTimeProblem
from echelon.network.compiled import Floats
from echelon.optimization.linear_program import LinearProgram, program_of
from echelon.optimization.templates.pattern import OrderPattern

_DENSER: Final = 5
"""How many times the entries may be for the running sums to be written out where they are used.

Measured: below it HiGHS takes half to three quarters as long without their columns and rows,
above twice it longer."""


def is_written_out(pattern: OrderPattern) -> bool:
    """Whether the model of a pattern has its running sums written out instead of as columns."""
    from echelon.kernels.pattern_programs import written_out_entries  # numba: when it is needed

    n_sums = int(pattern.inbound_ptr[-1] + pattern.outbound_ptr[-1])
    otherwise = 2 * (pattern.n_pairs + n_sums + len(pattern.lane_inbound))
    return int(written_out_entries(*pattern.arrays)) <= _DENSER * otherwise


def declared_program(problem: ServiceTimeProblem) -> LinearProgram:
    """Declare the model of a problem in Pyomo and compile it; costs are zero.

    Columns come as ``pair``, ``inbound_by``, ``outbound_by``, rows as ``accumulate_inbound``,
    ``accumulate_outbound``, ``choose``, ``deliver``, each in the order of its index; only
    ``pair``, ``choose`` and ``deliver`` are there where sums are written out.
    """
    from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

    from echelon.optimization import guaranteed_service

    written_out = is_written_out(OrderPattern.of(problem))
    model = guaranteed_service.build(problem, written_out=written_out)
    form = LinearStandardFormCompiler().write(model, mixed_form=True)
    column = {id(variable): k for k, variable in enumerate(form.columns)}
    row = {id(entry.constraint): k for k, entry in enumerate(form.rows)}
    sums = [] if written_out else [model.inbound_by, model.outbound_by]
    steps = [] if written_out else [model.accumulate_inbound, model.accumulate_outbound]
    columns = [column[id(one)] for block in (model.pair, *sums) for one in block.values()]
    rows = [
        row.get(id(constraint), len(row))  # compiling leaves rows out in which nothing is left
        for block in (*steps, model.choose, model.deliver)
        for constraint in block.values()
    ]
    return _reordered(program_of(form), np.array(rows), np.array(columns))


def assembled_program(pattern: OrderPattern) -> LinearProgram:
    """Assemble what :func:`declared_program` gives without declaring it."""
    written_out = is_written_out(pattern)
    n_sums = 0 if written_out else int(pattern.inbound_ptr[-1] + pattern.outbound_ptr[-1])
    n_columns = pattern.n_pairs + n_sums
    choose = slice(n_sums, n_sums + pattern.n_stages)
    n_rows = choose.stop + len(pattern.lane_inbound)
    start, index, value = (_written_out if written_out else _with_sums)(pattern)
    row_upper, row_lower = np.zeros(n_rows), np.zeros(n_rows)
    row_upper[choose] = row_lower[choose] = 1.0
    row_lower[choose.stop :] = -np.inf
    column_upper = np.full(n_columns, np.inf)
    column_upper[pattern.n_pairs :] = 1.0
    return LinearProgram(
        cost=np.zeros(n_columns),
        offset=0.0,
        start=start,
        index=index,
        value=value,
        row_lower=row_lower,
        row_upper=row_upper,
        column_lower=np.zeros(n_columns),
        column_upper=column_upper,
        integer=np.zeros(n_columns, dtype=np.bool_),
    )


_Matrix: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32], Floats]


def _with_sums(pattern: OrderPattern) -> _Matrix:
    from echelon.kernels.pattern_programs import program_matrix  # numba: when it is needed

    n_columns = pattern.n_pairs + int(pattern.inbound_ptr[-1] + pattern.outbound_ptr[-1])
    start = np.empty(n_columns + 1, np.int32)
    index, value = program_matrix(*pattern.arrays, start)
    return start, index, value


def _written_out(pattern: OrderPattern) -> _Matrix:
    from echelon.kernels.pattern_programs import written_out_entries, written_out_matrix

    n_entries = int(written_out_entries(*pattern.arrays))
    start = np.empty(pattern.n_pairs + 1, np.int32)
    index, value = np.empty(n_entries, np.int32), np.empty(n_entries)
    written_out_matrix(*pattern.arrays, start, index, value)
    return start, index, value


def same(one: LinearProgram, other: LinearProgram) -> bool:
    """Whether two programs are the same, number by number."""
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        for field in fields(LinearProgram)
    )


def _reordered(
    program: LinearProgram, rows: NDArray[np.integer], columns: NDArray[np.integer]
) -> LinearProgram:
    """Put rows and columns into another order; a row past the last one is empty."""
    shape = (len(program.row_lower) + 1, len(program.cost))
    matrix = csc_array((program.value, program.index, program.start), shape=shape)
    row_lower = np.append(program.row_lower, -np.inf)
    row_upper = np.append(program.row_upper, 0.0)

    def of_columns(values: Any) -> Any:
        return values[columns] + 0.0  # of a zero that is negative, the other

    return replace(
        program,
        cost=of_columns(program.cost),
        **_arrays(matrix[:, columns].tocsr()[rows].tocsc()),
        row_lower=row_lower[rows] + 0.0,
        row_upper=row_upper[rows] + 0.0,
        column_lower=of_columns(program.column_lower),
        column_upper=of_columns(program.column_upper),
        integer=program.integer[columns],
    )


def _arrays(matrix: Any) -> dict[str, Any]:
    matrix.sort_indices()
    return {
        "start": matrix.indptr.astype(np.int32),
        "index": matrix.indices.astype(np.int32),
        "value": matrix.data,
    }
