r"""Dynamic lot sizing: known demand that changes from period to period (Wagner and Whitin).

An order in period :math:`s` costs :math:`K_s + c_s Q` and is there for the demand of :math:`s`.
A unit that is carried from :math:`t` to :math:`t + 1` costs :math:`h_t`. Some best plan orders only
when nothing is left, so that each order covers whole periods, and the least cost :math:`F` of the
first periods is

.. math:: F(e) = \min_{s \le e}\; F(s - 1) + K_s
          + \sum_{t=s}^{e} d_t\,(c_s + h_s + \dots + h_{t-1}).

A sum is broken off at the first :math:`t` that would rather be ordered for by itself,
:math:`d_t\,(c_s + h_s + \dots + h_{t-1} - c_t) > K_t`: no plan that goes on is best.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from echelon.errors import UnknownNameError
from echelon.exact.manner import Answer, Case, Given, Value, unit
from echelon.kernels.lot_sizing import HOLDING, ORDERING, ORDERS, PURCHASE, lot_sizes

CHARGES = ("each_period", "order_period")
"""Whose rate of holding a unit pays: of each period it lies, or of the period it came in."""


@dataclass(frozen=True, eq=False, repr=False)
class LotSizes(Answer):
    """A plan for each SKU; the last axis of the first three is the period.

    ``stock`` is what is carried into the next period; ``cost`` and its three parts, and the number
    of ``orders``, are over the horizon and have no axis of periods. An order of 0 is none and costs
    nothing.
    """

    demand: Value = unit("units")
    order_quantity: Value = unit("units")
    stock: Value = unit("units")
    orders: Value = unit("-")
    ordering_cost: Value = unit("money")
    purchase_cost: Value = unit("money")
    holding_cost: Value = unit("money")
    cost: Value = unit("money")

    def to_frame(self) -> pd.DataFrame:
        """Give one row per SKU and period: demand, order quantity and stock, units."""
        n_periods = self.order_quantity.shape[-1]
        n_skus = np.size(self.cost)
        return pd.DataFrame(
            {
                "sku": np.repeat(np.arange(n_skus), n_periods),
                "period": np.tile(np.arange(n_periods), n_skus),
                "demand": self.demand.ravel(),
                "order_quantity": self.order_quantity.ravel(),
                "stock": self.stock.ravel(),
            }
        )

    def costs_frame(self) -> pd.DataFrame:
        """Give one row per SKU: orders, costs and their sum, money over the horizon."""
        names = ("orders", "ordering_cost", "purchase_cost", "holding_cost", "cost")
        table = pd.DataFrame({name: np.ravel(getattr(self, name)) for name in names})
        table.insert(0, "sku", np.arange(len(table)))
        return table

    def __repr__(self) -> str:
        n_skus, n_periods = np.size(self.cost), self.order_quantity.shape[-1]
        costs = self.costs_frame().head().to_string(index=False)
        rest = f"\n... {n_skus - 5:,} more" if n_skus > 5 else ""
        return f"{type(self).__name__} of {n_skus:,} over {n_periods:,} periods\n{costs}{rest}"


def lot_sizing(
    demand: ArrayLike,
    *,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    unit_cost: ArrayLike = 0.0,
    initial_stock: ArrayLike = 0.0,
    charged_at: str = "each_period",
) -> LotSizes:
    """Orders of least cost for known demand that changes over time, without backorders.

    Parameters
    ----------
    demand : (n_periods,) or (n_skus, n_periods) array_like of float
        Units, at least 0. Here the last axis is the period; arguments broadcast against it, so
        that one number serves all, ``(n_periods,)`` numbers every SKU and ``(n_skus, 1)`` numbers
        every period.
    fixed_cost : array_like of float
        Money per order, at least 0, of the period of the order.
    holding_cost : array_like of float
        Money per unit carried from a period into the next, at least 0.
    unit_cost : array_like of float, default 0
        Money per unit, at least 0, of the period of the order.
    initial_stock : float or (n_skus,) array_like of float, default 0
        Units on hand before the first period, at least 0. It is used up first.
    charged_at : {"each_period", "order_period"}
        A unit pays the ``holding_cost`` of each period it is carried out of, or, for every period
        it is carried, that of the period it was ordered for. The two differ only where the rate
        changes over time. By the latter, the plan is the best of those that order only when nothing
        is left, and one that carries cheap units past an order may cost less. Initial stock always
        pays the former.

    Returns
    -------
    LotSizes

    Raises
    ------
    UnknownNameError
        If ``charged_at`` is none of these.
    DomainError
        Lists every argument out of range with position, value and remedy.

    Notes
    -----
    An order of period :math:`t` serves the demand of :math:`t` (clause 2.2 with a lead time of 0).
    Under a lead time :math:`L` it is placed :math:`L` periods before; the demand of the first
    :math:`L` periods is then for what is on order.

    References
    ----------
    .. [1] Wagner & Whitin (1958), "Dynamic version of the economic lot size model", *Management
       Science* 5(1), 89-96.
    .. [2] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, 2nd ed., section 3.7.

    Examples
    --------
    >>> plan = lot_sizing([90, 120, 80, 70], fixed_cost=500, holding_cost=2)
    >>> plan.order_quantity.tolist(), plan.cost
    ([210.0, 0.0, 150.0, 0.0], 1380.0)
    """
    if charged_at not in CHARGES:
        raise UnknownNameError("charged_at", charged_at, CHARGES)
    case = check_lots("lot_sizing", demand, fixed_cost, holding_cost, unit_cost, initial_stock)
    n_periods = case.shape[-1]
    tables = {name: values.reshape(-1, n_periods) for name, values in case.numbers.items()}
    n_skus = len(tables["demand"])
    order, stock = np.empty((n_skus, n_periods)), np.empty((n_skus, n_periods))
    totals = np.empty((n_skus, 4))
    lot_sizes(
        tables["demand"],
        np.ascontiguousarray(tables["initial_stock"][:, 0]),
        tables["fixed_cost"],
        tables["holding_cost"],
        tables["unit_cost"],
        charged_at == "order_period",
        np.empty(n_periods),
        np.empty(n_periods + 1),
        np.empty(n_periods + 1, dtype=np.int64),
        order,
        stock,
        totals,
    )
    shape = case.shape[:-1]
    return LotSizes(
        demand=kept(tables["demand"], case.shape),
        order_quantity=kept(order, case.shape),
        stock=kept(stock, case.shape),
        orders=kept(totals[:, ORDERS].astype(np.int64), shape),
        ordering_cost=kept(totals[:, ORDERING], shape),
        purchase_cost=kept(totals[:, PURCHASE], shape),
        holding_cost=kept(totals[:, HOLDING], shape),
        cost=kept(totals[:, ORDERING:].sum(axis=1), shape),
    )


def check_lots(
    function: str,
    demand: ArrayLike,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    unit_cost: ArrayLike,
    initial_stock: ArrayLike,
) -> Case:
    """Check the arguments of dynamic lot sizing and bring them to one shape, periods last.

    Raises
    ------
    DomainError
        Lists every argument out of range with position, value and remedy.
    """
    given = Given(function)
    given.number("demand", demand, least=0.0, unit="units")
    given.number("fixed_cost", fixed_cost, least=0.0, unit="money/order")
    given.number("holding_cost", holding_cost, least=0.0, unit="money/unit/period")
    given.number("unit_cost", unit_cost, least=0.0, unit="money/unit")
    given.number("initial_stock", _along_periods(initial_stock), least=0.0, unit="units")
    shape = _shape(demand)
    if shape is not None and (not shape or shape[-1] == 0):
        given.faults.append(
            f"demand is {demand!r}, without periods along its last axis. Fix: give one number for "
            "each period."
        )
    return given.settle()


def _shape(value: ArrayLike) -> tuple[int, ...] | None:
    """Shape, or none of what is no array, which is reported elsewhere."""
    try:
        return np.shape(value)
    except ValueError:
        return None


def _along_periods(value: ArrayLike) -> ArrayLike:
    """Give numbers of SKUs an axis of periods."""
    return value if _shape(value) is None else np.asarray(value)[..., None]


def kept(values: NDArray[Any], shape: tuple[int, ...]) -> Value:
    """Give an array that nobody else holds in a shape, read-only, or a plain number."""
    if not shape:
        return values.item()
    shaped = np.ascontiguousarray(values).reshape(shape)
    shaped.setflags(write=False)
    return shaped
