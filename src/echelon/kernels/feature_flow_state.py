"""What a period leaves to the next in the flow kernel of all features.

All rows of a component are in one array; delay lines, which differ in length, have one of their
own, and goods by age are in lists of lots.
"""

from __future__ import annotations

import mmap
import sys
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.kernels._jit import Floats, Integers, by_reference
from echelon.kernels.feature_flow_lots import (
    BEGIN,
    COUNT,
    HEAD,
    LEAST,
    LEAVES,
    LOT,
    MASK,
    TAKEN,
    TO_THE_END,
    UNITS,
    USABLE,
    most_numbers,
)
from echelon.kernels.feature_flow_room import (
    Part,
    lists_of,
    look_back,
    looked_at,
    n_rows_of,
    part_of,
    ring_of,
    waits_of,
)
from echelon.kernels.feature_flow_rows import (
    ASKER_ROWS,
    GAP,
    LANE_ROWS,
    LATE,
    LEFT,
    ON_HAND,
    OPEN,
    SERVES,
    STAGE_ROWS,
    STORED,
)
from echelon.kernels.flow_arrays import NO_RULE, WIDTH, Features, Structure
from echelon.kernels.shelf_queues import ShelfWatch, nothing_watched

Booleans: TypeAlias = NDArray[np.bool_]

EMPTY: Final = np.array([0, -1, 0, 0])
"""Head of a list that never had a lot."""


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
        into which a quantity is put by the period in which it leaves (because times are drawn, or
        goods may be held) has a power of two above the longest time.
    heads, lots, first, room : int64, float64, float64, int64
        Lists of lots, as :mod:`echelon.kernels.feature_flow_lots` keeps them; of the room for them
        how many numbers are taken, and from which last period of use on goods are in no list.
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
    stock_ages, made_ages, make_ages, release_ages : (n_stages,) int64
        List of the stock on hand; of what moves within the stage; of the two lines; -1 none.
    component_ages, lane_ages, fast_ages, doomed_ages : (n_lanes,) int64
        List of components that wait; of the two lines; of what dies on the way; -1 none. Goods go
        straight from a lane to stock where it has a list of the doomed.
    doomed : (n_lanes,) int64
        1 once some goods died on their way, in any run.
    watched : (n_stages,) int64
        1 where a rule looks at what is in process and in release.
    shelves : ShelfWatch
        What is watched of stages whose goods have an age that is not kept.
    may_hold : (n_lanes,) int64
        1 where goods under way may be held.
    by_age : (n_stages, width) bool
        Runs in which goods of a stage that perish are kept by age; in the others they keep for
        ever. It is the same for all stages that hand goods on with the age they have.
    sent_row : (n_askers,) int64
        Row of ``sent`` that keeps what a segment of customers gets; -1 for none.
    sent : (n, block, width) float64
        What is shipped in each period of a block, where another kernel goes on with it.
    """

    rows: Floats
    lines: Floats
    heads: Integers
    lots: Floats
    first: Floats
    room: Integers
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
    doomed_ages: Integers
    doomed: Integers
    watched: Integers
    may_hold: Integers
    by_age: Booleans
    sent_row: Integers
    sent: Floats
    shelves: ShelfWatch

    def on_hand(self, structure: Structure) -> Floats:
        """Stock of each stage of the only component of ``structure``, (n_stages, width)."""
        last = len(structure.level) * STAGE_ROWS
        return self.rows[:last].reshape(-1, STAGE_ROWS, self.rows.shape[1])[:, ON_HAND]

    def late(self, structure: Structure) -> Floats:
        """What each of its askers is left waiting for, (n_askers, width)."""
        first = len(structure.level) * STAGE_ROWS + len(structure.units) * LANE_ROWS
        last = first + len(structure.asker_lane) * ASKER_ROWS
        return self.rows[first:last].reshape(-1, ASKER_ROWS, self.rows.shape[1])[:, LATE]


_PRIVATE: Final = (
    {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | (0x4000 if sys.platform == "linux" else 0)}
    if hasattr(mmap, "MAP_PRIVATE")
    else {}
)
"""Flags of memory for one process; on Linux with MAP_NORESERVE, for which Python has no name: what
may be needed at worst can be more than the machine has, and the kernel refuses that otherwise."""


def _hardly_used(size: int) -> Floats:
    """Numbers that take memory where they are written, by small pages.

    NumPy asks for large ones, and then the first number in each of them clears two megabytes.
    """
    try:
        memory = mmap.mmap(-1, 8 * size, **_PRIVATE)
    except OSError as error:
        raise MemoryError(
            f"goods by age may take {8 * size / 2**30:,.0f} GiB at the worst, which the system "
            "does not set aside. Fix: shorten shelf_life or lead times, or take the stages apart."
        ) from error
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, dtype=np.float64)


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
    shelves: ShelfWatch | None = None,
    width: int = WIDTH,
    by_age: Booleans | None = None,
) -> FeatureState:
    """Stock on hand, nothing on order, nobody waiting, everything up.

    Parameters
    ----------
    structure, features
        Of the shard.
    component : int
        Which of its components.
    shelves : ShelfWatch, optional
        Of the shard; without it nothing is watched.
    width : int
        Runs that there is room for, at most ``WIDTH``.
    by_age : (n_stages, width) bool, optional
        Of the component: runs in which a stage's goods are kept by age, if they perish; all.

    Returns
    -------
    FeatureState
        Of that component alone.
    """
    part = part_of(structure, features, component)
    stages, lanes = part.stages, part.lanes
    held = part.held
    ruled = features.expedite_rule[lanes] != NO_RULE
    make_size, make_mask = ring_of(
        structure.make_delay[stages], features.make_longest[stages], features.make_row[stages] >= 0
    )
    release_size, release_mask = ring_of(
        features.release_delay[stages],
        features.release_longest[stages],
        features.release_row[stages] >= 0,
    )
    lane_size, lane_mask = ring_of(
        structure.lane_delay[lanes],
        features.lane_longest[lanes],
        (features.lane_row[lanes] >= 0) | held,
    )
    fast = features.expedite_delay[lanes]
    fast_size, fast_mask = ring_of(fast, fast, held)
    fast_size = np.where(ruled, fast_size, 0)

    line, past = _Rows(), _Rows()
    past_size = look_back(structure, features, component, part)
    ages, most_lots = lists_of(structure, features, part, ruled)
    n_lists = len(most_lots)
    state = FeatureState(
        rows=np.zeros((n_rows_of(features, component, part), width)),
        outside_line=line.take(np.maximum(structure.outside_delay[stages], 0)),
        make_line=line.take(make_size),
        release_line=line.take(release_size),
        lane_line=line.take(lane_size),
        fast_line=line.take(fast_size),
        asker_line=line.take(waits_of(structure, features, part)),
        make_mask=make_mask,
        release_mask=release_mask,
        lane_mask=lane_mask,
        fast_mask=fast_mask,
        watched=looked_at(structure, features, part),
        may_hold=held.astype(np.int64),
        by_age=np.ones((len(part.life), width), np.bool_) if by_age is None else by_age,
        sent_row=np.full(part.askers.stop - part.askers.start, -1),
        sent=np.zeros((1, 1, 1)),
        past=past.take(past_size),
        past_size=past_size,
        shelves=nothing_watched(structure) if shelves is None else shelves,
        lines=np.zeros((max(line.taken, 1), width)),
        history=np.zeros((max(past.taken, 1), width)),
        heads=np.empty((max(n_lists, 1), width, HEAD), dtype=np.int64),
        first=np.zeros((max(n_lists, 1), width)),
        lots=_hardly_used(max(most_numbers(most_lots) * width, 1)),
        room=np.array([0, _to_the_end(structure, features, component, part)]),
        doomed=np.zeros(lanes.stop - lanes.start, dtype=np.int64),
        **ages,
    )
    _stock_up(state, structure, part)
    return state


def _to_the_end(structure: Structure, features: Features, component: int, part: Part) -> int:
    """First period so late that what is usable in it is never found too old by anybody."""
    return int(structure.periods[component] + features.minimum_life[part.askers].max(initial=0))


def start_again(
    state: FeatureState, structure: Structure, features: Features, component: int
) -> None:
    """Make of a state that runs have left what :func:`start_feature_state` makes."""
    for array in (state.rows, state.lines, state.history):
        array[:] = 0.0
    _stock_up(state, structure, part_of(structure, features, component))


def _stock_up(state: FeatureState, structure: Structure, part: Part) -> None:
    """Give a state that is zero everywhere, but for its lists, its first stock."""
    n_stages = part.stages.stop - part.stages.start
    n_lanes, n_askers = part.lanes.stop - part.lanes.start, part.askers.stop - part.askers.start
    rows, stage = state.rows, np.arange(n_stages) * STAGE_ROWS
    stock = structure.initial_stock[part.stages, None]
    rows[stage + ON_HAND] = rows[stage + STORED] = stock
    rows[stage + GAP] = structure.level[part.stages, None] - stock
    rows[stage + LEFT] = rows[stage + SERVES] = 1.0
    asker = n_stages * STAGE_ROWS + n_lanes * LANE_ROWS + np.arange(n_askers) * ASKER_ROWS
    rows[asker + OPEN] = 1.0
    # nothing is read of `lots` that was not written after its list began
    state.heads[:], state.first[:], state.doomed[:] = EMPTY, np.inf, 0
    fresh = np.flatnonzero((part.life > 0) & (stock[:, 0] > 0.0))  # usable up to period life - 1
    width = rows.shape[1]
    lists, until = state.stock_ages[fresh], part.life[fresh] - 1.0
    begin = np.arange(len(fresh) * width).reshape(-1, width) * (LOT * LEAST)
    state.room[TAKEN] = begin.size * LOT * LEAST
    state.heads[lists, :, BEGIN], state.heads[lists, :, MASK] = begin, LEAST - 1
    kept = state.by_age[fresh] & (until[:, None] < state.room[TO_THE_END])
    state.heads[lists, :, COUNT] = kept
    state.first[lists] = np.where(kept, until[:, None], np.inf)
    state.lots[begin + LEAVES] = state.lots[begin + USABLE] = until[:, None]
    state.lots[begin + UNITS] = stock[fresh]
