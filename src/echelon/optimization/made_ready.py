"""Problems of many components whose costs are asked for all together, before any is searched.

A component's problem is laid out without its costs; then all levels of all components are searched
for at once, see :mod:`echelon.optimization.cost.levels_at_once`. What a component costs does not
depend on which others are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from echelon.errors import InfeasibleError
from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.execution.collector import collector_paused
from echelon.network.compiled import Floats, Integers
from echelon.optimization.candidate_lists import every_quote, grid_of_periods
from echelon.optimization.cost.guaranteed_service_cost import GuaranteedServiceCost, costs_of_all
from echelon.optimization.placement import ComponentTask, Ready


@collector_paused()
def made_ready(tasks: Sequence[ComponentTask]) -> list[ComponentTask]:
    """Lay out the problems of components whose costs depend on the time covered alone.

    Returns
    -------
    list of ComponentTask
        As they are where a component takes another way, has no plan, or has a time limit, which is
        to count all that it takes.
    """
    laid = [_laid_out(task) for task in tasks]
    some = [one for one in laid if one is not None]
    if not some:
        return list(tasks)
    costs = costs_of_all([(one.asked.cost, *one.asked.curves) for one in some])
    found = iter(zip(some, costs, strict=True))
    return [
        task if one is None else replace(task, ready=_priced(*next(found)))
        for task, one in zip(tasks, laid, strict=True)
    ]


class _AskedLater:
    """A cost function that remembers what it is asked, for nothing.

    Parameters
    ----------
    cost : GuaranteedServiceCost
        The one to be asked.
    """

    def __init__(self, cost: GuaranteedServiceCost) -> None:
        self.cost = cost
        self.concave, self.covered_only = cost.concave, cost.covered_only
        self.curves: tuple[Integers, Floats] = (np.zeros(1, dtype=np.int64), np.zeros(0))

    def over_all(self, ptr: Integers, covered: Floats) -> Floats:
        """Keep the curves of all stages."""
        self.curves = (ptr, covered)
        return np.zeros(len(covered))

    def over_covered(self, stage: int, covered: Floats) -> Floats:
        """Ask the cost itself."""
        return self.cost.over_covered(stage, covered)

    def table(self, stage: int, inbound: Floats, outbound: Floats, covered: Floats) -> Floats:
        """Ask the cost itself."""
        return self.cost.table(stage, inbound, outbound, covered)


@dataclass(frozen=True, slots=True)
class _LaidOut:
    times: ServiceTimes
    problem: FlatProblem
    asked: _AskedLater


def _laid_out(task: ComponentTask) -> _LaidOut | None:
    """Lay out one problem without its costs, as :mod:`echelon.optimization.methods` does it."""
    cost = task.cost
    if not cost.covered_only or (cost.concave and not task.whole):
        return None
    if task.limits.time_limit is not None or task.method == "milp":
        return None
    try:
        times = task.times
    except InfeasibleError:
        return None
    if cost.concave and times.quote_unit == 1:
        return None
    asked = _AskedLater(cost)
    problem = every_quote(times, asked) if times.quote_unit > 1 else grid_of_periods(times, asked)
    return _LaidOut(times, problem, asked) if isinstance(problem, FlatProblem) else None


def _priced(laid: _LaidOut, cost: Floats) -> Ready:
    """Put the costs in; what is forbidden stays so."""
    forbidden = np.isinf(laid.problem.cost)
    problem = replace(laid.problem, cost=np.where(forbidden, laid.problem.cost, cost))
    return Ready(laid.times, problem)
