"""Rows of numbers, one per run: added, averaged over groups, taken moments of."""

from __future__ import annotations

from echelon.kernels._jit import Floats, Integers, jit, jit_rows_step


@jit_rows_step
def fill(to: Floats, q: int, value: float, n: int) -> None:
    """Row ``to[q] = value``."""
    for r in range(n):
        to[q, r] = value


@jit_rows_step
def copy(to: Floats, what: Floats, n_rows: int, n: int) -> None:
    """First rows of ``what`` to ``to``."""
    for q in range(n_rows):
        for r in range(n):
            to[q, r] = what[q, r]


@jit_rows_step
def add(to: Floats, q: int, factor: float, what: Floats, i: int, n: int) -> None:
    """Row ``to[q] += factor * what[i]``."""
    for r in range(n):
        to[q, r] += factor * what[i, r]


@jit_rows_step
def put(to: Floats, q: int, factor: float, what: Floats, i: int, n: int) -> None:
    """Row ``to[q] = 0 + factor * what[i]``: what :func:`add` makes of a row of zeros."""
    for r in range(n):
        to[q, r] = 0.0 + factor * what[i, r]


@jit_rows_step
def is_something(what: Floats, i: int, n: int) -> bool:
    """Whether row ``what[i]`` has any number but 0, of which there is at least one."""
    if what[i, 0] != 0.0:  # as in most rows that have some
        return True
    count = 0
    for r in range(n):
        count += 1 if what[i, r] != 0.0 else 0
    return count > 0


@jit_rows_step
def collapse(values: Floats, n_rows: int, n_runs: int, group: int) -> int:
    """Replace runs by means of groups of them, and say how many those are."""
    if group == 1:
        return n_runs
    n = n_runs // group
    for q in range(n_rows):
        for g in range(n):
            of_group = 0.0
            for r in range(g * group, (g + 1) * group):
                of_group += values[q, r]
            values[q, g] = of_group / group
    return n


@jit_rows_step
def moments(values: Floats, q: int, n: int, mean: Floats, spread: Floats, i: int) -> None:
    """Mean and spread of row ``q`` over its first ``n`` entries, into row ``i``; centres it."""
    centre = total(values, q, n) / n
    mean[i, q] = centre
    for r in range(n):
        values[q, r] -= centre
    spread[i, q] = product(values, q, q, n)


@jit_rows_step
def as_multiple(mean: Floats, spread: Floats, i: int, q: int, factor: float, of: int) -> None:
    """Moments of a row that is ``factor`` times another."""
    mean[i, q] = factor * mean[i, of]
    spread[i, q] = factor * factor * spread[i, of]


@jit_rows_step
def total(values: Floats, q: int, n: int) -> float:
    """Sum of a row in eight strands: they do not wait for each other."""
    a = b = c = d = e = f = g = h = 0.0
    whole = n - n % 8
    for r in range(0, whole, 8):
        a += values[q, r]
        b += values[q, r + 1]
        c += values[q, r + 2]
        d += values[q, r + 3]
        e += values[q, r + 4]
        f += values[q, r + 5]
        g += values[q, r + 6]
        h += values[q, r + 7]
    for r in range(whole, n):
        a += values[q, r]
    return ((a + b) + (c + d)) + ((e + f) + (g + h))


@jit_rows_step
def product(values: Floats, p: int, q: int, n: int) -> float:
    """Sum of the products of two rows, in eight strands."""
    a = b = c = d = e = f = g = h = 0.0
    whole = n - n % 8
    for r in range(0, whole, 8):
        a += values[p, r] * values[q, r]
        b += values[p, r + 1] * values[q, r + 1]
        c += values[p, r + 2] * values[q, r + 2]
        d += values[p, r + 3] * values[q, r + 3]
        e += values[p, r + 4] * values[q, r + 4]
        f += values[p, r + 5] * values[q, r + 5]
        g += values[p, r + 6] * values[q, r + 6]
        h += values[p, r + 7] * values[q, r + 7]
    for r in range(whole, n):
        a += values[p, r] * values[q, r]
    return ((a + b) + (c + d)) + ((e + f) + (g + h))


@jit
def add_up(values: Floats, row_of: Integers, total: Floats) -> None:
    """Add each row of ``values`` (n, m) to that row of ``total``, one after the other.

    row_of (n,): which row of ``total`` (n_rows, m), added to.
    """
    for i in range(row_of.size):
        to = row_of[i]
        for r in range(values.shape[1]):
            total[to, r] += values[i, r]
