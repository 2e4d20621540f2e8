"""Loops over runs that count in single precision, and add to sums in double precision."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, jit_part, jit_rows
from echelon.kernels.single_rows import NO_BIT, UNIT, ZERO, Bits, Singles, Span


@jit_rows
def carry_cycle(n: int, anew: bool, mask: int, bits: Bits, carried: Bits, i: int) -> None:
    """Keep the periods of ``mask`` that ended short for a cycle that goes on in the next group.

    They join those kept before, or begin ``anew``.
    """
    some = np.uint32(mask)
    for r in range(n):
        before = NO_BIT if anew else carried[i, r]
        carried[i, r] = np.uint32(before | np.uint32(bits[i, r] & some))


@jit_rows
def count_whole(
    n: int, goes_on: bool, mask: int, bits: Bits, carried: Bits, i: int, whole: Floats, j: int
) -> None:
    """Count a replenishment cycle of the periods of ``mask`` in which none of them ended short.

    Nor one of those carried, where it ``goes_on`` from an earlier group.
    """
    some = np.uint32(mask)
    for r in range(n):
        late = np.uint32(bits[i, r] & some)
        before = carried[i, r] if goes_on else NO_BIT
        whole[j, r] += 1.0 if np.uint32(late | before) == NO_BIT else 0.0


@jit_rows
def tally(
    n: int,
    span: Span,
    least: np.float32,
    what: Singles,
    i: int,
    pivot: Singles,
    total: Singles,
    squared: Singles,
    count: Singles,
    j: int,
) -> None:
    """Add rows less their pivot, the squares of that, and 1 where they are above ``least``.

    Squares around a number that occurs keep the digits of a variance that is small beside the mean.
    """
    for r in range(n):
        middle = pivot[j, r]
        summed, squares, positives = total[j, r], squared[j, r], count[j, r]
        for k in range(len(span)):
            x = what[i + k, r]
            apart = x - middle
            summed += apart
            squares += apart * apart
            more = positives + UNIT  # a choice of this and not of 1 or 0: one instruction less
            positives = more if x > least else positives
        total[j, r] = summed
        squared[j, r] = squares
        count[j, r] = positives


@jit_rows
def add_narrow(n: int, to: Floats, i: int, what: Singles, j: int) -> None:
    """Row ``to[i] += what[j]``."""
    for r in range(n):
        to[i, r] += np.float64(what[j, r])


@jit_rows
def flush(n: int, anew: bool, to: Floats, i: int, factor: float, what: Singles, j: int) -> None:
    """Add ``factor`` times a sum of some periods to that of all, or begin that with it."""
    if anew:
        for r in range(n):
            to[i, r] = factor * np.float64(what[j, r])
            what[j, r] = ZERO
        return
    for r in range(n):
        to[i, r] += factor * np.float64(what[j, r])
        what[j, r] = ZERO


@jit_rows
def flush_tally(
    n: int,
    anew: bool,
    periods: float,
    pivot: Singles,
    total: Singles,
    squared: Singles,
    count: Singles,
    i: int,
    to: Floats,
    to_squared: Floats,
    j: int,
    to_count: Floats,
    m: int,
) -> None:
    """Add a tally of ``periods`` periods to that of all, or begin that with it."""
    if anew:
        for r in range(n):
            to[j, r] = 0.0
            to_squared[j, r] = 0.0
            to_count[m, r] = 0.0
    for r in range(n):
        middle, summed = np.float64(pivot[i, r]), np.float64(total[i, r])
        to[j, r] += periods * middle + summed
        to_squared[j, r] += (
            periods * middle * middle + 2.0 * middle * summed + np.float64(squared[i, r])
        )
        to_count[m, r] += np.float64(count[i, r])
        total[i, r] = ZERO
        squared[i, r] = ZERO
        count[i, r] = ZERO


@jit_rows
def shift(
    n: int,
    least: np.float32,
    asked: Floats,
    asked_squared: Floats,
    asked_count: Floats,
    i: int,
    first: Singles,
    last: Singles,
    ordered: Floats,
    ordered_squared: Floats,
    orders: Floats,
    j: int,
) -> None:
    """Sums of orders that are the requests of the period before: with ``first``, without ``last``.

    asked_count, first, last: row ``i``; the others row ``j``.
    """
    for r in range(n):
        joins, leaves = np.float64(first[i, r]), np.float64(last[i, r])
        ordered[j, r] = asked[j, r] + (joins - leaves)
        ordered_squared[j, r] = asked_squared[j, r] + (joins * joins - leaves * leaves)
        counted = 1.0 if first[i, r] > least else 0.0
        orders[j, r] = asked_count[i, r] + (counted - (1.0 if last[i, r] > least else 0.0))


@jit_rows
def mark_short(
    n: int, tolerance: np.float32, bit: int, short: Singles, before: Bits, i: int
) -> None:
    """Set a bit of row ``before[i]``, and no other, where the stage is short now."""
    for r in range(n):
        before[i, r] = np.uint32(bit) if short[i, r] > tolerance else NO_BIT


@jit_rows
def flush_bits(
    n: int,
    periods: float,
    bits: Bits,
    before: Bits,
    i: int,
    ready: Floats,
    shortages: Floats,
    j: int,
) -> None:
    """Count periods that did not end short, and those in which being short began.

    ``before[i]`` has the bit of the first of the ``periods`` where the one before it ended short.
    """
    one, whole = np.uint32(1), np.float32(periods)
    for r in range(n):
        word = bits[i, r]
        follows = np.uint32(np.uint32(word << one) | before[i, r])
        ready[j, r] += np.float64(whole - bits_set(word))
        shortages[j, r] += np.float64(bits_set(np.uint32(word & ~follows)))
        bits[i, r] = NO_BIT


@jit_part
def bits_set(word: np.uint32) -> np.float32:
    """How many bits are set: sums of 2, 4, 8 and then all of them at a time."""
    pairs, nibbles, bytes_ = np.uint32(0x55555555), np.uint32(0x33333333), np.uint32(0x0F0F0F0F)
    x = np.uint32(word - np.uint32(np.uint32(word >> np.uint32(1)) & pairs))
    x = np.uint32(np.uint32(x & nibbles) + np.uint32(np.uint32(x >> np.uint32(2)) & nibbles))
    x = np.uint32(np.uint32(x + np.uint32(x >> np.uint32(4))) & bytes_)
    x = np.uint32(x + np.uint32(x >> np.uint32(8)))
    x = np.uint32(x + np.uint32(x >> np.uint32(16)))
    return np.float32(np.int32(np.uint32(x & np.uint32(63))))


@jit_rows
def less(n: int, to: Floats, i: int, what: Floats, j: int, other: Floats, k: int) -> None:
    """Row ``to[i] = what[j] - other[k]``."""
    for r in range(n):
        to[i, r] = what[j, r] - other[k, r]


@jit_rows
def count_shipped(
    n: int,
    to: Floats,
    i: int,
    weight: float,
    due: Floats,
    q: int,
    late_at_first: Singles,
    late: Singles,
    a: int,
) -> None:
    """Add what was shipped, ``weight`` times: what was due and late at first, less what is late."""
    for r in range(n):
        waited = np.float64(late_at_first[a, r]) - np.float64(late[a, r])
        to[i, r] += weight * (due[q, r] + waited)
