"""Demand of one period on a lattice: where it sits on one exactly, elsewhere put on a fine one.

Whole units, packs of 12 or cents sit on a lattice. A density is put on one so that its mean stays
and only its spread grows, by a known bound.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache, singledispatch
from math import ceil, floor, gcd, isinf, sqrt
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.counts import Binomial, Geometric
from echelon.distributions.discrete import Deterministic, NegativeBinomial, Poisson
from echelon.distributions.empirical import Empirical
from echelon.distributions.mixed import Mixture, ZeroInflated
from echelon.distributions.scipy_adapter import Scipy
from echelon.errors import DomainError

EXACT_TAIL = 1e-15
"""Probability left out at either end of a discrete demand of one period."""
CONTINUOUS_TAIL = 1e-9
"""The same for a density, whose lattice error is larger than that."""
STEPS_PER_STD = 64
"""Lattice steps in a standard deviation of one period, for a density."""
MOST_POINTS = 2**21
"""A lattice of more would be too slow to be of use, and a sign of units that do not fit."""
_FEW = 4
"""Points of a lattice of its own in one step: so many are placed one by one."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)

Step = tuple[int, int] | tuple[float, int]
"""A lattice step as numerator and power of ten, so that its points are the decimals typed."""


@singledispatch
def lattice_step(distribution: Distribution) -> Step | None:
    """Give the step of the lattice through 0 on which all values lie, None where there is none.

    A family of one's own registers its answer with ``lattice_step.register``; without one it is
    treated as a density, within the bounds stated there.

    Parameters
    ----------
    distribution : Distribution

    Returns
    -------
    (int, int) or None
        Numerator and denominator of the step, units.

    Examples
    --------
    >>> lattice_step(Empirical([0.0, 0.6, 1.5], [0.2, 0.3, 0.5]))
    (3, 10)
    """
    del distribution
    return None


WHOLE_FAMILIES = tuple(one.family for one in (Poisson, NegativeBinomial, Binomial, Geometric))
"""Families of whole units, whatever their parameters."""


@lattice_step.register(Poisson | NegativeBinomial | Binomial | Geometric)
def _whole(_distribution: Distribution) -> Step:
    return 1, 1


@lattice_step.register
def _deterministic(distribution: Deterministic) -> Step | None:
    return common_step([distribution.value])


@lattice_step.register
def _empirical(distribution: Empirical) -> Step | None:
    return common_step(distribution.values)


@lattice_step.register
def _scipy(distribution: Scipy) -> Step | None:
    return common_step([1.0, float(distribution.ppf(0.5))]) if distribution.discrete else None


@lattice_step.register
def _zero_inflated(distribution: ZeroInflated) -> Step | None:
    return lattice_step(distribution.size)


@lattice_step.register
def _mixture(distribution: Mixture) -> Step | None:
    steps = [lattice_step(component) for component in distribution.components]
    known = [step for step in steps if step is not None]
    return common_step([n / d for n, d in known]) if len(known) == len(steps) else None


def common_step(values: ArrayLike) -> Step | None:
    """Find the largest step of which all values are multiples, in up to six decimals.

    Parameters
    ----------
    values : (n,) array_like of float
        Units.

    Returns
    -------
    (int, int) or None
        Numerator and denominator; None where the values are no such decimals. (1, 1) if all are 0.
    """
    numbers = np.asarray(values, dtype=np.float64)
    for digits in range(7):
        scaled = numbers * 10**digits
        whole = np.rint(scaled)
        if np.abs(whole).max() > 1e12:
            return None
        if (np.abs(scaled - whole) <= 5e-16 * np.abs(scaled)).all():
            divisor = int(np.gcd.reduce(whole.astype(np.int64)))
            shared = gcd(divisor, 10**digits)
            return (divisor // shared, 10**digits // shared) if divisor else (1, 1)
    return None


@dataclass(frozen=True, slots=True)
class Increments:
    """Demand of one period on the points ``(first + k) * numerator / denominator``, k = 0, 1, ….

    Attributes
    ----------
    numerator, denominator
        Of the step, units.
    first : int
        Number of the first point.
    mass : (n,) float64
        Probability of each point, together 1.
    zero : float
        Probability of exactly 0.
    tail : float
        Probability moved to the ends, at most.
    exact : bool
        Whether the demand sits on the lattice; else it was put there.
    splits : int
        Of how many independent values the demand consists that were put there each by itself.
    """

    numerator: float
    denominator: int
    first: int
    mass: Floats
    zero: float
    tail: float
    exact: bool
    splits: int = 1

    @property
    def step(self) -> float:
        """Distance between points, units."""
        return self.numerator / self.denominator


def increments_of(
    distribution: Distribution, step: float | None = None, *, kept: bool = True
) -> Increments:
    r"""Put the demand of one period on a lattice.

    Where all values lie on a lattice, with their own probabilities. Otherwise each value is split
    between its two neighbours so that its mean stays: the cumulated probability at a point is the
    average of the distribution function over the step that follows it. That is the distribution
    of a variable :math:`X'` with :math:`E[X'|X] = X` and :math:`|X' - X| < h`: larger in convex
    order, its shortage above any level never too small [1]_.

    Parameters
    ----------
    distribution : Distribution
    step : float, optional
        Lattice step :math:`h` for a density, units; default a 64th of the smaller of the standard
        deviation and three quarters of the distance between quartiles, or so much more that two
        million points are enough.
    kept : bool, default True
        Whether values on a lattice stay on it, whatever ``step``, where it has no more than two
        million points.

    Returns
    -------
    Increments

    Raises
    ------
    DomainError
        If a step is given of which the lattice would have more than two million points.

    References
    ----------
    .. [1] Gerber (1982), On the numerical evaluation of the distribution of aggregate claims and
       its stop-loss premiums, *Insurance: Mathematics and Economics* 1(1).
    """
    return _increments_of(cast(Hashable, distribution), step, kept)


@lru_cache(maxsize=64)
def _increments_of(key: Hashable, step: float | None, kept: bool) -> Increments:
    return put_on_lattice(cast(Distribution, key), step, kept)


@singledispatch
def put_on_lattice(distribution: Distribution, step: float | None, kept: bool) -> Increments:
    """Do what :func:`increments_of` says; dispatches on the class of the distribution."""
    natural = lattice_step(distribution) if kept else None
    low, high = distribution.support
    if natural is not None:
        tail = EXACT_TAIL if isinf(low) or isinf(high) else 0.0
        numerator, denominator = natural
        begin, end = _ends(distribution, tail)
        first, last = round(begin * denominator / numerator), round(end * denominator / numerator)
        if last - first < MOST_POINTS:
            between = (np.arange(first, last) + 0.5) * numerator / denominator
            cumulated = np.concatenate(([0.0], distribution.cdf(between), [1.0]))
            mass = np.diff(cumulated)
            zero = float(mass[-first]) if first <= 0 <= last else 0.0
            return Increments(numerator, denominator, first, mass, zero, tail, exact=True)
    begin, end = lattice_ends(distribution)
    # half of the points that are allowed: a sum needs more
    width = step or max(default_step(distribution), 2.0 * (end - begin) / MOST_POINTS)
    first = floor(begin / width)
    last = max(ceil(end / width), first + 1)  # a known demand may sit on a point
    if last - first >= MOST_POINTS:
        raise DomainError(
            f"{distribution!r} would need {last - first:,} lattice points of {width:g} units. "
            "Fix: give a larger step, or none."
        )
    cumulated = np.append(np.minimum(step_averages(distribution, first, last, width), 1.0), 1.0)
    before, at_zero = distribution.cdf([np.nextafter(0.0, -1.0), 0.0])
    zero = float(at_zero - before)
    mass = np.diff(cumulated, prepend=0.0)
    return Increments(width, 1, first, mass, zero, CONTINUOUS_TAIL, exact=False)


@lru_cache(maxsize=64)
def _density_ends(key: Hashable) -> tuple[float, float]:
    return _ends(cast(Distribution, key), CONTINUOUS_TAIL)


def lattice_ends(distribution: Distribution) -> tuple[float, float]:
    """Where the lattice of a density begins and ends, units."""
    return _density_ends(cast(Hashable, distribution))


def _ends(distribution: Distribution, tail: float) -> tuple[float, float]:
    """Where the lattice begins and ends: at the support's ends, or all but ``tail`` inside."""
    low, high = distribution.support
    begin = float(distribution.ppf(tail)) if isinf(low) else low
    return begin, float(distribution.ppf(1.0 - tail)) if tail > 0.0 else high


def default_step(distribution: Distribution) -> float:
    """Give the step, units, that is fine enough for a density by itself."""
    quartiles = distribution.ppf([0.25, 0.75])
    between = 0.75 * float(quartiles[1] - quartiles[0])
    spread = min(distribution.std, between) if between > 0.0 else distribution.std
    return max(spread, distribution.std / 100.0) / STEPS_PER_STD


@singledispatch
def step_averages(distribution: Distribution, first: int, last: int, width: float) -> Floats:
    """Averages of a distribution function over the steps of a lattice.

    Two Gauss points a step; where the support begins, where the distribution function may rise
    like a root, sixteen that crowd at its beginning. Of a distribution on a lattice of its own
    value by value; where its steps are much finer by straight lines between their middles, which
    have the same average.

    Parameters
    ----------
    distribution : Distribution
    first, last : int
        Numbers of the point where the first step begins and of that where the last one ends.
    width : float
        Of a step, units.

    Returns
    -------
    (last - first,) ndarray of float64
    """
    offset = 0.5 - sqrt(1.0 / 12.0)
    points = (np.arange(first, last)[:, None] + np.array([offset, 1.0 - offset])) * width
    own = lattice_step(distribution)
    if own is not None and width < _FEW * own[0] / own[1]:
        begin, end = floor(first * width * own[1] / own[0]), ceil(last * width * own[1] / own[0])
        numbers = np.arange(begin, end + 1)
        weights = np.diff(distribution.cdf((numbers + 0.5) * own[0] / own[1]), prepend=0.0)
        return _averages_of_points(numbers * own[0] / own[1], weights, first, last, width)
    if own is not None:
        middles = points * (own[1] / own[0]) - 0.5
        below = np.floor(middles)
        share = middles - below
        # a quarter of a step further, so that no rounding takes a value for the one before
        heights = [distribution.cdf((below + k + 0.25) * own[0] / own[1]) for k in (0.0, 1.0)]
        return np.asarray((heights[0] * (1.0 - share) + heights[1] * share).mean(axis=1))
    averages = np.asarray(distribution.cdf(points).mean(axis=1))
    low = distribution.support[0]
    if not isinf(low) and first <= (begun := floor(low / width)) < last:
        share = 0.5 * (_NODES + 1.0)
        span = (begun + 1) * width - low
        crowded = distribution.cdf(low + span * share**4)
        averages[begun - first] = (0.5 * _WEIGHTS * 4.0 * share**3 * crowded).sum() * span / width
    return averages


@step_averages.register(Empirical | Deterministic)
def _point_averages(
    distribution: Empirical | Deterministic, first: int, last: int, width: float
) -> Floats:
    """Each value begins to count within its step."""
    if isinstance(distribution, Deterministic):
        distribution = Empirical((distribution.value,), (1.0,))
    values, weights = np.array(distribution.values), np.array(distribution.probabilities)
    return _averages_of_points(values, weights, first, last, width)


def _averages_of_points(
    values: Floats, weights: Floats, first: int, last: int, width: float
) -> Floats:
    """Averages of a distribution function that rises at these values by these weights."""
    place = np.clip(values / width - first, 0.0, last - first)
    before = np.minimum(place.astype(np.int64), last - first - 1)
    share = place - before
    n = last - first
    inside = np.bincount(before, weights * (1.0 - share), n + 1)
    inside += np.bincount(before + 1, weights * share, n + 1)
    return np.cumsum(inside)[:-1].astype(np.float64)


@step_averages.register
def _mixed_averages(distribution: Mixture, first: int, last: int, width: float) -> Floats:
    total = np.zeros(last - first)
    for component, weight in zip(distribution.components, distribution.weights, strict=True):
        total += weight * step_averages(component, first, last, width)
    return total


@step_averages.register
def _zero_averages(distribution: ZeroInflated, first: int, last: int, width: float) -> Floats:
    none = (1.0 - distribution.occurrence) * (np.arange(first, last) >= 0)
    return np.asarray(
        none + distribution.occurrence * step_averages(distribution.size, first, last, width)
    )
