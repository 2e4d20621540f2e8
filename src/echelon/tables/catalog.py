"""The input contract: every table and column a network is made from, as data.

The checks, the empty templates and ``docs/reference/tables.md`` are all made from the tables listed
here, each in a file of its own, so that a unit, a bound or a default is written once.
"""

from __future__ import annotations

import pandas as pd

from echelon.errors import UnknownNameError
from echelon.tables.calendar import CALENDAR
from echelon.tables.column import Column, Table
from echelon.tables.correlation import CORRELATION
from echelon.tables.demand import DEMAND
from echelon.tables.disruptions import DISRUPTIONS
from echelon.tables.forecast_errors import FORECAST_ERRORS
from echelon.tables.history import DEMAND_HISTORY, FORECASTS
from echelon.tables.lanes import LANES
from echelon.tables.levels import LEVELS
from echelon.tables.on_order import OPEN_ORDERS, STOCK
from echelon.tables.resources import RESOURCE_USE, RESOURCES
from echelon.tables.shipments import SHIPMENTS
from echelon.tables.stages import STAGES

CATALOG: dict[str, Table] = {
    table.name: table
    for table in (
        STAGES,
        LANES,
        DEMAND,
        CORRELATION,
        FORECAST_ERRORS,
        LEVELS,
        CALENDAR,
        DISRUPTIONS,
        STOCK,
        OPEN_ORDERS,
        RESOURCES,
        RESOURCE_USE,
    )
}
"""The tables by name."""

RECORDS: dict[str, Table] = {table.name: table for table in (DEMAND_HISTORY, FORECASTS, SHIPMENTS)}
"""Tables of observations, from which models are fitted; no part of a network."""

_DTYPES = {
    "text": "str",
    "number": "float64",
    "whole": "int64",
    "flag": "bool",
    "json": "str",
    "object": "object",
    "date": "datetime64[us]",
    "period": "int64",
}


def table_named(name: str) -> Table:
    """Look a table up.

    Raises
    ------
    UnknownNameError
        If there is no such table.
    """
    known = CATALOG | RECORDS
    if name not in known:
        raise UnknownNameError("table", name, known)
    return known[name]


def template(name: str) -> pd.DataFrame:
    """Give an empty frame with every column of a table, of the right type.

    Columns that are not required may be dropped or left blank altogether. One that is filled in
    some row has to be filled in all, save where the catalog gives a blank cell a meaning.

    Parameters
    ----------
    name : str
        A key of :data:`CATALOG` or :data:`RECORDS`.

    Returns
    -------
    DataFrame
        No rows.

    Raises
    ------
    UnknownNameError
        If there is no such table.

    Examples
    --------
    >>> list(template("lanes"))[:6]
    ['from_item', 'from_location', 'to_item', 'to_location', 'units_required', 'lead_time']
    """
    return pd.DataFrame(
        {column.name: pd.Series(dtype=dtype_of(column)) for column in table_named(name).columns}
    )


def dtype_of(column: Column) -> str:
    """Name the type of a column in a frame; a whole number that may be blank is float64."""
    may_be_blank = column.dtype == "whole" and column.blank and column.default is None
    return "float64" if may_be_blank else _DTYPES[column.dtype]
