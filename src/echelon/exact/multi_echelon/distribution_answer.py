"""What the models of a warehouse with retailers answer: stock, backorders and service at both."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from echelon.display import ROWS
from echelon.distributions.arguments import Floats
from echelon.errors import DomainError
from echelon.exact.manner import Answer, Given, Value, unit
from echelon.exact.multi_echelon.distribution_case import Systems


@dataclass(frozen=True, eq=False, repr=False)
class DistributionAnswer(Answer):
    """Base of answers about systems: fields of retailers, and fields named ``warehouse_...``.

    Attributes
    ----------
    system, retailer : array
        Label or number of the system, and number within it, of each retailer.
    """

    system: Value = unit("")
    retailer: Value = unit("")

    def to_frame(self) -> pd.DataFrame:
        """Give one row per retailer, in the order given, with what is about its warehouse."""
        return pd.DataFrame({one.name: self._by_retailer(one.name) for one in fields(self)})

    def __repr__(self) -> str:
        units = self.units()
        frame = self.to_frame()
        shown = {
            f"{name} [{units[name]}]" if units[name] else name: frame[name].head(ROWS).map(_told)
            for name in units
        }
        text = pd.DataFrame(shown).T.to_string(header=False)
        more = len(frame) - ROWS
        rest = f"\n... {more:,} more" if more > 0 else ""
        return f"{type(self).__name__} of {len(frame):,} retailers\n{text}{rest}"

    def _by_retailer(self, name: str) -> NDArray[Any]:
        values = np.asarray(getattr(self, name))
        if name.startswith(("warehouse_", "system_")):
            codes, _ = pd.factorize(np.ravel(self.system))
            return np.asarray(np.ravel(values)[codes])
        return np.ravel(values)


@dataclass(frozen=True, eq=False, repr=False)
class TwoEchelon(DistributionAnswer):
    """What base stocks give in the long run, at each retailer and at its warehouse.

    Attributes
    ----------
    base_stock : of each retailer, units.
    fill_rate : share of units served at once, clause 6.3; 1 where there is no demand.
    ready_rate : share of time without backorders, clause 6.2.
    on_hand, backorders : on average over time, units.
    wait : mean time a unit of demand waits, periods; 0 where there is no demand.
    outstanding, outstanding_variance : mean and variance of orders in transit or waiting, units.
    warehouse_base_stock, warehouse_fill_rate, warehouse_on_hand, warehouse_backorders,
    warehouse_wait : the same of the warehouse towards the retailers' orders.
    """

    base_stock: Value = unit("units")
    fill_rate: Value = unit("-")
    ready_rate: Value = unit("-")
    on_hand: Value = unit("units")
    backorders: Value = unit("units")
    wait: Value = unit("periods")
    outstanding: Value = unit("units")
    outstanding_variance: Value = unit("units^2")
    warehouse_base_stock: Value = unit("units")
    warehouse_fill_rate: Value = unit("-")
    warehouse_on_hand: Value = unit("units")
    warehouse_backorders: Value = unit("units")
    warehouse_wait: Value = unit("periods")

    def cost(
        self,
        *,
        holding_cost: ArrayLike,
        shortage_cost: ArrayLike,
        warehouse_holding_cost: ArrayLike,
    ) -> Value:
        """Give the cost of each system: stock on hand at both levels, and retailers' backorders.

        Parameters
        ----------
        holding_cost, shortage_cost : array_like of float
            Of retailers, money/unit/period; broadcasts against ``base_stock``.
        warehouse_holding_cost : array_like of float
            Broadcasts against ``warehouse_base_stock``.

        Returns
        -------
        float or ndarray of float64
            Money/period. Stock in transit, ``demand_rate * lead_time``, is not in it.

        Raises
        ------
        DomainError
            If a cost is not finite or negative, or shapes do not fit.
        """
        given, central = Given("cost"), Given("cost")
        central.faults = given.faults  # one list, told at once
        given.number("holding_cost", holding_cost, least=0.0, unit="money/unit/period")
        given.number("shortage_cost", shortage_cost, least=0.0, unit="money/unit/period")
        central.number(
            "warehouse_holding_cost", warehouse_holding_cost, least=0.0, unit="money/unit/period"
        )
        given.settle()
        try:
            each = np.broadcast_to(holding_cost, np.shape(self.on_hand)) * self.on_hand
            each = each + np.broadcast_to(shortage_cost, each.shape) * self.backorders
            held = np.broadcast_to(warehouse_holding_cost, np.shape(self.warehouse_on_hand))
        except ValueError as error:
            raise DomainError(f"cost: {error}. Fix: one number, or one for each place.") from None
        codes, names = pd.factorize(np.ravel(self.system))
        total = np.bincount(codes, np.ravel(each), minlength=len(names))
        total = total.reshape(held.shape) + held * self.warehouse_on_hand
        return total if total.shape else total.item()


def _told(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def sent_at_once(systems: Systems, central: Floats, measures: Floats) -> Floats:
    """Correct the share of late units where a retailer keeps nothing and transport takes no time.

    A unit demanded there is served at once if the warehouse has it. Anywhere else a unit is late
    exactly if as many orders are outstanding as the base stock.
    """
    retail = systems.retailers
    direct = (retail["base_stock"] == 0.0) & (retail["lead_time"] == 0.0)
    late = 1.0 - warehouse_fill_rate(systems, central)[systems.owner]
    measures[direct, 0] = late[direct]
    return measures


def warehouse_fill_rate(systems: Systems, central: Floats) -> Floats:
    """Share of the retailers' orders that a warehouse serves at once, (n_systems,)."""
    waits = (systems.warehouses["warehouse_lead_time"] > 0.0) & (systems.warehouse_demand > 0.0)
    return np.where(waits, rest(central[:, 0]), 1.0)


def rest(late: Floats) -> Floats:
    """Give one less these fractions, none negative by rounding."""
    return np.maximum(1.0 - late, 0.0)


def answer_of(
    systems: Systems, central: Floats, measures: Floats, mean: Floats, variance: Floats
) -> TwoEchelon:
    """Put measures of warehouses (n_systems, 5) and retailers (n_retailers, 5) into an answer."""
    rate, rate_0 = systems.retailers["demand_rate"], systems.warehouse_demand
    busy, busy_0 = rate > 0.0, rate_0 > 0.0
    at, at_0 = systems.of_retailers, systems.of_warehouses
    wait, wait_0 = np.zeros_like(rate), np.zeros_like(rate_0)
    np.divide(measures[:, 2], rate, out=wait, where=busy)
    np.divide(central[:, 2], rate_0, out=wait_0, where=busy_0)
    return TwoEchelon(
        **named(systems),
        base_stock=at(systems.retailers["base_stock"]),
        fill_rate=at(np.where(busy, rest(measures[:, 0]), 1.0)),
        ready_rate=at(rest(measures[:, 1])),
        on_hand=at(measures[:, 4]),
        backorders=at(measures[:, 2]),
        wait=at(wait),
        outstanding=at(mean),
        outstanding_variance=at(variance),
        warehouse_base_stock=at_0(systems.warehouses["warehouse_base_stock"]),
        warehouse_fill_rate=at_0(warehouse_fill_rate(systems, central)),
        warehouse_on_hand=at_0(central[:, 4]),
        warehouse_backorders=at_0(central[:, 2]),
        warehouse_wait=at_0(wait_0),
    )


def named(systems: Systems) -> dict[str, Value]:
    """Give the fields ``system`` and ``retailer`` of an answer."""
    shape = systems.retailer_shape
    found = {}
    for name, values in zip(("system", "retailer"), systems.names(), strict=True):
        placed = values.reshape(shape)
        placed.setflags(write=False)
        found[name] = placed if shape else placed.item()
    return found
