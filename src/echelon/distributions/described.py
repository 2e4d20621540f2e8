"""Families that two moments do not determine: a row of a table gives their parameters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import sqrt
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

import numpy as np

from echelon.distributions.arguments import Parameters, require_number, take_parameters
from echelon.distributions.base import as_distribution, make
from echelon.distributions.moments import MomentRule
from echelon.errors import DomainError

if TYPE_CHECKING:
    from echelon.distributions.base import Distribution


def needs_parameters(example: Mapping[str, Any]) -> tuple[MomentRule, ...]:
    """Give the rule of a family that a mean and a standard deviation leave open.

    Parameters
    ----------
    example : mapping
        The parameters of a member.

    Returns
    -------
    tuple of MomentRule
        Broken by moments that come without parameters; a deviation of 0 is a known demand.
    """
    return (
        MomentRule(
            "parameters",
            lambda mean, std: np.isfinite(mean) & (std > 0.0),
            "are missing: the moments do not say which distribution is meant",
            f"give parameters {json.dumps(example)}",
        ),
    )


class Described:
    """What families share that are made from parameters and not from moments.

    A subclass is a dataclass with one field for each of its ``parameter_words``.
    """

    __slots__ = ()

    family: ClassVar[str]
    parameter_words: ClassVar[Mapping[str, str]]
    example: ClassVar[Mapping[str, Any]]

    if TYPE_CHECKING:  # every family has its own

        @property
        def variance(self) -> float:
            """Variance, units squared."""

    @property
    def std(self) -> float:
        """Standard deviation, units."""
        return sqrt(self.variance)

    def parameters(self) -> dict[str, Any]:
        """Give the parameters as what JSON can hold: lists, and distributions by their words."""
        return {name: _told(getattr(self, name)) for name in self.parameter_words}

    @classmethod
    def from_parameters(cls, _mean: float, _std: float, parameters: Parameters) -> Self:
        """Make it from all of its ``parameter_words``."""
        take_parameters(cls.family, parameters, tuple(cls.parameter_words))
        given = {name: parameters[name] for name in cls.parameter_words}
        return cls(
            **{
                name: specified(cls.family, name, one) if isinstance(one, Mapping) else one
                for name, one in given.items()
            }
        )

    @classmethod
    def expected_std(cls, _mean: Any) -> Any:
        """None: it does not follow from the mean."""
        return None

    @classmethod
    def from_moments(cls, mean: float, std: float) -> NoReturn:
        """Refuse: two moments do not say which member is meant."""
        raise DomainError(
            f"{cls.family}(mean={mean!r}, std={std!r}): moments do not say which distribution is "
            f"meant. Fix: give parameters {json.dumps(cls.example)}."
        )


def _told(parameter: Any) -> Any:
    if isinstance(parameter, tuple):
        return list(parameter)
    return specification(parameter) if hasattr(parameter, "parameters") else parameter


def specification(distribution: Distribution) -> dict[str, Any]:
    """Write a distribution as what JSON can hold: family, moments and parameters.

    Parameters
    ----------
    distribution : Distribution

    Returns
    -------
    dict
        ``{"family": ..., "parameters": {...}}``, with ``"mean"`` and ``"std"`` instead of
        parameters where they say all.

    Examples
    --------
    >>> from echelon.distributions import Gamma
    >>> specification(Gamma(10.0, 4.0))
    {'family': 'gamma', 'mean': 10.0, 'std': 4.0}
    """
    parameters = distribution.parameters()
    if parameters:
        return {"family": distribution.family, "parameters": parameters}
    return {
        "family": distribution.family,
        "mean": distribution.mean,
        "std": distribution.std,
    }


def specified(owner: str, name: str, given: object) -> Distribution:
    """Make the distribution that a part of another one's parameters describes.

    Parameters
    ----------
    owner, name : str
        The family whose parameter it is and the parameter, for messages.
    given : mapping or Distribution
        As :func:`specification` writes it.

    Returns
    -------
    Distribution

    Raises
    ------
    DomainError
        If it is neither, a key is unknown, or the numbers are out of range.
    UnknownNameError
        If no family has the name.
    """
    if not isinstance(given, Mapping):
        return part(owner, name, given)
    unknown = sorted(set(given) - {"family", "mean", "std", "parameters"})
    if "family" not in given or unknown:
        wrong = f"has no entry {unknown[0]!r}" if unknown else "names no family"
        raise DomainError(
            f"{owner}: {name} {wrong}. "
            'Fix: write an object such as {"family": "gamma", "mean": 10, "std": 4}.'
        )
    moments = given.get("mean"), given.get("std")
    if given.get("parameters") is None and all(type(one) is float for one in moments):
        return _made_once(given["family"], *moments)  # sizes of orders are alike in many rows
    return make(given["family"], *moments, given.get("parameters"))


@lru_cache(maxsize=1024)
def _made_once(family: str, mean: float, std: float) -> Distribution:
    return make(family, mean, std)


def part(owner: str, name: str, given: object) -> Distribution:
    """Take what a constructor is given as a distribution.

    Parameters
    ----------
    owner, name : str
        The family and its argument, for the message.
    given : Distribution or frozen scipy.stats distribution

    Returns
    -------
    Distribution

    Raises
    ------
    DomainError
        If it is no distribution.
    """
    try:
        return as_distribution(given)
    except DomainError as error:
        raise DomainError(f"{owner}: {name}: {error}") from None


def listed(owner: str, name: str, given: object) -> list[Any]:
    """Give what a parameter holds several of as a list.

    Parameters
    ----------
    owner, name : str
        The family and its argument, for the message.
    given : iterable

    Returns
    -------
    list

    Raises
    ------
    DomainError
        If it is a text or no iterable.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise DomainError(f"{owner}: {name} is {given!r}. Fix: give a list.")
    return list(given)


def probability(owner: str, name: str, given: object, *, zero: bool) -> float:
    """Give a probability of at most 1, above 0 or, where ``zero`` says so, from 0 on.

    Parameters
    ----------
    owner, name : str
        The family and its argument, for the message.
    given : object
    zero : bool
        Whether 0 is allowed.

    Returns
    -------
    float

    Raises
    ------
    DomainError
        If it is no number in that range.
    """
    number = require_number(name, given, owner=owner)
    if not (0.0 <= number <= 1.0 if zero else 0.0 < number <= 1.0):
        limits = "between 0 and 1" if zero else "above 0 and at most 1"
        raise DomainError(
            f"{owner}: {name} is {number!r}, must be {limits}. Fix: give a probability."
        )
    return number
