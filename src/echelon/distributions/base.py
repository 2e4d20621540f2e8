"""What a distribution is, the registry of families by name, and the rules that moments obey.

A family is one frozen dataclass under ``@register``. Nothing else in the library knows its name.
Each family states its limits once, as :class:`MomentRule`; the constructor, :func:`make` and the
check of a whole table (:func:`check_moments`, 100,000 rows without building an object) read the
same rules, so they cannot disagree.

A standard deviation of 0 is a valid, known demand (clause 10 of the convention): for every family
that is described by two moments :func:`make` then answers with ``Deterministic(mean)``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, TypeAlias, TypeVar, cast, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.errors import DomainError, UnknownNameError

Floats: TypeAlias = NDArray[np.float64]
Size: TypeAlias = int | tuple[int, ...]
Parameters: TypeAlias = Mapping[str, Any]

ROUNDING = 1e-3
"""Relative difference up to which a typed moment is the rounded form of the exact one."""


@dataclass(frozen=True, slots=True)
class MomentRule:
    """One limit on a mean and a standard deviation, for one pair of numbers or for two columns.

    ``broken(mean, std)`` is true where the rule is broken; it must work on floats and on arrays.
    """

    column: str
    broken: Callable[[Any, Any], Any]
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class MomentFault:
    """Rows of a table that break one rule: their positions (from 0), the column, what and how."""

    column: str
    rows: tuple[int, ...]
    message: str
    remedy: str


class Family(Protocol):
    """What a class of distributions says of itself: its name in tables and its limits."""

    family: ClassVar[str]
    moment_rules: ClassVar[tuple[MomentRule, ...]]


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
Known: deterministic, empirical, gamma, lognormal, negative_binomial, normal, poisson, scipy, \
truncated_normal, uniform.
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
    given_mean, given_std = _or_blank("mean", mean), _or_blank("std", std)
    extra = _read_parameters(parameters)
    if extra is not None:
        made = cls.from_parameters(given_mean, given_std, extra)
        _require_same_moments(made, given_mean, given_std)
        return made
    if np.isnan(given_std) and (implied := cls.expected_std(given_mean)) is not None:
        given_std = float(implied)
    require_moments(cls, given_mean, given_std)
    if given_std == 0.0:
        return _deterministic(given_mean)
    return cls.from_moments(given_mean, given_std)


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


def check_moments(
    family: str,
    mean: ArrayLike,
    std: ArrayLike,
    parameters: Sequence[Parameters | str | None] | None = None,
) -> tuple[Floats, Floats, list[MomentFault]]:
    """Check the rows of one family all at once and fill what may be blank.

    The same verdict as calling :func:`make` row by row, without making an object for any row
    that has no parameters.

    Parameters
    ----------
    family : str
        A key of :data:`FAMILIES`.
    mean, std : (n,) array_like of float
        Units; NaN is blank.
    parameters : sequence of n mappings, JSON texts or None, optional

    Returns
    -------
    mean, std : (n,) ndarray of float64
        Copies with blanks filled: the deviation that follows from the mean, the moments that
        follow from parameters. Moments given beside parameters (or a Poisson deviation) within
        0.1 % of the exact ones are read as rounded and come back exact.
    faults : list of MomentFault
        One per rule that is broken, with every row that breaks it; empty when all is well.

    Raises
    ------
    UnknownNameError
        If no family has the name.

    Examples
    --------
    >>> mean, std, faults = check_moments("gamma", [10.0, -1.0, 5.0], [4.0, 2.0, float("nan")])
    >>> [(fault.column, fault.rows, fault.message) for fault in faults]
    [('std', (2,), 'must be a finite number >= 0'), ('mean', (1,), 'must be above 0')]
    """
    cls = family_class(family)
    means = np.array(mean, dtype=np.float64)
    stds = np.array(std, dtype=np.float64)
    described, faults = _check_described(family, means, stds, parameters or ())
    plain = ~described
    implied = cls.expected_std(means)
    if implied is not None:
        stds[plain & np.isnan(stds)] = implied[plain & np.isnan(stds)]
    sound = plain
    for rules in (COMMON_RULES, cls.moment_rules):
        # what is no pair of numbers is told so once, and not held against the family's own rules
        held_to = sound
        for rule in rules:
            with np.errstate(all="ignore"):  # rows already refused may hold anything
                broken = held_to & rule.broken(means, stds)
            sound = sound & ~broken
            if rows := tuple(np.flatnonzero(broken).tolist()):
                faults.append(MomentFault(rule.column, rows, rule.message, rule.remedy))
    if implied is not None:
        stds[sound] = implied[sound]
    return means, stds, faults


_LARGEST = 1e100  # so that squares and their products stay numbers
_FAINTEST = 1e-12  # of the mean; a float64 holds 16 digits

COMMON_RULES = (
    MomentRule(
        "mean",
        lambda mean, _std: ~(np.abs(mean) <= _LARGEST),
        "must be a finite number",
        "give the mean per period, or leave the row out if there is no demand",
    ),
    MomentRule(
        "std",
        lambda _mean, std: ~((std >= 0.0) & (np.abs(std) <= _LARGEST)),
        "must be a finite number >= 0",
        "give the standard deviation per period; 0 is a known demand",
    ),
    MomentRule(
        "std",
        lambda mean, std: (std > 0.0) & ((std < _FAINTEST * np.abs(mean)) | (std < 1.0 / _LARGEST)),
        "is above 0 but lost in the rounding of the mean",
        "give 0 for a known demand",
    ),
)
"""What holds for the moments of every family."""


def require_moments(cls: type[Family], mean: float, std: float) -> None:
    """Raise the first rule that a mean and a standard deviation break.

    Parameters
    ----------
    cls : type
        The family.
    mean, std : float
        Units.

    Raises
    ------
    DomainError
        Names the family, the moment, its value and what to do.
    """
    for rule in (*COMMON_RULES, *cls.moment_rules):
        if rule.broken(mean, std):
            numbers = f"mean={mean!r}, std={std!r}"
            raise DomainError(
                f"{cls.family}({numbers}): {rule.column} {rule.message}. Fix: {rule.remedy}."
            )


def require_spread(cls: type[Family], mean: float, std: float) -> None:
    """Raise unless the moments are allowed and the standard deviation is above 0.

    Constructors call it: an object of a family that has a density cannot be a single point.

    Parameters
    ----------
    cls : type
        The family.
    mean, std : float
        Units.

    Raises
    ------
    DomainError
        Names the family, the moment, its value and what to do.
    """
    require_moments(cls, mean, std)
    if std == 0.0:
        raise DomainError(
            f"{cls.family}(mean={mean!r}, std=0.0): std must be above 0. "
            f"Fix: a known demand is Deterministic({mean!r})."
        )


def require_number(name: str, value: object, *, owner: str) -> float:
    """Give a finite number as a float.

    Parameters
    ----------
    name : str
        The argument, for the message.
    value : object
        What was given.
    owner : str
        The family, for the message.

    Returns
    -------
    float

    Raises
    ------
    DomainError
        If it is text, a truth value, NaN or infinite.
    """
    if not _is_number(value):
        raise DomainError(f"{owner}: {name} is {value!r}, not a number. Fix: give a number.")
    number = float(cast(float, value))
    if not np.isfinite(number):
        raise DomainError(f"{owner}: {name} is {value!r}. Fix: give a finite number.")
    return number


def values_of(x: ArrayLike) -> Floats:
    """Give the points at which a distribution function is asked for, NaN excluded.

    Parameters
    ----------
    x : array_like of float
        Units; infinite is allowed.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    DomainError
        If some value is NaN; names its position.
    """
    points = np.asarray(x, dtype=np.float64)
    if np.isnan(points).any():
        at = tuple(np.argwhere(np.isnan(points))[0].tolist())
        raise DomainError(f"x{list(at) if at else ''} is NaN. Fix: leave missing values out.")
    return points


def probabilities_of(q: ArrayLike) -> Floats:
    """Give the probabilities at which quantiles are asked for.

    Parameters
    ----------
    q : array_like of float
        Between 0 and 1, both included.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    DomainError
        If some value is NaN or outside [0, 1]; names its position.
    """
    shares = np.asarray(q, dtype=np.float64)
    outside = ~((shares >= 0.0) & (shares <= 1.0))
    if outside.any():
        at = tuple(np.argwhere(outside)[0].tolist())
        place = list(at) if at else ""
        raise DomainError(
            f"q{place} is {float(shares[at])!r}, must be between 0 and 1. "
            "Fix: give a probability, 0.975 for 97.5 %."
        )
    return shares


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


def no_parameters(cls: type[Family], parameters: Parameters) -> None:
    """Raise if parameters are given to a family that has none besides its moments.

    Parameters
    ----------
    cls : type
        The family.
    parameters : mapping

    Raises
    ------
    DomainError
        Names the first parameter.
    """
    if parameters:
        raise DomainError(
            f"{cls.family} takes no parameter {next(iter(parameters))!r}. "
            "Fix: leave parameters blank; mean and std say all."
        )


def take_parameters(
    cls: type[Family], parameters: Parameters, required: Sequence[str], optional: Sequence[str] = ()
) -> None:
    """Raise unless exactly the known parameters are there.

    Parameters
    ----------
    cls : type
        The family.
    parameters : mapping
    required, optional : sequence of str
        Names that must, and that may, be there.

    Raises
    ------
    DomainError
        Names the missing or unknown parameter.
    """
    absent = [name for name in required if name not in parameters]
    unknown = [name for name in parameters if name not in (*required, *optional)]
    if absent or unknown:
        wrong = f"parameter {absent[0]!r} is missing" if absent else f"no parameter {unknown[0]!r}"
        raise DomainError(
            f"{cls.family}: {wrong}. Fix: give parameters {', '.join((*required, *optional))}."
        )


def _is_number(value: object) -> bool:
    """Whether it is a real number; a truth value is not."""
    truth = isinstance(value, (bool, np.bool_))
    return isinstance(value, (int, float, np.integer, np.floating)) and not truth


def _deterministic(value: float) -> Distribution:
    return FAMILIES["deterministic"].from_moments(value, 0.0)


def _or_blank(name: str, value: float | None) -> float:
    if value is None:
        return float("nan")
    if not _is_number(value):
        raise DomainError(f"{name} is {value!r}, not a number. Fix: give a number of units.")
    return float(value)


def _read_parameters(parameters: object) -> Parameters | None:
    """Give parameters as a mapping, or None where they are blank."""
    blank = parameters is None or parameters == "" or parameters == {}
    if blank or (isinstance(parameters, float) and np.isnan(parameters)):
        return None
    if isinstance(parameters, str):
        try:
            parameters = json.loads(parameters)
        except json.JSONDecodeError as error:
            raise DomainError(
                f"parameters are not JSON ({error}): {parameters!r}. "
                'Fix: write an object such as {"low": 0, "high": 10}.'
            ) from None
    if not isinstance(parameters, Mapping):
        raise DomainError(
            f"parameters are {parameters!r}, not an object of names and values. "
            'Fix: write an object such as {"low": 0, "high": 10}.'
        )
    return parameters or None


def _check_described(
    family: str, means: Floats, stds: Floats, parameters: Sequence[Parameters | str | None]
) -> tuple[NDArray[np.bool_], list[MomentFault]]:
    """Check the rows that have parameters one by one; puts their exact moments into the columns."""
    described = np.zeros(means.shape, dtype=bool)
    refused: dict[tuple[str, str], list[int]] = {}
    for row, given in enumerate(parameters):
        try:
            extra = _read_parameters(given)
            if extra is not None:
                described[row] = True
                made = make(family, means[row], stds[row], extra)
                means[row], stds[row] = made.mean, made.std
        except DomainError as error:
            described[row] = True
            message, _, remedy = str(error).partition(" Fix: ")
            refused.setdefault((message.rstrip("."), remedy.rstrip(".")), []).append(row)
    return described, [
        MomentFault("parameters", tuple(rows), *told) for told, rows in refused.items()
    ]


def _require_same_moments(made: Distribution, mean: float, std: float) -> None:
    for name, typed, exact in (("mean", mean, made.mean), ("std", std, made.std)):
        scale = max(abs(exact), made.std if name == "mean" else 0.0)
        if not np.isnan(typed) and abs(typed - exact) > ROUNDING * scale:
            raise DomainError(
                f"{made.family}: {name} is {typed!r} but the parameters give {exact!r}. "
                f"Fix: leave {name} blank or correct one of them."
            )
