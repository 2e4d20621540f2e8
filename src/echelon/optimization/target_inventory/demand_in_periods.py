"""Demand of every period planned: the table's means, its seasons, or a forecast."""

from __future__ import annotations

from typing import Any

import numpy as np

from echelon.distributions.per_period import PerPeriod
from echelon.errors import Fault, TableError
from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network
from echelon.optimization.target_inventory.arguments import GivenRows
from echelon.optimization.target_inventory.place import Place
from echelon.optimization.target_inventory.stage_cells import numbers
from echelon.tables import label_of


class DemandInPeriods:
    """Lays demand out for the groups of a network.

    Parameters
    ----------
    network : Network
    forecast : GivenRows
        Means in place of the table's, by row of demand.
    """

    def __init__(self, network: Network, forecast: GivenRows) -> None:
        self._network = network
        self._minimum_life = numbers(network, "demand", "minimum_remaining_life", 0.0)
        self._seasons = _seasons(network)
        self._forecast = _by_row(forecast)

    def of(self, place: Place, cells: dict[str, Floats], n_periods: int) -> dict[str, Any]:
        """Give what a problem says of demand, by the names of its fields."""
        rows, stage = place.demand_row, place.demand_stage
        demand = np.repeat(self._network.cells("demand", "mean")[rows][:, None], n_periods, axis=1)
        demand = demand.astype(np.float64)
        for d, row in enumerate(rows.tolist()):
            if row in self._seasons:
                means = self._seasons[row]
                demand[d] = means[np.arange(n_periods) % len(means)]
            if row in self._forecast:
                period, mean = self._forecast[row]
                demand[d] = np.nan
                within = period < n_periods
                demand[d, period[within].astype(np.int64)] = mean[within]
        self._check(rows, demand)
        share = cells["lost_sales_share"][stage]
        owed, lost = cells["backorder_cost"][stage], cells["lost_sale_cost"][stage]
        return {
            "demand_row": rows,
            "demand_stage": stage,
            "demand": demand,
            "minimum_life": self._minimum_life[rows].astype(np.int64),
            "backorder_cost": owed,
            "lost_share": share,
            "lost_sale_cost": lost,
            "must_serve": share * lost + (1.0 - share) * owed == 0.0,
        }

    def _check(self, rows: Integers, demand: Floats) -> None:
        absent = np.isnan(demand)
        if absent.any():
            d, t = (int(k) for k in np.argwhere(absent)[0])
            raise TableError(
                [
                    Fault(
                        "forecast=",
                        "period",
                        0,
                        t,
                        f"{label_of(*self._network.demand_keys[int(rows[d])])} has no row for it, "
                        f"and {demand.shape[1]} periods are planned, those looked ahead among them",
                        "give every period a row, mean 0 where nothing is expected; lookahead=0 "
                        "plans the horizon alone",
                        count=int(absent.sum()),
                    )
                ]
            )


def _by_row(rows: GivenRows) -> dict[int, tuple[Floats, Floats]]:
    """Periods and values of each row of demand that is forecast."""
    order = np.argsort(rows.stage, kind="stable")
    found, first = np.unique(rows.stage[order], return_index=True)
    parts = np.split(order, first[1:])
    return {
        row: (rows.period[part], rows.value[part])
        for row, part in zip(found.tolist(), parts, strict=False)
    }


def _seasons(network: Network) -> dict[int, Floats]:
    """Means by period of the cycle, of rows of demand that change."""
    changing = np.flatnonzero(network.cells("demand", "family") == "per_period")
    if not len(changing):
        return {}
    found = {}
    for row in changing.tolist():
        law = network.distributions[row]
        if isinstance(law, PerPeriod):
            found[row] = np.array([period.mean for period in law.periods])
    return found
