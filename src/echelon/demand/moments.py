"""Means and variances of every series at once, by memory and up to any point of its history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.demand.history import Panel

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

_ROUNDING = 1e-14  # of the largest term of a sum; what is left below it is rounding


@dataclass(frozen=True, slots=True)
class Sums:
    """A panel prepared for weighted sums: one matrix product gives the moments of many fits.

    Attributes
    ----------
    observed : (n_series, n_periods) float64
        1 where observed, else 0.
    first, second : (n_series, n_periods) float64
        Quantity less the series' centre, and its square, or what is expected of them where stock
        ran out; 0 where not observed.
    centre : (n_series,) float64
        Mean of the observed quantities, so that squares do not cancel.
    largest, rounding : (n_series,) float64
        Largest quantity, units; and the variance that rounding alone can give, units squared.
    """

    observed: Floats
    first: Floats
    second: Floats
    centre: Floats
    largest: Floats
    rounding: Floats


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of one fit per series; every array is (n_series,) float64.

    Attributes
    ----------
    mean, variance : units per period, and squared
        Variance without bias; NaN where fewer than two periods count.
    weight : periods
        Effective number, squared sum of weights over sum of squared weights; 0 where none.
    """

    mean: Floats
    variance: Floats
    weight: Floats


def prepare(panel: Panel, expected: tuple[Floats, Floats] | None = None) -> Sums:
    """Make a panel ready for :func:`moments`.

    Parameters
    ----------
    panel : Panel
    expected : pair of (n_series, n_periods) float64, optional
        First and second moments of demand given what was seen, from
        :func:`echelon.demand.censored.expected_demand`; the quantity itself if not given.

    Returns
    -------
    Sums
    """
    seen = ~np.isnan(panel.quantity)
    value = np.where(seen, panel.quantity if expected is None else expected[0], 0.0)
    count = seen.sum(axis=1)
    centre = value.sum(axis=1) / np.maximum(count, 1)
    first = np.where(seen, value - centre[:, None], 0.0)
    if expected is None:
        second = first * first
    else:
        about = expected[1] - 2.0 * centre[:, None] * expected[0] + (centre**2)[:, None]
        second = np.where(seen, np.maximum(about, 0.0), 0.0)
    largest = value.max(axis=1)
    rounding = _ROUNDING * second.max(axis=1) + (_ROUNDING * largest) ** 2
    return Sums(seen.astype(np.float64), first, second, centre, largest, rounding)


def decay(n_periods: int, end: int, half_life: float | None) -> Floats:
    """Weights of the periods before ``end``: halved every ``half_life`` periods back from it.

    Parameters
    ----------
    n_periods : int
    end : int
        First period that does not count.
    half_life : float or None
        Periods; None gives every period before ``end`` the weight 1.

    Returns
    -------
    (n_periods,) float64

    Examples
    --------
    >>> decay(4, 3, 1.0).tolist()
    [0.25, 0.5, 1.0, 0.0]
    """
    age = end - 1 - np.arange(n_periods)
    weights = np.ones(n_periods) if half_life is None else 0.5 ** (np.maximum(age, 0) / half_life)
    return np.where(age >= 0, weights, 0.0)


def moments(sums: Sums, weights: Floats) -> list[Moments]:
    """Weighted moments of every series, once per column of weights.

    Parameters
    ----------
    sums : Sums
    weights : (n_periods, n_fits) float64
        For example columns of :func:`decay`.

    Returns
    -------
    list of Moments
        One per column. The variance is divided by ``1 - 1 / weight``, which frees it of bias where
        periods are independent.
    """
    total = sums.observed @ weights
    squares = sums.observed @ (weights * weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(squares > 0.0, total * total / squares, 0.0)
        off = (sums.first @ weights) / total
        raw = (sums.second @ weights) / total - off * off
        raw = np.where(raw > sums.rounding[:, None], raw, 0.0)
        variance = np.where(weight > 1.0 + 1e-9, raw / (1.0 - 1.0 / weight), np.nan)
    mean = np.where(total > 0.0, off + sums.centre[:, None], np.nan)
    mean = np.where(np.abs(mean) > _ROUNDING * sums.largest[:, None], mean, 0.0)
    return [
        Moments(mean[:, fit], variance[:, fit], weight[:, fit]) for fit in range(weights.shape[1])
    ]
