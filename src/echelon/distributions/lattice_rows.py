"""Many distributions on lattices at once, ragged: their sums by batches of Fourier transforms.

The plain twin, one distribution at a time, is :mod:`echelon.distributions.lattice_total`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.lattice import MOST_POINTS
from echelon.distributions.lattice_total import SUM_TAIL

Integers = NDArray[np.int64]

_BLOCK = 2**18
"""Numbers in a batch of transforms: few enough to stay near the processor."""


@dataclass(frozen=True, slots=True)
class LatticeRows:
    """Distributions on the points ``(first + k) * numerator / denominator``, k = 0, 1, ….

    Attributes
    ----------
    numerator, denominator : (n,) float64
        Of the step, units.
    first : (n,) int64
        Number of the first point.
    ptr : (n + 1,) int64
        Where each row begins in ``mass``.
    mass : (m,) float64
        Probabilities, together 1 for each row.
    """

    numerator: Floats
    denominator: Floats
    first: Integers
    ptr: Integers
    mass: Floats

    def __len__(self) -> int:
        return len(self.first)

    @property
    def step(self) -> Floats:
        """Distance between points, units."""
        return np.asarray(self.numerator / self.denominator)

    @property
    def length(self) -> Integers:
        """Number of points of each row."""
        return np.diff(self.ptr)

    @property
    def ends(self) -> tuple[Floats, Floats]:
        """Smallest and largest point of each row, units."""
        last = self.first + self.length - 1
        return self.first * self.numerator / self.denominator, (
            last * self.numerator / self.denominator
        )

    def take(self, rows: Integers) -> LatticeRows:
        """Give some rows, in that order."""
        counts = self.length[rows]
        ptr = _pointers(counts)
        entry = np.repeat(self.ptr[rows] - ptr[:-1], counts) + np.arange(ptr[-1])
        return LatticeRows(
            self.numerator[rows], self.denominator[rows], self.first[rows], ptr, self.mass[entry]
        )


def joined(parts: Sequence[tuple[Integers, LatticeRows]], n: int) -> LatticeRows:
    """Put rows of several parts together in the order of their places.

    Parameters
    ----------
    parts : sequence of (places, LatticeRows)
        Places 0 to n - 1, each once.
    n : int

    Returns
    -------
    LatticeRows
    """
    if len(parts) == 1 and (np.diff(parts[0][0]) == 1).all():
        return parts[0][1]
    places = np.concatenate([at for at, _ in parts])
    rows = [one for _, one in parts]
    begins = np.cumsum([0] + [len(one.mass) for one in rows])
    together = LatticeRows(
        np.concatenate([one.numerator for one in rows]),
        np.concatenate([one.denominator for one in rows]),
        np.concatenate([one.first for one in rows]),
        np.concatenate(
            [one.ptr[:-1] + begin for one, begin in zip(rows, begins, strict=False)] + [begins[-1:]]
        ),
        np.concatenate([one.mass for one in rows]),
    )
    order = np.empty(n, dtype=np.int64)
    order[places] = np.arange(len(places))
    return together.take(order)


def sums_of_rows(
    one: LatticeRows,
    count_ptr: Integers,
    counts: Floats,
    weights: Floats,
    events: Floats | None = None,
) -> tuple[LatticeRows, NDArray[np.bool_]]:
    r"""Total of independent demands, over one of several numbers of them, row by row.

    The lattice of a total is as long as Chernoff's bound asks for a probability of 1e-14 beyond
    it. Rows are put into batches of one transform length.

    Parameters
    ----------
    one : LatticeRows of n
        Of one period, or of one event.
    count_ptr : (n + 1,) ndarray of int64
        Where the numbers of periods of each row begin.
    counts, weights : (m,) ndarray of float64
        Numbers of periods, at least 0 and rising within a row, whole where there are no events;
        probability of each, together 1 for a row.
    events : (n,) ndarray of float64, optional
        Mean number of events in a period; 0 where ``counts`` are numbers of demands.

    Returns
    -------
    rows : LatticeRows of n
        Left empty where a lattice would have more than two million points.
    made : (n,) ndarray of bool
        False for those.
    """
    from echelon.kernels.lattice_rows import window_ends  # the compiler, when first needed

    n = len(one)
    rates = np.zeros(n) if events is None else events
    least, most = counts[count_ptr[:-1]], counts[count_ptr[1:] - 1]
    begin, end = np.empty(n), np.empty(n)
    window_ends(one.ptr, one.mass, one.first, least, most, rates, SUM_TAIL, begin, end)
    points = end - begin + 1.0
    made = points <= MOST_POINTS
    as_it_is = made & (np.diff(count_ptr) == 1) & (most == 1.0) & (rates == 0.0)
    length = np.where(made, points, 0.0).astype(np.int64)
    first = np.where(made, begin, 0.0).astype(np.int64)
    ptr = _pointers(length)
    mass = np.empty(ptr[-1])
    for rows in _blocks(np.flatnonzero(as_it_is), one.length):
        _spread(one.take(rows).mass, mass, ptr[:-1][rows], length[rows])
    sizes = _sizes(np.maximum(length, one.length))
    sizes[~made | as_it_is] = 0
    for size in np.unique(sizes[sizes > 0]).tolist():
        for rows in _blocks(np.flatnonzero(sizes == size), sizes):
            _transform(one, rows, size, (count_ptr, counts, weights, rates), (first, ptr, mass))
    return LatticeRows(one.numerator, one.denominator, first, ptr, mass), made


def _transform(
    one: LatticeRows,
    rows: Integers,
    size: int,
    exposed: tuple[Integers, Floats, Floats, Floats],
    made: tuple[Integers, Integers, Floats],
) -> None:
    """Fill in the totals of some rows by transforms of one length."""
    from echelon.kernels.lattice_rows import mixed_powers, unwound

    first, ptr, mass = made
    some = one.take(rows)
    number = np.arange(len(some.mass)) - np.repeat(some.ptr[:-1] - some.first, some.length)
    circle = np.zeros((len(rows), size))
    circle[np.repeat(np.arange(len(rows)), some.length), number % size] = some.mass
    transform = scipy.fft.rfft(circle, axis=1)
    count_ptr, counts, weights, rates = exposed
    begins = _pointers(count_ptr[rows + 1] - count_ptr[rows])
    entry = np.repeat(count_ptr[rows] - begins[:-1], np.diff(begins)) + np.arange(begins[-1])
    mixed_powers(transform, begins, counts[entry], weights[entry], rates[rows])
    around = scipy.fft.irfft(transform, size, axis=1)
    length = ptr[rows + 1] - ptr[rows]
    local = _pointers(length)
    found = np.empty(local[-1])
    unwound(around, first[rows], local, found)
    _spread(found, mass, ptr[rows], length)


def _spread(found: Floats, out: Floats, begins: Integers, counts: Integers) -> None:
    """Copy rows that follow one another to where each belongs."""
    local = _pointers(counts)
    out[np.repeat(begins - local[:-1], counts) + np.arange(local[-1])] = found


def _sizes(length: Integers) -> Integers:
    """Give transform lengths: powers of two, and three times such, so that there are few."""
    power = np.exp2(np.ceil(np.log2(np.maximum(length, 8)))).astype(np.int64)
    return np.where(length <= power // 4 * 3, power // 4 * 3, power)


def _blocks(rows: Integers, size: Integers) -> list[Integers]:
    """Cut rows into batches that hold about so many numbers each."""
    if not rows.size:
        return []
    batch = np.cumsum(size[rows]) // _BLOCK
    return np.split(rows, np.flatnonzero(np.diff(batch)) + 1)


def _pointers(counts: Integers) -> Integers:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


@dataclass(frozen=True)
class RowTables:
    """What is asked of distributions on lattices, looked up for all of them at once.

    Methods take points of shape (..., n), one column per row. Tables are made when first needed.

    Attributes
    ----------
    rows : LatticeRows of n
    low, high : (n,) float64
        Support, units.
    """

    rows: LatticeRows
    low: Floats
    high: Floats

    @cached_property
    def cumulated(self) -> Floats:
        """Probability of at most each point."""
        from echelon.kernels.lattice_rows import cumulate

        cumulated = np.empty_like(self.rows.mass)
        cumulate(self.rows.ptr, self.rows.mass, cumulated)
        return cumulated

    @cached_property
    def losses(self) -> tuple[Floats, Floats]:
        """Losses of first and second order at each point, units and units squared."""
        from echelon.kernels.lattice_rows import tabulate_losses

        owed, second = np.empty_like(self.rows.mass), np.empty_like(self.rows.mass)
        tabulate_losses(self.rows.ptr, self.rows.mass, self.rows.step, owed, second)
        return owed, second

    def cdf(self, x: Floats) -> Floats:
        """Probability of at most ``x`` units."""
        place = self._place(x)
        reached = self.cumulated[self.rows.ptr[:-1] + np.maximum(place, 0)]
        return np.where(x >= self.high, 1.0, np.where(place < 0, 0.0, reached))

    def ppf(self, q: Floats) -> Floats:
        """Smallest point at which the distribution function reaches a share."""
        found = self._value(self._search(lambda at: self.cumulated[at] >= q, q.shape))
        return np.asarray(np.select([q == 0.0, q == 1.0], [self.low, self.high], found))

    def shortage(self, x: Floats) -> Floats:
        """Expected units above ``x``."""
        return self._losses(x)[0]

    def second_shortage(self, x: Floats) -> Floats:
        """Half the expected square of the units above ``x``."""
        table, second = self.losses
        owed, at, left = self._losses(x)
        begin = self.rows.ptr[:-1]
        below = np.maximum(self.rows.ends[0] - x, 0.0)
        after = np.minimum(at + 1, self.rows.ptr[1:] - 1)
        inside = second[after] + 0.5 * left * (owed + table[after])
        start = second[begin] + below * (table[begin] + 0.5 * below)
        return np.where(below > 0.0, start, inside)

    def level_for_shortage(self, shortage: Floats) -> Floats:
        """Smallest level of at most so many expected units above it; of 0, the largest value."""
        owed, begin = self.losses[0], self.rows.ptr[:-1]
        place = self._search(lambda at: owed[at] <= shortage, shortage.shape)
        here = owed[begin + place]
        rise = owed[begin + np.maximum(place - 1, 0)] - here
        step = self.rows.step
        back = np.where(place > 0, step * (shortage - here) / np.where(rise > 0.0, rise, 1.0), 0.0)
        found = self._value(place) - np.where(place > 0, back, shortage - here)
        return np.where(shortage == 0.0, self.high, found)

    def _losses(self, x: Floats) -> tuple[Floats, Integers, Floats]:
        """Loss, entry of the point at or before ``x``, and units from there to the next."""
        begin, last = self.rows.ptr[:-1], self.rows.length - 1
        number = x * (self.rows.denominator / self.rows.numerator) - self.rows.first
        before = np.clip(np.floor(number), 0.0, np.maximum(last - 1, 0)).astype(np.int64)
        share = np.clip(number - before, 0.0, 1.0)  # straight lines between points
        at = begin + before
        after = begin + np.minimum(before + 1, last)
        table = self.losses[0]
        inside = table[at] * (1.0 - share) + table[after] * share
        below = self.rows.ends[0] - x
        owed = np.where(below > 0.0, table[begin] + below, inside)
        return owed, at, (1.0 - share) * self.rows.step

    def _value(self, place: Integers) -> Floats:
        return np.asarray((self.rows.first + place) * self.rows.numerator / self.rows.denominator)

    def _place(self, x: Floats) -> Integers:
        """Place of the last point that is at most ``x``, -1 if none is; by the decimals."""
        with np.errstate(invalid="ignore"):
            number = x * (self.rows.denominator / self.rows.numerator) - self.rows.first
            place = np.rint(np.clip(number, -1.0, self.rows.length)).astype(np.int64)
        place -= self._value(place) > x
        return np.clip(place, -1, self.rows.length - 1)

    def _search(
        self, enough: Callable[[Integers], NDArray[np.bool_]], shape: tuple[int, ...]
    ) -> Integers:
        """First place of each row that is enough, the last one if none is, by halving."""
        begin = self.rows.ptr[:-1]
        low = np.full(shape, -1, dtype=np.int64)
        high = np.broadcast_to(self.rows.length - 1, shape).copy()
        while (open_ := high - low > 1).any():
            middle = (low + high) >> 1
            met = enough(begin + np.maximum(middle, 0))
            high = np.where(open_ & met, middle, high)
            low = np.where(open_ & ~met, middle, low)
        return high
