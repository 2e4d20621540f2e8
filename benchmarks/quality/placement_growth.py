"""Placement on layered networks of 100 to 50,000 stages: time, memory and proven gap.

python -m benchmarks.quality.placement_growth

Each size runs in a process of its own, whose peak memory is told by the system.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

import echelon as ec
from benchmarks.cases.layered_networks import COSTS, build_network, layered

TITLE = "Growth of a placement: layered networks of one component"
SIZES = (100, 1_000, 10_000, 50_000)
METHOD = "auto"
GAP = 1e-3
SECONDS = 110.0


def measured(n_stages: int, costs: str, *, shared: bool = True) -> dict[str, float]:
    """One whole call of ``optimize`` from a built network, in this process."""
    ec.optimize(
        build_network(layered(100)), method="dual", gap=GAP, time_limit=5.0
    )  # compiles the kernels
    data = layered(n_stages, costs=costs, shared=shared)
    begun = time.process_time()
    network = build_network(data)
    built = time.process_time() - begun
    begun, spent = time.perf_counter(), time.process_time()
    plan = ec.optimize(network, method=METHOD, gap=GAP, time_limit=SECONDS)
    return {
        "lanes": network.n_lanes,
        "build": built,
        "wall": time.perf_counter() - begun,
        "cpu": time.process_time() - spent,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
    }


def table(sizes: tuple[int, ...] = SIZES) -> str:
    """The table of RESULTS.md."""
    lines = [
        f"### {TITLE}",
        "",
        "Ten layers, 2 to 8 lanes into each stage, one in five from beyond the layer above, whole "
        "lead times of 1 to 10 periods. *Cumulative*: a stage's holding cost is that of all that "
        "goes into it and of the value it adds; *independent*: drawn whatever goes in. What a "
        "stage makes is shared out among its customers, or (*one unit each*) one unit goes into "
        "every one of them, so that demand and value multiply with the number of paths. "
        f"`optimize(network, method={METHOD!r}, gap={GAP:g}, time_limit={SECONDS:g})`, whole call, "
        "from a built network; the time to build it beside; one core.",
        "",
        "| costs | stages | lanes | build, CPU | optimize, CPU | wall | peak memory "
        "| cost a period | proven gap |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    cases = [(costs, True) for costs in COSTS] + [("cumulative", False)]
    for costs, shared in cases:
        name = costs if shared else f"{costs}, one unit each"
        seconds = []
        for n_stages in sizes:
            told = _in_a_process(n_stages, costs, shared=shared)
            seconds.append(told["cpu"])
            lines.append(
                f"| {name} | {n_stages:,} | {told['lanes']:,} | {told['build']:.2f} s | "
                f"{told['cpu']:.2f} s | {told['wall']:.1f} s | {told['memory']:.2f} GiB | "
                f"{told['objective']:.6g} | {told['gap']:.1e} |"
            )
            print(lines[-1], flush=True)
        if costs == "cumulative" and len(sizes) > 1:
            exponent = np.log(seconds[-1] / seconds[-2]) / np.log(sizes[-1] / sizes[-2])
            lines.append(f"| {name} | growth | | | n^{exponent:.2f} | | | | |")
            print(lines[-1], flush=True)
    return "\n".join([*lines, ""])


def _in_a_process(n_stages: int, costs: str, *, shared: bool) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.quality.placement_growth"]
    command += ["--measure", str(n_stages), costs, "shared" if shared else "each"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", nargs=3, metavar=("STAGES", "COSTS", "UNITS"))
    arguments = parser.parse_args()
    if arguments.measure:
        stages, kind, units = arguments.measure
        print(json.dumps(measured(int(stages), kind, shared=units == "shared")))
    else:
        print(table())
