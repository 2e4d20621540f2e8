r"""The same order in every period, when unmet demand is lost: as good as any for long lead times.

Stock left at the end of a period is :math:`W' = (W + r - D)^+`, a random walk kept above 0. Its
mean is :math:`\sum_{n \ge 1} E[(n r - D_1 - \dots - D_n)^+]/n` (Spitzer).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.distributions.base import Distribution
from echelon.distributions.closed import CLOSED
from echelon.distributions.lattice import Increments, common_step, default_step, increments_of
from echelon.exact.lost_sales.lost_sales_lattices import own_step, require_not_negative
from echelon.exact.lost_sales.reflected_walk import reflected_mean
from echelon.exact.manner import Answer, Demand, Given, Value, unit
from echelon.lead_time.exposure import exposure_demand
from echelon.lead_time.totals import ExposureDemand

_ONE_BY_ONE = {True: 24, False: 160}
"""Terms that are added one by one, of densities and of whole demand; beyond they are integrated."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_AS_THEY_ARE = 64
"""Terms taken from the distribution itself where a family is not closed under addition."""
_COARSER = 2.0
"""Steps of the lattice of a density, as multiples of those that exposures use."""
_FINEST = 1000
"""Into so many steps an order may divide those of the demand."""
_GOLDEN = (5.0**0.5 - 1.0) / 2.0
_PRECISION = 1e-6
"""Of the best order of a density, as a fraction of mean demand."""


@dataclass(frozen=True, eq=False, repr=False)
class LostSalesConstantOrder(Answer):
    """What :func:`lost_sales_constant_order` answers."""

    order_quantity: Value = unit("units")
    cost: Value = unit("money/period")
    fill_rate: Value = unit("-")
    on_hand: Value = unit("units")


def lost_sales_constant_order(
    demand: Demand,
    *,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    order_quantity: ArrayLike | None = None,
) -> LostSalesConstantOrder:
    r"""Order the same in every period, whatever the stock, when unmet demand is lost [1]_.

    The cost does not depend on the lead time, which no order waits to be told about: no period of
    it is covered, and the longer it is the nearer this policy comes to the best of all [2]_.
    It is :math:`h E[W] + p(\mu - r)` with :math:`E[W]` by Spitzer's sum, exact in its first terms
    and integrated beyond; where a family is not closed under addition, all terms at once on a
    lattice, by a Fourier transform. Only where the order is so near the mean that this is too long
    is the sum of more than 64 periods taken as a gamma demand, moved, of the same mean, variance
    and skewness.

    Parameters
    ----------
    demand : Demand
        Of one period, independent, not negative; units.
    holding_cost, shortage_cost : array_like of float
        Money per unit left at the end of a period, and per unit lost; above 0.
    order_quantity : array_like of float, optional
        Units per period, at least 0 and below mean demand; default the best. Of whole demand the
        best is whole.

    Returns
    -------
    LostSalesConstantOrder
        ``on_hand`` at the end of a period.

    Raises
    ------
    DomainError
        If an argument is out of range, demand can be negative, an order is not below the mean so
        that stock would grow without end; names the position.

    References
    ----------
    .. [1] Reiman (2004), A new and simple policy for the continuous review lost sales inventory
       model; Zipkin (2008), *Oper. Res.* 56(5).
    .. [2] Goldberg, Katz-Rogozhnikov, Lu, Sharma & Squillante (2016), Asymptotic optimality of
       constant-order policies for lost sales inventory models with large lead times, *Math. Oper.
       Res.* 41(3).

    Examples
    --------
    >>> from echelon.distributions import Poisson
    >>> lost_sales_constant_order(Poisson(5.0), holding_cost=1.0, shortage_cost=[4.0, 9.0]).cost
    array([ 5.27479429, 10.27479429])
    """
    given = Given("lost_sales_constant_order")
    given.demand("demand", demand)
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit/period")
    given.number("shortage_cost", shortage_cost, above=0.0, unit="money/unit")
    if order_quantity is not None:
        given.number("order_quantity", order_quantity, least=0.0, unit="units")
    case = given.settle()
    laws = case.demands["demand"]
    check = Given("lost_sales_constant_order")
    require_not_negative(check, laws)
    check.settle()
    hold, short = case["holding_cost"], case["shortage_cost"]
    if order_quantity is None:
        orders = _best(laws, hold, short)
    else:
        orders = case["order_quantity"]
        wrong = (orders >= laws.mean) & ((orders > 0.0) | (laws.std > 0.0))
        if wrong.any():
            check.fault(
                "order_quantity", orders, wrong, "must be below mean demand", "units", "order less"
            )
            check.settle()
    left = left_over(laws, orders)
    mean = laws.mean
    return case.answer(
        LostSalesConstantOrder,
        order_quantity=orders,
        cost=hold * left + short * (mean - orders),
        fill_rate=np.where(mean > 0.0, orders / np.where(mean > 0.0, mean, 1.0), 1.0),
        on_hand=left,
    )


def left_over(demand: DistributionArray, order: Floats) -> Floats:
    """Mean stock at the end of a period under a constant order.

    Parameters
    ----------
    demand : DistributionArray of n
    order : (n,) ndarray of float64
        Units per period, at most the mean demand; with a known demand of just that nothing is left.

    Returns
    -------
    (n,) ndarray of float64
        Units.
    """
    left = np.zeros(len(demand))
    for group in demand.members:
        shortage = CLOSED[group.family].shortage
        if group.family == "deterministic":
            continue  # nothing is ever left of less than is asked for
        rate, mean, std = order[group.at], group.mean, group.std

        one_by_one = _ONE_BY_ONE[group.family in ("normal", "gamma")]
        some = np.flatnonzero(rate > 0.0)
        if some.size:
            left[group.at[some]] = _Term(shortage, rate[some], mean[some], std[some]).total(
                one_by_one
            )
    tabled = [(at, demand[at]) for table in demand.tables for at in table.at.tolist()]
    for at, law in [*demand.others, *tabled]:
        each = float(order[at])
        if each > 0.0 and law.std > 0.0:
            left[at] = _left_of_one(law, each)
    return left


def _left_of_one(law: Distribution, order: float) -> float:
    """Sum the terms of a demand of no closed family: on a lattice, all by one transform.

    Where stock runs off so slowly that the lattice would be too long, the sums of more than a few
    periods are nearly normal: the first terms as they are, then a gamma's.
    """
    if law.family == "geometric" and law.support[0] == 0.0:  # sums of these are of that family
        shortage = CLOSED["negative_binomial"].shortage
        term = _Term(shortage, *_each(order, law.mean, law.std))
        return float(term.total(_ONE_BY_ONE[False])[0])
    least = _COARSER * default_step(law)
    if own_step(law) is None and order < least:  # convex, and 0 where nothing is ordered
        return _left_of_one(law, least) * order / least
    made = _on_multiples(law, order)
    times = order / made.step
    walked = reflected_mean(np.rint(times) - made.first - np.arange(len(made.mass)), made.mass)
    if walked is not None:
        return walked * made.step
    term = _far(law, order)
    beyond = float((term.total(_AS_THEY_ARE) - term.first(_AS_THEY_ARE))[0])
    levels = enumerate(_totals(cast(Hashable, law)), 1)
    return sum(float(total.leftover(n * order)) / n for n, total in levels) + beyond


def _on_multiples(law: Distribution, order: float) -> Increments:
    """Demand on a lattice on which an order lies, its own where that is not much too fine."""
    step = own_step(law)
    if step is not None:
        shared = common_step([step, order])
        if shared is not None and shared[0] / shared[1] * _FINEST >= step:
            kept = shared[0] / shared[1] == step
            return increments_of(law, None if kept else shared[0] / shared[1], kept=kept)
    width = order / max(round(order / (_COARSER * default_step(law))), 1)
    return increments_of(law, width, kept=False)


def _far(law: Distribution, order: float) -> _Term:
    """Terms of a gamma demand, moved and if need be mirrored, of the same three moments."""
    made = increments_of(law)
    points = (made.first + np.arange(len(made.mass))) * made.step - law.mean
    third, gamma = float(made.mass @ points**3), CLOSED["gamma"].shortage
    if abs(third) <= 1e-9 * law.std**3:
        return _Term(CLOSED["normal"].shortage, *_each(order, law.mean, law.std))
    mean = 2.0 * law.std**4 / third  # of the gamma; the rest is a shift
    moved = order - law.mean + mean
    return _Term(gamma if third > 0.0 else _mirrored, *_each(moved, mean, law.std))


def _mirrored(level: Floats, mean: Floats, std: Floats) -> Floats:
    """Expected units above a level of a variable whose negative is gamma."""
    return np.asarray(mean - level + CLOSED["gamma"].shortage(-level, -mean, std))


def _each(*numbers: float) -> list[Floats]:
    return [np.array([number]) for number in numbers]


@lru_cache(maxsize=16)
def _totals(law: Hashable) -> tuple[ExposureDemand, ...]:
    """Give the demand of 1, 2, … periods."""
    one = cast(Distribution, law)
    return tuple(exposure_demand(one, float(n)) for n in range(1, _AS_THEY_ARE + 1))


@dataclass(frozen=True, slots=True)
class _Term:
    """Term n of Spitzer's sum for a family closed under addition; n need not be whole."""

    shortage: Callable[[Floats, Floats, Floats], Floats]
    rate: Floats
    mean: Floats
    std: Floats

    def at(self, n: float | Floats) -> Floats:
        """Expected stock left of n orders by n demands, over n."""
        level, mean = n * self.rate, n * self.mean
        with np.errstate(under="ignore"):
            left = level - mean + self.shortage(level, mean, np.sqrt(n) * self.std)
        return np.asarray(np.maximum(left, 0.0) / n)

    def first(self, n_terms: int) -> Floats:
        """Sum the first terms."""
        total = np.zeros(len(self.rate))
        for n in range(1, n_terms + 1):
            total += self.at(float(n))
        return total

    def total(self, one_by_one: int) -> Floats:
        """Sum all terms: so many one by one, the rest as an integral over the logarithm of n.

        Euler and Maclaurin: the sum from N + 1 on is the integral from N + 1/2 and a 24th of the
        slope there. Terms fade like the tail of a normal law whose end is far enough here.
        """
        total = self.first(one_by_one)
        begin = one_by_one + 0.5
        end = np.maximum(80.0 * (self.std / (self.mean - self.rate)) ** 2, 4.0 * begin)
        logs = np.log(end / begin)
        rule = zip((0.5 * (_NODES + 1.0)).tolist(), (0.5 * _WEIGHTS).tolist(), strict=True)
        for share, weight in rule:
            n = begin * np.exp(share * logs)
            total += weight * logs * n * self.at(n)
        return np.asarray(total + (self.at(begin + 0.5) - self.at(begin - 0.5)) / 24.0)


def _best(demand: DistributionArray, hold: Floats, short: Floats) -> Floats:
    """Order that costs least: by golden section, the cost being convex; whole for whole demand."""
    mean = demand.mean
    # beyond this what is left costs more than half of what can be saved: h s^2 / (2 (m - r)) + ...
    low, high = np.zeros(len(mean)), np.where(demand.std > 0.0, mean * (1.0 - 1e-6), mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        room = demand.std * np.sqrt(0.5 * hold / short)
    high = np.minimum(high, np.maximum(mean - 0.05 * room, 0.5 * mean))

    def cost(order: Floats) -> Floats:
        return np.asarray(hold * left_over(demand, order) + short * (mean - order))

    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = cost(left), cost(right)
    steps = np.array([own_step(law) or 0.0 for law in demand])
    whole = (steps > 0.0) & (demand.std > 0.0)
    apart = np.where(whole, steps, _PRECISION * mean)
    while (high - low > apart).any():
        down = at_left <= at_right
        high, low = np.where(down, right, high), np.where(down, low, left)
        new = np.where(down, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        value = cost(new)
        left, right = np.where(down, new, right), np.where(down, left, new)
        at_left, at_right = np.where(down, value, at_right), np.where(down, at_left, value)
    best = np.where(demand.std > 0.0, 0.5 * (low + high), mean)
    if whole.any():
        unit_of = np.where(whole, steps, 1.0)
        tried = [
            np.minimum((np.floor(low / unit_of) + k) * unit_of, _below(mean, unit_of))
            for k in range(3)
        ]
        paid = np.array([cost(order) for order in tried])
        nearest = np.array(tried)[paid.argmin(axis=0), np.arange(len(mean))]
        best = np.where(whole, nearest, best)
    return best


def _below(mean: Floats, steps: Floats) -> Floats:
    """Largest multiple of a step that is below the mean, units."""
    return np.asarray(np.maximum(np.ceil(mean / steps) - 1.0, 0.0) * steps)
