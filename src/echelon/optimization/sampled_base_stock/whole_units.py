"""Levels in whole units, where customers buy whole units: the best of those around the levels."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echelon.optimization.outcome import Outcome, relative_gap
from echelon.optimization.sampled_base_stock.descent import end_stages, set_ends
from echelon.optimization.sampled_base_stock.problem import SampledProblem
from echelon.optimization.sampled_base_stock.recursion import ROUNDING, Reading, evaluate, service
from echelon.optimization.sampled_base_stock.solve import Solution

Floats = NDArray[np.float64]

_MOST_CHOICES: Final = 64
"""Combinations of up and down that are tried; beyond that all go up."""


def in_whole_units(
    problem: SampledProblem, solution: Solution, step: Floats, gap: float
) -> Solution:
    """Move levels to multiples of their steps, so that all targets stay met.

    Where one level decides the cost is convex in it and targets are floors under it, so the better
    of the two multiples around the best level is the best multiple. Elsewhere stages that supply
    others go up or down in all ways, and those with customers follow; the bound stays that of
    levels of any size.

    Parameters
    ----------
    problem : SampledProblem
    solution : Solution
    step : (n_stages,) float64
        0 where any level will do.
    gap : float
        Relative, up to which the levels count as optimal.
    """
    levels = solution.levels
    if _are_multiples(levels, step):
        return solution
    ends = end_stages(problem)
    inner = [j for j in np.flatnonzero(problem.free).tolist() if j not in ends]
    best = _up(levels, step, list(range(len(levels))))
    reading = evaluate(problem, best)
    for some in _rounded_ways(levels, step, inner):
        tried = set_ends(problem, some, ends) if inner else some
        for j in ends:
            tried = _end_rounded(problem, tried, step, j)
        found = evaluate(problem, tried)
        if _keeps(problem, found) and found.objective < reading.objective:
            best, reading = tried, found
    return replace(
        solution,
        levels=best,
        reading=reading,
        outcome=_told(solution.outcome, reading, gap, alone=problem.single >= 0),
    )


def _are_multiples(levels: Floats, step: Floats) -> bool:
    some = step > 0.0
    return bool(np.array_equal(levels[some], np.rint(levels[some] / step[some]) * step[some]))


def _up(levels: Floats, step: Floats, stages: list[int], *, down: bool = False) -> Floats:
    """Levels with those of some stages at the next multiple; what is one to rounding stays."""
    levels = levels.copy()
    for j in stages:
        if step[j] > 0.0:
            parts = levels[j] / step[j]
            near = np.floor(parts + ROUNDING) if down else np.ceil(parts - ROUNDING)
            levels[j] = near * step[j] + 0.0
    return levels


def _rounded_ways(levels: Floats, step: Floats, inner: list[int]) -> list[Floats]:
    some = [j for j in inner if step[j] > 0.0 and levels[j] % step[j] != 0.0]
    if 2 ** len(some) > _MOST_CHOICES:
        return [_up(levels, step, some)]
    ways = []
    for choice in itertools.product((False, True), repeat=len(some)):
        tried = levels
        for j, down in zip(some, choice, strict=True):
            tried = _up(tried, step, [j], down=down)
        ways.append(tried)
    return ways


def _end_rounded(problem: SampledProblem, levels: Floats, step: Floats, j: int) -> Floats:
    """The level of a stage that supplies nobody, down where that keeps all and costs less."""
    high, low = _up(levels, step, [j]), _up(levels, step, [j], down=True)
    above, below = evaluate(problem, high), evaluate(problem, low)
    return low if _keeps(problem, below, j) and below.objective <= above.objective else high


def _keeps(problem: SampledProblem, reading: Reading, stage: int | None = None) -> bool:
    """Whether targets, of all stages or of one, and the limit on the tail are kept."""
    wanted = [one for one in problem.targets if stage is None or one.stage == stage]
    met = all(service(problem, reading, one) >= one.level - ROUNDING for one in wanted)
    limit = np.inf if problem.tail is None else problem.tail.limit
    return met and reading.tail <= limit * (1.0 + 1e-7) + 1e-7


def _told(outcome: Outcome, reading: Reading, gap: float, *, alone: bool) -> Outcome:
    objective = reading.objective
    if alone and outcome.status == "optimal":
        return replace(outcome, objective=objective, bound=objective, gap=0.0)
    left = relative_gap(objective, outcome.bound)
    return replace(
        outcome,
        status="optimal" if left <= gap else "feasible",
        objective=objective,
        gap=left,
        termination=f"{outcome.termination}, then to whole units",
    )
