"""The joint-distribution model of an order pattern: its arrays, and a first plan.

Pattern arrays are those of ``echelon.optimization.templates.pattern.OrderPattern``. Columns are
pairs, then running sums over inbound and over outbound candidates; rows are those sums, one choice
per stage, then lane rows. Written out, there are neither columns nor rows for the sums.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from echelon.kernels._jit import Floats, Integers, jit


@jit
def program_matrix(
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    pair_inbound: Integers,
    pair_outbound: Integers,
    lane_inbound: Integers,
    lane_outbound: Integers,
    start: NDArray[np.int32],
) -> tuple[NDArray[np.int32], Floats]:
    """Rows and values of the matrix, column by column; ``start`` (n_columns + 1,) overwritten."""
    n = inbound_ptr.shape[0] - 1
    n_pairs, n_rows = pair_inbound.shape[0], lane_inbound.shape[0]
    n_inbound, n_outbound = inbound_ptr[n], outbound_ptr[n]
    choose = n_inbound + n_outbound
    heard, heard_row = _by_candidate(lane_inbound, n_inbound)
    told, told_row = _by_candidate(lane_outbound, n_outbound)
    most = 2 * n_pairs + 2 * (n_inbound + n_outbound) + 2 * n_rows
    index = np.empty(most, np.int32)
    value = np.empty(most)
    at = 0
    for k in range(n_pairs):
        start[k] = at
        index[at], index[at + 1] = pair_inbound[k], n_inbound + pair_outbound[k]
        value[at], value[at + 1] = -1.0, -1.0
        at += 2
    column = n_pairs
    for j in range(n):
        for a in range(inbound_ptr[j], inbound_ptr[j + 1]):
            start[column] = at
            column += 1
            ends = a + 1 == inbound_ptr[j + 1]
            index[at], value[at] = a, 1.0
            index[at + 1] = choose + j if ends else a + 1
            value[at + 1] = 1.0 if ends else -1.0
            at += 2
            for k in range(heard[a], heard[a + 1]):
                index[at], value[at] = choose + n + heard_row[k], 1.0
                at += 1
    for j in range(n):
        for b in range(outbound_ptr[j], outbound_ptr[j + 1]):
            start[column] = at
            column += 1
            index[at], value[at] = n_inbound + b, 1.0
            at += 1
            if b + 1 < outbound_ptr[j + 1]:
                index[at], value[at] = n_inbound + b + 1, -1.0
                at += 1
            for k in range(told[b], told[b + 1]):
                index[at], value[at] = choose + n + told_row[k], -1.0
                at += 1
    start[column] = at
    return index[:at], value[:at]


@jit
def written_out_entries(
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    pair_inbound: Integers,
    pair_outbound: Integers,
    lane_inbound: Integers,
    lane_outbound: Integers,
) -> int:
    """Count the entries of the matrix in which the running sums are written out."""
    n = inbound_ptr.shape[0] - 1
    heard, _ = _by_candidate(lane_inbound, inbound_ptr[n])
    told, _ = _by_candidate(lane_outbound, outbound_ptr[n])
    entries, j = 0, 0
    for k in range(pair_inbound.shape[0]):
        while pair_inbound[k] >= inbound_ptr[j + 1]:
            j += 1
        entries += 1 + heard[inbound_ptr[j + 1]] - heard[pair_inbound[k]]
        entries += told[outbound_ptr[j + 1]] - told[pair_outbound[k]]
    return entries


@jit
def written_out_matrix(
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    pair_inbound: Integers,
    pair_outbound: Integers,
    lane_inbound: Integers,
    lane_outbound: Integers,
    start: NDArray[np.int32],
    index: NDArray[np.int32],
    value: Floats,
) -> None:
    """Rows and values of the matrix without running sums, column by column.

    A pair is in the choice of its stage, and in the lane rows about its candidates or later ones.
    start: (n_pairs + 1,), index, value: (n_entries,), all overwritten.
    """
    n = inbound_ptr.shape[0] - 1
    at, j = 0, 0
    for k in range(pair_inbound.shape[0]):
        while pair_inbound[k] >= inbound_ptr[j + 1]:
            j += 1
        start[k] = at
        index[at], value[at] = j, 1.0
        at += 1
        for row in range(lane_inbound.shape[0]):
            if pair_inbound[k] <= lane_inbound[row] < inbound_ptr[j + 1]:
                index[at], value[at] = n + row, 1.0
                at += 1
            elif pair_outbound[k] <= lane_outbound[row] < outbound_ptr[j + 1]:
                index[at], value[at] = n + row, -1.0
                at += 1
    start[pair_inbound.shape[0]] = at


@jit
def _by_candidate(candidate: Integers, n: int) -> tuple[Integers, Integers]:
    """Lane rows by the candidate they are about, rising; those of -1 are left out."""
    ptr = np.empty(n + 2, np.int64)
    ptr[:] = 0
    for row in range(candidate.shape[0]):
        ptr[candidate[row] + 2] += 1
    ptr[1] = 0
    for b in range(n):
        ptr[b + 2] += ptr[b + 1]
    rows = np.empty(ptr[n + 1], np.int64)
    for row in range(candidate.shape[0]):
        b = candidate[row]
        if b >= 0:
            rows[ptr[b + 1]] = row
            ptr[b + 1] += 1
    ptr[0] = 0
    return ptr, rows


@jit
def earliest_pairs(
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    pair_inbound: Integers,
    pair_outbound: Integers,
    lane_inbound: Integers,
    lane_outbound: Integers,
    chosen: Integers,
) -> bool:
    """Pairs of the plan in which every stage quotes as early as it can, upstream first.

    chosen: (n_stages,) overwritten. False where a stage finds none.
    """
    n = inbound_ptr.shape[0] - 1
    n_inbound = inbound_ptr[n]
    pair = np.empty(n_inbound, np.int64)
    pair[:] = -1
    for k in range(pair_inbound.shape[0] - 1, -1, -1):
        pair[pair_inbound[k]] = k  # the first has the earliest outbound time
    heard, heard_row = _by_candidate(lane_inbound, n_inbound)
    supplier = np.empty(outbound_ptr[n], np.int64)
    for j in range(n):
        supplier[outbound_ptr[j] : outbound_ptr[j + 1]] = j
    for j in range(n):
        chosen[j] = -1
        for a in range(inbound_ptr[j], inbound_ptr[j + 1]):
            if pair[a] < 0:
                continue
            in_time = True
            for k in range(heard[a], heard[a + 1]):
                b = lane_outbound[heard_row[k]]
                if b < 0 or pair_outbound[chosen[supplier[b]]] > b:
                    in_time = False
                    break
            if in_time:
                chosen[j] = pair[a]
                break
        if chosen[j] < 0:
            return False
    return True
