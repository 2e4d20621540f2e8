"""Place stock on small components with cycles under the normal bound, by branching on their lanes.

A spanning tree of the lanes is a relaxation, which the tree program solves; the lanes left out are
looked at afterwards. Where one is broken, either its supplier quotes a time at most ``t``, or it
quotes a later one and the customer waits for that: each is a tree program with narrower windows.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit, jit_step
from echelon.kernels.forest_placement import fold_tree, tie_variables
from echelon.kernels.tree_placement import place_tree

_ROUNDING = 1e-12  # relative, of a sum of costs


@jit
def place_by_branching(
    pred_ptr: Integers,
    pred_stage: Integers,
    delay: Integers,
    process: Integers,
    can_stock: Integers,
    low: Integers,
    high: Integers,
    root_ptr: Integers,
    root: Integers,
    slope: Floats,
    still: Floats,
    lows: Integers,
    highs: Integers,
    bound: Floats,
    split: Integers,
    service: Integers,
) -> float:
    """Cost of the best service times of one component, written to ``service``.

    inf where there are none. NaN where the room given does not suffice for a proof, or where lanes
    do not join all stages; service is then of no use.

    pred_ptr: (n + 1,) from 0. pred_stage, delay: by lane, ticks. process, can_stock (0 or 1): (n,).
    low, high: (2 n,) windows of the inbound times, then of the outbound ones. root_ptr, root: as in
    :func:`echelon.kernels.tree_placement.tree_candidates`. slope: (n,) a stage that covers tau
    ticks costs ``slope * sqrt(tau)``, money per period. still: (n,) zeros.
    lows, highs: (m, 2 n) room for as many narrowed windows, each of which takes a tree program.
    bound: (m,), split: (m, 2) room for what is known of each: the cost of its tree, inf where there
    is nothing left to find; the lane to branch on, and the latest quote of the first part.
    """
    n = process.shape[0]
    fold, variables = np.empty((4, n), np.int64), np.empty((3, 2 * n - 1), np.int64)
    inside = np.empty(delay.shape[0], np.int64)
    plan = np.empty((2, n), np.int64)  # along the tree; settled along all lanes
    bent = np.empty(2 * n, np.int64)
    ends, lanes = np.empty((2, 2 * n + 1), np.int64), np.empty((2, n), np.int64)
    own_root = np.empty(root.shape[0] + 4 * n, np.int64)
    _spanning_lanes(pred_ptr, pred_stage, delay, high, plan[0], inside, bent)
    if not (
        _take_lanes(pred_ptr, pred_stage, delay, inside, ends[0], lanes[0], lanes[1])
        and fold_tree(ends[0, : n + 1], lanes[0, : n - 1], lanes[1, : n - 1], fold)
    ):
        return np.nan
    tie_variables(fold, process, variables)
    unit = max(_unit(_unit(_unit(_unit(_unit(0, process), delay), low), high), root), 1)
    least = np.inf
    made, at = 0, -1
    while True:
        for part in range(1 if at < 0 else 2):
            if made == bound.shape[0]:
                return np.nan
            _narrow(
                pred_ptr, pred_stage, delay, low, high, unit, split, at, part, made, lows, highs
            )
            bound[made] = np.inf
            if _root_times(
                lows[made], highs[made], bent, root_ptr, root, ends[0], ends[1], own_root
            ):
                bound[made] = place_tree(
                    variables[0], variables[1], variables[2], lows[made], ends[0], ends[1],
                    own_root, fold[0], fold[1], fold[2], fold[3], process, can_stock, slope, still,
                    plan[0],
                )  # fmt: skip
            if bound[made] < np.inf:
                _find_broken(
                    pred_ptr, pred_stage, delay, inside, process, lows[made], plan[0], unit,
                    split[made],
                )  # fmt: skip
                price = _price(
                    pred_ptr, pred_stage, delay, process, can_stock, low, high, slope, plan
                )
                if price < least:
                    least = price
                    for j in range(n):
                        service[j] = plan[1, j]
                if split[made, 0] < 0:  # the plan keeps every lane, and none here is cheaper
                    bound[made] = np.inf
            made += 1
        if at >= 0:
            bound[at] = np.inf
        at = 0
        for k in range(made):
            if bound[k] < bound[at]:
                at = k
        if bound[at] == np.inf or bound[at] >= least - _ROUNDING * least:
            return least


@jit_step
def _narrow(
    pred_ptr: Integers,
    pred_stage: Integers,
    delay: Integers,
    low: Integers,
    high: Integers,
    unit: int,
    split: Integers,
    at: int,
    part: int,
    made: int,
    lows: Integers,
    highs: Integers,
) -> None:
    """Write one part of the windows at ``at`` to ``made``; all there is where ``at`` is -1."""
    for v in range(low.shape[0]):
        lows[made, v] = low[v] if at < 0 else lows[at, v]
        highs[made, v] = high[v] if at < 0 else highs[at, v]
    if at < 0:
        return
    lane, quote = split[at, 0], split[at, 1]
    i, j = low.shape[0] // 2 + pred_stage[lane], 0
    while pred_ptr[j + 1] <= lane:
        j += 1
    if part == 0:
        highs[made, i] = min(highs[made, i], quote)
    else:
        lows[made, i] = max(lows[made, i], quote + unit)
        lows[made, j] = max(lows[made, j], quote + unit + delay[lane])


@jit_step
def _spanning_lanes(
    pred_ptr: Integers,
    pred_stage: Integers,
    delay: Integers,
    high: Integers,
    group: Integers,
    inside: Integers,
    bent: Integers,
) -> None:
    """Mark the lanes of a spanning tree with 1, the others with 0.

    Lanes that can be the last to deliver come first: those are the ones that bind. high: (2 n,).
    group: (n,) room. bent: (2 n,) overwritten: 1 where a lane outside the tree ends, so that an end
    of the window may be tied to no other time.
    """
    n = group.shape[0]
    for j in range(n):
        group[j], bent[j], bent[n + j] = j, 0, 0
    for lane in range(delay.shape[0]):
        inside[lane] = -1
    for _ in range(delay.shape[0]):
        at, customer, spare = -1, -1, 0
        for j in range(n):
            for lane in range(pred_ptr[j], pred_ptr[j + 1]):
                ahead = high[j] - high[n + pred_stage[lane]] - delay[lane]
                if inside[lane] < 0 and (at < 0 or ahead < spare):
                    at, customer, spare = lane, j, ahead
        one, other = group[pred_stage[at]], group[customer]
        if one == other:
            inside[at] = 0
            bent[customer], bent[n + pred_stage[at]] = 1, 1
            continue
        inside[at] = 1
        for j in range(n):
            if group[j] == other:
                group[j] = one


@jit_step
def _take_lanes(
    pred_ptr: Integers,
    pred_stage: Integers,
    delay: Integers,
    inside: Integers,
    tree_ptr: Integers,
    supplier: Integers,
    transit: Integers,
) -> bool:
    """Write the lanes marked 1 as lanes of their own; False if too few to join all stages."""
    n = pred_ptr.shape[0] - 1
    at = 0
    for j in range(n):
        tree_ptr[j] = at
        for lane in range(pred_ptr[j], pred_ptr[j + 1]):
            if inside[lane] == 1:
                supplier[at], transit[at] = pred_stage[lane], delay[lane]
                at += 1
    tree_ptr[n] = at
    return bool(at == n - 1)


@jit_step
def _unit(unit: int, times: Integers) -> int:
    """Largest number of ticks of which ``unit`` and all times are multiples, 0 if all are."""
    for t in range(times.shape[0]):
        other = abs(times[t])
        while other > 0:
            unit, other = other, unit % other
    return unit


@jit_step
def _root_times(
    low: Integers,
    high: Integers,
    bent: Integers,
    root_ptr: Integers,
    root: Integers,
    window_ptr: Integers,
    own_ptr: Integers,
    own: Integers,
) -> bool:
    """Add the ends of narrowed windows to the roots; False if a window is empty.

    window_ptr, own_ptr: (2 n + 1,), own: overwritten with what ``tree_candidates`` reads.
    """
    window_ptr[0], own_ptr[0] = 0, 0
    at = 0
    for v in range(low.shape[0]):
        if high[v] < low[v]:
            return False
        window_ptr[v + 1] = window_ptr[v] + high[v] - low[v] + 1
        for r in range(root_ptr[v], root_ptr[v + 1]):
            own[at] = root[r]
            at += 1
        if bent[v] == 1:
            own[at], own[at + 1] = low[v], high[v]
            at += 2
        own_ptr[v + 1] = at
    return True


@jit_step
def _find_broken(
    pred_ptr: Integers,
    pred_stage: Integers,
    delay: Integers,
    inside: Integers,
    process: Integers,
    low: Integers,
    service: Integers,
    unit: int,
    split: Integers,
) -> None:
    """Find the lane outside the tree that delivers latest after its customer's other supplies.

    split: (2,) overwritten: the lane, -1 if none is broken, and a time between what its supplier
    quotes and the latest its customer can do with.
    """
    split[0], split[1] = -1, 0
    most = 0
    for j in range(process.shape[0]):
        ready = max(low[j], service[j] - process[j])
        for lane in range(pred_ptr[j], pred_ptr[j + 1]):
            if inside[lane] == 1:
                ready = max(ready, service[pred_stage[lane]] + delay[lane])
        for lane in range(pred_ptr[j], pred_ptr[j + 1]):
            late = service[pred_stage[lane]] + delay[lane] - ready
            if late > most:
                most = late
                split[0], split[1] = lane, ready - delay[lane] + (late // unit - 1) // 2 * unit


@jit_step
def _price(
    pred_ptr: Integers,
    pred_stage: Integers,
    delay: Integers,
    process: Integers,
    can_stock: Integers,
    low: Integers,
    high: Integers,
    slope: Floats,
    plan: Integers,
) -> float:
    """Cost of a plan settled along all lanes, inf where it breaks a limit.

    plan: (2, n) what stages quote on the tree, and what they do once settled, which is written: as
    :func:`echelon.kernels.component_times.settle_components` says.
    """
    n = process.shape[0]
    price = 0.0
    for j in range(n):
        ready = low[j]
        for lane in range(pred_ptr[j], pred_ptr[j + 1]):
            ready = max(ready, plan[1, pred_stage[lane]] + delay[lane])
        through = ready + process[j]
        quoted = min(plan[0, j], through) if can_stock[j] == 1 else through
        plan[1, j] = quoted
        if quoted > high[n + j]:
            return np.inf
        price += slope[j] * np.sqrt(float(through - quoted))
    return price
