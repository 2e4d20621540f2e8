"""Where one level decides: the sampled problem by sorting, in place of a solver.

With one level :math:`S` and gaps :math:`x` the objective is convex and piecewise linear in
:math:`S`, and every service measure and the tail of the shortage cost get better with :math:`S`. So
each requirement is a floor under the level, and the best level is the least cost's or the highest
floor, whichever is higher. All of them are found among sorted gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from echelon.optimization.sampled_base_stock.problem import SampledProblem, Tail, Target
from echelon.optimization.sampled_base_stock.recursion import ROUNDING, allowed

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SingleLevel:
    """One stage on sampled paths.

    Attributes
    ----------
    gap : (n_periods, n_scenarios) float64
        What is asked for and not received, units.
    due, share : (n_periods, n_scenarios) float64
        Units asked for in the period, and what part of them customers ask for.
    cycles : tuple of slice
        Periods of each replenishment cycle.
    holding_cost, backorder_cost : float
        Money per unit and period.
    tail : Tail or None
    """

    gap: Floats
    due: Floats
    share: Floats
    cycles: tuple[slice, ...]
    holding_cost: float
    backorder_cost: float
    tail: Tail | None

    @classmethod
    def of(cls, problem: SampledProblem, stage: int, gap: list[Floats]) -> SingleLevel:
        """Take a stage that supplies nobody, with its gaps by point."""
        numbers = problem.counted[stage].tolist()
        due = np.array([problem.points[p].due for p in numbers])
        bought = np.array([problem.points[p].due_customers for p in numbers])
        length = len(problem.cycles[stage][0])
        return cls(
            gap=np.array([gap[p] for p in numbers]),
            due=due,
            share=np.divide(bought, due, out=np.zeros_like(due), where=due > 0.0),
            cycles=tuple(slice(i, i + length) for i in range(0, len(numbers), length)),
            holding_cost=float(problem.holding_cost[stage]),
            backorder_cost=float(problem.backorder_cost[stage]),
            tail=problem.tail,
        )

    def best(self, targets: tuple[Target, ...]) -> float:
        """Least of the cheapest levels that meet all targets and the limit on the tail, >= 0."""
        floor = max([0.0, *(self.floor(target) for target in targets)])
        if self.tail is not None and np.isfinite(self.tail.limit):
            floor = max(floor, self._tail_floor(self.tail))
        return max(floor, self._cheapest())

    def floor(self, target: Target) -> float:
        """Least level with which a target is met."""
        if target.measure == "fill":
            return self._fill_floor(target.level)
        events = self.gap
        if target.measure == "cycle":
            events = np.array([self.gap[cycle].max(axis=0) for cycle in self.cycles])
        may = allowed(target, events.size)
        place = events.size - 1 - may
        return float(np.partition(events.ravel(), place)[place])

    def _fill_floor(self, level: float) -> float:
        """Least level with at most a share ``1 - level`` of units late when they are asked for.

        What is late of a period's ``d`` units is ``min(d, (x - S)^+)``, so that the slope of the
        sum changes by a customer's share at each ``x`` and back at each ``x - d``.
        """
        some = self.due > 0.0
        gap, due, share = self.gap[some], self.due[some], self.share[some]
        may = (1.0 - level) * float((due * share).sum()) * (1.0 + ROUNDING)
        knots = np.concatenate([gap, gap - due])
        change = np.concatenate([share, -share])
        order = np.argsort(-knots)
        knots, slope = knots[order], np.cumsum(change[order])  # slope below each knot
        late = np.concatenate([[0.0], np.cumsum(slope[:-1] * (knots[:-1] - knots[1:]))])
        if not len(knots) or late[-1] <= may:
            return 0.0
        at = int(np.searchsorted(late, may, side="right")) - 1  # the level lies below this knot
        return float(knots[at] - (may - late[at]) / slope[at])

    def _cheapest(self) -> float:
        """Least cost without any requirement."""
        if self.backorder_cost <= 0.0:
            return 0.0
        if self.tail is None or self.tail.weight == 0.0:
            ratio = self.backorder_cost / (self.backorder_cost + self.holding_cost)
            place = max(ceil(self.gap.size * ratio * (1.0 - ROUNDING)) - 1, 0)
            return max(float(np.partition(self.gap.ravel(), place)[place]), 0.0)
        return self._lowest()

    def cost(self, level: float) -> float:
        """Objective at a level, money per period."""
        return self._cost_and_slope(level)[0]

    def _cost_and_slope(self, level: float) -> tuple[float, float]:
        """Cost, and its slope to the right."""
        late = np.maximum(self.gap - level, 0.0)
        is_late = self.gap > level
        on_hand = level - self.gap + late
        loss = self.backorder_cost * late.mean(axis=0)
        less = -self.backorder_cost * is_late.mean(axis=0)
        cost = self.holding_cost * float(on_hand.mean())
        slope = self.holding_cost * float(1.0 - is_late.mean())
        weight = 0.0 if self.tail is None else self.tail.weight
        cost += (1.0 - weight) * float(loss.mean())
        slope += (1.0 - weight) * float(less.mean())
        if self.tail is not None and weight > 0.0:
            tail, tail_slope = _tail_and_slope(self.tail, loss, less)
            cost += weight * tail
            slope += weight * tail_slope
        return cost, slope

    def _lowest(self) -> float:
        """Least level of least cost: halve the knots between a fall and a rise, then meet lines.

        Between two neighbouring gaps every path's loss is linear, and the tail of them convex.
        """
        knots = np.unique(np.concatenate([[0.0], self.gap.ravel()]))
        knots = knots[knots >= 0.0]
        if self._cost_and_slope(knots[0])[1] >= 0.0:
            return float(knots[0])
        low, high = 0, len(knots) - 1  # falls at low, does not at high
        while high - low > 1:
            middle = (low + high) // 2
            if self._cost_and_slope(float(knots[middle]))[1] >= 0.0:
                high = middle
            else:
                low = middle
        left, right = float(knots[low]), float(knots[high])
        value, slope = self._cost_and_slope(left)
        # the line that reaches ``right`` from the left
        end, rise = self.cost(right), self._slope_into(right, left)
        while slope < 0.0 and rise > 0.0:
            meet = (end - value + slope * left - rise * right) / (slope - rise)
            lowest = value + slope * (meet - left)
            at, to_right = self._cost_and_slope(meet)
            if at <= lowest + ROUNDING * (1.0 + abs(lowest)) or not left < meet < right:
                return float(meet)
            if to_right >= 0.0:
                right, end, rise = meet, at, to_right
            else:
                left, value, slope = meet, at, to_right
        return right

    def _slope_into(self, right: float, left: float) -> float:
        """Slope of the cost where it reaches ``right`` from ``left``, its nearest knot."""
        late = np.maximum(self.gap - right, 0.0)
        is_late = self.gap > left  # all that are late anywhere between the two
        loss = self.backorder_cost * late.mean(axis=0)
        less = -self.backorder_cost * is_late.mean(axis=0)
        weight = 0.0 if self.tail is None else self.tail.weight
        slope = self.holding_cost * float(1.0 - is_late.mean()) + (1.0 - weight) * float(
            less.mean()
        )
        if self.tail is not None and weight > 0.0:
            # to the left a path of equal loss gains most that is late most often
            slope += weight * _tail_and_slope(self.tail, loss, less, leftward=True)[1]
        return slope

    def _tail_floor(self, tail: Tail) -> float:
        """Least level with which the tail of the shortage cost is within its limit.

        The tail is convex and falls, so Newton's steps from the left never pass the level sought,
        and end at it, for the tail is piecewise linear.
        """
        level = 0.0
        while True:
            late = np.maximum(self.gap - level, 0.0)
            loss = self.backorder_cost * late.mean(axis=0)
            less = -self.backorder_cost * (self.gap > level).mean(axis=0)
            value, slope = _tail_and_slope(tail, loss, less)
            over = value - tail.limit
            if over <= ROUNDING * (1.0 + tail.limit) or slope >= 0.0:
                return level
            level -= over / slope


def _tail_and_slope(
    tail: Tail, loss: Floats, less: Floats, *, leftward: bool = False
) -> tuple[float, float]:
    """Mean of the worst losses and how it changes with the level, to the right or to the left."""
    # among equal losses, to the right those count that fall least, to the left those that do most
    order = np.lexsort((-less if not leftward else less, -loss))
    count = (1.0 - tail.level) * len(loss)
    weight = np.clip(count - np.arange(len(loss)), 0.0, 1.0)
    return float(loss[order] @ weight / count), float(less[order] @ weight / count)
