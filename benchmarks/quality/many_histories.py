"""Fit and classify tens of thousands of weekly histories: seconds, memory, and growth.

python -m benchmarks.quality.many_histories
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

TITLE = "Fit and classify weekly histories"
SIZES = (50_000, 100_000, 200_000)
PERIODS = 156
EXPOSURE = 3


def history(n_series: int) -> pd.DataFrame:
    """Negative binomial demand of all classes, three years of weeks, as a tidy frame.

    Means are lognormal, from a unit a year to hundreds a week; every fifth series is in kilograms,
    which are no whole numbers.
    """
    rng = stream(3, "many histories", n_series)
    quantity = np.empty((n_series, PERIODS))
    for begin in range(0, n_series, 10_000):
        rows = quantity[begin : begin + 10_000]
        mean = np.exp(rng.normal(0.5, 1.8, len(rows)))[:, None]
        clustering = 1.0 + rng.gamma(0.7, 3.0, len(rows))[:, None]
        rows[:] = rng.poisson(rng.gamma(mean / clustering, clustering, rows.shape))
    quantity[::5] *= 0.37
    codes = np.repeat(np.arange(n_series, dtype=np.int32), PERIODS)
    names = [f"item-{k:06d}" for k in range(n_series)]
    return pd.DataFrame(
        {
            "item": pd.Categorical.from_codes(codes, names),
            "location": pd.Categorical.from_codes(np.zeros(len(codes), dtype=np.int8), ["shop"]),
            "period": np.tile(np.arange(PERIODS, dtype=np.int32), n_series),
            "quantity": quantity.ravel(),
        },
        copy=False,
    )


def measure(n_series: int) -> dict[str, float]:
    """Seconds and memory of one fit, in this process; memory is its peak, the history included."""
    given = history(n_series)
    before = _peak()
    wall, cpu = time.perf_counter(), time.process_time()
    models = ec.fit_demand(given, exposure=EXPOSURE)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    if len(models.models) != n_series or len(models.failures):
        raise AssertionError(f"{len(models.models)} models of {n_series} series")
    return {"wall": spent[0], "cpu": spent[1], "before": before, "peak": _peak()}


def _peak() -> float:
    """Largest resident memory of this process so far, GiB."""
    per_unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * per_unit / 2**30


def apart(n_series: int) -> dict[str, float]:
    """Measure in a process of its own, so that one size's memory is not another's."""
    code = "import json; from benchmarks.quality.many_histories import measure; "
    code += f"print(json.dumps(measure({n_series})))"
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return dict(json.loads(finished.stdout.splitlines()[-1]))


def table(sizes: tuple[int, ...] = SIZES) -> str:
    """The measurements as a table of Markdown."""
    head = ["series", "rows", "CPU", "CPU per 1,000 series", "wall", "history made", "peak memory"]
    lines = [head, ["---:"] * len(head)]
    for size in sizes:
        found = apart(size)
        lines.append(
            [
                f"{size:,}",
                f"{size * PERIODS:,}",
                f"{found['cpu']:.1f} s",
                f"{found['cpu'] / size * 1e6:.0f} ms",
                f"{found['wall']:.1f} s",
                f"{found['before']:.2f} GiB",
                f"{found['peak']:.2f} GiB",
            ]
        )
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (
        f"### {TITLE}\n\n{PERIODS} weeks each, five families, four memories, twelve origins, sums "
        f"of {EXPOSURE}; each size in a process of its own.\n\n{body}\n"
    )


if __name__ == "__main__":
    print(table())
