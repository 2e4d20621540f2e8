"""Push costs along lanes to raise a lower bound on the service-time problem, and round it.

A lane from stage i to stage j carries two messages, ``phi`` over the outbound candidates of i and
``psi`` over the inbound candidates of j, with ``phi[s] + psi[a] <= 0`` wherever the lane allows the
pair. Adding both to the two tables never raises the cost of a feasible choice, so the sum over
stages of the least entry of ``cost + psi + phi`` is a lower bound, whatever the messages.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit
from echelon.kernels.cost_rows import least_by_inbound, least_by_outbound


@jit
def sum_messages(
    j: int,
    pred_ptr: Integers,
    succ_ptr: Integers,
    succ_lane: Integers,
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    own_inbound: Floats,
    own_outbound: Floats,
    psi_ptr: Integers,
    psi: Floats,
    phi_ptr: Integers,
    phi: Floats,
    at_inbound: Floats,
    at_outbound: Floats,
) -> None:
    """Sum of own terms and messages at stage j, from the start of at_inbound and at_outbound."""
    n_in = inbound_ptr[j + 1] - inbound_ptr[j]
    n_out = outbound_ptr[j + 1] - outbound_ptr[j]
    for a in range(n_in):
        at_inbound[a] = own_inbound[inbound_ptr[j] + a]
    for b in range(n_out):
        at_outbound[b] = own_outbound[outbound_ptr[j] + b]
    for lane in range(pred_ptr[j], pred_ptr[j + 1]):
        for a in range(n_in):
            at_inbound[a] += psi[psi_ptr[lane] + a]
    for k in range(succ_ptr[j], succ_ptr[j + 1]):
        lane = succ_lane[k]
        for b in range(n_out):
            at_outbound[b] += phi[phi_ptr[lane] + b]


@jit
def push_downstream(
    first: int,
    last: int,
    pred_ptr: Integers,
    succ_ptr: Integers,
    succ_stage: Integers,
    succ_lane: Integers,
    delay: Integers,
    inbound_ptr: Integers,
    inbound: Integers,
    outbound_ptr: Integers,
    outbound: Integers,
    row_start: Integers,
    row_length: Integers,
    cost: Floats,
    own_inbound: Floats,
    own_outbound: Floats,
    psi_ptr: Integers,
    psi: Floats,
    phi_ptr: Integers,
    phi: Floats,
    at_inbound: Floats,
    at_outbound: Floats,
    least: Floats,
) -> None:
    """One pass upstream first: each stage hands its outbound min-marginal on to its customers.

    Of the stages ``first`` up to ``last``, which have no lanes to others; upstream first. ``_ptr``
    arrays are zero-based; ``succ_lane`` counts the lanes in the order of ``pred_``. psi, phi:
    overwritten. at_inbound, at_outbound, least: scratch, as long as the longest candidate lists.
    """
    for j in range(first, last):
        n_customers = succ_ptr[j + 1] - succ_ptr[j]
        if n_customers == 0:
            continue
        n_in = inbound_ptr[j + 1] - inbound_ptr[j]
        n_out = outbound_ptr[j + 1] - outbound_ptr[j]
        sum_messages(
            j, pred_ptr, succ_ptr, succ_lane, inbound_ptr, outbound_ptr, own_inbound, own_outbound,
            psi_ptr, psi, phi_ptr, phi, at_inbound, at_outbound,
        )  # fmt: skip
        least_by_outbound(
            inbound_ptr[j], n_in, row_start, row_length, cost, at_inbound, 0, least, 0, n_out
        )
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
    first: int,
    last: int,
    pred_ptr: Integers,
    pred_stage: Integers,
    succ_ptr: Integers,
    succ_lane: Integers,
    delay: Integers,
    inbound_ptr: Integers,
    inbound: Integers,
    outbound_ptr: Integers,
    outbound: Integers,
    row_start: Integers,
    row_length: Integers,
    cost: Floats,
    own_inbound: Floats,
    own_outbound: Floats,
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
    add up to the bound of the final messages. ``first``, ``last``: as in :func:`push_downstream`.
    """
    bound = 0.0
    for j in range(last - 1, first - 1, -1):
        n_in = inbound_ptr[j + 1] - inbound_ptr[j]
        sum_messages(
            j, pred_ptr, succ_ptr, succ_lane, inbound_ptr, outbound_ptr, own_inbound, own_outbound,
            psi_ptr, psi, phi_ptr, phi, at_inbound, at_outbound,
        )  # fmt: skip
        least_by_inbound(
            inbound_ptr[j], n_in, row_start, row_length, cost, at_outbound, 0, least, 0
        )
        lowest = np.inf
        for a in range(n_in):
            least[a] += at_inbound[a]
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
    first: int,
    last: int,
    pred_ptr: Integers,
    pred_stage: Integers,
    succ_ptr: Integers,
    succ_lane: Integers,
    delay: Integers,
    inbound_ptr: Integers,
    inbound: Integers,
    outbound_ptr: Integers,
    outbound: Integers,
    row_start: Integers,
    row_length: Integers,
    cost: Floats,
    own_inbound: Floats,
    own_outbound: Floats,
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

    Of the stages ``first`` up to ``last``, as in :func:`push_downstream`. What the choice costs
    further down is read from ``phi``. choice_in, choice_out: overwritten, positions within the
    candidates. Returns the cost; ``inf`` where the greedy choice ran dry.
    """
    total = 0.0
    for j in range(first, last):
        n_in = inbound_ptr[j + 1] - inbound_ptr[j]
        sum_messages(
            j, pred_ptr, succ_ptr, succ_lane, inbound_ptr, outbound_ptr, own_inbound, own_outbound,
            psi_ptr, psi, phi_ptr, phi, at_inbound, at_outbound,
        )  # fmt: skip
        ready = inbound[inbound_ptr[j]]
        for lane in range(pred_ptr[j], pred_ptr[j + 1]):
            source = pred_stage[lane]
            ready = max(ready, outbound[outbound_ptr[source] + choice_out[source]] + delay[lane])
        best, best_a, best_b = np.inf, 0, 0
        for a in range(n_in):
            if inbound[inbound_ptr[j] + a] < ready:
                continue
            row = inbound_ptr[j] + a
            for b in range(row_length[row]):
                value = cost[row_start[row] + b] + own_inbound[row] + at_outbound[b]
                if value < best:
                    best, best_a, best_b = value, a, b
        choice_in[j], choice_out[j] = best_a, best_b
        if best == np.inf:
            return np.inf
        row = inbound_ptr[j] + best_a
        total += cost[row_start[row] + best_b] + own_inbound[row]
        total += own_outbound[outbound_ptr[j] + best_b]
    return total


@jit
def press_on(
    pred_ptr: Integers,
    pred_stage: Integers,
    delay: Integers,
    inbound_ptr: Integers,
    inbound: Integers,
    outbound_ptr: Integers,
    outbound: Integers,
    psi_ptr: Integers,
    psi: Floats,
    phi_ptr: Integers,
    phi: Floats,
    before: Floats,
    share: float,
) -> None:
    """Move psi on by a share of its last change, and lower phi to what the lanes then allow.

    psi, phi: overwritten. before: psi after the sweep before; overwritten with psi as it comes.
    """
    for j in range(pred_ptr.shape[0] - 1):
        n_in = inbound_ptr[j + 1] - inbound_ptr[j]
        for lane in range(pred_ptr[j], pred_ptr[j + 1]):
            source = pred_stage[lane]
            first = psi_ptr[lane]
            for place in range(first, first + n_in):
                now = psi[place]
                if now < np.inf and before[place] < np.inf:
                    psi[place] = now + share * (now - before[place])
                before[place] = now
            tightest = np.inf
            a = n_in - 1
            for b in range(outbound_ptr[source + 1] - outbound_ptr[source] - 1, -1, -1):
                ready = outbound[outbound_ptr[source] + b] + delay[lane]
                while a >= 0 and inbound[inbound_ptr[j] + a] >= ready:
                    tightest = min(tightest, -psi[first + a])
                    a -= 1
                phi[phi_ptr[lane] + b] = tightest
