"""What is left and what is owed at every point of a lattice, and sums of both over a window.

A demand has probabilities ``mass`` of the points 0, 1, …, m - 1; a position ``k`` may be any whole
number. Within the points tables answer, outside straight lines do.
"""

from __future__ import annotations

from echelon.kernels._jit import Floats, jit


@jit
def fill_tables(mass: Floats, reached: Floats, left: Floats, owed: Floats) -> None:
    """Tabulate one demand on its own points.

    mass (m,) probabilities, together 1. Overwritten, (m,) each: reached, P(D <= k); left,
    E(k - D)^+ in steps; owed, E(D - k)^+ in steps. Each by sums of positive terms from its own
    end, so that small values keep their digits.
    """
    m = mass.shape[0]
    below, stock = 0.0, 0.0
    for k in range(m):
        stock += below
        left[k] = stock
        below += mass[k]
        reached[k] = below
    above, short = 0.0, 0.0
    for k in range(m - 1, -1, -1):
        short += above
        owed[k] = short
        above += mass[k]


@jit
def left_at(left: Floats, k: int) -> float:
    """E(k - D)^+ in steps, at any position."""
    m = left.shape[0]
    if k < 0:
        return 0.0
    if k < m:
        return float(left[k])
    return float(left[m - 1] + (k - (m - 1)))


@jit
def owed_at(owed: Floats, k: int) -> float:
    """E(D - k)^+ in steps, at any position."""
    m = owed.shape[0]
    if k >= m:
        return 0.0
    if k >= 0:
        return float(owed[k])
    return float(owed[0] - k)


@jit
def reached_at(reached: Floats, k: int) -> float:
    """P(D <= k) at any position."""
    if k < 0:
        return 0.0
    if k >= reached.shape[0]:
        return 1.0
    return float(min(reached[k], 1.0))


@jit
def left_sum(left: Floats, low: int, high: int) -> float:
    """Sum of :func:`left_at` over positions from low to high, both counted."""
    m = left.shape[0]
    total = 0.0
    for k in range(max(low, 0), min(high, m - 1) + 1):
        total += left[k]
    begin = max(low, m)
    if high >= begin:  # a straight line: as many positions, times the mean of its ends
        total += (high - begin + 1.0) * 0.5 * (left_at(left, begin) + left_at(left, high))
    return total


@jit
def owed_sum(owed: Floats, low: int, high: int) -> float:
    """Sum of :func:`owed_at` over positions from low to high, both counted."""
    m = owed.shape[0]
    total = 0.0
    for k in range(max(low, 0), min(high, m - 1) + 1):
        total += owed[k]
    end = min(high, -1)
    if end >= low:
        total += (end - low + 1.0) * 0.5 * (owed_at(owed, low) + owed_at(owed, end))
    return total
