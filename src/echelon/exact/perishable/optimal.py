"""The least average cost of any policy for an item that expires."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from echelon.exact.manner import Answer, Demand, Value, unit
from echelon.exact.perishable.optimal_policy import best_policy
from echelon.exact.perishable.perishable_arguments import (
    checked,
    costs_of,
    settled,
    skus_of,
    with_costs,
)
from echelon.exact.perishable.projected_levels import Accepted, near_level, too_large
from echelon.exact.perishable.reachable import TooLargeError


@dataclass(frozen=True, eq=False, repr=False)
class PerishableOptimum(Answer):
    """What :func:`perishable_optimal` answers."""

    cost: Value = unit("money/period")
    cost_low: Value = unit("money/period")
    cost_high: Value = unit("money/period")
    fill_rate: Value = unit("-")
    waste_rate: Value = unit("-")
    expired: Value = unit("units/period")
    on_hand: Value = unit("units")
    backorders: Value = unit("units")
    lost: Value = unit("units/period")
    n_states: Value = unit("-")


def perishable_optimal(
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
    tolerance: float = 1e-6,
) -> PerishableOptimum:
    """Least average cost of any policy for an item that expires, between two bounds [1]_ [2]_.

    Value iteration over stock by remaining life, each order on the way and the units owed. Every
    step bounds the optimum from both sides [3]_, over the policies whose position after a review
    stays in a range; the range is widened until the best of them stays clear of its ends.

    The lead time covers ``lead_time + review_period`` periods of demand (clause 2.2). Demand and
    orders are whole numbers of one step, and the largest demands, of a chance of 1e-8
    together, are taken as the smallest of them.

    Parameters
    ----------
    demand : Demand
        Of one period, independent, not negative; whole numbers, or values on another lattice.
    shelf_life, lead_time, holding_cost, shortage_cost, waste_cost
        See :func:`~echelon.exact.perishable.base_stock.perishable_base_stock`.
    review_period : array_like of int, default 1
        At least 1. Under continuous review an order is decided with the demand of its period
        known, which is what a review before the next one knows: take 1, and a lead time less 1.
    minimum_remaining_life, order_multiple, unmet
        See :func:`~echelon.exact.perishable.base_stock.perishable_base_stock`.
    tolerance : float, default 1e-6
        Largest distance of the bounds, as a fraction of the cost.

    Returns
    -------
    PerishableOptimum
        ``cost_low`` and ``cost_high`` bound the optimum, ``cost`` is half way. The other measures
        are those of one optimal policy; others may cost the same and waste more or less.

    Raises
    ------
    UnknownNameError
        If ``unmet`` is none.
    DomainError
        If an argument is out of range, demand is a density or negative, or there would be more
        than 12 million transitions; names the SKU.

    References
    ----------
    .. [1] Nahmias (1975), Optimal ordering policies for perishable inventory II, *Oper. Res.* 23.
    .. [2] Fries (1975), Optimal ordering policy for a perishable commodity with fixed lifetime,
       *Oper. Res.* 23.
    .. [3] Odoni (1969), On finding the maximal gain for Markov decision processes, *Oper. Res.* 17.

    Examples
    --------
    >>> from echelon.distributions import Poisson
    >>> perishable_optimal(
    ...     Poisson(3.0), shelf_life=3, lead_time=1,
    ...     holding_cost=1.0, shortage_cost=9.0, waste_cost=10.0, unmet="lost",
    ... ).to_frame()[["cost", "fill_rate", "waste_rate", "n_states"]].round(4)
         cost  fill_rate  waste_rate  n_states
    0  5.0397     0.9283      0.0295       455
    """
    model = "perishable_optimal"
    given = checked(
        model, demand, shelf_life, lead_time, review_period, minimum_remaining_life,
        order_multiple, unmet, least_review=1.0,
    )  # fmt: skip
    with_costs(given, holding_cost, shortage_cost, waste_cost)
    given.number("tolerance", tolerance, above=0.0, below=1.0)
    case = settled(given, model)
    rows = []
    for sku, costs in zip(skus_of(case, unmet), costs_of(case), strict=True):
        accepted = Accepted.of(model, sku, costs)
        near, margin = near_level(sku, accepted)
        try:
            best = best_policy(
                accepted.item,
                accepted.mass,
                accepted.costs,
                near=near,
                margin=margin,
                tolerance=float(case["tolerance"][sku.number]),
            )
        except TooLargeError as error:
            raise too_large(model, sku, error, "perishable_base_stock") from None
        run = accepted.told(best.measures)
        low, high = accepted.step * best.low, accepted.step * best.high
        rows.append(
            (
                0.5 * (low + high),
                low,
                high,
                run.fill_rate,
                run.waste_rate,
                run.expired,
                run.on_hand,
                run.owed,
                run.lost,
                len(best.states),
            )
        )
    names = PerishableOptimum.units()
    columns = zip(*rows, strict=True)
    return case.answer(
        PerishableOptimum,
        **{name: np.array(column) for name, column in zip(names, columns, strict=True)},
    )
