"""What a series borrows from its segment: credibility of its mean and of its variance.

A few periods say little of a mean and less of a variance, and the high quantiles of demand hang on
both. The segment says what is usual; how far a series may depart from it is estimated too, so
that a segment of unlike series lends nothing and a long history borrows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.demand.moments import Moments

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

FEWEST = 10
"""Series with a variance of their own from which a pool is estimated."""
_ROUNDS = 60
_LEAST_SPREAD = 1e-4


@dataclass(frozen=True, slots=True)
class Pooled:
    """Moments after borrowing; every array is (n_series,) float64.

    Attributes
    ----------
    mean, variance : units per period, and squared
        NaN where neither the series nor a pool has one.
    weight : periods
        What the mean rests on: the series' own effective periods, and those that the pool is worth.
    mean_credibility, variance_credibility : between 0 and 1
        Share of the series' own estimate; 1 where nothing was borrowed.
    spread : no unit
        Relative variance of the variance that remains uncertain where no pool lends: the square of
        its relative standard error; 0 where a pool was used.
    level : int8
        0: nothing borrowed, 1: from the pool of the segment, 2: from all series.
    usual : units squared
        Variance usual in the pool at this mean; NaN without a pool.
    """

    mean: Floats
    variance: Floats
    weight: Floats
    mean_credibility: Floats
    variance_credibility: Floats
    spread: Floats
    level: NDArray[np.int8]
    usual: Floats


@dataclass(frozen=True, slots=True)
class Prior:
    """What is usual in each pool; every array is (n_pools,) float64.

    Attributes
    ----------
    mean : units per period
        Mean over the series.
    worth : periods
        Of own history that the pool's mean is worth, at most the history of all its series.
    per_unit, per_square : unit, no unit
        Variance at mean m is ``per_unit * m + per_square * m**2``.
    spread : no unit
        Relative variance of the series' variances around that curve.
    known : bool
        Whether there were series enough.
    """

    mean: Floats
    worth: Floats
    per_unit: Floats
    per_square: Floats
    spread: Floats
    known: Mask


def sampling_spread(mean: Floats, variance: Floats, weight: Floats, whole: Mask) -> Floats:
    r"""Relative variance of an estimated variance-to-mean ratio.

    To first order :math:`\operatorname{Var}\bigl[(x-\mu)^2/\sigma^2 - x/\mu\bigr]/n`, which is
    :math:`(2 + 3 c^2)/n` for gamma demand of coefficient of variation :math:`c`, and
    :math:`(2 + (3\varphi - 4 + 1/\varphi)/\mu)/n` for negative binomial demand of
    variance-to-mean ratio :math:`\varphi \ge 1`; for Poisson :math:`2/n`.

    Parameters
    ----------
    mean, variance, weight : (n,) float64
        Units, units squared, periods.
    whole : (n,) bool
        Whether demand is in whole units.

    Returns
    -------
    (n,) float64
        Infinite where the mean or the weight is 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = variance / mean
        counted = np.maximum(ratio, 1.0)
        extra = np.where(whole, (3.0 * counted - 4.0 + 1.0 / counted), 3.0 * ratio) / mean
        return np.where((mean > 0.0) & (weight > 0.0), (2.0 + extra) / weight, np.inf)


def estimate_prior(own: Moments, whole: Mask, group: Integers, n_groups: int) -> Prior:
    """Estimate what is usual in each pool.

    The mean by Buehlmann's credibility [1]_: expected variance within over variance between series.
    The variance as a quadratic of the mean (compound Poisson orders of a common size, and rates
    that fluctuate) by weighted least squares, weights the inverse of each series' own uncertainty
    and the spread around the curve, which is found by moments in the same rounds.

    Parameters
    ----------
    own : Moments
    whole : (n_series,) bool
    group : (n_series,) int64
        Pool of each series, from 0.
    n_groups : int

    Returns
    -------
    Prior

    References
    ----------
    .. [1] Buehlmann & Gisler (2005), *A Course in Credibility Theory*, chapter 3.
    """

    def add(values: Floats, rows: Mask) -> Floats:
        return np.bincount(group[rows], weights=values[rows], minlength=n_groups).astype(np.float64)

    usable = (own.weight >= 2.0) & np.isfinite(own.variance) & (own.mean >= 0.0)
    rows = usable & (own.variance > 0.0) & (own.mean > 0.0)
    count = np.bincount(group[usable], minlength=n_groups)
    known = np.bincount(group[rows], minlength=n_groups) >= FEWEST
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = add(own.mean, usable) / count
        off = np.where(usable, (own.mean - centre[group]) ** 2, 0.0)
        noise = np.where(usable, own.variance / own.weight, 0.0)
        between = add(off, usable) / (count - 1.0) - add(noise, usable) / count
    per_unit, per_square, spread = _variance_curve(own, whole, group, n_groups, rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = per_unit * centre + per_square * centre**2
        # series that do not differ lend one another all they have, and no more
        worth = np.minimum(
            np.where(between > 0.0, within / between, np.inf), add(own.weight, usable)
        )
    return Prior(centre, worth, per_unit, per_square, spread, known)


def _variance_curve(
    own: Moments, whole: Mask, group: Integers, n_groups: int, rows: Mask
) -> tuple[Floats, Floats, Floats]:
    place = group[rows]
    mean, variance, weight = own.mean[rows], own.variance[rows], own.weight[rows]
    whole = whole[rows]

    def add(values: Floats) -> Floats:
        return np.bincount(place, weights=values, minlength=n_groups).astype(np.float64)

    with np.errstate(divide="ignore", invalid="ignore"):
        per_unit = add(variance) / add(mean)
        per_square = np.zeros(n_groups)
        spread = np.full(n_groups, 0.5)
        for _ in range(_ROUNDS):
            curve = per_unit[place] * mean + per_square[place] * mean**2
            noise = sampling_spread(mean, curve, weight, whole)
            # each equation is divided by its curve, so that units of any size weigh alike
            importance = 1.0 / (spread[place] + noise)
            linear, square, ratio = mean / curve, mean**2 / curve, variance / curve
            a11, a12 = add(importance * linear**2), add(importance * linear * square)
            a22 = add(importance * square**2)
            b1, b2 = add(importance * linear * ratio), add(importance * square * ratio)
            det = a11 * a22 - a12**2
            solvable = det > 1e-10 * a11 * a22
            one = np.where(solvable, (b1 * a22 - b2 * a12) / det, -1.0)
            two = np.where(solvable, (b2 * a11 - b1 * a12) / det, -1.0)
            # neither part of a variance is negative: else the other one alone
            only_unit, only_square = b1 / a11, b2 / a22
            new_unit = np.where(two < 0.0, only_unit, np.where(one < 0.0, 0.0, one))
            new_square = np.where(two < 0.0, 0.0, np.where(one < 0.0, only_square, two))
            curve = new_unit[place] * mean + new_square[place] * mean**2
            noise = sampling_spread(mean, curve, weight, whole)
            importance = 1.0 / (spread[place] + noise)
            excess = add(importance * ((variance / curve - 1.0) ** 2 - noise)) / add(importance)
            new_spread = 0.5 * spread + 0.5 * np.maximum(excess, _LEAST_SPREAD)
            change = np.abs(new_unit - per_unit) / (np.abs(per_unit) + 1e-300)
            change = np.maximum(change, np.abs(new_spread - spread))
            per_unit, per_square, spread = new_unit, new_square, new_spread
            if not (change > 1e-6).any():
                break
    return per_unit, per_square, spread


def borrow(
    own: Moments, whole: Mask, trusted: Mask, group: Integers, n_groups: int, *, lend: bool
) -> Pooled:
    """Weigh each series' own moments against those of its pool.

    Parameters
    ----------
    own : Moments
    whole : (n_series,) bool
        Whether demand is in whole units.
    trusted : (n_series,) bool
        Whether the series' own variance counts; where not, it is that usual in the pool.
    group : (n_series,) int64
        Pool of each series.
    n_groups : int
    lend : bool
        Whether pools lend at all.

    Returns
    -------
    Pooled
        From the pool where it is known, else from all series, else nothing is borrowed.
    """
    n = len(group)
    level = np.zeros(n, dtype=np.int8)
    mean, worth = np.full(n, np.nan), np.zeros(n)
    per_unit, per_square = np.full(n, np.nan), np.zeros(n)
    spread = np.full(n, np.inf)
    if lend:
        everyone = np.zeros(n, dtype=np.int64)
        for step, places, size in ((1, group, n_groups), (2, everyone, 1)):
            prior = estimate_prior(own, whole, places, size)
            take = (level == 0) & prior.known[places]
            level[take] = step
            for target, source in (
                (mean, prior.mean),
                (worth, prior.worth),
                (per_unit, prior.per_unit),
                (per_square, prior.per_square),
                (spread, prior.spread),
            ):
                target[take] = source[places][take]
            if (level > 0).all():
                break
    lent = level > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        own_share = np.where(lent, own.weight / (own.weight + worth), 1.0)
        own_mean = np.where(own.weight > 0.0, own.mean, 0.0)
        blended = np.where(lent, own_share * own_mean + (1.0 - own_share) * mean, own.mean)
        usual = per_unit * blended + per_square * blended**2
        noise = sampling_spread(blended, np.where(lent, usual, own.variance), own.weight, whole)
        has_own = trusted & np.isfinite(own.variance) & (own.mean > 0.0)
        share = np.where(lent, np.where(has_own, spread / (spread + noise), 0.0), 1.0)
        # what is borrowed is the ratio of variance to mean, which outlives a shift of the mean
        ratio = np.where(has_own, own.variance / own.mean, 0.0)
        pooled = (share * ratio + (1.0 - share) * usual / blended) * blended
        variance = np.where(lent, pooled, own.variance)
    weight = own.weight + worth
    left = np.where(lent, 0.0, noise)
    return Pooled(blended, variance, weight, own_share, share, left, level, usual)


def drifted(pooled: Pooled, factor: Floats) -> Pooled:
    """Move the means by a factor, and the variances with them: their ratio outlives a shift.

    Parameters
    ----------
    pooled : Pooled
    factor : (n_series,) float64

    Returns
    -------
    Pooled
    """
    return replace(
        pooled,
        mean=pooled.mean * factor,
        variance=pooled.variance * factor,
        usual=pooled.usual * factor,
    )
