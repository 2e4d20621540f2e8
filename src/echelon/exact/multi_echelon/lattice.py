r"""Laws on a lattice, many SKUs side by side, kept by what they leave below each point.

A law :math:`Y` is held by its lattice probabilities :math:`w_k`, chosen so that
:math:`T(x) = E(x - Y)^+` is right at every point: the hat weights, second differences of
:math:`T`. Whole demand on whole units is held exactly. What lies above the window is never needed:
a convolution at a point asks only for what is below it.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats

Flags = NDArray[np.bool_]


def hat_masses(left: Floats, step: Floats) -> Floats:
    """Lattice probabilities of a law from what it leaves.

    Parameters
    ----------
    left : (n + 2, b) ndarray
        Expected leftover at one point before the window, in it, and one after; units.
    step : (b,) ndarray
        Units.

    Returns
    -------
    (b, n) ndarray
    """
    # a distribution function does not fall, whatever the rounding of the leftover says
    slope = np.maximum.accumulate(np.clip(np.diff(left, axis=0) / step, 0.0, 1.0), axis=0)
    return np.ascontiguousarray(np.diff(slope, axis=0).T)


def convolve(atom: Floats, rest: Floats, demand: Floats, smooth: Flags) -> Floats:
    r"""Lattice probabilities of a sum, cut to the window.

    Hat weights spread a smooth density by :math:`h^2/6` in variance, which is taken back from the
    part that has one; an atom on the lattice is not spread.

    Parameters
    ----------
    atom : (b,) ndarray
        Probability of the first point of the window.
    rest, demand : (b, n) ndarray
        The other probabilities of one law, and all of the other one.
    smooth : (b,) ndarray of bool
        Whether the demand has a density without atoms and the rest one too.

    Returns
    -------
    (b, n) ndarray
    """
    n = rest.shape[1]
    size = scipy.fft.next_fast_len(2 * n, real=True)
    angle = 2.0 * np.pi * np.arange(size // 2 + 1) / size
    narrowed = 1.0 + np.where(smooth, 1.0 / 6.0, 0.0)[:, None] * (1.0 - np.cos(angle))
    other = scipy.fft.rfft(demand, size, axis=1)
    other *= scipy.fft.rfft(rest, size, axis=1) * narrowed + atom[:, None]
    return np.ascontiguousarray(scipy.fft.irfft(other, size, axis=1)[:, :n])


def leftovers(masses: Floats, step: Floats) -> tuple[Floats, Floats]:
    """Slopes and values of what a law leaves.

    Parameters
    ----------
    masses : (b, n) ndarray
    step : (b,) ndarray
        Units.

    Returns
    -------
    slope : (b, n) ndarray
        Between each point and the next: the distribution function, on average over the step.
    left : (b, n) ndarray
        At each point, units.
    """
    slope = np.cumsum(masses, axis=1)
    left = np.zeros_like(slope)
    np.cumsum(slope[:, :-1], axis=1, out=left[:, 1:])
    left *= step[:, None]
    return slope, left


def quantile(
    slope: Floats, left: Floats, step: Floats, share: Floats, *, own: Flags, smooth: Flags
) -> tuple[Floats, Floats]:
    """Where a distribution function reaches a share, and what the law leaves there.

    A point of the law's own lattice. Otherwise where straight lines between the middles of the
    steps reach it, or, of a smooth density, the quartic through five values of the leftover.

    Parameters
    ----------
    slope, left : (b, n) ndarray
        See :func:`leftovers`.
    step, share : (b,) ndarray
    own, smooth : (b,) ndarray of bool
        Whether the lattice is the law's own, and whether the law has a smooth density.

    Returns
    -------
    place : (b,) ndarray
        In steps from the first point of the window; NaN where the window ends before.
    value : (b,) ndarray
        Units.
    """
    rows = np.arange(len(slope))
    # what sums of probabilities may lack by rounding
    found = slope >= (share - 1e-13)[:, None]
    at = np.argmax(found, axis=1)
    before = np.where(at > 0, slope[rows, np.maximum(at - 1, 0)], 0.0)
    after = slope[rows, at]
    offset = np.zeros(len(slope))
    np.divide(share - before, after - before, out=offset, where=(after > before) & ~own)
    offset = np.where(own, 0.0, np.clip(offset, 0.0, 1.0) - 0.5)
    value = left[rows, at] + step * offset * np.where(offset < 0.0, before, after)
    if smooth.any():
        curved, inside = _quartic(left, step, share, at, offset)
        offset, value = np.where(smooth, curved, offset), np.where(smooth, inside, value)
    return np.where(found[rows, at], at + offset, np.nan), np.maximum(value, 0.0)


def _quartic(
    left: Floats, step: Floats, share: Floats, at: NDArray[np.int64], offset: Floats
) -> tuple[Floats, Floats]:
    """Where the quartic through five leftovers has the slope, within half a step, by Newton."""
    a = (taylor(left, at) / step[:, None]).T
    for _ in range(6):
        slope = a[1] + offset * (2.0 * a[2] + offset * (3.0 * a[3] + offset * 4.0 * a[4]))
        bend = 2.0 * a[2] + offset * (6.0 * a[3] + offset * 12.0 * a[4])
        turn = np.zeros_like(offset)
        np.divide(share - slope, bend, out=turn, where=bend > 0.0)
        offset = np.clip(offset + turn, -0.5, 0.5)
    inside = a[0] + offset * (a[1] + offset * (a[2] + offset * (a[3] + offset * a[4])))
    return offset, inside * step


def taylor(left: Floats, at: NDArray[np.int64]) -> Floats:
    """Coefficients, (b, 5), of the quartic through five values around one of each row."""
    n = left.shape[1]
    index = at[:, None] + np.arange(-2, 3)
    near = np.take_along_axis(left, np.clip(index, 0, n - 1), axis=1)
    # the window has room behind; before it nothing is left over
    v = np.where(index < 0, 0.0, near).T
    return np.stack(
        [
            v[2],
            (8.0 * (v[3] - v[1]) - (v[4] - v[0])) / 12.0,
            (16.0 * (v[3] + v[1]) - 30.0 * v[2] - (v[4] + v[0])) / 24.0,
            ((v[4] - v[0]) - 2.0 * (v[3] - v[1])) / 12.0,
            ((v[4] + v[0]) - 4.0 * (v[3] + v[1]) + 6.0 * v[2]) / 24.0,
        ],
        axis=1,
    )


def coarser(masses: Floats) -> Floats:
    """Hat weights of the same laws on every second point, (b, n // 2)."""
    even, odd = masses[:, ::2], masses[:, 1::2]
    wide = even[:, : odd.shape[1]] + 0.5 * odd
    wide[:, 1:] += 0.5 * odd[:, : wide.shape[1] - 1]
    return wide
