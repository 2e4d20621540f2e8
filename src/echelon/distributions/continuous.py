"""Families with a density: normal, gamma, lognormal, uniform.

``scipy.special`` is reached through ``scipy`` and so loaded when a probability is first asked
for: drawing, checking a table and building a network do not pay for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, log1p, sqrt
from typing import Any, ClassVar, Self

import numpy as np
import scipy
from numpy.typing import ArrayLike

from echelon.distributions.arguments import (
    Floats,
    Parameters,
    Size,
    probabilities_of,
    require_number,
    take_parameters,
    values_of,
)
from echelon.distributions.base import Distribution, register, sum_trivially
from echelon.distributions.moments import (
    POSITIVE_MEAN,
    WIDEST,
    MomentRule,
    TwoMoments,
    require_spread,
)
from echelon.distributions.tails import gamma_lower
from echelon.errors import DomainError


@register
@dataclass(frozen=True, slots=True)
class Normal(TwoMoments):
    """Normal demand; negative draws are returns (clause 9.4 of the convention).

    Parameters
    ----------
    mean : float
        Units, any sign.
    std : float
        Units, above 0.

    Raises
    ------
    DomainError
        If a number is missing, infinite or out of range.

    Examples
    --------
    >>> Normal(100.0, 20.0).sum_over(4)
    Normal(mean=400.0, std=40.0)
    """

    family: ClassVar[str] = "normal"

    @property
    def support(self) -> tuple[float, float]:
        """The whole line."""
        return float("-inf"), float("inf")

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, units."""
        return rng.normal(self.mean, self.std, size)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        return np.asarray(scipy.special.ndtr((values_of(x) - self.mean) / self.std))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units."""
        return np.asarray(self.mean + self.std * scipy.special.ndtri(probabilities_of(q)))

    def sum_over(self, periods: float) -> Distribution:
        """Total over ``periods``, which may be fractional: normal again."""
        trivial = sum_trivially(self, periods)
        return trivial or Normal(self.mean * periods, self.std * sqrt(periods))


@register
@dataclass(frozen=True, slots=True)
class Gamma(TwoMoments):
    """Gamma demand, never negative, skewed to the right.

    Shape is ``(mean / std)**2`` and scale ``std**2 / mean``.

    Parameters
    ----------
    mean, std : float
        Units, above 0.

    Raises
    ------
    DomainError
        If a number is missing, infinite or out of range.

    Examples
    --------
    >>> Gamma(10.0, 5.0).sum_over(2.25)
    Gamma(mean=22.5, std=7.5)
    """

    family: ClassVar[str] = "gamma"
    moment_rules: ClassVar[tuple[MomentRule, ...]] = (POSITIVE_MEAN, WIDEST)

    @property
    def shape(self) -> float:
        """Shape, no unit."""
        return (self.mean / self.std) ** 2

    @property
    def scale(self) -> float:
        """Scale, units."""
        return self.std * (self.std / self.mean)

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, units."""
        return rng.gamma(self.shape, self.scale, size)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        points = np.maximum(values_of(x), 0.0)
        return gamma_lower(np.full(points.shape, self.shape), points / self.scale)

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units."""
        return np.asarray(self.scale * scipy.special.gammaincinv(self.shape, probabilities_of(q)))

    def sum_over(self, periods: float) -> Distribution:
        """Total over ``periods``, which may be fractional: gamma again."""
        trivial = sum_trivially(self, periods)
        return trivial or Gamma(self.mean * periods, self.std * sqrt(periods))


@register
@dataclass(frozen=True, slots=True)
class LogNormal(TwoMoments):
    """Demand whose logarithm is normal: never negative, with a heavy right tail.

    The logarithm has variance ``log(1 + (std / mean)**2)`` and mean ``log(mean)`` less half that.

    Parameters
    ----------
    mean, std : float
        Units, above 0; of the demand, not of its logarithm.

    Raises
    ------
    DomainError
        If a number is missing, infinite or out of range.

    Examples
    --------
    >>> round(float(LogNormal(10.0, 5.0).ppf(0.5)), 4)  # the median lies below the mean
    8.9443
    """

    family: ClassVar[str] = "lognormal"
    moment_rules: ClassVar[tuple[MomentRule, ...]] = (POSITIVE_MEAN, WIDEST)

    @property
    def log_std(self) -> float:
        """Standard deviation of the logarithm, no unit."""
        return sqrt(log1p((self.std / self.mean) ** 2))

    @property
    def log_mean(self) -> float:
        """Mean of the logarithm, no unit."""
        return log(self.mean) - 0.5 * self.log_std**2

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, units."""
        return rng.lognormal(self.log_mean, self.log_std, size)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        with np.errstate(divide="ignore"):  # nothing lies below 0
            logs = np.log(np.maximum(values_of(x), 0.0))
        return np.asarray(scipy.special.ndtr((logs - self.log_mean) / self.log_std))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units."""
        deviates = scipy.special.ndtri(probabilities_of(q))
        return np.asarray(np.exp(self.log_mean + self.log_std * deviates))

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over 0 or 1 periods; None otherwise, the sum is not lognormal."""
        return sum_trivially(self, periods)


@register
@dataclass(frozen=True, slots=True)
class Uniform:
    """Demand spread evenly between two limits.

    Parameters
    ----------
    low, high : float
        Units, ``low < high``; a negative ``low`` means that returns may exceed demand.

    Raises
    ------
    DomainError
        If a limit is missing or infinite, or they are not in order.

    Examples
    --------
    >>> round(Uniform(0.0, 12.0).std, 6)
    3.464102
    >>> Uniform.from_moments(6.0, 3.0)
    Uniform(low=0.803847577293368, high=11.196152422706632)
    """

    low: float
    high: float

    family: ClassVar[str] = "uniform"
    moment_rules: ClassVar[tuple[MomentRule, ...]] = ()
    parameter_words: ClassVar[Mapping[str, str]] = {
        "low": "units",
        "high": "units; together in place of mean and std",
    }
    example: ClassVar[Mapping[str, Any]] = {"low": 0.0, "high": 12.0}

    def __post_init__(self) -> None:
        """Check the limits."""
        for name in ("low", "high"):
            number = require_number(name, getattr(self, name), owner=self.family)
            object.__setattr__(self, name, number)
        if not self.low < self.high:
            raise DomainError(
                f"uniform: low is {self.low!r} and high {self.high!r}. "
                "Fix: low must be below high; a known demand is Deterministic(value)."
            )

    @property
    def discrete(self) -> bool:
        """False: every value between the limits is possible."""
        return False

    @property
    def mean(self) -> float:
        """Middle of the limits, units."""
        return 0.5 * self.low + 0.5 * self.high

    @property
    def variance(self) -> float:
        """Squared width over 12, units squared."""
        return self.std**2

    @property
    def std(self) -> float:
        """Standard deviation, units."""
        return (self.high - self.low) / sqrt(12.0)

    @property
    def support(self) -> tuple[float, float]:
        """The limits, units."""
        return self.low, self.high

    def parameters(self) -> dict[str, Any]:
        """Give the limits."""
        return {"low": self.low, "high": self.high}

    @classmethod
    def expected_std(cls, _mean: Any) -> Any:
        """None: the deviation is free."""
        return None

    @classmethod
    def from_moments(cls, mean: float, std: float) -> Self:
        """Limits at the mean, less and plus the square root of 3 standard deviations."""
        require_spread(cls, mean, std)
        return cls(mean - sqrt(3.0) * std, mean + sqrt(3.0) * std)

    @classmethod
    def from_parameters(cls, _mean: float, _std: float, parameters: Parameters) -> Self:
        """Make it from ``low`` and ``high``."""
        take_parameters(cls.family, parameters, ("low", "high"))
        return cls(parameters["low"], parameters["high"])

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, units."""
        return rng.uniform(self.low, self.high, size)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        return np.asarray(((values_of(x) - self.low) / (self.high - self.low)).clip(0.0, 1.0))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units."""
        shares = probabilities_of(q)
        return np.asarray(self.low * (1.0 - shares) + self.high * shares)

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over 0 or 1 periods; None otherwise, the sum is not uniform."""
        return sum_trivially(self, periods)
