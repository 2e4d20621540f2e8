"""Tables of laws on points."""

from __future__ import annotations

import numpy as np

from echelon.distributions import Distribution, Empirical
from echelon.distributions.arguments import Floats
from echelon.distributions.lattice import increments_of, lattice_step
from echelon.kernels._jit import Integers
from echelon.kernels.draws import ATOMS, FEW, MOST_FEW, SEARCHED
from echelon.kernels.inverse_tables import (
    FINEST,
    WHOLE,
    cells_of_cuts,
    coarsest,
)
from echelon.simulation.drawn.cells import LEAST, MOST_POINTS, OWN_BITS, SHARED_BITS, Table, cells
from echelon.simulation.drawn.quantiles import Quantiles, quantiles_of


def table_of_points(values: Floats, cuts: Integers) -> Table:
    """Make the table of a law on points.

    Parameters
    ----------
    values : (n,) float64
        In ascending order, units.
    cuts : (n - 1,) int64
        How many of the ``2**32`` words give one of the values up to each but the last.

    Returns
    -------
    Table
    """
    met = (cuts > 0) & (cuts < WHOLE)
    begin = int(np.count_nonzero(cuts <= 0))
    values, cuts = values[begin : begin + int(met.sum()) + 1], np.ascontiguousarray(cuts[met])
    if len(values) == 1:
        return Table(ATOMS, 0, values.copy(), np.zeros(64, dtype=np.uint64))
    if len(cuts) <= MOST_FEW:
        return Table(FEW, len(cuts), values.copy(), cuts.astype(np.uint64))
    bits = coarsest(cuts, 0, len(cuts))
    several = bits > FINEST
    bits = SHARED_BITS if several else bits
    out = np.zeros((64 << bits) + (len(cuts) if several else 0), dtype=np.uint64)
    cells_of_cuts(cuts, 0, len(cuts), bits, several, out, 0)
    if several:
        out[64 << bits :] = cuts
    return Table(SEARCHED if several else ATOMS, bits, values.copy(), out)


def points_of(law: Distribution) -> tuple[Floats, Integers] | None:
    """Give the values of a law on points and how many words give those up to each.

    Parameters
    ----------
    law : Distribution
        Discrete.

    Returns
    -------
    (n,) float64 and (n - 1,) int64, or None
        None where there are more than a million.
    """
    if isinstance(law, Empirical):
        return np.array(law.values), cuts_of(np.array(law.probabilities))
    if type(law).__module__.startswith("echelon.") and lattice_step(law) is not None:
        one = increments_of(law)
        if one.exact and len(one.mass) <= MOST_POINTS:
            numbers = (one.first + np.arange(len(one.mass))) * one.numerator / one.denominator
            kept = one.mass > 0.0
            return numbers[kept], cuts_of(one.mass[kept])
    return _points_found(quantiles_of(law))


def rounded_points(values: Floats, mass: Floats) -> tuple[Floats, Floats]:
    """Give the points that can be drawn, with the probabilities that they have then.

    Parameters
    ----------
    values, mass : (n,) float64
        In ascending order, units; probabilities.

    Returns
    -------
    two (m,) float64
        Probabilities are multiples of ``2**-32``.
    """
    words = np.diff(cuts_of(mass), prepend=0, append=WHOLE)
    return values[words > 0].astype(np.float64), words[words > 0] * LEAST


def cuts_of(mass: Floats) -> Integers:
    """Words up to each point but the last; either tail is added up from its far end."""
    below, above = np.cumsum(mass), np.cumsum(mass[::-1])[::-1]
    low = np.rint(below[:-1] * WHOLE)
    high = WHOLE - np.rint(above[1:] * WHOLE)
    return np.where(below[:-1] <= 0.5, low, high).astype(np.int64)


def _points_found(quantiles: Quantiles) -> tuple[Floats, Integers] | None:
    """Find the words at which the quantile changes, by halving."""
    words = np.unique(cells(OWN_BITS).first.clip(0, WHOLE - 1))
    words = np.unique(np.append(words, [0, WHOLE - 1]))
    values = quantiles((words + 0.5) * LEAST)
    begin, end = words[:-1], words[1:]
    low, high = values[:-1], values[1:]
    found_at: list[Integers] = []
    found: list[Floats] = []
    while len(begin):
        apart = high > low
        begin, end, low, high = begin[apart], end[apart], low[apart], high[apart]
        close = end - begin == 1
        found_at.append(end[close])
        found.append(high[close])
        begin, end, low, high = begin[~close], end[~close], low[~close], high[~close]
        if sum(map(len, found)) + len(begin) > MOST_POINTS:
            return None
        middle = (begin + end) >> 1
        between = quantiles((middle + 0.5) * LEAST)
        begin, end = np.concatenate((begin, middle)), np.concatenate((middle, end))
        low, high = np.concatenate((low, between)), np.concatenate((between, high))
    cuts, after = np.concatenate(found_at), np.concatenate(found)
    order = np.argsort(cuts)
    return np.append(values[:1], after[order]), cuts[order].astype(np.int64)
