"""Goods by age, beside the quantities that the other files move: part of the flow of all features.

Of most stages few ages are there at a time, so only those are kept and gone through. What *moves*
in a period, and what leaves a line in one, is a *list* by the life that remains, on arrival in a
line, the shortest first. List ``i`` of ``lots`` begins with how many lots it has and goes on with
two rows a lot, its remaining life (0 is dead) and its units. It has one lot of each life at most;
those after the first :data:`AT_HAND` are in ``more``, which is hardly ever touched. A *stock* is a
ring in ``ages`` over the last period in which goods can be used, of ``life`` rows, after a row with
the first of these periods that may have goods in it.

Quantities decide, and ages follow them: what is refused or buried for its age is taken out of
quantities only where it is more than rounding. So a shelf life that never binds changes no bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.kernels._jit import Floats, jit_part, jit_rows_step

AT_HAND: Final = 3
LIST_ROWS: Final = 1 + 2 * AT_HAND


def far_rows(longest: int) -> int:
    """Rows of a list in ``more`` where goods live ``longest`` periods at most."""
    return 2 * max(longest + 1 - AT_HAND, 1)


@jit_part
def _life(lots: Floats, more: Floats, i: int, e: int, r: int) -> float:
    """Remaining life of a lot of a list."""
    return float(lots[i, 1 + 2 * e, r] if e < AT_HAND else more[i, 2 * (e - AT_HAND), r])


@jit_part
def _units(lots: Floats, more: Floats, i: int, e: int, r: int) -> float:
    """Quantity of a lot of a list."""
    return float(lots[i, 2 + 2 * e, r] if e < AT_HAND else more[i, 2 * (e - AT_HAND) + 1, r])


@jit_part
def _set(lots: Floats, more: Floats, i: int, e: int, r: int, life: float, units: float) -> None:
    """Overwrite a lot of a list."""
    if e < AT_HAND:
        lots[i, 1 + 2 * e, r] = life
        lots[i, 2 + 2 * e, r] = units
    else:
        more[i, 2 * (e - AT_HAND), r] = life
        more[i, 2 * (e - AT_HAND) + 1, r] = units


@jit_part
def _insert(lots: Floats, more: Floats, i: int, r: int, life: float, units: float) -> None:
    """Put a lot into a list, in its place."""
    number = int(lots[i, 0, r])
    e = number
    while e > 0 and _life(lots, more, i, e - 1, r) > life:
        e -= 1
    if e > 0 and _life(lots, more, i, e - 1, r) == life:
        _set(lots, more, i, e - 1, r, life, _units(lots, more, i, e - 1, r) + units)
        return
    for s in range(number, e, -1):
        longer, of_it = _life(lots, more, i, s - 1, r), _units(lots, more, i, s - 1, r)
        _set(lots, more, i, s, r, longer, of_it)
    _set(lots, more, i, e, r, life, units)
    lots[i, 0, r] = number + 1.0


@jit_part
def _drop_first(lots: Floats, more: Floats, i: int, r: int, dropped: int) -> None:
    """Take the first lots out of a list."""
    left = int(lots[i, 0, r]) - dropped
    for e in range(left):
        life, units = _life(lots, more, i, e + dropped, r), _units(lots, more, i, e + dropped, r)
        _set(lots, more, i, e, r, life, units)
    lots[i, 0, r] = float(left)


@jit_part
def _take_list(lots: Floats, more: Floats, out_of: int, to: int, r: int) -> None:
    """Replace a list by another, which is empty after it."""
    number = int(lots[out_of, 0, r])
    for e in range(number):
        life, units = _life(lots, more, out_of, e, r), _units(lots, more, out_of, e, r)
        _set(lots, more, to, e, r, life, units)
    lots[to, 0, r] = float(number)
    lots[out_of, 0, r] = 0.0


@jit_rows_step
def put_ages(
    lots: Floats, more: Floats, line: int, mask: int, moving: int, rows: Floats, when: int,
    now: int, n: int,
) -> None:  # fmt: skip
    """Put a moving list into a line, where it leaves in the periods of row ``when``.

    ``now`` row of this period, or of the lane's clock, as ``when`` is.
    """
    for r in range(n):
        number = int(lots[moving, 0, r])
        if number == 0:
            continue
        leaves = int(rows[when, r])
        slot, takes = line + (leaves & mask), float(leaves - int(rows[now, r]))
        for e in range(number):
            life = max(_life(lots, more, moving, e, r) - takes, 0.0)
            _insert(lots, more, slot, r, life, _units(lots, more, moving, e, r))


@jit_rows_step
def take_ages(lots: Floats, more: Floats, slot: int, moving: int, n: int) -> None:
    """Take what leaves a line in this period, from its list ``slot``, into the moving list."""
    for r in range(n):
        _take_list(lots, more, slot, moving, r)


@jit_rows_step
def take_ages_held(
    lots: Floats, more: Floats, line: int, mask: int, moving: int, rows: Floats, clock: int,
    held: int, n: int,
) -> None:  # fmt: skip
    """The same by each run's clock; where goods are held nothing leaves, and all gets older."""
    for r in range(n):
        if rows[held, r] == 0.0:
            _take_list(lots, more, line + (int(rows[clock, r]) & mask), moving, r)
            continue
        lots[moving, 0, r] = 0.0
        for slot in range(line, line + mask + 1):
            number = int(lots[slot, 0, r])
            for e in range(number):
                life = max(_life(lots, more, slot, e, r) - 1.0, 0.0)
                _set(lots, more, slot, e, r, life, _units(lots, more, slot, e, r))
            if number > 1 and lots[slot, 3, r] == 0.0:  # dead now, as the first was before
                lots[slot, 4, r] += lots[slot, 2, r]
                _drop_first(lots, more, slot, r, 1)


@jit_rows_step
def add_ages(lots: Floats, more: Floats, to: int, what: int, n: int) -> None:
    """Add one list to another and empty it."""
    for r in range(n):
        for e in range(int(lots[what, 0, r])):
            life, units = _life(lots, more, what, e, r), _units(lots, more, what, e, r)
            _insert(lots, more, to, r, life, units)
        lots[what, 0, r] = 0.0


@jit_part
def clear_ages(lots: Floats, moving: int, n: int) -> None:
    """Empty a list."""
    for r in range(n):
        lots[moving, 0, r] = 0.0


@jit_rows_step
def store_ages(
    ages: Floats, stock: int, life: int, lots: Floats, more: Floats, moving: int, period: int,
    n: int,
) -> None:  # fmt: skip
    """Put the living of a moving list into stock."""
    now = period % life
    for r in range(n):
        for e in range(int(lots[moving, 0, r])):
            ahead = int(_life(lots, more, moving, e, r)) - 1
            units = _units(lots, more, moving, e, r)
            if ahead < 0 or units <= 0.0:
                continue
            slot = now + ahead
            slot = slot if slot < life else slot - life
            ages[stock + 1 + slot, r] += units
            ages[stock, r] = min(ages[stock, r], float(period + ahead))


@jit_rows_step
def take_back_ages(
    ages: Floats, stock: int, life: int, draws: Floats, row: int, step: int, period: int, n: int
) -> None:
    """Returns go to stock as if they were fresh."""
    slot = stock + 1 + (period + life - 1) % life
    for r in range(n):
        if draws[row, step, r] < 0.0:
            ages[slot, r] += -draws[row, step, r]
            ages[stock, r] = min(ages[stock, r], float(period + life - 1))


@jit_rows_step
def draw_ages(
    ages: Floats, stock: int, life: int, least: int, period: int, rows: Floats, rest: int,
    lots: Floats, more: Floats, moving: int, n: int,
) -> None:  # fmt: skip
    """Issue the quantity of row ``rest`` first expired first out, of remaining life ``least`` on.

    What is issued is added to a moving list, if there is one (else -1); what could not be stays
    in the row.
    """
    now, end = period % life, period + life
    for r in range(n):
        left = rows[rest, r]
        if left <= 0.0:
            continue
        oldest = max(int(ages[stock, r]), period)
        until = max(oldest, period + least - 1)
        first = until == oldest
        while until < end and left > 0.0:
            slot = now + until - period
            slot = stock + 1 + (slot if slot < life else slot - life)
            there = ages[slot, r]
            if there > 0.0:
                issued = min(there, left)
                ages[slot, r] = there - issued
                left -= issued
                if moving >= 0:
                    _insert(lots, more, moving, r, until - period + 1.0, issued)
                if issued < there:
                    break
            until += 1
        if first:
            ages[stock, r] = float(until)
        rows[rest, r] = left


@jit_rows_step
def draw_moving(
    lots: Floats, more: Floats, out_of: int, rows: Floats, rest: int, to: int, n: int
) -> None:
    """Move the quantity of row ``rest``, the shortest life first, from one list to another."""
    for r in range(n):
        left, emptied = rows[rest, r], 0
        for e in range(int(lots[out_of, 0, r])):
            if left <= 0.0:
                break
            life, there = _life(lots, more, out_of, e, r), _units(lots, more, out_of, e, r)
            moved = min(there, left)
            _set(lots, more, out_of, e, r, life, there - moved)
            left -= moved
            _insert(lots, more, to, r, life, moved)
            emptied += 1 if moved == there else 0
        if emptied > 0:
            _drop_first(lots, more, out_of, r, emptied)
        rows[rest, r] = left


@jit_rows_step
def eligible(
    ages: Floats, stock: int, life: int, least: int, period: int, rows: Floats, there: int,
    on_hand: int, tolerance: float, n: int,
) -> None:  # fmt: skip
    """Row ``there``: what is in stock, row ``on_hand``, of remaining life ``least`` or more.

    inf where nothing is too old but for rounding: age then is no limit at all.
    """
    now = period % life
    for r in range(n):
        too_old = 0.0
        for until in range(max(int(ages[stock, r]), period), period + least - 1):
            slot = now + until - period
            too_old += ages[stock + 1 + (slot if slot < life else slot - life), r]
        young = max(rows[on_hand, r] - too_old, 0.0)
        rows[there, r] = young if too_old > tolerance else np.inf


@jit_rows_step
def scale_ages(lots: Floats, more: Floats, moving: int, factor: float, n: int) -> None:
    """Multiply a moving list, as where its goods are counted in another unit."""
    for r in range(n):
        for e in range(int(lots[moving, 0, r])):
            life, units = _life(lots, more, moving, e, r), _units(lots, more, moving, e, r)
            _set(lots, more, moving, e, r, life, units * factor)


@jit_rows_step
def scrap_ages(
    lots: Floats, more: Floats, moving: int, draws: Floats, row: int, step: int, n: int
) -> None:
    """Keep the good share of every age."""
    for r in range(n):
        for e in range(int(lots[moving, 0, r])):
            life, units = _life(lots, more, moving, e, r), _units(lots, more, moving, e, r)
            _set(lots, more, moving, e, r, life, units * draws[row, step, r])


@jit_rows_step
def dead_that_move(
    lots: Floats, more: Floats, moving: int, rows: Floats, dead: int, n: int
) -> None:
    """Take the dead out of a moving list into row ``dead``."""
    for r in range(n):
        rows[dead, r] = 0.0
        if lots[moving, 0, r] > 0.0 and lots[moving, 1, r] == 0.0:
            rows[dead, r] = lots[moving, 2, r]
            _drop_first(lots, more, moving, r, 1)


@jit_part
def dead_in_stock(ages: Floats, stock: int, life: int, period: int, rows: Floats, dead: int,
                  n: int) -> None:  # fmt: skip
    """Take what could be used for the last time in this period into row ``dead``."""
    slot = stock + 1 + period % life
    for r in range(n):
        rows[dead, r] = ages[slot, r]
        ages[slot, r] = 0.0


@jit_part
def bury(
    rows: Floats, dead: int, flow: int, gap: int, units: float, tolerance: float, n: int
) -> None:
    """Take the dead out of a flow or a stock; the gap grows.

    ``units`` of the flow in one unit of the stage; from row ``dead``, in the former, to the latter.
    Less than ``tolerance`` units is rounding, and is left where it is.
    """
    for r in range(n):
        over = rows[dead, r] if rows[dead, r] > tolerance * units else 0.0
        rows[dead, r] = over / units
        rows[flow, r] = max(rows[flow, r] - over, 0.0)
    for r in range(n):
        rows[gap, r] += rows[dead, r]


@jit_part
def newly_made(lots: Floats, moving: int, life: int, rows: Floats, flow: int, n: int) -> None:
    """A moving list of goods that are all fresh."""
    for r in range(n):
        lots[moving, 0, r] = 1.0 if rows[flow, r] > 0.0 else 0.0
        lots[moving, 1, r] = float(life)
        lots[moving, 2, r] = rows[flow, r]
