"""Shards on a Dask cluster: the same values, also where workers are lost."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from echelon.errors import DomainError, MissingExtraError
from echelon.execution import Ledger, cluster, digest_of, run_shards
from tests.planted_failures import Work, tries

WORKS, AT_FAULT = 12, 5


def kill_one(notes, kept, hit):
    """Kill a worker once half of the shards are begun, and note which, when, and what was done."""
    while sum(tries(notes, n) for n in range(WORKS)) < WORKS // 2:
        time.sleep(0.02)
    latest = max(notes.iterdir(), key=lambda path: int(path.name.split()[1]))
    pid = int(latest.name.split()[2])
    os.kill(pid, signal.SIGKILL)
    hit.append((pid, time.time_ns(), kept.finished))


def workers_of(notes):
    return {int(path.name.split()[2]) for path in notes.iterdir()}


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_one_of_two_workers_is_killed_half_way_and_one_shard_kills_its_own(tmp_path):
    """All others have their values; the cluster that was started for the call is closed."""
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    kept, notes = Ledger(tmp_path / "ledger"), tmp_path / "notes"
    notes.mkdir()
    ways = ["crash" if n == AT_FAULT else "" for n in range(WORKS)]
    works = [Work(n, notes, how, seconds=0.1) for n, how in enumerate(ways)]
    keys = [digest_of(n) for n in range(WORKS)]
    hit = []
    killer = threading.Thread(target=kill_one, args=(notes, kept, hit))
    killer.start()
    outcomes = list(
        run_shards(Work.run, works, n_jobs=2, backend="dask", ledger=kept, keys=keys, retries=1)
    )
    killer.join()
    ((killed, at, before),) = hit
    assert before < WORKS - 1
    begun = [tuple(map(int, path.name.split()[1:])) for path in notes.iterdir()]
    assert max(time_ns for time_ns, pid in begun if pid == killed) < at
    assert any(time_ns > at for time_ns, _ in begun)  # others went on
    assert [n for n, outcome in enumerate(outcomes) if outcome.failed] == [AT_FAULT]
    assert outcomes[AT_FAULT].error == "KilledWorker"
    assert "Fix: give workers more memory" in outcomes[AT_FAULT].message
    done = [outcome.value for outcome in outcomes if not outcome.failed]
    assert done == [[n / 7.0] for n in range(WORKS) if n != AT_FAULT]
    assert kept.finished == WORKS - 1
    assert os.getpid() not in workers_of(notes)
    until = time.monotonic() + 10.0
    while any(map(_lives, workers_of(notes))) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(_lives, workers_of(notes)))


def test_a_client_that_is_running_is_used(tmp_path):
    """One whose workers are threads of this process, which no time limit may end."""
    distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")
    works = [Work(n, tmp_path, how, 0.2) for n, how in enumerate(["", "exception", ""])]
    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=2, dashboard_address=":0"
    ):
        outcomes = list(run_shards(Work.run, works, backend="dask", time_limit=0.1))
    assert [outcome.error for outcome in outcomes] == ["", "RuntimeError", ""]
    assert workers_of(tmp_path) == {os.getpid()}
    assert [outcome.attempts for outcome in outcomes] == [1, 2, 1]


def test_an_absent_package_is_named(monkeypatch):
    monkeypatch.setattr(cluster, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match=r"Fix: pip install 'echelon\[dask\]'"):
        list(run_shards(abs, [1], backend="dask"))


def test_workers_that_do_not_come_up_are_explained(monkeypatch):
    distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")

    def never(**_):
        raise RuntimeError("Nanny failed to start.")

    monkeypatch.setattr(distributed, "LocalCluster", never)
    with pytest.raises(DomainError, match=r"Nanny failed to start.*if __name__ == \"__main__\""):
        list(run_shards(abs, [1], backend="dask"))
