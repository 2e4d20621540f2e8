"""Where the inventory position is after a review whose orders have a least quantity."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, jit


@jit
def weights_after_minimum(chance: Floats, usual: float, weights: Floats) -> bool:
    """Share of reviews after which the position is 0, 1, ... cells above the level.

    chance (k + 1,) of a demand of 0, 1, ... cells between reviews; weights (m + 1,), overwritten,
    of an order of at least m > 2 cells. Two neighbouring demands that are more likely than
    ``usual`` times leaving a position show that all positions are reached. False, and weights of no
    meaning, where there are none, or where rounding spoils the answer.
    """
    most = weights.shape[0] - 1
    asked = np.zeros(2 * most)
    known = min(chance.shape[0], 2 * most)
    asked[:known] = chance[:known]
    leaving = 0.0  # an order of all cells leaves it there
    for cells in range(1, chance.shape[0]):
        if cells != most:
            leaving += chance[cells]
    reached = False
    for cells in range(2, chance.shape[0]):
        least = min(chance[cells - 1], chance[cells])
        reached = reached or least > usual * leaving
    if not reached:
        return False
    size = most - 1
    diagonals = np.empty(2 * size - 1)  # of the moves from the column to the row
    diagonals[size - 1] = leaving
    for apart in range(1, size):
        diagonals[size - 1 + apart] = -(asked[apart] + asked[apart + most])
        diagonals[size - 1 - apart] = -asked[most - apart]
    inner = weights[1:most]
    inner[:] = asked[most - 1 : 0 : -1]
    toeplitz_solved(diagonals, inner)
    if not inner.min() > -1e-9 * inner.max():
        return False
    total = 1.0
    for state in range(size):
        inner[state] = max(inner[state], 0.0)
        total += inner[state]
    weights[0], weights[most] = 1.0, 0.0
    for state in range(most):
        weights[state] /= total
    return True


@jit
def toeplitz_solved(diagonals: Floats, right: Floats) -> None:
    """Solve a system whose matrix has one number on each diagonal, by Levinson's recursion.

    diagonals (2 n - 1,), that of row i and column j at n - 1 + j - i, all leading minors other than
    0; right (n,), overwritten by the solution, n > 1.
    """
    n = right.shape[0]
    middle = diagonals[n - 1]
    # what is ahead of a row counts from its diagonal, so that all sums run the same way
    ahead, behind = np.empty(n), np.empty(n)
    ahead[n - 1], behind[0] = diagonals[n] / middle, diagonals[n - 2] / middle
    right[0] /= middle
    for m in range(1, n):
        left, up = diagonals[n - 1 - m : n - 1], diagonals[n : n + m]
        own = ahead[n - m :]
        value, pivot, below, above = -right[m], -middle, 0.0, 0.0
        # of every other entry by themselves: a sum waits for the one before it
        odd_value, odd_pivot, odd_below, odd_above = 0.0, 0.0, 0.0, 0.0
        for j in range(0, m - 1, 2):
            value += left[j] * right[j]
            odd_value += left[j + 1] * right[j + 1]
            pivot += left[j] * own[j]
            odd_pivot += left[j + 1] * own[j + 1]
            below += left[j] * behind[j]
            odd_below += left[j + 1] * behind[j + 1]
            above += up[j] * own[j]
            odd_above += up[j + 1] * own[j + 1]
        if m % 2:
            value += left[m - 1] * right[m - 1]
            pivot += left[m - 1] * own[m - 1]
            below += left[m - 1] * behind[m - 1]
            above += up[m - 1] * own[m - 1]
        pivot += odd_pivot
        value = (value + odd_value) / pivot
        for j in range(m):
            right[j] -= value * own[j]
        right[m] = value
        if m == n - 1:
            return
        above = (above + odd_above - diagonals[n + m]) / pivot
        below = (below + odd_below - diagonals[n - 2 - m]) / pivot
        for j in range(m):
            one = own[j]
            own[j] = one - above * behind[j]
            behind[j] -= below * one
        ahead[n - 1 - m], behind[m] = above, below
