"""Candidate times of a component under the normal bound, and how they stand to one another."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit
from echelon.kernels.forest_placement import fold_tree, tie_variables
from echelon.kernels.tree_placement import tree_candidates


@jit
def tree_times(
    pred_ptr: Integers,
    pred_stage: Integers,
    delay: Integers,
    process: Integers,
    low: Integers,
    high: Integers,
    root_ptr: Integers,
    root: Integers,
    ptr: Integers,
) -> Integers:
    """Candidate times (ticks) of one component that is a tree, by variable.

    The arguments are those of ``place_forest``, of this component alone; ``pred_ptr`` and
    ``root_ptr`` less their first entries. ptr: (2 n + 1,) overwritten: where the times of each
    variable begin.
    """
    n = process.shape[0]
    fold = np.empty((4, n), np.int64)
    variables = np.empty((3, 2 * n - 1), np.int64)
    fold_tree(pred_ptr, pred_stage, delay, fold)
    tie_variables(fold, process, variables)
    window_ptr = np.empty(2 * n + 1, np.int64)
    window_ptr[0] = 0
    for v in range(2 * n):
        window_ptr[v + 1] = window_ptr[v] + high[v] - low[v] + 1
    return tree_candidates(
        variables[0], variables[1], variables[2], low, window_ptr, root_ptr, root, ptr
    )


@jit
def pair_up(
    pred_ptr: Integers,
    pred_stage: Integers,
    delay: Integers,
    process: Integers,
    can_stock: Integers,
    slope: Floats,
    time: Integers,
    ptr: Integers,
) -> tuple[Integers, Floats]:
    """Pairs and lane rows of one component's candidate times, and what pairs cost.

    time, ptr: as :func:`tree_times` gives them. Returns the positions of ``OrderPattern`` behind
    one another, after how many pairs and how many rows there are: pairs' inbound and outbound
    candidates, lane rows' inbound and outbound ones; and the pairs' costs.
    """
    n = process.shape[0]
    most_pairs, most_rows = 0, 0
    for j in range(n):
        heard = ptr[j + 1] - ptr[j]
        most_pairs += heard * (ptr[n + j + 1] - ptr[n + j])
        most_rows += heard * (pred_ptr[j + 1] - pred_ptr[j])
    pair = np.empty((2, most_pairs), np.int64)
    cost = np.empty(most_pairs)
    n_pairs = 0
    for j in range(n):
        for a in range(ptr[j], ptr[j + 1]):
            for b in range(ptr[n + j], ptr[n + j + 1]):
                tau = time[a] + process[j] - time[b]
                if tau == 0 or (tau > 0 and can_stock[j] == 1):
                    pair[0, n_pairs], pair[1, n_pairs] = a, b - ptr[n]
                    cost[n_pairs] = slope[j] * np.sqrt(float(tau))
                    n_pairs += 1
    row = np.empty((2, most_rows), np.int64)
    n_rows = 0
    for j in range(n):
        for lane in range(pred_ptr[j], pred_ptr[j + 1]):
            v = n + pred_stage[lane]
            b = ptr[v]
            for a in range(ptr[j], ptr[j + 1]):
                while b < ptr[v + 1] and time[b] + delay[lane] <= time[a]:
                    b += 1
                if b < ptr[v + 1]:
                    row[0, n_rows] = a
                    row[1, n_rows] = b - 1 - ptr[n] if b > ptr[v] else -1
                    n_rows += 1
    places = np.empty(2 + 2 * n_pairs + 2 * n_rows, np.int64)
    places[0], places[1] = n_pairs, n_rows
    for k in range(n_pairs):
        places[2 + k], places[2 + n_pairs + k] = pair[0, k], pair[1, k]
    for k in range(n_rows):
        places[2 + 2 * n_pairs + k] = row[0, k]
        places[2 + 2 * n_pairs + n_rows + k] = row[1, k]
    return places, cost[:n_pairs]


@jit
def lay_out(
    chosen: Integers,
    is_tree: Integers,
    component_ptr: Integers,
    pred_ptr: Integers,
    pred_stage: Integers,
    delay: Integers,
    process: Integers,
    can_stock: Integers,
    slope: Floats,
    low: Integers,
    high: Integers,
    root_ptr: Integers,
    root: Integers,
    listed_ptr: Integers,
    listed: Integers,
    most_pairs: int,
    ends: Integers,
) -> tuple[Integers, Floats, Integers]:
    """Patterns, costs of pairs and outbound times of the chosen components, one after the other.

    Of the component ``chosen[k]``, a tree if ``is_tree[k]`` is 1, the times are found; of another
    one they are in ``listed``, those of variable v from ``listed_ptr[v]`` on, with ``2 n + 1``
    entries of ``listed_ptr`` a component that is no tree, in their order. One whose times are
    empty, or that has more than ``most_pairs`` pairs, gets nothing.
    ends: (n_chosen + 1, 3) overwritten: where each component begins in what is returned, which are
    patterns as ``OrderPattern.key`` has them, costs, and outbound times (ticks).
    """
    pattern = np.empty(1024, np.int64)
    cost = np.empty(1024)
    quoted = np.empty(1024, np.int64)
    ends[0, 0], ends[0, 1], ends[0, 2] = 0, 0, 0
    given = 0
    for k in range(chosen.shape[0]):
        first, last = component_ptr[chosen[k]], component_ptr[chosen[k] + 1]
        n = last - first
        p, q, r = ends[k, 0], ends[k, 1], ends[k, 2]
        ends[k + 1, 0], ends[k + 1, 1], ends[k + 1, 2] = p, q, r
        preds = pred_ptr[first : last + 1] - pred_ptr[first]
        stage = pred_stage[pred_ptr[first] : pred_ptr[last]]
        transit = delay[pred_ptr[first] : pred_ptr[last]]
        if is_tree[k] == 1:
            ptr = np.empty(2 * n + 1, np.int64)
            roots = root_ptr[2 * first : 2 * last + 1]
            time = tree_times(
                preds,
                stage,
                transit,
                process[first:last],
                low[2 * first : 2 * last],
                high[2 * first : 2 * last],
                roots - roots[0],
                root[roots[0] : roots[2 * n]],
                ptr,
            )
        else:
            ptr = listed_ptr[given : given + 2 * n + 1] - listed_ptr[given]
            time = listed[listed_ptr[given] : listed_ptr[given + 2 * n]]
            given += 2 * n + 1
        pairs = 0
        for j in range(n):
            pairs += (ptr[j + 1] - ptr[j]) * (ptr[n + j + 1] - ptr[n + j])
        if pairs == 0 or pairs > 2 * most_pairs:
            continue
        places, costs = pair_up(
            preds, stage, transit, process[first:last], can_stock[first:last], slope[first:last],
            time, ptr,
        )  # fmt: skip
        n_quoted = ptr[2 * n] - ptr[n]
        if costs.shape[0] > most_pairs:
            continue
        pattern = _room(pattern, p, 2 * n + 3 + places.shape[0])
        pattern[p], pattern[p + 1], pattern[p + 2] = n, places[0], places[1]
        for j in range(n + 1):
            pattern[p + 3 + j] = ptr[j]
            pattern[p + 4 + n + j] = ptr[n + j] - ptr[n]
        p += 2 * n + 5
        pattern[p : p + places.shape[0] - 2] = places[2:]
        if q + costs.shape[0] > cost.shape[0]:
            more = np.empty(2 * (q + costs.shape[0]))
            more[:q] = cost[:q]
            cost = more
        cost[q : q + costs.shape[0]] = costs
        quoted = _room(quoted, r, n_quoted)
        quoted[r : r + n_quoted] = time[ptr[n] :]
        ends[k + 1, 0] = p + places.shape[0] - 2
        ends[k + 1, 1] = q + costs.shape[0]
        ends[k + 1, 2] = r + n_quoted
    return pattern, cost, quoted


@jit
def _room(kept: Integers, used: int, more: int) -> Integers:
    """Give an array that begins as one does and has room for more."""
    if used + more <= kept.shape[0]:
        return kept
    wider = np.empty(2 * (used + more), np.int64)
    wider[:used] = kept[:used]
    return wider
