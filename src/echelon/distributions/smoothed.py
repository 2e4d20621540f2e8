"""The smoothed empirical distribution: what was observed, and what lies between and beyond."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any, ClassVar, Self

import numpy as np
import scipy
from numpy.typing import ArrayLike

from echelon.distributions.arguments import (
    Floats,
    Size,
    probabilities_of,
    require_number,
    values_of,
)
from echelon.distributions.base import Distribution, register, sum_trivially
from echelon.distributions.blocks import in_blocks
from echelon.distributions.described import Described, needs_parameters
from echelon.distributions.empirical import Empirical
from echelon.distributions.inverse import smallest_reaching
from echelon.distributions.moments import MomentRule
from echelon.errors import DomainError


@register
@dataclass(frozen=True, slots=True)
class SmoothedEmpirical(Described):
    r"""Observed values, each spread by a gamma distribution around itself.

    A value :math:`x` becomes a gamma variable of mean :math:`x` and variance :math:`\theta x`:
    never negative, the mean is kept, larger values are blurred more, and a period without demand
    stays one. Bootstraps of intermittent demand jitter by the root of the value too [1]_; gamma
    kernels keep the boundary at 0, which normal ones cross [2]_. The variance is the observed one
    plus :math:`\theta` times the mean.

    Parameters
    ----------
    values : sequence of float
        Units, not negative, at least one above 0.
    probabilities : sequence of float
        One per value, together 1.
    smoothing : float
        :math:`\theta`, units, above 0.

    Raises
    ------
    DomainError
        If a number is missing or out of range, or the probabilities do not add up to 1.

    References
    ----------
    .. [1] Willemain, Smart & Schwarz (2004), A new approach to forecasting intermittent demand for
       service parts inventories, *International Journal of Forecasting* 20(3).
    .. [2] Chen (2000), Probability density function estimation using gamma kernels, *Annals of the
       Institute of Statistical Mathematics* 52(3).

    Examples
    --------
    >>> demand = SmoothedEmpirical([0, 4, 9], [0.5, 0.25, 0.25], 0.5)
    >>> demand.mean, demand.ppf(0.5).tolist(), round(float(demand.ppf(0.99)), 3)
    (3.25, 0.0, 13.035)
    """

    values: tuple[float, ...]
    probabilities: tuple[float, ...]
    smoothing: float

    family: ClassVar[str] = "smoothed_empirical"
    parameter_words: ClassVar[Mapping[str, str]] = {
        "values": "units",
        "probabilities": "one per value",
        "smoothing": "units, see the reference of the class",
    }
    example: ClassVar[Mapping[str, Any]] = {
        "values": [0, 4, 9],
        "probabilities": [0.5, 0.25, 0.25],
        "smoothing": 0.5,
    }
    moment_rules: ClassVar[tuple[MomentRule, ...]] = needs_parameters(example)

    def __post_init__(self) -> None:
        """Check and sort the values as the empirical distribution does."""
        observed = Empirical(self.values, self.probabilities)
        object.__setattr__(self, "values", observed.values)
        object.__setattr__(self, "probabilities", observed.probabilities)
        smoothing = require_number("smoothing", self.smoothing, owner=self.family)
        object.__setattr__(self, "smoothing", smoothing)
        if self.values[0] < 0.0 or not self.values[-1] > 0.0:
            raise DomainError(
                f"smoothed_empirical: values are from {self.values[0]!r} to {self.values[-1]!r}. "
                "Fix: give values >= 0, one of them above 0; else use family 'empirical'."
            )
        if not smoothing > 0.0:
            raise DomainError(
                f"smoothed_empirical: smoothing is {smoothing!r}, must be above 0 units. "
                "Fix: use family 'empirical' for no smoothing."
            )

    @property
    def discrete(self) -> bool:
        """False: there are values between the observed ones."""
        return False

    @property
    def mean(self) -> float:
        """Mean of the observed values, units."""
        return fsum(v * p for v, p in zip(self.values, self.probabilities, strict=True))

    @property
    def variance(self) -> float:
        """Observed variance plus smoothing times mean, units squared."""
        return Empirical(self.values, self.probabilities).variance + self.smoothing * self.mean

    @property
    def support(self) -> tuple[float, float]:
        """From 0 on, units."""
        return 0.0, float("inf")

    @classmethod
    def from_observations(cls, observations: ArrayLike, smoothing: float | None = None) -> Self:
        r"""Make the distribution in which every observation is equally likely, and spread it.

        Parameters
        ----------
        observations : (n,) array_like of float
            Units, not negative.
        smoothing : float, optional
            Units. Default: so that a value at the mean is spread by Silverman's bandwidth of the
            :math:`m` values above 0, :math:`0.9\min(s, \text{IQR}/1.34)\,m^{-1/5}` [1]_; where
            that is 0, because most values are one and the same, by that of their ``s`` alone.

        Returns
        -------
        SmoothedEmpirical

        Raises
        ------
        DomainError
            If there is no observation above 0, one is missing, infinite or negative, or no default
            exists because the values above 0 are all equal.

        References
        ----------
        .. [1] Silverman (1986), *Density Estimation for Statistics and Data Analysis*.

        Examples
        --------
        >>> round(SmoothedEmpirical.from_observations([0, 0, 3, 5, 4]).smoothing, 4)
        0.0727
        """
        observed = Empirical.from_observations(observations)
        if smoothing is None:
            seen = np.asarray(observations, dtype=np.float64)
            smoothing = _silverman(seen[seen > 0.0])
        return cls(observed.values, observed.probabilities, smoothing)

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, units."""
        chosen = Empirical(self.values, self.probabilities).sample(rng, size)
        drawn = rng.gamma(np.maximum(chosen / self.smoothing, 1e-300), self.smoothing, size)
        return np.where(chosen > 0.0, drawn, 0.0)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        points = values_of(x)
        shapes, weights, none = self.kernels()

        def kernels(scaled: Floats) -> Floats:
            return np.asarray(scipy.special.gammainc(shapes, scaled[..., None]) @ weights)

        scaled = np.maximum(points, 0.0) / self.smoothing
        inside = in_blocks(kernels, scaled, len(shapes)) + none
        return np.where(points < 0.0, 0.0, np.where(points == np.inf, 1.0, np.minimum(inside, 1.0)))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units; by bisection, to the last bit."""
        shares = probabilities_of(q)
        shapes = self.kernels()[0]
        high = self.smoothing * scipy.special.gammaincinv(shapes[-1], shares)
        return smallest_reaching(self.cdf, shares, np.zeros(shares.shape), np.asarray(high))

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over 0 or 1 periods; None otherwise: its values would multiply without limit."""
        return sum_trivially(self, periods)

    def kernels(self) -> tuple[Floats, Floats, float]:
        """Gamma kernels: their shapes and weights, and the probability of 0.

        Returns
        -------
        shapes, weights : (m,) ndarray of float64
            Of the values above 0; the scale of all is the smoothing.
        none : float
        """
        values, weights = np.array(self.values), np.array(self.probabilities)
        some = values > 0.0
        return values[some] / self.smoothing, weights[some], float(weights[~some].sum())


def _silverman(values: Floats) -> float:
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if spread == 0.0:
        raise DomainError(
            f"smoothed_empirical: the {len(values)} observations above 0 do not vary, so that no "
            "smoothing follows from them. Fix: give smoothing= in units, or use 'empirical'."
        )
    upper, lower = np.quantile(values, [0.75, 0.25])
    robust = float(upper - lower) / 1.34
    bandwidth = 0.9 * (min(spread, robust) or spread) * len(values) ** -0.2
    return float(bandwidth**2 / values.mean())
