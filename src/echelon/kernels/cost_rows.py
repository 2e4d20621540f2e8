"""Read the costs of pairs of service times, row by row: one row per inbound candidate.

The cost of a pair is ``cost[row_start[a] + b]`` plus one term for each of its two times. Rows end
where no longer service time is possible, and rows of one stage may share memory: where the cost
depends on the net replenishment time alone and candidates stand on a grid, each row is the same
curve, read from one place further on.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit


@jit
def row_lengths(
    inbound_ptr: Integers, outbound_ptr: Integers, row_start: Integers, cost: Floats, out: Integers
) -> None:
    """Length of each row up to its last finite cost; out: (len(row_start),) overwritten."""
    for j in range(inbound_ptr.shape[0] - 1):
        n_out = outbound_ptr[j + 1] - outbound_ptr[j]
        for row in range(inbound_ptr[j], inbound_ptr[j + 1]):
            length = n_out
            while length > 0 and cost[row_start[row] + length - 1] == np.inf:
                length -= 1
            out[row] = length


@jit
def least_by_outbound(
    first_row: int,
    n_in: int,
    row_start: Integers,
    row_length: Integers,
    cost: Floats,
    at_inbound: Floats,
    from_inbound: int,
    least: Floats,
    from_least: int,
    n_out: int,
) -> None:
    """Least cost over the inbound candidates of a stage, for each outbound one.

    at_inbound: from ``from_inbound`` on, the inbound term of each candidate. least: overwritten
    from ``from_least`` on; without the outbound term.
    """
    smallest = least[from_least : from_least + n_out]  # a view: no index to check in the loop
    smallest[:] = np.inf
    for a in range(n_in):
        term = at_inbound[from_inbound + a]
        if term == np.inf:
            continue
        start = row_start[first_row + a]
        row = cost[start : start + row_length[first_row + a]]
        for b in range(row.shape[0]):
            value = row[b] + term
            smallest[b] = value if value < smallest[b] else smallest[b]


@jit
def least_by_inbound(
    first_row: int,
    n_in: int,
    row_start: Integers,
    row_length: Integers,
    cost: Floats,
    at_outbound: Floats,
    from_outbound: int,
    least: Floats,
    from_least: int,
) -> None:
    """Least cost over the outbound candidates of a stage, for each inbound one.

    at_outbound, least: as in :func:`least_by_outbound`, sides exchanged.
    """
    for a in range(n_in):
        start, length = row_start[first_row + a], row_length[first_row + a]
        row = cost[start : start + length]
        term = at_outbound[from_outbound : from_outbound + length]
        whole = length - length % 4
        # four minima side by side, which need not wait for one another
        m0 = m1 = m2 = m3 = np.inf
        for b in range(0, whole, 4):
            v0, v1 = row[b] + term[b], row[b + 1] + term[b + 1]
            v2, v3 = row[b + 2] + term[b + 2], row[b + 3] + term[b + 3]
            m0 = v0 if v0 < m0 else m0
            m1 = v1 if v1 < m1 else m1
            m2 = v2 if v2 < m2 else m2
            m3 = v3 if v3 < m3 else m3
        for b in range(whole, length):
            m0 = min(m0, row[b] + term[b])
        least[from_least + a] = min(m0, m1, m2, m3)


@jit
def total_cost(
    first: int,
    last: int,
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
) -> float:
    """Cost of a choice (positions within the candidates); ``inf`` where it breaks a constraint.

    Of the stages ``first`` up to ``last``, which have no lanes to others.
    """
    total = 0.0
    for j in range(first, last):
        row = inbound_ptr[j] + choice_in[j]
        for lane in range(pred_ptr[j], pred_ptr[j + 1]):
            source = pred_stage[lane]
            ready = outbound[outbound_ptr[source] + choice_out[source]] + delay[lane]
            if ready > inbound[row]:
                return np.inf
        if choice_out[j] >= row_length[row]:
            return np.inf
        total += cost[row_start[row] + choice_out[j]]
        total += own_inbound[row] + own_outbound[outbound_ptr[j] + choice_out[j]]
    return total
