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
