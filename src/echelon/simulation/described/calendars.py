"""Campaign calendars as one flag per period."""

from __future__ import annotations

import numpy as np
import pandas as pd

from echelon.network.compiled import Floats, Integers

_MOST_BITS = 60.0
"""A product of repeats that needs more bits is taken as longer than any run."""


def open_periods(
    calendar: pd.DataFrame, stage: Integers, n_stages: int, n_periods: int
) -> tuple[Integers, Floats]:
    """Lay out in which periods stages may start.

    Parameters
    ----------
    calendar : DataFrame
        start, length, every (NaN: once), periods.
    stage : (n_rows,) int64
        Stage of each row.
    n_stages : int
    n_periods : int
        Of the run; periods after it are not laid out.

    Returns
    -------
    open_ptr : (n_stages + 1,) int64
        Periods of a stage; none where it has no row, and then it is always open.
    open_at : (n_open,) float64
        1.0 in periods in which the stage may start. A cycle where all of its windows repeat from
        period 0 on and the repeats fit together before the run ends, else the whole run.

    Examples
    --------
    >>> weeks = pd.DataFrame({"start": [1], "length": [2], "every": [4.0]})
    >>> ptr, at = open_periods(weeks, np.array([0]), 1, 100)
    >>> at.tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    if not len(calendar):
        return np.zeros(n_stages + 1, dtype=np.int64), np.zeros(0)
    order = np.argsort(stage, kind="stable")
    stage = stage[order]
    start, length, every = (
        calendar[name].to_numpy(dtype=np.float64, na_value=np.nan)[order]
        for name in ("start", "length", "every")
    )
    once = np.isnan(every)
    repeat = np.where(once, 1.0, every).astype(np.int64)
    whole = ~once & (start + length <= repeat)  # no window of an earlier repeat reaches period 0
    firsts = np.flatnonzero(np.diff(stage, prepend=-1))
    bits = np.add.reduceat(np.log2(repeat), firsts)
    cycles = np.logical_and.reduceat(whole, firsts) & (bits < _MOST_BITS)
    short = cycles[np.cumsum(np.diff(stage, prepend=-1) != 0) - 1]
    together = np.lcm.reduceat(np.where(short, repeat, 1), firsts)
    span = np.where(cycles, np.minimum(together, n_periods), n_periods)

    counts = np.zeros(n_stages, dtype=np.int64)
    counts[stage[firsts]] = span
    ptr = np.concatenate([[0], np.cumsum(counts)])
    # every row marks its windows in the periods of its stage
    sizes = counts[stage]
    row = np.repeat(np.arange(len(stage)), sizes)
    period = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    since = period - start[row]
    into = np.where(once[row], since, np.mod(since, repeat[row]))
    inside = (since >= 0.0) & (into < length[row])
    open_at = np.zeros(int(ptr[-1]))
    open_at[(ptr[stage[row]] + period)[inside]] = 1.0
    return ptr, open_at
