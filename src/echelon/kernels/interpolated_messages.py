"""Push costs along lanes as functions of continuous time, piecewise linear between knots.

A lane from stage i to stage j carries a message ``phi`` over the outbound service time of i, given
at the knots of i and linear between them, and ``psi`` over the inbound service time of j. ``psi``
is the running maximum of ``phi``, delayed and negated, so ``phi(s) + psi(a) <= 0`` wherever the
lane allows the pair, whatever the messages. With both added, the cost of a stage is concave within
each cell between its points, so its least value lies at a corner of a cell or where a cell's edge
meets ``outbound = inbound + process``: the points of the tables below.

A table has one row per inbound point, one column per knot, and a last column for the outbound time
at which the stage holds no stock, which lies between two knots (``through_``).
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit


@jit
def fit_below(
    n_knots: int,
    at_knots: Floats,
    n_points: int,
    position: Integers,
    weight: Floats,
    ceiling: Floats,
    fitted: Floats,
) -> None:
    """Lower a function given at knots until its interpolation is below a ceiling at every point.

    at_knots: (n_knots,) >= 0. position, weight, ceiling: (n_points,) the point lies ``weight`` of
    the way from knot ``position`` to the next; position -1 and a ceiling of ``inf`` ask for
    nothing; ceiling >= 0. fitted: (n_knots,) overwritten, >= 0.
    """
    for k in range(n_knots):
        fitted[k] = at_knots[k]
    for p in range(n_points):
        k = position[p]
        if k < 0 or ceiling[p] == np.inf:
            continue
        w = weight[p]
        if w == 0.0:
            fitted[k] = min(fitted[k], ceiling[p])
            continue
        above = (1.0 - w) * fitted[k] + w * fitted[k + 1] - ceiling[p]
        if above > 0.0:  # the shortest step to the ceiling, as far as both stay positive
            step = above / ((1.0 - w) * (1.0 - w) + w * w)
            left = fitted[k] - step * (1.0 - w)
            right = fitted[k + 1] - step * w
            if left < 0.0:
                left, right = 0.0, ceiling[p] / w
            elif right < 0.0:
                left, right = ceiling[p] / (1.0 - w), 0.0
            fitted[k] = min(left, fitted[k])
            fitted[k + 1] = min(right, fitted[k + 1])


@jit
def interpolate(
    at_knots: Floats,
    n_points: int,
    position: Integers,
    weight: Floats,
    first: int,
    values: Floats,
) -> None:
    """Read a function given at knots off at points; ``inf`` before the first knot.

    position, weight: (n_points,) as in :func:`fit_below`. values: written from ``first`` on.
    """
    for p in range(n_points):
        k = position[p]
        if k < 0:
            values[first + p] = np.inf
        elif weight[p] == 0.0:
            values[first + p] = at_knots[k]
        else:
            values[first + p] = (1.0 - weight[p]) * at_knots[k] + weight[p] * at_knots[k + 1]


@jit
def sum_at_stage(
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
    through_position: Integers,
    through_weight: Floats,
    at_inbound: Floats,
    at_outbound: Floats,
    at_through: Floats,
) -> None:
    """Sum of the messages at stage j, overwritten: at its inbound points, its knots, and between.

    at_through: (n_in,) at the outbound time without stock of each inbound point, ``inf`` where the
    stage may not quote it.
    """
    at_inbound[:n_in] = 0.0
    at_outbound[:n_out] = 0.0
    for lane in range(pred_ptr[j], pred_ptr[j + 1]):
        for a in range(n_in):
            at_inbound[a] += psi[psi_ptr[lane] + a]
    for s in range(succ_ptr[j], succ_ptr[j + 1]):
        lane = succ_lane[s]
        for b in range(n_out):
            at_outbound[b] += phi[phi_ptr[lane] + b]
    interpolate(at_outbound, n_in, through_position, through_weight, 0, at_through)


@jit
def push_downstream(
    pred_ptr: Integers,
    succ_ptr: Integers,
    succ_stage: Integers,
    succ_lane: Integers,
    inbound_ptr: Integers,
    knot_ptr: Integers,
    cost_ptr: Integers,
    cost: Floats,
    through_position: Integers,
    through_weight: Floats,
    psi_ptr: Integers,
    psi: Floats,
    phi_ptr: Integers,
    phi: Floats,
    lane_position: Integers,
    lane_weight: Floats,
    work: Floats,
) -> None:
    """One pass upstream first: each stage hands its outbound min-marginal on to its customers.

    through_: per inbound point, see the module. lane_: (len(psi),) where each inbound point of the
    customer lies among the supplier's knots, as in :func:`fit_below`. psi, phi: overwritten.
    work: (6, longest list of points) scratch.
    """
    at_inbound, at_outbound, at_through = work[0], work[1], work[2]
    least, between, sent = work[3], work[4], work[5]
    for j in range(pred_ptr.shape[0] - 1):
        n_customers = succ_ptr[j + 1] - succ_ptr[j]
        if n_customers == 0:
            continue
        first = inbound_ptr[j]
        n_in = inbound_ptr[j + 1] - first
        n_out = knot_ptr[j + 1] - knot_ptr[j]
        position = through_position[first : first + n_in]
        weight = through_weight[first : first + n_in]
        sum_at_stage(
            j, pred_ptr, succ_ptr, succ_lane, n_in, n_out, psi_ptr, psi, phi_ptr, phi,
            position, weight, at_inbound, at_outbound, at_through,
        )  # fmt: skip
        least[:n_out] = np.inf
        lowest = np.inf
        for a in range(n_in):
            row = cost_ptr[j] + a * (n_out + 1)
            for b in range(n_out):
                least[b] = min(least[b], cost[row + b] + at_inbound[a])
            between[a] = cost[row + n_out] + at_inbound[a] + at_through[a]
            lowest = min(lowest, between[a])
        for b in range(n_out):
            least[b] += at_outbound[b]
            lowest = min(lowest, least[b])
        share = 1.0 / max(n_customers, pred_ptr[j + 1] - pred_ptr[j])
        for b in range(n_out):
            least[b] = share * (least[b] - lowest) if least[b] < np.inf else 0.0
        for a in range(n_in):
            between[a] = share * (between[a] - lowest)
        fit_below(n_out, least, n_in, position, weight, between, sent)
        for s in range(succ_ptr[j], succ_ptr[j + 1]):
            lane, to = succ_lane[s], succ_stage[s]
            highest = -np.inf
            for b in range(n_out):
                phi[phi_ptr[lane] + b] -= sent[b]
                highest = max(highest, phi[phi_ptr[lane] + b])
                least[b] = -highest
            n_to = inbound_ptr[to + 1] - inbound_ptr[to]
            here = slice(psi_ptr[lane], psi_ptr[lane] + n_to)
            interpolate(least, n_to, lane_position[here], lane_weight[here], psi_ptr[lane], psi)


@jit
def push_upstream(
    pred_ptr: Integers,
    pred_stage: Integers,
    succ_ptr: Integers,
    succ_lane: Integers,
    inbound_ptr: Integers,
    knot_ptr: Integers,
    cost_ptr: Integers,
    cost: Floats,
    through_position: Integers,
    through_weight: Floats,
    psi_ptr: Integers,
    psi: Floats,
    phi_ptr: Integers,
    phi: Floats,
    lane_position: Integers,
    lane_weight: Floats,
    knot_row: Integers,
    work: Floats,
) -> float:
    """One pass downstream first, the mirror of :func:`push_downstream`; returns the bound.

    knot_row: (len(phi),) the inbound point of the customer at which each knot of the supplier
    delivers, -1 where that is before the customer's first. The least entries met on the way add up
    to the bound, as no message leaves a stage with less than it came with.
    """
    at_inbound, at_outbound, at_through = work[0], work[1], work[2]
    least, at_knots, sent = work[3], work[4], work[5]
    bound = 0.0
    for j in range(pred_ptr.shape[0] - 2, -1, -1):
        first = inbound_ptr[j]
        n_in = inbound_ptr[j + 1] - first
        n_out = knot_ptr[j + 1] - knot_ptr[j]
        sum_at_stage(
            j, pred_ptr, succ_ptr, succ_lane, n_in, n_out, psi_ptr, psi, phi_ptr, phi,
            through_position[first : first + n_in], through_weight[first : first + n_in],
            at_inbound, at_outbound, at_through,
        )  # fmt: skip
        lowest = np.inf
        for a in range(n_in):
            row = cost_ptr[j] + a * (n_out + 1)
            smallest = cost[row + n_out] + at_through[a]
            for b in range(n_out):
                smallest = min(smallest, cost[row + b] + at_outbound[b])
            least[a] = smallest + at_inbound[a]
            lowest = min(lowest, least[a])
        bound += lowest
        share = 1.0 / max(1, pred_ptr[j + 1] - pred_ptr[j], succ_ptr[j + 1] - succ_ptr[j])
        for a in range(n_in):
            least[a] = share * (least[a] - lowest)
        for lane in range(pred_ptr[j], pred_ptr[j + 1]):
            supplier = pred_stage[lane]
            n_knots = knot_ptr[supplier + 1] - knot_ptr[supplier]
            here = slice(psi_ptr[lane], psi_ptr[lane] + n_in)
            for k in range(n_knots):
                a = knot_row[phi_ptr[lane] + k]
                at_knots[k] = least[a] if a >= 0 and least[a] < np.inf else 0.0
            fit_below(n_knots, at_knots, n_in, lane_position[here], lane_weight[here], least, sent)
            highest = -np.inf
            for k in range(n_knots - 1, -1, -1):
                a = knot_row[phi_ptr[lane] + k]
                if a >= 0:
                    highest = max(highest, psi[psi_ptr[lane] + a] - sent[k])
                phi[phi_ptr[lane] + k] = -highest
                at_knots[k] = highest
            interpolate(at_knots, n_in, lane_position[here], lane_weight[here], psi_ptr[lane], psi)
    return bound
