"""From what a person typed to what a network holds: all checks, then all defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from echelon.errors import Fault, TableError
from echelon.network.alternatives import Alternatives, check_alternatives, check_expediting
from echelon.network.check import (
    check_lanes,
    check_promises,
    check_targets,
    link,
    resolve_holding_cost,
    resolve_value,
)
from echelon.network.check_ordering import check_ordering, check_remaining_life, check_supply
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.correlation import Correlation, check_correlation
from echelon.network.described import (
    LEAD_TIME_NAMES,
    RELEASE_TIME_NAMES,
    check_demand,
    check_times,
)
from echelon.network.events import Events, check_events
from echelon.network.features import default_cells, without_inert
from echelon.network.forecast_errors import ForecastErrors, check_forecast_errors
from echelon.network.graph import Graph
from echelon.network.planning import Planning, check_planning
from echelon.network.seasons import join_periods
from echelon.tables import (
    CORRELATION,
    DEMAND,
    FORECAST_ERRORS,
    LANES,
    PERIODS,
    SEGMENTS,
    SETTINGS,
    STAGES,
    Checked,
    Table,
    check_settings,
    check_table,
    with_segments,
)

_BY_COLUMN = ("unit_cost", "holding_cost")
"""Columns that are computed as a whole or not at all."""

_BY_CELL = ("max_service_time", "mean", "std")
"""Columns whose blank cells are computed."""

_BY_FAMILY = {
    name: times.family for times in (LEAD_TIME_NAMES, RELEASE_TIME_NAMES) for name in times.moments
}
"""Columns whose cells are computed where they are blank beside a family, and that family."""

_TIMED = ("lead_time", "fit_lead_time")
"""What of stages and lanes is in periods, and what fits it."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Checked tables.

    Attributes
    ----------
    given : dict of str to DataFrame
        By table, the columns that were given, typed; what is written and built from again.
    stages, lanes, demand : DataFrame
        Every column of the catalog, defaults and computed columns filled; features only where
        something is on.
    graph : Graph
        Lanes by row of ``stages``.
    customer : (n_demands,) int64
        Row in ``stages`` of each row of ``demand``.
    correlation : Correlation
        Pairs of rows of ``demand``.
    forecast_errors : ForecastErrors
        Of rows of ``demand``.
    alternatives : Alternatives
        Of ``lanes``.
    events : Events
        Levels, calendar and disruptions.
    planning : Planning
        Stock by age, open orders and resources.
    settings : dict
        Period, periods_per_year, holding_rate, currency, name, segments.
    """

    given: dict[str, pd.DataFrame]
    stages: pd.DataFrame
    lanes: pd.DataFrame
    demand: pd.DataFrame
    graph: Graph
    customer: Integers
    correlation: Correlation
    forecast_errors: ForecastErrors
    alternatives: Alternatives
    events: Events
    planning: Planning
    settings: dict[str, Any]

    @property
    def optional(self) -> dict[str, pd.DataFrame]:
        """The tables that a network may do without, every column filled."""
        return {**self.events.frames, **self.planning.frames}


def resolve(
    stages: object,
    lanes: object | None,
    demand: object | None,
    correlation: object | None,
    events: Mapping[str, object | None],
    settings: dict[str, object],
    *,
    forecast_errors: object | None = None,
) -> Resolved:
    """Check tables and settings together, and fill what follows from them.

    Parameters
    ----------
    stages, lanes, demand, correlation : DataFrame or None
        As a person gives them; not modified.
    events : mapping of str to DataFrame or None
        ``levels``, ``calendar`` and ``disruptions``, likewise, and ``stock``, ``open_orders``,
        ``resources`` and ``resource_use`` where there are any.
    settings : dict
        Arguments of ``Network.from_tables`` by name.
    forecast_errors : DataFrame or None
        As the tables.

    Returns
    -------
    Resolved

    Raises
    ------
    TableError
        With every fault of every table and setting.
    """
    values, faults = check_settings(settings, SETTINGS)
    values["segments"], wrong_segments = check_segments(settings.get("segments"))
    faults += wrong_segments
    wrong_settings = {fault.column for fault in faults}
    demand_table = with_segments(DEMAND, values["segments"])
    checked_stages = check_table(stages, STAGES)
    checked_lanes = _none() if lanes is None else check_table(lanes, LANES)
    checked_demand = (
        Checked(demand_table, pd.DataFrame())
        if demand is None
        else check_table(demand, demand_table)
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
    check_promises(checked_stages, customer)
    check_ordering(checked_stages)
    check_supply(checked_stages)
    check_expediting(checked_lanes)
    check_remaining_life(checked_demand, checked_stages, customer)
    alternatives = check_alternatives(checked_lanes, target)
    given_stages, stage_times = _times_of_stages(checked_stages)
    given_lanes, lane_times = check_times(checked_lanes, checked_lanes.frame, LEAD_TIME_NAMES)
    checked_events, happening = check_events(events, checked_stages, checked_lanes)
    checked_planning, planning = check_planning(events, checked_stages)
    written, filled = check_demand(checked_demand)
    joined = join_periods(checked_demand, written, filled)
    asked = _of_customers(checked_demand, joined.first)
    key = _key_of_demand(checked_demand, joined.first)
    refer = correlation is not None or forecast_errors is not None
    readable = refer and (demand is None or not _key_is_faulty(checked_demand, joined.first))
    correlated, pairs = check_correlation(
        correlation,
        with_segments(CORRELATION, values["segments"]),
        key,
        joined.filled["std"],
        readable=readable,
    )
    revised, errors = check_forecast_errors(
        forecast_errors,
        with_segments(FORECAST_ERRORS, values["segments"]),
        key,
        readable=readable,
    )

    if values["periods_per_year"] is None and "period" not in wrong_settings:
        values["periods_per_year"] = PERIODS[values["period"]].periods_per_year
    value = resolve_value(checked_stages, checked_lanes, graph, alternatives.share)
    holding_cost = None
    if not wrong_settings & {"period", "periods_per_year", "holding_rate"}:
        holding_cost, fault = resolve_holding_cost(
            checked_stages, value, values["holding_rate"], values["periods_per_year"] or 1.0
        )
        faults += [fault] if fault else []

    if "period" not in wrong_settings:
        given_tables = {"stages": stages, "lanes": lanes, "demand": demand}
        faults += check_periods(values["period"], given_tables)
    tables = (
        checked_stages,
        checked_lanes,
        checked_demand,
        correlated,
        revised,
        *checked_events,
        *checked_planning,
    )
    faults = [*(fault for table in tables for fault in table.faults), *faults]
    if faults or graph is None or holding_cost is None:
        raise TableError(faults)
    given_stages = without_inert(given_stages, STAGES)
    given_lanes = without_inert(given_lanes, LANES)
    return Resolved(
        given={
            "stages": given_stages,
            "lanes": given_lanes,
            "demand": pd.concat([key, joined.given, *asked], axis="columns"),
            "correlation": pairs.frame,
            "forecast_errors": errors.frame,
            **happening.given,
            **planning.given,
        },
        stages=_fill_stages(given_stages, stage_times, value, holding_cost, customer, graph),
        lanes=_fill(given_lanes, LANES, lane_times),
        demand=pd.concat([key, joined.filled, *asked], axis="columns"),
        graph=graph,
        customer=customer[joined.first],
        correlation=pairs,
        forecast_errors=errors,
        alternatives=alternatives,
        events=happening,
        planning=planning,
        settings=values,
    )


def _none() -> Checked:
    return Checked(LANES, pd.DataFrame({name: pd.Series(dtype="str") for name in LANES.key}))


def _times_of_stages(stages: Checked) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lead times and, where there are any, release times, as given and filled."""
    given, filled = check_times(stages, stages.frame, LEAD_TIME_NAMES)
    if not any(stages.has(name) for name in RELEASE_TIME_NAMES.columns):
        return given, filled
    given, released = check_times(stages, given, RELEASE_TIME_NAMES)
    none = not released[list(RELEASE_TIME_NAMES.moments)].to_numpy().any()
    return given, filled if none else pd.concat([filled, released], axis="columns")


def _of_customers(demand: Checked, rows: Integers) -> list[pd.DataFrame]:
    """What a stage's customers ask for besides a quantity, no frame where they ask for nothing.

    Where demand changes by period, all rows of a cycle must say the same.
    """
    names = [
        column.name for column in demand.table.columns if column.feature and demand.has(column.name)
    ]
    if not names:
        return []
    if len(rows) < len(demand.frame) and demand.named(("item", "location")):
        key = [name for name in demand.table.key if name != "period" and demand.has(name)]
        group = demand.frame.groupby(key, sort=False).ngroup().to_numpy(np.int64)
        for name in names:
            cells = demand.frame[name].to_numpy()
            demand.add(
                name,
                (cells != cells[rows][group]) & demand.sound((name,)),
                "must be alike in all periods of a stage and segment",
                "write the same in every row of the cycle",
            )
    frame = demand.frame[names].iloc[rows].reset_index(drop=True)
    kept = without_inert(frame, demand.table)
    return [kept] if len(kept.columns) else []


def _fill(frame: pd.DataFrame, table: Table, times: pd.DataFrame) -> pd.DataFrame:
    """Every column that is no feature: as checked or given, or its default in every row, or NaN.

    Features follow where they are given.
    """
    columns: dict[str, Any] = {}
    for column in table.columns:
        if column.name in times.columns:
            columns[column.name] = times[column.name].array
            continue
        if column.name in frame.columns:
            columns[column.name] = frame[column.name].array
        elif not column.feature:
            columns[column.name] = default_cells(column, len(frame))
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))  # in memory of its own


def _fill_stages(
    given: pd.DataFrame,
    times: pd.DataFrame,
    value: Floats | None,
    holding_cost: Floats,
    customer: Integers,
    graph: Graph,
) -> pd.DataFrame:
    frame = _fill(given, STAGES, times)
    if value is not None:
        frame["unit_cost"] = value
    frame["holding_cost"] = holding_cost
    limit = np.full(len(frame), np.inf)
    limit[customer] = 0.0
    asked = frame["max_service_time"].to_numpy()
    if "customer_service_time" in frame.columns:
        promised = frame["customer_service_time"].to_numpy()
        supplies = np.zeros(len(frame), dtype=np.bool_)
        supplies[graph.source] = True
        limit[supplies & ~np.isnan(promised)] = np.inf  # of what stages are quoted
        alone = ~supplies & ~np.isnan(promised)
        limit[alone] = np.inf
        asked = np.where(alone, np.fmin(asked, promised), asked)
    frame["max_service_time"] = np.where(np.isnan(asked), limit, asked)
    return frame


def check_segments(names: object) -> tuple[tuple[str, ...], list[Fault]]:
    """Read the names of the segment columns; the default stands in where they are faulty.

    Parameters
    ----------
    names : sequence of str or None

    Returns
    -------
    segments : tuple of str
    faults : list of Fault
    """

    def fault(message: str, remedy: str) -> tuple[tuple[str, ...], list[Fault]]:
        return SEGMENTS, [Fault("network", "segments", 0, names, message, remedy)]

    if names is None:
        return SEGMENTS, []
    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        return fault("must be a list of names", 'give a list, ["market", "channel"] for example')
    if not all(isinstance(name, str) and name.strip() == name != "" for name in names):
        return fault("holds what is no name", "give plain texts without blanks around them")
    taken = {*DEMAND.names, *CORRELATION.names} - set(SEGMENTS)
    clash = [name for name in names if name in taken or name.endswith("item")]
    if clash:
        return fault(
            f"names {clash[0]!r}, which means something else in demand or correlation",
            "rename the column",
        )
    if len(set(names)) < len(names):
        return fault("names a column twice", "name each column once")
    return tuple(names), []


def check_periods(period: str, tables: Mapping[str, object]) -> list[Fault]:
    """Find tables that say, by ``attrs["period"]``, that they are in another period.

    Fitted tables say so. The word is lost in a merge, and then nothing is held against the table.

    Parameters
    ----------
    period : str
        Of the network.
    tables : dict of str to DataFrame or None
        ``stages``, ``lanes`` and ``demand`` as given.

    Returns
    -------
    list of Fault
        One per table.
    """
    faults = []
    for name, table in tables.items():
        column, verb = ("mean", "fit_demand") if name == "demand" else _TIMED
        if not isinstance(table, pd.DataFrame) or column not in table.columns:
            continue
        said = table.attrs.get("period")
        if not isinstance(said, str) or said not in PERIODS or said == period:
            continue
        told = f"the demand is per {said}" if name == "demand" else f"the lead times are in {said}s"
        since = "it was" if name == "demand" else "they were"
        faults.append(
            Fault(
                name,
                column,
                0,
                None,
                f"{told}, and the network is in {period}s",
                f"{verb}(..., period={period!r}), or period={said!r} for the network; if {since} "
                f"converted since, take 'period' out of {name}.attrs",
            )
        )
    return faults


def _key_is_faulty(checked: Checked, rows: Integers) -> bool:
    required = tuple(name for name in checked.table.key if checked.table[name].required)
    if not checked.named(required) or not checked.sound(checked.table.key).all():
        return True
    return bool(_key_of_demand(checked, rows).duplicated().any())


def _key_of_demand(checked: Checked, rows: Integers) -> pd.DataFrame:
    """Key of the rows that begin a stage and segment, every segment column filled."""
    columns: dict[str, Any] = {
        name: checked.frame[name].array[rows] if checked.has(name) else np.full(len(rows), "")
        for name in checked.table.key
        if name != "period"
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rows))).astype("str")


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
