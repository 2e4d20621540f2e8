"""Rows of demand that are periods of one cycle, put together into one row per stage and segment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.distributions import make
from echelon.errors import DomainError
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.tables import Checked


@dataclass(frozen=True, slots=True)
class Joined:
    """Demand with one row per stage and segment.

    Attributes
    ----------
    first : (n_rows,) int64
        The first of the rows that each came from.
    given, filled : DataFrame
        family, mean, std and parameters, without and with what was computed.
    """

    first: Integers
    given: pd.DataFrame
    filled: pd.DataFrame


def join_periods(demand: Checked, given: pd.DataFrame, filled: pd.DataFrame) -> Joined:
    """Put the rows of a cycle together as one row of the family ``per_period``.

    Rows without a period stay as they are. A row stands where the first row of its key stood.

    Parameters
    ----------
    demand : Checked
        The table; faults are added to it.
    given, filled : DataFrame
        family, mean, std and parameters of each of its rows.

    Returns
    -------
    Joined
        Rows as they came, unless all of the table is sound.
    """
    every = np.arange(len(filled), dtype=np.int64)
    key = [name for name in demand.table.key if name != "period" and demand.has(name)]
    required = tuple(name for name in demand.table.key if demand.table[name].required)
    if not demand.has("period") or not demand.named(required):
        return Joined(every, given, filled)
    period = demand.frame["period"].to_numpy(dtype=np.float64)
    group = demand.frame.groupby(key, sort=False).ngroup().to_numpy(dtype=np.int64)
    check_cycles(
        demand,
        period,
        group,
        (
            "stage and segment",
            "give every period of the cycle a row, mean 0 and std 0 where nobody buys",
        ),
    )
    if demand.faults:
        return Joined(every, given, filled)
    first = np.unique(group, return_index=True)[1].astype(np.int64)  # groups count by first row
    joined = [frame.iloc[first].reset_index(drop=True) for frame in (given, filled)]
    cells = {str(name): filled[name].to_numpy(dtype=object) for name in filled}
    order = np.lexsort((period, group))
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    places, laws = [], []
    for place, rows in enumerate(np.split(order, starts[1:])):
        if np.isnan(period[rows[0]]):
            continue
        parameters = {name: column[rows].tolist() for name, column in cells.items()}
        try:
            laws.append(make("per_period", parameters=parameters))
            places.append(place)
        except DomainError as error:
            message, _, remedy = str(error).partition(" Fix: ")
            demand.add("period", np.isin(every, rows), message.rstrip("."), remedy.rstrip("."))
    texts = [json.dumps(law.parameters(), sort_keys=True) for law in laws]
    for frame, known in zip(joined, (False, True), strict=True):
        frame.loc[places, "family"] = "per_period"
        frame.loc[places, "parameters"] = texts
        frame.loc[places, "mean"] = [law.mean for law in laws] if known else np.nan
        frame.loc[places, "std"] = [law.std for law in laws] if known else np.nan
    return Joined(first, joined[0], joined[1])


def check_cycles(
    demand: Checked, period: Floats, group: NDArray[Any], words: tuple[str, str]
) -> None:
    """Add faults of cycles that are not whole.

    Parameters
    ----------
    demand : Checked
        The table, with a column ``period``.
    period : (n_rows,) float64
        NaN where the row is of every period.
    group : (n_rows,) int64
        Cycle of each row, from 0.
    words : tuple of str
        What has a cycle, and the remedy where a period has no row.
    """
    owner, remedy = words
    dated = ~np.isnan(period)
    sound = demand.sound(demand.table.key)
    broken: Booleans = dated & (period != np.rint(np.nan_to_num(period)))
    demand.add(
        "period",
        broken & sound,
        "must be a whole number",
        "number the periods of the cycle from 0",
    )
    n_groups = int(group.max(initial=-1)) + 1
    rows = np.bincount(group, minlength=n_groups)
    with_period = np.bincount(group, dated, n_groups)
    mixed = (with_period > 0) & (with_period < rows)
    demand.add(
        "period",
        mixed[group] & ~dated & sound,
        f"is blank here and filled in other rows of the same {owner}",
        "give every row of the cycle its period, or keep the one row without",
    )
    last = np.full(n_groups, -1.0)
    np.maximum.at(last, group[dated], period[dated])
    whole = np.bincount(group, broken | ~sound, n_groups) == 0
    short = whole & ~mixed & (with_period > 0) & (last + 1.0 > rows)
    first_of = np.zeros(len(group), dtype=np.bool_)
    first_of[np.unique(group, return_index=True)[1]] = True
    for g in np.flatnonzero(short)[:1]:
        there = set(period[group == g].astype(int).tolist())
        absent = next(t for t in range(int(last[g]) + 1) if t not in there)
        demand.add(
            "period",
            short[group] & first_of,
            f"the cycle has gaps: period {absent} of 0 to {int(last[g])} has no row",
            remedy,
        )
