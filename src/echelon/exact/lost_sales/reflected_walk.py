r"""Mean of a random walk kept above 0, on a lattice: Spitzer's sum by one Fourier transform.

With :math:`X` the change of the stock before it is cut off at 0, :math:`E[W] = \sum_{k \ge 1} k
c_k`, where :math:`c_k = \sum_n P(X_1 + \dots + X_n = k)/n` are the coefficients of
:math:`-\log(1 - E z^X)`. They are read on a circle of a radius :math:`e^\theta > 1` on which
:math:`E z^X` is below 1, so that the logarithm is smooth.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy

from echelon.distributions.arguments import Floats

MOST_POINTS = 2**20
"""Of the transform; a walk that falls so slowly that it takes more is close to a normal one."""
_DIGITS = 40.0
"""Logarithm of how far coefficients have faded at either end of the transform."""
_HALVINGS = 8
"""Any tilt from 0 to the end will do; this places it near where the transform is shortest."""


def reflected_mean(change: Floats, mass: Floats) -> float | None:
    """Mean of ``W' = (W + X)^+`` in the long run.

    Parameters
    ----------
    change : (m,) ndarray of float64
        Values of ``X``, whole steps; below 0 on average.
    mass : (m,) ndarray of float64
        Their probabilities.

    Returns
    -------
    float or None
        Steps; None where it would take more than :data:`MOST_POINTS`.
    """
    seen = mass > 0.0
    change, mass = change[seen], mass[seen]
    if change.max() <= 0.0:
        return 0.0
    tilt = _first(lambda t: float(_tilted(change, mass, t) @ change) > 0.0, 1.0 / change.max())
    end = _first(lambda t: float(scipy.special.logsumexp(t * change, b=mass)) > 0.0, tilt)
    needed = _DIGITS * (1.0 / tilt + 1.0 / max(end - tilt, 1e-3 * tilt))
    if needed > MOST_POINTS:
        return None
    n = 2 ** int(np.ceil(np.log2(max(needed, 64.0))))
    place = change.astype(np.int64) % n
    each = np.fft.rfft(np.bincount(place, mass * np.exp(tilt * change), n))
    renewals = np.fft.irfft(-np.log(1.0 - each), n)
    k = np.arange(1, n // 2)
    return float(np.maximum(renewals[1 : n // 2], 0.0) @ (k * np.exp(-tilt * k)))


def _tilted(change: Floats, mass: Floats, tilt: float) -> Floats:
    exponent = tilt * change
    return np.asarray(mass * np.exp(exponent - exponent.max()))


def _first(reached: Callable[[float], bool], guess: float) -> float:
    """Where something holds from there on, by doubling and halving."""
    high = guess
    while not reached(high):
        high *= 2.0
    while reached(0.5 * high):
        high *= 0.5
    low = 0.5 * high
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
