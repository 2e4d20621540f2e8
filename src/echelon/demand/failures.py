"""Series that got no model, as rows of a result's failures."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from echelon.results import FAILURE_COLUMNS


def failures_frame(keys: pd.DataFrame, failed: Sequence[tuple[int, int, str, str]]) -> pd.DataFrame:
    """Make the failures frame of series: the columns of all failures, then the segments.

    Parameters
    ----------
    keys : DataFrame
        One row per series: item, location, segments.
    failed : sequence of tuple
        Number (``component``), row of ``keys`` from 0, kind of error, message.

    Returns
    -------
    DataFrame
        A segment column that is called as one of the failures' own is left out.

    Examples
    --------
    >>> keys = pd.DataFrame({"item": "tea", "location": "shop", "channel": ["web", "fair"]})
    >>> frame = failures_frame(keys, [(0, 1, "no model", "too short")])
    >>> frame.columns.tolist()
    ['component', 'item', 'location', 'error', 'message', 'channel']
    >>> frame["channel"].tolist()
    ['fair']
    """
    rows = [row for _, row, _, _ in failed]
    columns = {
        **{name: keys[name].iloc[rows].to_numpy() for name in keys.columns},
        "component": pd.Series([number for number, *_ in failed], dtype="int64"),
        "error": pd.Series([error for *_, error, _ in failed], dtype=object),
        "message": pd.Series([message for *_, message in failed], dtype=object),
    }
    own = [name for name in keys.columns if name not in FAILURE_COLUMNS]
    return pd.DataFrame(columns, columns=[*FAILURE_COLUMNS, *own])
