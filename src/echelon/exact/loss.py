"""The loss function of one random demand, its complement and its inverse."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats, values_of
from echelon.distributions.base import Distribution
from echelon.distributions.loss import expected_shortage
from echelon.lead_time.exposure import exposure_demand

__all__ = ["expected_leftover", "expected_shortage", "level_for_shortage"]


def expected_leftover(distribution: Distribution, level: ArrayLike) -> Floats:
    r"""Expected units of a stock level that demand leaves, :math:`E[(x - D)^+]`.

    Parameters
    ----------
    distribution : Distribution
    level : array_like of float
        Units.

    Returns
    -------
    ndarray of float64, shape of ``level``
        Level less mean plus :func:`expected_shortage`, units.

    Raises
    ------
    DomainError
        If some level is NaN.

    Examples
    --------
    >>> from echelon.distributions import Poisson
    >>> round(float(expected_leftover(Poisson(15.0), 18)), 9)
    3.517609528
    """
    points = values_of(level)
    left = points - distribution.mean + expected_shortage(distribution, points)
    return np.maximum(left, 0.0)  # below 0 only by rounding


def level_for_shortage(distribution: Distribution, shortage: ArrayLike) -> Floats:
    r"""Smallest level :math:`x` with :math:`E[(D - x)^+]` at most so many units.

    Parameters
    ----------
    distribution : Distribution
    shortage : array_like of float
        Units, at least 0.

    Returns
    -------
    ndarray of float64, shape of ``shortage``
        Units; the largest possible demand where ``shortage`` is 0.

    Raises
    ------
    DomainError
        If some shortage is NaN or negative.

    Examples
    --------
    >>> from echelon.distributions import Normal
    >>> round(float(level_for_shortage(Normal(15.0, 3.0), 0.24994641176)), 6)
    18.0
    """
    return exposure_demand(distribution, 1.0).level_for_shortage(shortage)
