"""Distinct times of lists that are made of few falling runs, put in order by merging these."""

from __future__ import annotations

from echelon.kernels._jit import Floats, Integers, jit


@jit
def distinct_times(
    ptr: Integers,
    wanted: Floats,
    begin: Integers,
    head: Integers,
    of: Integers,
    times: Floats,
    place: Integers,
) -> int:
    """Distinct times of each list, ascending; returns how many there are over all lists.

    ptr (n + 1,): where each list begins in wanted. A list may be in any order, but takes its length
    times its falling runs. begin, head: scratch, as long as the longest list. of, times:
    overwritten from the start on, with the list and the time. place: overwritten, for each that is
    wanted, with the position of its time among these.
    """
    found = 0
    for k in range(ptr.shape[0] - 1):
        n_runs = 0
        for i in range(ptr[k], ptr[k + 1]):
            if i == ptr[k] or wanted[i] >= wanted[i - 1]:
                begin[n_runs] = i
                n_runs += 1
            head[n_runs - 1] = i  # the last of a run is the shortest
        first = found
        for _ in range(ptr[k], ptr[k + 1]):
            run = -1
            for r in range(n_runs):
                if head[r] >= begin[r] and (run < 0 or wanted[head[r]] < wanted[head[run]]):
                    run = r
            i = head[run]
            head[run] -= 1
            if found == first or wanted[i] != times[found - 1]:
                of[found], times[found] = k, wanted[i]
                found += 1
            place[i] = found - 1
    return found
