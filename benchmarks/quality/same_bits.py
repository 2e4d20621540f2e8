"""A nightly run on one worker, two, a Dask cluster, and one that loses a worker: the same bits.

python -m benchmarks.quality.same_bits
"""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import echelon as ec
from benchmarks.quality.kills import SEED, SHARD, SKUS, finished
from benchmarks.registry import DisagreementError

TITLE = "The same bits wherever a nightly run is worked on"
SETTINGS: dict[str, Any] = {
    "faults": "set_aside",
    "stages_per_shard": SHARD,
    "simulate": {"periods": 30, "replications": 20},
    "progress": False,
}
_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker of a cluster that was killed.

    Attributes
    ----------
    before, after : int
        Shards that were finished when it was killed, and those that were finished later.
    seconds : float
        From the start of the run.
    process, successor : int
        Its number, and that of the process in its place at the end.
    """

    before: int
    after: int
    seconds: float
    process: int
    successor: int


@contextmanager
def cluster_of_two() -> Iterator[Any]:
    """A Dask cluster of two worker processes on this machine, with a client that runs."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster),
    ):
        yield cluster


def run_and_lose_a_worker(tables: Path, out: Path, shards: int) -> tuple[ec.Run, Lost]:
    """Run on a cluster of two workers, and kill one when half of the shards are finished.

    Raises
    ------
    DisagreementError
        If the run was over before, or the process survived.
    """
    hit: list[tuple[int, float, str, int]] = []
    with cluster_of_two() as cluster:
        began = time.monotonic()

        def kill() -> None:
            while finished(out) < shards // 2:
                if time.monotonic() - began > _PATIENCE_SECONDS:
                    return
                time.sleep(_LOOK_SECONDS)
            name, nanny = next(iter(cluster.workers.items()))
            victim = nanny.pid
            os.kill(victim, signal.SIGKILL)
            hit.append((finished(out), time.monotonic() - began, name, victim))

        killer = threading.Thread(target=kill)
        killer.start()
        run = ec.run(tables, out, backend="dask", **SETTINGS)
        killer.join()
        if not hit:
            raise DisagreementError("no worker was killed")
        before, seconds, name, victim = hit[0]
        successor = cluster.workers[name].pid
    if successor == victim or before >= shards:
        raise DisagreementError(f"{before} of {shards} shards; {victim}, {successor}")
    return run, Lost(before, shards - before, seconds, victim, successor)


def table() -> str:
    """Markdown: where it was run, and the digest of all its rows.

    Raises
    ------
    DisagreementError
        If two digests differ.
    """
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore", ec.DataWarning)
        folder = Path(name)
        tables = folder / "tables"
        ec.datasets.make_portfolio(SKUS, seed=SEED).write(tables)
        done = {
            "`n_jobs=1`, in the process that calls": ec.run(
                tables, folder / "one", n_jobs=1, **SETTINGS
            ),
            "`n_jobs=2`, worker processes": ec.run(tables, folder / "two", n_jobs=2, **SETTINGS),
        }
        shards = done["`n_jobs=2`, worker processes"].counts["shards"]
        with cluster_of_two():
            done["`backend='dask'`, cluster of two"] = ec.run(
                tables, folder / "dask", backend="dask", **SETTINGS
            )
        run, lost = run_and_lose_a_worker(tables, folder / "lost", shards)
        done[
            f"`backend='dask'`, one of two killed {lost.seconds:.1f} s on, {lost.before} of "
            f"{shards} shards finished before and {lost.after} after"
        ] = run
    digests = {run.digest for run in done.values()}
    if len(digests) > 1 or any(run.status != "complete" for run in done.values()):
        raise DisagreementError(f"{[(run.status, run.digest) for run in done.values()]}")
    counts = run.counts
    return "\n".join(
        [
            f"### {TITLE}",
            "",
            f"`ec.run` over {SKUS} SKUs, {counts['stages']} stages, {shards} shards; placed and "
            "simulated.",
            "",
            "| where | digest of all rows |",
            "|---|---|",
            *(f"| {where} | `{run.digest}` |" for where, run in done.items()),
            "",
        ]
    )


if __name__ == "__main__":
    print(table())
