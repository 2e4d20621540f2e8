r"""A warehouse and its retailers one for one, with the exact distribution of outstanding orders.

In the notation of :mod:`.metric`: of the backorders at the warehouse each is retailer :math:`i`'s
with probability :math:`p_i`, whatever their number, since who demanded has no bearing on when; and
what is demanded in the transport time after is independent of them. So the orders outstanding at
the retailer are the sum of a binomial share and a Poisson (Simon 1971; Graves 1985),

.. math:: P(X_i = k) = \sum_n P(N = n) \sum_{j \le k}
    \binom{(n-S_0)^+}{j} p_i^j (1-p_i)^{(n-S_0)^+ - j}\, e^{-\lambda_i L_i}
    \frac{(\lambda_i L_i)^{k-j}}{(k-j)!} ,

found by the recursion of Axsater (1990) over the base stock of the warehouse. Stock and backorders
follow, and as demand is Poisson, units see what time sees: the fill rate is
:math:`P(X_i \le S_i - 1)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.exact.multi_echelon.distribution_answer import TwoEchelon, answer_of, sent_at_once
from echelon.exact.multi_echelon.distribution_case import Systems, SystemsGiven
from echelon.exact.multi_echelon.metric import outstanding_moments, warehouse_measures
from echelon.kernels.two_echelon import outstanding_measures


def axsater(
    demand_rate: ArrayLike,
    *,
    lead_time: ArrayLike,
    warehouse_lead_time: ArrayLike,
    base_stock: ArrayLike,
    warehouse_base_stock: ArrayLike,
    system: Sequence[Any] | NDArray[Any] | None = None,
) -> TwoEchelon:
    """Evaluate a warehouse with retailers exactly: continuous review, one for one, Poisson demand.

    Backorders at the warehouse and at the retailers are served in the order of demand. A retailer's
    orders are exposed for the transport time and the delay at the warehouse, the warehouse's for
    its lead time, each without a review period (clause 2.1 with demand counted at every moment).

    Parameters
    ----------
    demand_rate : array_like of float, shape (..., n_retailers)
        Poisson demand of each retailer, units/period; 0 where a place is empty.
    lead_time : array_like of float
        Constant transport time from the warehouse to each retailer, periods.
    warehouse_lead_time : array_like of float, shape (...)
        Replenishment time of the warehouse, periods; constant, or the mean of times that are
        independent of one another, such as repairs.
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
        Lists every fault with argument, position, value and remedy; also where more than 10,000
        orders are outstanding on average at a warehouse or under way to a retailer.

    References
    ----------
    .. [1] Axsater (1990), Simple solution procedures for a class of two-echelon inventory problems,
       Operations Research 38(1).
    .. [2] Simon (1971), Stationary properties of a two-echelon inventory model for low demand
       items, Operations Research 19(3).
    .. [3] Graves (1985), A multi-echelon inventory model for a repairable item with one-for-one
       replenishment, Management Science 31(10).

    Examples
    --------
    >>> from echelon.exact.multi_echelon.two_echelon import axsater
    >>> told = axsater(
    ...     [0.1, 0.2], lead_time=2.0, warehouse_lead_time=5.0, base_stock=[1, 2],
    ...     warehouse_base_stock=1,
    ... )
    >>> told.fill_rate.round(4).tolist()
    [0.6535, 0.7745]
    """
    given = SystemsGiven("axsater", system)
    given.demand_and_times(demand_rate, lead_time, warehouse_lead_time)
    given.levels(base_stock, warehouse_base_stock)
    systems = given.settle()
    central = warehouse_measures(systems)
    mean, excess = outstanding_moments(systems, central)
    exact = retailer_measures(
        systems, systems.warehouses["warehouse_lead_time"][systems.owner],
        systems.retailers["lead_time"],
    )  # fmt: skip
    return answer_of(systems, central, sent_at_once(systems, central, exact), mean, mean + excess)


def retailer_measures(systems: Systems, warehouse_time: Floats, transit_time: Floats) -> Floats:
    """Measures of the retailers, (n_retailers, 5), with their own times, (n_retailers,) periods."""
    owner, rate = systems.owner, systems.retailers["demand_rate"]
    out = np.empty((rate.size, 5))
    outstanding_measures(
        systems.warehouse_demand[owner] * warehouse_time,
        systems.warehouses["warehouse_base_stock"].astype(np.int64)[owner],
        systems.share,
        rate * transit_time,
        systems.retailers["base_stock"].astype(np.int64),
        out,
    )
    return out
