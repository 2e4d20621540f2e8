"""Where the inventory position above its level goes from review to review."""

from __future__ import annotations

from echelon.kernels._jit import Floats, Integers, jit


@jit
def position_moves(chance: Floats, after: Integers, moves: Floats) -> None:
    """Probabilities of each move, those that leave a position as it is left out.

    chance (k + 1,) of a demand of 0, 1, ... cells; after (k,) where an order leaves the position
    that was 1, 2, ... cells below the level; moves (n, n) from row to column, overwritten.
    """
    n, k = moves.shape[0], after.shape[0]
    for state in range(n):
        row = moves[state]
        row[:] = 0.0
        for asked in range(1, min(state, k) + 1):
            row[state - asked] = chance[asked]
        for short in range(1, k - state + 1):
            row[after[short - 1]] += chance[state + short]
        row[state] = 0.0
