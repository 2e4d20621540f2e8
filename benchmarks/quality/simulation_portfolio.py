"""A portfolio simulated as a whole: 50,000 SKUs of six stages, two years of weeks, 100 times.

python -m benchmarks.quality.simulation_portfolio
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd

import echelon as ec
from echelon.rng import stream

N_SKUS = 50_000
STAGES = ("substance", "bulk", "pack", "north", "south", "export")
SUPPLIER = (-1, 0, 1, 2, 2, 2)
MARKETS = (3, 4, 5)
LEAD_TIME = (8.0, 4.0, 2.0, 1.0, 2.0, 3.0)
PERIODS = 104
REPLICATIONS = 100
N_JOBS = 2
FAMILIES = ("poisson", "negative_binomial", "gamma")
"""Of demand: every third SKU has the same."""


def build(n_skus: int) -> ec.Network:
    """Make tables of SKUs that all differ: means from 1 to 200 a week in each market."""
    rng = stream(0, "benchmark", "simulation portfolio")
    names = np.array([f"sku {k:05d}" for k in range(n_skus)])
    mean = np.exp(rng.uniform(0.0, np.log(200.0), (n_skus, len(MARKETS))))
    family = np.arange(n_skus) % len(FAMILIES)
    ratio = rng.uniform(1.2, 4.0, (n_skus, len(MARKETS)))  # variance over mean
    deviation = np.where(family[:, None] == 0, mean**0.5, (ratio * mean) ** 0.5)
    seen = np.column_stack([mean.sum(axis=1)] * MARKETS[0] + [*mean.T])
    stages = pd.DataFrame(
        {
            "item": np.repeat(names, len(STAGES)),
            "location": np.tile(STAGES, n_skus),
            "lead_time": np.tile(LEAD_TIME, n_skus),
            "holding_cost": np.tile(np.arange(1.0, len(STAGES) + 1.0), n_skus),
            "base_stock": np.ceil(seen * (np.array(LEAD_TIME) + 1.0)).ravel(),
        }
    )
    supplied = [j for j, supplier in enumerate(SUPPLIER) if supplier >= 0]
    lanes = pd.DataFrame(
        {
            "from_item": np.repeat(names, len(supplied)),
            "from_location": np.tile([STAGES[SUPPLIER[j]] for j in supplied], n_skus),
            "to_item": np.repeat(names, len(supplied)),
            "to_location": np.tile([STAGES[j] for j in supplied], n_skus),
        }
    )
    demand = pd.DataFrame(
        {
            "item": np.repeat(names, len(MARKETS)),
            "location": np.tile([STAGES[j] for j in MARKETS], n_skus),
            "mean": mean.ravel(),
            "std": deviation.ravel(),
            "family": np.repeat(np.array(FAMILIES)[family], len(MARKETS)),
        }
    )
    return ec.Network.from_tables(stages, lanes, demand)


def simulate(network: ec.Network, precision: str) -> ec.Simulation:
    """Run it, streamed: no path is kept."""
    return ec.simulate(
        network,
        periods=PERIODS,
        warmup=0,
        replications=REPLICATIONS,
        n_jobs=N_JOBS,
        progress=False,
        precision=precision,
    )


def measure(n_skus: int, precision: str) -> dict[str, float]:
    """Seconds and memory, to be asked of a process of its own; kernels are compiled before."""
    simulate(build(6), precision)
    begun = time.perf_counter()
    network = build(n_skus)
    built = time.perf_counter()
    before, clock = _peak(), time.process_time()
    run = simulate(network, precision)
    return {
        "build": built - begun,
        "wall": time.perf_counter() - built,
        "cpu": time.process_time() - clock,
        "built_gib": before[0],
        "peak_gib": _peak()[0],
        "worker_gib": _peak()[1],
        **{f"seconds {part}": spent for part, spent in run.provenance.seconds.items()},
        "cost": float(run.total["cost"].iloc[0]),
        "cost_se": float(run.total["cost_se"].iloc[0]),
        "fill_rate": float(run.total["fill_rate"].iloc[0]),
    }


def _peak() -> tuple[float, float]:
    """Most memory held so far by this process, and by the largest worker that has ended, GiB."""
    own, worker = (
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own / 2.0**20, worker / 2.0**20  # Linux counts in KiB


def _told(precision: str) -> dict[str, float]:
    """What a process of its own measured."""
    command = [sys.executable, "-m", __spec__.name, str(N_SKUS), precision]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def table() -> str:
    """The table of RESULTS.md."""
    told = {precision: _told(precision) for precision in ("double", "single")}
    stage_periods = N_SKUS * len(STAGES) * PERIODS * REPLICATIONS

    def line(name: str, form: str, asked: str = "") -> str:
        cells = [form.format(one[name]) for one in told.values()]
        return f"{' | '.join(cells)} | {asked} |"

    rates = [f"{stage_periods / one['wall'] / 1e6:,.0f} million" for one in told.values()]
    costs = [f"{one['cost']:,.0f} ± {one['cost_se']:,.0f}" for one in told.values()]
    return "\n".join(
        (
            f"### A portfolio: {N_SKUS:,} SKUs, {len(STAGES)} stages each, {PERIODS} weeks, "
            f"{REPLICATIONS} replications",
            "",
            f"One call with `n_jobs={N_JOBS}` in a process of its own, kernels compiled, no "
            f"path kept; demand Poisson, negative binomial and gamma, a third of the SKUs each, "
            f"in {N_SKUS * len(MARKETS):,} rows that all differ. Memory is the most the process "
            "ever held, tables included.",
            "",
            "| | double precision | single | asked |",
            "|---|---:|---:|---:|",
            f"| checking and compiling the tables | {line('build', '{:.1f} s')}",
            f"| simulating, wall | {line('wall', '**{:.2f} s**', '10 s')}",
            f"| simulating, CPU | {line('cpu', '{:.2f} s')}",
            f"| stage-periods a second | {' | '.join(rates)} |  |",
            f"| memory before it | {line('built_gib', '{:.2f} GiB')}",
            f"| most memory | {line('peak_gib', '**{:.2f} GiB**', '1 GiB')}",
            f"| most memory of a worker process, if any | {line('worker_gib', '{:.2f} GiB')}",
            f"| cost a week, standard error | {' | '.join(costs)} |  |",
            f"| fill rate | {line('fill_rate', '{:.4f}')}",
            "",
        )
    )


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(measure(int(sys.argv[1]), sys.argv[2])))
    else:
        print(table())
