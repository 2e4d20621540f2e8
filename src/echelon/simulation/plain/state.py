"""What the plain engine remembers of every stage, lane and asker between periods."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from echelon.kernels.flow_arrays import Features, Structure
from echelon.policies.base import Floats
from echelon.simulation.plain.goods import Delay, Line, fresh


@dataclass
class Asker:
    """A segment of customers (``lane`` is -1) or a lane out of a stage; arrays (runs,), units."""

    lane: int
    row: int
    least_life: int
    not_yet_due: Delay
    request: Floats
    late: Floats
    due: Floats
    on_time: Floats
    shipped: Floats
    lost: Floats
    fell_due: deque[Floats]  # less what was lost, of the last periods, the latest in front

    def late_for(self, periods: int) -> Floats:
        """Units late for so many periods or more as the last period left them: first in, first out.

        What is late is what fell due last, so what fell due in the last periods is the youngest.
        """
        if periods == 0:
            return self.late
        recent = np.zeros_like(self.late)
        for due in list(self.fell_due)[:periods]:
            recent = recent + due
        return np.maximum(self.late - recent, 0.0)


@dataclass
class Lane:
    """A supplier's delivery into a stage; arrays (runs,), units of the supplier's item."""

    supplier: int
    receiver: int
    units: float
    group: int
    share: float
    backup: int
    normal: Line
    fast: Line
    request: Floats
    expedited: Floats
    arrived: Floats
    dead: Floats

    @property
    def in_transit(self) -> Floats:
        """On both ways, units, (runs,)."""
        return self.normal.content + self.fast.content


@dataclass
class Stage:
    """One stage: goods are (classes, runs), everything else (runs,), units."""

    stock: Floats
    perishes: bool
    carries: bool
    askers: list[Asker]
    lanes_in: list[int]
    component: dict[int, Floats]  # by first lane of the group
    outside: Delay | None
    outside_stock: Floats
    making: Line
    release: Line
    position: Floats
    on_order: Floats  # ordered, not yet received as finished stock nor lost before
    order: Floats
    asked: Floats
    worst: Floats
    was_short: Floats
    started: Floats
    received: Floats
    expired: Floats
    destroyed: Floats
    scrapped: Floats
    waiting: deque[list[Floats]] = field(default_factory=deque)  # by due period and asker

    @property
    def on_hand(self) -> Floats:
        """Finished stock, (runs,)."""
        return np.asarray(self.stock.sum(axis=0))

    @property
    def late(self) -> Floats:
        """Backorders: requests past their due period, (runs,)."""
        return sum((asker.late for asker in self.askers), np.zeros_like(self.position))

    @property
    def owed(self) -> Floats:
        """Backorders and requests accepted and not yet due, (runs,)."""
        runs = self.position.size
        return sum((a.late + a.not_yet_due.content(runs) for a in self.askers), np.zeros(runs))


def build(
    structure: Structure, features: Features | None, runs: int
) -> tuple[list[Stage], list[Lane]]:
    """Clause 4.5: initial stock on hand, nothing on order, nobody waiting."""
    lanes = [_lane(structure, features, k, runs) for k in range(len(structure.units))]
    longest = 1
    if features is not None:
        ages = (features.backup_after, features.expedite_after)
        longest = max(1, *(int(periods.max(initial=1)) for periods in ages))
    n_stages = len(structure.level)
    return [_stage(structure, features, j, runs, lanes, longest) for j in range(n_stages)], lanes


def _life(features: Features | None, j: int) -> int:
    return 0 if features is None else int(features.shelf_life[j])


def _lane(structure: Structure, features: Features | None, k: int, runs: int) -> Lane:
    supplier, receiver = int(structure.supplier[k]), int(structure.receiver[k])
    carried = features is not None and bool(features.carries[receiver])
    shape = (_life(features, receiver) if carried else 1, runs)
    tolerance = float(structure.tolerance[supplier])
    overtaking = features is not None and bool(features.lane_overtaking[k])
    zero = np.zeros(runs)
    return Lane(
        supplier=supplier,
        receiver=receiver,
        units=float(structure.units[k]),
        group=k if features is None else int(features.group_first[k]),
        share=1.0 if features is None else float(features.share[k]),
        backup=-1 if features is None else int(features.backup_for[k]),
        normal=Line(shape, ages=carried, overtaking=overtaking, tolerance=tolerance),
        fast=Line(shape, ages=carried, overtaking=False, tolerance=tolerance),
        request=zero,
        expedited=zero,
        arrived=zero,
        dead=zero,
    )


def _wait(structure: Structure, features: Features | None, stage: int, asker: int) -> int:
    """Periods from a request to when it falls due."""
    if features is not None and structure.asker_lane[asker] < 0:
        apart = int(features.customer_delay[stage])
        if apart >= 0:
            return apart
    return int(structure.serve_delay[stage])


def _stage(
    structure: Structure,
    features: Features | None,
    j: int,
    runs: int,
    lanes: list[Lane],
    longest: int,
) -> Stage:
    zero = np.zeros(runs)
    life = _life(features, j)
    carries = features is not None and bool(features.carries[j])
    overtaking = features is not None and bool(features.overtaking[j])
    tolerance = float(structure.tolerance[j])
    classes = max(life, 1)
    made = (classes if carries else 1, runs)
    lanes_in = list(range(structure.lane_ptr[j], structure.lane_ptr[j + 1]))
    start = np.full(runs, structure.initial_stock[j])
    outside = int(structure.outside_delay[j])
    askers = [
        Asker(
            lane=int(structure.asker_lane[a]),
            row=int(structure.asker_row[a] - structure.row_ptr[0]),
            least_life=1 if features is None else max(int(features.minimum_life[a]), 1),
            not_yet_due=Delay(_wait(structure, features, j, a), runs),
            request=zero,
            late=zero,
            due=zero,
            on_time=zero,
            shipped=zero,
            lost=zero,
            fell_due=deque(maxlen=longest),
        )
        for a in range(structure.asker_ptr[j], structure.asker_ptr[j + 1])
    ]
    return Stage(
        stock=fresh(start, classes),
        perishes=life > 0,
        carries=carries,
        askers=askers,
        lanes_in=lanes_in,
        component={lanes[k].group: np.zeros(made) for k in lanes_in},
        outside=Delay(outside, runs) if outside >= 0 else None,
        outside_stock=zero,
        making=Line(made, ages=carries, overtaking=overtaking, tolerance=tolerance),
        release=Line((classes, runs), ages=life > 0, overtaking=overtaking, tolerance=tolerance),
        position=start.copy(),
        on_order=zero,
        order=zero,
        asked=zero,
        worst=zero,
        was_short=np.zeros(runs, dtype=bool),
        started=zero,
        received=zero,
        expired=zero,
        destroyed=zero,
        scrapped=zero,
    )
