"""The joint-distribution model of a pattern as arrays: compiled by Pyomo, or assembled directly.

Both give the same numbers in the same order, so that it does not show in any answer which of them
was taken. The declared model says what is meant; to declare and compile it takes milliseconds,
which only patterns that come again are worth.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from echelon.exact.guaranteed_service.problem import ServiceTimeProblem
from echelon.optimization.linear_program import LinearProgram, program_of
from echelon.optimization.templates.pattern import OrderPattern


def declared_program(problem: ServiceTimeProblem) -> LinearProgram:
    """Declare the model of a problem in Pyomo and compile it; costs are zero.

    Columns come as ``pair``, ``inbound_by``, ``outbound_by``, rows as ``accumulate_inbound``,
    ``accumulate_outbound``, ``choose``, ``deliver``, each in the order of its index.
    """
    from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

    from echelon.optimization import guaranteed_service

    model = guaranteed_service.build(problem)
    form = LinearStandardFormCompiler().write(model, mixed_form=True)
    column = {id(variable): k for k, variable in enumerate(form.columns)}
    row = {id(entry.constraint): k for k, entry in enumerate(form.rows)}
    columns = [
        column[id(variable)]
        for block in (model.pair, model.inbound_by, model.outbound_by)
        for variable in block.values()
    ]
    rows = [
        row[id(constraint)]
        for block in (
            model.accumulate_inbound,
            model.accumulate_outbound,
            model.choose,
            model.deliver,
        )
        for constraint in block.values()
    ]
    return _reordered(program_of(form), np.array(rows), np.array(columns))


def assembled_program(pattern: OrderPattern) -> LinearProgram:
    """Assemble what :func:`declared_program` gives without declaring it."""
    from echelon.kernels.pattern_programs import program_matrix  # numba: when it is needed

    n_sums = int(pattern.inbound_ptr[-1] + pattern.outbound_ptr[-1])
    n_columns = pattern.n_pairs + n_sums
    choose = slice(n_sums, n_sums + pattern.n_stages)
    n_rows = choose.stop + len(pattern.lane_inbound)
    start = np.empty(n_columns + 1, np.int32)
    index, value = program_matrix(*pattern.arrays, start)
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


def same(one: LinearProgram, other: LinearProgram) -> bool:
    """Whether two programs are the same, number by number."""
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        for field in fields(LinearProgram)
    )


def _reordered(
    program: LinearProgram, rows: NDArray[np.integer], columns: NDArray[np.integer]
) -> LinearProgram:
    shape = (len(program.row_lower), len(program.cost))
    matrix = csc_array((program.value, program.index, program.start), shape=shape)

    def of_columns(values: Any) -> Any:
        return values[columns] + 0.0  # of a zero that is negative, the other

    return replace(
        program,
        cost=of_columns(program.cost),
        **_arrays(matrix[:, columns].tocsr()[rows].tocsc()),
        row_lower=program.row_lower[rows] + 0.0,
        row_upper=program.row_upper[rows] + 0.0,
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
