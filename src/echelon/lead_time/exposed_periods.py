"""How long stock is exposed: a lead time, fixed or random, and a review period, as a mixture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isinf, sqrt

import numpy as np
import scipy

from echelon.distributions.arguments import Floats, require_number
from echelon.distributions.base import Distribution, as_distribution
from echelon.distributions.empirical import Empirical
from echelon.distributions.lattice import increments_of, lattice_step
from echelon.errors import DomainError

_CELLS_PER_STD = 4.0
_MOST_CELLS = 200
_DENSITY_TAIL = 1e-10
_TAIL = 1e-12
_LEAST_WEIGHT = 1e-16
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


def exposed_periods(lead_time: float | Distribution, review_period: float = 0.0) -> ExposedPeriods:
    r"""Take a lead time apart into numbers of periods, each with its probability.

    Parameters
    ----------
    lead_time : float or Distribution
        Periods, not negative. One on separate points is taken as it is, all but a probability of
        1e-15. A density is cut into cells of a quarter of a standard deviation, half of one beyond
        the 99.9 % quantile, and each cell becomes two numbers of periods that keep its probability,
        mean and variance: so those of the lead time stay, and no lead time leaves its cell.
    review_period : float, default 0
        Periods, added to each.

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
        values, weights = _cells(random)
    kept = weights > _LEAST_WEIGHT
    return _merged(values[kept] + review, weights[kept] / weights[kept].sum())


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
    """
    means = exposed.periods * rate
    most = float(means[-1])
    counts = np.arange(ceil(most + 9.0 * sqrt(most)) + 20)
    logs = np.where(means > 0.0, np.log(np.maximum(means, 1e-300)), -np.inf)
    with np.errstate(invalid="ignore"):
        powers = np.where(counts > 0, counts * logs[:, None], 0.0)
    chances = np.exp(powers - means[:, None] - scipy.special.gammaln(counts + 1.0))
    return _kept(counts.astype(np.float64), exposed.weights @ chances)


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
    """
    trials = exposed.periods[:, None]
    counts = np.arange(exposed.periods[-1] + 1.0)
    below = counts < trials
    inside = scipy.special.betaincc(counts + 1.0, np.where(below, trials - counts, 1.0), occurrence)
    chances = np.diff(np.where(below, inside, 1.0), prepend=0.0, axis=1)
    return _kept(counts, exposed.weights @ chances)


def _kept(counts: Floats, chances: Floats) -> ExposedPeriods:
    some = chances > _LEAST_WEIGHT
    return ExposedPeriods(counts[some], chances[some] / chances[some].sum())


def _cells(lead_time: Distribution) -> tuple[Floats, Floats]:
    """Two numbers per cell with its probability, mean and variance, by integrals of the cdf."""
    low, high = lead_time.support
    end = float(lead_time.ppf(1.0 - _DENSITY_TAIL)) if isinf(high) else high
    body = min(float(lead_time.ppf(0.999)), end)
    n_body = ceil((body - low) / lead_time.std * _CELLS_PER_STD)
    n_tail = ceil((end - body) / lead_time.std * 0.5 * _CELLS_PER_STD)
    inner = np.linspace(low, body, min(max(n_body, 1), _MOST_CELLS) + 1)
    outer = np.linspace(body, end, n_tail + 1)
    if n_tail > _MOST_CELLS:  # a heavy tail: cells ever longer, each ever less likely
        outer = lead_time.ppf(1.0 - np.geomspace(0.001, _DENSITY_TAIL, _MOST_CELLS + 1))
    corners = np.unique(np.concatenate((inner, outer, [end])))
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
    spread = np.sqrt(np.maximum(second - first**2, 0.0))
    near, far, share = first - spread, first + spread, np.full(len(first), 0.5)
    # a skewed cell: one number at its end, the other where mean and variance stay the same
    left, right = near < 0.0, far > width
    rest, beyond = width - first, width**2 - 2.0 * width * first + second
    near = np.select([left, right], [0.0, width - beyond / np.maximum(rest, 1e-300)], near)
    far = np.select([left, right], [second / np.maximum(first, 1e-300), width], far)
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
