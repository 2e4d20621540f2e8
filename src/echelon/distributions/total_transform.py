"""The transform of one period's total demand, by a kernel where that knows all its laws."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import Self, cast

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.continuous import Gamma, Normal
from echelon.distributions.discrete import NegativeBinomial, Poisson
from echelon.distributions.transforms import Arguments, log_transform

TILTS = np.geomspace(1e-4, 1e3, 80)
"""Of Chernoff's bounds, over the standard deviation of one period: for whatever time."""
FALLING = np.geomspace(1e-2, 1e4, 160)
"""Frequencies, over the standard deviation of one period, at which a transform may be gone."""
SMALL = 0.02
"""Tilt, over the same, at which the third cumulant is read off."""


@dataclass(frozen=True, slots=True)
class TotalTransform:
    """Cumulant generating function of one period's independent demands.

    Attributes
    ----------
    components : tuple of Distribution
        Each with a :func:`~echelon.distributions.transforms.log_transform`.
    rows : (k, 5) float64 or None
        The same as :mod:`echelon.kernels.log_transforms` reads them, where it knows all.
    unit : float
        In which totals are counted, units.
    """

    components: tuple[Distribution, ...]
    rows: Floats | None
    unit: float

    def tilted(self, tilts: Floats) -> Floats:
        """Values at real arguments, per unit; infinite where there is none."""
        if self.rows is None:
            with np.errstate(over="ignore", invalid="ignore"):
                return np.asarray(self._plain(tilts), dtype=np.float64)
        from echelon.kernels.log_transforms import tilted  # numba: not before it is needed

        found = np.empty(len(tilts))
        tilted(self.rows, tilts, self.unit, found)
        return found

    def turned(self, omega: Floats) -> tuple[Floats, Floats]:
        """Real and imaginary part at imaginary arguments ``i omega``, per unit."""
        if self.rows is None:
            logs = self._plain(1j * omega)
            return np.ascontiguousarray(logs.real), np.ascontiguousarray(logs.imag)
        from echelon.kernels.log_transforms import turned  # numba: not before it is needed

        fall, turn = np.empty(len(omega)), np.empty(len(omega))
        turned(self.rows, omega, self.unit, fall, turn)
        return fall, turn

    def among(self, places: list[int]) -> TotalTransform:
        """Give that of some components, by their places."""
        chosen = tuple(self.components[at] for at in places)
        return TotalTransform(chosen, None if self.rows is None else self.rows[places], self.unit)

    def falling(self, *, whole: bool) -> list[int]:
        """Places of those whose transforms fall all the way over the frequencies looked at."""
        kinds: tuple[type, ...] = (Gamma, Normal)
        if whole:
            kinds = (NegativeBinomial, Poisson) if self.unit == 1.0 else ()
        return [at for at, one in enumerate(self.components) if isinstance(one, kinds)]

    def _plain(self, s: Arguments) -> Arguments:
        found = [log_transform(one, s / self.unit) for one in self.components]
        return np.asarray(np.sum(cast(list[Arguments], found), axis=0))


@dataclass(frozen=True, slots=True)
class Bends:
    """What is known of the transform of one period before any time is.

    Attributes
    ----------
    tilts, up, down : (m,) float64
        Cumulant generating function at tilts (per unit) and at their negatives.
    third : float
        Third cumulant, cubed units; not finite where there is none.
    omega, level : (k,) float64
        Frequencies, and the logarithm of an amplitude that the transform stays below from each on;
        empty where none is known.
    """

    tilts: Floats
    up: Floats
    down: Floats
    third: float
    omega: Floats
    level: Floats

    @classmethod
    def of(cls, transform: TotalTransform, mean: float, spread: float, *, whole: bool) -> Self:
        """Ask the transform; ``mean`` and ``spread`` in its unit, ``whole`` on a lattice."""
        tilts, small = TILTS / spread, SMALL / spread
        n = len(tilts)
        found = transform.tilted(np.concatenate([tilts, -tilts, [small, -small]]))
        third = third_cumulant(float(found[-2]), float(found[-1]), mean, small)
        omega = np.minimum(FALLING / spread, pi) if whole else FALLING
        places = transform.falling(whole=whole)
        if not places:
            return cls(tilts, found[:n], found[n : 2 * n], third, omega[:0], omega[:0])
        # never rises again, and what the others add only makes it smaller
        level, _ = transform.among(places).turned(omega)
        return cls(tilts, found[:n], found[n : 2 * n], third, omega, level)


def third_cumulant(high: float, low: float, mean: float, small: float) -> float:
    """Third cumulant from the values at a small tilt and at its negative."""
    return 3.0 * (high - low - 2.0 * mean * small) / small**3
