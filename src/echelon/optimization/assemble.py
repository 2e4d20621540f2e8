"""Put what came out for the components together into one plan, labels back in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from echelon.errors import warn_of_data
from echelon.network.compiled import CompiledNetwork, Floats
from echelon.network.last_stages import last_stages
from echelon.network.network import Network
from echelon.optimization.cost.limited_stock import scarce
from echelon.optimization.late_supplies import warn_of_late_supplies
from echelon.optimization.outcome import Outcome, relative_gap
from echelon.optimization.placed_block import PlacedBlock, positions_of
from echelon.optimization.placement import Failure, Placement
from echelon.optimization.plan_rows import compiled_places, table_rows
from echelon.policies.columns import STAGES
from echelon.policies.plan import COMPONENT_COLUMNS, FEATURE_COLUMNS, TRACE_COLUMNS, Plan
from echelon.results import FAILURE_COLUMNS, Provenance, no_failures

_WHOLE = 1e-9
"""Periods; what ``simulate`` takes for whole may be this far from it."""


def assemble(
    network: Network,
    compiled: CompiledNetwork,
    results: Sequence[Placement | Failure] | Mapping[int, Placement | Failure],
    provenance: Provenance,
    block: PlacedBlock | None = None,
) -> Plan:
    """Make a plan of the components' placements; what failed becomes a row of failures.

    ``results`` has one entry per component of ``compiled``, in its order, or what came out by the
    component's position there, for all of those that are not in ``block``.
    """
    placed = results if isinstance(results, Mapping) else dict(enumerate(results))
    components = _components_frame(compiled, placed, block)
    stages = _stages_frame(network, compiled, placed, block)
    solved = components["status"] != "failed"
    objective = bound = gap = float("nan")
    if solved.any():
        objective = float(stages["holding_cost"].sum())
        bound = min(float(components.loc[solved, "bound"].sum()), objective)
        gap = relative_gap(objective, bound)
    return Plan(
        failures=_failures_frame(network, compiled, placed),
        provenance=provenance,
        stages=stages,
        components=components,
        trace=_trace_frame(compiled, placed),
        objective=objective,
        bound=bound,
        gap=gap,
        status=_status(components),
        termination=", ".join(sorted(set(components["termination"]))),
        period=network.period,
        periods_per_year=network.periods_per_year,
        currency=network.currency,
        name=network.name,
    )


def _stages_frame(
    network: Network,
    compiled: CompiledNetwork,
    placed: Mapping[int, Placement | Failure],
    block: PlacedBlock | None,
) -> pd.DataFrame:
    """Lay the components' columns end to end, in the order of the stages table."""
    ptr = compiled.component_ptr
    solved = {c: result for c, result in placed.items() if isinstance(result, Placement)}
    numbers = list(solved)
    tables = [result.columns for result in solved.values()]
    if block is not None:
        numbers = [*block.components.tolist(), *numbers]
        tables = [block.columns, *tables] if len(block.components) else tables
    asked = np.array(numbers, dtype=np.int64)
    row = compiled.stage_row[positions_of(asked, ptr)]
    order = np.argsort(row)
    keys = network.columns("stages", ["item", "location"]).iloc[row[order]]
    columns: dict[str, object] = {name: keys[name].array for name in ("item", "location")}
    sizes = np.diff(ptr)[asked]
    columns["component"] = np.repeat(compiled.component_id[asked], sizes)[order]
    in_use = {name for table in tables for name in table}
    for name in STAGES.names[3:]:
        if name in FEATURE_COLUMNS and name not in in_use:
            continue
        values = [_column(table, name) for table in tables]
        columns[name] = np.concatenate(values)[order] if values else np.zeros(0)
    return pd.DataFrame(columns)


def _column(table: Mapping[str, Floats], name: str) -> Floats:
    """Column of one component; of a feature that others use and it does not, the blank of it."""
    if name in table:
        return table[name]
    n_stages = len(table["base_stock"])
    return np.full(n_stages, 0.0 if name == "cycle_stock" else np.nan)


def _components_frame(
    compiled: CompiledNetwork,
    placed: Mapping[int, Placement | Failure],
    block: PlacedBlock | None,
) -> pd.DataFrame:
    rows = [] if block is None else list(block.rows())
    nan = float("nan")
    for result in placed.values():
        if isinstance(result, Placement):
            outcome, method = result.outcome, result.method
        else:
            outcome, method = Outcome("failed", nan, nan, nan, result.error, 0.0), ""
        fields = (outcome.status, outcome.objective, outcome.bound, outcome.gap)
        rows.append((*fields, outcome.termination, method, outcome.seconds))
    numbers = [] if block is None else block.components.tolist()
    order = np.argsort(np.array([*numbers, *placed], dtype=np.int64)).tolist()
    known: list[Any] = [compiled.component_id, np.diff(compiled.component_ptr)]
    columns = [*known, *zip(*map(rows.__getitem__, order), strict=True)]
    return pd.DataFrame(dict(zip(COMPONENT_COLUMNS, columns, strict=True)))


def _trace_frame(
    compiled: CompiledNetwork, placed: Mapping[int, Placement | Failure]
) -> pd.DataFrame:
    """Lay the components' traces end to end; what was not known yet is missing."""
    rows = [
        (int(compiled.component_id[c]), *entry)
        for c, result in placed.items()
        if isinstance(result, Placement)
        for entry in result.outcome.trace
    ]
    component, *values = np.array(rows, dtype=np.float64).reshape(len(rows), len(TRACE_COLUMNS)).T
    known = [component.astype(np.int64), *(np.where(np.isinf(one), np.nan, one) for one in values)]
    return pd.DataFrame(dict(zip(TRACE_COLUMNS, known, strict=True)))


def _failures_frame(
    network: Network, compiled: CompiledNetwork, placed: Mapping[int, Placement | Failure]
) -> pd.DataFrame:
    if not any(isinstance(result, Failure) for result in placed.values()):
        return no_failures()
    rows = []
    keys = network.columns("stages", ["item", "location"])
    for c, result in placed.items():
        if isinstance(result, Failure):
            if result.stage is None:  # no stage is at fault more than another
                ((item, location),) = last_stages(network, [c])
            else:
                at = compiled.stage_row[compiled.component_ptr[c] + result.stage]
                item, location = keys.iloc[int(at)]
            number = int(compiled.component_id[c])
            rows.append((number, item, location, result.error, result.message))
    return pd.DataFrame(rows, columns=list(FAILURE_COLUMNS))


def warn_of_approximations(network: Network, plan: Plan) -> None:
    """Warn once per kind of stage whose promise is approximate or whose stock is negative."""
    stages = plan.stages
    unknown = stages["target_service_level"].notna() & stages["service_level"].isna()
    limited, above = _limited(network, stages), _above_limits(network, stages, unknown)
    held = stages["safety_stock"] + stages.get("cycle_stock", 0.0)
    to_see = _how_to_see(network, plan) if unknown.any() else ""
    for odd, message in (
        (
            unknown & limited,
            "orders that a limit puts off take part in every shortage, so the service_level they "
            f"will give is not known{to_see}",
        ),
        (
            unknown & above & ~limited,
            "orders that a limit downstream puts off come when the season, the forecast, the wait "
            "for supplies or the customers' own promise does not reckon with them, so the "
            f"service_level they will give is not known{to_see}",
        ),
        (
            unknown & ~limited & ~above,
            "demand that is not normal is covered by the normal bound, so the service_level they "
            f"will give is not known{to_see}",
        ),
        (
            held < 0.0,
            "the target is met with less than the mean demand, so safety stock is negative; "
            "look whether the target is meant to be this low for demand this skewed",
        ),
    ):
        if odd.any():
            first = stages[odd].iloc[0]
            warn_of_data(
                f"{int(odd.sum())} of {len(stages)} stages, first {first['item']} @ "
                f"{first['location']}: {message}."
            )
    warn_of_late_supplies(network, plan)


def _limited(network: Network, stages: pd.DataFrame) -> pd.Series:
    """Which rows of the plan are of stages that can make or order only so much."""
    limits = (network.cells("stages", name) for name in ("capacity", "maximum_order"))
    limited = np.logical_or(*(~np.isnan(limit.astype(np.float64)) for limit in limits))
    return pd.Series(limited[table_rows(network, stages)], index=stages.index)


def _above_limits(network: Network, stages: pd.DataFrame, asked: pd.Series) -> pd.Series:
    """Which rows of the plan are of stages upstream of one whose orders may well be cut."""
    if "maximum_order" not in stages or not asked.any():
        return pd.Series(False, index=stages.index)
    compiled = network.compiled
    place = compiled_places(network, table_rows(network, stages))
    numbers = stages[["maximum_order", "demand_mean", "demand_std"]]
    most, mean, std = numbers.to_numpy(dtype=np.float64, na_value=np.nan).T
    cut = ~np.isnan(most)
    if not (network.cells("demand", "family") == "per_period").any():
        rates = (most / np.maximum(compiled.review_period[place], 1)).tolist()
        cut &= np.array(list(map(scarce, rates, mean.tolist(), std.tolist())))
    below = np.zeros(compiled.n_stages, dtype=bool)
    below[place[cut]] = True
    above = np.zeros(compiled.n_stages, dtype=bool)
    ptr = compiled.pred_ptr - compiled.pred_ptr[0]
    first = np.repeat(compiled.component_ptr[:-1], np.diff(compiled.component_ptr))
    for stage in reversed(range(compiled.n_stages)):  # customers first
        if below[stage] or above[stage]:
            suppliers = compiled.pred_stage[ptr[stage] : ptr[stage + 1]]
            above[first[stage] + suppliers] = True
    return pd.Series(above[place], index=stages.index)


def _how_to_see(network: Network, plan: Plan) -> str:
    """Say how to simulate the service level, which takes times that are fixed in whole periods."""
    stages, lanes = network.stages, network.lanes
    times = [stages["inbound_service_time"], plan.stages["service_time"]]
    for frame, name in ((stages, "lead_time"), (stages, "release_time"), (lanes, "lead_time")):
        times.append(frame[name].where(frame[f"{name}_std"] == 0.0, 0.0))
    together = np.concatenate([time.to_numpy(dtype=np.float64) for time in times])
    if not (np.abs(together - np.rint(together)) > _WHOLE).any():
        return "; simulate the plan to see it"
    return (
        ". simulate takes fixed times in whole periods: to see it, optimise and simulate a network "
        "whose times are whole, by a finer period (period='day') or rounded"
    )


def _status(components: pd.DataFrame) -> str:
    failed = components["status"] == "failed"
    if failed.all():
        return "failed"
    if failed.any():
        return "partial"
    return "optimal" if (components["status"] == "optimal").all() else "feasible"
