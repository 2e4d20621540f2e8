"""The search of one component: samples that grow until a new one has nothing to add."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import numpy as np

from echelon.network.compiled import Booleans, Floats
from echelon.optimization.simulated_base_stock.descent import Multipliers, descend
from echelon.optimization.simulated_base_stock.moves import by_moves
from echelon.optimization.simulated_base_stock.problem import Problem
from echelon.optimization.simulated_base_stock.restore import restore
from echelon.optimization.simulated_base_stock.sample import Sample

FIRST_RUNS: Final = 32
GROWTH: Final = 4
_MOST_BY_MOVES: Final = 30
"""Stages; what derivatives leave out is mended in components of so many."""

_MOST_NUMBERS: Final = 30_000_000
"""Draws of a sample that are kept at once; more would not fit into the memory of a laptop."""

_LATER: Final = 4
_LATER_RUNS: Final = 64
"""Runs, and their length in that of the search, that tell whether service lasts."""

_SCOUTING_TURNS: Final = 2
"""Corrections of multipliers before the starts are compared."""

_ONE_SIDED: Final = 1.645
"""Standard normal quantile of 0.95."""


@dataclass(frozen=True, slots=True)
class Round:
    """One sample.

    Attributes
    ----------
    runs, evaluations : int
        Runs in the sample; times that all of them were run, forwards, or also backwards.
    seconds : float
        Since the search began.
    cost_before, cost : float
        Of the levels it began with and of those it found, on this sample, money per period.
    gap : float
        By how much the former can be above the least cost in reach, money per period: the
        difference and 1.645 of its standard errors. NaN for the first sample, which chose the
        levels it began with itself and so cannot judge them.
    met : bool
        Whether all targets are, on this sample.
    """

    runs: int
    evaluations: int
    seconds: float
    cost_before: float
    cost: float
    gap: float
    met: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What the search of a component came to.

    Attributes
    ----------
    levels : (n_stages,) float64
    rounds : tuple of Round
    settled : bool
        Whether the gap fell below the tolerance before runs ran out.
    met : bool
        Whether all targets are, on the last sample.
    fading : (n_targets,) bool
        Targets that are missed when the runs go on for four times their length.
    """

    levels: Floats
    rounds: tuple[Round, ...]
    settled: bool
    met: bool
    fading: Booleans


def search(problem: Problem, *, tolerance: float, most_runs: int) -> Found:
    """Search levels of least cost on samples that have no run in common.

    The levels that one sample chose are judged by the next, which had no part in choosing them:
    the mean difference between their cost and the least on the new sample is no less than their
    distance from the best, on average [1]_. Its confidence bound is the gap that stops the search.

    References
    ----------
    .. [1] Mak, Morton & Wood (1999), Monte Carlo bounding techniques for determining solution
       quality in stochastic programs, *Operations Research Letters* 24(1-2).
    """
    began = time.perf_counter()
    most_runs = max(min(most_runs, _MOST_NUMBERS // problem.numbers_per_run), 2)
    sample = Sample(problem, 0, min(FIRST_RUNS, most_runs))
    levels, multipliers = _scouted(sample)
    rounds: list[Round] = []
    used, settled = 0, False
    while True:
        before, was_met = restore(sample, problem.rounded(levels))
        after, met = _improved(sample, before, multipliers)
        old, new = sample.read(before), sample.read(after)
        if (not met, new.mean) > (not was_met, old.mean):
            after, new, met = before, old, was_met
        difference = old.cost - new.cost
        error = difference.std(ddof=1) / len(difference) ** 0.5 if len(difference) > 1 else np.inf
        gap = max(float(difference.mean()) + _ONE_SIDED * float(error), 0.0)
        gap = gap if rounds else float("nan")
        seconds = time.perf_counter() - began
        rounds.append(
            Round(sample.n_runs, sample.evaluations, seconds, old.mean, new.mean, gap, met)
        )
        settled = gap <= tolerance * abs(new.mean)
        if settled or sample.n_runs >= most_runs:
            used += sample.n_runs
            return _final(problem, after, met, rounds, settled, used, most_runs)
        used += sample.n_runs
        sample = Sample(problem, used, min(GROWTH * sample.n_runs, most_runs))
        levels = after


def _final(
    problem: Problem,
    levels: Floats,
    met: bool,
    rounds: list[Round],
    settled: bool,
    used: int,
    most_runs: int,
) -> Found:
    """Meet targets on a sample larger than the one that will judge, so that chance decides less."""
    if not problem.targets:
        return Found(levels, tuple(rounds), settled, met, np.zeros(0, dtype=np.bool_))
    runs = max(min(GROWTH * most_runs, _MOST_NUMBERS // problem.numbers_per_run), 2)
    sample = Sample(problem, used, runs)
    levels, met = restore(sample, levels, reach=0.05)
    # where supply is below demand, stock to start with meets any target over a given time
    later = problem.continued(_LATER)
    runs = max(min(_LATER_RUNS, _MOST_NUMBERS // later.numbers_per_run), 2)
    fading = Sample(later, used, runs).missed(levels)
    return Found(levels, tuple(rounds), settled, met, fading)


def _scouted(sample: Sample) -> tuple[Floats, Multipliers]:
    """The bottom, more or less, of the deepest of the valleys in which the starts are.

    The cost of levels is not convex: a stage that holds nothing, and one that holds for those
    below it, are often both better than what lies between.
    """
    problem = sample.problem
    tried: list[tuple[bool, float, int, Floats, Multipliers]] = []
    for number, start in enumerate(problem.starts):
        levels, met = restore(sample, problem.rounded(start))
        multipliers = Multipliers.first(sample, levels)
        tried.append((not met, sample.read(levels).mean, number, levels, multipliers))
        if problem.free.any():
            levels = descend(sample, levels, multipliers, turns=_SCOUTING_TURNS)
            levels, met = restore(sample, levels)
            tried.append((not met, sample.read(levels).mean, number, levels, multipliers))
    *_, levels, multipliers = min(tried, key=lambda one: one[:3])
    return levels, multipliers


def _improved(sample: Sample, levels: Floats, multipliers: Multipliers) -> tuple[Floats, bool]:
    """Descend; then move in whole units, or in small steps where slopes leave something out."""
    problem = sample.problem
    if problem.free.any():
        levels = descend(sample, levels, multipliers)
        whole = bool((problem.step[problem.free] > 0.0).any())
        if problem.by_factor:
            levels = problem.rounded(levels)
        elif whole or (problem.slopes_leave_out and problem.n_stages <= _MOST_BY_MOVES):
            levels = by_moves(sample, levels)
    return restore(sample, levels)
