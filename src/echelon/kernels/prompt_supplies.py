"""What waits for supplies save at most: how costs fall along each stage's curve, and downstream.

The plain twins stand in the tests: loops over lists and sets.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.kernels._jit import Floats, Integers, jit

Booleans: TypeAlias = NDArray[np.bool_]


@jit
def falls_of_curves(
    ptr: Integers,
    covered: Integers,
    cost: Floats,
    noise: float,
    head: Integers,
    end: Integers,
    steepest: Floats,
) -> None:
    """What a longer time saves at most, per tick, of costs that stand by runs of falling times.

    ptr (n + 1,): where each stage begins in covered and cost; a stage may have several runs, which
    are looked at as one. cost: infinite where a time is forbidden, and noise a share of it that is
    nothing but rounding. head, end: scratch, as long as the most times of a stage. steepest (n,) is
    overwritten.
    """
    for stage in range(steepest.shape[0]):
        n_runs = 0
        for i in range(ptr[stage], ptr[stage + 1]):
            if i == ptr[stage] or covered[i] >= covered[i - 1]:
                head[n_runs] = i
                n_runs += 1
            end[n_runs - 1] = i + 1
        most = 0.0
        longer = -1
        for _ in range(ptr[stage], ptr[stage + 1]):
            run = -1
            for k in range(n_runs):
                if head[k] < end[k] and (run < 0 or covered[head[k]] > covered[head[run]]):
                    run = k
            i = head[run]
            head[run] += 1
            if longer >= 0 and cost[i] < np.inf and cost[longer] < np.inf:
                before, after = cost[i], cost[longer]
                if before - after > noise * abs(before):
                    most = max(most, (before - after) / (covered[longer] - covered[i]))
            longer = i
        steepest[stage] = most


@jit
def sums_downstream(
    first: int,
    supplier: Integers,
    customer: Integers,
    place: Integers,
    falls: Floats,
    reached: Booleans,
    saved: Floats,
) -> None:
    """Sum over each stage and all those that its goods reach.

    Stages are numbered from ``first`` on. supplier, customer (m,): lanes, those of the last
    customer last, every stage after its suppliers; place (k,), falls (k,): stages of which
    something is summed. reached (n or more, k or more) is working space; saved (n,) is overwritten.
    """
    reached[: saved.shape[0], : place.shape[0]] = False
    for k in range(place.shape[0]):
        reached[place[k] - first, k] = True
    for lane in range(supplier.shape[0] - 1, -1, -1):
        above, below = supplier[lane] - first, customer[lane] - first
        for k in range(place.shape[0]):
            reached[above, k] |= reached[below, k]
    for stage in range(saved.shape[0]):
        total = 0.0
        for k in range(place.shape[0]):
            if reached[stage, k]:
                total += falls[k]
        saved[stage] = total


@jit
def sums_of_components(
    stage_ptr: Integers,
    lane_ptr: Integers,
    supplier: Integers,
    customer: Integers,
    place_ptr: Integers,
    place: Integers,
    falls: Floats,
    reached: Booleans,
    saved: Floats,
) -> None:
    """As :func:`sums_downstream`, of components of which no lane joins two.

    stage_ptr, lane_ptr, place_ptr (n_components + 1,): where theirs begin. reached: as large as any
    of them takes. saved (n,): zeros, overwritten of components in which something is summed.
    """
    for c in range(stage_ptr.shape[0] - 1):
        if place_ptr[c] == place_ptr[c + 1]:
            continue
        lanes, places = slice(lane_ptr[c], lane_ptr[c + 1]), slice(place_ptr[c], place_ptr[c + 1])
        sums_downstream(
            stage_ptr[c], supplier[lanes], customer[lanes], place[places], falls[places],
            reached, saved[stage_ptr[c] : stage_ptr[c + 1]],
        )  # fmt: skip


@jit
def charge_waits(
    last: Integers,
    unit: int,
    pred_stage: Integers,
    delay: Integers,
    process: Integers,
    inbound_low: Integers,
    inbound_ptr: Integers,
    inbound: Integers,
    outbound_ptr: Integers,
    outbound: Integers,
    row_length: Integers,
    saved: Floats,
    own_inbound: Floats,
    own_outbound: Floats,
    back: Floats,
) -> int:
    """Charge the waits of stages for what is complete with the supply of a lane, or from outside.

    last (n_stages,): the lane; -1 charges nothing, and anything below stands for outside. unit:
    of quotes, ticks. saved (n_stages,): money per tick of waiting. own_inbound, own_outbound:
    changed. back (n_rows,): overwritten with what of the charge is taken back of the last pair of
    a row, in which supplies wait for the next multiple of the unit and no stock does. Returns how
    many pairs there are in rows of which something is.
    """
    n_pairs = 0
    back[:] = 0.0
    for j in range(last.shape[0]):
        if last[j] == -1:
            continue
        rate, earliest = saved[j], inbound_low[j]
        by_lane = last[j] >= 0
        supplier, way, base = 0, 0, earliest
        if by_lane:
            supplier, way, base = pred_stage[last[j]], delay[last[j]], 0
            for b in range(outbound_ptr[supplier], outbound_ptr[supplier + 1]):
                own_outbound[b] -= rate * max(outbound[b] + way, earliest)
        newest = outbound_ptr[supplier] - 1  # of the supplier's quotes that have come
        for row in range(inbound_ptr[j], inbound_ptr[j + 1]):
            heard = inbound[row]
            own_inbound[row] += rate * (heard - base)
            if unit == 1:
                continue
            complete = earliest
            if by_lane:
                while (
                    newest + 1 < outbound_ptr[supplier + 1] and outbound[newest + 1] + way <= heard
                ):
                    newest += 1
                if newest >= outbound_ptr[supplier]:
                    complete = max(outbound[newest] + way, earliest)
            length = row_length[row]
            if length > 0 and 0 < heard - complete < unit:
                final = outbound[outbound_ptr[j] + length - 1]
                if heard + process[j] == final:
                    back[row] = rate * (heard - complete)
                    n_pairs += length if back[row] > 0.0 else 0
    return n_pairs


@jit
def take_back(
    back: Floats, row_start: Integers, row_length: Integers, cost: Floats, end: int
) -> None:
    """Give rows of which something is taken back a row of costs of their own, from ``end`` on.

    back (n_rows,): as :func:`charge_waits` leaves it. row_start, cost: changed.
    """
    for row in range(back.shape[0]):
        if back[row] > 0.0:
            start, length = row_start[row], row_length[row]
            cost[end : end + length] = cost[start : start + length]
            cost[end + length - 1] -= back[row]
            row_start[row] = end
            end += length
