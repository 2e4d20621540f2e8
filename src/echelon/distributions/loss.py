r"""Loss functions: expected units above a level, and those that demand leaves of it.

The loss function :math:`n(x) = E[(D - x)^+]` falls from ``mean - x`` to 0 and is convex; every
measure of service in units and every backorder is made of it. Its second order is in
:mod:`echelon.distributions.second_loss`.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats, values_of
from echelon.distributions.base import Distribution
from echelon.distributions.lattice_total import LatticeTotal
from echelon.distributions.partial import partial_moment


def expected_shortage(distribution: Distribution | LatticeTotal, level: ArrayLike) -> Floats:
    r"""Expected units of demand above a level, :math:`E[(D - x)^+]`.

    By the closed form of the family; of a ``scipy.stats`` distribution or a family of one's own,
    which may ``shortage_formula.register`` a closed form, by summing or integrating its
    distribution function.

    Parameters
    ----------
    distribution : Distribution
    level : array_like of float
        Units, any sign; not infinite below.

    Returns
    -------
    ndarray of float64, shape of ``level``
        Units.

    Raises
    ------
    DomainError
        If some level is NaN.

    Examples
    --------
    >>> from echelon.distributions import Normal
    >>> round(float(expected_shortage(Normal(15.0, 3.0), 18.0)), 9)
    0.249946412
    """
    points = values_of(level)
    finite = np.where(np.isposinf(points), 0.0, points)
    return np.where(np.isposinf(points), 0.0, shortage_formula(distribution, finite))


def expected_leftover(distribution: Distribution | LatticeTotal, level: ArrayLike) -> Floats:
    r"""Expected units of a stock level that demand leaves, :math:`E[(x - D)^+]`.

    Parameters
    ----------
    distribution : Distribution
    level : array_like of float
        Units.

    Returns
    -------
    ndarray of float64, shape of ``level``
        Units; infinite where the level is.

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
    finite = np.where(np.isfinite(points), points, 0.0)
    found = partial_moment(distribution, finite, 1, False)
    return np.where(np.isfinite(points), found, np.maximum(points, 0.0))


@singledispatch
def shortage_formula(distribution: Any, level: Floats) -> Floats:
    """Expected units above finite levels; dispatches on the class of the distribution.

    Parameters
    ----------
    distribution : Distribution
    level : ndarray of float64
        Units.

    Returns
    -------
    ndarray of float64, shape of ``level``
        Units. For a class without a formula by its distribution function alone.
    """
    return partial_moment(distribution, level, 1, True)
