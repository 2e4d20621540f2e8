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
    ptr: Integers, covered: Integers, cost: Floats, noise: float, steepest: Floats
) -> None:
    """What a longer time saves at most, per tick, of costs that stand by falling times.

    ptr (n + 1,): where each stage begins in covered and cost, covered falling within a stage; cost
    infinite where a time is forbidden, and noise a share of it that is nothing but rounding.
    steepest (n,) is overwritten.
    """
    for stage in range(steepest.shape[0]):
        most = 0.0
        for i in range(ptr[stage] + 1, ptr[stage + 1]):
            before, after = cost[i], cost[i - 1]  # of the shorter time and of the next longer one
            allowed = before < np.inf and after < np.inf
            if allowed and before - after > noise * abs(before):
                most = max(most, (before - after) / (covered[i - 1] - covered[i]))
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

    Stages are numbered from ``first`` on. supplier, customer (m,): lanes, those of the last customer
    last, every stage after its suppliers; place (k,), falls (k,): stages of which something is
    summed. reached (n or more, k or more) is working space; saved (n,) is overwritten.
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
