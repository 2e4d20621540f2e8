"""Good levels of several stages, found by search: a plan to begin a proof with, not a proof."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echelon.optimization.sampled_base_stock.problem import SampledProblem
from echelon.optimization.sampled_base_stock.recursion import Reading, evaluate
from echelon.optimization.sampled_base_stock.single_level import SingleLevel

Floats = NDArray[np.float64]

_TRIES: Final = 9
"""Levels tried of a stage at once, over an interval that is halved where none of them is better."""

_FINE: Final = 1e-3
"""Width of the interval, relative to the highest level, at which the search ends."""

_STARTS: Final = (0.25, 0.75, 0.97)
"""Quantiles of the gaps at which searches begin."""

_HALVINGS: Final = 24
"""Of the price of a limit on the tail."""


def descend(problem: SampledProblem, start: Floats | None = None) -> tuple[Floats, Reading]:
    """Improve the levels of one stage after another until none helps.

    Stages that supply nobody get the level that is best for their own gaps each time
    (:class:`SingleLevel`), unless a tail ties them together. A limit on the tail is priced, and
    the price halved down to where the limit is just kept.

    Returns
    -------
    levels : (n_stages,) float64
        Targets and limits are kept.
    reading : Reading
    """
    starts = [_first(problem, q) for q in _STARTS] if start is None else [start]
    found = [_search(problem, 0.0, one) for one in starts]
    levels, reading = min(found, key=lambda one: one[1].objective)
    limit = np.inf if problem.tail is None else problem.tail.limit
    if reading.tail <= limit:
        return levels, reading
    best_levels = problem.highest  # nobody is short on any path
    best = evaluate(problem, best_levels)
    low, high, kept = 0.0, 1.0, False
    for _ in range(_HALVINGS):
        price = 0.5 * (low + high) if kept else high
        levels, reading = _search(problem, price, levels)
        if reading.tail <= limit:
            kept, high = True, price
            if reading.objective < best.objective:
                best_levels, best = levels, reading
        elif kept:
            low = price
        else:
            low, high = high, 4.0 * high
    return best_levels, best


def _search(problem: SampledProblem, price: float, start: Floats) -> tuple[Floats, Reading]:
    """Lower the objective and ``price`` times the tail, stage by stage."""
    feeding = {
        problem.points[r.point].stage for p in problem.points for r in p.routes if r.point >= 0
    }
    free = np.flatnonzero(problem.free).tolist()
    ends = [j for j in free if j not in feeding]
    moved = free if problem.tail is not None else [j for j in free if j in feeding]
    highest = problem.highest
    whole = is_whole(problem)

    def settle(levels: Floats) -> tuple[Floats, Reading, float]:
        levels = set_ends(problem, levels, ends)
        reading = evaluate(problem, levels)
        return levels, reading, reading.objective + price * reading.tail

    levels, reading, score = settle(start)
    width = 1.0
    while width > _FINE:
        before = score
        for j in moved:
            span = width * highest[j]
            tries = levels[j] + span * np.linspace(-0.5, 0.5, _TRIES)
            tries = np.unique(np.clip(np.rint(tries) if whole else tries, 0.0, highest[j]))
            for level in tries[tries != levels[j]].tolist():
                other = levels.copy()
                other[j] = level
                other, other_reading, other_score = settle(other)
                if other_score < score:
                    levels, reading, score = other, other_reading, other_score
        if not moved or score >= before - _FINE * abs(before):
            width *= 0.5
    return levels, reading


def end_stages(problem: SampledProblem) -> list[int]:
    """Stages whose level is chosen and that supply nobody."""
    feeding = {
        problem.points[route.point].stage
        for point in problem.points
        for route in point.routes
        if route.point >= 0
    }
    return [j for j in np.flatnonzero(problem.free).tolist() if j not in feeding]


def set_ends(problem: SampledProblem, levels: Floats, ends: list[int]) -> Floats:
    """Set the levels of stages that supply nobody to what is best for their gaps.

    Under a tail they are raised to what their targets need, and no further.
    """
    levels = levels.copy()
    gap = evaluate(problem, levels).gap
    alone = replace(problem, tail=None)
    for j in ends:
        targets = tuple(target for target in problem.targets if target.stage == j)
        single = SingleLevel.of(alone, j, gap)
        if problem.tail is None:
            levels[j] = single.best(targets)
        else:
            levels[j] = max([levels[j], *(single.floor(target) for target in targets)])
    return levels


def _first(problem: SampledProblem, quantile: float) -> Floats:
    """A quantile of the gaps of each stage, if nobody is short upstream."""
    levels = np.zeros(problem.n_stages)
    for j in np.flatnonzero(problem.free).tolist():
        gaps = [problem.lower[p] for p in problem.counted[j].tolist()]
        levels[j] = max(float(np.quantile(np.concatenate(gaps), quantile)), 0.0)
    return levels


def is_whole(problem: SampledProblem) -> bool:
    """Whether all gaps are whole numbers, and so the best levels are."""
    return all(
        route.share is None
        and route.units == 1.0
        and np.array_equal(route.open, np.rint(route.open))
        for point in problem.points
        for route in point.routes
    )
