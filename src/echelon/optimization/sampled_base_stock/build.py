"""From the paths of a component to its sampled problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echelon.errors import DomainError
from echelon.kernels.flow_arrays import Features, Structure
from echelon.optimization.sampled_base_stock.described import (
    LONGEST_WINDOW,
    Described,
    season_of,
)
from echelon.optimization.sampled_base_stock.paths import Paths, at, draw
from echelon.optimization.sampled_base_stock.problem import (
    Point,
    Route,
    SampledProblem,
    Share,
    Tail,
    Target,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_MOST_NUMBERS: Final = 100_000_000
"""Draws of a component that are held at once: with what is made of them, some gigabytes."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a component is sampled.

    Attributes
    ----------
    scenarios : int
        Paths.
    periods : int or None
        Counted on each; None: one turn of reviews and seasons.
    """

    scenarios: int
    periods: int | None


def sampled_problem(
    described: Described,
    c: int,
    sampling: Sampling,
    seed: int,
    targets: Sequence[Target],
    tail: Tail | None,
) -> SampledProblem:
    """Draw the paths of component ``c`` and say what is counted on them.

    Raises
    ------
    DomainError
        If its memory, or the turn of its reviews and seasons, is too long for a path; or if all
        paths together are more than memory should hold.
    """
    structure, features, rows = described.component(c)
    turn = int(np.lcm.reduce([*np.maximum(structure.review, 1).tolist(), season_of(rows)]))
    periods = turn if sampling.periods is None else -(-sampling.periods // turn) * turn
    memory = _memory(structure, features)
    window = memory + periods + int(structure.review.max(initial=1))
    if window > LONGEST_WINDOW:
        raise DomainError(
            f"a path would have {window:,} periods: {memory:,} that its longest chain of times "
            f"remembers and {periods:,} that are counted (reviews and seasons repeat after "
            f"{turn:,}); at most {LONGEST_WINDOW:,}. Fix: count in a coarser period."
        )
    each = window * max(len(rows), 1)
    if sampling.scenarios * each > _MOST_NUMBERS:
        raise DomainError(
            f"{sampling.scenarios:,} scenarios of {window:,} periods and {len(rows):,} rows of "
            f"demand and times are {sampling.scenarios * each:,} numbers, at most "
            f"{_MOST_NUMBERS:,}. Fix: scenarios={_MOST_NUMBERS // each:,} or fewer."
        )
    draws = draw(rows, seed, sampling.scenarios, window)
    paths = Paths.of(structure, features, draws)
    compiled = described.network.compiled
    stages = slice(int(compiled.component_ptr[c]), int(compiled.component_ptr[c + 1]))
    holding = compiled.holding_cost[stages]
    walk = _Walk(structure, paths)
    counted, cycles = _count(structure, features, walk, memory, periods, sampling.scenarios)
    return SampledProblem(
        n_scenarios=sampling.scenarios,
        holding_cost=holding,
        backorder_cost=compiled.backorder_cost[stages],
        part_cost=tuple(_part_cost(structure, holding, j) for j in range(len(holding))),
        free=np.asarray(compiled.can_stock[stages]),
        points=tuple(walk.points),
        counted=tuple(counted),
        cycles=tuple(cycles),
        targets=tuple(targets),
        tail=tail,
    )


class _Walk:
    """Points of a component, each made once: from one to those of its suppliers."""

    def __init__(self, structure: Structure, paths: Paths) -> None:
        self._structure, self._paths = structure, paths
        self.points: list[Point] = []
        self._known: dict[tuple[int, bytes], int] = {}

    def point(self, j: int, period: Integers) -> int:
        """Number of the point of stage ``j`` at the end of periods (n_scenarios,)."""
        key = (j, period.tobytes())
        if key not in self._known:
            routes = tuple(self._routes(j, period))
            first, last = self._structure.asker_ptr[j : j + 2]
            due = self._customers(j, period)
            for a in range(int(first), int(last)):
                lane = int(self._structure.asker_lane[a])
                if lane >= 0:
                    due = due + at(self._paths.due_lanes[lane], period)
            self._known[key] = len(self.points)
            self.points.append(Point(j, routes, due, self._customers(j, period)))
        return self._known[key]

    def shipped(self, k: int, period: Integers) -> Integers:
        """Period up to which what lane ``k`` shipped is in the receiver's stock by ``period``."""
        j = int(self._structure.receiver[k])
        return self._index(self._paths.arrived[k], self._index(self._paths.started[j], period))

    def _customers(self, j: int, period: Integers) -> Floats:
        return at(self._paths.due_customers[j], period)

    def _routes(self, j: int, period: Integers) -> list[Route]:
        paths, structure = self._paths, self._structure
        asked = at(paths.asked[j], period)
        received = paths.received[j]
        if received is not None:
            return [Route(asked - at(received, period))]
        routes = []
        outside = int(structure.outside_delay[j])
        if outside >= 0:
            begun = self._index(paths.started[j], period) - outside
            routes.append(Route(asked - at(paths.ordered[j], begun)))
        for k in range(int(structure.lane_ptr[j]), int(structure.lane_ptr[j + 1])):
            shipped = self.shipped(k, period)
            supplier = int(structure.supplier[k])
            routes.append(
                Route(
                    asked - at(paths.ordered[j], shipped),
                    self.point(supplier, shipped),
                    float(structure.units[k]),
                    self._share(k, supplier, shipped),
                )
            )
        return routes

    def _share(self, k: int, supplier: int, period: Integers) -> Share | None:
        first, last = self._structure.asker_ptr[supplier : supplier + 2].tolist()
        if last - first == 1:
            return None
        back = period[None, :] - np.arange(int(period.max(initial=-1)) + 1)[:, None]
        own = at(self._paths.due_lanes[k], back)
        total = at(self._paths.due_customers[supplier], back)
        for a in range(first, last):
            lane = int(self._structure.asker_lane[a])
            if lane >= 0:
                total = total + at(self._paths.due_lanes[lane], back)
        return Share(total, own)

    @staticmethod
    def _index(index: Integers, period: Integers) -> Integers:
        column = np.arange(len(period))
        return np.where(period >= 0, index[np.maximum(period, 0), column], -1)


def _memory(structure: Structure, features: Features) -> int:
    """Periods after which a path has forgotten its start: the longest chain of longest times."""
    chain = np.zeros(len(structure.level), dtype=np.int64)
    for j in range(len(chain)):
        before = max(int(structure.outside_delay[j]), 0)
        for k in range(int(structure.lane_ptr[j]), int(structure.lane_ptr[j + 1])):
            longest = max(int(structure.lane_delay[k]), int(features.lane_longest[k]))
            before = max(before, int(chain[structure.supplier[k]]) + longest)
        own = max(int(structure.make_delay[j]), int(features.make_longest[j]))
        own += max(int(features.release_delay[j]), int(features.release_longest[j]))
        chain[j] = before + own + int(structure.review[j])
    return int(chain.max(initial=0)) + 1


def _count(
    structure: Structure,
    features: Features,
    walk: _Walk,
    first: int,
    periods: int,
    scenarios: int,
) -> tuple[list[Integers], list[tuple[Integers, ...]]]:
    """Points at which every stage is counted: its customers' periods, or when its goods meet them.

    A stage without customers is counted when it ships what its nearest receiver is counted with:
    in the long run any time is as good as another, and so a chain needs one point per stage.
    """
    n_stages = len(structure.level)
    counted: list[Integers] = [np.zeros(0, dtype=np.int64)] * n_stages
    cycles: list[tuple[Integers, ...]] = [()] * n_stages
    times: dict[int, list[Integers]] = {}
    for j in reversed(range(n_stages)):
        askers = range(int(structure.asker_ptr[j]), int(structure.asker_ptr[j + 1]))
        lanes = [int(structure.asker_lane[a]) for a in askers if structure.asker_lane[a] >= 0]
        if len(lanes) < len(askers) or not lanes:
            review = max(int(structure.review[j]), 1)
            due = int(structure.phase[j] + structure.nominal_delay[j])
            start = first + (due - first) % review
            times[j] = [np.full(scenarios, start + t) for t in range(periods)]
        else:
            nearest = min(lanes, key=lambda k: _time_below(structure, features, k))
            times[j] = [walk.shipped(nearest, t) for t in times[int(structure.receiver[nearest])]]
        counted[j] = np.array([walk.point(j, t) for t in times[j]], dtype=np.int64)
        length = max(int(structure.review[j]), 1)
        cycles[j] = tuple(counted[j][i : i + length] for i in range(0, periods, length))
    return counted, cycles


def _time_below(structure: Structure, features: Features, k: int) -> int:
    j = int(structure.receiver[k])
    return int(structure.lane_delay[k] + structure.make_delay[j] + features.release_delay[j])


def _part_cost(structure: Structure, holding: Floats, j: int) -> tuple[float, ...]:
    """Holding cost of the parts of one unit by route, those from outside being nobody's (3.3)."""
    lanes = range(int(structure.lane_ptr[j]), int(structure.lane_ptr[j + 1]))
    parts = [float(structure.units[k] * holding[structure.supplier[k]]) for k in lanes]
    outside = int(structure.outside_delay[j]) >= 0 or not parts
    return (0.0, *parts) if outside else tuple(parts)
