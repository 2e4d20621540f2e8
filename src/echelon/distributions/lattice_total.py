"""Sums of independent demands on a lattice, by powers of one fast Fourier transform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log, sqrt

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats, probabilities_of, values_of
from echelon.distributions.base import Distribution
from echelon.distributions.lattice import CONTINUOUS_TAIL, MOST_POINTS, Increments, increments_of
from echelon.errors import DomainError

SUM_TAIL = 1e-14
"""Probability of an exact sum beyond its lattice; of a density it is ``CONTINUOUS_TAIL``."""


@dataclass(frozen=True, slots=True)
class LatticeTotal:
    """Distribution of a sum on a lattice, or of one of several sums, each with its weight.

    Attributes
    ----------
    numerator, denominator
        Of the step, units.
    first : int
        Number of the first point.
    mass : (n,) float64
        Probability of each point.
    zero : float
        Probability of exactly 0, known also where the rest has a density.
    exact : bool
        Whether the sum sits on the lattice.
    low, high : float
        Support, units.
    mean, variance : float
        Of the sum itself, not of its image on the lattice.
    error_bound : float
        Quantiles: no farther from the true ones, units, than those of probabilities shifted by
        less than ``tail``; 0 where exact.
    shortage_bound : float
        Expected shortage: too large by at most this, units; 0 where exact.
    tail : float
        Probability that is not where it belongs, at most.
    """

    numerator: float
    denominator: int
    first: int
    mass: Floats
    zero: float
    exact: bool
    low: float
    high: float
    mean: float
    variance: float
    error_bound: float
    shortage_bound: float
    tail: float

    @property
    def step(self) -> float:
        """Distance between points, units."""
        return self.numerator / self.denominator

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units.

        Of a density: straight lines between the middles of the steps.
        """
        points = values_of(x)
        if self.exact:
            place = self._place(points)
            reached = np.concatenate(([0.0], self._cumulated()))[place]
        else:
            ends, heights = self._polygon()
            reached = np.interp(points, ends, heights) + self.zero * (points >= 0.0)
            reached = np.where(points < self.low, 0.0, reached)
        return np.where(points >= self.high, 1.0, np.minimum(reached, 1.0))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units."""
        shares = probabilities_of(q)
        if self.exact:
            cumulated = self._cumulated()
            cumulated[-1] = 1.0
            found = self._value(self.first + np.searchsorted(cumulated, shares, side="left"))
        else:
            ends, heights = self._polygon()
            below = float(np.interp(np.nextafter(0.0, -1.0), ends, heights))
            # a share beyond the atom is looked for in the density, one inside it is 0
            sought = np.where(shares > below + self.zero, shares - self.zero, shares)
            # on the side that first reaches it: a gap between values is flat, and is crossed whole
            after = np.clip(np.searchsorted(heights, sought), 1, len(heights) - 1)
            rise = heights[after] - heights[after - 1]
            share = (sought - heights[after - 1]) / np.where(rise > 0.0, rise, 1.0)
            found = ends[after] - np.clip(1.0 - share, 0.0, 1.0) * (ends[after] - ends[after - 1])
            if self.zero > 0.0:
                found = np.where((shares > below) & (shares <= below + self.zero), 0.0, found)
        return np.asarray(np.select([shares == 0.0, shares == 1.0], [self.low, self.high], found))

    def shortage(self, level: ArrayLike) -> Floats:
        """Expected units above a level."""
        points = values_of(level)
        place = points * (self.denominator / self.numerator) - self.first
        with np.errstate(invalid="ignore"):
            before = np.clip(np.floor(place), 0.0, max(len(self.mass) - 2.0, 0.0)).astype(np.int64)
        after = np.minimum(before + 1, len(self.mass) - 1)
        share = np.clip(place - before, 0.0, 1.0)  # straight lines between points
        owed = self._owed()
        inside = owed[before] * (1.0 - share) + owed[after] * share
        first = self._value(np.asarray(self.first))
        return np.where(points <= first, owed[0] + first - points, inside)

    def level_for_shortage(self, shortage: ArrayLike) -> Floats:
        """Smallest level of at most so many expected units above it; of 0, the largest value."""
        wanted = values_of(shortage)
        values = self._value(self.first + np.arange(len(self.mass)))
        owed = self._owed()
        falls = np.concatenate(([True], np.diff(owed) < 0.0))
        inside = np.interp(wanted, owed[falls][::-1], values[falls][::-1])
        below = np.where(wanted >= owed[0], values[0] + owed[0] - wanted, inside)
        return np.where(wanted == 0.0, self.high, below)

    def _cumulated(self) -> Floats:
        return np.cumsum(self.mass)

    def _owed(self) -> Floats:
        """Expected units above each point: not kept, since it would double the memory."""
        above = np.cumsum(self.mass[:0:-1])  # above each point but the last, from the end
        return self.step * np.append(np.cumsum(above)[::-1], 0.0)

    def _value(self, number: NDArray[np.int64]) -> Floats:
        return np.asarray(number * self.numerator / self.denominator, dtype=np.float64)

    def _place(self, points: Floats) -> NDArray[np.int64]:
        """How many lattice points are at most each value; by the decimals, not by division."""
        beyond = float(self.first + len(self.mass))
        with np.errstate(invalid="ignore"):
            number = np.clip(points * (self.denominator / self.numerator), self.first - 1.0, beyond)
        nearest = np.rint(number).astype(np.int64)
        reached = nearest - (self._value(nearest) > points)
        return np.clip(reached - self.first + 1, 0, len(self.mass))

    def _polygon(self) -> tuple[Floats, Floats]:
        """Corners of the part with a density: middles of the steps, and the ends."""
        mass = self.mass
        if self.zero > 0.0:
            mass = mass.copy()
            mass[-self.first] = max(mass[-self.first] - self.zero, 0.0)
        middles = self._value(self.first + np.arange(len(mass))) + 0.5 * self.step
        begin = max(self.low, middles[0] - self.step)
        ends = np.minimum(np.concatenate(([begin], middles)), self.high)
        return ends, np.concatenate(([0.0], np.cumsum(mass)))


def lattice_total(
    demand: Distribution,
    periods: Sequence[float],
    weights: Sequence[float],
    *,
    events: float | None = None,
    step: float | None = None,
) -> LatticeTotal:
    r"""Distribution of the total of independent demands, over one of several numbers of them.

    With :math:`\varphi` the transform of one demand on its lattice, that of the total is
    :math:`\sum_n w_n\varphi^n`; of a Poisson number of demands, :math:`r` on average in a period,
    :math:`\sum_n w_n e^{n r(\varphi - 1)}`. The lattice is as long as Chernoff's bound asks.

    Parameters
    ----------
    demand : Distribution
        Of one period, or of one event.
    periods : sequence of float
        At least 0; whole unless ``events`` is given.
    weights : sequence of float
        Of each number of periods, together 1.
    events : float, optional
        Mean number of events in a period.
    step : float, optional
        See :func:`increments_of`.

    Returns
    -------
    LatticeTotal
        For a density put on steps of :math:`h`: coupled with the true total so that they differ by
        a martingale of :math:`n` steps below :math:`h`. So a quantile is off by less than
        :math:`\min(n h, h\sqrt{n\ln(2/10^{-9})/2})` (Hoeffding) and a shortage is at most
        :math:`h\sqrt n/4` too large; of a :class:`~echelon.distributions.Sum` with :math:`k`
        components off the lattice, :math:`kn` stands for :math:`n`. Both are proven and loose: on
        smooth densities the errors are of the order :math:`h^2`.

    Raises
    ------
    DomainError
        If a step is given that takes a lattice of more than two million points. Without one the
        lattice is made as coarse as that takes, and the bounds say how coarse.
    """
    counts = np.asarray(periods, dtype=np.float64)
    shares = np.asarray(weights, dtype=np.float64)
    one = increments_of(demand, step)
    first, last = _window(one, counts, events)
    while last - first >= MOST_POINTS and step is None:
        coarser = one.step * ceil((last - first) / (0.9 * MOST_POINTS))
        one = increments_of(demand, coarser, kept=False)
        first, last = _window(one, counts, events)
    length = last - first + 1
    if length > MOST_POINTS:
        raise DomainError(
            f"the total of {demand!r} over {counts.max():g} periods would need {length:,} lattice "
            f"points of {one.step:g} units. Fix: give a larger step, or none."
        )
    size = int(scipy.fft.next_fast_len(max(length, len(one.mass)), real=True))
    circle = np.zeros(size)
    circle[(one.first + np.arange(len(one.mass))) % size] = one.mass
    transform = scipy.fft.rfft(circle)
    summed = _powers(transform, counts, shares, events)
    around = scipy.fft.irfft(summed, size)
    # what is below 0 is the rounding of the transform, around 1e-16
    mass = np.maximum(around[(first + np.arange(length)) % size], 0.0)
    with np.errstate(divide="ignore"):
        none = one.zero**counts if events is None else np.exp(counts * events * (one.zero - 1.0))
    most = float(counts.max()) if events is None else _most_events(counts.max() * events)
    mean, variance = _moments(demand, counts, shares, events)
    low, high = _support(demand, counts, events)
    if one.exact and events is None:  # the points themselves: a product of floats may miss them
        ends = (counts * one.first, counts * (one.first + len(one.mass) - 1))
        points = one.numerator * np.array([ends[0].min(), ends[1].max()]) / one.denominator
        low, high = np.where(np.isfinite([low, high]), points, [low, high]).tolist()
    splits = 0.0 if one.exact else most * one.splits
    mass /= mass.sum()
    return LatticeTotal(
        one.numerator,
        one.denominator,
        first,
        mass,
        float(shares @ none) if low <= 0.0 <= high else 0.0,
        one.exact,
        low,
        high,
        mean,
        variance,
        *split_bounds(one.step, splits),
        2.0 * (most * one.tail + SUM_TAIL + (0.0 if one.exact else CONTINUOUS_TAIL)),
    )


def split_bounds(step: float, splits: float) -> tuple[float, float]:
    """Bounds on quantile and shortage where so many values were each split between two points.

    Parameters
    ----------
    step : float
        Units.
    splits : float
        How many, at most; 0 where the total sits on the lattice.

    Returns
    -------
    (float, float)
        Units; see :func:`lattice_total`.
    """
    if splits == 0.0:
        return 0.0, 0.0
    steps = min(splits, sqrt(0.5 * splits * log(2.0 / CONTINUOUS_TAIL)))
    return step * steps + 0.5 * step, 0.25 * step * sqrt(splits)


def _powers(
    transform: NDArray[np.complex128], counts: Floats, shares: Floats, events: float | None
) -> NDArray[np.complex128]:
    if events is not None:
        exponents = (transform - 1.0) * events
        total = np.zeros_like(transform)
        for count, share in zip(counts, shares, strict=True):
            total += share * np.exp(count * exponents)
        return total
    order = np.argsort(counts)[::-1]
    total = np.zeros_like(transform)
    before = int(counts[order[0]])
    for at in order:  # Horner's rule over the numbers of periods that occur
        total = _power(transform, before - int(counts[at]), total) + shares[at]
        before = int(counts[at])
    return _power(transform, before, total)


def _power(
    base: NDArray[np.complex128], exponent: int, factor: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """``factor * base**exponent`` by repeated squaring."""
    while exponent:
        if exponent & 1:
            factor = factor * base
        exponent >>= 1
        if exponent:
            base = base * base
    return factor


def _window(one: Increments, counts: Floats, events: float | None) -> tuple[int, int]:
    """First and last point that the total needs, all but a negligible probability inside."""
    last = one.first + len(one.mass) - 1
    most = float(counts.max())
    if events is None:
        low = min(float((counts * one.first).min()), 0.0 if (counts == 0.0).any() else np.inf)
        high = float((counts * last).max())
        if high - low <= 2048.0:
            return int(low), int(high)
    else:
        low, high = (-np.inf if one.first < 0 else 0.0), np.inf
    tail = SUM_TAIL if one.exact else CONTINUOUS_TAIL
    above = _chernoff(one.mass, one.first, most, events, tail)
    below = -_chernoff(one.mass[::-1], -last, most, events, tail) if one.first < 0 else low
    return floor(max(low, min(below, 0.0 if one.first < 0 else below))), ceil(min(high, above))


def _chernoff(mass: Floats, first: int, most: float, events: float | None, tail: float) -> float:
    """A number of steps that the largest total exceeds with probability ``tail`` at most."""
    if most == 0.0:
        return 0.0
    n = len(mass)  # finer where most of a long tail's probability is
    bins = np.unique(np.append(np.linspace(0, n, 129), np.geomspace(1, n, 129)).astype(np.int64))
    weight = np.add.reduceat(mass, bins[:-1])
    upper = first + bins[1:] - 1.0  # each bin at its upper end: the bound stays a bound
    spread = max(1.0, sqrt(float(weight @ (upper - weight @ upper) ** 2)))
    least = min(0.02 / (spread * sqrt(most + 1.0)), 1.0 / n)
    tilts = np.geomspace(least, 30.0 / spread, 40)
    with np.errstate(divide="ignore", over="ignore"):
        exponents = tilts[:, None] * upper + np.log(weight)
        peak = exponents.max(axis=1)
        logs = peak + np.log(np.exp(exponents - peak[:, None]).sum(axis=1))
        growth = most * logs if events is None else most * events * np.expm1(logs)
        reach = (np.maximum(growth, 0.0) - log(tail)) / tilts
    return max(float(np.nanmin(reach)), 0.0)


def _most_events(rate: float) -> float:
    """A number of events that a Poisson number exceeds with negligible probability."""
    return float(scipy.special.pdtrik(1.0 - 1e-12, rate)) + 1.0 if rate > 0.0 else 0.0


def _moments(
    demand: Distribution, counts: Floats, shares: Floats, events: float | None
) -> tuple[float, float]:
    """Mean and variance of the total by the law of total variance."""
    length = float(shares @ counts)
    spread = float(shares @ (counts - length) ** 2)
    mean, variance = demand.mean, demand.variance
    if events is not None:
        mean, variance = events * demand.mean, events * (demand.variance + demand.mean**2)
    return length * mean, length * variance + spread * mean**2


def _support(demand: Distribution, counts: Floats, events: float | None) -> tuple[float, float]:
    low, high = demand.support
    most, least = float(counts.max()), float(counts.min())
    if events is not None:
        open_ = most * events > 0.0
        return (-np.inf if open_ and low < 0.0 else 0.0), (np.inf if open_ and high > 0.0 else 0.0)
    lows = [count * low for count in (least, most) if count > 0.0]
    highs = [count * high for count in (least, most) if count > 0.0]
    zero = [0.0] if least == 0.0 else []
    return min(lows + zero), max(highs + zero)
