"""Exposure demand on lattices, in batches: counts by their ratios, the rest by Fourier transforms.

The plain twin, one stage at a time, is :func:`echelon.distributions.lattice_total.lattice_total`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.compound import CompoundPoisson
from echelon.distributions.counts import Binomial, Geometric
from echelon.distributions.discrete import NegativeBinomial, Poisson
from echelon.distributions.empirical import Empirical
from echelon.distributions.empirical_rows import EmpiricalRows
from echelon.distributions.lattice import MOST_POINTS, increments_of, lattice_step
from echelon.distributions.lattice_rows import LatticeRows, joined, sums_of_rows
from echelon.distributions.lattice_total import SUM_TAIL
from echelon.lead_time.exposed_array import ExposedArray, entries_of

Integers = NDArray[np.int64]

COUNTS = ("negative_binomial", "poisson")
"""Closed families whose totals are counts."""


@dataclass(frozen=True, slots=True)
class StageRows:
    """Lattices of some stages.

    Attributes
    ----------
    stage : (n,) int64
    rows : LatticeRows of n
    """

    stage: Integers
    rows: LatticeRows

    @classmethod
    def together(cls, parts: Sequence[StageRows]) -> StageRows:
        """Put several together, stages rising."""
        stages = np.concatenate([part.stage for part in parts])
        order = np.argsort(stages, kind="stable")
        places = np.empty(len(order), dtype=np.int64)
        places[order] = np.arange(len(order))
        ends = np.cumsum([len(part.stage) for part in parts])[:-1]
        pieces = [(at, part.rows) for at, part in zip(np.split(places, ends), parts, strict=True)]
        return cls(stages[order], joined(pieces, len(order)))


def count_rows(
    stage: Integers, mean: Floats, excess: Floats, exposed: ExposedArray, most: int = MOST_POINTS
) -> tuple[StageRows, NDArray[np.bool_]]:
    """Totals of counts, from 0 to where a probability of 1e-14 is left.

    Parameters
    ----------
    stage : (n,) ndarray of int64
    mean : (n,) ndarray of float64
        Of one period, units.
    excess : (n,) ndarray of float64
        Variance over mean, less 1: 0 for Poisson, above for negative binomial, below for binomial.
    exposed : ExposedArray
        Of all stages.
    most : int, optional
        Points that a lattice may have.

    Returns
    -------
    rows : StageRows
        Of those that have no more points.
    made : (n,) ndarray of bool
        Which they are.
    """
    from echelon.kernels.count_masses import count_lengths, count_masses

    ptr, entry = entries_of(exposed.ptr, stage)
    row = np.repeat(np.arange(len(stage)), np.diff(ptr))
    means, excesses = mean[row] * exposed.periods[entry], excess[row]
    length, whole = np.empty(len(row), dtype=np.int64), np.empty(len(row))
    count_lengths(means, excesses, SUM_TAIL, most, length, whole)
    longest = np.maximum.reduceat(length, ptr[:-1]) if len(stage) else length
    made = longest <= most
    if not made.all():
        kept = made[row]
        ptr = np.concatenate(([0], np.cumsum(np.diff(ptr)[made])))
        means, excesses, entry = means[kept], excesses[kept], entry[kept]
        length, whole, longest = length[kept], whole[kept], longest[made]
    begins = np.concatenate(([0], np.cumsum(longest))).astype(np.int64)
    mass = np.empty(begins[-1])
    count_masses(ptr, means, excesses, exposed.weights[entry], length, whole, begins, mass)
    n = len(longest)
    rows = LatticeRows(np.ones(n), np.ones(n), np.zeros(n, dtype=np.int64), begins, mass)
    return StageRows(stage[made], rows), made


def excess_of(mean: Floats, std: Floats) -> Floats:
    """Variance over mean, less 1, without the rounding of a difference of squares."""
    return np.asarray((std - np.sqrt(mean)) * (std + np.sqrt(mean)) / mean)


def empirical_rows_over(tables: EmpiricalRows, exposed: ExposedArray) -> StageRows:
    """Totals of demands given value by value, of those stages where they sit on a lattice.

    Parameters
    ----------
    tables : EmpiricalRows
    exposed : ExposedArray
        Of all stages.

    Returns
    -------
    StageRows
        Without the stages whose values are on no lattice, whose exposure is not whole, or that
        would take more than two million points.
    """
    numerator, denominator, found = tables.lattice()
    low, high = tables.support
    first = np.rint(low * denominator / numerator).astype(np.int64)
    points = np.rint(high * denominator / numerator).astype(np.int64) - first + 1
    some = np.flatnonzero(found & (points <= MOST_POINTS) & exposed.whole[tables.at])
    kept = tables.take(some, tables.at[some])
    ptr = np.concatenate(([0], np.cumsum(points[some]))).astype(np.int64)
    number = np.rint(kept.values * (denominator / numerator)[some][kept.row]).astype(np.int64)
    mass = np.zeros(ptr[-1])
    mass[number + (ptr[:-1] - first[some])[kept.row]] = kept.probabilities
    one = LatticeRows(numerator[some], denominator[some], first[some], ptr, mass)
    return _summed(one, kept.at, exposed, None)


def law_rows(laws: Sequence[tuple[int, Distribution]], exposed: ExposedArray) -> list[StageRows]:
    """Totals of demands of other families that sit on lattices, by kinds.

    Parameters
    ----------
    laws : sequence of (int, Distribution)
        With the stage of each.
    exposed : ExposedArray
        Of all stages.

    Returns
    -------
    list of StageRows
        Without the stages that :func:`empirical_rows_over` would leave out.
    """
    given: list[tuple[int, Empirical]] = []
    counts: list[tuple[int, float, float]] = []
    ones: list[tuple[int, Distribution, float]] = []
    whole = exposed.whole
    for stage, law in laws:
        if isinstance(law, Empirical):
            given.append((stage, law))
        elif isinstance(law, (Poisson, NegativeBinomial)) or (
            isinstance(law, Geometric) and law.start == 0 and law.mean > 0.0
        ):
            spread = float(excess_of(np.asarray(law.mean), np.asarray(law.std)))
            counts.append((stage, law.mean, spread if law.family != "poisson" else 0.0))
        elif isinstance(law, Binomial) and law.probability < 1.0 and whole[stage]:
            counts.append((stage, law.mean, -law.probability))
        elif isinstance(law, CompoundPoisson) and lattice_step(law.size) is not None:
            ones.append((stage, law.size, law.rate))
        elif whole[stage] and lattice_step(law) is not None:
            ones.append((stage, law, 0.0))
    found = []
    if given:
        stages, tables = zip(*given, strict=True)
        found.append(empirical_rows_over(EmpiricalRows.of_laws(np.array(stages), tables), exposed))
    if counts:
        at, means, spreads = (np.array(column) for column in zip(*counts, strict=True))
        found.append(count_rows(at.astype(np.int64), means, spreads, exposed)[0])
    if ones:
        found.append(_of_increments(ones, exposed))
    return found


def _of_increments(
    ones: Sequence[tuple[int, Distribution, float]], exposed: ExposedArray
) -> StageRows:
    made = [(stage, increments_of(law), rate) for stage, law, rate in ones]
    made = [one for one in made if one[1].exact]
    parts = [one for _, one, _ in made]
    counts = np.array([len(one.mass) for one in parts], dtype=np.int64)
    rows = LatticeRows(
        np.array([one.numerator for one in parts], dtype=np.float64),
        np.array([one.denominator for one in parts], dtype=np.float64),
        np.array([one.first for one in parts], dtype=np.int64),
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        np.concatenate([one.mass for one in parts] or [np.zeros(0)]),
    )
    stages = np.array([stage for stage, _, _ in made], dtype=np.int64)
    return _summed(rows, stages, exposed, np.array([rate for _, _, rate in made]))


def _summed(
    one: LatticeRows, stages: Integers, exposed: ExposedArray, events: Floats | None
) -> StageRows:
    ptr, entry = entries_of(exposed.ptr, stages)
    rows, made = sums_of_rows(one, ptr, exposed.periods[entry], exposed.weights[entry], events)
    if made.all():
        return StageRows(stages, rows)
    return StageRows(stages[made], rows.take(np.flatnonzero(made)))
