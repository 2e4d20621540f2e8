r"""A supplier that fails now and then: order quantities and base stocks that allow for it.

While the supplier is down no order is filled. In continuous time it stays up for an exponential
time of rate :math:`\lambda` and down for one of rate :math:`\mu`. In periods, it fails after a
period in which it was up with probability :math:`\alpha` and recovers with probability
:math:`\beta`.

*Order quantity.* Stock falls to nothing before each order and demand that finds none is lost at
:math:`p` a unit. With :math:`t = Q/d` and the chance :math:`\psi = \frac{\lambda}{\lambda + \mu}
(1 - e^{-(\lambda + \mu)t})` to find the supplier down, the cost per period is

.. math:: g = pd + \frac{A(t)}{B(t)}, \qquad A = K + \tfrac{1}{2}hdt^2 - pdt, \qquad
          B = t + \psi/\mu.

It has one minimum: for every :math:`c` the derivative of :math:`A - cB` is convex or increasing and
:math:`A(0) - cB(0) = K > 0`, so that :math:`A - cB \le 0` holds on one interval, if at all. The
approximation puts :math:`\psi = \lambda/(\lambda + \mu)` and has a closed form.

*Base stock.* After :math:`N` periods of a disruption, 0 while the supplier is up, stock has to have
covered :math:`L + 1 + N` periods: a random lead time :math:`L + N` with :math:`P(N > n) =
\frac{\alpha}{\alpha + \beta}(1 - \beta)^n`. The cost is a newsvendor's for the demand of those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.errors import DomainError, UnknownNameError
from echelon.exact.manner import Answer, Demand, Given, Value, unit
from echelon.lead_time.exposed_periods import ExposedPeriods
from echelon.lead_time.exposure import exposure_of_periods

METHODS = ("exact", "approximate")
"""The order quantity of least cost, or that of Snyder's closed form."""

_REST = 1e-15
"""Probability of a longer disruption than those that are summed."""
_MOST_PERIODS = 100_000


@dataclass(frozen=True, eq=False, repr=False)
class DisruptedOrder(Answer):
    """An order quantity under disruptions; numbers, or arrays of the shape of the arguments.

    ``cycle_time`` is the mean time between orders; ``fill_rate`` the share of demand not lost;
    ``cost`` is exact for the quantity, whichever method chose it, and ``approximate_cost`` what
    the approximation makes of the same quantity.
    """

    order_quantity: Value = unit("units")
    cycle_time: Value = unit("periods")
    fill_rate: Value = unit("-")
    cost: Value = unit("money/period")
    approximate_cost: Value = unit("money/period")


def economic_order_with_disruptions(
    demand_rate: ArrayLike,
    *,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    lost_sale_cost: ArrayLike,
    disruption_rate: ArrayLike,
    recovery_rate: ArrayLike,
    order_quantity: ArrayLike | None = None,
    method: str = "exact",
) -> DisruptedOrder:
    r"""Order quantity under steady demand and a supplier who is down at random times.

    Parameters
    ----------
    demand_rate : array_like of float
        Units per period, above 0. All arguments broadcast; SKUs along the last axis.
    fixed_cost : array_like of float
        Money per order, above 0.
    holding_cost : array_like of float
        Money per unit and period, above 0.
    lost_sale_cost : array_like of float
        Money per unit of demand that finds no stock, above 0.
    disruption_rate : array_like of float
        Disruptions per period while the supplier is up, at least 0.
    recovery_rate : array_like of float
        Recoveries per period while it is down, above 0: the reciprocal of a mean disruption.
    order_quantity : array_like of float, optional
        Quantity to evaluate, units above 0. Without it the best one is taken.
    method : {"exact", "approximate"}
        How the quantity is chosen: of least cost, or by Snyder's closed form.

    Returns
    -------
    DisruptedOrder

    Raises
    ------
    UnknownNameError
        If the method is none of these.
    DomainError
        Lists every argument out of range with position, value and remedy.

    Notes
    -----
    The lead time is 0 and review continuous (clause 2.1): an order arrives at once while the
    supplier is up. Where ``cost`` exceeds demand rate times ``lost_sale_cost``, not to sell at all
    would be cheaper.

    References
    ----------
    .. [1] Parlar & Berkin (1991), "Future supply uncertainty in EOQ models", *Naval Research
       Logistics* 38, 107-121; corrected by Berk & Arreola-Risa (1994), 41, 129-132.
    .. [2] Snyder (2014), "A tight approximation for an EOQ model with supplier disruptions",
       *International Journal of Production Economics* 155, 91-108.
    .. [3] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, 2nd ed., eq. 9.5.

    Examples
    --------
    >>> given = dict(fixed_cost=8, holding_cost=0.225, lost_sale_cost=5)
    >>> often = dict(disruption_rate=1.5, recovery_rate=14)
    >>> told = economic_order_with_disruptions(1300, **given, **often)
    >>> round(told.order_quantity, 3), round(told.cost, 3), round(told.fill_rate, 4)
    (772.811, 173.95, 0.9885)
    """
    if method not in METHODS:
        raise UnknownNameError("method of disruptions", method, METHODS)
    given = Given("economic_order_with_disruptions")
    given.number("demand_rate", demand_rate, above=0.0, unit="units/period")
    given.number("fixed_cost", fixed_cost, above=0.0, unit="money/order")
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit/period")
    given.number("lost_sale_cost", lost_sale_cost, above=0.0, unit="money/unit")
    given.number("disruption_rate", disruption_rate, least=0.0, unit="1/period")
    given.number("recovery_rate", recovery_rate, above=0.0, unit="1/period")
    if order_quantity is not None:
        given.number("order_quantity", order_quantity, above=0.0, unit="units")
    case = given.settle()
    demand, fixed, hold = case["demand_rate"], case["fixed_cost"], case["holding_cost"]
    recovery = case["recovery_rate"]
    lost = case["lost_sale_cost"] * demand  # money/period while there is no stock
    both = case["disruption_rate"] + recovery
    down = case["disruption_rate"] / both

    def parts(time: Floats) -> tuple[Floats, Floats]:
        return (
            fixed + 0.5 * hold * demand * time**2 - lost * time,
            time - down * np.expm1(-both * time) / recovery,
        )

    def slope(time: Floats) -> tuple[Floats, Floats]:  # of A / B, times B squared, and its own
        above, below = parts(time)
        fade = down * both * np.exp(-both * time) / recovery
        rise = hold * demand * time - lost
        return (
            rise * below - above * (1.0 + fade),
            hold * demand * below + above * both * fade,
        )

    # Snyder's quantity as a time: the positive root of a quadratic, free of cancellation
    linear = down / recovery
    near = 2.0 * (fixed + lost * linear) / (hold * demand)
    time = near / (linear + np.sqrt(linear**2 + near))
    if order_quantity is not None:
        time = case["order_quantity"] / demand
    elif method == "exact":
        time = _least(slope, time)
    above, below = parts(time)
    return case.answer(
        DisruptedOrder,
        order_quantity=demand * time,
        cycle_time=below,
        fill_rate=time / below,
        cost=lost + above / below,
        approximate_cost=lost + above / (time + linear),
    )


def _least(slope: Callable[[Floats], tuple[Floats, Floats]], start: Floats) -> Floats:
    """Where a slope that is negative first and positive then is 0: Newton, kept in a bracket."""
    low, high, time = np.zeros(start.shape), start.copy(), start.copy()
    while (short := slope(high)[0] < 0.0).any():
        high = np.where(short, 2.0 * high, high)
    for _ in range(200):
        value, change = slope(time)
        low, high = np.where(value < 0.0, time, low), np.where(value < 0.0, high, time)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = time - value / change
        inside = (step > low) & (step < high)  # false where the step is no number
        after = np.where(inside, step, 0.5 * (low + high))
        if (np.abs(after - time) <= 1e-14 * time).all():
            return after
        time = after
    return time


@dataclass(frozen=True, eq=False, repr=False)
class DisruptedBaseStock(Answer):
    """A base stock under disruptions; numbers, or arrays of the shape of the arguments.

    ``ready_rate`` is the share of periods that end without backorders; stock and backorders are
    means at the end of a period.
    """

    base_stock: Value = unit("units")
    ready_rate: Value = unit("-")
    on_hand: Value = unit("units")
    backorders: Value = unit("units")
    cost: Value = unit("money/period")


def base_stock_with_disruptions(
    demand: Demand,
    *,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    disruption_probability: ArrayLike,
    recovery_probability: ArrayLike,
    lead_time: ArrayLike = 0.0,
    base_stock: ArrayLike | None = None,
) -> DisruptedBaseStock:
    r"""Base stock of least cost, reviewed every period, with a supplier who is down at times.

    Parameters
    ----------
    demand : Distribution, sequence of n, DistributionArray or DataFrame
        Of one period, units; ``Deterministic`` for a known one. Periods are independent.
    holding_cost, shortage_cost : array_like of float
        Money per unit on hand, and per unit backordered, at the end of a period, above 0.
    disruption_probability : array_like of float
        That a period is down after one that was up, from 0 to 1.
    recovery_probability : array_like of float
        That a period is up after one that was down, above 0 and at most 1.
    lead_time : array_like of float, default 0
        Periods, at least 0. A disruption holds back orders, not what is already under way.
    base_stock : array_like of float, optional
        Base stock to evaluate, units. Without it the best one is taken.

    Returns
    -------
    DisruptedBaseStock

    Raises
    ------
    DomainError
        Lists every argument out of range with position, value and remedy; also if disruptions
        would have to be summed over more than 100,000 periods, or a demand cannot be summed over
        a fraction of a period.

    Notes
    -----
    Orders are placed at the start of every period in which the supplier is up, before its demand
    (clause 2.2 with a review period of 1): the base stock covers ``lead_time + 1`` periods of
    demand, and one more for each period that the supplier has been down. Known demand is summed
    over all lengths of a disruption in closed form, random demand over those that are longer with a
    probability of :math:`10^{-15}` at most.

    References
    ----------
    .. [1] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, 2nd ed., section 9.2.3:
       known demand, lead time 0.

    Examples
    --------
    >>> from echelon.distributions import Deterministic, Normal
    >>> costs = dict(holding_cost=0.25, shortage_cost=3)
    >>> odds = dict(disruption_probability=0.04, recovery_probability=0.25)
    >>> told = base_stock_with_disruptions(
    ...     [Deterministic(2000.0), Normal(2000.0, 400.0)], **costs, **odds
    ... )
    >>> told.base_stock.round(1).tolist(), told.cost.round(2).tolist()
    ([8000.0, 7055.6], [2737.07, 2743.67])
    """
    given = Given("base_stock_with_disruptions")
    given.demand("demand", demand)
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit/period")
    given.number("shortage_cost", shortage_cost, above=0.0, unit="money/unit/period")
    given.number("disruption_probability", disruption_probability, least=0.0, most=1.0)
    given.number("recovery_probability", recovery_probability, above=0.0, most=1.0)
    given.number("lead_time", lead_time, least=0.0, unit="periods")
    if base_stock is not None:
        given.number("base_stock", base_stock, unit="units")
    case = given.settle()

    hold, short, periods = case["holding_cost"], case["shortage_cost"], case["lead_time"]
    stay = 1.0 - case["recovery_probability"]
    down = case["disruption_probability"] / (
        case["disruption_probability"] + case["recovery_probability"]
    )
    asked = case["base_stock"] if base_stock is not None else None
    laws = case.demands["demand"]
    known = np.zeros(case.size, dtype=bool)
    for group in laws.members:
        known[group.at] = (group.family == "deterministic") & (group.mean > 0.0)
    level, ready, late = np.empty(case.size), np.empty(case.size), np.empty(case.size)
    if known.any():
        at = np.flatnonzero(known)
        found = _known_demand(
            laws.mean[at],
            periods[at],
            down[at],
            stay[at],
            hold[at] / (hold[at] + short[at]),
            None if asked is None else asked[at],
        )
        level[at], ready[at], late[at] = found
    if not known.all():
        at = np.flatnonzero(~known)
        found = _random_demand(
            laws.take(at),
            periods[at],
            down[at],
            stay[at],
            short[at] / (hold[at] + short[at]),
            None if asked is None else asked[at],
        )
        level[at], ready[at], late[at] = found
    mean = laws.mean * (periods + 1.0 + down / (1.0 - stay))
    left = np.maximum(level - mean + late, 0.0)  # below 0 only by rounding
    return case.answer(
        DisruptedBaseStock,
        base_stock=level,
        ready_rate=ready,
        on_hand=left,
        backorders=late,
        cost=hold * left + short * late,
    )


def _known_demand(
    demand: Floats,
    lead_time: Floats,
    down: Floats,
    stay: Floats,
    allowed: Floats,
    asked: Floats | None,
) -> tuple[Floats, Floats, Floats]:
    """Base stock, ready rate and backorders; ``allowed`` is the probability of a shortage."""
    with np.errstate(divide="ignore", invalid="ignore"):
        # fewest periods n with P(N > n) within what is allowed; one less may do, by rounding
        needed = np.ceil((np.log(allowed) - np.log(down)) / np.log(stay))
    needed = np.where(down <= allowed, 0.0, np.where(stay == 0.0, 1.0, np.maximum(needed, 1.0)))
    fewer = np.maximum(needed - 1.0, 0.0)
    needed = np.where(down * stay**fewer <= allowed, fewer, needed)
    if asked is None:
        level, covered = demand * (lead_time + 1.0 + needed), needed
    else:
        level, covered = asked, asked / demand - lead_time - 1.0
    whole = np.floor(np.maximum(covered, 0.0))
    tail = down * stay**whole  # P(N > whole)
    rest = 1.0 / (1.0 - stay) - (np.maximum(covered, 0.0) - whole)
    late = demand * (tail * rest + np.maximum(-covered, 0.0))
    return level, np.where(covered < 0.0, 0.0, 1.0 - tail), late


def _random_demand(
    demand: DistributionArray,
    lead_time: Floats,
    down: Floats,
    stay: Floats,
    share: Floats,
    asked: Floats | None,
) -> tuple[Floats, Floats, Floats]:
    """Base stock, ready rate and backorders, the disruption taken as a random lead time."""
    cases, of = np.unique(np.stack([lead_time, down, stay]), axis=1, return_inverse=True)
    exposed = [_exposed(*column) for column in cases.T.tolist()]
    each = [exposed[one] for one in of.ravel().tolist()]
    total = exposure_of_periods(demand, each, shape=(len(demand),))
    level = total.ppf(share) if asked is None else asked
    return level, total.cdf(level), total.shortage(level)


def _exposed(lead_time: float, down: float, stay: float) -> ExposedPeriods:
    """Periods to cover, by how long the supplier has been down, until longer is negligible."""
    last = 0 if down == 0.0 else 1
    if down > _REST and stay > 0.0:
        last = max(1, int(np.ceil(np.log(_REST / down) / np.log(stay))))
    if last > _MOST_PERIODS:
        raise DomainError(
            f"base_stock_with_disruptions: recovery_probability is {1.0 - stay!r}, so that "
            f"disruptions of up to {last:,} periods matter. Fix: use a longer period."
        )
    length = np.arange(last + 1, dtype=np.float64)
    weights = np.concatenate([[1.0], down * stay ** length[:-1]])  # P(N >= n)
    weights[:-1] -= weights[1:]
    return ExposedPeriods(lead_time + 1.0 + length, weights)
