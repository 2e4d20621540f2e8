"""Loops over runs that the flow kernels are made of: one or a few rows each.

Each works on rows ``array[row, :n]``. A row that is read may be that of another stage; a row that
is written is nobody else's (see :func:`echelon.kernels._jit.jit_rows`). What stands in one loop
here is done to every number in the same order in all flow kernels: they agree to the last bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.kernels._jit import Floats, jit_rows
from echelon.kernels.philox import Words

STEPS: Final = 4
"""Periods that the kernels without features take at once, loading and storing sums once."""

PAIR: Final = 2
"""The same where three askers are served, for which there are no registers for more."""


@jit_rows
def zero(n: int, to: Floats, i: int) -> None:
    """Row ``to[i] = 0``."""
    for r in range(n):
        to[i, r] = 0.0


@jit_rows
def fill(n: int, to: Floats, i: int, value: float) -> None:
    """Row ``to[i] = value``."""
    for r in range(n):
        to[i, r] = value


@jit_rows
def copy(n: int, to: Floats, i: int, what: Floats, j: int) -> None:
    """Row ``to[i] = what[j]``."""
    for r in range(n):
        to[i, r] = what[j, r]


@jit_rows
def scale(n: int, to: Floats, i: int, factor: float, what: Floats, j: int) -> None:
    """Row ``to[i] = factor * what[j]``."""
    for r in range(n):
        to[i, r] = factor * what[j, r]


@jit_rows
def divide(n: int, to: Floats, i: int, what: Floats, j: int, divisor: float) -> None:
    """Row ``to[i] = what[j] / divisor``."""
    for r in range(n):
        to[i, r] = what[j, r] / divisor


@jit_rows
def add(n: int, to: Floats, i: int, what: Floats, j: int) -> None:
    """Row ``to[i] += what[j]``."""
    for r in range(n):
        to[i, r] += what[j, r]


@jit_rows
def take(n: int, out_of: Floats, i: int, what: Floats, j: int) -> None:
    """Row ``out_of[i] -= what[j]``."""
    for r in range(n):
        out_of[i, r] -= what[j, r]


@jit_rows
def add_scaled(n: int, to: Floats, i: int, factor: float, what: Floats, j: int) -> None:
    """Row ``to[i] += factor * what[j]``."""
    for r in range(n):
        to[i, r] += factor * what[j, r]


@jit_rows
def add_positive(n: int, to: Floats, i: int, sign: float, what: Floats, j: int) -> None:
    """Row ``to[i] += max(sign * what[j], 0)``."""
    for r in range(n):
        to[i, r] += max(sign * what[j, r], 0.0)


@jit_rows
def positive(n: int, to: Floats, i: int, what: Floats, j: int) -> None:
    """Row ``to[i] = max(what[j], 0)``."""
    for r in range(n):
        to[i, r] = max(what[j, r], 0.0)


@jit_rows
def order_gap(n: int, gap: Floats, j: int, order: Floats, o: int) -> None:
    """Order the gap below the base stock, never less than nothing."""
    for r in range(n):
        ordered = max(gap[j, r], 0.0)
        order[o, r] = ordered
        gap[j, r] -= ordered


@jit_rows
def any_below(n: int, least: float, count: int, what: Floats, first: int) -> bool:
    """Whether some number in ``count`` rows from ``first`` on is below ``least`` and not 0."""
    found = 0  # counted rather than left at once: a sum of whole numbers is a vector loop
    for i in range(first, first + count):
        for r in range(n):
            found += 1 if (what[i, r] < least) & (what[i, r] != 0.0) else 0
    return found > 0


@jit_rows
def any_less(n: int, what: Floats, i: int, least: float) -> bool:
    """Whether some number of row ``what[i]`` is below ``least``."""
    found = 0
    for r in range(n):
        found += 1 if what[i, r] < least else 0
    return found > 0


@jit_rows
def all_zero(n: int, what: Floats, i: int) -> bool:
    """Whether row ``what[i]`` is 0 throughout."""
    found = 0
    for r in range(n):
        found += 1 if what[i, r] != 0.0 else 0
    return found == 0


@jit_rows
def tally(
    n: int,
    least: float,
    what: Floats,
    i: int,
    total: Floats,
    squared: Floats,
    j: int,
    count: Floats,
    m: int,
) -> None:
    """Add row ``what[i]``, its squares, and 1 where it is above ``least``: less is rounding."""
    for r in range(n):
        x = what[i, r]
        total[j, r] += x
        squared[j, r] += x * x
        count[m, r] += 1.0 if x > least else 0.0


@jit_rows
def leave_when(
    n: int,
    place: Words,
    drawn: Floats,
    d: int,
    now: int,
    until: Floats,
    u: int,
    flow: Floats,
    i: int,
    least: float,
    total: Floats,
    t: int,
    begin: int,
    end: int,
    at: int,
    size: int,
) -> None:
    """Row of a ring in which each run's goods leave that enter now and take a drawn time.

    They leave no earlier than those before them, ``until[u]``; less than ``least`` units is no
    reason for others to wait. What enters is counted in ``total[t]`` for the periods from ``begin``
    up to ``end`` in which it will be under way. Row ``at`` of ``size`` is that of now.
    """
    first, last, entering = float(begin), float(end), float(now)
    for r in range(n):
        before = until[u, r]
        leaving = max(drawn[d, r] + entering, before)
        quantity = flow[i, r]
        until[u, r] = leaving if quantity > least else before
        total[t, r] += max(min(leaving, last) - first, 0.0) * quantity
        slot = at + int(leaving - entering)
        place[r] = slot if slot < size else slot - size


@jit_rows
def spread(n: int, line: Floats, first: int, place: Words, flow: Floats, i: int) -> None:
    """Add row ``flow[i]`` to a ring, each run where its goods leave."""
    begin = np.uint64(first)
    for r in range(n):
        line[begin + place[r], r] += flow[i, r]


@jit_rows
def serve(
    n: int,
    on_hand: Floats,
    j: int,
    late: Floats,
    q: int,
    due: Floats,
    d: int,
    shipped: Floats,
    s: int,
    after: Floats,
    v: int,
    late_sum: Floats,
    on_time: Floats,
    asker: int,
) -> None:
    """Ship to one asker what is there, its late units first, and count.

    Row ``after[v]`` gathers what all askers are left waiting for.
    """
    for r in range(n):
        before = late[q, r]
        wanted = before + due[d, r]
        goods = min(on_hand[j, r], wanted)
        on_hand[j, r] -= goods
        shipped[s, r] = goods
        on_time[asker, r] += max(goods - before, 0.0)
        waiting = wanted - goods
        late[q, r] = waiting
        after[v, r] += waiting
        late_sum[asker, r] += waiting


@jit_rows
def serve_share(
    n: int,
    on_hand: Floats,
    j: int,
    share: Floats,
    h: int,
    late: Floats,
    q: int,
    due: Floats,
    d: int,
    shipped: Floats,
    s: int,
    after: Floats,
    v: int,
    late_sum: Floats,
    on_time: Floats,
    asker: int,
) -> None:
    """Ship to one asker its share of what it wants, and count as :func:`serve` does."""
    for r in range(n):
        before = late[q, r]
        wanted = before + due[d, r]
        goods = share[h, r] * wanted
        on_hand[j, r] -= goods
        shipped[s, r] = goods
        on_time[asker, r] += max(goods - before, 0.0)
        waiting = wanted - goods
        late[q, r] = waiting
        after[v, r] += waiting
        late_sum[asker, r] += waiting


@jit_rows
def add_wanted(
    n: int,
    wanted: Floats,
    i: int,
    before: Floats,
    b: int,
    late: Floats,
    q: int,
    due: Floats,
    d: int,
) -> None:
    """Add what an asker waits for to ``before[b]``, and that and what is due to ``wanted[i]``."""
    for r in range(n):
        before[b, r] += late[q, r]
        wanted[i, r] = wanted[i, r] + late[q, r] + due[d, r]


@jit_rows
def share_out(n: int, share: Floats, h: int, on_hand: Floats, j: int) -> None:
    """Turn all that is wanted of a stage into the share of it that there is, at most 1."""
    for r in range(n):
        wanted, stock = share[h, r], on_hand[j, r]
        share[h, r] = stock / wanted if wanted > stock else 1.0


@jit_rows
def not_below_zero(n: int, what: Floats, i: int) -> None:
    """Row ``what[i] = max(what[i], 0)``: shares may add up to a rounding more than one."""
    for r in range(n):
        what[i, r] = max(what[i, r], 0.0)


@jit_rows
def count_shortage(
    n: int,
    tolerance: float,
    late: Floats,
    i: int,
    before: Floats,
    b: int,
    ready: Floats,
    shortages: Floats,
    j: int,
) -> None:
    """Count a period as ready, or as the first of a stock-out if the one before was ready."""
    for r in range(n):
        ready[j, r] += 1.0 if late[i, r] <= tolerance else 0.0
        shortages[j, r] += 1.0 if (late[i, r] > tolerance) & (before[b, r] <= tolerance) else 0.0


@jit_rows
def worst_of_cycle(n: int, first: bool, worst: Floats, j: int, late: Floats, i: int) -> None:
    """Keep the largest shortage of the running replenishment cycle."""
    for r in range(n):
        carried = 0.0 if first else worst[j, r]
        worst[j, r] = max(carried, late[i, r])


@jit_rows
def count_whole(n: int, tolerance: float, worst: Floats, j: int, whole: Floats, i: int) -> None:
    """Count a replenishment cycle that ended without a shortage."""
    for r in range(n):
        whole[i, r] += 1.0 if worst[j, r] <= tolerance else 0.0


@jit_rows
def scarcest(n: int, starts: Floats, i: int, stock: Floats, k: int, units: float) -> None:
    """Row ``starts[i] = min(starts[i], stock[k] / units)``."""
    for r in range(n):
        starts[i, r] = min(starts[i, r], stock[k, r] / units)


@jit_rows
def use_up(n: int, stock: Floats, k: int, units: float, starts: Floats, i: int) -> None:
    """Take what the starts need; ``k / units * units`` may be a rounding more than ``k``."""
    for r in range(n):
        stock[k, r] = max(stock[k, r] - units * starts[i, r], 0.0)
