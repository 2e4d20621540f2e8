"""Inversion of many sums at once: what one compiled call prepares for all, and finds of all.

The plain twins are :func:`echelon.distributions.inversion.invertible` and the methods of
:class:`~echelon.distributions.inversion.InvertibleSum`, for one sum at a time: bit for bit,
whatever else is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite, pi
from typing import NamedTuple, TypeAlias

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.inversion import (
    MOST_FREQUENCIES,
    MOST_NUMBERS,
    MOST_OF_DENSITY,
    TAIL,
    Described,
    Integers,
    InvertibleSum,
    described,
    lattice_points,
)
from echelon.distributions.total_transform import FALLING, SMALL, TILTS, Bends, third_cumulant
from echelon.distributions.whole import gamma_like

_LIMITS = (2.0 * MOST_FREQUENCIES, 2.0 * pi * MOST_OF_DENSITY, MOST_NUMBERS)

_Known: TypeAlias = tuple[Described, Floats]


def invertible_rows(sums: Sequence[Sequence[Distribution]]) -> list[InvertibleSum | None]:
    """Prepare the inversion of many sums, as ``invertible`` does that of one.

    Parameters
    ----------
    sums : sequence of sequence of Distribution
        Independent demands of one period, none of them known.

    Returns
    -------
    list of InvertibleSum or None
    """
    found = [described(one) for one in sums]
    by_kernel = [(one, one[4].rows) for one in found if one is not None and one[4].rows is not None]
    bends = iter(_bends(by_kernel)) if by_kernel else iter(())
    made: list[InvertibleSum | None] = []
    for one in found:
        if one is None:
            made.append(None)
            continue
        step, mean, std, unit, transform = one
        if transform.rows is None:
            own = Bends.of(transform, mean / unit, std / unit, whole=step is not None)
        else:
            own = next(bends)
        made.append(InvertibleSum(transform.components, step, mean, std, unit, transform, own))
    return made


def _bends(sums: Sequence[_Known]) -> list[Bends]:
    """Ask the transforms of all, which have rows."""
    from echelon.kernels.inverted_rows import bend_rows  # numba: not before it is needed

    n, m, k = len(sums), len(TILTS), len(FALLING)
    falling = [rows[one[4].falling(whole=one[0] is not None)] for one, rows in sums]
    unit = np.array([one[3] for one, _ in sums])
    spread = np.array([one[2] / one[3] for one, _ in sums])
    highest = np.array([inf if one[0] is None else pi for one, _ in sums])
    tilts, values = np.empty((n, m)), np.empty((n, 2 * m + 2))
    omega, level = np.empty((n, k)), np.empty((n, k))
    bend_rows(
        pointers([len(rows) for _, rows in sums]), np.concatenate([rows for _, rows in sums]),
        pointers([len(rows) for rows in falling]), np.concatenate(falling),
        unit, spread, highest, TILTS, SMALL, FALLING, tilts, values, omega, level,
    )  # fmt: skip
    small = SMALL / spread
    means = [one[1] / one[3] for one, _ in sums]
    ends = zip(values[:, -2].tolist(), values[:, -1].tolist(), means, small.tolist(), strict=True)
    third = [third_cumulant(*each) for each in ends]
    return [
        Bends(
            tilts[r],
            values[r, :m],
            values[r, m : 2 * m],
            third[r],
            omega[r] if len(falling[r]) else omega[r, :0],
            level[r] if len(falling[r]) else level[r, :0],
        )
        for r in range(n)
    ]


class _Rows(NamedTuple):
    """What :mod:`echelon.kernels.inverted_rows` reads of many sums, by the names there."""

    law_ptr: Integers
    laws: Floats
    unit: Floats
    tilts: Floats
    up: Floats
    down: Floats
    least: Floats
    level_ptr: Integers
    omega: Floats
    level: Floats
    negligible: Floats
    shift: Floats
    tail: float
    limits: tuple[float, float, int]

    @classmethod
    def of(cls, sums: Sequence[InvertibleSum]) -> _Rows:
        """Lay the sums, whose transforms have rows, end to end."""
        rows = [one.transform.rows for one in sums]
        laws = [each for each in rows if each is not None]
        bends = [one.bends for one in sums]
        return cls(
            pointers([len(each) for each in laws]),
            np.concatenate(laws),
            np.array([one.unit for one in sums]),
            np.array([one.tilts for one in bends]),
            np.array([one.up for one in bends]),
            np.array([one.down for one in bends]),
            np.array([one.least for one in sums]),
            pointers([len(one.omega) for one in bends]),
            np.concatenate([one.omega for one in bends]),
            np.concatenate([one.level for one in bends]),
            np.array([one.negligible for one in sums]),
            np.array([one.shift for one in sums]),
            TAIL,
            _LIMITS,
        )


def quantiles_of_sums(
    sums: Sequence[InvertibleSum], ptr: Integers, times: Floats, shares: Floats
) -> Floats:
    """Quantiles of many sums, as ``InvertibleSum.quantiles`` finds those of one.

    Parameters
    ----------
    sums : sequence of InvertibleSum
    ptr : (n + 1,) int64
        Where the times of each begin.
    times : (m,) float64
        Periods, above 0.
    shares : (n,) float64
        Above 0 and below 1.

    Returns
    -------
    (m,) float64
        Units, NaN where a total is no fit.
    """
    from echelon.kernels.inverted_rows import quantile_rows  # numba: not before it is needed

    found = np.empty(len(times))
    known = [r for r, one in enumerate(sums) if one.transform.rows is not None]
    left = [r for r, one in enumerate(sums) if one.transform.rows is None]
    if known:
        chosen, sizes = [sums[r] for r in known], np.diff(ptr)
        chosen_row = np.zeros(len(sums), dtype=np.bool_)
        chosen_row[known] = True
        wanted = np.repeat(chosen_row, sizes)
        own = pointers(sizes[known])
        some, share = times[wanted], shares[known]
        answers, done = np.empty(len(some)), np.empty(len(known), dtype=np.int64)
        guess = _guesses(chosen, own, some, share)
        quantile_rows(own, some, share, guess, *_Rows.of(chosen), answers, done)
        # a point of a lattice is a multiple of its numerator, over the denominator
        steps = [(one.unit, 1) if one.step is None else one.step for one in chosen]
        numerator, denominator = np.repeat(
            np.array(steps, dtype=np.float64), sizes[known], axis=0
        ).T
        found[wanted] = answers * numerator / denominator
        left += [known[at] for at in np.flatnonzero(done == 0).tolist()]
    for r in left:
        here = slice(ptr[r], ptr[r + 1])
        found[here] = sums[r].quantiles(times[here], float(shares[r]))
    return found


def _guesses(sums: Sequence[InvertibleSum], ptr: Integers, times: Floats, shares: Floats) -> Floats:
    """Quantiles from three moments, in the units of the sums."""
    sizes = np.diff(ptr)
    spread = [one.std / one.unit for one in sums]
    third = [one.bends.third / each**3 for one, each in zip(sums, spread, strict=True)]
    known = np.array([isfinite(one.bends.third) for one in sums])
    mean = np.array([one.mean / one.unit for one in sums])
    root = np.sqrt(times)
    skewness = np.where(np.repeat(known, sizes), np.repeat(np.array(third), sizes) / root, 2.0)
    return gamma_like(
        np.repeat(shares, sizes),
        np.repeat(mean, sizes) * times,
        np.repeat(np.array(spread), sizes) * root,
        skewness,
    )


def cdf_of_sums(
    sums: Sequence[InvertibleSum], times: Floats, levels: Floats, shares: Floats
) -> Floats:
    """Probabilities of many sums, as ``InvertibleSum.cdf`` finds those of one.

    Parameters
    ----------
    sums : sequence of InvertibleSum
    times, levels, shares : (n,) float64
        Periods above 0, units, and probabilities: one of each for every sum.

    Returns
    -------
    (n,) float64
        NaN where a total is no fit.
    """
    from echelon.kernels.inverted_rows import probability_rows  # numba: not before it is needed

    found = np.empty(len(times))
    known = [r for r, one in enumerate(sums) if one.transform.rows is not None]
    left = [r for r, one in enumerate(sums) if one.transform.rows is None]
    if known:
        chosen = [sums[r] for r in known]
        rows = _Rows.of(chosen)
        points = levels[known] / rows.unit
        points = np.where(rows.shift > 0.0, lattice_points(points), points)
        answers, done = np.empty(len(known)), np.empty(len(known), dtype=np.int64)
        probability_rows(times[known], points, shares[known], *rows, answers, done)
        found[known] = answers
        left += [known[at] for at in np.flatnonzero(done == 0).tolist()]
    for r in left:
        one = slice(r, r + 1)
        found[one] = sums[r].cdf(times[one], levels[one], float(shares[r]))
    return found


def pointers(sizes: Sequence[int] | Integers) -> Integers:
    """Where each of several runs laid end to end begins, and where the last one ends."""
    ptr = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=ptr[1:])
    return ptr
