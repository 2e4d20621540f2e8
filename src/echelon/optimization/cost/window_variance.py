"""Variance of demand over windows of several lengths that begin together: seasons, forecasts.

What a stage covers may end at different times for different customers: those of its own are
promised another service time than stages are, or are served last. Rows of demand whose windows are
equally long form a class. All windows begin with the order, so that two of them have the shorter
one in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from echelon.network.compiled import Floats


@dataclass(frozen=True, slots=True)
class RevisedPair:
    r"""Two classes of forecast rows, in what the revisions of a period add to both.

    An order at time ``t`` for the demand of so many periods rests on the forecasts of that time.
    The revisions that the ``s``-th period after brings are of the rest of it: of all horizons
    below ``end - s``. So the covariance over ``n`` periods is
    :math:`\sum_{s=1}^{n} G(e - s,\, e' - s)`, with :math:`G(m, m') = \sum_{i \le m}
    \sum_{k \le m'} \Sigma_{ik}` [1]_.

    Attributes
    ----------
    first, second : int
        The classes.
    lag : float
        Periods by which the window of the first ends later than its stage's service time and
        the time covered together; NaN where it ends with its own length.
    sums : (2, n + 1) float64
        Sums over horizons of ``G`` on the diagonal of the two ends, of demand and of its bound;
        units squared.
    slope : (2,) float64
        What each further period adds: no forecast is revised further ahead.

    References
    ----------
    .. [1] Schoenmeyr & Graves (2009), *Manufacturing & Service Operations Management* 11(4).
    """

    first: int
    second: int
    lag: float
    sums: Floats
    slope: Floats

    @classmethod
    def of(
        cls, first: int, second: int, lag: float, apart: float, revisions: Floats
    ) -> RevisedPair:
        """Sum the revisions of two windows, the second of which ends ``apart`` periods later.

        ``revisions`` (2, n, n) is the covariance by horizons, of demand and of its bound; a
        difference that is no whole number of periods is rounded up.
        """
        step = int(np.ceil(apart - 1e-9))
        both = revisions.cumsum(axis=1).cumsum(axis=2)
        last = revisions.shape[1] - 1
        ends = np.arange(last + abs(step) + 1)
        others = ends + step
        added = both[:, np.minimum(ends, last), np.clip(others, 0, last)]
        added = np.where(others >= 0, added, 0.0)
        sums = np.concatenate([np.zeros((2, 1)), added.cumsum(axis=1)], axis=1)
        return cls(first, second, lag, sums, both[:, last, last])

    def scaled(self, factor: float) -> RevisedPair:
        """Give the pair with so many standard deviations in its bound."""
        sums = np.stack([self.sums[0], factor**2 * self.sums[0]])
        return replace(self, sums=sums, slope=self.slope[0] * np.array([1.0, factor**2]))

    def until(self, end: Floats) -> Floats:
        """Sum over all horizons below ``end`` (any shape), periods: (2, shape)."""
        last = self.sums.shape[1] - 1
        within, beyond = np.minimum(end, last), np.maximum(end - last, 0.0)
        known = np.arange(last + 1)
        return np.stack(
            [
                np.interp(within, known, sums) + slope * beyond
                for sums, slope in zip(self.sums, self.slope, strict=True)
            ]
        )

    def over(self, periods: Floats, end: Floats) -> Floats:
        """Covariance over a window of so many periods in common, the first ending at ``end``."""
        return self.until(end) - self.until(np.maximum(end - periods, 0.0))


@dataclass(frozen=True, slots=True)
class WindowVariance:
    """Mean and variance of the demand of all classes together.

    Attributes
    ----------
    mean : (n_classes, n_periods) float64
        By period of the cycle, units.
    spread : (2, n_classes, n_classes, n_periods) float64
        Covariance by period, of demand and of its bound, units squared; without revisions.
    revised : sequence of RevisedPair
    start : int
        Period of the cycle, counted from that of the order, in which the windows begin: 1 under
        continuous review, where the demand of the period triggers the order, else 0.
    """

    mean: Floats
    spread: Floats
    revised: Sequence[RevisedPair] = ()
    start: int = 1
    _mean_sums: Floats = field(init=False, repr=False, compare=False)
    _spread_sums: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, values in (("_mean_sums", self.mean), ("_spread_sums", self.spread)):
            nothing = np.zeros((*values.shape[:-1], 1))
            sums = np.concatenate([nothing, values.cumsum(axis=-1)], axis=-1)
            object.__setattr__(self, name, sums)

    @property
    def n_classes(self) -> int:
        """How many windows of their own there are."""
        return len(self.mean)

    @property
    def n_periods(self) -> int:
        """Length of the cycle, 1 where all periods are alike."""
        return int(self.mean.shape[1])

    def means(self, lengths: Floats) -> Floats:
        """Mean demand of windows ordered in each period of the cycle.

        Parameters
        ----------
        lengths : (n_classes, ...) float64
            Periods.

        Returns
        -------
        (..., n_periods) float64
            Units.
        """
        total = np.zeros((*lengths.shape[1:], self.n_periods))
        for sums, length in zip(self._mean_sums, lengths, strict=True):
            total += self._windows(sums, length)
        return total

    def variances(self, lengths: Floats, end: Floats) -> Floats:
        """Variance of the demand of windows ordered in each period, and of its bound.

        Parameters
        ----------
        lengths : (n_classes, ...) float64
        end : (...) float64
            What the lags of revised pairs are added to: service time and time covered, periods.

        Returns
        -------
        (2, ..., n_periods) float64
            Units squared.
        """
        total = np.zeros((2, *lengths.shape[1:], self.n_periods))
        for one in range(self.n_classes):
            for other in range(one, self.n_classes):
                sums = self._spread_sums[:, one, other]
                if not sums.any():
                    continue
                common = np.minimum(lengths[one], lengths[other])
                times = 1.0 if one == other else 2.0
                total += times * np.stack([self._windows(row, common) for row in sums])
        for pair in self.revised:
            common = np.minimum(lengths[pair.first], lengths[pair.second])
            own = np.isnan(pair.lag)
            last = lengths[pair.first] if own else np.maximum(end + pair.lag, common)
            total += pair.over(common, last)[..., None]
        return np.maximum(total, 0.0)

    def _windows(self, sums: Floats, length: Floats) -> Floats:
        """Sum over windows from each period of the cycle on, (..., n_periods)."""
        n = self.n_periods
        if n == 1:
            return np.asarray(sums[1] * length)[..., None]
        first = np.arange(n) + self.start
        return _until(sums, first + length[..., None]) - _until(sums, first.astype(np.float64))


def _until(sums: Floats, end: Floats) -> Floats:
    """Sum of a repeated cycle from its start to ``end``, parts of a period in proportion."""
    n = len(sums) - 1
    cycles = np.floor(end / n)
    return np.asarray(cycles * sums[n] + np.interp(end - cycles * n, np.arange(n + 1), sums))
