r"""Lost sales under periodic review: what a base stock costs and serves, and which one to take.

An order placed at the start of a period, before its demand, arrives ``lead_time`` periods later at
the start of a period, before its demand (clause 2.2 with a review in every period). What demand is
not met at once is lost. Holding cost is charged on stock left at the end of a period. With
:math:`\lambda` the units lost per period, a base stock :math:`S` leaves
:math:`S - (L + 1)(\mu - \lambda)` units on the shelf on average, by Little's law.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.exact.lost_sales.lost_sales_arguments import (
    checked,
    laws_of,
    require_multiples,
    with_costs,
)
from echelon.exact.lost_sales.lost_sales_levels import Found, Stages, in_batches
from echelon.exact.manner import Answer, Demand, Value, unit
from echelon.progress import Progress


@dataclass(frozen=True, eq=False, repr=False)
class LostSalesBaseStock(Answer):
    """What :func:`lost_sales_base_stock` answers."""

    base_stock: Value = unit("units")
    cost: Value = unit("money/period")
    fill_rate: Value = unit("-")
    on_hand: Value = unit("units")
    exact: Value = unit("-")


@dataclass(frozen=True, eq=False, repr=False)
class LostSalesFillRate(Answer):
    """What :func:`lost_sales_fill_rate` answers."""

    base_stock: Value = unit("units")
    fill_rate: Value = unit("-")
    on_hand: Value = unit("units")
    exact: Value = unit("-")


def lost_sales_base_stock(
    demand: Demand,
    *,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    lead_time: ArrayLike,
    base_stock: ArrayLike | None = None,
    method: str = "auto",
    n_jobs: int = 1,
    progress: Progress = False,
) -> LostSalesBaseStock:
    r"""Cost and service of a base stock when unmet demand is lost; by default of the best one.

    Exactly by the chain of stock on hand and all orders on the way; where that is too large by the
    chain of their total, which draws the size of the order that arrives as if the orders were
    demands of that total. That is exact for a lead time of 0 or 1 period and for geometric demand,
    whose orders on the way are indeed such demands; :doc:`/method/lost_sales` shows its error
    elsewhere. The cost is convex in the base stock [1]_, so that the best one is where a further
    unit saves less than it costs.

    The lead time covers ``lead_time + 1`` periods of demand (clause 2.2).

    Parameters
    ----------
    demand : Demand
        Of one period, independent, not negative; units.
    holding_cost, shortage_cost : array_like of float
        Money per unit left at the end of a period, and per unit lost; above 0.
    lead_time : array_like of int
        Periods, at least 0.
    base_stock : array_like of float, optional
        Units on hand and on order after ordering; default the best.
    method : {"auto", "exact", "approximate"}, default "auto"
        "auto" is exact up to a hundred thousand states, or where the approximation is.
    n_jobs : int, default 1
        Threads; -1 for every core.
    progress : bool, callable or None, default False
        See :data:`echelon.progress.Progress`.

    Returns
    -------
    LostSalesBaseStock
        ``base_stock``, ``cost``, ``fill_rate``, ``on_hand`` at the end of a period, and ``exact``:
        whether they are.

    Raises
    ------
    UnknownNameError
        If the method is none.
    DomainError
        If an argument is out of range, demand can be negative, a base stock is no multiple of the
        demand's step, or ``exact`` would take more than five million states.

    References
    ----------
    .. [1] Janakiraman & Roundy (2004), Lost-sales problems with stochastic lead times: convexity
       results for base-stock policies, *Oper. Res.* 52(5).

    Examples
    --------
    >>> from echelon.distributions import Poisson
    >>> lost_sales_base_stock(Poisson(5.0), holding_cost=1.0, shortage_cost=9.0, lead_time=2)
    LostSalesBaseStock
      base_stock 19 [units]
      cost 6.31626 [money/period]
      fill_rate 0.961396 [-]
      on_hand 4.57907 [units]
      exact 1 [-]
    """
    given = with_costs(
        "lost_sales_base_stock", demand, holding_cost, shortage_cost, lead_time, method
    )
    if base_stock is not None:
        given.number("base_stock", base_stock, least=0.0, unit="units")
    case = given.settle()
    laws = laws_of("lost_sales_base_stock", case)
    hold, short, delay = case["holding_cost"], case["shortage_cost"], case["lead_time"]
    demand = case.demands["demand"]
    # a further unit of stock on hand costs this much lost sales, all counted
    allowed = hold / (short + hold * (delay + 1.0))
    if base_stock is not None:
        require_multiples("lost_sales_base_stock", laws, case["base_stock"])

    def work(skus: NDArray[np.int64]) -> Found:
        stages = Stages(demand.take(skus), delay[skus], method, int(skus[0]))
        if base_stock is None:
            return stages.enough(allowed[skus], marginal=True)
        return stages.at(case["base_stock"][skus])

    found = in_batches(case.size, work, n_jobs, progress)
    on_hand = _on_hand(found.level, delay, demand.mean, found.lost)
    return case.answer(
        LostSalesBaseStock,
        base_stock=found.level,
        cost=hold * on_hand + short * found.lost,
        fill_rate=_fill_rate(demand.mean, found.lost),
        on_hand=on_hand,
        exact=found.exact,
    )


def lost_sales_fill_rate(
    demand: Demand,
    *,
    fill_rate: ArrayLike,
    lead_time: ArrayLike,
    method: str = "auto",
    n_jobs: int = 1,
    progress: Progress = False,
) -> LostSalesFillRate:
    """Smallest base stock that sells a fraction of demand when the rest is lost.

    The lead time covers ``lead_time + 1`` periods of demand (clause 2.2). See
    :func:`lost_sales_base_stock` for what is exact.

    Parameters
    ----------
    demand : Demand
        Of one period, independent, not negative; units.
    fill_rate : array_like of float
        Above 0 and below 1.
    lead_time : array_like of int
        Periods, at least 0.
    method : {"auto", "exact", "approximate"}, default "auto"
    n_jobs, progress
        See :func:`lost_sales_base_stock`.

    Returns
    -------
    LostSalesFillRate
        ``fill_rate`` is what the base stock gives.

    Raises
    ------
    UnknownNameError
        If the method is none.
    DomainError
        If an argument is out of range or demand can be negative.

    Examples
    --------
    Backorders would need 20.

    >>> from echelon.distributions import Poisson
    >>> lost_sales_fill_rate(Poisson(5.0), fill_rate=0.95, lead_time=2).base_stock
    19.0
    """
    given = checked("lost_sales_fill_rate", demand, lead_time, method)
    given.fraction("fill_rate", fill_rate)
    case = given.settle()
    laws_of("lost_sales_fill_rate", case)
    demand, delay = case.demands["demand"], case["lead_time"]
    allowed = (1.0 - case["fill_rate"]) * demand.mean

    def work(skus: NDArray[np.int64]) -> Found:
        stages = Stages(demand.take(skus), delay[skus], method, int(skus[0]))
        return stages.enough(allowed[skus], marginal=False)

    found = in_batches(case.size, work, n_jobs, progress)
    return case.answer(
        LostSalesFillRate,
        base_stock=found.level,
        fill_rate=_fill_rate(demand.mean, found.lost),
        on_hand=_on_hand(found.level, delay, demand.mean, found.lost),
        exact=found.exact,
    )


def _on_hand(levels: Floats, delay: Floats, mean: Floats, lost: Floats) -> Floats:
    """Stock at the end of a period: what is not on order, or sold and not yet on order."""
    return np.maximum(levels - (delay + 1.0) * (mean - lost), 0.0)


def _fill_rate(mean: Floats, lost: Floats) -> Floats:
    """Fraction of demand that is sold; 1 where there is none."""
    return np.clip(1.0 - lost / np.where(mean > 0.0, mean, 1.0), 0.0, 1.0)
