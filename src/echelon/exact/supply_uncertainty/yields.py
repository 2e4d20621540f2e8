r"""What is ordered is not what arrives: order quantities under random yield.

An order of :math:`Q` brings :math:`QY` (multiplicative: a share survives) or :math:`Q + Y`
(additive: so many more or less, whatever the order).

*Steady demand.* The next order is placed when stock is gone, so that a cycle is as long as what
arrived lasts, and the cost per period is :math:`(K + \frac{h}{2d} E[R^2]) / (E[R]/d)` by renewal
reward, :math:`R` what arrives.

*One period.* Of random demand :math:`D`, :math:`h` is paid for each unit left and :math:`p` for
each unit short. The cost is convex in :math:`Q`, because what arrives is linear in it, and least
where

.. math:: P(D - Y \le Q) = \frac{p}{p + h}, \qquad\text{or}\qquad
          E[Y; D \le QY] = \frac{p}{p + h}\,E[Y].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.distributions.inverse import smallest_reaching
from echelon.errors import UnknownNameError
from echelon.exact.manner import Answer, Demand, Given, Value, unit
from echelon.exact.supply_uncertainty.yield_points import YieldPoints, yield_points
from echelon.lead_time.totals import narrowed

KINDS = ("multiplicative", "additive")
"""What arrives of an order of Q: QY, or Q + Y."""


@dataclass(frozen=True, eq=False, repr=False)
class YieldOrder(Answer):
    """An order quantity under random yield; numbers, or arrays of the shape of the arguments.

    ``received`` is the mean of what arrives, ``cycle_time`` the mean time between orders.
    """

    order_quantity: Value = unit("units")
    received: Value = unit("units")
    cycle_time: Value = unit("periods")
    ordering_cost: Value = unit("money/period")
    holding_cost: Value = unit("money/period")
    cost: Value = unit("money/period")


def economic_order_with_yield(
    demand_rate: ArrayLike,
    *,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    yield_mean: ArrayLike,
    yield_std: ArrayLike,
    kind: str = "multiplicative",
    order_quantity: ArrayLike | None = None,
) -> YieldOrder:
    r"""Order quantity under steady demand and random yield.

    Parameters
    ----------
    demand_rate : array_like of float
        Units per period, above 0. All arguments broadcast; SKUs along the last axis.
    fixed_cost : array_like of float
        Money per order, above 0.
    holding_cost : array_like of float
        Money per unit and period, above 0.
    yield_mean, yield_std : array_like of float
        Moments of :math:`Y`: of the share that arrives, above 0 (multiplicative), or of the units
        by which it differs from the order, below 0 where some are lost (additive).
    kind : {"multiplicative", "additive"}
        What arrives of an order of :math:`Q`: :math:`QY`, or :math:`Q + Y`.
    order_quantity : array_like of float, optional
        Quantity to evaluate, units above 0. Without it the best one is taken.

    Returns
    -------
    YieldOrder

    Raises
    ------
    UnknownNameError
        If the kind is none of these.
    DomainError
        Lists every argument out of range with position, value and remedy; also where an additive
        yield brings more than enough without an order, or loses a given order on average.

    Notes
    -----
    The lead time is 0 and review continuous (clause 2.1). Only two moments of the yield matter.

    References
    ----------
    .. [1] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, 2nd ed., eqs. 9.22 and 9.23
       (additive) and section 9.3.2.

    Examples
    --------
    >>> told = economic_order_with_yield(
    ...     182500, fixed_cost=2250, holding_cost=275, yield_mean=0.9, yield_std=0.0577
    ... )
    >>> round(told.order_quantity, 1), round(told.received, 1), round(told.cost)
    (1916.2, 1724.6, 476206)
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of yield", kind, KINDS)
    multiplicative = kind == "multiplicative"
    given = Given("economic_order_with_yield")
    given.number("demand_rate", demand_rate, above=0.0, unit="units/period")
    given.number("fixed_cost", fixed_cost, above=0.0, unit="money/order")
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit/period")
    given.number("yield_mean", yield_mean, above=0.0 if multiplicative else None)
    given.number("yield_std", yield_std, least=0.0)
    if order_quantity is not None:
        given.number("order_quantity", order_quantity, above=0.0, unit="units")
    case = given.settle()

    demand, fixed, hold = case["demand_rate"], case["fixed_cost"], case["holding_cost"]
    mean, std = case["yield_mean"], case["yield_std"]
    alone = 2.0 * fixed * demand / hold
    if order_quantity is not None:
        quantity = case["order_quantity"]
    elif multiplicative:
        quantity = np.sqrt(alone / (mean**2 + std**2))
    else:
        quantity = np.sqrt(alone + std**2) - mean
        _refuse(case.shaped(mean), case.shaped(quantity <= 0.0), "brings enough without an order")
    received = quantity * mean if multiplicative else quantity + mean
    if not multiplicative:
        _refuse(case.shaped(mean), case.shaped(received <= 0.0), "loses the whole order on average")
    spread = quantity * std if multiplicative else std
    ordering = fixed * demand / received
    holding = 0.5 * hold * (received + spread**2 / received)
    return case.answer(
        YieldOrder,
        order_quantity=quantity,
        received=received,
        cycle_time=received / demand,
        ordering_cost=ordering,
        holding_cost=holding,
        cost=ordering + holding,
    )


def _refuse(mean: Value, wrong: Value, why: str) -> None:
    if np.any(wrong):
        given = Given("economic_order_with_yield")
        given.fault("yield_mean", mean, wrong, why, "units", "check its sign: losses are negative")
        given.settle()


@dataclass(frozen=True, eq=False, repr=False)
class YieldNewsvendor(Answer):
    """An order for one period under random yield; numbers, or arrays.

    ``received``, ``left`` and ``short`` are means: what arrives, and what is over or missing.
    """

    order_quantity: Value = unit("units")
    received: Value = unit("units")
    left: Value = unit("units")
    short: Value = unit("units")
    cost: Value = unit("money/period")


def newsvendor_with_yield(
    demand: Demand,
    yield_distribution: Demand,
    *,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    kind: str = "multiplicative",
    order_quantity: ArrayLike | None = None,
) -> YieldNewsvendor:
    r"""Order for one period's random demand when it is random what arrives.

    Parameters
    ----------
    demand : Distribution, sequence of n, DistributionArray or DataFrame
        Of the period, units; ``Deterministic`` for a known one.
    yield_distribution : as ``demand``
        :math:`Y`, independent of demand: the share that arrives, of a mean above 0, or the units
        by which what arrives differs from the order.
    holding_cost, shortage_cost : array_like of float
        Money per unit left and per unit short at the end of the period, above 0. To pay
        :math:`c` for each unit that arrives, give :math:`h + c` and :math:`p - c`, and add
        :math:`c` times mean demand to the cost.
    kind : {"multiplicative", "additive"}
        What arrives of an order of :math:`Q`: :math:`QY`, or :math:`Q + Y`.
    order_quantity : array_like of float, optional
        Quantity to evaluate, units, at least 0. Without it the best one is taken.

    Returns
    -------
    YieldNewsvendor

    Raises
    ------
    UnknownNameError
        If the kind is none of these.
    DomainError
        Lists every argument out of range with position, value and remedy.

    Notes
    -----
    The order arrives before the demand of the period (clause 2.2 with lead time 0 and review period
    1). Exact but for rounding where demand or yield is discrete or known; else one of the two is
    integrated numerically, see :mod:`~echelon.exact.supply_uncertainty.yield_points`.

    References
    ----------
    .. [1] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, 2nd ed., eqs. 9.27 and 9.28
       (known demand, additive yield).
    .. [2] Yano & Lee (1995), "Lot sizing with random yields: a review", *Operations Research*
       43(2), 311-334.

    Examples
    --------
    >>> from echelon.distributions import Deterministic, Normal, Uniform
    >>> lost = Uniform.from_parameters(float("nan"), float("nan"), {"low": -5e5, "high": 5e5})
    >>> told = newsvendor_with_yield(
    ...     Deterministic(1.5e6), lost, holding_cost=15, shortage_cost=75, kind="additive"
    ... )
    >>> round(told.order_quantity), round(told.cost)
    (1833333, 6250000)
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of yield", kind, KINDS)
    multiplicative = kind == "multiplicative"
    given = Given("newsvendor_with_yield")
    given.demand("demand", demand)
    given.demand("yield_distribution", yield_distribution, least_mean=None)
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit/period")
    given.number("shortage_cost", shortage_cost, above=0.0, unit="money/unit/period")
    if order_quantity is not None:
        given.number("order_quantity", order_quantity, least=0.0, unit="units")
    case = given.settle()
    wanted, share = case.demands["demand"], case.demands["yield_distribution"]
    if multiplicative and (share.mean <= 0.0).any():
        given.fault(
            "mean of yield_distribution",
            case.shaped(share.mean),
            case.shaped(share.mean <= 0.0),
            "must be above 0",
            "",
            "give the share that arrives",
        )
        given.settle()

    hold, short = case["holding_cost"], case["shortage_cost"]
    points = yield_points(wanted, share, multiplicative)
    if order_quantity is not None:
        quantity = case["order_quantity"]
    else:
        quantity = _best(points, short / (hold + short))
    received = quantity * share.mean if multiplicative else quantity + share.mean
    missing = points.shortage(quantity)
    left = received - wanted.mean + missing
    left = np.where(left <= 1e-15 * (np.abs(received) + wanted.mean), 0.0, left)  # by rounding
    return case.answer(
        YieldNewsvendor,
        order_quantity=quantity,
        received=received,
        left=left,
        short=missing,
        cost=hold * left + short * missing,
    )


def _best(points: YieldPoints, ratio: Floats) -> Floats:
    """Smallest order at which one more unit no longer pays."""
    low, high = points.bracket(ratio)
    for _ in range(60):
        missed = points.served(high) < ratio
        if not missed.any():
            break
        high = np.where(missed, 2.0 * high + 1.0, high)
    low, high = narrowed(points.served, ratio, low, high)
    found = smallest_reaching(points.served, ratio, low, high)
    return np.where(points.served(np.zeros(len(low))) >= ratio, 0.0, np.maximum(found, 0.0))
