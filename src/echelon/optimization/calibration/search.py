"""Smallest levels at which something measured reaches its target, many searches at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

_FINE: Final = 1e-4
"""Units of search; levels between which the target lies are not told apart any further."""

_MOST_RAISES: Final = 12
"""Raises in a row, each up to twice the last, after which a target counts as out of reach."""

_FLAT: Final = 1e-3
"""Of a gap; raises that bring less, twice in a row, are of no use."""


class LevelSearch:
    """Many searches for a root, each of a function that rises and is measured, side by side.

    A *gap* is how far what is measured is above its target, in any measure that rises with the
    level; about linear in it is best, as normal quantiles of a service level are. Levels are found
    by secants inside a bracket, which halve where those do not [1]_. What is found is always a
    level that was measured to reach its target, never one a little below it.

    Parameters
    ----------
    level : (n,) float64
        Where to begin.
    unit : (n,) float64
        A first step, > 0.
    step : (n,) float64
        Levels are multiples of it; 0 where any will do.
    floor : float
        No level is below it.

    References
    ----------
    .. [1] Brent (1973), *Algorithms for Minimization without Derivatives*, chapter 4.
    """

    def __init__(self, level: Floats, unit: Floats, step: Floats, *, floor: float = 0.0) -> None:
        n = len(level)
        self.level = level.copy()
        self._unit, self._step, self._floor = unit, step, floor
        self._low, self._high = np.full(n, -np.inf), np.full(n, np.inf)
        self._gap_low, self._gap_high = np.full(n, -np.inf), np.full(n, np.inf)
        self._near = np.zeros(n, dtype=np.bool_)
        self._stride, self._raises = unit.copy(), np.zeros(n, dtype=np.int64)
        self._flat = np.zeros(n, dtype=np.int64)
        self._halve = np.zeros(n, dtype=np.bool_)
        self.unreachable = np.zeros(n, dtype=np.bool_)

    @property
    def done(self) -> Booleans:
        """Which searches need no more measurements, (n,)."""
        width = self._high - np.maximum(self._low, self._floor)
        fine = np.where(self._step > 0.0, self._step * 1.000001, _FINE * self._unit)
        bracketed = np.isfinite(self._high) & np.isfinite(self._low) & (width <= fine)
        at_floor = self._high <= self._floor
        return np.asarray(self._near | bracketed | at_floor | self.unreachable)

    @property
    def found(self) -> Floats:
        """The lowest levels measured to reach their targets; else the last ones tried."""
        return np.where(np.isfinite(self._high) & ~self.unreachable, self._high, self.level)

    def observe(self, gap: Floats, near: Booleans) -> None:
        """Take in what was measured at ``level``.

        gap (n,) above the target, >= 0 where it is reached; near (n,) reached and so closely that
        the search may end.
        """
        open_ = ~self.done
        met = open_ & (gap >= 0.0)
        short = open_ & (gap < 0.0)
        # a level that was found good and is not any longer, as others moved: look above it again
        again = short & (self.level >= self._high)
        self._high[again], self._gap_high[again] = np.inf, np.inf
        width = self._high - self._low
        rises = gap - self._gap_low
        raised = short & ~np.isfinite(self._high) & np.isfinite(self._low)
        self._flat = np.where(raised & (rises < _FLAT), self._flat + 1, 0)
        lower = met & (self.level <= self._high)
        self._high[lower], self._gap_high[lower] = self.level[lower], gap[lower]
        self._near[lower] = near[lower]
        # what was too low before is not known to be so any longer
        beside = met & (self.level <= self._low)
        self._low[beside], self._gap_low[beside] = -np.inf, -np.inf
        higher = short & (self.level >= self._low)
        self._low[higher], self._gap_low[higher] = self.level[higher], gap[higher]
        self._halve = np.asarray(
            np.isfinite(width) & (self._high - self._low > 0.5 * width) & open_ & ~self._halve
        )
        out = short & ~np.isfinite(self._high)
        self._raises = np.where(out, self._raises + 1, 0)
        self.unreachable |= out & ((self._raises > _MOST_RAISES) | (self._flat >= 2))
        self.level = np.where(self.done, self.found, self._next())

    def reopen(self, which: Booleans) -> None:
        """Search on where a level found does not do any longer, (n,)."""
        self.level = np.where(which, self.found, self.level)
        self._near &= ~which
        self._low = np.where(which, -np.inf, self._low)
        self._gap_low = np.where(which, -np.inf, self._gap_low)
        self._high = np.where(which, np.inf, self._high)
        self._gap_high = np.where(which, np.inf, self._gap_high)
        self._stride = np.where(which, 0.1 * self._unit, self._stride)

    def _next(self) -> Floats:
        """Levels to measure next."""
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            slope = (self._gap_high - self._gap_low) / (self._high - self._low)
            secant = self._high - 0.98 * self._gap_high / slope
            middle = 0.5 * (self._low + self._high)
            width = self._high - self._low
            inside = np.clip(secant, self._low + 0.02 * width, self._high - 0.02 * width)
        inside = np.where(self._halve | ~np.isfinite(secant), middle, inside)
        above, below = ~np.isfinite(self._high), ~np.isfinite(self._low)
        move = np.where(above, self._stride, -self._stride)
        self._stride = np.where(above | below, 2.0 * self._stride, self._stride)
        level = np.where(above | below, self.level + move, inside)
        level = np.maximum(level, self._floor)
        some = self._step > 0.0
        step = np.where(some, self._step, 1.0)
        whole = np.ceil(level / step - 1e-9) * step
        whole = np.where(whole >= self._high, self._high - step, whole)
        whole = np.where(whole <= self._low, self._low + step, whole)
        return np.asarray(np.maximum(np.where(some, whole, level), self._floor))
