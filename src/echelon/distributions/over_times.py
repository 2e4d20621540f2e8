"""Quantiles of the demand over many lengths of time at once."""

from __future__ import annotations

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.closed import CLOSED
from echelon.distributions.inversion import InvertibleSum, invertible
from echelon.distributions.sums import Sum


def quantiles_over(demand: Distribution, periods: Floats, share: float) -> Floats:
    """Quantiles of a demand's totals over many times, where they are found all together.

    By the formulas of a closed family, and of compound Poisson demand and of independent demands
    of several families by inversion of the characteristic function: on a lattice the same points
    as of ``demand.sum_over(time).ppf(share)``, of a density to some 1e-11 of its spread, where
    that one is as exact as its lattice.

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
        shares = np.full(times.shape, share)
        moments = demand.mean * times, demand.std * np.sqrt(times)
        found[some] = CLOSED[demand.family].ppf(shares, *moments)
        return found
    total, known = _inverted(demand)
    if total is None:
        found[some] = np.nan
    else:
        found[some] = total.quantiles(times, share) + known * times
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
        Above 0 and below 1: where :func:`quantiles_over` finds its quantile by inversion, this is
        by inversion too, so that the two agree.

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
    total, known = (None, 0.0) if demand.family in CLOSED else _inverted(demand)
    if total is None:
        return float("nan")
    times = np.array([periods])
    return float(total.cdf(times, level - known * times, share)[0])


def _inverted(demand: Distribution) -> tuple[InvertibleSum | None, float]:
    """What varies of a demand, None where no transform is known; and what is known, per period."""
    components = demand.components if isinstance(demand, Sum) else (demand,)
    vary = [one for one in components if one.std > 0.0]
    known = float(sum(one.mean for one in components if one.std == 0.0))
    return (invertible(vary) if vary else None), known
