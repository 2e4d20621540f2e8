"""Which side constraints cannot hold together: the model with slack on each, missed the least."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from echelon.optimization.side_rows import SideRow
from echelon.optimization.solvers import solve

_LEAST = 1e-5
"""Part of a row's scale by which it must be missed to count."""


def rows_that_cannot_hold(
    model: Any, rows: list[SideRow], *, solver: str, time_limit: float | None
) -> list[SideRow]:
    """Find a plan that misses the rows by the least in sum, and give those it misses.

    Each miss is measured against the row's own scale. The model is left as it was, but for the
    values of its variables, which are those of that plan.

    Parameters
    ----------
    model : ConcreteModel
        Infeasible.
    rows : list of SideRow
        All side constraints that are active.
    solver : str
    time_limit : float or None
        Seconds.

    Returns
    -------
    list of SideRow
        Empty where not even the model without them has a solution, or none was found in time.
    """
    block = pyo.Block(concrete=True)
    model.add_component("elastic", block)
    block.row = pyo.RangeSet(0, len(rows) - 1)
    block.below = pyo.Var(block.row, domain=pyo.NonNegativeReals)
    block.above = pyo.Var(block.row, domain=pyo.NonNegativeReals)
    block.kept = pyo.ConstraintList()
    for k, row in enumerate(rows):
        slack = row.scale * (block.below[k] - block.above[k])
        body = row.constraint.body + slack
        if row.lower is not None:
            block.kept.add(body >= row.lower)
        if row.upper is not None:
            block.kept.add(body <= row.upper)
        row.constraint.deactivate()
    model.cost.deactivate()
    block.miss = pyo.Objective(
        expr=sum(block.below[k] + block.above[k] for k in block.row), doc="of all rows together"
    )
    outcome = solve(model, solver, gap=1e-3, time_limit=time_limit)
    found = outcome.status in ("optimal", "feasible")
    missed = [
        row
        for k, row in enumerate(rows)
        if found and block.below[k].value + block.above[k].value > _LEAST
    ]
    model.del_component(block)
    model.cost.activate()
    for row in rows:
        row.constraint.activate()
    return missed
