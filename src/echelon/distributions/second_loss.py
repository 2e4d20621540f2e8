r"""Loss functions of second order: half the expected square above a level, and below it.

:math:`n_2(x) = E[((D - x)^+)^2]/2 = \int_x^\infty n(y)\,dy`, for counts as for densities: what an
inventory position spread evenly over an order quantity integrates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats, values_of
from echelon.distributions.base import Distribution
from echelon.distributions.lattice_total import LatticeTotal
from echelon.distributions.partial import partial_moment


def expected_second_shortage(distribution: Distribution | LatticeTotal, level: ArrayLike) -> Floats:
    r"""Half the expected square of the demand above a level, :math:`E[((D - x)^+)^2]/2`.

    Parameters
    ----------
    distribution : Distribution
    level : array_like of float
        Units; not infinite below.

    Returns
    -------
    ndarray of float64, shape of ``level``
        Units squared.

    Raises
    ------
    DomainError
        If some level is NaN.

    Examples
    --------
    >>> from echelon.distributions import Gamma
    >>> round(float(expected_second_shortage(Gamma(6.0, 18.0**0.5), 4.0)), 9)
    10.280288387
    """
    points = values_of(level)
    finite = np.where(np.isposinf(points), 0.0, points)
    return np.where(np.isposinf(points), 0.0, partial_moment(distribution, finite, 2, True))


def expected_second_leftover(distribution: Distribution | LatticeTotal, level: ArrayLike) -> Floats:
    r"""Half the expected square of what demand leaves of a level, :math:`E[((x - D)^+)^2]/2`.

    Parameters
    ----------
    distribution : Distribution
    level : array_like of float
        Units.

    Returns
    -------
    ndarray of float64, shape of ``level``
        Units squared; infinite where the level is.

    Raises
    ------
    DomainError
        If some level is NaN.

    Examples
    --------
    >>> from echelon.distributions import Gamma
    >>> round(float(expected_second_leftover(Gamma(6.0, 18.0**0.5), 4.0)), 9)
    0.719711613
    """
    points = values_of(level)
    finite = np.where(np.isfinite(points), points, 0.0)
    found = partial_moment(distribution, finite, 2, False)
    return np.where(np.isfinite(points), found, np.maximum(points, 0.0))
