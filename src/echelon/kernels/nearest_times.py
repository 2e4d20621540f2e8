"""Service times that follow from a root through the shortest chains of tight constraints."""

from __future__ import annotations

from echelon.kernels._jit import Integers, jit


@jit
def nearest_times(
    low: Integers,
    high: Integers,
    tie_ptr: Integers,
    tied: Integers,
    difference: Integers,
    root: Integers,
    root_time: Integers,
    found: Integers,
    n_found: Integers,
    queue: Integers,
) -> None:
    """Find times of each variable within its window, breadth first from the roots.

    low, high: (n_variables,) ticks. tie_ptr, tied, difference: variables that each one can be tied
    to, and what is then added to its time. root, root_time: times tied to no other. found:
    (n_variables, most) overwritten, of which the first ``n_found`` (overwritten) hold, in the order
    found. queue: (2, n_variables * most) scratch.
    """
    most = found.shape[1]
    n_found[:] = 0
    head = 0
    tail = 0
    for r in range(root.shape[0]):
        tail = _note(root[r], root_time[r], low, high, most, found, n_found, queue, tail)
    while head < tail:
        variable, time = queue[0, head], queue[1, head]
        head += 1
        for t in range(tie_ptr[variable], tie_ptr[variable + 1]):
            tail = _note(
                tied[t], time + difference[t], low, high, most, found, n_found, queue, tail
            )


@jit
def _note(
    variable: int,
    time: int,
    low: Integers,
    high: Integers,
    most: int,
    found: Integers,
    n_found: Integers,
    queue: Integers,
    tail: int,
) -> int:
    """Append a time that is new, inside the window, and not one too many; returns the tail."""
    if time < low[variable] or time > high[variable] or n_found[variable] == most:
        return tail
    for k in range(n_found[variable]):
        if found[variable, k] == time:
            return tail
    found[variable, n_found[variable]] = time
    n_found[variable] += 1
    queue[0, tail] = variable
    queue[1, tail] = time
    return tail + 1
