"""One component: the task of placing its stock, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from echelon.errors import InfeasibleError, SolverError
from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.interpolated import PassedMessages
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import CompiledNetwork, Floats, Integers
from echelon.optimization.cost.guaranteed_service_cost import GuaranteedServiceCost
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.methods import METHODS, stopped
from echelon.optimization.outcome import Outcome, relative_gap
from echelon.optimization.proof import Limits
from echelon.optimization.random_times import wait_std
from echelon.optimization.search import Search

INTERRUPTED = "interrupted"


_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Ready:
    """What has been prepared for one component beside others: its times, its problem with costs."""

    times: ServiceTimes
    problem: FlatProblem


@dataclass(frozen=True, slots=True)
class ComponentTask:
    """One component to place: its arrays, its cost function, and how to solve it.

    Attributes
    ----------
    cost : GuaranteedServiceCost
    target : (n_stages,) float64
        Service level asked for, NaN where no customer buys.
    method : str
    limits : Limits
    start : (n_stages,) float64, optional
        Service times of a plan to begin with, periods.
    messages : PassedMessages, optional
        Of an earlier search.
    whole : bool
        Whether stages quote whole periods.
    ready : Ready, optional
        What has been prepared; the placement is the same without.
    """

    cost: GuaranteedServiceCost
    target: Floats
    method: str
    limits: Limits
    start: Floats | None = None
    messages: PassedMessages | None = None
    whole: bool = False
    ready: Ready | None = None

    @property
    def times(self) -> ServiceTimes:
        """Times of the component, and the windows that its service times lie in."""
        return ServiceTimes.of(self.cost.component, whole=self.whole)


@dataclass(frozen=True, slots=True)
class Placement:
    """What came out for one component: stage columns by name, the outcome, the method used.

    ``messages`` can begin another search, where the method has such.
    """

    columns: dict[str, Floats]
    outcome: Outcome
    method: str
    messages: PassedMessages | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a component has no plan, and the stage at fault where one is known.

    ``hopeless``: another try would end the same way.
    """

    error: str
    message: str
    stage: int | None = None
    hopeless: bool = False


def place(task: ComponentTask) -> Placement:
    """Solve one component and evaluate its stages."""
    check_random_lead_times(task.cost.component)
    plain = _placed_as_plain(task)
    if plain is not None:
        return plain
    times = task.times if task.ready is None else task.ready.times
    search = _begun(task, times)
    try:
        solution = METHODS[task.method](times, task.cost, task.limits, search)
    except KeyboardInterrupt:  # it ends the search; what it has found is a plan all the same
        solution = stopped(times, task.cost, task.limits, search, INTERRUPTED)
    columns = evaluate(task, times, *times.settled(solution.service))
    task.cost.known.clear()  # large beside the plan, which keeps the task
    outcome = _as_settled(solution.outcome, columns, task)
    return Placement(columns, outcome, solution.route, solution.messages)


def _placed_as_plain(task: ComponentTask) -> Placement | None:
    """Place plain components by the kernels that take them wherever they are met: the same bits."""
    from echelon.optimization.ready_cycles import placed_with_cycles  # which make use of this
    from echelon.optimization.ready_trees import ReadyTree

    if task.method == "milp" or task.whole:
        return None
    ready = ReadyTree.of(task)
    return placed_with_cycles(task) if ready is None else ready.place()


def _begun(task: ComponentTask, times: ServiceTimes) -> Search:
    """Begin a search where an earlier one ended."""
    start = messages = None
    if task.start is not None:
        start = np.rint(task.start * times.ticks_per_period).astype(np.int64)
        start = -(-start // times.quote_unit) * times.quote_unit
        start = np.maximum(start, times.outbound_low)
    if task.messages is not None and task.messages.fits(times):
        messages = task.messages.in_ticks_of(times)
    return Search(start, messages, None if task.ready is None else task.ready.problem)


def place_unsearched(task: ComponentTask) -> Placement:
    """Give a component the least service times it can keep, bounded stage by stage.

    For what is left when a run has been interrupted.
    """
    check_random_lead_times(task.cost.component)
    times = task.times
    solution = stopped(times, task.cost, task.limits, Search(), INTERRUPTED)
    columns = evaluate(task, times, *times.settled(solution.service))
    outcome = _as_settled(solution.outcome, columns, task)
    return Placement(columns, outcome, solution.route)


def check_random_lead_times(component: CompiledNetwork) -> None:
    """Refuse a stage without stock whose supplies vary.

    Raises
    ------
    InfeasibleError
        Naming the stage and what varies.
    """
    stuck = ~component.can_stock
    if not stuck.any():
        return
    for std, what in (
        (component.lead_time_std, "its own lead time"),
        (wait_std(component), "the transit to it"),
    ):
        odd = np.flatnonzero(stuck & (std > 0.0))
        if len(odd):
            raise InfeasibleError(
                f"may not hold stock, so it cannot keep a service time while {what} varies "
                f"(lead_time_std {std[odd[0]]:g}). Fix: set can_stock, or give the "
                "longest lead time as lead_time with lead_time_std 0.",
                stage=int(odd[0]),
            )


def _check_stockless(component: CompiledNetwork, base: Floats) -> None:
    """Refuse a stage without stock that needs some even where it covers no time."""
    needs = np.flatnonzero(~component.can_stock & (base > _ROUNDING * (1.0 + np.abs(base).max())))
    if len(needs):
        raise InfeasibleError(
            "may not hold stock, so it cannot keep a service time while its capacity or "
            f"maximum_order can put orders off (it would need {base[needs[0]]:g} units). Fix: set "
            "can_stock, or raise the limit.",
            stage=int(needs[0]),
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
    proven = gap <= max(limits.gap, 1e-12) and not outcome.listed_only
    return replace(
        outcome,
        objective=objective,
        bound=min(outcome.bound, objective),
        gap=gap,
        status="optimal" if proven else "feasible",
    )


def evaluate(
    task: ComponentTask, times: ServiceTimes, inbound: Integers, service: Integers
) -> dict[str, Floats]:
    """Stage columns of the chosen service times, from the times themselves, not from the tables."""
    component, cost = task.cost.component, task.cost
    tau = (inbound + times.process - service) / times.ticks_per_period
    heard, quoted = inbound / times.ticks_per_period, service / times.ticks_per_period
    safety, base, extra = _stocks(cost, heard, quoted, tau)
    mean = cost.seen.mean
    _check_stockless(component, base)
    pred_ptr = component.pred_ptr - component.pred_ptr[0]
    in_lanes = np.add.reduceat(
        np.append(component.pred_usage * component.pred_lead_time, 0.0), pred_ptr[:-1]
    ) * (np.diff(pred_ptr) > 0)
    promised = _promises(task, heard, quoted, tau, base)
    return {
        "service_time": quoted,
        "inbound_service_time": heard,
        "net_replenishment_time": tau,
        "safety_stock": safety,
        "base_stock": base,
        "pipeline_stock": mean * (component.lead_time + in_lanes),
        "holding_cost": component.holding_cost * (safety + extra),
        "demand_mean": mean,
        "demand_std": cost.seen.std,
        "target_service_level": task.target,
        "service_level": promised,
        **_orders(cost, base, extra),
    }


def _stocks(
    cost: GuaranteedServiceCost, heard: Floats, quoted: Floats, tau: Floats
) -> tuple[Floats, Floats, Floats]:
    """Safety, base and extra stock of all stages, units, for one choice of times, periods."""
    n = len(tau)
    safety, base, extra = np.empty(n), np.empty(n), np.zeros(n)
    plain = np.array([j for j in range(n) if j not in cost.special], dtype=np.int64)
    safety[plain], base[plain] = cost.plain_stock(plain, tau[plain])
    searched: set[int] = set()
    for table in cost.known:
        stages, *stock = table.at(tau)
        safety[stages], base[stages] = stock
        searched = set(stages.tolist())
    for j, special in cost.special.items():
        if j not in searched:
            times = StageTimes(heard[j], quoted[j], tau[j])
            safety[j], base[j] = special.safety_stock(times), special.base_stock(times)
            extra[j] = special.extra_stock(times)
    return safety, base, extra


def _promises(
    task: ComponentTask, heard: Floats, quoted: Floats, tau: Floats, base: Floats
) -> Floats:
    """Service that base stocks give the stages' customers, NaN where none buys or none is known."""
    cost = task.cost
    promised = np.full(len(tau), np.nan)
    for table in cost.known:
        stages, service = table.promises(tau, base)
        promised[stages] = service
    wanted = ~np.isnan(task.target)
    for j in np.flatnonzero(wanted & np.isnan(promised)).tolist():
        times = StageTimes(heard[j], quoted[j], tau[j])
        promised[j] = cost.stock(j).promised_service(times, float(base[j]))
    promised[~wanted] = np.nan
    return promised


def _orders(cost: GuaranteedServiceCost, base: Floats, cycle_stock: Floats) -> dict[str, Floats]:
    """Columns on lots and limits of orders, those of which the component makes use."""
    columns = {name: values for name, values in cost.orders.items() if not np.isnan(values).all()}
    if "below_base_stock" in columns:
        columns["reorder_point"] = base - columns.pop("below_base_stock")
    if cycle_stock.any():
        columns["cycle_stock"] = cycle_stock
    return columns
