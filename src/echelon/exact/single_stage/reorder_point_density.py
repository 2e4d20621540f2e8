r"""Reorder point and order quantity of demand with a density: roots of convex functions.

With :math:`G(y)` the mean cost of holding and backorders that inventory position :math:`y` leads
to, the best reorder point of a quantity has :math:`G(r) = G(r + Q)`. All SKUs move together, by
Newton's method from the outside of a convex function, where no step goes too far.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.exact.single_stage.stage_times import StageTimes
from echelon.lead_time.exposed_array import ExposedArray
from echelon.lead_time.exposure import exposure_of_periods
from echelon.lead_time.totals import ExposureDemand

_ROUNDS = 200
_CLOSE = 4e-15
_LEVELS = 32
_SECTIONS = 20
_GOLDEN = 0.5 * (5.0**0.5 - 1.0)


@dataclass(frozen=True, slots=True)
class PositionCost:
    """Cost of holding and backorders at the end of a period, by position: convex.

    Attributes
    ----------
    exposure : ExposureDemand of n
        Demand until then.
    holding, shortage : (n,) float64
        Money per unit and period.
    """

    exposure: ExposureDemand
    holding: Floats
    shortage: Floats

    def __call__(self, position: Floats) -> Floats:
        """Give the cost of each position, money per period."""
        owed = self.exposure.shortage(position)
        left = np.maximum(position - self.exposure.mean + owed, 0.0)
        return np.asarray(self.holding * left + self.shortage * owed)

    def slope(self, position: Floats) -> Floats:
        """Give its derivative, money per unit and period."""
        reached = self.exposure.cdf(position)
        return np.asarray((self.holding + self.shortage) * reached - self.shortage)

    def root(self, level: Floats, start: Floats) -> Floats:
        """Find where the cost comes down, or up, to a level, from a start beyond that."""
        position = start
        for _ in range(_ROUNDS):
            slope = self.slope(position)
            excess = self(position) - level
            with np.errstate(divide="ignore", invalid="ignore"):
                move = np.where((excess > 0.0) & (slope != 0.0), excess / slope, 0.0)
            position = position - move
            if (abs(move) <= _CLOSE * (abs(position) + self.exposure.std)).all():
                break
        return position

    def averages(self, point: Floats, quantity: Floats) -> tuple[Floats, Floats]:
        """Mean stock on hand and backorders where the position is uniform above the point.

        Parameters
        ----------
        point, quantity : (n,) ndarray of float64
            Units; a quantity of 0 keeps the position at the point.

        Returns
        -------
        on_hand, backorders : (n,) ndarray of float64
            Units.
        """
        high = point + quantity
        area = self.exposure.second_shortage(point) - self.exposure.second_shortage(high)
        # the mean lies between the ends, which a short way apart say it better than the area
        most, least = self.exposure.shortage(point), self.exposure.shortage(high)
        owed = np.clip(area / np.where(quantity > 0.0, quantity, 1.0), least, most)
        left = 0.5 * (point + high) - self.exposure.mean + owed
        return np.maximum(left, 0.0), owed

    def average(self, point: Floats, quantity: Floats) -> Floats:
        """Mean cost where the position is uniform above the point, money per period."""
        left, owed = self.averages(point, quantity)
        return np.asarray(self.holding * left + self.shortage * owed)


def density_policy(times: StageTimes, numbers: dict[str, Floats]) -> Floats:
    """Solve SKUs whose demand has a density.

    Parameters
    ----------
    times : StageTimes of n
    numbers : mapping of str to (n,) ndarray of float64
        Costs, and the reorder point or the order quantity where given.

    Returns
    -------
    (5, n) ndarray of float64
        Reorder point, order quantity, orders per period, stock on hand, backorders.
    """
    exposure = exposure_of_periods(times.laws, times.period_end)
    cost = PositionCost(exposure, numbers["holding_cost"], numbers["shortage_cost"])
    orders = Orders.of(times, numbers["fixed_cost"])
    point, quantity = numbers.get("reorder_point"), numbers.get("order_quantity")
    if point is None and quantity is None:
        point, quantity = least_cost(cost, orders)
    elif point is None:
        assert quantity is not None
        point = best_point(cost, quantity)
    elif quantity is None:
        quantity = least_cost(cost, orders, point)[1]
    assert quantity is not None
    left, owed = cost.averages(point, quantity)
    return np.stack((point, quantity, orders.per_period(quantity), left, owed))


@dataclass(frozen=True, slots=True)
class Orders:
    """How often orders are placed, and what they cost.

    Attributes
    ----------
    fixed_cost : (n,) float64
        Money per order.
    mean : (n,) float64
        Demand of a period, units.
    review_period : (n,) float64
        Periods; 0 where every quantity is an order.
    between : ExposureDemand of n
        Demand between two reviews.
    """

    fixed_cost: Floats
    mean: Floats
    review_period: Floats
    between: ExposureDemand

    @classmethod
    def of(cls, times: StageTimes, fixed_cost: Floats) -> Orders:
        """Read them from the demand and the review periods."""
        exposed = ExposedArray.of_numbers(times.step_periods)
        between = exposure_of_periods(times.laws, exposed)
        return cls(fixed_cost, times.laws.mean, times.review_period, between)

    def per_period(self, quantity: Floats) -> Floats:
        """Orders in a period; a quantity of 0 orders at every review with demand before it."""
        some = np.where(quantity > 0.0, quantity, 1.0)
        reviews = np.maximum(self.review_period, 1.0)
        most = 1.0 - self.between.cdf(np.zeros(1))
        least = 1.0 - self.between.cdf(quantity)
        taken = (self.mean * reviews - self.between.shortage(some)) / some
        once = np.clip(taken, least, most) / reviews
        return np.where(self.review_period > 0.0, once, self.mean / some)

    def cost(self, quantity: Floats) -> Floats:
        """Give their cost, money per period."""
        return np.asarray(self.fixed_cost * self.per_period(quantity))


def least_cost(
    cost: PositionCost, orders: Orders, point: Floats | None = None
) -> tuple[Floats, Floats]:
    r"""Find the best reorder point and quantity, or the best quantity above a given point.

    At the optimum :math:`G` equals the cost at both ends of the positions, or at the upper one. So
    the ends at which :math:`G` equals the cost of a policy make a better policy, and so on down:
    Newton's method on a convex function. Where a review places one order for several quantities,
    the best level lies there or below, and levels are searched.

    Parameters
    ----------
    cost : PositionCost
    orders : Orders
    point : (n,) ndarray of float64, optional
        Reorder point, units.

    Returns
    -------
    point, quantity : (n,) ndarray of float64
        Units.
    """
    bottom = best_base_stock(cost)
    budget = orders.fixed_cost * orders.mean
    parallel = 1.0 / (1.0 / cost.holding + 1.0 / cost.shortage)
    width = np.sqrt(2.0 * budget / parallel)  # of the deterministic model
    low = bottom - width * parallel / cost.shortage if point is None else point
    level = budget / width + cost.average(low, width)
    ends = _Ends(cost, bottom, point)
    low, high = ends.at(level, *ends.outside(level))
    for _ in range(_ROUNDS):
        width = high - low
        some = np.where(width > 0.0, width, 1.0)
        better = np.where(width > 0.0, budget / some + cost.average(low, width), level)
        done = level - better <= _CLOSE * level
        level = np.minimum(level, better)
        low, high = ends.at(level, low, high)
        if done.all():
            break
    quantity = high - low
    once = orders.review_period > 0.0
    if once.any():
        searched = _searched(ends, orders, level, low, high)
        low, quantity = np.where(once, searched, (low, quantity))
    return low, quantity


@dataclass(frozen=True, slots=True)
class _Ends:
    """The positions at which the cost has come down to a level, and at which it is up again."""

    cost: PositionCost
    bottom: Floats
    point: Floats | None

    def outside(self, level: Floats) -> tuple[Floats, Floats]:
        mean = self.cost.exposure.mean
        return mean - level / self.cost.shortage, mean + level / self.cost.holding

    def at(self, level: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        above = np.maximum(self.cost.root(level, high), self.bottom)
        if self.point is not None:
            return self.point, np.maximum(above, self.point)
        return np.minimum(self.cost.root(level, low), self.bottom), above


def _searched(
    ends: _Ends, orders: Orders, level: Floats, low: Floats, high: Floats
) -> tuple[Floats, Floats]:
    """Search the levels at and below one; a quantity of 0 orders up to the point."""
    cost = ends.cost
    base = ends.bottom if ends.point is None else ends.point
    least = cost(base if ends.point is None else np.maximum(base, ends.bottom))

    def policy(share: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
        low, high = ends.at(least + np.maximum(level - least, 0.0) * share**2, low, high)
        return low, high, orders.cost(high - low) + cost.average(low, high - low)

    grid = np.linspace(1.0, 0.0, _LEVELS + 1)
    tried = [(low, high, orders.cost(high - low) + cost.average(low, high - low))]
    for share in grid[1:-1]:  # from the outside in: each from the ends of the one before
        tried.append(policy(np.full(len(level), share), *tried[-1][:2]))
    costs = np.array([one[2] for one in tried])
    best = np.argmin(costs, axis=0)
    outer = np.maximum(best - 1, 0)
    column = np.arange(len(level))
    start = tuple(np.array([one[k] for one in tried])[outer, column] for k in (0, 1))
    upper, lower = grid[outer], grid[np.minimum(best + 1, _LEVELS)]
    found = tuple(np.array([one[k] for one in tried])[best, column] for k in (0, 1, 2))
    for _ in range(_SECTIONS):
        inner, other = upper - _GOLDEN * (upper - lower), lower + _GOLDEN * (upper - lower)
        near, far = policy(inner, *start), policy(other, *start)
        take = near[2] <= far[2]
        upper, lower = np.where(take, other, upper), np.where(take, lower, inner)
        for one in (near, far):
            better = one[2] < found[2]
            found = tuple(np.where(better, new, old) for new, old in zip(one, found, strict=True))
    nothing = np.zeros(len(level))
    # a quantity that vanishes costs the same to the last digits: then it is 0
    plain = orders.cost(nothing) + cost(base) <= found[2] * (1.0 + 1e-9)
    point, quantity = np.where(plain, base, found[0]), found[1] - found[0]
    return point, np.where(plain, 0.0, quantity)


def best_point(cost: PositionCost, quantity: Floats) -> Floats:
    """Find the reorder point of a given quantity: the cost is the same at both ends.

    Parameters
    ----------
    cost : PositionCost
    quantity : (n,) ndarray of float64
        Above 0, units.

    Returns
    -------
    (n,) ndarray of float64
        Units.
    """
    high = best_base_stock(cost)
    low = high - quantity
    point = 0.5 * (low + high)
    for turn in range(_ROUNDS):
        end = point + quantity
        gain = cost(end) - cost(point)
        low, high = np.where(gain < 0.0, point, low), np.where(gain < 0.0, high, point)
        slope = cost.slope(end) - cost.slope(point)
        with np.errstate(divide="ignore", invalid="ignore"):
            aimed = point - gain / slope
        inside = (aimed > low) & (aimed < high) & (turn % 4 < 3)
        before, point = point, np.where(inside, aimed, 0.5 * (low + high))
        if (abs(point - before) <= _CLOSE * (abs(point) + quantity)).all():
            break
    return point


def best_base_stock(cost: PositionCost) -> Floats:
    """Position of least cost, units."""
    return cost.exposure.ppf(cost.shortage / (cost.shortage + cost.holding))
