"""Families that stay themselves when periods are added, on whole arrays of means and deviations.

Each distribution object answers for itself; here one call answers for the stages of a portfolio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from echelon.distributions.arguments import Floats

_Function = Callable[[Floats, Floats, Floats], Floats]


@dataclass(frozen=True, slots=True)
class ClosedFamily:
    """Distribution function and expected shortage of ``(x, mean, std)``, which broadcast.

    Units; finite ``x``, ``std > 0`` but for the deterministic family.
    """

    cdf: _Function
    shortage: _Function


def normal_shortage(x: Floats, mean: Floats, std: Floats) -> Floats:
    r"""Give :math:`\sigma(\varphi(z) - z\bar\Phi(z))` [1]_.

    Parameters
    ----------
    x, mean, std : array_like of float
        Level and moments, units.

    Returns
    -------
    ndarray of float64
        Units.

    References
    ----------
    .. [1] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, eq. C.31.
    """
    z = (x - mean) / std
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    return np.asarray(std * np.maximum(density - z * scipy.special.ndtr(-z), 0.0))


def gamma_shortage(x: Floats, mean: Floats, std: Floats) -> Floats:
    r"""Give :math:`\mu\,\bar F(x; a + 1) - x\,\bar F(x; a)`, :math:`a` the shape [1]_.

    Parameters
    ----------
    x, mean, std : array_like of float
        Level and moments, units.

    Returns
    -------
    ndarray of float64
        Units.

    References
    ----------
    .. [1] Zipkin (2000), *Foundations of Inventory Management*, p. 457.
    """
    shape, scale = (mean / std) ** 2, std * (std / mean)
    level = np.maximum(x, 0.0)
    above = scipy.special.gammaincc
    inside = mean * above(shape + 1.0, level / scale) - level * above(shape, level / scale)
    return np.asarray(np.maximum(inside, 0.0) + (level - x))


def poisson_shortage(x: Floats, mean: Floats, _std: Floats) -> Floats:
    r"""Give :math:`\mu P(D \ge k) - x P(D > k)`, :math:`k = \lfloor x \rfloor` [1]_.

    Parameters
    ----------
    x, mean : array_like of float
        Level and mean, units.

    Returns
    -------
    ndarray of float64
        Units.

    References
    ----------
    .. [1] Hadley & Whitin (1963), *Analysis of Inventory Systems*.
    """
    level = np.maximum(x, 0.0)
    whole = np.floor(level)
    from_here = np.where(whole > 0.0, scipy.special.pdtrc(np.maximum(whole - 1.0, 0.0), mean), 1.0)
    inside = mean * from_here - level * scipy.special.pdtrc(whole, mean)
    return np.asarray(np.maximum(inside, 0.0) + (level - x))


def negative_binomial_shortage(x: Floats, mean: Floats, std: Floats) -> Floats:
    r"""Give :math:`\mu P(D' \ge k) - x P(D > k)`, :math:`D'` with one more success.

    Since :math:`j\,p_r(j) = \mu\,p_{r+1}(j - 1)`.

    Parameters
    ----------
    x, mean, std : array_like of float
        Level and moments, units.

    Returns
    -------
    ndarray of float64
        Units.
    """
    excess = (std - np.sqrt(mean)) * (std + np.sqrt(mean))
    successes, chance = mean * (mean / excess), mean / std**2
    level = np.maximum(x, 0.0)
    whole = np.floor(level)
    above = scipy.special.betainc
    other = 1.0 - chance
    from_here = np.where(whole > 0.0, above(np.maximum(whole, 1.0), successes + 1.0, other), 1.0)
    inside = mean * from_here - level * above(whole + 1.0, successes, other)
    return np.asarray(np.maximum(inside, 0.0) + (level - x))


def _normal_cdf(x: Floats, mean: Floats, std: Floats) -> Floats:
    return np.asarray(scipy.special.ndtr((x - mean) / std))


def _gamma_cdf(x: Floats, mean: Floats, std: Floats) -> Floats:
    points = np.maximum(x, 0.0) / (std * (std / mean))
    return np.asarray(scipy.special.gammainc((mean / std) ** 2, points))


def _poisson_cdf(x: Floats, mean: Floats, _std: Floats) -> Floats:
    whole = np.floor(x)
    return np.where(whole < 0.0, 0.0, scipy.special.pdtr(np.maximum(whole, 0.0), mean))


def _negative_binomial_cdf(x: Floats, mean: Floats, std: Floats) -> Floats:
    excess = (std - np.sqrt(mean)) * (std + np.sqrt(mean))
    whole = np.floor(x)
    inside = scipy.special.betainc(
        mean * (mean / excess), np.maximum(whole, 0.0) + 1.0, mean / std**2
    )
    return np.where(whole < 0.0, 0.0, inside)


def _deterministic_cdf(x: Floats, mean: Floats, _std: Floats) -> Floats:
    return np.asarray((x >= mean).astype(np.float64))


def _deterministic_shortage(x: Floats, mean: Floats, _std: Floats) -> Floats:
    return np.maximum(mean - x, 0.0)


CLOSED: dict[str, ClosedFamily] = {
    "deterministic": ClosedFamily(_deterministic_cdf, _deterministic_shortage),
    "gamma": ClosedFamily(_gamma_cdf, gamma_shortage),
    "negative_binomial": ClosedFamily(_negative_binomial_cdf, negative_binomial_shortage),
    "normal": ClosedFamily(_normal_cdf, normal_shortage),
    "poisson": ClosedFamily(_poisson_cdf, poisson_shortage),
}
"""By name; two moments say all, and over ``t`` periods they are ``t`` and ``sqrt(t)`` times."""
