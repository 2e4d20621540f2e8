"""The sampled problem of one component: points on paths, what is counted there, what is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

MEASURES: Final = ("cycle", "ready", "fill")
"""Clause 6: cycle service level, ready rate, fill rate."""


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """How a supplier's late units divide over those who wait, first come first served.

    What is late is what was asked for last: units ``total[0]`` of the latest period, of which
    ``own[0]`` are this asker's, then those of the period before, and so on.

    Attributes
    ----------
    total, own : (n_back, n_scenarios) float64
        Units, the latest period first.
    """

    total: Floats
    own: Floats

    def of(self, late: Floats) -> Floats:
        """Units late to this asker of ``late`` units in all, (..., n_scenarios) both."""
        before = np.cumsum(self.total, axis=0) - self.total
        part = np.divide(self.own, self.total, out=np.zeros_like(self.own), where=self.total > 0.0)
        top, owed = float(late.max(initial=0.0)), np.zeros_like(late)
        for first, total, share in zip(before, self.total, part, strict=True):
            if first.min(initial=np.inf) >= top:  # nothing is late for so long
                break
            owed += np.clip(late - first, 0.0, total) * share
        return owed


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A supply of a point: what is not there yet, in units of the stage.

    ``asked - ordered + late / units``: what was asked for after the last order that this supplier
    has shipped and that has arrived, and what of that order the supplier still owes.

    Attributes
    ----------
    open : (n_scenarios,) float64
        Asked for since then, units of the stage.
    point : int
        Of the supplier, when it shipped that order; -1: from outside, never late.
    units : float
        Units of the supplier's item in one of the stage.
    share : Share or None
        Of what the supplier owes; None: all.
    """

    open: Floats
    point: int = -1
    units: float = 1.0
    share: Share | None = None

    def gap(self, late: list[Floats]) -> Floats:
        """Units (n_scenarios,) not there yet; ``late`` is by point."""
        if self.point < 0:
            return self.open
        owed = late[self.point]
        return self.open + (owed if self.share is None else self.share.of(owed)) / self.units


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A stage at the end of a period of each path.

    Its *gap* is what it was asked for and has not received: net inventory is level less gap.

    Attributes
    ----------
    stage : int
    routes : tuple of Route
        The gap is the largest of theirs.
    due : (n_scenarios,) float64
        Units that all ask for in the period.
    due_customers : (n_scenarios,) float64
        Those of customers.
    """

    stage: int
    routes: tuple[Route, ...]
    due: Floats
    due_customers: Floats


@dataclass(frozen=True, slots=True)
class Target:
    """What customers of a stage are to get: at least ``level`` of ``measure``."""

    stage: int
    measure: str
    level: float


@dataclass(frozen=True, slots=True)
class Tail:
    """Conditional value at risk of a path's shortage cost (Rockafellar and Uryasev, 2000).

    Attributes
    ----------
    level : float
        Mean of the worst ``1 - level`` of paths.
    weight : float
        Of it in the objective; the mean shortage cost has the rest.
    limit : float
        Most that it may be, money per period; inf.
    """

    level: float
    weight: float
    limit: float

    def of(self, loss: Floats) -> float:
        """Mean of the worst share of losses (n_scenarios,), the last of them in part."""
        worst = np.sort(loss)[::-1]
        count = (1.0 - self.level) * len(loss)
        weight = np.clip(count - np.arange(len(loss)), 0.0, 1.0)
        return float(worst @ weight / count)


@dataclass(frozen=True, slots=True, eq=False)
class SampledProblem:
    """Base stocks of one component on sampled paths.

    Attributes
    ----------
    n_scenarios : int
    holding_cost, backorder_cost : (n_stages,) float64
        Money per unit and period.
    part_cost : tuple of tuple of float
        Per stage and route, holding cost of the parts of one unit that wait for the others.
    free : (n_stages,) bool
        Stages whose level is chosen; that of the others is 0.
    points : tuple of Point
        Suppliers' before those that they supply.
    counted : tuple of int64 arrays
        Per stage, the points at which it is counted, one per period.
    cycles : tuple of tuple of int64 arrays
        Per stage, its counted points by replenishment cycle.
    targets : tuple of Target
    tail : Tail or None
    lower, upper : list of float64 arrays
        Per point, least and largest gap (n_scenarios,) over all levels.
    """

    n_scenarios: int
    holding_cost: Floats
    backorder_cost: Floats
    part_cost: tuple[tuple[float, ...], ...]
    free: Booleans
    points: tuple[Point, ...]
    counted: tuple[Integers, ...]
    cycles: tuple[tuple[Integers, ...], ...]
    targets: tuple[Target, ...]
    tail: Tail | None
    lower: list[Floats] = field(init=False)
    upper: list[Floats] = field(init=False)

    def __post_init__(self) -> None:
        none_late: list[Floats] = []
        all_late: list[Floats] = []
        lower: list[Floats] = []
        upper: list[Floats] = []
        for point in self.points:
            lower.append(np.maximum.reduce([route.gap(none_late) for route in point.routes]))
            upper.append(np.maximum.reduce([route.gap(all_late) for route in point.routes]))
            fixed = not self.free[point.stage]
            none_late.append(np.maximum(lower[-1], 0.0) if fixed else np.zeros(self.n_scenarios))
            all_late.append(np.maximum(upper[-1], 0.0))
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "upper", upper)

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return len(self.holding_cost)

    @property
    def highest(self) -> Floats:
        """Levels (n_stages,) above which no path is short anywhere: more only costs."""
        most = np.zeros(self.n_stages)
        for point, gap in zip(self.points, self.upper, strict=True):
            most[point.stage] = max(most[point.stage], float(gap.max()))
        return np.where(self.free, most, 0.0)

    @property
    def single(self) -> int:
        """The stage whose level alone decides, where it supplies nobody; -1 where several do."""
        chosen = np.flatnonzero(self.free)
        if len(chosen) != 1:
            return -1
        stage = int(chosen[0])
        feeds = {self.points[r.point].stage for p in self.points for r in p.routes if r.point >= 0}
        return -1 if stage in feeds else stage
