"""What the arguments of a fit may be; each fault says what was given and what to give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from echelon.errors import DomainError


def check_levels(service_level: float | Sequence[float]) -> tuple[float, ...]:
    """Give target levels as a tuple, sorted, each once.

    Raises
    ------
    DomainError
        If one is not between 0.5 and 1, both excluded.
    """
    listed = isinstance(service_level, (list, tuple, np.ndarray))
    given: list[Any] = list(service_level) if listed else [service_level]  # type: ignore[arg-type]
    wrong = [
        level for level in given if not (isinstance(level, (int, float)) and 0.5 < level < 1.0)
    ]
    if wrong or not given:
        shown = repr(wrong[0]) if wrong else "empty"
        raise DomainError(
            f"service_level is {shown}, must be above 0.5 and below 1. "
            "Fix: give a fraction, 0.975 for 97.5 %, or several."
        )
    return tuple(sorted({float(level) for level in given}))


def check_whole(name: str, value: object, least: int) -> int:
    """Give a whole number that an argument must be.

    Raises
    ------
    DomainError
        If it is none, or too small.
    """
    if isinstance(value, (float, np.floating)) and least - 1 < value < np.inf:
        whole = int(np.ceil(value))
        remedy = f"write {whole}" if whole == value else f"round up: {whole}"
        raise DomainError(f"{name} is {value:g}, must be a whole number. Fix: {remedy}.")
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise DomainError(f"{name} is {value!r}. Fix: give a whole number >= {least}.")
    return int(value)


def check_columns(name: str, value: object) -> tuple[str, ...]:
    """Give the list of columns that an argument must be.

    Raises
    ------
    DomainError
        If it is none: a text would be taken for its letters.
    """
    if isinstance(value, str):
        raise DomainError(f"{name} is the text {value!r}. Fix: give a list, [{value!r}].")
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise DomainError(f"{name} is {value!r}. Fix: give a list of column names.")
    return tuple(value)


def check_flag(name: str, value: object) -> bool:
    """Give the truth value that an argument must be.

    Raises
    ------
    DomainError
        If it is none: a text such as ``"no"`` would count as true.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise DomainError(f"{name} is {value!r}. Fix: give True or False.")
    return bool(value)


def check_season(season: float | None) -> float | None:
    """Give the length of a cycle, periods, or None.

    Raises
    ------
    DomainError
        If it is shorter than a cycle can be told.
    """
    if season is not None and not _is_number(season, 2.5):
        raise DomainError(f"season is {season!r}. Fix: give the periods of a cycle, 2.5 or more.")
    return season


def check_memories(half_lives: Sequence[float | None]) -> tuple[float | None, ...]:
    """Give half-lives as a tuple.

    Raises
    ------
    DomainError
        If one is below 1: then a single period is all that counts, and one has no variance.
    """
    given = tuple(half_lives) if isinstance(half_lives, (list, tuple)) else ()
    if not given or not all(life is None or _is_number(life, 1.0) for life in given):
        raise DomainError(
            f"half_lives is {half_lives!r}. Fix: give a list of periods, 1 or more, None for no "
            "decay."
        )
    return given


def _is_number(value: object, least: float) -> bool:
    number = isinstance(value, (int, float, np.integer)) and not isinstance(value, bool)
    return number and least <= float(cast(float, value)) < np.inf
