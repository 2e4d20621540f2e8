"""How far a target may move before a person looks at it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from echelon.errors import DomainError
from echelon.policies.publication.targets import Floats

Band = float | Mapping[str, float] | None

SAME = 1e-9
"""Relative difference up to which two numbers are one: the rounding of two solver runs."""


@dataclass(frozen=True, slots=True)
class Bands:
    """What is accepted without a look; a move beyond any of the bands is reviewed.

    Attributes
    ----------
    quantities : tuple of str
        The columns that are watched.
    share : dict of str to float
        Most that a quantity may move, as a fraction of its old number.
    units : dict of str to float
        Most that it may move, units.
    value : float or None
        Most that it may move, money.
    ignore_units : float
        A move of at most so many units is accepted, whatever the bands say.
    """

    quantities: tuple[str, ...]
    share: dict[str, float]
    units: dict[str, float]
    value: float | None
    ignore_units: float

    def beyond(self, name: str, old: Floats, new: Floats, unit_value: Floats) -> Booleans:
        """Which moves of one quantity are beyond a band; NaN on one side only always is.

        ``unit_value`` money per unit, read only where there is a band in money.
        """
        moved = np.abs(new - old)
        rounding = SAME * np.maximum(np.abs(old), np.abs(new))
        out = np.isnan(old) != np.isnan(new)
        if name in self.share:
            out |= moved > self.share[name] * np.abs(old) + rounding
        if name in self.units:
            out |= moved > self.units[name] + rounding
        if self.value is not None:
            out |= moved * unit_value > self.value * (1.0 + SAME)
        return np.asarray(out & ~(moved <= self.ignore_units))


Booleans = npt.NDArray[np.bool_]


def check_bands(
    quantities: Sequence[str],
    max_change: Band,
    max_units: Band,
    max_value: float | None,
    ignore_units: float,
) -> Bands:
    """Read the bands of one publication.

    Raises
    ------
    DomainError
        If a band is negative, no number, of no watched quantity, or in per cent; names them all.
    """
    problems: list[str] = []
    share = _by_quantity("max_change", max_change, quantities, problems)
    for name, most in share.items():
        if most > 1.0:
            problems.append(
                f"max_change of {name} is {most:g}, a fraction of the old number. Fix: give "
                f"{most / 100.0:g} for {most:g} per cent, or None for no such band."
            )
    units = _by_quantity("max_units", max_units, quantities, problems)
    for name, number in (("max_value", max_value), ("ignore_units", ignore_units)):
        if number is not None and not (_is_number(number) and 0.0 <= number < math.inf):
            problems.append(f"{name} is {number!r}, must be a number >= 0. Fix: correct it.")
    if problems:
        raise DomainError("\n".join(problems))
    return Bands(
        tuple(quantities),
        share,
        units,
        None if max_value is None else float(max_value),
        float(ignore_units),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _by_quantity(
    argument: str, band: Band, quantities: Sequence[str], problems: list[str]
) -> dict[str, float]:
    """Spell a band out by quantity; of a mapping those that it names."""
    if band is None:
        return {}
    given = dict(band) if isinstance(band, Mapping) else dict.fromkeys(quantities, band)
    for name, most in given.items():
        if name not in quantities:
            problems.append(
                f"{argument} names {name!r}, which is not compared. Fix: name one of "
                f"{', '.join(quantities)}, or add it to quantities."
            )
        elif not (_is_number(most) and 0.0 <= most < math.inf):
            problems.append(
                f"{argument} of {name} is {most!r}, must be a number >= 0. Fix: correct it, or "
                "give None for no such band."
            )
    return {name: float(most) for name, most in given.items() if _is_number(most)}
