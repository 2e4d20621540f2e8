"""Cycles in a history: does demand follow the year, or the week? Reported, never removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from echelon.demand.history import Calendar

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

CYCLE_CHANCE = 0.01
FEWEST_CYCLES = 2
_FEWEST_PERIODS = 20
HARMONICS = 2
"""Waves that make up a cycle: of its length, of half of it."""
_DAYS_OF_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Cycle:
    """What a cycle of one length does to each series.

    Attributes
    ----------
    found : (n_series,) bool
    peak_column : (n_series,) int64
        Column of the latest peak, in the last cycle observed.
    peak_ratio : (n_series,) float64
        Demand at the peak over the mean, no unit.
    component : (n_series, n_periods) float64
        What the cycle adds to the mean, units; 0 where none was found.
    unexplained : (n_series,) float64
        Sum of squares that level, trend and cycle leave, units squared; infinite likewise.
    """

    found: Mask
    peak_column: Integers
    peak_ratio: Floats
    component: Floats
    unexplained: Floats


def cycles_of(calendar: Calendar, season: float | None) -> tuple[tuple[str, float], ...]:
    """Name the cycles to look for, and how many periods each has.

    Parameters
    ----------
    calendar : Calendar
    season : float or None
        Periods of a cycle that the caller names; by default a year, and of days a week too.

    Examples
    --------
    >>> cycles_of(Calendar("month"), None), cycles_of(Calendar("number"), None)
    ((('yearly_cycle', 12.0),), ())
    """
    if season is not None:
        return (("cycle", float(season)),)
    year = {"month": 12.0, "week": _DAYS_OF_A_YEAR / 7.0, "day": _DAYS_OF_A_YEAR}
    if calendar.period not in year:
        return ()
    yearly = ("yearly_cycle", year[calendar.period])
    return (("weekly_cycle", 7.0), yearly) if calendar.period == "day" else (yearly,)


def find_cycle(quantity: Floats, length: float) -> Cycle:
    r"""Look for a cycle of so many periods in each series.

    Two waves, of the cycle and of half of it, beside a level and a trend: the F statistic of the
    four coefficients, times :math:`(1-\rho)/(1+\rho)` where neighbouring residuals correlate by
    :math:`\rho > 0`, so that a level that wanders is no season (the effective number of periods of
    Bartlett [1]_), against its 1 % point. Fewer than two cycles say nothing.

    Parameters
    ----------
    quantity : (n_series, n_periods) float64
        Units; NaN where not observed.
    length : float
        Periods of a cycle.

    Returns
    -------
    Cycle

    References
    ----------
    .. [1] Bartlett (1946), *On the theoretical specification and sampling properties of
       autocorrelated time-series*, Supplement to the Journal of the Royal Statistical Society 8(1).

    Examples
    --------
    >>> wave = 10.0 + 4.0 * np.cos(2.0 * np.pi * np.arange(36) / 12.0)
    >>> cycle = find_cycle(wave[None], 12.0)
    >>> cycle.found.tolist(), cycle.peak_column.tolist(), cycle.peak_ratio.round(2).tolist()
    ([True], [24], [1.4])
    """
    n_series, n_periods = quantity.shape
    found = np.zeros(n_series, dtype=np.bool_)
    peak, ratio = np.zeros(n_series, dtype=np.int64), np.ones(n_series)
    component, unexplained = np.zeros_like(quantity), np.full(n_series, np.inf)
    seen = ~np.isnan(quantity)
    span = n_periods - seen[:, ::-1].argmax(axis=1) - seen.argmax(axis=1)
    count = seen.sum(axis=1)
    enough = (span >= FEWEST_CYCLES * length) & (2 * count > span) & (count >= _FEWEST_PERIODS)
    rows = np.flatnonzero(enough & (np.nanmax(np.where(seen, quantity, 0.0), axis=1) > 0.0))
    harmonics = [k for k in range(1, HARMONICS + 1) if length / k >= 2.5]
    if not rows.size or not harmonics:
        return Cycle(found, peak, ratio, component, unexplained)
    time = np.arange(n_periods, dtype=np.float64)
    turn = 2.0 * np.pi * time / length
    waves = [wave(k * turn) for k in harmonics for wave in (np.cos, np.sin)]
    design = np.stack([np.ones(n_periods), (time - time.mean()) / n_periods, *waves], axis=1)
    value, weight = np.where(seen, quantity, 0.0)[rows], seen[rows].astype(np.float64)
    rest, _ = _residuals(value, weight, design[:, :2])
    left, coefficients = _residuals(value, weight, design)
    before, after = (np.einsum("ij,ij->i", part, part) for part in (rest, left))
    pairs = np.einsum("ij,ij->i", left[:, 1:], left[:, :-1])
    n, n_waves = count[rows].astype(np.float64), len(waves)
    with np.errstate(divide="ignore", invalid="ignore"):
        # fitting takes out part of what neighbours have in common
        together = np.clip(pairs / after + design.shape[1] / n, 0.0, 0.99)
        statistic = (before - after) / n_waves / (after / (n - design.shape[1]))
        statistic = statistic * (1.0 - together) / (1.0 + together)
    critical = scipy.special.fdtri(n_waves, n - design.shape[1], 1.0 - CYCLE_CHANCE)
    told = (statistic > critical) & (before > 1e-12 * np.einsum("ij,ij->i", value, value))
    rows, coefficients = rows[told], coefficients[told]
    found[rows] = True
    component[rows] = coefficients[:, 2:] @ design[:, 2:].T
    last = n_periods - seen[rows, ::-1].argmax(axis=1)[:, None]
    recent = (time >= last - round(length)) & (time < last)
    wave_ = np.where(recent, component[rows], -np.inf)
    peak[rows] = wave_.argmax(axis=1)
    mean = np.nansum(quantity[rows], axis=1) / count[rows]
    ratio[rows] = 1.0 + wave_.max(axis=1) / mean
    unexplained[rows] = after[told]
    return Cycle(found, peak, ratio, component, unexplained)


def _residuals(value: Floats, weight: Floats, design: Floats) -> tuple[Floats, Floats]:
    """Least squares of every series at once; residuals are 0 where nothing was observed."""
    n_columns = design.shape[1]
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    normal = (weight @ products).reshape(-1, n_columns, n_columns)
    right = (value * weight) @ design
    coefficients = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
    return weight * (value - coefficients @ design.T), np.asarray(coefficients)
