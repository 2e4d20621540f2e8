"""Families that stay themselves when periods are added, on whole arrays of means and deviations.

Each distribution object answers for itself; here one call answers for the stages of a portfolio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from echelon.distributions.arguments import Floats
from echelon.distributions.counting import (
    failures_more,
    failures_most,
    negative_binomial_above,
    negative_binomial_below,
    poisson_above,
    poisson_below,
)
from echelon.distributions.tails import (
    Moments,
    gamma_above,
    gamma_below,
    gamma_lower,
    gamma_upper,
)
from echelon.distributions.whole import whole_ppf

_Function = Callable[..., Floats]
_Flat = Callable[..., Moments]

_BLOCK = 2**16
_SCALED_FROM = 3.0
_SERIES_FROM = 12.0


@dataclass(frozen=True, slots=True)
class ClosedFamily:
    """What is asked of ``(x, mean, std)``, which broadcast; units, of the second order squared.

    Finite ``x``, ``std > 0`` but for the deterministic family; ``ppf`` takes shares between 0 and
    1, both excluded, in place of ``x``.

    Attributes
    ----------
    cdf, sf : callable
        Probability of at most, and of more than, ``x``.
    ppf : callable
        Smallest value whose ``cdf`` reaches a share.
    shortage, leftover : callable
        :math:`E(D - x)^+` and :math:`E(x - D)^+`.
    second_shortage, second_leftover : callable
        Half the expected squares of the same.
    """

    cdf: _Function
    sf: _Function
    ppf: _Function
    shortage: _Function
    leftover: _Function
    second_shortage: _Function
    second_leftover: _Function


def by_blocks(function: Callable[..., Floats], *arguments: Floats) -> Floats:
    """Call a function of flat arrays of one length, a block at a time, on arrays that broadcast.

    Parameters
    ----------
    function : callable
        Of one-dimensional arrays, to one of their length.
    *arguments : ndarray of float64

    Returns
    -------
    ndarray of float64, broadcast shape
    """
    arrays = np.broadcast_arrays(*arguments)
    if arrays[0].size <= _BLOCK:
        columns = (np.ascontiguousarray(one, dtype=np.float64).ravel() for one in arrays)
        return function(*columns).reshape(arrays[0].shape)
    if len(arrays[0]) == 1:  # a block is cut along the first axis that has more than one place
        return by_blocks(function, *(one[0] for one in arrays))[None]
    found = np.empty(arrays[0].shape)
    rows = max(1, _BLOCK * len(found) // found.size)
    for at in range(0, len(found), rows):
        found[at : at + rows] = by_blocks(function, *(one[at : at + rows] for one in arrays))
    return found


def above_zero(core: _Flat, order: int, x: Floats, *columns: Floats) -> Floats:
    """Partial moment above levels of any sign of a variable that is never negative."""

    def one_block(points: Floats, *given: Floats) -> Floats:
        level = np.maximum(points, 0.0)
        below = level - points
        _, first, second = core(level, *given, order)
        found = first + below if order == 1 else second + below * (first + 0.5 * below)
        return np.asarray(found)

    return by_blocks(one_block, x, *columns)


def below_zero(core: _Flat, order: int, x: Floats, *columns: Floats) -> Floats:
    """Partial moment below levels of any sign of a variable that is never negative."""

    def one_block(points: Floats, *given: Floats) -> Floats:
        return np.where(points < 0.0, 0.0, core(np.maximum(points, 0.0), *given, order)[order])

    return by_blocks(one_block, x, *columns)


def normal_excess(order: int, z: Floats) -> Floats:
    r"""Partial moments of a standard normal variable above z.

    :math:`\varphi(z) - z\bar\Phi(z)` and :math:`((1 + z^2)\bar\Phi(z) - z\varphi(z))/2` [1]_; from
    z = 5 on by the scaled complementary error function, from z = 12 on by the asymptotic series
    :math:`\varphi(z) z^{-k-1}\sum_m (-1)^m (2m + k)!/(k!\,m!\,(2z^2)^m)` [2]_.

    Parameters
    ----------
    order : {0, 1, 2}
    z : ndarray of float64

    Returns
    -------
    ndarray of float64, shape of ``z``

    References
    ----------
    .. [1] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, eq. C.31.
    .. [2] Abramowitz & Stegun (1964), *Handbook of Mathematical Functions*, 7.2.14.
    """
    beyond = scipy.special.ndtr(-z)
    if order == 0:
        return np.asarray(beyond)
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    found = density - z * beyond
    if order == 2:
        found = 0.5 * (beyond - z * found)
    if (z > _SCALED_FROM).any():
        found = np.where(z > _SCALED_FROM, density * scaled_excess(order, z), found)
    return np.asarray(found)


def scaled_excess(order: int, z: Floats) -> Floats:
    """Give :func:`normal_excess` over the density at z, of order 0 also; for z from 3 on."""
    far = np.clip(z, _SCALED_FROM, _SERIES_FROM)
    ratio = np.sqrt(0.5 * np.pi) * scipy.special.erfcx(far / np.sqrt(2.0))
    share = ratio
    if order >= 1:
        share = 1.0 - far * ratio
    if order == 2:
        share = 0.5 * (ratio - far * share)
    if (z > _SERIES_FROM).any():
        farther = np.maximum(z, _SERIES_FROM)
        term, total = np.ones_like(farther), np.ones_like(farther)
        for m in range(1, 16):
            term = -term * (2 * m + order) * (2 * m + order - 1) / (2.0 * m * farther**2)
            total = total + term
        share = np.where(z > _SERIES_FROM, total / farther ** (order + 1), share)
    return np.asarray(share)


def _normal_part(order: int, sign: float) -> _Function:
    def part(x: Floats, mean: Floats, std: Floats) -> Floats:
        return np.asarray(std**order * normal_excess(order, sign * (x - mean) / std))

    return part


def _normal_cdf(x: Floats, mean: Floats, std: Floats) -> Floats:
    return np.asarray(scipy.special.ndtr((x - mean) / std))


def _normal_sf(x: Floats, mean: Floats, std: Floats) -> Floats:
    return np.asarray(scipy.special.ndtr((mean - x) / std))


def _normal_ppf(q: Floats, mean: Floats, std: Floats) -> Floats:
    return np.asarray(mean + std * scipy.special.ndtri(q))


def _gamma_columns(mean: Floats, std: Floats) -> tuple[Floats, Floats]:
    return (mean / std) ** 2, std * (std / mean)


def _gamma_part(order: int, above: bool) -> _Function:
    core = gamma_above if above else gamma_below
    at = above_zero if above else below_zero

    def part(x: Floats, mean: Floats, std: Floats) -> Floats:
        shape, scale = _gamma_columns(mean, std)
        return np.asarray(scale**order * at(_swapped, order, x / scale, shape))

    def _swapped(x: Floats, shape: Floats, wanted: int) -> Moments:
        return core(shape, x, wanted)

    return part


def _gamma_cdf(x: Floats, mean: Floats, std: Floats) -> Floats:
    shape, scale = _gamma_columns(mean, std)
    points = np.maximum(x, 0.0) / scale
    return gamma_lower(*np.broadcast_arrays(shape, points))


def _gamma_sf(x: Floats, mean: Floats, std: Floats) -> Floats:
    shape, scale = _gamma_columns(mean, std)
    points = np.maximum(x, 0.0) / scale
    return gamma_upper(*np.broadcast_arrays(shape, points))


def _gamma_ppf(q: Floats, mean: Floats, std: Floats) -> Floats:
    shape, scale = _gamma_columns(mean, std)
    return np.asarray(scale * scipy.special.gammaincinv(shape, q))


def _poisson_part(order: int, above: bool) -> _Function:
    core, at = (poisson_above, above_zero) if above else (poisson_below, below_zero)

    def part(x: Floats, mean: Floats, _std: Floats) -> Floats:
        return at(core, order, x, mean)

    return part


def _poisson_cdf(x: Floats, mean: Floats, _std: Floats) -> Floats:
    whole = np.floor(x)
    counted = np.broadcast_arrays(np.maximum(whole, 0.0) + 1.0, mean)
    return np.where(whole < 0.0, 0.0, gamma_upper(*counted))


def _poisson_sf(x: Floats, mean: Floats, _std: Floats) -> Floats:
    whole = np.floor(x)
    counted = np.broadcast_arrays(np.maximum(whole, 0.0) + 1.0, mean)
    return np.where(whole < 0.0, 1.0, gamma_lower(*counted))


def _poisson_ppf(q: Floats, mean: Floats, std: Floats) -> Floats:
    return whole_ppf(_poisson_cdf, q, mean, std, skewness=1.0 / np.maximum(std, 1e-300))


def negative_binomial_columns(mean: Floats, std: Floats) -> tuple[Floats, Floats, Floats]:
    """Successes, chance of one, and 1 less that chance, of the moments."""
    excess = (std - np.sqrt(mean)) * (std + np.sqrt(mean))
    return mean * (mean / excess), mean / std**2, excess / std**2


def _negative_binomial_part(order: int, above: bool) -> _Function:
    core, at = (
        (negative_binomial_above, above_zero) if above else (negative_binomial_below, below_zero)
    )

    def part(x: Floats, mean: Floats, std: Floats) -> Floats:
        return at(core, order, x, *negative_binomial_columns(mean, std))

    return part


def _negative_binomial_cdf(x: Floats, mean: Floats, std: Floats) -> Floats:
    whole = np.floor(x)
    columns = negative_binomial_columns(mean, std)
    inside = by_blocks(failures_most, np.maximum(whole, 0.0), *columns)
    return np.where(whole < 0.0, 0.0, inside)


def _negative_binomial_sf(x: Floats, mean: Floats, std: Floats) -> Floats:
    whole = np.floor(x)
    columns = negative_binomial_columns(mean, std)
    inside = by_blocks(failures_more, np.maximum(whole, 0.0), *columns)
    return np.where(whole < 0.0, 1.0, inside)


def _negative_binomial_ppf(q: Floats, mean: Floats, std: Floats) -> Floats:
    skewness = (2.0 * std**2 - mean) / (mean * std)
    return whole_ppf(_negative_binomial_cdf, q, mean, std, skewness=skewness)


def _deterministic_cdf(x: Floats, mean: Floats, _std: Floats) -> Floats:
    return np.asarray((x >= mean).astype(np.float64))


def _deterministic_sf(x: Floats, mean: Floats, _std: Floats) -> Floats:
    return np.asarray((x < mean).astype(np.float64))


def _deterministic_ppf(q: Floats, mean: Floats, _std: Floats) -> Floats:
    return mean + np.zeros_like(q)


def _deterministic_part(order: int, sign: float) -> _Function:
    def part(x: Floats, mean: Floats, _std: Floats) -> Floats:
        return np.asarray(np.maximum(sign * (mean - x), 0.0) ** order / order)

    return part


CLOSED: dict[str, ClosedFamily] = {
    "deterministic": ClosedFamily(
        _deterministic_cdf,
        _deterministic_sf,
        _deterministic_ppf,
        _deterministic_part(1, 1.0),
        _deterministic_part(1, -1.0),
        _deterministic_part(2, 1.0),
        _deterministic_part(2, -1.0),
    ),
    "gamma": ClosedFamily(
        _gamma_cdf,
        _gamma_sf,
        _gamma_ppf,
        _gamma_part(1, above=True),
        _gamma_part(1, above=False),
        _gamma_part(2, above=True),
        _gamma_part(2, above=False),
    ),
    "negative_binomial": ClosedFamily(
        _negative_binomial_cdf,
        _negative_binomial_sf,
        _negative_binomial_ppf,
        _negative_binomial_part(1, above=True),
        _negative_binomial_part(1, above=False),
        _negative_binomial_part(2, above=True),
        _negative_binomial_part(2, above=False),
    ),
    "normal": ClosedFamily(
        _normal_cdf,
        _normal_sf,
        _normal_ppf,
        _normal_part(1, 1.0),
        _normal_part(1, -1.0),
        _normal_part(2, 1.0),
        _normal_part(2, -1.0),
    ),
    "poisson": ClosedFamily(
        _poisson_cdf,
        _poisson_sf,
        _poisson_ppf,
        _poisson_part(1, above=True),
        _poisson_part(1, above=False),
        _poisson_part(2, above=True),
        _poisson_part(2, above=False),
    ),
}
"""By name; two moments say all, and over ``t`` periods they are ``t`` and ``sqrt(t)`` times."""
