"""Fold pendant stages of a service-time problem into their neighbours, and unfold the optimum."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit
from echelon.kernels.cost_rows import least_by_inbound, least_by_outbound


@jit
def order_of_folding(
    supplier: Integers,
    customer: Integers,
    inside: Integers,
    n_lanes_left: Integers,
    lanes_left: Integers,
    pendant: Integers,
    steps: Integers,
) -> int:
    """Take pendant stages away one by one, along the lanes marked in ``inside`` (0 or 1).

    n_lanes_left, lanes_left: (n_stages,) overwritten: how many lanes are left at a stage, and the
    exclusive or of their numbers, which is the number of the last one where one is left.
    pendant: scratch, (n_stages,). steps: (4, n_stages) overwritten in its first columns: stage,
    parent, whether it supplies the parent, lane. Returns the number of steps.
    """
    n_stages = n_lanes_left.shape[0]
    n_lanes_left[:] = 0
    lanes_left[:] = 0
    for lane in range(supplier.shape[0]):
        if inside[lane] == 1:
            for end in (supplier[lane], customer[lane]):
                n_lanes_left[end] += 1
                lanes_left[end] ^= lane
    waiting = 0
    for j in range(n_stages):
        if n_lanes_left[j] == 1:
            pendant[waiting] = j
            waiting += 1
    n_steps = 0
    while waiting > 0:
        waiting -= 1
        k = pendant[waiting]
        if n_lanes_left[k] != 1:  # its last neighbour was folded into it: it is the root
            continue
        lane = lanes_left[k]
        supplies = supplier[lane] == k
        parent = customer[lane] if supplies else supplier[lane]
        n_lanes_left[k] = 0
        n_lanes_left[parent] -= 1
        lanes_left[parent] ^= lane
        steps[0, n_steps] = k
        steps[1, n_steps] = parent
        steps[2, n_steps] = 1 if supplies else 0
        steps[3, n_steps] = lane
        n_steps += 1
        if n_lanes_left[parent] == 1:
            pendant[waiting] = parent
            waiting += 1
    return n_steps


@jit
def spanning_forest(
    supplier: Integers, customer: Integers, order: Integers, root: Integers, inside: Integers
) -> None:
    """Mark the lanes that join two parts not joined yet, taken in the given order (Kruskal).

    root: scratch, (n_stages,). inside: (n_lanes,) overwritten, 0 or 1.
    """
    for j in range(root.shape[0]):
        root[j] = j
    for k in range(order.shape[0]):
        lane = order[k]
        a = supplier[lane]
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        b = customer[lane]
        while root[b] != b:
            root[b] = root[root[b]]
            b = root[b]
        inside[lane] = 1 if a != b else 0
        root[a] = b


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
    row_start: Integers,
    row_length: Integers,
    cost: Floats,
    at_inbound: Floats,
    at_outbound: Floats,
    least_in: Floats,
    least_out: Floats,
) -> None:
    """Add to each parent's terms the least cost of the stages folded into it, step by step.

    stage, parent, supplies_parent (0 or 1), delay (ticks): (n_steps,), leaves first.
    inbound, outbound: candidate times, ticks, flat, ascending within a stage; ``_ptr`` delimit.
    at_inbound, at_outbound: the terms of each candidate; overwritten with what is folded in.
    least_in, least_out: overwritten: for the folded stages, the least cost over the other time of
    each candidate of the time that the lane touches, terms included.
    """
    for step in range(stage.shape[0]):
        k = stage[step]
        p = parent[step]
        first_in, first_out = inbound_ptr[k], outbound_ptr[k]
        n_in = inbound_ptr[k + 1] - first_in
        n_out = outbound_ptr[k + 1] - first_out
        if supplies_parent[step] == 1:
            least_by_outbound(
                first_in, n_in, row_start, row_length, cost, at_inbound, first_in,
                least_out, first_out, n_out,
            )  # fmt: skip
            best, b = np.inf, 0
            for row in range(inbound_ptr[p], inbound_ptr[p + 1]):
                while b < n_out and outbound[first_out + b] + delay[step] <= inbound[row]:
                    least_out[first_out + b] += at_outbound[first_out + b]
                    best = min(best, least_out[first_out + b])
                    b += 1
                at_inbound[row] += best
            while b < n_out:
                least_out[first_out + b] += at_outbound[first_out + b]
                b += 1
        else:
            least_by_inbound(
                first_in, n_in, row_start, row_length, cost, at_outbound, first_out,
                least_in, first_in,
            )  # fmt: skip
            best, a = np.inf, n_in - 1
            for column in range(outbound_ptr[p + 1] - 1, outbound_ptr[p] - 1, -1):
                while a >= 0 and inbound[first_in + a] >= outbound[column] + delay[step]:
                    least_in[first_in + a] += at_inbound[first_in + a]
                    best = min(best, least_in[first_in + a])
                    a -= 1
                at_outbound[column] += best
            while a >= 0:
                least_in[first_in + a] += at_inbound[first_in + a]
                a -= 1


@jit
def best_pairs(
    stages: Integers,
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    row_start: Integers,
    row_length: Integers,
    cost: Floats,
    at_inbound: Floats,
    at_outbound: Floats,
    choice_in: Integers,
    choice_out: Integers,
    least: Floats,
) -> None:
    """Choose the cheapest pair of each of some stages, whatever the others do.

    Among equals the earliest inbound and then the latest outbound time. choice_in, choice_out:
    written at ``stages``. least: (len(stages),) overwritten with the costs, ``inf`` where a stage
    has no pair.
    """
    for position in range(stages.shape[0]):
        j = stages[position]
        best, best_a, best_b = np.inf, 0, 0
        for a in range(inbound_ptr[j + 1] - inbound_ptr[j]):
            row = inbound_ptr[j] + a
            for b in range(row_length[row]):
                value = (
                    cost[row_start[row] + b] + at_inbound[row] + at_outbound[outbound_ptr[j] + b]
                )
                if value < best or (value == best and a == best_a and value < np.inf):
                    best, best_a, best_b = value, a, b
        choice_in[j], choice_out[j] = best_a, best_b
        least[position] = best


@jit
def unfold(
    stage: Integers,
    parent: Integers,
    supplies_parent: Integers,
    delay: Integers,
    inbound_ptr: Integers,
    inbound: Integers,
    outbound_ptr: Integers,
    outbound: Integers,
    row_start: Integers,
    row_length: Integers,
    cost: Floats,
    at_inbound: Floats,
    at_outbound: Floats,
    least_in: Floats,
    least_out: Floats,
    choice_in: Integers,
    choice_out: Integers,
) -> None:
    """Choose for the folded stages what their parents' choices allow, last folded first.

    choice_in, choice_out: (n_stages,) positions within the candidates of a stage; given for the
    stages that were not folded, written for those that were. Among equals the longer service time,
    which needs less stock, and the earlier inbound time.
    """
    for step in range(stage.shape[0] - 1, -1, -1):
        k = stage[step]
        p = parent[step]
        first_in, first_out = inbound_ptr[k], outbound_ptr[k]
        n_in = inbound_ptr[k + 1] - first_in
        n_out = outbound_ptr[k + 1] - first_out
        best, best_a, best_b = np.inf, 0, 0
        if supplies_parent[step] == 1:
            asked = inbound[inbound_ptr[p] + choice_in[p]] - delay[step]
            for b in range(n_out):
                if outbound[first_out + b] <= asked and least_out[first_out + b] <= best:
                    best, best_b = least_out[first_out + b], b
            best = np.inf
            for a in range(n_in):
                if best_b < row_length[first_in + a]:
                    value = cost[row_start[first_in + a] + best_b] + at_inbound[first_in + a]
                    if value < best:
                        best, best_a = value, a
        else:
            ready = outbound[outbound_ptr[p] + choice_out[p]] + delay[step]
            for a in range(n_in - 1, -1, -1):
                if inbound[first_in + a] >= ready and least_in[first_in + a] <= best:
                    best, best_a = least_in[first_in + a], a
            best = np.inf
            start = row_start[first_in + best_a]
            for b in range(row_length[first_in + best_a]):
                value = cost[start + b] + at_outbound[first_out + b]
                if value <= best:
                    best, best_b = value, b
        choice_in[k], choice_out[k] = best_a, best_b


@jit
def fence(
    supplier: Integers,
    customer: Integers,
    delay: Integers,
    inside: Integers,
    with_supplier: Integers,
    inbound_ptr: Integers,
    inbound: Integers,
    outbound_ptr: Integers,
    outbound: Integers,
    choice_in: Integers,
    choice_out: Integers,
    at_inbound: Floats,
    at_outbound: Floats,
) -> None:
    """Forbid the times that a frozen lane rules out: ``inf`` is written over their terms.

    A lane that is not ``inside`` is frozen where its supplier now delivers if ``with_supplier`` is
    1, else where its customer's inbound service time is: the supplier may not deliver later, nor
    the customer ask for it earlier. choice_in, choice_out: the plan that is frozen.
    """
    for lane in range(supplier.shape[0]):
        if inside[lane] == 1:
            continue
        i, j = supplier[lane], customer[lane]
        frozen = outbound[outbound_ptr[i] + choice_out[i]] + delay[lane]
        if with_supplier[lane] == 0:
            frozen = inbound[inbound_ptr[j] + choice_in[j]]
        column = outbound_ptr[i + 1] - 1
        while outbound[column] + delay[lane] > frozen:
            at_outbound[column] = np.inf
            column -= 1
        row = inbound_ptr[j]
        while inbound[row] < frozen:
            at_inbound[row] = np.inf
            row += 1
