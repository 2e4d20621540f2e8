r"""How old goods can be in stock, watched from outside: part of the flow kernels.

Stock leaves the shortest life first. While nothing expires and nobody refuses goods for their age,
the quantities are those of goods that keep for ever, and they alone say how old stock can be: once
as much has left as had come in up to some period, all that is on hand came in after it. So what
comes into the stock of a stage is kept for a while, in a queue of groups of :data:`EVERY` periods,
each with the last period in which its goods can be used at least. Of the groups of which stock may
still be there only the first has to be known, for these periods never go down from one group to the
next: so do the goods that are sent on in a group of periods, and what they can be used until is
what the stage that keeps their age begins with.

Goods that overtake each other do not weaken the bound. Let all that came in within the last
:math:`D` periods be usable until :math:`u` at least. A unit that was there when they began, and
still is although as much has left since as was there, has seen goods go that came in after it, so
that it is usable as long as they: until :math:`u`, too. And goods whose time on the way is drawn
are taken to be what was sent the longest such time ago.

A *look* is taken at the end of every :data:`EVERY`\ th period, upstream first. A stage fails in a
run in which goods may have been in stock after the last period in which they can be used, or may
have been too old for somebody who asked for them.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.kernels._jit import jit_part, jit_rows, jit_rows_step
from echelon.kernels.flow_arrays import Structure
from echelon.kernels.shelf_queues import EVERY, NEVER, Numbers, ShelfWatch

_SOMEBODY: Final = np.int32(1)
_NOBODY: Final = np.int32(0)

_TOLERANCE, _NOW, _ASKED_UNTIL, _NEVER, _ONE = range(5)


@jit_part
def look_is_due(period: int, periods: int) -> bool:
    """Whether a look is taken at the end of a period: the last of a group, or of all."""
    return bool((period + 1) % EVERY == 0 or period + 1 == periods)


@jit_part
def start_watch(f: Structure, c: int, watch: ShelfWatch, n: int) -> None:
    """Nothing but the first stock in any queue of component ``c``, and nothing failed."""
    first = f.stage_ptr[c]
    for j in range(first, f.stage_ptr[c + 1]):
        if watch.family[j] < 0:
            continue
        for r in range(n):
            watch.coming[j - first, r] = f.initial_stock[j]
            watch.before[j - first, r] = 0.0
            watch.front[j - first, r] = NEVER
            watch.failed[watch.family[j], r] = 0.0


@jit_part
def look(
    f: Structure,
    j: int,
    i: int,
    watch: ShelfWatch,
    period: int,
    stock: Numbers,
    row: int,
    coming: Numbers,
    came: int,
    tolerance: float | np.float32,
    n: int,
) -> None:
    """Look at stage ``j``, number ``i`` of its component, at the end of a period.

    Row ``stock[row]`` is on hand; row ``coming[came]`` has what came in since the last look, and is
    emptied. Less than ``tolerance`` units is rounding.
    """
    number = period // EVERY
    begin, queue, mask = number * EVERY, watch.queue[j], watch.queue_mask[j]
    slot, family = queue + (number & mask), watch.family[j]
    _known(f, j, watch, begin, slot, n)
    to = watch.sent[j]
    if to > 0:
        to += number & watch.sent_mask[j]
    numbers = watch.numbers
    numbers[_TOLERANCE], numbers[_NOW] = tolerance, period
    numbers[_ASKED_UNTIL], numbers[_NEVER], numbers[_ONE] = period + watch.least[j] - 1, NEVER, 1.0
    _issue(
        n, numbers, stock, row, coming, came, watch.inflow, watch.until, slot, watch.before,
        watch.front, i, watch.failed, family, watch.issued, max(to, 0), watch.passed,
    )  # fmt: skip
    left, group, last = 1, number, max(number - mask, 0)
    while left > 0 and group >= last:
        at = queue + (group & mask)
        left = _pass(
            n, numbers, stock, row, watch.inflow, watch.until, at, watch.front, i, watch.passed
        )
        group -= 1
    if left > 0 and group >= 0:  # older than the queue is long, and than anything may be
        _too_long(n, numbers, stock, row, watch.front, i, watch.passed)
    _expire(n, numbers, watch.front, i, watch.failed, family)


@jit_part
def _known(f: Structure, j: int, watch: ShelfWatch, begin: int, slot: int, n: int) -> None:
    """Until when what comes in can be used at least, if that is ``begin`` or later."""
    _put(n, watch.until, slot, float(max(begin - watch.ahead[j], 0) + watch.lasts[j] - 1))
    if begin == 0:
        _cut(n, watch.until, slot, float(watch.first_until[j]))
    for k in range(f.lane_ptr[j], f.lane_ptr[j + 1]):
        if watch.lane_delay[k] < 0:
            continue
        when, sender = begin - watch.lane_delay[k], f.supplier[k]
        if when < 0:
            _cut(n, watch.until, slot, float(watch.first_until[j]))
        else:
            of = watch.sent[sender] + ((when // EVERY) & watch.sent_mask[sender])
            _cut_to(n, watch.until, slot, watch.issued, of)


@jit_rows_step
def _put(n: int, to: Numbers, i: int, value: float) -> None:
    """Row ``to[i] = value``."""
    for r in range(n):
        to[i, r] = value


@jit_rows_step
def _cut(n: int, to: Numbers, i: int, most: float) -> None:
    """Row ``to[i]``, but no more than ``most``."""
    for r in range(n):
        to[i, r] = min(to[i, r], most)


@jit_rows_step
def _cut_to(n: int, to: Numbers, i: int, what: Numbers, j: int) -> None:
    """Row ``to[i] = min(to[i], what[j])``."""
    for r in range(n):
        to[i, r] = min(to[i, r], what[j, r])


@jit_rows_step
def _issue(
    n: int,
    numbers: Numbers,
    stock: Numbers,
    row: int,
    coming: Numbers,
    came: int,
    inflow: Numbers,
    until: Numbers,
    slot: int,
    before: Numbers,
    front: Numbers,
    i: int,
    failed: Numbers,
    family: int,
    issued: Numbers,
    to: int,
    passed: Numbers,
) -> None:
    """Put what came in at the end of the queue, and see how old what has left may have been."""
    tolerance, asked_until = numbers[_TOLERANCE], numbers[_ASKED_UNTIL]
    never, one = numbers[_NEVER], numbers[_ONE]
    for r in range(n):
        arrived, there = coming[came, r], stock[row, r]
        usable, was = min(front[i, r], until[slot, r]), failed[family, r]
        gone = before[i, r] + arrived - there
        failed[family, r] = one if (gone > tolerance) & (usable < asked_until) else was
        inflow[slot, r] = arrived
        issued[to, r] = usable
        before[i, r] = there
    for r in range(n):
        coming[came, r] = one - one
        passed[0, r] = one - one
        front[i, r] = never


@jit_rows
def _pass(
    n: int,
    numbers: Numbers,
    stock: Numbers,
    row: int,
    inflow: Numbers,
    until: Numbers,
    at: int,
    front: Numbers,
    i: int,
    passed: Numbers,
) -> int:
    """Go back by a group where more is there than came in since; in how many runs more still is."""
    tolerance, left = numbers[_TOLERANCE], _NOBODY
    for r in range(n):
        least, since = stock[row, r] - tolerance, passed[0, r]
        usable, was = until[at, r], front[i, r]  # both are read: a choice of reads is no vector
        front[i, r] = usable if since < least else was
        since += inflow[at, r]
        passed[0, r] = since
        more = _SOMEBODY if since < least else _NOBODY
        left = np.int32(left + more)  # or it would be as wide as an address
    return int(left)


@jit_rows_step
def _too_long(
    n: int,
    numbers: Numbers,
    stock: Numbers,
    row: int,
    front: Numbers,
    i: int,
    passed: Numbers,
) -> None:
    """The oldest cannot be used any more, where not even a whole queue came in as is there."""
    tolerance, one = numbers[_TOLERANCE], numbers[_ONE]
    for r in range(n):
        least, was = stock[row, r] - tolerance, front[i, r]
        front[i, r] = -one if passed[0, r] < least else was


@jit_rows_step
def _expire(n: int, numbers: Numbers, front: Numbers, i: int, failed: Numbers, family: int) -> None:
    """Fail where the oldest in stock can be used no more after this period."""
    now, one = numbers[_NOW], numbers[_ONE]
    for r in range(n):
        was = failed[family, r]
        failed[family, r] = one if front[i, r] <= now else was
