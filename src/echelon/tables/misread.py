"""Texts where numbers, truth values or dates should be: what they look like, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from echelon.tables.column import Column

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_POINTS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d*|[+-]?\d{1,3}(\.\d{3}){2,}")
_SPACES = re.compile(r"[+-]?\d{1,3}([\s\u00a0\u2009\u202f']\d{3})+([.,]\d*)?")
_NEGATIVE = re.compile(r"(\d[\d.]*)-|\((\d[\d.]*)\)")
_WITH_UNIT = re.compile(
    r"(?P<before>[€$£¥]|EUR|USD|GBP|CHF|JPY|CNY)?\s*(?P<number>[+-]?\d+(\.\d*)?)\s*"
    r"(?P<after>[^\d\s.,+-]\D*)?"
)

_TRUE = {"yes", "y", "true", "t", "x", "ja", "j", "oui", "o", "si", "sí", "s", "sim", "da", "tak"}
_FALSE = {"no", "n", "false", "f", "", "-", "nein", "non", "não", "nao", "nie", "ne"}

_FORMATS = (
    "%d.%m.%Y",
    "%d.%m.%y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %Y",
    "%B %Y",
    "%m/%Y",
    "%m.%Y",
    "%Y%m%d",
    "%Y%m",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
)


def number_remedy(texts: Sequence[str], column: Column, table: str) -> str:
    """Say how the first of some texts becomes the number it means.

    Parameters
    ----------
    texts : sequence of str
        Cells of one column that are no numbers, at least one.
    column : Column
    table : str
        Name of the table, for remedies that quote code.

    Examples
    --------
    >>> number_remedy(["1.200,00"], Column("quantity", "unit", "Sold"), "demand_history")
    "write 1200.00 for 1.200,00, or read the file with thousands='.', decimal=','"
    """
    first = texts[0].strip()
    if first.endswith("%") and is_numeral(first[:-1].strip()):
        return f"write {float(first[:-1]) / 100.0:.10g} for {first}"
    if all(is_numeral(text) for text in texts):
        return f"convert the column: pd.to_numeric({table}[{column.name!r}])"
    if _THOUSANDS.fullmatch(first):
        plain, point = first.replace(",", ""), first.replace(",", ".", 1)
        either = f", or {point} if the comma is a decimal one" if is_numeral(point) else ""
        return f"write {plain} without a comma{either}"
    if _POINTS.fullmatch(first):
        plain = first.replace(".", "").replace(",", ".")
        return f"write {plain} for {first}, or read the file with thousands='.', decimal=','"
    if _SPACES.fullmatch(first):
        plain = re.sub(r"[^\d.,+-]", "", first).replace(",", ".")
        return f"write {plain} for {first}, without a mark between thousands"
    if is_numeral(first.replace(",", ".", 1)) and "," in first:
        return f"write a decimal point: {first.replace(',', '.', 1)}"
    if negative := _NEGATIVE.fullmatch(first):
        wanted = f"-{negative[1] or negative[2]}"
        if column.minimum is not None and column.minimum >= 0.0:
            return f"{first} means {wanted}, a negative number; {column.fix}"
        return f"write {wanted} for {first}"
    with_unit = _WITH_UNIT.fullmatch(first)
    if with_unit and (with_unit["before"] or with_unit["after"]):
        extra = " and ".join(
            repr(part) for part in (with_unit["before"], with_unit["after"]) if part
        )
        return f"write {with_unit['number']}, without {extra}"
    return column.fix


def is_numeral(text: str) -> bool:
    """Whether a text is a number as Python writes it."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def flag_remedy(texts: Sequence[str], column: Column, table: str) -> str:
    """Say how words for true and false become truth values.

    Parameters
    ----------
    texts : sequence of str
        The distinct texts of the column.
    column : Column
    table : str

    Examples
    --------
    >>> flag_remedy(["no", "yes"], Column("stock_out", "", "Whether"), "demand_history")
    "convert the column: demand_history['stock_out'].map({'no': False, 'yes': True})"
    """
    said = {text: text.strip().casefold() for text in texts}
    if not set(said.values()) <= _TRUE | _FALSE:
        return column.fix
    words = {text: word in _TRUE for text, word in said.items()}
    return f"convert the column: {table}[{column.name!r}].map({words})"


def date_remedy(texts: Sequence[str], column: Column, table: str) -> str:
    """Say how dates in another format become dates.

    Parameters
    ----------
    texts : sequence of str
        The distinct texts of the column, none of which is a date as it must be.
    column : Column
    table : str

    Examples
    --------
    >>> column = Column("period", "", "Week", dtype="period", fix="give a date: 2026-03-02")
    >>> date_remedy(["31.12.2025", "07.01.2026"], column, "demand_history")
    "convert the column: pd.to_datetime(demand_history['period'], format='%d.%m.%Y')"
    """
    fitting = [form for form in _FORMATS if all(_is_date(text, form) for text in texts)]
    cells = f"{table}[{column.name!r}]"
    if not fitting and all(_is_date(f"{text}-1", "%G-W%V-%u") for text in texts):
        return f"convert the column: pd.to_datetime({cells} + '-1', format='%G-W%V-%u')"
    if not fitting:
        return column.fix
    either = f", or {fitting[1]!r} if that is meant" if len(fitting) > 1 else ""
    return f"convert the column: pd.to_datetime({cells}, format={fitting[0]!r}){either}"


def _is_date(text: str, form: str) -> bool:
    if (form == "%Y%m%d" and len(text.strip()) != 8) or (form == "%Y%m" and len(text.strip()) != 6):
        return False  # strptime takes fewer digits than there should be
    try:
        datetime.strptime(text.strip(), form)
    except ValueError:
        return False
    return True
