"""Texts to dates by formats that the caller states; nothing is guessed.

A text that no format reads is a fault, and so is one that two formats read as two dates. Words that
stand for "no date" have to be named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import DomainError

Days: TypeAlias = NDArray[np.datetime64]
Mask: TypeAlias = NDArray[np.bool_]

ISO = ("%Y-%m-%d",)
_FAMILIAR = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%b-%y",
    "%d-%b-%Y",
    "%d %B %Y",
    "%Y%m%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
)
"""Tried only to word a remedy, never to read."""

_ZONED = re.compile(r".*\d:\d{2}(:\d{2}(\.\d+)?)? ?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)")
_DAY_NUMBERS = (20_000, 80_000)
"""Numbers that a spreadsheet shows as a day of 1954 to 2119."""

_ON_ONE_CALENDAR = "say which calendar counts: .dt.tz_convert(...).dt.tz_localize(None)"
_FROM_DAY_NUMBERS = (
    "a spreadsheet's day number: save the column as dates, or convert it, "
    "pd.to_datetime(column, unit='D', origin='1899-12-30')"
)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Rows whose date cannot be read for one reason, and what the first of them holds."""

    rows: Mask
    value: object
    message: str
    remedy: str


def require_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """Check the formats.

    Parameters
    ----------
    formats : sequence of str
        As ``strptime`` takes them; month names are those of the process' locale, and ``%y`` reads
        00 to 68 as years from 2000 and 69 to 99 as years before it.

    Returns
    -------
    tuple of str

    Raises
    ------
    DomainError
        If it is one text, there is none, or one does not say day, month and year, reads a time
        zone, or is no format.
    """
    if isinstance(formats, str):
        raise DomainError(f"formats is the text {formats!r}. Fix: give ({formats!r},).")
    for text in formats:
        said = {part[0] for part in str(text).replace("%%", "").split("%")[1:] if part}
        if not (said & set("yY") and (said & {"j"} or (said & set("mbB") and said & {"d"}))):
            raise DomainError(
                f"format {text!r} does not say day, month and year. "
                "Fix: write a strptime format such as '%d-%b-%y' for 2-Jun-06."
            )
        if said & set("zZ"):
            raise DomainError(
                f"format {text!r} reads a time zone, and where days begin is not said. Fix: "
                f"convert first, pd.to_datetime(column, format={text!r}, utc=True), and "
                f"{_ON_ONE_CALENDAR}."
            )
        try:
            pd.to_datetime(["2000-01-01"], format=text, errors="coerce")
        except (ValueError, re.error) as error:
            raise DomainError(
                f"format {text!r} is none: {error}. "
                "Fix: write a strptime format such as '%d-%b-%y' for 2-Jun-06."
            ) from error
    if not formats:
        raise DomainError("formats is empty. Fix: give at least one, ('%Y-%m-%d',) for ISO dates.")
    return tuple(formats)


def parse_dates(
    cells: object, *, formats: Sequence[str] = ISO, missing: Iterable[str] = ()
) -> tuple[Days, list[Unreadable]]:
    """Read a column of dates.

    Parameters
    ----------
    cells : (n,) array_like of date, datetime or text
        Dates are taken as they are, without their time of day; texts are read by the formats.
        A blank text and whatever pandas calls missing is no date.
    formats : sequence of str
        Formats of ``strptime``.
    missing : iterable of str
        Further texts that stand for no date.

    Returns
    -------
    days : (n,) array of datetime64[D]
        ``NaT`` where there is no date or it cannot be read.
    unreadable : list of Unreadable
        One per reason, empty if every text was read.

    Raises
    ------
    DomainError
        If a format is none; see :func:`require_formats`.

    Examples
    --------
    >>> days, unreadable = parse_dates(
    ...     ["2-Jun-06", "11/13/06", "Date Not Captured", "soon"],
    ...     formats=("%d-%b-%y", "%m/%d/%y"),
    ...     missing=("Date Not Captured",),
    ... )
    >>> days
    array(['2006-06-02', '2006-11-13',        'NaT',        'NaT'],
          dtype='datetime64[D]')
    >>> unreadable[0].value, unreadable[0].message
    ('soon', "no format of '%d-%b-%y', '%m/%d/%y' reads it")
    """
    formats = require_formats(formats)
    given: Any = cells
    if np.issubdtype(np.asarray(given).dtype, np.datetime64):
        return np.asarray(given).astype("datetime64[D]"), []
    column = pd.Series(list(given), dtype=object)
    codes, values = pd.factorize(column)  # few days, many rows: each is read once
    cases = pd.Series(np.asarray(values, dtype=object), dtype=object)
    text = np.array([isinstance(cell, str) for cell in cases], dtype=np.bool_)
    dated = np.array([isinstance(cell, (date, np.datetime64)) for cell in cases], dtype=np.bool_)
    zoned = np.array([getattr(cell, "tzinfo", None) is not None for cell in cases], dtype=np.bool_)
    days = np.full(len(cases) + 1, np.datetime64("NaT"), dtype="datetime64[D]")
    for place in np.flatnonzero(dated & ~zoned):
        days[place] = _day(cases.iloc[place])
    words = cases[text].reset_index(drop=True)
    empty = (words.isin([*missing]) | (words.str.strip() == "")).to_numpy(dtype=np.bool_)
    read = (
        np.column_stack(
            [
                pd.to_datetime(words, format=form, errors="coerce")
                .to_numpy()
                .astype("datetime64[D]")
                for form in formats
            ]
        )
        if len(words)
        else np.empty((0, len(formats)), dtype="datetime64[D]")
    )
    hit = ~np.isnat(read)
    first = np.where(hit.any(axis=1), hit.argmax(axis=1), 0)
    chosen = read[np.arange(len(words)), first]
    other = hit & (read != chosen[:, None])
    torn = other.any(axis=1) & ~empty
    lost = ~hit.any(axis=1) & ~empty
    days[:-1][text] = np.where(torn | empty, np.datetime64("NaT"), chosen)
    unreadable: list[Unreadable] = []

    def complain(wrong: Mask, message: str, remedy: str) -> None:
        if wrong.any():
            rows = np.append(wrong, False)[codes]  # a missing cell has code -1
            unreadable.append(Unreadable(rows, column.iloc[int(rows.argmax())], message, remedy))

    complain(zoned, "has a time zone", _ON_ONE_CALENDAR)
    complain(~(text | dated | zoned), "is no date and no text", _no_date(cases[~(text | dated)]))
    for wrong, word in ((torn, _ambiguity), (lost, _stranger)):
        if wrong.any():
            at = int(wrong.argmax())
            whole = np.zeros(len(cases), dtype=np.bool_)
            whole[text] = wrong
            complain(whole, *word(str(words[at]), formats, read[at], other[at]))
    return np.asarray(days[codes]), unreadable


def _day(cell: Any) -> np.datetime64:
    if isinstance(cell, np.datetime64):
        cell = pd.Timestamp(cell)
    moment = cell.date() if isinstance(cell, datetime) else cell
    return np.datetime64(date(moment.year, moment.month, moment.day), "D")


def _no_date(cells: pd.Series) -> str:
    low, high = _DAY_NUMBERS
    if len(cells) and isinstance(cells.iloc[0], (int, float)) and low <= cells.iloc[0] <= high:
        return _FROM_DAY_NUMBERS
    return "give a date, or a text that one of the formats reads"


def _ambiguity(text: str, formats: Sequence[str], read: Days, other: Mask) -> tuple[str, str]:
    one, two = int((~np.isnat(read)).argmax()), int(other.argmax())
    return (
        f"{text!r} is {read[one]} by {formats[one]!r} and {read[two]} by {formats[two]!r}",
        "leave out the format that this column is not written in, or convert the column first",
    )


def _stranger(text: str, formats: Sequence[str], _read: Days, _other: Mask) -> tuple[str, str]:
    message = f"no format of {', '.join(map(repr, formats))} reads it"
    reads = [form for form in _FAMILIAR if _reads(text, form)]
    if text != text.strip():
        return message, f"write {text.strip()!r}"
    if reads:
        known = " or ".join(repr(form) for form in reads)
        return message, f"add {known} to formats, whichever is meant"
    if text.isdigit() and _DAY_NUMBERS[0] <= int(text) <= _DAY_NUMBERS[1]:
        return message, _FROM_DAY_NUMBERS.replace("(column", "(column.astype(float)")
    if _ZONED.fullmatch(text):
        return (
            message,
            f"it has a time zone: pd.to_datetime(column, utc=True), and {_ON_ONE_CALENDAR}",
        )
    if not any(letter.isdigit() for letter in text):
        return message, f"add {text!r} to missing if it stands for no date"
    return message, "correct the date, or add its format to formats"


def _reads(text: str, form: str) -> bool:
    return bool(pd.notna(pd.to_datetime(text, format=form, errors="coerce")))
