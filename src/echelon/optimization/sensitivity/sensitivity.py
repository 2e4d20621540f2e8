"""What would it be worth? The value of less time, less spread and less promise, place by place."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence, Set
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import DataWarning, DomainError, EchelonError
from echelon.network.network import Network
from echelon.optimization.arguments import is_number, limit_faults
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.optimize import optimize
from echelon.optimization.proof import Limits
from echelon.optimization.sensitivity.fixed import FixedTimes
from echelon.optimization.sensitivity.levers import KINDS, POINT, change_network, levers_of
from echelon.optimization.sensitivity.plain import PlainSlopes
from echelon.optimization.sensitivity.result import LEVERS, Sensitivity
from echelon.optimization.service_targets import ServiceTargets
from echelon.optimization.tasks import component_tasks
from echelon.policies.plan import Plan
from echelon.progress import Progress, check_progress, track
from echelon.results import Provenance, frame_digest

Floats = NDArray[np.float64]
Row = dict[Any, Any]

BY: Final = ("marginal", "re-solving")
_TIMES: Final = ("lead_time", "lane_lead_time")
_SMALL: Final = 1e-3
_KEY: Final = ["item", "location"]


def sensitivity(
    network: Network,
    plan: Plan,
    *,
    by: str = "marginal",
    kinds: Sequence[str] = KINDS,
    less: float = 1.0,
    most: int = 100,
    gap: float = 1e-6,
    time_limit: float | None = None,
    progress: Progress = None,
) -> Sensitivity:
    r"""Rank what a period less of lead time, or less spread, or a lower promise would save.

    Every number that could be lower is a *lever*: the lead time of a stage or a lane (one period),
    the service level promised to the customers of a stage (one point, 0.01), the standard
    deviation of a row of demand (one unit) and of a lead time (one period). Its value is the
    holding cost of safety stock that it saves, in money per period; read the other way round, that
    of a service level is what the last point of service costs.

    At the margin the value is the derivative of the plan's cost, all service times as planned: of
    :math:`h_j f_j(\tau_j)` in :math:`\tau_j`, and of :math:`f_j` in what it is made of. A stage
    that holds no stock passes time that it saves on to those it supplies; they gain nothing while
    another supplier keeps them waiting. Where a stage's stock is not under the normal bound (an
    exact quantile, a mixture, lots, a capacity) the derivative is the difference that the whole
    step makes, no more than there is of it.

    By re-solving, the component is placed anew with the number lowered. Service times then move to
    where they are best, so that a change is never worth less than at fixed times, and a lead time
    that is worth nothing at the margin may be worth much: that of a stage without stock whose
    customers wait for another supplier as long, and could themselves be quicker or wait longer.

    Parameters
    ----------
    network : Network
    plan : Plan
        From :func:`optimize`, for this network.
    by : {"marginal", "re-solving"}
    kinds : sequence of str
        Levers to look at; all of ``"lead_time"``, ``"lane_lead_time"``, ``"service_level"``,
        ``"demand_std"`` and ``"lead_time_std"`` if left out. The last is for lead times that are
        known by mean and standard deviation only.
    less : float, default 1.0
        By how many periods, units and points numbers are lowered; never below 0, nor a service
        level below one half. At the margin the value is that of the derivative times this.
    most : int, default 100
        By re-solving only: how many levers are solved for, those worth most at fixed times.
    gap, time_limit : float
        By re-solving only: as in :func:`optimize`.
    progress : bool, callable or None

    Returns
    -------
    Sensitivity

    Raises
    ------
    DomainError
        With everything that is wrong about the arguments, or if the plan is of another network.

    References
    ----------
    .. [1] Graves & Willems (2000), *Manufacturing & Service Operations Management* 2(1), for the
       cost that is differentiated.

    Examples
    --------
    >>> import echelon as ec
    >>> network = ec.read_example("bulldozer")
    >>> plan = ec.optimize(network)
    >>> worth = ec.sensitivity(network, plan)
    >>> worth.to_frame("lead_time")[["item", "now", "value_per_year"]].head(3).round(0)
                 item   now  value_per_year
    0  Final Assembly   4.0          9500.0
    1    Case & Frame  16.0          3187.0
    2            Case  15.0           420.0
    """
    began = time.perf_counter()
    _check(network, plan, by, kinds, less, most, gap, time_limit)
    check_progress(progress)
    level = plan.provenance.arguments.get("service_level")
    by_period = plan.provenance.arguments.get("base_stocks") == "by_period"
    asked = network if level is None else _with_level(network, float(level))
    quoted = _quoted(asked, plan)
    levers = levers_of(asked, tuple(kinds))
    solved = set(plan.components.loc[plan.components["status"] != "failed", "component"])
    levers = levers[levers["component"].isin(solved)].reset_index(drop=True)
    tasks = component_tasks(
        asked, None, "auto", Limits(gap, time_limit, "highs"), by_period=by_period
    )
    rows = levers.to_dict("records")
    margins = _Margins(asked, tasks, quoted, by_period, solved)
    found: list[Row] = []
    for row in rows:
        step = _step(row, less)
        fixed = margins.fixed(row, step, derivative=by == "marginal")
        found.append({**row, "less": step, "value": fixed, "value_at_fixed_times": fixed})
    frame = pd.DataFrame(found, columns=[*levers.columns, *_FOUND])
    frame["pipeline_value"] = margins.pipeline(frame)
    frame["problem"] = ""
    frame = _ranked(frame)
    if by == "re-solving":
        frame = _resolved(asked, plan, frame.head(most), by_period, gap, time_limit, progress)
        frame = _ranked(frame)
    frame["value_per_year"] = frame["value"] * plan.periods_per_year
    return Sensitivity(
        failures=plan.failures.copy(),
        provenance=Provenance(
            arguments={"by": by, "kinds": list(kinds), "less": less, "most": most},
            tables={**network.digests, "plan": frame_digest(plan.stages)},
            seconds={"sensitivity": time.perf_counter() - began},
        ),
        levers=frame[list(LEVERS.names)],
        by=by,
        objective=plan.objective,
        period=plan.period,
        periods_per_year=plan.periods_per_year,
        currency=plan.currency,
        name=plan.name,
    )


_FOUND: Final = ("less", "value", "value_at_fixed_times")


class _Margins:
    """Values at the service times of a plan, made when asked for.

    ``solved`` are the numbers of the components that have a plan.
    """

    def __init__(
        self,
        network: Network,
        tasks: Sequence[Any],
        quoted: Floats,
        by_period: bool,
        solved: Set[int],
    ) -> None:
        self._network, self._tasks, self._quoted = network, tasks, quoted
        self._by_period, self._solved = by_period, solved
        self._fixed: dict[int, FixedTimes] = {}
        compiled = network.compiled
        self._place = np.empty(compiled.n_stages, dtype=np.int64)
        self._place[compiled.stage_row] = np.arange(compiled.n_stages)
        self._lane_place = np.empty(compiled.n_lanes, dtype=np.int64)
        self._lane_place[compiled.lane_row] = np.arange(compiled.n_lanes)
        self._targets = ServiceTargets.of(network)

    def fixed(self, row: Row, step: float, *, derivative: bool) -> float:
        """Money per period that lowering a lever by ``step`` saves."""
        number = int(row["component"])
        times = self._times(number)
        plain = times.cost.plain and not self._targets.by_row
        if row["kind"] in _TIMES:
            return self._of_time(times, row, step, derivative=derivative and plain)
        if derivative and plain:
            return step * self._slope(row)
        changed = change_network(self._network, row, step)
        (task,) = component_tasks(
            changed, None, "auto", Limits(1e-6, None, "highs"), by_period=self._by_period
        )
        return times.total() - times.total(task.cost)

    def _of_time(self, times: FixedTimes, row: Row, step: float, *, derivative: bool) -> float:
        first_stage, first_lane = self._first(int(row["component"]))
        where: dict[str, int] = (
            {"lane": int(self._lane_place[row["row"]]) - first_lane}
            if row["table"] == "lanes"
            else {"stage": int(self._place[row["row"]]) - first_stage}
        )
        if not derivative:
            return times.saved(times.shortened(step, **where))
        small = min(_SMALL, step)
        by_time = self._slopes.by_time
        changed = times.shortened(small, **where)
        falls = sum(
            float(by_time[first_stage + j]) * (float(times.covered[j]) - after[2])
            for j, after in changed.items()
        )
        return step * falls / small

    def _slope(self, row: Row) -> float:
        from scipy.special import ndtri

        slopes, compiled = self._slopes, self._network.compiled
        if row["kind"] == "demand_std":
            return float(slopes.by_row_std[row["row"]])
        j = self._stage(row)
        if row["kind"] == "lead_time_std":
            wait = float(slopes.wait_std[j])
            return float(slopes.by_wait_std[j]) * float(row["now"]) / wait if wait > 0.0 else 0.0
        here = compiled.demand_row[compiled.demand_ptr[j] : compiled.demand_ptr[j + 1]]
        factor = float(ndtri(row["now"]))
        density = float(np.exp(-0.5 * factor**2) / np.sqrt(2.0 * np.pi))
        return float(slopes.by_row_factor[here].sum()) / density

    def _stage(self, row: Row) -> int:
        """Compiled place of the stage that a lever's time ends at."""
        if row["table"] != "lanes":
            return int(self._place[row["row"]])
        at = int(self._lane_place[row["row"]])
        return int(np.searchsorted(self._network.compiled.pred_ptr, at, side="right")) - 1

    def pipeline(self, frame: pd.DataFrame) -> Floats:
        """Holding of the pipeline that shorter times save, (n,) money per period."""
        compiled = self._network.compiled
        mean = np.concatenate([task.cost.seen.mean for task in self._tasks])
        first = np.repeat(compiled.component_ptr[:-1], np.diff(compiled.component_ptr))
        saved = np.zeros(len(frame))
        for i, row in enumerate(frame.to_dict("records")):
            if row["kind"] == "lead_time":
                j = self._stage(row)
                saved[i] = row["less"] * mean[j] * compiled.holding_cost[j]
            elif row["kind"] == "lane_lead_time":
                j, at = self._stage(row), int(self._lane_place[row["row"]])
                sender = int(compiled.pred_stage[at] + first[j])
                flow = mean[j] * compiled.pred_usage[at]
                saved[i] = row["less"] * flow * compiled.holding_cost[sender]
        return saved

    def _first(self, number: int) -> tuple[int, int]:
        compiled = self._network.compiled
        stage = int(compiled.component_ptr[number])
        return stage, int(compiled.pred_ptr[stage])

    def _times(self, number: int) -> FixedTimes:
        if number not in self._fixed:
            stages = slice(*self._network.compiled.component_ptr[number : number + 2].tolist())
            self._fixed[number] = FixedTimes(self._tasks[number].cost, self._quoted[stages])
        return self._fixed[number]

    @cached_property
    def _slopes(self) -> PlainSlopes:
        """Derivatives of all components at once; of those without a plan they say nothing."""
        network = self._network
        compiled = network.compiled
        covered = np.zeros(compiled.n_stages)
        for number, first, last in zip(
            range(network.n_components),
            compiled.component_ptr[:-1].tolist(),
            compiled.component_ptr[1:].tolist(),
            strict=True,
        ):
            if number in self._solved:
                covered[first:last] = self._times(number).covered
        seen = DemandSeen.joined([task.cost.seen for task in self._tasks])
        return PlainSlopes.of(network, seen, covered, self._targets.row_factor)


def _resolved(
    network: Network,
    plan: Plan,
    frame: pd.DataFrame,
    by_period: bool,
    gap: float,
    time_limit: float | None,
    progress: Progress,
) -> pd.DataFrame:
    """Place each lever's component anew with the number lowered."""
    before = plan.components.set_index("component")["objective"]
    values, problems = [], []
    base_stocks = "by_period" if by_period else "constant"
    service_times = plan.provenance.arguments.get("service_times", "any")
    with track(progress, len(frame), "re-solving") as advance, warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # told when the plan was made
        for row in frame.to_dict("records"):
            value, problem = float("nan"), ""
            try:
                changed = change_network(network, row, float(row["less"]))
                after = optimize(
                    changed,
                    gap=gap,
                    time_limit=time_limit,
                    base_stocks=base_stocks,
                    service_times=service_times,
                )
                if after.status == "failed":
                    problem = str(after.failures["message"].iloc[0])
                else:
                    value = float(before[row["component"]]) - after.objective
            except EchelonError as error:
                problem = str(error)
            values.append(value)
            problems.append(problem)
            advance(1)
    return frame.assign(value=values, problem=problems)


def _ranked(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("value", ascending=False, kind="stable").reset_index(drop=True)


def _step(row: Row, less: float) -> float:
    """How far a lever goes down: not below 0, and a service level not below one half."""
    if row["kind"] == "service_level":
        return min(POINT * less, float(row["now"]) - 0.5)
    return min(less, float(row["now"]))


def _with_level(network: Network, level: float) -> Network:
    """Put a service level that was an argument of ``optimize`` into the tables."""
    stages, compiled = network.stages, network.compiled
    sold = np.zeros(len(stages), dtype=np.bool_)
    sold[compiled.stage_row] = np.diff(compiled.demand_ptr) > 0
    return network.replace(
        stages=stages.assign(
            service_level=stages["service_level"].mask(sold, level),
            safety_factor=stages["safety_factor"].mask(sold),
        ),
        demand=network.demand.assign(service_level=np.nan),
    )


def _quoted(network: Network, plan: Plan) -> Floats:
    """Service times of the plan in compiled order; 0 where a component failed."""
    keys = network.stages[_KEY].iloc[network.compiled.stage_row]
    planned = plan.stages.set_index(_KEY)["service_time"]
    here = planned.reindex(pd.MultiIndex.from_frame(keys))
    failed = set(plan.components.loc[plan.components["status"] == "failed", "component"])
    compiled = network.compiled
    component = np.repeat(compiled.component_id, np.diff(compiled.component_ptr))
    lacking = here.isna().to_numpy() & ~np.isin(component, list(failed))
    if lacking.any() or len(planned) > len(keys):
        raise DomainError(
            "sensitivity: the plan is for another network. Fix: give the network that was "
            "optimised, or optimise this one."
        )
    return here.fillna(0.0).to_numpy(np.float64)


def _check(
    network: object,
    plan: object,
    by: object,
    kinds: object,
    less: object,
    most: object,
    gap: object,
    time_limit: object,
) -> None:
    problems = []
    if not isinstance(network, Network):
        problems.append(f"network is of type {type(network).__name__}. Fix: give a Network.")
    if not isinstance(plan, Plan):
        problems.append(f"plan is of type {type(plan).__name__}. Fix: give what optimize returns.")
    if by not in BY:
        problems.append(f"by is {by!r}. Fix: give one of {', '.join(map(repr, BY))}.")
    given = [kinds] if isinstance(kinds, str) or not isinstance(kinds, Sequence) else list(kinds)
    unknown = [kind for kind in given if kind not in KINDS]
    if unknown or isinstance(kinds, str):
        problems.append(f"kinds is {kinds!r}. Fix: give a list out of {', '.join(KINDS)}.")
    if not (is_number(less) and less > 0.0):
        problems.append(f"less is {less!r}. Fix: give a number > 0.")
    if not (isinstance(most, int | np.integer) and not isinstance(most, bool) and most >= 1):
        problems.append(f"most is {most!r}. Fix: give a whole number >= 1.")
    problems += limit_faults(gap, time_limit)
    if len(problems) == 1:
        raise DomainError(f"sensitivity: {problems[0]}")
    if problems:
        lines = "\n".join(f"  {i}. {problem}" for i, problem in enumerate(problems, 1))
        raise DomainError(f"sensitivity: {len(problems)} things to mend:\n{lines}")
