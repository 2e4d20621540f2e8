"""The whole job in one call: read, check, place stock, simulate, write; restartable."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from echelon.display import counted
from echelon.errors import DomainError, EchelonError, TableError, warn_of_data
from echelon.execution import Ledger, start_loading
from echelon.io.divided.divide import divide_and_tell
from echelon.jobs import CRASHED, steps
from echelon.jobs.fit import Fitted, fit_all
from echelon.jobs.job import Job, make_job, read_job
from echelon.jobs.log import RunLog
from echelon.jobs.outputs import (
    Clock,
    cannot_write,
    in_summary,
    make_folder,
    only_run_in,
    remove_unlisted,
    write_faults,
    write_result,
    write_summary,
)
from echelon.jobs.phases import WORK, Phases
from echelon.jobs.result import FAULTS, LOG, Run, read_run
from echelon.progress import Progress, check_progress
from echelon.results import installed_version


def run(
    tables: object,
    out: str | Path | None = None,
    *,
    optimize: Mapping[str, Any] | None = None,
    simulate: Mapping[str, Any] | None = None,
    fit: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    n_jobs: int | None = None,
    backend: str | None = None,
    faults: str | None = None,
    file_format: str | None = None,
    stages_per_shard: int | None = None,
    time_limit: float | None = None,
    memory_limit: float | None = None,
    fresh: bool = False,
    progress: Progress = None,
) -> Run:
    """Check tables of any size, place safety stock, simulate the plan and write it all.

    The network is divided into shards of connected stages, which workers take one by one; memory
    does not grow with the number of stages. A finished shard is written down: the same call after
    a kill or a power cut goes on from there and gives the same bits, and a call with some changed
    tables works on the shards that changed.

    Parameters
    ----------
    tables : str, Path or tables
        A file of settings (``.toml``), a folder of tables, a :class:`Network`, a mapping of frames
        by name, or a made-up portfolio.
    out : str or Path
        Folder that is written to; in a file of settings it is ``out`` under ``[run]``.
    optimize : mapping, optional
        Arguments of :func:`echelon.optimize`; ``service_times="whole"`` unless told otherwise.
    simulate : mapping, optional
        Arguments of :func:`echelon.simulate`; left out, nothing is simulated, and ``{}`` takes the
        defaults.
    fit : mapping, optional
        What is fitted to observations before: see the guide *The nightly run*.
    settings : mapping, optional
        Of the network, where tables do not bring them: ``period``, ``holding_rate``, ``currency``
        and the other arguments of ``Network.from_tables`` that are no tables.
    n_jobs : int, default -1
        Worker processes; -1 takes every core.
    backend : {"processes", "dask"}
    faults : {"stop", "set_aside"}
        Whether faults in the tables end the run, before anything is solved, or set the components
        they are in aside, as failures.
    file_format : {"parquet", "csv"}
    stages_per_shard : int, default 4000
    time_limit : float, optional
        Longest that a shard may take, seconds; then its components are tried one by one. A shard
        that takes its worker with it, or all memory, is tried by halves, and halves of those.
    memory_limit : float, optional
        Most memory of one worker, GiB.
    fresh : bool, default False
        Forget what an earlier call finished, and the divided tables with it.
    progress : bool, callable or None
        See :data:`echelon.progress.Progress`; counts stages.

    Returns
    -------
    Run
        Sums, failures, where the time went; tables are read from the parts when asked for.

    Raises
    ------
    DomainError
        With everything that is wrong about the settings.
    TableError
        With every fault of all tables, unless they are set aside; ``faults.csv`` has them too.
    FolderError
        If the tables cannot be read, or ``out`` not written, or another run is writing there.

    Examples
    --------
    >>> import tempfile
    >>> import echelon as ec
    >>> shop = ec.serial(["plant", "shop"], lead_time=[3, 1], holding_cost=[1.0, 2.0],
    ...                  demand_mean=20.0, demand_std=4.0, service_level=0.95)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = ec.run(shop, folder, simulate={"periods": 52, "replications": 20}, n_jobs=1)
    ...     done.status, list(done.to_frame("plan")["item"])
    ('complete', ['plant', 'shop'])
    """
    check_progress(progress)
    given = {
        "out": out,
        "n_jobs": n_jobs,
        "backend": backend,
        "faults": faults,
        "format": file_format,
        "stages_per_shard": stages_per_shard,
        "time_limit": time_limit,
        "memory_limit": memory_limit,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if isinstance(tables, str | Path) and str(tables).endswith(".toml"):
        if not (optimize is simulate is fit is settings is None):
            raise DomainError(
                f"optimize, simulate and fit are sections of {tables}, and settings stand in the "
                "manifest.json of the tables. Fix: write them there."
            )
        job = read_job(tables, changes)
    else:
        own = {"tables": tables, **changes}
        job = make_job(own, optimize, simulate, fit, network=settings, where="the arguments of run")
    return carry_out(job, fresh=fresh, progress=progress)


def carry_out(job: Job, *, fresh: bool, progress: Progress) -> Run:
    """Do a job that was checked; parameters and errors as :func:`run`."""
    make_folder(job.out)
    with only_run_in(job.out), RunLog(job.out / LOG) as log:
        log.info("started", version=installed_version(), pid=os.getpid(), n_jobs=job.n_jobs)
        try:
            done = _all_steps(job, log, fresh, progress)
        except TableError as error:
            write_faults(job.out, error)
            log.error("faults", count=len(error.faults), file=FAULTS)
            _end(job, log, "faults", 2, faults=len(error.faults))
            raise
        except KeyboardInterrupt:
            _end(job, log, "interrupted", 130)
            raise
        except EchelonError as error:
            _end(job, log, "failed", 2, error=str(error))
            raise
        except OSError as error:
            fault = cannot_write(job.out, error)
            _end(job, log, "failed", 2, error=str(fault))
            raise fault from error
        except Exception as error:  # whose mistake it is: a scheduler has to know that it ended
            _end(job, log, "failed", CRASHED, error=repr(error))
            raise
        (job.out / FAULTS).unlink(missing_ok=True)
        _end(job, log, done.status, done.exit_code, **in_summary(done))
    return done


def _end(job: Job, log: RunLog, status: str, exit_code: int, **facts: Any) -> None:
    with suppress(OSError):  # on a full disk the error that ended the run says so
        write_summary(job.out, status, exit_code, **facts)
        log.info("ended", status=status, exit_code=exit_code)


def _start_workers(job: Job, ledger: Ledger, shards: int) -> None:
    """Let workers load what they need while the shards are written, unless all is in the ledger."""
    workers = min(job.n_jobs, shards)
    if job.backend == "processes" and workers > 1 and ledger.finished < 2 * shards:
        start_loading(workers, steps.__name__)


def _all_steps(job: Job, log: RunLog, fresh: bool, progress: Progress) -> Run:
    clock = Clock()
    if fresh:
        shutil.rmtree(job.out / WORK, ignore_errors=True)
    ledger = Ledger(job.out / WORK / "ledger")
    with clock.step("divide"):
        divided = divide_and_tell(
            job.tables,
            job.out / WORK / "tables",
            job.stages_per_shard,
            job.network,
            partial(_start_workers, job, ledger),
        )
    log.info("divided", shards=len(divided.shards), stages=divided.n_stages)
    fitted = Fitted()
    if job.fit:
        with clock.step("fit"):
            aside = job.out / WORK / "fitted"
            fitted = fit_all(job.fit, divided, ledger, log, aside, progress)
    phases = Phases(job, divided, log, ledger, progress, fitted)
    works = phases.works()
    with clock.step("check"):
        stages = phases.check(works)
    log.info("checked", stages=stages)
    with clock.step("solve"):
        solved = phases.solve(works)
    with clock.step("gather"):
        write_result(job, divided, solved, clock)
        ledger.prune([*phases.keys(works), *solved.apart, *fitted.keys])
        removed = remove_unlisted(job.out, solved)
        for name in ("checked", "fitted"):
            shutil.rmtree(job.out / WORK / name, ignore_errors=True)
    log.info("gathered", parts=len(solved.parts), removed=removed)
    told = solved.totals.told
    if told.count:
        warn_of_data(
            f"{counted(told.count, 'warning')} of shards:\n{told}\n"
            f"Each is a line of {job.out / LOG} with event=warning."
        )
    return read_run(job.out)
