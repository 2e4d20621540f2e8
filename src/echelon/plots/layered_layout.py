"""Where the stages of a network stand when it is drawn in columns, customers on the right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.network.compiled import Floats, Integers

_SWEEPS = 12
_MOST_ROWS = 52
"""Stages one above the other, before a column is cut into several side by side."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of stages in columns, in the order in which the stages were given.

    Attributes
    ----------
    column : (n_stages,) int64
        From the left, 0 first; one number per ``step`` and part of it.
    height : (n_stages,) float64
        In lines, from 0 upwards; stages of one column are at least a line apart.
    column_step : (n_columns,) int64
        Step of each column.
    """

    column: Integers
    height: Floats
    column_step: Integers


def in_columns(steps: Integers, supplier: Integers, customer: Integers) -> Layout:
    """Stand stages in columns by step, each beside its suppliers and customers.

    The same input always gives the same places.

    Parameters
    ----------
    steps : (n_stages,) int64
        Steps up from the customers; the highest stands on the left.
    supplier, customer : (n_lanes,) int64
        Stages at the ends of each lane.

    Returns
    -------
    Layout
    """
    n_steps = int(steps.max(initial=0)) + 1
    members = [np.flatnonzero(steps == step) for step in range(n_steps)]
    parts = [-(-len(rows) // _MOST_ROWS) or 1 for rows in members]
    spacing = [1.0 / part for part in parts]
    height = np.zeros(len(steps))
    for rows, apart in zip(members, spacing, strict=True):
        height[rows] = -apart * (np.arange(len(rows)) - (len(rows) - 1) / 2)
    for sweep in range(_SWEEPS):
        upward = sweep % 2 == 0  # first the suppliers go to their customers, then back
        mine, theirs = (supplier, customer) if upward else (customer, supplier)
        for step in range(n_steps) if upward else reversed(range(n_steps)):
            rows = members[step]
            wanted = _beside(rows, mine, theirs, height)
            order = np.lexsort((np.arange(len(rows)), -height[rows], -wanted))
            height[rows[order]] = _apart(wanted[order], spacing[step])
        for rows, apart in zip(members, spacing, strict=True):
            _pull_together(rows, apart, height)
    column = np.zeros(len(steps), dtype=np.int64)
    column_step: list[int] = []
    for step in reversed(range(n_steps)):
        rows = members[step][np.argsort(-height[members[step]], kind="stable")]
        column[rows] = len(column_step) + np.arange(len(rows)) % parts[step]
        column_step += [step] * parts[step]
    return Layout(column, height - height.min(), np.array(column_step, np.int64))


def _beside(rows: Integers, mine: Integers, theirs: Integers, height: Floats) -> Floats:
    """Middle of the neighbours of each row; its own place where it has none on that side."""
    count = np.bincount(mine, minlength=len(height))[rows]
    total = np.bincount(mine, height[theirs], minlength=len(height))[rows]
    return np.where(count > 0, total / np.maximum(count, 1), height[rows])


def _apart(wanted: Floats, apart: float) -> Floats:
    """Nearest places to ``wanted``, descending, that are at least ``apart`` from one another."""
    from scipy.optimize import isotonic_regression

    shift = apart * np.arange(len(wanted))
    nearest = isotonic_regression(-wanted - shift).x if len(wanted) else wanted
    return -(np.asarray(nearest, dtype=np.float64) + shift)


def _pull_together(rows: Integers, apart: float, height: Floats) -> None:
    """Close wide empty stretches between neighbours of a column: paper is short."""
    order = rows[np.argsort(-height[rows], kind="stable")]
    gaps = -np.diff(height[order])
    if len(gaps):
        capped = np.minimum(gaps, max(3.0 * apart, 3.0))
        middle = height[order].mean()
        height[order] = -np.concatenate([[0.0], np.cumsum(capped)])
        height[order] += middle - height[order].mean()
