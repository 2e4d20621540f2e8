"""Room that the kernel of plain base stock in single precision works in."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.kernels import single_rows as rows_of
from echelon.kernels._jit import Floats, Integers, by_reference, jit_part
from echelon.kernels.draws import STRETCH
from echelon.kernels.flow_arrays import WIDTH, Features, Structure, rows_of_runs
from echelon.kernels.flow_rows import STEPS, zero
from echelon.kernels.philox import Words
from echelon.kernels.plain_flow_work import (
    Supply,
    lay_out_lines,
    most_slots,
    supply_of,
)
from echelon.kernels.single_rows import Bits, Singles

Signs: TypeAlias = NDArray[np.int32]

GROUP = 32
"""Periods of which each has a bit, where one says how it ended."""

SUMMED = 4 * GROUP
"""Periods whose sums are added up in single precision."""

LEAD = 4
"""Rows kept free before those of a block: what was asked for in the periods before it."""

LOT_ROUNDING = 4e-6
"""Of the least that is ordered at once: a gap that is above a multiple by less is at it."""

TOLERANCE = 1e3
"""Times the tolerance of double precision: less outstanding than that is rounding."""


@by_reference
class SingleWork(NamedTuple):
    """Room for the largest component of a shard, as :class:`~.plain_flow_work.Work` is.

    Attributes
    ----------
    gap, short : (n_stages, WIDTH) float32
        Base stock less inventory position; late towards all askers less stock on hand.
    late : (n_askers, WIDTH) float32
        Of stages with several askers, or with returns.
    component : (n_lanes, WIDTH) float32
        Components waiting, in kits.
    outside_stock : (n_stages, WIDTH) float32
        Kits of outside material waiting.
    make_until, lane_until : (n_stages, WIDTH), (n_lanes, WIDTH) float32
        Periods until what was sent last leaves.
    rows : (n, WIDTH) float32
        Of a block of periods: drawn rows; of each stage what is asked for in total, what it orders,
        what is asked for without returns; of each asker its requests, where they are no other row.
        ``LEAD`` rows before each of them are of the periods before the block, as far as anybody
        reads them.
    line : (n_slots, WIDTH) float32
        Spare rows, then every delay line.
    cells : (n_slots * WIDTH,) float32
        ``line`` seen as one axis.
    ratio : (STEPS, WIDTH) float32
        Share of what is wanted that stays late.
    after : (1, WIDTH) float32
        Periods after which goods leave.
    bits, before, carried : (n_stages, WIDTH) uint32
        Periods of this group that ended short, a bit each; that of the first of them where the
        period before it ended short; those of the running replenishment cycle in earlier groups.
    held, in_process, in_release : (n_stages, WIDTH) float32
        Sums of the periods since the last flush; owed, missed, due : (n_askers, WIDTH);
        waits, in_transit : (n_lanes, WIDTH).
    pivot, total, squared, counts : (2 * n_stages, WIDTH) float32
        Tallies of what is asked for, and of orders.
    asked_count : (n_stages, WIDTH) float64
        Periods in which something was asked for.
    missed_in_all, in_transit_else : (n_askers, WIDTH), (n_lanes, WIDTH) float64
        Units that were due and not served at once; unit periods in transit, where times are fixed
        what there is beside the time in transit of all that was shipped.
    late_at_first : (n_askers, WIDTH) float32
        Late at the start of the first counted period.
    words, strata, place, cell : (STRETCH, WIDTH) uint32, uint64, (1, WIDTH) float32, uint32
        What draws are made of; ``cell`` also where goods leave that enter now.
    gap_bits, row_bits : int32
        ``gap`` and ``rows`` seen as integers, for their signs.
    order_row, total_row, asked_row : (n_stages,) int64
        Where the rows of a stage begin in ``rows``; asks_row : (n_askers,).
    outside_ring, make_ring, lane_ring, asker_ring, made_ring, arrival_ring : (n, 2) int64
    arrival_delay : (n_lanes,) int64
    times : Supply
    returns : (n_stages,) int64
        Whether customers return in this block.
    lacking : (n_stages,) int64
        Not 0 where several askers may be owed something: what they are owed is 0 elsewhere.
    asked_apart : (n_stages,) int64
        Whether what is asked for is no other stage's order, and has a tally of its own.
    sure : (n_stages,) int64
        Whether customers never return anything.
    shifted : (n_stages,) int64
        Whether a stage orders in every period what it was asked for in the last, so that its orders
        are rows that begin one earlier, and their sums those of what it was asked for but for the
        first and the last; see :func:`start_single`.
    room : (n_stages,) int64
        Rows left free before the orders of a stage.
    first_order, last_order : (n_stages, WIDTH) float32
        Of these stages: orders of the first counted period, and of the period after the last flush.
    shifts : (1,) int64
        How many there are.
    drawn_at : (2,) int64
        Where the rows of drawn row 0 begin, and how many there are for each.
    copied, apart : (1,) int64
        Whether all stages have ordered what they were asked for since the last flush; whether some
        have not, ever, so that orders have sums of their own.
    counted, marked, begun, flushed : (1,) int64
        Periods since the last flush; those of this group with a bit; whether any have been counted,
        and whether any have been flushed.
    """

    gap: Singles
    short: Singles
    late: Singles
    component: Singles
    outside_stock: Singles
    make_until: Singles
    lane_until: Singles
    rows: Singles
    line: Singles
    cells: Singles
    ratio: Singles
    after: Singles
    bits: Bits
    before: Bits
    carried: Bits
    held: Singles
    in_process: Singles
    in_release: Singles
    owed: Singles
    missed: Singles
    due: Singles
    waits: Singles
    in_transit: Singles
    pivot: Singles
    total: Singles
    squared: Singles
    counts: Singles
    asked_count: Floats
    missed_in_all: Floats
    in_transit_else: Floats
    late_at_first: Singles
    words: Bits
    strata: Words
    place: Singles
    cell: Bits
    gap_bits: Signs
    row_bits: Signs
    order_row: Integers
    total_row: Integers
    asked_row: Integers
    asks_row: Integers
    outside_ring: Integers
    make_ring: Integers
    lane_ring: Integers
    asker_ring: Integers
    made_ring: Integers
    arrival_ring: Integers
    arrival_delay: Integers
    times: Supply
    returns: Integers
    lacking: Integers
    asked_apart: Integers
    sure: Integers
    shifted: Integers
    room: Integers
    first_order: Singles
    last_order: Singles
    shifts: Integers
    drawn_at: Integers
    copied: Integers
    apart: Integers
    counted: Integers
    marked: Integers
    begun: Integers
    flushed: Integers


_OF_STAGES: Final = (
    "gap", "short", "outside_stock", "make_until", "held", "in_process", "in_release",
    "first_order", "last_order",
)  # fmt: skip
_OF_ASKERS: Final = ("late", "owed", "missed", "due", "late_at_first")
_OF_LANES: Final = ("component", "lane_until", "waits", "in_transit")
_TALLIES: Final = ("pivot", "total", "squared", "counts")


def single_sizes(
    f: Structure, features: Features, first: int, last: int, block: int
) -> dict[str, tuple[int, type]]:
    """Rows of :class:`SingleWork` for the largest of components ``first`` to ``last``.

    Returns
    -------
    dict
        Rows of ``WIDTH`` numbers and the kind of these, by name.
    """
    stage_ptr, lane_ptr = f.stage_ptr[first : last + 1], f.lane_ptr[f.stage_ptr[first : last + 1]]
    stages, lanes = int(np.diff(stage_ptr).max()), int(np.diff(lane_ptr).max())
    askers = int(np.diff(f.asker_ptr[stage_ptr]).max())
    drawn = int(np.diff(f.row_ptr[first : last + 1]).max())
    narrow, wide = np.float32, np.float64
    return {
        **dict.fromkeys(_OF_STAGES, (stages, narrow)),
        **dict.fromkeys(_OF_ASKERS, (askers, narrow)),
        **dict.fromkeys(_OF_LANES, (lanes, narrow)),
        **dict.fromkeys(_TALLIES, (2 * stages, narrow)),
        **dict.fromkeys(("bits", "before", "carried"), (stages, np.uint32)),
        "rows": ((drawn + 3 * stages + askers) * (LEAD + block), narrow),
        "line": (int(most_slots(f, supply_of(features), first, last, block)), narrow),
        "ratio": (STEPS, narrow),
        "after": (1, narrow),
        "asked_count": (stages, wide),
        "missed_in_all": (askers, wide),
        "in_transit_else": (lanes, wide),
        "words": (STRETCH, np.uint32),
        "strata": (STRETCH, np.uint64),
        "place": (1, narrow),
        "cell": (1, np.uint32),
    }


def single_work_for(
    f: Structure,
    features: Features,
    first: int,
    last: int,
    block: int,
    memory: Floats | None = None,
) -> SingleWork:
    """Room for the largest of components ``first`` to ``last``, for blocks of ``block`` periods.

    Parameters
    ----------
    f, features
        Of the shard.
    first, last, block : int
    memory : (>= :func:`single_memory`,) float64, optional
        Taken in place of new memory, with whatever is in it, from the start of a line of cache.
    """
    sizes = single_sizes(f, features, first, last, block)
    if memory is None:
        memory = rows_of_runs(single_memory(sizes) // WIDTH, np.float64).reshape(-1)
    rows: dict[str, NDArray[Any]] = {}
    at = 0
    for name, (count, kind) in sizes.items():
        size = count * WIDTH * np.dtype(kind).itemsize // memory.itemsize
        rows[name] = memory[at : at + size].view(kind).reshape(count, WIDTH)
        at += size
    stages, askers, lanes = len(rows["gap"]), len(rows["late"]), len(rows["component"])

    def whole(*shape: int) -> Integers:
        return np.zeros(shape, dtype=np.int64)

    return SingleWork(
        **rows,
        cells=rows["line"].reshape(-1),
        gap_bits=rows["gap"].view(np.int32),
        row_bits=rows["rows"].view(np.int32),
        order_row=whole(stages),
        total_row=whole(stages),
        asked_row=whole(stages),
        asks_row=whole(askers),
        outside_ring=whole(stages, 2),
        make_ring=whole(stages, 2),
        lane_ring=whole(lanes, 2),
        asker_ring=whole(askers, 2),
        made_ring=whole(stages, 2),
        arrival_ring=whole(lanes, 2),
        arrival_delay=whole(lanes),
        times=supply_of(features),
        returns=whole(stages),
        lacking=whole(stages),
        asked_apart=whole(stages),
        sure=whole(stages),
        shifted=whole(stages),
        room=whole(stages),
        shifts=whole(1),
        drawn_at=whole(2),
        copied=whole(1),
        apart=whole(1),
        counted=whole(1),
        marked=whole(1),
        begun=whole(1),
        flushed=whole(1),
    )


def single_memory(sizes: dict[str, tuple[int, type]]) -> int:
    """Numbers of 64 bits that rows of some sizes take."""
    half_rows = sum(count * np.dtype(kind).itemsize // 4 for count, kind in sizes.values())
    return (half_rows + 1) // 2 * WIDTH


@jit_part
def tolerance_of(f: Structure, times: Supply, j: int) -> np.float32:
    """Units; less than this outstanding is rounding.

    As is a small share of the least that is ordered at once, by which stock goes up and down.
    """
    lot = max(times.order_multiple[j], times.minimum_order[j])
    return np.float32(TOLERANCE * f.tolerance[j] + LOT_ROUNDING * lot)


@jit_part
def start_single(
    f: Structure, c: int, w: SingleWork, floors: Singles, first_row: int, block: int, n: int
) -> None:
    """Stock on hand, nothing on order, nobody waiting; lay the delay lines out.

    floors (n_rows,): least that a drawn row of the shard can be, the component's from ``first_row``
    on.
    """
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    first_lane, first_asker = f.lane_ptr[first], f.asker_ptr[first]
    for j in range(first, last):
        i = j - first
        rows_of.put(n, w.gap, i, np.float32(f.level[j] - f.initial_stock[j]))
        rows_of.put(n, w.short, i, np.float32(-f.initial_stock[j]))
        rows_of.blank(n, w.make_until, i)
        rows_of.blank(n, w.outside_stock, i)
        rows_of.no_bits(n, w.carried, i)
        w.lacking[i] = 1
        q0, q1 = f.asker_ptr[j], f.asker_ptr[j + 1]
        w.asked_apart[i] = 0 if q1 == q0 or (q1 - q0 == 1 and asks_as_ordered(f, q0)) else 1
        zero(n, w.asked_count, i)
        for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
            zero(n, w.in_transit_else, k - first_lane)
            rows_of.blank(n, w.component, k - first_lane)
            rows_of.blank(n, w.lane_until, k - first_lane)
        for q in range(f.asker_ptr[j], f.asker_ptr[j + 1]):
            rows_of.blank(n, w.late, q - first_asker)
            rows_of.blank(n, w.late_at_first, q - first_asker)
            zero(n, w.missed_in_all, q - first_asker)
    for i in range(lay_out_lines(f, c, w, block)):
        rows_of.blank(n, w.line, i)
    w.drawn_at[0], w.drawn_at[1] = LEAD - f.row_ptr[c] * (LEAD + block), LEAD + block
    w.shifts[0] = 0
    for j in range(last - 1, first - 1, -1):
        _find_shifted(f, c, j, w, floors, first_row)
    w.copied[0], w.apart[0] = (0, 1) if w.shifts[0] > 0 else (1, 0)
    w.begun[0], w.flushed[0] = 0, 0


@jit_part
def _find_shifted(
    f: Structure, c: int, j: int, w: SingleWork, floors: Singles, first_row: int
) -> None:
    """See whether a stage, those downstream seen before, orders what it was asked for in the last.

    As it does if it reviews in every period, has its base stock at the start, may order any
    quantity, and nobody returns anything. Its orders are then rows before those of what it is asked
    for, which may be somebody's orders, again: there has to be room for one more.
    """
    first, q0, q1 = f.stage_ptr[c], f.asker_ptr[j], f.asker_ptr[j + 1]
    i, room, sure = j - first, LEAD, 1
    for q in range(q0, q1):
        if f.asker_lane[q] < 0 and floors[first_row + f.asker_row[q] - f.row_ptr[c]] < 0.0:
            sure = 0
    if q1 - q0 == 1 and asks_as_ordered(f, q0):
        room = w.room[f.receiver[f.asker_lane[q0]] - first]
    w.sure[i], w.shifted[i], w.room[i] = sure, 0, LEAD
    as_asked = sure == 1 and not any_rounded(w, j) and f.level[j] == f.initial_stock[j]
    if as_asked and f.review[j] == 1 and room > 0:
        w.shifted[i], w.room[i] = 1, room - 1
        w.shifts[0] += 1
    elif (
        f.review[j] == 0
    ):  # they are rows of what it is asked for, always or as long as they can be
        w.room[i] = room if as_asked else 0


@jit_part
def any_rounded(w: SingleWork, j: int) -> bool:
    """Whether not every quantity may be ordered."""
    multiple, least = w.times.order_multiple[j], w.times.minimum_order[j]
    return bool(multiple > 0.0 or least > 0.0 or w.times.maximum_order[j] < np.inf)


@jit_part
def asks_as_ordered(f: Structure, q: int) -> bool:
    """Whether an asker is a lane whose requests are its receiver's orders."""
    k = f.asker_lane[q]
    return bool(k >= 0 and f.units[k] == 1.0)
