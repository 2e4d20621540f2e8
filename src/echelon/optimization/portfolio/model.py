"""The problem declared in Pyomo: the specification that the faster routes are tested against."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo

from echelon.network.compiled import Floats, Integers
from echelon.optimization.outcome import Outcome
from echelon.optimization.portfolio.problem import OptionProblem
from echelon.optimization.solvers import solve


def build_option_model(problem: OptionProblem) -> Any:
    """Declare a problem of options as a binary program.

    Parameters
    ----------
    problem : OptionProblem

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``m.choose[o]`` is 1 where option ``o`` is chosen.
    """
    m = pyo.ConcreteModel(name="options")
    m.SKU = pyo.RangeSet(0, problem.n_skus - 1, doc="SKU")
    m.OPTION = pyo.RangeSet(0, problem.n_options - 1, doc="option, of all SKUs")
    m.ROW = pyo.RangeSet(0, problem.n_rows - 1, doc="limit that SKUs share")
    m.option_cost = pyo.Param(
        m.OPTION, initialize=dict(enumerate(problem.cost.tolist())), mutable=True, doc="money"
    )
    m.most = pyo.Param(
        m.ROW, initialize=dict(enumerate(problem.most.tolist())), mutable=True, doc="limit"
    )
    m.choose = pyo.Var(m.OPTION, domain=pyo.Binary, doc="1 if the option is chosen")
    first = problem.first.tolist()
    m.one_option = pyo.Constraint(
        m.SKU, rule=lambda m, k: sum(m.choose[o] for o in range(first[k], first[k + 1])) == 1
    )
    by_row = problem.uses.T.tocsr()

    def limit(m: Any, r: int) -> Any:
        inside = slice(by_row.indptr[r], by_row.indptr[r + 1])
        uses = zip(by_row.indices[inside].tolist(), by_row.data[inside].tolist(), strict=True)
        terms = [part * m.choose[o] for o, part in uses]
        return sum(terms) <= m.most[r] if terms else pyo.Constraint.Skip

    m.limit = pyo.Constraint(m.ROW, rule=limit)
    m.cost = pyo.Objective(expr=pyo.sum_product(m.option_cost, m.choose))
    return m


def choose_by_model(
    problem: OptionProblem,
    start: Integers | None,
    *,
    gap: float,
    time_limit: float | None,
) -> tuple[Outcome, Integers | None]:
    """Solve the declared model.

    Parameters
    ----------
    problem : OptionProblem
    start : (n_skus,) int64 or None
        A choice that keeps the limits, to begin with.
    gap, time_limit : float
        At which to stop.

    Returns
    -------
    Outcome
    (n_skus,) int64 or None
        The choice, where one was found.
    """
    model = build_option_model(problem)
    if start is not None:
        chosen = np.zeros(problem.n_options)
        chosen[start] = 1.0
        for variable, value in zip(model.choose.values(), chosen.tolist(), strict=True):
            variable.set_value(value)
    outcome = solve(model, gap=gap, time_limit=time_limit, start=start is not None)
    if outcome.status not in ("optimal", "feasible"):
        return outcome, None
    share: Floats = np.array([variable.value for variable in model.choose.values()])
    largest = np.maximum.reduceat(share, problem.first[:-1])
    at = np.flatnonzero(share >= largest[problem.sku])
    return outcome, at[np.unique(problem.sku[at], return_index=True)[1]]
