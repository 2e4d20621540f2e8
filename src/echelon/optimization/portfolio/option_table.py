"""A table of options read: what each costs and uses, with every fault told at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from echelon.errors import DomainError, Fault, TableError
from echelon.network.compiled import Floats, Integers
from echelon.optimization.portfolio.option_limits import AtLeast, AtMost, amounts_of
from echelon.optimization.portfolio.problem import OptionProblem
from echelon.optimization.portfolio.rows import LimitRow

Limit = AtMost | AtLeast


def read_options(
    options: pd.DataFrame, limits: Sequence[Limit], cost: str
) -> tuple[OptionProblem, list[LimitRow], Integers]:
    """Turn a table of options and its limits into a problem.

    Parameters
    ----------
    options : DataFrame
    limits : sequence of AtMost or AtLeast
    cost : str
        Column of what is minimised.

    Returns
    -------
    OptionProblem
    list of LimitRow
    (n_options,) int64
        Row of the table of each option of the problem.

    Raises
    ------
    TableError
        With every fault of the table.
    DomainError
        If a limit is none, or names a label that no option has.
    """
    _check_limits(limits)
    faults = _missing_columns(options, limits, cost)
    if faults:
        raise TableError(faults)
    numbers = list(dict.fromkeys([cost, *(limit.column for limit in limits)]))
    values = {name: _numbers(options, name, faults) for name in numbers}
    sku, option = (_labels(options, name, faults) for name in ("sku", "option"))
    if not faults:
        _check_twice(options, sku, option, faults)
    if faults:
        raise TableError(faults)
    order = np.arange(len(sku)) if (np.diff(sku) >= 0).all() else np.argsort(sku, kind="stable")
    counts = np.bincount(sku)
    rows: list[LimitRow] = []
    most: list[float] = []
    at, used = [], []
    for limit in limits:
        at.append(_rows_of(options, limit, rows, most)[order])
        sign = 1.0 if isinstance(limit, AtMost) else -1.0
        used.append(sign * values[limit.column][order])
    use_first, use_row, use = _packed(at, used, len(sku))
    problem = OptionProblem(
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        cost=values[cost][order],
        use_first=use_first,
        use_row=use_row,
        use=use,
        most=np.array(most),
    )
    return problem, rows, order


def _packed(
    at: list[Integers], used: list[Floats], n_options: int
) -> tuple[Integers, Integers, Floats]:
    """Lay the uses of all limits out option by option."""
    if not at:
        none = np.zeros(0, dtype=np.int64)
        return np.zeros(n_options + 1, dtype=np.int64), none, none.astype(np.float64)
    if len(at) == 1 and (at[0] == 0).all():
        return np.arange(n_options + 1), at[0], used[0]
    rows, uses = np.stack(at, axis=1), np.stack(used, axis=1)
    some = (rows >= 0) & (uses != 0.0)
    use_first = np.concatenate([[0], np.cumsum(some.sum(axis=1))]).astype(np.int64)
    return use_first, rows[some], uses[some]


def _rows_of(
    options: pd.DataFrame, limit: Limit, rows: list[LimitRow], most: list[float]
) -> Integers:
    """Row of each line of the table, -1 where it is not limited; adds the limit's rows."""
    sign = 1.0 if isinstance(limit, AtMost) else -1.0
    amounts = amounts_of(limit)
    first = len(rows)
    for label, amount in amounts.items():
        rows.append(LimitRow(limit.name, label, limit.column, "", sign))
        most.append(sign * amount)
    if limit.by is None:
        return np.full(len(options), first, dtype=np.int64)
    codes, labels = pd.factorize(options[limit.by])
    names = [str(label) for label in labels]
    unknown = [label for label in amounts if label not in names]
    if unknown:
        raise DomainError(
            f"limit {limit.name!r}: no option has {limit.by} {unknown[0]!r}"
            f"{f', nor {len(unknown) - 1} more labels' if len(unknown) > 1 else ''}. Fix: use "
            f"labels of the column {limit.by}, such as {names[0]!r}."
        )
    place = {label: first + k for k, label in enumerate(amounts)}
    row_of = np.array([*(place.get(name, -1) for name in names), -1], dtype=np.int64)
    return row_of[codes]


def _check_limits(limits: Sequence[object]) -> None:
    wrong = [limit for limit in limits if not isinstance(limit, AtMost | AtLeast)]
    if wrong:
        raise DomainError(
            f"limits has {wrong[0]!r}, which is no limit of options. Fix: give echelon.AtMost(...) "
            "or echelon.AtLeast(...)."
        )
    names = [getattr(limit, "name", "") for limit in limits]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DomainError(f"two limits are called {twice!r}. Fix: give each a name= of its own.")


def _missing_columns(options: pd.DataFrame, limits: Sequence[Limit], cost: str) -> list[Fault]:
    wanted = ["sku", "option", cost]
    for limit in limits:
        wanted += [limit.column, *([limit.by] if limit.by else [])]
    if len(options) == 0:
        return [Fault("options", "", 0, None, "has no row", "give at least one option per SKU")]
    return [
        Fault("options", name, 0, None, "column is missing", "add it, or correct its name")
        for name in dict.fromkeys(wanted)
        if name not in options.columns
    ]


def _numbers(options: pd.DataFrame, name: str, faults: list[Fault]) -> Floats:
    numbers = pd.to_numeric(options[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        faults.append(
            _fault(options, name, wrong, "must be a finite number", "give one in every row")
        )
    return numbers


def _labels(options: pd.DataFrame, name: str, faults: list[Fault]) -> Integers:
    codes, _ = pd.factorize(options[name])
    wrong = np.flatnonzero(codes < 0)
    if wrong.size:
        faults.append(_fault(options, name, wrong, "is empty", "give every row a name"))
    return codes.astype(np.int64)


def _check_twice(
    options: pd.DataFrame, sku: Integers, option: Integers, faults: list[Fault]
) -> None:
    key = pd.Series(sku * (int(option.max()) + 1) + option)
    wrong = np.flatnonzero(key.duplicated().to_numpy())
    if wrong.size:
        remedy = "remove all but one, or give the options names of their own"
        faults.append(_fault(options, "option", wrong, "occurs twice for this sku", remedy))


def _fault(options: pd.DataFrame, name: str, wrong: Integers, message: str, remedy: str) -> Fault:
    row = int(wrong[0])
    value: Any = options[name].iloc[row]
    return Fault(
        table="options",
        column=name,
        row=row + 1,
        value=value,
        message=message,
        remedy=remedy,
        key=f"{options['sku'].iloc[row]}, {options['option'].iloc[row]}",
        count=len(wrong),
    )
