r"""Base stocks of a warehouse and its retailers: least cost, and least value for a target.

For each base stock :math:`S_0` of the warehouse the retailers are independent, and each is a
newsvendor or a quantile of its exact outstanding orders :math:`X_i`; the recursion of
:mod:`echelon.kernels.two_echelon` passes every :math:`S_0` once.

Why the search is exact. :math:`X_i` is the demand of the transport time and an independent share
of the warehouse's backorders. A retailer without that share, with any base stock, costs no more and
needs no more stock than with it, since the sum with something independent is a mixture of shifts.
So :math:`S_0` need not exceed the number of orders that the warehouse can have outstanding: beyond
it there are no backorders to save, and its own stock only costs. That number is cut where its
probability falls below :math:`10^{-40}` times that of the likeliest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.exact.manner import Value, unit
from echelon.exact.multi_echelon.distribution_answer import DistributionAnswer, named
from echelon.exact.multi_echelon.distribution_case import Systems, SystemsGiven
from echelon.kernels._jit import Integers
from echelon.kernels.two_echelon_levels import (
    EACH_FILL_RATE,
    TOTAL_BACKORDERS,
    cheapest_levels,
    least_value_levels,
)


@dataclass(frozen=True, eq=False, repr=False)
class TwoEchelonLevels(DistributionAnswer):
    """Base stocks of least cost.

    Attributes
    ----------
    base_stock, warehouse_base_stock : units.
    system_cost : holding on hand at both levels and backorders of retailers, money/period.
    """

    base_stock: Value = unit("units")
    warehouse_base_stock: Value = unit("units")
    system_cost: Value = unit("money/period")


@dataclass(frozen=True, eq=False, repr=False)
class TwoEchelonTarget(DistributionAnswer):
    """Base stocks of least value that reach a target.

    Attributes
    ----------
    base_stock, warehouse_base_stock : units.
    system_value : value of all base stocks, money.
    system_value_bound : value that no base stocks reaching the target can go below, money; equal to
        ``system_value`` where that is proven least.
    """

    base_stock: Value = unit("units")
    warehouse_base_stock: Value = unit("units")
    system_value: Value = unit("money")
    system_value_bound: Value = unit("money")


def two_echelon_levels(
    demand_rate: ArrayLike,
    *,
    lead_time: ArrayLike,
    warehouse_lead_time: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    warehouse_holding_cost: ArrayLike,
    system: Sequence[Any] | NDArray[Any] | None = None,
) -> TwoEchelonLevels:
    """Find the base stocks of least cost, exactly: continuous review, one for one, Poisson demand.

    A retailer's orders are exposed for the transport time and the delay at the warehouse, the
    warehouse's for its lead time, each without a review period (clause 2.1 with demand counted
    at every moment). Holding is charged on stock on hand, not in transit.

    Parameters
    ----------
    demand_rate : array_like of float, shape (..., n_retailers)
        Poisson demand of each retailer, units/period; 0 where a place is empty.
    lead_time : array_like of float
        Constant transport time from the warehouse to each retailer, periods.
    warehouse_lead_time : array_like of float, shape (...)
        Constant replenishment time of the warehouse, periods, or the mean of independent ones.
    holding_cost, shortage_cost : array_like of float
        Of each retailer, money/unit/period, above 0.
    warehouse_holding_cost : array_like of float, shape (...)
        Money/unit/period, above 0: stock that costs nothing has no best level.
    system : sequence, optional
        Label of each retailer's system, as in :func:`~.two_echelon.axsater`.

    Returns
    -------
    TwoEchelonLevels
        Of equal costs the smallest base stock at the warehouse, then at the retailers.

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
    >>> from echelon.exact.multi_echelon.distribution_levels import two_echelon_levels
    >>> told = two_echelon_levels(
    ...     [0.1, 0.2], lead_time=2.0, warehouse_lead_time=5.0, holding_cost=1.0,
    ...     shortage_cost=10.0, warehouse_holding_cost=0.8,
    ... )
    >>> told.warehouse_base_stock, told.base_stock.tolist(), round(told.system_cost, 4)
    (2, [1, 2], 3.6596)
    """
    given = SystemsGiven("two_echelon_levels", system)
    given.demand_and_times(demand_rate, lead_time, warehouse_lead_time)
    per_unit = "money/unit/period"
    given.retailer.number("holding_cost", holding_cost, above=0.0, unit=per_unit)
    given.retailer.number("shortage_cost", shortage_cost, above=0.0, unit=per_unit)
    given.warehouse.number(
        "warehouse_holding_cost", warehouse_holding_cost, above=0.0, unit=per_unit
    )
    systems = given.settle()
    retail = systems.retailers
    warehouse_level, level = _places(systems)
    cost = np.empty(warehouse_level.size)
    cheapest_levels(
        _warehouse_mean(systems),
        systems.retailer_ptr,
        systems.share,
        retail["demand_rate"] * retail["lead_time"],
        retail["holding_cost"],
        retail["shortage_cost"],
        systems.warehouses["warehouse_holding_cost"],
        warehouse_level,
        level,
        cost,
    )
    return TwoEchelonLevels(
        **named(systems),
        base_stock=systems.of_retailers(level),
        warehouse_base_stock=systems.of_warehouses(warehouse_level),
        system_cost=systems.of_warehouses(cost),
    )


def two_echelon_for_fill_rate(
    demand_rate: ArrayLike,
    *,
    fill_rate: ArrayLike,
    lead_time: ArrayLike,
    warehouse_lead_time: ArrayLike,
    unit_value: ArrayLike = 1.0,
    warehouse_unit_value: ArrayLike = 1.0,
    system: Sequence[Any] | NDArray[Any] | None = None,
) -> TwoEchelonTarget:
    """Find the base stocks of least value that give each retailer its fill rate, exactly.

    With one-for-one orders the base stock is what is owned: on hand, in transit and on order, net
    of backorders. The lead times cover what they cover in :func:`two_echelon_levels`.

    Parameters
    ----------
    demand_rate, lead_time, warehouse_lead_time, system
        As in :func:`two_echelon_levels`.
    fill_rate : array_like of float
        Share of units to be served at once by each retailer (clause 6.3), above 0 and below 1.
    unit_value : array_like of float, default 1
        Of a unit of a retailer's base stock, money, above 0.
    warehouse_unit_value : array_like of float, default 1
        Of a unit of the warehouse's base stock, money, above 0.

    Returns
    -------
    TwoEchelonTarget
        Of equal values the one with the smallest base stock at the warehouse; a retailer without
        demand has none.

    Raises
    ------
    DomainError
        Lists every fault with argument, position, value and remedy.

    Examples
    --------
    >>> from echelon.exact.multi_echelon.distribution_levels import two_echelon_for_fill_rate
    >>> told = two_echelon_for_fill_rate(
    ...     [0.1, 0.2], fill_rate=0.95, lead_time=2.0, warehouse_lead_time=5.0
    ... )
    >>> told.warehouse_base_stock, told.base_stock.tolist(), told.system_value
    (2, [2, 3], 7.0)
    """
    given = SystemsGiven("two_echelon_for_fill_rate", system)
    given.demand_and_times(demand_rate, lead_time, warehouse_lead_time)
    given.retailer.fraction("fill_rate", fill_rate)
    _values(given, unit_value, warehouse_unit_value)
    systems = given.settle()
    retail = systems.retailers
    asked = np.where(retail["demand_rate"] > 0.0, retail["fill_rate"], -1.0)
    return _least_value(EACH_FILL_RATE, systems, asked)


def two_echelon_for_backorders(
    demand_rate: ArrayLike,
    *,
    backorders: ArrayLike,
    lead_time: ArrayLike,
    warehouse_lead_time: ArrayLike,
    unit_value: ArrayLike = 1.0,
    warehouse_unit_value: ArrayLike = 1.0,
    system: Sequence[Any] | NDArray[Any] | None = None,
) -> TwoEchelonTarget:
    """Find base stocks of least value that keep the backorders of a whole system within a target.

    For each base stock of the warehouse, units go one by one to the retailer where they remove most
    backorders per money. Backorders are convex in a retailer's base stock, so that is exact where
    units of all retailers of a system have one value. Where values differ, a search by branch and
    bound proves or improves it; it is given up after 200,000 steps in one system, and
    ``system_value_bound`` then tells how far off the answer may be. The lead times cover what they
    cover in :func:`two_echelon_levels`.

    Parameters
    ----------
    demand_rate, lead_time, warehouse_lead_time, system
        As in :func:`two_echelon_levels`.
    backorders : array_like of float, shape (...)
        Of all retailers of a system together on average, units, at least 1e-9; divided by the
        system's demand, the mean wait of a unit in periods.
    unit_value : array_like of float, default 1
        Of a unit of a retailer's base stock, money, above 0.
    warehouse_unit_value : array_like of float, default 1
        Of a unit of the warehouse's base stock, money, above 0.

    Returns
    -------
    TwoEchelonTarget

    Raises
    ------
    DomainError
        Lists every fault with argument, position, value and remedy.

    References
    ----------
    .. [1] Sherbrooke (1968), METRIC: a multi-echelon technique for recoverable item control,
       Operations Research 16(1), for marginal analysis at each stock of the depot.

    Examples
    --------
    >>> from echelon.exact.multi_echelon.distribution_levels import two_echelon_for_backorders
    >>> told = two_echelon_for_backorders(
    ...     [0.1, 0.2], backorders=0.05, lead_time=2.0, warehouse_lead_time=5.0
    ... )
    >>> told.warehouse_base_stock, told.base_stock.tolist(), told.system_value
    (1, [2, 3], 6.0)
    """
    given = SystemsGiven("two_echelon_for_backorders", system)
    given.demand_and_times(demand_rate, lead_time, warehouse_lead_time)
    given.warehouse.number("backorders", backorders, least=1e-9, unit="units")
    _values(given, unit_value, warehouse_unit_value)
    systems = given.settle()
    return _least_value(TOTAL_BACKORDERS, systems, systems.warehouses["backorders"][systems.owner])


def _values(given: SystemsGiven, unit_value: ArrayLike, warehouse_unit_value: ArrayLike) -> None:
    given.retailer.number("unit_value", unit_value, above=0.0, unit="money/unit")
    given.warehouse.number(
        "warehouse_unit_value", warehouse_unit_value, above=0.0, unit="money/unit"
    )


def _warehouse_mean(systems: Systems) -> Floats:
    return systems.warehouse_demand * systems.warehouses["warehouse_lead_time"]


def _places(systems: Systems) -> tuple[Integers, Integers]:
    n_systems, n_retailers = len(systems.retailer_ptr) - 1, len(systems.order)
    return np.zeros(n_systems, dtype=np.int64), np.zeros(n_retailers, dtype=np.int64)


def _least_value(kind: int, systems: Systems, asked: Floats) -> TwoEchelonTarget:
    retail = systems.retailers
    warehouse_level, level = _places(systems)
    value, bound = np.empty(warehouse_level.size), np.empty(warehouse_level.size)
    least_value_levels(
        kind,
        _warehouse_mean(systems),
        systems.retailer_ptr,
        systems.share,
        retail["demand_rate"] * retail["lead_time"],
        asked,
        retail["unit_value"],
        systems.warehouses["warehouse_unit_value"],
        warehouse_level,
        level,
        value,
        bound,
    )
    return TwoEchelonTarget(
        **named(systems),
        base_stock=systems.of_retailers(level),
        warehouse_base_stock=systems.of_warehouses(warehouse_level),
        system_value=systems.of_warehouses(value),
        system_value_bound=systems.of_warehouses(bound),
    )
