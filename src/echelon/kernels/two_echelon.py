r"""A warehouse and its retailers, one for one: orders outstanding at a retailer, what they cost.

Everything is a sum of positive terms, so that small shortages keep their relative accuracy.

With :math:`N` the orders that the warehouse has outstanding and :math:`p` a retailer's share of
demand, let :math:`r_S(k)` be the probability that :math:`N \ge S` and that the retailer, were
:math:`S` the base stock of the warehouse, had :math:`k` orders outstanding, in transit or waiting.
One unit less at the warehouse makes one more order wait, which is the retailer's with probability
:math:`p`:

.. math:: r_{S-1}(k) = (1-p)\, r_S(k) + p\, r_S(k-1) + P(N = S-1)\, P(X = k)

with :math:`X` the demand of the transport time. This is the recursion of Axsater (1990) with
probabilities in place of costs; one sweep downwards meets every base stock of the warehouse.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit

NEGLIGIBLE = 1e-40
"""Masses smaller than this times the largest are left out."""


@jit
def last_count(slope: float, start: float) -> int:
    """Largest count worth keeping where ``P(k) = (slope + start / k) P(k - 1)``.

    Poisson: slope 0, start the mean. Negative binomial: slope the chance ``1 - p`` of one more,
    start ``(r - 1)(1 - p)``.
    """
    count = max(0, int(np.floor(start / (1.0 - slope))))
    term = 1.0
    while term > NEGLIGIBLE:
        count += 1
        term *= slope + start / count
    return count


@jit
def fill_masses(slope: float, start: float, masses: Floats) -> None:
    """Probabilities of the counts 0, 1, ..., by their ratios from the mode outwards.

    masses (n,) is overwritten; n above the mode.
    """
    mode = max(0, int(np.floor(start / (1.0 - slope))))
    masses[:] = 0.0
    masses[mode] = 1.0
    total = 1.0
    term = 1.0
    for k in range(mode + 1, masses.shape[0]):
        term *= slope + start / k
        masses[k] = term
        total += term
    term = 1.0
    for k in range(mode, 0, -1):
        term /= slope + start / k
        if term < NEGLIGIBLE:
            break
        masses[k - 1] = term
        total += term
    for k in range(masses.shape[0]):
        masses[k] /= total


@jit
def measure(masses: Floats, level: int, out: Floats) -> None:
    """Measures of a stock whose outstanding orders have these masses.

    out (5,) is overwritten: P(X >= level), P(X > level), E B, E B(B - 1) with B = (X - level)^+,
    and E(level - X)^+.
    """
    out[:] = 0.0
    for k in range(masses.shape[0] - 1, level, -1):
        excess = float(k - level)
        out[1] += masses[k]
        out[2] += excess * masses[k]
        out[3] += excess * (excess - 1.0) * masses[k]
    for k in range(min(level, masses.shape[0])):
        out[4] += (level - k) * masses[k]
    out[0] = out[1]
    if level < masses.shape[0]:
        out[0] += masses[level]


@jit
def count_measures(slope: Floats, start: Floats, level: Integers, out: Floats) -> None:
    """Measures of stocks whose outstanding orders are Poisson or negative binomial.

    slope, start, level (n,), see :func:`last_count`; out (n, 5) as :func:`measure` gives it.
    """
    for i in range(level.shape[0]):
        masses = np.empty(last_count(slope[i], start[i]) + 1)
        fill_masses(slope[i], start[i], masses)
        measure(masses, level[i], out[i])


@jit
def one_fewer(share: float, n_counts: int, waiting: Floats) -> None:
    """Add the order that waits if the warehouse holds one unit less; waiting (n_counts,)."""
    for k in range(n_counts - 1, 0, -1):
        waiting[k] = (1.0 - share) * waiting[k] + share * waiting[k - 1]
    waiting[0] *= 1.0 - share


@jit
def outstanding_measures(
    warehouse_mean: Floats,
    warehouse_level: Integers,
    share: Floats,
    transit_mean: Floats,
    level: Integers,
    out: Floats,
) -> None:
    """Measures of retailers with the exact distribution of their outstanding orders.

    All (n,), one entry per retailer: mean orders outstanding at its warehouse and the base stock
    there; share of the warehouse's demand, in [0, 1]; mean orders in transit; base stock.
    out (n, 5) as :func:`measure` gives it.
    """
    for i in range(level.shape[0]):
        stock = warehouse_level[i]
        warehouse = np.empty(last_count(0.0, warehouse_mean[i]) + 1)
        fill_masses(0.0, warehouse_mean[i], warehouse)
        n_counts = last_count(0.0, transit_mean[i] + share[i] * warehouse_mean[i]) + 1
        transit = np.empty(n_counts)
        fill_masses(0.0, transit_mean[i], transit)
        waiting = np.zeros(n_counts)
        for n in range(warehouse.shape[0] - 1, stock - 1, -1):
            one_fewer(share[i], n_counts, waiting)
            for k in range(n_counts):
                waiting[k] += warehouse[n] * transit[k]
        served = 0.0
        for n in range(min(stock, warehouse.shape[0])):
            served += warehouse[n]
        for k in range(n_counts):
            waiting[k] += served * transit[k]
        measure(waiting, level[i], out[i])


@jit
def running(warehouse: Floats) -> tuple[Floats, Floats]:
    """P(N < S) and E(S - N)^+ for S = 0, ..., n of the n masses of N."""
    at_most, on_hand = np.zeros(warehouse.shape[0] + 1), np.zeros(warehouse.shape[0] + 1)
    for n in range(warehouse.shape[0]):
        at_most[n + 1] = at_most[n] + warehouse[n]
        on_hand[n + 1] = on_hand[n] + at_most[n + 1]
    return at_most, on_hand


@jit
def places(
    first: int, n_here: int, warehouse_mean: float, share: Floats, transit_mean: Floats
) -> Integers:
    """Where each retailer's counts begin in the arrays of one system, (n_here + 1,)."""
    place = np.zeros(n_here + 1, dtype=np.int64)
    for i in range(n_here):
        most = transit_mean[first + i] + share[first + i] * warehouse_mean
        place[i + 1] = place[i] + last_count(0.0, most) + 1
    return place


@jit
def sweep_down(
    stock: int,
    first: int,
    place: Integers,
    share: Floats,
    warehouse: Floats,
    at_most: Floats,
    transit: Floats,
    waiting: Floats,
    outstanding: Floats,
) -> None:
    """Go from base stock ``stock + 1`` at the warehouse to ``stock``.

    transit, waiting and outstanding (place[-1],) hold the counts of the system's retailers one
    after another; the last two are overwritten.
    """
    arriving = warehouse[stock] if stock < warehouse.shape[0] else 0.0
    for i in range(place.shape[0] - 1):
        one_fewer(share[first + i], place[i + 1] - place[i], waiting[place[i] : place[i + 1]])
        for k in range(place[i], place[i + 1]):
            waiting[k] += arriving * transit[k]
            outstanding[k] = waiting[k] + at_most[stock] * transit[k]
