"""Put what came out for the components together into one plan, labels back in place."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from echelon.errors import DataWarning
from echelon.network.compiled import CompiledNetwork
from echelon.network.network import Network
from echelon.optimization.outcome import Outcome, relative_gap
from echelon.optimization.placement import Failure, Placement
from echelon.policies.plan import COMPONENT_COLUMNS, STAGE_COLUMNS, Plan
from echelon.results import FAILURE_COLUMNS, Provenance, no_failures

_WHOLE = 1e-9
"""Periods; what ``simulate`` takes for whole may be this far from it."""


def assemble(
    network: Network,
    compiled: CompiledNetwork,
    placed: Sequence[Placement | Failure],
    provenance: Provenance,
) -> Plan:
    """Make a plan of the components' placements; what failed becomes a row of failures.

    ``placed`` has one entry per component of ``compiled``, in its order.
    """
    components = _components_frame(compiled, placed)
    stages = _stages_frame(network, compiled, placed)
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
    network: Network, compiled: CompiledNetwork, placed: Sequence[Placement | Failure]
) -> pd.DataFrame:
    """Lay the components' columns end to end, in the order of the stages table."""
    ptr = compiled.component_ptr
    solved = [c for c, result in enumerate(placed) if isinstance(result, Placement)]
    positions = [np.arange(ptr[c], ptr[c + 1]) for c in solved]
    row = compiled.stage_row[np.concatenate(positions)] if solved else np.zeros(0, np.int64)
    order = np.argsort(row)
    keys = network.stages[["item", "location"]].iloc[row[order]]
    sizes = [len(position) for position in positions]
    columns: dict[str, object] = {name: keys[name].array for name in ("item", "location")}
    columns["component"] = np.repeat(compiled.component_id[solved], sizes)[order]
    results = [result for result in placed if isinstance(result, Placement)]
    for name in STAGE_COLUMNS[3:]:
        values = [result.columns[name] for result in results]
        columns[name] = np.concatenate(values)[order] if values else np.zeros(0)
    return pd.DataFrame(columns)


def _components_frame(
    compiled: CompiledNetwork, placed: Sequence[Placement | Failure]
) -> pd.DataFrame:
    rows = []
    nan = float("nan")
    for result in placed:
        if isinstance(result, Placement):
            outcome, method = result.outcome, result.method
        else:
            outcome, method = Outcome("failed", nan, nan, nan, result.error, 0.0), ""
        fields = (outcome.status, outcome.objective, outcome.bound, outcome.gap)
        rows.append((*fields, outcome.termination, method, outcome.seconds))
    frame = pd.DataFrame(rows, columns=list(COMPONENT_COLUMNS[2:]))
    frame.insert(0, "stages", np.diff(compiled.component_ptr))
    frame.insert(0, "component", compiled.component_id)
    return frame


def _failures_frame(
    network: Network, compiled: CompiledNetwork, placed: Sequence[Placement | Failure]
) -> pd.DataFrame:
    rows = []
    keys = network.stages[["item", "location"]]
    for c, result in enumerate(placed):
        if isinstance(result, Failure):
            item, location = "", ""
            if result.stage is not None:
                at = compiled.stage_row[compiled.component_ptr[c] + result.stage]
                item, location = keys.iloc[int(at)]
            number = int(compiled.component_id[c])
            rows.append((number, item, location, result.error, result.message))
    return pd.DataFrame(rows, columns=list(FAILURE_COLUMNS)) if rows else no_failures()


def warn_of_approximations(network: Network, plan: Plan) -> None:
    """Warn once per kind of stage whose promise is approximate or whose stock is negative."""
    stages = plan.stages
    served = stages["target_service_level"].notna()
    for odd, message in (
        (
            served & stages["service_level"].isna(),
            "demand that is not normal is covered by the normal bound, so the service_level they "
            f"will give is not known{_how_to_see(network, plan)}",
        ),
        (
            stages["safety_stock"] < 0.0,
            "the target is met with less than the mean demand, so safety stock is negative; "
            "look whether the target is meant to be this low for demand this skewed",
        ),
    ):
        if odd.any():
            first = stages[odd].iloc[0]
            warnings.warn(
                f"{int(odd.sum())} of {len(stages)} stages, first {first['item']} @ "
                f"{first['location']}: {message}.",
                DataWarning,
                stacklevel=3,
            )


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
