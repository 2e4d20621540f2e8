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
from echelon.errors import DomainError, TableError, UnknownNameError

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


def many(periods: Any) -> pd.DataFrame:
    """One series of these periods."""
    return pd.DataFrame({"item": "bolt", "location": "shop", "period": periods, "quantity": 3.0})


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
        "where it is not known because stock ran out, give quantity=0 with stock_out=True",
    ),
    *(
        Mistake(
            f"quantity {written}",
            put("quantity", 5, written),
            "quantity",
            5,
            written,
            "not text",
            remedy,
        )
        for written, remedy in {
            "1.200,00": "write 1200.00 for 1.200,00, or read the file with thousands='.'",
            "5-": "5- means -5, a negative number; give the units asked for",
            "(3)": "(3) means -3, a negative number; give the units asked for",
            "1 200": "write 1200 for 1 200",
            "12 pcs": "write 12, without 'pcs'",
            "€12": "write 12, without '€'",
        }.items()
    ),
    *(
        Mistake(
            f"all dates written {form}",
            lambda f, form=form: f.assign(period=pd.to_datetime(f["period"]).dt.strftime(form)),
            "period",
            1,
            pd.Timestamp("2026-01-01").strftime(form),
            "whole number or a date",
            f"pd.to_datetime(demand_history['period'], format={form!r})",
            6,
        )
        for form in ("%d.%m.%Y", "%d/%m/%Y", "%Y/%m/%d", "%b %Y", "%Y%m", "%Y%m%d")
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
        "years and weeks as numbers",
        lambda f: f.assign(period=[202251, 202252, 202301] * 2),
        "period",
        1,
        202251.0,
        "years and weeks",
        "pd.to_datetime(demand_history['period'].astype(str) + '1', format='%G%V%u')",
        6,
        period=None,
    ),
    Mistake(
        "days as numbers",
        lambda f: f.assign(period=[20251231, 20260101, 20260102] * 2),
        "period",
        1,
        20251231.0,
        "looks like days",
        "pd.to_datetime(demand_history['period'].astype(str), format='%Y%m%d')",
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
        "must be a Monday, as most rows are",
        "write the Monday",
        2,
        period="week",
    ),
    Mistake(
        "the first row alone on another weekday",
        lambda f: f.assign(period=["2026-01-06", "2026-01-12", "2026-01-19"] * 2).drop(index=3),
        "period",
        1,
        "2026-01-06",
        "must be a Monday, as most rows are",
        "write the Monday",
        period="week",
    ),
    Mistake(
        "months for weeks",
        lambda _: many(pd.date_range("2026-01-01", periods=6, freq="MS")),
        "period",
        1,
        "2026-01-01",
        "must be a Sunday",
        "the rows are a month apart: pass period='month'",
        4,
        period="week",
    ),
    Mistake(
        "weeks for days",
        lambda _: many(pd.date_range("2026-01-05", periods=6, freq="7D")),
        "period",
        0,
        "2026-01-05, 2026-01-12, 2026-01-19",
        "no two rows are on neighbouring days",
        "the rows are 7 days apart: pass period='week'",
        period="day",
    ),
    Mistake(
        "ends of months for days",
        lambda _: many(pd.date_range("2026-01-01", periods=6, freq="ME")),
        "period",
        0,
        "2026-01-31, 2026-02-28, 2026-03-31",
        "no two rows are on neighbouring days",
        "the rows are a month apart: pass period='month'",
        period="day",
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
        "quantity beyond any",
        put("quantity", 4, 1e300),
        "quantity",
        4,
        1e300,
        "<= 1e+12",
        "units asked for",
    ),
    Mistake(
        "dates with a time zone",
        lambda f: f.assign(period=pd.to_datetime(f["period"]).dt.tz_localize("Europe/Berlin")),
        "period",
        1,
        pd.Timestamp("2026-01-01", tz="Europe/Berlin"),
        "without a time zone",
        "tz_localize(None)",
        6,
    ),
    Mistake(
        "stock-outs in words",
        lambda f: f.assign(stock_out=["no", "yes"] * 3),
        "stock_out",
        1,
        "no",
        "True or False",
        "demand_history['stock_out'].map({'no': False, 'yes': True})",
        6,
    ),
    Mistake(
        "stock-outs in words nobody knows",
        lambda f: f.assign(stock_out=["fine", "bare"] * 3),
        "stock_out",
        1,
        "fine",
        "True or False",
        "write True or False",
        6,
    ),
    Mistake(
        "seconds for periods",
        lambda f: f.assign(period=[1.7e9, 1.7e9 + 1, 1.7e9 + 2] * 2),
        "period",
        1,
        1.7e9,
        "not be beyond 1,000,000,000",
        "count the periods",
        6,
        period=None,
    ),
    Mistake(
        "quantities that are truths",
        lambda f: f.assign(quantity=f["quantity"] > 3.0),
        "quantity",
        1,
        False,
        "not a truth value",
        "units asked for",
        6,
    ),
    Mistake(
        "keys in the index",
        lambda f: f.set_index("item"),
        "item",
        0,
        None,
        "is the frame's index",
        "reset_index",
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


def test_a_segment_that_is_spelled_otherwise_in_the_frame_is_one_fault():
    frame = sound().assign(market="EU", channel="web")
    with pytest.raises(DomainError) as caught:
        fit_demand(frame, period="month", segments=["market", "chanel"])
    assert str(caught.value) == (
        "segments names 'chanel', the frame has 'channel'. "
        "Fix: pass segments=['market', 'channel'], or rename the column."
    )


@pytest.mark.parametrize(
    ("segments", "columns", "remedy"),
    [
        ((), {"market": ["EU", "US"]}, "pass segments=['market'], for market tells the rows apart"),
        (
            ["market"],
            {"market": ["EU", "EU"], "channel": ["web", "shop"]},
            "pass segments=['market', 'channel'], for channel tells the rows apart",
        ),
        ((), {"note": ["same", "same"]}, "merge the rows, or remove all but one"),
    ],
)
def test_rows_of_one_key_are_kept_where_a_further_column_tells_them_apart(
    segments: Any, columns: dict[str, list[str]], remedy: str
):
    twice = pd.concat([sound()] * 2, ignore_index=True)
    both = twice.assign(**{name: np.repeat(values, 6) for name, values in columns.items()})
    with pytest.raises(TableError) as caught:
        fit_demand(both, period="month", segments=segments)
    (fault,) = [fault for fault in caught.value.faults if "same key" in fault.message]
    assert remedy in fault.remedy


def test_weeks_are_not_filled_up_to_days_with_zeros():
    weekly = many(pd.date_range("2026-01-05", periods=6, freq="7D"))
    with pytest.raises(TableError, match="pass period='week'"):
        read_history(weekly, period="day", absent="zero")
    one_more = pd.concat([weekly, many([pd.Timestamp("2026-01-06")]).assign(quantity=0.0)])
    assert read_history(one_more, period="day", absent="zero").n_periods == 36


def test_a_fraction_of_periods_is_rounded_up_by_the_caller():
    with pytest.raises(DomainError, match=r"exposure is 5\.3, .*Fix: round up: 6\."):
        fit_demand(sound(), period="month", exposure=5.3)  # type: ignore[arg-type]
    with pytest.raises(DomainError, match=r"Fix: write 5\."):
        fit_demand(sound(), period="month", exposure=5.0)  # type: ignore[arg-type]


def test_a_lone_far_date_does_not_fill_the_memory():
    """30,000 series and one row 19,000 days away: 570 million cells for 60,001 rows."""
    n = 30_000
    frame = pd.DataFrame(
        {"item": np.tile(np.arange(n), 2), "location": "b", "period": np.repeat([0, 1], n)}
    ).assign(quantity=1.0)
    far = pd.DataFrame({"item": ["x"], "location": "b", "period": 19_000, "quantity": 1.0})
    with pytest.raises(TableError, match=r"30,001 series over 19,001 periods.*Fix: correct a date"):
        read_history(pd.concat([frame.astype({"item": "str"}), far]), absent="zero")


def test_a_period_is_known_even_where_periods_are_numbers():
    with pytest.raises(UnknownNameError, match="unknown period 'year'"):
        read_history(sound().assign(period=[1, 2, 3] * 2), period="year")


@pytest.mark.parametrize("segments", ["market", ["item"], ["market", "market"], [1], None])
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
