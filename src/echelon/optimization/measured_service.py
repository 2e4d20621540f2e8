"""What a simulation says of a service target: an interval, and whether it is met."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ALL: Final = 1.0 - 1e-12
"""Service from which on nobody was short."""


def half_widths(service: Floats, error: Floats, demands: Floats, confidence: float) -> Floats:
    """Half-width of the confidence interval of measured service.

    Where nobody was short the measured error is 0, which is no certainty: of ``n`` demands that
    were all served, a share of up to ``-log(1 - confidence) / n`` may be short, the rule of three.

    Parameters
    ----------
    service, error : (n,) float64
        Measured, and its standard error.
    demands : (n,) float64
        Independent demands that were looked at; see :func:`independent_demands`.
    confidence : float

    Returns
    -------
    (n,) float64

    Examples
    --------
    >>> half_widths(np.array([0.95, 1.0]), np.array([0.01, 0.0]), np.array([60.0, 60.0]), 0.95
    ...             ).round(4).tolist()
    [0.0196, 0.0499]
    """
    from scipy.special import ndtri

    half = float(ndtri(0.5 + 0.5 * confidence)) * error
    unseen = -np.log1p(-confidence) / np.maximum(demands, 1e-300)
    return np.asarray(np.where(service >= _ALL, np.minimum(unseen, 1.0), half))


def independent_demands(periods: float, mean: Floats, covered: Floats) -> Floats:
    """How many independent demands a simulation saw, at least about.

    A shortage may last for the periods that stock covers, so one look in so many counts; and where
    a unit is bought less than once a period, so many times fewer.

    Parameters
    ----------
    periods : float
        Counted, of all runs together.
    mean : (n,) float64
        Units per period.
    covered : (n,) float64
        Periods.
    """
    return np.asarray(periods * np.clip(mean, 0.0, 1.0) / np.maximum(covered, 1.0))


def verdicts(service: Floats, half: Floats, target: Floats) -> NDArray[np.object_]:
    """Say where each interval lies: all of it above the target, below, or neither.

    ``met``, ``missed`` and ``unclear``; empty where there is no target or nothing fell due.
    """
    found = np.where(service - half >= target, "met", "unclear").astype(object)
    found[service + half < target] = "missed"
    found[np.isnan(target) | np.isnan(service)] = ""
    return found
