"""Windows of the lattice that the recursions of stages in series work on, one per SKU."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.exact.multi_echelon.lattice import hat_masses
from echelon.exact.multi_echelon.lead_time_demand import LeadTimeDemand
from echelon.exact.multi_echelon.series import Series

STEPS_PER_STD = 16
"""Lattice steps in the smallest standard deviation of the stages' demands, of a smooth density."""
ROUGH_STEPS_PER_STD = 64
"""The same where the demand has atoms beside a density, or values on no common lattice."""
MOST_EXACT, MOST_POINTS = 2**15, 2**14
"""Points of a window on the demand's own lattice, and on another, at most."""
MOST_IN_BLOCK = 2**19
"""Numbers of one array that are held at once."""
LOW_TAIL = 1e-11
"""Probability below a window's begin."""
MOST_FINER = 64
"""Lattices are halved until the cost is settled, so many times the usual points at most."""
_ROOM = 8
_BACK = 2.0 ** np.arange(-8, 2)
"""Standard deviations by which a window begins earlier, one after the other."""


@dataclass(frozen=True, slots=True)
class Window:
    """Lattice windows.

    Attributes
    ----------
    numerator, denominator : (n,) float64
        Of the step, units.
    low : (n, n_stages) int64
        Number of the first point of each stage's demand, even.
    points : (n,) int64
        How many a window needs.
    exact, smooth : (n,) bool
        Whether the demand sits on the lattice, and whether it has a density without atoms.
    finest : (n,) bool
        Whether no lattice with more points is made.
    """

    numerator: Floats
    denominator: Floats
    low: NDArray[np.int64]
    points: NDArray[np.int64]
    exact: NDArray[np.bool_]
    smooth: NDArray[np.bool_]
    finest: NDArray[np.bool_]

    @property
    def step(self) -> Floats:
        """Distance between points, units."""
        return np.asarray(self.numerator / self.denominator)

    def units(self, first: NDArray[np.int64], place: Floats) -> Floats:
        """Give a place after the first point in units."""
        return np.asarray((first + place) * self.numerator / self.denominator)

    def take(self, at: NDArray[np.int64]) -> Window:
        """Give the windows of some SKUs, all as long as the longest."""
        longest = self.points[at].max()
        return Window(
            self.numerator[at],
            self.denominator[at],
            self.low[at],
            np.full(len(at), longest + longest % 2),
            self.exact[at],
            self.smooth[at],
            self.finest[at],
        )

    def coarser(self) -> Window:
        """Give the same windows with every second point."""
        return Window(
            2.0 * self.numerator,
            self.denominator,
            self.low // 2,
            self.points // 2,
            self.exact,
            self.smooth,
            self.finest,
        )

    def masses(self, law: LeadTimeDemand, stage: int) -> Floats:
        """Lattice probabilities of one stage's demand, (n, points)."""
        number = self.low[:, stage] + np.arange(-1, self.points[0] + 1)[:, None]
        level = number * self.numerator / self.denominator
        return hat_masses(law.leftover(level), self.step)


def window_of(
    series: Series,
    laws: list[LeadTimeDemand],
    highest: Floats,
    finer: Floats,
    refined: Floats | None = None,
) -> Window:
    """Choose lattices.

    Parameters
    ----------
    series : Series
    laws : list of n_stages LeadTimeDemand
    highest : (n, n_stages) ndarray
        Largest level that is asked for of the demands of the stages up to each, units.
    finer : (n,) ndarray
        How many times more points than usual a lattice has that is not the demand's own.
    refined : (n,) ndarray, optional
        Into how many parts the step of the demand's own lattice is cut.

    Returns
    -------
    Window
    """
    stds = np.stack([law.std for law in laws], axis=1)
    means = np.stack([law.mean for law in laws], axis=1)
    smallest = np.where(stds > 0.0, stds, np.inf).min(axis=1)
    known = np.isinf(smallest)  # the demand never varies: any step will do
    starts = np.stack([_start(law) for law in laws], axis=1)
    reach = np.maximum((highest - np.cumsum(starts, axis=1)).max(axis=1), 0.0)
    numerator = series.natural[:, 0].copy()
    denominator = series.natural[:, 1] * (1.0 if refined is None else refined)
    with np.errstate(invalid="ignore"):
        exact = reach / (numerator / denominator) <= MOST_EXACT
    # a density from 0 on that varies by more than its mean may rise without bound towards 0
    tame = ((means >= stds) | (starts < 0.0)).all(axis=1)
    smooth = tame & (series.smooth | ~np.isnan(series.natural[:, 0]))
    steps = np.where(smooth, STEPS_PER_STD, ROUGH_STEPS_PER_STD) * finer
    wanted = np.where(known, 1.0, smallest / steps)
    fine = np.maximum(wanted, reach / MOST_POINTS)
    numerator = np.where(exact, numerator, fine)
    denominator = np.where(exact, denominator, 1.0)
    step = numerator / denominator
    low = (2.0 * np.floor(starts / (2.0 * step[:, None]))).astype(np.int64)
    ends = np.ceil(highest / step[:, None]) - np.cumsum(low, axis=1)
    points = np.maximum(ends.max(axis=1), 0.0).astype(np.int64) + 2 * _ROOM
    finest = exact | (wanted <= reach / MOST_POINTS)
    return Window(numerator, denominator, low, points + points % 2, exact, smooth & ~exact, finest)


def _start(law: LeadTimeDemand) -> Floats:
    """Level below which next to nothing is left over, (n,): quantiles of a low probability.

    What was added up on a lattice of its own is spread a little below them, as leftovers are, and
    that is more than next to nothing where the least value has an atom.
    """
    start = law.quantile(np.full(len(law.mean), LOW_TAIL))
    most = 10.0 * LOW_TAIL * law.std + 1e-13 * np.abs(law.mean)  # the rounding of a difference
    for back in _BACK:
        spread = (law.leftover(start[None])[0] > most) & (law.std > 0.0)
        if not spread.any():
            break
        start = np.where(spread, start - back * law.std, start)
    return np.where(law.std > 0.0, start, law.mean)
