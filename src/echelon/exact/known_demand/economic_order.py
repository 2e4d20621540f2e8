r"""The economic order quantity, with backorders, with a production rate, or with both.

Demand :math:`\lambda` comes at a steady rate. A batch of :math:`Q` arrives at once, or is made at a
rate :math:`\mu`; then stock swings by :math:`uQ` with :math:`u = 1 - \lambda/\mu`. Of demand, a
fraction :math:`x` waits for the next batch. Cost per period:

.. math:: g(Q, x) = \frac{K\lambda}{Q} + \frac{uQ}{2}\left(h(1 - x)^2 + p x^2\right)

It is least at :math:`x = h/(h + p)`, whatever the quantity. A lead time moves the moment at which
an order is placed, ahead of the arrival, and changes neither quantity nor cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.exact.manner import Answer, Given, Value, unit


@dataclass(frozen=True, eq=False, repr=False)
class EconomicOrder(Answer):
    """What one order quantity means and costs; numbers, or arrays of the shape of the arguments.

    ``cost`` is the sum of the three parts; ``cost_ratio`` is what it is of the least cost, 1 where
    the quantity was left free and infinite where the least cost is 0.
    """

    order_quantity: Value = unit("units")
    cycle_time: Value = unit("periods")
    highest_stock: Value = unit("units")
    most_backorders: Value = unit("units")
    stockout_fraction: Value = unit("-")
    ordering_cost: Value = unit("money/period")
    holding_cost: Value = unit("money/period")
    shortage_cost: Value = unit("money/period")
    cost: Value = unit("money/period")
    cost_ratio: Value = unit("-")


def economic_order_quantity(
    demand_rate: ArrayLike,
    *,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike | None = None,
    production_rate: ArrayLike | None = None,
    order_quantity: ArrayLike | None = None,
    stockout_fraction: ArrayLike | None = None,
) -> EconomicOrder:
    r"""Order quantity of least cost under steady demand, or the cost of a given one.

    Parameters
    ----------
    demand_rate : array_like of float
        Units per period, above 0. All arguments broadcast; SKUs along the last axis.
    fixed_cost : array_like of float
        Money per order, at least 0.
    holding_cost : array_like of float
        Money per unit and period, above 0.
    shortage_cost : array_like of float, optional
        Money per unit backordered and period, above 0. Without it demand never waits.
    production_rate : array_like of float, optional
        Units per period, above ``demand_rate``. Without it a batch arrives at once.
    order_quantity : array_like of float, optional
        Quantity to evaluate, units above 0. Without it the best one is taken.
    stockout_fraction : array_like of float, optional
        Fraction of demand that is to wait, at least 0 and below 1; needs ``shortage_cost``. Without
        it the best one is taken, :math:`h/(h + p)`.

    Returns
    -------
    EconomicOrder
        Excludes the cost of purchase.

    Raises
    ------
    DomainError
        Lists every argument out of range with position, value and remedy.

    Notes
    -----
    No lead time enters: an order placed :math:`L` periods ahead, at an inventory position of
    :math:`L\lambda` less what is to be backordered, arrives when it should (clause 2.1).

    References
    ----------
    .. [1] Harris (1913), "How many parts to make at once", *Factory* 10(2).
    .. [2] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, 2nd ed., sections 3.2, 3.5
       and 3.6.

    Examples
    --------
    >>> told = economic_order_quantity(1300, fixed_cost=8, holding_cost=0.225)
    >>> round(told.order_quantity, 2), round(told.cost, 2)
    (304.05, 68.41)
    >>> half = economic_order_quantity(
    ...     1300, fixed_cost=8, holding_cost=0.225, order_quantity=told.order_quantity / 2
    ... )
    >>> round(half.cost_ratio, 9)
    1.25
    """
    given = Given("economic_order_quantity")
    given.number("demand_rate", demand_rate, above=0.0, unit="units/period")
    given.number("fixed_cost", fixed_cost, least=0.0, unit="money/order")
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit/period")
    if shortage_cost is not None:
        given.number("shortage_cost", shortage_cost, above=0.0, unit="money/unit/period")
    if production_rate is not None:
        given.number("production_rate", production_rate, above=0.0, unit="units/period")
        _require_capacity(given, demand_rate, production_rate)
    if order_quantity is not None:
        given.number("order_quantity", order_quantity, above=0.0, unit="units")
    if stockout_fraction is not None:
        given.number("stockout_fraction", stockout_fraction, least=0.0, below=1.0)
        if shortage_cost is None:
            given.faults.append(
                "stockout_fraction is given and shortage_cost is not. "
                "Fix: give what a waiting unit costs per period."
            )
    case = given.settle()

    demand, fixed, hold = case["demand_rate"], case["fixed_cost"], case["holding_cost"]
    short = case["shortage_cost"] if shortage_cost is not None else np.zeros(case.size)
    swing = 1.0 - demand / case["production_rate"] if production_rate is not None else 1.0
    best_fraction = hold / (hold + short) if shortage_cost is not None else np.zeros(case.size)
    fraction = case["stockout_fraction"] if stockout_fraction is not None else best_fraction

    def slope(waiting: Floats) -> Floats:  # cost of holding and shortage, per unit of Q
        return np.asarray(0.5 * swing * (hold * (1.0 - waiting) ** 2 + short * waiting**2))

    quantity = np.sqrt(fixed * demand / slope(fraction))
    if order_quantity is not None:
        quantity = case["order_quantity"]
    if (lost := (quantity == 0.0) & (fixed > 0.0)).any():
        fix = "give demand_rate and costs in units of a sensible size"
        values, wrong = case.shaped(quantity), case.shaped(lost)
        given.fault("order_quantity", values, wrong, "too small for a number", "units", fix)
        given.settle()
    with np.errstate(divide="ignore", invalid="ignore"):
        ordering = np.where(fixed == 0.0, 0.0, fixed * demand / quantity)
        stock = 0.5 * swing * quantity
        holding, waiting = stock * hold * (1.0 - fraction) ** 2, stock * short * fraction**2
        cost = ordering + holding + waiting
        least = 2.0 * np.sqrt(fixed * demand * slope(best_fraction))
        ratio = np.where(cost == least, 1.0, cost / least)
    if order_quantity is None and stockout_fraction is None:
        ratio = np.ones(case.size)  # but for the last bit
    return case.answer(
        EconomicOrder,
        order_quantity=quantity,
        cycle_time=quantity / demand,
        highest_stock=swing * quantity * (1.0 - fraction),
        most_backorders=swing * quantity * fraction,
        stockout_fraction=fraction,
        ordering_cost=ordering,
        holding_cost=holding,
        shortage_cost=waiting,
        cost=cost,
        cost_ratio=ratio,
    )


def _require_capacity(given: Given, demand_rate: ArrayLike, production_rate: ArrayLike) -> None:
    """Report production rates that demand outruns; other faults are reported by others."""
    try:
        rates = np.broadcast_arrays(
            np.asarray(demand_rate, np.float64), np.asarray(production_rate, np.float64)
        )
    except (TypeError, ValueError):
        return
    slow = (rates[1] <= rates[0]) & (rates[1] > 0.0)
    if slow.any():
        given.fault(
            "production_rate",
            rates[1],
            slow,
            "must be above demand_rate",
            "units/period",
            "give the rate of the line while it runs",
        )
