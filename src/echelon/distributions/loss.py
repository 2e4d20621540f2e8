"""Expected shortage above a level, family by family.

The loss function :math:`n(x) = E[(D - x)^+]` falls from ``mean - x`` to 0 and is convex; every
measure of service in units and every backorder is made of it.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats, values_of
from echelon.distributions.base import Distribution
from echelon.distributions.blocks import in_blocks
from echelon.distributions.closed import CLOSED
from echelon.distributions.compound import CompoundPoisson
from echelon.distributions.continuous import Gamma, LogNormal, Normal, Uniform
from echelon.distributions.counts import Binomial, Geometric
from echelon.distributions.discrete import Deterministic, NegativeBinomial, Poisson
from echelon.distributions.empirical import Empirical
from echelon.distributions.lattice import EXACT_TAIL, increments_of, lattice_step
from echelon.distributions.lattice_total import LatticeTotal, lattice_total
from echelon.distributions.mixed import Mixture, ZeroInflated
from echelon.distributions.per_period import PerPeriod
from echelon.distributions.smoothed import SmoothedEmpirical
from echelon.distributions.sums import Sum, sum_on_lattice
from echelon.distributions.triangular import Triangular
from echelon.distributions.truncated_normal import TruncatedNormal
from echelon.distributions.weibull import Weibull


def expected_shortage(distribution: Distribution | LatticeTotal, level: ArrayLike) -> Floats:
    r"""Expected units of demand above a level, :math:`E[(D - x)^+]`.

    By the closed form of the family; of a ``scipy.stats`` distribution or a family of one's own,
    which may ``shortage_formula.register`` a closed form, by summing or integrating its
    distribution function.

    Parameters
    ----------
    distribution : Distribution
    level : array_like of float
        Units, any sign; not infinite below.

    Returns
    -------
    ndarray of float64, shape of ``level``
        Units.

    Raises
    ------
    DomainError
        If some level is NaN.

    Examples
    --------
    >>> from echelon.distributions import Normal
    >>> round(float(expected_shortage(Normal(15.0, 3.0), 18.0)), 9)
    0.249946412
    """
    points = values_of(level)
    finite = np.where(np.isposinf(points), 0.0, points)
    return np.where(np.isposinf(points), 0.0, shortage_formula(distribution, finite))


@singledispatch
def shortage_formula(distribution: Any, level: Floats) -> Floats:
    """Expected units above finite levels; dispatches on the class of the distribution.

    Parameters
    ----------
    distribution : Distribution
    level : ndarray of float64
        Units.

    Returns
    -------
    ndarray of float64, shape of ``level``
        Units. For a class without a formula by its distribution function alone.
    """
    if lattice_step(distribution) is not None:
        return _summed(distribution, level)
    return _integrated(distribution, level)


@shortage_formula.register(Normal | Gamma | Poisson | NegativeBinomial | Deterministic)
def _closed(distribution: Distribution, level: Floats) -> Floats:
    mean, std = np.asarray(distribution.mean), np.asarray(distribution.std)
    return CLOSED[distribution.family].shortage(level, mean, std)


@shortage_formula.register
def _lognormal(distribution: LogNormal, level: Floats) -> Floats:
    positive = np.maximum(level, 0.0)
    with np.errstate(divide="ignore"):
        z = (distribution.log_mean - np.log(positive)) / distribution.log_std
    ndtr = scipy.special.ndtr
    inside = distribution.mean * ndtr(z + distribution.log_std) - positive * ndtr(z)
    return np.asarray(np.maximum(inside, 0.0) + (positive - level))


@shortage_formula.register
def _uniform(distribution: Uniform, level: Floats) -> Floats:
    low, high = distribution.support
    inside = np.clip(level, low, high)
    return np.asarray((high - inside) ** 2 / (2.0 * (high - low)) + np.maximum(low - level, 0.0))


@shortage_formula.register
def _triangular(distribution: Triangular, level: Floats) -> Floats:
    low, mode, high = distribution.low, distribution.mode, distribution.high
    inside = np.clip(level, low, high)
    width = high - low
    with np.errstate(divide="ignore", invalid="ignore"):  # the side that is not there
        falling = (high - inside) ** 3 / (3.0 * width * (high - mode))
        rising = distribution.mean - inside + (inside - low) ** 3 / (3.0 * width * (mode - low))
    kept = np.where((inside < mode) | (mode == high), rising, falling)
    return np.maximum(kept, 0.0) + np.maximum(low - level, 0.0)


@shortage_formula.register
def _weibull(distribution: Weibull, level: Floats) -> Floats:
    """Integral of ``exp(-(x / scale)**shape)``: an incomplete gamma function."""
    above = scipy.special.gammaincc(1.0 / distribution.shape, distribution.hazard(level))
    return np.asarray(distribution.mean * above + np.maximum(-level, 0.0))


@shortage_formula.register
def _truncated_normal(distribution: TruncatedNormal, level: Floats) -> Floats:
    """That of the normal before truncation over what truncation left, by scaled functions."""
    start = -distribution.location / distribution.scale
    inside = np.maximum(level, 0.0)
    z = start + inside / distribution.scale
    scaled = np.sqrt(0.5 * np.pi) * scipy.special.erfcx(np.maximum(z, -5.0) / np.sqrt(2.0))
    far = np.where(z < -5.0, 0.0, 1.0 - z * scaled)  # of the density at z
    if start > 0.0:
        tail = np.sqrt(0.5 * np.pi) * scipy.special.erfcx(start / np.sqrt(2.0))
        ratio = np.exp(-0.5 * (z - start) * (z + start)) * far / tail
    else:
        density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
        plain = density - z * scipy.special.ndtr(-z)
        ratio = np.where(z < -5.0, plain, density * far) / scipy.special.ndtr(-start)
    return np.asarray(distribution.scale * np.maximum(ratio, 0.0) + (inside - level))


@shortage_formula.register
def _binomial(distribution: Binomial, level: Floats) -> Floats:
    """``np P(D' >= k) - x P(D > k)``, D' with one trial fewer."""
    n, p = distribution.trials, distribution.probability
    inside = np.clip(level, 0.0, n)
    whole = np.floor(inside)
    more = np.where(whole < n, _binomial_above(whole, n, p), 0.0)
    from_here = np.where(whole > 0.0, _binomial_above(whole - 1.0, n - 1, p), 1.0)
    owed = distribution.mean * from_here - inside * more
    return np.where(level >= n, 0.0, np.maximum(owed, 0.0) + np.maximum(-level, 0.0))


def _binomial_above(k: Floats, n: int, p: float) -> Floats:
    """Probability of more than k in n trials, for whole k from 0 on."""
    counted = np.clip(k, 0.0, max(n - 1.0, 0.0))
    inside = scipy.special.betainc(counted + 1.0, np.maximum(n - counted, 1.0), p)
    return np.where(k >= n, 0.0, inside)


@shortage_formula.register
def _geometric(distribution: Geometric, level: Floats) -> Floats:
    """Without memory: beyond any level it is itself again."""
    mean, shifted = distribution.mean - distribution.start, level - distribution.start
    inside = np.maximum(shifted, 0.0)
    whole = np.floor(inside)
    beyond = distribution.ratio ** (whole + 1.0)
    return beyond * (whole + 1.0 - inside + mean) + (inside - shifted)


@shortage_formula.register
def _empirical(distribution: Empirical, level: Floats) -> Floats:
    values, weights = np.array(distribution.values), np.array(distribution.probabilities)
    above = np.append(np.cumsum(weights[::-1])[::-1], 0.0)  # below each value, and beyond the last
    owed = np.append(np.cumsum((np.diff(values) * above[1:-1])[::-1])[::-1], 0.0)
    after = np.searchsorted(values, level, side="right")
    ahead = np.minimum(after, len(values) - 1)
    return np.asarray(owed[ahead] + np.maximum(values[ahead] - level, 0.0) * above[after])


@shortage_formula.register
def _zero_inflated(distribution: ZeroInflated, level: Floats) -> Floats:
    none = (1.0 - distribution.occurrence) * np.maximum(-level, 0.0)
    return none + distribution.occurrence * shortage_formula(distribution.size, level)


@shortage_formula.register
def _mixture(distribution: Mixture, level: Floats) -> Floats:
    total = np.zeros(level.shape)
    for component, weight in zip(distribution.components, distribution.weights, strict=True):
        total = total + weight * shortage_formula(component, level)
    return total


@shortage_formula.register
def _sum(distribution: Sum, level: Floats) -> Floats:
    return sum_on_lattice(distribution).shortage(level)


@shortage_formula.register
def _per_period(distribution: PerPeriod, level: Floats) -> Floats:
    shortages = [shortage_formula(law, level) for law in distribution.periods]
    return np.asarray(np.mean(shortages, axis=0))


@shortage_formula.register
def _compound(distribution: CompoundPoisson, level: Floats) -> Floats:
    if distribution.adds_up and lattice_step(distribution.size) is None:
        total = np.zeros(level.shape)
        for weight, orders in distribution.terms(1.0):
            total = total + weight * shortage_formula(orders, level)
        return total
    return lattice_total(distribution.size, [1.0], [1.0], events=distribution.rate).shortage(level)


@shortage_formula.register
def _smoothed(distribution: SmoothedEmpirical, level: Floats) -> Floats:
    shapes, weights, none = distribution.kernels()
    means, stds = shapes * distribution.smoothing, np.sqrt(shapes) * distribution.smoothing

    def kernels(points: Floats) -> Floats:
        return np.asarray(CLOSED["gamma"].shortage(points[..., None], means, stds) @ weights)

    return in_blocks(kernels, level, len(shapes)) + none * np.maximum(-level, 0.0)


@shortage_formula.register
def _lattice(distribution: LatticeTotal, level: Floats) -> Floats:
    return distribution.shortage(level)


def _summed(distribution: Distribution, level: Floats) -> Floats:
    """On a lattice: sums of its own probabilities, all but ``EXACT_TAIL`` of them."""
    one = increments_of(distribution)
    values = (one.first + np.arange(len(one.mass))) * one.numerator / one.denominator
    beyond = np.cumsum(one.mass[::-1])[::-1]
    owed = one.step * np.append(np.cumsum(beyond[:0:-1])[::-1], 0.0)
    inside = np.interp(level, values, owed)
    return np.where(level <= values[0], owed[0] + values[0] - level, inside)


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_RUNGS = 10.0 ** np.arange(0.0, -15.0, -1.0)


def _integrated(distribution: Distribution, level: Floats) -> Floats:
    """Integral of the survival function from the level on, in panels that shrink with the tail."""
    low, high = distribution.support
    ladder = distribution.ppf(1.0 - _RUNGS[1:])
    inner = np.concatenate((distribution.ppf(np.linspace(0.0, 0.9, 37)[1:]), ladder[1:], [high]))
    inner = inner[np.isfinite(inner)]
    begin = float(distribution.ppf(EXACT_TAIL)) if np.isinf(low) else low
    corners = np.unique(np.concatenate(([begin], inner)))

    def inside(points: Floats) -> Floats:
        starts = np.maximum(points[..., None], corners[:-1])
        widths = np.maximum(corners[1:] - starts, 0.0)
        nodes = starts[..., None] + widths[..., None] * 0.5 * (_NODES + 1.0)
        above = 1.0 - distribution.cdf(nodes)
        return np.asarray((widths * (above @ (0.5 * _WEIGHTS))).sum(axis=-1))

    clipped = np.clip(level, corners[0], corners[-1])
    owed = in_blocks(inside, clipped, 4 * len(corners) * len(_NODES))  # its cdf needs some too
    return owed + np.where(level < corners[0], corners[0] - level, 0.0)
