r"""How long a retailer's order waits at the warehouse, and a customer at the retailer, exactly.

With constant times the unit demanded now leaves the warehouse as the one that was ordered
:math:`S_0` demands ago, :math:`E_0` periods, and reaches its retailer, :math:`S_i` demands there
ago, :math:`E_i` periods (Axsater 1990). The waits are :math:`W = (L_0 - E_0)^+` and
:math:`(W + L_i - E_i)^+`, with :math:`E_0` and :math:`E_i` independent and Erlang. Being late by
more than :math:`t` is then being late at all where :math:`t` is cut off the times, of transport
first:

.. math::

    P(W \le t) &= P(\text{Poisson}(\lambda_0 (L_0 - t)) \le S_0 - 1) \\
    P((W + L_i - E_i)^+ \le t) &= P(X_i' \le S_i - 1)

with :math:`X_i'` the orders outstanding for times :math:`L_i' = (L_i - t)^+` and
:math:`L_0' = (L_0 - (t - L_i)^+)^+`. A retailer without stock passes demand on, and its customer
waits :math:`L_i + W`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.exact.manner import Value, unit
from echelon.exact.multi_echelon.distribution_answer import DistributionAnswer, named, rest
from echelon.exact.multi_echelon.distribution_case import Systems, SystemsGiven
from echelon.exact.multi_echelon.two_echelon import retailer_measures
from echelon.kernels.two_echelon import count_measures


@dataclass(frozen=True, eq=False, repr=False)
class TwoEchelonWaiting(DistributionAnswer):
    """Shares of units that wait no longer than a promised time.

    Attributes
    ----------
    within : the promised time of each retailer, periods.
    on_time_rate : share of its customers' units that wait no longer, clause 6.4; 1 where there is
        no demand.
    order_on_time_rate : share of its orders that wait no longer at the warehouse before they are
        sent.
    """

    within: Value = unit("periods")
    on_time_rate: Value = unit("-")
    order_on_time_rate: Value = unit("-")


def two_echelon_waiting(
    demand_rate: ArrayLike,
    *,
    within: ArrayLike,
    lead_time: ArrayLike,
    warehouse_lead_time: ArrayLike,
    base_stock: ArrayLike,
    warehouse_base_stock: ArrayLike,
    system: Sequence[Any] | NDArray[Any] | None = None,
) -> TwoEchelonWaiting:
    """Waiting times at a warehouse and at its retailers: their distribution, exactly.

    Continuous review, one for one, Poisson demand, all in the order of demand. A retailer's orders
    are exposed for the transport time and the delay at the warehouse, the warehouse's for its lead
    time, each without a review period (clause 2.1 with demand counted at every moment). Unlike
    stock and backorders, waiting times depend on more of a random lead time than its mean.

    Parameters
    ----------
    demand_rate : array_like of float, shape (..., n_retailers)
        Poisson demand of each retailer, units/period.
    within : array_like of float
        Promised time, periods, of each retailer; a column ``(n_times, 1)`` gives a curve.
    lead_time : array_like of float
        Constant transport time from the warehouse to each retailer, periods.
    warehouse_lead_time : array_like of float, shape (...)
        Constant replenishment time of the warehouse, periods.
    base_stock, warehouse_base_stock : array_like of int
        Units.
    system : sequence, optional
        Label of each retailer's system, as in :func:`~.two_echelon.axsater`.

    Returns
    -------
    TwoEchelonWaiting

    Raises
    ------
    DomainError
        Lists every fault with argument, position, value and remedy.

    References
    ----------
    .. [1] Axsater (1990), Simple solution procedures for a class of two-echelon inventory problems,
       Operations Research 38(1).

    Examples
    --------
    >>> from echelon.exact.multi_echelon.waiting import two_echelon_waiting
    >>> told = two_echelon_waiting(
    ...     [0.1, 0.2], within=[[0.0], [2.0], [7.0]], lead_time=2.0, warehouse_lead_time=5.0,
    ...     base_stock=[1, 2], warehouse_base_stock=1,
    ... )
    >>> told.on_time_rate.round(4).tolist()
    [[0.6535, 0.7745], [0.7982, 0.8925], [1.0, 1.0]]
    """
    given = SystemsGiven("two_echelon_waiting", system)
    given.demand_and_times(demand_rate, lead_time, warehouse_lead_time)
    given.levels(base_stock, warehouse_base_stock)
    given.retailer.number("within", within, least=0.0, unit="periods")
    systems = given.settle()
    rates = on_time_rates(systems, systems.retailers["within"])
    return TwoEchelonWaiting(
        **named(systems),
        within=systems.of_retailers(systems.retailers["within"]),
        on_time_rate=systems.of_retailers(rates),
        order_on_time_rate=systems.of_retailers(_sent_within(systems, systems.retailers["within"])),
    )


def on_time_rates(systems: Systems, within: Floats) -> Floats:
    """Share of each retailer's units that wait no longer than ``within``, (n_retailers,)."""
    retail = systems.retailers
    transit = retail["lead_time"]
    central = systems.warehouses["warehouse_lead_time"][systems.owner]
    beyond = np.maximum(within - transit, 0.0)
    cut = retailer_measures(
        systems, np.maximum(central - beyond, 0.0), np.maximum(transit - within, 0.0)
    )
    stocked = retail["base_stock"] > 0.0
    passed_on = np.where(within >= transit, _sent_within(systems, beyond), 0.0)
    rates = np.where(stocked, rest(cut[:, 0]), passed_on)
    return np.where(retail["demand_rate"] > 0.0, rates, 1.0)


def _sent_within(systems: Systems, within: Floats) -> Floats:
    """Share of each retailer's orders that wait no longer at the warehouse, (n_retailers,)."""
    owner = systems.owner
    left = np.maximum(systems.warehouses["warehouse_lead_time"][owner] - within, 0.0)
    mean = systems.warehouse_demand[owner] * left
    level = systems.warehouses["warehouse_base_stock"].astype(np.int64)[owner]
    out = np.empty((mean.size, 5))
    count_measures(np.zeros_like(mean), mean, level, out)
    return np.where(mean > 0.0, rest(out[:, 0]), 1.0)
