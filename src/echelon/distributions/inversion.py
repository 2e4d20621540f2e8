"""Quantiles of sums over many times at once, by inversion of their characteristic functions.

What :mod:`echelon.distributions.lattice_sum` finds from all probabilities of one total, these find
for a whole grid of times from the few frequencies that a quantile needs, see
:mod:`echelon.kernels.inverted_quantiles`. What is found for a time does not depend on the others:
half periods are rungs of a ladder, and each time takes the first that is long enough for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import isfinite, log, pi
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.lattice import Step, common_step, lattice_step
from echelon.distributions.total_transform import Bends, TotalTransform
from echelon.distributions.transforms import log_transform, transform_rows
from echelon.distributions.whole import gamma_like

Booleans: TypeAlias = NDArray[np.bool_]
Integers: TypeAlias = NDArray[np.int64]
Described: TypeAlias = tuple[Step | None, float, float, float, TotalTransform]

TAIL = 1e-15
"""Probability beyond the half period of the square wave, which counts on the wrong side."""
_NEGLIGIBLE = 1e-13
"""Amplitude at which the frequencies of a density end."""
_SILENT = 1e-18
"""Amplitude at which those of a lattice end, where it falls all the way."""
MOST_FREQUENCIES = 2**18
MOST_OF_DENSITY = 2**13
"""Beyond it, for so short a time, the lattice is faster."""
MOST_NUMBERS = 2**17
"""Frequencies whose transforms are taken at once."""


@dataclass(frozen=True, slots=True)
class _Frequencies:
    """Harmonics of the square waves of some times.

    Attributes
    ----------
    rung : (n,) int64
        Which half period each time uses.
    ptr : (k + 1,) int64
        Where the harmonics of each half period begin.
    half : (k,) float64
        Half periods, in :attr:`InvertibleSum.unit`.
    fall, turn : float64
        Real and imaginary part of the logarithm of the characteristic function of one period.
    count : (n,) int64
        How many of the harmonics each time uses.
    """

    rung: Integers
    ptr: Integers
    half: Floats
    fall: Floats
    turn: Floats
    count: Integers

    @property
    def most(self) -> int:
        """Most harmonics of one time."""
        return int(self.count.max())


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
    transform : TotalTransform
        Of the components, in that unit.
    bends : Bends
    """

    components: tuple[Distribution, ...]
    step: Step | None
    mean: float
    std: float
    unit: float
    transform: TotalTransform = field(repr=False, compare=False)
    bends: Bends = field(repr=False, compare=False)

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
        from echelon.kernels.inverted_quantiles import WAVES, inverted_quantiles  # numba: late

        reach = self._reach(times, share)
        guess = self._guess(times, share)
        found = np.full(len(times), np.nan)
        for at, waves in self._waves(times, reach.half, np.flatnonzero(reach.fit)):
            some = np.empty(len(at))
            inverted_quantiles(
                times[at], share, reach.low[at], reach.high[at], guess[at],
                waves.rung, waves.ptr, waves.half, waves.fall, waves.turn, waves.count,
                self.shift, np.empty((WAVES, waves.most)), some,
            )  # fmt: skip
            found[at] = some
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
        from echelon.kernels.inverted_quantiles import WAVES, inverted_probabilities  # numba: late

        reach = self._reach(times, share)
        points = levels / self.unit
        if self.step is not None:
            points = lattice_points(points)
        found = np.where(reach.fit, (points >= reach.end).astype(np.float64), np.nan)
        inside = reach.fit & (points >= reach.begin) & (points < reach.end)
        half = np.maximum(points - reach.begin, reach.end - points)
        for at, waves in self._waves(times, half, np.flatnonzero(inside)):
            some = np.empty(len(at))
            inverted_probabilities(
                times[at], points[at],
                waves.rung, waves.ptr, waves.half, waves.fall, waves.turn, waves.count,
                self.shift, np.empty((WAVES, waves.most)), some,
            )  # fmt: skip
            found[at] = some
        return np.minimum(np.maximum(found, 0.0), 1.0)

    def masses(self, time: float, most: int) -> Floats | None:
        """Probabilities of the points of a lattice that begins at 0, of one time.

        Parameters
        ----------
        time : float
            Periods, above 0.
        most : int
            Points beyond which none are given.

        Returns
        -------
        (m,) ndarray of float64 or None
        """
        end = float(self._reach(np.array([time]), 0.5).end[0])
        if not end + 2.0 < most:
            return None
        size = 1 << int(end + 2.0).bit_length()
        omega = 2.0 * pi / size * np.arange(size // 2 + 1, dtype=np.float64)
        fall, turn = self.transform.turned(omega)
        return np.fft.irfft(np.exp(time * (fall - 1j * turn)), size)

    @property
    def shift(self) -> float:
        """Where the wave jumps: half a step beyond a point of a lattice, 0 of a density."""
        return 0.0 if self.step is None else 0.5

    @property
    def least(self) -> float:
        """Where the support begins: 0, or nowhere."""
        return 0.0 if min(one.support[0] for one in self.components) >= 0.0 else -np.inf

    def _reach(self, times: Floats, share: float) -> _Reach:
        """Chernoff's bounds on ends and quantiles."""
        from echelon.kernels.inverted_quantiles import chernoff_reach  # numba: not before

        reach = np.empty((4, len(times)))
        bends = self.bends
        chernoff_reach(times, bends.tilts, bends.up, bends.down, share, TAIL, self.least, reach)
        low, high, begin, end = reach
        half = np.maximum(high - begin, end - low)
        if self.step is not None:
            fit = half <= 2.0 * MOST_FREQUENCIES
        else:
            fit = self._highest(times) * half <= 2.0 * pi * MOST_OF_DENSITY
        return _Reach(low, high, begin, end, half, fit)

    def guesses(self, times: Floats, share: float) -> Floats:
        """Quantiles from three moments, units; arguments as of :meth:`quantiles`."""
        return self._guess(times, share) * self.unit

    def _guess(self, times: Floats, share: float) -> Floats:
        """Quantiles from three moments, in the unit."""
        spread, third = self.std / self.unit, self.bends.third
        root = np.sqrt(times)
        skewness = third / spread**3 / root if isfinite(third) else np.full(times.shape, 2.0)
        shares = np.full(times.shape, share)
        return gamma_like(shares, self.mean / self.unit * times, spread * root, skewness)

    def _waves(
        self, times: Floats, half: Floats, wanted: Integers
    ) -> Iterator[tuple[Integers, _Frequencies]]:
        """Wanted times, by position, with harmonics of the half periods they need."""
        if not wanted.size:
            return
        from echelon.kernels.inverted_quantiles import lay_out  # numba: not before it is needed

        n = len(wanted)
        rung, count = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
        halves, sizes = np.empty(n), np.zeros(n, dtype=np.int64)
        bends = self.bends
        n_rungs = lay_out(
            times[wanted], half[wanted], bends.omega, bends.level, self.negligible, self.shift,
            rung, count, halves, sizes,
        )  # fmt: skip
        if int(sizes.sum()) <= MOST_NUMBERS:
            yield wanted, self._sounded(rung, count, halves[:n_rungs], sizes[:n_rungs])
            return
        for one in range(n_rungs):
            here = np.flatnonzero(rung == one)
            alone = slice(one, one + 1)
            lowest = np.zeros(len(here), dtype=np.int64)
            yield wanted[here], self._sounded(lowest, count[here], halves[alone], sizes[alone])

    def _sounded(
        self, rung: Integers, count: Integers, half: Floats, sizes: Integers
    ) -> _Frequencies:
        """Harmonics of some half periods, so many of each, with their transforms."""
        from echelon.kernels.inverted_quantiles import harmonics  # numba: not before it is needed

        ptr = np.zeros(len(half) + 1, dtype=np.int64)
        np.cumsum(sizes, out=ptr[1:])
        omega = np.empty(ptr[-1])
        harmonics(half, ptr, omega)
        fall, turn = self.transform.turned(omega)
        return _Frequencies(rung, ptr, half, fall, turn, count)

    @property
    def negligible(self) -> float:
        """Logarithm of the amplitude at which frequencies end."""
        return log(_NEGLIGIBLE if self.step is None else _SILENT)

    def _highest(self, times: Floats) -> Floats:
        """Frequencies beyond which the transform of each time is negligible, infinite if none."""
        place = np.searchsorted(-self.bends.level, -self.negligible / times)
        return np.append(self.bends.omega, np.inf)[place]


@dataclass(frozen=True, slots=True)
class _Reach:
    """Of each time: bounds of the quantile, ends of the total, and half a period.

    All (n,) and in the unit; ``fit`` says for which times there are not too many frequencies.
    """

    low: Floats
    high: Floats
    begin: Floats
    end: Floats
    half: Floats
    fit: Booleans


def lattice_points(points: Floats) -> Floats:
    """Whole steps in so many; a point of the lattice may be a hair below itself by rounding."""
    return np.asarray(np.floor(points + 1e-9 * np.maximum(1.0, np.abs(points))))


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
    found = described(components)
    if found is None:
        return None
    step, mean, std, unit, transform = found
    bends = Bends.of(transform, mean / unit, std / unit, whole=step is not None)
    return InvertibleSum(transform.components, step, mean, std, unit, transform, bends)


def described(components: Sequence[Distribution]) -> Described | None:
    """Give step, mean, std, unit and transform of what :func:`invertible` prepares."""
    rows, probe = transform_rows(components), np.array([0.0])
    if rows is None and any(log_transform(one, probe) is None for one in components):
        return None
    steps = [lattice_step(one) for one in components]
    known = [one for one in steps if one is not None]
    step = None
    if len(known) == len(steps):
        step = (1, 1) if set(known) == {(1, 1)} else common_step([n / d for n, d in known])
        if step is None:
            return None  # decimals without a common step: neither a lattice nor a density
    mean = sum(one.mean for one in components)
    std = sum(one.variance for one in components) ** 0.5
    unit = std if step is None else step[0] / step[1]
    return step, mean, std, unit, TotalTransform(tuple(components), rows, unit)
