"""How much room a component needs in the flow kernel of all features, and for what."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from echelon.kernels._jit import Integers
from echelon.kernels.feature_flow_rows import (
    ASKER_ROWS,
    DISRUPTION_ROWS,
    LANE_ROWS,
    STAGE_ROWS,
    WORK_ROWS,
)
from echelon.kernels.flow_arrays import (
    BACKORDER_AGE,
    FIRST_COME,
    PROJECTED_SHORTAGE,
    Features,
    Structure,
)


class Part(NamedTuple):
    """Where a component is in its shard, and what of it perishes."""

    stages: slice
    lanes: slice
    askers: slice
    servant: Integers  # stage of each asker
    receiver: Integers  # stage of each lane
    life: Integers  # shelf life by stage
    keeps: NDArray[np.bool_]  # stages that carry remaining life
    carried: NDArray[np.bool_]  # lanes into such stages
    held: NDArray[np.bool_]  # lanes whose goods may be held


def lists_of(
    structure: Structure, features: Features, part: Part, ruled: NDArray[np.bool_]
) -> tuple[dict[str, Integers], Integers]:
    """Lists of lots by name, and how many lots each may have at most.

    Goods go straight from their lane to stock where nothing keeps them: a stage has but one, starts
    all it can, and takes fixed times.
    """
    stages, lanes = part.stages, part.lanes
    to, life = part.receiver, int(part.life.max()) + 1
    limited = features.capacity[stages] < np.inf
    for pointers in (features.open_ptr, features.down_ptr):
        limited |= np.diff(pointers[stages.start : stages.stop + 1]) > 0
    fixed = (features.make_row[stages] < 0) & (features.release_row[stages] < 0)
    fixed &= (features.yield_row[stages] < 0) & (structure.outside_delay[stages] < 0)
    one = np.diff(structure.lane_ptr[stages.start : stages.stop + 1]) == 1
    straight = part.keeps & one & fixed & ~limited
    straight[to[ruled | part.held]] = False
    lane_straight = straight[to] & part.carried
    general = part.keeps & ~straight
    fresh = (part.life > 0) & ~part.keeps
    held_long = features.release_longest[stages] >= part.life  # may die before they are stored
    general |= fresh & ((features.release_row[stages] >= 0) | held_long)
    # lots in a line differ in when they leave it, or are pending, and in the last period of use, up
    # to as many before this one as they are under way
    made, released = features.make_longest[stages] + 2, features.release_longest[stages] + 2
    on_lane, fast = features.lane_longest[lanes] + 2, features.expedite_delay[lanes] + 2
    through = on_lane + made[to] + released[to]
    loose = part.carried & ~lane_straight
    sizes = {
        "stock_ages": np.where(part.life > 0, life, 0),
        "made_ages": np.where(general, life + made + released, 0),
        "make_ages": np.where(general & part.keeps, (life + made) * made, 0),
        "release_ages": np.where(general, (life + made + released) * released, 0),
        "component_ages": np.where(loose, life, 0),
        "lane_ages": np.where(loose, (life + on_lane) * on_lane, 0)
        + np.where(lane_straight, life * through, 0),
        "fast_ages": np.where(loose & ruled, (life + fast) * fast, 0),
        "doomed_ages": np.where(lane_straight, 3 * through, 0),
    }
    every = np.concatenate(list(sizes.values()))
    number = np.where(every > 0, np.cumsum(every > 0) - 1, -1)
    parts = np.split(number, np.cumsum([len(size) for size in sizes.values()])[:-1])
    return dict(zip(sizes, parts, strict=True)), every[every > 0]


def waits_of(structure: Structure, features: Features, part: Part) -> Integers:
    """Service time of each asker, periods."""
    waits = structure.serve_delay[part.stages][part.servant]
    apart = features.customer_delay[part.stages][part.servant]
    customers = structure.asker_lane[part.askers] < 0
    return np.where(customers & (apart >= 0), apart, waits)


def part_of(structure: Structure, features: Features, component: int) -> Part:
    """Where a component is, and what of it perishes."""
    first, last = (int(p) for p in structure.stage_ptr[component : component + 2])
    stages = slice(first, last)
    lanes = slice(int(structure.lane_ptr[first]), int(structure.lane_ptr[last]))
    askers = slice(int(structure.asker_ptr[first]), int(structure.asker_ptr[last]))
    receiver = structure.receiver[lanes] - first
    life = features.shelf_life[stages]
    keeps = (features.carries[stages] == 1) & (life > 0)
    return Part(
        stages=stages,
        lanes=lanes,
        askers=askers,
        servant=np.repeat(np.arange(last - first), np.diff(structure.asker_ptr[first : last + 1])),
        receiver=receiver,
        life=life,
        keeps=keeps,
        carried=keeps[receiver],
        held=_may_be_held(features, lanes),
    )


def n_rows_of(features: Features, component: int, part: Part) -> int:
    """Rows of stages, lanes, askers, disruptions and scratch."""
    n_disruptions = features.disruption_ptr[component + 1] - features.disruption_ptr[component]
    n_rows: int = (
        (part.stages.stop - part.stages.start) * STAGE_ROWS
        + (part.lanes.stop - part.lanes.start) * LANE_ROWS
        + (part.askers.stop - part.askers.start) * ASKER_ROWS
        + int(n_disruptions) * DISRUPTION_ROWS
        + WORK_ROWS
    )
    return n_rows


def looked_at(structure: Structure, features: Features, part: Part) -> Integers:
    """1 for stages where a rule looks at what is in process and in release."""
    watched = np.zeros(part.stages.stop - part.stages.start, dtype=np.int64)
    ruled = features.expedite_rule[part.lanes] == PROJECTED_SHORTAGE
    watched[structure.receiver[part.lanes][ruled] - part.stages.start] = 1
    return watched


def ring_of(
    fixed: Integers, longest: Integers, by_period: NDArray[np.bool_]
) -> tuple[Integers, Integers]:
    """Size of each delay line, and its mask; none where nothing is ever delayed."""
    by_period = by_period & (longest > 0)
    power = np.int64(1) << np.frexp(longest)[1].astype(np.int64)
    size = np.where(by_period, power, np.where(longest > 0, fixed, 0))
    return size, np.where(by_period, power - 1, -1)


def _may_be_held(features: Features, lanes: slice) -> NDArray[np.bool_]:
    ends = features.lane_down_ptr[lanes.start : lanes.stop + 1]
    downs = features.lane_down_of[ends[0] : ends[-1]]
    lane = np.repeat(np.arange(lanes.stop - lanes.start), np.diff(ends))
    held = np.zeros(lanes.stop - lanes.start, dtype=np.bool_)
    held[lane[features.in_transit_held[downs] == 1]] = True
    return held


def look_back(structure: Structure, features: Features, component: int, part: Part) -> Integers:
    """How many past periods of what fell due each asker's rules look at."""
    first, lanes = part.askers.start, part.lanes
    size = np.zeros(part.askers.stop - first, dtype=np.int64)
    backed = np.flatnonzero(features.backup_for[lanes] >= 0) + lanes.start
    for k in backed.tolist():
        backup = features.backup_for[k]
        if features.backup_after[backup] >= 0:
            asker = structure.asker_of_lane[k] - first
            size[asker] = max(size[asker], features.backup_after[backup])
    aged = np.flatnonzero(features.expedite_rule[lanes] == BACKORDER_AGE) + lanes.start
    for k in aged.tolist():
        waiting = part.servant == structure.receiver[k] - part.stages.start
        size[waiting] = np.maximum(size[waiting], features.expedite_after[k])
    first_come = structure.allocation[part.stages][part.servant] == FIRST_COME
    size[first_come] = structure.periods[component]
    return size
