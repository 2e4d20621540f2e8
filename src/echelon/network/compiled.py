"""The machine's form of a network: flat read-only arrays, components contiguous, upstream first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Booleans: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, repr=False)
class CompiledNetwork:
    """A network, or a range of its components, as arrays.

    Stages are sorted by component and, inside one, every stage comes after its suppliers.
    ``pred_stage`` and ``succ_stage`` number stages from 0 within their component, and the ``_ptr``
    arrays hold absolute positions: subtract ``ptr[0]`` to read a shard. That way a shard is a
    slice of views, and costs nothing.

    Attributes
    ----------
    component_ptr : (n_components + 1,) int64
        Component ``c`` owns stages ``component_ptr[c] - component_ptr[0]`` up to the next.
    component_id : (n_components,) int64
        The component's number in the whole network, by which failures name it.
    stage_row : (n_stages,) int64
        Row of the stage in ``Network.stages``.
    lead_time, lead_time_std, inbound_service_time, max_service_time : (n_stages,) float64
        Periods; the first two are of making and release together, and ``max_service_time`` is
        ``inf`` where there is no limit.
    review_period : (n_stages,) int64
        Periods between reviews; 0 is continuous review (clause 2).
    holding_cost, backorder_cost : (n_stages,) float64
        Money per unit and period.
    can_stock : (n_stages,) bool
    pred_ptr : (n_stages + 1,) int64
        Lanes into a stage: ``pred_ptr[j] - pred_ptr[0]`` up to the next, within the arrays below.
    pred_stage : (n_lanes,) int64
        Supplier, numbered within the component.
    pred_units, pred_lead_time, pred_lead_time_std : (n_lanes,) float64
        Units required per unit made; periods in transit, mean and standard deviation.
    pred_share : (n_lanes,) float64
        Part of what the stage orders of a component that comes by this lane: 1 unless there are
        alternatives, 0 of a backup.
    lane_row : (n_lanes,) int64
        Row of the lane in ``Network.lanes``.
    succ_ptr : (n_stages + 1,) int64
        Lanes out of a stage.
    succ_stage : (n_lanes,) int64
        Customer stage, numbered within the component.
    succ_lane : (n_lanes,) int64
        Position of the lane in the ``pred_`` arrays, counted from the component's first lane.
    demand_ptr : (n_stages + 1,) int64
        Demand rows of a stage.
    demand_row : (n_demands,) int64
        Row in ``Network.demand``.
    demand_mean, demand_std : (n_demands,) float64
        Units per period.
    """

    component_ptr: Integers
    component_id: Integers
    stage_row: Integers
    lead_time: Floats
    lead_time_std: Floats
    inbound_service_time: Floats
    max_service_time: Floats
    review_period: Integers
    holding_cost: Floats
    backorder_cost: Floats
    can_stock: Booleans
    pred_ptr: Integers
    pred_stage: Integers
    pred_units: Floats
    pred_share: Floats
    pred_lead_time: Floats
    pred_lead_time_std: Floats
    lane_row: Integers
    succ_ptr: Integers
    succ_stage: Integers
    succ_lane: Integers
    demand_ptr: Integers
    demand_row: Integers
    demand_mean: Floats
    demand_std: Floats

    def __post_init__(self) -> None:
        for name in _NAMES:
            array = getattr(self, name)
            if array.flags.writeable:
                array.flags.writeable = False

    def __reduce__(self) -> tuple[type[CompiledNetwork], tuple[object, ...]]:
        # made anew in the other process, where unpickled arrays would be writeable otherwise
        return CompiledNetwork, tuple(getattr(self, name) for name in _NAMES)

    def __repr__(self) -> str:
        return (
            f"CompiledNetwork({self.n_stages:,} stages, {self.n_lanes:,} lanes, "
            f"{self.n_components:,} components)"
        )

    @property
    def n_components(self) -> int:
        """How many connected components."""
        return len(self.component_id)

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return len(self.stage_row)

    @property
    def n_lanes(self) -> int:
        """How many lanes."""
        return len(self.pred_stage)

    @property
    def pred_usage(self) -> Floats:
        """Units of the supplier that go into one unit made, by this lane: units times share."""
        return self.pred_units * self.pred_share

    @classmethod
    def joined(cls, shards: Sequence[CompiledNetwork]) -> CompiledNetwork:
        """Shards one behind the other, copied; one alone is given as it is."""
        if len(shards) == 1:
            return shards[0]
        columns: dict[str, Any] = {}
        for name in _NAMES:
            parts = [getattr(shard, name) for shard in shards]
            pointers = name.endswith("_ptr")
            columns[name] = _end_to_end(parts) if pointers else np.concatenate(parts)
        return cls(**columns)

    def shard(self, first: int, last: int) -> CompiledNetwork:
        """Components ``first`` up to, not including, ``last``, as views of the same memory."""
        start, stop = (self.component_ptr[[first, last]] - self.component_ptr[0]).tolist()
        lanes = (self.pred_ptr[[start, stop]] - self.pred_ptr[0]).tolist()
        demands = (self.demand_ptr[[start, stop]] - self.demand_ptr[0]).tolist()
        return self._views((first, last), (start, stop), lanes, demands)

    def each(self, components: Sequence[int]) -> list[CompiledNetwork]:
        """Give a shard for each of some components, as :meth:`shard` of one does, in their order.

        Parameters
        ----------
        components : sequence of int
            Numbered from 0 within this network.
        """
        ends = self.component_ptr - self.component_ptr[0]
        stages = ends.tolist()
        lanes = (self.pred_ptr[ends] - self.pred_ptr[0]).tolist()
        demands = (self.demand_ptr[ends] - self.demand_ptr[0]).tolist()
        return [
            self._views((c, c + 1), stages[c : c + 2], lanes[c : c + 2], demands[c : c + 2])
            for c in components
        ]

    def as_one(self) -> CompiledNetwork:
        """Give the same network as though it were one component, which falls apart.

        For what is done to all stages alike: their suppliers and customers are numbered through.
        """
        if self.n_components == 1:
            return self
        sizes = np.diff(self.component_ptr)
        first = np.repeat(self.component_ptr[:-1] - self.component_ptr[0], sizes)
        lanes_before = self.pred_ptr[first] - self.pred_ptr[0]  # of the component, by stage
        into = np.repeat(first, np.diff(self.pred_ptr))
        out_of, before = (np.repeat(one, np.diff(self.succ_ptr)) for one in (first, lanes_before))
        return replace(
            self,
            component_ptr=self.component_ptr[[0, -1]],
            component_id=self.component_id[:1],
            pred_stage=self.pred_stage + into,
            succ_stage=self.succ_stage + out_of,
            succ_lane=self.succ_lane + before,
        )

    def _views(
        self,
        components: Sequence[int],
        stages: Sequence[int],
        lanes: Sequence[int],
        demands: Sequence[int],
    ) -> CompiledNetwork:
        """Give slices of all arrays, which are read-only as these are; each from where to where."""
        cuts = []
        for first, last in (components, stages, lanes, demands):
            cuts += [slice(first, last), slice(first, last + 1)]
        made = object.__new__(CompiledNetwork)
        for name, cut in _CUT_BY:
            object.__setattr__(made, name, getattr(self, name)[cuts[cut]])
        return made


_NAMES = tuple(spec.name for spec in fields(CompiledNetwork))


def _end_to_end(pointers: Sequence[Integers]) -> Integers:
    """Give pointers into arrays that are laid end to end."""
    sizes = np.diff(np.concatenate(pointers), prepend=0)
    # of the first of each, which is the size of nothing
    firsts = np.cumsum([0, *map(len, pointers[:-1])])
    sizes[firsts] = 0
    return np.delete(np.cumsum(sizes), firsts[1:])


def _cut_by(name: str) -> int:
    """Tell what an array is of, as ``_views`` counts: 2 for each kind, and 1 more for pointers."""
    pointer = name.endswith("_ptr")
    if name.startswith("component_"):
        return pointer
    if pointer or not name.startswith(("pred_", "succ_", "lane_", "demand_")):
        return 2 + pointer
    return 6 if name.startswith("demand_") else 4


_CUT_BY = tuple((name, _cut_by(name)) for name in _NAMES)
