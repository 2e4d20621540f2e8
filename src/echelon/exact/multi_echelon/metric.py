r"""A warehouse and its retailers one for one, by one or two moments of the orders outstanding.

Retailer :math:`i` has Poisson demand of rate :math:`\lambda_i`, base stock :math:`S_i` and
transport time :math:`L_i` from the warehouse, which has base stock :math:`S_0`, lead time
:math:`L_0` and demand :math:`\lambda_0 = \sum \lambda_i`. Each demand is ordered at once and
backorders are served in the order of demand. :math:`N`, the orders the warehouse has outstanding,
is Poisson with mean :math:`\lambda_0 L_0`, also where the lead times are random and independent of
one another (Palm's theorem: then :math:`L_0` is their mean). Of its backorders
:math:`B_0 = (N - S_0)^+` a retailer has each with probability :math:`p_i = \lambda_i / \lambda_0`,
so that its outstanding orders have

.. math::

    m_i &= \lambda_i L_i + p_i E[B_0] \\
    v_i &= \lambda_i L_i + p_i (1 - p_i) E[B_0] + p_i^2 \mathrm{Var}[B_0] \ge m_i .

METRIC takes them for Poisson with mean :math:`m_i`; Graves' two moments, for negative binomial with
mean and variance. Both means are exact, and so is the variance. :mod:`.two_echelon` has the exact
distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.exact.multi_echelon.distribution_answer import TwoEchelon, answer_of, sent_at_once
from echelon.exact.multi_echelon.distribution_case import Systems, SystemsGiven
from echelon.kernels.two_echelon import count_measures

_MOST_OUTSTANDING = 1e6


def metric(
    demand_rate: ArrayLike,
    *,
    lead_time: ArrayLike,
    warehouse_lead_time: ArrayLike,
    base_stock: ArrayLike,
    warehouse_base_stock: ArrayLike,
    system: Sequence[Any] | NDArray[Any] | None = None,
) -> TwoEchelon:
    """Evaluate a warehouse with retailers by METRIC: the mean delay at the warehouse alone.

    Continuous review, one for one, Poisson demand, backorders served in the order of demand. A
    retailer's orders are exposed for the transport time and the delay at the warehouse, the
    warehouse's for its lead time, each without a review period (clause 2.1 with demand counted
    at every moment). METRIC is a close approximation, cheap at any size, that understates how
    much the number of orders outstanding varies, and so mostly the backorders.

    Parameters
    ----------
    demand_rate : array_like of float, shape (..., n_retailers)
        Poisson demand of each retailer, units/period; 0 where a place is empty.
    lead_time : array_like of float
        Transport time from the warehouse to each retailer, periods.
    warehouse_lead_time : array_like of float, shape (...)
        Replenishment or repair time of the warehouse, periods; the mean of independent ones.
    base_stock : array_like of int
        Of each retailer, units.
    warehouse_base_stock : array_like of int, shape (...)
        Units.
    system : sequence, optional
        Label of each retailer's system where systems differ in size: arguments about retailers are
        then flat and those about warehouses follow the labels as they first appear.

    Returns
    -------
    TwoEchelon

    Raises
    ------
    DomainError
        Lists every fault with argument, position, value and remedy.

    References
    ----------
    .. [1] Sherbrooke (1968), METRIC: a multi-echelon technique for recoverable item control,
       Operations Research 16(1).

    Examples
    --------
    >>> from echelon.exact.multi_echelon.metric import metric
    >>> told = metric(
    ...     [0.1, 0.2], lead_time=2.0, warehouse_lead_time=5.0, base_stock=[1, 2],
    ...     warehouse_base_stock=1,
    ... )
    >>> round(told.warehouse_backorders, 4)
    0.7231
    >>> told.fill_rate.round(4).tolist()
    [0.6434, 0.779]
    """
    given = SystemsGiven("metric", system)
    given.demand_and_times(demand_rate, lead_time, warehouse_lead_time)
    given.levels(base_stock, warehouse_base_stock)
    systems = given.settle(most_outstanding=_MOST_OUTSTANDING)
    central = warehouse_measures(systems)
    mean, _ = outstanding_moments(systems, central)
    measures = _measured(systems, central, mean, np.zeros_like(mean))
    return answer_of(systems, central, measures, mean, mean)


def graves_two_moment(
    demand_rate: ArrayLike,
    *,
    lead_time: ArrayLike,
    warehouse_lead_time: ArrayLike,
    base_stock: ArrayLike,
    warehouse_base_stock: ArrayLike,
    system: Sequence[Any] | NDArray[Any] | None = None,
) -> TwoEchelon:
    """Evaluate a warehouse with retailers by mean and variance of the orders outstanding.

    As :func:`metric`, with a negative binomial of the exact mean and variance in place of a
    Poisson. The lead times cover what they cover there.

    Parameters
    ----------
    demand_rate, lead_time, warehouse_lead_time, base_stock, warehouse_base_stock, system
        As in :func:`metric`.

    Returns
    -------
    TwoEchelon

    Raises
    ------
    DomainError
        Lists every fault with argument, position, value and remedy.

    References
    ----------
    .. [1] Graves (1985), A multi-echelon inventory model for a repairable item with one-for-one
       replenishment, Management Science 31(10).

    Examples
    --------
    >>> from echelon.exact.multi_echelon.metric import graves_two_moment
    >>> told = graves_two_moment(
    ...     [0.1, 0.2], lead_time=2.0, warehouse_lead_time=5.0, base_stock=[1, 2],
    ...     warehouse_base_stock=1,
    ... )
    >>> told.fill_rate.round(4).tolist()
    [0.653, 0.7769]
    """
    given = SystemsGiven("graves_two_moment", system)
    given.demand_and_times(demand_rate, lead_time, warehouse_lead_time)
    given.levels(base_stock, warehouse_base_stock)
    systems = given.settle(most_outstanding=_MOST_OUTSTANDING)
    central = warehouse_measures(systems)
    mean, excess = outstanding_moments(systems, central)
    measures = _measured(systems, central, mean, excess)
    return answer_of(systems, central, measures, mean, mean + excess)


def warehouse_measures(systems: Systems) -> Floats:
    """Measure the warehouses: (n_systems, 5), see :func:`echelon.kernels.two_echelon.measure`."""
    mean = systems.warehouse_demand * systems.warehouses["warehouse_lead_time"]
    level = systems.warehouses["warehouse_base_stock"].astype(np.int64)
    out = np.empty((mean.size, 5))
    count_measures(np.zeros(mean.size), mean, level, out)
    return out


def outstanding_moments(systems: Systems, central: Floats) -> tuple[Floats, Floats]:
    """Exact mean of each retailer's outstanding orders, and excess of variance over mean.

    Both (n_retailers,).
    """
    in_transit = systems.retailers["demand_rate"] * systems.retailers["lead_time"]
    share = systems.share
    short = central[systems.owner, 2]
    excess = np.maximum(central[systems.owner, 3] - short**2, 0.0)
    mean = in_transit + share * short
    return mean, share**2 * excess


def _measured(systems: Systems, central: Floats, mean: Floats, excess: Floats) -> Floats:
    """Measures of retailers, (n_retailers, 5); negative binomial, Poisson without an excess."""
    variance = np.where(mean > 0.0, mean + excess, 1.0)
    slope = excess / variance
    out = np.empty((mean.size, 5))
    level = systems.retailers["base_stock"].astype(np.int64)
    count_measures(slope, mean**2 / variance - slope, level, out)
    return sent_at_once(systems, central, out)
