"""Demand that changes from period to period: a distribution for each, in a cycle that repeats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
from echelon.distributions.base import Distribution, as_distribution, make, register, sum_trivially
from echelon.distributions.described import Described, needs_parameters
from echelon.distributions.inverse import smallest_reaching
from echelon.distributions.moments import MomentRule
from echelon.errors import DomainError, UnknownNameError

_FAMILY = "per_period"


@register
@dataclass(frozen=True, slots=True)
class PerPeriod(Described):
    """A distribution for each period of a cycle; after the last period the first comes again.

    In period ``t`` demand follows ``periods[t % len(periods)]``, see :meth:`at`. As a single
    distribution it is the demand of a period picked at random from the cycle: its variance is the
    mean of the periods' variances plus the variance of their means.

    Parameters
    ----------
    periods : sequence of Distribution or frozen scipy.stats distribution
        At least one; none of them changes by period itself.

    Raises
    ------
    DomainError
        If there is none, or one is not a distribution of a single period.

    Examples
    --------
    >>> from echelon.distributions import Normal
    >>> demand = PerPeriod((Normal(80.0, 10.0), Normal(120.0, 10.0)))
    >>> demand.at(3)
    Normal(mean=120.0, std=10.0)
    >>> demand.mean, round(demand.std, 4)
    (100.0, 22.3607)
    """

    periods: tuple[Distribution, ...]
    mean: float = field(init=False, repr=False, compare=False)
    variance: float = field(init=False, repr=False, compare=False)

    family: ClassVar[str] = _FAMILY
    parameter_words: ClassVar[Mapping[str, str]] = {
        "family": "of every period, or a list of them",
        "mean": "a list of units, one per period",
        "std": "a list of units, one per period",
        "parameters": "a list of objects, where the families need them",
        "profile": "a list of factors on one level, whose `mean` and `std` are numbers",
    }
    example: ClassVar[Mapping[str, Any]] = {"family": "normal", "mean": [80, 120], "std": [10, 10]}
    moment_rules: ClassVar[tuple[MomentRule, ...]] = needs_parameters(example)

    def __post_init__(self) -> None:
        """Check the distributions and take the moments of the cycle."""
        given: object = self.periods
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise DomainError(
                f"per_period: periods is {given!r}. Fix: give a list of distributions."
            )
        periods = tuple(as_distribution(candidate) for candidate in given)
        if not periods:
            raise DomainError("per_period: there is no period. Fix: give at least one.")
        nested = next((t for t, law in enumerate(periods) if isinstance(law, PerPeriod)), None)
        if nested is not None:
            raise DomainError(
                f"per_period: periods[{nested}] changes by period itself. "
                "Fix: give one distribution for each period of the whole cycle."
            )
        means = np.array([law.mean for law in periods])
        variances = np.array([law.variance for law in periods])
        object.__setattr__(self, "periods", periods)
        object.__setattr__(self, "mean", float(means.mean()))
        object.__setattr__(self, "variance", float(variances.mean() + means.var()))

    @classmethod
    def seasonal(cls, level: object, profile: Sequence[float]) -> Self:
        """Make it from a level and a seasonal profile.

        Period ``t`` has the family of the level, ``profile[t]`` times its mean and, unless the
        family derives it from the mean, ``profile[t]`` times its standard deviation. So the shape
        stays and the size changes; a Poisson demand stays Poisson.

        Parameters
        ----------
        level : Distribution or frozen scipy.stats distribution
            Demand of a period whose factor is 1, of a family that two moments describe.
        profile : sequence of float
            One factor >= 0 per period of the cycle. They need not average 1: nothing is rescaled.

        Returns
        -------
        PerPeriod

        Raises
        ------
        DomainError
            If a factor is negative or no number, or the family has parameters besides its moments.

        Examples
        --------
        >>> from echelon.distributions import Gamma, Poisson
        >>> PerPeriod.seasonal(Gamma(10.0, 4.0), [0.5, 1.5]).at(0)
        Gamma(mean=5.0, std=2.0)
        >>> PerPeriod.seasonal(Poisson(8.0), [0.5, 1.5]).at(1)
        Poisson(mean=12.0)
        """
        law = as_distribution(level)
        if law.parameters():
            raise DomainError(
                f"per_period: the level {law!r} is not described by two moments alone, so a factor "
                "does not say what it becomes. Fix: give a distribution for each period."
            )
        return cls(tuple(_scaled(law, factor) for factor in _profile(profile)))

    def at(self, period: int) -> Distribution:
        """Demand of one period, counted from 0; the cycle repeats."""
        return self.periods[period % len(self.periods)]

    @property
    def means(self) -> Floats:
        """Mean of each period of the cycle, units, shape (n_periods,)."""
        return np.array([law.mean for law in self.periods])

    @property
    def stds(self) -> Floats:
        """Standard deviation within each period of the cycle, units, shape (n_periods,)."""
        return np.array([law.std for law in self.periods])

    @property
    def discrete(self) -> bool:
        """Whether the probability of every period sits on separate points."""
        return all(law.discrete for law in self.periods)

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value of any period, units."""
        lows, highs = zip(*(law.support for law in self.periods), strict=True)
        return min(lows), max(highs)

    def parameters(self) -> dict[str, Any]:
        """Give family, mean, std and further parameters, each as a list with a cell per period."""
        families = [law.family for law in self.periods]
        extra = [law.parameters() for law in self.periods]
        told: dict[str, Any] = {
            "family": families[0] if len(set(families)) == 1 else families,
            "mean": self.means.tolist(),
            "std": self.stds.tolist(),
        }
        return {**told, "parameters": extra} if any(extra) else told

    @classmethod
    def from_parameters(cls, _mean: float, _std: float, parameters: Parameters) -> Self:
        """Make it from ``family``, ``mean`` and ``std``: lists by period, or one and a ``profile``.

        Parameters
        ----------
        parameters : mapping
            ``family`` is a name, or a list with one per period; ``mean``, ``std`` (left out where
            it follows from the mean) and ``parameters`` (a mapping of the family, where it needs
            one) are lists with a cell per period. With ``profile``, a list of factors, they are
            single values instead, those of the level.
        """
        if "profile" in parameters:
            take_parameters(cls.family, parameters, ("family", "profile"), ("mean", "std"))
            mean, std = parameters.get("mean"), parameters.get("std")
            level = _made("the level", parameters["family"], mean, std, None)
            return cls.seasonal(level, parameters["profile"])
        take_parameters(cls.family, parameters, ("family",), ("mean", "std", "parameters"))
        columns = {name: _listed(name, parameters[name]) for name in parameters if name != "family"}
        family = parameters["family"]
        if not isinstance(family, str):
            columns["family"] = _listed("family", family)
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) != 1:
            raise DomainError(
                f"per_period: lengths differ or are missing: {lengths}. "
                "Fix: give lists with one cell per period of the cycle."
            )
        n = next(iter(lengths.values()))
        families = columns.get("family", [family] * n)
        blank: list[Any] = [None] * n
        rows = zip(
            families, *(columns.get(name, blank) for name in ("mean", "std", "parameters")),
            strict=True,
        )  # fmt: skip
        return cls(tuple(_made(f"period {t}", *row) for t, row in enumerate(rows)))

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, each value of a period picked at random, units."""
        picked = rng.integers(len(self.periods), size=size)
        values = np.empty(np.shape(picked))
        for t, law in enumerate(self.periods):
            here = picked == t
            values[here] = law.sample(rng, int(here.sum()))
        return values

    def sample_from(self, rng: np.random.Generator, first: int, shape: tuple[int, int]) -> Floats:
        """Draw the demand of successive periods.

        Parameters
        ----------
        rng : numpy.random.Generator
        first : int
            Period of the first row, counted from 0.
        shape : (n_periods, n_replications)

        Returns
        -------
        ndarray of float64, shape ``shape``
            Units; row ``k`` follows :meth:`at` ``(first + k)``.
        """
        n_periods, n_replications = shape
        rows = [self.at(first + k).sample(rng, n_replications) for k in range(n_periods)]
        return np.stack(rows) if rows else np.empty(shape)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units in a period picked at random."""
        points = values_of(x)
        below = [np.asarray(law.cdf(points), dtype=np.float64) for law in self.periods]
        return np.asarray(np.mean(below, axis=0))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile of a period picked at random, units.

        By bisection between the smallest and the largest quantile of the periods, to the last bit.
        """
        shares = probabilities_of(q)
        quantiles = np.array([law.ppf(shares) for law in self.periods])
        lowest, highest = self.support
        values = smallest_reaching(self.cdf, shares, quantiles.min(axis=0), quantiles.max(axis=0))
        # a float below 1 may stand for all of the mass, and the rounded cdf reach 1 too early
        return np.where(shares == 0.0, lowest, np.where(shares == 1.0, highest, values))

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over 0 or 1 periods; None otherwise: it depends on the period one starts in."""
        return sum_trivially(self, periods)


def _scaled(law: Distribution, factor: float) -> Distribution:
    mean = law.mean * factor
    implied = law.expected_std(mean)
    return make(law.family, mean, law.std * factor if implied is None else float(implied))


def _profile(profile: object) -> list[float]:
    factors = [
        require_number(f"profile[{t}]", factor, owner=_FAMILY)
        for t, factor in enumerate(_listed("profile", profile))
    ]
    low = next((t for t, factor in enumerate(factors) if factor < 0.0), None)
    if low is not None:
        raise DomainError(
            f"per_period: profile[{low}] is {factors[low]!r}, must be >= 0. "
            "Fix: give the season as a factor of the level, 1.2 for 20 % above."
        )
    return factors


def _listed(name: str, given: object) -> list[Any]:
    if isinstance(given, (str, Mapping)) or not isinstance(given, Iterable):
        raise DomainError(
            f"per_period: {name} is {given!r}. Fix: give a list with a cell for each period."
        )
    return list(given)


def _made(place: str, family: object, mean: Any, std: Any, parameters: Any) -> Distribution:
    try:
        return make(str(family), mean, std, parameters)
    except (DomainError, UnknownNameError) as error:
        raise DomainError(f"per_period: {place}: {error}") from None
