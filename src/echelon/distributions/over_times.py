"""Quantiles of the demand over many lengths of time at once."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from math import isnan, sqrt
from typing import cast

import numpy as np
import scipy

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.closed import CLOSED
from echelon.distributions.gamma_mixtures import GammaMixture, gamma_mixture
from echelon.distributions.inversion import InvertibleSum, invertible
from echelon.distributions.sums import Sum

COUNTS = ("negative_binomial", "poisson")


def quantiles_over(demand: Distribution, periods: Floats, share: float) -> Floats:
    """Quantiles of a demand's totals over many times, where they are found all together.

    By the formulas of a closed family, and of compound Poisson demand and of independent demands
    of several families by inversion of the characteristic function, or as a mixture of gamma
    demands: on a lattice the same points as of ``demand.sum_over(time).ppf(share)``, of a density
    to some 1e-11 of its spread, where that one is as exact as its lattice. What is found for a
    time does not depend on the others.

    Parameters
    ----------
    demand : Distribution
        Of one period, periods being independent; units.
    periods : (n,) ndarray of float64
        At least 0.
    share : float
        Above 0 and below 1.

    Returns
    -------
    (n,) ndarray of float64
        Units; NaN where this finds none (see :class:`~echelon.distributions.inversion.\
InvertibleSum`), for the one by one answer of ``sum_over``.

    Examples
    --------
    >>> from echelon.distributions import NegativeBinomial, Poisson, Sum
    >>> shop_and_web = Sum([NegativeBinomial(5.0, 3.0), Poisson(2.0)])
    >>> quantiles_over(shop_and_web, np.array([0.0, 1.0, 2.5]), 0.975).tolist()
    [0.0, 14.0, 29.0]
    >>> float(shop_and_web.sum_over(2.5).ppf(0.975))
    29.0
    """
    found = np.zeros(len(periods))
    some = np.flatnonzero(periods > 0.0)
    if not some.size:
        return found
    times = np.asarray(periods[some], dtype=np.float64)
    if demand.family in CLOSED:
        found[some] = _closed(demand, times, share)
        return found
    total, known = _inverted(cast(Hashable, demand))
    if total is None:
        found[some] = np.nan
        return found
    varying = total.quantiles(times, share)
    left = np.flatnonzero(np.isnan(varying)).tolist() if total.step is None else []
    mixture = mixed(cast(Hashable, demand)) if left else None
    if mixture is not None:
        guesses = total.guesses(times[left], share)
        for at, guess in zip(left, guesses.tolist(), strict=True):
            varying[at] = mixture.quantile(float(times[at]), share, guess)
    found[some] = varying + known * times
    return found


def _closed(demand: Distribution, times: Floats, share: float) -> Floats:
    """Quantiles of a closed family: counts by counting where that is sure, else by its formulas."""
    mean, std = demand.mean, demand.std
    found = np.full(times.shape, np.nan)
    if demand.family in COUNTS and std > 0.0:
        from echelon.kernels.count_quantiles import count_quantiles  # numba: not before

        each = (mean, excess_of(demand), share, float(scipy.special.ndtri(share)))
        means, excesses, shares, normals = (np.full(times.shape, one) for one in each)
        count_quantiles(times, means, excesses, shares, normals, found)
    left = np.flatnonzero(np.isnan(found))
    if left.size:
        some = times[left]
        shares = np.full(some.shape, share)
        found[left] = CLOSED[demand.family].ppf(shares, mean * some, std * np.sqrt(some))
    return found


def cdf_over(demand: Distribution, periods: float, level: float, share: float) -> float:
    """Probability that one time's total is at most so many units.

    Parameters
    ----------
    demand : Distribution
        Of one period, periods being independent; units.
    periods : float
        Above 0.
    level : float
        Units.
    share : float
        Above 0 and below 1: this is found in the way in which :func:`quantiles_over` finds its
        quantile, so that the two agree.

    Returns
    -------
    float
        NaN elsewhere, for the answer of ``demand.sum_over(periods).cdf(level)``.

    Examples
    --------
    >>> from echelon.distributions import Gamma, Poisson, Sum
    >>> shop_and_web = Sum([Gamma(5.0, 3.0), Poisson(2.0)])
    >>> level = quantiles_over(shop_and_web, np.array([9.5]), 0.975)
    >>> round(cdf_over(shop_and_web, 9.5, level[0], 0.975), 9)
    0.975
    """
    if demand.family in CLOSED:
        moments = np.array(demand.mean * periods), np.array(demand.std * sqrt(periods))
        return float(CLOSED[demand.family].cdf(np.array(level), *moments))
    total, known = _inverted(cast(Hashable, demand))
    if total is None:
        return float("nan")
    times, above = np.array([periods]), level - known * periods
    reached = float(total.cdf(times, np.array([above]), share)[0])
    mixture = None
    if isnan(reached) and total.step is None:
        mixture = mixed(cast(Hashable, demand))
    return reached if mixture is None else mixture.cdf(periods, above)


@lru_cache(maxsize=256)
def _inverted(key: Hashable) -> tuple[InvertibleSum | None, float]:
    """What varies of a demand, None where no transform is known; and what is known, per period."""
    vary, known = parted(cast(Distribution, key))
    return (invertible(vary) if vary else None), known


@lru_cache(maxsize=256)
def mixed(key: Hashable) -> GammaMixture | None:
    """What varies, where gamma demand and counts make a mixture of it."""
    return gamma_mixture(parted(cast(Distribution, key))[0])


def excess_of(demand: Distribution) -> float:
    """Variance of one period's counts above their mean: 0 of Poisson demand."""
    if demand.family != "negative_binomial":
        return 0.0
    mean, std = demand.mean, demand.std
    return (std - sqrt(mean)) * (std + sqrt(mean))


def parted(demand: Distribution) -> tuple[list[Distribution], float]:
    """Components that vary, and the sum of the others, units per period."""
    components = demand.components if isinstance(demand, Sum) else (demand,)
    vary = [one for one in components if one.std > 0.0]
    return vary, float(sum(one.mean for one in components if one.std == 0.0))
