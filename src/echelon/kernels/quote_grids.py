"""Candidate times where stages quote multiples of a unit, and the curves that their costs share.

The plain twins stand in the tests: sets of times, and sorting by what is left of a division.
"""

from __future__ import annotations

from echelon.kernels._jit import Integers, jit


@jit
def insert_distinct(values: Integers, first: int, last: int, value: int) -> int:
    """Put a value in its place among ``values[first:last]``, ascending; returns the new end."""
    k = last
    while k > first and values[k - 1] > value:
        k -= 1
    if k > first and values[k - 1] == value:
        return last
    for place in range(last, k, -1):
        values[place] = values[place - 1]
    values[k] = value
    return last + 1


@jit
def rests_of_stage(
    j: int, unit: int, pred_ptr: Integers, delay: Integers, process: Integers, rests: Integers
) -> int:
    """What inbound times of a stage leave when divided by the unit: rests; returns how many.

    They are those of supplies, and of times that end with a multiple when the stage is done. rests:
    overwritten, ascending.
    """
    n_rests = insert_distinct(rests, 0, 0, (-process[j]) % unit)
    for lane in range(pred_ptr[j], pred_ptr[j + 1]):
        n_rests = insert_distinct(rests, 0, n_rests, delay[lane] % unit)
    return n_rests


@jit
def count_quotable(
    unit: int,
    pred_ptr: Integers,
    delay: Integers,
    process: Integers,
    inbound_low: Integers,
    inbound_high: Integers,
    outbound_low: Integers,
    outbound_high: Integers,
    rests: Integers,
    inbound_ptr: Integers,
    outbound_ptr: Integers,
) -> None:
    """How many times :func:`list_quotable` finds for each stage; ticks.

    rests: scratch, as long as the most lanes into a stage and one more. inbound_ptr, outbound_ptr
    (n_stages + 1,): overwritten with where those of each stage begin.
    """
    inbound_ptr[0] = outbound_ptr[0] = 0
    for j in range(process.shape[0]):
        low, high = inbound_low[j], inbound_high[j]
        n_in = 1
        for k in range(rests_of_stage(j, unit, pred_ptr, delay, process, rests)):
            first = -((rests[k] - low - 1) // unit)  # the least multiple that is after the earliest
            n_in += max((high - rests[k]) // unit - first + 1, 0)
        inbound_ptr[j + 1] = inbound_ptr[j] + n_in
        n_out = outbound_high[j] // unit + (-outbound_low[j]) // unit + 1
        outbound_ptr[j + 1] = outbound_ptr[j] + max(n_out, 0)


@jit
def list_quotable(
    unit: int,
    pred_ptr: Integers,
    delay: Integers,
    process: Integers,
    inbound_low: Integers,
    inbound_high: Integers,
    outbound_low: Integers,
    rests: Integers,
    inbound_ptr: Integers,
    outbound_ptr: Integers,
    inbound: Integers,
    outbound: Integers,
) -> None:
    """Inbound times that lanes or own times make of multiples of the unit, and those multiples.

    Arguments as in :func:`count_quotable`, which has been called. inbound, outbound: overwritten
    with ticks, ascending within a stage, of inbound times the earliest first.
    """
    for j in range(process.shape[0]):
        low, high = inbound_low[j], inbound_high[j]
        n_rests = rests_of_stage(j, unit, pred_ptr, delay, process, rests)
        at = inbound_ptr[j]
        inbound[at] = low
        at += 1
        block = low // unit * unit
        while block <= high:
            for k in range(n_rests):
                if low < block + rests[k] <= high:
                    inbound[at] = block + rests[k]
                    at += 1
            block += unit
        first = -(-outbound_low[j] // unit)
        for b in range(outbound_ptr[j + 1] - outbound_ptr[j]):
            outbound[outbound_ptr[j] + b] = unit * (first + b)


@jit
def share_curves(
    step: int,
    inbound_ptr: Integers,
    inbound: Integers,
    outbound_ptr: Integers,
    outbound: Integers,
    process: Integers,
    curve_of_row: Integers,
    longest: Integers,
    rests: Integers,
    stage_ptr: Integers,
    curve_ptr: Integers,
) -> None:
    """Find the curves over net replenishment times that rows share: one for each rest by the step.

    Every stage has an outbound time. curve_of_row, longest, rests (n_rows,): overwritten, the last
    two, by curve, with the longest time and with the rest, ticks. stage_ptr (n_stages + 1,):
    overwritten with where the entries of each stage begin, curve_ptr (n_rows + 1,) with where those
    of each curve do.
    """
    n_curves = 0
    stage_ptr[0] = curve_ptr[0] = 0
    for j in range(process.shape[0]):
        first = n_curves
        left = process[j] - outbound[outbound_ptr[j]]
        for row in range(inbound_ptr[j], inbound_ptr[j + 1]):
            n_curves = insert_distinct(rests, first, n_curves, (inbound[row] + left) % step)
        for row in range(inbound_ptr[j], inbound_ptr[j + 1]):
            uncovered, curve = inbound[row] + left, first
            while rests[curve] != uncovered % step:
                curve += 1
            curve_of_row[row], longest[curve] = curve, uncovered  # the last is the longest
        for curve in range(first, n_curves):
            curve_ptr[curve + 1] = curve_ptr[curve] + max(longest[curve] // step + 1, 0)
        stage_ptr[j + 1] = curve_ptr[n_curves]


@jit
def lay_out_curves(
    step: int,
    inbound_ptr: Integers,
    inbound: Integers,
    outbound_ptr: Integers,
    outbound: Integers,
    process: Integers,
    curve_of_row: Integers,
    longest: Integers,
    curve_ptr: Integers,
    covered: Integers,
    row_start: Integers,
    row_length: Integers,
) -> None:
    """Give the times of each curve, from the longest down, and where the rows lie in it.

    Arguments as in :func:`share_curves`, which has been called. covered (curve_ptr[n_curves],),
    row_start, row_length (n_rows,): overwritten.
    """
    for j in range(process.shape[0]):
        left = process[j] - outbound[outbound_ptr[j]]
        n_out = outbound_ptr[j + 1] - outbound_ptr[j]
        for row in range(inbound_ptr[j], inbound_ptr[j + 1]):
            curve, steps = curve_of_row[row], (inbound[row] + left) // step
            row_start[row] = curve_ptr[curve + 1] - 1 - steps
            row_length[row] = min(max(steps + 1, 0), n_out)
            if inbound[row] + left == longest[curve]:
                for place in range(curve_ptr[curve + 1] - curve_ptr[curve]):
                    covered[curve_ptr[curve] + place] = longest[curve] - step * place
