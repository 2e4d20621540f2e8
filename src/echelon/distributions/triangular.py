"""The triangular distribution: a least, a likeliest and a largest value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import (
    Floats,
    Size,
    probabilities_of,
    require_number,
    values_of,
)
from echelon.distributions.base import Distribution, register, sum_trivially
from echelon.distributions.described import Described, needs_parameters
from echelon.distributions.moments import MomentRule
from echelon.errors import DomainError


@register
@dataclass(frozen=True, slots=True)
class Triangular(Described):
    """Three points of a person's judgement, with straight lines between them.

    Parameters
    ----------
    low, mode, high : float
        Units, ``low <= mode <= high`` and ``low < high``.

    Raises
    ------
    DomainError
        If a number is missing or infinite, or they are not in order.

    Examples
    --------
    >>> weeks = Triangular(2.0, 3.0, 10.0)
    >>> weeks.mean, round(float(weeks.ppf(0.95)), 4)
    (5.0, 8.3267)
    """

    low: float
    mode: float
    high: float

    family: ClassVar[str] = "triangular"
    parameter_words: ClassVar[Mapping[str, str]] = {
        "low": "units",
        "mode": "units, the most likely",
        "high": "units",
    }
    example: ClassVar[Mapping[str, Any]] = {"low": 2, "mode": 3, "high": 10}
    moment_rules: ClassVar[tuple[MomentRule, ...]] = needs_parameters(example)

    def __post_init__(self) -> None:
        """Check the three points."""
        for name in ("low", "mode", "high"):
            number = require_number(name, getattr(self, name), owner=self.family)
            object.__setattr__(self, name, number)
        if not (self.low <= self.mode <= self.high and self.low < self.high):
            raise DomainError(
                f"triangular: low is {self.low!r}, mode {self.mode!r} and high {self.high!r}. Fix: "
                "give them in this order, low below high; a known demand is Deterministic(value)."
            )

    @property
    def discrete(self) -> bool:
        """False: every value between the limits is possible."""
        return False

    @property
    def mean(self) -> float:
        """A third of the sum of the three points, units."""
        return self.low + ((self.mode - self.low) + (self.high - self.low)) / 3.0

    @property
    def variance(self) -> float:
        """Variance, units squared."""
        left, width = self.mode - self.low, self.high - self.low
        return (width * width - left * (width - left)) / 18.0

    @property
    def support(self) -> tuple[float, float]:
        """The limits, units."""
        return self.low, self.high

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, units."""
        return rng.triangular(self.low, self.mode, self.high, size)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        points = np.clip(values_of(x), self.low, self.high)
        width = self.high - self.low
        with np.errstate(divide="ignore", invalid="ignore"):  # the side that is not there
            rising = (points - self.low) ** 2 / (width * (self.mode - self.low))
            falling = 1.0 - (self.high - points) ** 2 / (width * (self.high - self.mode))
        return np.where((points < self.mode) | (self.mode == self.high), rising, falling)

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units."""
        shares = probabilities_of(q)
        left, width = self.mode - self.low, self.high - self.low
        rising = self.low + np.sqrt(shares * width * left)
        falling = self.high - np.sqrt((1.0 - shares) * width * (width - left))
        return np.where(shares * width < left, rising, falling)

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over 0 or 1 periods; None otherwise, the sum is not triangular."""
        return sum_trivially(self, periods)
