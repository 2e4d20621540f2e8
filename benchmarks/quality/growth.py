"""How a nightly run grows with the number of SKUs: seconds, memory, and a straight line.

python -m benchmarks.quality.growth [SKUS ...]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.quality.fifty_thousand import Measured, command, write_tables

TITLE = "Growth with the number of SKUs"
SIZES = (1_000, 4_000, 16_000, 50_000, 200_000)
FIRST = 50
"""SKUs of a run that compiles, and does not count."""


def line(sizes: Sequence[float], values: Sequence[float]) -> tuple[float, float, float]:
    """Straight line with the least squares of relative deviations.

    Parameters
    ----------
    sizes, values : sequence of float
        At least two of each; values above 0.

    Returns
    -------
    tuple of float
        Start, slope, and the largest ``abs(value / line - 1)``.

    Examples
    --------
    >>> [round(number, 12) for number in line([1, 2, 10], [5, 7, 23])]
    [3.0, 2.0, 0.0]
    """
    x, y = np.asarray(sizes, dtype=float), np.asarray(values, dtype=float)
    (start, slope), *_ = np.linalg.lstsq(
        np.stack([1.0 / y, x / y], axis=1), np.ones(len(y)), rcond=None
    )
    return float(start), float(slope), float(np.abs(y / (start + slope * x) - 1.0).max())


def measured(sizes: Sequence[int]) -> list[Measured]:
    """Run the command on made-up portfolios of these sizes, each in a folder that is then gone."""
    runs = []
    for size in (FIRST, *sizes):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_tables(folder, size)
            run = command(folder, n_jobs=2)
        print(f"{size:,} SKUs: {run.wall:.1f} s, {run.cpu:.1f} s CPU", file=sys.stderr, flush=True)
        if size != FIRST:
            runs.append(run)
    return runs


def rows(sizes: Sequence[int], runs: Sequence[Measured]) -> list[str]:
    """Lines of the table, and of the straight lines through it."""
    stages = [run.summary["counts"]["stages"] for run in runs]
    start, slope, _ = line(stages, [run.cpu for run in runs])
    found = [
        f"| {size:,} | {n:,} | {run.wall:.1f} s | {run.cpu:.1f} s | {1e3 * run.cpu / n:.3f} ms "
        f"| {run.cpu / (start + slope * n) - 1.0:+.1%} | {run.memory / 2**30:.2f} GiB |"
        for size, n, run in zip(sizes, stages, runs, strict=True)
    ]
    found.append("")
    for name, values in (
        ("CPU", [run.cpu for run in runs]),
        ("Clock", [run.wall for run in runs]),
    ):
        start, slope, off = line(stages, values)
        found.append(
            f"{name}: {start:.1f} s + {1e3 * slope:.3f} ms a stage; largest deviation {off:.1%}."
        )
    return found


def table(sizes: Sequence[int] = SIZES) -> str:
    """Markdown: a row per size, and how far from a straight line they are."""
    return "\n".join(
        [
            f"### {TITLE}",
            "",
            "`echelon run` from Parquet tables to written results, two workers, 104 weeks after 26 "
            "of warm-up, 100 replications in single precision. CPU and memory of the command and "
            "its workers together.",
            "",
            "| SKUs | stages | clock | CPU | CPU of a stage | beside the line | memory |",
            "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            *rows(sizes, measured(sizes)),
            "",
        ]
    )


if __name__ == "__main__":
    print(table(tuple(map(int, sys.argv[1:])) or SIZES))
