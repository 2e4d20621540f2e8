"""Lost sales under a base stock: the chain of all units on order, without their ages."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit

RESTART = 1e-14
"""Chance of a restart in a period."""
NEGLIGIBLE = 1e-17
"""Chance of an arriving order that is left out."""
_FEW = 32
"""Points of the coarse lattice on which the search for a level begins, at least."""
STRIDE = 0.95
"""Below 1, so that a periodic chain settles too."""


@jit
def convolved(mass: Floats, times: int, n: int) -> Floats:
    """Probability that so many demands are together 0, 1, …, n - 1."""
    total = np.zeros(n)
    total[0] = 1.0
    for _ in range(times):
        longer = np.zeros(n)
        for i in range(n):
            if total[i] > 0.0:
                for d in range(min(mass.shape[0], n - i)):
                    longer[i + d] += total[i] * mass[d]
        total = longer
    return total


@jit
def coarser(mass: Floats, factor: int) -> Floats:
    """Demand in steps that are factor times as long; each value is shared by its neighbours."""
    out = np.zeros((mass.shape[0] - 1) // factor + 2)
    for d in range(mass.shape[0]):
        whole, rest = d // factor, (d % factor) / factor
        out[whole] += (1.0 - rest) * mass[d]
        out[whole + 1] += rest * mass[d]
    return out


@jit
def chain(
    mass: Floats, mean: float, base_stock: int, lead_time: int, to: Floats, lost: Floats
) -> None:
    """Transitions of the units on order from one period to the next, and the units lost in one.

    With ``n`` on order, base_stock - n are on hand and sell; of the ``n`` the oldest order arrives.
    Its size is drawn as if the orders were demands known to be ``n`` together; where demands cannot
    be, it is a share 1 / lead_time. mass: of demand 0, 1, …, all the chance of larger values than
    base_stock may be missing; mean: of demand; lead_time >= 1. Overwritten: to
    (base_stock + 1, base_stock + 1), lost (base_stock + 1,).
    """
    n, points = base_stock + 1, mass.shape[0]
    all_but_one = convolved(mass, lead_time - 1, n)
    arriving, sold = np.zeros(n), np.zeros(n)
    to[:, :] = 0.0
    for on_order in range(n):
        on_hand = base_stock - on_order
        total = 0.0
        for z in range(on_order + 1):
            arriving[z] = mass[z] * all_but_one[on_order - z] if z < points else 0.0
            total += arriving[z]
        if total > 1e-250:
            for z in range(on_order + 1):
                arriving[z] /= total
        else:
            for z in range(on_order + 1):
                arriving[z] = 0.0
            whole = on_order // lead_time
            rest = on_order / lead_time - whole
            arriving[whole] += 1.0 - rest
            if rest > 0.0:
                arriving[whole + 1] += rest
        below, sales = 0.0, 0.0
        for d in range(on_hand):
            sold[d] = mass[d] if d < points else 0.0
            below += sold[d]
            sales += d * sold[d]
        sold[on_hand] = max(1.0 - below, 0.0)
        lost[on_order] = max(mean - sales - on_hand * sold[on_hand], 0.0)
        enough = min(points, on_hand)  # beyond these only all of the stock is sold
        for z in range(on_order + 1):
            weight = arriving[z]
            if weight > NEGLIGIBLE:
                left = to[on_order, on_order - z :]
                for d in range(enough):
                    left[d] += weight * sold[d]
                left[on_hand] += weight * sold[on_hand]


@jit
def settle(to: Floats, share: Floats) -> None:
    """Share of periods in each state in the long run, beginning in state 0 [1]_.

    States are taken out one by one from the last on, without a subtraction: exact also where the
    chain moves from one set of states to another only once in very many periods. A restart in
    state 0, rarer than any of that, decides between sets that are never left. to (n, n): of the
    transitions, overwritten; share (n,): overwritten.

    .. [1] Grassmann, Taksar & Heyman (1985), Regenerative analysis and steady state distributions
       for Markov chains, *Oper. Res.* 33(5).
    """
    n = share.shape[0]
    for last in range(n - 1, 0, -1):
        leaving = to[last, :last]
        leaving[0] += RESTART
        total = 0.0
        for j in range(last):
            total += leaving[j]
        for i in range(last):
            if to[i, last] > 0.0:
                weight = to[i, last] / total
                to[i, last] = weight
                onto = to[i, :last]
                for j in range(last):
                    onto[j] += weight * leaving[j]
    share[0] = 1.0
    for k in range(1, n):
        share[k] = 0.0
        for i in range(k):
            share[k] += share[i] * to[i, k]
        if share[k] > 1.0:  # so that no state outgrows what a number can hold
            grown = share[k]
            for i in range(k + 1):
                share[i] /= grown
    share /= share.sum()


@jit
def lost_units(mass: Floats, mean: float, base_stock: int, lead_time: int) -> float:
    """Units lost per period in the long run under :func:`chain`, steps."""
    n = base_stock + 1
    to, lost, share = np.empty((n, n)), np.empty(n), np.empty(n)
    chain(mass, mean, base_stock, lead_time, to, lost)
    settle(to, share)
    total = 0.0
    for i in range(n):
        total += share[i] * lost[i]
    return total


@jit
def lost_units_of(
    ptr: Integers,
    mass: Floats,
    mean: Floats,
    base_stock: Integers,
    lead_time: Integers,
    out: Floats,
) -> None:
    """:func:`lost_units` of every SKU; out (n,) overwritten."""
    for k in range(out.shape[0]):
        law = mass[ptr[k] : ptr[k + 1]]
        out[k] = lost_units(law, mean[k], base_stock[k], lead_time[k])


@jit
def smallest_level(
    mass: Floats,
    mean: float,
    highest: int,
    lead_time: int,
    allowed: float,
    marginal: bool,
    guess: int,
) -> int:
    """Smallest base stock of one SKU, see :func:`smallest_levels`.

    Steps from the guess grow until it is between two of them, and are halved then.
    """
    known = np.full(highest + 2, np.nan)
    low, high = -1, highest
    at, stride = guess, 1
    below, above = False, False
    while high - low > 1:
        at = (low + high) // 2 if below and above else min(max(at, low + 1), high - 1)
        for more in range(2 if marginal else 1):
            if np.isnan(known[at + more]):
                known[at + more] = lost_units(mass, mean, at + more, lead_time)
        if known[at] - (known[at + 1] if marginal else 0.0) <= allowed:
            high, above = at, True
            at -= stride
        else:
            low, below = at, True
            at += stride
        stride *= 2
    return high


@jit
def smallest_levels(
    ptr: Integers,
    mass: Floats,
    mean: Floats,
    highest: Integers,
    lead_time: Integers,
    allowed: Floats,
    marginal: bool,
    out: Integers,
) -> None:
    """Smallest base stock of every SKU whose lost units are at most ``allowed``, up to ``highest``.

    With ``marginal`` the first one of which the next unit saves at most ``allowed``. Lost units
    fall and are convex in the base stock, so that a search finds it; it begins where one on a
    coarser lattice ends. out (n,) overwritten, steps.
    """
    for k in range(out.shape[0]):
        law, most = mass[ptr[k] : ptr[k + 1]], highest[k]
        factor = most // _FEW
        guess = most // 2
        if factor > 1:
            rough = coarser(law, factor)
            wanted = allowed[k] if marginal else allowed[k] / factor
            end = -(-most // factor)
            found = smallest_level(
                rough, mean[k] / factor, end, lead_time[k], wanted, marginal, end // 2
            )
            guess = max(found * factor - factor // 2, 0)
        out[k] = smallest_level(law, mean[k], most, lead_time[k], allowed[k], marginal, guess)
