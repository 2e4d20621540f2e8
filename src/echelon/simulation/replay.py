"""Demand that is given rather than drawn: a tidy frame to one row of periods per demand row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from echelon.errors import Fault, TableError
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.network import Network

_TABLE = "demand="
_COLUMNS = ("item", "location", "period", "quantity")


def read_replay(frame: pd.DataFrame, network: Network) -> Floats:
    """Check a frame of demand to replay and lay it out.

    Parameters
    ----------
    frame : DataFrame
        item, location, the segment columns where the network has segments, period (from 0),
        quantity (units,
        negative is a return). A period without a row has no demand.
    network : Network

    Returns
    -------
    ndarray of float64, shape (n_demand_rows, last period + 1)
        Units, in the row order of ``network.demand``.

    Raises
    ------
    TableError
        With every fault: missing columns, blanks, unknown stages, doubled or negative periods.
    """
    absent = [name for name in _COLUMNS if name not in frame.columns]
    unknown = [name for name in frame.columns if name not in (*_COLUMNS, *network.segments)]
    faults = [Fault(_TABLE, name, 0, None, "is missing", "add the column") for name in absent]
    faults += [
        Fault(_TABLE, str(name), 0, None, "is not a column of this table", "remove it")
        for name in unknown
    ]
    if not len(frame):
        faults.append(Fault(_TABLE, "", 0, None, "has no row", "give at least one period"))
    if faults:
        raise TableError(faults)
    table = frame.reset_index(drop=True)
    for name in network.segments:
        if name not in table.columns:
            table[name] = ""
    period, quantity = _numbers(table["period"]), _numbers(table["quantity"])
    row = _demand_rows(table, network)
    keys = pd.DataFrame({"row": row, "period": period})
    doubled = (keys.duplicated() & (row >= 0) & np.isfinite(period)).to_numpy()
    whole = np.isfinite(period) & (period >= 0) & (period == np.rint(np.nan_to_num(period)))
    faults = [
        *_fault(table, "item", row < 0, "is not a stage and segment with customers in the network",
                "use the item, location and segment of the network's demand table"),
        *_fault(table, "period", ~whole, "must be a whole number >= 0",
                "number the periods from 0"),
        *_fault(table, "quantity", ~np.isfinite(quantity), "must be a finite number [unit]",
                "give the units, and leave a period without demand out"),
        *_fault(table, "period", doubled & whole, "comes twice for the same stage and segment",
                "add the quantities up"),
    ]  # fmt: skip
    if faults:
        raise TableError(faults)
    replay = np.zeros((len(network.demand), int(period.max()) + 1))
    replay[row, period.astype(np.int64)] = quantity
    return replay


def _numbers(column: pd.Series) -> Floats:
    """Text becomes NaN, and so a fault, rather than an exception that names no row."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return np.full(len(column), np.nan)
    return np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)


def _demand_rows(table: pd.DataFrame, network: Network) -> Integers:
    key = ["item", "location", *network.segments]
    known = pd.MultiIndex.from_frame(network.demand[key].astype(str))
    asked = pd.MultiIndex.from_frame(table[key].astype(str))
    return np.asarray(known.get_indexer(asked), dtype=np.int64)


def _fault(
    table: pd.DataFrame, column: str, wrong: Booleans, message: str, remedy: str
) -> list[Fault]:
    at = np.flatnonzero(wrong)
    if not len(at):
        return []
    first = table.iloc[at[0]]
    key = f"{first['item']} @ {first['location']}"
    value = first[column]
    row = int(at[0]) + 1
    return [Fault(_TABLE, column, row, value, message, remedy, key=key, count=len(at))]
