r"""Partial moments of every family: :math:`E[((D - x)^+)^k]/k!` and :math:`E[((x - D)^+)^k]/k!`.

The loss functions of first and second order are made of these, k = 1 and 2. Every family answers so
that nothing cancels: small values are as exact, relative to themselves, as large ones.
"""

from __future__ import annotations

from functools import lru_cache, partial, singledispatch
from math import isfinite
from typing import Any, cast

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.blocks import in_blocks
from echelon.distributions.closed import normal_excess, scaled_excess
from echelon.distributions.compound import CompoundPoisson, event_counts
from echelon.distributions.continuous import Gamma, LogNormal, Normal, Uniform
from echelon.distributions.counts import Binomial, Geometric
from echelon.distributions.discrete import Deterministic, NegativeBinomial, Poisson
from echelon.distributions.empirical import Empirical
from echelon.distributions.formulas import FORMULAS, columns_of
from echelon.distributions.lattice import MOST_POINTS, Step, increments_of, lattice_step
from echelon.distributions.lattice_total import LatticeTotal, lattice_total
from echelon.distributions.mixed import Mixture, ZeroInflated
from echelon.distributions.per_period import PerPeriod
from echelon.distributions.points import of_points
from echelon.distributions.quadrature import integrated
from echelon.distributions.scipy_adapter import Scipy
from echelon.distributions.smoothed import SmoothedEmpirical
from echelon.distributions.sums import Sum, sum_on_lattice
from echelon.distributions.tails import tail_moments
from echelon.distributions.tilted import tilted_moment
from echelon.distributions.triangular import Triangular
from echelon.distributions.truncated_normal import TruncatedNormal
from echelon.distributions.weibull import Weibull

PARTS = {
    (1, True): "shortage",
    (1, False): "leftover",
    (2, True): "second_shortage",
    (2, False): "second_leftover",
}
"""What each order is called, above a level and below it."""
_NEGLIGIBLE = 1e-60
"""Numbers of orders that are so much less likely than the likeliest are left out."""


@singledispatch
def partial_moment(distribution: Any, level: Floats, order: int, above: bool) -> Floats:
    """Partial moment at finite levels; dispatches on the class of the distribution.

    Parameters
    ----------
    distribution : Distribution or LatticeTotal
    level : ndarray of float64
        Units.
    order : {1, 2}
    above : bool
        Whether of the demand above the level, or of what it leaves of the level.

    Returns
    -------
    ndarray of float64, shape of ``level``
        Units, to the power of the order. For a class without a formula by its distribution function
        alone: as exact as that.
    """
    if lattice_step(distribution) is not None:
        one = increments_of(distribution)
        values = (one.first + np.arange(len(one.mass))) * one.numerator / one.denominator
        return of_points(values, one.mass, level, order, above)
    return integrated(distribution, level, order, above)


@partial_moment.register(
    Normal
    | Gamma
    | Poisson
    | NegativeBinomial
    | Deterministic
    | LogNormal
    | Uniform
    | Weibull
    | Binomial
    | Geometric
)
def _formula(distribution: Distribution, level: Floats, order: int, above: bool) -> Floats:
    function = getattr(FORMULAS[distribution.family], PARTS[order, above])
    return np.asarray(function(level, *(np.asarray(one) for one in columns_of(distribution))))


@partial_moment.register
def _triangular(distribution: Triangular, level: Floats, order: int, above: bool) -> Floats:
    low, mode, high = distribution.low, distribution.mode, distribution.high
    if not above:  # that of the mirrored demand
        low, mode, high, level = -high, -mode, -low, -level
    width, fall, rise = high - low, high - mode, mode - low
    inside = np.clip(level, low, high)
    beyond = np.maximum(low - level, 0.0)
    left = high - np.maximum(inside, mode)  # of the side that falls
    zeroth = left**2 / (width * fall) if fall > 0.0 else np.zeros_like(left)
    first, second = zeroth * left / 3.0, zeroth * left**2 / 12.0
    if rise > 0.0:
        room, start = mode - np.minimum(inside, mode), np.minimum(inside, mode) - low
        lift = 2.0 / (width * rise)
        second = second + room * (first + 0.5 * room * zeroth)
        second = second + lift * room**3 * (room / 8.0 + start / 6.0)
        first = first + room * zeroth + lift * room**2 * (room / 3.0 + start / 2.0)
    if order == 1:
        return np.asarray(first + beyond)
    return np.asarray(second + beyond * (first + 0.5 * beyond))


@partial_moment.register
def _truncated_normal(
    distribution: TruncatedNormal, level: Floats, order: int, above: bool
) -> Floats:
    """Those of the normal before truncation over what truncation left, by scaled functions."""
    scale, start = distribution.scale, np.asarray(-distribution.location / distribution.scale)
    flat = np.ravel(np.maximum(level, 0.0))
    z = start + flat / scale
    scaled = start > 3.0
    if scaled:  # of the density at z over the probability above the start
        density = np.exp(-0.5 * (z - start) * (z + start)) / scaled_excess(0, start)
    else:
        kept = normal_excess(0, start)
        density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) / kept
    if not above:
        found = tail_moments(_normal_exponent, -z, z - start, z)
        inside = (scale**order * density * found[order]).reshape(level.shape)
        gap = np.maximum(level - distribution.mean, 0.0)  # beyond the mean nothing cancels
        rest = partial_moment(distribution, np.maximum(level, distribution.mean), order, True)
        far = gap + rest if order == 1 else 0.5 * (distribution.variance + gap**2) - rest
        return np.where(level > distribution.mean, far, np.where(level < 0.0, 0.0, inside))
    beyond = np.maximum(-level, 0.0)
    parts = [
        density * scaled_excess(k, z) if scaled else normal_excess(k, z) / kept for k in (1, 2)
    ]
    first, second = (scale ** (k + 1) * parts[k].reshape(level.shape) for k in (0, 1))
    if order == 1:
        return np.asarray(first + beyond)
    return np.asarray(second + beyond * (first + 0.5 * beyond))


def _normal_exponent(s: Floats, z: Floats) -> Floats:
    return np.asarray(s * (z - 0.5 * s))


@partial_moment.register
def _empirical(distribution: Empirical, level: Floats, order: int, above: bool) -> Floats:
    values, weights = np.array(distribution.values), np.array(distribution.probabilities)
    return of_points(values, weights, level, order, above)


@partial_moment.register
def _zero_inflated(distribution: ZeroInflated, level: Floats, order: int, above: bool) -> Floats:
    none = np.maximum(-level if above else level, 0.0) ** order / order
    size = partial_moment(distribution.size, level, order, above)
    return np.asarray((1.0 - distribution.occurrence) * none + distribution.occurrence * size)


@partial_moment.register
def _mixture(distribution: Mixture, level: Floats, order: int, above: bool) -> Floats:
    total = np.zeros(level.shape)
    for component, weight in zip(distribution.components, distribution.weights, strict=True):
        total = total + weight * partial_moment(component, level, order, above)
    return total


@partial_moment.register
def _per_period(distribution: PerPeriod, level: Floats, order: int, above: bool) -> Floats:
    parts = [partial_moment(law, level, order, above) for law in distribution.periods]
    return np.asarray(np.mean(parts, axis=0))


@partial_moment.register
def _sum(distribution: Sum, level: Floats, order: int, above: bool) -> Floats:
    return partial_moment(sum_on_lattice(distribution), level, order, above)


@partial_moment.register
def _compound(distribution: CompoundPoisson, level: Floats, order: int, above: bool) -> Floats:
    rate, size = distribution.rate, distribution.size
    if isinstance(size, ZeroInflated):  # orders of nothing are none
        thinned = CompoundPoisson(rate * size.occurrence, size.size)
        return partial_moment(thinned, level, order, above)
    if isinstance(size, Geometric) and size.start == 1:  # one unit an order, and what is more
        return _by_counts(rate, Geometric(size.mean - 1.0), 1.0, level, order, above)
    if distribution.adds_up:
        return _by_counts(rate, size, 0.0, level, order, above)
    step = lattice_step(size)
    if step is None:
        whole = lattice_total(size, [1.0], [1.0], events=rate)
        return partial_moment(whole, level, order, above)
    return _compound_on_lattice(distribution, step, level, order, above)


def _by_counts(
    rate: float, size: Distribution, each: float, level: Floats, order: int, above: bool
) -> Floats:
    """Sum over the number of orders, whose sizes add up, and ``each`` units of every one."""
    counts, weights = event_counts(rate, _NEGLIGIBLE)
    totals = [cast(Distribution, size.sum_over(count)) for count in counts.tolist()]
    families: dict[str, list[int]] = {}
    for at, total in enumerate(totals):
        families.setdefault(total.family, []).append(at)
    found = np.zeros(level.shape)
    for family, rows in families.items():
        shares, base = weights[rows], each * counts[rows]
        if family not in FORMULAS:
            for at, share, units in zip(rows, shares, base, strict=True):
                found = found + share * partial_moment(totals[at], level - units, order, above)
            continue
        function = getattr(FORMULAS[family], PARTS[order, above])
        columns = np.array([columns_of(totals[at]) for at in rows]).T
        weighed = partial(_weighed, function, columns, base, shares)
        found = found + in_blocks(weighed, level, len(rows))
    return found


def _weighed(function: Any, columns: Floats, base: Floats, shares: Floats, level: Floats) -> Floats:
    return np.asarray(function(level[..., None] - base, *columns) @ shares)


def _compound_on_lattice(
    demand: CompoundPoisson, step: Step, level: Floats, order: int, above: bool
) -> Floats:
    """Tilted, so that small values are as exact as large ones."""
    values, chances = _points(demand.size)
    unit = step[0] / step[1]
    steps = np.ravel(level) / unit
    inside = np.maximum(steps, 0.0)
    numbers = np.rint(values / unit)
    found = tilted_moment(demand.rate, numbers, chances, inside, order, above)
    if (coarse := np.isnan(found)).any():  # more points than are held: as exact as the transform
        whole = lattice_total(demand.size, [1.0], [1.0], events=demand.rate)
        found[coarse] = partial_moment(whole, inside[coarse] * unit, order, above) / unit**order
    if not above:
        found = np.where(steps > 0.0, found, 0.0)
    elif (steps < 0.0).any():
        beyond = demand.mean / unit - steps
        far = beyond if order == 1 else 0.5 * (beyond**2 + demand.variance / unit**2)
        found = np.where(steps < 0.0, far, found)
    return np.asarray((found * unit**order).reshape(level.shape))


def _points(size: Distribution) -> tuple[Floats, Floats]:
    """Values on a lattice and their probabilities, as far into the tails as is known."""
    if isinstance(size, Empirical):
        return np.array(size.values), np.array(size.probabilities)
    if isinstance(size, Scipy):
        return _scipy_points(size)
    one = increments_of(size)
    return (one.first + np.arange(len(one.mass))) * one.numerator / one.denominator, one.mass


@partial_moment.register
def _smoothed(distribution: SmoothedEmpirical, level: Floats, order: int, above: bool) -> Floats:
    shapes, weights, none = distribution.kernels()
    means, stds = shapes * distribution.smoothing, np.sqrt(shapes) * distribution.smoothing
    function = getattr(FORMULAS["gamma"], PARTS[order, above])

    def kernels(points: Floats) -> Floats:
        return np.asarray(function(points[..., None], means, stds) @ weights)

    zero = np.maximum(-level if above else level, 0.0) ** order / order
    return in_blocks(kernels, level, len(shapes)) + none * zero


@partial_moment.register
def _lattice(distribution: LatticeTotal, level: Floats, order: int, above: bool) -> Floats:
    if order == 1 and above:
        return distribution.shortage(level)
    numbers = distribution.first + np.arange(len(distribution.mass))
    values = numbers * distribution.numerator / distribution.denominator
    return of_points(values, distribution.mass, level, order, above)


@partial_moment.register
def _scipy(distribution: Scipy, level: Floats, order: int, above: bool) -> Floats:
    if not distribution.discrete:
        return integrated(distribution, level, order, above)
    values, chances = _scipy_points(distribution)
    return of_points(values, chances, level, order, above)


@lru_cache(maxsize=16)
def _scipy_points(distribution: Scipy) -> tuple[Floats, Floats]:
    """Points of a discrete distribution with their own probabilities, far into both tails."""
    frozen: Any = cast(Any, distribution).frozen
    begin, end = (
        end if isfinite(end) else _vanishes(frozen, distribution, sign)
        for end, sign in zip(distribution.support, (-1.0, 1.0), strict=True)
    )
    if not end - begin < MOST_POINTS:
        one = increments_of(distribution)
        values = (one.first + np.arange(len(one.mass))) * one.numerator / one.denominator
        return values, one.mass
    values = begin + np.arange(round(end - begin) + 1.0)
    return values, np.asarray(frozen.pmf(values), dtype=np.float64)


def _vanishes(frozen: Any, distribution: Scipy, sign: float) -> float:
    """Where the probabilities of whole numbers have vanished, above or below.

    The quantile of a probability near 0 is not asked for: some search for it without end.
    """
    middle, reach = np.rint(distribution.mean), max(8.0, np.ceil(distribution.std))
    run = sign * np.arange(64.0)
    while reach < MOST_POINTS and (frozen.pmf(middle + sign * reach + run) > 1e-300).any():
        reach *= 2.0
    return float(middle + sign * reach)
