"""Reading a history: calendars, gaps, and what is wrong with it, told in full."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from echelon import fit_demand
from echelon.demand.history import read_history
from echelon.errors import DomainError, TableError

NAN = float("nan")


def sound() -> pd.DataFrame:
    """Two series of three months, without a fault."""
    return pd.DataFrame(
        {
            "item": ["bolt"] * 3 + ["nut"] * 3,
            "location": "shop",
            "period": ["2026-01-01", "2026-02-01", "2026-03-01"] * 2,
            "quantity": [3.0, 0.0, 4.0, 10.0, 12.0, 11.0],
        }
    )


def put(column: str, row: int, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Write one cell; ``row`` counts from 1."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        cells = list(frame[column]) if column in frame else [False] * len(frame)
        cells[row - 1] = value
        return frame.assign(**{column: pd.Series(cells)})

    return change


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a history, and the one fault it gives."""

    name: str
    change: Callable[[pd.DataFrame], Any]
    column: str
    row: int
    value: object
    message: str
    remedy: str
    count: int = 1
    period: str | None = "month"


MISTAKES = [
    Mistake(
        "quantity misspelt",
        lambda f: f.assign(quantitiy=1.0),
        "quantitiy",
        0,
        "quantitiy",
        "not a column",
        "drop it, 'quantity' is there",
    ),
    Mistake(
        "no quantity",
        lambda f: f.drop(columns="quantity"),
        "quantity",
        0,
        None,
        "missing",
        "add it: units asked for",
    ),
    Mistake(
        "period in the index",
        lambda f: f.set_index("period"),
        "period",
        0,
        None,
        "is the frame's index",
        "reset_index",
    ),
    Mistake("no rows", lambda f: f.iloc[:0], "", 0, None, "no rows", "at least one row"),
    Mistake("not a frame", lambda f: f.to_dict(), "", 0, "dict", "DataFrame", "pd.DataFrame"),
    Mistake(
        "quantity missing",
        put("quantity", 2, NAN),
        "quantity",
        2,
        NAN,
        "the cell is empty",
        "0 for none",
    ),
    Mistake("returns", put("quantity", 4, -2.0), "quantity", 4, -2.0, ">= 0", "book returns apart"),
    Mistake(
        "quantity infinite", put("quantity", 4, np.inf), "quantity", 4, np.inf, "finite", "units"
    ),
    Mistake(
        "quantities as text",
        lambda f: f.assign(quantity=f["quantity"].astype(str)),
        "quantity",
        1,
        "3.0",
        "not text",
        "pd.to_numeric(demand_history['quantity'])",
        6,
    ),
    Mistake(
        "thousands with a comma",
        put("quantity", 5, "1,200"),
        "quantity",
        5,
        "1,200",
        "not text",
        "write 1200 without a comma",
    ),
    Mistake("item missing", put("item", 3, None), "item", 3, NAN, "the cell is empty", "name"),
    Mistake(
        "location padded", put("location", 1, "shop "), "location", 1, "shop ", "white", "'shop'"
    ),
    Mistake(
        "period missing", put("period", 2, None), "period", 2, NAN, "the cell is empty", "first day"
    ),
    Mistake(
        "a date in another format",
        put("period", 2, "2/1/26"),
        "period",
        2,
        "2/1/26",
        "whole number or a date",
        "2026-03-02",
    ),
    Mistake(
        "a date that is none",
        put("period", 2, "2026-02-30"),
        "period",
        2,
        "2026-02-30",
        "whole number or a date",
        "first day",
    ),
    Mistake(
        "numbers among dates",
        put("period", 6, 3),
        "period",
        6,
        3,
        "one kind",
        "dates everywhere",
    ),
    Mistake(
        "half a period",
        lambda f: f.assign(period=[1, 2, 3, 1, 2.5, 3]),
        "period",
        5,
        2.5,
        "whole number",
        "number of the period",
        period=None,
    ),
    Mistake(
        "dates of unknown length",
        lambda f: f,
        "period",
        1,
        "2026-01-01",
        "nothing says what one period is",
        "period='day'",
        6,
        period=None,
    ),
    Mistake(
        "months as numbers",
        lambda f: f.assign(period=[202512, 202601, 202602] * 2),
        "period",
        1,
        202512.0,
        "years and months",
        "2025-12 for 202512",
        6,
        period=None,
    ),
    Mistake(
        "the same row twice",
        lambda f: pd.concat([f, f.iloc[[1]]]),
        "item, location, period",
        7,
        ("bolt", "shop", pd.Timestamp("2026-02-01")),
        "row 2 has the same key",
        "merge",
    ),
    Mistake(
        "two days of one month",
        put("period", 2, "2026-01-31"),
        "period",
        2,
        ("bolt", "shop", "2026-01-31"),
        "same month as row 1",
        "add the quantities",
    ),
    Mistake(
        "weeks of two weekdays",
        lambda f: f.assign(period=["2026-01-05", "2026-01-12", "2026-01-20"] * 2),
        "period",
        3,
        "2026-01-20",
        "must be a Monday",
        "write the Monday",
        2,
        period="week",
    ),
    Mistake(
        "a month without a row",
        lambda f: f.drop(index=1),
        "period",
        0,
        "2026-02-01",
        "1 periods have no row between the first and the last of their series, in 1 of 2 series, "
        "most in bolt / shop (1 periods)",
        "absent='zero'",
    ),
    Mistake(
        "stock-outs counted",
        lambda f: f.assign(stock_out=[0, 1, 0, 3, 0, 2]),
        "stock_out",
        4,
        3,
        "True or False",
        "write True",
        2,
    ),
    Mistake(
        "years for periods",
        lambda f: f.assign(period=[1, 20_000_000, 3] * 2),
        "period",
        0,
        "1 to 20000000",
        "spans 20,000,000 periods",
        "count the periods",
        period=None,
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_is_told_in_full(mistake: Mistake):
    with pytest.raises(TableError) as caught:
        fit_demand(mistake.change(sound()), period=mistake.period)
    (fault,) = caught.value.faults
    assert (fault.table, fault.column, fault.row) == (
        "demand_history",
        mistake.column,
        mistake.row,
    )
    assert fault.value == mistake.value or (pd.isna(fault.value) and pd.isna(mistake.value))
    assert mistake.message in fault.message
    assert mistake.remedy in fault.remedy
    assert fault.count == mistake.count


def test_a_fault_names_the_series_and_the_period():
    with pytest.raises(TableError) as caught:
        fit_demand(put("quantity", 5, -1.0)(sound()), period="month")
    assert caught.value.faults[0].key == "nut @ shop / period 2026-02-01"


def test_all_faults_come_at_once():
    bad = put("quantity", 2, NAN)(put("item", 1, " bolt")(put("period", 5, "soon")(sound())))
    with pytest.raises(TableError) as caught:
        fit_demand(bad, period="month")
    assert {fault.column for fault in caught.value.faults} == {"quantity", "item", "period"}


def test_a_segment_column_that_is_named_must_be_there():
    with pytest.raises(TableError) as caught:
        fit_demand(sound(), period="month", segments=["market"])
    (fault,) = caught.value.faults
    assert (fault.column, fault.message) == ("market", "the column is missing")


@pytest.mark.parametrize("segments", ["market", ["item"], ["market", "market"], [1]])
def test_segments_are_a_list_of_new_names(segments: Any):
    with pytest.raises(DomainError, match="segments"):
        read_history(sound(), segments=segments, period="month")


def test_absent_is_one_of_two_words():
    with pytest.raises(DomainError, match="'raise' or 'zero'"):
        read_history(sound(), period="month", absent="drop")  # type: ignore[arg-type]


def test_absent_rows_count_as_zero_where_the_caller_says_so_and_are_counted():
    """Filled to the end of the whole history, for a series that stopped sold nothing since."""
    given = sound().drop(index=[1, 5])
    panel = read_history(given, period="month", absent="zero")
    np.testing.assert_array_equal(panel.quantity, [[3.0, 0.0, 4.0], [10.0, 12.0, 0.0]])
    assert panel.filled.tolist() == [1, 1]


def test_a_series_that_begins_late_or_ends_early_is_not_filled():
    given = sound().drop(index=[0, 5])
    panel = read_history(given, period="month")
    np.testing.assert_array_equal(panel.quantity, [[NAN, 0.0, 4.0], [10.0, 12.0, NAN]])


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("day", pd.date_range("2026-02-27", periods=4, freq="D")),
        ("week", pd.date_range("2026-02-25", periods=4, freq="7D")),
        ("month", pd.date_range("2025-11-01", periods=4, freq="MS")),
    ],
)
def test_dates_are_counted_by_the_calendar_and_come_back(period: str, days: pd.DatetimeIndex):
    frame = pd.DataFrame({"item": "a", "location": "b", "period": days, "quantity": range(4)})
    for given in (frame, frame.assign(period=days.strftime("%Y-%m-%d"))):
        panel = read_history(given.sample(frac=1.0, random_state=1), period=period)
        np.testing.assert_array_equal(panel.quantity, [[0.0, 1.0, 2.0, 3.0]])
        assert panel.periods.tolist() == days.tolist()


def test_pandas_periods_and_python_dates_are_dates():
    months = pd.period_range("2026-01", periods=3, freq="M")
    frame = sound().assign(period=[*months, *months])
    by_date = sound().assign(period=[*(m.start_time.date() for m in months)] * 2)
    for given in (frame, by_date):
        np.testing.assert_array_equal(
            read_history(given, period="month").quantity,
            read_history(sound(), period="month").quantity,
        )


def test_segments_make_series_of_their_own():
    frame = pd.concat([sound().assign(market=m, channel="web") for m in ("north", "south")])
    panel = read_history(frame, segments=["market", "channel"], period="month")
    assert panel.keys.columns.tolist() == ["item", "location", "market", "channel"]
    assert panel.n_series == 4


def test_what_is_read_is_not_touched():
    frame = sound()
    before = frame.copy(deep=True)
    fit_demand(frame, period="month", min_periods=3)
    pd.testing.assert_frame_equal(frame, before)
