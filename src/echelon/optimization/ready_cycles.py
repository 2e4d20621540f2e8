"""One component with few cycles under the plain normal bound, placed where it is met by itself."""

from __future__ import annotations

import time

import numpy as np

from echelon.exact.guaranteed_service.component_times import ComponentTimes
from echelon.exact.guaranteed_service.plain_cycles import place_cycles, small_with_cycles
from echelon.optimization.outcome import Outcome
from echelon.optimization.placement import ComponentTask, Placement, evaluate
from echelon.optimization.random_times import wait_std

ROUTE = "tree program, branching"


def placed_with_cycles(task: ComponentTask) -> Placement | None:
    """Place a component as the pass over all of them does, so with the same bits.

    None where it is of another kind, has no plan, or takes too many tree programs: all that goes
    the long way.
    """
    began = time.perf_counter()
    component, seen = task.cost.component, task.cost.seen
    if component.n_lanes < component.n_stages or not task.cost.plain:
        return None
    if not seen.normal.all() or wait_std(component).any():
        return None
    times = ComponentTimes.of(component)
    if not (times.exact & times.feasible & small_with_cycles(times)).all():
        return None
    slope = component.holding_cost * seen.bound_std / np.sqrt(times.stage_ticks)
    service = np.zeros(component.n_stages, np.int64)
    cost = float(place_cycles(times, np.array([0]), slope, service)[0])
    if not np.isfinite(cost):
        return None
    one = times.times(0)
    columns = evaluate(task, one, *one.settled(service))
    seconds = time.perf_counter() - began
    return Placement(columns, Outcome("optimal", cost, cost, 0.0, "optimal", seconds), ROUTE)
