"""Check frames against the catalog: every fault at once, and typed columns for what is sound.

A column is judged as a whole. Only a column whose type already is wrong is looked at cell by cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from echelon.errors import Fault
from echelon.tables.cells import read_cells
from echelon.tables.checked import Checked, Mask, plain
from echelon.tables.column import Column, Table
from echelon.tables.complaint import Complaint
from echelon.tables.duplicates import duplicates_remedy
from echelon.tables.header import check_header, meant_for, of_table

_MAY_BE_EMPTY = (
    "lanes",
    "correlation",
    "forecast_errors",
    "levels",
    "calendar",
    "disruptions",
    "stock",
    "open_orders",
    "resources",
    "resource_use",
)
"""Tables without rows that say no more than ones that are not there."""

_FEW_ROWS = 500
"""Up to so many rows Python tells keys apart sooner than pandas sets out to."""

SAME_KEY = "must name one row only, but row {} has the same key"
"""What is said of a repeated key; who divides a table has to put the row's own number in."""

FILLED_ELSEWHERE = "filled_elsewhere"
"""Entry of ``frame.attrs`` of a part of a table: columns that are filled in another part.

They are read as columns that are there, so that a part is judged as it is within the whole.
"""


def check_table(frame: object, table: Table) -> Checked:
    """Read a frame by the rules of one table.

    Parameters
    ----------
    frame : object
        A DataFrame, or the fault is that it is none. It is not modified.
    table : Table
        The contract.

    Returns
    -------
    Checked
        With every fault of this table taken alone; it never raises for what a frame may hold.

    Examples
    --------
    >>> from echelon.tables.lanes import LANES
    >>> checked = check_table(pd.DataFrame({"from_itm": ["A"]}), LANES)
    >>> print(checked.faults[0])
    lanes.from_itm: is not a column of this table; found 'from_itm'. Fix: rename it to 'from_item'.
    """
    if not isinstance(frame, pd.DataFrame):
        kind = type(frame).__name__
        holds = isinstance(getattr(frame, table.name, None), pd.DataFrame)  # models of its rows
        remedy = f"pass its .{table.name}" if holds else "pass pd.DataFrame(...)"
        return Checked(
            table,
            pd.DataFrame(),
            [of_table(table, "must be a pandas DataFrame", remedy, value=kind)],
        )
    if meant_for(frame, table):
        return Checked(table, pd.DataFrame(), check_header(frame, table))
    faults = [*check_header(frame, table), *_no_rows(frame, table)]
    checked = Checked(table, pd.DataFrame(index=pd.RangeIndex(len(frame))), faults)
    if isinstance(frame.columns, pd.MultiIndex):
        return checked
    given: dict[str, object] = {}
    names = list(frame.columns)
    filled = frame.attrs.get(FILLED_ELSEWHERE, ())
    empty = _empty_rows(frame)
    complaints: list[tuple[Column, Complaint]] = []
    for column in table.columns:
        if names.count(column.name) != 1:
            continue
        series = frame.iloc[:, names.index(column.name)]
        blank = not column.required and len(frame) and column.name not in filled
        if blank and series.isna().all():
            continue  # a column nothing is written in says as much as none
        values, found = read_cells(series, column, table.name, _excused(frame, column))
        given[column.name] = values
        for complaint in found:
            rows = complaint.rows & ~empty
            if (rows != complaint.rows).any():  # only of empty cells, so the value is the cell
                value = series.iloc[int(rows.argmax())]
                complaint = replace(complaint, rows=rows, value=value)
            complaints.append((column, complaint))
    typed = pd.DataFrame(given, index=pd.RangeIndex(len(frame)))
    checked = Checked(table, typed, faults, empty=empty)
    _check_empty_rows(checked)
    for column, complaint in complaints:
        rows = complaint.rows
        checked.faulty[column.name] = checked.faulty.get(column.name, np.zeros_like(rows)) | rows
        checked.add(column.name, rows, complaint.message, complaint.remedy, value=complaint.value)
    _check_duplicates(checked, frame)
    return checked


def _excused(frame: pd.DataFrame, column: Column) -> Mask | None:
    """Rows in which a cell may be empty because another one is filled; None where none is asked."""
    if not column.blank_beside:
        return None
    names = list(frame.columns)
    filled = np.zeros(len(frame), dtype=np.bool_)
    for name in column.blank_beside:
        if names.count(name) == 1:
            cells = frame[name]
            filled |= (cells.notna() & (cells.astype(object) != "")).to_numpy(dtype=np.bool_)
    return filled


def _empty_rows(frame: pd.DataFrame) -> Mask:
    """Mark rows in which nothing at all is written, as a spreadsheet leaves them at the end."""
    empty = np.full(len(frame), bool(frame.shape[1]))
    for place in range(frame.shape[1]):
        if not empty.any():
            break
        empty &= frame.iloc[:, place].isna().to_numpy(dtype=np.bool_)
    return empty


def _check_empty_rows(checked: Checked) -> None:
    empty = checked.empty
    if not empty.any():
        return
    for name in checked.table.names:  # all is told by one fault
        checked.faulty[name] = empty.copy()
    count = int(empty.sum())
    checked.faults.append(
        Fault(
            checked.table.name,
            "",
            int(empty.argmax()) + 1,
            None,
            "nothing is written in the row",
            "remove the row" if count == 1 else "remove the rows",
            count=count,
        )
    )


def check_settings(
    settings: Mapping[str, object], table: Table
) -> tuple[dict[str, Any], list[Fault]]:
    """Read the scalars of a network by the rules of their catalog.

    Parameters
    ----------
    settings : mapping of str to object
        Values by name; ``None`` is blank.
    table : Table
        The contract.

    Returns
    -------
    values : dict
        Defaults filled; ``None`` where a setting without a default is blank.
    faults : list of Fault
        With row 0, for they have no rows.
    """
    values: dict[str, Any] = {}
    faults = []
    for column in table.columns:
        value = settings.get(column.name)
        if value is None:
            values[column.name] = column.default
            continue
        read = _read_text_setting if type(value) is str else _read_setting
        values[column.name], found = read(value, column, table.name)
        faults += [
            Fault(
                table.name,
                column.name,
                0,
                plain(complaint.value),
                complaint.message,
                complaint.remedy,
            )
            for complaint in found
        ]
    return values, faults


def _read_setting(
    value: object, column: Column, table: str
) -> tuple[object, tuple[Complaint, ...]]:
    series = pd.Series([value], dtype=object)
    cells, found = read_cells(series, column, table)
    if series.isna()[0] and not found:  # a column may be blank by NaN, a setting only by None
        missing = series.isna().to_numpy()
        found = [Complaint(missing, value, column.requirement, f"{column.fix}, or leave it out")]
    return plain(cells[0]), tuple(found)


_read_text_setting = lru_cache(maxsize=256)(_read_setting)  # the same few, network after network


def _no_rows(frame: pd.DataFrame, table: Table) -> list[Fault]:
    """Find a table without rows, where that says nothing that its absence would not."""
    if len(frame) or isinstance(frame.columns, pd.MultiIndex) or table.name in _MAY_BE_EMPTY:
        return []
    remedy = {
        "stages": "give at least one stage",
        "demand": "leave the table out if nobody buys",
        "lanes": "leave the table out if no stage supplies another",
    }
    fix = remedy.get(table.name, "give at least one row")
    return [of_table(table, "the table has no rows", fix)]


def _differ_at_a_glance(frame: pd.DataFrame, key: Sequence[str]) -> bool:
    """Whether a frame of few rows has no two with one key; False where that is not known."""
    columns = [frame[name] for name in key]
    if len(frame) > _FEW_ROWS or not all(str(column.dtype) == "str" for column in columns):
        return False
    return len(set(zip(*(column.array.tolist() for column in columns), strict=True))) == len(frame)


def _check_duplicates(checked: Checked, frame: pd.DataFrame) -> None:
    """One row per key; rows whose key is faulty anyway are passed over."""
    required = tuple(name for name in checked.table.key if checked.table[name].required)
    if not checked.table.key or not checked.named(required):
        return
    key = [name for name in checked.table.key if checked.has(name)]
    whole = checked.sound(tuple(key))
    if _differ_at_a_glance(checked.frame, key):
        return
    keys = checked.frame[key] if whole.all() else checked.frame.loc[whole, key]
    repeated = np.zeros(len(whole), dtype=np.bool_)
    repeated[whole] = keys.duplicated().to_numpy()
    if not repeated.any():
        return
    again = int(repeated.argmax())
    value = tuple(plain(checked.frame[name].iloc[again]) for name in key)
    same = np.logical_and.reduce(
        [
            (checked.frame[name].isna() if part != part else checked.frame[name] == part).to_numpy()
            for name, part in zip(key, value, strict=True)  # a blank period differs from itself
        ]
    )
    checked.add(
        ", ".join(key),
        repeated,
        SAME_KEY.format(int(same.argmax()) + 1),
        duplicates_remedy(checked.table, key, keys, frame.iloc[np.flatnonzero(whole)]),
        value=value,
    )
