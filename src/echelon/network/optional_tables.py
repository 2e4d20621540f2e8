"""Frames of tables that a network may do without."""

from __future__ import annotations

from typing import Any

import pandas as pd

from echelon.network.features import default_cells
from echelon.tables import Table, dtype_of


def every_column(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Give every column of the catalog, defaults filled; a table without rows has them too."""
    columns: dict[str, Any] = {}
    for column in table.columns:
        if column.name not in frame.columns:  # where it is required the frame has no rows
            empty = pd.Series(dtype=dtype_of(column))
            columns[column.name] = empty if column.required else default_cells(column, len(frame))
            continue
        columns[column.name] = frame[column.name]
        if isinstance(column.default, float):
            columns[column.name] = frame[column.name].fillna(column.default)
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def without_defaults(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Leave out columns that say no more than their absence."""
    said = [
        column.name
        for column in table.columns
        if column.name in frame.columns
        and (
            column.required
            or column.default is None
            or not (frame[column.name] == column.default).all()
        )
    ]
    return frame[said]


def absent(table: Table) -> pd.DataFrame:
    """Give the frame of a table that is not given: its required columns and no row."""
    required = [column.name for column in table.columns if column.required]
    return every_column(pd.DataFrame(), table)[required]
