"""Joint replenishment: multiples of a base cycle, family after family."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit


@jit
def joint_multiples(
    family_ptr: Integers,
    shared_cost: Floats,
    individual_cost: Floats,
    slope: Floats,
    power_of_two: bool,
    turn: Floats,
    trial: Integers,
    multiple: Integers,
    cost: Floats,
) -> None:
    """Multiples of least cost over all base cycles, the shared cost paid in every one.

    family_ptr (n_families + 1,); shared_cost (n_families,) money per order, > 0; individual_cost,
    slope (n_items,): money per order, holding cost times demand rate, money per period squared,
    > 0. power_of_two: whether multiples are 1, 2, 4, ... only.
    turn, trial (n_items,): work, overwritten.
    multiple (n_items,), cost (n_families,): money per period, overwritten.
    """
    for f in range(shared_cost.size):
        first, last = family_ptr[f], family_ptr[f + 1]
        orders, stock, alone = shared_cost[f], 0.0, 0.0
        for i in range(first, last):
            trial[i] = 1
            multiple[i] = 1
            orders += individual_cost[i]
            stock += slope[i]
            alone += np.sqrt(2.0 * individual_cost[i] * slope[i])
            # below this base cycle the next multiple is cheaper
            turn[i] = np.sqrt(individual_cost[i] / slope[i])
        best = np.sqrt(2.0 * orders * stock)
        while True:
            i = first
            for other in range(first + 1, last):
                if turn[other] > turn[i]:
                    i = other
            # with a shorter base cycle the shared cost and each item alone cost more than the best
            if turn[i] <= 0.0 or shared_cost[f] >= turn[i] * (best - alone):
                break
            was = trial[i]
            now = 2 * was if power_of_two else was + 1
            trial[i] = now
            orders += individual_cost[i] * (1.0 / now - 1.0 / was)
            stock += slope[i] * (now - was)
            if power_of_two:
                turn[i] = np.sqrt(individual_cost[i] / slope[i]) / now
            else:
                turn[i] = np.sqrt(2.0 * individual_cost[i] / (slope[i] * now * (now + 1.0)))
            tried = np.sqrt(2.0 * orders * stock)
            if tried < best:
                best = tried
                for other in range(first, last):
                    multiple[other] = trial[other]
        cost[f] = best
