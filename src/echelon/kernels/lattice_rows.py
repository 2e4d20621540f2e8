"""Demands on lattices, ragged over SKUs: their reach, the powers of their transforms, their tables.

Rows are flat arrays with ``ptr`` (n + 1,): row i is ``ptr[i]`` to ``ptr[i + 1]``.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.kernels._jit import Floats, Integers, jit

Complexes: TypeAlias = NDArray[np.complex128]


@jit
def _reach(mass: Floats, upwards: bool, most: float, events: float, tail: float) -> float:
    """Chernoff's bound: steps from the near end that totals exceed with probability ``tail``.

    The exponent of the bound over the tilt has one valley, found by golden sections; any tilt
    gives a bound. mass (k,), numbered from its first point or, if not upwards, from its last.
    """
    k = mass.shape[0]
    mean, square = 0.0, 0.0
    for j in range(k):
        number = float(j) if upwards else float(k - 1 - j)
        mean += mass[j] * number
        square += mass[j] * number * number
    if square == 0.0:
        return 0.0
    # of the number of events the square counts, not the variance
    spread = square if events > 0.0 else max(square - mean * mean, 1e-6 * square)
    scale = sqrt(spread * most * (events if events > 0.0 else 1.0))
    low, high = log(0.02 / scale), log(60.0 / scale)
    golden = 0.6180339887498949
    best = np.inf
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = -1.0, -1.0
    for _ in range(12):
        for side in range(2):
            if (at_left if side == 0 else at_right) >= 0.0:
                continue
            tilt = exp(left if side == 0 else right)
            grown = 0.0
            for j in range(k):
                if mass[j] > 0.0:
                    grown += mass[j] * exp(tilt * (j if upwards else k - 1 - j))
            growth = most * (events * (grown - 1.0) if events > 0.0 else log(grown))
            value = (growth - log(tail)) / tilt
            if side == 0:
                at_left = value
            else:
                at_right = value
            best = min(best, value)
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left, at_left = high - golden * (high - low), -1.0
        else:
            low, left, at_left = left, right, at_right
            right, at_right = low + golden * (high - low), -1.0
    return best


@jit
def window_ends(
    ptr: Integers,
    mass: Floats,
    first: Integers,
    least: Floats,
    most: Floats,
    events: Floats,
    tail: float,
    begin: Floats,
    end: Floats,
) -> None:
    """First and last lattice number of totals of ``least`` to ``most`` demands.

    first (n,) number of each row's first point; events (n,) mean number of demands in one of
    ``most``, 0 where they are counted themselves; begin, end (n,) overwritten.
    """
    for i in range(ptr.shape[0] - 1):
        row = mass[ptr[i] : ptr[i + 1]]
        n, f = most[i], float(first[i])
        last = f + row.shape[0] - 1.0
        low, high = min(least[i] * f, n * f), max(least[i] * last, n * last)
        if events[i] > 0.0:
            low, high = (-np.inf if f < 0.0 else 0.0), (np.inf if last > 0.0 else 0.0)
        if n > 0.0 and (events[i] > 0.0 or n > 1.0):
            # beside whole rows of zeros: a total is n times the first number and what is above
            if f >= 0.0 and events[i] == 0.0:
                high = min(high, n * f + _reach(row, True, n, 0.0, tail))
            else:
                ends = np.zeros(max(int(last) + 1, 1))
                for j in range(row.shape[0]):
                    ends[max(first[i] + j, 0)] += row[j]
                high = min(high, _reach(ends, True, n, events[i], tail))
                if f < 0.0:
                    ends = np.zeros(1 - first[i])
                    for j in range(row.shape[0]):
                        ends[min(j, -first[i])] += row[j]
                    low = max(low, -_reach(ends, False, n, events[i], tail))
        begin[i], end[i] = np.floor(low), np.ceil(high)


@jit
def mixed_powers(
    transform: Complexes,
    ptr: Integers,
    counts: Floats,
    weights: Floats,
    events: Floats,
) -> None:
    r"""Turn the transform of each row into that of its mixture of totals.

    :math:`\sum_n w_n z^n` by Horner's rule, :math:`\sum_n w_n e^{n r (z - 1)}` with events.
    transform (n, m) overwritten; ptr (n + 1,) into counts, rising and whole, and weights; events
    (n,) mean number of demands in one of the counts, 0 where they are counted themselves.
    """
    m = transform.shape[1]
    square, power = np.empty(m, np.complex128), np.empty(m, np.complex128)
    for i in range(transform.shape[0]):
        row = transform[i]
        power[:] = 0.0
        if events[i] > 0.0:
            for j in range(ptr[i], ptr[i + 1]):
                for f in range(m):
                    power[f] += weights[j] * np.exp(counts[j] * events[i] * (row[f] - 1.0))
        else:
            for j in range(ptr[i + 1] - 1, ptr[i] - 1, -1):
                for f in range(m):
                    power[f] += weights[j]
                gap = int(counts[j] - (counts[j - 1] if j > ptr[i] else 0.0))
                square[:] = row
                while gap:
                    if gap & 1:
                        for f in range(m):
                            power[f] *= square[f]
                    gap >>= 1
                    if gap:
                        for f in range(m):
                            square[f] *= square[f]
        row[:] = power


@jit
def unwound(around: Floats, first: Integers, ptr: Integers, out: Floats) -> None:
    """Read each total off its circle, from its first number on, and make it 1 in all.

    around (n, size); first (n,) lattice numbers; out (ptr[n],) overwritten. What is below 0 is
    the rounding of the transform.
    """
    size = around.shape[1]
    for i in range(around.shape[0]):
        at, total = first[i] % size, 0.0
        for k in range(ptr[i], ptr[i + 1]):
            value = max(around[i, at], 0.0)
            out[k] = value
            total += value
            at += 1
            if at == size:
                at = 0
        for k in range(ptr[i], ptr[i + 1]):
            out[k] /= total


@jit
def cumulate(ptr: Integers, mass: Floats, cumulated: Floats) -> None:
    """Distribution function at each point, 1 at the last one of each row.

    cumulated, shape of mass, overwritten.
    """
    for i in range(ptr.shape[0] - 1):
        total = 0.0
        for k in range(ptr[i], ptr[i + 1]):
            total += mass[k]
            cumulated[k] = total
        cumulated[ptr[i + 1] - 1] = 1.0


@jit
def tabulate_losses(
    ptr: Integers, mass: Floats, step: Floats, owed: Floats, second: Floats
) -> None:
    """Loss functions of first and second order at each point.

    step (n,) units; owed (units), second (units squared), shape of mass, overwritten. They are
    summed from the far end, so that small ones are not differences of large ones.
    """
    for i in range(ptr.shape[0] - 1):
        begin, end, h = ptr[i], ptr[i + 1], step[i]
        above, loss, twice = 0.0, 0.0, 0.0
        owed[end - 1], second[end - 1] = 0.0, 0.0
        for k in range(end - 2, begin - 1, -1):
            above += mass[k + 1]
            twice += (loss + 0.5 * above) * h * h
            loss += above
            owed[k], second[k] = loss * h, twice
