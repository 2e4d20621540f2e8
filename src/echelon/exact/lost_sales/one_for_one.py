"""One for one under continuous review, Poisson demand, lost when stock is out: Erlang's formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.exact.manner import Answer, Given, Value, unit


@dataclass(frozen=True, eq=False, repr=False)
class LostSalesOneForOne(Answer):
    """What :func:`lost_sales_one_for_one` answers."""

    base_stock: Value = unit("units")
    cost: Value = unit("money/period")
    fill_rate: Value = unit("-")
    on_hand: Value = unit("units")


def lost_sales_one_for_one(
    demand_rate: ArrayLike,
    *,
    lead_time: ArrayLike,
    holding_cost: ArrayLike = 0.0,
    shortage_cost: ArrayLike = 0.0,
    base_stock: ArrayLike | None = None,
    fill_rate: ArrayLike | None = None,
) -> LostSalesOneForOne:
    r"""Base stock of an item that is asked for one by one and reordered at every sale.

    Units on order are the busy servers of Erlang's loss system: with :math:`a` the mean demand of a
    lead time, a demand is lost with probability :math:`(a^S/S!)/\sum_{k \le S} a^k/k!`, whatever
    the distribution of the lead times, which are independent, so that orders may overtake one
    another, or constant [1]_. The cost is convex in :math:`S` [1]_.

    Time is continuous: the lead time covers itself, exposure :math:`L` (clause 2.1).

    Parameters
    ----------
    demand_rate : array_like of float
        Mean demand of a period, Poisson, units, above 0.
    lead_time : array_like of float
        Mean, periods, at least 0.
    holding_cost : array_like of float, default 0
        Money per unit on hand and period.
    shortage_cost : array_like of float, default 0
        Money per unit lost.
    base_stock : array_like of int, optional
        Units; by default the best, which takes costs above 0, or the smallest for ``fill_rate``.
    fill_rate : array_like of float, optional
        Fraction of demand to be sold, above 0 and below 1; not beside ``base_stock``.

    Returns
    -------
    LostSalesOneForOne

    Raises
    ------
    DomainError
        If an argument is out of range, or a base stock is to be found without costs or a fill rate.

    References
    ----------
    .. [1] Karush (1957), A queuing model for an inventory problem, *Oper. Res.* 5(5).

    Examples
    --------
    >>> stock = lost_sales_one_for_one(0.5, lead_time=4.0, fill_rate=0.95)
    >>> stock.base_stock, round(stock.fill_rate, 4)
    (5.0, 0.9633)
    """
    given = Given("lost_sales_one_for_one")
    given.number("demand_rate", demand_rate, above=0.0, unit="units/period")
    given.number("lead_time", lead_time, least=0.0, unit="periods")
    free = base_stock is None and fill_rate is None
    for name, value, told in (
        ("holding_cost", holding_cost, "money/unit/period"),
        ("shortage_cost", shortage_cost, "money/unit"),
    ):
        if free:
            given.number(name, value, above=0.0, unit=told, fix="give it, base_stock or fill_rate")
        else:
            given.number(name, value, least=0.0, unit=told)
    if base_stock is not None:
        given.number("base_stock", base_stock, least=0.0, whole=True, unit="units")
        if fill_rate is not None:
            given.faults.append("base_stock and fill_rate are both given. Fix: give one of them.")
    elif fill_rate is not None:
        given.fraction("fill_rate", fill_rate)
    case = given.settle()
    rate, load = case["demand_rate"], case["demand_rate"] * case["lead_time"]
    hold, short = case["holding_cost"], case["shortage_cost"]
    if base_stock is not None:
        levels = case["base_stock"]
    elif fill_rate is not None:
        target = case["fill_rate"]
        levels = _smallest(lambda s: 1.0 - lost_share(s, load) >= target, len(load))
    else:
        saved = short * rate + hold * load
        levels = _smallest(
            lambda s: saved * (lost_share(s, load) - lost_share(s + 1.0, load)) <= hold, len(load)
        )
    lost = lost_share(levels, load)
    on_hand = np.maximum(levels - load * (1.0 - lost), 0.0)
    return case.answer(
        LostSalesOneForOne,
        base_stock=levels,
        cost=hold * on_hand + short * rate * lost,
        fill_rate=1.0 - lost,
        on_hand=on_hand,
    )


def lost_share(base_stock: Floats, load: Floats) -> Floats:
    """Erlang's loss probability, of servers and load; broadcast."""
    servers = np.asarray(base_stock, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_mass = scipy.special.xlogy(servers, load) - load - scipy.special.gammaln(servers + 1.0)
        log_cdf = np.log(scipy.special.pdtr(servers, load))
    lost = np.asarray(np.exp(log_mass - log_cdf))
    low = ~np.isfinite(lost)  # so far below the load that the sum underflows
    if low.any():
        few, much = (np.broadcast_to(one, lost.shape)[low] for one in (servers, load))
        inverse, term, k = np.ones(len(few)), np.ones(len(few)), 0.0
        while (term > 1e-17).any():  # 1 + S / a + S (S - 1) / a^2 + ...
            term = term * np.maximum(few - k, 0.0) / much
            inverse, k = inverse + term, k + 1.0
        lost[low] = 1.0 / inverse
    return lost


def _smallest(enough: Callable[[Floats], NDArray[np.bool_]], n: int) -> Floats:
    """Smallest whole number from 0 on that is enough, by doubling and halving."""
    low, high = np.full(n, -1.0), np.ones(n)
    while not (reached := enough(high)).all():
        low, high = np.where(reached, low, high), np.where(reached, high, 2.0 * high)
    while (high - low > 1.0).any():
        middle = np.floor(0.5 * (low + high))
        reached = enough(np.maximum(middle, 0.0)) & (middle >= 0.0)
        apart = high - low > 1.0
        low = np.where(apart & ~reached, middle, low)
        high = np.where(apart & reached, middle, high)
    return high
