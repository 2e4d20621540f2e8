"""Quantiles of sums over many times at once, by inversion of their characteristic functions.

What :mod:`echelon.distributions.lattice_sum` finds from all probabilities of one total, these find
for a whole grid of times from the few frequencies that a quantile needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log, pi
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.continuous import Gamma, Normal
from echelon.distributions.lattice import Step, common_step, lattice_step
from echelon.distributions.transforms import Arguments, log_transform
from echelon.distributions.whole import gamma_like

Positions: TypeAlias = NDArray[np.int64]

_TAIL = 1e-15
"""Probability beyond the half period of the square wave, which counts on the wrong side."""
_NEGLIGIBLE = 1e-13
"""Amplitude at which the frequencies of a density end."""
_NEAR = 1e-12
"""As near to a share as the distribution function of a density is brought."""
_TIE = 1e-10
"""So near to a share that rounding may decide on which side of it a probability is."""
_MOST_FREQUENCIES = 2**18
_MOST_OF_DENSITY = 2**13
"""Beyond it, for so short a time, the lattice is faster."""
_MOST_NUMBERS = 2**19
_WIDEST_GROUP = 1.5
"""Longest time over the shortest of those that share their frequencies."""
_MOST_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class _Frequencies:
    """What times that are alike share: harmonics of one square wave.

    Attributes
    ----------
    omega : (m,) float64
        Per :attr:`InvertibleSum.unit`.
    fall, turn : (m,) float64
        Real and imaginary part of the logarithm of the characteristic function of one period.
    weight : (m,) float64
        Of each in the distribution function.
    shift : float
        Where the wave jumps: half a step beyond a point of a lattice, 0 of a density.
    """

    omega: Floats
    fall: Floats
    turn: Floats
    weight: Floats
    shift: float

    def cdf_and_rise(self, times: Floats, points: Floats) -> tuple[Floats, Floats]:
        r"""Distribution functions of (n,) times at a point each, and how they rise there.

        With :math:`g` the square wave that is 1 from 0 to :math:`H` and 0 from :math:`-H` to 0,
        :math:`E[g(x - S)]` is the distribution function but for what is farther than :math:`H`
        from :math:`x`; its Fourier series has odd harmonics only [1]_. On a lattice the series is
        finite, and the rise is the probability of the point itself.

        References
        ----------
        .. [1] Davies (1973), Numerical inversion of a characteristic function, *Biometrika* 60(2).
        """
        angles = times[:, None] * self.turn - (points + self.shift)[:, None] * self.omega
        amplitudes = self.weight * np.exp(times[:, None] * self.fall)
        sines, cosines = amplitudes * np.sin(angles), amplitudes * np.cos(angles)
        if self.shift == 0.0:
            return 0.5 - sines.sum(axis=1), cosines @ self.omega
        half = 0.5 * self.omega
        rise = cosines @ np.sin(2.0 * half) - sines @ (2.0 * np.sin(half) ** 2)
        return 0.5 - sines.sum(axis=1), rise


@dataclass(frozen=True, slots=True)
class InvertibleSum:
    """Independent demands of one period, of which any time's total has a known transform.

    Attributes
    ----------
    components : tuple of Distribution
        Each with a :func:`~echelon.distributions.transforms.log_transform` and, of any time, with
        a ``sum_over``; none of them known.
    step : (numerator, denominator) or None
        Of the lattice of all, units; None of a density.
    mean, std : float
        Of one period, units.
    unit : float
        The step, or of a density the standard deviation of one period.
    """

    components: tuple[Distribution, ...]
    step: Step | None
    mean: float
    std: float
    unit: float

    def quantiles(self, times: Floats, share: float) -> Floats:
        """Smallest values whose distribution function reaches a share.

        Parameters
        ----------
        times : (n,) ndarray of float64
            Periods, above 0.
        share : float
            Above 0 and below 1.

        Returns
        -------
        (n,) ndarray of float64
            Units. NaN where the total is no fit for this: a density over so short a time that its
            transform hardly falls, a lattice of very many points, or a probability on it that is
            the share itself up to rounding.
        """
        reach = self._reach(times, share)
        found = np.full(len(times), np.nan)
        for at, frequencies in self._shared(times, reach.fit, reach.half):
            bounds = reach.low[at], reach.high[at], reach.guess[at]
            found[at] = _solved(frequencies, times[at], share, *bounds)
        if self.step is None:
            return found * self.unit
        return np.asarray(found * self.step[0] / self.step[1])

    def cdf(self, times: Floats, levels: Floats, share: float) -> Floats:
        """Probabilities of at most so many units.

        Parameters
        ----------
        times : (n,) ndarray of float64
            Periods, above 0.
        levels : (n,) ndarray of float64
            Units.
        share : float
            Above 0 and below 1; NaN is found for the same times as :meth:`quantiles` of it.

        Returns
        -------
        (n,) ndarray of float64
        """
        reach = self._reach(times, share)
        points = levels / self.unit
        if self.step is not None:  # a point of the lattice may be a hair below itself by rounding
            points = np.floor(points + 1e-9 * np.maximum(1.0, np.abs(points)))
        found = np.where(reach.fit, (points >= reach.end).astype(np.float64), np.nan)
        inside = reach.fit & (points >= reach.begin) & (points < reach.end)
        half = np.maximum(points - reach.begin, reach.end - points)
        for at, frequencies in self._shared(times, inside, half):
            found[at], _ = frequencies.cdf_and_rise(times[at], points[at])
        return np.clip(found, 0.0, 1.0)

    def _transform(self, s: Arguments) -> Arguments:
        found = [log_transform(one, s / self.unit) for one in self.components]
        known = cast(list[Arguments], found)  # `invertible` asked before
        return np.asarray(np.sum(known, axis=0))

    def _reach(self, times: Floats, share: float) -> _Reach:
        """Chernoff's bounds on ends and quantiles, with a first guess from three moments."""
        spread = self.std / self.unit
        tilts = np.geomspace(1e-3 / (spread * times.max() ** 0.5), 1e3 / spread, 160)
        with np.errstate(over="ignore", invalid="ignore"):
            up, down = self._transform(tilts), self._transform(-tilts)
            small = 0.02 / spread
            bend = self._transform(np.array([small, -small]))
        mean = self.mean / self.unit * times
        std = spread * np.sqrt(times)
        third = 3.0 * (bend[0] - bend[1] - 2.0 * self.mean / self.unit * small) / small**3
        skewness = third / spread**3 / np.sqrt(times) if np.isfinite(third) else 2.0 + 0.0 * std
        support = 0.0 if min(one.support[0] for one in self.components) >= 0.0 else -np.inf

        def above(logarithm: float) -> Floats:
            with np.errstate(over="ignore"):
                ends = (times[:, None] * up - logarithm) / tilts
            return np.asarray(ends.min(axis=1), dtype=np.float64)

        def below(logarithm: float) -> Floats:
            ends = ((logarithm - times[:, None] * down) / tilts).max(axis=1)
            return np.asarray(np.maximum(ends, support), dtype=np.float64)

        low, high = below(log(share)), above(np.log1p(-share))
        begin, end = below(log(_TAIL)), above(log(_TAIL))
        half = np.maximum(high - begin, end - low)
        if self.step is not None:
            fit = half <= 2.0 * _MOST_FREQUENCIES
        else:
            fit = self._highest(times) * half <= 2.0 * pi * _MOST_OF_DENSITY
        guess = gamma_like(np.full(times.shape, share), mean, std, skewness)
        return _Reach(low, high, guess, begin, end, half, fit)

    def _shared(
        self, times: Floats, wanted: NDArray[np.bool_], half: Floats
    ) -> Iterator[tuple[Positions, _Frequencies]]:
        """Wanted times, by position, with frequencies for the half periods they need."""
        for group in _groups(times, np.flatnonzero(wanted)):
            frequencies = self._frequencies(times[group], float(half[group].max()))
            rows = max(1, _MOST_NUMBERS // max(len(frequencies.omega), 1))
            for at in range(0, len(group), rows):
                yield group[at : at + rows], frequencies

    def _frequencies(self, times: Floats, half: float) -> _Frequencies:
        if self.step is not None:
            count = ceil(0.5 * half + 2.0)
            half = 2.0 * count  # an even number of points
        else:
            half = 1.001 * half
            count = ceil(float(self._highest(times).max()) * half / (2.0 * pi)) + 1
        omega = pi / half * (2.0 * np.arange(count) + 1.0)
        logs = self._transform(1j * omega)
        jump = omega if self.step is None else 2.0 * np.sin(0.5 * omega)
        weight = 2.0 / (half * jump)
        heard = weight * np.exp(times.min() * logs.real) > 1e-17 / count
        fall, turn = logs.real[heard], logs.imag[heard]
        shift = 0.0 if self.step is None else 0.5
        return _Frequencies(omega[heard], fall, turn, weight[heard], shift)

    def _highest(self, times: Floats) -> Floats:
        """Frequencies beyond which the transform of each time is negligible, infinite if none."""
        omega = np.geomspace(1e-2, 1e7, 400)
        falling = [one for one in self.components if isinstance(one, (Gamma, Normal))]
        fall = np.zeros(omega.shape)
        for one in falling:  # never rises again, and what the others add only makes it smaller
            transform = log_transform(one, 1j * omega / self.unit)
            fall += 0.0 if transform is None else transform.real
        gone = times[:, None] * fall <= log(_NEGLIGIBLE)
        return np.where(gone.any(axis=1), omega[gone.argmax(axis=1)], np.inf)


@dataclass(frozen=True, slots=True)
class _Reach:
    """Of each time: bounds of the quantile and a guess, ends of the total, and half a period.

    All (n,) and in the unit; ``fit`` says for which times there are not too many frequencies.
    """

    low: Floats
    high: Floats
    guess: Floats
    begin: Floats
    end: Floats
    half: Floats
    fit: NDArray[np.bool_]


def _solved(
    frequencies: _Frequencies, times: Floats, share: float, low: Floats, high: Floats, guess: Floats
) -> Floats:
    """Newton's steps inside brackets that shrink, in the unit; NaN where rounding decides."""
    whole = frequencies.shift > 0.0
    if whole:
        low, high, guess = np.floor(low) - 1.0, np.ceil(high) + 1.0, np.ceil(guess)
    low, high = low.copy(), high.copy()
    point = np.clip(guess, low, high)
    found = np.full(times.shape, np.nan)
    open_ = np.arange(len(times))
    for count in range(_MOST_ROUNDS):
        at = point[open_]
        reached, rise = frequencies.cdf_and_rise(times[open_], at)
        gap = reached - share
        before = gap - rise  # of a lattice, at the point before
        high[open_] = np.where(gap >= 0.0, at, high[open_])
        low[open_] = np.where(gap < 0.0, at, low[open_])
        if whole:
            done = (gap >= 0.0) & (before < 0.0)
            tie = np.minimum(np.abs(gap), np.abs(before)) < _TIE
        else:
            width = high[open_] - low[open_]
            done = (np.abs(gap) < _NEAR) | (width <= 4.0 * np.spacing(np.abs(at)))
            tie = np.zeros(done.shape, dtype=bool)
        found[open_[done & ~tie]] = at[done & ~tie]
        left = ~(done | tie)
        open_, gap, rise = open_[left], gap[left], rise[left]
        if not open_.size:
            break
        point[open_] = _next(point[open_], gap, rise, low[open_], high[open_], whole, count)
    return found


def _next(
    at: Floats, gap: Floats, rise: Floats, low: Floats, high: Floats, whole: bool, count: int
) -> Floats:
    """Newton's step, or the middle where that leaves the bracket, and every other late round."""
    middle = 0.5 * (low + high)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        newton = at - gap / rise
    if whole:
        middle, newton = np.ceil(middle), np.ceil(newton)
        newton = np.where(newton == at, at + np.where(gap < 0.0, 1.0, -1.0), newton)
    inside = (newton > low) & (newton < high)
    halve = ~inside | (rise <= 0.0) | (count > 6 and count % 2 == 0)
    return np.where(halve, middle, newton)


def _groups(times: Floats, some: Positions) -> list[Positions]:
    """Positions of some times, those together that are alike and can share their frequencies."""
    if not some.size:
        return []
    order = some[np.argsort(times[some], kind="stable")]
    number = np.floor(np.log(times[order] / times[order[-1]]) / log(_WIDEST_GROUP) + 1e-9)
    return np.split(order, np.flatnonzero(np.diff(number)) + 1)


def invertible(components: Sequence[Distribution]) -> InvertibleSum | None:
    """Prepare the inversion of a sum.

    Parameters
    ----------
    components : sequence of Distribution
        Independent demands of one period, none of them known.

    Returns
    -------
    InvertibleSum or None
        None where the transform of one is not known, or totals over any time are not of its
        family.
    """
    probe = np.array([0.0])
    if any(log_transform(one, probe) is None for one in components):
        return None
    steps = [lattice_step(one) for one in components]
    known = [one for one in steps if one is not None]
    step = common_step([n / d for n, d in known]) if len(known) == len(steps) else None
    if step is None and len(known) == len(steps):
        return None  # decimals without a common step: neither a lattice nor a density
    mean = sum(one.mean for one in components)
    std = sum(one.variance for one in components) ** 0.5
    unit = std if step is None else step[0] / step[1]
    return InvertibleSum(tuple(components), step, mean, std, unit)
