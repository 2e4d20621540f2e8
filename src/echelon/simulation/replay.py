"""Demand that is given rather than drawn: a tidy frame to one row of periods per demand row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from echelon.errors import Fault, TableError
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.network import Network
from echelon.tables import DEMAND, with_segments
from echelon.tables.cells import read_cells
from echelon.tables.checked import label_of, plain
from echelon.tables.column import Column

MOST_PERIODS: Final = 1_000_000
"""All periods up to the last one are laid out in memory, whether they have demand or not."""

_TABLE = "demand="
_COLUMNS = (
    Column(
        "period",
        "period",
        "When",
        dtype="whole",
        minimum=0.0,
        maximum=MOST_PERIODS - 1.0,
        required=True,
        fix="number the periods from 0",
    ),
    Column(
        "quantity",
        "unit",
        "What is asked for",
        required=True,
        fix="give the units, and leave a period without demand out",
    ),
)


def read_replay(frame: pd.DataFrame, network: Network) -> Floats:
    """Check a frame of demand to replay and lay it out.

    Parameters
    ----------
    frame : DataFrame
        item, location, the segment columns where the network has segments, period (from 0),
        quantity (units, negative is a return). A period without a row has no demand. Names are
        read by the rules of the demand table.
    network : Network

    Returns
    -------
    ndarray of float64, shape (n_demand_rows, last period + 1)
        Units, in the row order of ``network.demand``.

    Raises
    ------
    TableError
        With every fault: no frame, columns that are missing or there twice, blanks, unknown
        stages, periods that come twice, are negative or not below :data:`MOST_PERIODS`.
    """
    demand = with_segments(DEMAND, network.segments)
    key = [name for name in demand.key if name != "period"]
    known = (*(demand[name] for name in key), *_COLUMNS)
    if faults := _header_faults(frame, known):
        raise TableError(faults)
    columns: dict[str, Any] = {}
    wrong = np.zeros((len(known), len(frame)), dtype=np.bool_)
    complaints = []
    for place, column in enumerate(known):
        if column.name not in frame.columns:
            columns[column.name] = np.full(len(frame), "", dtype=object)  # the only segment
            continue
        columns[column.name], found = read_cells(frame[column.name], column, _TABLE)
        for complaint in found:
            wrong[place] |= complaint.rows
            complaints.append((column.name, complaint))
    table = pd.DataFrame(columns)
    faults = [
        _fault(table, key, name, found.rows, found.value, found.message, found.remedy)
        for name, found in complaints
    ]
    row = _demand_rows(table, network, key)
    unknown = (row < 0) & ~wrong[: len(key)].any(axis=0)
    sound = (row >= 0) & ~wrong[: len(key) + 1].any(axis=0)
    doubled = np.zeros(len(table), dtype=np.bool_)
    doubled[sound] = pd.DataFrame({"row": row, "period": table["period"]})[sound].duplicated()
    for name, rows, message, remedy in (
        ("item", unknown, "is not a stage and segment with customers in the network",
         "use the item, location and segment of the network's demand table"),
        ("period", doubled, "comes twice for the same stage and segment", "add the quantities up"),
    ):  # fmt: skip
        if rows.any():
            value = table[name].iloc[int(rows.argmax())]
            faults.append(_fault(table, key, name, rows, value, message, remedy))
    if faults:
        raise TableError(faults)
    period = table["period"].to_numpy()
    replay = np.zeros((len(network.demand), int(period.max()) + 1))
    replay[row, period] = table["quantity"].to_numpy()
    return replay


def _header_faults(frame: object, columns: Sequence[Column]) -> list[Fault]:
    if not isinstance(frame, pd.DataFrame):
        kind = type(frame).__name__
        message = "must be a pandas DataFrame"
        return [Fault(_TABLE, "", 0, kind, message, "pass pd.DataFrame(...)")]
    given, known = list(frame.columns), [column.name for column in columns]
    faults = [
        Fault(_TABLE, column.name, 0, None, "is missing", "add the column")
        for column in columns
        if column.name not in given and column.required
    ]
    for name in dict.fromkeys(given):
        if name not in known:
            message = "is not a column of this table"
            faults.append(Fault(_TABLE, str(name), 0, None, message, "remove it"))
        elif given.count(name) > 1:
            message = f"the header has this name {given.count(name)} times"
            faults.append(Fault(_TABLE, name, 0, None, message, "keep one of them"))
    if not len(frame):
        faults.append(Fault(_TABLE, "", 0, None, "has no row", "give at least one period"))
    return faults


def _demand_rows(table: pd.DataFrame, network: Network, key: list[str]) -> Integers:
    known = pd.MultiIndex.from_frame(network.demand[key].astype(str))
    asked = pd.MultiIndex.from_frame(table[key].astype(str))
    return np.asarray(known.get_indexer(asked), dtype=np.int64)


def _fault(
    table: pd.DataFrame,
    key: list[str],
    column: str,
    rows: Booleans,
    value: object,
    message: str,
    remedy: str,
) -> Fault:
    first = int(rows.argmax())
    label = label_of(*(str(table[name].iloc[first]) for name in key))
    count = int(rows.sum())
    return Fault(_TABLE, column, first + 1, plain(value), message, remedy, key=label, count=count)
