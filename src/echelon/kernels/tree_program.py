"""Fold pendant stages of a service-time problem into their neighbours, and unfold the optimum."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit


@jit
def fold(
    stage: Integers,
    parent: Integers,
    supplies_parent: Integers,
    delay: Integers,
    inbound_ptr: Integers,
    inbound: Integers,
    outbound_ptr: Integers,
    outbound: Integers,
    cost_ptr: Integers,
    own_ptr: Integers,
    cost: Floats,
    own: Integers,
    other: Integers,
    least: Floats,
) -> None:
    """Add to each parent's table the least cost of the stages folded into it, step by step.

    stage, parent, supplies_parent (0 or 1), delay (ticks): (n_steps,), leaves first.
    inbound, outbound: candidate times, ticks, flat, ascending within a stage; ``_ptr`` delimit.
    cost: tables, flat, row-major (inbound, outbound); overwritten with what has been folded in.
    own: (own_ptr[-1],) overwritten: per step and candidate of the parent's time that the lane
    touches, the best candidate of the folded stage's time on that lane, -1 where none is feasible.
    other: (len(inbound) + len(outbound),) overwritten: at outbound_ptr or, behind all outbound,
    at inbound_ptr: the best candidate of the folded stage's other time.
    least: scratch, as long as the longest candidate list.
    """
    n_outbound = outbound.shape[0]
    for step in range(stage.shape[0]):
        k = stage[step]
        p = parent[step]
        first_in, first_out = inbound_ptr[k], outbound_ptr[k]
        n_in = inbound_ptr[k + 1] - first_in
        n_out = outbound_ptr[k + 1] - first_out
        table = cost_ptr[k]
        parent_in, parent_out = inbound_ptr[p], outbound_ptr[p]
        parent_n_in = inbound_ptr[p + 1] - parent_in
        parent_n_out = outbound_ptr[p + 1] - parent_out
        parent_table = cost_ptr[p]
        if supplies_parent[step] == 1:
            for b in range(n_out):
                least[b] = np.inf
                other[first_out + b] = -1
            for a in range(n_in):
                for b in range(n_out):
                    value = cost[table + a * n_out + b]
                    if value < least[b]:
                        least[b] = value
                        other[first_out + b] = a
            best, best_b, b = np.inf, -1, 0
            for a in range(parent_n_in):
                while b < n_out and (
                    outbound[first_out + b] + delay[step] <= inbound[parent_in + a]
                ):
                    if least[b] <= best:  # on a tie the longer service time, which needs less stock
                        best = least[b]
                        best_b = b
                    b += 1
                own[own_ptr[step] + a] = best_b
                for c in range(parent_n_out):
                    cost[parent_table + a * parent_n_out + c] += best
        else:
            for a in range(n_in):
                least[a] = np.inf
                other[n_outbound + first_in + a] = -1
                for b in range(n_out):
                    value = cost[table + a * n_out + b]
                    if value < least[a]:
                        least[a] = value
                        other[n_outbound + first_in + a] = b
            best, best_a, a = np.inf, -1, n_in - 1
            for b in range(parent_n_out - 1, -1, -1):
                while a >= 0 and (inbound[first_in + a] >= outbound[parent_out + b] + delay[step]):
                    if least[a] <= best:
                        best = least[a]
                        best_a = a
                    a -= 1
                own[own_ptr[step] + b] = best_a
                for c in range(parent_n_in):
                    cost[parent_table + c * parent_n_out + b] += best


@jit
def unfold(
    stage: Integers,
    parent: Integers,
    supplies_parent: Integers,
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    n_outbound: int,
    own_ptr: Integers,
    own: Integers,
    other: Integers,
    choice_in: Integers,
    choice_out: Integers,
) -> None:
    """Read the folded stages' choices off their parents', last folded first.

    choice_in, choice_out: (n_stages,) positions within the candidates of a stage; given for the
    stages that were not folded, written for those that were.
    """
    for step in range(stage.shape[0] - 1, -1, -1):
        k = stage[step]
        p = parent[step]
        if supplies_parent[step] == 1:
            b = own[own_ptr[step] + choice_in[p]]
            choice_out[k] = b
            choice_in[k] = other[outbound_ptr[k] + b]
        else:
            a = own[own_ptr[step] + choice_out[p]]
            choice_in[k] = a
            choice_out[k] = other[n_outbound + inbound_ptr[k] + a]
