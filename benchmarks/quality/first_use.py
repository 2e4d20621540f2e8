"""What the first call costs: kernels are compiled then, and kept on disk for later.

python -m benchmarks.quality.first_use
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

import echelon as ec
from benchmarks.cases.simulation_systems import network_of, systems

LARGEST = 4
"""Kernels that are named, those that took longest."""


def bicycles() -> ec.Network:
    """Four stages, one customer."""
    stages = pd.DataFrame(
        {
            "item": ["frame", "wheel", "bicycle", "bicycle"],
            "location": ["supplier", "supplier", "plant", "shop"],
            "lead_time": [6, 3, 1, 0],
            "added_cost": [80.0, 15.0, 60.0, 5.0],
            "service_level": [None, None, None, 0.95],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["frame", "wheel", "bicycle"],
            "from_location": ["supplier", "supplier", "plant"],
            "to_item": ["bicycle", "bicycle", "bicycle"],
            "to_location": ["plant", "plant", "shop"],
            "units_required": [1, 2, 1],
            "lead_time": [0, 0, 1],
        }
    )
    demand = pd.DataFrame(
        {"item": ["bicycle"], "location": ["shop"], "mean": [40.0], "std": [15.0]}
    )
    return ec.Network.from_tables(stages, lanes, demand, holding_rate=0.25)


def simulate(precision: str, **stage: Any) -> None:
    """Run three stages in series; ``stage`` switches on what a column of stages switches on."""
    network = network_of(systems()["3-stage series"])
    if stage:
        network = ec.Network.from_tables(
            network.stages.assign(**stage), network.lanes, network.demand
        )
    ec.simulate(network, periods=100, replications=100, progress=False, precision=precision)


def demo() -> None:
    """Do what ``make demo`` does, without the text."""
    from echelon.cli import main

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        main(["demo", "--out", str(Path(folder) / "run")])


USES: dict[str, tuple[str, Callable[[], object]]] = {
    "optimize": ("`optimize`, a tree of 4 stages", lambda: ec.optimize(bicycles())),
    "double": ("`simulate`, 3 stages in series", lambda: simulate("double")),
    "single": ("the same in single precision", lambda: simulate("single")),
    "features": ("the same with a capacity", lambda: simulate("double", capacity=80.0)),
    "demo": ("`make demo`, once installed", demo),
}


def measure(use: str) -> dict[str, Any]:
    """One use in this process: CPU seconds of all of it, of compiling, and by kernel."""
    from numba.core import event

    own: dict[str, float] = {}
    open_: list[list[float]] = []  # begun, spent in what was compiled meanwhile

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:  # noqa: ARG002
            open_.append([time.process_time(), 0.0])

        def on_end(self, event: Any) -> None:
            begun, inside = open_.pop()
            spent = time.process_time() - begun
            if open_:
                open_[-1][1] += spent
            kernel = event.data["dispatcher"].py_func
            name = f"{kernel.__module__.rpartition('.')[2]}.{kernel.__name__}"
            own[name] = own.get(name, 0.0) + spent - inside

    event.register("numba:compile", Listener())
    begun = time.process_time()
    USES[use][1]()
    spent = time.process_time() - begun
    return {"spent": spent, "compiling": sum(own.values()), "kernels": own}


def _alone(use: str, folder: str) -> dict[str, Any]:
    """Measure in a process of its own that keeps kernels in ``folder``."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.quality.first_use", use],
        env={**os.environ, "NUMBA_CACHE_DIR": folder},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def table() -> str:
    """The table of RESULTS.md."""
    lines = [
        "### The first call",
        "",
        "CPU seconds of a call in a new process, packages imported, with no kernel on disk, and of "
        "the next process, which finds them there. A kernel's own time is without what it calls.",
        "",
        "| | first | of it compiling | functions | next | longest |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for use, (name, _) in USES.items():
        with tempfile.TemporaryDirectory() as folder:
            first, second = _alone(use, folder), _alone(use, folder)
        own = first["kernels"]
        longest = sorted(own, key=own.__getitem__, reverse=True)[:LARGEST]
        lines.append(
            f"| {name} | **{first['spent']:.1f} s** | {first['compiling']:.1f} s | {len(own)} | "
            f"{second['spent']:.1f} s | "
            + ", ".join(f"{kernel} {own[kernel]:.1f} s" for kernel in longest)
            + " |"
        )
        print(lines[-1], flush=True)
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
    else:
        print(table())
