"""Place every component, here or in workers; an interrupt leaves a plan for each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

from echelon.errors import InfeasibleError
from echelon.execution import (
    Ledger,
    Outcome,
    attempt,
    attempt_twice,
    cut_by_key,
    digest_of,
    run_shards,
)
from echelon.execution.algebra import algebra_in_one_thread
from echelon.execution.limits import within
from echelon.network.network import Network
from echelon.optimization.made_ready import made_ready
from echelon.optimization.placement import (
    INTERRUPTED,
    ComponentTask,
    Failure,
    Placement,
    place,
    place_unsearched,
)
from echelon.optimization.task_shard import TaskShard
from echelon.progress import Progress

_STAGES_PER_SHARD = 2_000.0

_PATIENCE: Final = 2.0
"""Time limits after which a component that does not stop by itself is stopped."""

_LEAST_PATIENCE: Final = 60.0
"""Seconds more than the time limit, at least: a worker may still be loading what it needs."""

Placed = Placement | Failure


@dataclass(frozen=True, slots=True)
class Way:
    """How the shards of a network are done, and where what is finished is kept.

    Attributes
    ----------
    n_jobs : int
        Workers.
    backend : {"processes", "dask"}
    progress : bool, callable or None
        See :data:`echelon.progress.Progress`.
    ledger : Ledger, optional
    names : sequence of str
        Of the components: a change elsewhere does not change how they are cut into shards. Their
        numbers where there are none.
    digests : sequence of str
        Of what the components are and what is asked of them; with a ledger.
    """

    n_jobs: int = 1
    backend: Literal["processes", "dask"] = "processes"
    progress: Progress = None
    ledger: Ledger | None = None
    names: Sequence[str] = ()
    digests: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        network: Network,
        n_jobs: int,
        backend: Literal["processes", "dask"],
        progress: Progress,
        ledger: Ledger | None,
        *asked: object,
    ) -> Way:
        """Name the components of a network, and say by digests what is ``asked`` of each."""
        compiled = network.compiled
        first = compiled.stage_row[compiled.component_ptr[:-1]]
        keys = (network.cells("stages", name)[first] for name in ("item", "location"))
        names = [f"{item}\0{location}" for item, location in zip(*keys, strict=True)]
        digests: list[str] = []
        if ledger is not None:
            digests = [digest_of("placing", own, *asked) for own in network.component_digests()]
        return cls(n_jobs, backend, progress, ledger, names, digests)

    def among(self, components: Sequence[int]) -> Way:
        """Give the way for some of the components, which are then numbered anew."""
        names = [self.names[c] for c in components] if self.names else ()
        digests = [self.digests[c] for c in components] if self.digests else ()
        return replace(self, names=names, digests=digests)

    def key(self, components: Sequence[int]) -> str:
        """Of some components together, in the ledger."""
        return digest_of([self.digests[c] for c in components])


def place_all(
    tasks: Sequence[ComponentTask], way: Way, *, known: Mapping[int, Placement] | None = None
) -> list[Placed]:
    """Place every component, shard by shard; what fails is kept beside what does not.

    A component that fails is tried once more, unless it has no plan. Where a worker is lost, or is
    stopped because it does not stop by itself, the components of its shard are tried one by one,
    so that the one at fault fails and the others do not.

    After an interrupt, the component that was being searched keeps the best plan met, and those not
    begun get the least service times they can keep, bounded stage by stage. Workers give back
    whole shards: with them all of a shard that was not done count as not begun.

    Parameters
    ----------
    tasks : sequence of ComponentTask
    way : Way
    known : mapping of int to Placement, optional
        Tasks, by number, that need no search.

    Returns
    -------
    list of Placement or Failure
        One per task.
    """
    found = dict[int, Placed](known or {})
    asked = [c for c in range(len(tasks)) if c not in found]
    found.update(zip(asked, _searched(tasks, asked, way), strict=True))
    return [found[c] for c in range(len(tasks))]


def _searched(tasks: Sequence[ComponentTask], asked: list[int], way: Way) -> list[Placed]:
    work = [tasks[c].cost.component.n_stages for c in asked]
    names = [way.names[c] if way.names else str(c) for c in asked]
    if way.n_jobs == 1 and way.ledger is None and sum(work) <= 2.0 * _STAGES_PER_SHARD:
        ranges = [(0, len(asked))] if asked else []  # what is made for a shard is made once
    else:
        ranges = cut_by_key(work, names, share=_STAGES_PER_SHARD)
    shards = [asked[first:last] for first, last in ranges]
    placed: list[Placed] = []
    patience = _patience(tasks[asked[0]]) if asked else None
    outcomes = run_shards(
        partial(_place_shard, patience),
        [TaskShard([tasks[c] for c in shard]) for shard in shards],
        n_jobs=way.n_jobs,
        backend=way.backend,
        progress=way.progress,
        label="placing",
        weigh=len,
        ledger=way.ledger,
        keys=None if way.ledger is None else [way.key(shard) for shard in shards],
        keep=_is_worth_keeping,
        retries=0,
    )
    try:
        for shard, outcome in zip(shards, outcomes, strict=True):
            if outcome.value is not None:
                placed += outcome.value
            else:  # a worker was lost, and its whole shard with it
                placed += _one_by_one(tasks, shard, way)
            if any(map(_interrupted, placed[-len(shard) :])):
                break
    except KeyboardInterrupt:  # workers were at it, or it fell between two components
        pass
    return placed + unsearched([tasks[c] for c in asked[len(placed) :]])


def unsearched(tasks: Sequence[ComponentTask]) -> list[Placed]:
    """Give components the least service times they can keep, bounded stage by stage."""
    return [_as_placed(attempt(_or_explain, place_unsearched, task)) for task in tasks]


def placed_or_failed(task: ComponentTask) -> Placed:
    """Place one component here and now, or say why it has no plan."""
    return _as_placed(attempt_twice(_or_explain, place, task))


def _one_by_one(tasks: Sequence[ComponentTask], shard: Sequence[int], way: Way) -> list[Placed]:
    """Place the components of a shard that was lost, each by itself."""
    outcomes = run_shards(
        _place_alone,
        [tasks[c] for c in shard],
        n_jobs=way.n_jobs,
        backend=way.backend,
        isolated=True,
        ledger=way.ledger,
        keys=None if way.ledger is None else [way.key([c]) for c in shard],
        keep=_is_worth_keeping_alone,
        time_limit=_patience(tasks[shard[0]]),
    )
    placed = list(map(_as_placed, outcomes))
    if way.ledger is not None and _is_worth_keeping(placed):
        way.ledger.write(way.key(shard), placed, label="placing")
    return placed


@algebra_in_one_thread()
def _place_alone(task: ComponentTask) -> Placement | Failure:
    return _or_explain(place, task)


@algebra_in_one_thread()
def _place_shard(patience: float | None, shard: TaskShard) -> list[Placed]:
    placed: list[Placed] = []
    stopped = False
    # should that fail, each is placed by itself, and the one at fault fails alone
    for one in attempt(made_ready, shard.tasks).value or shard.tasks:
        if isinstance(one, Placement):
            placed.append(one)
        else:
            how = place_unsearched if stopped else place
            placed.append(_as_placed(attempt_twice(_in_time, patience, how, one)))
        stopped = stopped or _interrupted(placed[-1])
    return placed


def _interrupted(one: Placed) -> bool:
    return isinstance(one, Placement) and one.outcome.termination == INTERRUPTED


def _is_worth_keeping(placed: Sequence[Placed]) -> bool:
    return all(map(_is_worth_keeping_alone, placed))


def _is_worth_keeping_alone(one: Placed) -> bool:
    """Whether another try would end the same way."""
    return one.hopeless if isinstance(one, Failure) else not _interrupted(one)


def _patience(task: ComponentTask) -> float | None:
    """Seconds after which a component that should have stopped is stopped."""
    limit = task.limits.time_limit
    return None if limit is None else max(_PATIENCE * limit, limit + _LEAST_PATIENCE)


def _as_placed(outcome: Outcome[Placed]) -> Placed:
    return outcome.value or Failure(outcome.error, outcome.message, hopeless=outcome.hopeless)


def _in_time(
    patience: float | None, how: Callable[[ComponentTask], Placement], task: ComponentTask
) -> Placed:
    with within(patience):
        return _or_explain(how, task)


def _or_explain(how: Callable[[ComponentTask], Placement], task: ComponentTask) -> Placed:
    try:
        return how(task)
    except InfeasibleError as error:
        return Failure(type(error).__name__, str(error), error.stage, hopeless=True)
