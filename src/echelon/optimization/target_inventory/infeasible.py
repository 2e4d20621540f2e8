"""What a component without a plan cannot meet: the plan that misses its limits by the least."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import pyomo.environ as pyo

from echelon.optimization.solvers import solve
from echelon.optimization.target_inventory.model import build_target_model
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.tables import label_of

_MISSED = 1e-6
_MOST = 5
"""Limits that a message tells of."""

_LIMITS = {
    "must_serve": "demand of {stage} is not met: {missed} units",
    "within_capacity": "{stage} is to start more than its capacity: {missed} units",
    "within_resource": "more is to be used of {resource!r} than there is: {missed}",
    "as_frozen": "the frozen order of {stage} cannot stay as it is: {missed} units",
    "no_stock": "{stage}, which may hold no stock, is left with some: {missed} units",
}


@dataclass(frozen=True, slots=True)
class _Miss:
    kind: str
    who: int
    period: int
    amount: float


def explain(problem: TargetProblem, time_limit: float | None) -> tuple[str, int | None]:
    """Say which limits a component cannot keep together, and at which stage.

    Every limit may be missed for a price, each miss measured against the size of the limits of its
    kind; the plan that misses the least in sum is told of.

    Returns
    -------
    message : str
        With remedy.
    stage : int or None
        The first that is told of.
    """
    misses = _misses(problem, time_limit)
    if not misses:
        return (
            "there is no plan, and none was found even where limits may be missed. Fix: look for "
            "a stage that can never order (its reviews, its calendar) and has to.",
            None,
        )
    told = [_in_words(problem, kind, who, list(some)) for (kind, who), some in _grouped(misses)]
    more = f"; and {len(told) - _MOST} more" if len(told) > _MOST else ""
    kinds = {miss.kind for miss in misses}
    remedies = []
    if "must_serve" in kinds:
        remedies.append(
            "give a backorder_cost or lost_sale_cost, which prices what is late or lost, or more "
            "stock or open orders for the periods before the first order can be there"
        )
    if kinds - {"must_serve"}:
        remedies.append("give more of what is short, or correct the frozen orders")
    first = next((miss.who for miss in misses if miss.kind not in ("within_resource",)), None)
    stage = None
    if first is not None:
        miss = next(miss for miss in misses if miss.kind != "within_resource")
        stage = _stage_of(problem, miss.kind, first)
    text = "; ".join(told[:_MOST]) + more
    return f"there is no plan: {text}. Fix: {'; '.join(remedies)}.", stage


def _misses(problem: TargetProblem, time_limit: float | None) -> list[_Miss]:
    """Limits that the plan misses which misses the least in sum."""
    nothing = np.zeros_like
    relaxed = replace(
        problem,
        holding_cost=nothing(problem.holding_cost),
        must_serve=np.zeros_like(problem.must_serve),
        lost_share=np.where(problem.must_serve, 1.0, problem.lost_share),
        floor=nothing(problem.floor),
    )
    model = build_target_model(relaxed)
    model.cost.deactivate()
    for follows in (model.covered, model.left_of_lots, model.short_of_lots):
        follows.deactivate()  # they follow from what is relaxed here
    rows = list(_rows(problem, model))
    block = pyo.Block(concrete=True)
    model.add_component("elastic", block)
    block.row = pyo.RangeSet(0, len(rows) - 1)
    block.above = pyo.Var(block.row, domain=pyo.NonNegativeReals, doc="by which a limit is passed")
    block.below = pyo.Var(block.row, domain=pyo.NonNegativeReals, doc="by which one is missed")
    block.kept = pyo.ConstraintList(doc="the limits, which may be missed")
    scales = _scales(problem)
    for k, (kind, _, _, body, lower, upper) in enumerate(rows):
        slack = scales[kind] * (block.below[k] - block.above[k])
        if lower is not None:
            block.kept.add(body + slack >= lower)
        if upper is not None:
            block.kept.add(body + slack <= upper)
    block.miss = pyo.Objective(expr=sum(block.below[k] + block.above[k] for k in block.row))
    outcome = solve(model, "highs", gap=1e-3, time_limit=time_limit)
    if outcome.status not in ("optimal", "feasible"):
        return []
    found = []
    for k, (kind, who, t, *_) in enumerate(rows):
        missed = float(block.below[k].value + block.above[k].value)
        if missed > _MISSED:
            found.append(_Miss(kind, who, t, missed * scales[kind]))
    return found


def _rows(problem: TargetProblem, model: Any) -> Iterator[tuple[str, int, int, Any, Any, Any]]:
    """Kind, whose, period, body and bounds of each limit; those of the model are switched off."""
    for d, t in model.UNMET:
        if problem.must_serve[d]:
            yield "must_serve", d, t, model.unmet[d, t], None, 0.0
    for kind in _LIMITS:
        if kind != "must_serve":
            constraint = getattr(model, kind)
            constraint.deactivate()
            for (who, t), row in constraint.items():
                yield kind, who, t, row.body, row.lower, row.upper


def _scales(problem: TargetProblem) -> dict[str, float]:
    """Size of the limits of each kind."""
    p = problem
    unit = max(float(p.demand.max(initial=0.0)), float(np.nan_to_num(p.fixed_order).max()), 1e-9)
    finite = p.resource_capacity[np.isfinite(p.resource_capacity)]
    scales = dict.fromkeys(_LIMITS, unit)
    return scales | {"within_resource": max(float(finite.max(initial=0.0)), 1.0)}


def _grouped(misses: list[_Miss]) -> Iterator[tuple[tuple[str, int], Iterator[_Miss]]]:
    return groupby(misses, key=lambda miss: (miss.kind, miss.who))


def _stage_of(problem: TargetProblem, kind: str, who: int) -> int:
    return int(problem.demand_stage[who]) if kind == "must_serve" else who


def _in_words(problem: TargetProblem, kind: str, who: int, misses: list[_Miss]) -> str:
    stage, resource = "", ""
    if kind == "within_resource":
        resource = problem.resources[who]
    else:
        stage = label_of(*problem.labels[_stage_of(problem, kind, who)])
    missed = f"{sum(miss.amount for miss in misses):,.6g}"
    periods = sorted({miss.period for miss in misses})
    when = f"period {periods[0]}" if len(periods) == 1 else f"periods {_ranges(periods)}"
    return f"{_LIMITS[kind].format(stage=stage, resource=resource, missed=missed)} in {when}"


def _ranges(periods: list[int]) -> str:
    """Write whole numbers as ranges.

    Examples
    --------
    >>> _ranges([0, 1, 2, 5])
    '0 to 2, 5'
    """
    runs: list[list[int]] = []
    for t in periods:
        if runs and runs[-1][-1] == t - 1:
            runs[-1].append(t)
        else:
            runs.append([t])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
