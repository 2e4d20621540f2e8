"""What a distribution is, the registry of families by name, and how a table row becomes one.

A family is one frozen dataclass under ``@register``; nothing else in the library knows its name.

A standard deviation of 0 is a valid, known demand (clause 10.4 of the convention): for every
family that is described by two moments :func:`make` then answers with ``Deterministic(mean)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from math import inf, isfinite
from typing import Any, Protocol, Self, TypeVar, cast, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import (
    Floats,
    Parameters,
    Size,
    number_or_blank,
    read_parameters,
    require_number,
)
from echelon.distributions.moments import ROUNDING, Family, TwoMoments, require_moments
from echelon.errors import DomainError, UnknownNameError


@runtime_checkable
class Distribution(Family, Protocol):
    """A random quantity, units; what every family gives and all that a new one implements.

    ``size`` and the shape of arrays follow NumPy; every array is float64, also of whole numbers.
    """

    @property
    def discrete(self) -> bool:
        """Whether the probability sits on separate points."""

    @property
    def mean(self) -> float:
        """Mean, units."""

    @property
    def variance(self) -> float:
        """Variance, units squared."""

    @property
    def std(self) -> float:
        """Standard deviation, units."""

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value, units; infinite where there is no limit."""

    def sample(self, rng: np.random.Generator, size: Size) -> Floats:
        """Draw an array of shape ``size``."""

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units, in the shape of ``x``."""

    def ppf(self, q: ArrayLike) -> Floats:
        """Smallest value whose :meth:`cdf` reaches ``q``, in the shape of ``q``."""

    def sum_over(self, periods: float) -> Distribution | None:
        """Total over so many independent periods, or None where the family has no such member."""

    def parameters(self) -> dict[str, Any]:
        """Give what the moments leave open, as what JSON can hold; empty for most families."""

    @classmethod
    def expected_std(cls, mean: Any) -> Any:
        """Give the standard deviation that follows from the mean, or None if it is free."""

    @classmethod
    def from_moments(cls, mean: float, std: float) -> Self:
        """Make the member with this mean and standard deviation of the variable itself."""

    @classmethod
    def from_parameters(cls, mean: float, std: float, parameters: Parameters) -> Self:
        """Make the member that :meth:`parameters` describes; the moments may be NaN (blank)."""


FAMILIES: dict[str, type[Distribution]] = {}
"""Every known family by its name in the demand table."""

_Family = TypeVar("_Family", bound=type[Any])


def register(cls: _Family) -> _Family:
    """Enter a family in :data:`FAMILIES` under ``cls.family``.

    Parameters
    ----------
    cls : type
        A class that satisfies :class:`Distribution`.

    Returns
    -------
    type
        The same class, so that it serves as a decorator.

    Raises
    ------
    DomainError
        If another class holds the name.
    """
    name = cast(str, cls.family)
    if name in FAMILIES:
        raise DomainError(f"family {name!r} is registered already. Fix: choose another name.")
    FAMILIES[name] = cls
    return cls


def family_class(family: str) -> type[Distribution]:
    """Look a family up by name.

    Parameters
    ----------
    family : str
        A key of :data:`FAMILIES`.

    Returns
    -------
    type
        The class.

    Raises
    ------
    UnknownNameError
        If no family has the name; lists the known ones and the nearest spelling.

    Examples
    --------
    >>> family_class("gama")
    Traceback (most recent call last):
    ...
    echelon.errors.UnknownNameError: unknown distribution family 'gama'. Did you mean 'gamma'? \
Known: binomial, compound_poisson, deterministic, empirical, gamma, geometric, lognormal, mixture, \
negative_binomial, normal, per_period, poisson, scipy, smoothed_empirical, sum, triangular, \
truncated_normal, uniform, weibull, zero_inflated.
    """
    try:
        return FAMILIES[family]
    except (KeyError, TypeError):
        raise UnknownNameError("distribution family", family, FAMILIES) from None


def make(
    family: str,
    mean: float | None = None,
    std: float | None = None,
    parameters: Parameters | str | None = None,
) -> Distribution:
    """Make a distribution from what a row of the demand table holds.

    Parameters
    ----------
    family : str
        A key of :data:`FAMILIES`.
    mean, std : float, optional
        Moments of the variable itself, units; None or NaN is blank. ``std`` may be blank where it
        follows from the mean (Poisson, deterministic), both where the parameters say all.
    parameters : mapping or str, optional
        What the family needs besides, as a mapping or as JSON text.

    Returns
    -------
    Distribution
        ``Deterministic(mean)`` for a standard deviation of 0 in a family of two moments.

    Raises
    ------
    UnknownNameError
        If no family has the name.
    DomainError
        If the numbers are outside what the family allows; says which, and what to do.

    Examples
    --------
    >>> make("gamma", 10.0, 4.0)
    Gamma(mean=10.0, std=4.0)
    >>> make("gamma", 10.0, 0.0)
    Deterministic(value=10.0)
    >>> make("poisson", 4.0).std
    2.0
    """
    cls = family_class(family)
    given_mean, given_std = number_or_blank("mean", mean), number_or_blank("std", std)
    extra = read_parameters(parameters)
    if extra is not None:
        made = cls.from_parameters(given_mean, given_std, extra)
        _require_same_moments(made, given_mean, given_std)
        return made
    if np.isnan(given_std) and (implied := cls.expected_std(given_mean)) is not None:
        given_std = float(implied)
    # families of two moments ask the same of them when they are made
    if not (issubclass(cls, TwoMoments) and isfinite(given_mean) and 0.0 < given_std < inf):
        require_moments(cls, given_mean, given_std)
    if given_std == 0.0:
        return _deterministic(given_mean)
    return cls.from_moments(given_mean, given_std)


def make_checked(
    family: str, mean: float, std: float, parameters: Parameters | str | None
) -> Distribution:
    """Make what :func:`make` makes of a row, where the check of the table has looked at the row.

    Families that are their moments and no more are not looked at again, and parameters are not
    held against the moments.

    Parameters
    ----------
    family, mean, std, parameters
        As of :func:`make`; the moments are NaN where they are blank.

    Returns
    -------
    Distribution

    Examples
    --------
    >>> make_checked("gamma", 10.0, 4.0, None) == make("gamma", 10.0, 4.0)
    True
    """
    cls = FAMILIES.get(family)
    if cls is None:
        return make(family, mean, std, parameters)
    if parameters:
        extra = read_parameters(parameters)
        return make(family, mean, std) if extra is None else cls.from_parameters(mean, std, extra)
    maker = _of_checked(cls) if 0.0 < std < inf else None
    return make(family, mean, std) if maker is None else maker(mean, std)


@cache
def _of_checked(cls: type[Distribution]) -> Callable[[float, float], Distribution] | None:
    """How a family is made of moments alone where it keeps nothing else.

    None where it works out others when made, or has more to say.
    """
    made_so: Callable[[float, float], Distribution] | None = getattr(cls, "of_checked", None)
    if issubclass(cls, TwoMoments):
        kept = [field.name for field in fields(cls)]
        inherited = cls.__post_init__ is TwoMoments.__post_init__
        if not inherited or kept != ["mean", "std"] or "from_moments" in vars(cls):
            return None
    return made_so


def as_distribution(candidate: object) -> Distribution:
    """Take one of our distributions as it is, and wrap a frozen one of ``scipy.stats``.

    Parameters
    ----------
    candidate : Distribution or frozen scipy.stats distribution

    Returns
    -------
    Distribution

    Raises
    ------
    DomainError
        If it is neither, or the frozen one has no finite mean and variance.

    Examples
    --------
    >>> from scipy import stats
    >>> as_distribution(stats.weibull_min(2.0, scale=10.0))
    Scipy(name='weibull_min', args=(2.0,), kwds=(('scale', 10.0),))
    """
    if isinstance(candidate, type):  # a family has all that its members have
        raise DomainError(
            f"distribution is the class {candidate.__name__}. "
            "Fix: give an object, Gamma(3.0, 1.0) for example."
        )
    if type(candidate) in FAMILIES.values() or isinstance(candidate, Distribution):
        return cast(Distribution, candidate)
    if all(hasattr(candidate, name) for name in ("dist", "args", "kwds")):
        adapter: Any = FAMILIES["scipy"]
        return cast(Distribution, adapter.from_frozen(candidate))
    hint = (
        "call it with its parameters to freeze it"
        if hasattr(candidate, "freeze")
        else ("use a class of echelon.distributions or a frozen scipy.stats distribution")
    )
    raise DomainError(f"distribution is {candidate!r}, which is not one. Fix: {hint}.")


def sum_trivially(distribution: Distribution, periods: float) -> Distribution | None:
    """Give the sums that every family has: nothing over 0 periods, itself over 1.

    Parameters
    ----------
    distribution : Distribution
        Demand of one period.
    periods : float
        At least 0.

    Returns
    -------
    Distribution or None
        None for any other number of periods.

    Raises
    ------
    DomainError
        If ``periods`` is negative, infinite or no number.
    """
    number = require_number("periods", periods, owner=distribution.family)
    if number < 0.0:
        raise DomainError(f"periods is {periods!r}, must be >= 0. Fix: give a length of time.")
    if number == 0.0:
        return _deterministic(0.0)
    return distribution if number == 1.0 else None


def _deterministic(value: float) -> Distribution:
    return FAMILIES["deterministic"].from_moments(value, 0.0)


def _require_same_moments(made: Distribution, mean: float, std: float) -> None:
    for name, typed, exact in (("mean", mean, made.mean), ("std", std, made.std)):
        scale = max(abs(exact), made.std if name == "mean" else 0.0)
        if not np.isnan(typed) and abs(typed - exact) > ROUNDING * scale:
            raise DomainError(
                f"{made.family}: {name} is {typed!r} but the parameters give {exact!r}. "
                f"Fix: leave {name} blank or correct one of them."
            )
