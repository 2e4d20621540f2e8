"""Requests of a time at the review of a stage at which they are the most, and on average.

The plain twin is in :mod:`echelon.optimization.cost.review_windows`, in NumPy.
"""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit, jit_part

_ROUNDING = 1e-9


@jit_part
def window_length(
    first: int, last: int, reviews: Floats, phases: Floats, start: float, length: float
) -> float:
    """Periods of demand in the requests of a window, by one chain: as ``window`` has it."""
    for link in range(first, last):
        review = reviews[link]
        if review == 0.0:
            continue
        if review == 1.0:
            start = start - 1.0
            continue
        wait = (phases[link] - start) % review
        orders = max(np.ceil((length - wait) / review - _ROUNDING), 0.0)
        start = start + wait - review
        length = orders * review
    return length


@jit_part
def mean_requests(
    chain_ptr: Integers,
    reviews: Floats,
    phases: Floats,
    moments: Floats,
    starts: Floats,
    periods: float,
) -> float:
    """Mean requests of a time, on average over the reviews."""
    total: float = 0.0
    for at in range(starts.shape[0]):
        mean = 0.0
        for k in range(moments.shape[0]):
            mean += moments[k, 0] * window_length(
                chain_ptr[k], chain_ptr[k + 1], reviews, phases, starts[at], periods
            )
        total += mean
    return float(total / starts.shape[0])


@jit
def reviewed_requests(
    chain_ptr: Integers,
    reviews: Floats,
    phases: Floats,
    moments: Floats,
    starts: Floats,
    since: Floats,
    rate: float,
    periods: Floats,
    out: Floats,
) -> None:
    """Moments of the requests at their worst, and what of their mean is not there on average.

    chain_ptr (n_strands + 1,): where the chain of each strand begins in reviews and phases.
    moments (n_strands, 3): mean, variance and bound variance of one period. starts: periods in
    which a review may fall. since: moments after a review over which the stock is averaged. rate:
    mean of one period. periods (n,). out (4, n): overwritten with mean, variance, bound variance
    and cycle stock.
    """
    for i in range(periods.shape[0]):
        most, total = -np.inf, 0.0
        for at in range(starts.shape[0]):
            mean = variance = bound = 0.0
            for k in range(moments.shape[0]):
                length = window_length(
                    chain_ptr[k], chain_ptr[k + 1], reviews, phases, starts[at], periods[i]
                )
                mean += moments[k, 0] * length
                variance += moments[k, 1] * length
                bound += moments[k, 2] * length
            total += mean
            if mean + np.sqrt(bound) > most:
                most = mean + np.sqrt(bound)
                out[0, i], out[1, i], out[2, i] = mean, variance, bound
        out[3, i] = total / starts.shape[0]
    nothing = mean_requests(chain_ptr, reviews, phases, moments, starts, 0.0)
    for i in range(periods.shape[0]):
        average = 0.0
        for s in range(since.shape[0]):
            covered = periods[i] - since[s]
            asked = nothing
            if covered > 0.0:
                # most times are a period apart and fall, so what is asked for is there below
                j = i
                while j + 1 < periods.shape[0] and covered < periods[j] <= periods[i]:
                    j += 1
                if periods[j] == covered:
                    asked = out[3, j]
                else:
                    asked = mean_requests(chain_ptr, reviews, phases, moments, starts, covered)
            average += (asked + rate * min(covered, 0.0)) / since.shape[0]
        out[3, i] = max(out[0, i] - average, 0.0)  # the mean here is not looked at again
