"""Check the header of a frame: columns that are missing, unknown, unnamed or there twice."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Hashable, Sequence

import pandas as pd

from echelon.errors import Fault
from echelon.tables.catalog import CATALOG
from echelon.tables.column import Table

_UNNAMED = re.compile(r"Unnamed: \d+(\.\d+)?")


def meant_for(frame: pd.DataFrame, table: Table) -> str:
    """Name the table that a frame was made for if its header says so and it is not this one."""
    names = set() if isinstance(frame.columns, pd.MultiIndex) else set(frame.columns)

    def fits(other: Table) -> bool:
        required = {column.name for column in other.columns if column.required}
        return required <= names <= set(other.names)

    if fits(table) or names <= set(table.names):
        return ""
    return next((other.name for other in CATALOG.values() if fits(other)), "")


def of_table(
    table: Table, message: str, remedy: str, *, column: str = "", value: object = None
) -> Fault:
    """Tell a fault of a whole table or column."""
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
    if other := meant_for(frame, table):
        message = f"looks like the {other} table"
        return [of_table(table, message, f"give it as {other}, not here")]
    if isinstance(frame.columns, pd.MultiIndex):
        levels = frame.columns.nlevels
        return [
            of_table(
                table,
                f"the header has {levels} levels, must have one",
                "give the columns plain names, for example frame.columns = [...]",
                value=frame.columns.tolist()[0],
            )
        ]
    faults = []
    names = list(frame.columns)
    meant: set[str] = set()
    for name in dict.fromkeys(names):
        if names.count(name) > 1 and not _is_unnamed(name):
            places = [place + 1 for place, other in enumerate(names) if other == name]
            faults.append(
                of_table(
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
            faults.append(_unknown_column(name, names, table, meant))
    in_index = [name for name in frame.index.names if name is not None]
    for column in table.columns:
        if column.required and column.name not in names:
            indexed = column.name in in_index
            faults.append(
                of_table(
                    table,
                    "the column is the frame's index" if indexed else "the column is missing",
                    "call .reset_index() first"
                    if indexed
                    else f"add it: {column.text[0].lower()}{column.text[1:]}",
                    column=column.name,
                )
            )
    return faults


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
        faults.append(of_table(table, f"column {place + 1} has no name", remedy))
    return faults


def _unknown_column(
    name: Hashable, names: Sequence[Hashable], table: Table, meant: set[str]
) -> Fault:
    """Tell of a column by what it may be called instead; ``meant`` gets that, for one column."""
    near = difflib.get_close_matches(str(name).strip().lower(), table.names, n=3)
    free = [one for one in near if one not in meant]
    if near and near[0] in names:
        remedy = f"drop it, {near[0]!r} is there already"
    elif free:
        meant.add(free[0])
        remedy = f"rename it to {free[0]!r}"
    else:
        remedy = f"drop it, or use one of {', '.join(table.names)}"
        if "segment" in table.names:
            remedy += f"; if it tells customers apart, pass segments=[{str(name)!r}]"
    return of_table(table, "is not a column of this table", remedy, column=str(name), value=name)
