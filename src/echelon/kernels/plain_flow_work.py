"""Room that the kernel of plain base stock works in: state, blocks of orders, delay lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import Floats, Integers, by_reference, jit, jit_part
from echelon.kernels.flow_arrays import WIDTH, Features, Structure, Sums
from echelon.kernels.flow_rows import STEPS
from echelon.kernels.philox import Words

if TYPE_CHECKING:
    from echelon.kernels.single_work import SingleWork

START, SHARE, BEFORE, AFTER, ASKED = 0, 1, 2, 3, 4  # rows of Work.scratch
_SCRATCH = 5

MOST = 3
"""Askers, or suppliers, of a stage for which there are loops over several periods."""

SHIPPED = 0  # spare rows of Work.line, STEPS for each use
MADE = SHIPPED + MOST * STEPS
ARRIVING = MADE + STEPS
SPARE = ARRIVING + MOST * STEPS


@by_reference
class Supply(NamedTuple):
    """What kernels other than that of all features know of ``Features``, of a shard.

    The kernel of plain components reads the first six, and the others are nothing there: 0 or inf.

    Attributes
    ----------
    make_row, lane_row : (n_stages,), (n_lanes,) int64
        Drawn row, -1 where the time is fixed.
    make_longest, lane_longest : (n_stages,), (n_lanes,) int64
    overtaking, lane_overtaking : (n_stages,), (n_lanes,) int64
    release_delay : (n_stages,) int64
    capacity : (n_stages,) float64
    order_multiple, minimum_order, maximum_order : (n_stages,) float64
    """

    make_row: Integers
    lane_row: Integers
    make_longest: Integers
    lane_longest: Integers
    overtaking: Integers
    lane_overtaking: Integers
    release_delay: Integers
    capacity: Floats
    order_multiple: Floats
    minimum_order: Floats
    maximum_order: Floats


def supply_of(features: Features) -> Supply:
    """Pick it out of the features."""
    return Supply(*(getattr(features, name) for name in Supply._fields))


@by_reference
class Work(NamedTuple):
    """Room for the largest component of a shard; rows are numbered within the component.

    Attributes
    ----------
    gap, on_hand, outside_stock, worst, asked_count : (n_stages, WIDTH) float64
        Base stock less inventory position; finished stock; kits of outside material waiting;
        largest shortage of the running cycle; periods in which something was asked for.
    late : (n_askers, WIDTH)
        Requests past their due period.
    component : (n_lanes, WIDTH)
        Components waiting at the receiving end.
    rows : ((n_rows + n_stages + n_lanes) * block, WIDTH)
        Of a block of periods: drawn rows, orders, and requests of lanes.
    make_until, lane_until : (n_stages, WIDTH), (n_lanes, WIDTH)
        Where times are drawn, the period in which what was sent last leaves.
    line : (n_slots, WIDTH)
        Spare rows, then every delay line: a ring of at least as many rows as it delays periods and
        a block has.
    scratch : (_SCRATCH, WIDTH)
    unseen : Sums
        A few rows that take the sums of periods that are not counted.
    order_row, asks_row : (n_stages,), (n_askers,) int64
        Where the orders of a stage and the requests of an asker begin in ``rows``.
    outside_ring, make_ring, lane_ring, asker_ring : (n, 2) int64
        First row and number of rows of each delay line, by the period of entering.
    made_ring, arrival_ring : (n_stages, 2), (n_lanes, 2) int64
        The same by the period of leaving, of lines whose times are drawn; what arrives on other
        lanes is in the ring by the period of entering.
    arrival_delay : (n_lanes,) int64
        Periods that what arrives is behind in its ring: none where it is drawn when it leaves.
    times : Supply
    place : (WIDTH,) uint64
        Row of a ring in which the goods of a run leave.
    follows, returns : (n_stages,) int64
        Whether the stage orders in this block what it is asked for; whether customers return.
    drawn_at : (2,) int64
        Row of ``rows`` that drawn row 0 of the shard would have, and rows of each.
    copied : (1,) int64
        Whether stages that follow have left their sums of orders to :func:`finish`.
    """

    gap: Floats
    on_hand: Floats
    outside_stock: Floats
    worst: Floats
    asked_count: Floats
    late: Floats
    component: Floats
    make_until: Floats
    lane_until: Floats
    rows: Floats
    line: Floats
    scratch: Floats
    unseen: Sums
    order_row: Integers
    asks_row: Integers
    outside_ring: Integers
    make_ring: Integers
    lane_ring: Integers
    asker_ring: Integers
    made_ring: Integers
    arrival_ring: Integers
    arrival_delay: Integers
    times: Supply
    place: Words
    follows: Integers
    returns: Integers
    drawn_at: Integers
    copied: Integers


@jit
def slots_of(f: Structure, times: Supply, c: int, block: int) -> int:
    """Rows that the delay lines of component ``c`` take, with blocks of ``block`` periods."""
    slots = 0
    for j in range(f.stage_ptr[c], f.stage_ptr[c + 1]):
        slots += _outside_rows(f, times, j, block) + _make_rows(f, times, j, block)
        slots += _made_rows(times, j, block)
        for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
            slots += _lane_rows(f, times, j, k, block) + _arrival_rows(f, times, j, k, block)
        slots += (f.asker_ptr[j + 1] - f.asker_ptr[j]) * _ring(f.serve_delay[j], STEPS)
    return slots


@jit
def most_slots(f: Structure, times: Supply, first: int, last: int, block: int) -> int:
    """Rows for the delay lines of any of components ``first`` to ``last``, and spare ones."""
    most = 0
    for c in range(first, last):
        most = max(most, slots_of(f, times, c, block))
    return SPARE + most


@jit_part
def joins(f: Structure, times: Supply, j: int) -> bool:
    """Whether goods may wait before they start, which they then do in a line of its own.

    For parts of another kind, or for a capacity.
    """
    lanes = f.lane_ptr[j + 1] - f.lane_ptr[j]
    several = lanes > 1 or (lanes == 1 and f.outside_delay[j] >= 0)
    return bool(several or times.capacity[j] < np.inf)


@jit_part
def making(f: Structure, times: Supply, j: int) -> int:
    """Periods that goods stay in the line in which they came: none where the time is drawn.

    Made there, and held for quality.
    """
    return 0 if times.make_row[j] >= 0 else f.make_delay[j] + times.release_delay[j]


@jit_part
def _outside_rows(f: Structure, times: Supply, j: int, block: int) -> int:
    if f.outside_delay[j] < 0:
        return 0
    made = 0 if joins(f, times, j) else making(f, times, j)  # bought and made in one line
    return _ring(f.outside_delay[j] + made, block)


@jit_part
def _make_rows(f: Structure, times: Supply, j: int, block: int) -> int:
    return _ring(making(f, times, j), block) if joins(f, times, j) else 0


@jit_part
def _made_rows(times: Supply, j: int, block: int) -> int:
    if times.make_row[j] < 0:
        return 0
    return _ring(times.make_longest[j] + times.release_delay[j], block)


@jit_part
def _lane_rows(f: Structure, times: Supply, j: int, k: int, block: int) -> int:
    """A stage with one supplier makes what arrives, so its goods stay in the line of the lane."""
    if times.lane_row[k] >= 0:
        return _ring(0, block)
    return _ring(f.lane_delay[k] + (0 if joins(f, times, j) else making(f, times, j)), block)


@jit_part
def _arrival_rows(f: Structure, times: Supply, j: int, k: int, block: int) -> int:
    if times.lane_row[k] < 0:
        return 0
    return _ring(times.lane_longest[k] + (0 if joins(f, times, j) else making(f, times, j)), block)


@jit_part
def _ring(delay: int, block: int) -> int:
    """Rows of a ring in which a block is written before it is read, in whole steps."""
    return (delay + block + STEPS - 1) // STEPS * STEPS


def room_for(f: Structure, features: Features, component: int, block: int) -> int:
    """Rows of runs that a component touches in a block of periods."""
    stages = int(f.stage_ptr[component + 1] - f.stage_ptr[component])
    drawn = int(f.row_ptr[component + 1] - f.row_ptr[component])
    slots = int(slots_of(f, supply_of(features), component, block))
    return slots + (drawn + stages) * block + 10 * stages


def work_for(f: Structure, features: Features, first: int, last: int, block: int) -> Work:
    """Room for the largest of components ``first`` to ``last``, for blocks of ``block`` periods."""
    own, times = range(first, last), supply_of(features)
    stages = max(int(f.stage_ptr[c + 1] - f.stage_ptr[c]) for c in own)
    lanes = max(int(f.lane_ptr[f.stage_ptr[c + 1]] - f.lane_ptr[f.stage_ptr[c]]) for c in own)
    askers = max(int(f.asker_ptr[f.stage_ptr[c + 1]] - f.asker_ptr[f.stage_ptr[c]]) for c in own)
    drawn = max(int(f.row_ptr[c + 1] - f.row_ptr[c]) for c in own)
    slots = int(most_slots(f, times, first, last, block))

    def floats(count: int) -> Floats:
        return np.zeros((count, WIDTH))

    def whole(*shape: int) -> Integers:
        return np.zeros(shape, dtype=np.int64)

    return Work(
        gap=floats(stages),
        on_hand=floats(stages),
        outside_stock=floats(stages),
        worst=floats(stages),
        asked_count=floats(stages),
        late=floats(askers),
        component=floats(lanes),
        make_until=floats(stages),
        lane_until=floats(lanes),
        rows=floats((drawn + stages + lanes) * block),
        line=floats(slots),
        scratch=floats(_SCRATCH),
        unseen=Sums(*(floats(MOST) for _ in Sums._fields)),
        order_row=whole(stages),
        asks_row=whole(askers),
        outside_ring=whole(stages, 2),
        make_ring=whole(stages, 2),
        lane_ring=whole(lanes, 2),
        asker_ring=whole(askers, 2),
        made_ring=whole(stages, 2),
        arrival_ring=whole(lanes, 2),
        arrival_delay=whole(lanes),
        times=times,
        place=np.zeros(WIDTH, dtype=np.uint64),
        follows=whole(stages),
        returns=whole(stages),
        drawn_at=whole(2),
        copied=whole(1),
    )


@jit_part
def start(f: Structure, c: int, w: Work, block: int, n: int) -> None:
    """Stock on hand, nothing on order, nobody waiting; lay the delay lines out."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    first_lane, first_asker = f.lane_ptr[first], f.asker_ptr[first]
    for j in range(first, last):
        i = j - first
        for r in range(n):
            w.gap[i, r] = f.level[j] - f.initial_stock[j]
            w.on_hand[i, r] = f.initial_stock[j]
        rows_of.zero(n, w.outside_stock, i)
        rows_of.zero(n, w.worst, i)
        rows_of.zero(n, w.asked_count, i)
        rows_of.zero(n, w.make_until, i)
        for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
            rows_of.zero(n, w.component, k - first_lane)
            rows_of.zero(n, w.lane_until, k - first_lane)
        for q in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
            rows_of.zero(n, w.late, q - first_asker)
    for i in range(lay_out_lines(f, c, w, block)):
        rows_of.zero(n, w.line, i)
    w.drawn_at[0], w.drawn_at[1] = -f.row_ptr[c] * block, block
    w.copied[0] = 1


@jit_part
def lay_out_lines(f: Structure, c: int, w: Work | SingleWork, block: int) -> int:
    """Give every delay line of a component its rows of ``w.line``; the number of rows in all."""
    first = f.stage_ptr[c]
    first_lane, first_asker = f.lane_ptr[first], f.asker_ptr[first]
    slot = SPARE
    for j in range(first, f.stage_ptr[c + 1]):
        i = j - first
        slot = _lay(w.outside_ring, i, slot, _outside_rows(f, w.times, j, block))
        slot = _lay(w.make_ring, i, slot, _make_rows(f, w.times, j, block))
        slot = _lay(w.made_ring, i, slot, _made_rows(w.times, j, block))
        for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
            x = k - first_lane
            slot = _lay(w.lane_ring, x, slot, _lane_rows(f, w.times, j, k, block))
            slot = _lay(w.arrival_ring, x, slot, _arrival_rows(f, w.times, j, k, block))
            w.arrival_delay[x] = 0
            if w.times.lane_row[k] < 0:
                w.arrival_ring[x, 0], w.arrival_ring[x, 1] = w.lane_ring[x, 0], w.lane_ring[x, 1]
                w.arrival_delay[x] = f.lane_delay[k]
        for q in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
            slot = _lay(w.asker_ring, q - first_asker, slot, _ring(f.serve_delay[j], STEPS))
    return int(slot)


@jit_part
def _lay(ring: Integers, i: int, slot: int, size: int) -> int:
    ring[i, 0] = slot
    ring[i, 1] = size
    return slot + size


@jit_part
def row_at(ring: Integers, i: int, period: int) -> int:
    """Row of a ring that belongs to a period."""
    return int(ring[i, 0] + period % ring[i, 1])
