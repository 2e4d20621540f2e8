"""Whole ticks: the part of a period in which every time of a component is whole."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import inf, lcm

import numpy as np

from echelon.network.compiled import Floats, Integers

LARGEST_TICKS_PER_PERIOD = 10_000_000
_LARGEST_DENOMINATOR = 10_000
_FALLBACK_TICKS_PER_PERIOD = 1e9
_NEVER_REACHED = 1e9
"""Periods: a thousand times the longest time that tables allow, and still whole in ticks."""


def ticks_per_period(times: tuple[Floats, ...]) -> float:
    """Fewest ticks per period in which every finite time is whole.

    Decimal and other common fractions are exact. Other times that are multiples of one unit are
    multiples of it to a billionth of a period; failing that a tick is a billionth of a period.
    """
    distinct = np.unique(np.concatenate(times))
    distinct = distinct[np.isfinite(distinct) & (distinct > 0.0)]
    ticks = 1
    for time in distinct.tolist():
        ticks = lcm(ticks, denominator_of(time))
        if not 0 < ticks <= LARGEST_TICKS_PER_PERIOD:
            return _common_unit(distinct)
    return float(ticks)


def limits_within_reach(limit: Floats) -> Floats:
    """Take a limit on service times (periods) that none can reach for none: ``inf``."""
    return np.where(limit < _NEVER_REACHED, limit, inf)


@lru_cache(maxsize=4096)
def denominator_of(time: float) -> int:
    """Denominator of the common fraction that a time (periods) is; 0 where it is none.

    Examples
    --------
    >>> denominator_of(6.6), denominator_of(2.0**0.5)
    (5, 0)
    """
    nearest = Fraction(time).limit_denominator(_LARGEST_DENOMINATOR)
    return nearest.denominator if abs(float(nearest) - time) <= 1e-12 * max(1.0, time) else 0


def _common_unit(times: Floats) -> float:
    """Ticks per period from Euclid's algorithm on numbers that carry rounding errors."""
    tolerance = max(1e-10, 4.0 * float(np.spacing(times.max())))
    unit = 0.0
    for time in times.tolist():
        a, b = time, unit
        while b > tolerance:
            rest = a % b
            a, b = b, 0.0 if b - rest < tolerance else rest
        unit = a
        if unit * LARGEST_TICKS_PER_PERIOD < 1.0:
            return _FALLBACK_TICKS_PER_PERIOD
    counts = np.rint(times / unit)
    unit = float(times @ counts / (counts @ counts))  # least squares: the errors average out
    if np.abs(times - counts * unit).max() > tolerance:
        return _FALLBACK_TICKS_PER_PERIOD
    return 1.0 / unit


def in_ticks(times: Floats, ticks: Floats | float) -> Integers:
    """Times (periods) in whole ticks."""
    return np.rint(times * ticks).astype(np.int64)
