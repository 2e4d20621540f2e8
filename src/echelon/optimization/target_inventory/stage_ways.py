"""The ways of ordering of a component's stages, laid out as the arrays of its problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.network.compiled import Booleans, Floats, Integers
from echelon.optimization.target_inventory.ways import Inbound, Way, ways_of_ordering


@dataclass(frozen=True, slots=True)
class InboundLanes:
    """Lanes of a component and what its stages order from outside; arrays by lane N or stage J.

    Attributes
    ----------
    target : (N,) int64
        Receiver.
    time, fast_time : (N,) int64
        Periods in transit, the usual way and the fast one; equal where there is no fast one.
    fast_cost, share, units, waiting_cost : (N,) float64
        As in :class:`~.ways.Inbound`.
    group : (N,) int64
    outside : (J,) int64
        Periods until parts from outside are there.
    """

    target: Integers
    time: Integers
    fast_time: Integers
    fast_cost: Floats
    share: Floats
    units: Floats
    waiting_cost: Floats
    group: Integers
    outside: Integers


@dataclass(frozen=True, slots=True)
class StageWays:
    """Fields of ``TargetProblem`` by their names."""

    way_stage: Integers
    way_fast: Booleans
    way_cost: Floats
    way_lane_time: Integers
    start_way: Integers
    start_offset: Integers
    start_share: Floats


def ways_of_stages(lanes: InboundLanes) -> StageWays:
    """List the ways of every stage, the ordinary one of each stage first."""
    n_lanes, n_stages = len(lanes.target), len(lanes.outside)
    of_stage: list[tuple[int, Way]] = []
    times: list[Integers] = []
    for j in range(n_stages):
        mine = np.flatnonzero(lanes.target == j)
        if len(mine):
            inbound = Inbound(
                time=lanes.time[mine],
                fast_time=lanes.fast_time[mine],
                fast_cost=lanes.fast_cost[mine],
                group=lanes.group[mine],
                share=lanes.share[mine],
                units=lanes.units[mine],
                waiting_cost=lanes.waiting_cost[mine],
                outside_time=int(lanes.outside[j]),
            )
            ways = ways_of_ordering(inbound)
        else:
            ways = [Way(np.zeros(0, np.int64), False, 0.0, ((int(lanes.outside[j]), 1.0),))]
        for way in ways:
            row = np.full(n_lanes, -1, dtype=np.int64)
            row[mine] = way.lane_time
            of_stage.append((j, way))
            times.append(row)
    parts = [(w, *part) for w, (_, way) in enumerate(of_stage) for part in way.parts]
    return StageWays(
        way_stage=np.array([j for j, _ in of_stage], dtype=np.int64),
        way_fast=np.array([way.fast for _, way in of_stage], dtype=np.bool_),
        way_cost=np.array([way.cost for _, way in of_stage], dtype=np.float64),
        way_lane_time=np.array(times, dtype=np.int64).reshape(len(of_stage), n_lanes),
        start_way=np.array([w for w, _, _ in parts], dtype=np.int64),
        start_offset=np.array([offset for _, offset, _ in parts], dtype=np.int64),
        start_share=np.array([share for _, _, share in parts], dtype=np.float64),
    )
