"""What a policy that looks at remaining life is shown: stock by life, and orders by arrival."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from echelon.errors import DomainError
from echelon.kernels.flow_arrays import Features, Structure
from echelon.policies.base import Floats
from echelon.simulation.plain.goods import aged, fresh
from echelon.simulation.plain.state import Lane, Stage

_Due = Iterator[tuple[int, Floats]]
"""In how many periods, and the goods (classes, runs) then."""


def require_sight(
    structure: Structure, features: Features | None, stages: Sequence[int], names: Sequence[str]
) -> None:
    """Refuse policies that look at remaining life where the arrival of an order has no one date.

    Parameters
    ----------
    structure, features
        The component.
    stages : sequence of int
        Those with such a policy.
    names : sequence of str
        Of all stages.

    Raises
    ------
    DomainError
        Lists every stage without a shelf life, with drawn times, or with several components.
    """
    faults = []
    for j in stages:
        if features is None or features.shelf_life[j] == 0:
            faults.append(f"stage {names[j]} has no shelf_life")
            continue
        lanes = np.arange(structure.lane_ptr[j], structure.lane_ptr[j + 1])
        drawn = [features.make_row[j], features.release_row[j], *features.lane_row[lanes]]
        if max(drawn) >= 0:
            faults.append(
                f"stage {names[j]} has times that are drawn, so orders have no known date"
            )
        components = len(set(features.group_first[lanes].tolist()))
        if components + (structure.outside_delay[j] >= 0) > 1:
            faults.append(f"stage {names[j]} has several components, so orders have no one date")
    if faults:
        raise DomainError(
            f"policies: {'; '.join(faults)}. Fix: take a policy that does not look at remaining "
            "life there, or give what is missing."
        )


class Sight:
    """The goods of one stage by remaining life, as they stand before deliveries of a period.

    Parameters
    ----------
    j : int
        The stage; :func:`require_sight` has let it pass.
    structure, features
        The component.
    """

    def __init__(self, j: int, structure: Structure, features: Features) -> None:
        self._lane_delay = structure.lane_delay
        self._make = int(structure.make_delay[j])
        self._release = int(features.release_delay[j])
        lanes = range(structure.lane_ptr[j], structure.lane_ptr[j + 1])
        before = [
            int(structure.serve_delay[structure.supplier[k]] + structure.lane_delay[k])
            for k in lanes
        ]
        before.append(int(structure.outside_delay[j]))
        self._times = max(before) + self._make + self._release
        suppliers = {int(structure.supplier[k]) for k in lanes}
        self._lost_before = {i: _lost_life(i, structure, features) for i in suppliers}

    def orders_by_arrival(
        self, period: int, stage: Stage, stages: list[Stage], lanes: list[Lane]
    ) -> Floats:
        """Units on order by the periods until they may arrive and by the life they then have.

        Returns
        -------
        ndarray of float64, shape (times + 1, classes, runs)
        """
        found = np.zeros((self._times + 1, *stage.stock.shape))
        for later, goods in self._released(period, stage, stages, lanes):
            found[min(later, self._times)] += goods
        return found

    def _released(self, period: int, stage: Stage, stages: list[Stage], lanes: list[Lane]) -> _Due:
        yield from stage.release.by_due(period)
        for later, goods in self._made(period, stage, stages, lanes):
            finished = goods if stage.carries else fresh(goods.sum(axis=0), len(stage.stock))
            yield later + self._release, aged(finished, self._release)[0]

    def _made(self, period: int, stage: Stage, stages: list[Stage], lanes: list[Lane]) -> _Due:
        yield from stage.making.by_due(period)
        for later, goods in self._to_be_made(period, stage, stages, lanes):
            yield later + self._make, aged(goods, self._make)[0] if stage.carries else goods

    def _to_be_made(
        self, period: int, stage: Stage, stages: list[Stage], lanes: list[Lane]
    ) -> _Due:
        """What waits to be started and what is on the way there, in units of the stage."""
        if stage.outside is not None:
            yield 0, stage.outside_stock[None]
            for later, units in enumerate(stage.outside.by_due()):
                yield later, units[None]
        for k in stage.lanes_in:
            lane = lanes[k]
            if lane.group == k:
                yield 0, stage.component[k] / lane.units
            for line in (lane.normal, lane.fast):
                for later, goods in line.by_due(period):
                    yield later, goods / lane.units
            yield from self._owed(k, stage, stages[lane.supplier], lane)

    def _owed(self, k: int, stage: Stage, supplier: Stage, lane: Lane) -> _Due:
        """What the supplier has been asked for and has not sent."""
        (asker,) = (one for one in supplier.askers if one.lane == k)
        time = int(self._lane_delay[k])
        for later, units in enumerate([asker.late, *asker.not_yet_due.by_due()]):
            goods = fresh(units / lane.units, len(stage.component[lane.group]))
            if stage.carries:
                goods, _ = aged(goods, self._lost_before[lane.supplier] + time)
            yield max(later - 1, 0) + time, goods


def _lost_life(j: int, structure: Structure, features: Features) -> int:
    """Periods of life that the freshest stock of a stage has behind it; a drawn time may be 0."""
    gone = 0 if features.release_row[j] >= 0 else int(features.release_delay[j])
    if not features.carries[j]:
        return gone
    gone += 0 if features.make_row[j] >= 0 else int(structure.make_delay[j])
    lanes = range(structure.lane_ptr[j], structure.lane_ptr[j + 1])
    return gone + min(
        _lost_life(int(structure.supplier[k]), structure, features)
        + (0 if features.lane_row[k] >= 0 else int(structure.lane_delay[k]))
        for k in lanes
    )
