"""Quantiles of many demands over many lengths of time each, all at once.

The plain twins are :func:`~echelon.distributions.over_times.quantiles_over` and
:func:`~echelon.distributions.over_times.cdf_over`, for one demand: bit for bit.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import cast

import numpy as np
import scipy

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.closed import CLOSED
from echelon.distributions.gamma_mixtures import GammaMixture
from echelon.distributions.inversion import Booleans, Integers, InvertibleSum
from echelon.distributions.inversion_rows import (
    cdf_of_sums,
    invertible_rows,
    pointers,
    quantiles_of_sums,
)
from echelon.distributions.over_times import COUNTS, excess_of, mixed, parted


class DemandRows:
    """Many demands, of which quantiles and probabilities are found all together.

    What is made ready for the first is kept for the second.

    Parameters
    ----------
    demands : sequence of Distribution
        Of one period each, periods being independent; units.
    shares : (n,) float64
        Above 0 and below 1.
    """

    def __init__(self, demands: Sequence[Distribution], shares: Floats) -> None:
        self._demands, self._shares = demands, shares
        families = [one.family for one in demands]
        self._closed = {
            family: np.array([r for r, one in enumerate(families) if one == family])
            for family in sorted(set(families) & set(CLOSED))
        }
        others = [r for r, one in enumerate(families) if one not in CLOSED]
        parts = [parted(demands[r]) for r in others]
        varying = [at for at, (vary, _) in enumerate(parts) if vary]
        sums = invertible_rows([parts[at][0] for at in varying])
        found = [
            (others[at], one, parts[at][1])
            for at, one in zip(varying, sums, strict=True)
            if one is not None
        ]
        self._inverted: list[InvertibleSum] = [one for _, one, _ in found]
        self._places = np.array([r for r, _, _ in found], dtype=np.int64)
        self._known = np.array([known for _, _, known in found])

    def quantiles(self, ptr: Integers, periods: Floats) -> Floats:
        """Quantiles of the totals over times, of each demand at its share.

        Parameters
        ----------
        ptr : (n + 1,) int64
            Where the times of each demand begin.
        periods : (m,) float64
            At least 0.

        Returns
        -------
        (m,) float64
            Units; NaN where ``quantiles_over`` finds none.
        """
        sizes = np.diff(ptr)
        of = np.repeat(np.arange(len(sizes)), sizes)
        found = np.where(periods > 0.0, np.nan, 0.0)
        for family, rows in self._closed.items():
            here = np.flatnonzero(self._among(rows)[of] & (periods > 0.0))
            found[here] = self._of_family(family, of[here], periods[here])
        if len(self._places):
            here = np.flatnonzero(self._among(self._places)[of] & (periods > 0.0))
            place = np.searchsorted(self._places, of[here])
            own = pointers(np.bincount(place, minlength=len(self._places)))
            times = periods[here]
            varying = quantiles_of_sums(self._inverted, own, times, self._shares[self._places])
            self._mix(varying, own, times)
            found[here] = varying + self._known[place] * times
        return found

    def _among(self, rows: Integers) -> Booleans:
        """Whether each demand is one of some."""
        chosen = np.zeros(len(self._demands), dtype=np.bool_)
        chosen[rows] = True
        return chosen

    def _of_family(self, family: str, of: Integers, times: Floats) -> Floats:
        """Counts by counting where that is sure, else by the formulas of the family."""
        demands = self._demands
        rows, place = np.unique(of, return_inverse=True)
        moments = np.array([(demands[r].mean, demands[r].std) for r in rows.tolist()])
        mean, std = moments.reshape(-1, 2).T
        share = self._shares[of]
        found = np.full(times.shape, np.nan)
        if family in COUNTS:
            from echelon.kernels.count_quantiles import count_quantiles  # numba: not before

            excess = np.array([excess_of(demands[r]) for r in rows.tolist()])
            normal = scipy.special.ndtri(self._shares[rows])
            count_quantiles(times, mean[place], excess[place], share, normal[place], found)
            found[(std == 0.0)[place]] = np.nan
        left = np.flatnonzero(np.isnan(found))
        if left.size:
            some, at = times[left], place[left]
            scaled = mean[at] * some, std[at] * np.sqrt(some)
            found[left] = CLOSED[family].ppf(share[left], *scaled)
        return found

    def _mix(self, varying: Floats, ptr: Integers, times: Floats) -> None:
        """Fill in what inversion leaves of a density, where it is a mixture of gamma demand."""
        for at in np.unique(np.searchsorted(ptr, np.flatnonzero(np.isnan(varying)), "right") - 1):
            total = self._inverted[at]
            mixture = self._mixture(at)
            if mixture is None:
                continue
            share = float(self._shares[self._places[at]])
            here = np.arange(ptr[at], ptr[at + 1])
            here = here[np.isnan(varying[here])]
            guesses = total.guesses(times[here], share)
            for place, guess in zip(here.tolist(), guesses.tolist(), strict=True):
                varying[place] = mixture.quantile(float(times[place]), share, guess)

    def _mixture(self, at: int) -> GammaMixture | None:
        """What one sum is a mixture of, where it has a density."""
        if self._inverted[at].step is not None:
            return None
        return mixed(cast(Hashable, self._demands[self._places[at]]))

    def cdf(self, rows: Integers, periods: Floats, levels: Floats) -> Floats:
        """Probabilities that totals are at most so many units.

        Parameters
        ----------
        rows : (m,) int64
            Which of the demands each total is of.
        periods : (m,) float64
            Above 0.
        levels : (m,) float64
            Units.

        Returns
        -------
        (m,) float64
            NaN where ``cdf_over`` finds none.
        """
        found = np.full(len(rows), np.nan)
        for family, own in self._closed.items():
            here = np.flatnonzero(self._among(own)[rows])
            if not here.size:
                continue
            some = [self._demands[r] for r in rows[here].tolist()]
            times = periods[here]
            mean = np.array([one.mean for one in some]) * times
            std = np.array([one.std for one in some]) * np.sqrt(times)
            found[here] = CLOSED[family].cdf(levels[here], mean, std)
        here = np.flatnonzero(self._among(self._places)[rows])
        if not here.size:
            return found
        place = np.searchsorted(self._places, rows[here])
        times = periods[here]
        above = levels[here] - self._known[place] * times
        sums = [self._inverted[at] for at in place.tolist()]
        reached = cdf_of_sums(sums, times, above, self._shares[rows[here]])
        for at in np.flatnonzero(np.isnan(reached)).tolist():
            mixture = self._mixture(int(place[at]))
            if mixture is not None:
                reached[at] = mixture.cdf(float(times[at]), float(above[at]))
        found[here] = reached
        return found
