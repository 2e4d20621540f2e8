"""How long the stock of each of many stages is exposed: all their mixtures in flat arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.lead_time.exposed_periods import ExposedPeriods, not_negative

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ExposedArray:
    """Numbers of periods that each stage's stock is exposed to, and how likely each is.

    A collection of one :class:`~echelon.lead_time.exposed_periods.ExposedPeriods` per stage.

    Attributes
    ----------
    ptr : (n_stages + 1,) int64
        Where each stage begins.
    periods : (m,) float64
        At least 0, rising within a stage.
    weights : (m,) float64
        Together 1 for each stage.

    Examples
    --------
    >>> exposed = ExposedArray.of_numbers([2.0, 5.0])
    >>> exposed.in_cycle([2, 1]).periods.tolist()
    [3.0, 4.0, 6.0]
    """

    ptr: Integers
    periods: Floats
    weights: Floats

    @classmethod
    def of_numbers(cls, periods: ArrayLike) -> ExposedArray:
        """Make it of one fixed number of periods for each stage.

        Parameters
        ----------
        periods : (n_stages,) array_like of float
            At least 0.

        Returns
        -------
        ExposedArray

        Raises
        ------
        DomainError
            If one is negative or not finite.
        """
        known = np.asarray(periods, dtype=np.float64)
        wrong = ~(np.isfinite(known) & (known >= 0.0))
        if wrong.any():
            not_negative("lead_time", float(known[wrong][0]))
        return cls(np.arange(len(known) + 1), known, np.ones(len(known)))

    @classmethod
    def of_stages(cls, stages: Sequence[ExposedPeriods] | ExposedArray) -> ExposedArray:
        """Make it of one mixture for each stage."""
        if isinstance(stages, ExposedArray):
            return stages
        counts = np.array([len(one.periods) for one in stages], dtype=np.int64)
        return cls(
            np.concatenate(([0], np.cumsum(counts))),
            np.concatenate([one.periods for one in stages]),
            np.concatenate([one.weights for one in stages]),
        )

    def __len__(self) -> int:
        return len(self.ptr) - 1

    def __getitem__(self, stage: int) -> ExposedPeriods:
        here = slice(self.ptr[stage], self.ptr[stage + 1])
        return ExposedPeriods(self.periods[here], self.weights[here])

    def __iter__(self) -> Iterator[ExposedPeriods]:
        return (self[stage] for stage in range(len(self)))

    @property
    def stage(self) -> Integers:
        """Stage of each entry, shape (m,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.ptr))

    @property
    def mean(self) -> Floats:
        """Mean of each stage, periods."""
        return np.asarray(np.add.reduceat(self.weights * self.periods, self.ptr[:-1]))

    @property
    def variance(self) -> Floats:
        """Variance of each stage, periods squared."""
        if self.fixed:
            return np.zeros(len(self))
        away = self.periods - self.mean[self.stage]
        return np.asarray(np.add.reduceat(self.weights * away**2, self.ptr[:-1]))

    @property
    def fixed(self) -> bool:
        """Whether every stage has one number of periods only."""
        return len(self.periods) == len(self)

    @property
    def ends(self) -> tuple[Floats, Floats]:
        """Least and most periods of each stage."""
        return self.periods[self.ptr[:-1]], self.periods[self.ptr[1:] - 1]

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Whether all numbers of a stage are whole."""
        broken = (self.periods != np.rint(self.periods)).astype(np.int64)
        return np.asarray(np.add.reduceat(broken, self.ptr[:-1]) == 0)

    def later(self, periods: ArrayLike) -> ExposedArray:
        """Give the same exposures with so many periods more; less than 0 counts as 0.

        Parameters
        ----------
        periods : float or (n_stages,) array_like of float
            Negative for an earlier moment.

        Returns
        -------
        ExposedArray
        """
        more = np.broadcast_to(np.asarray(periods, dtype=np.float64), len(self))
        moved = np.maximum(self.periods + (more if self.fixed else more[self.stage]), 0.0)
        if self.fixed:
            return ExposedArray(self.ptr, moved, self.weights)
        return _merged(self.stage, moved, self.weights, len(self))

    def in_cycle(self, review_period: ArrayLike) -> ExposedArray:
        """Exposure at the end of a period picked at random out of those between two reviews.

        Parameters
        ----------
        review_period : int or (n_stages,) array_like of int
            Periods, whole; 0 leaves a stage as it is.

        Returns
        -------
        ExposedArray
            Of 1, 2, … periods more, each as likely.
        """
        reviews = np.broadcast_to(np.asarray(review_period, dtype=np.float64), len(self))
        times = np.maximum(reviews, 1.0).astype(np.int64)
        stage, of_each = self.stage, times[self.stage]
        begins = np.cumsum(of_each) - of_each
        entry = np.repeat(np.arange(len(stage)), of_each)
        more = (
            np.arange(len(entry)) - begins[entry] + np.where(reviews > 0.0, 1.0, 0.0)[stage[entry]]
        )
        return _merged(
            stage[entry], self.periods[entry] + more, (self.weights / of_each)[entry], len(self)
        )

    def take(self, stages: ArrayLike) -> ExposedArray:
        """Give those of some stages, in that order.

        Parameters
        ----------
        stages : (k,) array_like of int

        Returns
        -------
        ExposedArray
        """
        wanted = np.asarray(stages, dtype=np.int64)
        ptr, entry = entries_of(self.ptr, wanted)
        return ExposedArray(ptr, self.periods[entry], self.weights[entry])


def entries_of(ptr: Integers, stages: Integers) -> tuple[Integers, Integers]:
    """Entries of some stages in flat arrays, one stage after the other.

    Parameters
    ----------
    ptr : (n + 1,) ndarray of int64
        Where each stage begins.
    stages : (k,) ndarray of int64

    Returns
    -------
    ptr : (k + 1,) ndarray of int64
        Where each of them begins among the entries.
    entries : (m,) ndarray of int64
    """
    counts = ptr[stages + 1] - ptr[stages]
    begins = np.concatenate(([0], np.cumsum(counts)))
    return begins, np.repeat(ptr[stages] - begins[:-1], counts) + np.arange(begins[-1])


def _merged(stage: Integers, periods: Floats, weights: Floats, n: int) -> ExposedArray:
    """Sort the entries of each stage and add up those of the same number of periods."""
    order = np.lexsort((periods, stage))
    stage, periods, weights = stage[order], periods[order], weights[order]
    new = np.ones(len(stage), dtype=bool)
    new[1:] = (np.diff(stage) != 0) | (np.diff(periods) != 0.0)
    begins = np.flatnonzero(new)
    counts = np.bincount(stage[begins], minlength=n)
    return ExposedArray(
        np.concatenate(([0], np.cumsum(counts))), periods[begins], np.add.reduceat(weights, begins)
    )
