"""What levels come to on the paths: the sampled problem, evaluated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echelon.optimization.sampled_base_stock.problem import SampledProblem, Target

Floats = NDArray[np.float64]

ROUNDING = 1e-9
"""Units late, relative to the gap, that are none (4.7)."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What levels come to, money per period unless told otherwise.

    Attributes
    ----------
    gap, late : list of float64 arrays
        Per point, units (n_scenarios,).
    loss : (n_scenarios,) float64
        Shortage cost of each path.
    holding, shortage, tail : float
        Means over paths; conditional value at risk of the shortage cost, 0 where not asked for.
    objective : float
    """

    gap: list[Floats]
    late: list[Floats]
    loss: Floats
    holding: float
    shortage: float
    tail: float
    objective: float


def evaluate(problem: SampledProblem, levels: Floats) -> Reading:
    """Follow all paths under levels (n_stages,): gaps, late units and costs."""
    gap: list[Floats] = []
    late: list[Floats] = []
    parts = np.zeros(problem.n_scenarios)
    of_parts = {int(p) for stage in problem.counted for p in stage}
    for number, point in enumerate(problem.points):
        routes = [route.gap(late) for route in point.routes]
        gap.append(np.maximum.reduce(routes))
        late.append(np.maximum(gap[-1] - levels[point.stage], 0.0))
        if len(routes) > 1 and number in of_parts:
            weight = 1.0 / len(problem.counted[point.stage])
            for cost, one in zip(problem.part_cost[point.stage], routes, strict=True):
                parts += weight * cost * (gap[-1] - one)
    holding, loss = parts, np.zeros(problem.n_scenarios)
    for j, numbers in enumerate(problem.counted):
        for p in numbers.tolist():
            weight = 1.0 / len(numbers)
            on_hand = levels[j] - gap[p] + late[p]
            holding = holding + weight * problem.holding_cost[j] * on_hand
            loss += weight * problem.backorder_cost[j] * late[p]
    return priced(problem, gap, late, float(holding.mean()), loss)


def priced(
    problem: SampledProblem, gap: list[Floats], late: list[Floats], holding: float, loss: Floats
) -> Reading:
    """Put holding and the losses of paths together to the objective."""
    shortage = float(loss.mean())
    tail = 0.0 if problem.tail is None else problem.tail.of(loss)
    weight = 0.0 if problem.tail is None else problem.tail.weight
    objective = holding + (1.0 - weight) * shortage + weight * tail
    return Reading(gap, late, loss, holding, shortage, tail, objective)


def service(problem: SampledProblem, reading: Reading, target: Target) -> float:
    """What customers of a stage get by the measure of a target, 1 where nothing is asked for."""
    if target.measure == "fill":
        due = sum(
            float(problem.points[p].due_customers.sum()) for p in problem.counted[target.stage]
        )
        return 1.0 - new_late(problem, reading.late, target.stage) / due if due > 0.0 else 1.0
    groups = problem.cycles[target.stage]
    if target.measure == "ready":
        groups = tuple(p[None] for p in problem.counted[target.stage])
    short = np.array([np.any([_short(reading, p) for p in group], axis=0) for group in groups])
    return float(1.0 - short.mean())


def new_late(problem: SampledProblem, late: list[Floats], stage: int) -> float:
    """Units of customers that are not served in the period they are asked for, over all paths.

    First come: what is late at the end of a period is what was asked for last (9.5).
    """
    units = 0.0
    for p in problem.counted[stage].tolist():
        point = problem.points[p]
        share = np.divide(
            point.due_customers, point.due, out=np.zeros_like(point.due), where=point.due > 0.0
        )
        units += float((share * np.minimum(late[p], point.due)).sum())
    return units


def _short(reading: Reading, p: int) -> NDArray[np.bool_]:
    return np.asarray(reading.late[p] > ROUNDING * (1.0 + np.abs(reading.gap[p])))


def allowed(target: Target, n_events: int) -> int:
    """How many of ``n_events`` cycles or periods may end short."""
    return int(np.floor((1.0 - target.level) * n_events * (1.0 + ROUNDING) + ROUNDING))
