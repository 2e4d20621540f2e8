"""What to do about rows that have the same key: a further column may tell them apart."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from echelon.tables.column import Table

_SEGMENTED = ("demand", "demand_history", "forecasts")
"""Tables whose rows may be told apart by segment columns that a caller names."""

_NO_SEGMENTS = ("item", "location", "made_at", "period", "segment")
"""What such a table has in its key besides."""

_MERGE = "merge the rows, or remove all but one"


def duplicates_remedy(
    table: Table, key: Sequence[str], keys: pd.DataFrame, given: pd.DataFrame
) -> str:
    """Say what to do about rows with the same key.

    Parameters
    ----------
    table : Table
    key : sequence of str
        The key columns that were given.
    keys : (n_rows,) DataFrame
        Those columns as they were read.
    given : (n_rows,) DataFrame
        The same rows as they were given, with the columns that the table does not know.

    Examples
    --------
    >>> from echelon.tables.history import DEMAND_HISTORY
    >>> keys = pd.DataFrame({"item": ["a", "a"], "location": "x", "period": 1})
    >>> given = keys.assign(market=["EU", "US"])
    >>> duplicates_remedy(DEMAND_HISTORY, list(keys), keys, given)
    "pass segments=['market'], for market tells the rows apart; or add them up to one"
    """
    columns: list[object] = list(given.columns)
    others = [name for name in columns if isinstance(name, str) and name not in table.names]
    if table.name not in _SEGMENTED or not others or len(set(others)) < len(others):
        return _MERGE
    rows = keys.assign(**{name: given[name].astype(str).array for name in others})

    def tell_apart(names: Sequence[str]) -> bool:
        return not rows.duplicated([*key, *names]).any()

    needed = next(([name] for name in others if tell_apart([name])), others)
    if not tell_apart(needed):
        return _MERGE
    segments = [*(name for name in key if name not in _NO_SEGMENTS), *needed]
    verb = "tells" if len(needed) == 1 else "tell"
    apart = f"{' and '.join(needed)} {verb} the rows apart"
    return f"pass segments={segments}, for {apart}; or add them up to one"
