"""The period a network counts in."""

from __future__ import annotations

from dataclasses import dataclass

from echelon.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Period:
    """A unit of time and how many of it a year has."""

    name: str
    periods_per_year: float


PERIODS: dict[str, Period] = {
    period.name: period
    for period in (Period("day", 365.0), Period("week", 52.0), Period("month", 12.0))
}


def period_named(name: str) -> Period:
    """Look a period up.

    Raises
    ------
    UnknownNameError
        If the name is not ``"day"``, ``"week"`` or ``"month"``.

    Examples
    --------
    >>> period_named("week").periods_per_year
    52.0
    """
    if name not in PERIODS:
        raise UnknownNameError("period", name, PERIODS)
    return PERIODS[name]
