"""Reorder points of 50,000 SKUs for a fill rate, ordered in batches at reviews: one call.

python -m benchmarks.quality.many_levels
"""

from __future__ import annotations

import time

import numpy as np

from echelon.distributions import DistributionArray, Empirical, array, empirical_array
from echelon.exact.single_stage.lot_policy import ReorderPointMeasures, reorder_point_for
from echelon.rng import stream

N_SKUS = 50_000
N_JOBS = 2
HISTORY = 36
FILL_RATE = 0.95


def demands(kind: str, n: int) -> DistributionArray:
    """Demand of one period: means from 1 to 200, no two SKUs alike."""
    rng = stream(0, "benchmark", "many levels", kind)
    mean = np.exp(rng.uniform(0.0, np.log(200.0), n))
    if kind == "gamma":
        return array("gamma", mean, mean * rng.uniform(0.2, 1.2, n))
    if kind == "negative binomial":
        return array("negative_binomial", mean, np.sqrt(mean * rng.uniform(1.2, 6.0, n)))
    if kind == "empirical":  # each SKU's own three years of months
        scale = rng.uniform(1.2, 4.0, n)[:, None]
        history = rng.negative_binomial(mean[:, None] / (scale - 1.0), 1.0 / scale, (n, HISTORY))
        return empirical_array(history.astype(np.float64))
    third = n // 3
    return array([*demands("gamma", third), *demands("negative binomial", third),
                  *demands("empirical", n - 2 * third)])  # fmt: skip


def levels(demand: DistributionArray, *, random: bool) -> ReorderPointMeasures:
    """One call, each SKU with times and a quantity of its own."""
    rng = stream(0, "benchmark", "many levels", "times")
    n = len(demand)
    lead_time = rng.integers(1, 13, n).astype(np.float64)
    return reorder_point_for(
        demand,
        order_quantity=np.ceil(demand.mean * rng.uniform(1.0, 6.0, n)),
        fill_rate=FILL_RATE,
        lead_time=Empirical([2, 9], [0.8, 0.2]) if random else lead_time,
        review_period=rng.integers(1, 5, n),
        n_jobs=N_JOBS,
    )


def table() -> str:
    """The table of RESULTS.md."""
    lines = [
        f"### Reorder points of {N_SKUS:,} SKUs for a fill rate of {FILL_RATE:.0%}",
        "",
        f"(R, s, nQ) in one call on {N_JOBS} threads, all six measures included; least of three. "
        "Means from 1 to 200, quantities of one to six periods, reviews of 1 to 4 periods, lead "
        "times of 1 to 12 periods, or two-humped, 2 or 9. Empirical: "
        f"{HISTORY} periods of history.",
        "",
        "| demand | lead times | wall | CPU | fill rate reached |",
        "|---|---|---:|---:|---|",
    ]
    for random in (False, True):
        for kind in ("gamma", "negative binomial", "empirical", "a third each"):
            demand = demands(kind, N_SKUS)
            levels(demand[:64], random=random)  # compiles what is to be compiled
            wall, cpu = np.inf, np.inf
            for _ in range(3):
                begun, spent = time.perf_counter(), time.process_time()
                told = levels(demand, random=random)
                wall = min(wall, time.perf_counter() - begun)
                cpu = min(cpu, time.process_time() - spent)
            low, high = np.min(told.fill_rate), np.max(told.fill_rate)
            lines.append(
                f"| {kind} | {'2 or 9' if random else '1 to 12'} | {wall:.2f} s | {cpu:.2f} s | "
                f"{low:.6f} to {high:.4f} |"
            )
            print(lines[-1], flush=True)
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(table())
