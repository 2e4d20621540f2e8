"""Shapes of largest likelihood, all series at once."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from echelon.demand.candidates import Facts

Floats: TypeAlias = NDArray[np.float64]

_ROUNDS = 60
_CLOSE = 1e-10
_WIDEST = 1e8  # a negative binomial with more successes is Poisson


def likely_shape(name: str, quantity: Floats, facts: Facts) -> Floats:
    r"""Shape of a family that makes a history most likely.

    Gamma: the shape :math:`a` with :math:`\log a - \psi(a) = \log\bar x - \overline{\log x}`.
    Lognormal: the variance of the logarithms. Negative binomial: the number of successes
    :math:`r` that solves the score equation given the mean [1]_. By Newton's method on the
    logarithm of the shape.

    Parameters
    ----------
    name : str
        Of a candidate.
    quantity : (n_series, n_periods) float64
        NaN where a period does not count.
    facts : Facts
        Of the same quantities.

    Returns
    -------
    (n_series,) float64
        NaN where the family has no such shape, or the history has none: zeros for gamma and
        lognormal, counts that vary no more than Poisson for the negative binomial.

    References
    ----------
    .. [1] Johnson, Kemp & Kotz (2005), *Univariate Discrete Distributions*, 5.8.
    """
    if name == "gamma":
        return _gamma(facts)
    if name == "lognormal":
        with np.errstate(divide="ignore", invalid="ignore"):
            centre = facts.logs / facts.count
            spread = (facts.log_squares - facts.count * centre**2) / (facts.count - 1.0)
        return np.where((facts.zeros == 0.0) & (spread > 0.0), spread, np.nan)
    if name == "negative_binomial":
        return _negative_binomial(quantity, facts)
    return np.full(len(facts.count), np.nan)


def variance_of(name: str, shape: Floats, mean: Floats) -> Floats:
    """Variance of the member with this shape and mean, units squared."""
    if name == "gamma":
        return mean**2 / shape
    if name == "lognormal":
        return mean**2 * np.expm1(shape)
    return mean + mean**2 / shape


def _gamma(facts: Facts) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.log(facts.total / facts.count) - facts.logs / facts.count
    good = (facts.zeros == 0.0) & (gap > 1e-12)
    gap = np.where(good, gap, 1.0)
    # Minka's start, within 1.5 % of the root
    shape = (3.0 - gap + np.sqrt((gap - 3.0) ** 2 + 24.0 * gap)) / (12.0 * gap)
    for _ in range(_ROUNDS):
        off = np.log(shape) - scipy.special.digamma(shape) - gap
        slope = 1.0 - shape * scipy.special.polygamma(1, shape)
        step = off / slope
        shape = shape * np.exp(-step)
        if np.abs(step).max(initial=0.0) < _CLOSE:
            break
    return np.where(good, shape, np.nan)


def _negative_binomial(quantity: Floats, facts: Facts) -> Floats:
    seen = ~np.isnan(quantity)
    value = np.where(seen, quantity, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = facts.total / facts.count
        off = np.where(seen, value - mean[:, None], 0.0)
        variance = np.einsum("ij,ij->i", off, off) / facts.count
        # the likelihood has an inner maximum just where the population variance exceeds the mean
        good = facts.whole & (mean > 0.0) & (variance > mean)
        found = np.where(good, mean**2 / (variance - mean), 1.0)
    rows = np.flatnonzero(good)
    digamma, polygamma = scipy.special.digamma, scipy.special.polygamma
    for _ in range(_ROUNDS):
        if not rows.size:
            break
        r, m, n = found[rows], mean[rows], facts.count[rows]
        at = np.where(seen[rows], value[rows], 0.0) + r[:, None]
        first = digamma(at).sum(axis=1) - at.shape[1] * digamma(r) + n * np.log(r / (r + m))
        second = polygamma(1, at).sum(axis=1) - at.shape[1] * polygamma(1, r)
        second = second + n * (1.0 / r - 1.0 / (r + m))
        # in log r, where the score is r times as steep; uphill where it bends the wrong way
        slope, bend = r * first, r * first + r * r * second
        step = np.where(bend < 0.0, -slope / np.where(bend < 0.0, bend, -1.0), np.sign(slope))
        step = np.clip(step, -2.0, 2.0)
        found[rows] = np.minimum(r * np.exp(step), _WIDEST)
        rows = rows[(np.abs(step) > _CLOSE) & (found[rows] < _WIDEST)]
    return np.where(good, found, np.nan)
