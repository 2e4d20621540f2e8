"""How far the wait for supplies is from its mean: a stage's own time and its transits together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.empirical import Empirical
from echelon.distributions.lattice import lattice_step
from echelon.lead_time.exposed_periods import (
    CELLS_PER_STD,
    COARSE,
    FINE,
    ExposedPeriods,
    blurred,
    exposed_periods,
    two_per_cell,
)

_DIGITS = 9  # of a period, as the ticks of service times: sums that agree so far are one
_WHOLE = 1e-6
_LEAST_WEIGHT = 1e-16
_MOST_NUMBERS = 500
_MOST_PAIRS = 4_000_000
_TAIL_CELLS = 40


@dataclass(frozen=True, slots=True)
class Deviation:
    """Periods by which a wait is longer than its mean, each with its probability.

    Attributes
    ----------
    periods : (n,) float64
        Rising, some negative.
    weights : (n,) float64
        Together 1.
    separate : bool
        Whether these are the values themselves, and not numbers that stand for cells of a density.
    """

    periods: Floats
    weights: Floats
    separate: bool

    def coarse(self, *, fine: bool = False) -> Deviation:
        """Give fewer numbers with the same mean and variance where they are many.

        Up to 500 numbers stay as they are, 1,000 if ``fine``. More fall into cells of a quarter of
        the standard deviation, half of one beyond the 99.9 % quantile (longer ones where the tail
        is heavy), or of 5 % of the probability, 0.25 % if ``fine``, whichever is shorter. Each
        cell keeps its probability, mean and variance.

        Parameters
        ----------
        fine : bool, default False
            For demand that does not blur the cells.

        Returns
        -------
        Deviation
        """
        if len(self.periods) <= _MOST_NUMBERS * (1 + fine):
            return self
        mean = float(self.weights @ self.periods)
        std = float(np.sqrt(self.weights @ (self.periods - mean) ** 2))
        low, high = self.periods[0], self.periods[-1]
        beyond = np.cumsum(self.weights[::-1])[::-1]  # probability of this number or a larger one
        body = self.periods[max(int((beyond >= 0.001).sum()) - 1, 0)]
        n_body = max(ceil((body - low) / std * CELLS_PER_STD), 1)
        n_tail = ceil((high - body) / std * 0.5 * CELLS_PER_STD)
        tail = np.linspace(body, high, n_tail + 1)
        if n_tail > _TAIL_CELLS:  # cells ever longer, each ever less likely
            least = np.geomspace(0.001, beyond[-1], _TAIL_CELLS + 1)
            tail = np.interp(-np.log(least), -np.log(beyond), self.periods)
        most = FINE if fine else COARSE
        reached = np.searchsorted(np.cumsum(self.weights), np.arange(most, 1.0, most))
        quantiles = self.periods[np.minimum(reached, len(self.periods) - 1)]
        inner = np.linspace(low, body, n_body + 1)
        corners = np.unique(np.concatenate((inner, tail, [high], quantiles)))
        cell = np.clip(
            np.searchsorted(corners, self.periods, side="right") - 1, 0, len(corners) - 2
        )
        start, width = corners[:-1], np.diff(corners)
        within = self.periods - start[cell]
        chance = np.bincount(cell, self.weights, len(start)).astype(np.float64)
        some = chance > 0.0
        moments = [
            np.bincount(cell, self.weights * within**power, len(start))[some] / chance[some]
            for power in (1, 2)
        ]
        numbers, weights = two_per_cell(start[some], width[some], chance[some], *moments)
        return _merged(numbers, weights, separate=False)

    def exposure(self, mean: float, *, whole: bool = False) -> ExposedPeriods:
        """Give the periods exposed where they would be ``mean`` without deviation, 0 at least.

        Parameters
        ----------
        mean : float
            Net replenishment time at mean lead times, periods.
        whole : bool, default False
            Round up to whole periods: what arrives within one serves from the next.

        Returns
        -------
        ExposedPeriods
        """
        numbers = np.maximum(self.periods + mean, 0.0)
        if whole:
            numbers = np.ceil(numbers - _WHOLE)
        if (numbers[1:] > numbers[:-1]).all():  # as mostly: none is 0 that was less
            return ExposedPeriods(numbers, self.weights)
        distinct, place = np.unique(numbers, return_inverse=True)
        return ExposedPeriods(distinct, np.bincount(place, self.weights).astype(np.float64))


@dataclass(frozen=True)
class Wait:
    """What a stage waits for that varies, and the deviation made of it, as fine as demand needs it.

    Attributes
    ----------
    own : Distribution or None
    transits : tuple of Distribution
    fixed : bool
        See :func:`deviation`.
    """

    own: Distribution | None
    transits: tuple[Distribution, ...]
    fixed: bool = False

    @cached_property
    def usual(self) -> Deviation:
        """Its deviation, all numbers of it."""
        return deviation(self.own, self.transits, fixed=self.fixed)

    def at(self, mean: float, level: float, demand_cv: float) -> Deviation:
        """Give the deviation in as many numbers as the quantile of a demand needs.

        Parameters
        ----------
        mean : float
            Net replenishment time at mean lead times, periods.
        level : float
            Probability of the quantile.
        demand_cv : float
            Standard deviation over mean of the demand of a period.

        Returns
        -------
        Deviation
        """
        time = mean + self._at_level(level)
        return self.few if blurred(self._std, time, demand_cv) else self.fine

    def blurred_at(self, means: Floats, level: float, demand_cv: float) -> NDArray[np.bool_]:
        """Whether :meth:`at` may give :attr:`few` and need not give :attr:`fine`, (n,)."""
        if self.few is self.usual and self.usual.separate:
            return np.ones(len(means), dtype=np.bool_)  # values themselves: both are the same
        times = (means + self._at_level(level)).tolist()
        return np.array([blurred(self._std, time, demand_cv) for time in times], dtype=np.bool_)

    @cached_property
    def few(self) -> Deviation:
        """In few numbers, for demand that blurs the cells of a density."""
        return self.usual.coarse()

    def _at_level(self, level: float) -> float:
        """Periods of the deviation at a probability."""
        place = int(self._cumulated.searchsorted(level))
        return float(self.few.periods[min(place, len(self.few.periods) - 1)])

    @cached_property
    def _cumulated(self) -> Floats:
        return np.asarray(np.cumsum(self.few.weights), dtype=np.float64)

    @cached_property
    def fine(self) -> Deviation:
        """In many numbers, for demand that does not."""
        made = deviation(self.own, self.transits, fixed=self.fixed, fine=True)
        return made.coarse(fine=True)

    @cached_property
    def _std(self) -> float:
        few = self.few
        return float(np.sqrt(few.weights @ (few.periods - few.weights @ few.periods) ** 2))


def deviation(
    own: Distribution | None,
    transits: Sequence[Distribution],
    *,
    fixed: bool = False,
    fine: bool = False,
) -> Deviation:
    r"""Deviation of a stage's wait: :math:`T - E T + \max_i (L_i - E L_i)`.

    Whatever the times are at which the supplies set out, the last of them is there no later than
    the last at mean times plus the largest deviation; with a single transit it is exactly so.

    Parameters
    ----------
    own : Distribution or None
        Lead time of the stage, periods; None where it is known.
    transits : sequence of Distribution
        Of the lanes into it that vary; independent of each other and of ``own``.
    fixed : bool, default False
        Whether a supply comes in a known time besides.
    fine : bool, default False
        Whether the cells of densities are for demand that does not blur them.

    Returns
    -------
    Deviation
        Densities are cut into cells as :func:`~echelon.lead_time.exposed_periods.exposed_periods`
        does it, and so are the values of both where their pairs would be over four million.

    Examples
    --------
    >>> two_or_nine = Empirical([2, 9], [0.9, 0.1])
    >>> deviation(two_or_nine, []).periods.tolist()
    [-0.7, 6.3]
    >>> deviation(None, [two_or_nine, two_or_nine]).weights.round(2).tolist()
    [0.81, 0.19]
    """
    latest = Deviation(np.zeros(1), np.ones(1), separate=True)
    if transits:
        latest = _largest([_centred(law, fine) for law in transits], fixed=fixed)
    if own is None:
        return latest
    mine = _centred(own, fine)
    if len(mine.periods) * len(latest.periods) > _MOST_PAIRS:  # thousands of values on either side
        mine, latest = mine.coarse(fine=fine), latest.coarse(fine=fine)
    sums = mine.periods[:, None] + latest.periods[None, :]
    weights = mine.weights[:, None] * latest.weights[None, :]
    separate = mine.separate and latest.separate
    return _merged(sums.ravel(), weights.ravel(), separate=separate)


def _centred(law: Distribution, fine: bool) -> Deviation:
    exposed = exposed_periods(law, demand_cv=0.0 if fine else inf)
    separate = isinstance(law, Empirical) or lattice_step(law) is not None
    return _merged(exposed.periods - law.mean, exposed.weights, separate=separate)


def _largest(parts: Sequence[Deviation], *, fixed: bool) -> Deviation:
    """Distribution of the largest of independent deviations, and of 0 where a supply is fixed."""
    if len(parts) == 1 and not fixed:
        return parts[0]
    points = np.unique(np.concatenate([*(part.periods for part in parts), np.zeros(int(fixed))]))
    reached = np.where(points >= 0.0, 1.0, 0.0) if fixed else np.ones(len(points))
    for part in parts:
        below = np.append(0.0, np.cumsum(part.weights))
        reached = reached * below[np.searchsorted(part.periods, points, side="right")]
    weights = np.diff(reached, prepend=0.0)
    kept = weights > 0.0
    separate = all(part.separate for part in parts)
    return Deviation(points[kept], weights[kept] / weights[kept].sum(), separate)


def _merged(periods: Floats, weights: Floats, *, separate: bool) -> Deviation:
    distinct, place = np.unique(np.round(periods, _DIGITS), return_inverse=True)
    summed = np.bincount(place, weights)
    kept = summed > _LEAST_WEIGHT
    return Deviation(distinct[kept], summed[kept] / summed[kept].sum(), separate)
