"""Loops over runs in single precision: those of :mod:`~echelon.kernels.flow_rows`, done otherwise.

A stage is held as one number, what it is late with less what it has on hand, so that a period takes
about half the operations. Sums are those of a few periods; they are added up in double precision.
``span`` is a tuple whose length is the number of periods that a loop takes at once: state and sums
are loaded and stored once for all of them, and the bits do not depend on it.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.kernels._jit import jit_rows
from echelon.kernels.flow_arrays import WIDTH

Singles: TypeAlias = NDArray[np.float32]
Bits: TypeAlias = NDArray[np.uint32]
Span: TypeAlias = tuple[int, ...]

FOUR: Final = (0, 0, 0, 0)
ONE: Final = (0,)
"""Periods at once."""

ZERO: Final = np.float32(0.0)
UNIT: Final = np.float32(1.0)
ROUNDING: Final = np.float32(1e-6)
"""A net stock that is a smaller share of what came and went is nothing but rounding."""

NO_BIT: Final = np.uint32(0)


@jit_rows
def blank(n: int, to: Singles, i: int) -> None:
    """Row ``to[i] = 0``."""
    for r in range(n):
        to[i, r] = ZERO


@jit_rows
def no_bits(n: int, to: Bits, i: int) -> None:
    """Row ``to[i]`` without a bit set."""
    for r in range(n):
        to[i, r] = NO_BIT


@jit_rows
def put(n: int, to: Singles, i: int, value: np.float32) -> None:
    """Row ``to[i] = value``."""
    for r in range(n):
        to[i, r] = value


@jit_rows
def move(n: int, to: Singles, i: int, what: Singles, j: int) -> None:
    """Row ``to[i] = what[j]``."""
    for r in range(n):
        to[i, r] = what[j, r]


@jit_rows
def join(n: int, to: Singles, i: int, what: Singles, j: int) -> None:
    """Row ``to[i] += what[j]``."""
    for r in range(n):
        to[i, r] += what[j, r]


@jit_rows
def move_span(n: int, span: Span, to: Singles, i: int, what: Singles, j: int) -> None:
    """Row ``to[i] = what[j]`` and those that follow them."""
    for r in range(n):
        for k in range(len(span)):
            to[i + k, r] = what[j + k, r]


@jit_rows
def join_span(n: int, span: Span, to: Singles, i: int, what: Singles, j: int) -> None:
    """Row ``to[i] += what[j]`` and those that follow them."""
    for r in range(n):
        for k in range(len(span)):
            to[i + k, r] += what[j + k, r]


@jit_rows
def join_two(n: int, to: Singles, i: int, what: Singles, a: int, b: int, count: int) -> None:
    """Rows ``to[i] = what[a] + what[b]`` and the ``count`` that follow each."""
    for k in range(count):
        for r in range(n):
            to[i + k, r] = what[a + k, r] + what[b + k, r]


@jit_rows
def join_three(
    n: int, to: Singles, i: int, what: Singles, a: int, b: int, c: int, count: int
) -> None:
    """Rows ``to[i] = what[a] + what[b] + what[c]`` and the ``count`` that follow each."""
    for k in range(count):
        for r in range(n):
            to[i + k, r] = what[a + k, r] + what[b + k, r] + what[c + k, r]


@jit_rows
def times(n: int, to: Singles, i: int, factor: np.float32, what: Singles, j: int) -> None:
    """Row ``to[i] = factor * what[j]``."""
    for r in range(n):
        to[i, r] = factor * what[j, r]


@jit_rows
def parts_of(n: int, to: Singles, i: int, what: Singles, j: int, divisor: np.float32) -> None:
    """Row ``to[i] = what[j] / divisor``."""
    for r in range(n):
        to[i, r] = what[j, r] / divisor


@jit_rows
def not_negative(n: int, to: Singles, i: int, what: Singles, j: int) -> None:
    """Row ``to[i] = max(what[j], 0)``."""
    for r in range(n):
        to[i, r] = max(what[j, r], ZERO)


@jit_rows
def on_hand(n: int, to: Singles, i: int, short: Singles, j: int) -> None:
    """Row ``to[i] = max(-short[j], 0)``."""
    for r in range(n):
        to[i, r] = max(-short[j, r], ZERO)


@jit_rows
def any_negative(n: int, count: int, what: NDArray[np.int32], first: int) -> bool:
    """Whether a sign is set in ``count`` rows from ``first`` on, of floats seen as integers."""
    found = np.int32(0)
    whole = first + count // 4 * 4
    for i in range(first, whole, 4):  # the lanes of a vector are put together once for four rows
        for r in range(n):
            one, other = what[i, r] | what[i + 1, r], what[i + 2, r] | what[i + 3, r]
            found = np.int32(found | one | other)  # or it would be as wide as an address
    for i in range(whole, first + count):
        for r in range(n):
            found = np.int32(found | what[i, r])
    return bool(found < 0)


@jit_rows
def any_gap(n: int, gap: NDArray[np.int32], i: int) -> bool:
    """Whether some number of row ``gap[i]``, seen as integers, is not 0."""
    found = np.int32(0)
    for r in range(n):
        found = np.int32(found | gap[i, r])
    return bool((found & np.int32(2**31 - 1)) != 0)


@jit_rows
def order_gap(n: int, gap: Singles, j: int, order: Singles, o: int) -> None:
    """Order the gap below the base stock, never less than nothing."""
    for r in range(n):
        ordered = max(gap[j, r], ZERO)
        order[o, r] = ordered
        gap[j, r] -= ordered


@jit_rows
def order_every(
    n: int, span: Span, gap: Singles, j: int, order: Singles, o: int, asked: Singles, t: int
) -> None:
    """Order the gap in each of some periods, before what is asked for then widens it."""
    for r in range(n):
        below = gap[j, r]
        for k in range(len(span)):
            ordered = max(below, ZERO)
            order[o + k, r] = ordered
            below = (below - ordered) + asked[t + k, r]
        gap[j, r] = below


@jit_rows
def order_rounded(
    n: int,
    gap: Singles,
    j: int,
    order: Singles,
    o: int,
    multiple: np.float32,
    least: np.float32,
    most: np.float32,
    tolerance: np.float32,
) -> None:
    """Order the gap in whole multiples, 0 for any, and from ``least`` to ``most``, or nothing."""
    for r in range(n):
        wanted = max(gap[j, r], ZERO)
        whole = wanted
        if multiple > ZERO:
            whole = np.ceil((wanted - tolerance) / multiple) * multiple
        ordered = min(max(whole, least), most) if wanted > tolerance else ZERO
        order[o, r] = ordered
        gap[j, r] -= ordered


@jit_rows
def weigh(
    n: int, span: Span, to: Singles, i: int, weight: np.float32, what: Singles, j: int
) -> None:
    """Row ``to[i] += weight * what[j]`` and those that follow it."""
    for r in range(n):
        summed = to[i, r]
        for k in range(len(span)):
            summed += weight * what[j + k, r]
        to[i, r] = summed


@jit_rows
def least_of(n: int, to: Singles, i: int, what: Singles, j: int) -> None:
    """Row ``to[i] = min(to[i], what[j])``."""
    for r in range(n):
        to[i, r] = min(to[i, r], what[j, r])


@jit_rows
def at_most(n: int, to: Singles, i: int, most: np.float32) -> None:
    """Row ``to[i] = min(to[i], most)``."""
    for r in range(n):
        to[i, r] = min(to[i, r], most)


@jit_rows
def take_away(n: int, to: Singles, i: int, what: Singles, j: int) -> None:
    """Row ``to[i] -= what[j]``."""
    for r in range(n):
        to[i, r] -= what[j, r]


@jit_rows
def leave(
    n: int,
    after: Singles,
    drawn: Singles,
    d: int,
    until: Singles,
    u: int,
    flow: Singles,
    i: int,
    least: np.float32,
    total: Singles,
    t: int,
    lead: np.float32,
    left: np.float32,
) -> None:
    """Periods after which each run's goods leave that enter now: row ``after[0]``.

    ``until[u]``, the periods until those before them leave, is brought up to date for the next
    period; less than ``least`` units is no reason for others to wait. What enters is counted for
    the periods in which it will be under way, but for the first ``lead`` and those after ``left``.
    """
    for r in range(n):
        before = until[u, r]
        wait = max(drawn[d, r], before)
        quantity = flow[i, r]
        until[u, r] = max((wait if quantity > least else before) - UNIT, ZERO)
        total[t, r] += max(min(wait, left) - lead, ZERO) * quantity
        after[0, r] = wait


@jit_rows
def join_where(
    n: int, line: Singles, i: int, after: Singles, wait: np.float32, flow: Singles, j: int
) -> None:
    """Add row ``flow[j]`` to row ``line[i]`` where the goods leave after ``wait`` periods."""
    for r in range(n):
        there = line[i, r]
        joined = there + flow[j, r]  # a choice of this and not of what to add: one instruction less
        line[i, r] = joined if after[0, r] == wait else there


@jit_rows
def find_cells(n: int, after: Singles, begin: int, at: int, size: int, cells: Bits) -> None:
    """Where in a ring of ``size`` rows from ``begin`` on each run's goods leave, ``at`` now.

    Row ``cells[0]`` has numbers of the array as if it had one axis.
    """
    first, whole = np.int32(at), np.int32(size)
    for r in range(n):
        slot = np.int32(first + np.int32(after[0, r]))
        slot = np.int32(slot - whole) if slot >= whole else slot
        cells[0, r] = np.uint32(np.uint32(begin + slot) * np.uint32(WIDTH) + np.uint32(r))


@jit_rows
def scatter(n: int, line: Singles, cells: Bits, flow: Singles, j: int) -> None:
    """Add row ``flow[j]`` to ``line``, of one axis, each run where row ``cells[0]`` says."""
    for r in range(n):
        line[cells[0, r]] += flow[j, r]
