"""What shelf lives cost in a simulation: lives that never bind, that seldom do, and that do.

python -m benchmarks.quality.simulated_shelf_lives
"""

from __future__ import annotations

import gc
import time
from typing import Any

import numpy as np

import echelon as ec
from echelon.network.network import Network

N_SKUS = 200
REPEATS = 3
RUN: dict[str, Any] = {"periods": 104, "warmup": 26, "replications": 100, "progress": False}
LIVES = {
    "none": None,
    "ten times as long": 10.0,
    "twice as long": 2.0,
    "as they are, 78 to 156 weeks": 1.0,
    "a quarter": 0.25,
    "a tenth": 0.1,
}


def lived(portfolio: ec.datasets.MadeUpPortfolio, times: float | None) -> Network:
    """The portfolio's network with shelf lives so many times as long, or without any."""
    tables = dict(portfolio.tables)
    stages, demand = tables["stages"].copy(), tables["demand"].copy()
    if times is None:
        stages = stages.drop(columns=["shelf_life", "waste_cost"])
        demand = demand.drop(columns="minimum_remaining_life")
    else:
        stages["shelf_life"] = np.ceil(stages["shelf_life"] * times)
        asked = np.floor(demand["minimum_remaining_life"] * min(times, 1.0))
        demand["minimum_remaining_life"] = asked
    return Network.from_tables(
        stages,
        tables["lanes"],
        demand,
        segments=["market", "channel"],
        period="week",
        holding_rate=0.18,
    )


def table() -> str:
    """The table of RESULTS.md."""
    portfolio = ec.datasets.make_portfolio(N_SKUS)
    plan = ec.optimize(portfolio.network, service_times="whole", progress=False)
    lines: list[str] = []
    without: dict[str, float] = {}
    for name, times in LIVES.items():
        network, cells = lived(portfolio, times), []
        for precision in ("double", "single"):
            spent = np.inf
            ec.simulate(network, plan, **RUN, precision=precision)  # compiles
            gc.collect()
            for _ in range(REPEATS):
                clock = time.process_time()
                run = ec.simulate(network, plan, **RUN, precision=precision)
                spent = min(spent, time.process_time() - clock)
            without.setdefault(precision, spent)
            cells.append(f"{1e3 * spent / N_SKUS:.2f} | {spent / without[precision]:.1f}")
        frame = run.to_frame()
        wasted = int((frame["expired"] > 0.0).sum()) if "expired" in frame else 0
        lines.append(f"| {name} | {' | '.join(cells)} | {wasted} |")
        print(lines[-1], flush=True)
    return "\n".join(
        (
            "### What shelf lives cost in a simulation",
            "",
            f"The made-up portfolio of {N_SKUS} SKUs, {RUN['warmup']} + {RUN['periods']} weeks, "
            f"{RUN['replications']} replications, milliseconds of CPU for each SKU, least of "
            f"{REPEATS}, and times what it takes without shelf lives. At the right, the stages at "
            "which something expired.",
            "",
            "| shelf lives | double | times | single | times | stages with waste |",
            "|---|---:|---:|---:|---:|---:|",
            *lines,
            "",
        )
    )


if __name__ == "__main__":
    print(table())
