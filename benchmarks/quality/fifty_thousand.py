"""The whole job on two portfolios: seconds by step, memory, and what a second core gives.

One has plain laws in mixed shapes (normal demand, fixed times), the other is the made-up portfolio
with all that makes the problem hard; both are run by the same command.

python -m benchmarks.quality.fifty_thousand [SKUS [SKUS OF THE SECOND TABLE'S FIRST ROWS]]
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import echelon as ec
from benchmarks.cases.mixed_shapes import plain_portfolio

HEADLINE = 50_000
REPLICATIONS = (100, 1_000)
WARMUP = 26
"""Weeks before the 104 that are counted; the runs are made without them, too."""
TWO_CORES = 10_000
FIRST_USE = 2_000
"""SKUs that are run before, which takes every kernel that many more need."""
_LOOK_SECONDS = 0.5
_COMMAND = "import sys; from echelon.cli import main; sys.exit(main())"
_CONFIG = """\
[run]
tables = "tables"
out = "{out}"
n_jobs = {n_jobs}
faults = "set_aside"

[optimize]
{optimize}

[simulate]
periods = 104
warmup = {warmup}
replications = {replications}
precision = "single"
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of the command line as the system saw it.

    Attributes
    ----------
    wall, cpu : float
        Seconds, of the command and all its workers.
    memory : int
        Most bytes that it and its workers held together, shared pages counted once.
    summary : dict
        What the run wrote of itself.
    """

    wall: float
    cpu: float
    memory: int
    summary: dict[str, Any]


def write_tables(folder: Path, n_skus: int) -> float:
    """Make the portfolio up, write its tables as Parquet and give the seconds it took."""
    started = time.perf_counter()
    ec.datasets.make_portfolio(n_skus).write(folder / "tables")
    return time.perf_counter() - started


def write_plain_tables(folder: Path, n_skus: int) -> float:
    """Do the same for as many SKUs of the same shapes under plain laws."""
    started = time.perf_counter()
    plain_portfolio(n_skus).write(folder / "tables", file_format="parquet")
    return time.perf_counter() - started


def command(
    folder: Path,
    *,
    n_jobs: int,
    replications: int = 100,
    warmup: int = WARMUP,
    optimize: str = "",
) -> Measured:
    """Run ``echelon run`` on the tables of a folder, afresh."""
    out = f"run-{n_jobs}-{replications}-{warmup}"
    config = folder / f"{out}.toml"
    config.write_text(
        _CONFIG.format(
            out=out, n_jobs=n_jobs, replications=replications, warmup=warmup, optimize=optimize
        )
    )
    before, started = _cpu_of_children(), time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", _COMMAND, "run", str(config), "--fresh"],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    most = _Memory(process.pid)
    code = process.wait()
    wall = time.perf_counter() - started
    memory = most.stop()
    if code not in (0, 1):  # 1: components failed, which the summary counts
        raise RuntimeError(f"echelon run ended with {code}")
    summary = json.loads((folder / out / "summary.json").read_text())
    return Measured(wall, _cpu_of_children() - before, memory, summary)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Memory:
    """Looks again and again at what a process and all below it hold."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most = pid, 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._most

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            self._most = max(self._most, sum(map(_held_by, _family(self._pid))))


def _family(pid: int) -> list[int]:
    """A process and all that it started."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        parents[int(entry.parent.name)] = int(fields[1])
    family = [pid]
    for member in family:
        family += [child for child, parent in parents.items() if parent == member]
    return family


def _held_by(pid: int) -> int:
    """Bytes of a process, its part of what it shares with others."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    held = [line.split()[1] for line in lines if line.startswith("Pss:")]
    return 1024 * sum(map(int, held))


@dataclass(frozen=True, slots=True)
class Runs:
    """A portfolio run with few replications and with many.

    Attributes
    ----------
    title : str
        What it is.
    tables : float
        Seconds in which its tables were made and written.
    by_length : dict of (int, int) to Measured
        By replications and weeks of warm-up.
    """

    title: str
    tables: float
    by_length: dict[tuple[int, int], Measured]


def measured_runs(root: Path, title: str, write: Callable[[Path, int], float], n_skus: int) -> Runs:
    """Run a portfolio with each number of replications, kernels compiled before."""
    for purpose, size in (("first use", min(FIRST_USE, n_skus)), ("measured", n_skus)):
        folder = root / f"{title}, {purpose}"
        folder.mkdir()
        tables = write(folder, size)
        runs = {(REPLICATIONS[0], WARMUP): command(folder, n_jobs=2)}
    for n, warmup in product(REPLICATIONS, (WARMUP, 0)):
        if (n, warmup) not in runs:
            runs[n, warmup] = command(folder, n_jobs=2, replications=n, warmup=warmup)
        print(
            f"{title}, {n_skus:,} SKUs, {warmup} + 104 weeks {n:,} times: "
            f"{runs[n, warmup].wall:.1f} s",
            file=sys.stderr,
        )
    return Runs(title, tables, runs)


def steps_table(n_skus: int, portfolios: Sequence[Runs]) -> str:
    """Where the time goes: the clock's seconds by step, then those of all workers together."""
    lines = [
        f"### {n_skus:,} SKUs from Parquet tables to written results, two workers",
        "",
        "Single precision; weeks of warm-up + weeks that are counted. Steps of workers are the "
        "seconds of both together.",
        "",
    ]
    for one in portfolios:
        counts = one.by_length[REPLICATIONS[0], WARMUP].summary["counts"]
        lines.append(
            f"- {one.title}: {counts['stages']:,} stages in {counts['components']:,} components, "
            f"{counts['failed']:,} of which failed; tables made and written in {one.tables:.1f} s."
        )
    runs = [
        (f"{one.title}, {warmup} + 104, {n:,} times", run)
        for one in portfolios
        for (n, warmup), run in one.by_length.items()
    ]
    lines += [
        "",
        "| step | " + " | ".join(title for title, _ in runs) + " |",
        "| --- |" + " ---: |" * len(runs),
    ]

    def row(step: str, values: Iterable[str]) -> None:
        lines.append(f"| {step} | {' | '.join(values)} |")

    for kind in ("seconds", "worker_seconds"):
        for step in runs[0][1].summary[kind]:
            row(step, (f"{run.summary[kind][step]:.1f} s" for _, run in runs))
    row("whole command, clock", (f"**{run.wall:.1f} s**" for _, run in runs))
    row("whole command, CPU", (f"{run.cpu:.1f} s" for _, run in runs))
    row("memory together", (f"{run.memory / 2**30:.2f} GiB" for _, run in runs))
    return "\n".join(lines)


def cores_table(pairs: dict[int, tuple[Measured, Measured]]) -> str:
    """What a second worker gives by number of SKUs, and that it changes no bit."""
    lines = [
        "### A second worker, made up",
        "",
        "| SKUs | what | one worker | two | efficiency of the second core |",
        "| ---: | --- | ---: | ---: | ---: |",
    ]
    for n_skus, (one, two) in pairs.items():
        if one.summary["digest"] != two.summary["digest"]:
            raise AssertionError("one worker and two give other bits")
        seconds = {
            "checking and solving": (_solving(one), _solving(two)),
            "whole command, clock": (one.wall, two.wall),
        }
        for what, (alone, both) in seconds.items():
            lines.append(
                f"| {n_skus:,} | {what} | {alone:.1f} s | {both:.1f} s "
                f"| **{alone / both / 2.0:.0%}** |"
            )
        lines.append(f"| {n_skus:,} | whole command, CPU | {one.cpu:.1f} s | {two.cpu:.1f} s | |")
    return "\n".join([*lines, "", "The digest of all rows is the same with one and two workers."])


def _solving(run: Measured) -> float:
    return float(run.summary["seconds"]["check"] + run.summary["seconds"]["solve"])


def table(headline: int = HEADLINE, cores: int = TWO_CORES) -> str:
    """Measure all, compiled kernels on disk."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        ways = {"plain laws": write_plain_tables, "made up": write_tables}
        runs = [measured_runs(root, title, write, headline) for title, write in ways.items()]
        pairs = {}
        for n_skus in (cores, headline):
            folder = root / f"cores {n_skus}"
            folder.mkdir()
            write_tables(folder, n_skus)
            one, two = (command(folder, n_jobs=n_jobs) for n_jobs in (1, 2))
            pairs[n_skus] = (one, two)
    return "\n\n".join([steps_table(headline, runs), cores_table(pairs)])


if __name__ == "__main__":
    print(table(*map(int, sys.argv[1:])))
