"""Shards on a Dask cluster: the one that is running, or one on this machine for the call."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from echelon.errors import DomainError, EchelonError, MissingExtraError
from echelon.execution.job import Job
from echelon.execution.outcome import Outcome

if TYPE_CHECKING:
    from distributed import LocalCluster

    from echelon.execution.slots import Slots

_LOOK_SECONDS: Final = 0.2
"""Between two looks at whether the run was stopped."""

_DEATHS: Final = 0
"""Times that Dask runs a shard again that was lost, in a cluster of our own: the slots do that."""

_LOST: Final = (
    "its workers were lost, probably because memory ran out or a solver crashed{limit}: {why} Fix: "
    "give workers more memory, or run the components that failed by themselves: "
    "network.subset(result.failures['component'])."
)

_OR_LATE: Final = ", or it took longer than {limit:g} seconds, its limit"


def require_dask() -> None:
    """Refuse to go on where Dask is not installed.

    Raises
    ------
    MissingExtraError
    """
    if find_spec("distributed") is None:
        raise MissingExtraError(
            "backend='dask' needs dask.distributed. Fix: pip install 'echelon[dask]'."
        )


@contextmanager
def crew(
    slots: Slots, n_jobs: int, memory_limit: float | None
) -> Iterator[Callable[[], OnCluster]]:
    """Give the workers of the client that is running, one slot for each of their threads.

    Where no client is running, a cluster of ``n_jobs`` processes with one thread each is started
    on this machine, and closed at the end.
    """
    from distributed import Client, get_client

    try:
        client = get_client()
    except ValueError:  # nobody has made one
        with (
            _own_cluster(n_jobs, memory_limit) as cluster,
            Client(cluster, set_as_default=False) as own,
        ):
            yield lambda: OnCluster(own)
        return
    slots.set_workers(max(n_jobs, sum(client.nthreads().values())))
    yield lambda: OnCluster(client)


def _own_cluster(n_jobs: int, memory_limit: float | None) -> LocalCluster:
    """Start workers on this machine.

    Raises
    ------
    DomainError
        If they do not come up, most often as a script has no ``__main__`` to tell them apart by.
    """
    from distributed import LocalCluster

    try:
        return LocalCluster(
            n_workers=n_jobs,
            threads_per_worker=1,
            processes=True,
            memory_limit="auto" if memory_limit is None else int(memory_limit),
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
            scheduler_kwargs={"allowed_failures": _DEATHS},
        )
    except RuntimeError as error:
        raise DomainError(
            f"backend='dask' could not start {n_jobs} worker(s) on this machine: {error} Fix: in a "
            'script put the call under if __name__ == "__main__":, since each worker reads the '
            "script again; or start a cluster and its Client yourself."
        ) from error


class OnCluster:
    """One shard at a time on whichever worker of a cluster is free.

    Dask itself runs a shard again whose worker was lost, as often as the cluster allows.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def perform(
        self, job: Job, shard: Any, key: str, stopped: Callable[[], bool]
    ) -> Outcome[Any] | None:
        """Do one shard; None if the run was stopped meanwhile."""
        future = self._client.submit(job.perform, shard, key, pure=False)
        finished = threading.Event()
        future.add_done_callback(lambda _future: finished.set())
        while not finished.wait(_LOOK_SECONDS):
            if stopped():
                future.cancel()
                return None
        if future.status == "finished":
            outcome: Outcome[Any] = future.result()
            return outcome
        error = future.exception() if future.status == "error" else None
        if error is None or type(error).__name__ == "KilledWorker":
            limit = "" if job.time_limit is None else _OR_LATE.format(limit=job.time_limit)
            why = _LOST.format(limit=limit, why=error or future.status)
            return Outcome(None, "KilledWorker", why)
        if isinstance(error, EchelonError):
            raise error
        return Outcome(None, type(error).__name__, str(error), hopeless=True)

    def release(self) -> None:
        """Nothing is held: the client is its owner's."""
