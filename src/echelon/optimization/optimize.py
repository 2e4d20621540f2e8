"""Place safety stock: from a network to a certified plan, component by component."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence

import numpy as np

from echelon.errors import DataWarning, DomainError, InfeasibleError, UnknownNameError
from echelon.execution.shards import cut
from echelon.execution.workers import attempt, check_n_jobs, run_shards
from echelon.network.compiled import CompiledNetwork
from echelon.network.network import Network
from echelon.optimization.assemble import assemble, warn_of_approximations
from echelon.optimization.bounds import ExactDemands, GuaranteedServiceCost
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.methods import METHODS, Limits
from echelon.optimization.placement import ComponentTask, Failure, Placement, place
from echelon.optimization.random_times import RandomTimes, warn_of_moments
from echelon.optimization.service_targets import ServiceTargets
from echelon.policies.plan import Plan
from echelon.progress import Progress
from echelon.results import Provenance

MODELS = ("guaranteed_service",)
_STAGES_PER_SHARD = 2_000.0


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
        Worker processes; -1 for one per core. Starting them takes about two seconds, so they pay
        for tens of thousands of stages, or for components that are slow to prove.
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
        If demand changes by period: the plan is made for the average period. If some of the varying
        lead times of a stage and the lanes into it have a distribution and others have none. If
        the tables say of capacity, yield, shelf life, disruptions or other things what the model
        does not reckon with: with the columns, and at how many stages.

    Raises
    ------
    TableError
        If stages with customers have no service target.
    DomainError, UnknownNameError, SolverError
        If an argument is outside what it may be, the network has no customers, or the solver is
        unknown or not installed.

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
    _check_arguments(network, model, method, service_level, gap, time_limit)
    check_n_jobs(n_jobs)
    if method != "exact" and solver != "highs":
        from echelon.optimization.solvers import find_solver  # Pyomo: not before it is needed

        find_solver(solver)
    targets = ServiceTargets.of(network, service_level)
    compiled = network.compiled
    is_normal = network.demand["family"].isin(["normal", "deterministic"]).to_numpy()
    covariance = None if network.independent else network.covariance
    seen = DemandSeen.of(compiled, targets.safety_factor, is_normal, covariance)
    network.warn_of_unreckoned("the guaranteed-service model")
    _warn_of_seasons(network)
    warn_of_moments(network)
    random_times = RandomTimes(network)
    exact_demands = ExactDemands(network, targets)
    limits = Limits(gap, time_limit, solver)
    tasks = [
        _task(compiled, seen, targets, exact_demands, random_times, c, method, limits)
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
    plan = assemble(network, compiled, placed, provenance)
    warn_of_approximations(network, plan)
    return plan


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


def _task(
    compiled: CompiledNetwork,
    seen: DemandSeen,
    targets: ServiceTargets,
    exact_demands: ExactDemands,
    random_times: RandomTimes,
    component: int,
    method: str,
    limits: Limits,
) -> ComponentTask:
    shard = compiled.shard(component, component + 1)
    first = int(compiled.component_ptr[component])
    stages = slice(first, first + shard.n_stages)
    waits = random_times.of(shard)
    exact = exact_demands.of(shard, first, waits)
    cost = GuaranteedServiceCost(shard, seen.of_stages(stages), exact, waits)
    return ComponentTask(cost, targets.service_level[stages], method, limits)


def _check_arguments(
    network: Network,
    model: str,
    method: str,
    service_level: float | None,
    gap: float,
    time_limit: float | None,
) -> None:
    if not isinstance(network, Network):
        raise DomainError(
            f"network is a {type(network).__name__}. Fix: make one with Network.from_tables, or "
            "read a folder with read_network."
        )
    for name, value in (("service_level", service_level), ("gap", gap), ("time_limit", time_limit)):
        is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not is_number and (value is not None or name == "gap"):
            raise DomainError(
                f"{name} is {value!r}, must be a number. Fix: 0.95 is one, '95%' not."
            )
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
    if not len(network.demand):
        raise DomainError(
            "no stage of this network has customers, so there is nothing to hold stock for. "
            "Fix: give the demand table."
        )
