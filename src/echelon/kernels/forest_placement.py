"""Place stock on every tree of a portfolio under the normal bound, one tree after the other."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit, jit_step
from echelon.kernels.tree_placement import place_tree


@jit
def place_forest(
    trees: Integers,
    component_ptr: Integers,
    pred_ptr: Integers,
    pred_stage: Integers,
    lane_delay: Integers,
    process: Integers,
    can_stock: Integers,
    low: Integers,
    high: Integers,
    root_ptr: Integers,
    root: Integers,
    slope: Floats,
    still: Floats,
    service: Integers,
    cost: Floats,
) -> None:
    """Best service times of some components, each a tree; their cost, inf where there are none.

    trees: components to place, of which ``component_ptr``, ``pred_ptr`` and ``pred_stage`` are as
    in :mod:`echelon.kernels.component_times`.
    low, high: (2 n_stages,) windows; of component c the variables ``2 * component_ptr[c]`` on, all
    inbound times before the outbound ones. root_ptr, root: by variable, as in ``place_tree``, which
    says of slope and still what they are.
    service: (n_stages,) ticks, cost: (n_components,) money per period; written where placed. NaN
    where lanes do not join all stages of the component.
    """
    for t in range(trees.shape[0]):
        c = trees[t]
        first, last = component_ptr[c], component_ptr[c + 1]
        n = last - first
        fold = np.empty((4, n), np.int64)
        variables = np.empty((3, 2 * n - 1), np.int64)
        lanes = pred_ptr[first : last + 1]
        delays = lane_delay[lanes[0] : lanes[n]]
        if not fold_tree(lanes, pred_stage[lanes[0] : lanes[n]], delays, fold):
            cost[c] = np.nan
            continue
        tie_variables(fold, process[first:last], variables)
        window_ptr = np.empty(2 * n + 1, np.int64)
        window_ptr[0] = 0
        roots = np.empty(2 * n + 1, np.int64)
        for v in range(2 * n + 1):
            roots[v] = root_ptr[2 * first + v] - root_ptr[2 * first]
        for v in range(2 * n):
            width = high[2 * first + v] - low[2 * first + v] + 1
            window_ptr[v + 1] = window_ptr[v] + width
        cost[c] = place_tree(
            variables[0], variables[1], variables[2],
            low[2 * first : 2 * last], window_ptr,
            roots, root[root_ptr[2 * first] : root_ptr[2 * last]],
            fold[0], fold[1], fold[2], fold[3],
            process[first:last], can_stock[first:last], slope[first:last], still[first:last],
            service[first:last],
        )  # fmt: skip


@jit
def fold_tree(pred_ptr: Integers, pred_stage: Integers, delay: Integers, fold: Integers) -> bool:
    """Stages from the leaves inward, each with the neighbour it is folded into; the root is last.

    The first stage is the root. pred_ptr: (n + 1,) less its first entry, places in pred_stage and
    delay. fold: (4, n) overwritten: stage, neighbour, 1 if the stage is that one's supplier, and
    the transit between them. False where lanes do not join all stages.
    """
    n = fold.shape[1]
    n_lanes = pred_stage.shape[0]
    customer = np.empty(n_lanes, np.int64)
    ptr = np.empty(n + 1, np.int64)  # lanes beside a stage, in the order of the lanes
    for j in range(n + 1):
        ptr[j] = 0
    for j in range(n):
        for lane in range(pred_ptr[j] - pred_ptr[0], pred_ptr[j + 1] - pred_ptr[0]):
            customer[lane] = j
            ptr[j + 1] += 1
            ptr[pred_stage[lane] + 1] += 1
    place = np.empty(n, np.int64)
    for j in range(n):
        ptr[j + 1] += ptr[j]
        place[j] = ptr[j]
    beside = np.empty(2 * n_lanes, np.int64)
    for lane in range(n_lanes):
        for j in (pred_stage[lane], customer[lane]):
            beside[place[j]] = lane
            place[j] += 1
    seen = np.empty(n, np.int64)
    for j in range(n):
        seen[j] = 0
    seen[0] = 1
    at = n - 1  # filled from the back, so that leaves come first
    fold[0, at], fold[1, at], fold[2, at], fold[3, at] = 0, -1, 1, 0
    free = n - 2
    while at > free:
        k = fold[0, at]
        for b in range(ptr[k], ptr[k + 1]):
            lane = beside[b]
            is_supplier = 1 if customer[lane] == k else 0
            j = pred_stage[lane] if is_supplier == 1 else customer[lane]
            if seen[j] == 0:
                seen[j] = 1
                fold[0, free], fold[1, free] = j, k
                fold[2, free], fold[3, free] = is_supplier, delay[lane]
                free -= 1
        at -= 1
    return bool(free == -1)


@jit_step
def tie_variables(fold: Integers, process: Integers, variables: Integers) -> None:
    """Tree of the variables, leaves first: within each stage, then along its lane.

    fold: (4, n) as :func:`fold_tree` gives it. variables: (3, 2 n - 1) overwritten: child, the one
    above, and what is added to the child's time where the constraint between them is tight.
    """
    n = fold.shape[1]
    row = 0
    for step in range(n):
        k, p, transit = fold[0, step], fold[1, step], fold[3, step]
        if fold[2, step] == 1:
            variables[0, row], variables[1, row], variables[2, row] = k, n + k, process[k]
        else:
            variables[0, row], variables[1, row], variables[2, row] = n + k, k, -process[k]
        row += 1
        if p >= 0:
            if fold[2, step] == 1:
                variables[0, row], variables[1, row], variables[2, row] = n + k, p, transit
            else:
                variables[0, row], variables[1, row], variables[2, row] = k, n + p, -transit
            row += 1
