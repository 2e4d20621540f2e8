r"""The economic order quantity when the price falls with the quantity bought.

Prices :math:`c_0, c_1, \dots` hold from the quantities :math:`b_0 = 0 < b_1 < \dots` on: for all
units of an order, or for those beyond the breakpoint only (incremental). What :math:`Q` units cost
is then :math:`C(Q) = A_j + c_j Q` for :math:`b_j \le Q < b_{j+1}`, with :math:`A_j = 0` for all
units and :math:`A_j = \sum_{i<j} (c_i - c_{i+1})\,b_{i+1}` else, and the cost per period is

.. math:: g(Q) = \lambda\frac{K + C(Q)}{Q} + \frac{1}{2}\left(hQ + i\,C(Q)\right).

Within a region :math:`g` is smallest at :math:`\sqrt{2(K + A_j)\lambda/(h + i c_j)}`, or at the end
next to it. The best over the regions is the answer. Prices for all units may not rise with the
quantity: the least cost would then lie just below a breakpoint and at no quantity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.errors import UnknownNameError
from echelon.exact.manner import Answer, Given, Value, unit

KINDS = ("all_units", "incremental")
"""Which units a lower price is for."""


@dataclass(frozen=True, eq=False, repr=False)
class DiscountedOrder(Answer):
    """An order quantity and what it costs; numbers, or arrays of the shape of the arguments.

    ``region`` counts from 0; ``unit_cost`` is the average over the units of an order; ``cost``
    includes the purchase.
    """

    order_quantity: Value = unit("units")
    region: Value = unit("-")
    unit_cost: Value = unit("money/unit")
    cycle_time: Value = unit("periods")
    purchase_cost: Value = unit("money/period")
    ordering_cost: Value = unit("money/period")
    holding_cost: Value = unit("money/period")
    cost: Value = unit("money/period")


def quantity_discount(
    demand_rate: ArrayLike,
    *,
    fixed_cost: ArrayLike,
    breakpoints: Sequence[Any] | NDArray[Any],
    unit_costs: Sequence[Any] | NDArray[Any],
    holding_cost_rate: ArrayLike = 0.0,
    holding_cost: ArrayLike = 0.0,
    kind: str = "all_units",
    order_quantity: ArrayLike | None = None,
) -> DiscountedOrder:
    r"""Order quantity of least cost under a price list, or the cost of a given one.

    Parameters
    ----------
    demand_rate : array_like of float
        Units per period, above 0. Arguments broadcast; SKUs along the last axis.
    fixed_cost : array_like of float
        Money per order, at least 0.
    breakpoints, unit_costs : (k,) or (n, k) array_like of float, or n sequences of any lengths
        From which quantity on, units, beginning with 0 and rising, each price holds, money per
        unit, above 0. One list serves all SKUs. In an array, a list that is shorter than others is
        filled up with infinite breakpoints, whose prices are not read.
    holding_cost_rate : array_like of float, default 0
        Fraction of a unit's price per period, at least 0.
    holding_cost : array_like of float, default 0
        Money per unit and period besides, at least 0. Of the two one is above 0.
    kind : {"all_units", "incremental"}
        Whether a price is for all units of an order or for those beyond its breakpoint.
    order_quantity : array_like of float, optional
        Quantity to evaluate, units above 0. Without it the best one is taken.

    Returns
    -------
    DiscountedOrder

    Raises
    ------
    UnknownNameError
        If the kind is none of these.
    DomainError
        Lists every argument out of range with position, value and remedy.

    Notes
    -----
    No lead time enters: it moves the moment of ordering ahead of the arrival (clause 2.1).

    References
    ----------
    .. [1] Hadley & Whitin (1963), *Analysis of Inventory Systems*, sections 2-11 and 2-12.
    .. [2] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, 2nd ed., section 3.4.

    Examples
    --------
    >>> told = quantity_discount(
    ...     1300, fixed_cost=8, breakpoints=[0, 400, 800], unit_costs=[0.75, 0.72, 0.68],
    ...     holding_cost_rate=0.3,
    ... )
    >>> told.order_quantity, told.region, round(told.cost, 2)
    (800.0, 2, 978.6)
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of quantity discount", kind, KINDS)
    given = Given("quantity_discount")
    given.number("demand_rate", demand_rate, above=0.0, unit="units/period")
    given.number("fixed_cost", fixed_cost, least=0.0, unit="money/order")
    given.number("holding_cost_rate", holding_cost_rate, least=0.0, unit="1/period")
    given.number("holding_cost", holding_cost, least=0.0, unit="money/unit/period")
    if order_quantity is not None:
        given.number("order_quantity", order_quantity, above=0.0, unit="units")
    begins, prices = _price_lists(given, breakpoints, unit_costs, kind)
    lists = np.arange(begins[..., 0].size).reshape(begins.shape[:-1])
    given.number("breakpoints", lists)  # which list each SKU reads, so that lists broadcast too
    _require_holding(given, holding_cost_rate, holding_cost)
    case = given.settle()

    width = begins.shape[-1]
    row = case["breakpoints"].astype(np.int64)
    begin, price = begins.reshape(-1, width)[row], prices.reshape(-1, width)[row]
    entry = np.zeros(begin.shape)
    if kind == "incremental":  # of an infinite breakpoint: no such region
        steps = (price[:, :-1] - price[:, 1:]) * np.where(np.isinf(begin), 0.0, begin)[:, 1:]
        entry[:, 1:] = np.cumsum(steps, axis=1)
    demand, fixed = case["demand_rate"][:, None], case["fixed_cost"][:, None]
    rate, hold = case["holding_cost_rate"][:, None], case["holding_cost"][:, None]

    if order_quantity is None:
        end = np.concatenate([begin[:, 1:], np.full((len(begin), 1), np.inf)], axis=1)
        free = np.sqrt(2.0 * demand * np.maximum(fixed + entry, 0.0) / (rate * price + hold))
        tried = np.maximum(free, begin)
        known = np.isfinite(tried)
        inside = (tried < end) | (kind == "incremental")  # a price for all falls beyond the end
        tried = np.where(known & inside, np.minimum(tried, end), 1.0)
        costs = sum(_costs(tried, entry, price, demand, fixed, rate, hold)[1:])
        best = np.argmin(np.where(known & inside, costs, np.inf), axis=1)
        quantity = np.take_along_axis(tried, best[:, None], axis=1)
    else:
        quantity = case["order_quantity"][:, None]
    region = (begin <= quantity).sum(axis=1) - 1
    entry, price = (np.take_along_axis(one, region[:, None], axis=1) for one in (entry, price))
    values = [one[:, 0] for one in _costs(quantity, entry, price, demand, fixed, rate, hold)]
    unit_cost, purchase, ordering, holding = values
    return case.answer(
        DiscountedOrder,
        order_quantity=quantity,
        region=region,
        unit_cost=unit_cost,
        cycle_time=quantity[:, 0] / case["demand_rate"],
        purchase_cost=purchase,
        ordering_cost=ordering,
        holding_cost=holding,
        cost=purchase + ordering + holding,
    )


def _costs(
    quantity: Floats,
    entry: Floats,
    price: Floats,
    demand: Floats,
    fixed: Floats,
    rate: Floats,
    hold: Floats,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Average price, and costs per period of purchase, orders and stock; no order, no such cost."""
    with np.errstate(divide="ignore", invalid="ignore"):
        unit_cost = price + np.where(entry == 0.0, 0.0, entry / quantity)
        ordering = np.where(fixed == 0.0, 0.0, fixed * demand / quantity)
    bought = entry + price * quantity
    return unit_cost, demand * unit_cost, ordering, 0.5 * (hold * quantity + rate * bought)


def _price_lists(
    given: Given, breakpoints: Any, unit_costs: Any, kind: str
) -> tuple[Floats, Floats]:
    """Give both as arrays of one shape, lists along the last axis, faults reported."""
    nothing = np.zeros((1,)), np.ones((1,))
    begins = _filled(given, "breakpoints", breakpoints, np.inf)
    prices = _filled(given, "unit_costs", unit_costs, 1.0)
    if begins is None or prices is None:
        return nothing
    if begins.shape[-1] != prices.shape[-1]:
        given.faults.append(
            f"breakpoints have {begins.shape[-1]} entries and unit_costs {prices.shape[-1]}. "
            "Fix: give a price for each breakpoint, the first of them 0."
        )
        return nothing
    try:
        begins, prices = (np.array(one) for one in np.broadcast_arrays(begins, prices))
    except ValueError:
        given.faults.append(
            f"breakpoints {begins.shape} and unit_costs {prices.shape} do not fit. "
            "Fix: give one list for all SKUs or one for each."
        )
        return nothing
    used = ~np.isinf(begins)
    before = len(given.faults)
    wrong = np.isnan(begins) | (begins < 0.0) | np.isneginf(begins)
    wrong[..., 0] = begins[..., 0] != 0.0
    falls = used[..., 1:] & ~(begins[..., 1:] > begins[..., :-1])
    wrong[..., 1:] |= falls
    if wrong.any():
        given.fault(
            "breakpoints", begins, wrong, "must begin with 0 and rise", "units", "sort them"
        )
    bad = used & ~(np.isfinite(prices) & (prices > 0.0))
    if bad.any():
        given.fault(
            "unit_costs",
            prices,
            bad,
            "must be a finite number above 0",
            "money/unit",
            "give a price",
        )
    elif kind == "all_units" and len(given.faults) == before:
        rises = np.zeros(prices.shape, dtype=bool)
        rises[..., 1:] = used[..., 1:] & (prices[..., 1:] > prices[..., :-1])
        if rises.any():
            given.fault(
                "unit_costs",
                prices,
                rises,
                "must not be above the price of fewer units: the least cost would lie just below "
                "the breakpoint",
                "money/unit",
                "leave such a breakpoint out, or order below it",
            )
    prices[~used] = 1.0
    return begins, prices


def _filled(given: Given, name: str, value: Any, fill: float) -> Floats | None:
    """One array of lists of any lengths, the shorter ones filled up."""
    try:
        rows = list(value)
        lengths = {len(row) for row in rows if isinstance(row, (Sequence, np.ndarray))}
        if len(lengths) > 1:
            table = np.full((len(rows), max(lengths)), fill)
            for at, row in enumerate(rows):
                table[at, : len(row)] = row
            return table
        table = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        table = np.zeros(())
    if table.ndim == 0 or table.shape[-1] == 0:
        given.faults.append(
            f"{name} is {value!r}, no list of numbers. Fix: give a list for all SKUs, or one each."
        )
        return None
    return table


def _require_holding(given: Given, rate: ArrayLike, hold: ArrayLike) -> None:
    try:
        both = np.add(np.asarray(rate, np.float64), np.asarray(hold, np.float64))
    except (TypeError, ValueError):
        return
    if (both == 0.0).any():
        given.fault(
            "holding_cost_rate",
            both,
            both == 0.0,
            "and so is holding_cost: stock would cost nothing",
            "",
            "give one of them above 0",
        )
