"""The normal distribution cut off at zero, by the moments that are left."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import erfc, exp, log, pi, sqrt
from typing import ClassVar

import numpy as np
import scipy
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats, Size, probabilities_of, values_of
from echelon.distributions.base import Distribution, register, sum_trivially
from echelon.distributions.moments import POSITIVE_MEAN, MomentRule, TwoMoments

_LARGEST_CV = 0.999999


@register
@dataclass(frozen=True, slots=True)
class TruncatedNormal(TwoMoments):
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
    .. [1] Johnson, Kotz & Balakrishnan (1994), *Continuous Univariate Distributions* 1.

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
        TwoMoments.__post_init__(self)
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

    Above 3 by Laplace's continued fraction of the Mills ratio (Abramowitz & Stegun), in which
    nothing cancels: the excess is ``1 / (start + tail)``, ``tail = 2 / (start + 3 / ...)``.
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
