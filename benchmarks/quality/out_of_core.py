"""Tables larger than memory: divided, then read, checked and compiled shard by shard.

python -m benchmarks.quality.out_of_core
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import echelon as ec
from echelon.execution import run_shards
from echelon.io.divided import Shard

SIZES = (20_000, 100_000)
"""SKUs of the made-up portfolio, which has some five stages for each."""
N_JOBS = 2
MIB = 2.0**20


def _write(n_skus: int, folder: str) -> dict[str, float]:
    begun = time.process_time()
    portfolio = ec.datasets.make_portfolio(n_skus)
    portfolio.write(folder)
    return {"write": time.process_time() - begun, "stages": len(portfolio.tables["stages"])}


def _divide(n_skus: int, folder: str) -> dict[str, float]:  # noqa: ARG001
    before, begun, clock = _peak(), time.perf_counter(), time.process_time()
    divided = ec.divide(folder, f"{folder}.divided")
    return {
        "divide": time.process_time() - clock,
        "divide_wall": time.perf_counter() - begun,
        "divide_before": before,
        "divide_peak": _peak(),
        "shards": len(divided.shards),
        "largest": max(shard.n_stages for shard in divided.shards),
        "disk": sum(one.stat().st_size for one in Path(folder).iterdir()),
        "disk_divided": sum(
            one.stat().st_size for one in Path(f"{folder}.divided").rglob("*") if one.is_file()
        ),
    }


def _look(shard: Shard) -> float:
    """Read, check and compile a shard; CPU seconds."""
    begun = time.process_time()
    shard.read().compiled  # noqa: B018
    return time.process_time() - begun


def _read(n_skus: int, folder: str) -> dict[str, float]:  # noqa: ARG001
    begun = time.perf_counter()
    shards = ec.read_divided(f"{folder}.divided").shards
    seconds, worker = 0.0, 0
    for outcome in run_shards(_look, shards, n_jobs=N_JOBS):
        seconds += outcome.unwrap()
        worker = max(worker, outcome.peak_bytes)
    return {
        "read": seconds,
        "read_wall": time.perf_counter() - begun,
        "read_peak": _peak(),
        "worker_peak": worker / MIB,
    }


def _whole(n_skus: int, folder: str) -> dict[str, float]:  # noqa: ARG001
    begun = time.process_time()
    ec.read_network(folder).compiled  # noqa: B018
    return {"whole": time.process_time() - begun, "whole_peak": _peak()}


STEPS = {"write": _write, "divide": _divide, "read": _read, "whole": _whole}


def _peak() -> float:
    """Most memory that this process held so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0  # Linux counts in KiB


def measure(n_skus: int) -> dict[str, float]:
    """Each step in a process of its own, so that its memory is its own."""
    told: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for step in STEPS:
            command = [sys.executable, "-W", "ignore", "-m", __spec__.name]
            command += [step, str(n_skus), f"{folder}/tables"]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            told |= json.loads(done.stdout)
    return told


def table() -> str:
    """The table of RESULTS.md."""
    told = {n_skus: measure(n_skus) for n_skus in SIZES}
    bare = told[SIZES[0]]["divide_before"]

    def line(what: str, form: str, name: str, scale: float = 1.0, per: str = "") -> str:
        cells = [
            form.format(one[name] * scale / (one[per] if per else 1.0)) for one in told.values()
        ]
        return f"| {what} | {' | '.join(cells)} |"

    return "\n".join(
        (
            "### Tables larger than memory",
            "",
            "The made-up portfolio as Parquet files, each step in a process of its own; one that "
            f"only imports echelon, pandas and pyarrow holds {bare:,.0f} MiB. Shards are read by "
            f"{N_JOBS} workers, whose CPU seconds are added up.",
            "",
            f"| | {' | '.join(f'{n_skus:,} SKUs' for n_skus in told)} |",
            f"|---|{'---:|' * len(told)}",
            line("stages", "{:,.0f}", "stages"),
            line("making up and writing the tables, CPU", "{:.1f} s", "write"),
            line("dividing, CPU", "{:.1f} s", "divide"),
            line("dividing, wall", "{:.1f} s", "divide_wall"),
            line("dividing a stage, CPU", "{:.0f} µs", "divide", 1e6, "stages"),
            line("most memory while dividing", "**{:,.0f} MiB**", "divide_peak"),
            line("shards", "{:,.0f}", "shards"),
            line("stages of the largest", "{:,.0f}", "largest"),
            line("reading, checking and compiling, CPU", "{:.1f} s", "read"),
            line("reading, checking and compiling, wall", "**{:.1f} s**", "read_wall"),
            line("a stage of it, CPU", "{:.0f} µs", "read", 1e6, "stages"),
            line("most memory of the caller", "{:,.0f} MiB", "read_peak"),
            line("most memory of a worker", "**{:,.0f} MiB**", "worker_peak"),
            line("files of a stage, as given", "{:.0f} bytes", "disk", 1.0, "stages"),
            line("files of a stage, divided", "{:.0f} bytes", "disk_divided", 1.0, "stages"),
            line("as one network in memory, CPU", "{:.1f} s", "whole"),
            line("most memory of that", "{:,.0f} MiB", "whole_peak"),
            "",
        )
    )


if __name__ == "__main__":
    if len(sys.argv) > 3:
        print(json.dumps(STEPS[sys.argv[1]](int(sys.argv[2]), sys.argv[3])))
    else:
        print(table())
