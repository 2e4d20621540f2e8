"""A declared model, compiled once for all problems of its shape and loaded with numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn

from echelon.errors import DomainError
from echelon.network.compiled import Floats
from echelon.optimization.linear_program import LinearProgram, load, new_highs, run
from echelon.optimization.outcome import Outcome
from echelon.optimization.target_inventory.coefficients import (
    Coefficients,
    Parameters,
    Polynomial,
)


@dataclass(frozen=True, slots=True)
class LiveSolution:
    """What HiGHS left of one problem.

    Attributes
    ----------
    outcome : Outcome
    values : mapping of str to (n,) float64
        Of the variables by name, in the order of their index sets; empty where there is no
        solution.
    row_prices : mapping of str to (n,) float64
        Duals of the constraints by name; empty where a variable is still integer.
    """

    outcome: Outcome
    values: Mapping[str, Floats]
    row_prices: Mapping[str, Floats]


class LiveModel:
    """A Pyomo model whose numbers change while its sets do not.

    The model is read once, with parameters as symbols: every coefficient, bound and right-hand side
    becomes a polynomial of the mutable parameters. :meth:`solve` evaluates them, which takes
    microseconds where declaring and compiling take milliseconds, and hands the arrays to HiGHS.

    Parameters
    ----------
    model : pyomo.environ.ConcreteModel
        Linear in its variables, minimised, none of them fixed; what changes is in mutable
        parameters, of which coefficients are sums of products.

    Raises
    ------
    DomainError
        If the model is not of that kind.

    Examples
    --------
    >>> import numpy as np, pyomo.environ as pyo
    >>> m = pyo.ConcreteModel()
    >>> m.need = pyo.Param(mutable=True, initialize=3.0)
    >>> m.price = pyo.Param([0, 1], mutable=True, initialize=1.0)
    >>> m.buy = pyo.Var([0, 1], bounds=(0, 5))
    >>> m.enough = pyo.Constraint(expr=m.buy[0] + m.buy[1] >= m.need)
    >>> m.cost = pyo.Objective(expr=pyo.sum_product(m.price, m.buy))
    >>> live = LiveModel(m)
    >>> live.solve({"need": [7.0], "price": [2.0, 1.0]}).values["buy"].tolist()
    [2.0, 5.0]
    """

    def __init__(self, model: Any) -> None:
        self.parameters = Parameters(model.component_objects(pyo.Param, descend_into=True))
        variables = list(model.component_data_objects(pyo.Var, active=True))
        rows = list(model.component_data_objects(pyo.Constraint, active=True))
        column_of = {id(variable): k for k, variable in enumerate(variables)}
        objectives = list(model.component_data_objects(pyo.Objective, active=True))
        if len(objectives) != 1 or not objectives[0].is_minimizing():
            raise DomainError("a live model has one objective, which is minimised.")

        cost: list[Polynomial] = [{} for _ in variables]
        constant, terms = self._read(objectives[0].expr, column_of)
        for k, polynomial in terms:
            cost[k] = polynomial
        entries, bounds = [], []
        for row, constraint in enumerate(rows):
            body, terms = self._read(constraint.body, column_of)
            entries += [(k, row, polynomial) for k, polynomial in terms]
            bounds.append((constraint.lower, constraint.upper, body))
        entries.sort(key=lambda entry: entry[:2])  # column by column

        self._offset = Coefficients([constant])
        self._cost = Coefficients(cost)
        self._matrix = Coefficients([polynomial for _, _, polynomial in entries])
        self._row_lower = Coefficients([self._bound(b, body, -1) for b, _, body in bounds])
        self._row_upper = Coefficients([self._bound(b, body, 1) for _, b, body in bounds])
        self._column_lower = Coefficients([self._bound(v.lower, {}, -1) for v in variables])
        self._column_upper = Coefficients([self._bound(v.upper, {}, 1) for v in variables])
        columns = np.array([k for k, _, _ in entries], dtype=np.int64)
        self._start = np.searchsorted(columns, np.arange(len(variables) + 1)).astype(np.int32)
        self._index = np.array([row for _, row, _ in entries], dtype=np.int32)
        self._integer = np.array([not v.is_continuous() for v in variables], dtype=bool)
        self._variables = _places(variables)
        self._constraints = _places(rows)
        self._highs: Any = None

    def program(self, numbers: Mapping[str, Floats]) -> LinearProgram:
        """Give the program for some numbers.

        Parameters
        ----------
        numbers : mapping of str to array
            Of every mutable parameter by name, in the order of its index set.

        Raises
        ------
        DomainError
            Lists names that are missing or unknown, and arrays of a wrong length or with NaN.
        """
        values = self.parameters.values(numbers)
        return LinearProgram(
            cost=self._cost.at(values),
            offset=float(self._offset.at(values)[0]),
            start=self._start,
            index=self._index,
            value=self._matrix.at(values),
            row_lower=self._row_lower.at(values),
            row_upper=self._row_upper.at(values),
            column_lower=self._column_lower.at(values),
            column_upper=self._column_upper.at(values),
            integer=self._integer,
        )

    def solve(
        self,
        numbers: Mapping[str, Floats],
        *,
        gap: float = 1e-6,
        time_limit: float | None = None,
        integers: Mapping[str, Floats] | None = None,
        loosened: Mapping[str, str] | None = None,
    ) -> LiveSolution:
        """Solve for some numbers.

        Nothing of the problem before is gone on from: which of several best solutions is found
        must not depend on what else was solved.

        Parameters
        ----------
        numbers : mapping of str to array
            Of every mutable parameter by name, in the order of its index set.
        gap : float
            Relative gap at which HiGHS may stop on integer variables.
        time_limit : float, optional
            Seconds.
        integers : mapping of str to (n,) float64, optional
            Values of the integer variables by name, at least; they are fixed to them, which leaves
            a linear program that has prices.
        loosened : mapping of str to str, optional
            Constraints that hold only while a fixed variable of the same index set is 0: where it
            is not they say nothing of their own, and take no part of the price of what does.

        Raises
        ------
        DomainError
            As :meth:`program` does.
        """
        program = self.program(numbers)
        if integers is not None:
            program = self._fixed(program, integers, {} if loosened is None else loosened)
        is_integer = bool(program.integer.any())
        if self._highs is None:
            self._highs = new_highs()
        highs = self._highs
        highs.setOptionValue("mip_rel_gap", gap)
        highs.setOptionValue("time_limit", np.inf if time_limit is None else float(time_limit))
        highs.clearSolver()
        unit, by = load(highs, program)
        outcome = run(highs, unit, is_integer=is_integer)
        if not np.isfinite(outcome.objective):
            return LiveSolution(outcome, {}, {})
        solution = highs.getSolution()
        values = np.asarray(solution.col_value)
        by_name = {name: values[place] for name, place in self._variables.items()}
        if is_integer:
            return LiveSolution(outcome, by_name, {})
        duals = np.asarray(solution.row_dual) * unit * by
        prices = {name: duals[place] for name, place in self._constraints.items()}
        return LiveSolution(outcome, by_name, prices)

    def _fixed(
        self, program: LinearProgram, integers: Mapping[str, Floats], loosened: Mapping[str, str]
    ) -> LinearProgram:
        """Fix the integer variables, which then count as continuous."""
        values = np.zeros(len(program.cost))
        for name, place in self._variables.items():
            if program.integer[place].any():
                values[place] = integers[name]
        whole = np.rint(values)
        upper = program.row_upper.copy()
        for name, decision in loosened.items():
            if name in self._constraints:
                upper[self._constraints[name]][whole[self._variables[decision]] > 0.0] = np.inf
        return replace(
            program,
            row_upper=upper,
            column_lower=np.where(program.integer, whole, program.column_lower),
            column_upper=np.where(program.integer, whole, program.column_upper),
            integer=np.zeros_like(program.integer),
        )

    def _read(
        self, expression: Any, column_of: dict[int, int]
    ) -> tuple[Polynomial, list[tuple[int, Polynomial]]]:
        """Read a linear expression as its constant and one polynomial per column."""
        linear = generate_standard_repn(expression, compute_values=False, quadratic=False)
        if not linear.is_linear():
            raise DomainError(f"a live model is linear in its variables, not {expression}.")
        read = self.parameters.read
        terms = [
            (column_of[id(variable)], read(coefficient))
            for variable, coefficient in zip(linear.linear_vars, linear.linear_coefs, strict=True)
        ]
        return read(linear.constant), terms

    def _bound(self, bound: Any, body: Polynomial, sign: int) -> Polynomial:
        """Read a bound less the constant of the body that it is on; none is infinite."""
        if bound is None:
            return {(): sign * np.inf}
        less = {product: -factor for product, factor in body.items()}
        for product, factor in self.parameters.read(bound).items():
            less[product] = less.get(product, 0.0) + factor
        return less


def _places(declared: list[Any]) -> dict[str, slice]:
    """Where each component's data stand, which Pyomo gives one component after the other."""
    places: dict[str, slice] = {}
    for k, one in enumerate(declared):
        name = one.parent_component().name
        first = places[name].start if name in places else k
        places[name] = slice(first, k + 1)
    return places
