"""Joint demand by a Gaussian copula: normal scores that give the demand the asked correlation.

Each row's demand is a quantile of its own distribution at the probability of a normal score; the
scores are correlated. The correlation asked for is that of the *demand*, so that the variance that
optimisation pools is the variance that simulation draws. For normal demand the scores have the
same correlation; for any other they need a larger one, found here (the method is NORTA: Cario &
Nelson 1997, *Modeling and Generating Random Vectors with Arbitrary Marginal Distributions and
Correlation Matrix*).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, lcm, pi, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.demand.covariance import mean_product
from echelon.distributions import Distribution
from echelon.distributions.per_period import PerPeriod

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

_ORDERS = 400
"""Hermite polynomials used; what is beyond them matters only near a correlation of 1."""

_REACH, _CELLS = 7.5, 2_000
"""Scores are integrated from -7.5 to 7.5: beyond lie 6e-14 of the probability."""

_HALVINGS = 60

_AT_A_TIME = 4_096
"""Pairs whose polynomials are held at once, 13 MB: rows may number thousands, pairs millions."""

TOLERANCE = 1e-9
"""Below 0 by less than this, an eigenvalue or a pivot is 0 and its sign rounding."""

_SLACK = 1e-4
"""Of the largest correlation that the integration finds; what is above it by less is reached."""


def period_laws(law: Distribution) -> tuple[Distribution, ...]:
    """Give the distributions of the periods of a cycle, one where demand does not change."""
    return law.periods if isinstance(law, PerPeriod) else (law,)


def smallest_eigenvalue(matrix: Floats) -> float:
    """Smallest eigenvalue of a symmetric matrix; a correlation matrix has none below 0."""
    return float(np.linalg.eigvalsh(matrix)[0])


def largest_scale(smallest: float) -> float:
    """Largest factor by which correlations may be multiplied so that none contradicts another.

    ``smallest`` is the smallest eigenvalue, negative, of the matrix with 1 on its diagonal.
    """
    return 1.0 / (1.0 - smallest)


def factor(correlation: Floats) -> Floats:
    """Lower triangular ``L`` with ``L @ L.T`` the matrix, which may be singular.

    A pivot within ``TOLERANCE`` of 0 means that the row follows from those before it.

    Parameters
    ----------
    correlation : (n, n) float64
        Symmetric, no eigenvalue below 0.

    Returns
    -------
    (n, n) float64

    Examples
    --------
    >>> factor(np.array([[1.0, 0.6], [0.6, 1.0]])).round(12).tolist()
    [[1.0, 0.0], [0.6, 0.8]]
    >>> factor(np.ones((2, 2))).tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """
    n = len(correlation)
    lower = np.zeros((n, n))
    for j in range(n):
        left = correlation[j:, j] - lower[j:, :j] @ lower[j, :j]
        if left[0] > TOLERANCE:
            lower[j:, j] = left / sqrt(left[0])
    return lower


@dataclass(frozen=True, slots=True)
class ScoreCorrelation:
    """What normal scores must have so that pairs of demand have the correlation asked for.

    Attributes
    ----------
    score : (n_pairs,) float64
        Correlation of the scores, NaN where no copula reaches the demand's.
    lowest, highest : (n_pairs,) float64
        Correlations of demand that the pair of distributions can reach at all.
    """

    score: Floats
    lowest: Floats
    highest: Floats


def score_correlation(
    distributions: Sequence[Distribution], first: Integers, second: Integers, coefficient: Floats
) -> ScoreCorrelation:
    r"""Find the correlation of scores that gives pairs of demand the one asked for.

    With :math:`g = F^{-1}\Phi` and :math:`g_k` its coefficient on the normalised Hermite
    polynomial of order :math:`k`, demands whose scores have correlation :math:`r` have covariance
    :math:`\sum_{k \ge 1} g_{1k}\,g_{2k}\,r^k` (Mehler's formula), which grows with :math:`r`; it is
    inverted by bisection. Where demand changes by period, the covariance is its mean over the
    cycle.

    Parameters
    ----------
    distributions : sequence of Distribution
        One per demand row, std above 0.
    first, second : (n_pairs,) int64
        Rows of each pair.
    coefficient : (n_pairs,) float64
        Correlation of demand.

    Returns
    -------
    ScoreCorrelation

    Examples
    --------
    >>> from echelon.distributions import LogNormal
    >>> laws = [LogNormal(10.0, 10.0), LogNormal(10.0, 10.0)]
    >>> found = score_correlation(laws, np.array([0]), np.array([1]), np.array([0.5]))
    >>> found.score.round(4).tolist()  # log(1 + 0.5) / log(2)
    [0.585]
    """
    score = coefficient.astype(np.float64)
    lowest, highest = np.full(len(score), -1.0), np.full(len(score), 1.0)
    plain = np.array([_all_normal(law) for law in distributions], dtype=np.bool_)
    bent = np.flatnonzero(~(plain[first] & plain[second]) & (coefficient != 0.0))
    if not bent.size:
        return ScoreCorrelation(score, lowest, highest)
    known: dict[Distribution, _Margin] = {}
    margins = {
        row: _margins(distributions[row], known)
        for row in np.union1d(first[bent], second[bent]).tolist()
    }
    extremes: dict[tuple[int, int], tuple[float, float]] = {}
    for pairs in np.split(bent, np.arange(_AT_A_TIME, len(bent), _AT_A_TIME)):
        series = np.empty((len(pairs), _ORDERS))
        scale, ends = np.empty(len(pairs)), np.empty((len(pairs), 2))
        for place, pair in enumerate(pairs.tolist()):
            one, other = margins[int(first[pair])], margins[int(second[pair])]
            series[place] = _mean_of_products(
                np.array([m.hermite for m in one]), np.array([m.hermite for m in other])
            )
            scale[place] = mean_product(*(np.array([m.std for m in side]) for side in (one, other)))
            ends[place] = _extremes(one, other, extremes)
        asked = coefficient[pairs] * scale
        lowest[pairs], highest[pairs] = ends[:, 0] / scale, ends[:, 1] / scale
        reachable = (asked >= ends[:, 0] * (1.0 + _SLACK)) & (asked <= ends[:, 1] * (1.0 + _SLACK))
        score[pairs] = np.where(reachable, _invert(series, ends, asked), np.nan)
    return ScoreCorrelation(score, lowest, highest)


@dataclass(frozen=True, slots=True)
class _Margin:
    """One distribution as a function of a normal score, in steps of which there are many.

    Attributes
    ----------
    number : int
        Tells margins apart.
    std : float
    probability : (n + 1,) float64
        Between which the function is taken to be constant, ascending.
    value : (n,) float64
        Less the mean, units.
    integral : (n + 1,) float64
        Of the values, up to each probability.
    hermite : (_ORDERS,) float64
        Coefficients on the polynomials of order 1, 2, ...
    """

    number: int
    std: float
    probability: Floats
    value: Floats
    integral: Floats
    hermite: Floats


def _all_normal(law: Distribution) -> bool:
    return all(part.family == "normal" for part in period_laws(law))


def _margins(law: Distribution, known: dict[Distribution, _Margin]) -> list[_Margin]:
    margins = []
    for part in period_laws(law):
        if part not in known:
            known[part] = _margin(part, len(known))
        margins.append(known[part])
    return margins


def _margin(law: Distribution, number: int) -> _Margin:
    r"""Expand :math:`F^{-1}\Phi`; by parts, so that a jump counts where it happens.

    :math:`g_k = \frac{1}{\sqrt k}\int h_{k-1}\,\varphi\,dg`, with :math:`h` the normalised Hermite
    polynomials, summed over the steps of :math:`g` between the edges of the cells.
    """
    from scipy.special import ndtr, ndtri

    edges = np.linspace(-_REACH, _REACH, _CELLS + 1)
    values = np.asarray(law.ppf(ndtr(edges)))
    step = np.diff(values)
    moved = step > 0.0
    low, high, step = edges[:-1][moved], edges[1:][moved], step[moved]
    at = 0.5 * (low + high)
    if law.discrete:  # the jump is where the lower value's probability is used up
        at = np.clip(ndtri(law.cdf(values[:-1][moved])), low, high)
        edges = np.union1d(edges, at)
    density = np.exp(-0.5 * at**2) / sqrt(2.0 * pi)
    hermite = np.empty(_ORDERS)
    before, here = np.zeros_like(at), np.ones_like(at)
    for k in range(1, _ORDERS + 1):
        hermite[k - 1] = (here * density) @ step / sqrt(k)
        before, here = here, (at * here - sqrt(k - 1) * before) / sqrt(k)
    value = np.asarray(law.ppf(ndtr(0.5 * (edges[:-1] + edges[1:])))) - law.mean
    new = np.concatenate(([True], value[1:] != value[:-1]))  # one step per value of a count
    probability = ndtr(np.append(edges[:-1][new], edges[-1]))
    value = value[new]
    integral = np.concatenate(([0.0], np.cumsum(value * np.diff(probability))))
    return _Margin(number, law.std, probability, value, integral, hermite)


def _mean_of_products(one: Floats, other: Floats) -> Floats:
    """Mean over both cycles, order by order; see ``covariance.mean_product``."""
    common = gcd(len(one), len(other))
    folded = [part.reshape(-1, common, part.shape[1]).mean(axis=0) for part in (one, other)]
    return np.asarray((folded[0] * folded[1]).mean(axis=0))


def _extremes(
    one: Sequence[_Margin],
    other: Sequence[_Margin],
    known: dict[tuple[int, int], tuple[float, float]],
) -> tuple[float, float]:
    """Covariance at a score correlation of -1 and of 1, mean over both cycles."""
    found = []
    for t in range(lcm(len(one), len(other))):
        pair = one[t % len(one)], other[t % len(other)]
        numbers = pair[0].number, pair[1].number
        if numbers not in known:
            known[numbers] = _opposed(*pair), _in_step(*pair)
        found.append(known[numbers])
    low, high = np.mean(found, axis=0)
    return float(low), float(high)


def _in_step(one: _Margin, other: _Margin) -> float:
    """Covariance where both have the same score: what other comes to in each step of one."""
    reached = np.interp(one.probability, other.probability, other.integral)
    return float(one.value @ np.diff(reached))


def _opposed(one: _Margin, other: _Margin) -> float:
    """Covariance where the score of other is the negative of that of one."""
    reached = np.interp(1.0 - one.probability, other.probability, other.integral)
    return float(one.value @ -np.diff(reached))


def _invert(series: Floats, ends: Floats, asked: Floats) -> Floats:
    """Bisect for the score correlation; all pairs at once."""
    orders = np.arange(1, _ORDERS + 1)
    rest_low = ends[:, 0] - series @ (-1.0) ** orders
    rest_high = ends[:, 1] - series.sum(axis=1)
    low, high = np.full(len(asked), -1.0), np.ones(len(asked))
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        covariance = np.zeros_like(middle)
        for k in range(_ORDERS, 0, -1):
            covariance = (covariance + series[:, k - 1]) * middle
        covariance += np.where(middle < 0.0, rest_low, rest_high) * _beyond(middle)
        short = covariance < asked
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return 0.5 * (low + high)


def _beyond(score: Floats) -> Floats:
    r"""Share that is left, at a score correlation, of what the orders left out come to at 1.

    At a jump the terms of order :math:`k` fall as :math:`k^{-3/2}`, so that with
    :math:`x = -K\log|r|` the share of those beyond :math:`K` is
    :math:`\tfrac12\int_1^\infty u^{-3/2} e^{-xu}\,du = e^{-x} - \sqrt{\pi x}\,
    \mathrm{erfc}\sqrt x`. Where there is no jump, nothing is left out.
    """
    from scipy.special import erfcx

    x = -_ORDERS * np.log(np.maximum(np.abs(score), 1e-300))
    # erfcx is erfc scaled by exp(x), so that the difference does not cancel
    return np.asarray(np.exp(-x) * (1.0 - np.sqrt(pi * x) * erfcx(np.sqrt(x))))
