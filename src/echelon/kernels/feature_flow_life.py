"""Goods by age, beside the quantities that the other files move: part of the flow of all features.

They are kept in lists of lots, see :mod:`echelon.kernels.feature_flow_lots`: one for each stock,
for components that wait, and for each line. What is taken out of a stock for a lane is put at the
end of the list of that lane as *pending*, leaving at infinity, until it is known when it arrives.

A stage that starts all that one lane brings, in a fixed time, passes goods on in the order in which
they come: what is on its way to it is in the list of that lane up to the period in which it joins
the stock. What dies before is sorted out as it sets out, and waits in a list of its own, of the
*doomed*, for the period and the place (:data:`ON_LANE` and the two that follow) in which it is
found dead.

Quantities decide, and ages follow them: what is refused or buried for its age is taken out of
quantities only where it is more than rounding. So a shelf life that never binds changes no bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit_part, jit_step
from echelon.kernels.feature_flow_lots import (
    BEGIN,
    COUNT,
    FRONT,
    LEAVES,
    LOT,
    MASK,
    TO_THE_END,
    UNITS,
    USABLE,
    drop_lots,
    lot_at,
    put_lot,
)
from echelon.kernels.feature_flow_state import FeatureState

# where goods are found dead; kept as the last period of use of a doomed lot
ON_LANE: Final = 0.0
MADE: Final = 1.0
RELEASED: Final = 2.0


@jit_step
def draw_pending(w: FeatureState, out_of: int, to: int, what: int, n: int) -> None:
    """Move row ``what`` of what is pending from one list to another, the shortest-lived first."""
    rows, heads, lots, first, room = w.rows, w.heads, w.lots, w.first, w.room
    for r in range(n):
        left, count = rows[what, r], heads[out_of, r, COUNT]
        if left <= 0.0:
            continue
        kept = _first_pending(heads, lots, out_of, r)
        heads[out_of, r, COUNT] = kept
        for i in range(kept, count):
            at = lot_at(heads, out_of, r, i)
            until, there = lots[at + USABLE], lots[at + UNITS]
            moved = min(there, left)
            left -= moved
            if moved > 0.0:
                put_lot(heads, lots, first, room, to, r, np.inf, until, moved)
            if moved < there:
                put_lot(heads, lots, first, room, out_of, r, np.inf, until, there - moved)
        if heads[out_of, r, COUNT] == 0:
            first[out_of, r] = np.inf


@jit_part
def _first_pending(heads: Integers, lots: Floats, q: int, r: int) -> int:
    """How many lots of a list are not pending."""
    i = int(heads[q, r, COUNT])
    while i > 0 and lots[lot_at(heads, q, r, i - 1) + LEAVES] == np.inf:
        i -= 1
    return i


@jit_step
def enter_line(w: FeatureState, line: int, what: int, when: int, n: int) -> None:
    """What is pending leaves when row ``when`` says; nothing is where row ``what`` is 0."""
    rows, heads, lots, first, room = w.rows, w.heads, w.lots, w.first, w.room
    for r in range(n):
        if rows[what, r] <= 0.0:
            continue
        count, begin = heads[line, r, COUNT], _first_pending(heads, lots, line, r)
        heads[line, r, COUNT] = begin  # each is put no later in the ring than it was
        for i in range(begin, count):
            at = lot_at(heads, line, r, i)
            put_lot(
                heads, lots, first, room, line, r, rows[when, r], lots[at + USABLE],
                lots[at + UNITS],
            )  # fmt: skip


@jit_step
def enter_straight(
    w: FeatureState, lane: int, what: int, when: int, make: int, release: int, units: float, n: int
) -> None:
    """The same of a lane from which all goes to stock, ``make`` and ``release`` periods later.

    ``units`` on the lane are one in the stock.
    """
    rows, heads, lots, first, room = w.rows, w.heads, w.lots, w.first, w.room
    line, doomed = w.lane_ages[lane], w.doomed_ages[lane]
    for r in range(n):
        if rows[what, r] <= 0.0:
            continue
        count, begin = heads[line, r, COUNT], _first_pending(heads, lots, line, r)
        heads[line, r, COUNT] = begin
        arrives = rows[when, r]
        made = arrives + make
        stored = made + release
        for i in range(begin, count):
            at = lot_at(heads, line, r, i)
            until, quantity = lots[at + USABLE], lots[at + UNITS]
            if until >= stored:
                put_lot(heads, lots, first, room, line, r, stored, until, quantity / units)
                continue
            w.doomed[lane] = 1
            if until < arrives:
                put_lot(heads, lots, first, room, doomed, r, arrives, ON_LANE, quantity)
            elif until < made:
                put_lot(heads, lots, first, room, doomed, r, made, MADE, quantity / units)
            else:
                put_lot(heads, lots, first, room, doomed, r, stored, RELEASED, quantity / units)
        if heads[line, r, COUNT] == 0:
            first[line, r] = np.inf


@jit_step
def find_doomed(w: FeatureState, lane: int, place: float, now: float, dead: int, n: int) -> None:
    """Row ``dead``: what is found dead now in a place of a lane's goods."""
    rows, heads, lots, first = w.rows, w.heads, w.lots, w.first
    doomed = w.doomed_ages[lane]
    for r in range(n):
        rows[dead, r] = 0.0
        while first[doomed, r] <= now:
            at = lot_at(heads, doomed, r, 0)
            if lots[at + USABLE] > place:
                break
            rows[dead, r] += lots[at + UNITS]
            drop_lots(heads, lots, first, doomed, r, 0, 1)


@jit_step
def leave_line(
    w: FeatureState, line: int, to: int, until: float, period: int, dead: int, n: int
) -> bool:
    """Take what leaves a line up to ``until`` into stock ``to``, and the dead into row ``dead``.

    They are added to what is there. Whether there were any.
    """
    rows, heads, lots, first, room = w.rows, w.heads, w.lots, w.first, w.room
    any_dead, now = False, float(period)
    for r in range(n):
        if first[line, r] <= until:
            any_dead = _leave(
                rows, heads, lots, first, room, line, to, until, now, dead, r
            ) or any_dead  # fmt: skip
    return any_dead


@jit_step
def leave_held(
    w: FeatureState, line: int, to: int, clock: int, held: int, period: int, dead: int, n: int
) -> bool:
    """The same by each run's clock; nothing leaves where goods are held."""
    any_dead = False
    for r in range(n):
        until = w.rows[clock, r]
        if w.rows[held, r] > 0.0:
            _join_dead(w.heads, w.lots, line, float(period), r)
        elif w.first[line, r] <= until:
            any_dead = _leave(
                w.rows, w.heads, w.lots, w.first, w.room, line, to, until, float(period), dead, r
            ) or any_dead  # fmt: skip
    return any_dead


@jit_part
def _join_dead(heads: Integers, lots: Floats, line: int, now: float, r: int) -> None:
    """Make one lot of the dead that leave together: a line may be held for ever."""
    last = -1
    for i in range(heads[line, r, COUNT]):
        at = lot_at(heads, line, r, i)
        leaves, usable, units = lots[at + LEAVES], lots[at + USABLE], lots[at + UNITS]
        usable = usable if usable >= now else -1.0
        to = lot_at(heads, line, r, max(last, 0))
        if last >= 0 and lots[to + LEAVES] == leaves and lots[to + USABLE] == usable:
            lots[to + UNITS] += units
            continue
        last += 1
        to = lot_at(heads, line, r, last)
        lots[to + LEAVES], lots[to + USABLE], lots[to + UNITS] = leaves, usable, units
    heads[line, r, COUNT] = last + 1


@jit_part
def _leave(
    rows: Floats, heads: Integers, lots: Floats, first: Floats, room: Integers, line: int, to: int,
    until: float, now: float, dead: int, r: int,
) -> bool:  # fmt: skip
    """The same in one run."""
    begin, mask = heads[line, r, BEGIN], heads[line, r, MASK]
    front, count = heads[line, r, FRONT], heads[line, r, COUNT]
    i, any_dead = 0, False
    while i < count:
        at = begin + LOT * ((front + i) & mask)
        if lots[at + LEAVES] > until:
            break
        usable, units = lots[at + USABLE], lots[at + UNITS]
        if usable < now:
            rows[dead, r] += units
            any_dead = True
        else:
            put_lot(heads, lots, first, room, to, r, usable, usable, units)
        i += 1
    drop_lots(heads, lots, first, line, r, 0, i)
    return any_dead


@jit_step
def pour(w: FeatureState, out_of: int, line: int, when: int, n: int) -> None:
    """Put all of a list into a line, where it leaves when row ``when`` says."""
    heads, lots = w.heads, w.lots
    for r in range(n):
        count = heads[out_of, r, COUNT]
        for i in range(count):
            at = lot_at(heads, out_of, r, i)
            put_lot(
                heads, lots, w.first, w.room, line, r, w.rows[when, r], lots[at + USABLE],
                lots[at + UNITS],
            )  # fmt: skip
        drop_lots(heads, lots, w.first, out_of, r, 0, count)


@jit_step
def store_fresh(w: FeatureState, i: int, stock: int, usable: float, what: int, n: int) -> None:
    """Put row ``what`` of stage ``i`` into stock, ``usable`` for the last time in that period."""
    rows, heads, lots, first, room = w.rows, w.heads, w.lots, w.first, w.room
    by_age = w.by_age
    if usable >= room[TO_THE_END]:
        return
    for r in range(n):
        if by_age[i, r] and rows[what, r] > 0.0:
            put_lot(heads, lots, first, room, stock, r, usable, usable, rows[what, r])


@jit_step
def take_back_ages(
    w: FeatureState,
    i: int,
    stock: int,
    usable: float,
    draws: Floats,
    row: int,
    step: int,
    n: int,
) -> None:
    """Returns to stage ``i`` go to stock as if they were fresh."""
    if usable >= w.room[TO_THE_END]:
        return
    for r in range(n):
        units = -draws[row, step, r]
        if w.by_age[i, r] and units > 0.0:
            put_lot(w.heads, w.lots, w.first, w.room, stock, r, usable, usable, units)


@jit_step
def eligible(
    w: FeatureState, stock: int, usable: float, there: int, on_hand: int, tolerance: float, n: int
) -> bool:
    """Row ``there``: what is in stock, row ``on_hand``, and ``usable`` so long.

    inf where nothing is too old but for rounding: age then is no limit at all. Whether it is one
    in some run.
    """
    limits = False
    for r in range(n):
        w.rows[there, r] = np.inf
        if w.first[stock, r] >= usable:
            continue
        too_old = 0.0
        for i in range(w.heads[stock, r, COUNT]):
            at = lot_at(w.heads, stock, r, i)
            if w.lots[at + USABLE] >= usable:
                break
            too_old += w.lots[at + UNITS]
        if too_old > tolerance:
            w.rows[there, r] = max(w.rows[on_hand, r] - too_old, 0.0)
            limits = True
    return limits


@jit_step
def multiply_ages(w: FeatureState, q: int, draws: Floats, row: int, step: int, n: int) -> None:
    """Keep the good share of every lot of a list."""
    for r in range(n):
        for i in range(w.heads[q, r, COUNT]):
            w.lots[lot_at(w.heads, q, r, i) + UNITS] *= draws[row, step, r]


@jit_step
def expire(w: FeatureState, stock: int, last: float, dead: int, n: int) -> bool:
    """Take what could not be used after period ``last`` into row ``dead``; whether there is any."""
    any_dead = False
    for r in range(n):
        w.rows[dead, r] = 0.0
        if w.first[stock, r] > last:
            continue
        count, i, units = w.heads[stock, r, COUNT], 0, 0.0
        while i < count:
            at = lot_at(w.heads, stock, r, i)
            if w.lots[at + USABLE] > last:
                break
            units += w.lots[at + UNITS]
            i += 1
        w.rows[dead, r] = units
        drop_lots(w.heads, w.lots, w.first, stock, r, 0, i)
        any_dead = True
    return any_dead
