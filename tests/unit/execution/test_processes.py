"""Worker processes that are started before there is work for them."""

from __future__ import annotations

import os
from typing import Any

import pytest

from echelon.execution import end_workers, processes, run_shards, start_loading


def test_the_next_run_uses_the_workers_that_were_started(monkeypatch: pytest.MonkeyPatch) -> None:
    end_workers()
    made: list[Any] = []

    def new(own: Any = processes._new) -> Any:
        made.append(own())
        return made[-1]

    monkeypatch.setattr(processes, "_new", new)
    start_loading(2, "wave")
    start_loading(2, "wave")  # there are as many as are asked for
    assert len(made) == 2
    pids = {executor.submit(os.getpid).result() for executor in made}
    outcomes = run_shards(_pid_and_whether_loaded, range(8), n_jobs=2)
    found = [outcome.unwrap() for outcome in outcomes]
    assert {pid for pid, _ in found} <= pids
    assert all(loaded for _, loaded in found)
    assert len(made) == 2


def _pid_and_whether_loaded(_: int) -> tuple[int, bool]:
    import sys

    return os.getpid(), "wave" in sys.modules
