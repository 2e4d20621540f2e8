"""What a run leaves in its folder: manifest, summary, failures and faults; and its clock."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from math import nan
from pathlib import Path
from typing import Any

import pandas as pd

from echelon.errors import FolderError, TableError
from echelon.folder import MANIFEST, kind_of, read_manifest, write_aside
from echelon.io.divided import DividedTables
from echelon.jobs import SUMMARY
from echelon.jobs.job import Job
from echelon.jobs.parts import TABLES, is_part
from echelon.jobs.phases import Solved
from echelon.jobs.result import (
    FAILURES,
    FAULTS,
    KIND,
    LOG,
    TIMING_COLUMNS,
    TIMINGS,
    Run,
    manifest_text,
)
from echelon.results import Provenance, installed_version, no_failures
from echelon.tables import PERIODS, SETTINGS, check_settings

_LOCK = ".lock"


@dataclass(slots=True)
class Clock:
    """Seconds of each step, as the clock on the wall saw them."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the time of a step."""
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started

    def timings(self, by_workers: dict[str, float]) -> pd.DataFrame:
        """Lay out where the time went.

        Parameters
        ----------
        by_workers : dict of str to float
            Processor time of all workers together, seconds, by what they did.

        Returns
        -------
        DataFrame
            step, seconds, share of all seconds, and worker_seconds, each NaN where it does not
            apply.
        """
        whole = sum(self.seconds.values())
        steps = {step: (took, took / whole, nan) for step, took in self.seconds.items()}
        workers = {f"{step} (workers)": (nan, nan, took) for step, took in by_workers.items()}
        rows = [(step, *values) for step, values in (steps | workers).items()]
        return pd.DataFrame(rows, columns=list(TIMING_COLUMNS))


def make_folder(out: Path) -> None:
    """Make the folder of a run.

    Raises
    ------
    FolderError
        If it cannot be made, or holds something else.
    """
    held = kind_of(out, read_manifest(out))
    if held not in ("", KIND):
        raise FolderError(f"{out} holds a {held}. Fix: write the run into a folder of its own.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / _LOCK).touch()
    except OSError as error:
        raise cannot_write(out, error) from error


def cannot_write(out: Path, error: OSError) -> FolderError:
    """Say that the folder of a run cannot be written."""
    return FolderError(
        f"cannot write {out}: {error}. Fix: make room there, or choose another folder."
    )


@contextmanager
def only_run_in(out: Path) -> Iterator[None]:
    """Hold the folder, so that tonight's run does not start while last night's still writes.

    The lock is the system's and ends with the process, however that ends. Where the system has no
    such lock, nothing is held.

    Raises
    ------
    FolderError
        If another run holds it.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with (out / _LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderError(
                f"another run is writing to {out}. Fix: wait until it has ended, or choose another "
                "folder."
            ) from None
        yield


def write_result(job: Job, divided: DividedTables, solved: Solved, clock: Clock) -> None:
    """Write failures, timings and, last, the manifest: from then on this is the run that is there.

    Parameters
    ----------
    job : Job
    divided : DividedTables
    solved : Solved
    clock : Clock
        Of the steps until now.
    """
    totals = solved.totals
    failures = pd.concat(solved.failures) if solved.failures else no_failures()
    failures = failures.sort_values(["component", "item"], kind="stable")
    failed = int(failures["component"].nunique())
    timings = clock.timings(totals.seconds)
    tables: dict[str, list[dict[str, Any]]] = {}
    for shard, part, components in solved.parts:
        entry = {"shard": shard, **asdict(part), "components": components}
        tables.setdefault(entry.pop("table"), []).append(entry)
    settings = _settings(divided)
    arguments = {
        "optimize": job.optimize,
        "simulate": job.simulate,
        "fit": job.fit,
        "faults": job.faults,
        "stages_per_shard": job.stages_per_shard,
    }
    provenance = Provenance(
        arguments=arguments,
        tables={str(shard.number): shard.digest for shard in divided.shards},
        seconds=clock.seconds,
        seed=(job.simulate or {}).get("seed"),
    )
    entries = {
        "kind": KIND,
        "status": "partial" if failed else "complete",
        "counts": {
            "stages": divided.n_stages,
            "components": divided.n_components,
            "failed": failed,
            "shards": len(divided.shards),
            "kept_shards": solved.kept,
            "warnings": totals.told.count,
        },
        "plan": totals.plan,
        "simulation": totals.simulation,
        "digest": f"{totals.digest:032x}",
        **settings,
        "peak_worker_bytes": solved.peak_bytes,
        "timings": timings.astype(object).where(timings.notna(), None).to_dict("list"),
        "provenance": provenance.to_dict(),
        "tables": tables,
    }
    write_aside(job.out / FAILURES, partial(failures.to_csv, index=False))
    write_aside(job.out / TIMINGS, partial(timings.to_csv, index=False))
    _write_text(job.out / MANIFEST, manifest_text(entries))


def _settings(divided: DividedTables) -> dict[str, Any]:
    """What the summary says its numbers by; defaults filled."""
    values, _ = check_settings(divided.settings, SETTINGS)
    if values["periods_per_year"] is None:
        values["periods_per_year"] = PERIODS[values["period"]].periods_per_year
    return {name: values[name] for name in ("period", "periods_per_year", "currency", "name")}


def remove_unlisted(out: Path, solved: Solved) -> int:
    """Remove parts of earlier runs that this one does not list; give their number.

    What stands beside them is somebody else's, and stays.
    """
    listed = {out / part.file for _, part, _ in solved.parts}
    written = (path for table in TABLES for path in (out / table).glob("part-*.*"))
    stale = [path for path in written if is_part(path) and path not in listed]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def write_faults(out: Path, error: TableError) -> None:
    """Write the faults of the tables as a table."""
    rows = pd.DataFrame([asdict(fault) for fault in error.faults])
    write_aside(out / FAULTS, partial(rows.to_csv, index=False))


def write_summary(out: Path, status: str, exit_code: int, **facts: Any) -> None:
    """Write ``summary.json``: how the last call ended, for a scheduler."""
    entries = {
        "status": status,
        "exit_code": exit_code,
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"echelon": installed_version(), "python": platform.python_version()},
        **facts,
    }
    _write_text(out / SUMMARY, json.dumps(entries, indent=2, default=str) + "\n")


def in_summary(done: Run) -> dict[str, Any]:
    """What the summary says of a finished run."""
    steps = done.timings.set_index("step")
    return {
        "digest": done.digest,
        "counts": done.counts,
        "period": done.period,
        "currency": done.currency,
        "plan": done.plan,
        "simulation": done.simulation,
        "seconds": steps["seconds"].dropna().to_dict(),
        "worker_seconds": steps["worker_seconds"].dropna().to_dict(),
        "memory": _memory(done),
        "files": {"failures": FAILURES, "log": LOG, "timings": TIMINGS, "parts": MANIFEST},
    }


def _memory(done: Run) -> dict[str, int]:
    """Most memory that the main process and any worker held, bytes."""
    found = {"worker_peak_bytes": done.peak_worker_bytes}
    if sys.platform != "win32":
        import resource

        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found["main_peak_bytes"] = own if sys.platform == "darwin" else own * 1024
    return found


def _write_text(path: Path, text: str) -> None:
    write_aside(path, lambda aside: aside.write_text(text, encoding="utf-8"))
