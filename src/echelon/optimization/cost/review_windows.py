"""Which periods of demand lie in the requests that a stage sees, when those below it review."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from echelon.network.compiled import Floats, Integers

Chain: TypeAlias = tuple[tuple[int, int], ...]
"""Review period and phase of the stages between, the one that asks first, customers last."""

_ROUNDING = 1e-9
_MOST_AVERAGED = 1_000
"""Moments between two reviews at which the stock is averaged."""
_MOST_COMPILED = 100
"""Review period up to which times that many moments look at need not be sorted out first."""


def window(chain: Chain, start: Floats, length: Floats) -> tuple[Floats, Floats]:
    r"""Periods of customers' demand that lie in the requests of a window, by one chain of stages.

    A stage with a review period :math:`R` asks once every :math:`R` periods, at the start of the
    period, for what was asked of it since it last did (clauses 2.2 and 3). So the requests of
    :math:`w` periods from period :math:`t` on are :math:`n` orders, the first of them
    :math:`d = (p - t) \bmod R` periods later, with :math:`n = \lceil (w - d)/R \rceil`; they
    hold what was asked for in the :math:`nR` periods before the last. And so on down the chain.

    Parameters
    ----------
    chain : sequence of (review period, phase)
        0 for continuous review, which hands on a request in the period it comes.
    start, length : float64 arrays, broadcast together
        Periods.

    Returns
    -------
    start, length : float64 arrays
        Of the window of demand, periods.

    Examples
    --------
    Six periods from a review in period 0 on hold two orders of a stage that reviews every four
    periods with the same phase, and one of a stage that does so a period before:

    >>> at = np.zeros(1), np.array([6.0])
    >>> [float(window((review,), *at)[1][0]) for review in ((4, 0), (4, 3), (1, 0))]
    [8.0, 4.0, 6.0]
    """
    for review, phase in chain:
        if review == 0:
            continue
        if review == 1:
            start = start - 1.0
            continue
        wait = (phase - start) % review
        orders = np.maximum(np.ceil((length - wait) / review - _ROUNDING), 0.0)
        start = start + wait - review
        length = orders * review
    return start, length


@dataclass(frozen=True, slots=True)
class Strand:
    """Demand that reaches a stage by one chain of reviews, pooled over rows of the demand table.

    Attributes
    ----------
    chain : Chain
    rate : float
        Mean, units of the stage per period.
    variance, bound_variance : float
        Of one period, units squared; the second of rows scaled by their safety factors.
    """

    chain: Chain
    rate: float
    variance: float
    bound_variance: float


@dataclass(frozen=True, slots=True)
class Knot:
    """Rows of demand that reach a stage by several chains, or that are correlated.

    Attributes
    ----------
    strands : tuple of (row, Chain, usage)
        Units of the stage in one of the row, by each chain; rows numbered within the knot.
    rate : (n_rows,) float64
        Mean, units per period.
    covariance, bound_covariance : (n_rows, n_rows) float64
        Of one period, units squared.
    """

    strands: tuple[tuple[int, Chain, float], ...]
    rate: Floats
    covariance: Floats
    bound_covariance: Floats

    def moments(self, start: float, length: float) -> tuple[float, float, float]:
        """Mean, variance and bound variance of the requests of one window."""
        spans = []
        for row, chain, usage in self.strands:
            first, periods = window(chain, np.array(start), np.array(length))
            spans.append((row, usage, float(first), float(first + periods)))
        corners = sorted({end for _, _, first, last in spans for end in (first, last)})
        total = np.zeros(3)
        for low, high in pairwise(corners):
            weight = np.zeros(len(self.rate))
            for row, usage, begin, end in spans:
                if begin <= low and high <= end:
                    weight[row] += usage
            each = (
                weight @ self.rate,
                weight @ self.covariance @ weight,
                weight @ self.bound_covariance @ weight,
            )
            total += (high - low) * np.array(each)
        return float(total[0]), float(total[1]), float(total[2])


@dataclass(frozen=True, slots=True)
class ReviewedDemand:
    """Demand in the requests of a time, at the review of the stage at which they are the most.

    Attributes
    ----------
    strands : tuple of Strand
    knots : tuple of Knot
    rate, safety_factor, normal
        See :class:`echelon.optimization.cost.demand_over_time.DemandOverTime`.
    starts : tuple of int
        Periods in which a review of the stage may fall, over a cycle of all reviews.
    review : int
        Its own review period, 0 where it is continuous.
    """

    strands: tuple[Strand, ...]
    knots: tuple[Knot, ...]
    rate: float
    safety_factor: float
    normal: bool
    starts: tuple[int, ...]
    review: int
    _last: dict[bytes, Floats] = field(default_factory=dict, repr=False, compare=False)
    _flat: list[tuple[Integers, Floats, Floats, Floats, Floats, Floats]] = field(
        default_factory=list, repr=False, compare=False
    )
    concave = False

    def mean(self, periods: Floats) -> Floats:
        """Mean of the requests of a time, units."""
        return np.asarray(self._largest(periods)[0])

    def variance(self, periods: Floats) -> Floats:
        """Variance of the requests, units squared."""
        return np.asarray(self._largest(periods)[1])

    def bound_variance(self, periods: Floats) -> Floats:
        """Square of the safety stock under the normal bound, units squared."""
        return np.asarray(self._largest(periods)[2])

    def longest(self, periods: Floats) -> Floats:
        """Most periods of any demand that lie in the requests of a time, whichever the review."""
        flat = np.ravel(periods)
        at = np.array(self.starts, dtype=np.float64)[:, None]
        most = np.zeros(flat.shape)
        chains = {strand.chain for strand in self.strands}
        chains |= {chain for knot in self.knots for _, chain, _ in knot.strands}
        for chain in chains:
            most = np.maximum(most, window(chain, at, flat)[1].max(axis=0))
        return most.reshape(np.shape(periods))

    def cycle_stock(self, periods: Floats) -> Floats:
        """Mean requests that the base stock covers at the worst moment and not on average, units.

        From one review to the next the stock covers times one period apart; before a promise is
        due a supply that is early adds to the stock. Of a review period of more than 1,000 periods
        as many moments are averaged, evenly apart: an error below a thousandth of the demand of a
        review period for each review of the chains.
        """
        return np.asarray(self._largest(periods)[3])

    def _largest(self, periods: Floats) -> Floats:
        """Moments at the review whose requests need the largest base stock, and cycle stock.

        (4, shape of times). Those of the times that were asked for last are kept: mean and bound
        are of the same.
        """
        flat = np.ravel(periods)
        key = flat.tobytes()
        found = self._last.get(key)
        if found is None:
            compiled = not self.knots and self.review <= _MOST_COMPILED
            found = self._by_kernel(flat) if compiled else self._by_arrays(flat)
            self._last.clear()
            self._last[key] = found
        return found.reshape((4, *np.shape(periods)))

    def _by_kernel(self, periods: Floats) -> Floats:
        """As :meth:`_by_arrays` of demand without knots."""
        from echelon.kernels.reviewed_requests import reviewed_requests  # numba: when it is needed

        if not self._flat:
            links = [link for strand in self.strands for link in strand.chain]
            reviews, phases = np.array(links, dtype=np.float64).reshape(-1, 2).T.copy()
            ends = np.cumsum([0, *(len(strand.chain) for strand in self.strands)])
            moments = [(one.rate, one.variance, one.bound_variance) for one in self.strands]
            self._flat.append(
                (
                    ends.astype(np.int64),
                    reviews,
                    phases,
                    np.array(moments, dtype=np.float64).reshape(-1, 3),
                    np.array(self.starts, dtype=np.float64),
                    self._since.astype(np.float64),
                )
            )
        found = np.empty((4, len(periods)))
        reviewed_requests(*self._flat[0], self.rate, periods.astype(np.float64), found)
        return found

    def _by_arrays(self, periods: Floats) -> Floats:
        """Moments of the requests of (n,) times at their worst, and cycle stock, (4, n)."""
        moments = self._moments(periods)
        worst = np.argmax(moments[0] + np.sqrt(moments[2]), axis=0)
        largest = moments[:, worst, np.arange(len(periods))]
        since = self._since
        covered = periods - since[:, None]
        # times a period apart are looked at by many moments, and each is worked out once
        times, place = np.unique(np.maximum(covered, 0.0), return_inverse=True)
        asked = self._moments(times)[0].mean(axis=0)[place.reshape(covered.shape)]
        mean = ((asked + self.rate * np.minimum(covered, 0.0)) / len(since)).sum(axis=0)
        return np.vstack([largest, np.maximum(largest[0] - mean, 0.0)])

    @property
    def _since(self) -> Integers:
        """Moments after a review over which the stock is averaged, periods."""
        lengths = max(self.review, 1)
        moments = min(lengths, _MOST_AVERAGED)
        return (2 * np.arange(moments) + 1) * lengths // (2 * moments)

    def _moments(self, periods: Floats) -> Floats:
        """Moments of the requests of (n,) times from each of the (m,) starts on, (3, m, n)."""
        at = np.array(self.starts, dtype=np.float64)[:, None]
        moments = np.zeros((3, len(self.starts), len(periods)))
        for strand in self.strands:
            length = window(strand.chain, at, periods)[1]
            each = np.array([strand.rate, strand.variance, strand.bound_variance])
            moments += each[:, None, None] * length
        for knot in self.knots:
            for i, start in enumerate(self.starts):
                for j, length_here in enumerate(periods.tolist()):
                    moments[:, i, j] += knot.moments(float(start), length_here)
        return moments
