"""Slots that take shard after shard: a thread each, which works itself or waits for a worker."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any, Final, Protocol

from echelon.execution.job import Job
from echelon.execution.outcome import Outcome, attempt
from echelon.execution.processes import Process

_LOOK_SECONDS: Final = 1.0
"""Between two looks for an interrupt, where the system does not wake who waits for a lock."""


class Worker(Protocol):
    """Does one shard at a time."""

    def perform(
        self, job: Job, shard: Any, key: str, stopped: Callable[[], bool]
    ) -> Outcome[Any] | None:
        """Do a shard; None if the run was stopped meanwhile."""

    def release(self) -> None:
        """Be idle from here on."""


class Here:
    """Works in the thread that asks."""

    def perform(
        self, job: Job, shard: Any, key: str, stopped: Callable[[], bool]
    ) -> Outcome[Any] | None:
        """Do a shard."""
        return None if stopped() else job.perform(shard, key)

    def release(self) -> None:
        """Nothing is held."""


class Slots:
    """The workers of one run.

    Parameters
    ----------
    job : Job
    shards : sequence
    keys : sequence of str
        Of the shards in the ledger.
    workers : int
    backend : str
    retries : int
        Tries after the first.
    memory_limit : float, optional
        Bytes of a worker process.
    """

    def __init__(
        self,
        job: Job,
        shards: Sequence[Any],
        keys: Sequence[str],
        workers: int,
        backend: str,
        retries: int,
        memory_limit: float | None,
    ) -> None:
        self.job = job
        self._shards, self._keys = shards, keys
        self._workers, self._backend = workers, backend
        self._retries = retries
        self._memory_limit = memory_limit
        self._changed = threading.Condition()
        self._todo: deque[int] = deque()
        self._done: dict[int, Outcome[Any] | BaseException] = {}
        self._busy = 0
        self._alone = False
        self._stopped = False

    def here(self, at: int) -> Outcome[Any]:
        """Do one shard in this thread."""
        outcome = self._tried(Here(), replace(self.job, elsewhere=False), at)
        assert outcome is not None  # nobody stops what runs here
        return outcome

    def outcomes(self, chosen: Sequence[int]) -> Generator[Outcome[Any], None, None]:
        """Do the chosen shards and give their outcomes in that order."""
        if not chosen:
            return
        if self._workers == 1 and not self.job.elsewhere:
            yield from map(self.here, chosen)
            return
        with self._crew() as make:
            threads = self._started(make, chosen)
            try:
                for at in chosen:
                    yield self._awaited(at)
            finally:
                with self._changed:
                    self._stopped = True
                    self._changed.notify_all()
                if self._backend != "threads":  # which end when their shard does
                    for thread in threads:
                        thread.join()

    def _crew(self) -> AbstractContextManager[Callable[[], Worker]]:
        """Where workers come from."""
        if self._backend == "dask":
            from echelon.execution.cluster import crew

            return crew(self, self._workers, self._memory_limit)
        if self._backend == "processes":
            return nullcontext(lambda: Process(self._memory_limit))
        return nullcontext(Here)

    def set_workers(self, workers: int) -> None:
        """Say how many a cluster has, before they start."""
        self._workers = workers

    def _started(self, make: Callable[[], Worker], chosen: Sequence[int]) -> list[threading.Thread]:
        self._todo.extend(chosen)
        threads = [
            threading.Thread(target=self._work, args=(make(),), name="echelon-slot", daemon=True)
            for _ in range(min(self._workers, len(chosen)))
        ]
        for thread in threads:
            thread.start()
        return threads

    def _awaited(self, at: int) -> Outcome[Any]:
        with self._changed:
            while at not in self._done:
                self._changed.wait(_LOOK_SECONDS)
            done = self._done.pop(at)
        if isinstance(done, BaseException):
            raise done
        return done

    def _work(self, worker: Worker) -> None:
        """Take shard after shard."""
        while (at := self._next()) is not None:
            try:
                done: Outcome[Any] | BaseException | None = self._tried(worker, self.job, at)
            except BaseException as error:  # an interrupt, or a ledger that cannot be written
                done = error
            with self._changed:
                self._busy -= 1
                if done is not None:
                    self._done[at] = done
                self._changed.notify_all()
        worker.release()

    def _next(self) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._alone)
            if self._stopped or not self._todo:
                return None
            self._busy += 1
            return self._todo.popleft()

    def _tried(self, worker: Worker, job: Job, at: int) -> Outcome[Any] | None:
        """Do a shard, and again where it failed and another try may end otherwise."""
        made = attempt(self._shards.__getitem__, at)
        if made.failed:  # a shard that is made when it is asked for, and cannot be
            return made
        shard, key = made.value, self._keys[at]
        outcome = worker.perform(job, shard, key, self._is_stopped)
        for attempts in range(2, 2 + self._retries):
            if outcome is None or not outcome.failed or outcome.hopeless:
                break
            lost = not outcome.worker
            with self._alone_if(lost):
                outcome = worker.perform(job, shard, key, self._is_stopped)
            outcome = None if outcome is None else replace(outcome, attempts=attempts)
        return outcome

    def _is_stopped(self) -> bool:
        return self._stopped

    @contextmanager
    def _alone_if(self, lost: bool) -> Iterator[None]:
        """Wait until no other slot works, and keep them from it, where a worker was lost."""
        if not lost or self._workers == 1:
            yield
            return
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopped or not (self._alone or self._busy))
            self._alone = True
            self._busy += 1
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()
