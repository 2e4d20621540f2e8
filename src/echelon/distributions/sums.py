"""Demand of several independent sources together: the segments of one stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import fsum, isclose, sqrt
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import (
    Floats,
    Parameters,
    Size,
    probabilities_of,
    take_parameters,
    values_of,
)
from echelon.distributions.base import Distribution, register, sum_trivially
from echelon.distributions.continuous import Gamma, Normal
from echelon.distributions.described import (
    Described,
    listed,
    needs_parameters,
    part,
    specification,
    specified,
)
from echelon.distributions.discrete import Deterministic, NegativeBinomial, Poisson
from echelon.distributions.lattice import (
    Increments,
    Step,
    common_step,
    lattice_step,
    put_on_lattice,
)
from echelon.distributions.lattice_sum import convolved, total_of_sums
from echelon.distributions.lattice_total import LatticeTotal
from echelon.distributions.moments import MomentRule
from echelon.distributions.per_period import PerPeriod
from echelon.errors import DomainError

_ROUNDING = 1e-12
"""How far scales may differ, relatively, and count as one: the rounding of two moments."""


@register
@dataclass(frozen=True, slots=True)
class Sum(Described):
    r"""Total of independent demands, such as those of the segments of one stage.

    :math:`P(X_1 + \dots + X_n \le x)` is taken on a common lattice by one fast Fourier transform:
    exactly where all components sit on one, and within the bounds of
    :func:`echelon.distributions.lattice_total.lattice_total` otherwise. :func:`sum_of` adds up
    first what has a closed form.

    Parameters
    ----------
    components : sequence of Distribution or frozen scipy.stats distribution
        At least one, units. None of them changes by period.

    Raises
    ------
    DomainError
        If there is none, or one is not a distribution of a single period.

    Examples
    --------
    >>> from echelon.distributions import Gamma, NegativeBinomial
    >>> shop_and_web = Sum([Gamma(10.0, 4.0), NegativeBinomial(5.0, 3.0)])
    >>> shop_and_web.mean, shop_and_web.std, round(float(shop_and_web.ppf(0.95)), 2)
    (15.0, 5.0, 23.98)
    """

    components: tuple[Distribution, ...]

    family: ClassVar[str] = "sum"
    parameter_words: ClassVar[Mapping[str, str]] = {
        "components": "a list of objects: `family` with `mean` and `std` or `parameters`",
    }
    example: ClassVar[Mapping[str, Any]] = {
        "components": [
            {"family": "gamma", "mean": 10, "std": 4},
            {"family": "poisson", "mean": 5},
        ],
    }
    adds_up_words: ClassVar[str] = "where all components do"
    moment_rules: ClassVar[tuple[MomentRule, ...]] = needs_parameters(example)

    def __post_init__(self) -> None:
        """Check the components."""
        given = listed(self.family, "components", self.components)
        if not given:
            raise DomainError("sum: there is no component. Fix: give at least one.")
        made = tuple(part(self.family, f"components[{at}]", one) for at, one in enumerate(given))
        seasonal = next((at for at, one in enumerate(made) if isinstance(one, PerPeriod)), None)
        if seasonal is not None:
            raise DomainError(
                f"sum: components[{seasonal}] changes from period to period. "
                "Fix: give the distribution of one period."
            )
        object.__setattr__(self, "components", made)

    @property
    def discrete(self) -> bool:
        """Whether all components sit on separate points."""
        return all(component.discrete for component in self.components)

    @property
    def mean(self) -> float:
        """Sum of the means, units."""
        return fsum(component.mean for component in self.components)

    @property
    def variance(self) -> float:
        """Sum of the variances, units squared."""
        return fsum(component.variance for component in self.components)

    @property
    def support(self) -> tuple[float, float]:
        """Sums of the smallest and of the largest values, units."""
        lows, highs = zip(*(component.support for component in self.components), strict=True)
        ends = fsum(lows), fsum(highs)
        step = lattice_step(self)
        if step is None:
            return ends
        # the decimals themselves: a sum of floats may miss a point of the lattice by a hair
        low, high = (
            round(end * step[1] / step[0]) * step[0] / step[1] if np.isfinite(end) else end
            for end in ends
        )
        return low, high

    def parameters(self) -> dict[str, Any]:
        """Give the components."""
        return {"components": [specification(component) for component in self.components]}

    @classmethod
    def from_parameters(cls, _mean: float, _std: float, parameters: Parameters) -> Self:
        """Make it from ``components``."""
        take_parameters(cls.family, parameters, ("components",))
        given = listed(cls.family, "components", parameters["components"])
        return cls(
            tuple(specified(cls.family, f"components[{at}]", one) for at, one in enumerate(given))
        )

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``, units: a draw of each component, added up."""
        total = np.asarray(self.components[0].sample(rng, size))
        for component in self.components[1:]:
            total = total + component.sample(rng, size)
        return total

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units."""
        return sum_on_lattice(self).cdf(values_of(x))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantile, units."""
        return sum_on_lattice(self).ppf(probabilities_of(q))

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over ``periods``, where the demand of every component has one; else None."""
        trivial = sum_trivially(self, periods)
        if trivial is not None:
            return trivial
        totals = [component.sum_over(periods) for component in self.components]
        known = [total for total in totals if total is not None]
        return sum_of(known) if len(known) == len(totals) else None


@lattice_step.register
def _step(distribution: Sum) -> Step | None:
    steps = [lattice_step(component) for component in distribution.components]
    known = [step for step in steps if step is not None]
    return common_step([n / d for n, d in known]) if len(known) == len(steps) else None


@put_on_lattice.register
def _put(distribution: Sum, step: float | None, kept: bool) -> Increments:
    return convolved(distribution.components, step, kept=kept)


@lru_cache(maxsize=64)
def sum_on_lattice(distribution: Sum) -> LatticeTotal:
    """Give the distribution of a sum on its lattice, made once for all that is asked of it.

    Parameters
    ----------
    distribution : Sum

    Returns
    -------
    LatticeTotal
        With the bounds on its errors.
    """
    return total_of_sums([distribution], [1.0])


def sum_of(components: Iterable[Distribution]) -> Distribution:
    """Add up independent demands: within a family where it has the total, else as a :class:`Sum`.

    Normal demands add up to a normal one, Poisson to a Poisson, gamma demands of one scale to a
    gamma and negative binomial ones of one probability to a negative binomial one. What is known
    is added to it where that leaves the family, and is a component otherwise. The order in which
    they come does not matter.

    Parameters
    ----------
    components : iterable of Distribution
        Units; none changes by period.

    Returns
    -------
    Distribution
        ``Deterministic(0.0)`` of none.

    Raises
    ------
    DomainError
        If one changes from period to period.

    Examples
    --------
    >>> from echelon.distributions import Gamma, Poisson
    >>> sum_of([Poisson(2.0), Poisson(3.0)])
    Poisson(mean=5.0)
    >>> sum_of([Poisson(2.0), Gamma(10.0, 4.0), Poisson(3.0)])
    Sum(components=(Gamma(mean=10.0, std=4.0), Poisson(mean=5.0)))
    """
    added = _added(components)
    return added[0] if len(added) == 1 else Sum(tuple(_in_order(added)))


def closed_sum(components: Iterable[Distribution]) -> Distribution | None:
    """Add up independent demands where a family has the total, as :func:`sum_of`; else None.

    Parameters
    ----------
    components : iterable of Distribution
        Units.

    Returns
    -------
    Distribution or None

    Examples
    --------
    >>> from echelon.distributions import Gamma, Poisson
    >>> closed_sum([Poisson(2.0), Poisson(3.0)]), closed_sum([Poisson(2.0), Gamma(10.0, 4.0)])
    (Poisson(mean=5.0), None)
    """
    added = _added(components)
    return added[0] if len(added) == 1 else None


def _added(components: Iterable[Distribution]) -> list[Distribution]:
    """Add up what adds up within its family, and what is known."""
    families: dict[str, list[Distribution]] = {}
    known = 0.0
    for law in _flat(components):
        if law.std > 0.0:
            families.setdefault(law.family, []).append(law)
        else:
            known += law.mean
    found: list[Distribution] = []
    for laws in families.values():
        found += laws if len(laws) == 1 else _within(laws)
    if len(found) == 1 and isinstance(found[0], Normal):
        return [Normal(found[0].mean + known, found[0].std)]
    return [*found, Deterministic(known)] if known != 0.0 or not found else found


def _flat(components: Iterable[Distribution]) -> Iterator[Distribution]:
    for component in components:
        if isinstance(component, Sum):
            yield from component.components
        else:
            yield component


def _within(laws: Sequence[Distribution]) -> list[Distribution]:
    """Add up members of one family that have a total there; the others as they are."""
    alike = _ALIKE.get(type(laws[0]))
    if alike is None:
        return list(laws)
    groups: list[list[Distribution]] = []
    for law in sorted(laws, key=lambda law: (alike(law), law.mean)):
        if groups and isclose(alike(groups[-1][0]), alike(law), rel_tol=_ROUNDING):
            groups[-1].append(law)
        else:
            groups.append([law])
    return [_total(group) for group in groups]


def _total(group: Sequence[Distribution]) -> Distribution:
    if len(group) == 1:
        return group[0]
    mean, variance = fsum(law.mean for law in group), fsum(law.variance for law in group)
    return type(group[0]).from_moments(mean, sqrt(variance))


def _in_order(laws: Sequence[Distribution]) -> list[Distribution]:
    """Sort by family and moments, and where these are equal by all that there is to tell."""
    told = {(law.family, law.mean, law.std): law for law in laws}
    if len(told) == len(laws):
        return [told[key] for key in sorted(told)]
    return sorted(laws, key=lambda law: (law.family, law.mean, law.std, repr(law)))


def _any_member(_law: Distribution) -> float:
    return 0.0


def _scale(law: Distribution) -> float:
    """A gamma's scale, and what a negative binomial's probability is one over."""
    return law.variance / law.mean


_ALIKE: dict[type, Callable[[Distribution], float]] = {
    Normal: _any_member,
    Poisson: _any_member,
    Gamma: _scale,
    NegativeBinomial: _scale,
}
"""What members of a family must share to have a total within it."""
