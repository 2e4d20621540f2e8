"""Solve every component of a network, shard by shard; one without a plan is a row of failures."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import pandas as pd

from echelon.errors import InfeasibleError
from echelon.execution.shards import cut
from echelon.execution.workers import attempt, run_shards
from echelon.network.last_stages import last_stages
from echelon.network.network import Network
from echelon.optimization.target_inventory.arguments import TargetOptions
from echelon.optimization.target_inventory.live_model import LiveModel
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.pure_lot_sizing import is_lot_sizing
from echelon.optimization.target_inventory.read_network import problems_of
from echelon.optimization.target_inventory.shape import Shape
from echelon.optimization.target_inventory.solution import (
    SolvedTargets,
    TargetFailure,
    TargetSolution,
)
from echelon.optimization.target_inventory.solve import (
    TargetLimits,
    solve_problem,
    solved_by_recursion,
)
from echelon.progress import Progress
from echelon.results import FAILURE_COLUMNS

_WORK_PER_SHARD = 2_000.0
"""Stage periods solved by one worker at a time."""

_MODELS = 32
"""Declared models that a worker keeps."""

_Solved = TargetSolution | TargetFailure


def solve_targets(
    network: Network,
    options: TargetOptions,
    limits: TargetLimits,
    *,
    arguments: Mapping[str, object] | None = None,
    n_jobs: int = 1,
    progress: Progress = None,
) -> SolvedTargets:
    """Find a plan for every component.

    Parameters
    ----------
    network : Network
    options : TargetOptions
        What is planned; checked.
    limits : TargetLimits
    arguments : mapping, optional
        As the caller gave them, for the record.
    n_jobs : int, default 1
        Worker processes.
    progress : bool, callable or None

    Returns
    -------
    SolvedTargets

    Raises
    ------
    TableError
        As :func:`~.read_network.problems_of` does.
    """
    began = time.perf_counter()
    read = problems_of(network, options)
    laid_out = time.perf_counter()
    solutions = _solve_all(read.problems, limits, n_jobs, progress)
    done = time.perf_counter()
    return SolvedTargets(
        network=network,
        problems=read.problems,
        solutions=solutions,
        rounded_times=read.rounded_times,
        arguments=dict(arguments or {}),
        seconds={"reading": laid_out - began, "solving": done - laid_out},
        failures=_failures(network, read.problems, solutions),
    )


def _solve_all(
    problems: Sequence[TargetProblem], limits: TargetLimits, n_jobs: int, progress: Progress
) -> list[_Solved]:
    found: dict[int, _Solved] = {}
    if limits.method == "auto":
        found.update(_recursion(problems))
    left = [k for k in range(len(problems)) if k not in found]
    work = [float(problems[k].n_stages * problems[k].n_periods) for k in left]
    ranges = cut(work, share=_WORK_PER_SHARD)
    shards = [([problems[k] for k in left[first:last]], limits) for first, last in ranges]
    outcomes = run_shards(
        _solve_shard, shards, n_jobs=n_jobs, progress=progress, label="planning", weigh=_size
    )
    solved: list[_Solved] = []
    for (shard, _), outcome in zip(shards, outcomes, strict=True):
        if outcome.value is not None:
            solved += outcome.value
        else:  # a worker was lost, and its whole shard with it
            solved += [TargetFailure(outcome.error, outcome.message)] * len(shard)
    found.update(zip(left, solved, strict=True))
    return [found[k] for k in range(len(problems))]


def _size(shard: tuple[Sequence[TargetProblem], TargetLimits]) -> int:
    return len(shard[0])


def _recursion(problems: Sequence[TargetProblem]) -> dict[int, _Solved]:
    """Solve what is lot sizing and no more, all of one horizon in one call."""
    by_length: dict[int, list[int]] = {}
    for k, problem in enumerate(problems):
        if is_lot_sizing(problem):
            by_length.setdefault(problem.n_periods, []).append(k)
    found: dict[int, _Solved] = {}
    for places in by_length.values():
        solutions = solved_by_recursion([problems[k] for k in places])
        found.update(zip(places, solutions, strict=True))
    return found


def _solve_shard(shard: tuple[Sequence[TargetProblem], TargetLimits]) -> list[_Solved]:
    problems, limits = shard
    models: dict[Shape, LiveModel] = {}
    solved: list[_Solved] = []
    for problem in problems:
        outcome = attempt(_solved_or_why_not, problem, limits, models)
        solved.append(outcome.value or TargetFailure(outcome.error, outcome.message))
        while len(models) > _MODELS:
            del models[next(iter(models))]
    return solved


def _solved_or_why_not(
    problem: TargetProblem, limits: TargetLimits, models: dict[Shape, LiveModel]
) -> _Solved:
    try:
        return solve_problem(problem, limits, models)
    except InfeasibleError as error:
        return TargetFailure(type(error).__name__, str(error), error.stage)


def _failures(
    network: Network, problems: Sequence[TargetProblem], solutions: Sequence[_Solved]
) -> pd.DataFrame:
    rows = []
    for problem, solved in zip(problems, solutions, strict=True):
        if isinstance(solved, TargetFailure):
            stages = last_stages(network, problem.components)
            if solved.stage is not None:
                stages = [problem.labels[solved.stage]] * len(stages)
            rows += [
                (component, *stage, solved.error, solved.message)
                for component, stage in zip(problem.components, stages, strict=True)
            ]
    return pd.DataFrame(rows, columns=list(FAILURE_COLUMNS), dtype=object)
