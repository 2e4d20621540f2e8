"""Place safety stock: from a network to a certified plan, component by component."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from echelon.errors import DataWarning, DomainError, InfeasibleError, UnknownNameError
from echelon.exact.service_times import ServiceTimes
from echelon.execution.shards import cut
from echelon.execution.workers import attempt, check_n_jobs, run_shards
from echelon.network.compiled import CompiledNetwork, Floats, Integers
from echelon.network.network import Network
from echelon.optimization.bounds import (
    DemandSeen,
    GuaranteedServiceCost,
    ServiceTargets,
    exact_demands,
)
from echelon.optimization.methods import METHODS, Limits
from echelon.optimization.solvers import Outcome, relative_gap
from echelon.policies.plan import COMPONENT_COLUMNS, STAGE_COLUMNS, Plan
from echelon.progress import Progress
from echelon.results import FAILURE_COLUMNS, Provenance, no_failures

MODELS = ("guaranteed_service",)
_STAGES_PER_SHARD = 2_000.0


@dataclass(frozen=True, slots=True)
class ComponentTask:
    """One component to place: its arrays, its cost function, and how to solve it."""

    cost: GuaranteedServiceCost
    target: Floats
    method: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Placement:
    """What came out for one component: stage columns by name, the outcome, the method used."""

    columns: dict[str, Floats]
    outcome: Outcome
    method: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a component has no plan, and the stage at fault where one is known."""

    error: str
    message: str
    stage: int | None = None


def optimize(
    network: Network,
    *,
    model: str = "guaranteed_service",
    method: str = "auto",
    service_level: float | None = None,
    gap: float = 1e-6,
    time_limit: float | None = None,
    solver: str = "highs",
    n_jobs: int = 1,
    progress: Progress = None,
) -> Plan:
    r"""Place safety stock at least holding cost, and prove how good the placement is.

    Each stage :math:`j` quotes its customers a service time :math:`S_j` and covers the demand of
    its net replenishment time :math:`\tau_j = SI_j + T_j + R_j - S_j` from stock (clause 2.3):
    minimise :math:`\sum_j h_j f_j(\tau_j)` subject to :math:`SI_j \ge S_i + L_{ij}` on every lane,
    :math:`\tau_j \ge 0`, and each stage's ``max_service_time`` [1]_.

    Parameters
    ----------
    network : Network
    model : {"guaranteed_service"}
    method : {"auto", "exact", "milp"}
        ``"exact"`` is the dynamic program, for components whose lanes form a tree; ``"milp"``
        declares the joint-distribution model in Pyomo, for any; ``"auto"`` takes the dynamic
        program as far as it reaches and a proof for the rest.
    service_level : float, optional
        Cycle service level for all customers, a fraction in [0.5, 1). Default: the
        ``service_level`` or ``safety_factor`` column of ``stages``.
    gap : float, default 1e-6
        Relative gap at which a component counts as solved.
    time_limit : float, optional
        Seconds per component. What has been found by then is kept, with its gap.
    solver : str, default "highs"
        Or any Pyomo solver by name.
    n_jobs : int, default 1
        Worker processes; -1 for one per core.
    progress : bool or callable, optional
        See :data:`echelon.progress.Progress`.

    Returns
    -------
    Plan
        A component that cannot be solved is a row of ``plan.failures``, and its stages are absent
        from ``plan.stages``.

    Warns
    -----
    DataWarning
        If demand changes by period: the plan is made for the average period.

    Raises
    ------
    TableError
        If stages with customers have no service target.
    DomainError, UnknownNameError
        If an argument is outside what it may be.

    References
    ----------
    .. [1] Graves & Willems (2000), Optimizing strategic safety stock placement in supply chains,
       *Manufacturing & Service Operations Management* 2(1).

    Examples
    --------
    >>> import echelon as ec
    >>> network = ec.read_example("bulldozer")
    >>> plan = ec.optimize(network)
    >>> round(plan.annual_cost), plan.status
    (632775, 'optimal')
    """
    began = time.perf_counter()
    _check_arguments(model, method, service_level, gap, time_limit)
    check_n_jobs(n_jobs)
    targets = ServiceTargets.of(network, service_level)
    compiled = network.compiled
    covariance = None if network.independent else network.covariance
    seen = DemandSeen.of(compiled, targets.safety_factor, covariance)
    _warn_of_seasons(network)
    limits = Limits(gap, time_limit, solver)
    tasks = [
        _task(network, compiled, seen, targets, c, method, limits)
        for c in range(compiled.n_components)
    ]
    placed = _place_all(tasks, n_jobs, progress)
    seconds = time.perf_counter() - began
    provenance = Provenance(
        arguments={
            "model": model,
            "method": method,
            "service_level": service_level,
            "gap": gap,
            "time_limit": time_limit,
        },
        tables=network.digests,
        seconds={"optimize": seconds},
        solver=solver,
    )
    return _assemble(network, compiled, placed, provenance)


def _warn_of_seasons(network: Network) -> None:
    changing = int((network.demand["family"] == "per_period").sum())
    if changing:
        warnings.warn(
            f"demand of {changing} rows changes by period. The plan has one base stock per stage "
            "for all of them, made for the average period with the season as variation, so service "
            "is lower in the high season than promised. Fix: simulate the plan to see by how much, "
            "or make one plan per season from the demand of that season.",
            DataWarning,
            stacklevel=3,
        )


def place(task: ComponentTask) -> Placement:
    """Solve one component and evaluate its stages."""
    times = ServiceTimes.of(task.cost.component)
    solution = METHODS[task.method](times, task.cost, task.limits)
    columns = _evaluate(task, times, solution.service)
    return Placement(columns, _as_settled(solution.outcome, columns, task.limits), solution.route)


def _as_settled(outcome: Outcome, columns: dict[str, Floats], limits: Limits) -> Outcome:
    """Take the objective from the plan itself: on a cost that falls as time passes it is higher."""
    objective = float(columns["holding_cost"].sum())
    gap = relative_gap(objective, outcome.bound)
    status = "optimal" if gap <= max(limits.gap, 1e-12) else "feasible"
    return replace(
        outcome, objective=objective, bound=min(outcome.bound, objective), gap=gap, status=status
    )


def _place_all(
    tasks: Sequence[ComponentTask], n_jobs: int, progress: Progress
) -> list[Placement | Failure]:
    """Place every component, shard by shard; what fails is kept beside what does not."""
    ranges = cut([task.cost.component.n_stages for task in tasks], share=_STAGES_PER_SHARD)
    shards = [tasks[first:last] for first, last in ranges]
    placed: list[Placement | Failure] = []
    outcomes = run_shards(
        _place_shard, shards, n_jobs=n_jobs, progress=progress, label="placing", weigh=len
    )
    for shard, outcome in zip(shards, outcomes, strict=True):
        if outcome.value is not None:
            placed += outcome.value
        else:  # a worker was lost, and its whole shard with it
            placed += [Failure(outcome.error, outcome.message)] * len(shard)
    return placed


def _place_shard(tasks: Sequence[ComponentTask]) -> list[Placement | Failure]:
    results: list[Placement | Failure] = []
    for task in tasks:
        outcome = attempt(_place_or_explain, task)
        results.append(outcome.value or Failure(outcome.error, outcome.message))
    return results


def _place_or_explain(task: ComponentTask) -> Placement | Failure:
    try:
        return place(task)
    except InfeasibleError as error:
        return Failure(type(error).__name__, str(error), error.stage)


def _evaluate(task: ComponentTask, times: ServiceTimes, service: Integers) -> dict[str, Floats]:
    """Stage columns of the chosen service times, from the times themselves, not from the tables."""
    component, cost = task.cost.component, task.cost
    n = component.n_stages
    inbound, service = times.settled(service)
    tau = (inbound + times.process - service) / times.ticks_per_period
    safety = np.array([float(cost.safety_stock(j, tau[j])) for j in range(n)])
    mean = cost.seen.mean
    base = mean * tau + safety
    in_lanes = np.add.reduceat(
        np.append(component.pred_units * component.pred_lead_time, 0.0), times.pred_ptr[:-1]
    ) * (np.diff(times.pred_ptr) > 0)
    promised = np.array(
        [
            cost.promised_service(j, float(tau[j]), float(base[j]), float(task.target[j]))
            if not np.isnan(task.target[j])
            else np.nan
            for j in range(n)
        ]
    )
    return {
        "service_time": service / times.ticks_per_period,
        "inbound_service_time": inbound / times.ticks_per_period,
        "net_replenishment_time": tau,
        "safety_stock": safety,
        "base_stock": base,
        "pipeline_stock": mean * (component.lead_time + in_lanes),
        "holding_cost": component.holding_cost * safety,
        "demand_mean": mean,
        "demand_std": cost.seen.std,
        "target_service_level": task.target,
        "service_level": promised,
    }


def _task(
    network: Network,
    compiled: CompiledNetwork,
    seen: DemandSeen,
    targets: ServiceTargets,
    component: int,
    method: str,
    limits: Limits,
) -> ComponentTask:
    shard = compiled.shard(component, component + 1)
    first = int(compiled.component_ptr[component])
    stages = slice(first, first + shard.n_stages)
    local = DemandSeen(seen.mean[stages], seen.std[stages], seen.bound_std[stages])
    cost = GuaranteedServiceCost(shard, local, exact_demands(network, shard, targets, first))
    return ComponentTask(cost, targets.service_level[stages], method, limits)


def _assemble(
    network: Network,
    compiled: CompiledNetwork,
    placed: Sequence[Placement | Failure],
    provenance: Provenance,
) -> Plan:
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


def _status(components: pd.DataFrame) -> str:
    failed = components["status"] == "failed"
    if failed.all():
        return "failed"
    if failed.any():
        return "partial"
    return "optimal" if (components["status"] == "optimal").all() else "feasible"


def _check_arguments(
    model: str,
    method: str,
    service_level: float | None,
    gap: float,
    time_limit: float | None,
) -> None:
    if model not in MODELS:
        raise UnknownNameError("model", model, MODELS)
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    if service_level is not None and not 0.5 <= service_level < 1.0:
        hint = f"use {service_level / 100:g}" if 50.0 <= service_level < 100.0 else "use a fraction"
        raise DomainError(
            f"service_level is {service_level}, must be a fraction in [0.5, 1). Fix: {hint}."
        )
    if not 0.0 <= gap < 1.0:
        raise DomainError(f"gap is {gap}, must be in [0, 1). Fix: 1e-6 is the default.")
    if time_limit is not None and not time_limit > 0.0:
        raise DomainError(f"time_limit is {time_limit}, must be > 0 seconds. Fix: leave it out.")
