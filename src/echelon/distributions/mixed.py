"""Distributions made of others: demand that is often zero, and mixtures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any, ClassVar, Self

import numpy as np
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
from echelon.distributions.described import (
    Described,
    listed,
    needs_parameters,
    part,
    probability,
    specification,
    specified,
)
from echelon.distributions.inverse import smallest_reaching
from echelon.distributions.moments import MomentRule
from echelon.errors import DomainError

_UNITY = 1e-9  # how far typed weights may add up from 1


@register
@dataclass(frozen=True, slots=True)
class ZeroInflated(Described):
    """Demand that occurs in some periods only, and then has a size.

    Parameters
    ----------
    occurrence : float
        Probability that a period has a demand, above 0 and at most 1. (Where the size may itself
        be 0, a period is without demand more often than that.)
    size : Distribution
        Demand of a period that has one, units.

    Raises
    ------
    DomainError
        If the probability is out of range or the size no distribution.

    Examples
    --------
    >>> from echelon.distributions import Gamma
    >>> spare_part = ZeroInflated(0.2, Gamma(5.0, 3.0))
    >>> spare_part.mean, spare_part.ppf(0.8).tolist(), round(float(spare_part.ppf(0.95)), 4)
    (1.0, 0.0, 6.573)
    """

    occurrence: float
    size: Distribution

    family: ClassVar[str] = "zero_inflated"
    parameter_words: ClassVar[Mapping[str, str]] = {
        "occurrence": "probability of any demand in a period",
        "size": (
            "distribution of demand where there is any: "
            "`family` with `mean` and `std` or `parameters`"
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {
        "occurrence": 0.2,
        "size": {"family": "gamma", "mean": 5, "std": 3},
    }
    moment_rules: ClassVar[tuple[MomentRule, ...]] = needs_parameters(example)

    def __post_init__(self) -> None:
        """Check the probability and the size."""
        chance = probability(self.family, "occurrence", self.occurrence, zero=False)
        object.__setattr__(self, "occurrence", chance)
        object.__setattr__(self, "size", part(self.family, "size", self.size))

    @property
    def discrete(self) -> bool:
        """Whether the sizes sit on separate points."""
        return self.size.discrete

    @property
    def mean(self) -> float:
        """Occurrence times mean size, units."""
        return self.occurrence * self.size.mean

    @property
    def variance(self) -> float:
        """Variance, units squared."""
        between = self.occurrence * (1.0 - self.occurrence) * self.size.mean**2
        return self.occurrence * self.size.variance + between

    @property
    def support(self) -> tuple[float, float]:
        """That of the size with 0 in it, units."""
        low, high = self.size.support
        return (low, high) if self.occurrence == 1.0 else (min(low, 0.0), max(high, 0.0))

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, units."""
        return np.where(rng.random(size) < self.occurrence, self.size.sample(rng, size), 0.0)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        points = values_of(x)
        none = (1.0 - self.occurrence) * (points >= 0.0)
        return np.minimum(none + self.occurrence * self.size.cdf(points), 1.0)

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units; by bisection, to the last bit."""
        shares = probabilities_of(q)
        ends = np.minimum(self.size.ppf(shares), 0.0), np.maximum(self.size.ppf(shares), 0.0)
        if self.occurrence == 1.0:
            return self.size.ppf(shares)
        return smallest_reaching(self.cdf, shares, *ends)

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over 0 or 1 periods; None otherwise, the sum is no member of the family."""
        return sum_trivially(self, periods)


@register
@dataclass(frozen=True, slots=True)
class Mixture(Described):
    """One of several distributions, each with its weight: two humps are normal for lead times.

    Parameters
    ----------
    components : sequence of Distribution
        At least one, units.
    weights : sequence of float
        One per component, above 0, together 1 (to 1e-9; the rounding is divided out).

    Raises
    ------
    DomainError
        If there is no component or it is no distribution, a weight is missing or not above 0,
        their numbers differ, or the weights do not add up to 1.

    Examples
    --------
    >>> from echelon.distributions import Gamma
    >>> sea_or_air = Mixture([Gamma(2.0, 0.5), Gamma(9.0, 1.0)], [0.7, 0.3])
    >>> round(sea_or_air.mean, 9), round(float(sea_or_air.ppf(0.75)), 4)
    (4.1, 8.0322)
    """

    components: tuple[Distribution, ...]
    weights: tuple[float, ...]

    family: ClassVar[str] = "mixture"
    parameter_words: ClassVar[Mapping[str, str]] = {
        "components": "a list of objects: `family` with `mean` and `std` or `parameters`",
        "weights": "one per component, adding up to 1",
    }
    example: ClassVar[Mapping[str, Any]] = {
        "components": [{"family": "poisson", "mean": 2}, {"family": "poisson", "mean": 9}],
        "weights": [0.7, 0.3],
    }
    moment_rules: ClassVar[tuple[MomentRule, ...]] = needs_parameters(example)

    def __post_init__(self) -> None:
        """Check the components and divide the rounding out of the weights."""
        components, weights = (
            listed(self.family, "components", self.components),
            listed(self.family, "weights", self.weights),
        )
        if not components or len(components) != len(weights):
            raise DomainError(
                f"mixture: {len(components)} components and {len(weights)} weights. "
                "Fix: give at least one component, and one weight for each."
            )
        made = tuple(part("mixture", f"components[{at}]", one) for at, one in enumerate(components))
        numbers = [
            require_number(f"weights[{at}]", one, owner="mixture") for at, one in enumerate(weights)
        ]
        total = fsum(numbers)
        if min(numbers) <= 0.0 or abs(total - 1.0) > _UNITY:
            raise DomainError(
                f"mixture: the smallest weight is {min(numbers)!r} and they add up to {total!r}. "
                "Fix: give weights above 0 that add up to 1."
            )
        object.__setattr__(self, "components", made)
        if total != 1.0:
            numbers = [number / total for number in numbers]
        object.__setattr__(self, "weights", tuple(numbers))

    @property
    def discrete(self) -> bool:
        """Whether all components sit on separate points."""
        return all(component.discrete for component in self.components)

    @property
    def mean(self) -> float:
        """Mean, units."""
        return fsum(w * c.mean for c, w in self._parts())

    @property
    def variance(self) -> float:
        """Variance within the components and between them, units squared."""
        mean = self.mean
        return fsum(w * (c.variance + (c.mean - mean) ** 2) for c, w in self._parts())

    @property
    def support(self) -> tuple[float, float]:
        """From the smallest to the largest value of any component, units."""
        ends = [component.support for component in self.components]
        return min(low for low, _ in ends), max(high for _, high in ends)

    def parameters(self) -> dict[str, Any]:
        """Give the components and their weights."""
        parts = [specification(component) for component in self.components]
        return {"components": parts, "weights": list(self.weights)}

    @classmethod
    def from_parameters(cls, _mean: float, _std: float, parameters: Parameters) -> Self:
        """Make it from ``components`` and ``weights``."""
        take_parameters(cls.family, parameters, ("components", "weights"))
        given = listed(cls.family, "components", parameters["components"])
        made = [specified("mixture", f"components[{at}]", one) for at, one in enumerate(given)]
        return cls(tuple(made), tuple(listed(cls.family, "weights", parameters["weights"])))

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, units."""
        steps = np.cumsum(self.weights)[:-1]
        chosen = np.searchsorted(steps, rng.random(size), side="right")
        drawn = np.empty(np.shape(chosen))
        for at, component in enumerate(self.components):
            mine = chosen == at
            drawn[mine] = component.sample(rng, int(np.count_nonzero(mine)))
        return drawn

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        points = values_of(x)
        total = np.zeros(points.shape)
        for component, weight in self._parts():
            total = total + weight * component.cdf(points)
        return np.where(points >= self.support[1], 1.0, np.minimum(total, 1.0))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units; between those of the components, by bisection to the last bit."""
        shares = probabilities_of(q)
        quantiles = np.array([component.ppf(shares) for component in self.components])
        low, high = quantiles.min(axis=0), quantiles.max(axis=0)
        return smallest_reaching(self.cdf, shares, low, high)

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over 0 or 1 periods; None otherwise, the sum is another mixture."""
        return sum_trivially(self, periods)

    def _parts(self) -> list[tuple[Distribution, float]]:
        return list(zip(self.components, self.weights, strict=True))
