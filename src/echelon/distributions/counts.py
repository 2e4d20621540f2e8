"""Counts with a known chance: binomial, geometric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
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
from echelon.distributions.described import Described, needs_parameters, probability
from echelon.distributions.discrete import NegativeBinomial, whole_quantiles
from echelon.distributions.moments import NOT_NEGATIVE, ROUNDING, MomentRule, require_moments
from echelon.errors import DomainError


@register
@dataclass(frozen=True, slots=True)
class Binomial(Described):
    """So many customers, each of whom takes a unit with the same chance.

    Parameters
    ----------
    trials : int
        Customers in a period, at least 1.
    probability : float
        Chance of each, above 0 and at most 1.

    Raises
    ------
    DomainError
        If a number is missing or out of range, or ``trials`` is not whole.

    Examples
    --------
    >>> Binomial(20, 0.3).sum_over(3)
    Binomial(trials=60, probability=0.3)
    """

    trials: int
    probability: float

    family: ClassVar[str] = "binomial"
    parameter_words: ClassVar[Mapping[str, str]] = {
        "trials": "whole number of them",
        "probability": "of each",
    }
    example: ClassVar[Mapping[str, Any]] = {"trials": 20, "probability": 0.3}
    moment_rules: ClassVar[tuple[MomentRule, ...]] = needs_parameters(example)

    def __post_init__(self) -> None:
        """Check both numbers."""
        trials = require_number("trials", self.trials, owner=self.family)
        if not (trials >= 1.0 and trials == int(trials)):
            raise DomainError(
                f"binomial: trials is {self.trials!r}, must be a whole number >= 1. "
                "Fix: give the number of customers of a period."
            )
        object.__setattr__(self, "trials", int(trials))
        chance = probability(self.family, "probability", self.probability, zero=False)
        object.__setattr__(self, "probability", chance)

    @property
    def discrete(self) -> bool:
        """True: whole units."""
        return True

    @property
    def mean(self) -> float:
        """Trials times probability, units."""
        return self.trials * self.probability

    @property
    def variance(self) -> float:
        """Mean times the chance of none, units squared."""
        return self.trials * self.probability * (1.0 - self.probability)

    @property
    def support(self) -> tuple[float, float]:
        """Whole numbers from 0 to the trials; only these if each is certain."""
        return (0.0 if self.probability < 1.0 else float(self.trials)), float(self.trials)

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, whole units as floats."""
        return rng.binomial(self.trials, self.probability, size).astype(np.float64)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        return self._cumulated(np.floor(values_of(x)))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, whole units."""
        shares = probabilities_of(q)
        found = np.maximum(whole_quantiles(self._cumulated, shares, self), self.support[0])
        return np.minimum(found, self.trials)

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over whole ``periods``: binomial again; None over a fraction of one."""
        trivial = sum_trivially(self, periods)
        if trivial is not None:
            return trivial
        whole = float(periods) == int(periods)
        return Binomial(self.trials * int(periods), self.probability) if whole else None

    def _cumulated(self, units: Floats) -> Floats:
        inside = np.clip(units, 0.0, self.trials - 1.0)
        reached = scipy.special.betaincc(inside + 1.0, self.trials - inside, self.probability)
        return np.where(units < 0.0, 0.0, np.where(units >= self.trials, 1.0, reached))


@register
@dataclass(frozen=True, slots=True)
class Geometric:
    """Whole units, each more of them less likely by the same ratio.

    Counted from 0, as the demand of a period, or from 1, as the size of an order.

    Parameters
    ----------
    mean : float
        Units; at least 0, above 1 where counted from 1.
    start : {0, 1}, default 0
        The smallest value.

    Raises
    ------
    DomainError
        If a number is missing or out of range.

    Examples
    --------
    >>> Geometric(3.0).sum_over(2)
    NegativeBinomial(mean=6.0, std=4.898979485566357)
    >>> Geometric(3.0, start=1).support
    (1.0, inf)
    """

    mean: float
    start: int = 0

    family: ClassVar[str] = "geometric"
    parameter_words: ClassVar[Mapping[str, str]] = {
        "mean": "units, unless the row gives it",
        "start": "the smallest value, 0 or 1",
    }
    example: ClassVar[Mapping[str, Any]] = {"mean": 3.0, "start": 1}
    moment_rules: ClassVar[tuple[MomentRule, ...]] = (
        NOT_NEGATIVE,
        MomentRule(
            "std",
            lambda mean, std: (
                (mean >= 0.0)
                & (abs(std * std - mean * (1.0 + mean)) > 2.0 * ROUNDING * abs(mean * (1.0 + mean)))
            ),
            "must be the square root of mean x (1 + mean)",
            "leave std blank, or use 'negative_binomial', in which it is free",
        ),
    )

    def __post_init__(self) -> None:
        """Check both numbers."""
        mean = require_number("mean", self.mean, owner=self.family)
        start = require_number("start", self.start, owner=self.family)
        object.__setattr__(self, "mean", mean)
        if start not in (0.0, 1.0):
            raise DomainError(
                f"geometric: start is {self.start!r}, must be 0 or 1. "
                "Fix: 0 for the demand of a period, 1 for the size of an order."
            )
        object.__setattr__(self, "start", int(start))
        if not mean >= start:
            raise DomainError(
                f"geometric: mean is {mean!r}, must be >= {int(start)}, the smallest value. "
                "Fix: give a larger mean, or start 0."
            )
        require_moments(type(self), mean - start, float(type(self).expected_std(mean - start)))

    @property
    def discrete(self) -> bool:
        """True: whole units."""
        return True

    @property
    def ratio(self) -> float:
        """How much less likely each further unit is, no unit."""
        return (self.mean - self.start) / (1.0 + self.mean - self.start)

    @property
    def variance(self) -> float:
        """Variance, units squared."""
        return (self.mean - self.start) * (1.0 + self.mean - self.start)

    @property
    def std(self) -> float:
        """Standard deviation, units."""
        return sqrt(self.variance)

    @property
    def support(self) -> tuple[float, float]:
        """Whole numbers from the start; only that one if it is the mean."""
        return float(self.start), float("inf") if self.mean > self.start else float(self.start)

    def parameters(self) -> dict[str, Any]:
        """Empty where counted from 0, the mean says all; else the mean and the start."""
        return {"mean": self.mean, "start": self.start} if self.start else {}

    @classmethod
    def expected_std(cls, mean: Any) -> Any:
        """Square root of mean x (1 + mean); NaN where the mean is negative or missing."""
        known = np.where(np.less(mean, 0.0), np.nan, mean)
        return np.sqrt(known) * np.sqrt(1.0 + known)

    @classmethod
    def from_moments(cls, mean: float, std: float) -> Self:
        """Make it, counted from 0, from the mean; ``std`` must follow from it (to 0.1 %)."""
        require_moments(cls, mean, std)
        return cls(mean)

    @classmethod
    def from_parameters(cls, mean: float, _std: float, parameters: Parameters) -> Self:
        """Make it from ``start`` and, unless the row gives it, ``mean``."""
        take_parameters(cls.family, parameters, ("start",), ("mean",))
        return cls(parameters.get("mean", mean), parameters["start"])

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, whole units as floats."""
        return rng.geometric(1.0 - self.ratio, size).astype(np.float64) - (1.0 - self.start)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        return self._cumulated(np.floor(values_of(x)) - self.start)

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, whole units."""
        shifted = type(self)(self.mean - self.start)
        return whole_quantiles(self._cumulated, probabilities_of(q), shifted) + self.start

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over ``periods``, which may be fractional: negative binomial; None from 1 on."""
        trivial = sum_trivially(self, periods)
        if trivial is not None or self.start == 1:
            return trivial
        if self.mean == 0.0:
            return self
        return NegativeBinomial(self.mean * periods, self.std * sqrt(periods))

    def _cumulated(self, units: Floats) -> Floats:
        counted = np.where(units < 0.0, -1.0, units)
        if self.ratio == 0.0:
            return np.where(counted < 0.0, 0.0, 1.0)
        log_ratio = (
            np.log1p(-1.0 / (1.0 + self.mean - self.start))
            if self.ratio > 0.5
            else np.log(self.ratio)
        )
        return np.asarray(-np.expm1((counted + 1.0) * log_ratio))
