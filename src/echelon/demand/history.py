"""From a tidy frame of demand to one dense panel: series down, periods across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.demand.mistaken_periods import (
    refuse_other_weekdays,
    refuse_wide_steps,
    refuse_written_dates,
    shown_day,
)
from echelon.errors import DomainError, Fault, TableError
from echelon.tables.check import check_table
from echelon.tables.checked import Checked, plain
from echelon.tables.column import Table
from echelon.tables.history import DEMAND_HISTORY
from echelon.tables.segments import with_segments
from echelon.tables.units import period_named

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Absent: TypeAlias = Literal["raise", "zero"]

_MOST_PERIODS = 20_000
_MOST_CELLS = 250_000_000  # of a panel, 2 GB
_LARGEST_NUMBER = 1e9  # of a period; times in seconds lie beyond, and count no periods


@dataclass(frozen=True, slots=True)
class Calendar:
    """How the periods of a panel are counted: by number, or by the days of a calendar.

    Attributes
    ----------
    period : {"number", "day", "week", "month"}
    anchor : int
        Days from Thursday (1 January 1970 was one) to the weekday that weeks begin on; 0 for the
        others.
    """

    period: str
    anchor: int = 0

    def labels(self, ordinals: Any) -> pd.Index:
        """Give the numbers, or the first days, of periods by their ordinals.

        Examples
        --------
        >>> Calendar("month").labels([638])[0].date().isoformat()
        '2023-03-01'
        """
        counted = np.asarray(ordinals, dtype=np.int64)
        if self.period == "number":
            return pd.Index(counted)
        if self.period == "month":
            return pd.DatetimeIndex(counted.astype("datetime64[M]").astype("datetime64[s]"))
        days = counted * 7 + self.anchor if self.period == "week" else counted
        return pd.DatetimeIndex(days.astype("datetime64[D]").astype("datetime64[s]"))


@dataclass(frozen=True, slots=True)
class Panel:
    """Demand of every series in every period, as arrays.

    Attributes
    ----------
    keys : DataFrame
        One row per series, in the order in which the history names them: item, location, segments.
    quantity : (n_series, n_periods) float64
        Units; NaN where the series was not observed, which is before its first and after its last
        row and nowhere between.
    censored : (n_series, n_periods) bool or None
        Where stock ran out, so that demand was at least the quantity; None if nowhere.
    first : int
        Ordinal of the first column.
    calendar : Calendar
    filled : (n_series,) int64
        Periods without a row that count as zero because the caller said so.
    """

    keys: pd.DataFrame
    quantity: Floats
    censored: Mask | None
    first: int
    calendar: Calendar
    filled: Integers

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.quantity)

    @property
    def n_periods(self) -> int:
        """Number of columns, from the earliest period of any series to the latest."""
        return int(self.quantity.shape[1])

    @property
    def periods(self) -> pd.Index:
        """Number or first day of each column."""
        return self.calendar.labels(self.first + np.arange(self.n_periods))


def read_history(
    history: object,
    *,
    segments: Sequence[str] = (),
    period: str | None = None,
    absent: Absent = "raise",
) -> Panel:
    """Check a history and lay it out as a panel.

    Parameters
    ----------
    history : DataFrame
        Table ``demand_history``. It is not modified.
    segments : sequence of str, optional
        Columns that tell segments apart, if they are not the one called ``segment``.
    period : {"day", "week", "month"}, optional
        What the dates of the history count; not needed where periods are numbers.
    absent : {"raise", "zero"}, default "raise"
        What it means that a period has no row: a fault, or that nobody asked. With ``"zero"`` a
        series is filled from its first row to the last period of the whole history.

    Returns
    -------
    Panel

    Raises
    ------
    TableError
        With every fault of the history.
    DomainError
        If an argument is not one of its values.
    UnknownNameError
        If there is no such period.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {"item": "bolt", "location": "shop", "period": [7, 8, 10], "quantity": [3.0, 0.0, 2.0]}
    ... )
    >>> read_history(frame, absent="zero").quantity.tolist()
    [[3.0, 0.0, 0.0, 2.0]]
    """
    if absent not in ("raise", "zero"):
        raise DomainError(f"absent is {absent!r}. Fix: use 'raise' or 'zero'.")
    if period is not None:
        period_named(period)
    checked = check_table(history, segmented(DEMAND_HISTORY, segments, history))
    keys = [name for name in checked.table.key if name != "period" and checked.has(name)]
    if not checked.named(("item", "location", "period", "quantity")) or checked.frame.empty:
        raise TableError(checked.faults)
    ordinal, calendar = ordinals(checked, "period", period)
    if checked.faults:
        raise TableError(checked.faults)
    series, labels = series_codes(checked.frame, keys)
    quantity, filled = _layout(checked, series, labels, ordinal, calendar, absent)
    if checked.faults:
        raise TableError(checked.faults)
    first = int(ordinal.min())
    censored = None
    if checked.has("stock_out") and (out := checked.frame["stock_out"].to_numpy()).any():
        censored = np.zeros(quantity.shape, dtype=np.bool_)
        censored[series[out], ordinal[out] - first] = True
    return Panel(labels, quantity, censored, first, calendar, filled)


def segmented(table: Table, segments: Sequence[str], frame: object = None) -> Table:
    """Give the table with the segment columns that a caller names; as it is where none are named.

    Raises
    ------
    DomainError
        If a text stands in place of the list, a name is taken or no text, or the frame has a
        column that is spelled nearly so and none of the name.
    """
    names = _names(segments)
    if not names:
        return table
    known = with_segments(table, names, required=True)
    if isinstance(frame, pd.DataFrame):
        others = [str(name) for name in frame.columns if name not in known.names]
        for name in names:
            near = get_close_matches(name, others, n=1)
            if near and name not in frame.columns:
                meant = [near[0] if one == name else one for one in names]
                raise DomainError(
                    f"segments names {name!r}, the frame has {near[0]!r}. "
                    f"Fix: pass segments={meant}, or rename the column."
                )
    return known


def _names(segments: Sequence[str]) -> tuple[str, ...]:
    taken = {"item", "location", "period", "quantity", "stock_out", "made_at", "forecast"}
    listed = isinstance(segments, (list, tuple))
    if not listed or not all(isinstance(name, str) for name in segments):
        raise DomainError(f"segments is {segments!r}. Fix: give a list of column names.")
    names = tuple(segments)
    wrong = [name for name in names if name in taken or names.count(name) > 1]
    if wrong:
        raise DomainError(
            f"segments names {wrong[0]!r}, which is taken. Fix: name each segment column once."
        )
    return names


def ordinals(checked: Checked, column: str, period: str | None) -> tuple[Integers, Calendar]:
    """Count the periods of a column; adds faults of dates that the calendar cannot place.

    Parameters
    ----------
    checked : Checked
    column : str
        Of kind ``period``.
    period : {"day", "week", "month"} or None

    Returns
    -------
    ordinals : (n_rows,) int64
        Consecutive for consecutive periods; 0 where the cell is faulty.
    calendar : Calendar
    """
    values = checked.frame[column].to_numpy()
    sound = checked.sound((column,))
    if values.dtype.kind != "M":
        given = np.nan_to_num(values.astype(np.float64))
        beyond = sound & (np.abs(given) > _LARGEST_NUMBER)
        checked.add(
            column,
            beyond,
            f"must not be beyond {_LARGEST_NUMBER:,.0f}: numbers of periods count on by one",
            "count the periods from the first one, or write dates",
        )
        numbers = np.where(sound & ~beyond, given, 0.0).astype(np.int64)
        refuse_written_dates(checked, column, numbers, sound)
        return numbers, Calendar("number")
    if period is None:
        checked.add(
            column,
            sound,
            "holds dates, and nothing says what one period is",
            "pass period='day', 'week' or 'month'",
            value=shown_day(values, sound),
        )
        return np.zeros(len(values), dtype=np.int64), Calendar("day")
    unit = period_named(period).name
    days = values.astype("datetime64[D]")
    days = np.where(sound, days, days[sound][0] if sound.any() else np.datetime64(0, "D"))
    if unit == "month":
        return days.astype("datetime64[M]").astype(np.int64), Calendar("month")
    counted = days.astype(np.int64)
    if unit == "day":
        return counted, Calendar("day")
    anchor = refuse_other_weekdays(checked, column, counted, sound)
    return (counted - anchor) // 7, Calendar("week", anchor)


def series_codes(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[Integers, pd.DataFrame]:
    """Number the series of a frame in the order in which they first appear.

    Returns
    -------
    codes : (n_rows,) int64
    labels : DataFrame
        One row per series, the key columns as text.
    """
    combined = np.zeros(len(frame), dtype=np.int64)
    for name in keys:
        codes, distinct = pd.factorize(frame[name])
        combined = combined * max(len(distinct), 1) + codes
        if len(keys) > 2:  # keep the product of many key columns from running over
            combined = pd.factorize(combined)[0].astype(np.int64)
    series, _ = pd.factorize(combined)
    firsts = np.flatnonzero(~pd.Series(series).duplicated().to_numpy())
    labels = frame.loc[firsts, list(keys)].reset_index(drop=True)
    return series.astype(np.int64), labels


def _layout(
    checked: Checked,
    series: Integers,
    labels: pd.DataFrame,
    ordinal: Integers,
    calendar: Calendar,
    absent: Absent,
) -> tuple[Floats, Integers]:
    first, last = int(ordinal.min()), int(ordinal.max())
    n_series, n_periods = len(labels), last - first + 1
    empty = np.zeros((0, 0)), np.zeros(0, dtype=np.int64)
    if n_periods > _MOST_PERIODS:
        checked.faults.append(
            Fault(
                checked.table.name,
                "period",
                0,
                f"{first} to {last}",
                f"spans {n_periods:,} periods, more than {_MOST_PERIODS:,}",
                "count the periods one by one, or pass the period that the dates mean",
            )
        )
        return empty
    if n_series * n_periods > max(_MOST_CELLS, 4 * len(ordinal)):
        checked.faults.append(
            Fault(
                checked.table.name,
                "period",
                0,
                f"{n_series:,} series over {n_periods:,} periods",
                f"spans {n_series * n_periods:,} periods of series, and only {len(ordinal):,} have "
                "a row",
                "correct a date that is far from the others, or fit groups of series one by one",
            )
        )
        return empty
    _refuse_second_rows(checked, series, ordinal, calendar, labels)
    if calendar.period == "day":
        refuse_wide_steps(checked, ordinal)
    if checked.faults:
        return empty
    quantity = np.full((n_series, n_periods), np.nan)
    quantity[series, ordinal - first] = checked.frame["quantity"].to_numpy()
    begins = np.full(n_series, last, dtype=np.int64)
    ends = np.full(n_series, first, dtype=np.int64)
    np.minimum.at(begins, series, ordinal)
    np.maximum.at(ends, series, ordinal)
    if absent == "zero":
        ends[:] = last
    place = np.arange(first, last + 1)
    gap = np.isnan(quantity)
    gap &= (place >= begins[:, None]) & (place <= ends[:, None])
    missing = gap.sum(axis=1)
    if absent == "zero":
        quantity[gap] = 0.0
    elif missing.any():
        bad = int(missing.argmax() if missing.max() > 0 else 0)
        at = calendar.labels([first + int(gap[bad].argmax())])[0]
        named = " / ".join(labels.iloc[bad])
        checked.faults.append(
            Fault(
                checked.table.name,
                "period",
                0,
                str(at.date() if isinstance(at, pd.Timestamp) else at),
                f"{int(missing.sum()):,} periods have no row between the first and the last of "
                f"their series, in {int((missing > 0).sum()):,} of {n_series:,} series, most in "
                f"{named} ({int(missing[bad])} periods)",
                "add the rows, with quantity 0 where nobody asked, or pass absent='zero'",
            )
        )
    return quantity, np.where(absent == "zero", missing, 0)


def _refuse_second_rows(
    checked: Checked, series: Integers, ordinal: Integers, calendar: Calendar, labels: pd.DataFrame
) -> None:
    """Two dates in one month are two rows for one period, though the dates differ."""
    if calendar.period == "number":
        return  # told by the check of the table
    cell = series * (int(ordinal.max()) - int(ordinal.min()) + 1) + ordinal
    again = pd.Series(cell).duplicated().to_numpy()
    if again.any():
        row = int(again.argmax())
        earlier = int((cell == cell[row]).argmax())
        value = (
            *labels.iloc[int(series[row])],
            shown_day(checked.frame["period"].to_numpy(), again),
        )
        checked.add(
            "period",
            again,
            f"falls into the same {calendar.period} as row {earlier + 1} of the same series",
            f"add the quantities of a {calendar.period} up to one row",
            value=tuple(plain(part) for part in value),
        )
