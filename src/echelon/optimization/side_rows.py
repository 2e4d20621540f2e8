"""What side constraints have added to a model: its rows, its costs, and the components they tie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from reprlib import repr as shortened
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.modeling import unique_component_name
from pyomo.core.expr.relational_expr import RelationalExpression
from pyomo.core.expr.visitor import identify_variables
from pyomo.repn import generate_standard_repn

from echelon.errors import DomainError

SideConstraint = Callable[[Any], Any]

TOLERANCE = 1e-6
"""By which a row may miss its limit, relative to the larger of the limit and its largest term."""


@dataclass(frozen=True, slots=True)
class SideRow:
    """One row that a side constraint has added.

    Attributes
    ----------
    name : str
        Of the constraint in the model.
    constraint : pyomo ConstraintData
    variables : list of pyomo VarData
    coefficients : list of float
    constant : float
    lower, upper : float or None
        ``lower <= constant + coefficients @ variables <= upper``.
    components : frozenset of int
        Positions of the components that it says something of.
    scale : float
        What a miss is measured against: the largest of the limits and the coefficients.
    """

    name: str
    constraint: Any
    variables: list[Any]
    coefficients: list[float]
    constant: float
    lower: float | None
    upper: float | None
    components: frozenset[int]
    scale: float

    def value(self) -> float:
        """Left-hand side at the variables' values."""
        total = sum(c * v.value for c, v in zip(self.coefficients, self.variables, strict=True))
        return float(self.constant + total)

    def missed_by(self) -> float:
        """How far the values are outside the limits; 0 within the tolerance."""
        value = self.value()
        below = self.lower - value if self.lower is not None else 0.0
        above = value - self.upper if self.upper is not None else 0.0
        miss = max(below, above)
        return miss if miss > TOLERANCE * self.scale else 0.0

    def in_words(self) -> str:
        """Name the row and say what its value is beside its limits."""
        value = self.value()
        if self.upper is not None and value > self.upper:
            return f"{self.name!r}: {_digits(value)} where at most {_digits(self.upper)} is allowed"
        if self.lower is not None and value < self.lower:
            return (
                f"{self.name!r}: {_digits(value)} where at least {_digits(self.lower)} is asked for"
            )
        return f"{self.name!r}: {_digits(value)}"


@dataclass(frozen=True, slots=True)
class SideTerms:
    """All that side constraints have added to one model.

    Attributes
    ----------
    rows : list of SideRow
    extra_cost : dict of id of a variable to float
        What was added to its coefficient in the objective, money per period.
    constant : float
        Added to the objective, money per period.
    own : bool
        Whether they brought variables of their own.
    groups : list of list of int
        Positions of the components that rows tie together or costs touch; the others are free.
    """

    rows: list[SideRow]
    extra_cost: dict[int, float]
    constant: float
    own: bool
    groups: list[list[int]]

    @property
    def only_adds_cost(self) -> bool:
        """Whether no plan is cheaper than without, so that a bound without is one with them."""
        return self.constant >= 0.0 and all(money >= 0.0 for money in self.extra_cost.values())


def add_side_constraints(
    model: Any, side_constraints: SideConstraint | Sequence[SideConstraint]
) -> SideTerms:
    """Call each on the model and read what it has added.

    Raises
    ------
    DomainError
        If one is no function, returns what is no constraint, adds something that is not linear or
        not finite, or replaces the objective.
    """
    callbacks = side_constraints if isinstance(side_constraints, Iterable) else [side_constraints]
    before = {id(row) for row in model.component_data_objects(pyo.Constraint)}
    for callback in callbacks:
        if not callable(callback):
            raise DomainError(
                f"side_constraints holds {callback!r}, which is no function of a model. Fix: give "
                "functions, such as echelon.budget(10_000.0)."
            )
        _attach(model, callback, callback(model))
    component = _component_of(model)
    rows = [
        _read(row, component)
        for row in model.component_data_objects(pyo.Constraint, active=True)
        if id(row) not in before
    ]
    extra, constant = _extra_cost(model)
    ties = [[component.get(id(v), -1 - id(v)) for v in row.variables] for row in rows]
    ties += [[component[key]] for key in extra if key in component]
    own = any(id(v) not in component for row in rows for v in row.variables) or any(
        key not in component for key in extra
    )
    return SideTerms(rows, extra, constant, own, _joined(ties))


def _attach(model: Any, callback: SideConstraint, returned: Any) -> None:
    if returned is None:
        return
    name = getattr(callback, "__name__", type(callback).__name__)
    given: dict[object, object]
    if isinstance(returned, Mapping):
        given = dict(returned)
    elif isinstance(returned, RelationalExpression) or not isinstance(returned, Iterable):
        given = {1: returned}
    else:
        given = dict(enumerate(returned, 1))
    wrong = [one for one in given.values() if not isinstance(one, RelationalExpression)]
    if wrong:
        raise DomainError(
            f"side constraint {name!r} returned {shortened(wrong[0])}, which is no constraint. "
            "Fix: return a list of comparisons of the model's expressions, or nothing."
        )
    if any(_is_strict(relation) for relation in given.values()):
        raise DomainError(
            f"side constraint {name!r} compares by < or >, of which no plan is the cheapest. "
            "Fix: use <=, >= or ==."
        )
    room = pyo.Constraint(pyo.Any)
    model.add_component(unique_component_name(model, name), room)
    for key, relation in given.items():
        room[key] = relation


def _is_strict(relation: Any) -> bool:
    strict = getattr(relation, "strict", False)
    return any(strict) if isinstance(strict, tuple) else bool(strict)


def _read(row: Any, component: Mapping[int, int]) -> SideRow:
    repn = generate_standard_repn(row.body, compute_values=True)
    if not repn.is_linear():
        raise DomainError(
            f"side constraint {row.name!r} is not linear. Fix: use sums of the model's expressions "
            "times numbers."
        )
    lower, upper = (
        None if end is None else float(pyo.value(end)) for end in (row.lower, row.upper)
    )
    variables = list(repn.linear_vars)
    coefficients = [float(c) for c in repn.linear_coefs]
    if not variables:
        # every coefficient is 0, as in the service time of a stage that may only quote 0: the row
        # still is about that stage's component, which fails where the row cannot hold
        variables = list(identify_variables(row.body))
        coefficients = [0.0] * len(variables)
    ends = [abs(end) for end in (lower, upper) if end is not None]
    if not all(map(isfinite, [*coefficients, *ends, float(repn.constant)])):
        raise DomainError(
            f"side constraint {row.name!r} has a number in it that is not finite. Fix: correct it, "
            "or leave the constraint out where there is no limit."
        )
    return SideRow(
        name=row.name.removesuffix("[1]") if len(row.parent_component()) == 1 else row.name,
        constraint=row,
        variables=variables,
        coefficients=coefficients,
        constant=float(repn.constant),
        lower=lower,
        upper=upper,
        scale=max([*ends, *map(abs, coefficients), 1e-9]),
        components=frozenset(component[id(v)] for v in variables if id(v) in component),
    )


def _extra_cost(model: Any) -> tuple[dict[int, float], float]:
    objectives = list(model.component_data_objects(pyo.Objective, active=True))
    alone = len(objectives) == 1 and objectives[0] is model.cost
    if not alone or model.cost.sense != pyo.minimize:
        raise DomainError(
            "side constraints replaced the objective of the model. Fix: add money per period to "
            "it, model.cost.set_value(model.cost.expr + ...)."
        )
    repn = generate_standard_repn(model.cost.expr, compute_values=True)
    if not repn.is_linear():
        raise DomainError(
            "a side constraint made the cost nonlinear. Fix: add sums of the model's expressions "
            "times numbers."
        )
    if not all(map(isfinite, [*map(float, repn.linear_coefs), float(repn.constant)])):
        raise DomainError(
            "a side constraint added to the cost what is not a finite number. Fix: correct it."
        )
    own = {id(model.pair[key]): pyo.value(model.pair_cost[key]) for key in model.PAIR}
    now = {id(v): float(c) for v, c in zip(repn.linear_vars, repn.linear_coefs, strict=True)}
    extra = {}
    for key in now | own:  # what was taken out of the cost is a change of it, too
        money, known = now.get(key, 0.0), own.get(key, 0.0)
        if abs(money - known) > 1e-12 * max(abs(money), abs(known)):
            extra[key] = money - known
    return extra, float(repn.constant)


def _component_of(model: Any) -> dict[int, int]:
    """Position of the component that a variable of the model itself belongs to, by its id."""
    sizes = [problem.n_stages for problem in model.source.problems]
    of_stage = np.repeat(np.arange(len(sizes)), sizes).tolist()
    return {
        id(variable): of_stage[key[0]]
        for variables in (model.pair, model.inbound_by, model.outbound_by)
        for key, variable in variables.items()
    }


def _digits(value: float) -> str:
    """Six digits, without an exponent where whole numbers say it better."""
    return f"{float(f'{value:.6g}'):,.0f}" if 1e6 <= abs(value) < 1e15 else f"{value:,.6g}"


def _joined(ties: list[list[int]]) -> list[list[int]]:
    """Sets of components that share a row, directly or through others; negative: not components."""
    root: dict[int, int] = {}

    def find(k: int) -> int:
        root.setdefault(k, k)
        while root[k] != k:
            root[k] = root[root[k]]
            k = root[k]
        return k

    for tie in ties:
        for k in set(tie):
            root[find(k)] = find(tie[0])
    groups: dict[int, list[int]] = {}
    for k in sorted(root):
        if k >= 0:
            groups.setdefault(find(k), []).append(k)
    return list(groups.values())
