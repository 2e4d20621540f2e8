"""Sweeps over the stages of many components: when pipelines are full, what a start needs."""

from __future__ import annotations

from echelon.kernels._jit import Floats, Integers, jit


@jit
def longest_fill(
    lane_ptr: Integers,
    supplier: Integers,
    on_lane: Integers,
    inbound: Integers,
    at_stage: Integers,
    least: Integers,
    filled: Integers,
) -> None:
    """Longest chain of times that ends at each stage, periods.

    lane_ptr (n_stages + 1,), supplier and on_lane (n_lanes,): lanes into a stage, stages upstream
    first; inbound, at_stage, least, filled (n_stages,): supply from outside, time at the stage, a
    bound from below; filled is overwritten.
    """
    for j in range(filled.size):
        longest = inbound[j]
        for k in range(lane_ptr[j], lane_ptr[j + 1]):
            longest = max(longest, filled[supplier[k]] + on_lane[k])
        filled[j] = max(longest + at_stage[j], least[j])


@jit
def stock_below(
    asker_ptr: Integers,
    asker_lane: Integers,
    receiver: Integers,
    usage: Floats,
    by_echelon: Integers,
    level: Floats,
    stock: Floats,
    echelon: Floats,
) -> None:
    """Give stages with echelon levels the stock that lifts their echelon position to them.

    asker_ptr (n_stages + 1,), asker_lane (n_askers,): lanes out of a stage, -1 is none; receiver
    and usage (n_lanes,): the stage at the end, units needed in one of its; by_echelon (n_stages,)
    1 where the stock is asked for; level (n_stages,) units; stock (n_stages,) units, overwritten
    where asked for, never below 0; echelon (n_stages,): stock with all that went into stock below,
    overwritten.
    """
    for j in range(stock.size - 1, -1, -1):
        below = 0.0
        for s in range(asker_ptr[j], asker_ptr[j + 1]):
            k = asker_lane[s]
            if k >= 0:
                below += usage[k] * echelon[receiver[k]]
        if by_echelon[j]:
            stock[j] = max(level[j] - below, 0.0)
        echelon[j] = stock[j] + below
