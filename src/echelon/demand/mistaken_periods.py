"""Periods that are not what they look like: dates as numbers, stray weekdays, weeks as days."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import Fault
from echelon.tables.checked import Checked

Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

_FEWEST_DATES = 4
"""Distinct dates from which their distance says what a period is."""


def shown_day(values: NDArray[Any], rows: Mask) -> str | None:
    """Give the day of the first marked row as text, None if none is marked."""
    return str(values[rows][0].astype("datetime64[D]")) if rows.any() else None


def refuse_written_dates(checked: Checked, column: str, numbers: Integers, sound: Mask) -> None:
    """Add a fault where numbers are dates in one number: 202512, 202452 or 20251231.

    They are told from numbers that count on by one by their last two digits, which never pass 12
    or 53, and by two of them at least.
    """
    seen = np.unique(numbers[sound])
    if len(seen) < 2:
        return
    first, cells = int(seen[0]), f"{checked.table.name}[{column!r}]"
    last = seen % 100
    if seen[0] > 190_000 and seen[-1] < 210_000 and last.min() >= 1 and last.max() <= 53:
        if last.max() <= 12:
            what = "years and months"
            remedy = (
                f"write dates, {first // 100}-{first % 100:02d} for {first}, "
                "and pass period='month'"
            )
        else:
            what = "years and weeks"
            remedy = (
                f"write dates, pd.to_datetime({cells}.astype(str) + '1', format='%G%V%u') where "
                "weeks are those of ISO 8601, and pass period='week'"
            )
    elif _are_days(seen):
        what = "days"
        remedy = (
            f"write dates, pd.to_datetime({cells}.astype(str), format='%Y%m%d'), "
            "and pass period='day', 'week' or 'month'"
        )
    else:
        return
    checked.add(
        column,
        sound,
        f"looks like {what} written as one number, which do not count on by one",
        remedy,
    )


def _are_days(numbers: Integers) -> bool:
    if numbers[0] < 19_000_101 or numbers[-1] > 21_001_231:
        return False
    dates = pd.to_datetime(pd.Series(numbers).astype(str), format="%Y%m%d", errors="coerce")
    return bool(dates.notna().all())


def refuse_other_weekdays(checked: Checked, column: str, days: Integers, sound: Mask) -> int:
    """Find the weekday that weeks begin on, the commonest, and add a fault of rows on another.

    Parameters
    ----------
    checked : Checked
    column : str
    days : (n_rows,) int64
        Days since 1 January 1970.
    sound : (n_rows,) bool

    Returns
    -------
    int
        Days from Thursday to that weekday.
    """
    counts = np.bincount(days[sound] % 7, minlength=7)
    weekday = int(counts.argmax())
    apart = sound & (days % 7 != weekday)
    if not apart.any():
        return weekday
    name = pd.Timestamp(weekday, unit="D").day_name()
    dates = days.astype("datetime64[D]")
    distinct = np.unique(dates[sound])
    if len(distinct) >= _FEWEST_DATES and (step := _step(distinct)) == "month":
        remedy = f"the rows are a {step} apart: pass period={step!r}"
    else:
        remedy = f"write the {name} of the week, or add the days up to weeks first"
    checked.add(
        column,
        apart,
        f"must be a {name}, as most rows are, for weeks to be told apart",
        remedy,
        value=shown_day(dates, apart),
    )
    return weekday


def refuse_wide_steps(checked: Checked, days: Integers) -> None:
    """Add a fault where periods are days, and no two rows are less than a week or month apart.

    Else six days of seven would be gaps, or count as days without demand.
    """
    first = int(days.min())
    distinct = (np.flatnonzero(np.bincount(days - first)) + first).astype("datetime64[D]")
    step = _step(distinct) if len(distinct) >= _FEWEST_DATES else ""
    if not step:
        return
    apart = "7 days" if step == "week" else "a month"
    checked.faults.append(
        Fault(
            checked.table.name,
            "period",
            0,
            f"{distinct[0]}, {distinct[1]}, {distinct[2]}",
            "no two rows are on neighbouring days, though a period is to be a day",
            f"the rows are {apart} apart: pass period={step!r}; if days are meant, give a row with "
            "quantity 0 between them",
        )
    )


def _step(dates: NDArray[Any]) -> str:
    """Say whether distinct days, sorted, are weeks or months apart; empty where neither."""
    steps = np.diff(dates).astype(np.int64)
    if (steps % 7 == 0).all():
        return "week"
    of_month = dates - dates.astype("datetime64[M]").astype("datetime64[D]")
    last = (dates + 1).astype("datetime64[M]") != dates.astype("datetime64[M]")
    return "month" if len(np.unique(of_month)) == 1 or last.all() else ""
