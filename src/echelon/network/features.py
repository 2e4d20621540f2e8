"""Columns of what is off by default: a network keeps them only where something is on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from echelon.errors import warn_of_data
from echelon.tables import Column, Table, dtype_of

EVENTS = ("levels", "calendar", "disruptions")
"""Tables of what happens at given times or at random, which a network may do without."""

PLANNING = ("stock", "open_orders", "resources", "resource_use")
"""Tables of what a plan over periods begins with and keeps to, which a network may do without."""

OPTIONAL = (*EVENTS, *PLANNING)

_RECKONED = ("release_time", "share")
"""Features that models without a simulation reckon with."""

_WITHOUT_EFFECT = ("priority", "review_phase", "service_level", "customer_service_time")
"""Features that matter to none of them: they know no shortage and no particular period, and a
promise is nobody's but the plan's."""

_DETAILS = (
    "release_time_std",
    "release_time_family",
    "release_time_parameters",
    "release_time_distribution",
    "reorder_point",
    "order_quantity",
    "yield_std",
    "lost_sale_cost",
    "backup_after",
    "expedite_after",
    "expedite_lead_time",
    "expedite_cost",
)
"""Columns that say more of a feature which another column tells of."""


def without_inert(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Leave out features that are the default in every row, and fill the blank cells of others.

    Parameters
    ----------
    frame : DataFrame
        Typed, as a table was read; not modified.
    table : Table
        Its contract.

    Returns
    -------
    DataFrame
    """
    given = [column for column in table.columns if column.feature and column.name in frame.columns]
    if not given:
        return frame
    off = [column.name for column in given if _is_inert(frame[column.name], column)]
    kept = frame.drop(columns=off)
    for column in given:
        if column.name not in off and column.default not in (None, ""):
            kept[column.name] = _filled(kept[column.name], column)
    return kept


def without_unused(frame: pd.DataFrame, table: Table, used: Collection[str]) -> pd.DataFrame:
    """Leave out features that a network does not use and a frame made from it leaves as they were.

    They are most of the columns of such a frame, and need not be read cell by cell again. Where one
    is not as it was, or a row has no name, the frame is read as it stands, for it may have faults.

    Parameters
    ----------
    frame : DataFrame
        Most likely a copy of ``Network.stages``, ``lanes`` or ``demand`` with changes; not
        modified.
    table : Table
        Its contract.
    used : collection of str
        Columns that the network holds, features only where something is on.

    Returns
    -------
    DataFrame
    """
    columns = frame.columns
    unused = [
        column
        for column in table.columns
        if column.feature and column.name not in used and column.name in columns
    ]
    name = table.key[0]
    if columns.has_duplicates or not unused or name not in columns:
        return frame
    if frame[name].isna().any() or not all(_as_made(frame[one.name], one) for one in unused):
        return frame
    return frame.drop(columns=[column.name for column in unused])


def _as_made(cells: pd.Series, column: Column) -> bool:
    """Whether a column is what :func:`default_cells` gives, bit for bit."""
    if str(cells.dtype) != dtype_of(column):
        return False
    values = cells.to_numpy()
    return bool((pd.isna(values) if column.default is None else values == column.default).all())


def _is_inert(cells: pd.Series, column: Column) -> bool:
    values = cells.to_numpy()
    if column.default is None:
        return bool(pd.isna(values).all())
    blank = values == "" if column.dtype in ("text", "json") else pd.isna(values)
    return bool((blank | (values == column.default)).all())


def _filled(cells: pd.Series, column: Column) -> pd.Series:
    """Put the default into blank cells, save where it is itself a blank."""
    if column.dtype in ("text", "json"):
        return cells.where(cells != "", str(column.default))
    default = column.default
    if isinstance(default, int | float) and cells.dtype != np.bool_:
        return cells.fillna(default)
    return cells


@lru_cache(maxsize=256)
def _default_cell(column: Column) -> Any:
    default = np.nan if column.default is None else column.default
    return pd.Series([default], dtype=dtype_of(column)).array


def default_cells(column: Column, n_rows: int) -> Any:
    """Give the default of a column in so many rows; blank where there is none."""
    return _default_cell(column).repeat(n_rows)


def completed(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Put columns that are off back in, so that every column of the contract is there.

    Parameters
    ----------
    frame : DataFrame
        Not modified.
    table : Table

    Returns
    -------
    DataFrame
        In the order of the contract; columns that it does not know, and those of its columns that
        are no features and are not there, are left as they are.
    """
    columns: dict[str, Any] = {}
    for column in table.columns:
        if column.name in frame.columns:
            columns[column.name] = frame[column.name]
        elif column.feature:
            columns[column.name] = default_cells(column, len(frame))
    return pd.DataFrame(columns, index=frame.index)


def some_columns(frame: pd.DataFrame, table: Table, names: Sequence[str]) -> pd.DataFrame:
    """Some of the columns that :func:`completed` gives, and nothing made for the others.

    Parameters
    ----------
    frame : DataFrame
        Not modified.
    table : Table
    names : sequence of str

    Returns
    -------
    DataFrame
    """
    if all(name in frame.columns for name in names):
        return frame[list(names)]
    cells = {
        name: frame[name] if name in frame.columns else default_cells(table[name], len(frame))
        for name in names
    }
    return pd.DataFrame(cells, index=frame.index)


def in_use(
    frames: Mapping[str, pd.DataFrame], tables: Mapping[str, Table]
) -> dict[str, tuple[str, ...]]:
    """Name the features that are on.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        By table, without columns that are off.
    tables : mapping of str to Table

    Returns
    -------
    dict of str to tuple of str
        By table: columns; of ``levels``, ``calendar`` and the other tables that a network may do
        without ``("rows",)`` where there are any.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, frame in frames.items():
        if name in OPTIONAL:
            found[name] = ("rows",) if len(frame) else ()
            continue
        found[name] = tuple(
            column.name
            for column in tables[name].columns
            if column.feature
            and column.name in frame.columns
            and not _is_inert(frame[column.name], column)
        )
    return found


def warn_of_unreckoned(
    frames: Mapping[str, pd.DataFrame],
    tables: Mapping[str, Table],
    used: Mapping[str, Sequence[str]],
    what: str,
    reckoned: Collection[str] = (),
    *,
    reckons_rest: bool = False,
) -> None:
    """Warn once of everything in a network that a model knows nothing of.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        As the network holds them, without columns that are off.
    tables : mapping of str to Table
    used : mapping of str to sequence of str
        Features that are on, as :func:`in_use` names them, of the tables to look at.
    what : str
        Name of the model, the subject of the message.
    reckoned : collection of str
        What it reckons with beside what all models do: ``"stages.capacity"``, or
        ``"stages.policy=reorder_point"`` for one text of a column.
    reckons_rest : bool
        Whether it reckons with all that is in the other tables.

    Warns
    -----
    DataWarning
        At the caller of the function that calls ``Network.warn_of_unreckoned``.
    """
    told = []
    for name, columns in used.items():
        frame = frames[name]
        for column in columns:
            if column in (*_RECKONED, *_WITHOUT_EFFECT, *_DETAILS):
                continue
            if f"{name}.{column}" in reckoned:
                continue
            if column == "rows":
                told.append(f"{name} ({len(frame):,} {'row' if len(frame) == 1 else 'rows'})")
                continue
            blank = tables[name][column].default
            cells = frame[column]
            on = cells.notna() & ((cells != blank) if blank is not None else True)
            named = f"{name}.{column}="
            texts = [one.removeprefix(named) for one in reckoned if one.startswith(named)]
            if texts:
                on &= ~cells.astype(str).isin(texts)
            if not on.any():
                continue
            rows = int(on.sum())
            told.append(
                f"{name}.{column} ({rows:,} {name if rows > 1 else name.removesuffix('s')})"
            )
    if told:
        remedy = "simulate to see what that does to cost and service"
        if reckons_rest:  # what it does not know, simulations do not know either
            remedy = 'plan with optimize(network, model="target_inventory"), which does'
        warn_of_data(
            f"{what} does not reckon with {', '.join(told)}: its numbers are those of a network "
            f"without. Fix: {remedy}."
        )
