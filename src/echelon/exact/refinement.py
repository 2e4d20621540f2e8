"""Prove a plan where candidate service times are too many to list: cells of times, refined.

A cell stands for all ticks of an interval. Taking each stage's cheapest pair of times within two
cells, and letting a lane pass whenever some times in its cells do, relaxes the problem, so its
optimum is a lower bound. Cells that no plan cheaper than the best one known can use are dropped,
the others are halved, and so the bound rises to the cost of the plan. Nothing is put on a grid:
the cells of the last round are as small as the proof needs, and the plan's times are exact.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from echelon.exact.dual_ascent import Ascent, ascend
from echelon.exact.problem import CostFunction, ServiceTimeProblem
from echelon.exact.service_times import ServiceTimes
from echelon.network.compiled import Integers

_FIRST_POINTS = 24
_MOST_ROUNDS = 200
_MOST_PAIRS = 60_000_000


@dataclass(frozen=True, slots=True)
class Cells:
    """Disjoint intervals of ticks, ascending, for the inbound and outbound time of each stage.

    Attributes
    ----------
    inbound, outbound : list of (n, 2) int64 arrays
        First and last tick of each cell.
    """

    inbound: list[Integers]
    outbound: list[Integers]

    @classmethod
    def around(cls, times: ServiceTimes) -> Cells:
        """Cover the windows with points at the candidates nearest to a root, and gaps between."""
        inbound, outbound, _ = times.candidates(most=_FIRST_POINTS)
        return cls([_with_gaps(points) for points in inbound], [_with_gaps(p) for p in outbound])

    @property
    def n_cells(self) -> int:
        """How many cells, over all stages."""
        return sum(len(cells) for cells in self.inbound + self.outbound)

    @property
    def n_pairs(self) -> int:
        """How many pairs of cells the relaxed problem tabulates."""
        return sum(len(a) * len(b) for a, b in zip(self.inbound, self.outbound, strict=True))

    @property
    def all_points(self) -> bool:
        """Whether no cell can be halved."""
        return all((cells[:, 0] == cells[:, 1]).all() for cells in self.inbound + self.outbound)

    def relaxed(self, times: ServiceTimes, cost: CostFunction) -> ServiceTimeProblem:
        """Give the problem over cells: an optimistic cost per pair, an optimistic lane."""
        ticks = times.ticks_per_period
        tables = []
        for j, (heard, quoted) in enumerate(zip(self.inbound, self.outbound, strict=True)):
            table = cost.table(j, heard[:, 0] / ticks, quoted[:, 1] / ticks)
            latest = heard[:, 1, None] + times.process[j]
            earliest = heard[:, 0, None] + times.process[j]
            forbidden = latest < quoted[None, :, 0]
            if not times.can_stock[j]:
                forbidden |= earliest > quoted[None, :, 1]
            tables.append(np.where(forbidden, np.inf, table))
        return ServiceTimeProblem(
            times,
            [np.ascontiguousarray(cells[:, 1]) for cells in self.inbound],
            [np.ascontiguousarray(cells[:, 0]) for cells in self.outbound],
            tables,
        )

    def refined(self, ascent: Ascent, relaxed: ServiceTimeProblem, cost: float) -> Cells:
        """Drop the cells that no plan cheaper than ``cost`` can use, and halve the others.

        A cell's regret is what the bound rises by when the cell is forced.
        """
        slack = ascent.slack(relaxed, cost)
        inbound, outbound = [], []
        for j, table in enumerate(relaxed.cost):
            regret = ascent.regret(j, table)
            inbound.append(_halved(self.inbound[j][regret.min(axis=1) <= slack]))
            outbound.append(_halved(self.outbound[j][regret.min(axis=0) <= slack]))
        return Cells(inbound, outbound)


@dataclass(frozen=True, slots=True)
class Refinement:
    """A plan and its bound.

    Attributes
    ----------
    service : (n_stages,) int64
        Outbound service times, ticks.
    cost, bound : float
        Money per period.
    rounds : int
    termination : str
    """

    service: Integers
    cost: float
    bound: float
    rounds: int
    termination: str


def refine(
    times: ServiceTimes,
    cost: CostFunction,
    *,
    gap: float,
    time_limit: float | None = None,
) -> Refinement:
    """Halve the cells a cheaper plan could use until the bound meets the plan's cost.

    Parameters
    ----------
    times : ServiceTimes
    cost : CostFunction
        Must be concave, or at least rise with the net replenishment time.
    gap : float
        Relative gap at which to stop.
    time_limit : float, optional
        Seconds.

    Returns
    -------
    Refinement
    """
    began = time.perf_counter()
    cells = Cells.around(times)
    plans = _Plans(times, cost)
    bound = -np.inf
    termination = "no progress"
    rounds = 0
    while rounds < _MOST_ROUNDS:
        rounds += 1
        relaxed = cells.relaxed(times, cost)
        left = _left(began, time_limit)
        ascent = ascend(relaxed, gap=max(gap, 0.02 * plans.gap(bound)), time_limit=left, trees=0)
        for side in (cells.outbound, [quoted[:, ::-1] for quoted in cells.outbound]):
            plans.offer(
                np.array(
                    [quoted[b, 0] for quoted, b in zip(side, ascent.choice.outbound, strict=True)]
                )
            )
        plans.improve(gap, _left(began, time_limit))
        bound = max(bound, min(ascent.bound, plans.cost))
        if plans.gap(bound) <= gap:
            termination = "optimal"
            break
        if time_limit is not None and time.perf_counter() - began > time_limit:
            termination = "time_limit"
            break
        finer = cells.refined(ascent, relaxed, plans.cost)
        if finer.n_cells == cells.n_cells and finer.all_points:
            break
        if finer.n_pairs > _MOST_PAIRS:
            termination = "memory_limit"
            break
        cells = finer
    return Refinement(plans.service, plans.cost, bound, rounds, termination)


class _Plans:
    """The best plan met so far, and the service times worth combining into a better one."""

    def __init__(self, times: ServiceTimes, cost: CostFunction) -> None:
        self._times, self._cost = times, cost
        self._inbound, self._outbound, _ = times.candidates(most=_FIRST_POINTS)
        self._fresh = True
        self.service, self.cost = times.outbound_low, np.inf
        self.offer(times.outbound_low)

    def gap(self, bound: float) -> float:
        """Relative distance of the best plan from a bound; 1 where there is none yet."""
        return min(1.0, (self.cost - bound) / max(abs(self.cost), 1e-12))

    def offer(self, service: Integers) -> None:
        """Settle a plan, keep it if it is the best, and keep its times as candidates."""
        times, ticks = self._times, self._times.ticks_per_period
        inbound, outbound = times.settled(service)
        cost = sum(
            float(
                self._cost.table(j, inbound[j : j + 1] / ticks, outbound[j : j + 1] / ticks)[0, 0]
            )
            for j in range(times.n_stages)
        )
        if cost < self.cost:
            self.service, self.cost, self._fresh = outbound, cost, True
        for kept, new in ((self._inbound, inbound), (self._outbound, outbound)):
            for j, value in enumerate(new):
                if value not in kept[j]:
                    kept[j] = np.union1d(kept[j], value)

    def improve(self, gap: float, time_limit: float | None) -> None:
        """Search the plans made of candidate times, once after each gain."""
        if not self._fresh:
            return
        self._fresh = False
        problem = ServiceTimeProblem.of(self._times, self._cost, self._inbound, self._outbound)
        start = problem.locate(*self._times.settled(self.service))
        self.offer(
            problem.chosen(ascend(problem, gap=gap, time_limit=time_limit, start=start).choice)[1]
        )


def _with_gaps(points: Integers) -> Integers:
    """Turn points into cells of one tick, and the gaps between neighbours into cells."""
    gaps = np.column_stack([points[:-1] + 1, points[1:] - 1])
    cells = np.concatenate([np.column_stack([points, points]), gaps[gaps[:, 0] <= gaps[:, 1]]])
    return cells[np.argsort(cells[:, 0])]


def _halved(cells: Integers) -> Integers:
    wide = cells[:, 0] < cells[:, 1]
    middle = (cells[:, 0] + cells[:, 1]) // 2
    first = np.column_stack([cells[:, 0], np.where(wide, middle, cells[:, 1])])
    second = np.column_stack([middle + 1, cells[:, 1]])[wide]
    both = np.concatenate([first, second])
    return both[np.argsort(both[:, 0])]


def _left(began: float, time_limit: float | None) -> float | None:
    return None if time_limit is None else max(time_limit - (time.perf_counter() - began), 0.0)
