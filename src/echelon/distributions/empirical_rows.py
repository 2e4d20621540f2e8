"""Many distributions given value by value, in flat arrays: histories of demand, one per SKU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.blocks import MOST_NUMBERS
from echelon.distributions.empirical import Empirical

Integers = NDArray[np.int64]

_MOST_DIGITS = 6
_LARGEST = 1e12
_ROUNDING = 5e-16


@dataclass(frozen=True, slots=True)
class EmpiricalRows:
    """Distributions of finitely many values each, at some positions of an array.

    Attributes
    ----------
    at : (n,) int64
        Positions.
    ptr : (n + 1,) int64
        Where each begins in the columns that follow.
    values : (m,) float64
        Units, rising within each.
    probabilities : (m,) float64
        Above 0, together 1 for each.
    """

    at: Integers
    ptr: Integers
    values: Floats
    probabilities: Floats

    @classmethod
    def of_laws(cls, at: Integers, laws: Sequence[Empirical]) -> EmpiricalRows:
        """Gather distributions that are given one by one."""
        counts = np.array([len(law.values) for law in laws], dtype=np.int64)
        ptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        values, shares = np.empty(ptr[-1]), np.empty(ptr[-1])
        for law, begin, end in zip(laws, ptr[:-1].tolist(), ptr[1:].tolist(), strict=True):
            values[begin:end], shares[begin:end] = law.values, law.probabilities
        return cls(np.asarray(at, dtype=np.int64), ptr, values, shares)

    def __len__(self) -> int:
        return len(self.at)

    @property
    def row(self) -> Integers:
        """Row of each value, shape (m,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.ptr))

    @property
    def mean(self) -> Floats:
        """Means, units."""
        return self._summed(self.values * self.probabilities)

    @property
    def std(self) -> Floats:
        """Standard deviations (no correction for sample size), units."""
        away = self.values - self.mean[self.row]
        return np.sqrt(self._summed(away**2 * self.probabilities))

    @property
    def support(self) -> tuple[Floats, Floats]:
        """Smallest and largest values, units."""
        return self.values[self.ptr[:-1]], self.values[self.ptr[1:] - 1]

    def law(self, row: int) -> Empirical:
        """Give one of them as an object."""
        here = slice(self.ptr[row], self.ptr[row + 1])
        return Empirical(tuple(self.values[here].tolist()), tuple(self.probabilities[here]))

    def take(self, rows: Integers, at: Integers) -> EmpiricalRows:
        """Give some rows for other positions."""
        counts = np.diff(self.ptr)[rows]
        ptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        entry = np.repeat(self.ptr[rows] - ptr[:-1], counts) + np.arange(ptr[-1])
        return EmpiricalRows(at, ptr, self.values[entry], self.probabilities[entry])

    def cdf(self, x: Floats) -> Floats:
        """Probability of at most ``x`` units, shape (..., n)."""
        reached = self._each(lambda value, point: (value <= point).astype(np.float64), x)
        return np.where(x >= self.support[1], 1.0, np.minimum(reached, 1.0))

    def sf(self, x: Floats) -> Floats:
        """Probability of more than ``x`` units, shape (..., n)."""
        return self._each(lambda value, point: (value > point).astype(np.float64), x)

    def ppf(self, q: Floats) -> Floats:
        """Quantile, units: one of the values; shape (..., n)."""
        sums = np.cumsum(self.probabilities)
        begin, row = self.ptr[:-1], self.row
        sums = sums - np.where(begin > 0, sums[begin - 1], 0.0)[row]
        sums[self.ptr[1:] - 1] = 1.0
        low, high = np.full(q.shape, -1), np.broadcast_to(np.diff(self.ptr) - 1, q.shape).copy()
        while (open_ := high - low > 1).any():
            middle = (low + high) >> 1
            met = sums[begin + np.maximum(middle, 0)] >= q
            high, low = np.where(open_ & met, middle, high), np.where(open_ & ~met, middle, low)
        return np.asarray(self.values[begin + high])

    def shortage(self, x: Floats) -> Floats:
        """Expected units above ``x``, shape (..., n)."""
        return self._each(lambda value, point: np.maximum(value - point, 0.0), x)

    def leftover(self, x: Floats) -> Floats:
        """Expected units below ``x``, shape (..., n)."""
        return self._each(lambda value, point: np.maximum(point - value, 0.0), x)

    def second_shortage(self, x: Floats) -> Floats:
        """Half the expected square of the units above ``x``, shape (..., n)."""
        return self._each(lambda value, point: 0.5 * np.maximum(value - point, 0.0) ** 2, x)

    def second_leftover(self, x: Floats) -> Floats:
        """Half the expected square of the units below ``x``, shape (..., n)."""
        return self._each(lambda value, point: 0.5 * np.maximum(point - value, 0.0) ** 2, x)

    def lattice(self) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Largest step of which all values of a row are multiples, in up to six decimals.

        Returns
        -------
        numerator, denominator : (n,) ndarray of float64
            Of the step, units; 1 and 1 where all values are 0.
        found : (n,) ndarray of bool
            False where the values are no such decimals.
        """
        numerator, denominator = np.ones(len(self)), np.ones(len(self))
        found = np.zeros(len(self), dtype=bool)
        largest = np.maximum.reduceat(np.abs(self.values), self.ptr[:-1])
        row = self.row
        for digits in range(_MOST_DIGITS + 1):
            scaled = self.values * 10.0**digits
            whole = np.rint(scaled)
            off = np.abs(scaled - whole) > _ROUNDING * np.abs(scaled)
            fits = ~found & (np.bincount(row, off, len(self)) == 0.0)
            fits &= largest * 10.0**digits <= _LARGEST
            if fits.any():
                numbers = np.where(fits[row], whole, 0.0).astype(np.int64)
                divisor = np.gcd.reduceat(numbers, self.ptr[:-1])
                shared = np.gcd(divisor, 10**digits)
                some = fits & (divisor > 0)
                numerator[some] = (divisor // shared)[some]
                denominator[some] = (10**digits // shared)[some]
                found |= fits
            if found.all():
                break
        return numerator, denominator, found

    def _summed(self, each: Floats) -> Floats:
        return np.asarray(np.add.reduceat(each, self.ptr[:-1], axis=-1))

    def _each(self, function: Callable[[Floats, Floats], Floats], x: Floats) -> Floats:
        """Expectations of a function of value and point."""
        row, flat = self.row, np.reshape(x, (-1, len(self)))
        out = np.empty(flat.shape)
        rows = max(1, MOST_NUMBERS // max(len(row), 1))
        for at in range(0, len(flat), rows):
            points = flat[at : at + rows][:, row]
            out[at : at + rows] = self._summed(self.probabilities * function(self.values, points))
        return out.reshape(np.shape(x))
