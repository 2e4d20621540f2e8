"""Place every component, here or in workers; an interrupt leaves a plan for each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from echelon.errors import InfeasibleError
from echelon.execution.shards import cut
from echelon.execution.workers import attempt, run_shards
from echelon.optimization.placement import (
    INTERRUPTED,
    ComponentTask,
    Failure,
    Placement,
    place,
    place_unsearched,
)
from echelon.progress import Progress

_STAGES_PER_SHARD = 2_000.0


def place_all(
    tasks: Sequence[ComponentTask],
    n_jobs: int,
    progress: Progress,
    *,
    known: Mapping[int, Placement] | None = None,
) -> list[Placement | Failure]:
    """Place every component, shard by shard; what fails is kept beside what does not.

    After an interrupt, the component that was being searched keeps the best plan met, and those not
    begun get the least service times they can keep, bounded stage by stage. Workers give back
    whole shards: with them all of a shard that was not done count as not begun.

    Parameters
    ----------
    tasks : sequence of ComponentTask
    n_jobs : int
        Worker processes.
    progress : bool, callable or None
        See :data:`echelon.progress.Progress`.
    known : mapping of int to Placement, optional
        Tasks, by number, that need no search.

    Returns
    -------
    list of Placement or Failure
        One per task.
    """
    known = known or {}
    asked = [c for c in range(len(tasks)) if c not in known]
    found = dict[int, Placement | Failure](known)
    found.update(zip(asked, _searched([tasks[c] for c in asked], n_jobs, progress), strict=True))
    return [found[c] for c in range(len(tasks))]


def _searched(
    tasks: Sequence[ComponentTask], n_jobs: int, progress: Progress
) -> list[Placement | Failure]:
    ranges = cut([task.cost.component.n_stages for task in tasks], share=_STAGES_PER_SHARD)
    shards = [tasks[first:last] for first, last in ranges]
    placed: list[Placement | Failure] = []
    outcomes = run_shards(
        _place_shard, shards, n_jobs=n_jobs, progress=progress, label="placing", weigh=len
    )
    try:
        for shard, outcome in zip(shards, outcomes, strict=True):
            if outcome.value is not None:
                placed += outcome.value
            else:  # a worker was lost, and its whole shard with it
                placed += [Failure(outcome.error, outcome.message)] * len(shard)
            if any(map(_interrupted, placed[-len(shard) :])):
                break
    except KeyboardInterrupt:  # workers were at it, or it fell between two components
        pass
    return placed + [_placed(place_unsearched, task) for task in tasks[len(placed) :]]


def _place_shard(tasks: Sequence[ComponentTask]) -> list[Placement | Failure]:
    placed: list[Placement | Failure] = []
    stopped = False
    for task in tasks:
        placed.append(_placed(place_unsearched if stopped else place, task))
        stopped = stopped or _interrupted(placed[-1])
    return placed


def _interrupted(one: Placement | Failure) -> bool:
    return isinstance(one, Placement) and one.outcome.termination == INTERRUPTED


def _placed(how: Callable[[ComponentTask], Placement], task: ComponentTask) -> Placement | Failure:
    outcome = attempt(_or_explain, how, task)
    return outcome.value or Failure(outcome.error, outcome.message)


def _or_explain(
    how: Callable[[ComponentTask], Placement], task: ComponentTask
) -> Placement | Failure:
    try:
        return how(task)
    except InfeasibleError as error:
        return Failure(type(error).__name__, str(error), error.stage)
