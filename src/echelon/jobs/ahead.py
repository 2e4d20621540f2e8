"""Workers of a run from the command line: they load while the library itself still does."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from echelon.errors import DomainError
from echelon.execution import check_n_jobs, start_loading
from echelon.jobs import SUMMARY

_STEPS: Final = "echelon.jobs.steps"
_WORTH_IT: Final = 250_000
"""Bytes of tables from which there is work for a second worker: a few thousand stages."""


def start_workers_ahead(path: str | Path, changes: Mapping[str, object], *, fresh: bool) -> None:
    """Start the workers that a file of settings asks for, unless there may be nothing to do.

    It does nothing where nothing changed since the last call ended, where the tables are small, and
    where something is wrong: that is told when the run reads the file.

    Parameters
    ----------
    path : str or Path
        As of :func:`echelon.jobs.job.read_job`.
    changes : mapping of str to object
        Settings that take the place of those in the file.
    fresh : bool
        Whether what is finished will be forgotten.

    Examples
    --------
    >>> start_workers_ahead("no-such-file.toml", {}, fresh=False)
    """
    file = Path(path)
    try:
        written: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))["run"]
        workers = check_n_jobs(changes.get("n_jobs", written.get("n_jobs", -1)))
        tables = [part.stat() for part in (file.parent / written["tables"]).rglob("*")]
        out = Path(str(changes["out"])) if "out" in changes else file.parent / written["out"]
        summary = out / SUMMARY
        ended = -1.0 if fresh or not summary.exists() else summary.stat().st_mtime
        changed = max([file.stat().st_mtime, *(part.st_mtime for part in tables)]) > ended
    except (OSError, ValueError, KeyError, TypeError, AttributeError, DomainError):
        return
    large = sum(part.st_size for part in tables) > _WORTH_IT
    if workers > 1 and large and changed and written.get("backend", "processes") == "processes":
        start_loading(workers, _STEPS)
