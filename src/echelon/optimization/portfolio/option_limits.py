"""Limits on the options of a table: at most, or at least, so much of a column in sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np

from echelon.errors import DomainError
from echelon.optimization.arguments import is_number

Amounts = float | Mapping[str, float]


@dataclass(frozen=True, slots=True)
class AtMost:
    """The chosen options add up to at most so much of a column.

    Parameters
    ----------
    column : str
        Of the table of options: what one option uses.
    amount : float or mapping of str to float
        The limit; with ``by``, one per label.
    by : str, optional
        Column of labels (segment, site, resource): one limit for the options of each. Options of a
        label that has no amount are not limited.
    name : str, optional
        What the limit is called; default: the column.

    Raises
    ------
    DomainError
        If an amount is no finite number, or ``by`` and the amounts do not fit.

    Examples
    --------
    >>> AtMost("stock_value", 1_000_000.0)
    AtMost(column='stock_value', amount=1000000.0, by=None, name='stock_value')
    >>> AtMost("hours", {"line 1": 80.0, "line 2": 60.0}, by="line").name
    'hours'
    """

    column: str
    amount: Amounts
    by: str | None = None
    name: str = ""

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The chosen options add up to at least so much of a column; see :class:`AtMost`.

    Examples
    --------
    >>> AtLeast("units_served", {"EU": 9_500.0, "US": 4_000.0}, by="market", name="served").name
    'served'
    """

    column: str
    amount: Amounts
    by: str | None = None
    name: str = ""

    def __post_init__(self) -> None:
        _check(self)


def amounts_of(limit: AtMost | AtLeast) -> dict[str, float]:
    """Amount of each label; of one limit for all, under an empty label."""
    if isinstance(limit.amount, Mapping):
        return {str(label): float(value) for label, value in limit.amount.items()}
    return {"": float(limit.amount)}


def _check(limit: AtMost | AtLeast) -> None:
    kind = type(limit).__name__
    faults = []
    if not limit.column:
        faults.append(f"column is {limit.column!r}, must be the name of a column")
    if isinstance(limit.amount, Mapping):
        if limit.by is None:
            faults.append("amount has labels, and by does not say which column has them")
        if not limit.amount:
            faults.append("amount has no label")
        values = [(f"amount[{label!r}]", value) for label, value in limit.amount.items()]
    else:
        if limit.by is not None:
            faults.append(
                f"amount is one number and by={limit.by!r} asks for one per label; give a mapping"
            )
        values = [("amount", limit.amount)]
    faults += [
        f"{name} is {value!r}, must be a finite number"
        for name, value in values
        if not (is_number(value) and isfinite(float(value)))
    ]
    if faults:
        raise DomainError(f"{kind}: {'; '.join(faults)}. Fix: correct {_them(faults)}.")
    if not limit.name:
        object.__setattr__(limit, "name", limit.column)
    if isinstance(limit.amount, np.number):
        object.__setattr__(limit, "amount", float(limit.amount))


def _them(faults: list[str]) -> str:
    return "it" if len(faults) == 1 else "them"
