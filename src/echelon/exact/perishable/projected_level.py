r"""Orders that take what will be on the shelf, when they arrive, up to one level.

A base stock counts a unit that will expire tomorrow, and a unit that will be sold before the order
arrives, like any other. The projected level :math:`U` counts what will be there: at each review

.. math:: q = \bigl[\,U - E[I - W \mid \text{stock by age, orders on the way, owed}]\,\bigr]^+

with :math:`I` the net stock at the start of the period in which the order arrives, the order left
out, and :math:`W` what expires at the end of that period. Under continuous review the demand of
the period of the order is known. An order is rounded to the nearest
whole step of demand, so that levels between two of them differ too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from echelon.exact.manner import Answer, Demand, Value, unit
from echelon.exact.perishable.perishable_arguments import (
    checked,
    costs_of,
    settled,
    skus_of,
    with_costs,
)
from echelon.exact.perishable.projected_levels import (
    Accepted,
    ProjectedLevels,
    near_level,
    too_large,
)
from echelon.exact.perishable.projected_policy import ProjectedLevel
from echelon.exact.perishable.reachable import TooLargeError


@dataclass(frozen=True, eq=False, repr=False)
class PerishableProjectedLevel(Answer):
    """What :func:`perishable_projected_level` answers.

    ``policy`` is the :class:`~echelon.ProjectedLevel` that a simulation runs, one per SKU; it is no
    column of the frame.
    """

    level: Value = unit("units")
    cost: Value = unit("money/period")
    fill_rate: Value = unit("-")
    waste_rate: Value = unit("-")
    expired: Value = unit("units/period")
    on_hand: Value = unit("units")
    backorders: Value = unit("units")
    lost: Value = unit("units/period")
    policy: ProjectedLevel | NDArray[Any] = unit("")

    @classmethod
    def units(cls) -> dict[str, str]:
        """Give the unit of each number."""
        return {name: unit for name, unit in super().units().items() if name != "policy"}

    def to_frame(self) -> pd.DataFrame:
        """Give the numbers as columns, one row per SKU, in the order of the raveled arrays."""
        return pd.DataFrame({name: np.ravel(getattr(self, name)) for name in self.units()})


def perishable_projected_level(
    demand: Demand,
    *,
    shelf_life: ArrayLike,
    lead_time: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    waste_cost: ArrayLike,
    review_period: ArrayLike = 1,
    minimum_remaining_life: ArrayLike = 0,
    order_multiple: ArrayLike | None = None,
    unmet: str = "backordered",
    level: ArrayLike | None = None,
    cost_slack: float = 0.005,
) -> PerishableProjectedLevel:
    """Order up to a projected level of stock that expires: by default the best one.

    One number per item, as a base stock is; but each order looks at the age of the stock and at
    what will be sold before it arrives [1]_ [2]_. On small cases it costs and wastes nearly what
    the best of all policies does; see :doc:`/method/perishables`. Exact, by the chain of all
    states. The lead time covers ``lead_time + review_period`` periods of demand (clause 2.2).

    Parameters
    ----------
    demand : Demand
        Of one period, independent, not negative; whole numbers, or values on another lattice.
    shelf_life, lead_time, holding_cost, shortage_cost, waste_cost
        See :func:`~echelon.exact.perishable.base_stock.perishable_base_stock`.
    review_period : array_like of int, default 1
        Periods between reviews; 0 orders after the demand of each period, which is then known.
    minimum_remaining_life, order_multiple, unmet
        See :func:`~echelon.exact.perishable.base_stock.perishable_base_stock`. Units too old for
        customers are not counted.
    level : array_like of float, optional
        Units; default the best.
    cost_slack : float, default 0.005
        Of the levels that cost at most this fraction more than the cheapest, the one that wastes
        least is taken.

    Returns
    -------
    PerishableProjectedLevel

    Raises
    ------
    UnknownNameError
        If ``unmet`` is none.
    DomainError
        If an argument is out of range, demand is a density or negative, or there would be more
        than 12 million transitions; names the SKU.

    References
    ----------
    .. [1] van Jaarsveld & Arts (2024), Projected inventory-level policies for lost sales inventory
       systems, *Oper. Res.* 72.
    .. [2] Broekmeulen & van Donselaar (2009), A heuristic to manage perishable inventory with batch
       ordering, positive lead-times, and time-varying demand, *Computers & Oper. Res.* 36.

    Examples
    --------
    The best of all policies costs 5.04, the best base stock 5.19:

    >>> from echelon.distributions import Poisson
    >>> perishable_projected_level(
    ...     Poisson(3.0), shelf_life=3, lead_time=1,
    ...     holding_cost=1.0, shortage_cost=9.0, waste_cost=10.0, unmet="lost",
    ... ).to_frame()[["level", "cost", "fill_rate", "waste_rate"]].round(4)
       level    cost  fill_rate  waste_rate
    0   4.75  5.0544     0.9124       0.024
    """
    model = "perishable_projected_level"
    given = checked(
        model, demand, shelf_life, lead_time, review_period, minimum_remaining_life,
        order_multiple, unmet,
    )  # fmt: skip
    with_costs(given, holding_cost, shortage_cost, waste_cost)
    given.number("cost_slack", cost_slack, least=0.0, below=1.0)
    if level is not None:
        given.number("level", level, least=0.0, unit="units")
    case = settled(given, model)
    rows = []
    for sku, costs in zip(skus_of(case, unmet), costs_of(case), strict=True):
        accepted = Accepted.of(model, sku, costs)
        on_the_way = sku.lead_time * sku.law.mean / accepted.step
        levels = ProjectedLevels(accepted, max(near_level(sku, accepted)[0] - on_the_way, 0.0))
        try:
            if level is None:
                steps, run = levels.best(float(case["cost_slack"][sku.number]))
            else:
                steps = float(case["level"][sku.number]) / accepted.step
                run = levels.at(steps)
        except TooLargeError as error:
            raise too_large(model, sku, error, "perishable_base_stock") from None
        rows.append(
            (
                steps * accepted.step,
                run.cost(costs, lost=sku.lost),
                run.fill_rate,
                run.waste_rate,
                run.expired,
                run.on_hand,
                run.owed,
                run.lost,
            )
        )
    names = PerishableProjectedLevel.units()
    told = {
        name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }
    policies = np.empty(case.size, dtype=object)
    for sku, row in zip(skus_of(case, unmet), rows, strict=True):
        least = int(case["minimum_remaining_life"][sku.number])
        policies[sku.number] = ProjectedLevel(row[0], sku.law, least, unmet)
    return case.answer(PerishableProjectedLevel, **told, policy=policies)
