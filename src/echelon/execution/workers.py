"""Run pieces of work, here or in workers; a piece that fails becomes a row, not the end."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, Literal, TypeVar, get_args

import numpy as np

from echelon.errors import DomainError, FolderError
from echelon.execution.digest import digest_of
from echelon.execution.job import InLedger, Job
from echelon.execution.ledger import Ledger
from echelon.execution.limits import require_limits
from echelon.execution.outcome import Outcome, attempt
from echelon.execution.slots import Slots
from echelon.progress import Progress, track

__all__ = ["Backend", "Outcome", "attempt", "check_backend", "check_n_jobs", "run_shards"]

Value = TypeVar("Value")
Shard = TypeVar("Shard")
Backend = Literal["processes", "threads", "dask"]

_LOG = logging.getLogger(__name__)


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


def check_backend(backend: object, known: Sequence[str] = get_args(Backend)) -> None:
    """Refuse what is no way of running shards.

    Raises
    ------
    DomainError
    """
    if backend not in known:
        names = [repr(name) for name in known]
        listed = f"{', '.join(names[:-1])} or {names[-1]}"
        raise DomainError(f"backend is {backend!r}. Fix: use {listed}.")


def run_shards(
    function: Callable[[Shard], Value],
    shards: Sequence[Shard],
    *,
    n_jobs: int = 1,
    backend: Backend = "processes",
    progress: Progress = False,
    label: str = "",
    weigh: Callable[[Shard], int] | Sequence[int] | None = None,
    ledger: Ledger | None = None,
    keys: Sequence[str] | None = None,
    keep: Callable[[Value], bool] | None = None,
    retries: int = 1,
    time_limit: float | None = None,
    memory_limit: float | None = None,
    isolated: bool = False,
) -> Iterator[Outcome[Value]]:
    """Call ``function`` on every shard and give the outcomes in the order of the shards.

    A shard that fails is tried again, unless the error is a mistake that somebody has to mend; what
    was lost with its worker is tried again alone, so that a neighbour that took the memory does not
    count against it. What fails then is an outcome with an error, and the others go on.

    Parameters
    ----------
    function : callable
        Of one shard. For processes and Dask, function and shards must be picklable.
    shards : sequence
        What it is called with. An item is asked for when a worker takes it.
    n_jobs : int, default 1
        Workers; 1 runs here, -1 uses every core.
    backend : {"processes", "threads", "dask"}, default "processes"
        Threads suit compiled kernels, which release the interpreter lock; solvers need processes.
        With Dask the workers are those of the client that is running; where there is none, a
        cluster of ``n_jobs`` processes on this machine is started, and closed at the end.
    progress : bool, callable or None, default False
        See :data:`echelon.progress.Progress`.
    label : str
        Of the progress bar, and of entries in the ledger.
    weigh : callable or sequence of int, optional
        Units of progress in a shard, as a function of it or one number for each; 1 each if not
        given.
    ledger : Ledger, optional
        Shards that are in it are not done again; the others are written into it by the workers.
    keys : sequence of str, optional
        Of the shards in the ledger; digests of the function and the shard if not given.
    keep : callable, optional
        Whether a value is to be written down; all are if not given.
    retries : int, default 1
        Tries after the first.
    time_limit : float, optional
        Seconds for one try. A worker that is inside a solver then is ended; what runs here is
        interrupted between two steps of Python.
    memory_limit : float, optional
        Bytes that a worker may hold; one that holds more is ended. With Dask, of the workers of the
        cluster that is started here. What runs here has no limit.
    isolated : bool, default False
        Whether a single worker process, or a single shard, is kept out of this process too, which
        then survives whatever becomes of it.

    Yields
    ------
    Outcome
        One per shard, as soon as it and those before it are done, so that a caller who adds them
        up holds few at a time.

    Raises
    ------
    DomainError
        If an argument is outside what it may be.
    MissingExtraError
        If Dask is asked for and not installed.
    FolderError
        If the ledger cannot be written.

    Examples
    --------
    >>> [outcome.value for outcome in run_shards(abs, [-1, 2, -3])]
    [1, 2, 3]
    """
    check_backend(backend)
    require_limits(time_limit, memory_limit, backend)
    if retries < 0:
        raise DomainError(f"retries is {retries!r}. Fix: give a whole number, 0 or more.")
    if keys is not None and len(keys) != len(shards):
        raise DomainError(f"{len(keys)} keys for {len(shards)} shards. Fix: give one for each.")
    workers = min(check_n_jobs(n_jobs), max(len(shards), 1))
    if backend == "dask":
        from echelon.execution.cluster import require_dask

        require_dask()
    here = backend == "threads" or (backend == "processes" and workers == 1 and not isolated)
    job = Job(function, label, ledger, keep, time_limit, elsewhere=not here)
    if ledger is None:
        keys = ("",) * len(shards)
    elif keys is None:
        keys = [digest_of(function, shard) for shard in shards]
    weights: Sequence[int] = (1,) * len(shards)
    if weigh is not None:
        weights = [weigh(shard) for shard in shards] if callable(weigh) else weigh
    slots = Slots(job, shards, keys, workers, backend, retries, memory_limit)
    return _outcomes(slots, keys, weights, progress, label)


def _outcomes(
    slots: Slots, keys: Sequence[str], weights: Sequence[int], progress: Progress, label: str
) -> Iterator[Outcome[Any]]:
    ledger = slots.job.ledger
    known = set() if ledger is None else {at for at, key in enumerate(keys) if key in ledger}
    seen = _Seen(label)
    with (
        track(progress, sum(weights), label) as advance,
        closing(slots.outcomes([at for at in range(len(keys)) if at not in known])) as new,
    ):
        for at, (key, weight) in enumerate(zip(keys, weights, strict=True)):
            outcome = _from_ledger(ledger, key) if at in known else next(new)
            if outcome is None:  # it was there when the run began
                outcome = slots.here(at)
            elif isinstance(outcome.value, InLedger):
                outcome = _written(ledger, key, outcome)
            seen.add(outcome)
            advance(weight)
            yield outcome
    seen.tell()


def _from_ledger(ledger: Ledger | None, key: str) -> Outcome[Any] | None:
    entry = None if ledger is None else ledger.read(key)
    return None if entry is None else Outcome(entry.value, seconds=entry.seconds, kept=True)


def _written(ledger: Ledger | None, key: str, receipt: Outcome[Any]) -> Outcome[Any]:
    """Put the value that a worker has written down in the place of its receipt."""
    entry = None if ledger is None else ledger.read(key)
    if entry is None:
        raise FolderError(
            f"a worker has written shard {key}, which is not in {ledger!r}. Fix: give a folder "
            "that all workers share, and clear it in no run before all are done."
        )
    return replace(receipt, value=entry.value)


class _Seen:
    """Counts of a run, for the log."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._shards = self._kept = self._failed = 0
        self._peaks: dict[str, int] = {}

    def add(self, outcome: Outcome[Any]) -> None:
        self._shards += 1
        self._kept += outcome.kept
        self._failed += outcome.failed
        if outcome.worker:
            peak = max(outcome.peak_bytes, self._peaks.get(outcome.worker, 0))
            self._peaks[outcome.worker] = peak

    def tell(self) -> None:
        _LOG.info(
            "%s: %d shards, %d of them from the ledger, %d failed; %d processes, peak memory "
            "%.0f MB each",
            self._label or "shards",
            self._shards,
            self._kept,
            self._failed,
            len(self._peaks),
            max(self._peaks.values(), default=0) / 1e6,
        )
