"""Live models: what they hand to HiGHS is what compiling the declared model afresh gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from echelon.errors import DomainError
from echelon.optimization.linear_program import LinearProgram, program_of
from echelon.optimization.solvers import solve
from echelon.optimization.target_inventory.live_model import LiveModel


def _declared() -> Any:
    """Parameters in the matrix, the right-hand sides, the bounds, the costs, and in products."""
    m = pyo.ConcreteModel()
    m.T = pyo.RangeSet(0, 2)
    m.need = pyo.Param(m.T, mutable=True, default=1.0)
    m.rate = pyo.Param(m.T, mutable=True, default=1.0)
    m.most = pyo.Param(mutable=True, initialize=4.0)
    m.fixed = pyo.Param(m.T, initialize={0: 2.0, 1: 0.0, 2: 1.5})
    m.make = pyo.Var(m.T, bounds=lambda m, _: (0, 2 * m.most + 1))
    m.lots = pyo.Var(m.T, domain=pyo.NonNegativeIntegers)
    m.slack = pyo.Var(bounds=(None, m.most))
    m.sent = pyo.Expression(m.T, rule=lambda m, t: m.rate[t] * m.make[t] - m.most * m.rate[t])
    m.enough = pyo.Constraint(m.T, rule=lambda m, t: m.sent[t] + m.rate[t] ** 1 >= m.need[t] / 2)
    m.both = pyo.Constraint(expr=(-m.most, m.make[0] - (m.most - 1) * m.slack, m.most * m.need[1]))
    m.whole = pyo.Constraint(m.T, rule=lambda m, t: m.make[t] == 2.5 * m.lots[t] + m.fixed[t])
    m.cost = pyo.Objective(
        expr=sum(m.need[t] * m.rate[t] * m.make[t] for t in m.T) + 3.0 * m.need[0] - m.slack
    )
    return m


def _named(program: LinearProgram, columns: list[str], rows: list[str]) -> dict[Any, Any]:
    """A program by the names of its columns and rows, so that order does not matter."""
    told: dict[Any, Any] = {"offset": program.offset}
    for k, column in enumerate(columns):
        told[column] = (
            program.cost[k],
            program.column_lower[k],
            program.column_upper[k],
            bool(program.integer[k]),
        )
        for entry in range(program.start[k], program.start[k + 1]):
            told[column, rows[program.index[entry]]] = program.value[entry]
    for k, row in enumerate(rows):
        told[row] = (program.row_lower[k], program.row_upper[k])
    return told


def compiled_afresh(m: Any, numbers: dict[str, np.ndarray]) -> dict[Any, Any]:
    for name, values in numbers.items():
        parameter = getattr(m, name)
        for index, value in zip(parameter.index_set(), values, strict=True):
            parameter[index] = float(value)
    form = LinearStandardFormCompiler().write(m, mixed_form=True)
    rows: dict[str, Any] = {}
    program = program_of(form)
    # a row with two ends is compiled as two
    names = [row.constraint.name for row in form.rows]
    told = _named(program, [v.name for v in form.columns], names)
    for k, name in enumerate(names):
        low, high = rows.get(name, (-np.inf, np.inf))
        rows[name] = (max(low, program.row_lower[k]), min(high, program.row_upper[k]))
    return {**told, **rows}


def live_by_name(m: Any, live: LiveModel, numbers: dict[str, np.ndarray]) -> dict[Any, Any]:
    columns = [v.name for v in m.component_data_objects(pyo.Var, active=True)]
    rows = [c.name for c in m.component_data_objects(pyo.Constraint, active=True)]
    return _named(live.program(numbers), columns, rows)


def _numbers(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "need": rng.uniform(0.5, 3.0, 3),
        "rate": rng.uniform(0.5, 2.0, 3),
        "most": rng.uniform(2.0, 9.0, 1),
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_same_program_as_compiled_afresh(seed):
    m, numbers = _declared(), _numbers(seed)
    live = LiveModel(_declared())
    found, wanted = live_by_name(m, live, numbers), compiled_afresh(m, numbers)
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-14, err_msg=str(key))


def test_the_same_solution_as_declared_afresh():
    m = _declared()
    live = LiveModel(_declared())
    for seed in range(5):
        numbers = _numbers(seed)
        compiled_afresh(m, numbers)
        wanted, found = solve(m, gap=0.0), live.solve(numbers, gap=0.0)
        assert found.outcome.status == wanted.status == "optimal"
        assert found.outcome.objective == pytest.approx(wanted.objective, rel=1e-9)
        assert found.values["lots"].tolist() == [round(m.lots[t].value) for t in m.T]
        assert found.row_prices == {}
        fixed = live.solve(numbers, integers=found.values)
        assert fixed.outcome.objective == pytest.approx(wanted.objective, rel=1e-9)
        assert set(fixed.row_prices) == {"enough", "both", "whole"}


def test_prices_are_in_the_units_of_the_rows():
    """A row of millions and an objective of millions are scaled inside, not in what is told."""
    m = pyo.ConcreteModel()
    m.budget = pyo.Param(mutable=True, initialize=1.0)
    m.x = pyo.Var([0, 1], bounds=(0, 10))
    m.spend = pyo.Constraint(expr=2e6 * m.x[0] + 1e6 * m.x[1] <= m.budget)
    m.cost = pyo.Objective(expr=-8e7 * m.x[0] - 2e7 * m.x[1])
    live = LiveModel(m)
    for budget in (3e6, 5e6):  # 40 money for one of the budget, until x[0] is at its limit
        found = live.solve({"budget": np.array([budget])})
        assert found.row_prices["spend"].tolist() == pytest.approx([-40.0])
    assert live.solve({"budget": np.array([25e6])}).row_prices["spend"][0] == pytest.approx(-20.0)


def test_no_solution_is_told_as_such():
    live = LiveModel(_declared())
    numbers = _numbers(0) | {"need": np.array([1e9, 1.0, 1.0])}
    found = live.solve(numbers)
    assert found.outcome.status == "infeasible"
    assert not found.values
    assert live.solve(_numbers(0)).outcome.status == "optimal"


def test_numbers_that_do_not_fit_are_all_told():
    live = LiveModel(_declared())
    with pytest.raises(DomainError) as caught:
        live.solve({"need": np.ones(2), "rate": np.array([1.0, np.nan, 1.0]), "mots": np.ones(1)})
    told = str(caught.value)
    for part in (
        "'mots'",
        "'most' is missing",
        "'need' has 2 numbers, not 3",
        "'rate' is NaN at 1",
    ):
        assert part in told


@pytest.mark.parametrize("kind", ["divided", "exponential", "fixed", "squared", "maximised", "two"])
def test_models_of_another_kind_are_refused(kind):
    m = _declared()
    if kind == "divided":
        m.other = pyo.Constraint(expr=m.make[0] / m.most >= 1)
    elif kind == "exponential":
        m.other = pyo.Constraint(expr=pyo.exp(m.most) * m.make[0] <= 4)
    elif kind == "fixed":
        m.make[0].fix(1.0)
    elif kind == "squared":
        m.other = pyo.Constraint(expr=m.make[0] ** 2 <= 4)
    elif kind == "maximised":
        m.cost.sense = pyo.maximize
    else:
        m.other = pyo.Objective(expr=m.slack)
    with pytest.raises(DomainError):
        LiveModel(m)
