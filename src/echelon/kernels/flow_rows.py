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
"""Periods that :func:`serve_one_steps` and :func:`tally_steps` take at once: state and sums are
loaded and stored once for all of them."""

PAIR: Final = 2
"""The same for :func:`serve_three_steps`, which has no registers for more."""


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
def tally_steps(
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
    """Do :func:`tally` for rows ``i`` to ``i + STEPS``."""
    for r in range(n):
        summed, squares, positives = total[j, r], squared[j, r], count[m, r]
        for k in range(STEPS):
            x = what[i + k, r]
            summed += x
            squares += x * x
            positives += 1.0 if x > least else 0.0
        total[j, r] = summed
        squared[j, r] = squares
        count[m, r] = positives


@jit_rows
def weigh_steps(n: int, to: Floats, i: int, weight: float, what: Floats, j: int) -> None:
    """Do :func:`add_scaled` for rows ``j`` to ``j + STEPS``, with one factor."""
    for r in range(n):
        summed = to[i, r]
        for k in range(STEPS):
            summed += weight * what[j + k, r]
        to[i, r] = summed


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
def serve_one_steps(
    n: int,
    tolerance: float,
    on_hand: Floats,
    j: int,
    late: Floats,
    q: int,
    made: Floats,
    m: int,
    due: Floats,
    d: int,
    shipped: Floats,
    s: int,
    on_hand_sum: Floats,
    ready: Floats,
    shortages: Floats,
    stage: int,
    late_sum: Floats,
    on_time: Floats,
    asker: int,
) -> None:
    """Serve the only asker of a stage for ``STEPS`` periods and count.

    The same as :func:`receive`, :func:`serve`, :func:`count_late` and :func:`add` period by period,
    on the net inventory, of which one side is 0 at the end of each period.
    """
    for r in range(n):
        net = on_hand[j, r] - late[q, r]
        waiting = late[q, r]
        held, owed, served, good, short = (
            on_hand_sum[stage, r],
            late_sum[asker, r],
            on_time[asker, r],
            ready[stage, r],
            shortages[stage, r],
        )
        for k in range(STEPS):
            before = waiting
            stock = max(net, 0.0) + made[m + k, r]
            wanted = before + due[d + k, r]
            goods = min(stock, wanted)
            shipped[s + k, r] = goods
            served += max(goods - before, 0.0)
            net = stock - wanted
            waiting = max(-net, 0.0)
            held += max(net, 0.0)
            owed += waiting
            good += 1.0 if waiting <= tolerance else 0.0
            short += 1.0 if (waiting > tolerance) & (before <= tolerance) else 0.0
        on_hand[j, r] = max(net, 0.0)
        late[q, r] = waiting
        on_hand_sum[stage, r] = held
        late_sum[asker, r] = owed
        on_time[asker, r] = served
        ready[stage, r] = good
        shortages[stage, r] = short


@jit_rows
def serve_two_steps(
    n: int,
    tolerance: float,
    on_hand: Floats,
    j: int,
    late: Floats,
    q: int,
    line: Floats,
    m: int,
    due: Floats,
    d0: int,
    d1: int,
    shipped: Floats,
    s0: int,
    s1: int,
    on_hand_sum: Floats,
    ready: Floats,
    shortages: Floats,
    stage: int,
    late_sum: Floats,
    on_time: Floats,
    asker: int,
) -> None:
    """Serve the two askers of a stage in proportion for ``STEPS`` periods and count."""
    for r in range(n):
        stock, late0, late1 = on_hand[j, r], late[q, r], late[q + 1, r]
        held, good, short = on_hand_sum[stage, r], ready[stage, r], shortages[stage, r]
        owed0, owed1 = late_sum[asker, r], late_sum[asker + 1, r]
        served0, served1 = on_time[asker, r], on_time[asker + 1, r]
        for k in range(STEPS):
            before = late0 + late1
            stock += line[m + k, r]
            wanted0 = late0 + due[d0 + k, r]
            wanted1 = late1 + due[d1 + k, r]
            wanted = late0 + due[d0 + k, r] + late1 + due[d1 + k, r]
            share = stock / wanted if wanted > stock else 1.0
            goods0 = share * wanted0
            goods1 = share * wanted1
            stock = max(stock - goods0 - goods1, 0.0)
            shipped[s0 + k, r] = goods0
            shipped[s1 + k, r] = goods1
            served0 += max(goods0 - late0, 0.0)
            served1 += max(goods1 - late1, 0.0)
            late0 = wanted0 - goods0
            late1 = wanted1 - goods1
            held += stock
            owed0 += late0
            owed1 += late1
            waiting = late0 + late1
            good += 1.0 if waiting <= tolerance else 0.0
            short += 1.0 if (waiting > tolerance) & (before <= tolerance) else 0.0
        on_hand[j, r] = stock
        late[q, r] = late0
        late[q + 1, r] = late1
        on_hand_sum[stage, r] = held
        ready[stage, r] = good
        shortages[stage, r] = short
        late_sum[asker, r] = owed0
        late_sum[asker + 1, r] = owed1
        on_time[asker, r] = served0
        on_time[asker + 1, r] = served1


@jit_rows
def serve_three_steps(
    n: int,
    tolerance: float,
    on_hand: Floats,
    j: int,
    late: Floats,
    q: int,
    line: Floats,
    m: int,
    due: Floats,
    d0: int,
    d1: int,
    d2: int,
    shipped: Floats,
    s0: int,
    s1: int,
    s2: int,
    on_hand_sum: Floats,
    ready: Floats,
    shortages: Floats,
    stage: int,
    late_sum: Floats,
    on_time: Floats,
    asker: int,
) -> None:
    """Serve the three askers of a stage in proportion for ``PAIR`` periods and count."""
    for r in range(n):
        stock, late0, late1, late2 = on_hand[j, r], late[q, r], late[q + 1, r], late[q + 2, r]
        held, good, short = on_hand_sum[stage, r], ready[stage, r], shortages[stage, r]
        owed0, owed1, owed2 = late_sum[asker, r], late_sum[asker + 1, r], late_sum[asker + 2, r]
        served0, served1, served2 = on_time[asker, r], on_time[asker + 1, r], on_time[asker + 2, r]
        for k in range(PAIR):
            before = late0 + late1 + late2
            stock += line[m + k, r]
            wanted0 = late0 + due[d0 + k, r]
            wanted1 = late1 + due[d1 + k, r]
            wanted2 = late2 + due[d2 + k, r]
            wanted = late0 + due[d0 + k, r] + late1 + due[d1 + k, r] + late2 + due[d2 + k, r]
            share = stock / wanted if wanted > stock else 1.0
            goods0 = share * wanted0
            goods1 = share * wanted1
            goods2 = share * wanted2
            stock = max(stock - goods0 - goods1 - goods2, 0.0)
            shipped[s0 + k, r] = goods0
            shipped[s1 + k, r] = goods1
            shipped[s2 + k, r] = goods2
            served0 += max(goods0 - late0, 0.0)
            served1 += max(goods1 - late1, 0.0)
            served2 += max(goods2 - late2, 0.0)
            late0 = wanted0 - goods0
            late1 = wanted1 - goods1
            late2 = wanted2 - goods2
            held += stock
            owed0 += late0
            owed1 += late1
            owed2 += late2
            waiting = late0 + late1 + late2
            good += 1.0 if waiting <= tolerance else 0.0
            short += 1.0 if (waiting > tolerance) & (before <= tolerance) else 0.0
        on_hand[j, r] = stock
        late[q, r] = late0
        late[q + 1, r] = late1
        late[q + 2, r] = late2
        on_hand_sum[stage, r] = held
        ready[stage, r] = good
        shortages[stage, r] = short
        late_sum[asker, r] = owed0
        late_sum[asker + 1, r] = owed1
        late_sum[asker + 2, r] = owed2
        on_time[asker, r] = served0
        on_time[asker + 1, r] = served1
        on_time[asker + 2, r] = served2


@jit_rows
def kits_of_two_steps(
    n: int,
    component: Floats,
    k: int,
    line: Floats,
    x0: int,
    x1: int,
    starts: Floats,
    s: int,
    component_sum: Floats,
    lane: int,
) -> None:
    """Start kits of one unit each of two components for ``STEPS`` periods and count."""
    for r in range(n):
        first, second = component[k, r], component[k + 1, r]
        sum0, sum1 = component_sum[lane, r], component_sum[lane + 1, r]
        for i in range(STEPS):
            first += line[x0 + i, r]
            second += line[x1 + i, r]
            start = min(first, second)
            first = max(first - start, 0.0)
            second = max(second - start, 0.0)
            starts[s + i, r] = start
            sum0 += first
            sum1 += second
        component[k, r] = first
        component[k + 1, r] = second
        component_sum[lane, r] = sum0
        component_sum[lane + 1, r] = sum1


@jit_rows
def kits_of_three_steps(
    n: int,
    component: Floats,
    k: int,
    line: Floats,
    x0: int,
    x1: int,
    x2: int,
    starts: Floats,
    s: int,
    component_sum: Floats,
    lane: int,
) -> None:
    """Start kits of one unit each of three components for ``STEPS`` periods and count."""
    for r in range(n):
        first, second, third = component[k, r], component[k + 1, r], component[k + 2, r]
        sum0, sum1 = component_sum[lane, r], component_sum[lane + 1, r]
        sum2 = component_sum[lane + 2, r]
        for i in range(STEPS):
            first += line[x0 + i, r]
            second += line[x1 + i, r]
            third += line[x2 + i, r]
            start = min(first, second, third)
            first = max(first - start, 0.0)
            second = max(second - start, 0.0)
            third = max(third - start, 0.0)
            starts[s + i, r] = start
            sum0 += first
            sum1 += second
            sum2 += third
        component[k, r] = first
        component[k + 1, r] = second
        component[k + 2, r] = third
        component_sum[lane, r] = sum0
        component_sum[lane + 1, r] = sum1
        component_sum[lane + 2, r] = sum2


@jit_rows
def add_two(n: int, to: Floats, i: int, what: Floats, a: int, b: int, count: int) -> None:
    """Rows ``to[i] = what[a] + what[b]`` and the ``count`` that follow each."""
    for k in range(count):
        for r in range(n):
            to[i + k, r] = what[a + k, r] + what[b + k, r]


@jit_rows
def add_more(n: int, to: Floats, i: int, what: Floats, a: int, count: int) -> None:
    """Rows ``to[i] += what[a]`` and the ``count`` that follow each."""
    for k in range(count):
        for r in range(n):
            to[i + k, r] += what[a + k, r]


@jit_rows
def sum_steps(n: int, to: Floats, i: int, what: Floats, j: int) -> None:
    """Row ``to[i]`` plus rows ``what[j]`` to ``what[j + STEPS]``."""
    for r in range(n):
        summed = to[i, r]
        for k in range(STEPS):
            summed += what[j + k, r]
        to[i, r] = summed


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
