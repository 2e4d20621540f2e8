"""Quantiles of the demand of a random wait, for all times of a stage in one compiled call."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import scipy

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.lead_time.deviation import Deviation, Wait

_COUNTS = ("negative_binomial", "poisson")
_NEAR_NOTHING = 1e-3
"""Beside the spread of one period: so near 0 a gamma density may be too steep for Newton."""


def waiting_quantiles(
    law: Distribution, wait: Wait, periods: Floats, level: float
) -> Floats | None:
    """Quantiles of the demand over each time and a wait that deviates from its mean.

    Parameters
    ----------
    law : Distribution
        Demand of one period, units.
    wait : Wait
    periods : (n,) ndarray of float64
        Net replenishment times at mean lead times; those below 0 have passed.
    level : float
        Probability, between 0 and 1, both excluded.

    Returns
    -------
    (n,) ndarray of float64, or None
        Units; NaN for single times and None for demand without a compiled route. The plain twin is
        ``ppf`` of :func:`echelon.lead_time.exposure.exposure_of_periods`. The answer to a time does
        not depend on the others.
    """
    if law.family not in ("normal", "gamma", *_COUNTS) or law.std == 0.0:
        return None
    if law.family == "gamma" and level < 0.5:
        return None
    blurred = wait.blurred_at(periods, level, law.std / abs(law.mean) if law.mean else inf)
    if blurred.all():
        return _quantiles(law, wait.few, periods, level)
    found = np.empty(len(periods))
    found[~blurred] = _quantiles(law, wait.fine, periods[~blurred], level)
    found[blurred] = _quantiles(law, wait.few, periods[blurred], level)
    return found


def _quantiles(law: Distribution, spread: Deviation, periods: Floats, level: float) -> Floats:
    """Quantiles over a deviation that is known number by number."""
    from echelon.kernels.mixture_quantiles import (
        GAMMA,
        MOST_SHAPE,
        NORMAL,
        count_mixture_quantiles,
        density_mixture_quantiles,
    )

    waits, weights, mean, std = spread.periods, spread.weights, law.mean, law.std
    tail = min(level, 1.0 - level)
    alone = -scipy.special.ndtri(tail / np.maximum(weights, tail))  # a weight may be 0
    usual = -float(scipy.special.ndtri(tail))
    family = GAMMA if law.family == "gamma" else NORMAL
    found = np.empty(len(periods))
    density_mixture_quantiles(
        family, periods, waits, weights, mean, std, level, alone, usual, found
    )
    if law.family in _COUNTS:  # those of the normal demand are the guesses
        over = (std - sqrt(mean)) * (std + sqrt(mean)) if law.family != "poisson" else 0.0
        count_mixture_quantiles(periods, waits, weights, mean, over, level, found)
    elif family == GAMMA:
        many = (mean / std) ** 2 * (periods + waits[-1]) > MOST_SHAPE
        found[many | ((found != 0.0) & (found < _NEAR_NOTHING * std))] = np.nan
    return found
