"""What a declared model's coefficients are of its parameters: polynomials, read once.

Pyomo keeps a coefficient as an expression of mutable parameters, and evaluates it node by node
whenever the model is compiled. Here each expression is read once, as a sum of products of
parameters, and the sums of all coefficients become one sparse matrix: new numbers take one product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
from pyomo.core.expr import identify_mutable_parameters, numeric_expr
from pyomo.core.expr.numvalue import native_numeric_types, value
from scipy.sparse import csr_array

from echelon.errors import DomainError
from echelon.network.compiled import Floats

Polynomial: TypeAlias = dict[tuple[int, ...], float]
"""Factor of each product of parameters, which are numbered; the empty product is 1."""


class Parameters:
    """The mutable parameters of a model, numbered in the order of their index sets.

    Parameters
    ----------
    declared : iterable of pyomo.environ.Param
        Indexed or not; what is not mutable is left out, for its value is in the model.
    """

    def __init__(self, declared: Iterable[Any]) -> None:
        self.place: dict[str, slice] = {}
        self._number: dict[int, int] = {}
        self._entries: list[Any] = []
        for parameter in declared:
            if not parameter.mutable:
                continue
            first = len(self._entries)
            for index in parameter.index_set():
                entry = parameter[index]
                self._number[id(entry)] = len(self._entries)
                self._entries.append(entry)
            self.place[parameter.name] = slice(first, len(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def values(self, numbers: Mapping[str, Floats]) -> Floats:
        """Put numbers by name one after the other.

        Raises
        ------
        DomainError
            Lists names that are missing or unknown, and arrays of a wrong length or with NaN.
        """
        faults = [f"no parameter is called {name!r}" for name in numbers if name not in self.place]
        together = np.empty(len(self))
        for name, place in self.place.items():
            if name not in numbers:
                faults.append(f"{name!r} is missing")
                continue
            given = np.asarray(numbers[name], dtype=np.float64).ravel()
            if len(given) != place.stop - place.start:
                faults.append(f"{name!r} has {len(given)} numbers, not {place.stop - place.start}")
            elif np.isnan(given).any():
                faults.append(f"{name!r} is NaN at {int(np.isnan(given).argmax())}")
            else:
                together[place] = given
        if faults:
            raise DomainError(f"numbers of a live model: {'; '.join(faults)}.")
        return together

    def read(self, expression: Any) -> Polynomial:
        """Read an expression of parameters and numbers.

        Raises
        ------
        DomainError
            If it divides by a parameter, takes a function of one, or holds a variable.
        """
        return _sum(_scaled(self._read_term(term), by) for term, by in _terms(expression))

    def _read_term(self, expression: Any) -> Polynomial:
        """Read what is no sum."""
        if type(expression) in native_numeric_types:
            return {(): float(expression)} if expression else {}
        number = self._number.get(id(expression))
        if number is not None:
            return {(number,): 1.0}
        if isinstance(expression, numeric_expr.ProductExpression):
            one, other = (self.read(part) for part in expression.args)
            return _sum(
                {tuple(sorted(p + q)): a * b} for p, a in one.items() for q, b in other.items()
            )
        if isinstance(expression, numeric_expr.DivisionExpression):
            above, below = (self.read(part) for part in expression.args)
            if set(below) == {()}:
                return _scaled(above, 1.0 / below[()])
        elif expression.is_named_expression_type():
            return self.read(expression.expr)
        if not expression.is_potentially_variable() and not any(
            True for _ in identify_mutable_parameters(expression)
        ):
            return {(): float(value(expression))}
        raise DomainError(
            f"a live model takes sums and products of parameters, not {expression}. Fix: give what "
            "it amounts to as a parameter of its own."
        )


class Coefficients:
    """Many polynomials of the same parameters, evaluated together.

    Parameters
    ----------
    polynomials : sequence of Polynomial
    """

    def __init__(self, polynomials: list[Polynomial]) -> None:
        products: dict[tuple[int, ...], int] = {}
        rows, columns, factors = [], [], []
        self._constant = np.array([one.get((), 0.0) for one in polynomials])
        for row, polynomial in enumerate(polynomials):
            for product, factor in polynomial.items():
                if product and factor:
                    rows.append(row)
                    columns.append(products.setdefault(product, len(products)))
                    factors.append(factor)
        shape = (len(polynomials), len(products))
        self._matrix = csr_array((factors, (rows, columns)), shape=shape)
        most = max(map(len, products), default=1)
        # an absent factor of a product is the 1 that stands after all parameters
        self._of = np.array(
            [product + (-1,) * (most - len(product)) for product in products], dtype=np.int64
        ).reshape(-1, most)

    def at(self, values: Floats) -> Floats:
        """Values of the polynomials where the parameters have these: (n,) float64."""
        products = np.append(values, 1.0)[self._of].prod(axis=1)
        return np.asarray(self._matrix @ products + self._constant)


def _terms(expression: Any) -> Iterator[tuple[Any, float]]:
    """Take sums and signs apart; a sum over many periods may be nested as deep as it is long."""
    left = [(expression, 1.0)]
    while left:
        term, by = left.pop()
        if isinstance(term, numeric_expr.SumExpression):
            left += [(part, by) for part in reversed(term.args)]
        elif isinstance(term, numeric_expr.NegationExpression):
            left.append((term.args[0], -by))
        else:
            yield term, by


def _sum(parts: Iterable[Polynomial]) -> Polynomial:
    total: Polynomial = {}
    for part in parts:
        for product, factor in part.items():
            total[product] = total.get(product, 0.0) + factor
    return total


def _scaled(polynomial: Polynomial, by: float) -> Polynomial:
    return {product: by * factor for product, factor in polynomial.items()}
