"""Worker processes, one shard at a time each, so that it is known what a lost one was doing."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, wait
from importlib import import_module
from typing import Any, Final

from echelon.errors import EchelonError
from echelon.execution.job import Job
from echelon.execution.limits import overdue, resident_bytes, too_long
from echelon.execution.outcome import Outcome

_WHY_LOST: Final = (
    "the worker process was lost, probably because memory ran out or a solver crashed. Fix: use "
    "fewer n_jobs, or run the components that failed by themselves: "
    "network.subset(result.failures['component'])."
)
_IDLE_SECONDS: Final = 300
"""After which a worker that nobody uses ends itself."""

_LOOK_SECONDS: Final = 0.1
"""Between two looks at what a worker holds, and at whether the run was stopped."""

_FRESH_AT: Final = 0.7
"""Share of the memory limit from which a worker is replaced before it gets another shard."""

_MAY_GROW: Final = int(1.5e9)
"""Bytes by which a worker may grow after its first call before loky replaces it, which by itself it
does at 3e8: a worker that has loaded the library and its kernels is above that, and was started
again in the middle of every run."""

_THREADS: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "BLIS_NUM_THREADS",
)


class Process:
    """One worker process, started when it is first needed and again when it was lost.

    Parameters
    ----------
    memory_limit : int, optional
        Bytes. The process is ended while it holds more, and replaced after a shard at
        whose end it holds :data:`_FRESH_AT` of it.
    """

    def __init__(self, memory_limit: float | None) -> None:
        self._memory_limit = memory_limit
        self._executor: Any = None

    def perform(
        self, job: Job, shard: Any, key: str, stopped: Callable[[], bool]
    ) -> Outcome[Any] | None:
        """Do one shard; None if the run was stopped meanwhile."""
        began = time.perf_counter()
        try:
            if self._executor is None:
                self._executor = _idle_or_new()
                began = time.perf_counter()
            pid = self._executor.submit(os.getpid).result() if self._memory_limit else 0
            future = self._executor.submit(job.perform, shard, key)
            if not self._watched(future, pid, stopped):
                grown = not stopped()
                self.end()
                return Outcome(None, "MemoryError", self._too_large()) if grown else None
            outcome: Outcome[Any] = future.result()
        except BrokenExecutor as error:
            self.end()
            taken = time.perf_counter() - began
            if overdue(taken, job.time_limit):
                return Outcome(None, "TimeoutError", too_long(job.time_limit), seconds=taken)
            return Outcome(None, type(error).__name__, _WHY_LOST, seconds=taken)
        except EchelonError:
            raise
        except Exception as error:  # the shard, or its value, cannot travel
            return Outcome(None, type(error).__name__, str(error), hopeless=True)
        if self._memory_limit:
            held = resident_bytes(pid) or outcome.peak_bytes
            if held > _FRESH_AT * self._memory_limit:
                self.end()
        return outcome

    def _watched(self, future: Future[Any], pid: int, stopped: Callable[[], bool]) -> bool:
        """Wait for a shard; False once it holds too much, or the run was stopped."""
        while not wait([future], timeout=_LOOK_SECONDS).done:
            if stopped():
                return False
            if self._memory_limit and resident_bytes(pid) > self._memory_limit:
                return False
        return True

    def _too_large(self) -> str:
        return (
            f"its worker process held more than memory_limit, {self._memory_limit or 0:,.0f} "
            "bytes, and was ended. Fix: raise memory_limit, with fewer n_jobs if memory is short."
        )

    def end(self) -> None:
        """End the process, whatever it is doing."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=True)
            self._executor = None

    def release(self) -> None:
        """Leave the process, which is idle, to the next run."""
        if self._executor is not None:
            _keep(self._executor)
            self._executor = None


def start_loading(workers: int, module: str) -> None:
    """Start worker processes, and let them load a module while this one does something else.

    Parameters
    ----------
    workers : int
        How many the next run will use.
    module : str
        What its shards need; a run that begins before it is loaded waits for it.

    Examples
    --------
    >>> start_loading(0, "echelon")
    """
    with _GUARD:
        missing = workers - len(_IDLE)
    for _ in range(missing):
        executor = _new()
        executor.submit(import_module, module)
        _keep(executor)


def end_workers() -> None:
    """End the processes that no run uses, at once; left alone they wait to be used again.

    Python ends them, too, but waits until each has put its memory in order.

    Examples
    --------
    >>> end_workers()
    """
    with _GUARD:
        while _IDLE:
            _IDLE.pop().shutdown(wait=True, kill_workers=True)


def _keep(executor: Any) -> None:
    with _GUARD:
        atexit.unregister(end_workers)
        atexit.register(end_workers)  # before what was registered since, as exits go backwards
        _IDLE.append(executor)


_IDLE: list[Any] = []
"""Starting a process and loading the library in it takes two seconds: it is used again."""

_GUARD = threading.Lock()


def _idle_or_new() -> Any:
    while True:
        with _GUARD:
            executor = _IDLE.pop() if _IDLE else None
        fresh = executor is None
        executor = executor or _new()
        try:
            executor.submit(os.getpid).result()
        except (BrokenExecutor, RuntimeError):  # it was lost, or shut down, while nobody looked
            executor.shutdown(wait=True, kill_workers=True)
            if fresh:
                raise
        else:
            return executor


def _new() -> Any:
    from joblib.externals.loky.process_executor import ProcessPoolExecutor  # 0.1 s

    # workers are as many as the cores that may be used, so that each computes in one thread
    threads = {name: os.environ.get(name, "1") for name in _THREADS}
    return ProcessPoolExecutor(
        max_workers=1,
        timeout=_IDLE_SECONDS,
        env=threads,
        initializer=_begin,
        initargs=(os.getpid(),),
    )


def _begin(parent: int) -> None:
    """Make a worker of a process that has just been started."""
    from joblib.externals.loky import process_executor

    process_executor._MAX_MEMORY_LEAK_SIZE = _MAY_GROW
    _end_with(parent)


def _end_with(parent: int) -> None:
    """End this process when the one that started it is gone: nobody would take its results."""
    if not hasattr(os, "fork"):  # a process on Windows keeps the number of a parent that is gone
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, name="echelon-parent", daemon=True).start()
