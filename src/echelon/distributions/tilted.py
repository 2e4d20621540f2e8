r"""Partial moments of a compound Poisson demand on a lattice, exact far out in both tails.

A Fourier transform gives all probabilities with one absolute error, some 1e-17. So the demand is
tilted first: :math:`\tilde p_k = p_k e^{\theta k - \kappa(\theta)}` with
:math:`\kappa(\theta) = r\,(E[e^{\theta X}] - 1)` is compound Poisson again, of rate
:math:`r E[e^{\theta X}]`, and the tilt :math:`\theta` at which its mean :math:`\kappa'(\theta)` is
the level makes likely what was rare [1]_.

References
----------
.. [1] Embrechts & Frei (2009), Panjer recursion versus FFT for compound distributions,
   *Mathematical Methods of Operations Research* 69(3).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
import scipy

from echelon.distributions.arguments import Floats
from echelon.distributions.points import of_points

_MOST_POINTS = 2**22
_VANISHED = -800.0
"""Logarithm of what no float holds."""
_LEFT_OUT = 48.0
"""What is beyond the transform has a probability of e to minus this, tilted, at most."""
_REACH = 2.0
"""Deviations from its mean up to which a tilted demand serves."""


@dataclass(frozen=True, slots=True)
class _Orders:
    """Orders at a rate, of sizes on whole numbers of steps."""

    rate: float
    numbers: Floats
    chances: Floats

    def tilted(self, tilt: float) -> _Orders:
        """Give rate and sizes after tilting."""
        logs = tilt * self.numbers + np.log(self.chances)
        peak = logs.max()
        weights = np.exp(logs - peak)
        total, some = weights.sum(), weights > 0.0
        rate = float(self.rate * np.exp(peak) * total)
        return _Orders(rate, self.numbers[some], weights[some] / total)

    def growth(self, tilt: float) -> float:
        """Logarithm of the mean of e to the tilted demand; infinite beyond what a float holds."""
        exponents = tilt * self.numbers
        if exponents[-1] < 500.0:
            return float(self.rate * (self.chances @ np.expm1(exponents)))
        with np.errstate(over="ignore"):
            return float(self.rate * (np.exp(exponents + np.log(self.chances)).sum() - 1.0))

    @property
    def mean(self) -> float:
        """Of the demand, steps."""
        return float(self.rate * (self.chances @ self.numbers))

    @property
    def std(self) -> float:
        """Of the demand, steps."""
        return float(np.sqrt(self.rate * (self.chances @ self.numbers**2)))

    def tilt_to(self, mean: float) -> float:
        """Tilt that gives a mean: Newton's method on its logarithm, which is convex."""
        some = self.numbers > 0.0
        numbers = self.numbers[some]
        logs = np.log(self.rate * self.chances[some] * numbers)
        wanted, tilt = np.log(mean), 0.0
        for _ in range(200):
            exponents = logs + tilt * numbers
            peak = exponents.max()
            weights = np.exp(exponents - peak)
            total = weights.sum()
            step = float((wanted - peak - np.log(total)) / (weights @ numbers / total))
            tilt += step
            if abs(step) <= 1e-6 * abs(tilt):
                break
        return tilt

    def ends(self) -> tuple[float, float]:
        """Numbers of steps that demand is hardly ever below and above, by Chernoff's bound."""
        first, last = 0.0, inf
        for tilt in (np.geomspace(0.05, 60.0, 32) / self.std).tolist():
            first = max(first, (-_LEFT_OUT - self.growth(-tilt)) / tilt)
            last = min(last, (_LEFT_OUT + self.growth(tilt)) / tilt)
        return float(np.floor(first)), float(np.ceil(last))

    def masses(self, last: float) -> Floats:
        """Probabilities of 0 to ``last`` steps, by the transform."""
        size = int(scipy.fft.next_fast_len(int(last) + 1, real=True))
        circle = np.zeros(size)
        held = self.numbers < size
        circle[self.numbers[held].astype(np.int64)] = self.chances[held]
        transform = np.exp(self.rate * (scipy.fft.rfft(circle) - 1.0))
        return np.asarray(scipy.fft.irfft(transform, size))[: int(last) + 1]


def tilted_moment(
    rate: float, numbers: Floats, chances: Floats, level: Floats, order: int, above: bool
) -> Floats:
    """Partial moments of the total of a Poisson number of sizes.

    Parameters
    ----------
    rate : float
        Mean number of orders.
    numbers, chances : (m,) ndarray of float64
        Sizes, whole numbers of steps, at least 0; and their probabilities.
    level : (n,) ndarray of float64
        Steps, at least 0.
    order : {1, 2}
    above : bool
        See :func:`echelon.distributions.partial.partial_moment`.

    Returns
    -------
    (n,) ndarray of float64
        Steps to the power of the order; NaN where more than four million points would be needed.
    """
    some = chances > 0.0
    orders = _Orders(rate, numbers[some], chances[some] / chances[some].sum())
    if orders.mean == 0.0:
        return np.zeros(level.shape) if above else level**order / order
    found = np.full(level.shape, np.nan)
    middle = orders.mean
    rare = level > middle if above else level < middle
    if not rare.all():
        first, last = orders.ends()
        if last < _MOST_POINTS:
            values = np.arange(first, last + 1.0)  # elsewhere is nothing but rounding
            masses = orders.masses(last)[int(first) :]
            found[~rare] = of_points(values, masses, level[~rare], order, above)
    if not above:
        rare &= level > 0.0
        found[level == 0.0] = 0.0
    sorted_ = np.argsort(level)[:: 1 if above else -1]
    queue = sorted_[rare[sorted_]]  # from the middle outwards
    while queue.size:
        first = float(level[queue[0]])
        tilt = orders.tilt_to(first)
        tilted = orders.tilted(tilt)
        away = np.abs(level[queue] - first)
        here = queue[away <= _REACH * tilted.std]
        if orders.growth(tilt) - tilt * first < _VANISHED:
            found[queue] = 0.0  # and farther out all the more
            break
        found[here] = _rare(orders, tilt, tilted, level[here], order, above)
        queue = queue[len(here) :]
    return found


def _rare(
    orders: _Orders, tilt: float, tilted: _Orders, level: Floats, order: int, above: bool
) -> Floats:
    """Partial moments at levels on one side of the mean, by one tilt; NaN of too many points."""
    first, last = tilted.ends()
    if last >= _MOST_POINTS:
        return np.full(level.shape, np.nan)
    masses = tilted.masses(last)
    # tilted back, but for a factor at the first point that counts, so that none is above 1
    pivot = np.ceil(level.min()) if above else np.floor(level.max())
    values = np.arange(pivot, last + 1.0) if above else np.arange(min(first, pivot), pivot + 1.0)
    weights = masses[values.astype(np.int64)] * np.exp(-tilt * (values - pivot))
    logs = orders.growth(tilt) - tilt * pivot
    # by halves: their product may be no float where a factor is none
    return np.asarray(
        of_points(values, weights, level, order, above) * np.exp(0.5 * logs) * np.exp(0.5 * logs)
    )
