"""Reorder points and order-up-to levels on a lattice, by the renewal function of demand."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit
from echelon.kernels.loss_tables import fill_tables, left_at, owed_at, reached_at


@jit
def renewals(first: int, mass: Floats, begin: int, end: int, out: Floats) -> None:
    """How often, on average, demand since an order stands at 0, 1, … steps after a review.

    first, mass (m,): demand between reviews, steps, at least 0 and not always 0. Overwritten:
    out[begin:end]; before begin it is read.
    """
    none = mass[0] if first == 0 else 0.0
    often = 1.0 / (1.0 - none)
    shift = 1 if first == 0 else 0  # no demand at all is in `often` already
    m = mass.shape[0]
    for j in range(begin, end):
        if j == 0:
            out[0] = often
            continue
        stop = min(j - first + 1, m)
        a, b, c, d, k = 0.0, 0.0, 0.0, 0.0, shift
        at = j - first
        while k + 3 < stop:  # four sums, so that none waits for the addition before it
            a += mass[k] * out[at - k]
            b += mass[k + 1] * out[at - k - 1]
            c += mass[k + 2] * out[at - k - 2]
            d += mass[k + 3] * out[at - k - 3]
            k += 4
        while k < stop:
            a += mass[k] * out[at - k]
            k += 1
        out[j] = often * ((a + b) + (c + d))


@jit
def _weighed(often: Floats, cost: Floats, top: int, gap: int) -> float:
    """Sum of often[d] * cost[top - d] over d from 0 to gap - 1."""
    a, b, c, e, d = 0.0, 0.0, 0.0, 0.0, 0
    while d + 3 < gap:
        a += often[d] * cost[top - d]
        b += often[d + 1] * cost[top - d - 1]
        c += often[d + 2] * cost[top - d - 2]
        e += often[d + 3] * cost[top - d - 3]
        d += 4
    while d < gap:
        a += often[d] * cost[top - d]
        d += 1
    return (a + b) + (c + e)


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
    most: int,
    point: Integers,
    top: Integers,
    best: Floats,
) -> None:
    """Raise the order-up-to level, and the reorder point after it, while that can lower the cost.

    ptr (n + 1,), mass: demand that the position has to cover at the end of a period, on points
    0, 1, … of each SKU's own lattice. holding, shortage (n,): money per step and period. ordering
    (n,): money per order, divided by the periods between reviews. review_first (n,), review_ptr
    (n + 1,), review_mass: demand between reviews, steps, at least 0. most: longest gap tried, in
    steps. Overwritten, (n,): point and top, positions; best, money per period, infinite where the
    gap would be longer than that.
    """
    n = ptr.shape[0] - 1
    longest = 0
    for i in range(n):
        longest = max(longest, ptr[i + 1] - ptr[i])
    reached, left, owed = np.empty(longest), np.empty(longest), np.empty(longest)
    often = np.empty(64)
    for i in range(n):
        m = ptr[i + 1] - ptr[i]
        fill_tables(mass[ptr[i] : ptr[i + 1]], reached[:m], left[:m], owed[:m])
        stock, short, h, p = left[:m], owed[:m], holding[i], shortage[i]
        first, chances = review_first[i], review_mass[review_ptr[i] : review_ptr[i + 1]]
        best[i] = np.inf
        base = 0
        while base < m - 1 and reached[base] * (h + p) < p:
            base += 1
        # down from the best base stock: the first point at which an order costs no more
        s, total, reviews, known = base, ordering[i], 0.0, 0
        while base - s < most:
            if base - s >= known:
                if known >= often.shape[0]:
                    longer = np.empty(2 * often.shape[0])
                    longer[:known] = often[:known]
                    often = longer
                end = often.shape[0] if known > 0 else 32
                renewals(first, chances, known, end, often)
                known = end
            d = base - s
            total += often[d] * (h * left_at(stock, s) + p * owed_at(short, s))
            reviews += often[d]
            s -= 1
            if total <= reviews * (h * left_at(stock, s) + p * owed_at(short, s)):
                best[i] = total / reviews
                break
        if best[i] == np.inf:
            continue
        point[i], top[i] = s, base
        high = base
        while high - s < most and (
            h * left_at(stock, high + 1) + p * owed_at(short, high + 1) <= best[i]
        ):
            high += 1
        if high - s >= most:
            best[i] = np.inf
            continue
        low = s
        if known < high - low:
            longer = np.empty(high - low)
            longer[:known] = often[:known]
            often = longer
            renewals(first, chances, known, high - low, often)
        cost = np.empty(high - low + 1)
        for y in range(low, high + 1):
            cost[y - low] = h * left_at(stock, y) + p * owed_at(short, y)
        reviews_of = np.empty(high - low + 1)  # reviews between orders, by gap
        reviews_of[0] = 0.0
        for d in range(high - low):
            reviews_of[d + 1] = reviews_of[d] + often[d]
        for y in range(base + 1, high + 1):
            if cost[y - low] > best[i]:
                break
            total = ordering[i] + _weighed(often, cost, y - low, y - s)
            if total < best[i] * reviews_of[y - s]:
                while total <= reviews_of[y - s] * cost[s + 1 - low]:
                    total -= often[y - s - 1] * cost[s + 1 - low]
                    s += 1
                total = ordering[i] + _weighed(often, cost, y - low, y - s)
                point[i], top[i], best[i] = s, y, total / reviews_of[y - s]


@jit
def position_chances(
    first: Integers,
    ptr: Integers,
    mass: Floats,
    gap: Integers,
    chance_ptr: Integers,
    chance: Floats,
    reviews: Floats,
) -> None:
    """How likely the position after a review is at the top, one step below, and so on.

    first (n,), ptr (n + 1,), mass: demand between reviews, as above. gap (n,) steps between
    reorder point and top, at least 1. chance_ptr (n + 1,): running sum of the gaps. Overwritten:
    chance (chance_ptr[n],), together 1 for each SKU; reviews (n,): mean number from one order to
    the next.
    """
    for i in range(gap.shape[0]):
        here = chance[chance_ptr[i] : chance_ptr[i + 1]]
        renewals(first[i], mass[ptr[i] : ptr[i + 1]], 0, gap[i], here)
        total = 0.0
        for d in range(gap[i]):
            total += here[d]
        for d in range(gap[i]):
            here[d] /= total
        reviews[i] = total


@jit
def undershoots(
    first: Integers,
    ptr: Integers,
    mass: Floats,
    gap: Integers,
    chance_ptr: Integers,
    chance: Floats,
    reviews: Floats,
    under_ptr: Integers,
    under: Floats,
) -> None:
    """How likely the position that orders is at the reorder point, one step below, and so on.

    All as :func:`position_chances` leaves it; under_ptr (n + 1,): each SKU has as many entries as
    its largest demand has steps, or one; under (under_ptr[n],) overwritten, together 1 for each.
    """
    for i in range(gap.shape[0]):
        base = under_ptr[i]
        n_under = under_ptr[i + 1] - base
        for u in range(n_under):
            under[base + u] = 0.0
        for d in range(gap[i]):
            weight = chance[chance_ptr[i] + d] * reviews[i]
            away = gap[i] - d
            for k in range(max(away - first[i], 0), ptr[i + 1] - ptr[i]):
                under[base + first[i] + k - away] += weight * mass[ptr[i] + k]


@jit
def expected(
    ptr: Integers,
    mass: Floats,
    top: Integers,
    half: Floats,
    chance_ptr: Integers,
    chance: Floats,
    covered: Floats,
    on_hand: Floats,
    backorders: Floats,
) -> None:
    """Mean of what a random position leads to.

    ptr, mass: demand as in :func:`least_cost`. top (n,), chance_ptr (n + 1,), chance: positions
    top, top - 1, … and their probabilities. half (n,): share of the probability of a point that
    lies above it, 0 but for a density. Overwritten, (n,): covered, probability that the demand is
    at most the position; on_hand and backorders, steps.
    """
    n = top.shape[0]
    longest = 0
    for i in range(n):
        longest = max(longest, ptr[i + 1] - ptr[i])
    reached, left, owed = np.empty(longest), np.empty(longest), np.empty(longest)
    for i in range(n):
        m = ptr[i + 1] - ptr[i]
        fill_tables(mass[ptr[i] : ptr[i + 1]], reached[:m], left[:m], owed[:m])
        covered[i], on_hand[i], backorders[i] = 0.0, 0.0, 0.0
        for d in range(chance_ptr[i + 1] - chance_ptr[i]):
            weight, at = chance[chance_ptr[i] + d], top[i] - d
            reach = reached_at(reached[:m], at)
            if 0 <= at < m:
                reach -= half[i] * mass[ptr[i] + at]
            covered[i] += weight * reach
            on_hand[i] += weight * left_at(left[:m], at)
            backorders[i] += weight * owed_at(owed[:m], at)
