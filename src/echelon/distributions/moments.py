"""What a mean and a standard deviation may be, family by family, stated once.

The constructors, :func:`echelon.distributions.make` and the check of whole columns read the same
rules, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any, ClassVar, Protocol, Self

from echelon.distributions.arguments import Parameters, no_parameters, require_number
from echelon.errors import DomainError

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


class Family(Protocol):
    """What a class of distributions says of itself: its name in tables and its limits."""

    family: ClassVar[str]
    moment_rules: ClassVar[tuple[MomentRule, ...]]


_LARGEST = 1e100  # so that squares and their products stay numbers
_FAINTEST = 1e-12  # of the mean; a float64 holds 16 digits

# without `~`, which makes -2, so true, of a plain True; NaN is what differs from itself
COMMON_RULES = (
    MomentRule(
        "mean",
        lambda mean, _std: (mean != mean) | (abs(mean) > _LARGEST),
        "must be a finite number",
        "give the mean per period, or leave the row out if there is no demand",
    ),
    MomentRule(
        "std",
        lambda _mean, std: (std != std) | (std < 0.0) | (std > _LARGEST),
        "must be a finite number >= 0",
        "give the standard deviation per period; 0 is a known demand",
    ),
    MomentRule(
        "std",
        lambda mean, std: (std > 0.0) & ((std < _FAINTEST * abs(mean)) | (std < 1.0 / _LARGEST)),
        "is above 0 but lost in the rounding of the mean",
        "give 0 for a known demand",
    ),
)
"""What holds for the moments of every family."""


NOT_NEGATIVE = MomentRule(
    "mean",
    lambda mean, _std: mean < 0.0,
    "must be >= 0",
    "give a mean >= 0, or use family 'normal' if returns may exceed demand",
)

POSITIVE_MEAN = MomentRule(
    "mean",
    lambda mean, std: (mean < 0.0) | ((mean == 0.0) & (std > 0.0)),
    "must be above 0",
    "give a positive mean, or use family 'normal' if returns may exceed demand",
)
"""A variable that cannot be negative has a mean above 0; 0 only if it is known to be 0."""

WIDEST = MomentRule(
    "std",
    lambda mean, std: (mean > 0.0) & (std > 1000.0 * mean),
    "must be at most 1000 times the mean",
    "check the units; for demand as rare as that give family 'empirical' with its values",
)
"""Beyond it nearly every quantile is 0 to the last digit, and no simulation meets a demand."""


@cache
def rules_of(cls: type[Family]) -> tuple[tuple[MomentRule, ...], ...]:
    """Give the rules of a family in the order in which they are told, in groups.

    What breaks a rule of one group is not held against the rules of the next: moments that leave
    the distribution open are not asked for, and what is no pair of numbers is told so once.
    """
    open_ended = tuple(rule for rule in cls.moment_rules if rule.column == "parameters")
    return open_ended, COMMON_RULES, tuple(r for r in cls.moment_rules if r not in open_ended)


@cache
def _every_rule(cls: type[Family]) -> tuple[MomentRule, ...]:
    return tuple(chain(*rules_of(cls)))


@cache
def _own_rules(cls: type[Family]) -> tuple[MomentRule, ...]:
    """Rules of a family besides the common ones."""
    return tuple(rule for rule in _every_rule(cls) if rule not in COMMON_RULES)


def _usual(mean: float, std: float) -> bool:
    """Whether two numbers keep all common rules, as nearly all do, told by one comparison."""
    return abs(mean) <= _LARGEST and max(1.0 / _LARGEST, _FAINTEST * abs(mean)) <= std <= _LARGEST


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
    for rule in _own_rules(cls) if _usual(mean, std) else _every_rule(cls):
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


@dataclass(frozen=True, slots=True)
class TwoMoments:
    """What families share whose mean and standard deviation are all there is.

    A subclass adds ``family``, its ``moment_rules``, ``sample``, ``cdf``, ``ppf`` and ``sum_over``.

    Parameters
    ----------
    mean, std : float
        Units; finite, ``std > 0``, and as ``moment_rules`` says.

    Raises
    ------
    DomainError
        If they are not.
    """

    mean: float
    std: float

    family: ClassVar[str]
    moment_rules: ClassVar[tuple[MomentRule, ...]] = ()

    def __post_init__(self) -> None:
        """Check the moments."""
        for name in ("mean", "std"):
            number = require_number(name, getattr(self, name), owner=self.family)
            object.__setattr__(self, name, number)
        require_spread(type(self), self.mean, self.std)

    @property
    def variance(self) -> float:
        """Squared deviation, units squared."""
        return self.std**2

    @property
    def discrete(self) -> bool:
        """False, unless the family says otherwise."""
        return False

    @property
    def support(self) -> tuple[float, float]:
        """From 0 on, unless the family says otherwise."""
        return 0.0, float("inf")

    def parameters(self) -> dict[str, Any]:
        """Empty: the moments say all."""
        return {}

    @classmethod
    def expected_std(cls, _mean: Any) -> Any:
        """None: the deviation is free."""
        return None

    @classmethod
    def from_moments(cls, mean: float, std: float) -> Self:
        """Make it from its mean and standard deviation."""
        return cls(mean, std)

    @classmethod
    def of_checked(cls, mean: float, std: float) -> Self:
        """Make it from moments of which it is known that they keep all rules: not looked at."""
        made = object.__new__(cls)
        object.__setattr__(made, "mean", mean)
        object.__setattr__(made, "std", std)
        return made

    @classmethod
    def from_parameters(cls, mean: float, std: float, parameters: Parameters) -> Self:
        """Make it from its moments; there are no parameters."""
        no_parameters(cls.family, parameters)
        return cls(mean, std)
