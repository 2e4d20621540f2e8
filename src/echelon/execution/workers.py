"""Run pieces of work, here or in workers; a piece that fails becomes a row, not the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from typing import Generic, Literal, ParamSpec, TypeVar, cast

import numpy as np

from echelon.errors import DomainError
from echelon.progress import Progress, track

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")
Shard = TypeVar("Shard")
Backend = Literal["processes", "threads"]

_JOBLIB_NAMES = {"processes": "loky", "threads": "threading"}

_LOST = (
    "a worker process was lost, probably because memory ran out, and with it the work that was "
    "not done yet. Fix: use fewer n_jobs, or run the components that failed by themselves: "
    "network.subset(result.failures['component'])."
)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Value]):
    """What became of one piece of work: its value, or the error that ended it.

    Attributes
    ----------
    value : object or None
        What the function returned.
    error, message : str
        Class and text of the exception; both empty when all went well.
    """

    value: Value | None
    error: str = ""
    message: str = ""

    @property
    def failed(self) -> bool:
        """Whether there is an error in place of a value."""
        return bool(self.error)

    def unwrap(self) -> Value:
        """Give the value of a piece that did not fail."""
        if self.failed:
            raise DomainError(f"this piece of work failed: {self.error}: {self.message}")
        return cast(Value, self.value)


def attempt(
    function: Callable[Arguments, Value], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Outcome[Value]:
    """Call a function and keep its error, whatever it is, as an outcome.

    Interrupts and exits go through, for they are meant for the whole run.

    Examples
    --------
    >>> attempt(int, "12").value
    12
    >>> attempt(int, "twelve").error
    'ValueError'
    """
    try:
        return Outcome(function(*args, **kwargs))
    except Exception as error:
        return Outcome(None, type(error).__name__, str(error))


def check_n_jobs(n_jobs: object) -> int:
    """Give the number of workers that ``n_jobs`` means: -1 is every core, -2 all but one.

    Raises
    ------
    DomainError
        If it is 0 or not an integer.

    Examples
    --------
    >>> check_n_jobs(2)
    2
    """
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, (int, np.integer)) or n_jobs == 0:
        raise DomainError(
            f"n_jobs is {n_jobs!r}. Fix: give a number of workers, or -1 for every core."
        )
    n_jobs = int(n_jobs)
    return n_jobs if n_jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + n_jobs)


def run_shards(
    function: Callable[[Shard], Value],
    shards: Sequence[Shard],
    *,
    n_jobs: int = 1,
    backend: Backend = "processes",
    progress: Progress = False,
    label: str = "",
    weigh: Callable[[Shard], int] | None = None,
) -> Iterator[Outcome[Value]]:
    """Call ``function`` on every shard and give the outcomes in the order of the shards.

    Parameters
    ----------
    function : callable
        Of one shard. For processes, function and shards must be picklable.
    shards : sequence
        What it is called with.
    n_jobs : int, default 1
        Workers; 1 runs here, -1 uses every core.
    backend : {"processes", "threads"}, default "processes"
        Threads suit compiled kernels, which release the interpreter lock; solvers need processes.
    progress : bool, callable or None, default False
        See :data:`echelon.progress.Progress`.
    label : str
        Of the progress bar.
    weigh : callable, optional
        Units of progress in a shard; 1 each if not given.

    Yields
    ------
    Outcome
        One per shard, as soon as it and those before it are done, so that a caller who adds them
        up holds few at a time. Where a worker process is killed, by the system when memory runs
        out say, the outcomes not given until then are failures.

    Raises
    ------
    DomainError
        If ``n_jobs`` or ``backend`` is not one of those.

    Examples
    --------
    >>> [outcome.value for outcome in run_shards(abs, [-1, 2, -3])]
    [1, 2, 3]
    """
    if backend not in _JOBLIB_NAMES:
        raise DomainError(f"backend is {backend!r}. Fix: use 'processes' or 'threads'.")
    workers = min(check_n_jobs(n_jobs), max(len(shards), 1))
    return _outcomes(function, shards, workers, backend, progress, label, weigh)


def _outcomes(
    function: Callable[[Shard], Value],
    shards: Sequence[Shard],
    workers: int,
    backend: Backend,
    progress: Progress,
    label: str,
    weigh: Callable[[Shard], int] | None,
) -> Iterator[Outcome[Value]]:
    weights = [weigh(shard) if weigh else 1 for shard in shards]
    with track(progress, sum(weights), label) as advance:
        outcomes: Iterable[Outcome[Value]]
        if workers == 1:
            outcomes = (attempt(function, shard) for shard in shards)
        else:
            outcomes = _from_workers(function, shards, workers, backend)
        for weight, outcome in zip(weights, outcomes, strict=True):
            advance(weight)
            yield outcome


def _from_workers(
    function: Callable[[Shard], Value], shards: Sequence[Shard], workers: int, backend: Backend
) -> Iterator[Outcome[Value]]:
    import joblib  # 0.1 s that a run in one process need not pay

    pool = joblib.Parallel(n_jobs=workers, backend=_JOBLIB_NAMES[backend], return_as="generator")
    given = 0
    try:
        for outcome in pool(joblib.delayed(attempt)(function, shard) for shard in shards):
            given += 1
            yield outcome
    except BrokenExecutor as error:  # joblib stops all workers when one of them is gone
        lost = len(shards) - given
        yield from [Outcome(None, type(error).__name__, _LOST)] * lost
