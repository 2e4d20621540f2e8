"""What is put off in the long run where capacity is limited, and what service is left by it."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
import scipy

from echelon.lead_time.totals import ExposureDemand
from echelon.network.compiled import Floats

_CELLS_PER_STD = 20.0
_LEAST_SPARE = 0.1
_LEAST = 1e-9
_MOST_PERIODS = 10_000
_TAIL = 30.0


def service_with_shortfall(
    period: ExposureDemand, covered: ExposureDemand, capacity: float, base_stock: float
) -> float:
    r"""Probability that stock covers the demand of a time and what had been put off before it.

    What is put off follows :math:`V' = (V + D - c)^+`, whose stationary state is the waiting time
    of a queue [1]_ and independent of the demand that follows: :math:`P(V + D(\tau) \le B)`.

    Parameters
    ----------
    period, covered : ExposureDemand
        Demand of one period, and of the time covered, of a single stage each.
    capacity : float
        Units per period, above the mean demand.
    base_stock : float
        Units.

    Returns
    -------
    float
        From cells of a twentieth of a standard deviation. NaN where capacity is above the mean
        demand by less than a tenth of it, where the state takes too long to find.

    References
    ----------
    .. [1] Lindley (1952), The theory of queues with a single server, *Mathematical Proceedings of
       the Cambridge Philosophical Society* 48(2).
    """
    mean, std = float(period.mean), float(period.std)
    if std == 0.0:
        return float(covered.cdf(base_stock))
    grain = std / _CELLS_PER_STD
    spare = capacity - mean
    if spare < _LEAST_SPARE * std:
        return float("nan")
    n_cells = ceil((_TAIL * std + _TAIL * std**2 / (2.0 * spare)) / grain)
    weight = _stationary(period, capacity, grain, n_cells)
    if weight is None:
        return float("nan")
    reached = covered.cdf(base_stock - np.arange(n_cells) * grain)
    return float(weight @ reached)


def _stationary(
    period: ExposureDemand, capacity: float, grain: float, n_cells: int
) -> Floats | None:
    """Probabilities of what is put off, by cells; None where they do not settle."""
    low = min(floor((float(period.ppf(1e-12)) - capacity) / grain), 0) - 1
    high = max(ceil((float(period.ppf(1.0 - 1e-12)) - capacity) / grain), 1) + 1
    edges = (np.arange(low, high + 1) + 0.5) * grain + capacity
    step = np.diff(period.cdf(edges), prepend=0.0)
    step[-1] += 1.0 - step.sum()
    weight = np.zeros(n_cells)
    weight[0] = 1.0
    for _ in range(_MOST_PERIODS):
        moved = np.maximum(_convolved(weight, step), 0.0)
        after = np.zeros(n_cells)
        after[0] = moved[: 1 - low].sum()
        rest = moved[1 - low : n_cells - low]
        after[1 : 1 + len(rest)] = rest
        after[-1] += moved[n_cells - low :].sum()
        after /= after.sum()
        if np.abs(after - weight).sum() < _LEAST:
            return after
        weight = after
    return None


def _convolved(one: Floats, other: Floats) -> Floats:
    """As ``scipy.signal.fftconvolve``, whose package takes a second to load in every worker."""
    length = len(one) + len(other) - 1
    size = int(scipy.fft.next_fast_len(length, real=True))
    product = scipy.fft.rfft(one, size) * scipy.fft.rfft(other, size)
    return np.asarray(scipy.fft.irfft(product, size))[:length]
