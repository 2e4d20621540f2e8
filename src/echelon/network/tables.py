"""From what a person typed to what a network holds: all checks, then all defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from echelon.errors import TableError
from echelon.network.alternatives import Alternatives, check_alternatives, check_expediting
from echelon.network.check import (
    check_lanes,
    check_promises,
    check_targets,
    link,
    resolve_holding_cost,
    resolve_value,
)
from echelon.network.check_arguments import check_periods, check_segments
from echelon.network.check_ordering import check_ordering, check_remaining_life, check_supply
from echelon.network.compiled import Floats, Integers
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
    SETTINGS,
    STAGES,
    Checked,
    Table,
    check_settings,
    check_table,
    with_segments,
)


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
