"""Quantiles of many normal demands of random waits, in one compiled call.

The plain twin is :func:`echelon.lead_time.waiting_quantiles.waiting_quantiles`, for one demand: bit
for bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy

from echelon.distributions.arguments import Floats
from echelon.distributions.inversion import Integers
from echelon.distributions.inversion_rows import pointers
from echelon.lead_time.deviation import Deviation


def normal_waiting_rows(
    mean: Floats,
    std: Floats,
    level: Floats,
    spreads: Sequence[Deviation],
    ptr: Integers,
    periods: Floats,
) -> Floats:
    """Quantiles of normal demands, each over its times and a wait that deviates from its mean.

    Parameters
    ----------
    mean, std : (n,) float64
        Of one period, units; ``std`` above 0.
    level : (n,) float64
        Probabilities, between 0 and 1, both excluded.
    spreads : sequence of Deviation
        One of each demand.
    ptr : (n + 1,) int64
        Where the times of each demand begin.
    periods : (m,) float64
        Net replenishment times at mean lead times.

    Returns
    -------
    (m,) float64
        Units.
    """
    from echelon.kernels.mixture_quantiles import normal_mixture_rows  # numba: when it is needed

    waits = np.concatenate([one.periods for one in spreads])
    weights = np.concatenate([one.weights for one in spreads])
    sizes = [len(one.periods) for one in spreads]
    tail = np.minimum(level, 1.0 - level)
    own = np.repeat(tail, sizes)
    alone = -scipy.special.ndtri(own / np.maximum(weights, own))  # a weight may be 0
    found = np.empty(len(periods))
    normal_mixture_rows(
        ptr, periods, pointers(sizes), waits, weights, alone, mean, std, level,
        -scipy.special.ndtri(tail), found,
    )  # fmt: skip
    return found
