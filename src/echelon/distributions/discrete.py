"""Families on points: Poisson, negative binomial, deterministic.

``scipy.special`` is reached through ``scipy`` and so loaded when a probability is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import (
    Floats,
    Parameters,
    Size,
    no_parameters,
    probabilities_of,
    require_number,
    values_of,
)
from echelon.distributions.base import Distribution, register, sum_trivially
from echelon.distributions.closed import by_blocks, negative_binomial_columns
from echelon.distributions.counting import failures_most
from echelon.distributions.moments import (
    NOT_NEGATIVE,
    ROUNDING,
    WIDEST,
    MomentRule,
    TwoMoments,
    require_moments,
)
from echelon.distributions.tails import gamma_upper
from echelon.errors import DomainError


@register
@dataclass(frozen=True, slots=True)
class Poisson:
    """Single units asked for at random, independently of one another.

    Parameters
    ----------
    mean : float
        Units per period, at least 0; the variance is the same number.

    Raises
    ------
    DomainError
        If the mean is missing, infinite or negative.

    Examples
    --------
    >>> Poisson(4.0).sum_over(2.5)
    Poisson(mean=10.0)
    >>> round(float(Poisson(4.0).cdf(3)), 6)
    0.43347
    """

    mean: float

    family: ClassVar[str] = "poisson"
    moment_rules: ClassVar[tuple[MomentRule, ...]] = (
        NOT_NEGATIVE,
        MomentRule(
            "std",
            # written on squares, so that a negative mean, told of above, raises no warning here
            lambda mean, std: abs(std * std - mean) > 2.0 * ROUNDING * abs(mean),
            "must be the square root of the mean",
            "leave std blank, or use 'negative_binomial' (larger) or 'gamma'",
        ),
    )

    def __post_init__(self) -> None:
        """Check the mean."""
        mean = require_number("mean", self.mean, owner=self.family)
        object.__setattr__(self, "mean", mean)
        if mean < 0.0:
            raise DomainError(f"poisson: mean is {mean!r}, must be >= 0. Fix: give a mean >= 0.")

    @classmethod
    def of_checked(cls, mean: float, _std: float) -> Self:
        """Make it from moments of which it is known that they keep all rules: not looked at."""
        made = object.__new__(cls)
        object.__setattr__(made, "mean", mean)
        return made

    @property
    def discrete(self) -> bool:
        """True: whole units."""
        return True

    @property
    def variance(self) -> float:
        """The mean, units squared."""
        return self.mean

    @property
    def std(self) -> float:
        """Square root of the mean, units."""
        return sqrt(self.mean)

    @property
    def support(self) -> tuple[float, float]:
        """Whole numbers from 0; only 0 if the mean is 0."""
        return 0.0, float("inf") if self.mean > 0.0 else 0.0

    def parameters(self) -> dict[str, Any]:
        """Empty: the mean says all."""
        return {}

    @classmethod
    def expected_std(cls, mean: Any) -> Any:
        """Square root of the mean; NaN where the mean is negative or missing."""
        return np.sqrt(np.where(np.less(mean, 0.0), np.nan, mean))

    @classmethod
    def from_moments(cls, mean: float, std: float) -> Self:
        """Make it from the mean; ``std`` must be its square root (to 0.1 %)."""
        require_moments(cls, mean, std)
        return cls(mean)

    @classmethod
    def from_parameters(cls, mean: float, _std: float, parameters: Parameters) -> Self:
        """Make it from the mean; there are no parameters."""
        no_parameters(cls.family, parameters)
        return cls(mean)

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, whole units as floats."""
        return rng.poisson(self.mean, size).astype(np.float64)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        return self._cumulated(np.floor(values_of(x)))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, whole units."""
        return whole_quantiles(self._cumulated, probabilities_of(q), self)

    def sum_over(self, periods: float) -> Distribution:
        """Total over ``periods``, which may be fractional: Poisson again."""
        return sum_trivially(self, periods) or Poisson(self.mean * periods)

    def _cumulated(self, units: Floats) -> Floats:
        counted = np.where((units < 0.0) | (units == np.inf), 0.0, units)
        inside = gamma_upper(counted + 1.0, np.full(counted.shape, self.mean))
        return np.where(units < 0.0, 0.0, np.where(units == np.inf, 1.0, inside))


@register
@dataclass(frozen=True, slots=True)
class NegativeBinomial(TwoMoments):
    """Whole units that vary more than Poisson: clustered or intermittent demand.

    With ``p = mean / variance`` and ``r = mean * p / (1 - p)`` (any positive number) it is the
    count of failures before the r-th success; the sum of a logarithmic number of units per order
    over Poisson orders [1]_.

    Parameters
    ----------
    mean, std : float
        Units per period; ``mean > 0`` and ``std**2 > mean``.

    Raises
    ------
    DomainError
        If a number is missing, infinite or out of range.

    References
    ----------
    .. [1] Johnson, Kemp & Kotz (2005), *Univariate Discrete Distributions*.

    Examples
    --------
    >>> NegativeBinomial(4.0, 3.0).sum_over(4)
    NegativeBinomial(mean=16.0, std=6.0)
    """

    family: ClassVar[str] = "negative_binomial"
    moment_rules: ClassVar[tuple[MomentRule, ...]] = (
        NOT_NEGATIVE,
        MomentRule(
            "std",
            lambda mean, std: (std > 0.0) & (std * (std / (1.0 + _NEAREST_TO_POISSON)) <= mean),
            "squared must be above the mean",
            "use family 'poisson' where the variance is the mean, 'gamma' where it is smaller",
        ),
        MomentRule(
            "mean",
            lambda mean, std: (mean == 0.0) & (std > 0.0),
            "must be above 0 where std is",
            "give a positive mean; a demand of 0 has std 0",
        ),
        WIDEST,
    )

    @property
    def discrete(self) -> bool:
        """True: whole units."""
        return True

    @property
    def successes(self) -> float:
        """The parameter r, no unit."""
        return self.mean * (self.mean / (self.variance - self.mean))

    @property
    def probability(self) -> float:
        """The parameter p, no unit."""
        return self.mean / self.variance

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, whole units as floats: Poisson with a gamma mean."""
        rates = rng.gamma(self.successes, (self.variance - self.mean) / self.mean, size)
        return rng.poisson(rates).astype(np.float64)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        return self._cumulated(np.floor(values_of(x)))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, whole units."""
        return whole_quantiles(self._cumulated, probabilities_of(q), self)

    def sum_over(self, periods: float) -> Distribution:
        """Total over ``periods``, which may be fractional: negative binomial again."""
        trivial = sum_trivially(self, periods)
        return trivial or NegativeBinomial(self.mean * periods, self.std * sqrt(periods))

    def _cumulated(self, units: Floats) -> Floats:
        below = units < 0.0
        beyond = units == np.inf
        counted = np.where(below | beyond, 0.0, units)
        moments = np.full(counted.shape, self.mean), np.full(counted.shape, self.std)
        inside = by_blocks(failures_most, counted, *negative_binomial_columns(*moments))
        return np.where(below, 0.0, np.where(beyond, 1.0, inside))


_NEAREST_TO_POISSON = 1e-6


@register
@dataclass(frozen=True, slots=True)
class Deterministic:
    """The same known quantity in every period.

    Parameters
    ----------
    value : float
        Units per period.

    Raises
    ------
    DomainError
        If the value is missing or infinite.

    Examples
    --------
    >>> Deterministic(5.0).sum_over(2.5)
    Deterministic(value=12.5)
    """

    value: float

    family: ClassVar[str] = "deterministic"
    moment_rules: ClassVar[tuple[MomentRule, ...]] = (
        MomentRule(
            "std",
            lambda _mean, std: std > 0.0,
            "must be 0",
            "leave std blank, or choose a family that varies",
        ),
    )

    def __post_init__(self) -> None:
        """Check the value."""
        object.__setattr__(self, "value", require_number("value", self.value, owner=self.family))

    @property
    def discrete(self) -> bool:
        """True: a single point."""
        return True

    @property
    def mean(self) -> float:
        """The value, units."""
        return self.value

    @property
    def variance(self) -> float:
        """0."""
        return 0.0

    @property
    def std(self) -> float:
        """0."""
        return 0.0

    @property
    def support(self) -> tuple[float, float]:
        """The value, twice."""
        return self.value, self.value

    def parameters(self) -> dict[str, Any]:
        """Empty: the mean says all."""
        return {}

    @classmethod
    def expected_std(cls, mean: Any) -> Any:
        """0 for every mean."""
        return np.zeros_like(mean, dtype=np.float64)

    @classmethod
    def from_moments(cls, mean: float, std: float) -> Self:
        """Make it from the mean; ``std`` must be 0."""
        require_moments(cls, mean, std)
        return cls(mean)

    @classmethod
    def from_parameters(cls, mean: float, _std: float, parameters: Parameters) -> Self:
        """Make it from the mean; there are no parameters."""
        no_parameters(cls.family, parameters)
        return cls(mean)

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:  # noqa: ARG002
        """Give an array of shape ``size`` full of the value, units."""
        return np.full(size, self.value)

    def cdf(self, x: ArrayLike) -> Floats:
        """0 below the value, 1 from it on."""
        return np.asarray((values_of(x) >= self.value).astype(np.float64))

    def ppf(self, q: ArrayLike) -> Floats:
        """Give the value, whatever the probability."""
        return np.full(probabilities_of(q).shape, self.value)

    def sum_over(self, periods: float) -> Distribution:
        """Total over ``periods``, which may be fractional."""
        return sum_trivially(self, periods) or Deterministic(self.value * periods)


def whole_quantiles(
    cumulated: Callable[[Floats], Floats], shares: Floats, distribution: Distribution
) -> Floats:
    """Smallest whole number whose cumulated probability reaches each share, by bisection.

    Parameters
    ----------
    cumulated : callable
        Probability of at most so many units, for an array of whole numbers >= 0.
    shares : ndarray of float64
        Probabilities between 0 and 1.
    distribution : Distribution
        Whose moments say where to look first.

    Returns
    -------
    ndarray of float64, shape of ``shares``
        The end of the support where the share is 1.
    """
    high = np.ceil(distribution.mean + 8.0 * distribution.std + 8.0)
    wanted = np.where(shares == 1.0, 0.0, shares)
    below = np.full(shares.shape, -1.0)
    reached = np.full(shares.shape, high)
    while (short := (cumulated(reached) < wanted) & (reached < _LAST_WHOLE)).any():
        below = np.where(short, reached, below)
        reached = np.where(short, 2.0 * reached, reached)
    while (reached - below).max(initial=0.0) > 1.0:
        middle = np.floor(0.5 * (below + reached))
        enough = cumulated(middle) >= wanted
        reached = np.where(enough, middle, reached)
        below = np.where(enough, below, middle)
    # a share of 0 is reached by any number; the support begins at 0
    return np.where(shares == 1.0, distribution.support[1], np.maximum(reached, 0.0))


_LAST_WHOLE = 2.0**52  # beyond it a float no longer counts single units
