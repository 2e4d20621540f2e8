"""A quantile and what is left and short at it, in one go: what a newsvendor asks of its demand.

Asked one after another, the quantile, the distribution function and the two partial moments go
over the same ground four times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.closed import CLOSED, scaled_excess

_FAR = 3.0
"""Normal deviate beyond which the partial moment is no difference of two terms any more."""

_MEANS = 1e-6, 1e6
_RAREST = 1e-12
"""Where the kernel is right to 1e-11; beyond, the formulas are asked one by one."""

_BLOCK = 2**14


@dataclass(frozen=True, slots=True)
class AtQuantile:
    """Levels, and demand around them.

    Attributes
    ----------
    level : ndarray of float64
        Smallest value whose distribution function reaches the share asked for, units.
    cdf : ndarray of float64
        Probability of at most the level.
    leftover, shortage : ndarray of float64
        Expected units that demand leaves of the level and has above it.
    """

    level: Floats
    cdf: Floats
    leftover: Floats
    shortage: Floats

    def put(self, rows: NDArray[np.int64], part: AtQuantile) -> None:
        """Overwrite some rows with those of a part."""
        self.level[rows], self.cdf[rows] = part.level, part.cdf
        self.leftover[rows], self.shortage[rows] = part.leftover, part.shortage


def at_quantile(family: str, reach: Floats, miss: Floats, mean: Floats, std: Floats) -> AtQuantile:
    """Quantiles of a closed family, and what is left and short at them.

    Parameters
    ----------
    family : str
        A key of :data:`~echelon.distributions.closed.CLOSED`.
    reach, miss : (n,) ndarray of float64
        Shares between 0 and 1, both excluded, and 1 less them; both are given, so that the smaller
        one keeps its digits.
    mean, std : (n,) ndarray of float64
        Units.

    Returns
    -------
    AtQuantile

    Examples
    --------
    >>> found = at_quantile("poisson", *(np.array([one]) for one in (0.9, 0.1, 4.0, 2.0)))
    >>> found.level.item(), round(found.cdf.item(), 6), round(found.shortage.item(), 6)
    (7.0, 0.948866, 0.084761)
    """
    fast = _FAST.get(family)
    if fast is not None:
        return fast(reach, miss, mean, std)
    return _asked(family, reach, mean, std)


def _asked(family: str, reach: Floats, mean: Floats, std: Floats) -> AtQuantile:
    """One formula after another."""
    formulas = CLOSED[family]
    level = formulas.ppf(reach, mean, std)
    given = level, mean, std
    return AtQuantile(
        level, formulas.cdf(*given), formulas.leftover(*given), formulas.shortage(*given)
    )


def _normal(reach: Floats, miss: Floats, mean: Floats, std: Floats) -> AtQuantile:
    """With z at or above 0 the deviate: short are ``phi(z) - z miss``, left as many and z more."""
    rarer = np.minimum(reach, miss)
    z = -scipy.special.ndtri(rarer)
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    beyond = density - z * rarer
    far = z > _FAR
    if far.any():
        beyond[far] = density[far] * scaled_excess(1, z[far])
    beyond *= std
    distance = std * z
    within = beyond + distance
    above = miss <= reach
    if above.all():
        return AtQuantile(mean + distance, reach, within, beyond)
    return AtQuantile(
        np.where(above, mean + distance, mean - distance),
        reach,
        np.where(above, within, beyond),
        np.where(above, beyond, within),
    )


def _poisson(reach: Floats, miss: Floats, mean: Floats, std: Floats) -> AtQuantile:
    found = AtQuantile(*(np.empty(mean.shape) for _ in range(4)))
    rarer = np.minimum(reach, miss)
    ends = mean.min(initial=1.0), mean.max(initial=1.0), rarer.min(initial=1.0)
    whole = ends[0] >= _MEANS[0] and ends[1] <= _MEANS[1] and ends[2] >= _RAREST
    inside = np.ones(mean.shape, dtype=bool)
    if not whole:
        inside = (mean >= _MEANS[0]) & (mean <= _MEANS[1]) & (rarer >= _RAREST)
    for start in range(0, len(mean), _BLOCK):  # what stays in the cache
        here = slice(start, start + _BLOCK)
        if whole:
            _count_poisson(reach[here], miss[here], mean[here], found, here)
            continue
        rows = start + np.flatnonzero(inside[here])
        part = AtQuantile(*(np.empty(rows.shape) for _ in range(4)))
        _count_poisson(reach[rows], miss[rows], mean[rows], part, slice(None))
        found.put(rows, part)
    if not whole:
        rows = np.flatnonzero(~inside)
        found.put(rows, _asked("poisson", reach[rows], mean[rows], std[rows]))
    return found


def _count_poisson(reach: Floats, miss: Floats, mean: Floats, out: AtQuantile, here: slice) -> None:
    from echelon.kernels import poisson_quantile as kernels  # the compiler, when first needed

    a, ratio, exponent, eta, deviate = (np.empty(mean.shape) for _ in range(5))
    sign = np.where(miss < reach, 1.0, -1.0)
    kernels.poisson_guesses(mean, np.log(np.minimum(reach, miss)), sign, a, ratio)
    kernels.poisson_exponents(a, ratio, np.log(ratio), exponent, eta, deviate)
    falling = np.exp(exponent)
    beyond, series = exponent, ratio  # not read where every level is low
    if a.max(initial=0.0) >= kernels.EXPANDED:
        beyond = scipy.special.ndtr(deviate)
        kernels.poisson_series(1.0 / a, eta, series)
    filled = out.level[here], out.cdf[here], out.leftover[here], out.shortage[here]
    kernels.poisson_quantiles(mean, reach, miss, a, falling, beyond, series, *filled)


_FAST: dict[str, Callable[[Floats, Floats, Floats, Floats], AtQuantile]] = {
    "normal": _normal,
    "poisson": _poisson,
}
