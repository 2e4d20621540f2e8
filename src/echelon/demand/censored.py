"""Demand in periods in which stock ran out: at least what was sold."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from echelon.demand.candidates import NEAREST_TO_POISSON
from echelon.demand.history import Panel

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

_ROUNDS = 300
_CLOSE = 1e-7
_CHUNK = 4096
_FAINT = 1e-280  # a probability below it has lost its digits


def tail_moments(
    mean: Floats, variance: Floats, least: Floats, whole: Mask
) -> tuple[Floats, Floats]:
    r"""First and second moment of demand, given that it is at least so much.

    Counts (Poisson, negative binomial) where demand is whole, else gamma. With :math:`\bar F_a`
    the survival function of the member with shape :math:`a`, for gamma
    :math:`E[D; D \ge x] = a\theta\,\bar F_{a+1}(x)` and
    :math:`E[D^2; D \ge x] = a(a+1)\theta^2\,\bar F_{a+2}(x)`; for counts likewise with factorial
    moments.

    Parameters
    ----------
    mean, variance, least : (n,) float64
        Units, units squared, units.
    whole : (n,) bool

    Returns
    -------
    first, second : (n,) float64
        Units, units squared. The bound itself where demand so large has no probability left.

    Examples
    --------
    >>> first, _ = tail_moments(*(np.array([v]) for v in (4.0, 4.0, 3.0)), np.array([True]))
    >>> round(float(first[0]), 6)  # sum of k p(k) over k >= 3, over the probability of k >= 3
    4.769265
    """
    first, second = least.copy(), least**2
    with np.errstate(divide="ignore", invalid="ignore"):
        clustered = whole & (variance > mean * (1.0 + NEAREST_TO_POISSON))
        for rows, parts in (
            (whole & ~clustered & (mean > 0.0), _poisson_parts),
            (clustered & (mean > 0.0), _negative_binomial_parts),
            (~whole & (mean > 0.0) & (variance > 0.0), _gamma_parts),
        ):
            chance, one, two = parts(mean[rows], variance[rows], least[rows])
            sure = chance > _FAINT
            first[rows] = np.where(sure, one / chance, least[rows])
            second[rows] = np.where(sure, two / chance, least[rows] ** 2)
    return first, second


def _poisson_parts(mean: Floats, _variance: Floats, least: Floats) -> tuple[Floats, ...]:
    def survival(units: Floats) -> Floats:
        inside = np.maximum(units, 1.0)
        return np.where(units < 1.0, 1.0, scipy.special.gammainc(inside, mean))

    units = np.ceil(least)
    one = mean * survival(units - 1.0)
    return survival(units), one, mean**2 * survival(units - 2.0) + one


def _negative_binomial_parts(mean: Floats, variance: Floats, least: Floats) -> tuple[Floats, ...]:
    share = mean / variance
    successes = mean * share / (1.0 - share)

    def survival(units: Floats, more: float) -> Floats:
        inside = np.maximum(units, 1.0)
        beyond = scipy.special.betainc(inside, successes + more, 1.0 - share)
        return np.where(units < 1.0, 1.0, beyond)

    units = np.ceil(least)
    one = mean * survival(units - 1.0, 1.0)
    odds = (1.0 - share) / share
    pairs = successes * (successes + 1.0) * odds**2 * survival(units - 2.0, 2.0)
    return survival(units, 0.0), one, pairs + one


def _gamma_parts(mean: Floats, variance: Floats, least: Floats) -> tuple[Floats, ...]:
    shape, scale = mean**2 / variance, variance / mean
    at = least / scale
    above = scipy.special.gammaincc
    two = shape * (shape + 1.0) * scale**2 * above(shape + 2.0, at)
    return above(shape, at), mean * above(shape + 1.0, at), two


def expected_demand(panel: Panel) -> tuple[Floats, Floats, Mask] | None:
    """First and second moment of demand in every cell, given what was sold.

    Where stock did not run out it is the quantity and its square. Where it did, what is expected
    beyond it under moments that this very expectation gives: the fixed point of an
    expectation-maximisation iteration [1]_, maximum likelihood for Poisson and a consistent
    estimate for the other families.

    Parameters
    ----------
    panel : Panel

    Returns
    -------
    first, second : (n_series, n_periods) float64
        Units, units squared; NaN where not observed.
    settled : (n_series,) bool
        Whether the iteration came to rest; it does not where hardly anything but stock-outs is
        seen.
    None
        If stock ran out nowhere.

    References
    ----------
    .. [1] Dempster, Laird & Rubin (1977), *Maximum likelihood from incomplete data via the EM
       algorithm*, Journal of the Royal Statistical Society B 39(1), 1-38.
    """
    if panel.censored is None:
        return None
    settled = np.ones(panel.n_series, dtype=np.bool_)
    first, second = panel.quantity.copy(), panel.quantity**2
    for begin in range(0, panel.n_series, _CHUNK):
        rows = begin + np.flatnonzero(panel.censored[begin : begin + _CHUNK].any(axis=1))
        if rows.size:
            hidden = panel.censored[rows]
            one, two, rested = _iterate(panel.quantity[rows], hidden)
            series, column = np.nonzero(hidden)
            first[rows[series], column], second[rows[series], column] = one, two
            settled[rows] = rested
    return first, second, settled


def _iterate(quantity: Floats, hidden: Mask) -> tuple[Floats, Floats, Mask]:
    """Moments of the hidden cells, row by row, and whether each series came to rest.

    A series that has come to rest takes no further part, so that the slow ones cost what they are.
    """
    seen = ~np.isnan(quantity)
    value = np.where(seen, quantity, 0.0)
    owner, _ = np.nonzero(hidden)
    least = quantity[hidden]
    whole = (value == np.floor(value)).all(axis=1)
    count = seen.sum(axis=1)
    known = np.where(hidden, 0.0, value)
    base, squares = known.sum(axis=1), (known**2).sum(axis=1)
    one, two = least.copy(), least**2
    moved = np.full(len(quantity), np.inf)
    cells = np.arange(len(least))
    for _ in range(_ROUNDS):
        mean = (base + np.bincount(owner, one, len(base))) / count
        square = (squares + np.bincount(owner, two, len(base))) / count
        variance = np.maximum(square - mean**2, 0.0) * count / np.maximum(count - 1, 1)
        at = owner[cells]
        before = one[cells]
        one[cells], two[cells] = tail_moments(mean[at], variance[at], least[cells], whole[at])
        step = np.abs(one[cells] - before) / np.maximum(
            np.maximum(np.abs(before), mean[at]), 1e-300
        )
        moved[np.unique(at)] = 0.0
        np.maximum.at(moved, at, np.nan_to_num(step))
        cells = cells[moved[at] > _CLOSE]
        if not cells.size:
            break
    return one, two, moved <= 1e-3
