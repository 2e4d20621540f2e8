"""Find the one series that a key names, or say which it could be."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import DomainError

_MOST_NAMED = 5


def series_named(keys: pd.DataFrame, key: Mapping[str, object]) -> int:
    """Give the row of the series that a key names.

    Parameters
    ----------
    keys : (n_series,) DataFrame
        Item, location and segments, as text.
    key : mapping
        Columns and values, enough of them to name one series.

    Returns
    -------
    int

    Raises
    ------
    DomainError
        If a column is none of the key, or no series or several have these values.

    Examples
    --------
    >>> keys = pd.DataFrame({"item": ["nut", "bolt"], "location": "shop"})
    >>> series_named(keys, {"item": "bolt"})
    1
    """
    unknown = [name for name in key if name not in keys.columns]
    if unknown:
        known = ", ".join(keys.columns)
        raise DomainError(f"{unknown[0]!r} is no key column. Fix: name one of {known}.")
    found = np.flatnonzero(rows_with(keys, key))
    asked = ", ".join(f"{name}={value!r}" for name, value in key.items()) or "no key"
    if not len(found):
        raise DomainError(f"{asked} names no series. Fix: {_nearest(keys, key)}.")
    if len(found) > 1:
        named = [
            ", ".join(f"{name}={value!r}" for name, value in keys.iloc[row].items() if value)
            for row in found[:_MOST_NAMED]
        ]
        named += [f"and {len(found) - _MOST_NAMED:,} more"] if len(found) > _MOST_NAMED else []
        raise DomainError(
            f"{asked} names {len(found):,} series: {'; '.join(named)}. "
            f"Fix: give {', '.join(keys.columns)} of one of them."
        )
    return int(found[0])


def rows_with(table: pd.DataFrame, key: Mapping[str, object]) -> NDArray[np.bool_]:
    """Mark the rows of a table that have these values.

    Parameters
    ----------
    table : (n_rows,) DataFrame
    key : mapping
        Columns and values; values are compared as text.

    Returns
    -------
    (n_rows,) ndarray of bool
    """
    marked = np.ones(len(table), dtype=np.bool_)
    for name, value in key.items():
        marked &= (table[name] == str(value)).to_numpy(dtype=np.bool_)
    return marked


def _nearest(keys: pd.DataFrame, key: Mapping[str, object]) -> str:
    """Say what to write for the first value that no series has, else list the columns."""
    for name, value in key.items():
        known = keys[name].unique().tolist()
        if str(value) not in known:
            near = get_close_matches(str(value), known, n=1) or sorted(known)[:_MOST_NAMED]
            return f"{name} is one of {', '.join(map(repr, near))}"
    return f"no series has all of these; give {', '.join(keys.columns)} of a row of .panel.keys"
