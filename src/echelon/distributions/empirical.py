"""A distribution given value by value: observed demand, scenarios, a table of stage times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum, sqrt
from typing import Any, ClassVar, NoReturn, Self, cast

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
from echelon.distributions.moments import MomentRule
from echelon.errors import DomainError

_UNITY = 1e-9  # how far typed probabilities may add up from 1


@register
@dataclass(frozen=True, slots=True)
class Empirical:
    """Finitely many values, each with its probability.

    Parameters
    ----------
    values : sequence of float
        Units, in any order; equal values are one value, their probabilities added.
    probabilities : sequence of float, optional
        One per value, at least 0, together 1 (to 1e-9; the rounding is divided out). Values of
        probability 0 are kept out. Without them every value is equally likely, as in a history.

    Raises
    ------
    DomainError
        If there is no value, a number is missing or infinite, a probability is negative, their
        number differs from that of the values, or they do not add up to 1.

    Examples
    --------
    >>> demand = Empirical([0, 5, 20], [0.5, 0.3, 0.2])
    >>> demand.mean, demand.ppf([0.5, 0.51, 0.95]).tolist()
    (5.5, [0.0, 5.0, 20.0])
    >>> Empirical([3, 0, 3, 0]).probabilities
    (0.5, 0.5)
    """

    values: tuple[float, ...]
    probabilities: tuple[float, ...] = cast("tuple[float, ...]", None)  # filled in below

    family: ClassVar[str] = "empirical"
    moment_rules: ClassVar[tuple[MomentRule, ...]] = (
        MomentRule(
            "parameters",
            lambda _mean, std: std != 0.0,  # a blank one, NaN, included
            "are missing: the moments do not say which values occur",
            'give {"values": [0, 5, 20]}, which are equally likely, and "probabilities" where '
            "they are not",
        ),
    )
    parameter_words: ClassVar[Mapping[str, str]] = {
        "values": "units",
        "probabilities": "one per value, equal unless given",
    }
    example: ClassVar[Mapping[str, Any]] = {
        "values": [0, 5, 20],
        "probabilities": [0.5, 0.3, 0.2],
    }

    def __post_init__(self) -> None:
        """Check, merge and sort the values."""
        values = _numbers("values", self.values)
        given: Any = self.probabilities
        equal = [1.0 / max(len(values), 1)] * len(values) if given is None else given
        probabilities = _numbers("probabilities", equal)
        if not values or len(values) != len(probabilities):
            raise DomainError(
                f"empirical: {len(values)} values and {len(probabilities)} probabilities. "
                "Fix: give at least one value, and one probability for each."
            )
        total = fsum(probabilities)
        if min(probabilities) < 0.0 or abs(total - 1.0) > _UNITY:
            raise DomainError(
                f"empirical: the smallest probability is {min(probabilities)!r} and they add up to "
                f"{total!r}. Fix: give probabilities >= 0 that add up to 1."
            )
        merged: defaultdict[float, float] = defaultdict(float)
        for value, probability in zip(values, probabilities, strict=True):
            if probability > 0.0:
                merged[value] += probability / total
        object.__setattr__(self, "values", tuple(sorted(merged)))
        object.__setattr__(self, "probabilities", tuple(merged[v] for v in sorted(merged)))

    @property
    def discrete(self) -> bool:
        """True: separate values."""
        return True

    @property
    def mean(self) -> float:
        """Mean, units."""
        return fsum(v * p for v, p in zip(self.values, self.probabilities, strict=True))

    @property
    def variance(self) -> float:
        """Variance of the distribution (no correction for sample size), units squared."""
        mean = self.mean
        return fsum(
            (v - mean) ** 2 * p for v, p in zip(self.values, self.probabilities, strict=True)
        )

    @property
    def std(self) -> float:
        """Standard deviation, units."""
        return sqrt(self.variance)

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value, units."""
        return self.values[0], self.values[-1]

    def parameters(self) -> dict[str, Any]:
        """Give the values and their probabilities."""
        return {"values": list(self.values), "probabilities": list(self.probabilities)}

    @classmethod
    def expected_std(cls, _mean: Any) -> Any:
        """None: it does not follow from the mean."""
        return None

    @classmethod
    def from_moments(cls, mean: float, std: float) -> NoReturn:
        """Refuse: two moments do not say which values occur."""
        raise DomainError(
            f"empirical(mean={mean!r}, std={std!r}): moments do not say which values occur. "
            "Fix: give Empirical(values, probabilities)."
        )

    @classmethod
    def from_observations(cls, observations: ArrayLike) -> Self:
        """Make the distribution in which every observation is equally likely.

        Parameters
        ----------
        observations : (n,) array_like of float
            Units, at least one.

        Returns
        -------
        Empirical

        Raises
        ------
        DomainError
            If there is none, or one is missing or infinite.

        Examples
        --------
        >>> Empirical.from_observations([3, 1, 3, 3])
        Empirical(values=(1.0, 3.0), probabilities=(0.25, 0.75))
        """
        seen, counts = np.unique(np.asarray(observations, dtype=np.float64), return_counts=True)
        return cls(tuple(seen.tolist()), tuple((counts / max(counts.sum(), 1)).tolist()))

    @classmethod
    def from_parameters(cls, _mean: float, _std: float, parameters: Parameters) -> Self:
        """Make it from ``values`` and ``probabilities``, equal ones unless they are given."""
        take_parameters(cls.family, parameters, ("values",), ("probabilities",))
        values = _numbers("values", parameters["values"])
        if "probabilities" not in parameters:
            return cls(values)
        return cls(values, _numbers("probabilities", parameters["probabilities"]))

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size`` by inversion, units."""
        return self.ppf(rng.random(size))

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        place = np.searchsorted(np.array(self.values), values_of(x), side="right")
        return np.concatenate(([0.0], self._cumulated()))[place]

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units: one of the values."""
        place = np.searchsorted(self._cumulated(), probabilities_of(q), side="left")
        return np.array(self.values)[place]

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over 0 or 1 periods; None otherwise: its values would multiply without limit."""
        return sum_trivially(self, periods)

    def _cumulated(self) -> Floats:
        sums = np.cumsum(self.probabilities)
        sums[-1] = 1.0  # else a draw above a rounded-down last sum would find no value
        return sums


def _numbers(name: str, given: object) -> tuple[float, ...]:
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        raise DomainError(f"empirical: {name} is {given!r}. Fix: give a list of numbers.")
    return tuple(
        require_number(f"{name}[{at}]", number, owner="empirical")
        for at, number in enumerate(given)
    )
