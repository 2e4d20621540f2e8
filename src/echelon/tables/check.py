"""Check frames against the catalog: every fault at once, and typed columns for what is sound.

A column is judged as a whole. Only a column whose type already is wrong is looked at cell by cell.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import Fault
from echelon.tables.catalog import CATALOG
from echelon.tables.cells import Complaint, read_cells
from echelon.tables.column import Column, Table
from echelon.tables.duplicates import duplicates_remedy

Mask: TypeAlias = NDArray[np.bool_]

_UNNAMED = re.compile(r"Unnamed: \d+(\.\d+)?")

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

_NAMED_BY = {"disruptions": "name", "resources": "resource"}
"""Tables whose rows belong to no one stage, and the column that names them."""

_FEW_ROWS = 500
"""Up to so many rows Python tells keys apart sooner than pandas sets out to."""

_CELL = object()
"""Stands for the cell that a fault is about."""

SAME_KEY = "must name one row only, but row {} has the same key"
"""What is said of a repeated key; who divides a table has to put the row's own number in."""

FILLED_ELSEWHERE = "filled_elsewhere"
"""Entry of ``frame.attrs`` of a part of a table: columns that are filled in another part.

They are read as columns that are there, so that a part is judged as it is within the whole.
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """A table as it was read.

    Attributes
    ----------
    table : Table
        The contract it was read by.
    frame : DataFrame
        Columns that were given, typed, in the order of the catalog, rows numbered from 0. Shares no
        memory with the input. A faulty cell is blank.
    faults : list of Fault
        Every fault; more may be added by checks that see several tables.
    faulty : dict of str to (n_rows,) ndarray of bool
        Cells that are faulty, by column.
    empty : (n_rows,) ndarray of bool
        Rows in which nothing is written: every cell is faulty, and no name is missing for it.
    """

    table: Table
    frame: pd.DataFrame
    faults: list[Fault] = field(default_factory=list)
    faulty: dict[str, Mask] = field(default_factory=dict)
    empty: Mask = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def has(self, column: str) -> bool:
        """Whether the column was given."""
        return column in self.frame.columns

    def named(self, columns: tuple[str, ...]) -> bool:
        """Whether all of these columns were given."""
        return all(self.has(column) for column in columns)

    def sound(self, columns: tuple[str, ...]) -> Mask:
        """Rows without a faulty cell in these columns."""
        mask = np.ones(len(self.frame), dtype=np.bool_)
        for column in columns:
            if column in self.faulty:
                mask &= ~self.faulty[column]
        return mask

    def add(
        self, column: str, rows: Mask, message: str, remedy: str, *, value: object = _CELL
    ) -> None:
        """Add a fault of the rows that the mask marks, none if it marks none.

        ``value`` is what the first of them holds; by default the cell in ``column``, which is
        blank if the column is absent.
        """
        if not rows.any():
            return
        first = int(rows.argmax())
        if value is _CELL:
            value = self.frame[column].iloc[first] if self.has(column) else float("nan")
        self.faults.append(
            Fault(
                self.table.name,
                column,
                first + 1,
                plain(value),
                message,
                remedy,
                key=self.label(first),
                count=int(rows.sum()),
            )
        )

    def label(self, row: int) -> str:
        """Name a row by its key, as people read it: ``"bolt @ plant"``."""
        required = tuple(name for name in self.table.key if self.table[name].required)
        if not self.table.key or not self.named(required):
            return ""
        if self.table.name in _NAMED_BY:
            return str(self.frame[_NAMED_BY[self.table.name]].iloc[row])
        key = {name: self.frame[name].iloc[row] for name in self.table.key if self.has(name)}
        return (" and " if self.table.name == "correlation" else " -> ").join(labels_of(key))


def label_of(*key: str) -> str:
    """Name a stage (two parts), a demand row (three) or a lane (four) by its key.

    Examples
    --------
    >>> label_of("bolt", "plant"), label_of("bolt", "plant", "bike", "shop")
    ('bolt @ plant', 'bolt @ plant -> bike @ shop')
    """
    item, location = (part or "?" for part in key[:2])
    stage = f"{item} @ {location}"
    if len(key) == 4:
        return f"{stage} -> {label_of(*key[2:])}"
    return f"{stage} / {key[2]}" if key[2:] and key[2] else stage


def labels_of(key: Mapping[str, Any]) -> list[str]:
    """Name every stage or demand row that a key names, one after the other.

    Parameters
    ----------
    key : mapping of str to cell
        By column, in the order of the table; a name that ends in ``item`` begins the next one.

    Examples
    --------
    >>> labels_of({"item": "bolt", "location": "shop", "market": "EU", "channel": "web"})
    ['bolt @ shop / EU, web']
    >>> labels_of({"from_item": "bolt", "from_location": "x", "to_item": "nut", "to_location": "y"})
    ['bolt @ x', 'nut @ y']
    """
    groups: list[list[str]] = []
    for name, cell in key.items():
        if name.endswith("item"):
            groups.append([])
        if name in ("period", "made_at", "start", "ahead", "other_ahead", "remaining_life"):
            if cell == cell:  # a blank one is every period
                shown = f"{cell:%Y-%m-%d}" if isinstance(cell, pd.Timestamp) else f"{cell:g}"
                groups[-1].append(f"{name.replace('_', ' ')} {shown}")
        else:
            groups[-1].append(cell or "")
    return [label_of(*group[:2], ", ".join(part for part in group[2:] if part)) for group in groups]


def plain(value: Any) -> object:
    """Give a NumPy scalar as the Python value it stands for, so that messages print it plainly."""
    return value.item() if isinstance(value, np.generic) else value


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
            [_of_table(table, "must be a pandas DataFrame", remedy, value=kind)],
        )
    if _meant_for(frame, table):
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


def _meant_for(frame: pd.DataFrame, table: Table) -> str:
    """Name the table that a frame was made for if its header says so and it is not this one."""
    names = set() if isinstance(frame.columns, pd.MultiIndex) else set(frame.columns)

    def fits(other: Table) -> bool:
        required = {column.name for column in other.columns if column.required}
        return required <= names <= set(other.names)

    if fits(table) or names <= set(table.names):
        return ""
    return next((other.name for other in CATALOG.values() if fits(other)), "")


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


def _of_table(
    table: Table, message: str, remedy: str, *, column: str = "", value: object = None
) -> Fault:
    return Fault(table.name, column, 0, value, message, remedy)


def check_header(frame: pd.DataFrame, table: Table) -> list[Fault]:
    """Find what is wrong with the columns of a frame, whatever its rows hold.

    Parameters
    ----------
    frame : DataFrame
    table : Table
        The contract.

    Returns
    -------
    list of Fault
        Columns that are missing, unknown, unnamed or there twice, or the one fault that the frame
        is another table; with row 0.
    """
    if other := _meant_for(frame, table):
        message = f"looks like the {other} table"
        return [_of_table(table, message, f"give it as {other}, not here")]
    if isinstance(frame.columns, pd.MultiIndex):
        levels = frame.columns.nlevels
        return [
            _of_table(
                table,
                f"the header has {levels} levels, must have one",
                "give the columns plain names, for example frame.columns = [...]",
                value=frame.columns.tolist()[0],
            )
        ]
    faults = []
    names = list(frame.columns)
    for name in dict.fromkeys(names):
        if names.count(name) > 1 and not _is_unnamed(name):
            places = [place + 1 for place, other in enumerate(names) if other == name]
            faults.append(
                _of_table(
                    table,
                    f"the header has this name {len(places)} times, in columns {places}",
                    "keep one of them",
                    column=str(name),
                    value=name,
                )
            )
        if _is_unnamed(name):
            faults += _unnamed_columns(name, frame, table)
        elif name not in table.names:
            faults.append(_unknown_column(name, names, table))
    in_index = [name for name in frame.index.names if name is not None]
    for column in table.columns:
        if column.required and column.name not in names:
            indexed = column.name in in_index
            faults.append(
                _of_table(
                    table,
                    "the column is the frame's index" if indexed else "the column is missing",
                    "call .reset_index() first"
                    if indexed
                    else f"add it: {column.text[0].lower()}{column.text[1:]}",
                    column=column.name,
                )
            )
    return faults


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
    return [_of_table(table, "the table has no rows", fix)]


def _is_unnamed(name: Hashable) -> bool:
    """Whether a header cell was empty; ``Unnamed: 5`` is what pandas makes of one."""
    if isinstance(name, str):
        return not name.strip() or _UNNAMED.fullmatch(name) is not None
    return name is None or (isinstance(name, float) and math.isnan(name))


def _unnamed_columns(name: Hashable, frame: pd.DataFrame, table: Table) -> list[Fault]:
    faults = []
    for place, other in enumerate(frame.columns):
        if other is not name and other != name:
            continue
        cells = frame.iloc[:, place]
        if cells.isna().all():
            remedy = "remove it, down to the comma at the end of the header"
        elif not place and list(cells) in (list(range(len(cells))), list(range(1, len(cells) + 1))):
            remedy = "write the file without row numbers: to_csv(..., index=False)"
        else:
            remedy = f"name it, one of {', '.join(table.names)}, or remove it"
        faults.append(_of_table(table, f"column {place + 1} has no name", remedy))
    return faults


def _unknown_column(name: Hashable, names: Sequence[Hashable], table: Table) -> Fault:
    near = difflib.get_close_matches(str(name).strip().lower(), table.names, n=1)
    if near:
        there = near[0] in names
        remedy = f"drop it, {near[0]!r} is there already" if there else f"rename it to {near[0]!r}"
    else:
        remedy = f"drop it, or use one of {', '.join(table.names)}"
        if "segment" in table.names:
            remedy += f"; if it tells customers apart, pass segments=[{str(name)!r}]"
    return _of_table(table, "is not a column of this table", remedy, column=str(name), value=name)


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
