"""Demand of min-max policies on a lattice: between reviews, and until the end of a period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.exact.masses import Masses, exposure_masses
from echelon.exact.single_stage.stage_times import StageTimes, own_steps
from echelon.lead_time.exposed_array import ExposedArray
from echelon.lead_time.exposure import exposure_of_periods
from echelon.lead_time.totals import ExposureDemand

STEPS_PER_STD = 32.0
"""Lattice steps in a standard deviation of the demand between reviews, for a density."""
_LEAST_PER_STD = 8.0
STEPS_PER_GAP = 32.0
"""Steps between levels, for a density that often falls between them."""
_OFTEN = 1e-6  # probability that the demand between reviews is less than the gap
LONGEST = 2**13
"""Steps between reorder point and order-up-to level beyond which the lattice is made coarser."""
MOST = 2**17
"""Steps beyond which there is no answer."""
MOST_GIVEN = 2**24
"""Steps beyond which given levels have none."""
_TAIL = 1e-13
_POINTS = 2**20  # of the demand between reviews, at most where a lattice is made finer
_NUMBERS = 2**22  # of the grids of points that are held together
_SKUS_AT_ONCE = 512
NEGATIVE = 1e-6
"""Probability of a demand below 0, between two reviews, that is taken for rounding."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """Which step each SKU's demand is put on.

    Attributes
    ----------
    times : StageTimes of n
    step : (n,) float64
        Units.
    exact : (n,) bool
        Whether the demand sits there; else it is split between neighbouring points.
    offset : (n,) float64
        Position that counts as 0 steps, units; 0 where exact.
    half : (n,) float64
        Steps by which the reorder point lies above the highest point that orders: half a step of
        a density, where a point stands for what lies half a step around it, so that errors are of
        the second order in the step.
    """

    times: StageTimes
    step: Floats
    exact: NDArray[np.bool_]
    offset: Floats
    half: Floats

    def between(self, low: Floats, high: Floats) -> Lattice:
        """Make the steps of a density fit into the way between two levels, the higher one as 0.

        Parameters
        ----------
        low, high : (n,) ndarray of float64
            Units.

        Returns
        -------
        Lattice
        """
        gap = high - low
        fitting = gap / (np.ceil(gap / self.step * (1.0 - 1e-12) + 0.5) - 0.5)
        known = ~self.exact & (self.times.laws.std == 0.0)  # moves by whole steps, from the top
        step = np.where(self.exact | known, self.step, fitting)
        beyond = np.ceil(gap / step * (1.0 - 1e-12)) - gap / step
        half = np.where(known, np.maximum(beyond, 0.0), self.half)
        return Lattice(self.times, step, self.exact, np.where(self.exact, 0.0, high), half)

    def take(self, skus: NDArray[np.int64]) -> Lattice:
        """Give those of some SKUs, in that order."""
        return Lattice(
            self.times.take(skus),
            self.step[skus],
            self.exact[skus],
            self.offset[skus],
            self.half[skus],
        )

    def masses(self, exposed: ExposedArray) -> Masses:
        """Put demand over exposures on the lattice.

        Parameters
        ----------
        exposed : ExposedArray of n

        Returns
        -------
        Masses
        """
        laws = self.times.laws
        parts = []
        for rows, put in ((self.exact, _kept), (~self.exact, self._split)):
            at = np.flatnonzero(rows)
            if at.size == len(laws):
                return put(laws, exposed, at)
            if at.size:
                parts.append((at, put(laws.take(at), exposed.take(at), at)))
        return _joined(len(laws), parts)

    def between_reviews(self) -> Masses:
        """Put the demand between two reviews, or of a period, there; nothing below 0."""
        plain = Lattice(self.times, self.step, self.exact, np.zeros(len(self.step)), self.half)
        found = plain.masses(ExposedArray.of_numbers(self.times.step_periods))
        if (found.first >= 0).all():
            return found
        counts = np.diff(found.ptr)
        cut = np.minimum(np.maximum(-found.first, 0), counts - 1)
        keep = np.ones(len(found.mass), dtype=bool)
        begins = found.ptr[:-1]
        mass = found.mass.copy()
        for sku in np.flatnonzero(cut):  # the few whose demand can be a little below 0
            below = slice(begins[sku], begins[sku] + cut[sku])
            mass[begins[sku] + cut[sku]] += mass[below].sum()
            keep[below] = False
        ptr = np.concatenate(([0], np.cumsum(counts - cut)))
        return Masses(found.step, found.first + cut, ptr, mass[keep])

    def _split(
        self, laws: DistributionArray, exposed: ExposedArray, at: NDArray[np.int64]
    ) -> Masses:
        exposure = exposure_of_periods(laws, exposed)
        low, high = _ends(exposure)
        count = (high - low) / self.step[at]
        parts, left = [], np.argsort(count, kind="stable")
        while left.size:  # grids of like sizes together, and no more than memory is good for
            many = min(_SKUS_AT_ONCE, left.size)
            most = int((count[left[:many]] * np.arange(1, many + 1) <= _NUMBERS).sum())
            here, left = np.sort(left[: max(most, 1)]), left[max(most, 1) :]
            some = at[here]
            exposure = exposure_of_periods(laws.take(here), exposed.take(here))
            parts.append((here, split_masses(exposure, self.step[some], self.offset[some])))
        return parts[0][1] if len(parts) == 1 else _joined(len(laws), parts)


def lattice_for(
    times: StageTimes, width: Floats, step: Floats | None = None, *, known: bool = False
) -> Lattice:
    """Choose the step of each SKU.

    Parameters
    ----------
    times : StageTimes of n
    width : (n,) ndarray of float64
        Units between reorder point and order-up-to level, about.
    step : (n,) ndarray of float64, optional
        Of the densities, units, as asked for.
    known : bool, default False
        Whether the width is that of given levels: a density is then put on so fine a lattice that
        there are 32 steps between them, unless it hardly ever falls there.

    Returns
    -------
    Lattice
        Demand on a lattice keeps its own step, unless levels were more than 8,192 steps apart:
        then a multiple.
    """
    laws = times.laws
    steps = own_steps(laws)
    exact = np.isfinite(steps)
    own = np.where(exact, steps, 1.0)
    std = laws.std * np.sqrt(times.step_periods)
    reach = width + 6.0 * std
    wanted = std / STEPS_PER_STD
    if known:
        between = exposure_of_periods(laws, ExposedArray.of_numbers(times.step_periods))
        often = ~exact & (between.cdf(width) > _OFTEN)
        fine = np.maximum(width / STEPS_PER_GAP, between.ppf(1.0 - _TAIL) / _POINTS)
        wanted = np.where(often, np.minimum(wanted, fine), wanted)
    wanted = np.maximum(wanted, reach / LONGEST)
    finest = np.where(std > 0.0, np.minimum(wanted, std / _LEAST_PER_STD), laws.mean)
    long = exact & (reach > 4.0 * LONGEST * own) & (finest >= 2.0 * own)
    multiple = own * np.maximum(np.floor(finest / own), 1.0)
    chosen = np.where(exact, np.where(long, multiple, own), finest if step is None else step)
    kept = exact & ~long
    half = np.where(kept | (std == 0.0), 0.0, 0.5)
    return Lattice(times, chosen, kept, np.zeros(len(laws)), half)


def split_masses(exposure: ExposureDemand, step: Floats, offset: Floats) -> Masses:
    r"""Split a demand between neighbouring points of a lattice so that its losses stay.

    With :math:`n` the loss function, point :math:`x` gets
    :math:`[n(x - h) - 2 n(x) + n(x + h)]/h`: then mean stock and backorders are right at every
    point, and the mean stays.

    Parameters
    ----------
    exposure : ExposureDemand of n
    step : (n,) ndarray of float64
        :math:`h`, units.
    offset : (n,) ndarray of float64
        Of the lattice from 0, units: its points are ``(first + k) * step + offset``.

    Returns
    -------
    Masses
    """
    low, high = _ends(exposure)
    first, last = np.floor((low - offset) / step), np.ceil((high - offset) / step)
    counts = (last - first).astype(np.int64) + 1
    ptr = np.concatenate(([0], np.cumsum(counts)))
    numbers = np.arange(counts.max() + 2)[:, None] + (first - 1.0)
    owed = exposure.shortage(numbers * step + offset)
    masses = np.maximum((owed[:-2] - 2.0 * owed[1:-1] + owed[2:]) / step, 0.0)
    masses[np.arange(counts.max())[:, None] >= counts] = 0.0
    masses /= masses.sum(axis=0)
    sku = np.repeat(np.arange(len(step)), counts)
    flat = masses[np.arange(ptr[-1]) - ptr[sku], sku]
    return Masses(step, first.astype(np.int64), ptr, flat)


def _ends(exposure: ExposureDemand) -> tuple[Floats, Floats]:
    """Between which units demand is put on points."""
    low = np.maximum(exposure.low, exposure.ppf(_TAIL))
    return low, np.minimum(exposure.high, exposure.ppf(1.0 - _TAIL))


def _kept(laws: DistributionArray, exposed: ExposedArray, _at: NDArray[np.int64]) -> Masses:
    return exposure_masses(laws, exposed)


def _joined(n: int, parts: list[tuple[NDArray[np.int64], Masses]]) -> Masses:
    """Put the masses of groups of SKUs into one, in the order of all."""
    counts, first, step = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), np.ones(n)
    for at, one in parts:
        counts[at], first[at], step[at] = np.diff(one.ptr), one.first, one.step
    ptr = np.concatenate(([0], np.cumsum(counts)))
    mass = np.empty(ptr[-1])
    for at, one in parts:
        place = np.repeat(ptr[at] - one.ptr[:-1], counts[at]) + np.arange(len(one.mass))
        mass[place] = one.mass
    return Masses(step, first, ptr, mass)
