"""Place stock on a tree under the normal bound: candidate times, dynamic program, answer.

The times of ``n`` stages are 2 n variables: ``j`` is when the supplies of stage j are complete,
``n + j`` what it quotes. Ticks throughout.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit, jit_step


@jit
def place_tree(
    child: Integers,
    above: Integers,
    difference: Integers,
    low: Integers,
    window_ptr: Integers,
    root_ptr: Integers,
    root: Integers,
    stage: Integers,
    joined: Integers,
    supplies: Integers,
    delay: Integers,
    process: Integers,
    can_stock: Integers,
    slope: Floats,
    still: Floats,
    service: Integers,
) -> float:
    """Cost of the best service times on a tree, written to ``service``; inf where there are none.

    child, above, difference, low, window_ptr, root_ptr, root: see :func:`tree_candidates`.
    stage, joined, supplies, delay: (n,) the stage folded, into which neighbour, 1 if it is that
    one's supplier, transit between them in ticks; leaves first, and last the one that is left.
    process, can_stock (0 or 1): (n,). slope, still: (n,) a stage that covers tau ticks costs
    ``sqrt(slope ** 2 * tau + still ** 2)``, money per period.
    service: (n,) overwritten.
    """
    n = process.shape[0]
    # zeros and roots by loops: the compiler takes longer over one `np.zeros` than over all of them
    ptr = np.empty(2 * n + 1, np.int64)
    ptr[0] = 0
    time = tree_candidates(child, above, difference, low, window_ptr, root_ptr, root, ptr)
    longest, widest = 0, 0
    for j in range(n):
        if ptr[j + 1] == ptr[j] or ptr[n + j + 1] == ptr[n + j]:
            return np.inf
        longest = max(longest, time[ptr[j + 1] - 1] + process[j])
        widest = max(widest, ptr[j + 1] - ptr[j], ptr[n + j + 1] - ptr[n + j])
    square_root = np.empty(longest + 1)
    for tau in range(longest + 1):
        square_root[tau] = np.sqrt(float(tau))
    own_ptr = np.empty(n, np.int64)
    own_ptr[0] = 0
    for step in range(n - 1):
        v = joined[step] if supplies[step] == 1 else n + joined[step]
        own_ptr[step + 1] = own_ptr[step] + ptr[v + 1] - ptr[v]
    own = np.empty(own_ptr[n - 1], np.int64)  # by time of the neighbour: the folded stage's best
    other = np.empty(ptr[2 * n], np.int64)  # by time on the lane: the best on the other side
    folded = np.empty(ptr[2 * n])  # least cost of what is folded in, by time it depends on
    for x in range(ptr[2 * n]):
        folded[x] = 0.0
    least = np.empty(widest)
    for step in range(n):
        k = stage[step]
        outward = supplies[step] == 1
        first = ptr[n + k] if outward else ptr[k]
        last = ptr[n + k + 1] if outward else ptr[k + 1]
        _least_by_time(
            k, outward, ptr, time, process[k], can_stock[k], slope[k], still[k], square_root,
            folded, least, other,
        )  # fmt: skip
        if step == n - 1:
            break
        best, at = np.inf, -1
        if outward:
            x = first
            for y in range(ptr[joined[step]], ptr[joined[step] + 1]):
                while x < last and time[x] + delay[step] <= time[y]:
                    if least[x - first] <= best:  # on a tie the longer, which needs less stock
                        best, at = least[x - first], x
                    x += 1
                own[own_ptr[step] + y - ptr[joined[step]]] = at
                folded[y] += best
        else:
            x = last - 1
            v = n + joined[step]
            for y in range(ptr[v + 1] - 1, ptr[v] - 1, -1):
                while x >= first and time[x] >= time[y] + delay[step]:
                    if least[x - first] <= best:
                        best, at = least[x - first], x
                    x -= 1
                own[own_ptr[step] + y - ptr[v]] = at
                folded[y] += best
    k = stage[n - 1]
    first = ptr[n + k]
    best, at = np.inf, -1
    for x in range(first, ptr[n + k + 1]):
        if least[x - first] <= best:
            best, at = least[x - first], x
    if best == np.inf:
        return best
    chosen = np.empty(2 * n, np.int64)
    chosen[k], chosen[n + k] = other[at], at
    for step in range(n - 2, -1, -1):
        k = stage[step]
        v = joined[step] if supplies[step] == 1 else n + joined[step]
        x = own[own_ptr[step] + chosen[v] - ptr[v]]
        if supplies[step] == 1:
            chosen[n + k], chosen[k] = x, other[x]
        else:
            chosen[k], chosen[n + k] = x, other[x]
    for j in range(n):
        service[j] = time[chosen[n + j]]
    return best


@jit_step
def _least_by_time(
    k: int,
    outward: bool,
    ptr: Integers,
    time: Integers,
    process: int,
    can_stock: int,
    slope: float,
    still: float,
    square_root: Floats,
    folded: Floats,
    least: Floats,
    other: Integers,
) -> None:
    """Least cost of stage ``k`` with what is folded into it, by its time on the lane outward.

    That is what it quotes if ``outward``, else when its supplies are complete. least: overwritten.
    other: written, at the lane's times: which of the other times that least takes, -1 for none.
    """
    n = (ptr.shape[0] - 1) // 2
    first = ptr[n + k] if outward else ptr[k]
    for x in range(first, ptr[n + k + 1] if outward else ptr[k + 1]):
        least[x - first] = np.inf
        other[x] = -1
    for a in range(ptr[k], ptr[k + 1]):
        through = time[a] + process
        for b in range(ptr[n + k], ptr[n + k + 1]):
            tau = through - time[b]
            if tau < 0:
                break
            if tau > 0 and can_stock == 0:
                continue
            if still == 0.0:
                cost = slope * square_root[tau]
            else:
                cost = np.sqrt(slope * slope * tau + still * still)
            cost += folded[a] + folded[b]
            x, y = (b, a) if outward else (a, b)
            if cost <= least[x - first]:
                least[x - first] = cost
                other[x] = y


@jit
def tree_candidates(
    child: Integers,
    above: Integers,
    difference: Integers,
    low: Integers,
    window_ptr: Integers,
    root_ptr: Integers,
    root: Integers,
    ptr: Integers,
) -> Integers:
    """Times at the ends of chains of tight constraints, no chain passing a variable twice.

    Along a tree they are found by passing sets up once and down once.

    child, above, difference: (2 n - 1,) the tree of the variables, leaves first; where the
    constraint between them is tight, the time above is the child's plus the difference.
    low, window_ptr: (2 n,), (2 n + 1,) first tick of each variable's window; windows end to end.
    root_ptr, root: by variable, the times that are tied to no other, in or out of the window.
    ptr: (2 n + 1,) overwritten: where the times of each variable begin in what is returned.
    """
    n_variables = low.shape[0]
    ways = np.empty(window_ptr[n_variables], np.int32)  # in which a time is reached
    from_below = np.empty(window_ptr[n_variables], np.uint8)
    for t in range(window_ptr[n_variables]):
        ways[t], from_below[t] = 0, 0
    for v in range(n_variables):
        for at in range(root_ptr[v], root_ptr[v + 1]):
            t = window_ptr[v] + root[at] - low[v]
            if window_ptr[v] <= t < window_ptr[v + 1]:
                ways[t] += 1
    for e in range(child.shape[0]):
        c, p = child[e], above[e]
        shift = window_ptr[p] - low[p] + low[c] + difference[e] - window_ptr[c]
        for t in range(window_ptr[c], window_ptr[c + 1]):
            if ways[t] > 0:
                from_below[t] = 1
                if window_ptr[p] <= t + shift < window_ptr[p + 1]:
                    ways[t + shift] += 1
    for e in range(child.shape[0] - 1, -1, -1):
        c, p = child[e], above[e]
        shift = window_ptr[p] - low[p] + low[c] + difference[e] - window_ptr[c]
        first = max(window_ptr[c], window_ptr[p] - shift)
        last = min(window_ptr[c + 1], window_ptr[p + 1] - shift)
        for t in range(first, last):
            if ways[t + shift] > from_below[t]:  # by another way than from here
                ways[t] += 1
    ptr[0] = 0
    for v in range(n_variables):
        ptr[v + 1] = ptr[v]
        for t in range(window_ptr[v], window_ptr[v + 1]):
            if ways[t] > 0:
                ptr[v + 1] += 1
    time = np.empty(ptr[n_variables], np.int64)
    k = 0
    for v in range(n_variables):
        for t in range(window_ptr[v], window_ptr[v + 1]):
            if ways[t] > 0:
                time[k] = low[v] + t - window_ptr[v]
                k += 1
    return time
