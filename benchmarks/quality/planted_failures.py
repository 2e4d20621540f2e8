"""Failures planted in one of a hundred components of a nightly run: exactly those are reported.

python -m benchmarks.quality.planted_failures [SKUS]
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import echelon as ec
from benchmarks.quality.kills import start
from benchmarks.registry import DisagreementError
from echelon.rng import stream

TITLE = "Failures planted in one of a hundred components"
SKUS, SEED = 1_500, 5
EXPECTED = {
    "an exception while its stock is placed": "RuntimeError",
    "an exception while it is simulated": "RuntimeError",
    "a worker killed while its stock is placed": "TerminatedWorkerError",
    "a worker killed while it is simulated": "TerminatedWorkerError",
    "it never ends": "TimeoutError",
    "it takes all memory": "MemoryError",
    "a service level of 97.5": "TableError",
}
"""What is planted, and the error that has to stand in its row."""

_TABLES_FAULT = "a service level of 97.5"
_LIMITS = "time_limit = 45\nmemory_limit = 1.5\n"
_SHARD = 150
_MARKS = "ECHELON_BENCHMARK_PLANTED"
_TAKEN_BYTES = 1_700_000_000


def plant() -> None:
    """Make some components go wrong in this process: those marked by a holding cost of theirs.

    Called when Python starts, in a run and its workers, by a ``sitecustomize`` module.
    """
    from echelon.jobs import steps

    planted: Mapping[str, str] = json.loads(os.environ[_MARKS])
    changed: Any = steps
    place, simulate = changed.place_safety_stock, changed.simulate

    def go_wrong(network: ec.Network, step: str) -> None:
        costs = network.compiled.holding_cost.tolist()
        for way in dict.fromkeys(planted[repr(cost)] for cost in costs if repr(cost) in planted):
            if way.startswith("an exception") and step in way:
                raise RuntimeError(f"planted: {way}")
            if way.startswith("a worker killed") and step in way:
                os.kill(os.getpid(), signal.SIGKILL)
            if way == "it never ends" and step == "placed":
                time.sleep(3600.0)
            if way == "it takes all memory" and step == "placed":
                held = bytearray(b"1") * _TAKEN_BYTES
                time.sleep(3600.0)
                held.clear()

    def poisoned_place(network: ec.Network, **options: Any) -> Any:
        go_wrong(network, "placed")
        return place(network, **options)

    def poisoned_simulate(network: ec.Network, *args: Any, **options: Any) -> Any:
        go_wrong(network, "simulated")
        return simulate(network, *args, **options)

    changed.place_safety_stock, changed.simulate = poisoned_place, poisoned_simulate


def chosen(network: ec.Network) -> dict[int, tuple[str, float]]:
    """One in a hundred components, what is planted there, and a holding cost it is known by."""
    compiled = network.compiled
    costs, counts = np.unique(compiled.holding_cost, return_counts=True)
    alone = set(costs[counts == 1].tolist())
    found: dict[int, tuple[str, float]] = {}
    order = stream(1, "benchmark", "planted").permutation(network.n_components).tolist()
    for component in order:
        own = compiled.holding_cost[slice(*compiled.component_ptr[component : component + 2])]
        mark = next((cost for cost in own.tolist() if cost in alone), None)
        if mark is not None and len(found) < round(network.n_components / 100):
            found[component] = (list(EXPECTED)[len(found) % len(EXPECTED)], mark)
    return found


def spoil(folder: Path, network: ec.Network, components: list[int]) -> None:
    """Write a service level of 97.5 into a row of each of these components."""
    path = folder / "stages.parquet"
    stages = pd.read_parquet(path)
    compiled = network.compiled
    for component in components:
        rows = compiled.stage_row[slice(*compiled.component_ptr[component : component + 2])]
        promised = [row for row in rows.tolist() if not np.isnan(stages["service_level"][row])]
        stages.loc[promised[0], "service_level"] = 97.5
    stages.to_parquet(path)


def planted_run(folder: Path, skus: int) -> tuple[ec.Run, ec.Run, dict[int, tuple[str, float]]]:
    """Run a portfolio well and with failures planted."""
    portfolio = ec.datasets.make_portfolio(skus, seed=SEED)
    portfolio.write(folder / "tables")
    network = portfolio.network
    marks = chosen(network)
    shutil.copytree(folder / "tables", folder / "spoilt")
    spoil(folder / "spoilt", network, [c for c, (way, _) in marks.items() if way == _TABLES_FAULT])
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'resource_tracker' not in ' '.join(sys.orig_argv):\n"
        "    from benchmarks.quality.planted_failures import plant\n"
        "    plant()\n"
    )
    told = json.dumps({repr(mark): way for way, mark in marks.values() if way != _TABLES_FAULT})
    path = os.pathsep.join([str(folder), os.getcwd(), os.environ.get("PYTHONPATH", "")])
    env = {_MARKS: told, "PYTHONPATH": path}
    more = f"{_LIMITS}\n"
    for out, tables, some in (("well", "tables", {}), ("planted", "spoilt", env)):
        run = start(folder, out, tables, more, shard=_SHARD, **some)
        code = run.wait()
        print(f"{out}: ended with {code} after {run.seconds:.0f} s", flush=True)
    return ec.read_run(folder / "planted"), ec.read_run(folder / "well"), marks


def same_but_for(run: ec.Run, well: ec.Run, components: set[int], level: str) -> int:
    """Compare all rows but those of some components, to the bit, and count them."""
    key = ["item", "location"]
    plan = well.to_frame("plan", ("component", *key))
    others = plan.loc[~plan["component"].isin(components), key]
    rest = well.to_frame(level).merge(others, on=key).sort_values(key, ignore_index=True)
    found = run.to_frame(level).sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(found, rest, check_exact=True)
    return len(rest)


def table(skus: int = SKUS) -> str:
    """Markdown: what was planted, and what the run says of it.

    Raises
    ------
    DisagreementError
        If other components are reported, or with other errors, or the next call, without what was
        planted, ends with another digest than a run without.
    """
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore", ec.DataWarning)
        folder = Path(name)
        run, well, marks = planted_run(folder, skus)
        reported = dict(zip(run.failures["component"], run.failures["error"], strict=True))
        expected = {component: EXPECTED[way] for component, (way, _) in marks.items()}
        if reported != expected or len(run.failures) != len(expected) or len(well.failures):
            raise DisagreementError(f"expected {expected}, found {run.failures.to_string()}")
        rows = {
            level: same_but_for(run, well, set(marks), level) for level in ("plan", "simulation")
        }
        code = start(folder, "planted", "tables", f"{_LIMITS}\n", shard=_SHARD).wait()
        mended = ec.read_run(folder / "planted")
        if code or mended.digest != well.digest:
            raise DisagreementError(f"mended and run again: {mended.digest}, not {well.digest}")
    counts = well.counts
    return "\n".join(
        [
            f"### {TITLE}",
            "",
            f"`echelon run` over {skus:,} SKUs, {counts['stages']:,} stages in "
            f"{counts['components']:,} components, {counts['shards']} shards, two workers; "
            f"{len(marks)} components poisoned. Exactly those are in `failures`; the "
            f"{rows['plan']:,} rows of the plan and {rows['simulation']:,} of the simulation of "
            "all others are those of a run with nothing planted, to the bit. The same command, "
            f"once all is mended, keeps {mended.counts['kept_shards']} of {counts['shards']} "
            "shards and "
            "ends with the digest of that run.",
            "",
            "| planted | components | error in `failures` |",
            "|---|---:|---|",
            *(
                f"| {way} | {sum(way == planted for planted, _ in marks.values())} | `{error}` |"
                for way, error in EXPECTED.items()
            ),
            "",
        ]
    )


if __name__ == "__main__":
    print(table(*map(int, sys.argv[1:])))
