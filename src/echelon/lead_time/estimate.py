r"""Distributions of whole days from few, open and old shipments.

Three steps, each a textbook estimator on the lattice of whole days:

**Open orders.** An order still open after *t* days says only that it takes longer. The
product-limit estimator [1]_ uses that; weights decay with age where asked. What is left beyond the
longest finished day goes to the longest day on record, finished or open [2]_.

**Sparse keys.** A key with *n* shipments borrows from its pool,

.. math:: F = Z\,F_{key} + (1 - Z)\,F_{pool}, \qquad Z = \frac{n}{n + m},

the posterior mean under a Dirichlet process with the pool as its centre and strength *m* [3]_. Its
variance between keys is a share :math:`1 / (m + 1)` of the whole, so that *m* is the ratio of the
variance within keys to that between them, the credibility coefficient, estimated without bias as
Bühlmann and Straub do [4]_, on logarithms of 1 + days.

**Drift.** The level of the periods ahead is not that of the record. Where asked, the distribution
is spread by a lognormal factor of mean 1 and given standard deviation of its logarithm.

References
----------
.. [1] Kaplan & Meier (1958), Nonparametric estimation from incomplete observations, *JASA* 53.
.. [2] Efron (1967), The two sample problem with censored data, *Proc. 5th Berkeley Symposium* 4.
.. [3] Ferguson (1973), A Bayesian analysis of some nonparametric problems, *Ann. Statist.* 1(2).
.. [4] Bühlmann & Gisler (2005), *A Course in Credibility Theory*, section 4.8.
.. [5] Kish (1965), *Survey Sampling*, section 8.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from echelon.lead_time.dates import Mask

Floats: TypeAlias = NDArray[np.float64]
Level: TypeAlias = tuple[str, ...]
Key: TypeAlias = tuple[str, ...]

_Masses: TypeAlias = tuple[NDArray[np.int64], Floats]  # whole days, ascending, and their masses
_NOTHING: _Masses = (np.zeros(0, dtype=np.int64), np.zeros(0))

_FACTORS = 64  # equally likely levels that stand for the factor of drift


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one key is estimated to take.

    Attributes
    ----------
    days : (n,) ndarray of float64
        Whole days of positive probability, ascending.
    probabilities : (n,) ndarray of float64
        One per day.
    finished, open : int
        Shipments of this key alone.
    effective : float
        Shipments of equal weight that would say as much (Kish), those of the pool included.
    credibility : float
        Weight of the key's own shipments, 1 where nothing is borrowed.
    """

    days: Floats
    probabilities: Floats
    finished: int
    open: int
    effective: float
    credibility: float


def product_limit(days: Floats, finished: Mask, weights: Floats) -> Floats:
    """Estimate a distribution from finished and open shipments.

    Parameters
    ----------
    days : (n,) ndarray of float64
        Whole days from start to end, or until now.
    finished : (n,) ndarray of bool
        Whether the end is known.
    weights : (n,) ndarray of float64
        Above 0.

    Returns
    -------
    ndarray of float64
        Probability of 0, 1, ..., ``max(days)`` days.

    Examples
    --------
    Two took 1 and 3 days, one is open after 2 days:

    >>> product_limit(np.array([1.0, 2.0, 3.0]), np.array([True, False, True]), np.ones(3))
    array([0.        , 0.33333333, 0.        , 0.66666667])
    """
    at = days.astype(np.int64)
    size = int(at.max()) + 1
    ended = np.bincount(at[finished], weights[finished], size)
    at_risk = np.bincount(at, weights, size)[::-1].cumsum()[::-1]
    share = np.divide(ended, at_risk, out=np.zeros(size), where=at_risk > 0.0)
    survives = np.cumprod(1.0 - np.minimum(share, 1.0))  # a sum of weights may round above another
    before = np.concatenate(([1.0], survives[:-1]))
    mass = before - survives
    mass[-1] = before[-1]  # nothing outlasts the longest day on record
    return np.asarray(mass)


def kish(weights: Floats) -> float:
    """Number of equal weights that would say as much, ``sum(w)**2 / sum(w**2)``; 0 for none."""
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def credibility_coefficient(
    days: Floats, group: NDArray[np.int64], parent: NDArray[np.int64]
) -> float:
    """Shipments at which a key is believed as much as its pool.

    Parameters
    ----------
    days : (n,) ndarray of float64
        Of finished shipments, at least 0.
    group : (n,) ndarray of int64
        Key of each, from 0.
    parent : (n,) ndarray of int64
        Pool of each, from 0; a key lies in one pool.

    Returns
    -------
    float
        Variance within keys over variance between keys of one pool. Infinite where the keys do not
        differ more than chance allows, or no key has two shipments; 0 where each pool has one key.

    Examples
    --------
    >>> days = np.expm1([1.0, 3.0, 5.0, 7.0])  # within: 2, between: 8 - 2 / 2
    >>> round(credibility_coefficient(days, np.array([0, 0, 1, 1]), np.zeros(4, dtype=int)), 6)
    0.285714
    """
    x = np.log1p(days)
    size = np.bincount(group).astype(np.float64)
    there = size > 0.0
    mean = np.divide(np.bincount(group, x), size, out=np.zeros_like(size), where=there)
    home = np.zeros(len(size), dtype=np.int64)
    home[group] = parent
    total = np.bincount(parent).astype(np.float64)
    centre = np.divide(np.bincount(parent, x), total, out=np.zeros_like(total), where=total > 0.0)
    keys, pools = int(there.sum()), int((total > 0.0).sum())
    if keys == pools:
        return 0.0
    if len(x) == keys:
        return float("inf")
    within = float(((x - mean[group]) ** 2).sum()) / (len(x) - keys)
    squares = np.bincount(home[there], size[there] ** 2, len(total))
    spread = float(
        np.sum(total - np.divide(squares, total, out=np.zeros_like(total), where=total > 0.0))
    )
    between = float((size * (mean - centre[home]) ** 2)[there].sum())
    variance = (between - (keys - pools) * within) / spread
    return within / variance if variance > 0.0 else float("inf")


def widen(probabilities: Floats, drift: float) -> Floats:
    """Spread a distribution of whole days by a lognormal factor of mean 1.

    Parameters
    ----------
    probabilities : (n,) ndarray of float64
        Of 0, 1, ... days.
    drift : float
        Standard deviation of the factor's logarithm, at least 0.

    Returns
    -------
    ndarray of float64
        Longer than the given one; the mean is the same. Between two days the probability goes to
        both so that the mean is kept.

    Examples
    --------
    >>> wide = widen(np.eye(101)[100], 0.2)  # 100 days for certain
    >>> days = np.arange(len(wide))
    >>> round(float(days @ wide), 6), round(float(np.sqrt((days - 100.0) ** 2 @ wide)), 1)
    (100.0, 20.1)
    """
    if drift == 0.0:
        return probabilities
    edges = scipy.special.ndtri(np.arange(_FACTORS + 1) / _FACTORS)
    factors = np.diff(scipy.special.ndtr(edges - drift)) * _FACTORS  # mean factor of each share
    at = np.flatnonzero(probabilities)
    days = np.outer(at, factors).ravel()
    mass = np.repeat(probabilities[at] / _FACTORS, _FACTORS)
    low = np.floor(days).astype(np.int64)
    upper = days - low
    size = int(low.max()) + 2
    return np.asarray(
        np.bincount(low, mass * (1.0 - upper), size) + np.bincount(low + 1, mass * upper, size)
    )


def estimate_levels(
    keys: pd.DataFrame,
    days: Floats,
    finished: Mask,
    weights: Floats,
    levels: Sequence[Level],
    drift: float,
) -> tuple[dict[Level, dict[Key, Estimate]], dict[Level, float]]:
    """Estimate every key of every level, the widest pool first.

    Parameters
    ----------
    keys : (n,) DataFrame of text
        Columns of the first level.
    days, finished, weights : (n,) ndarray
        See :func:`product_limit`.
    levels : sequence of tuple of str
        Columns of the keys, then of their pools, each a subset of those before; the last is empty.
    drift : float
        See :func:`widen`.

    Returns
    -------
    estimates : dict
        By level, then by key.
    coefficients : dict
        Credibility coefficient by level.
    """
    # sums in one order, whatever the order of the rows, so that the same log gives the same bits
    place_of = np.lexsort((weights, finished, days, _codes(keys, levels[0])[0]))
    keys = keys.iloc[place_of].reset_index(drop=True)
    days, finished, weights = days[place_of], finished[place_of], weights[place_of]
    estimates: dict[Level, dict[Key, Estimate]] = {}
    coefficients: dict[Level, float] = {}
    raw: dict[Level, dict[Key, _Masses]] = {}
    codes = {level: _codes(keys, level) for level in levels}
    for depth in range(len(levels) - 1, -1, -1):
        level = levels[depth]
        code, names = codes[level]
        pool = levels[depth + 1] if depth + 1 < len(levels) else None
        coefficient = 0.0
        if pool is not None:
            of_pool = codes[pool][0]
            coefficient = credibility_coefficient(days[finished], code[finished], of_pool[finished])
        coefficients[level] = coefficient
        raw[level], estimates[level] = {}, {}
        order = np.argsort(code, kind="stable")
        bounds = np.searchsorted(code[order], np.arange(len(names) + 1))
        for place, key in enumerate(names):
            rows = order[bounds[place] : bounds[place + 1]]
            done = finished[rows]
            n = kish(weights[rows][done])
            # only days that have a mass: a mistyped year must not cost every key a century of them
            own = _masses(product_limit(days[rows], done, weights[rows])) if n else _NOTHING
            share, effective = 1.0, n
            if pool is not None:
                above = tuple(key[level.index(name)] for name in pool)
                wider = estimates[pool][above].effective
                share = _share(n, coefficient)
                own = _mixture(own, raw[pool][above], share)
                effective = 1.0 / (
                    (share**2 / n if n else 0.0) + (1.0 - share) ** 2 / max(wider, 1.0)
                )
            raw[level][key] = own
            at, mass = own if drift == 0.0 else _masses(widen(_dense(own), drift))
            estimates[level][key] = Estimate(
                at.astype(np.float64),
                mass / mass.sum(),
                int(done.sum()),
                int((~done).sum()),
                effective,
                share,
            )
    return estimates, coefficients


def _masses(probabilities: Floats) -> _Masses:
    there = np.flatnonzero(probabilities)
    return there, probabilities[there]


def _dense(masses: _Masses) -> Floats:
    return np.asarray(np.bincount(masses[0], masses[1]), dtype=np.float64)


def _mixture(own: _Masses, pool: _Masses, share: float) -> _Masses:
    days = np.union1d(own[0], pool[0])
    mass = np.zeros(len(days))
    mass[np.searchsorted(days, own[0])] = share * own[1]
    mass[np.searchsorted(days, pool[0])] += (1.0 - share) * pool[1]
    there = mass > 0.0
    return days[there], mass[there]


def _share(n: float, coefficient: float) -> float:
    if n == 0.0 or np.isinf(coefficient):
        return 0.0
    return n / (n + coefficient)


def _codes(keys: pd.DataFrame, level: Level) -> tuple[NDArray[np.int64], list[Key]]:
    if not level:
        return np.zeros(len(keys), dtype=np.int64), [()]
    grouped = keys.groupby(list(level), sort=True)
    code = grouped.ngroup().to_numpy().astype(np.int64)
    names = keys[list(level)].drop_duplicates().sort_values(list(level), kind="stable")
    return code, [tuple(map(str, name)) for name in names.itertuples(index=False)]
