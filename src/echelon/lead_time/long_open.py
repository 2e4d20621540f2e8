"""Orders open for longer than any was under way: forgotten in the log, or the start of a trend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import warn_of_data
from echelon.lead_time.columns import LONG_OPEN
from echelon.lead_time.dates import Mask
from echelon.lead_time.estimate import Estimate, Floats, Key, Level, estimate_levels
from echelon.tables import SHIPMENTS

_FEW = 20
"""Finished shipments below which the longest of a key says little: its pool is asked then."""


def find_long_open(
    leg: str,
    keys: pd.DataFrame,
    rows: NDArray[np.int64],
    days: Floats,
    finished: Mask,
    weights: Floats,
    *,
    levels: Sequence[Level],
    estimates: Mapping[Level, Mapping[Key, Estimate]],
    days_per_period: float,
) -> pd.DataFrame:
    """List the open orders that have waited for longer than any finished shipment of their key.

    What a distribution has left beyond the longest finished day goes to the longest day on record,
    so that these rows, and no other open ones, say how far its tail reaches.

    Parameters
    ----------
    leg : str
    keys : (n,) DataFrame of text
        Columns of the first level.
    rows : (n,) ndarray of int64
        Row of the log of each, from 0.
    days, finished, weights : (n,) ndarray
        As :func:`echelon.lead_time.estimate.estimate_levels` takes them; at least one is finished.
    levels : sequence of tuple of str
        A key with fewer than 20 finished shipments is held against the first of its pools that
        has as many, and at last against all.
    estimates : dict
        By level and key, made from these rows.
    days_per_period : float

    Returns
    -------
    DataFrame
        One row per such order, the columns of ``LONG_OPEN`` and those of the first level: ``row``
        counts from 1, ``days_open`` and ``longest_delivered`` are days, ``lead_time`` is the mean
        of the key in periods, ``lead_time_without`` the mean had none of these orders been in the
        log.
    """
    longest = _longest(keys, days, finished, levels)
    over = ~finished & (days > longest)
    head, *rest = LONG_OPEN.names
    columns = [head, *levels[0], *rest]
    if not over.any():
        return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    kept = ~over
    without, _ = estimate_levels(
        keys[kept].reset_index(drop=True), days[kept], finished[kept], weights[kept], levels, 0.0
    )
    named = keys[over]
    own = [tuple(map(str, key)) for key in named.itertuples(index=False)]
    return pd.DataFrame(
        {
            "leg": leg,
            **{name: named[name].to_numpy() for name in levels[0]},
            "row": rows[over] + 1,
            "days_open": days[over],
            "longest_delivered": longest[over],
            "lead_time": [_mean(estimates, levels, key) / days_per_period for key in own],
            "lead_time_without": [_mean(without, levels, key) / days_per_period for key in own],
        },
        columns=columns,
    )


def warn_of_long_open(found: pd.DataFrame, by: Sequence[str], period: str) -> None:
    """Warn of the orders that :func:`find_long_open` found, naming the first."""
    if found.empty:
        return
    first = found.iloc[0]
    n = found["row"].nunique()
    named = ", ".join([*(f"{name} {first[name]!r}" for name in by), f"leg {first['leg']!r}"])
    counted = "1 open order has" if n == 1 else f"{n} open orders have"
    warn_of_data(
        f"{SHIPMENTS.name}: {counted} waited for longer than any delivered one of "
        f"{'its' if n == 1 else 'their'} key, first row {first['row']} ({named}): open for "
        f"{first['days_open']:g} days, and the longest delivered took "
        f"{first['longest_delivered']:g}. The mean lead time of this key is "
        f"{first['lead_time']:.4g} {period}s with such orders and "
        f"{first['lead_time_without']:.4g} without. Fix: close it in the log if it was delivered "
        "or cancelled, or give credible_days=(0, ...) with the most days that you believe."
    )


def _longest(keys: pd.DataFrame, days: Floats, finished: Mask, levels: Sequence[Level]) -> Floats:
    """Longest finished day of each row's key, or of the first of its pools that has enough."""
    ended = pd.Series(np.where(finished, days, np.nan))
    longest = np.full(len(days), ended.max())
    undecided = np.ones(len(days), dtype=np.bool_)
    for level in levels:
        if not level:
            break
        by_key = ended.groupby([keys[name] for name in level])
        enough = undecided & (by_key.transform("count") >= _FEW).to_numpy()
        longest[enough] = by_key.transform("max").to_numpy()[enough]
        undecided &= ~enough
    return longest


def _mean(
    estimates: Mapping[Level, Mapping[Key, Estimate]], levels: Sequence[Level], key: Key
) -> float:
    """Mean days of a key, or of its nearest pool where it has no row."""
    own = dict(zip(levels[0], key, strict=True))
    for level in levels:
        estimate = estimates[level].get(tuple(own[name] for name in level))
        if estimate is not None:
            return float(estimate.days @ estimate.probabilities)
    raise AssertionError("the pool of all has every finished shipment")
