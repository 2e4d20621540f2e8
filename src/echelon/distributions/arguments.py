"""What a caller may hand to a distribution: numbers, points, probabilities, parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.errors import DomainError

Floats: TypeAlias = NDArray[np.float64]
Size: TypeAlias = int | tuple[int, ...]
Parameters: TypeAlias = Mapping[str, Any]


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
    if type(value) is float and isfinite(value):  # nearly always
        return value
    if not _is_number(value):
        raise DomainError(f"{owner}: {name} is {value!r}, not a number. Fix: give a number.")
    number = float(cast(float, value))
    if not isfinite(number):
        raise DomainError(f"{owner}: {name} is {value!r}. Fix: give a finite number.")
    return number


def number_or_blank(name: str, value: float | None) -> float:
    """Give a number as a float, NaN where it is blank.

    Parameters
    ----------
    name : str
        The argument, for the message.
    value : float or None

    Returns
    -------
    float

    Raises
    ------
    DomainError
        If it is text or a truth value.
    """
    if value is None:
        return float("nan")
    if type(value) is float:  # nearly always
        return value
    if not _is_number(value):
        raise DomainError(f"{name} is {value!r}, not a number. Fix: give a number of units.")
    return float(value)


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


def read_parameters(parameters: object) -> Parameters | None:
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


def no_parameters(family: str, parameters: Parameters) -> None:
    """Raise if parameters are given to a family that has none besides its moments.

    Parameters
    ----------
    family : str
    parameters : mapping

    Raises
    ------
    DomainError
        Names the first parameter.
    """
    if parameters:
        raise DomainError(
            f"{family} takes no parameter {next(iter(parameters))!r}. "
            "Fix: leave parameters blank; mean and std say all."
        )


def take_parameters(
    family: str, parameters: Parameters, required: Sequence[str], optional: Sequence[str] = ()
) -> None:
    """Raise unless exactly the known parameters are there.

    Parameters
    ----------
    family : str
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
            f"{family}: {wrong}. Fix: give parameters {', '.join((*required, *optional))}."
        )


def _is_number(value: object) -> bool:
    """Whether it is a real number; a truth value is not."""
    truth = isinstance(value, (bool, np.bool_))
    return isinstance(value, (int, float, np.integer, np.floating)) and not truth
