"""A shipment log as it was read: checked, dated, and every row in one account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import DomainError, Fault, TableError, UnknownNameError, warn_of_data
from echelon.lead_time.dates import Days, Mask, parse_dates
from echelon.tables import SHIPMENTS, Checked, check_table

DIMENSIONS = ("item", "from_location", "to_location", "vendor", "site", "mode")
"""Columns that models may be made by."""

MILESTONES = ("ordered", "made", "released", "delivered")
"""Days of one shipment, in the order in which they come."""

USED, OPEN, LATER = "used", "open at as_of", "ended after as_of, so open"
"""Accounts of rows that take part: an ended leg, and two kinds of a leg not known to have ended."""

_LEGS = {
    ("ordered", "delivered"): "total",
    ("ordered", "made"): "make",
    ("made", "released"): "release",
    ("released", "delivered"): "transport",
    ("ordered", "released"): "make and release",
    ("made", "delivered"): "release and transport",
}


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch between two milestones."""

    name: str
    start: str
    end: str


TOTAL = Leg("total", "ordered", "delivered")


@dataclass(frozen=True, slots=True)
class Record:
    """Rows of a shipment log.

    Attributes
    ----------
    rows : DataFrame
        As given, numbered from 0, names as text, dates as ``datetime64``.
    by : tuple of str
        Columns that models are made by.
    repeated : (n_rows,) ndarray of bool
        Rows that say an earlier line again.
    """

    rows: pd.DataFrame
    by: tuple[str, ...]
    repeated: Mask

    def days(self, column: str) -> Days:
        """Give a column of dates as whole days, NaT where there is none."""
        return self.rows[column].to_numpy().astype("datetime64[D]")

    def legs(self) -> list[Leg]:
        """The whole way, and its parts where there are milestones between order and delivery."""
        there = [name for name in MILESTONES if name in self.rows.columns]
        parts = pairwise(there) if len(there) > 2 else ()
        return [TOTAL, *(Leg(_LEGS[pair], *pair) for pair in parts)]


@dataclass(frozen=True, slots=True)
class Observed:
    """What a record says about one leg on one day.

    Attributes
    ----------
    account : (n_rows,) ndarray of object
        The one account that each row is in.
    days : (n_rows,) ndarray of float64
        Days from start to end; of a leg still open, from its start to ``as_of``. NaN elsewhere.
    age : (n_rows,) ndarray of float64
        Days from start to ``as_of``, or to the last day on record. NaN elsewhere.
    """

    account: NDArray[np.object_]
    days: NDArray[np.float64]
    age: NDArray[np.float64]

    @property
    def finished(self) -> Mask:
        """Rows whose leg has ended."""
        return np.asarray(self.account == USED)

    @property
    def taking_part(self) -> Mask:
        """Rows from which the model is made."""
        return np.isin(self.account.astype(str), [USED, OPEN, LATER])


def read_record(
    shipments: object, by: Sequence[str], formats: Sequence[str], missing: Iterable[str]
) -> Record:
    """Check a shipment log against its contract and read its dates.

    Parameters
    ----------
    shipments : DataFrame
        By the contract ``shipments``; not modified.
    by : sequence of str
        Columns that models are made by, of :data:`DIMENSIONS`.
    formats, missing
        See :func:`echelon.lead_time.dates.parse_dates`.

    Returns
    -------
    Record

    Raises
    ------
    DomainError
        If ``by`` is one text or names a column twice, or a format is wrong.
    UnknownNameError
        If models cannot be made by such a column.
    TableError
        With every fault: columns, types, names, dates that no format reads or that two formats read
        differently, a line that occurs twice with different contents.

    Warns
    -----
    DataWarning
        If rows are equal and nothing, neither line nor shipment, tells whether they are one.
    """
    if isinstance(by, str):
        raise DomainError(f"by is the text {by!r}. Fix: give ({by!r},).")
    for name in by:
        if name not in DIMENSIONS:
            raise UnknownNameError("column to make models by", name, DIMENSIONS)
    if len(set(by)) < len(by):
        raise DomainError(f"by is {tuple(by)!r}. Fix: name each column once.")
    missing = _texts((missing,) if isinstance(missing, str) else missing)
    checked = check_table(shipments, SHIPMENTS)
    frame = checked.frame
    for name in (*DIMENSIONS, "line", "shipment"):
        if checked.has(name):  # a name of white space is none
            frame[name] = frame[name].where(frame[name].str.strip() != "", "")
    if isinstance(shipments, pd.DataFrame) and not isinstance(shipments.columns, pd.MultiIndex):
        _require_columns(checked, by, list(shipments.columns))
    for name in (*MILESTONES, "promised"):
        if checked.has(name):
            days, unreadable = parse_dates(frame[name].array, formats=formats, missing=missing)
            frame[name] = days.astype("datetime64[s]")
            for reason in unreadable:
                checked.add(name, reason.rows, reason.message, reason.remedy, value=reason.value)
    repeated = _repeated(checked)
    if checked.faults:
        raise TableError(checked.faults)
    return Record(frame, tuple(by), repeated)


def _texts(missing: object) -> tuple[str, ...]:
    texts = tuple(missing) if isinstance(missing, Iterable) else (missing,)
    if not all(isinstance(text, str) for text in texts):
        raise DomainError(
            f"missing is {missing!r}. Fix: give texts that stand for no date, ('N/A',)."
        )
    return texts


def _require_columns(checked: Checked, by: Sequence[str], given: list[object]) -> None:
    for name in by:
        if not checked.has(name) and given.count(name) < 2:  # twice is a fault of the header
            empty = name in given
            checked.faults.append(
                Fault(
                    SHIPMENTS.name,
                    name,
                    0,
                    None,
                    f"the column is {'empty' if empty else 'missing'}, "
                    "and models are to be made by it",
                    "fill it in, or take it out of by",
                )
            )


def _repeated(checked: Checked) -> Mask:
    """Mark rows that say a line again; a line that says two things is a fault.

    Equal rows are one line only if they carry its name: without it, two orders of one day may well
    be alike.
    """
    frame = checked.frame
    again = frame.duplicated().to_numpy(dtype=np.bool_)
    if not checked.has("line"):
        if again.any() and not checked.has("shipment"):
            warn_of_data(
                f"shipments: {int(again.sum())} rows equal an earlier one, first row "
                f"{int(again.argmax()) + 1}; each is used, for no column tells lines apart. "
                "Give line, or shipment."
            )
        return np.zeros(len(frame), dtype=np.bool_)
    named = (frame["line"] != "").to_numpy(dtype=np.bool_)
    torn = named & frame["line"].duplicated().to_numpy(dtype=np.bool_) & ~again
    checked.add(
        "line",
        torn,
        "must name one row only, but an earlier row has the same name and other contents",
        "correct the row that is wrong, or number the lines anew",
    )
    return again & named


def observe(
    record: Record, leg: Leg, as_of: np.datetime64 | None, credible_days: tuple[float, float]
) -> Observed:
    """Put every row in one account, and measure those that take part.

    Parameters
    ----------
    record : Record
    leg : Leg
    as_of : datetime64 or None
        The day on which the record is looked at: nothing later is known, and a leg that has begun
        and not ended is open. None looks at all of it, and has no open legs.
    credible_days : (2,) tuple of float
        Least and most days that are believed of the whole way. A part of it may be shorter.

    Returns
    -------
    Observed
    """
    start, end = record.days(leg.start), record.days(leg.end)
    account = np.full(len(start), USED, dtype=object)
    undecided = np.ones(len(start), dtype=np.bool_)

    def put(rows: Mask, name: str) -> None:
        account[undecided & rows] = name
        undecided[rows] = False

    put(record.repeated, "repeats an earlier row")
    for name in record.by:
        put((record.rows[name] == "").to_numpy(dtype=np.bool_), f"{name} is blank")
    put(np.isnat(start), f"{leg.start} is blank")
    unended = np.isnat(end)
    last = end[~unended].max() if as_of is None and not unended.all() else as_of
    if as_of is None:
        put(unended, f"{leg.end} is blank")
    else:
        put(start > as_of, f"{leg.start} after as_of")
        since = (as_of - start).astype(np.float64)
        forgotten = f"open for more than {credible_days[1]:g} days"  # it cannot end credibly
        put((unended | (end > as_of)) & (since > credible_days[1]), forgotten)
        put(unended, OPEN)
        put(end > as_of, LATER)
    days = (end - start).astype(np.float64)
    days[unended | np.isnat(start)] = np.nan
    least, most = credible_days if leg == TOTAL else (0.0, credible_days[1])
    put(days < 0.0, f"{leg.end} before {leg.start}")
    put(days < least, f"{leg.end} less than {least:g} days after {leg.start}")
    put(days > most, f"{leg.end} more than {most:g} days after {leg.start}")
    if last is None:  # nothing ended and nothing is open
        return Observed(account, np.full(len(start), np.nan), np.full(len(start), np.nan))
    age = (last - start).astype(np.float64)
    open_ = (account == OPEN) | (account == LATER)
    days = np.where(open_, age, days)
    takes = (account == USED) | open_
    together = _together(record, leg, takes, days)
    account[together] = "same shipment as an earlier row"
    takes &= ~together
    return Observed(account, np.where(takes, days, np.nan), np.where(takes, age, np.nan))


def _together(record: Record, leg: Leg, takes: Mask, days: NDArray[np.float64]) -> Mask:
    """Mark all but the first of the lines that travelled together."""
    mask = np.zeros(len(takes), dtype=np.bool_)
    if "shipment" not in record.rows.columns:
        return mask
    named = takes & (record.rows["shipment"] != "").to_numpy(dtype=np.bool_)
    columns = [*record.by, "shipment", leg.start]
    lines = record.rows.loc[named, columns].assign(days=days[named])
    mask[named] = lines.duplicated().to_numpy(dtype=np.bool_)
    return mask
