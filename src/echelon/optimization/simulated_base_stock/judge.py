"""What the levels found cost and give under random numbers that had no part in finding them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from echelon.errors import DataWarning
from echelon.network.compiled import Floats
from echelon.optimization.measured_service import half_widths, independent_demands, verdicts
from echelon.optimization.simulated_base_stock.columns import (
    COMPONENTS,
    CUSTOMERS,
    STAGES,
    TRACE,
)
from echelon.optimization.simulated_base_stock.describe import Described
from echelon.optimization.simulated_base_stock.problem import Target
from echelon.optimization.simulated_base_stock.search import Found
from echelon.policies.plan import Plan
from echelon.simulation.result import Simulation
from echelon.simulation.simulate import simulate

_KEY = ["item", "location"]
_COLUMNS = {"cycle": "cycle_service_level", "ready": "ready_rate", "fill": "on_time_rate"}
_OUT_OF_REACH = (
    "more stock brings no more on the samples of the search: supply or capacity may be short"
)
_FADING = (
    "it is the stock at the start that serves, and service falls through the run: supply or "
    "capacity is below demand"
)
_BY_CHANCE = (
    "met on the last sample of the search, and missed on fresh numbers: more replications would "
    "come closer"
)


@dataclass(frozen=True, slots=True)
class Judged:
    """The frames and figures of a result; see ``SimulatedBaseStocks``."""

    plan: Plan
    run: Simulation
    stages: pd.DataFrame
    customers: pd.DataFrame
    components: pd.DataFrame
    trace: pd.DataFrame
    cost: float
    cost_se: float
    half_width: float
    start_cost: float
    confidence: float


def judge(
    described: Described,
    found: Mapping[int, Found],
    levels: Floats,
    plan: Plan,
    failures: pd.DataFrame,
    *,
    confidence: float,
    arguments: Mapping[str, Any],
) -> Judged:
    """Simulate the plan and the one it began with, and lay out what came of them.

    Parameters
    ----------
    described : Described
    found : mapping of int to Found
        By component, of those that were searched.
    levels : (n_stages,) float64
        In compiled order.
    plan : Plan
        Of these levels.
    failures : DataFrame
    confidence : float
    arguments : mapping
        Of the simulation.
    """
    from scipy.special import ndtri

    run, before = _simulated(described, plan, failures, arguments)
    stages = _stages(described, plan, run, levels)
    customers = _customers(described, found, plan, run, before, confidence)
    total = run.total
    known = len(run.stages) > 0
    cost, cost_se = (
        (float(total["cost"].iloc[0]), float(total["cost_se"].iloc[0]))
        if known
        else (float("nan"), float("nan"))
    )
    measured = (
        run.stages.set_index(_KEY)["cycle_service_level"] if known else pd.Series(dtype=float)
    )
    keys = pd.MultiIndex.from_frame(plan.stages[_KEY])
    sells = plan.stages["target_service_level"].notna()
    asked = pd.MultiIndex.from_frame(customers[_KEY])
    got = measured.reindex(keys).to_numpy(np.float64) if known else np.full(len(keys), np.nan)
    promised = plan.stages.assign(
        service_level=np.where(sells, got, np.nan),
        target_service_level=np.where(
            keys.isin(asked), plan.stages["target_service_level"], np.nan
        ),
    )
    return Judged(
        plan=replace(plan, stages=promised),
        run=run,
        stages=stages,
        customers=customers,
        components=_components(described, found, run, before),
        trace=_trace(described, found),
        cost=cost,
        cost_se=cost_se,
        half_width=float(ndtri(0.5 + 0.5 * confidence)) * cost_se,
        start_cost=float(before.stages["cost"].sum()) if known else float("nan"),
        confidence=confidence,
    )


def _simulated(
    described: Described, plan: Plan, failures: pd.DataFrame, arguments: Mapping[str, Any]
) -> tuple[Simulation, Simulation]:
    """The plan found, and the one begun with, without what failed, on the same numbers."""
    begun = described.start.plan
    own = begun.stages["component"].isin(plan.stages["component"].unique())
    begun = replace(begun, stages=begun.stages[own].reset_index(drop=True), failures=failures)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the plan is told once, by the second
        before = simulate(described.network, begun, **arguments)
        if plan.stages.empty:  # nothing to judge; the failures say why
            return before, before
    return simulate(described.network, plan, **arguments), before


def _stages(described: Described, plan: Plan, run: Simulation, levels: Floats) -> pd.DataFrame:
    network, start = described.network, described.start
    compiled = network.compiled
    rows = network.stages[_KEY].iloc[compiled.stage_row]
    here = pd.MultiIndex.from_frame(rows).get_indexer(pd.MultiIndex.from_frame(plan.stages[_KEY]))
    simulated = run.stages.set_index(_KEY).reindex(pd.MultiIndex.from_frame(plan.stages[_KEY]))
    names = ("on_hand", "backorders", "ready_rate", "on_time_rate", "cost", "cost_se")
    unit = start.unit[here]
    factor = (levels[here] - start.centre[here]) / np.where(unit > 0.0, unit, np.nan)
    frame = plan.stages[[*_KEY, "component"]].assign(
        base_stock_start=start.base_stock[here],
        base_stock=levels[here],
        safety_factor=factor,
        **{name: simulated[name].to_numpy(np.float64) for name in names},
    )
    return frame[list(STAGES.names)].reset_index(drop=True)


def _customers(
    described: Described,
    found: Mapping[int, Found],
    plan: Plan,
    run: Simulation,
    before: Simulation,
    confidence: float,
) -> pd.DataFrame:
    network = described.network
    compiled = network.compiled
    covered = plan.stages.set_index(_KEY)["net_replenishment_time"]
    mean_of_row = np.zeros(len(compiled.demand_row))
    mean_of_row[compiled.demand_row] = np.abs(compiled.demand_mean)
    rows = []
    for c, one in found.items():
        first = int(compiled.component_ptr[c])
        targets = described.asked.targets(network, c)
        for target, fades in zip(targets, one.fading.tolist(), strict=True):
            row = network.stages.iloc[int(compiled.stage_row[first + target.stage])]
            after, error = _service(described, run, target, row)
            old, _ = _service(described, before, target, row)
            mean = mean_of_row[list(target.rows)].sum()
            seen = independent_demands(
                run.periods * run.replications,
                np.array([mean]),
                np.array([covered[row["item"], row["location"]]]),
            )
            measured = np.array([after])
            half = half_widths(measured, np.array([error]), seen, confidence)
            verdict = str(verdicts(measured, half, np.array([target.level]))[0])
            verdict = "missed" if fades else verdict
            why = _FADING if fades else _BY_CHANCE if one.met else _OUT_OF_REACH
            why = why if verdict == "missed" else ""
            what = (row["item"], row["location"], target.measure, target.level)
            measures = (old, after, error, float(half[0]))
            rows.append((*what, *measures, verdict, verdict != "missed", why))
    frame = pd.DataFrame(rows, columns=list(CUSTOMERS.names))
    return frame.astype({"met": bool})


def _service(
    described: Described, run: Simulation, target: Target, row: pd.Series[Any]
) -> tuple[float, float]:
    """Measured service of a target and its standard error.

    Errors of several rows of demand are added, as they are short together.
    """
    if not target.in_units:
        frame = run.stages
        own = frame[(frame["item"] == row["item"]) & (frame["location"] == row["location"])]
        name = _COLUMNS[target.measure]
        return float(own[name].iloc[0]), float(own[f"{name}_se"].iloc[0])
    key = [*_KEY, *described.network.segments]
    wanted = pd.MultiIndex.from_frame(described.network.demand.iloc[list(target.rows)][key])
    own = run.segments[pd.MultiIndex.from_frame(run.segments[key]).isin(wanted)]
    due = own["due"].to_numpy(np.float64)
    if not due.sum() > 0.0:
        return float("nan"), float("nan")
    share = due / due.sum()
    name = _COLUMNS["fill"]
    return float(share @ np.nan_to_num(own[name])), float(share @ own[f"{name}_se"])


def _components(
    described: Described, found: Mapping[int, Found], run: Simulation, before: Simulation
) -> pd.DataFrame:
    compiled = described.network.compiled
    number = described.start.plan.stages[[*_KEY, "component"]]
    costs = []
    for simulated in (before, run):
        merged = simulated.stages[[*_KEY, "cost"]].merge(number, on=_KEY)
        costs.append(merged.groupby("component")["cost"].sum())
    rows = []
    for c, one in found.items():
        name, last = int(compiled.component_id[c]), one.rounds[-1]
        why = "gap is within the tolerance" if one.settled else "replications ran out"
        rows.append(
            (
                name,
                len(one.levels),
                float(costs[0].get(name, np.nan)),
                float(costs[1].get(name, np.nan)),
                last.gap / max(abs(last.cost), 1e-12),
                len(one.rounds),
                last.runs,
                sum(each.evaluations for each in one.rounds),
                why,
                last.seconds,
            )
        )
    return pd.DataFrame(rows, columns=list(COMPONENTS.names))


def _trace(described: Described, found: Mapping[int, Found]) -> pd.DataFrame:
    ids = described.network.compiled.component_id
    rows = [
        (int(ids[c]), place, *(getattr(each, name) for name in TRACE.names[2:]))
        for c, one in found.items()
        for place, each in enumerate(one.rounds, 1)
    ]
    return pd.DataFrame(rows, columns=list(TRACE.names))
