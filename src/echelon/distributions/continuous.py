"""Families with a density: normal, truncated normal, gamma, lognormal, uniform.

``scipy.special`` is reached through ``scipy`` and so loaded when a probability is first asked
for: drawing, checking a table and building a network do not pay for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import erfc, exp, log, log1p, pi, sqrt
from typing import Any, ClassVar, Self

import numpy as np
import scipy
from numpy.typing import ArrayLike

from echelon.distributions.base import (
    Distribution,
    Floats,
    MomentRule,
    Parameters,
    Size,
    no_parameters,
    probabilities_of,
    register,
    require_number,
    require_spread,
    sum_trivially,
    take_parameters,
    values_of,
)
from echelon.errors import DomainError

POSITIVE_MEAN = MomentRule(
    "mean",
    lambda mean, std: (mean < 0.0) | ((mean == 0.0) & (std > 0.0)),
    "must be above 0",
    "give a positive mean, or use family 'normal' if returns may exceed demand",
)
"""A variable that cannot be negative has a mean above 0; 0 only if it is known to be 0."""

WIDEST = MomentRule(
    "std",
    lambda mean, std: (mean > 0.0) & (std > 1000.0 * mean),
    "is more than 1000 times the mean",
    "check the units; for demand as rare as that give family 'empirical' with its values",
)
"""Beyond it nearly every quantile is 0 to the last digit, and no simulation meets a demand."""


@dataclass(frozen=True, slots=True)
class _TwoMoments:
    """What families share whose mean and standard deviation are all there is."""

    mean: float
    std: float

    family: ClassVar[str]
    moment_rules: ClassVar[tuple[MomentRule, ...]] = ()

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            number = require_number(name, getattr(self, name), owner=self.family)
            object.__setattr__(self, name, number)
        require_spread(type(self), self.mean, self.std)

    @property
    def variance(self) -> float:
        return self.std**2

    @property
    def discrete(self) -> bool:
        return False

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, float("inf")

    def parameters(self) -> dict[str, Any]:
        return {}

    @classmethod
    def expected_std(cls, _mean: Any) -> Any:
        return None

    @classmethod
    def from_moments(cls, mean: float, std: float) -> Self:
        return cls(mean, std)

    @classmethod
    def from_parameters(cls, mean: float, std: float, parameters: Parameters) -> Self:
        no_parameters(cls, parameters)
        return cls(mean, std)


@register
@dataclass(frozen=True, slots=True)
class Normal(_TwoMoments):
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


_LARGEST_CV = 0.999999


@register
@dataclass(frozen=True, slots=True)
class TruncatedNormal(_TwoMoments):
    r"""Normal demand on the condition that it is not negative.

    The moments are those of the truncated variable. With :math:`a = -\text{location}/\text{scale}`
    and :math:`\lambda(a) = \varphi(a)/\bar\Phi(a)` its mean is
    :math:`\text{scale}\,(\lambda - a)` and its variance
    :math:`\text{scale}^2\,(1 - \lambda(\lambda - a))` [1]_; the coefficient of variation grows with
    :math:`a` from 0 to the exponential's 1, so one root gives ``location`` and ``scale``.

    Parameters
    ----------
    mean : float
        Units, above 0.
    std : float
        Units, above 0 and at most 0.999999 times the mean.

    Attributes
    ----------
    location, scale : float
        Mean and standard deviation of the normal before truncation, units.

    Raises
    ------
    DomainError
        If a number is missing, infinite or out of range.

    References
    ----------
    .. [1] Johnson, Kotz & Balakrishnan (1994), *Continuous Univariate Distributions* 1, 13.10.1.

    Examples
    --------
    >>> demand = TruncatedNormal(10.0, 6.0)
    >>> round(demand.location, 3), round(demand.scale, 3)
    (8.147, 7.384)
    """

    location: float = field(init=False, repr=False, compare=False)
    scale: float = field(init=False, repr=False, compare=False)

    family: ClassVar[str] = "truncated_normal"
    moment_rules: ClassVar[tuple[MomentRule, ...]] = (
        POSITIVE_MEAN,
        MomentRule(
            "std",
            lambda mean, std: (mean > 0.0) & (std > _LARGEST_CV * mean),
            f"must be at most {_LARGEST_CV} times the mean",
            "use family 'gamma', which takes any ratio of std to mean",
        ),
    )

    def __post_init__(self) -> None:
        """Check the moments and solve for the normal before truncation."""
        _TwoMoments.__post_init__(self)
        start = _truncation_point(self.std / self.mean)
        scale = self.mean / _standard_moments(start)[0]
        object.__setattr__(self, "scale", scale)
        object.__setattr__(self, "location", -start * scale)

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size`` by inversion, units."""
        return self.ppf(rng.random(size))

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        return np.asarray(-np.expm1(self._log_survival(values_of(x))))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units."""
        shares = probabilities_of(q)
        start = -self.location / self.scale
        with np.errstate(divide="ignore", invalid="ignore"):  # q = 1 is at infinity
            survival = np.log1p(-shares)
            # of the untruncated normal: beyond the truncation point, and of that the share 1 - q
            beyond = scipy.special.ndtri_exp(survival + scipy.special.log_ndtr(-start))
            x = np.maximum(self.location - self.scale * beyond, 0.0)
            if start > 1.0:  # location and quantile nearly cancel: one Newton step mends it
                hazard = sqrt(2.0 / pi) / scipy.special.erfcx((start + x / self.scale) / sqrt(2.0))
                x = np.maximum(x + (self._log_survival(x) - survival) * self.scale / hazard, 0.0)
        return np.asarray(np.select([shares == 0.0, shares == 1.0], [0.0, np.inf], x))

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over 0 or 1 periods; None otherwise, the sum is no truncated normal."""
        return sum_trivially(self, periods)

    def _log_survival(self, x: Floats) -> Floats:
        """Logarithm of the probability of more than ``x`` units."""
        start = -self.location / self.scale
        steps = np.maximum(x, 0.0) / self.scale
        if start <= 1.0:
            log_ndtr = scipy.special.log_ndtr
            return np.asarray(log_ndtr(-(start + steps)) - log_ndtr(-start))
        erfcx = scipy.special.erfcx
        with np.errstate(divide="ignore"):  # nothing lies above infinity
            ratio = np.log(erfcx((start + steps) / sqrt(2.0)) / erfcx(start / sqrt(2.0)))
        return np.asarray(ratio - steps * (0.5 * steps + start))


def _standard_moments(start: float) -> tuple[float, float]:
    """Mean and variance of a standard normal's excess over ``start``, given that it exceeds it.

    Above 3 by Laplace's continued fraction of the Mills ratio (Abramowitz & Stegun 26.2.14), in
    which nothing cancels: the excess is ``1 / (start + tail)``, ``tail = 2 / (start + 3 / ...)``.
    """
    if start <= 3.0:
        hazard = exp(-0.5 * start * start) / sqrt(2.0 * pi) / (0.5 * erfc(start / sqrt(2.0)))
        excess = hazard - start
        return excess, 1.0 - hazard * excess
    tail = 0.0
    for term in range(80, 1, -1):
        tail = term / (start + tail)
    excess = 1.0 / (start + tail)
    return excess, (tail - excess) * excess


def _truncation_point(variation: float) -> float:
    """Standardised truncation point at which the truncated normal has this std over mean.

    Newton's method on the logarithm of the squared ratio, kept inside a shrinking bracket.
    """
    if variation < 1.0 / 40.0:
        return -1.0 / variation  # the part cut off, below 1e-349, is no longer a number
    low, high = -41.0, 2000.0
    goal = 2.0 * log(variation)
    point = sqrt(2.0 / (1.0 - variation**2)) if variation > 0.9 else 1.0 - 1.0 / variation
    while True:
        excess, spread = _standard_moments(point)
        error = log(spread / excess**2) - goal
        low, high = (point, high) if error < 0.0 else (low, point)
        hazard = excess + point
        slope = hazard * (spread - excess**2) / spread + 2.0 * spread / excess
        step = point - error / slope if slope > 0.0 else low
        nearer = step if low < step < high else 0.5 * (low + high)
        if abs(nearer - point) <= 1e-14 * max(1.0, abs(point)):
            return nearer
        point = nearer


@register
@dataclass(frozen=True, slots=True)
class Gamma(_TwoMoments):
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
        return np.asarray(scipy.special.gammainc(self.shape, points / self.scale))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units."""
        return np.asarray(self.scale * scipy.special.gammaincinv(self.shape, probabilities_of(q)))

    def sum_over(self, periods: float) -> Distribution:
        """Total over ``periods``, which may be fractional: gamma again."""
        trivial = sum_trivially(self, periods)
        return trivial or Gamma(self.mean * periods, self.std * sqrt(periods))


@register
@dataclass(frozen=True, slots=True)
class LogNormal(_TwoMoments):
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
        take_parameters(cls, parameters, ("low", "high"))
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
