"""One component: the task of placing its stock, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from echelon.errors import InfeasibleError, SolverError
from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.interpolated import PassedMessages
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers
from echelon.optimization.cost.guaranteed_service_cost import GuaranteedServiceCost
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.evaluation import check_stockless, evaluated
from echelon.optimization.methods import METHODS, Solution, stopped
from echelon.optimization.outcome import Outcome, relative_gap
from echelon.optimization.proof import Limits
from echelon.optimization.random_times import wait_std
from echelon.optimization.search import Search

INTERRUPTED = "interrupted"


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
    solution = searched(task, times)
    return settled(task, solution, evaluate(task, times, *times.settled(solution.service)))


def _is_plain_and_whole(task: ComponentTask) -> bool:
    """Whether times are whole of themselves, so that among the best plans one quotes such times."""
    return task.cost.plain and task.times.ticks_per_period == 1.0


def searched(task: ComponentTask, times: ServiceTimes) -> Solution:
    """Solve one component, whose times these are; an interrupt ends the search with a plan."""
    search = _begun(task, times)
    try:
        return METHODS[task.method](times, task.cost, task.limits, search)
    except KeyboardInterrupt:
        return stopped(times, task.cost, task.limits, search, INTERRUPTED)


def settled(task: ComponentTask, solution: Solution, columns: dict[str, Floats]) -> Placement:
    """Say of a solution what its stage columns cost and prove."""
    task.cost.known.clear()  # large beside the plan, which keeps the task
    outcome = _as_settled(solution.outcome, columns, task)
    return Placement(columns, outcome, solution.route, solution.messages)


def _placed_as_plain(task: ComponentTask) -> Placement | None:
    """Place plain components by the kernels that take them wherever they are met: the same bits."""
    from echelon.optimization.ready_cycles import placed_with_cycles  # which make use of this
    from echelon.optimization.ready_trees import ReadyTree

    if task.method == "milp" or (task.whole and not _is_plain_and_whole(task)):
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
    return settled(task, solution, evaluate(task, times, *times.settled(solution.service)))


def stuck_stages(component: CompiledNetwork) -> Booleans:
    """Which stages may not hold stock and have supplies that vary, (n_stages,)."""
    stuck = ~component.can_stock
    if stuck.any():
        stuck &= (component.lead_time_std > 0.0) | (wait_std(component) > 0.0)
    return stuck


def check_random_lead_times(component: CompiledNetwork) -> None:
    """Refuse a stage without stock whose supplies vary.

    Raises
    ------
    InfeasibleError
        Naming the stage and what varies.
    """
    stuck = stuck_stages(component)
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
    """Stage columns of chosen service times (ticks), as :func:`evaluated` gives them of many.

    Raises
    ------
    InfeasibleError
        If a stage that may not hold stock would need some.
    """
    (columns,) = evaluated(
        [task.cost], [task.target], in_periods(times, inbound, service), task.cost.known
    )
    assert columns is not None
    check_stockless(task.cost.component, columns["base_stock"])
    return columns


def in_periods(times: ServiceTimes, inbound: Integers, service: Integers) -> StageTimes:
    """Chosen service times (ticks), and the time that they leave to be covered, in periods."""
    ticks = times.ticks_per_period
    return StageTimes(inbound / ticks, service / ticks, (inbound + times.process - service) / ticks)
