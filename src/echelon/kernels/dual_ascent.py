"""Push costs along lanes to raise a lower bound on the service-time problem, and round it.

A lane from stage i to stage j carries two messages, ``phi`` over the outbound candidates of i and
``psi`` over the inbound candidates of j, with ``phi[s] + psi[a] <= 0`` wherever the lane allows the
pair. Adding both to the two tables never raises the cost of a feasible choice, so the sum over
stages of the least entry of ``cost + psi + phi`` is a lower bound, whatever the messages.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit


@jit
def sum_messages(
    j: int,
    pred_ptr: Integers,
    succ_ptr: Integers,
    succ_lane: Integers,
    n_in: int,
    n_out: int,
    psi_ptr: Integers,
    psi: Floats,
    phi_ptr: Integers,
    phi: Floats,
    at_inbound: Floats,
    at_outbound: Floats,
) -> None:
    """Sum of the messages at stage j: at_inbound (n_in,), at_outbound (n_out,), overwritten."""
    at_inbound[:n_in] = 0.0
    at_outbound[:n_out] = 0.0
    for lane in range(pred_ptr[j], pred_ptr[j + 1]):
        for a in range(n_in):
            at_inbound[a] += psi[psi_ptr[lane] + a]
    for k in range(succ_ptr[j], succ_ptr[j + 1]):
        lane = succ_lane[k]
        for b in range(n_out):
            at_outbound[b] += phi[phi_ptr[lane] + b]


@jit
def push_downstream(
    pred_ptr: Integers,
    succ_ptr: Integers,
    succ_stage: Integers,
    succ_lane: Integers,
    delay: Integers,
    inbound_ptr: Integers,
    inbound: Integers,
    outbound_ptr: Integers,
    outbound: Integers,
    cost_ptr: Integers,
    cost: Floats,
    psi_ptr: Integers,
    psi: Floats,
    phi_ptr: Integers,
    phi: Floats,
    at_inbound: Floats,
    at_outbound: Floats,
    least: Floats,
) -> None:
    """One pass upstream first: each stage hands its outbound min-marginal on to its customers.

    Stages are upstream first; ``_ptr`` arrays are zero-based; ``succ_lane`` counts the lanes in
    the order of ``pred_``. psi, phi: overwritten. at_inbound, at_outbound, least: scratch.
    """
    for j in range(pred_ptr.shape[0] - 1):
        n_customers = succ_ptr[j + 1] - succ_ptr[j]
        if n_customers == 0:
            continue
        n_in = inbound_ptr[j + 1] - inbound_ptr[j]
        n_out = outbound_ptr[j + 1] - outbound_ptr[j]
        sum_messages(
            j, pred_ptr, succ_ptr, succ_lane, n_in, n_out, psi_ptr, psi, phi_ptr, phi,
            at_inbound, at_outbound,
        )  # fmt: skip
        for b in range(n_out):
            least[b] = np.inf
        for a in range(n_in):
            row = cost_ptr[j] + a * n_out
            for b in range(n_out):
                least[b] = min(least[b], cost[row + b] + at_inbound[a])
        lowest = np.inf
        for b in range(n_out):
            least[b] += at_outbound[b]
            lowest = min(lowest, least[b])
        share = 1.0 / max(n_customers, pred_ptr[j + 1] - pred_ptr[j])
        for k in range(succ_ptr[j], succ_ptr[j + 1]):
            lane = succ_lane[k]
            to = succ_stage[k]
            sent = phi_ptr[lane]
            for b in range(n_out):
                if least[b] < np.inf:
                    phi[sent + b] -= share * (least[b] - lowest)
            tightest = np.inf
            b = 0
            for a in range(inbound_ptr[to + 1] - inbound_ptr[to]):
                while b < n_out and (
                    outbound[outbound_ptr[j] + b] + delay[lane] <= inbound[inbound_ptr[to] + a]
                ):
                    if least[b] < np.inf:
                        tightest = min(tightest, -phi[sent + b])
                    b += 1
                psi[psi_ptr[lane] + a] = tightest


@jit
def push_upstream(
    pred_ptr: Integers,
    pred_stage: Integers,
    succ_ptr: Integers,
    succ_lane: Integers,
    delay: Integers,
    inbound_ptr: Integers,
    inbound: Integers,
    outbound_ptr: Integers,
    outbound: Integers,
    cost_ptr: Integers,
    cost: Floats,
    psi_ptr: Integers,
    psi: Floats,
    phi_ptr: Integers,
    phi: Floats,
    at_inbound: Floats,
    at_outbound: Floats,
    least: Floats,
) -> float:
    """One pass downstream first, the mirror of :func:`push_downstream`; returns the bound.

    No message at a stage changes after the pass has left it, so the least entries met on the way
    add up to the bound of the final messages.
    """
    bound = 0.0
    for j in range(pred_ptr.shape[0] - 2, -1, -1):
        n_in = inbound_ptr[j + 1] - inbound_ptr[j]
        n_out = outbound_ptr[j + 1] - outbound_ptr[j]
        sum_messages(
            j, pred_ptr, succ_ptr, succ_lane, n_in, n_out, psi_ptr, psi, phi_ptr, phi,
            at_inbound, at_outbound,
        )  # fmt: skip
        lowest = np.inf
        for a in range(n_in):
            row = cost_ptr[j] + a * n_out
            smallest = np.inf
            for b in range(n_out):
                smallest = min(smallest, cost[row + b] + at_outbound[b])
            least[a] = smallest + at_inbound[a]
            lowest = min(lowest, least[a])
        bound += lowest
        share = 1.0 / max(1, pred_ptr[j + 1] - pred_ptr[j], succ_ptr[j + 1] - succ_ptr[j])
        for lane in range(pred_ptr[j], pred_ptr[j + 1]):
            source = pred_stage[lane]
            sent = psi_ptr[lane]
            for a in range(n_in):
                if least[a] < np.inf:
                    psi[sent + a] -= share * (least[a] - lowest)
            tightest = np.inf
            a = n_in - 1
            for b in range(outbound_ptr[source + 1] - outbound_ptr[source] - 1, -1, -1):
                ready = outbound[outbound_ptr[source] + b] + delay[lane]
                while a >= 0 and inbound[inbound_ptr[j] + a] >= ready:
                    if least[a] < np.inf:
                        tightest = min(tightest, -psi[sent + a])
                    a -= 1
                phi[phi_ptr[lane] + b] = tightest
    return bound


@jit
def round_downstream(
    pred_ptr: Integers,
    pred_stage: Integers,
    succ_ptr: Integers,
    succ_lane: Integers,
    delay: Integers,
    inbound_ptr: Integers,
    inbound: Integers,
    outbound_ptr: Integers,
    outbound: Integers,
    cost_ptr: Integers,
    cost: Floats,
    psi_ptr: Integers,
    psi: Floats,
    phi_ptr: Integers,
    phi: Floats,
    at_inbound: Floats,
    at_outbound: Floats,
    choice_in: Integers,
    choice_out: Integers,
) -> float:
    """Choose upstream first: each stage its cheapest pair that its suppliers' choices allow.

    What the choice costs further down is read from ``phi``. choice_in, choice_out: overwritten,
    positions within the candidates. Returns the cost; ``inf`` where the greedy choice ran dry.
    """
    total = 0.0
    for j in range(pred_ptr.shape[0] - 1):
        n_in = inbound_ptr[j + 1] - inbound_ptr[j]
        n_out = outbound_ptr[j + 1] - outbound_ptr[j]
        sum_messages(
            j, pred_ptr, succ_ptr, succ_lane, n_in, n_out, psi_ptr, psi, phi_ptr, phi,
            at_inbound, at_outbound,
        )  # fmt: skip
        ready = inbound[inbound_ptr[j]]
        for lane in range(pred_ptr[j], pred_ptr[j + 1]):
            source = pred_stage[lane]
            ready = max(ready, outbound[outbound_ptr[source] + choice_out[source]] + delay[lane])
        best, best_a, best_b = np.inf, 0, 0
        for a in range(n_in):
            if inbound[inbound_ptr[j] + a] < ready:
                continue
            row = cost_ptr[j] + a * n_out
            for b in range(n_out):
                value = cost[row + b] + at_outbound[b]
                if value < best:
                    best, best_a, best_b = value, a, b
        choice_in[j], choice_out[j] = best_a, best_b
        if best == np.inf:
            return np.inf
        total += cost[cost_ptr[j] + best_a * n_out + best_b]
    return total
