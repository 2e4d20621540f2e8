"""A whole column of moments at once: what is wrong with it, and its blanks filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats, Parameters, read_parameters
from echelon.distributions.base import family_class, make
from echelon.distributions.moments import rules_of
from echelon.errors import DomainError


@dataclass(frozen=True, slots=True)
class MomentFault:
    """Rows of a table that break one rule: their positions (from 0), the column, what and how."""

    column: str
    rows: tuple[int, ...]
    message: str
    remedy: str


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
    if implied is not None and (blank := plain & np.isnan(stds)).any():
        stds[blank] = implied[blank]
    sound = plain
    for rules in rules_of(cls):
        held_to = sound
        for rule in rules:
            with np.errstate(all="ignore"):  # rows already refused may hold anything
                broken = held_to & rule.broken(means, stds)
            if broken.any():
                sound = sound & ~broken
                rows = tuple(np.flatnonzero(broken).tolist())
                faults.append(MomentFault(rule.column, rows, rule.message, rule.remedy))
    if implied is not None:
        stds = implied if sound.all() else np.where(sound, implied, stds)
    return means, stds, faults


def _check_described(
    family: str, means: Floats, stds: Floats, parameters: Sequence[Parameters | str | None]
) -> tuple[NDArray[np.bool_], list[MomentFault]]:
    """Check the rows that have parameters one by one; puts their exact moments into the columns."""
    described = np.zeros(means.shape, dtype=bool)
    refused: dict[tuple[str, str], list[int]] = {}
    known: dict[tuple[str, bytes, bytes], tuple[float, float]] = {}  # many rows say the same
    for row, given in enumerate(parameters):
        key = (given, means[row].tobytes(), stds[row].tobytes()) if isinstance(given, str) else None
        if key in known:
            described[row] = True
            means[row], stds[row] = known[key]
            continue
        try:
            extra = read_parameters(given)
            if extra is not None:
                described[row] = True
                made = make(family, means[row], stds[row], extra)
                means[row], stds[row] = made.mean, made.std
                if key is not None:
                    known[key] = made.mean, made.std
        except DomainError as error:
            described[row] = True
            message, _, remedy = str(error).partition(" Fix: ")
            refused.setdefault((message.rstrip("."), remedy.rstrip(".")), []).append(row)
    return described, [
        MomentFault("parameters", tuple(rows), *told) for told, rows in refused.items()
    ]
