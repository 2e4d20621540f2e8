"""How a record stood to its promises, and how its lead times moved over the years."""

from __future__ import annotations

import numpy as np
import pandas as pd

from echelon.lead_time.columns import PROMISES
from echelon.lead_time.dates import Mask
from echelon.lead_time.record import Observed, Record


def promises(record: Record, observed: Observed, as_of: np.datetime64 | None) -> pd.DataFrame:
    """Measure punctuality by key, and over all in the last row.

    Parameters
    ----------
    record : Record
    observed : Observed
        Of the whole way.
    as_of : datetime64 or None

    Returns
    -------
    DataFrame
        See :attr:`LeadTimeModels.promises`; without a row if nothing was promised.
    """
    columns = [*record.by, *PROMISES.names]
    if "promised" not in record.rows.columns:
        return pd.DataFrame(columns=columns)
    promised = record.days("promised")
    dated = ~np.isnat(promised)
    days_late = (record.days("delivered") - promised).astype(np.float64)
    finished = observed.finished & dated
    overdue = np.zeros(len(dated), dtype=np.bool_)
    if as_of is not None:
        overdue = observed.taking_part & ~observed.finished & dated & (promised < as_of)
    if not (finished | overdue).any():
        return pd.DataFrame(columns=columns)
    lines = []
    rows = np.flatnonzero(finished | overdue)
    if record.by:
        of_key = record.rows.iloc[rows].groupby(list(record.by), sort=True).indices
        for key, places in of_key.items():
            own = rows[places]
            named = key if isinstance(key, tuple) else (key,)
            measures = _measures(days_late[own], finished[own], overdue[own])
            lines.append([*map(str, named), *measures])
    lines.append([*("" for _ in record.by), *_measures(days_late, finished, overdue)])
    return pd.DataFrame(lines, columns=columns)


def _measures(days_late: np.ndarray, finished: Mask, overdue: Mask) -> list[float]:
    late = days_late[finished]
    behind, ahead = late[late > 0.0], late[late < 0.0]
    none = float("nan")
    return [
        len(late),
        float((late <= 0.0).mean()) if len(late) else none,
        len(ahead) / len(late) if len(late) else none,
        len(behind) / len(late) if len(late) else none,
        float(-ahead.mean()) if len(ahead) else none,
        float(behind.mean()) if len(behind) else none,
        float(np.quantile(behind, 0.9, method="inverted_cdf")) if len(behind) else none,
        int(overdue.sum()),
    ]


def trend(record: Record, observed: Observed, days_per_period: float) -> pd.DataFrame:
    """Sum lead times up by the year of delivery, over all keys.

    Parameters
    ----------
    record : Record
    observed : Observed
        Of the whole way.
    days_per_period : float

    Returns
    -------
    DataFrame
        year, shipments, median, mean, p90; periods.
    """
    done = observed.finished
    year = record.days("delivered")[done].astype("datetime64[Y]").astype(np.int64) + 1970
    days = pd.Series(observed.days[done] / days_per_period).groupby(year)
    return (
        pd.DataFrame(
            {
                "shipments": days.size(),
                "median": days.median(),
                "mean": days.mean(),
                "p90": days.quantile(0.9),
            }
        )
        .rename_axis("year")
        .reset_index()
    )
