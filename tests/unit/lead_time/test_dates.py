"""Dates are read by stated formats only."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echelon.lead_time import parse_dates

FORMATS = ("%d-%b-%y", "%m/%d/%y")


def test_both_formats_of_one_column_and_what_stands_for_no_date() -> None:
    days, unreadable = parse_dates(
        ["2-Jun-06", "11/13/06", "Date Not Captured", "", None],
        formats=FORMATS,
        missing=("Date Not Captured",),
    )
    assert not unreadable
    assert days[:2].tolist() == [date(2006, 6, 2), date(2006, 11, 13)]
    assert np.isnat(days[2:]).all()


def test_dates_and_moments_are_taken_by_their_day() -> None:
    cells = [date(2024, 2, 29), datetime(2024, 2, 29, 23, 59), pd.Timestamp("2024-02-29 12:00")]
    days, unreadable = parse_dates(np.array([*cells, pd.NaT], dtype=object))
    assert not unreadable
    assert days[:3].tolist() == [date(2024, 2, 29)] * 3
    assert np.isnat(days[3])


def test_a_text_that_two_formats_read_alike_is_no_fault() -> None:
    days, unreadable = parse_dates(["04/04/12"], formats=("%m/%d/%y", "%d/%m/%y"))
    assert not unreadable
    assert days.tolist() == [date(2012, 4, 4)]


def test_faults_say_which_rows_and_leave_them_blank() -> None:
    days, unreadable = parse_dates(
        ["04/05/12", "x", "04/04/12", "x"], formats=("%m/%d/%y", "%d/%m/%y")
    )
    torn, lost = unreadable
    assert torn.rows.tolist() == [True, False, False, False]
    assert lost.rows.tolist() == [False, True, False, True]
    assert np.isnat(days).tolist() == [True, True, False, True]


@given(
    st.lists(st.dates(date(1970, 1, 1), date(2068, 12, 31)), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
)
def test_what_was_written_in_either_format_is_read_back(days: list[date], random) -> None:
    texts = [day.strftime(random.choice(FORMATS)) for day in days]
    read, unreadable = parse_dates(texts, formats=FORMATS)
    assert not unreadable
    assert read.tolist() == days


@pytest.mark.parametrize("form", ["%Y-%m", "%d %b", "%H:%M", "plain", ""])
def test_a_format_says_day_month_and_year(form: str) -> None:
    with pytest.raises(ValueError, match="does not say day, month and year"):
        parse_dates(["2024-01-01"], formats=(form,))


def test_cells_that_are_neither_date_nor_text() -> None:
    days, (fault,) = parse_dates(pd.Series([44197, "2021-01-02", None], dtype=object))
    assert days[1].tolist() == date(2021, 1, 2)
    assert np.isnat(days[[0, 2]]).all()
    assert fault.rows.tolist() == [True, False, False]
    assert (fault.value, fault.message) == (44197, "is no date and no text")
    assert "origin='1899-12-30'" in fault.remedy
    # the remedy gives the day that a spreadsheet shows
    shown = pd.to_datetime(pd.Series([44197]), unit="D", origin="1899-12-30")
    assert shown.tolist() == [pd.Timestamp("2021-01-01")]
    for cell in (True, 3.5, pd.Period("2021-01")):
        assert parse_dates([cell])[1][0].message == "is no date and no text"


def test_days_of_numpy_among_objects() -> None:
    days, unreadable = parse_dates(
        pd.Series([np.datetime64("2021-01-02T23:00"), None], dtype=object)
    )
    assert not unreadable
    assert days[0].tolist() == date(2021, 1, 2)


def test_white_space_is_no_date_and_the_calendar_has_no_31_february() -> None:
    days, unreadable = parse_dates(
        [" ", "31.02.2021", "29.02.2020", "01.01.1900", "31.12.2099"], formats=("%d.%m.%Y",)
    )
    assert np.isnat(days).tolist() == [True, True, False, False, False]
    assert days[2:].tolist() == [date(2020, 2, 29), date(1900, 1, 1), date(2099, 12, 31)]
    assert [fault.value for fault in unreadable] == ["31.02.2021"]


def test_years_of_two_digits_are_of_1969_to_2068() -> None:
    days, _ = parse_dates(["01.01.69", "31.12.68"], formats=("%d.%m.%y",))
    assert days.tolist() == [date(1969, 1, 1), date(2068, 12, 31)]


@pytest.mark.parametrize("text", ["2021-01-02", "2021-01-02 13:00", "31-02-2021", "15-Jan-24"])
def test_only_a_text_with_a_time_is_said_to_have_a_zone(text: str) -> None:
    zones = [parse_dates([text + zone], formats=("%j/%Y",))[1][0] for zone in ("", "Z", "+02:00")]
    told = ["it has a time zone" in fault.remedy for fault in zones]
    assert told == [False, *[":" in text] * 2]
