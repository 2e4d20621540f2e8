"""Tables as a caller changed them, without what a network had computed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from echelon.network.compiled import Booleans
from echelon.network.described import (
    LEAD_TIME_NAMES,
    RELEASE_TIME_NAMES,
)
from echelon.tables import (
    Table,
)

_BY_COLUMN = ("unit_cost", "holding_cost")
"""Columns that are computed as a whole or not at all."""

_BY_CELL = ("max_service_time", "mean", "std")
"""Columns whose blank cells are computed."""

_BY_FAMILY = {
    name: times.family for times in (LEAD_TIME_NAMES, RELEASE_TIME_NAMES) for name in times.moments
}
"""Columns whose cells are computed where they are blank beside a family, and that family."""


def without_computed(
    frame: pd.DataFrame, filled: pd.DataFrame, given: pd.DataFrame, table: Table
) -> pd.DataFrame:
    """Blank the cells of a frame that hold what a network computed for the same key.

    Parameters
    ----------
    frame : DataFrame
        Stages, lanes or demand, most likely a copy of ``filled`` with changes; not modified.
    filled, given : DataFrame
        The network's table with and without what it computed, row by row.
    table : Table
        The contract of all three.

    Returns
    -------
    DataFrame
        The frame itself where its key cannot be read: the checks will say why.
    """
    expected = [name for name in table.key if name != "period"]
    key = [name for name in expected if name in frame.columns]
    if "period" in frame.columns:
        return frame  # periods of the caller's own: nothing of it was computed here
    if len(key) < len(expected) or frame.columns.has_duplicates or not len(frame):
        return frame
    at = pd.MultiIndex.from_frame(filled[key]).get_indexer(
        pd.MultiIndex.from_frame(frame[key].astype("str"))
    )
    blanked = frame.copy()
    for name in (*_BY_COLUMN, *_BY_CELL, *_BY_FAMILY):
        if name not in filled.columns or name not in frame.columns:
            continue
        if not pd.api.types.is_numeric_dtype(frame[name].dtype):
            continue
        cells = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        computed = (
            given[name].isna().to_numpy()
            if name in given.columns
            else np.ones(len(filled), dtype=np.bool_)
        )
        same = (at >= 0) & computed[at] & (cells == filled[name].to_numpy()[at])
        if name in _BY_FAMILY:
            family = _BY_FAMILY[name]
            same &= _has_family(filled, family)[at] & _has_family(frame, family)
        if name in _BY_COLUMN and not (same | np.isnan(cells)).all():
            continue  # a changed cell makes the column the caller's, and it is checked as such
        blanked[name] = np.where(same, np.nan, cells)
    return blanked


def _has_family(frame: pd.DataFrame, name: str) -> Booleans:
    """Rows whose time has a distribution of its own, which fixes its moments."""
    if name not in frame.columns:
        return np.zeros(len(frame), dtype=np.bool_)
    family = frame[name]
    return (family.notna() & (family != "")).to_numpy(dtype=np.bool_)
