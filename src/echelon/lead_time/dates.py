"""Texts to dates by formats that the caller states; nothing is guessed.

A text that no format reads is a fault, and so is one that two formats read as two dates. Words that
stand for "no date" have to be named.
"""

from __future__ import annotations

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
        As ``strptime`` takes them; month names are those of the process' locale.

    Returns
    -------
    tuple of str

    Raises
    ------
    DomainError
        If it is one text, there is none, or one does not say day, month and year.
    """
    if isinstance(formats, str):
        raise DomainError(f"formats is the text {formats!r}. Fix: give ({formats!r},).")
    for text in formats:
        said = {part[0] for part in str(text).split("%")[1:] if part}
        if not (said & set("yY") and (said & {"j"} or (said & set("mbB") and said & {"d"}))):
            raise DomainError(
                f"format {text!r} does not say day, month and year. "
                "Fix: write a strptime format such as '%d-%b-%y' for 2-Jun-06."
            )
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
        An empty text and whatever pandas calls missing is no date.
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
        If a format does not say day, month and year.

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
    raw = np.asarray(cells)
    if np.issubdtype(raw.dtype, np.datetime64):
        return raw.astype("datetime64[D]"), []
    column = pd.Series(raw, dtype=object)
    gone = column.isna().to_numpy(dtype=np.bool_)
    text = np.array([isinstance(cell, str) for cell in column], dtype=np.bool_)
    zoned = np.array([getattr(cell, "tzinfo", None) is not None for cell in column], dtype=np.bool_)
    zoned &= ~gone
    days = np.full(len(column), np.datetime64("NaT"), dtype="datetime64[D]")
    for place in np.flatnonzero(~text & ~gone & ~zoned):
        days[place] = _day(column.iloc[place])
    unreadable: list[Unreadable] = []
    _complain(
        unreadable,
        zoned,
        column,
        "has a time zone",
        "say which calendar counts: .dt.tz_convert(...).dt.tz_localize(None)",
    )
    codes, distinct = pd.factorize(column[text], use_na_sentinel=False)
    words = pd.Series(np.asarray(distinct, dtype=object), dtype=object)
    empty = (words.isin([*missing, ""])).to_numpy(dtype=np.bool_)
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
    days[text] = np.where(torn | empty, np.datetime64("NaT"), chosen)[codes]
    for wrong, word in ((torn, _ambiguity), (lost, _stranger)):
        rows = np.zeros(len(column), dtype=np.bool_)
        rows[text] = wrong[codes]
        if rows.any():
            at = int(wrong.argmax())
            message, remedy = word(str(words[at]), formats, read[at], other[at])
            _complain(unreadable, rows, column, message, remedy)
    return days, unreadable


def _day(cell: Any) -> np.datetime64:
    moment = cell.date() if isinstance(cell, datetime) else cell
    return np.datetime64(date(moment.year, moment.month, moment.day), "D")


def _complain(
    unreadable: list[Unreadable], rows: Mask, column: pd.Series, message: str, remedy: str
) -> None:
    if rows.any():
        value = column.iloc[int(rows.argmax())]
        unreadable.append(Unreadable(rows, value, message, remedy))


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
    if text.isdigit() and len(text) == 5:
        return message, "a spreadsheet's day number: save the column as dates"
    if not any(letter.isdigit() for letter in text):
        return message, f"add {text!r} to missing if it stands for no date"
    return message, "correct the date, or add its format to formats"


def _reads(text: str, form: str) -> bool:
    return bool(pd.notna(pd.to_datetime(text, format=form, errors="coerce")))
