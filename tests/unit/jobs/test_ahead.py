"""Workers that load before the run itself has begun, from the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from echelon.execution import end_workers, start_loading
from echelon.execution.processes import _keep, _new
from echelon.jobs import SUMMARY, ahead
from echelon.jobs.ahead import start_workers_ahead

_LARGE = b"x" * 300_000


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    calls: list[tuple[int, str]] = []
    monkeypatch.setattr(ahead, "start_loading", lambda *asked: calls.append(asked))
    return calls


def _settings(folder: Path, tables: bytes = _LARGE, more: str = "n_jobs = 3") -> Path:
    (folder / "tables").mkdir(exist_ok=True)
    (folder / "tables" / "stages.csv").write_bytes(tables)
    file = folder / "job.toml"
    file.write_text(f'[run]\ntables = "tables"\nout = "out"\n{more}\n')
    (folder / "out").mkdir(exist_ok=True)
    return file


def test_large_tables_start_as_many_as_are_asked_for(tmp_path: Path, started: list[Any]) -> None:
    file = _settings(tmp_path)
    start_workers_ahead(file, {}, fresh=False)
    start_workers_ahead(file, {"n_jobs": 2}, fresh=False)
    assert started == [(3, "echelon.jobs.steps"), (2, "echelon.jobs.steps")]


def test_only_what_changed_since_the_last_call_is_worth_it(
    tmp_path: Path, started: list[Any]
) -> None:
    file = _settings(tmp_path)
    summary = tmp_path / "out" / SUMMARY
    summary.write_text("{}")
    later = file.stat().st_mtime + 10.0
    os.utime(summary, (later, later))
    start_workers_ahead(file, {}, fresh=False)
    assert not started
    start_workers_ahead(file, {}, fresh=True)
    start_workers_ahead(file, {"out": str(tmp_path / "other")}, fresh=False)
    os.utime(tmp_path / "tables" / "stages.csv", (later + 1.0, later + 1.0))
    start_workers_ahead(file, {}, fresh=False)
    assert len(started) == 3


@pytest.mark.parametrize(
    ("tables", "more"),
    [
        (b"small", "n_jobs = 3"),
        (_LARGE, "n_jobs = 1"),
        (_LARGE, "n_jobs = 0"),
        (_LARGE, 'n_jobs = "all"'),
        (_LARGE, 'n_jobs = 3\nbackend = "dask"'),
        (_LARGE, "n_jobs = = 3"),
    ],
)
def test_what_has_no_use_or_is_wrong_starts_nothing(
    tmp_path: Path, started: list[Any], tables: bytes, more: str
) -> None:
    start_workers_ahead(_settings(tmp_path, tables, more), {}, fresh=False)
    assert not started


@pytest.mark.parametrize("text", ["run = 3", "[run]\ntables = 3", '[run]\ntables = "gone"', ""])
def test_a_file_that_the_run_will_refuse_starts_nothing(
    tmp_path: Path, started: list[Any], text: str
) -> None:
    file = tmp_path / "job.toml"
    file.write_text(text)
    start_workers_ahead(file, {}, fresh=False)
    assert not started


def test_idle_workers_end_when_told() -> None:
    end_workers()
    executor = _new()
    pid = executor.submit(os.getpid).result()
    _keep(executor)
    start_loading(1, "wave")  # it is there already
    end_workers()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
