r"""The newsvendor: one stock level against one random demand, by costs, by profit or by service.

With :math:`n(S) = E[(D - S)^+]` and :math:`\bar n(S) = E[(S - D)^+]`, the cost
:math:`h\,\bar n(S) + p\,n(S)` is least at the smallest :math:`S` with
:math:`P(D \le S) \ge p/(p + h)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray, Members
from echelon.distributions.at_quantile import AtQuantile
from echelon.errors import DomainError
from echelon.exact.loss_functions import level_for_shortage
from echelon.exact.manner import Answer, Case, Demand, Given, Value, unit
from echelon.exact.single_stage.stage_times import StageTimes, take_times
from echelon.lead_time.exposure import LeadTimes, exposure_of_periods
from echelon.lead_time.totals import ExposureDemand


@dataclass(frozen=True, eq=False, repr=False)
class Newsvendor(Answer):
    """A base stock and what it costs, on average at the end of a period."""

    base_stock: Value = unit("units")
    cost: Value = unit("money/period")
    critical_ratio: Value = unit("-")
    service_level: Value = unit("-")
    on_hand: Value = unit("units")
    backorders: Value = unit("units")


@dataclass(frozen=True, eq=False, repr=False)
class NewsvendorProfit(Answer):
    """A base stock and the profit of the one period that it is for."""

    base_stock: Value = unit("units")
    profit: Value = unit("money")
    critical_ratio: Value = unit("-")
    service_level: Value = unit("-")
    sales: Value = unit("units")
    leftover: Value = unit("units")
    shortage: Value = unit("units")


@dataclass(frozen=True, eq=False, repr=False)
class NewsvendorService(Answer):
    """A base stock, its service, and the costs under which it would be the cheapest."""

    base_stock: Value = unit("units")
    service_level: Value = unit("-")
    fill_rate: Value = unit("-")
    critical_ratio: Value = unit("-")
    shortage_cost: Value = unit("money/unit")


def newsvendor(
    demand: Demand,
    *,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    lead_time: LeadTimes = 0,
    review_period: ArrayLike = 1,
    base_stock: ArrayLike | None = None,
) -> Newsvendor:
    r"""Cheapest base stock under holding and backorder costs, or the cost of a given one.

    Orders and stock follow clauses 2 and 4 of the convention: with review period R of 1 or more the
    base stock covers the demand of lead time + R periods, so ``lead_time=0`` is the plain
    newsvendor of one period. Snyder and Shen's lead time L, which covers L + 1 periods, is the same
    number here. Over a review period of several periods the cost is that of all their ends, on
    average: of the demand over L + K periods, K uniform on 1, ..., R. With ``review_period=0`` the
    exposure is the lead time alone. A random lead time is mixed over; orders do not overtake one
    another.

    Parameters
    ----------
    demand : Distribution, sequence of n, DistributionArray or DataFrame
        Of one period, independent from period to period, units.
    holding_cost : array_like of float
        Money per unit left at the end of a period, above 0.
    shortage_cost : array_like of float
        Money per unit backordered at the end of a period, above 0.
    lead_time : float, Distribution, or sequence of either, default 0
        Periods.
    review_period : array_like of int, default 1
        Periods, whole; 0 is continuous review.
    base_stock : array_like of float, optional
        Units; if given, evaluated instead of optimised.

    Returns
    -------
    Newsvendor
        Of demand in whole units the smallest optimal whole level. ``service_level`` is the share of
        periods that end without backorders; ``critical_ratio`` is what the optimal one must reach.

    Raises
    ------
    DomainError
        If an argument is out of range, or no finite level is optimal in floating point; names all
        positions.

    References
    ----------
    .. [1] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, section 4.3.

    Examples
    --------
    >>> from echelon.distributions import Normal
    >>> newsvendor(Normal(50.0, 8.0), holding_cost=0.18, shortage_cost=0.70)
    Newsvendor
      base_stock 56.604 [units]
      cost 1.99761 [money/period]
      critical_ratio 0.795455 [-]
      service_level 0.795455 [-]
      on_hand 7.52315 [units]
      backorders 0.919197 [units]
    """
    given = Given("newsvendor")
    given.demand("demand", demand)
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit/period")
    given.number("shortage_cost", shortage_cost, above=0.0, unit="money/unit/period")
    take_times(given, lead_time, review_period)
    if base_stock is not None:
        given.number("base_stock", base_stock, unit="units")
    case = given.settle()
    holding, penalty = case["holding_cost"], case["shortage_cost"]
    total = _exposed(case)
    ratio = penalty / (penalty + holding)
    level = case.numbers.get("base_stock")
    if level is None:
        found = _cheapest("newsvendor", total, penalty, holding)
    else:
        found = _around(total, level)
    return case.answer(
        Newsvendor,
        base_stock=found.level,
        cost=holding * found.leftover + penalty * found.shortage,
        critical_ratio=ratio,
        service_level=found.cdf,
        on_hand=found.leftover,
        backorders=found.shortage,
    )


def newsvendor_profit(
    demand: Demand,
    *,
    price: ArrayLike,
    unit_cost: ArrayLike,
    salvage_value: ArrayLike = 0.0,
    holding_cost: ArrayLike = 0.0,
    shortage_cost: ArrayLike = 0.0,
    base_stock: ArrayLike | None = None,
) -> NewsvendorProfit:
    r"""Most profitable stock for one selling season, or the profit of a given one.

    :math:`E[r\min(S, D) - cS + (v - h)(S - D)^+ - p(D - S)^+]` with price :math:`r`, unit cost
    :math:`c`, salvage value :math:`v`, and :math:`h`, :math:`p` for each unit left or short. There
    is one period and no lead time: the stock covers the demand that is given.

    Parameters
    ----------
    demand : Distribution, sequence of n, DistributionArray or DataFrame
        Of the season, units.
    price, unit_cost : array_like of float
        Money per unit; at least 0.
    salvage_value : array_like of float, default 0
        Money per unit left; negative where it must be paid to be rid of.
    holding_cost, shortage_cost : array_like of float, default 0
        Money per unit left, and per unit of demand turned away beside the lost margin; at least 0.
    base_stock : array_like of float, optional
        Units; if given, evaluated instead of optimised.

    Returns
    -------
    NewsvendorProfit
        ``service_level`` is the probability that the stock suffices.

    Raises
    ------
    DomainError
        If an argument is out of range, if a unit sold or a unit left earns nothing or costs
        nothing, so that none or an unlimited number would be bought; names all positions.

    References
    ----------
    .. [1] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, section 4.3.2.4.

    Examples
    --------
    >>> from echelon.distributions import Normal
    >>> kiosk = newsvendor_profit(
    ...     Normal(50.0, 8.0), price=1.0, unit_cost=0.30, salvage_value=0.12
    ... )
    >>> round(kiosk.base_stock, 4), round(kiosk.profit, 4)
    (56.604, 33.0024)
    """
    given = Given("newsvendor_profit")
    given.demand("demand", demand)
    given.number("price", price, least=0.0, unit="money/unit")
    given.number("unit_cost", unit_cost, least=0.0, unit="money/unit")
    given.number("salvage_value", salvage_value, unit="money/unit")
    given.number("holding_cost", holding_cost, least=0.0, unit="money/unit")
    given.number("shortage_cost", shortage_cost, least=0.0, unit="money/unit")
    if base_stock is not None:
        given.number("base_stock", base_stock, unit="units")
    case = given.settle()
    short = case["price"] - case["unit_cost"] + case["shortage_cost"]
    left = case["unit_cost"] - case["salvage_value"] + case["holding_cost"]
    _require_margins(case, short, left)
    laws = case.demands["demand"]
    ratio = short / (short + left)
    level = case.numbers.get("base_stock")
    if level is None:
        found = _cheapest("newsvendor_profit", laws, short, left)
    else:
        found = _around(laws, level)
    margin = case["price"] - case["unit_cost"]
    return case.answer(
        NewsvendorProfit,
        base_stock=found.level,
        profit=margin * laws.mean - short * found.shortage - left * found.leftover,
        critical_ratio=ratio,
        service_level=found.cdf,
        sales=laws.mean - found.shortage,
        leftover=found.leftover,
        shortage=found.shortage,
    )


def newsvendor_service(
    demand: Demand,
    *,
    service_level: ArrayLike | None = None,
    fill_rate: ArrayLike | None = None,
    holding_cost: ArrayLike = 1.0,
) -> NewsvendorService:
    r"""Smallest stock that reaches a service level or a fill rate, and the costs that it implies.

    The stock covers the demand that is given, with no lead time. Not rounded (clause 11): of
    demand in whole units a fill rate may be met by a level between two whole ones.

    Parameters
    ----------
    demand : Distribution, sequence of n, DistributionArray or DataFrame
        Of the period, units, mean above 0.
    service_level : array_like of float, optional
        Probability that the stock suffices, above 0 and below 1.
    fill_rate : array_like of float, optional
        Share of the units asked for that are served, above 0 and below 1: the stock is such that
        :math:`n(S) \le (1 - \beta)\mu`. One of the two is to be given.
    holding_cost : array_like of float, default 1
        Money per unit left, above 0: the unit of the implied shortage cost.

    Returns
    -------
    NewsvendorService
        With both measures. ``critical_ratio`` is :math:`F(S)`: at :math:`p/(p + h) = F(S)` the
        stock is optimal; ``shortage_cost`` is the :math:`p` that this takes, infinite where no
        demand is above the stock.

    Raises
    ------
    DomainError
        If both or none of the measures are given, or an argument is out of range; names all
        positions.

    References
    ----------
    .. [1] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, section 4.3.4.

    Examples
    --------
    >>> from echelon.distributions import Normal
    >>> stock = newsvendor_service(Normal(50.0, 8.0), fill_rate=0.95, holding_cost=0.18)
    >>> round(stock.base_stock, 4), round(stock.service_level, 4), round(stock.shortage_cost, 4)
    (51.4941, 0.5741, 0.2426)
    """
    given = Given("newsvendor_service")
    given.demand("demand", demand)
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit")
    for name, value in (("service_level", service_level), ("fill_rate", fill_rate)):
        if value is not None:
            given.fraction(name, value)
    if (service_level is None) == (fill_rate is None):
        told = "neither" if fill_rate is None else "both"
        given.faults.append(
            f"service_level and fill_rate: {told} given. Fix: give the one to be reached."
        )
    case = given.settle()
    laws = case.demands["demand"]
    if (laws.mean == 0.0).any():
        at = int(np.flatnonzero(laws.mean == 0.0)[0])
        raise DomainError(
            f"newsvendor_service: mean of demand[{at}] is 0.0, must be above 0 for a share of it "
            "to be served. Fix: leave items without demand out."
        )
    if service_level is not None:
        level = laws.ppf(case["service_level"])
    else:
        level = np.atleast_1d(level_for_shortage(laws, (1.0 - case["fill_rate"]) * laws.mean))
    reached, missed = laws.cdf(level), laws.sf(level)
    with np.errstate(divide="ignore"):
        implied = case["holding_cost"] * reached / missed
    return case.answer(
        NewsvendorService,
        base_stock=level,
        service_level=reached,
        fill_rate=1.0 - laws.shortage(level) / laws.mean,
        critical_ratio=reached,
        shortage_cost=implied,
    )


def _exposed(case: Case) -> DistributionArray | ExposureDemand:
    """Demand that is exposed at the end of a period picked at random.

    Where every exposure is one fixed time and every demand of a family closed under addition, or
    the time one period, the totals are distributions again and answer by their formulas.
    """
    laws, reviews = case.demands["demand"], case["review_period"]
    if "lead_time" in case.numbers and (reviews <= 1.0).all():
        times = case["lead_time"] + reviews
        if (times == 1.0).all():
            return laws
        if not laws.others and not laws.tables and (times > 0.0).all():
            members = [
                Members(one.family, one.at, one.mean * time, one.std * np.sqrt(time))
                for one in laws.members
                for time in (times if len(one.at) == len(times) else times[one.at],)
            ]
            return DistributionArray(len(laws), members, [])
    ends = StageTimes.of(case).period_end
    return exposure_of_periods(laws, ends, shape=(len(laws),))


def _cheapest(
    model: str, total: DistributionArray | ExposureDemand, short: Floats, left: Floats
) -> AtQuantile:
    """Find the level at which a unit short and a unit left cost equally much."""
    both = short + left
    ratio = short / both
    inside = ratio.min(initial=0.5) > 0.0 and ratio.max(initial=0.5) < 1.0
    if inside and isinstance(total, DistributionArray):
        return total.at_quantile(ratio, left / both)
    level = total.ppf(ratio)
    if not np.isfinite(level).all():
        at = int(np.flatnonzero(~np.isfinite(level))[0])
        raise DomainError(
            f"{model}: critical ratio[{at}] is {float(ratio[at])!r}, at which the optimal level is "
            f"{float(level[at])!r}. Fix: give costs that are nearer to each other."
        )
    return _around(total, level)


def _around(total: DistributionArray | ExposureDemand, level: Floats) -> AtQuantile:
    """Demand around levels; what it leaves from what exceeds them, unless that cancels."""
    shortage = total.shortage(level)
    leftover = level - total.mean + shortage
    if (leftover < 1e-3 * shortage).any():
        leftover = total.leftover(level)
    return AtQuantile(level, total.cdf(level), leftover, shortage)


def _require_margins(case: Case, short: Floats, left: Floats) -> None:
    check = Given("newsvendor_profit")
    for name, values, fix in (
        ("price - unit_cost + shortage_cost", short, "a unit sold must earn something"),
        ("unit_cost - salvage_value + holding_cost", left, "a unit left must cost something"),
    ):
        wrong = ~(values > 0.0)
        if wrong.any():
            shown, where = values.reshape(case.shape), wrong.reshape(case.shape)
            check.fault(name, shown, where, "must be above 0", "money/unit", fix)
    if check.faults:
        check.settle()
