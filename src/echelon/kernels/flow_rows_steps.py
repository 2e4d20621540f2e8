"""Loops over runs that take some periods at once: part of the flow of components without features.

As in :mod:`echelon.kernels.flow_rows`, rows that are written are nobody else's; and each number is
added and compared in the order in which the loops for one period do it.
"""

from __future__ import annotations

from echelon.kernels._jit import Floats, jit_rows
from echelon.kernels.flow_rows import PAIR, STEPS


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
