"""The machine's form of a network: flat read-only arrays, components contiguous, upstream first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

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
        for spec in fields(self):
            array = getattr(self, spec.name)
            if array.flags.writeable:
                array.flags.writeable = False

    def __reduce__(self) -> tuple[type[CompiledNetwork], tuple[object, ...]]:
        # made anew in the other process, where unpickled arrays would be writeable otherwise
        return CompiledNetwork, tuple(getattr(self, spec.name) for spec in fields(self))

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
        columns = {}
        for spec in fields(cls):
            parts = [getattr(shard, spec.name) for shard in shards]
            if spec.name.endswith("_ptr"):
                sizes = np.concatenate([ptr[1:] - ptr[:-1] for ptr in parts])
                columns[spec.name] = np.concatenate([[0], np.cumsum(sizes)])
            else:
                columns[spec.name] = np.concatenate(parts)
        return cls(**columns)

    def shard(self, first: int, last: int) -> CompiledNetwork:
        """Components ``first`` up to, not including, ``last``, as views of the same memory."""
        component_ptr = self.component_ptr[first : last + 1]
        start, stop = component_ptr[[0, -1]] - self.component_ptr[0]
        pred_ptr = self.pred_ptr[start : stop + 1]
        demand_ptr = self.demand_ptr[start : stop + 1]
        lanes = slice(*(pred_ptr[[0, -1]] - self.pred_ptr[0]))
        demands = slice(*(demand_ptr[[0, -1]] - self.demand_ptr[0]))
        stages = slice(start, stop)
        return CompiledNetwork(
            component_ptr=component_ptr,
            component_id=self.component_id[first:last],
            stage_row=self.stage_row[stages],
            lead_time=self.lead_time[stages],
            lead_time_std=self.lead_time_std[stages],
            inbound_service_time=self.inbound_service_time[stages],
            max_service_time=self.max_service_time[stages],
            review_period=self.review_period[stages],
            holding_cost=self.holding_cost[stages],
            backorder_cost=self.backorder_cost[stages],
            can_stock=self.can_stock[stages],
            pred_ptr=pred_ptr,
            pred_stage=self.pred_stage[lanes],
            pred_units=self.pred_units[lanes],
            pred_share=self.pred_share[lanes],
            pred_lead_time=self.pred_lead_time[lanes],
            pred_lead_time_std=self.pred_lead_time_std[lanes],
            lane_row=self.lane_row[lanes],
            succ_ptr=self.succ_ptr[start : stop + 1],
            succ_stage=self.succ_stage[lanes],
            succ_lane=self.succ_lane[lanes],
            demand_ptr=demand_ptr,
            demand_row=self.demand_row[demands],
            demand_mean=self.demand_mean[demands],
            demand_std=self.demand_std[demands],
        )
