"""Quantiles of whole numbers on arrays: a good guess, then counting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy

from echelon.distributions.arguments import Floats

_LAST_WHOLE = 2.0**52  # beyond it a float no longer counts single units


def whole_ppf(
    cdf: Callable[..., Floats],
    q: Floats,
    mean: Floats,
    std: Floats,
    *columns: Floats,
    skewness: Floats,
) -> Floats:
    """Smallest whole number from 0 on whose distribution function reaches each share.

    It starts from the quantile of a gamma variable of the same three moments, from where steps of
    doubled length find a bracket and halvings the number. A good guess is one or two off.

    Parameters
    ----------
    cdf : callable
        Of whole numbers, ``mean``, ``std`` and the columns.
    q : ndarray of float64
        Above 0 and below 1.
    mean, std : ndarray of float64
        Units; broadcast with ``q``.
    *columns : ndarray of float64
        Further arguments of ``cdf``.
    skewness : ndarray of float64
        Third moment over the cube of ``std``, of any sign.

    Returns
    -------
    ndarray of float64, broadcast shape
    """
    arrays = np.broadcast_arrays(q, mean, std, skewness, *columns)
    shape = arrays[0].shape
    shares, means, stds, skews, *more = (np.ascontiguousarray(one).ravel() for one in arrays)
    given = [means, stds, *more]
    guess = np.floor(gamma_like(shares, means, stds, skews))
    guess = np.clip(guess, 0.0, _LAST_WHOLE)
    reached = cdf(guess, *given) >= shares
    below, above = np.where(reached, -1.0, guess), np.where(reached, guess, np.inf)
    step = np.ones_like(guess)
    open_ = np.flatnonzero(above - below > 1.0)
    while open_.size:
        low, high, stride = below[open_], above[open_], step[open_]
        down = np.isfinite(high) & (high - stride > low)
        middle = np.where(np.isinf(high), low + stride, np.where(down, high - stride, 0.0))
        middle = np.where(np.isfinite(high) & ~down, np.floor(0.5 * (low + high)), middle)
        enough = cdf(middle, *(one[open_] for one in given)) >= shares[open_]
        enough |= middle >= _LAST_WHOLE
        above[open_], below[open_] = np.where(enough, middle, high), np.where(enough, low, middle)
        step[open_] = 2.0 * stride
        open_ = open_[above[open_] - below[open_] > 1.0]
    return above.reshape(shape)


def gamma_like(shares: Floats, mean: Floats, std: Floats, skewness: Floats) -> Floats:
    """Quantiles that a gamma variable of three moments would have, nearly.

    Wilson and Hilferty's approximation, shifted to the mean.

    Parameters
    ----------
    shares : ndarray of float64
        Above 0 and below 1.
    mean, std : ndarray of float64
        Units.
    skewness : ndarray of float64
        Third moment over the cube of ``std``; below 0 it counts as none.

    Returns
    -------
    ndarray of float64
        Units.
    """
    z = scipy.special.ndtri(shares)
    skewed = np.clip(skewness, 1e-6, 8.0)
    cube = np.maximum(1.0 + skewed * z / 6.0 - skewed**2 / 36.0, 0.0) ** 3
    return np.asarray(mean + std * (2.0 / skewed) * (cube - 1.0))
