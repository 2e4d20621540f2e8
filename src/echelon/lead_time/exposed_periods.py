"""How long stock is exposed: a lead time, fixed or random, and a review period, as a mixture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, isinf, sqrt

import numpy as np
import scipy

from echelon.distributions.arguments import Floats, require_number
from echelon.distributions.base import Distribution, as_distribution
from echelon.distributions.empirical import Empirical
from echelon.distributions.lattice import increments_of, lattice_step
from echelon.errors import DomainError

CELLS_PER_STD = 4.0
"""Cells in a standard deviation of a lead time with a density, or of one of many values."""
FINE, COARSE = 0.0025, 0.05
"""Largest probability of a cell, where demand is steady and where it varies by itself."""
_CELLS_PER_BLUR = 4.0
_MOST_CELLS = 200
_DENSITY_TAIL = 1e-10
_TAIL = 1e-12
_LEAST_WEIGHT = 1e-16
MOST_COUNTS = 2**21
"""More orders in an exposure than that are not told apart."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True, slots=True)
class ExposedPeriods:
    """Numbers of periods that stock is exposed to, and how likely each is.

    Attributes
    ----------
    periods : (n,) float64
        At least 0, rising.
    weights : (n,) float64
        Together 1.
    """

    periods: Floats
    weights: Floats

    @property
    def mean(self) -> float:
        """Mean, periods."""
        return float(self.weights @ self.periods)

    @property
    def variance(self) -> float:
        """Variance, periods squared."""
        return float(self.weights @ (self.periods - self.mean) ** 2)

    @property
    def whole(self) -> bool:
        """Whether all numbers are whole."""
        return bool((self.periods == np.rint(self.periods)).all())

    def later(self, periods: float) -> ExposedPeriods:
        """Give the same exposure with so many periods more; less than 0 counts as 0.

        Parameters
        ----------
        periods : float
            Negative for an earlier moment.

        Returns
        -------
        ExposedPeriods
        """
        return _merged(np.maximum(self.periods + periods, 0.0), self.weights)


def exposed_periods(
    lead_time: float | Distribution, review_period: float = 0.0, *, demand_cv: float = 0.0
) -> ExposedPeriods:
    r"""Take a lead time apart into numbers of periods, each with its probability.

    Parameters
    ----------
    lead_time : float or Distribution
        Periods, not negative. One on separate points is taken as it is, all but a probability of
        1e-15. A density is cut into cells of a quarter of a standard deviation, half of one beyond
        the 99.9 % quantile, and into more where one would hold over 0.25 % of the probability (5 %
        where :func:`blurred` says that demand hides the cells). Each becomes two numbers of periods
        that keep its probability, mean and variance: so those of the lead time stay, and no lead
        time leaves its cell.
    review_period : float, default 0
        Periods, added to each.
    demand_cv : float, default 0
        Standard deviation over mean of the demand of a period: 0 makes the finest cells.

    Returns
    -------
    ExposedPeriods

    Raises
    ------
    DomainError
        If either is negative or no number.

    Examples
    --------
    >>> from echelon.distributions import Empirical
    >>> exposed = exposed_periods(Empirical([2, 9], [0.7, 0.3]), review_period=1)
    >>> exposed.periods.tolist(), exposed.weights.tolist()
    ([3.0, 10.0], [0.7, 0.3])
    """
    review = not_negative("review_period", review_period)
    if isinstance(lead_time, (int, float, np.integer, np.floating)):
        fixed = not_negative("lead_time", lead_time)
        return ExposedPeriods(np.array([fixed + review]), np.array([1.0]))
    random = as_distribution(lead_time)
    if random.support[0] < 0.0:
        raise DomainError(
            f"lead_time {random!r} may be negative. "
            "Fix: use a family from 0 on, such as 'gamma' or 'truncated_normal'."
        )
    if isinstance(random, Empirical):
        values, weights = np.array(random.values), np.array(random.probabilities)
    elif lattice_step(random) is not None:
        one = increments_of(random)
        values = (one.first + np.arange(len(one.mass))) * one.numerator / one.denominator
        weights = one.mass
    else:
        values, weights = _cells(random, demand_cv)
    kept = weights > _LEAST_WEIGHT
    return _merged(values[kept] + review, weights[kept] / weights[kept].sum())


def blurred(std: float, time: float, demand_cv: float) -> bool:
    r"""Whether cells of a lead time are small beside what demand varies by itself.

    Over :math:`t` periods demand strays by :math:`c\sqrt t` periods' worth from its mean, with
    :math:`c` its coefficient of variation. Cells no longer than four times that move its
    distribution function by less than 0.0005 (measured, ``docs/method/exposure.md``).

    Parameters
    ----------
    std : float
        Standard deviation of the lead time, periods; a cell is a quarter of it.
    time : float
        Periods of demand, not negative.
    demand_cv : float
        Standard deviation over mean of the demand of a period; may be infinite.

    Returns
    -------
    bool
    """
    return time > 0.0 and _CELLS_PER_BLUR * demand_cv * sqrt(time) >= std / CELLS_PER_STD


def mixed(parts: Sequence[ExposedPeriods]) -> ExposedPeriods:
    """Give one of several exposures, each as likely as any other.

    Parameters
    ----------
    parts : sequence of ExposedPeriods
        At least one.

    Returns
    -------
    ExposedPeriods
    """
    weights = np.concatenate([one.weights for one in parts]) / len(parts)
    return _merged(np.concatenate([one.periods for one in parts]), weights)


def whole_periods(lead_time: Distribution) -> Empirical:
    """Round a random lead time up to whole periods: what arrives within one serves from the next.

    Parameters
    ----------
    lead_time : Distribution
        Periods, not negative.

    Returns
    -------
    Empirical
        Whole numbers of periods, all but a probability of 1e-12, which goes to the largest.

    Raises
    ------
    DomainError
        If it may be negative.

    Examples
    --------
    >>> from echelon.distributions import Uniform
    >>> whole_periods(Uniform(0.5, 2.5))
    Empirical(values=(1.0, 2.0, 3.0), probabilities=(0.25, 0.5, 0.25))
    """
    random = as_distribution(lead_time)
    if random.support[0] < 0.0:
        raise DomainError(f"lead_time {random!r} may be negative. Fix: use a family from 0 on.")
    high = random.support[1]
    last = ceil(float(random.ppf(1.0 - _TAIL)) if isinf(high) else high)
    numbers = np.arange(floor(random.support[0]), last + 1.0)
    reached = random.cdf(numbers)
    reached[-1] = 1.0
    chances = np.diff(reached, prepend=0.0)
    return Empirical(tuple(numbers.tolist()), tuple(chances.tolist()))


def poisson_counts(exposed: ExposedPeriods, rate: float) -> ExposedPeriods:
    """Number of orders in the exposed periods where they come at random.

    Parameters
    ----------
    exposed : ExposedPeriods
    rate : float
        Mean number of orders in a period.

    Returns
    -------
    ExposedPeriods
        Of orders instead of periods, all but a probability of about 1e-15.

    Raises
    ------
    DomainError
        If there may be more than two million orders.
    """
    means = exposed.periods * rate
    chances = np.zeros(_reach(float(means[-1]), sqrt(means[-1]))[1])
    for mean, weight in zip(means.tolist(), exposed.weights.tolist(), strict=True):
        begin, end = _reach(mean, sqrt(mean))
        counts = np.arange(begin, end)
        logs = scipy.special.xlogy(counts, mean) - mean - scipy.special.gammaln(counts + 1.0)
        chances[begin:end] += weight * np.exp(logs)
    return _kept(chances)


def binomial_counts(exposed: ExposedPeriods, occurrence: float) -> ExposedPeriods:
    """Number of orders in whole exposed periods where each has one with the same chance.

    Parameters
    ----------
    exposed : ExposedPeriods
        Whole.
    occurrence : float
        Chance of an order in a period, above 0.

    Returns
    -------
    ExposedPeriods
        Of orders instead of periods, all but a probability of about 1e-15.

    Raises
    ------
    DomainError
        If there may be more than two million orders.
    """
    chances = np.zeros(int(exposed.periods[-1]) + 1)
    for trials, weight in zip(exposed.periods.tolist(), exposed.weights.tolist(), strict=True):
        mean = trials * occurrence
        begin, end = _reach(mean, sqrt(mean * (1.0 - occurrence)))
        counts = np.arange(begin, min(end, int(trials) + 1))
        below = counts < trials
        left = np.where(below, trials - counts, 1.0)
        inside = scipy.special.betaincc(counts + 1.0, left, occurrence)
        chances[counts] += weight * np.diff(np.where(below, inside, 1.0), prepend=0.0)
    return _kept(chances)


def _reach(mean: float, std: float) -> tuple[int, int]:
    """From which number of orders to which all but a negligible probability lies."""
    end = ceil(mean + 9.0 * std) + 20
    if end > MOST_COUNTS:
        raise DomainError(
            f"exposure: up to {end:,} orders would be told apart. Fix: so many add up to a normal "
            "total; give the demand of a period as 'normal' or 'gamma', by its mean and std."
        )
    return max(0, floor(mean - 9.0 * std) - 20), end


def _kept(chances: Floats) -> ExposedPeriods:
    counts = np.flatnonzero(chances > _LEAST_WEIGHT)
    return ExposedPeriods(counts.astype(np.float64), chances[counts] / chances[counts].sum())


def _cells(lead_time: Distribution, demand_cv: float) -> tuple[Floats, Floats]:
    """Two numbers per cell with its probability, mean and variance, by integrals of the cdf."""
    low, high = lead_time.support
    end = float(lead_time.ppf(1.0 - _DENSITY_TAIL)) if isinf(high) else high
    body = min(float(lead_time.ppf(0.999)), end)
    n_body = ceil((body - low) / lead_time.std * CELLS_PER_STD)
    n_tail = ceil((end - body) / lead_time.std * 0.5 * CELLS_PER_STD)
    inner = np.linspace(low, body, min(max(n_body, 1), _MOST_CELLS) + 1)
    outer = np.linspace(body, end, n_tail + 1)
    if n_tail > _MOST_CELLS:  # a heavy tail: cells ever longer, each ever less likely
        outer = lead_time.ppf(1.0 - np.geomspace(0.001, _DENSITY_TAIL, _MOST_CELLS + 1))
    # from where on demand blurs the cells, which the time itself says: see `blurred`
    strays = CELLS_PER_STD * _CELLS_PER_BLUR * demand_cv
    hidden = (lead_time.std / strays) ** 2 if strays > 0.0 else np.inf
    fine = np.arange(FINE, float(lead_time.cdf(hidden)) if isfinite(hidden) else 1.0, FINE)
    quantiles = lead_time.ppf(np.concatenate((fine, np.arange(COARSE, 1.0, COARSE))))
    corners = np.unique(np.concatenate((inner, outer, [end], np.clip(quantiles, low, end))))
    cdf = lead_time.cdf(corners)
    # an atom at the low end belongs to the first cell
    cdf[0], cdf[-1] = 0.0, 1.0
    width = np.diff(corners)
    share = 0.5 * (_NODES + 1.0)
    crowded, weights = share**5, 0.5 * _WEIGHTS * 5.0 * share**4
    inside = lead_time.cdf(corners[:-1, None] + width[:, None] * crowded) - cdf[:-1, None]
    chance = np.diff(cdf)
    some = chance > _LEAST_WEIGHT
    chance, inside, width, start = chance[some], inside[some], width[some], corners[:-1][some]
    # E[(X - start); cell] = width * chance - integral of (F - F(start)), and so for the square
    first = width * (chance - inside @ weights) / chance
    second = width**2 * (chance - 2.0 * (inside @ (weights * crowded))) / chance
    return two_per_cell(start, width, chance, first, second)


def two_per_cell(
    start: Floats, width: Floats, chance: Floats, first: Floats, second: Floats
) -> tuple[Floats, Floats]:
    """Replace what lies in a cell by two numbers with its probability, mean and variance.

    Parameters
    ----------
    start, width : (n,) ndarray of float64
        Where each cell begins, and how long it is.
    chance : (n,) ndarray of float64
        Its probability, above 0.
    first, second : (n,) ndarray of float64
        First and second moment within the cell, counted from its start.

    Returns
    -------
    numbers, weights : (2 n,) ndarray of float64
        None outside its cell.
    """
    first = np.clip(first, 0.0, width)  # where it is 0, all on one value, rounding may say less
    spread = np.sqrt(np.maximum(second - first**2, 0.0))
    near, far, share = first - spread, first + spread, np.full(len(first), 0.5)
    # a skewed cell: one number at its end, the other where mean and variance stay the same
    left, right = near < 0.0, far > width
    rest = np.maximum(width - first, 0.0)
    # mean squares from either end: sums, so that rounding makes no share of more than 1 of them
    second, beyond = spread**2 + first**2, spread**2 + rest**2
    near = np.select([left, right], [0.0, width - beyond / np.maximum(rest, 1e-300)], near)
    far = np.select([left, right], [second / np.maximum(first, 1e-300), width], far)
    near, far = np.maximum(near, 0.0), np.minimum(far, width)
    heavy = first**2 / np.maximum(second, 1e-300), rest**2 / np.maximum(beyond, 1e-300)
    share = np.select([left, right], [1.0 - heavy[0], heavy[1]], share)
    return (
        np.concatenate((start + near, start + far)),
        np.concatenate((chance * share, chance * (1.0 - share))),
    )


def _merged(periods: Floats, weights: Floats) -> ExposedPeriods:
    distinct, place = np.unique(periods, return_inverse=True)
    return ExposedPeriods(distinct, np.bincount(place, weights).astype(np.float64))


def not_negative(name: str, value: object) -> float:
    """Give a number of periods as a float.

    Parameters
    ----------
    name : str
        The argument, for the message.
    value : object

    Returns
    -------
    float

    Raises
    ------
    DomainError
        If it is no finite number or negative.
    """
    number = require_number(name, value, owner="exposure")
    if number < 0.0:
        raise DomainError(f"exposure: {name} is {value!r}, must be >= 0. Fix: give periods.")
    return number
