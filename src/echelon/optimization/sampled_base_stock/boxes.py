"""Branch and bound over boxes of levels: a proof for a few stages in series or put together.

In a box of levels each gap lies between two numbers on every path. Where that settles whether a
stage is late, late units are linear in the levels; elsewhere they lie between lines: the chord
above, and 0 or the gap less the level below. Put together from the customers upstream these lines
bound the cost from below by one linear function of the levels, least at a corner of the box. As
boxes get smaller fewer paths are undecided, and the lines get closer besides.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echelon.optimization.outcome import Outcome, relative_gap
from echelon.optimization.sampled_base_stock.descent import end_stages, is_whole, set_ends
from echelon.optimization.sampled_base_stock.problem import SampledProblem, Share, Target
from echelon.optimization.sampled_base_stock.recursion import (
    ROUNDING,
    Reading,
    allowed,
    evaluate,
)

Floats = NDArray[np.float64]

_TOGETHER: Final = 100_000
"""Boxes times paths that are bounded in one go."""

_MOST_STAGES: Final = 6

_MOST_BOXES: Final = 200_000
"""Bounded in all before the proof is left to a solver."""


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Boxes of levels, (n_boxes, n_stages) each, units; ``bound`` (n_boxes,) on the cost there."""

    low: Floats
    high: Floats
    bound: Floats

    def take(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Boxes:
        """Some of them."""
        return Boxes(self.low[chosen], self.high[chosen], self.bound[chosen])

    def with_others(self, others: Boxes) -> Boxes:
        """These and others."""
        return Boxes(
            np.concatenate([self.low, others.low]),
            np.concatenate([self.high, others.high]),
            np.concatenate([self.bound, others.bound]),
        )


def suits(problem: SampledProblem) -> bool:
    """Whether boxes can prove the problem: no tail, few levels."""
    return problem.tail is None and int(problem.free.sum()) <= _MOST_STAGES


def branch(
    problem: SampledProblem,
    known: tuple[Floats, Reading],
    gap: float,
    time_limit: float | None,
) -> tuple[Floats, Reading, Outcome]:
    """Prove levels, or better ones, on the paths.

    Parameters
    ----------
    problem : SampledProblem
        That :func:`suits`.
    known : (levels, reading)
        Of a plan that meets all targets.
    gap : float
        Relative, at which to stop.
    time_limit : float or None
        Seconds.
    """
    began = time.perf_counter()
    levels, reading = known
    ends = end_stages(problem)
    least = np.zeros((1, problem.n_stages))
    open_boxes = bounded(problem, least, problem.highest[None, :])
    together, done = max(_TOGETHER // problem.n_scenarios, 2), 0
    whole = is_whole(problem) and all(one.measure != "fill" for one in problem.targets)
    closed, termination = np.inf, "optimal"
    while len(open_boxes.bound):
        bound = min(float(open_boxes.bound.min()), closed, reading.objective)
        if relative_gap(reading.objective, bound) <= gap:
            break
        if time_limit is not None and time.perf_counter() - began > time_limit:
            termination = "time_limit_reached"
            break
        if done > _MOST_BOXES:
            termination = "too_many_boxes"
            break
        order = np.argsort(open_boxes.bound)
        first, rest = open_boxes.take(order[:together]), open_boxes.take(order[together:])
        tried = set_ends(problem, 0.5 * (first.low[0] + first.high[0]), ends)
        found = evaluate(problem, tried)
        if found.objective < reading.objective:
            levels, reading = tried, found
        open_boxes = rest.with_others(bounded(problem, *_halved(problem, first, whole)))
        done += 2 * len(first.bound)
        # what cannot be better by more than the gap need not be looked at again
        worth = open_boxes.bound < reading.objective * (1.0 - 0.5 * gap)
        closed = min(closed, float(open_boxes.bound[~worth].min(initial=np.inf)))
        open_boxes = open_boxes.take(worth)
    bound = min(float(open_boxes.bound.min(initial=np.inf)), closed, reading.objective)
    bound = max(bound, 0.0)
    proven = relative_gap(reading.objective, bound)
    outcome = Outcome(
        "optimal" if proven <= gap else "feasible",
        reading.objective,
        bound,
        proven,
        termination,
        time.perf_counter() - began,
    )
    return levels, reading, outcome


def _halved(problem: SampledProblem, boxes: Boxes, whole: bool) -> tuple[Floats, Floats]:
    """Halve every box where it is widest, in money; between whole numbers where levels are."""
    width = (boxes.high - boxes.low) * (problem.holding_cost + problem.backorder_cost)
    at = np.argmax(width, axis=1)
    row = np.arange(len(at))
    middle = 0.5 * (boxes.low[row, at] + boxes.high[row, at])
    low, high = boxes.low.copy(), boxes.high.copy()
    high[row, at] = np.floor(middle) if whole else middle
    low[row, at] = np.floor(middle) + 1.0 if whole else middle
    lows, highs = np.concatenate([boxes.low, low]), np.concatenate([high, boxes.high])
    some = (lows <= highs).all(axis=1)
    return lows[some], highs[some]


def bounded(problem: SampledProblem, low: Floats, high: Floats) -> Boxes:
    """Bound the cost in boxes of levels (n_boxes, n_stages), those without a plan left out."""
    least, most = _gaps(problem, low, high)
    low = low.copy()
    possible = np.ones(len(low), dtype=np.bool_)
    for target in problem.targets:
        floor = _floor(problem, target, least)
        low[:, target.stage] = np.maximum(low[:, target.stage], floor)
        possible &= floor <= high[:, target.stage] * (1.0 + ROUNDING) + ROUNDING
    low = np.minimum(low, high)
    lines = _Lines(problem, low, high, least, most)
    boxes = Boxes(low, high, lines.bound())
    return boxes.take(possible)


def _gaps(problem: SampledProblem, low: Floats, high: Floats) -> tuple[list[Floats], list[Floats]]:
    """Least and largest gap of every point in boxes, (n_boxes, n_scenarios)."""
    ends: tuple[list[Floats], list[Floats]] = ([], [])
    for gaps, levels in zip(ends, (high, low), strict=True):
        late: list[Floats] = []
        for point in problem.points:
            gap = np.maximum.reduce([route.gap(late) for route in point.routes])
            gap = np.broadcast_to(gap, (len(levels), problem.n_scenarios))
            gaps.append(gap)
            late.append(np.maximum(gap - levels[:, point.stage, None], 0.0))
    return ends


def _floor(problem: SampledProblem, target: Target, least: list[Floats]) -> Floats:
    """Level (n_boxes,) that a target needs at the least gaps; of a fill rate nothing is said."""
    if target.measure == "fill":
        return _fill_floor(problem, target, least)
    groups = problem.cycles[target.stage]
    if target.measure == "ready":
        groups = tuple(p[None] for p in problem.counted[target.stage])
    worst = [np.maximum.reduce([least[p] for p in group]) for group in groups]
    events = np.concatenate(worst, axis=1)
    place = events.shape[1] - 1 - allowed(target, events.shape[1])
    return np.asarray(np.partition(events, place, axis=1)[:, place])


def _fill_floor(problem: SampledProblem, target: Target, least: list[Floats]) -> Floats:
    """By halving, rounded down: late units fall with the level."""
    numbers = problem.counted[target.stage].tolist()
    due = np.concatenate([problem.points[p].due for p in numbers])
    bought = np.concatenate([problem.points[p].due_customers for p in numbers])
    share = np.divide(bought, due, out=np.zeros_like(due), where=due > 0.0)
    gap = np.concatenate([least[p] for p in numbers], axis=1)
    may = (1.0 - target.level) * float(bought.sum()) * (1.0 + ROUNDING)
    low, high = np.zeros(len(gap)), np.maximum(gap.max(axis=1), 0.0)
    for _ in range(20):
        middle = 0.5 * (low + high)
        late = np.clip(gap - middle[:, None], 0.0, due) @ share
        low, high = np.where(late > may, middle, low), np.where(late > may, high, middle)
    return low


class _Lines:
    """The cost in boxes from below, as a line: from the customers upstream.

    ``of_gap`` and ``of_late`` hold, per point, the factors (n_boxes, n_scenarios) with which its
    gap and its late units count in what is still to be put in terms of levels.
    """

    def __init__(
        self,
        problem: SampledProblem,
        low: Floats,
        high: Floats,
        least: list[Floats],
        most: list[Floats],
    ) -> None:
        self._problem, self._low, self._high = problem, low, high
        self._least, self._most = least, most
        shape = (len(low), problem.n_scenarios)
        self._constant = np.zeros(shape)
        self._of_level = np.zeros_like(low)
        self._of_gap = [np.zeros(shape) for _ in problem.points]
        self._of_late = [np.zeros(shape) for _ in problem.points]

    def bound(self) -> Floats:
        """Least of the line in each box, money per period."""
        problem = self._problem
        for j, numbers in enumerate(problem.counted):
            held, owed = float(problem.holding_cost[j]), float(problem.backorder_cost[j])
            for p in numbers.tolist():
                weight = 1.0 / len(numbers)
                self._of_level[:, j] += weight * held * problem.n_scenarios
                self._of_gap[p] -= weight * held
                self._of_late[p] += weight * (held + owed)
        for p in reversed(range(len(problem.points))):
            self._replace_late(p)
            self._replace_gap(p)
        corner = np.where(self._of_level >= 0.0, self._low, self._high)
        total = self._constant.sum(axis=1) + (self._of_level * corner).sum(axis=1)
        return np.asarray(total / problem.n_scenarios)

    def _replace_late(self, p: int) -> None:
        """Late units by a line of the gap less the level."""
        j, factor = self._problem.points[p].stage, self._of_late[p]
        least = self._least[p] - self._high[:, j, None]
        most = self._most[p] - self._low[:, j, None]
        width = np.maximum(most - least, 1e-300)
        undecided = (least < 0.0) & (most > 0.0)
        chord = np.divide(most, width, out=np.zeros_like(width), where=undecided)
        below = np.where(most > -least, 1.0, 0.0)
        slope = np.where(undecided, np.where(factor >= 0.0, below, chord), (least >= 0.0) * 1.0)
        lifted = np.where(undecided & (factor < 0.0), -chord * least, 0.0)
        self._constant += factor * lifted
        self._of_gap[p] += factor * slope
        self._of_level[:, j] -= (factor * slope).sum(axis=1)

    def _replace_gap(self, p: int) -> None:
        """The gap by what its supplies leave open."""
        point = self._problem.points[p]
        if len(point.routes) == 1:
            self._add_route(p, 0, self._of_gap[p])
            return
        routes = point.routes
        costs = np.array(self._problem.part_cost[point.stage])
        numbers = self._problem.counted[point.stage]
        weight = 1.0 / len(numbers) if p in numbers else 0.0
        factor = self._of_gap[p] + weight * float(costs.sum())
        least, most = self._route_bounds(p)
        best = np.argmax(least, axis=0)  # the scarcest for certain, if any is
        others = np.where(np.arange(len(routes))[:, None, None] == best, -np.inf, most)
        certain = others.max(axis=0) <= least.max(axis=0)
        rising = factor >= 0.0
        self._constant += np.where(certain | rising, 0.0, factor * self._most[p])
        for r in range(len(routes)):
            own = np.where((best == r) & (certain | rising), factor, 0.0)
            self._add_route(p, r, own - weight * costs[r])

    def _add_route(self, p: int, r: int, factor: Floats) -> None:
        route = self._problem.points[p].routes[r]
        self._constant += factor * route.open
        if route.point < 0:
            return
        factor = factor / route.units
        if route.share is None:
            self._of_late[route.point] += factor
            return
        supplier = self._problem.points[route.point].stage
        least = np.maximum(self._least[route.point] - self._high[:, supplier, None], 0.0)
        most = np.maximum(self._most[route.point] - self._low[:, supplier, None], 0.0)
        start, slope, under, over = _chord(route.share, least, most)
        self._constant += factor * (start - slope * least + np.where(factor >= 0.0, under, over))
        self._of_late[route.point] += factor * slope

    def _route_bounds(self, p: int) -> tuple[Floats, Floats]:
        """Least and largest of what each supply leaves open, (n_routes, n_boxes, n_scenarios)."""
        problem = self._problem
        shape = self._constant.shape
        both: list[Floats] = []
        for gaps, levels in ((self._least, self._high), (self._most, self._low)):
            late = [
                np.maximum(gap - levels[:, point.stage, None], 0.0)
                for point, gap in zip(problem.points[: p + 1], gaps, strict=False)
            ]
            routes = problem.points[p].routes
            both.append(np.array([np.broadcast_to(one.gap(late), shape) for one in routes]))
        return both[0], both[1]


def _chord(share: Share, least: Floats, most: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """A share of late units as a line between two numbers of them, (n_boxes, n_scenarios) each.

    Returns
    -------
    start, slope : float64 arrays
        Of the chord, which starts at ``least``.
    under, over : float64 arrays
        How far the share goes below (<= 0) and above it (>= 0) in between.
    """
    top = float(most.max(initial=0.0))
    before = np.cumsum(share.total, axis=0) - share.total
    used = int(np.count_nonzero((before < top).any(axis=1)))
    total, own, before = share.total[:used], share.own[:used], before[:used]
    part = np.divide(own, total, out=np.zeros_like(own), where=total > 0.0)
    start, end = np.zeros_like(least), np.zeros_like(least)
    for k in range(used):
        start += np.clip(least - before[k], 0.0, total[k]) * part[k]
        end += np.clip(most - before[k], 0.0, total[k]) * part[k]
    width = most - least
    slope = np.divide(end - start, width, out=np.zeros_like(width), where=width > 0.0)
    under, over = np.zeros_like(least), np.zeros_like(least)
    value = np.cumsum(own, axis=0) - own  # of the share at each break
    for k in range(used):
        inside = (before[k] > least) & (before[k] < most)
        off = np.where(inside, value[k] - start - slope * (before[k] - least), 0.0)
        under, over = np.minimum(under, off), np.maximum(over, off)
    return start, slope, under, over
