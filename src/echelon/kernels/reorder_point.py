"""Reorder points and order quantities of least cost on a lattice, SKU after SKU."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit
from echelon.kernels.loss_tables import fill_tables, left_at, left_sum, owed_at, owed_sum


@jit
def least_cost(
    ptr: Integers,
    mass: Floats,
    holding: Floats,
    shortage: Floats,
    ordering: Floats,
    review_first: Integers,
    review_ptr: Integers,
    review_mass: Floats,
    point: Integers,
    quantity: Integers,
    best: Floats,
) -> None:
    """Grow the window of positions by the cheaper neighbour, as long as that lowers the cost.

    ptr (n + 1,), mass: exposure demand of each SKU on points 0, 1, … of its own lattice.
    holding, shortage (n,): money per step and period.
    review_first (n,), review_ptr (n + 1,), review_mass: demand between reviews, in steps, at least
    0, for SKUs whose order costs once however many quantities it takes; ``ordering`` is then money
    per review with an order. An empty row where every quantity costs, and then it is money per
    quantity, times mean demand in steps per period.
    Overwritten, (n,): point, the position below the window; quantity, its length in steps; best,
    its cost in money per period.
    """
    n = ptr.shape[0] - 1
    longest = 0
    for i in range(n):
        longest = max(longest, ptr[i + 1] - ptr[i])
    reached, left, owed = np.empty(longest), np.empty(longest), np.empty(longest)
    for i in range(n):
        m = ptr[i + 1] - ptr[i]
        fill_tables(mass[ptr[i] : ptr[i + 1]], reached[:m], left[:m], owed[:m])
        stock, short, h, p = left[:m], owed[:m], holding[i], shortage[i]
        low = 0
        while low < m - 1 and reached[low] * (h + p) < p:
            low += 1
        n_review, rows, first = review_ptr[i + 1] - review_ptr[i], review_ptr[i], review_first[i]
        above = 1.0  # probability that demand between reviews exceeds so many steps
        if n_review > 0 and first == 0:
            above -= review_mass[rows]
        charge = ordering[i] * above
        high, length = low, 1
        total = h * left_at(stock, low) + p * owed_at(short, low)
        cost = charge + total
        point[i], quantity[i], best[i] = low - 1, 1, cost
        before = h * left_at(stock, low - 1) + p * owed_at(short, low - 1)
        after = h * left_at(stock, low + 1) + p * owed_at(short, low + 1)
        while min(before, after) < best[i]:
            if after <= before:
                high += 1
                total += after
                after = h * left_at(stock, high + 1) + p * owed_at(short, high + 1)
            else:
                low -= 1
                total += before
                before = h * left_at(stock, low - 1) + p * owed_at(short, low - 1)
            if n_review > 0:
                k = length - first
                if k >= n_review:
                    above = 0.0
                elif k >= 0:
                    above -= review_mass[rows + k]
                charge += ordering[i] * max(above, 0.0)
            length += 1
            cost = (charge + total) / length
            if cost < best[i]:
                point[i], quantity[i], best[i] = low - 1, length, cost


@jit
def best_point(
    ptr: Integers,
    mass: Floats,
    holding: Floats,
    shortage: Floats,
    quantity: Integers,
    point: Integers,
) -> None:
    """Find where a window of given length costs least: where moving it up stops to pay.

    ptr, mass, holding, shortage as in :func:`least_cost`; quantity (n,) steps, at least 1;
    point (n,) overwritten: the position below the window.
    """
    n = ptr.shape[0] - 1
    longest = 0
    for i in range(n):
        longest = max(longest, ptr[i + 1] - ptr[i])
    reached, left, owed = np.empty(longest), np.empty(longest), np.empty(longest)
    for i in range(n):
        m = ptr[i + 1] - ptr[i]
        fill_tables(mass[ptr[i] : ptr[i + 1]], reached[:m], left[:m], owed[:m])
        stock, short, h, p = left[:m], owed[:m], holding[i], shortage[i]
        # the cost at `low` exceeds that at `low + quantity`; at `high` it does so no more
        low, high = -quantity[i] - 1, m
        while high - low > 1:
            middle = (low + high) // 2
            lost = h * left_at(stock, middle) + p * owed_at(short, middle)
            end = middle + quantity[i]
            gained = h * left_at(stock, end) + p * owed_at(short, end)
            if lost > gained:
                low = middle
            else:
                high = middle
        point[i] = high - 1


@jit
def best_quantity(
    ptr: Integers,
    mass: Floats,
    holding: Floats,
    shortage: Floats,
    ordering: Floats,
    review_first: Integers,
    review_ptr: Integers,
    review_mass: Floats,
    point: Integers,
    quantity: Integers,
) -> None:
    """Lengthen the window above a given position, as long as that may lower the cost.

    All as in :func:`least_cost`, but that point (n,) is given.
    """
    n = ptr.shape[0] - 1
    longest = 0
    for i in range(n):
        longest = max(longest, ptr[i + 1] - ptr[i])
    reached, left, owed = np.empty(longest), np.empty(longest), np.empty(longest)
    for i in range(n):
        m = ptr[i + 1] - ptr[i]
        fill_tables(mass[ptr[i] : ptr[i + 1]], reached[:m], left[:m], owed[:m])
        stock, short, h, p = left[:m], owed[:m], holding[i], shortage[i]
        n_review, rows, first = review_ptr[i + 1] - review_ptr[i], review_ptr[i], review_first[i]
        above = 1.0
        charge = ordering[i]
        total, best, length = 0.0, np.inf, 0
        last = np.inf
        while True:
            at = point[i] + length + 1
            now = h * left_at(stock, at) + p * owed_at(short, at)
            if now >= best and now >= last:  # costs rise from here on
                break
            k = length - first
            if n_review > 0:
                if k >= n_review:
                    above = 0.0
                elif k >= 0:
                    above -= review_mass[rows + k]
                charge = ordering[i] * max(above, 0.0) + (charge if length > 0 else 0.0)
            total += now
            length += 1
            last = now
            if (charge + total) / length < best:
                best = (charge + total) / length
                quantity[i] = length


@jit
def averages(
    ptr: Integers,
    mass: Floats,
    point: Integers,
    quantity: Integers,
    on_hand: Floats,
    backorders: Floats,
) -> None:
    """Mean stock left and owed where the position is uniform on the window.

    ptr, mass, point, quantity as in :func:`least_cost`, given; on_hand, backorders (n,)
    overwritten, steps.
    """
    n = ptr.shape[0] - 1
    longest = 0
    for i in range(n):
        longest = max(longest, ptr[i + 1] - ptr[i])
    reached, left, owed = np.empty(longest), np.empty(longest), np.empty(longest)
    for i in range(n):
        m = ptr[i + 1] - ptr[i]
        fill_tables(mass[ptr[i] : ptr[i + 1]], reached[:m], left[:m], owed[:m])
        low, high = point[i] + 1, point[i] + quantity[i]
        on_hand[i] = left_sum(left[:m], low, high) / quantity[i]
        backorders[i] = owed_sum(owed[:m], low, high) / quantity[i]


@jit
def capped_mean(
    first: Integers, ptr: Integers, mass: Floats, quantity: Integers, out: Floats
) -> None:
    """Mean of the lesser of a demand and a quantity, in steps.

    first (n,), ptr (n + 1,), mass: the demand, at least 0; quantity (n,) steps; out (n,)
    overwritten.
    """
    for i in range(first.shape[0]):
        total = 0.0
        for at in range(ptr[i], ptr[i + 1]):
            total += mass[at] * min(first[i] + (at - ptr[i]), quantity[i])
        out[i] = total
