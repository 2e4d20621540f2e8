"""Lists of lots, one a run: what goods by age are kept in, part of the flow of all features.

A *lot* is goods that can be used for the last time in the same period. A *list* holds those of one
run that are in one place, in the order in which they leave it, and of those that leave together the
shortest-lived first. A lot has three numbers in ``lots``: the period in which it leaves (by the
clock of the place), the last period in which it can be used, and its units. Stock leaves its place
when it expires, unless somebody takes it before.

The lots of a list stand side by side, in a ring that is made twice as large when it is full. Rings
are handed out of one array as they are needed, so that what is used is close together, and what a
list might need at worst is only reserved. ``heads`` says where the ring of a list begins, how many
lots it has room for less one, where the first of them is, and how many there are; row ``first`` of
``first`` says when the first leaves, so that a run in which nothing leaves is passed over.

Goods that nobody can find too old before the last period ends are in no list. They are younger than
all others, so that those in a list are issued before them, and whatever is not in a list is such.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit_part, jit_step

# numbers of a lot
LEAVES: Final = 0
USABLE: Final = 1
UNITS: Final = 2
LOT: Final = 3

# numbers of a list
BEGIN: Final = 0
MASK: Final = 1
FRONT: Final = 2
COUNT: Final = 3
HEAD: Final = 4

LEAST: Final = 4
"""Lots in the smallest ring."""

# numbers of the room for lots
TAKEN: Final = 0
TO_THE_END: Final = 1


def most_numbers(most_lots: Integers) -> int:
    """Numbers in ``lots`` that lists with so many lots at most may come to need, in one run."""
    largest = np.int64(1) << np.frexp(np.maximum(most_lots - 1, LEAST - 1))[1].astype(np.int64)
    return int((2 * largest).sum()) * LOT  # all the smaller rings are left behind


@jit_part
def lot_at(heads: Integers, q: int, r: int, i: int) -> int:
    """Where lot ``i`` of list ``q`` of run ``r`` begins."""
    return int(heads[q, r, BEGIN] + LOT * ((heads[q, r, FRONT] + i) & heads[q, r, MASK]))


@jit_step
def grow(heads: Integers, lots: Floats, room: Integers, q: int, r: int) -> None:
    """Give a list a ring of twice the size."""
    begin, size = room[TAKEN], max(2 * (heads[q, r, MASK] + 1), LEAST)
    room[TAKEN] = begin + LOT * size
    for i in range(heads[q, r, COUNT]):
        at = lot_at(heads, q, r, i)
        for k in range(LOT):
            lots[begin + LOT * i + k] = lots[at + k]
    heads[q, r, BEGIN] = begin
    heads[q, r, MASK] = size - 1
    heads[q, r, FRONT] = 0


@jit_part
def put_lot(
    heads: Integers, lots: Floats, first: Floats, room: Integers, q: int, r: int, leaves: float,
    usable: float, units: float,
) -> None:  # fmt: skip
    """Put a lot into a list, in its place; into one that is there if it is the same.

    Goods that are never too old are not kept, see above.
    """
    if usable >= room[TO_THE_END]:
        return
    count, mask = heads[q, r, COUNT], heads[q, r, MASK]
    if count > 0:  # mostly it comes last
        at = heads[q, r, BEGIN] + LOT * ((heads[q, r, FRONT] + count - 1) & mask)
        before, as_long = lots[at + LEAVES], lots[at + USABLE]
        if before == leaves and as_long == usable:
            lots[at + UNITS] += units
            return
        if before > leaves or (before == leaves and as_long > usable):
            _put_between(heads, lots, first, room, q, r, leaves, usable, units)
            return
    if count > mask:
        grow(heads, lots, room, q, r)
    at = lot_at(heads, q, r, count)
    lots[at + LEAVES] = leaves
    lots[at + USABLE] = usable
    lots[at + UNITS] = units
    heads[q, r, COUNT] = count + 1
    if count == 0:
        first[q, r] = leaves


@jit_step
def _put_between(
    heads: Integers, lots: Floats, first: Floats, room: Integers, q: int, r: int, leaves: float,
    usable: float, units: float,
) -> None:  # fmt: skip
    """The same of a lot that comes before the last."""
    count = heads[q, r, COUNT]
    i = count - 1
    while i > 0:
        at = lot_at(heads, q, r, i - 1)
        before, as_long = lots[at + LEAVES], lots[at + USABLE]
        if before < leaves or (before == leaves and as_long < usable):
            break
        if before == leaves and as_long == usable:
            lots[at + UNITS] += units
            return
        i -= 1
    if count > heads[q, r, MASK]:
        grow(heads, lots, room, q, r)
    for s in range(count, i, -1):
        at, behind = lot_at(heads, q, r, s), lot_at(heads, q, r, s - 1)
        for k in range(LOT):
            lots[at + k] = lots[behind + k]
    at = lot_at(heads, q, r, i)
    lots[at + LEAVES] = leaves
    lots[at + USABLE] = usable
    lots[at + UNITS] = units
    heads[q, r, COUNT] = count + 1
    if i == 0:
        first[q, r] = leaves


@jit_part
def drop_lots(
    heads: Integers, lots: Floats, first: Floats, q: int, r: int, begin: int, number: int
) -> None:
    """Take ``number`` lots out of a list that follow the first ``begin``."""
    for i in range(begin - 1, -1, -1):
        at, behind = lot_at(heads, q, r, i + number), lot_at(heads, q, r, i)
        for k in range(LOT):
            lots[at + k] = lots[behind + k]
    heads[q, r, FRONT] = (heads[q, r, FRONT] + number) & heads[q, r, MASK]
    left = heads[q, r, COUNT] - number
    heads[q, r, COUNT] = left
    first[q, r] = lots[heads[q, r, BEGIN] + LOT * heads[q, r, FRONT]] if left > 0 else np.inf
