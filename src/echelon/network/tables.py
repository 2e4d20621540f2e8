"""From what a person typed to what a network holds: all checks, then all defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from echelon.errors import TableError
from echelon.network.check import (
    check_demand,
    check_lanes,
    check_targets,
    link,
    resolve_holding_cost,
    resolve_value,
)
from echelon.network.compiled import Floats, Integers
from echelon.network.graph import Graph
from echelon.tables import (
    DEMAND,
    LANES,
    PERIODS,
    SETTINGS,
    STAGES,
    Checked,
    Table,
    check_settings,
    check_table,
)

_BY_COLUMN = ("unit_cost", "holding_cost")
"""Columns that are computed as a whole or not at all."""

_BY_CELL = ("max_service_time", "mean", "std")
"""Columns whose blank cells are computed."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Checked tables.

    Attributes
    ----------
    given : dict of str to DataFrame
        By table, the columns that were given, typed; what is written and built from again.
    stages, lanes, demand : DataFrame
        Every column of the catalog, defaults and computed columns filled.
    graph : Graph
        Lanes by row of ``stages``.
    customer : (n_demands,) int64
        Row in ``stages`` of each row of ``demand``.
    settings : dict
        Period, periods_per_year, holding_rate, currency, name.
    """

    given: dict[str, pd.DataFrame]
    stages: pd.DataFrame
    lanes: pd.DataFrame
    demand: pd.DataFrame
    graph: Graph
    customer: Integers
    settings: dict[str, Any]


def resolve(
    stages: object, lanes: object | None, demand: object | None, settings: dict[str, object]
) -> Resolved:
    """Check tables and settings together, and fill what follows from them.

    Parameters
    ----------
    stages, lanes, demand : DataFrame or None
        As a person gives them; not modified.
    settings : dict
        Arguments of ``Network.from_tables`` by name.

    Returns
    -------
    Resolved

    Raises
    ------
    TableError
        With every fault of every table and setting.
    """
    values, faults = check_settings(settings, SETTINGS)
    wrong_settings = {fault.column for fault in faults}
    checked_stages = check_table(stages, STAGES)
    checked_lanes = _none() if lanes is None else check_table(lanes, LANES)
    checked_demand = (
        Checked(DEMAND, pd.DataFrame()) if demand is None else check_table(demand, DEMAND)
    )

    source, target, customer = link(
        checked_stages,
        [
            *((checked_lanes, reference) for reference in LANES.references),
            (checked_demand, DEMAND.references[0]),
        ],
    )
    graph = check_lanes(checked_stages, checked_lanes, source, target)
    check_targets(checked_stages)
    written, filled = check_demand(checked_demand)

    if values["periods_per_year"] is None and "period" not in wrong_settings:
        values["periods_per_year"] = PERIODS[values["period"]].periods_per_year
    value = resolve_value(checked_stages, checked_lanes, graph)
    holding_cost = None
    if not wrong_settings & {"period", "periods_per_year", "holding_rate"}:
        holding_cost, fault = resolve_holding_cost(
            checked_stages, value, values["holding_rate"], values["periods_per_year"] or 1.0
        )
        faults += [fault] if fault else []

    faults = [*checked_stages.faults, *checked_lanes.faults, *checked_demand.faults, *faults]
    if faults or graph is None or holding_cost is None:
        raise TableError(faults)
    return Resolved(
        given={
            "stages": checked_stages.frame,
            "lanes": checked_lanes.frame,
            "demand": _fill_demand(checked_demand, written),
        },
        stages=_fill_stages(checked_stages, value, holding_cost, customer),
        lanes=_fill(checked_lanes.frame, LANES),
        demand=_fill_demand(checked_demand, filled),
        graph=graph,
        customer=customer,
        settings=values,
    )


def _none() -> Checked:
    return Checked(LANES, pd.DataFrame({name: pd.Series(dtype="str") for name in LANES.key}))


def _fill(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Every column of the catalog: as given, or its default in every row, or NaN."""
    columns: dict[str, Any] = {}
    for column in table.columns:
        if column.name in frame.columns:
            columns[column.name] = frame[column.name].copy()
            continue
        default = np.nan if column.default is None else column.default
        dtype = {"text": "str", "whole": "int64", "flag": "bool"}.get(column.dtype, "float64")
        columns[column.name] = pd.Series([default], dtype=dtype).repeat(len(frame)).array
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def _fill_stages(
    checked: Checked, value: Floats | None, holding_cost: Floats, customer: Integers
) -> pd.DataFrame:
    frame = _fill(checked.frame, STAGES)
    if value is not None:
        frame["unit_cost"] = value
    frame["holding_cost"] = holding_cost
    limit = np.full(len(frame), np.inf)
    limit[customer] = 0.0
    asked = frame["max_service_time"].to_numpy()
    frame["max_service_time"] = np.where(np.isnan(asked), limit, asked)
    return frame


def _fill_demand(checked: Checked, moments: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, Any] = {
        name: checked.frame[name] if checked.has(name) else np.full(len(moments), "")
        for name in DEMAND.key
    }
    frame = pd.DataFrame(columns, index=pd.RangeIndex(len(moments))).astype("str")
    return pd.concat([frame, moments], axis="columns")


def without_computed(
    frame: pd.DataFrame, filled: pd.DataFrame, given: pd.DataFrame, table: Table
) -> pd.DataFrame:
    """Blank the cells of a frame that hold what a network computed for the same key.

    Parameters
    ----------
    frame : DataFrame
        Stages or demand, most likely a copy of ``filled`` with changes; not modified.
    filled, given : DataFrame
        The network's table with and without what it computed, row by row.
    table : Table
        The contract of all three.

    Returns
    -------
    DataFrame
        The frame itself where its key cannot be read: the checks will say why.
    """
    key = [name for name in table.key if name in frame.columns]
    if len(key) < len(table.key) or frame.columns.has_duplicates or not len(frame):
        return frame
    at = pd.MultiIndex.from_frame(filled[key]).get_indexer(
        pd.MultiIndex.from_frame(frame[key].astype("str"))
    )
    blanked = frame.copy()
    for name in (*_BY_COLUMN, *_BY_CELL):
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
        if name in _BY_COLUMN and not (same | np.isnan(cells)).all():
            continue  # a changed cell makes the column the caller's, and it is checked as such
        blanked[name] = np.where(same, np.nan, cells)
    return blanked
