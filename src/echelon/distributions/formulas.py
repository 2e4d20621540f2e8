"""Families that are no longer themselves when added, on whole arrays of their parameters.

Beside :mod:`echelon.distributions.closed`, whose families two moments describe.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.closed import (
    CLOSED,
    ClosedFamily,
    above_zero,
    below_zero,
    by_blocks,
)
from echelon.distributions.counting import (
    binomial_above,
    binomial_below,
    negative_binomial_above,
    negative_binomial_below,
)
from echelon.distributions.tails import KEPT, Moments
from echelon.distributions.whole import whole_ppf

_SERIES_HAZARD = 3.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)


def _lognormal_z(x: Floats, log_mean: Floats, log_std: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray((np.log(np.maximum(x, 0.0)) - log_mean) / log_std)


def _lognormal_cdf(x: Floats, log_mean: Floats, log_std: Floats) -> Floats:
    return np.asarray(scipy.special.ndtr(_lognormal_z(x, log_mean, log_std)))


def _lognormal_sf(x: Floats, log_mean: Floats, log_std: Floats) -> Floats:
    return np.asarray(scipy.special.ndtr(-_lognormal_z(x, log_mean, log_std)))


def _lognormal_ppf(q: Floats, log_mean: Floats, log_std: Floats) -> Floats:
    return np.asarray(np.exp(log_mean + log_std * scipy.special.ndtri(q)))


def _lognormal_moments(
    x: Floats, log_mean: Floats, log_std: Floats, order: int, *, sign: float
) -> Moments:
    r"""Above (sign 1) or below (-1) x of a variable :math:`e^{\mu + \sigma Z}`.

    :math:`m\Phi(\sigma - z) - x\Phi(-z)` above; where that cancels,
    :math:`x\varphi(z)\int_0^\infty (e^{\sigma v} - 1)e^{-zv - v^2/2}\,dv`, and so on.
    """
    z = _lognormal_z(x, log_mean, log_std)
    mean = np.exp(log_mean + 0.5 * log_std**2)
    square = mean * mean * np.exp(log_std**2)
    ndtr = scipy.special.ndtr
    chances = [ndtr(sign * (k * log_std - z)) for k in (0, 1, 2)]
    first = sign * (mean * chances[1] - x * chances[0])
    second = 0.5 * (square * chances[2] - x * (2.0 * mean * chances[1] - x * chances[0]))
    weak = first < KEPT * x * chances[0]
    if order == 2:
        weak |= second < KEPT**2 * x * x * chances[0]
    weak &= (sign * z > -1.0) & (x > 0.0)
    if weak.any():
        away, spread, at = sign * z[weak], sign * log_std[weak], x[weak]
        density = np.exp(-0.5 * away * away) / np.sqrt(2.0 * np.pi)
        steep = away - order * np.maximum(spread, 0.0)
        reach = np.sqrt(90.0 + np.minimum(steep, 0.0) ** 2) - np.minimum(steep, 0.0)
        reach = np.where(steep > 1.0, np.minimum(reach, 45.0 / np.maximum(steep, 1.0)), reach)
        v = reach[:, None] * (0.5 * (_NODES + 1.0)) ** 2
        grown = np.expm1(spread[:, None] * v)
        heights = np.exp(-v * (away[:, None] + 0.5 * v)) * (0.5 * _WEIGHTS * (_NODES + 1.0))
        first[weak] = at * density * reach * np.abs((grown * heights).sum(axis=1))
        second[weak] = 0.5 * at**2 * density * reach * (grown**2 * heights).sum(axis=1)
    return chances[0], first, second


def _uniform_cdf(x: Floats, low: Floats, high: Floats) -> Floats:
    return np.asarray(((x - low) / (high - low)).clip(0.0, 1.0))


def _uniform_sf(x: Floats, low: Floats, high: Floats) -> Floats:
    return np.asarray(((high - x) / (high - low)).clip(0.0, 1.0))


def _uniform_ppf(q: Floats, low: Floats, high: Floats) -> Floats:
    return np.asarray(low * (1.0 - q) + high * q)


def _uniform_part(order: int, above: bool) -> Callable[..., Floats]:
    def part(x: Floats, low: Floats, high: Floats) -> Floats:
        width = high - low
        room = high - x if above else x - low
        inside = np.clip(room, 0.0, width)
        beyond = np.maximum(room - width, 0.0)
        first = inside**2 / (2.0 * width)
        if order == 1:
            return np.asarray(first + beyond)
        return np.asarray(inside**3 / (6.0 * width) + beyond * (first + 0.5 * beyond))

    return part


def _hazard(x: Floats, shape: Floats, scale: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray((np.maximum(x, 0.0) / scale) ** shape)


def _weibull_cdf(x: Floats, shape: Floats, scale: Floats) -> Floats:
    return np.asarray(-np.expm1(-_hazard(x, shape, scale)))


def _weibull_sf(x: Floats, shape: Floats, scale: Floats) -> Floats:
    return np.asarray(np.exp(-_hazard(x, shape, scale)))


def _weibull_ppf(q: Floats, shape: Floats, scale: Floats) -> Floats:
    return np.asarray(scale * (-np.log1p(-q)) ** (1.0 / shape))


def _weibull_above(x: Floats, shape: Floats, scale: Floats, order: int) -> Moments:
    r"""With :math:`y = (x/\lambda)^k`: :math:`(\lambda/k)\Gamma(1/k, y)` the first.

    The second is :math:`(\lambda^2/k)\Gamma(2/k, y) - x` times the first, and where that cancels
    the integral of the survival function over the hazard.
    """
    gamma, upper = scipy.special.gamma, scipy.special.gammaincc
    hazard, inverse = _hazard(x, shape, scale), 1.0 / shape
    first = scale * gamma(1.0 + inverse) * upper(inverse, hazard)
    nothing = np.zeros_like(first)
    if order == 1:
        return nothing, first, nothing
    total = 0.5 * scale**2 * gamma(1.0 + 2.0 * inverse) * upper(2.0 * inverse, hazard)
    second = total - x * first
    weak = (second < KEPT * total) & (x > 0.0)
    if weak.any():
        y, at, k = hazard[weak, None], x[weak, None], inverse[weak, None]
        w = 45.0 * (0.5 * (_NODES + 1.0)) ** 4  # crowded where the logarithm bends
        grown = k * np.log1p(w / y)
        slope = at * k * np.exp(grown) / (y + w)
        heights = np.exp(-w) * (90.0 * _WEIGHTS * (0.5 * (_NODES + 1.0)) ** 3)
        beyond = (at * np.expm1(grown) * slope * heights).sum(axis=1)
        second[weak] = np.exp(-hazard[weak]) * beyond
    return nothing, first, second


def _weibull_below(x: Floats, shape: Floats, scale: Floats, _order: int) -> Moments:
    r"""By the power series of the distribution function where :math:`y < 3`, else by difference."""
    hazard, inverse = _hazard(x, shape, scale), 1.0 / shape
    y = np.minimum(hazard, _SERIES_HAZARD)
    first, second, power = np.zeros_like(y), np.zeros_like(y), -np.ones_like(y)
    for j in range(1, 40):
        power = -power * y / j
        rise = j * shape
        first += power / (rise + 1.0)
        second += power / ((rise + 1.0) * (rise + 2.0))
    first, second = x * first, x * x * second
    if (far := hazard > _SERIES_HAZARD).any():
        gamma, lower = scipy.special.gamma, scipy.special.gammainc
        k, at, size = inverse[far], x[far], scale[far]
        once = size * gamma(1.0 + k) * lower(k, hazard[far])
        twice = 0.5 * size**2 * gamma(1.0 + 2.0 * k) * lower(2.0 * k, hazard[far])
        first[far], second[far] = at - once, at * (0.5 * at - once) + twice
    return np.zeros_like(y), first, second


def _binomial_cdf(x: Floats, trials: Floats, chance: Floats) -> Floats:
    whole = np.floor(x)
    inside = np.clip(whole, 0.0, trials - 1.0)
    reached = scipy.special.betaincc(inside + 1.0, trials - inside, chance)
    return np.where(whole < 0.0, 0.0, np.where(whole >= trials, 1.0, reached))


def _binomial_sf(x: Floats, trials: Floats, chance: Floats) -> Floats:
    whole = np.floor(x)
    inside = np.clip(whole, 0.0, trials - 1.0)
    more = scipy.special.betainc(inside + 1.0, trials - inside, chance)
    return np.where(whole < 0.0, 1.0, np.where(whole >= trials, 0.0, more))


def _binomial_ppf(q: Floats, trials: Floats, chance: Floats) -> Floats:
    def cdf(x: Floats, _mean: Floats, _std: Floats, *columns: Floats) -> Floats:
        return _binomial_cdf(x, *columns)

    mean = trials * chance
    std = np.sqrt(mean * (1.0 - chance))
    skewness = (1.0 - 2.0 * chance) / np.maximum(std, 1e-300)
    return np.minimum(whole_ppf(cdf, q, mean, std, trials, chance, skewness=skewness), trials)


def _binomial_part(order: int, above: bool) -> Callable[..., Floats]:
    """From 0 to the trials by the tails; beyond them by the reflected count."""

    def one_block(x: Floats, trials: Floats, chance: Floats) -> Floats:
        certain = chance >= 1.0
        odds = np.where(certain, 0.5, chance)
        level = np.clip(x, 0.0, trials)
        core = binomial_above if above else binomial_below
        _, first, second = core(level, trials, odds, order)
        first = np.where(certain, np.where(above, trials - level, 0.0), first)
        second = np.where(certain, np.where(above, 0.5 * (trials - level) ** 2, 0.0), second)
        if above:
            first, second = (np.where(x >= trials, 0.0, one) for one in (first, second))
        else:
            first, second = (np.where(x < 0.0, 0.0, one) for one in (first, second))
        beyond = level - x if above else x - level
        beyond = np.maximum(beyond, 0.0)
        found = first + beyond if order == 1 else second + beyond * (first + 0.5 * beyond)
        return np.asarray(found)

    return partial(by_blocks, one_block)


def _geometric_columns(mean: Floats, start: Floats) -> tuple[Floats, Floats, Floats]:
    """As the failures before one success: mean above the start, chance, and 1 less it."""
    excess = mean - start
    return excess, 1.0 / (1.0 + excess), excess / (1.0 + excess)


def _geometric_cdf(x: Floats, mean: Floats, start: Floats) -> Floats:
    return np.asarray(-np.expm1(_geometric_log_sf(x, mean, start)))


def _geometric_sf(x: Floats, mean: Floats, start: Floats) -> Floats:
    return np.asarray(np.exp(_geometric_log_sf(x, mean, start)))


def _geometric_log_sf(x: Floats, mean: Floats, start: Floats) -> Floats:
    _, chance, other = _geometric_columns(mean, start)
    with np.errstate(divide="ignore"):
        log_ratio = np.where(other > 0.5, np.log1p(-np.minimum(chance, 0.5)), np.log(other))
    counted = np.maximum(np.floor(x - start) + 1.0, 0.0)
    with np.errstate(invalid="ignore"):
        return np.where(counted == 0.0, 0.0, counted * log_ratio)


def _geometric_ppf(q: Floats, mean: Floats, start: Floats) -> Floats:
    def cdf(x: Floats, _mean: Floats, _std: Floats, excess: Floats) -> Floats:
        return _geometric_cdf(x, excess, np.zeros_like(excess))

    excess = mean - start
    std = np.sqrt(excess * (1.0 + excess))
    skewness = (1.0 + 2.0 * excess) / np.maximum(std, 1e-300)
    return whole_ppf(cdf, q, excess, std, excess, skewness=skewness) + start


def _geometric_part(order: int, above: bool) -> Callable[..., Floats]:
    core = negative_binomial_above if above else negative_binomial_below

    def one_block(x: Floats, mean: Floats, start: Floats) -> Floats:
        excess, chance, other = _geometric_columns(mean, start)
        shifted = x - start
        level = np.maximum(shifted, 0.0)
        beyond = level - shifted
        none = excess <= 0.0
        safe = np.where(none, 0.5, chance), np.where(none, 0.5, other)
        _, first, second = core(level, np.ones_like(level), *safe, order)
        sure = 0.0 if above else level
        first, second = np.where(none, sure, first), np.where(none, 0.5 * sure**2, second)
        if not above:
            return np.where(shifted < 0.0, 0.0, first if order == 1 else second)
        found = first + beyond if order == 1 else second + beyond * (first + 0.5 * beyond)
        return np.asarray(found)

    return partial(by_blocks, one_block)


def _from_zero(
    cdf: Callable[..., Floats],
    sf: Callable[..., Floats],
    ppf: Callable[..., Floats],
    above: Callable[..., Moments],
    below: Callable[..., Moments],
) -> ClosedFamily:
    return ClosedFamily(
        cdf,
        sf,
        ppf,
        partial(above_zero, above, 1),
        partial(below_zero, below, 1),
        partial(above_zero, above, 2),
        partial(below_zero, below, 2),
    )


def _of_parts(
    cdf: Callable[..., Floats],
    sf: Callable[..., Floats],
    ppf: Callable[..., Floats],
    part: Callable[[int, bool], Callable[..., Floats]],
) -> ClosedFamily:
    return ClosedFamily(cdf, sf, ppf, part(1, True), part(1, False), part(2, True), part(2, False))


FORMULAS: dict[str, ClosedFamily] = CLOSED | {
    "binomial": _of_parts(_binomial_cdf, _binomial_sf, _binomial_ppf, _binomial_part),
    "geometric": _of_parts(_geometric_cdf, _geometric_sf, _geometric_ppf, _geometric_part),
    "lognormal": _from_zero(
        _lognormal_cdf,
        _lognormal_sf,
        _lognormal_ppf,
        partial(_lognormal_moments, sign=1.0),
        partial(_lognormal_moments, sign=-1.0),
    ),
    "uniform": _of_parts(_uniform_cdf, _uniform_sf, _uniform_ppf, _uniform_part),
    "weibull": _from_zero(_weibull_cdf, _weibull_sf, _weibull_ppf, _weibull_above, _weibull_below),
}
"""By name: what is asked of levels and the columns of :func:`columns_of`, which broadcast."""

_COLUMNS = {
    "binomial": ("trials", "probability"),
    "geometric": ("mean", "start"),
    "lognormal": ("log_mean", "log_std"),
    "uniform": ("low", "high"),
    "weibull": ("shape", "scale"),
}


def columns_of(law: Distribution) -> tuple[float, ...]:
    """Parameters that the formulas of a distribution's family take, in their order.

    Parameters
    ----------
    law : Distribution
        Of a family in :data:`FORMULAS`.

    Returns
    -------
    tuple of float

    Examples
    --------
    >>> from echelon.distributions import Gamma, Uniform
    >>> columns_of(Gamma(10.0, 4.0)), columns_of(Uniform(2.0, 6.0))
    ((10.0, 4.0), (2.0, 6.0))
    """
    known: Any = law
    names = _COLUMNS.get(law.family, ("mean", "std"))
    return tuple(float(getattr(known, name)) for name in names)
