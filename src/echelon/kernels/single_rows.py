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

from echelon.kernels._jit import Floats, jit_rows

Singles: TypeAlias = NDArray[np.float32]
Span: TypeAlias = tuple[int, ...]

FOUR: Final = (0, 0, 0, 0)
ONE: Final = (0,)
"""Periods at once."""

ZERO: Final = np.float32(0.0)
UNIT: Final = np.float32(1.0)
ROUNDING: Final = np.float32(1e-6)
"""A net stock that is a smaller share of what came and went is nothing but rounding."""

SIGN: Final = np.int32(-(2**31))


@jit_rows
def blank(n: int, to: Singles, i: int) -> None:
    """Row ``to[i] = 0``."""
    for r in range(n):
        to[i, r] = ZERO


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
def any_negative(n: int, count: int, what: NDArray[np.int32], first: int) -> bool:
    """Whether a sign is set in ``count`` rows from ``first`` on, of floats seen as integers."""
    found = np.int32(0)
    for i in range(first, first + count):
        for r in range(n):
            found |= what[i, r]
    return bool(found < 0)


@jit_rows
def any_gap(n: int, gap: NDArray[np.int32], i: int) -> bool:
    """Whether some number of row ``gap[i]``, seen as integers, is not 0."""
    found = np.int32(0)
    for r in range(n):
        found |= gap[i, r]
    return bool((found & np.int32(2**31 - 1)) != 0)


@jit_rows
def order_gap(n: int, gap: Singles, j: int, order: Singles, o: int) -> None:
    """Order the gap below the base stock, never less than nothing."""
    for r in range(n):
        ordered = max(gap[j, r], ZERO)
        order[o, r] = ordered
        gap[j, r] -= ordered


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
def worst_of_cycle(n: int, first: bool, worst: Singles, i: int, short: Singles) -> None:
    """Keep the largest shortage of the running replenishment cycle."""
    for r in range(n):
        carried = ZERO if first else worst[i, r]
        worst[i, r] = max(carried, short[i, r])


@jit_rows
def count_whole(
    n: int, tolerance: np.float32, worst: Singles, i: int, whole: Floats, j: int
) -> None:
    """Count a replenishment cycle that ended without a shortage."""
    for r in range(n):
        whole[j, r] += 1.0 if worst[i, r] <= tolerance else 0.0


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
            positives += UNIT if x > least else ZERO
        total[j, r] = summed
        squared[j, r] = squares
        count[j, r] = positives


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
def serve_alone(
    n: int,
    span: Span,
    tolerance: np.float32,
    short: Singles,
    i: int,
    line: Singles,
    made: int,
    rows: Singles,
    due: int,
    sent: Singles,
    to: int,
    held: Singles,
    good: Singles,
    began: Singles,
    owed: Singles,
    missed: Singles,
    a: int,
) -> None:
    """Serve the only asker of a stage, who returns nothing, and count."""
    for r in range(n):
        net = short[i, r]
        now = max(net, ZERO)
        stock, ready, starts = held[i, r], good[i, r], began[i, r]
        waits, missing = owed[a, r], missed[a, r]
        for k in range(len(span)):
            was, wanted, goods = now, rows[due + k, r], line[made + k, r]
            net += wanted - goods
            net = net if abs(net) > ROUNDING * (was + wanted + goods) else ZERO
            now = max(net, ZERO)
            sent[to + k, r] = wanted + (was - now)
            stock += now - net
            waits += now
            missing += min(wanted, now)
            ready += UNIT if now <= tolerance else ZERO
            starts += UNIT if (now > tolerance) & (was <= tolerance) else ZERO
        short[i, r] = net
        held[i, r] = stock
        good[i, r] = ready
        began[i, r] = starts
        owed[a, r] = waits
        missed[a, r] = missing


@jit_rows
def serve_together(
    n: int,
    span: Span,
    tolerance: np.float32,
    short: Singles,
    i: int,
    line: Singles,
    made: int,
    rows: Singles,
    total: int,
    asked: int,
    ratio: Singles,
    first: int,
    held: Singles,
    good: Singles,
    began: Singles,
) -> None:
    """Count at a stage of several askers, and find the share of what is wanted that stays late.

    Row ``total`` has what all ask for, less what is returned, row ``asked`` without returns.
    """
    for r in range(n):
        net = short[i, r]
        now = max(net, ZERO)
        stock, ready, starts = held[i, r], good[i, r], began[i, r]
        for k in range(len(span)):
            was, goods = now, line[made + k, r]
            wanted = was + rows[asked + k, r]
            net += rows[total + k, r] - goods
            net = net if abs(net) > ROUNDING * (wanted + goods) else ZERO
            now = max(net, ZERO)
            ratio[first + k, r] = now / wanted if now > ZERO else ZERO
            stock += now - net
            ready += UNIT if now <= tolerance else ZERO
            starts += UNIT if (now > tolerance) & (was <= tolerance) else ZERO
        short[i, r] = net
        held[i, r] = stock
        good[i, r] = ready
        began[i, r] = starts


@jit_rows
def serve_share(
    n: int,
    span: Span,
    late: Singles,
    a: int,
    rows: Singles,
    due: int,
    ratio: Singles,
    first: int,
    sent: Singles,
    to: int,
    owed: Singles,
    missed: Singles,
) -> None:
    """Serve one of several askers its share and count."""
    for r in range(n):
        now, waits, missing = late[a, r], owed[a, r], missed[a, r]
        for k in range(len(span)):
            due_now = rows[due + k, r]
            wanted = now + due_now
            now = wanted * ratio[first + k, r]
            sent[to + k, r] = wanted - now
            waits += now
            missing += min(due_now, now)
        late[a, r] = now
        owed[a, r] = waits
        missed[a, r] = missing


@jit_rows
def kits_of_two(
    n: int,
    span: Span,
    stock: Singles,
    x: int,
    line: Singles,
    x0: int,
    x1: int,
    to: Singles,
    s: int,
    waits: Singles,
) -> None:
    """Start kits of two components, counted in kits, and count what waits."""
    for r in range(n):
        first, second = stock[x, r], stock[x + 1, r]
        sum0, sum1 = waits[x, r], waits[x + 1, r]
        for k in range(len(span)):
            first += line[x0 + k, r]
            second += line[x1 + k, r]
            start = min(first, second)
            first -= start
            second -= start
            to[s + k, r] = start
            sum0 += first
            sum1 += second
        stock[x, r] = first
        stock[x + 1, r] = second
        waits[x, r] = sum0
        waits[x + 1, r] = sum1


@jit_rows
def kits_of_three(
    n: int,
    span: Span,
    stock: Singles,
    x: int,
    line: Singles,
    x0: int,
    x1: int,
    x2: int,
    to: Singles,
    s: int,
    waits: Singles,
) -> None:
    """Start kits of three components, counted in kits, and count what waits."""
    for r in range(n):
        first, second, third = stock[x, r], stock[x + 1, r], stock[x + 2, r]
        sum0, sum1, sum2 = waits[x, r], waits[x + 1, r], waits[x + 2, r]
        for k in range(len(span)):
            first += line[x0 + k, r]
            second += line[x1 + k, r]
            third += line[x2 + k, r]
            start = min(first, second, third)
            first -= start
            second -= start
            third -= start
            to[s + k, r] = start
            sum0 += first
            sum1 += second
            sum2 += third
        stock[x, r] = first
        stock[x + 1, r] = second
        stock[x + 2, r] = third
        waits[x, r] = sum0
        waits[x + 1, r] = sum1
        waits[x + 2, r] = sum2


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
def with_returns(
    n: int, to: Singles, i: int, made: Singles, m: int, rows: Singles, asked: int, total: int
) -> None:
    """Row ``to[i] = made[m]`` and what comes back: what is asked for less that with returns."""
    for r in range(n):
        to[i, r] = made[m, r] + (rows[asked, r] - rows[total, r])


@jit_rows
def use_kits(n: int, stock: Singles, x: int, starts: Singles, s: int, waits: Singles) -> None:
    """Take a component of the kits that start, and count what is left waiting."""
    for r in range(n):
        left = stock[x, r] - starts[s, r]
        stock[x, r] = left
        waits[x, r] += left


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
        line[i, r] += flow[j, r] if after[0, r] == wait else ZERO


@jit_rows
def scatter(
    n: int, line: Singles, begin: int, at: int, size: int, after: Singles, flow: Singles, j: int
) -> None:
    """Add row ``flow[j]`` to a ring of ``size`` rows, each run where its goods leave."""
    for r in range(n):
        slot = at + int(after[0, r])
        line[begin + (slot if slot < size else slot - size), r] += flow[j, r]


@jit_rows
def flush(n: int, to: Floats, i: int, factor: float, what: Singles, j: int) -> None:
    """Add ``factor`` times a sum of some periods to that of all, and begin it anew."""
    for r in range(n):
        to[i, r] += factor * np.float64(what[j, r])
        what[j, r] = ZERO


@jit_rows
def flush_tally(
    n: int,
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
    """Add a tally of ``periods`` periods to that of all, and begin it anew."""
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
