"""A nightly run that is killed, poisoned or moved to a cluster: always the same digest.

python -m benchmarks.quality.kills [KILLS]
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import echelon as ec
from benchmarks.registry import DisagreementError
from echelon.execution import Ledger
from echelon.results import frame_digest
from echelon.rng import stream

TITLE = "Kills, planted failures and a lost worker"
KILLS = 20
SKUS, PLANTED_SKUS, SEED = 400, 1_000, 5
TARGETS = ("worker", "parent", "both")
WAYS = ("exception while placing", "worker killed while placing", "exception while simulating")
SETTINGS: dict[str, Any] = {
    "n_jobs": 2,
    "faults": "set_aside",
    "stages_per_shard": 150,
    "simulate": {"periods": 30, "replications": 20},
}
_CONFIG = """\
[run]
tables = "{tables}"
out = "{out}"
n_jobs = 2
faults = "set_aside"
stages_per_shard = 150

[simulate]
periods = 30
replications = 20
"""
_MARKS = "ECHELON_BENCHMARK_PLANTED"
_PATIENCE_SECONDS = 300.0
_LOOK_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Killed:
    """A run that was killed, and completed by the same command.

    Attributes
    ----------
    target : str
    after : float
        Seconds from the first finished shard.
    killed : int
        Processes that were there, and died.
    finished : int
        Shards in the ledger just before.
    kept : int
        Shards that the next call took from there; the same call goes on where a worker alone died.
    calls : int
    digest : str
    """

    target: str
    after: float
    killed: int
    finished: int
    kept: int
    calls: int
    digest: str


def _start(folder: Path, out: str, tables: str = "tables", **env: str) -> subprocess.Popen[bytes]:
    config = folder / f"{out}.toml"
    config.write_text(_CONFIG.format(tables=tables, out=out))
    return subprocess.Popen(
        [sys.executable, "-m", "echelon.cli", "run", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1", **env},
    )


def _finished(out: Path) -> int:
    """Shards of a run that have been solved and written down."""
    folder = out / "work" / "ledger"
    if not folder.exists():
        return 0
    labels = Ledger(folder).to_frame()["label"]
    return int(labels.str.startswith("solving").sum())


def _wait_for(out: Path, shards: int, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Wait until so many shards are finished; False if the run ended before."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while _finished(out) < shards:
        if time.monotonic() > until or (process is not None and process.poll() is not None):
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _workers(pid: int) -> list[int]:
    """Worker processes of a run, without the one that tracks what they share."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text(encoding="ascii").split():
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"resource_tracker" not in command:
                found.append(int(child))
    return sorted(found)


def _kill(process: subprocess.Popen[bytes], target: str, rng: np.random.Generator) -> int:
    """Kill what is asked for, where it is there, and count it."""
    victims = []
    try:
        workers = _workers(process.pid)
    except OSError:  # it ends just now
        workers = []
    if target != "parent" and workers:
        victims.append(int(rng.choice(workers)))
    if target != "worker" and process.poll() is None:
        victims.append(process.pid)
    killed = 0
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
            killed += 1
        except ProcessLookupError:
            pass
    return killed


def killed_run(
    folder: Path, out: str, target: str, after: float, rng: np.random.Generator, shards: int
) -> Killed | None:
    """Kill a run some seconds after its first shard, and call again until it is complete.

    None if there was nothing left to hit: not all that was asked for was there, or all shards were
    finished.
    """
    process = _start(folder, out)
    running = _wait_for(folder / out, 1, process)
    time.sleep(after)
    finished = _finished(folder / out)
    killed = _kill(process, target, rng) if running and finished < shards else 0
    if killed < (2 if target == "both" else 1):
        process.wait(_PATIENCE_SECONDS)
        return None
    for calls in range(1, 5):
        if process.wait(_PATIENCE_SECONDS) == 0:
            run = ec.read_run(folder / out)
            kept = run.counts["kept_shards"]
            return Killed(target, after, killed, finished, kept, calls, run.digest)
        process = _start(folder, out)
    process.kill()
    raise DisagreementError(f"killed {target} {after:.1f} s after its first shard: not complete")


def kill_rows(folder: Path, kills: int) -> tuple[str, list[str]]:
    """Digest of a run that nobody disturbs, and rows of the table on those that somebody kills."""
    ec.datasets.make_portfolio(SKUS, seed=SEED).write(folder / "tables")
    seconds = 0.0
    for out in ("compiled", "calm"):  # the first also loads what is compiled
        process = _start(folder, out)
        _wait_for(folder / out, 1, process)
        began = time.perf_counter()
        process.wait(_PATIENCE_SECONDS)
        seconds = time.perf_counter() - began
    calm = ec.read_run(folder / "calm")
    rng = stream(0, "benchmark", "kills")
    found: list[Killed] = []
    missed = 0
    while len(found) < kills:
        target = TARGETS[len(found) % len(TARGETS)]
        after = float(rng.uniform(0.0, seconds))
        number = f"killed {len(found)} {missed}"
        one = killed_run(folder, number, target, after, rng, calm.counts["shards"])
        print(one or f"{target} after {after:.2f} s: nothing left to hit", flush=True)
        if one is None:
            missed += 1
        else:
            found.append(one)
    rows = [
        f"| {target} killed, {len(of)} runs, {sum(one.killed for one in of)} processes hit | "
        f"{_range([one.finished for one in of])} of {calm.counts['shards']} shards finished then, "
        f"{_range([one.kept for one in of])} kept by the next call; complete after "
        f"{_range([one.calls for one in of])} calls | "
        f"{sum(one.digest == calm.digest for one in of)} of {len(of)} |"
        for target in TARGETS
        if (of := [one for one in found if one.target == target])
    ]
    wrong = [one for one in found if one.digest != calm.digest]
    if wrong:
        raise DisagreementError(f"other digests than {calm.digest}: {wrong}")
    rows.append(f"| moments at which nothing was left to hit, drawn again | {missed} | |")
    return calm.digest, rows


def _range(values: list[int]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


def plant() -> None:
    """Make some components go wrong in this process: those marked by a holding cost of theirs.

    Called when Python starts, in a run and its workers, by a ``sitecustomize`` module.
    """
    from echelon.jobs import steps
    from echelon.optimization import place_all

    marks = json.loads(os.environ[_MARKS])
    place, simulate = place_all.place, steps.simulate

    def go_wrong(costs: Any, here: tuple[str, ...]) -> None:
        for way in {marks.get(repr(float(cost))) for cost in costs} & set(here):
            if "killed" in way:
                os.kill(os.getpid(), signal.SIGKILL)
            raise RuntimeError(f"planted: {way}")

    def poisoned_place(task: Any) -> Any:
        go_wrong(task.cost.component.holding_cost, WAYS[:2])
        return place(task)

    def poisoned_simulate(network: ec.Network, *args: Any, **options: Any) -> Any:
        go_wrong(network.stages["holding_cost"], WAYS[2:])
        return simulate(network, *args, **options)

    place_all.place, steps.simulate = poisoned_place, poisoned_simulate


def marks(network: ec.Network) -> tuple[dict[str, str], set[int]]:
    """One in a hundred components, and a holding cost by which each can be known."""
    compiled = network.compiled
    costs, counts = np.unique(compiled.holding_cost, return_counts=True)
    alone = set(costs[counts == 1].tolist())
    chosen: dict[str, str] = {}
    components: set[int] = set()
    wanted = round(network.n_components / 100)
    order = stream(1, "benchmark", "kills").permutation(network.n_components).tolist()
    for component in order:
        own = compiled.holding_cost[slice(*compiled.component_ptr[component : component + 2])]
        mark = next((cost for cost in own.tolist() if cost in alone), None)
        if mark is not None and len(components) < wanted:
            chosen[repr(mark)] = WAYS[len(components) % len(WAYS)]
            components.add(component)
    return chosen, components


def planted_rows(folder: Path) -> list[str]:
    """Rows of the table on failures planted in one of a hundred components."""
    portfolio = ec.datasets.make_portfolio(PLANTED_SKUS, seed=SEED)
    portfolio.write(folder / "planted tables")
    network = portfolio.network
    chosen, components = marks(network)
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'resource_tracker' not in ' '.join(sys.orig_argv):\n"
        "    from benchmarks.quality.kills import plant\n"
        "    plant()\n"
    )
    path = os.pathsep.join([str(folder), os.getcwd(), os.environ.get("PYTHONPATH", "")])
    env = {_MARKS: json.dumps(chosen), "PYTHONPATH": path}
    _start(folder, "planted", "planted tables", **env).wait(_PATIENCE_SECONDS)
    run = ec.read_run(folder / "planted")
    _start(folder, "well", "planted tables").wait(_PATIENCE_SECONDS)
    well = ec.read_run(folder / "well")
    if set(run.failures["component"]) != components or len(well.failures):
        raise DisagreementError(f"planted {components}, reported {run.failures.to_string()}")
    _same_but_for(run.to_frame("plan"), well.to_frame("plan"), components)
    _same_but_for(run.to_frame("simulation"), well.to_frame("simulation"), components)
    _start(folder, "planted", "planted tables").wait(_PATIENCE_SECONDS)
    mended = ec.read_run(folder / "planted")
    if mended.digest != well.digest:
        raise DisagreementError("mended and run again, it differs")
    return [
        f"| `echelon run`, {PLANTED_SKUS:,} SKUs, {len(components)} of {network.n_components} "
        f"components poisoned | {'; '.join(run.failures['error'])}: {len(run.failures)} rows of "
        f"failures, exactly those; all others have the same rows; mended, the next call keeps "
        f"{mended.counts['kept_shards']} of {mended.counts['shards']} shards | 1 of 1 |"
    ]


def _same_but_for(frame: pd.DataFrame, other: pd.DataFrame, components: set[int]) -> None:
    key = ["item", "location"]
    rest = other[~other["component"].isin(components)]
    pd.testing.assert_frame_equal(
        frame.sort_values(key, ignore_index=True),
        rest.sort_values(key, ignore_index=True),
        check_exact=True,
    )


def cluster_rows(folder: Path, calm: str) -> list[str]:
    """Rows of the table on a Dask cluster of two workers, of which one is killed half way."""
    from distributed import Client, LocalCluster

    network = ec.datasets.make_portfolio(SKUS, seed=SEED).network
    asked: dict[str, Any] = {"service_times": "whole", "progress": False}
    digests, kept = [], folder / "finished"
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster),
    ):
        for out, done in (("dask", 0), ("dask killed", 7)):
            killer = threading.Thread(target=_kill_worker, args=(cluster, folder / out, done))
            killer.start()
            run = ec.run(
                folder / "tables", folder / out, backend="dask", progress=False, **SETTINGS
            )
            killer.join()
            digests.append(run.digest)
        plan = ec.optimize(network, **asked, backend="dask", ledger=kept)
    alone = ec.run(folder / "tables", folder / "one", progress=False, **SETTINGS | {"n_jobs": 1})
    digests.append(alone.digest)
    placed = frame_digest(ec.optimize(network, **asked).stages) == frame_digest(plan.stages)
    if set(digests) != {calm} or not placed:
        raise DisagreementError(f"{digests} for {calm}; the same plan: {placed}")
    return [
        "| `ec.run(backend='dask')`, cluster of two | as it is; one worker killed after 7 finished "
        "shards | 2 of 2 |",
        "| `ec.run(n_jobs=1)` | no worker | 1 of 1 |",
        "| `ec.optimize(backend='dask', ledger=...)` | as `n_jobs=1` | 1 of 1 |",
    ]


def _kill_worker(cluster: Any, out: Path, done: int) -> None:
    """Kill one worker of a cluster once so many shards are done; none at 0."""
    if done and _wait_for(out, done):
        pid = next(iter(cluster.workers.values())).pid
        os.kill(pid, signal.SIGKILL)


def table(kills: int = KILLS) -> str:
    """Markdown: what was done to a run, what was left of it, and whether its digest is the same."""
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore", ec.DataWarning)
        folder = Path(name)
        calm, rows = kill_rows(folder, kills)
        rows += planted_rows(folder)
        rows += cluster_rows(folder, calm)
    return "\n".join(
        [
            f"## {TITLE} ({SKUS} SKUs placed and simulated by `echelon run`, two workers)",
            "",
            "| what was done to it | what was left | same digest as undisturbed |",
            "|---|---|---:|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    print(table(*map(int, sys.argv[1:])))
