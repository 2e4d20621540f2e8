"""The first round of dual ascent of many components, one after the other."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit
from echelon.kernels.cost_rows import total_cost
from echelon.kernels.dual_ascent import push_downstream, push_upstream, round_downstream


@jit
def first_rounds(
    stage_ptr: Integers,
    sweeps: int,
    pred_ptr: Integers,
    pred_stage: Integers,
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
    choice_in: Integers,
    choice_out: Integers,
    rounded_in: Integers,
    rounded_out: Integers,
    bound: Floats,
    price: Floats,
) -> None:
    """Sweep each component so many times; keep the plan that its messages round to if it is better.

    stage_ptr (n_components + 1,): where the stages of each begin; no lane joins two of them.
    psi, phi, at_inbound, at_outbound, least: as in the kernels of a sweep. choice_in, choice_out
    (n_stages,): plans to begin with, overwritten with those that are kept; rounded_in, rounded_out:
    working space. bound, price (n_components,): overwritten.
    """
    for c in range(stage_ptr.shape[0] - 1):
        first, last = stage_ptr[c], stage_ptr[c + 1]
        highest = -np.inf
        for _ in range(sweeps):
            push_downstream(
                first, last, pred_ptr, succ_ptr, succ_stage, succ_lane, delay,
                inbound_ptr, inbound, outbound_ptr, outbound, row_start, row_length, cost,
                own_inbound, own_outbound, psi_ptr, psi, phi_ptr, phi,
                at_inbound, at_outbound, least,
            )  # fmt: skip
            proven = push_upstream(
                first, last, pred_ptr, pred_stage, succ_ptr, succ_lane, delay,
                inbound_ptr, inbound, outbound_ptr, outbound, row_start, row_length, cost,
                own_inbound, own_outbound, psi_ptr, psi, phi_ptr, phi,
                at_inbound, at_outbound, least,
            )  # fmt: skip
            highest = max(highest, proven)
        round_downstream(
            first, last, pred_ptr, pred_stage, succ_ptr, succ_lane, delay,
            inbound_ptr, inbound, outbound_ptr, outbound, row_start, row_length, cost,
            own_inbound, own_outbound, psi_ptr, psi, phi_ptr, phi,
            at_inbound, at_outbound, rounded_in, rounded_out,
        )  # fmt: skip
        begun = total_cost(
            first, last, pred_ptr, pred_stage, delay, inbound_ptr, inbound, outbound_ptr, outbound,
            row_start, row_length, cost, own_inbound, own_outbound, choice_in, choice_out,
        )  # fmt: skip
        rounded = total_cost(
            first, last, pred_ptr, pred_stage, delay, inbound_ptr, inbound, outbound_ptr, outbound,
            row_start, row_length, cost, own_inbound, own_outbound, rounded_in, rounded_out,
        )  # fmt: skip
        if rounded < begun:
            choice_in[first:last] = rounded_in[first:last]
            choice_out[first:last] = rounded_out[first:last]
        bound[c] = highest
        price[c] = min(rounded, begun)


@jit
def total_costs(
    stage_ptr: Integers,
    pred_ptr: Integers,
    pred_stage: Integers,
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
    choice_in: Integers,
    choice_out: Integers,
    total: Floats,
) -> None:
    """What a choice costs, component by component: total (n_components,) is overwritten."""
    for c in range(stage_ptr.shape[0] - 1):
        total[c] = total_cost(
            stage_ptr[c], stage_ptr[c + 1], pred_ptr, pred_stage, delay,
            inbound_ptr, inbound, outbound_ptr, outbound, row_start, row_length, cost,
            own_inbound, own_outbound, choice_in, choice_out,
        )  # fmt: skip
