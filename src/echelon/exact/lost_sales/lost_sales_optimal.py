"""The least cost of any policy under periodic review when unmet demand is lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.base import Distribution
from echelon.errors import DomainError
from echelon.exact.lost_sales.lost_sales_arguments import laws_of, with_costs
from echelon.exact.lost_sales.lost_sales_lattices import own_step
from echelon.exact.lost_sales.lost_sales_states import (
    MOST_STATES,
    Optimum,
    optimal_states,
    optimum,
)
from echelon.exact.manner import Answer, Demand, Value, unit


@dataclass(frozen=True, eq=False, repr=False)
class LostSalesOptimum(Answer):
    """What :func:`lost_sales_optimal` answers."""

    cost: Value = unit("money/period")
    cost_low: Value = unit("money/period")
    cost_high: Value = unit("money/period")
    fill_rate: Value = unit("-")
    on_hand: Value = unit("units")
    n_states: Value = unit("-")


def lost_sales_optimal(
    demand: Demand,
    *,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    lead_time: ArrayLike,
    tolerance: float = 1e-6,
) -> LostSalesOptimum:
    """Least average cost of any policy when unmet demand is lost, between proven bounds [1]_.

    Value iteration over stock on hand and the orders on the way. No order is larger than the
    standard vector base stock leaves room for: with it, any ``j`` successive orders, the last
    together with stock on hand, stay within the newsvendor level of as many periods, and no optimal
    policy orders more [1]_ [2]_. Each step bounds the optimum from both sides [3]_.

    The lead time covers ``lead_time + 1`` periods of demand (clause 2.2).

    Parameters
    ----------
    demand : Demand
        Of one period, independent; whole numbers, or values on another lattice. Units.
    holding_cost, shortage_cost : array_like of float
        Money per unit left at the end of a period, and per unit lost; above 0.
    lead_time : array_like of int
        Periods, at least 0.
    tolerance : float, default 1e-6
        Largest distance of the bounds, as a fraction of the cost.

    Returns
    -------
    LostSalesOptimum
        ``cost_low`` and ``cost_high`` bound the optimum, ``cost`` is half way; ``fill_rate`` and
        ``on_hand``, at the end of a period, of the optimal policy; ``n_states`` looked at.

    Raises
    ------
    DomainError
        If an argument is out of range, demand is a density or negative, or there would be more than
        five million states, or so much work that it takes minutes; names the position.

    References
    ----------
    .. [1] Zipkin (2008), Old and new methods for lost-sales inventory systems, *Oper. Res.* 56(5).
    .. [2] Morton (1969), Bounds on the solution of the lagged optimal inventory equation with no
       demand backlogging and proportional costs, *SIAM Review* 11.
    .. [3] Odoni (1969), On finding the maximal gain for Markov decision processes, *Oper. Res.* 17.

    Examples
    --------
    >>> from echelon.distributions import Poisson
    >>> best = lost_sales_optimal(
    ...     Poisson(5.0), holding_cost=1.0, shortage_cost=9.0, lead_time=[1, 2, 3]
    ... )
    >>> best.cost.round(2)
    array([5.44, 6.09, 6.53])
    """
    given = with_costs("lost_sales_optimal", demand, holding_cost, shortage_cost, lead_time)
    given.number("tolerance", tolerance, above=0.0, below=1.0)
    case = given.settle()
    laws = laws_of("lost_sales_optimal", case)
    found: dict[tuple[Distribution, float, float, float], Optimum] = {}
    keys = list(
        zip(
            laws,
            case["holding_cost"].tolist(),
            case["shortage_cost"].tolist(),
            case["lead_time"].tolist(),
            strict=True,
        )
    )
    for at, (law, hold, short, delay) in enumerate(keys):
        if own_step(law) is None:
            raise DomainError(
                f"lost_sales_optimal: demand[{at}] is {law!r}, a density. Fix: round it to an "
                "empirical demand, or use lost_sales_base_stock, whose approximation takes any."
            )
        n_states = optimal_states(law, hold, short, int(delay))
        if n_states > MOST_STATES:
            raise DomainError(
                f"lost_sales_optimal: SKU {at}, {law!r} with lead_time {delay:g}, has "
                f"more than {MOST_STATES:,} states, or takes minutes. Fix: use larger units, or "
                "lost_sales_base_stock and lost_sales_constant_order, the better of which is near."
            )
    for key in keys:
        if key not in found:
            law, hold, short, delay = key
            found[key] = optimum(law, hold, short, int(delay), float(case["tolerance"].flat[0]))
    all_of = [found[key] for key in keys]
    low, high = (np.array([getattr(one, name) for one in all_of]) for name in ("low", "high"))
    return case.answer(
        LostSalesOptimum,
        cost=0.5 * (low + high),
        cost_low=low,
        cost_high=high,
        fill_rate=np.array([one.fill_rate for one in all_of]),
        on_hand=np.array([one.on_hand for one in all_of]),
        n_states=np.array([one.n_states for one in all_of]),
    )
