"""One component: the task of placing its stock, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from echelon.errors import InfeasibleError, SolverError
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import CompiledNetwork, Floats, Integers
from echelon.optimization.bounds import GuaranteedServiceCost
from echelon.optimization.methods import METHODS, Limits
from echelon.optimization.outcome import Outcome, relative_gap
from echelon.optimization.random_times import wait_std


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


def place(task: ComponentTask) -> Placement:
    """Solve one component and evaluate its stages."""
    _check_random_lead_times(task.cost.component)
    times = ServiceTimes.of(task.cost.component)
    solution = METHODS[task.method](times, task.cost, task.limits)
    columns = _evaluate(task, times, solution.service)
    outcome = _as_settled(solution.outcome, columns, task)
    return Placement(columns, outcome, solution.route)


def _check_random_lead_times(component: CompiledNetwork) -> None:
    stuck = ~component.can_stock
    for varies, what, std in (
        (component.lead_time_std > 0.0, "its own lead time", component.lead_time_std),
        (wait_std(component) > 0.0, "the transit to it", wait_std(component)),
    ):
        odd = np.flatnonzero(stuck & varies)
        if len(odd):
            raise InfeasibleError(
                f"may not hold stock, so it cannot keep a service time while {what} varies "
                f"(lead_time_std {std[odd[0]]:g}). Fix: set can_stock, or give the "
                "longest lead time as lead_time with lead_time_std 0.",
                stage=int(odd[0]),
            )


def _as_settled(outcome: Outcome, columns: dict[str, Floats], task: ComponentTask) -> Outcome:
    """Take the objective from the plan itself: on a cost that falls as time passes it is higher."""
    limits = task.limits
    objective = float(columns["holding_cost"].sum())
    if task.cost.concave and outcome.bound > objective + 1e-6 * abs(objective):
        raise SolverError(
            f"the bound {outcome.bound!r} is above the cost {objective!r} of the plan it bounds: "
            "a fault of the library or of the solver. Fix: try another method, and report it."
        )
    gap = relative_gap(objective, outcome.bound)
    status = "optimal" if gap <= max(limits.gap, 1e-12) else "feasible"
    return replace(
        outcome, objective=objective, bound=min(outcome.bound, objective), gap=gap, status=status
    )


def _evaluate(task: ComponentTask, times: ServiceTimes, service: Integers) -> dict[str, Floats]:
    """Stage columns of the chosen service times, from the times themselves, not from the tables."""
    component, cost = task.cost.component, task.cost
    n = component.n_stages
    inbound, service = times.settled(service)
    tau = (inbound + times.process - service) / times.ticks_per_period
    safety = np.array([float(cost.safety_stock(j, tau[j])) for j in range(n)])
    mean = cost.seen.mean
    base = np.array([float(cost.base_stock(j, tau[j])) for j in range(n)])
    pred_ptr = component.pred_ptr - component.pred_ptr[0]
    in_lanes = np.add.reduceat(
        np.append(component.pred_usage * component.pred_lead_time, 0.0), pred_ptr[:-1]
    ) * (np.diff(pred_ptr) > 0)
    promised = np.array(
        [
            cost.promised_service(j, float(tau[j]), float(base[j]))
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
