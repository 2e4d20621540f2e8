"""Prove a plan where candidate service times are too many to list: cells of times, refined.

A cell stands for all ticks of an interval. Taking each stage's cheapest pair of times within two
cells, and letting a lane pass whenever some times in its cells do, relaxes the problem, so its
optimum is a lower bound. Cells that no plan cheaper than the best one known can use are dropped,
the others are halved, and so the bound rises to the cost of the plan. Nothing is put on a grid:
the cells of the last round are as small as the proof needs, and the plan's times are exact.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from echelon.exact.guaranteed_service.dual_ascent import Ascent, ascend, fold_and_ascend
from echelon.exact.guaranteed_service.problem import CostFunction, ServiceTimeProblem, tabulate
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import Integers

_FIRST_POINTS = 24
_MOST_ROUNDS = 200
_MOST_PAIRS = 60_000_000
_MOST_HALVINGS = 8
_MOST_ROUNDED_PAIRS = 15_000_000
_WINDOW_STEPS = 2
_WINDOW_CANDIDATES = 60

Window: TypeAlias = tuple[Integers, Integers]


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
        windows = (times.inbound_low, times.inbound_high), (times.outbound_low, times.outbound_high)
        heard, quoted = (
            [
                _with_gaps(np.union1d(points, [low, high]))
                for points, low, high in zip(side, *window, strict=True)
            ]
            for side, window in zip((inbound, outbound), windows, strict=True)
        )
        return cls(heard, quoted)

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
        tables = []
        for j, (heard, quoted) in enumerate(zip(self.inbound, self.outbound, strict=True)):
            latest = heard[:, 1, None] + times.process[j]
            earliest = heard[:, 0, None] + times.process[j]
            tau = earliest - quoted[None, :, 1]
            table = tabulate(times, cost, j, heard[:, 0], quoted[:, 1], tau)
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

    def contenders(self, ascent: Ascent, relaxed: ServiceTimeProblem, cost: float) -> Cells:
        """Keep the cells that a plan cheaper than ``cost`` can use.

        A cell's regret is what the bound rises by when the cell is forced.
        """
        slack = ascent.slack(relaxed, cost)
        inbound, outbound = [], []
        for j, table in enumerate(relaxed.cost):
            regret = ascent.regret(j, table)
            inbound.append(self.inbound[j][regret.min(axis=1) <= slack])
            outbound.append(self.outbound[j][regret.min(axis=0) <= slack])
        return Cells(inbound, outbound)

    def halved(self) -> Cells:
        """Halve the cells that are not points."""
        return Cells([_halved(c) for c in self.inbound], [_halved(c) for c in self.outbound])

    def hulls(self) -> tuple[Window, Window]:
        """First and last tick of all cells of each time, inbound and outbound."""
        return (
            (_ends(self.inbound, 0), _ends(self.inbound, -1)),
            (_ends(self.outbound, 0), _ends(self.outbound, -1)),
        )


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
    clock = _Clock(gap, time_limit)
    plans = _Plans(times, cost)
    bound = _bound_by_rounding(times, cost, plans, clock)
    cells = Cells.around(times)
    termination = "no progress"
    rounds = 0
    while rounds < _MOST_ROUNDS and plans.gap(bound) > gap:
        rounds += 1
        relaxed = cells.relaxed(times, cost)
        close = max(gap, 0.02 * plans.gap(bound))
        ascent = ascend(relaxed, gap=close, time_limit=clock.left(), trees=0)
        for side in (cells.outbound, [quoted[:, ::-1] for quoted in cells.outbound]):
            plans.offer(
                np.array(
                    [quoted[b, 0] for quoted, b in zip(side, ascent.choice.outbound, strict=True)]
                )
            )
        plans.improve(clock)
        bound = max(bound, min(ascent.bound, plans.cost))
        if clock.left() == 0.0:
            termination = "time_limit"
            break
        kept = cells.contenders(ascent, relaxed, plans.cost)
        bound = max(bound, plans.prove_within(*kept.hulls(), clock))
        cells = kept.halved()
        if kept.all_points:
            break
        if cells.n_pairs > _MOST_PAIRS:
            termination = "memory_limit"
            break
    if plans.gap(bound) <= gap:
        termination = "optimal"
    return Refinement(plans.service, plans.cost, min(bound, plans.cost), rounds, termination)


def _bound_by_rounding(
    times: ServiceTimes, cost: CostFunction, plans: _Plans, clock: _Clock
) -> float:
    """Bound from below over ever finer roundings of all times, offering the plans met on the way.

    Rounds to whole periods first, then to halves, and stops where candidates become too many.
    """
    bound = -np.inf
    for halving in range(_MOST_HALVINGS):
        step = max(int(times.ticks_per_period) >> halving, 1)
        coarse = times.coarsened(step)
        inbound, outbound, complete = coarse.candidates(all_or_nothing=True)
        pairs = sum(len(a) * len(b) for a, b in zip(inbound, outbound, strict=True))
        if not complete or pairs > _MOST_ROUNDED_PAIRS or clock.left() == 0.0:
            break
        problem = ServiceTimeProblem.of(coarse, cost, inbound, outbound)
        found = fold_and_ascend(problem, gap=clock.gap, time_limit=clock.left())
        bound = max(bound, found.bound)
        heard, quoted = (side * step for side in problem.chosen(found.choice))
        plans.offer(quoted)
        wide = _WINDOW_STEPS * step
        plans.search_within((heard - wide, heard + wide), (quoted - wide, quoted + wide), clock)
        if plans.gap(bound) <= clock.gap or step == 1:
            break
    return min(bound, plans.cost)


@dataclass(frozen=True, slots=True)
class _Clock:
    """When to stop: relative gap, and seconds from when it was made."""

    gap: float
    time_limit: float | None
    began: float = field(default_factory=time.perf_counter)

    def left(self) -> float | None:
        """Seconds left, 0 when time is up; None without a limit."""
        if self.time_limit is None:
            return None
        return max(self.time_limit - (time.perf_counter() - self.began), 0.0)


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
        times = self._times
        inbound, outbound = times.settled(np.minimum(service, times.outbound_high))
        if (outbound > times.outbound_high).any():
            return  # a stage without stock would have to wait longer than it may
        tau = inbound + times.process - outbound
        at = (slice(j, j + 1) for j in range(times.n_stages))
        cost = sum(
            float(tabulate(times, self._cost, k.start, inbound[k], outbound[k], tau[k, None])[0, 0])
            for k in at
        )
        if cost < self.cost:
            self.service, self.cost, self._fresh = outbound, cost, True
        for kept, new in ((self._inbound, inbound), (self._outbound, outbound)):
            for j, value in enumerate(new):
                if value not in kept[j]:
                    kept[j] = np.union1d(kept[j], value)

    def improve(self, clock: _Clock) -> None:
        """Search the plans made of candidate times, once after each gain."""
        if self._fresh:
            self._fresh = False
            self._ascend(self._times, self._inbound, self._outbound, clock)

    def search_within(self, inbound: Window, outbound: Window, clock: _Clock) -> None:
        """Search the plans whose times lie in windows, with the best plan's times added."""
        times = self._times.within(inbound, outbound)
        heard, quoted, _ = times.candidates(most=_WINDOW_CANDIDATES)
        self._ascend(times, heard, quoted, clock)

    def prove_within(self, inbound: Window, outbound: Window, clock: _Clock) -> float:
        """Bound all plans whose times lie in windows, where those can be listed; else -inf.

        Where every cheaper plan lies in the windows this bounds all plans.
        """
        times = self._times.within(inbound, outbound)
        heard, quoted, complete = times.candidates(all_or_nothing=True)
        pairs = sum(len(a) * len(b) for a, b in zip(heard, quoted, strict=True))
        if not complete or pairs > _MOST_ROUNDED_PAIRS:
            return -np.inf
        return min(self._ascend(times, heard, quoted, clock), self.cost)

    def _ascend(
        self, times: ServiceTimes, inbound: list[Integers], outbound: list[Integers], clock: _Clock
    ) -> float:
        best = self._times.settled(self.service)
        heard = [np.union1d(time, best[0][j]) for j, time in enumerate(inbound)]
        quoted = [np.union1d(time, best[1][j]) for j, time in enumerate(outbound)]
        problem = ServiceTimeProblem.of(times, self._cost, heard, quoted)
        start = problem.locate(*best)
        found = ascend(problem, gap=clock.gap, time_limit=clock.left(), start=start)
        self.offer(problem.chosen(found.choice)[1])
        return found.bound


def _with_gaps(points: Integers) -> Integers:
    """Turn points into cells of one tick, and the gaps between neighbours into cells."""
    gaps = np.column_stack([points[:-1] + 1, points[1:] - 1])
    cells = np.concatenate([np.column_stack([points, points]), gaps[gaps[:, 0] <= gaps[:, 1]]])
    return cells[np.argsort(cells[:, 0])]


def _ends(cells: list[Integers], which: int) -> Integers:
    return np.array([rows[which, which] for rows in cells], dtype=np.int64)


def _halved(cells: Integers) -> Integers:
    wide = cells[:, 0] < cells[:, 1]
    middle = (cells[:, 0] + cells[:, 1]) // 2
    first = np.column_stack([cells[:, 0], np.where(wide, middle, cells[:, 1])])
    second = np.column_stack([middle + 1, cells[:, 1]])[wide]
    both = np.concatenate([first, second])
    return both[np.argsort(both[:, 0])]
