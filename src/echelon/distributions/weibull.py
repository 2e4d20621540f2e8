"""The Weibull distribution, by its moments."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import fsum, gamma, lgamma, log1p, pi, sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats, Size, probabilities_of, values_of
from echelon.distributions.base import Distribution, register, sum_trivially
from echelon.distributions.moments import POSITIVE_MEAN, MomentRule, TwoMoments

_LEAST_CV, _LARGEST_CV = 1e-6, 100.0


@register
@dataclass(frozen=True, slots=True)
class Weibull(TwoMoments):
    r"""Weibull demand or time: never negative, its tail set by one shape.

    :math:`F(x) = 1 - e^{-(x/\lambda)^k}` with mean :math:`\lambda\,\Gamma(1 + 1/k)` and
    :math:`(\text{std}/\text{mean})^2 = \Gamma(1 + 2/k)/\Gamma(1 + 1/k)^2 - 1` [1]_, which falls
    as :math:`k` grows, so one root gives the shape.

    Parameters
    ----------
    mean : float
        Units, above 0.
    std : float
        Units, from 1e-6 to 100 times the mean.

    Attributes
    ----------
    shape : float
        :math:`k`, no unit.
    scale : float
        :math:`\lambda`, units.

    Raises
    ------
    DomainError
        If a number is missing, infinite or out of range.

    References
    ----------
    .. [1] Johnson, Kotz & Balakrishnan (1994), *Continuous Univariate Distributions* 1.

    Examples
    --------
    >>> exponential = Weibull(10.0, 10.0)
    >>> round(exponential.shape, 12), round(exponential.scale, 12)
    (1.0, 10.0)
    """

    shape: float = field(init=False, repr=False, compare=False)
    scale: float = field(init=False, repr=False, compare=False)

    family: ClassVar[str] = "weibull"
    moment_rules: ClassVar[tuple[MomentRule, ...]] = (
        POSITIVE_MEAN,
        MomentRule(
            "std",
            lambda mean, std: (mean > 0.0) & (std > _LARGEST_CV * mean),
            f"must be at most {_LARGEST_CV:g} times the mean",
            "check the units; for demand as rare as that give family 'zero_inflated'",
        ),
        MomentRule(
            "std",
            lambda mean, std: (std > 0.0) & (std < _LEAST_CV * mean),
            f"must be at least {_LEAST_CV:g} times the mean",
            "give 0 for a known demand, or use family 'normal'",
        ),
    )

    def __post_init__(self) -> None:
        """Check the moments and solve for the shape."""
        TwoMoments.__post_init__(self)
        inverse = _inverse_shape(self.std / self.mean)
        object.__setattr__(self, "shape", 1.0 / inverse)
        object.__setattr__(self, "scale", self.mean / gamma(1.0 + inverse))

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, units."""
        return np.asarray(self.scale * rng.weibull(self.shape, size))

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        return np.asarray(-np.expm1(-self.hazard(values_of(x))))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units."""
        with np.errstate(divide="ignore"):  # q = 1 is at infinity
            exponent = -np.log1p(-probabilities_of(q))
        return np.asarray(self.scale * exponent ** (1.0 / self.shape))

    def hazard(self, x: Floats) -> Floats:
        """Cumulated hazard ``(x / scale)**shape``, 0 below 0; no unit."""
        with np.errstate(over="ignore"):  # beyond the last float the probability is 1
            return np.asarray((np.maximum(x, 0.0) / self.scale) ** self.shape)

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over 0 or 1 periods; None otherwise, the sum is not Weibull."""
        return sum_trivially(self, periods)


def _zeta(power: int) -> float:
    """Sum of ``k**-power`` over all k, by Euler and Maclaurin from k = 12 on."""
    k = 12.0
    head = fsum(n**-power for n in range(1, 12))
    tail = k ** (1 - power) / (power - 1) + 0.5 * k**-power + power * k ** (-power - 1) / 12.0
    curved = power * (power + 1) * (power + 2) * k ** (-power - 3)
    return head + tail - curved / 720.0 + curved * (power + 3) * (power + 4) / k**2 / 30240.0


_SERIES = tuple((-1.0) ** n * _zeta(n) * (2.0**n - 2.0) / n for n in range(2, 40))
_SERIES_BELOW = 0.1  # its terms then fall by 0.2 and more


def _log_ratio(inverse: float) -> float:
    """Logarithm of 1 + (std / mean)**2, of the inverse of the shape.

    Near 0, where the two logarithms of the gamma function cancel, by their power series
    (Abramowitz & Stegun).
    """
    if inverse > _SERIES_BELOW:
        return lgamma(1.0 + 2.0 * inverse) - 2.0 * lgamma(1.0 + inverse)
    return fsum(term * inverse**power for power, term in enumerate(_SERIES, 2))


def _inverse_shape(variation: float) -> float:
    """Inverse of the shape that has this std over mean, by Newton's method inside a bracket."""
    goal = log1p(variation * variation)
    low, high = 0.0, 60.0
    point = min(variation * sqrt(6.0) / pi, 1.0)
    for _ in range(200):
        error = _log_ratio(point) - goal
        low, high = (low, point) if error > 0.0 else (point, high)
        step = 1e-7 * point
        slope = (_log_ratio(point + step) - _log_ratio(point - step)) / (2.0 * step)
        nearer = point - error / slope
        if not low < nearer < high:
            nearer = 0.5 * (low + high)
        if abs(nearer - point) <= 1e-15 * point:
            break
        point = nearer
    return point
