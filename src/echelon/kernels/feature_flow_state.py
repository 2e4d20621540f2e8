"""What a period leaves to the next in the flow kernel of all features.

All rows of a component are in one array; delay lines and ages, which differ in length, have an
array each.
"""

from __future__ import annotations

import math
import mmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from echelon.kernels._jit import Floats, Integers, by_reference
from echelon.kernels.feature_flow_life import LIST_ROWS, far_rows
from echelon.kernels.feature_flow_rows import (
    ASKER_ROWS,
    DISRUPTION_ROWS,
    GAP,
    LANE_ROWS,
    LATE,
    LEFT,
    ON_HAND,
    OPEN,
    SERVES,
    STAGE_ROWS,
    STORED,
    WORK_ROWS,
)
from echelon.kernels.flow_arrays import (
    BACKORDER_AGE,
    FIRST_COME,
    NO_RULE,
    PROJECTED_SHORTAGE,
    WIDTH,
    Features,
    Structure,
)
from echelon.kernels.shelf_watch import RING, ring_sizes


@by_reference
class FeatureState(NamedTuple):
    """State of one component: float64 rows of some runs, and where in them everything is.

    Row numbers are those of the component, positions in the index arrays too.

    Attributes
    ----------
    rows : (n_rows, width) float64
        Rows of stages, lanes, askers, disruptions, scratch.
    lines : (n_slots, width) float64
        Delay lines, each a ring. One of a fixed time has as many rows as it delays periods. One
        into which a quantity is put by the period in which it leaves (because times are drawn,
        goods may be held, or ages are kept beside it) has a power of two above the longest time.
    ages : (n_age_rows, width) float64
        Stock by age, as :mod:`echelon.kernels.feature_flow_life` keeps it.
    lots, more : (n_lists, LIST_ROWS, width), (n_lists, n_far_rows, width) float64
        What moves by age: a list for each slot of a line and for what moves in this period.
    history : (n_past, width) float64
        What fell due in past periods, by asker: a ring of the periods that a rule looks back; with
        first come first served what of it still waits, of all periods.
    outside_line, make_line, release_line, make_mask, release_mask : (n_stages,) int64
        First row in ``lines``, -1 where there is no line; size of the second kind of ring less
        one, -1 for the first kind.
    lane_line, lane_mask, fast_line, fast_mask : (n_lanes,) int64
        The same of lanes; ``fast_line`` is -1 without an expedite rule.
    asker_line, past, past_size : (n_askers,) int64
        Requests not yet due; first row in ``history`` and its ring size, 0 for none.
    stock_ages : (n_stages,) int64; component_ages : (n_lanes,) int64
        First row in ``ages`` of the stock on hand, of waiting components; -1 none.
    made_ages, make_ages, release_ages : (n_stages,) int64
        List of what moves; first list of the two lines; -1 none.
    lane_ages, fast_ages, moving_ages, express_ages : (n_lanes,) int64
        The same of lanes.
    watched : (n_stages,) int64
        1 where a rule looks at what is in process and in release.
    dwells : (n_watched, width) float64
        How long goods stay in stock, as :mod:`echelon.kernels.shelf_watch` keeps it.
    watch, watch_size : (n_stages,) int64
        First row in ``dwells`` of a stage whose goods are watched, -1 none; size of its ring.
    may_hold : (n_lanes,) int64
        1 where goods under way may be held.
    """

    rows: Floats
    lines: Floats
    ages: Floats
    lots: Floats
    more: Floats
    history: Floats
    outside_line: Integers
    make_line: Integers
    release_line: Integers
    make_mask: Integers
    release_mask: Integers
    lane_line: Integers
    lane_mask: Integers
    fast_line: Integers
    fast_mask: Integers
    asker_line: Integers
    past: Integers
    past_size: Integers
    stock_ages: Integers
    made_ages: Integers
    make_ages: Integers
    release_ages: Integers
    component_ages: Integers
    lane_ages: Integers
    fast_ages: Integers
    moving_ages: Integers
    express_ages: Integers
    watched: Integers
    may_hold: Integers
    dwells: Floats
    watch: Integers
    watch_size: Integers

    def on_hand(self, structure: Structure) -> Floats:
        """Stock of each stage of the only component of ``structure``, (n_stages, width)."""
        last = len(structure.level) * STAGE_ROWS
        return self.rows[:last].reshape(-1, STAGE_ROWS, self.rows.shape[1])[:, ON_HAND]

    def late(self, structure: Structure) -> Floats:
        """What each of its askers is left waiting for, (n_askers, width)."""
        first = len(structure.level) * STAGE_ROWS + len(structure.units) * LANE_ROWS
        last = first + len(structure.asker_lane) * ASKER_ROWS
        return self.rows[first:last].reshape(-1, ASKER_ROWS, self.rows.shape[1])[:, LATE]


def _hardly_used(*shape: int) -> Floats:
    """Zeros that take memory where they are written, by small pages.

    NumPy asks for large ones, and then the first number in each of them clears two megabytes.
    """
    memory = mmap.mmap(-1, 8 * math.prod(shape))
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, dtype=np.float64).reshape(shape)


class _Rows:
    """Rows handed out one after the other."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, sizes: Integers) -> Integers:
        """First row of each; -1 where it takes none."""
        ends = self.taken + np.cumsum(sizes)
        first = np.where(sizes > 0, ends - sizes, -1)
        self.taken += int(sizes.sum())
        return first.astype(np.int64)


def start_feature_state(
    structure: Structure,
    features: Features,
    component: int,
    longest: Integers | None = None,
    width: int = WIDTH,
) -> FeatureState:
    """Stock on hand, nothing on order, nobody waiting, everything up.

    Parameters
    ----------
    structure, features
        Of the shard.
    component : int
        Which of its components.
    longest : (n_stages,) int64, optional
        Of the component: longest stay in stock, periods, that is told from a longer one; 0 where
        none is watched, as nowhere without it.
    width : int
        Runs that there is room for, at most ``WIDTH``.

    Returns
    -------
    FeatureState
        Of that component alone.
    """
    part = _part(structure, features, component)
    stages, lanes = part.stages, part.lanes
    held = _may_be_held(features, lanes)
    keeps, perishes = part.keeps, part.life > 0
    ruled = features.expedite_rule[lanes] != NO_RULE
    make_size, make_mask = _ring(
        structure.make_delay[stages],
        features.make_longest[stages],
        (features.make_row[stages] >= 0) | keeps,
    )
    release_size, release_mask = _ring(
        features.release_delay[stages],
        features.release_longest[stages],
        (features.release_row[stages] >= 0) | perishes,
    )
    lane_size, lane_mask = _ring(
        structure.lane_delay[lanes],
        features.lane_longest[lanes],
        (features.lane_row[lanes] >= 0) | held | part.carried,
    )
    fast = features.expedite_delay[lanes]
    fast_size, fast_mask = _ring(fast, fast, held | part.carried)
    fast_size = np.where(ruled, fast_size, 0)

    line, age, lot, past, dwell = _Rows(), _Rows(), _Rows(), _Rows(), _Rows()
    watch_size = ring_sizes(np.zeros_like(part.life) if longest is None else longest)
    watch_rows = np.where(watch_size > 0, watch_size + RING, 0)
    aged, aged_lanes = perishes.astype(np.int64), part.carried.astype(np.int64)
    past_size = _look_back(structure, features, component, part)
    state = FeatureState(
        rows=np.zeros((_n_rows(features, component, part), width)),
        outside_line=line.take(np.maximum(structure.outside_delay[stages], 0)),
        make_line=line.take(make_size),
        release_line=line.take(release_size),
        lane_line=line.take(lane_size),
        fast_line=line.take(fast_size),
        asker_line=line.take(_waits(structure, features, part)),
        make_mask=make_mask,
        release_mask=release_mask,
        lane_mask=lane_mask,
        fast_mask=fast_mask,
        stock_ages=age.take(np.where(perishes, part.life + 1, 0)),
        made_ages=lot.take(aged),
        make_ages=lot.take(np.where(keeps, make_size, 0)),
        release_ages=lot.take(release_size * aged),
        component_ages=age.take(np.where(part.carried, part.lane_life + 1, 0)),
        lane_ages=lot.take(lane_size * aged_lanes),
        fast_ages=lot.take(fast_size * aged_lanes),
        moving_ages=lot.take(aged_lanes),
        express_ages=lot.take(ruled * aged_lanes),
        watched=_watched(structure, features, part),
        may_hold=held.astype(np.int64),
        past=past.take(past_size),
        past_size=past_size,
        watch=dwell.take(watch_rows),
        watch_size=watch_size,
        dwells=np.zeros((max(dwell.taken, 1), width)),
        lines=np.zeros((max(line.taken, 1), width)),
        ages=np.zeros((max(age.taken, 1), width)),
        lots=np.zeros((max(lot.taken, 1), LIST_ROWS, width)),
        more=_hardly_used(max(lot.taken, 1), far_rows(int(part.life.max())), width),
        history=np.zeros((max(past.taken, 1), width)),
    )
    _stock_up(state, structure, part)
    return state


def start_again(
    state: FeatureState, structure: Structure, features: Features, component: int
) -> None:
    """Make of a state that runs have left what :func:`start_feature_state` makes."""
    # nothing is read of `more` that was not written after its list began
    for array in (state.rows, state.lines, state.ages, state.lots, state.history, state.dwells):
        array[:] = 0.0
    _stock_up(state, structure, _part(structure, features, component))


def _stock_up(state: FeatureState, structure: Structure, part: _Part) -> None:
    """Give a state that is zero everywhere its first stock."""
    n_stages = part.stages.stop - part.stages.start
    n_lanes, n_askers = part.lanes.stop - part.lanes.start, part.askers.stop - part.askers.start
    rows, stage = state.rows, np.arange(n_stages) * STAGE_ROWS
    stock = structure.initial_stock[part.stages, None]
    rows[stage + ON_HAND] = rows[stage + STORED] = stock
    rows[stage + GAP] = structure.level[part.stages, None] - stock
    rows[stage + LEFT] = rows[stage + SERVES] = 1.0
    asker = n_stages * STAGE_ROWS + n_lanes * LANE_ROWS + np.arange(n_askers) * ASKER_ROWS
    rows[asker + OPEN] = 1.0
    fresh = np.flatnonzero(part.life > 0)  # usable up to period life - 1
    state.ages[state.stock_ages[fresh] + part.life[fresh]] = stock[fresh]


def _waits(structure: Structure, features: Features, part: _Part) -> Integers:
    """Service time of each asker, periods."""
    waits = structure.serve_delay[part.stages][part.servant]
    apart = features.customer_delay[part.stages][part.servant]
    customers = structure.asker_lane[part.askers] < 0
    return np.where(customers & (apart >= 0), apart, waits)


class _Part(NamedTuple):
    """Where a component is in its shard, and what of it perishes."""

    stages: slice
    lanes: slice
    askers: slice
    servant: Integers  # stage of each asker
    life: Integers  # shelf life by stage
    keeps: NDArray[np.bool_]  # stages that carry remaining life
    lane_life: Integers  # shelf life at the receiver
    carried: NDArray[np.bool_]  # lanes into such stages


def _part(structure: Structure, features: Features, component: int) -> _Part:
    first, last = (int(p) for p in structure.stage_ptr[component : component + 2])
    stages = slice(first, last)
    lanes = slice(int(structure.lane_ptr[first]), int(structure.lane_ptr[last]))
    askers = slice(int(structure.asker_ptr[first]), int(structure.asker_ptr[last]))
    receiver = structure.receiver[lanes] - first
    life = features.shelf_life[stages]
    keeps = (features.carries[stages] == 1) & (life > 0)
    return _Part(
        stages=stages,
        lanes=lanes,
        askers=askers,
        servant=np.repeat(np.arange(last - first), np.diff(structure.asker_ptr[first : last + 1])),
        life=life,
        keeps=keeps,
        lane_life=life[receiver],
        carried=keeps[receiver],
    )


def _n_rows(features: Features, component: int, part: _Part) -> int:
    n_disruptions = features.disruption_ptr[component + 1] - features.disruption_ptr[component]
    n_rows: int = (
        (part.stages.stop - part.stages.start) * STAGE_ROWS
        + (part.lanes.stop - part.lanes.start) * LANE_ROWS
        + (part.askers.stop - part.askers.start) * ASKER_ROWS
        + int(n_disruptions) * DISRUPTION_ROWS
        + WORK_ROWS
    )
    return n_rows


def _watched(structure: Structure, features: Features, part: _Part) -> Integers:
    watched = np.zeros(part.stages.stop - part.stages.start, dtype=np.int64)
    looked_at = features.expedite_rule[part.lanes] == PROJECTED_SHORTAGE
    watched[structure.receiver[part.lanes][looked_at] - part.stages.start] = 1
    return watched


def _ring(
    fixed: Integers, longest: Integers, by_period: NDArray[np.bool_]
) -> tuple[Integers, Integers]:
    """Size of each delay line, and its mask; none where nothing is ever delayed."""
    by_period = by_period & (longest > 0)
    power = np.int64(1) << np.ceil(np.log2(longest + 1.0)).astype(np.int64)
    size = np.where(by_period, power, np.where(longest > 0, fixed, 0))
    return size, np.where(by_period, power - 1, -1)


def _may_be_held(features: Features, lanes: slice) -> NDArray[np.bool_]:
    held = np.zeros(lanes.stop - lanes.start, dtype=np.bool_)
    for k in range(lanes.start, lanes.stop):
        downs = features.lane_down_of[features.lane_down_ptr[k] : features.lane_down_ptr[k + 1]]
        held[k - lanes.start] = features.in_transit_held[downs].any()
    return held


def _look_back(structure: Structure, features: Features, component: int, part: _Part) -> Integers:
    """How many past periods of what fell due each asker's rules look at."""
    first = part.askers.start
    size = np.zeros(part.askers.stop - first, dtype=np.int64)
    for k in range(part.lanes.start, part.lanes.stop):
        backup = features.backup_for[k]
        if backup >= 0 and features.backup_after[backup] >= 0:
            asker = structure.asker_of_lane[k] - first
            size[asker] = max(size[asker], features.backup_after[backup])
        if features.expedite_rule[k] == BACKORDER_AGE:
            waiting = part.servant == structure.receiver[k] - part.stages.start
            size[waiting] = np.maximum(size[waiting], features.expedite_after[k])
    first_come = structure.allocation[part.stages][part.servant] == FIRST_COME
    size[first_come] = structure.periods[component]
    return size
