"""Which unit of supply serves which need: orders pegged to what is issued, first in first out."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass

import numpy as np

from echelon.network.compiled import Booleans, Floats, Integers
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.solution import TargetSolution

INHERITED = -1
"""Order period of what the plan found: opening stock and open orders."""

_NEVER = 1 << 40
"""Period in which a unit without a shelf life expires."""

_DUST = 1e-12
"""Share of the largest quantity of a stage below which a quantity is rounding."""


@dataclass(frozen=True, slots=True)
class Pegs:
    """Units of one stage, in portions that came together and leave together.

    Attributes
    ----------
    ordered : (P,) int64
        Period of the order, :data:`INHERITED` where the plan did not order it.
    arrived : (P,) int64
        Period in which it joins the on-hand stock, -1 for opening stock.
    issued : (P,) int64
        Period in which it leaves it; ``n_periods`` where it is there at the end.
    used : (P,) bool
        Whether it serves a customer or a receiving stage; else it expires or is left over.
    units : (P,) float64
        Portions are in the order in which they leave.
    """

    ordered: Integers
    arrived: Integers
    issued: Integers
    used: Booleans
    units: Floats

    def on_hand(self, n_periods: int) -> Floats:
        """Units of each portion on hand at the end of each period: (P, n_periods) float64."""
        period = np.arange(n_periods)[None, :]
        there = (self.arrived[:, None] <= period) & (period < self.issued[:, None])
        return np.asarray(self.units[:, None] * there)

    def part(self, which: Integers, units: Floats) -> Pegs:
        """Take portions by number, with other quantities."""
        return Pegs(
            self.ordered[which], self.arrived[which], self.issued[which], self.used[which], units
        )


def peg(problem: TargetProblem, solution: TargetSolution, stage: int) -> Pegs:
    """Peg all that comes to a stage to what leaves it.

    What arrived first leaves first; at a stage that makes an item with a shelf life, what expires
    first does. Of the units that leave in one period those that expire are the oldest.
    """
    lots = _supply(problem, solution, stage)
    used, expired = _issues(problem, solution, stage)
    scale = max((lot[4] for lot in lots), default=0.0)
    rows = _issue_in_turn(lots, used, expired, _DUST * scale)
    rows.sort(key=lambda row: row[2])  # stable: those of one period stay in turn
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), (), ()]
    ordered, arrived, issued = (np.array(column, dtype=np.int64) for column in columns[:3])
    return Pegs(
        ordered,
        arrived,
        issued,
        np.array(columns[3], dtype=np.bool_),
        np.array(columns[4], dtype=np.float64),
    )


def _issues(problem: TargetProblem, solution: TargetSolution, stage: int) -> tuple[Floats, Floats]:
    """Units that leave the stock to be used, and to expire, by period."""
    here = problem.demand_stage == stage
    used = solution.served[here].sum(axis=0) + solution.component_use[stage]
    return np.asarray(used), solution.expired[stage]


Lot = tuple[int, int, int, int, float]
"""Turn, number, order period, arrival and units of what comes together; least turn goes first."""


def _supply(problem: TargetProblem, solution: TargetSolution, stage: int) -> list[Lot]:
    """Everything that is or comes on hand: opening stock, open orders and planned orders."""
    makes_life = bool(problem.shelf_life[stage]) and not problem.carries_life[stage]
    found: list[tuple[int, int, int, float]] = []  # order period, arrival, expiry, units
    for stock_stage, life, units in zip(
        problem.stock_stage, problem.stock_life, problem.stock_quantity, strict=True
    ):
        if stock_stage == stage:
            found.append((INHERITED, -1, int(life) - 1 if life else _NEVER, float(units)))
    for open_stage, period, life, units in zip(
        problem.open_stage,
        problem.open_period,
        problem.open_life,
        problem.open_quantity,
        strict=True,
    ):
        if open_stage == stage:
            expires = int(period + life) - 1 if life else _NEVER
            found.append((INHERITED, int(period), expires, float(units)))
    found += _ordered(problem, solution, stage)
    within = [lot for lot in found if lot[1] < problem.n_periods and lot[3] > 0.0]
    return [
        (expires if makes_life else arrived, number, order, arrived, units)
        for number, (order, arrived, expires, units) in enumerate(within)
    ]


def _ordered(
    problem: TargetProblem, solution: TargetSolution, stage: int
) -> list[tuple[int, int, int, float]]:
    """Order period, arrival, expiry and units of planned orders.

    What joins the stock in a period is the plan's number: where units on the way were given up for
    their age, it is less than what was ordered for it.
    """
    hold = int(problem.make_time[stage] + problem.release_time[stage])
    life = int(problem.shelf_life[stage])
    lots = []
    comes = np.zeros(problem.n_periods)
    for order, start, units in orders_by_start(problem, solution, stage):
        made = start + int(problem.make_time[stage])
        if start + hold < problem.n_periods:
            comes[start + hold] += units
            lots.append((order, start + hold, made + life - 1 if life else _NEVER, units))
    by = np.divide(solution.arrivals[stage], comes, out=np.zeros_like(comes), where=comes > 0.0)
    return [(order, at, expires, units * float(by[at])) for order, at, expires, units in lots]


def orders_by_start(
    problem: TargetProblem, solution: TargetSolution, stage: int
) -> list[tuple[int, int, float]]:
    """Order period, start and units of each part of each order of a stage."""
    rows = []
    for way in np.flatnonzero(problem.way_stage == stage).tolist():
        parts = np.flatnonzero(problem.start_way == way).tolist()
        for order in np.flatnonzero(solution.orders_by_way[way] > 0.0).tolist():
            units = float(solution.orders_by_way[way, order])
            rows += [
                (
                    order,
                    order + int(problem.start_offset[part]),
                    units * float(problem.start_share[part]),
                )
                for part in parts
            ]
    return rows


def _issue_in_turn(
    lots: list[Lot], used: Floats, expired: Floats, dust: float
) -> list[tuple[int, int, int, bool, float]]:
    """Take what leaves in each period from the lots that are there, in their turn."""
    n_periods = len(used)
    coming = sorted(lots, key=lambda lot: lot[3], reverse=True)
    waiting: list[list[float | int]] = []  # turn, number, order period, arrival, units left
    rows: list[tuple[int, int, int, bool, float]] = []
    for period in range(n_periods):
        while coming and coming[-1][3] <= period:
            insort(waiting, list(coming.pop()))
        for leaving, is_used in ((float(expired[period]), False), (float(used[period]), True)):
            left = leaving
            while left > dust and waiting:
                first = waiting[0]
                taken = min(left, float(first[4]))
                rows.append((int(first[2]), int(first[3]), period, is_used, taken))
                left -= taken
                first[4] -= taken
                if first[4] <= dust:
                    del waiting[0]
    rows += [(int(lot[2]), int(lot[3]), n_periods, False, float(lot[4])) for lot in waiting]
    return rows
