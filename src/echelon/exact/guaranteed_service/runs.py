"""Runs laid end to end in one array: where each begins, and what is where in it."""

from __future__ import annotations

from typing import TypeVar, cast

import numpy as np

from echelon.network.compiled import Floats, Integers

Values = TypeVar("Values", Integers, Floats)


def pointers(sizes: Integers | list[int]) -> Integers:
    """Where each of several runs laid end to end begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def within_runs(counts: Integers) -> Integers:
    """Number, from 0 on, within each of several runs laid end to end."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def runs(ptr: Integers, chosen: Integers) -> Integers:
    """Positions of what is in some of the runs that ``ptr`` delimits, run by run."""
    counts = ptr[chosen + 1] - ptr[chosen]
    return np.repeat(ptr[chosen], counts) + within_runs(counts)


def taken(values: Values, ptr: Integers, chosen: Integers) -> Values:
    """What is in some of the runs that ``ptr`` delimits, end to end: quick where runs are long."""
    ends = zip(ptr[chosen].tolist(), ptr[chosen + 1].tolist(), strict=True)
    return cast(Values, np.concatenate([values[first:last] for first, last in ends]))
