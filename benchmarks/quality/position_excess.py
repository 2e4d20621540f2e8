"""What the position above the level takes to find where orders have a minimum: two ways.

python -m benchmarks.quality.position_excess
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.special import ndtr

from echelon.kernels.position_moves import position_moves
from echelon.network.compiled import Floats
from echelon.optimization.cost.position_excess import settled_weights, stationary_weights

CASES = ((64, 4.0, 1.5), (64, 64.0, 20.0), (256, 4.0, 1.5), (256, 256.0, 20.0), (512, 6.0, 5.5))
"""Cells of the minimum, mean and deviation of the demand between reviews in cells."""
PASSES = 5


def table() -> str:
    """The table of RESULTS.md."""
    lines = [
        "### Inventory position under a minimum order",
        "",
        f"Normal demand between reviews; CPU of one core, the least of {PASSES} passes. The plain "
        "way squares the matrix of moves until it settles.",
        "",
        "| minimum, cells | demand, cells | one system | squaring | ratio | largest difference |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for most, mean, std in CASES:
        longest = int(mean + 8.0 * std) + 1
        reached = ndtr((np.arange(longest + 1) + 0.5 - mean) / std)
        chance = np.diff(reached, prepend=0.0)
        chance[-1] += 1.0 - reached[-1]
        after = np.maximum(most - np.arange(1, longest + 1), 0)
        direct, found = _seconds(partial(stationary_weights, chance, after, most + 1))
        moves = np.empty((most + 1, most + 1))
        position_moves(chance, after, moves)
        np.fill_diagonal(moves, 1.0 - moves.sum(axis=1))
        squaring, want = _seconds(partial(settled_weights, moves))
        lines.append(
            f"| {most} | {mean:g} +- {std:g} | **{direct * 1e3:.2f} ms** | {squaring * 1e3:.2f} ms "
            f"| {squaring / direct:.1f} | {np.abs(found - want).max():.1e} |"
        )
    return "\n".join([*lines, ""])


def _seconds(work: Callable[[], Floats]) -> tuple[float, Floats]:
    work()  # compile
    least = float("inf")
    for _ in range(PASSES):
        begun = time.process_time()
        found = work()
        least = min(least, time.process_time() - begun)
    return least, found


if __name__ == "__main__":
    print(table())
