"""Compound Poisson demand: orders at random, each of a random size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log10, sqrt
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
from echelon.distributions.described import (
    Described,
    needs_parameters,
    part,
)
from echelon.distributions.inverse import smallest_reaching
from echelon.distributions.lattice import Step, lattice_step
from echelon.distributions.lattice_total import LatticeTotal, lattice_total
from echelon.distributions.moments import MomentRule
from echelon.distributions.tails import gamma_weight
from echelon.errors import DomainError

_MOST_ORDERS = 2**20


@register
@dataclass(frozen=True, slots=True)
class CompoundPoisson(Described):
    r"""A Poisson number of orders, each of a size of its own.

    Mean :math:`\lambda E[X]`, variance :math:`\lambda E[X^2]` [1]_. The distribution function is
    :math:`\sum_n P(n) F_{X_1 + \dots + X_n}` where sizes add up within their family (gamma,
    Poisson, ...), a transform on the lattice of the sizes where they have one, and otherwise a
    transform on a fine lattice, whose error
    :func:`echelon.distributions.lattice_total.lattice_total` states.

    Parameters
    ----------
    rate : float
        Orders per period, above 0 and at most 100,000.
    size : Distribution
        Units of one order, not negative.

    Raises
    ------
    DomainError
        If the rate is out of range, or the size no distribution or possibly negative.

    References
    ----------
    .. [1] Feller (1968), *An Introduction to Probability Theory and Its Applications* 1.

    Examples
    --------
    >>> from echelon.distributions import Empirical
    >>> pallets = CompoundPoisson(1.5, Empirical([12, 24], [0.75, 0.25]))
    >>> pallets.mean, pallets.ppf([0.5, 0.95]).tolist()
    (22.5, [24.0, 60.0])
    """

    rate: float
    size: Distribution

    family: ClassVar[str] = "compound_poisson"
    parameter_words: ClassVar[Mapping[str, str]] = {
        "rate": "orders in one period",
        "size": "distribution of one order: `family` with `mean` and `std` or `parameters`",
    }
    example: ClassVar[Mapping[str, Any]] = {
        "rate": 1.5,
        "size": {"family": "gamma", "mean": 5, "std": 3},
    }
    moment_rules: ClassVar[tuple[MomentRule, ...]] = needs_parameters(example)

    def __post_init__(self) -> None:
        """Check the rate and the size."""
        rate = require_number("rate", self.rate, owner=self.family)
        object.__setattr__(self, "rate", rate)
        object.__setattr__(self, "size", part(self.family, "size", self.size))
        if not 0.0 < rate <= 1e5:
            raise DomainError(
                f"compound_poisson: rate is {rate!r}, must be above 0 and at most 100000. "
                "Fix: give orders per period; where there are none use family 'deterministic'."
            )
        if self.size.support[0] < 0.0:
            raise DomainError(
                f"compound_poisson: size {self.size!r} may be negative. "
                "Fix: use a family from 0 on, such as 'gamma'."
            )

    @property
    def discrete(self) -> bool:
        """Whether the sizes sit on separate points."""
        return self.size.discrete

    @property
    def mean(self) -> float:
        """Rate times mean size, units."""
        return self.rate * self.size.mean

    @property
    def variance(self) -> float:
        """Rate times mean squared size, units squared."""
        return self.rate * (self.size.variance + self.size.mean**2)

    @property
    def support(self) -> tuple[float, float]:
        """From 0 on, unless every size is 0."""
        return 0.0, float("inf") if self.size.support[1] > 0.0 else 0.0

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, units: the orders one by one, then their sums."""
        orders = np.asarray(rng.poisson(self.rate, size))
        counts = np.ravel(orders)
        block = np.cumsum(counts) // _MOST_ORDERS  # which are held at once
        parts = []
        for here in np.split(counts, np.flatnonzero(np.diff(block)) + 1):
            owner = np.repeat(np.arange(len(here)), here)
            sizes = self.size.sample(rng, len(owner))
            parts.append(np.bincount(owner, sizes, minlength=len(here)))
        return np.concatenate(parts).reshape(orders.shape).astype(np.float64)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        points = values_of(x)
        total = _on_lattice(self)
        if total is not None:
            return total.cdf(points)
        reached = np.zeros(points.shape)
        for weight, orders in self.terms(1.0):
            reached = reached + weight * orders.cdf(points)
        return np.where(points >= self.support[1], 1.0, np.minimum(reached, 1.0))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units."""
        shares = probabilities_of(q)
        total = _on_lattice(self)
        if total is not None:
            return total.ppf(shares)
        inside = np.where(shares == 1.0, 0.0, shares)
        high = self.mean + self.std * np.sqrt(inside / (1.0 - inside))  # Cantelli's inequality
        found = smallest_reaching(self.cdf, inside, np.zeros(shares.shape), high * (1.0 + 1e-9))
        return np.where(shares == 1.0, self.support[1], found)

    def sum_over(self, periods: float) -> Distribution:
        """Total over ``periods``, which may be fractional: compound Poisson again."""
        trivial = sum_trivially(self, periods)
        return trivial or CompoundPoisson(self.rate * periods, self.size)

    @property
    def adds_up(self) -> bool:
        """Whether the sizes of several orders add up to a member of a family."""
        return self.size.sum_over(2.0) is not None and self.size.sum_over(3.0) is not None

    def terms(self, periods: float) -> list[tuple[float, Distribution]]:
        """Total of each number of orders in so many periods, with the probability of the number.

        Parameters
        ----------
        periods : float
            At least 0.

        Returns
        -------
        list of (float, Distribution)
            All numbers of a probability above 1e-30 of the likeliest's.

        Raises
        ------
        DomainError
            If the sizes do not add up within a family (see :attr:`adds_up`).
        """
        found = []
        for count, weight in zip(*event_counts(self.rate * periods), strict=True):
            total = self.size.sum_over(float(count))
            if total is None:
                raise DomainError(
                    f"{self.size!r} does not add up within its family. Fix: use cdf and ppf."
                )
            found.append((float(weight), total))
        return found


@lattice_step.register
def _step(distribution: CompoundPoisson) -> Step | None:
    return lattice_step(distribution.size)


def event_counts(rate: float, negligible: float = 1e-30) -> tuple[Floats, Floats]:
    """Poisson probabilities, all but a negligible part.

    Parameters
    ----------
    rate : float
        Mean number.
    negligible : float, default 1e-30
        Numbers of a probability below so much of the likeliest's are left out.

    Returns
    -------
    numbers, probabilities : (m,) ndarray of float64
    """
    reach = 2.2 * sqrt(-log10(negligible)) * sqrt(rate) + 40.0 - log10(negligible)
    counts = np.arange(max(0, int(rate - reach)), int(rate + reach) + 1, dtype=np.float64)
    some = np.maximum(counts, 1.0)
    chances = np.where(counts > 0.0, gamma_weight(some, np.full(some.shape, rate)) / some, 0.0)
    chances[counts == 0.0] = np.exp(-rate)
    kept = chances > negligible * chances.max()
    return counts[kept], chances[kept]


@lru_cache(maxsize=64)
def _on_lattice(demand: CompoundPoisson) -> LatticeTotal | None:
    """The distribution by a transform, where sizes are on a lattice or do not add up."""
    if demand.adds_up and lattice_step(demand.size) is None:
        return None
    return lattice_total(demand.size, [1.0], [1.0], events=demand.rate)
