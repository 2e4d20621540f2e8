"""The families that history may choose from, each for all series at once.

A candidate knows three things, on arrays: how likely a history is under it, the quantile of the
sum over the exposure, and which series it can describe at all. What one distribution can do is
in :mod:`echelon.distributions`; the tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from echelon.distributions import LogNormal
from echelon.distributions.lattice_total import lattice_total
from echelon.errors import DomainError, UnknownNameError

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

NEAREST_TO_POISSON = 1e-5
"""Relative excess of variance over mean up to which counts are Poisson."""
COUNTED = ("poisson", "negative_binomial")
"""Families of whole units."""
WIDE = 2.0
"""Deviations in resolutions below which a density is not taken for what it gives to a cell."""
_LEAST_CHANCE = 1e-17
"""Of a cell; less is lost in the rounding of distribution functions."""
_Likelihood: TypeAlias = "Callable[[Floats, Facts, Floats, Floats], Floats]"
_Distribution: TypeAlias = Callable[[Floats, Floats, Floats], Floats]
_GRID = np.geomspace(0.02, 3.0, 61)  # coefficients of variation of the lognormal's table


@dataclass(frozen=True, slots=True)
class Facts:
    """What the likelihoods need to know of each series; every array is (n_series,).

    Attributes
    ----------
    count : periods observed in full
    zeros : periods without demand among them
    total : sum of quantities, units
    logs, log_squares : sums over positive quantities
    log_factorials : sum of ``log(quantity!)``; NaN where a quantity is not whole
    resolution : units
        Largest common divisor of whole quantities, smallest step between others: a density is
        compared with counts by what it gives to a cell of this width.
    whole : bool
        Whether every quantity is a whole number.
    """

    count: Floats
    zeros: Floats
    total: Floats
    logs: Floats
    log_squares: Floats
    log_factorials: Floats
    resolution: Floats
    whole: Mask


@dataclass(frozen=True, slots=True)
class Candidate:
    """A family as history sees it.

    Attributes
    ----------
    name : str
        In the registry of distributions.
    n_parameters : int
        For the information criterion.
    fits : callable
        ``(facts, mean, variance) -> mask``: series that the family can describe.
    log_likelihood : callable
        ``(quantity, facts, mean, variance) -> (n_series,)``: of the periods observed in full.
    quantile : callable
        ``(mean, variance, periods, level)``: of the sum of so many periods, units.
    distribution : callable
        ``(mean, variance, x)``: probability of at most x units in one period.
    """

    name: str
    n_parameters: int
    fits: Callable[[Facts, Floats, Floats], Mask]
    log_likelihood: Callable[[Floats, Facts, Floats, Floats], Floats]
    quantile: Callable[[Floats, Floats, int, float], Floats]
    distribution: Callable[[Floats, Floats, Floats], Floats]


def facts_of(quantity: Floats) -> Facts:
    """Sum up what likelihoods need.

    Parameters
    ----------
    quantity : (n_series, n_periods) float64
        NaN where a period does not count.

    Returns
    -------
    Facts
    """
    seen = ~np.isnan(quantity)
    value = np.where(seen, quantity, 0.0)
    positive = value > 0.0
    with np.errstate(divide="ignore"):
        logs = np.where(positive, np.log(np.where(positive, value, 1.0)), 0.0)
    whole = (value == np.floor(value)).all(axis=1)
    factorials = scipy.special.gammaln(value + 1.0).sum(axis=1)
    order = np.sort(np.where(seen, value, 0.0), axis=1)
    order = np.concatenate((np.zeros((len(order), 1)), order), axis=1)
    step = np.diff(order, axis=1)
    step = np.where(step > 0.0, step, np.inf).min(axis=1)
    count = seen.sum(axis=1).astype(np.float64)
    total = value.sum(axis=1)
    mean = total / np.maximum(count, 1.0)
    # quantities that are not round (0.1 + 0.2) differ by their rounding, which is no resolution
    resolution = np.where(np.isinf(step), 1.0, np.maximum(step, 1e-3 * mean))
    # of counts the largest common measure: the few of a short history lie further apart than units
    counts = np.where(whole[:, None], value, 0.0).astype(np.int64)
    resolution = np.where(whole, np.maximum(np.gcd.reduce(counts, axis=1), 1), resolution)
    return Facts(
        count,
        (seen & ~positive).sum(axis=1).astype(np.float64),
        total,
        logs.sum(axis=1),
        (logs**2).sum(axis=1),
        np.where(whole, factorials, np.nan),
        resolution,
        whole,
    )


def _no_demand_below_half_a_step(
    distribution: Callable[[Floats, Floats, Floats], Floats],
    facts: Facts,
    mean: Floats,
    variance: Floats,
) -> Floats:
    """Log-probability of the periods without demand, those that round to 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.log(distribution(mean, variance, 0.5 * facts.resolution))
    return np.where(facts.zeros > 0.0, facts.zeros * chance, 0.0)


def _by_cells(density: _Likelihood, distribution: _Distribution) -> _Likelihood:
    """Take what a family gives to a cell of the resolution where that is wide beside the deviation.

    There a density is no stand-in for it: at the zeros of a slow mover it can exceed 1.
    """

    def likelihood(quantity: Floats, facts: Facts, mean: Floats, variance: Floats) -> Floats:
        found = density(quantity, facts, mean, variance)
        rows = np.flatnonzero(np.sqrt(variance) < WIDE * facts.resolution)
        if not rows.size:
            return found
        at, moments = quantity[rows], (mean[rows, None], variance[rows, None])
        half = 0.5 * facts.resolution[rows, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            below = np.where(at > 0.0, distribution(*moments, at - half), 0.0)
            chance = np.log(np.maximum(distribution(*moments, at + half) - below, _LEAST_CHANCE))
        found = found.copy()
        found[rows] = np.nansum(chance, axis=1)
        return found

    return likelihood


# normal -------------------------------------------------------------------------------------


def _normal_distribution(mean: Floats, variance: Floats, x: Floats) -> Floats:
    return np.asarray(scipy.special.ndtr((x - mean) / np.sqrt(variance)))


def _normal_quantile(mean: Floats, variance: Floats, periods: int, level: float) -> Floats:
    return np.asarray(periods * mean + scipy.special.ndtri(level) * np.sqrt(periods * variance))


def _normal_likelihood(quantity: Floats, facts: Facts, mean: Floats, variance: Floats) -> Floats:
    off = np.nansum((quantity - mean[:, None]) ** 2, axis=1)
    scale = np.log(facts.resolution) - 0.5 * np.log(2.0 * np.pi * variance)
    return np.asarray(facts.count * scale - 0.5 * off / variance)


# gamma --------------------------------------------------------------------------------------


def _gamma_distribution(mean: Floats, variance: Floats, x: Floats) -> Floats:
    shape, scale = mean**2 / variance, variance / mean
    return np.asarray(scipy.special.gammainc(shape, np.maximum(x, 0.0) / scale))


def _gamma_quantile(mean: Floats, variance: Floats, periods: int, level: float) -> Floats:
    shape, scale = mean**2 / variance, variance / mean
    return np.asarray(scale * scipy.special.gammaincinv(periods * shape, level))


def _gamma_likelihood(_quantity: Floats, facts: Facts, mean: Floats, variance: Floats) -> Floats:
    shape, scale = mean**2 / variance, variance / mean
    positive = facts.count - facts.zeros
    each = np.log(facts.resolution) - scipy.special.gammaln(shape) - shape * np.log(scale)
    density = positive * each + (shape - 1.0) * facts.logs - facts.total / scale
    return density + _no_demand_below_half_a_step(_gamma_distribution, facts, mean, variance)


# lognormal ----------------------------------------------------------------------------------


def _lognormal_distribution(mean: Floats, variance: Floats, x: Floats) -> Floats:
    spread = np.log1p(variance / mean**2)
    with np.errstate(divide="ignore"):
        return np.asarray(scipy.special.ndtr((np.log(x / mean) + 0.5 * spread) / np.sqrt(spread)))


@lru_cache(maxsize=64)
def _lognormal_table(periods: int, level: float) -> Floats:
    """Log of quantile over mean of a lognormal sum, over the grid of variations.

    A lognormal sum of mean 1 is one curve over the coefficient of variation, so that an exact sum
    on a lattice at each point of the grid serves every series.
    """
    sums = [
        lattice_total(LogNormal(1.0, float(variation)), [periods], [1.0]).ppf(level) / periods
        for variation in _GRID
    ]
    return np.log(np.array(sums, dtype=np.float64))


def _lognormal_quantile(mean: Floats, variance: Floats, periods: int, level: float) -> Floats:
    spread = np.log1p(variance / mean**2)
    if periods == 1:
        z = scipy.special.ndtri(level)
        return np.asarray(mean * np.exp(z * np.sqrt(spread) - 0.5 * spread))
    variation = np.sqrt(variance) / mean
    inside = np.clip(variation, _GRID[0], _GRID[-1])
    curve = scipy.interpolate.CubicSpline(np.log(_GRID), _lognormal_table(periods, float(level)))
    ratio = np.exp(curve(np.log(inside)))
    # below the grid it is as good as normal: the excess over the mean grows with the variation
    return np.asarray(periods * mean * (1.0 + (ratio - 1.0) * np.minimum(variation / inside, 1.0)))


def _lognormal_likelihood(
    _quantity: Floats, facts: Facts, mean: Floats, variance: Floats
) -> Floats:
    spread = np.log1p(variance / mean**2)
    centre = np.log(mean) - 0.5 * spread
    positive = facts.count - facts.zeros
    off = facts.log_squares - 2.0 * centre * facts.logs + positive * centre**2
    each = np.log(facts.resolution) - 0.5 * np.log(2.0 * np.pi * spread)
    density = positive * each - facts.logs - 0.5 * off / spread
    return density + _no_demand_below_half_a_step(_lognormal_distribution, facts, mean, variance)


# counts -------------------------------------------------------------------------------------


def _count_distribution(mean: Floats, variance: Floats, x: Floats) -> Floats:
    """Of a negative binomial, or of a Poisson where the variance is the mean."""
    units = np.floor(x)
    inside = np.maximum(units, 0.0)
    poisson = ~(variance > mean * (1.0 + NEAREST_TO_POISSON))
    share = np.where(poisson, 0.5, mean / np.where(poisson, 1.0, variance))
    successes = mean * share / (1.0 - share)
    below = np.where(
        poisson,
        scipy.special.pdtr(inside, mean),
        scipy.special.betainc(successes, inside + 1.0, share),
    )
    return np.where(units < 0.0, 0.0, below)


def _count_quantile(mean: Floats, variance: Floats, periods: int, level: float) -> Floats:
    """Smallest whole number whose probability reaches the level."""
    total, spread = np.atleast_1d(periods * mean), np.atleast_1d(periods * variance)
    z = scipy.special.ndtri(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Cornish and Fisher's first correction, with a gamma's skewness, says where to look
        start = (
            total + np.sqrt(spread) * z + (z * z - 1.0) * spread / np.maximum(total, 1e-300) / 3.0
        )
    high = np.floor(np.maximum(np.nan_to_num(start), 0.0))
    reached = _count_distribution(total, spread, high) >= level
    low = high.copy()
    stride = np.ones_like(high)
    todo = np.flatnonzero(~reached)
    while todo.size:  # up, in strides that double, until the level is reached
        low[todo] = high[todo]
        high[todo] += stride[todo]
        stride[todo] *= 2.0
        short = _count_distribution(total[todo], spread[todo], high[todo]) < level
        todo = todo[short]
    stride[:] = 1.0
    todo = np.flatnonzero(reached)
    while todo.size:  # down, until it is not
        low[todo] = np.maximum(high[todo] - stride[todo], -1.0)
        stride[todo] *= 2.0
        still = (low[todo] >= 0.0) & (
            _count_distribution(total[todo], spread[todo], low[todo]) >= level
        )
        high[todo] = np.where(still, low[todo], high[todo])
        todo = todo[still]
    todo = np.flatnonzero(high - low > 1.0)
    while todo.size:
        middle = np.floor(0.5 * (low[todo] + high[todo]))
        enough = _count_distribution(total[todo], spread[todo], middle) >= level
        high[todo] = np.where(enough, middle, high[todo])
        low[todo] = np.where(enough, low[todo], middle)
        todo = todo[high[todo] - low[todo] > 1.0]
    return high


def _poisson_likelihood(_quantity: Floats, facts: Facts, mean: Floats, _variance: Floats) -> Floats:
    return facts.total * np.log(mean) - facts.count * mean - facts.log_factorials


def _negative_binomial_likelihood(
    quantity: Floats, facts: Facts, mean: Floats, variance: Floats
) -> Floats:
    share = mean / np.maximum(variance, mean * (1.0 + NEAREST_TO_POISSON))
    successes = mean * share / (1.0 - share)
    value = np.where(np.isnan(quantity), 0.0, quantity)
    rising = scipy.special.gammaln(value + successes[:, None]).sum(axis=1)
    n_columns = quantity.shape[1]  # a period that does not count adds gammaln(successes)
    rising = rising - n_columns * scipy.special.gammaln(successes)
    spread = facts.count * successes * np.log(share) + facts.total * np.log1p(-share)
    # counts that vary no more than Poisson are likeliest at the limit, which is Poisson
    limit = ~(variance > mean * (1.0 + NEAREST_TO_POISSON))
    poisson = _poisson_likelihood(quantity, facts, mean, variance)
    return np.where(limit, poisson, rising - facts.log_factorials + spread)


def _varies(_facts: Facts, mean: Floats, variance: Floats) -> Mask:
    return np.asarray((variance > 0.0) & (mean > 0.0))


def _is_counted(facts: Facts, mean: Floats, _variance: Floats) -> Mask:
    return facts.whole & (mean > 0.0)


def _is_in_table(_facts: Facts, mean: Floats, variance: Floats) -> Mask:
    inside = variance < (_GRID[-1] * mean) ** 2
    return np.asarray((variance > 0.0) & (mean > 0.0) & inside)


CANDIDATES: dict[str, Candidate] = {
    candidate.name: candidate
    for candidate in (
        Candidate(
            "poisson", 1, _is_counted, _poisson_likelihood, _count_quantile, _count_distribution
        ),
        Candidate(
            "negative_binomial",
            2,
            _is_counted,
            _negative_binomial_likelihood,
            _count_quantile,
            _count_distribution,
        ),
        Candidate(
            "gamma",
            2,
            _varies,
            _by_cells(_gamma_likelihood, _gamma_distribution),
            _gamma_quantile,
            _gamma_distribution,
        ),
        Candidate(
            "normal",
            2,
            _varies,
            _by_cells(_normal_likelihood, _normal_distribution),
            _normal_quantile,
            _normal_distribution,
        ),
        Candidate(
            "lognormal",
            2,
            _is_in_table,
            _by_cells(_lognormal_likelihood, _lognormal_distribution),
            _lognormal_quantile,
            _lognormal_distribution,
        ),
    )
}
"""Families that history may choose from, by name."""


def candidates_named(families: Sequence[str]) -> tuple[Candidate, ...]:
    """Look candidates up.

    Raises
    ------
    DomainError
        If none is named, one is named twice, or a text stands in place of the list.
    UnknownNameError
        If there is no such candidate.
    """
    if isinstance(families, str) or not families or len(set(families)) < len(tuple(families)):
        raise DomainError(
            f"families is {families!r}. Fix: give a list of names, each once, for example "
            "['negative_binomial', 'gamma']."
        )
    for name in families:
        if name not in CANDIDATES:
            raise UnknownNameError("candidate family", name, CANDIDATES)
    return tuple(CANDIDATES[name] for name in families)


def information(parameters: Floats, likelihood: Floats, count: Floats) -> Floats:
    """Akaike's information criterion, corrected for short histories (Hurvich and Tsai, 1989).

    Parameters
    ----------
    parameters, likelihood, count : (n_series,) float64
        Number of parameters (a part of one where the rest is borrowed), log-likelihood, periods.

    Returns
    -------
    (n_series,) float64
        Infinite where there are too few periods for the correction.
    """
    k = parameters
    room = count - k - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        corrected = 2.0 * k - 2.0 * likelihood + 2.0 * k * (k + 1.0) / room
    return np.where((room > 0.0) & ~np.isnan(corrected), corrected, np.inf)
