"""Numbers and frames as people read them: few digits, units in the header, what is cut counted."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import pandas as pd

WIDTH = 100
"""Characters of a line of text."""

ROWS = 10
"""Rows of a frame that a repr shows."""


def counted(count: float, noun: str) -> str:
    """Say how many there are of something whose plural takes an s.

    Examples
    --------
    >>> counted(1, "week"), counted(0, "failure"), counted(1200, "stage")
    ('1 week', '0 failures', '1,200 stages')
    """
    return f"{count:,.6g} {noun if count == 1 else f'{noun}s'}"


def quantity(value: float) -> str:
    """Write money or units: two decimals, two digits where those would leave nothing.

    Examples
    --------
    >>> quantity(1234.5), quantity(0.00123), quantity(0.0), quantity(float("nan"))
    ('1,234.50', '0.0012', '0.00', '-')
    """
    if not math.isfinite(value):
        return "-" if math.isnan(value) else f"{value}"
    return f"{value:,.2f}" if value == 0.0 or abs(value) >= 0.1 else f"{value:.2g}"


def amount(value: float) -> str:
    """Write a sum of money for a headline: whole from a hundred up.

    Examples
    --------
    >>> amount(632775.3), amount(12.5), amount(0.0)
    ('632,775', '12.50', '0')
    """
    return f"{value:,.0f}" if abs(value) >= 100.0 or value == 0.0 else quantity(value)


def periods(value: float) -> str:
    """Write a time: whole periods as such, fractions to three decimals.

    Examples
    --------
    >>> periods(15.0), periods(10 / 3), periods(1200.0)
    ('15', '3.333', '1,200')
    """
    if not math.isfinite(value):
        return "-" if math.isnan(value) else f"{value}"
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def share(value: float) -> str:
    """Write a fraction with four decimals.

    Examples
    --------
    >>> share(0.95), share(float("nan"))
    ('0.9500', '-')
    """
    return "-" if math.isnan(value) else f"{value:.4f}"


def share_beside(value: float, target: float) -> str:
    """Write a fraction with the digits that tell it from a target: four, more near 0 and 1.

    Examples
    --------
    >>> share_beside(0.95312, 0.95), share_beside(0.9999312, 0.9999), share_beside(0.99999, 0.99999)
    ('0.9531', '0.999931', '0.9999900')
    """
    if math.isnan(value):
        return "-"
    rest = min(target, 1.0 - target)
    digits = 4 if rest <= 0.0 else max(4, 2 - math.floor(math.log10(rest) + 1e-9))
    return f"{value:.{digits}f}"


def money(currency: str) -> str:
    """Name the unit of money; a network without a currency has ``money``."""
    return currency or "money"


def unit_in_words(unit: str, *, period: str, currency: str) -> str:
    """Turn a unit of the tables into the words of one network.

    Examples
    --------
    >>> [unit_in_words(unit, period="week", currency="EUR")
    ...  for unit in ("period", "unit", "unit/period", "money/period", "-")]
    ['weeks', 'units', 'units/week', 'EUR/week', '']
    """
    if unit in ("", "-"):
        return ""
    top, *below = unit.split("/")
    words = {"period": f"{period}s", "unit": "units", "money": money(currency)}
    return "/".join([words.get(top, top), *(period if u == "period" else u for u in below)])


_WRITERS: Mapping[str, Callable[[Any], str]] = {"": str, "-": share, "period": periods}
"""How a cell of each unit is written; what is not here is a quantity."""


def with_units(
    frame: pd.DataFrame, units: Mapping[str, str], *, period: str, currency: str
) -> pd.DataFrame:
    """Write the cells of a frame as text under a header of two lines, name and unit.

    Parameters
    ----------
    frame : DataFrame
    units : mapping of str to str
        Unit of each column as the tables write it; a column without one holds text.
    period, currency : str
        Of the network.

    Returns
    -------
    DataFrame
        For the eye only.
    """
    written, header = {}, []
    for name in frame.columns:
        unit = units.get(name, "")
        writes = _WRITERS.get(unit, quantity)
        written[name] = [writes(value) for value in frame[name]]
        words = unit_in_words(unit, period=period, currency=currency)
        header.append((name, f"[{words}]" if words else ""))
    table = pd.DataFrame(written, columns=list(frame.columns), dtype=object)
    if header:
        table.columns = pd.MultiIndex.from_tuples(header)
    return table


def more(total: int, shown: int, where: str) -> str:
    """Say how many rows are not shown and where they are; empty text where all are.

    Examples
    --------
    >>> more(12, 10, "run.stages"), more(3, 10, "run.stages")
    ('… 2 more: run.stages', '')
    """
    return f"… {total - shown:,} more: {where}" if total > shown else ""


def wrapped(text: str, indent: str = "") -> str:
    """Break a text into lines, those after the first set in by two more characters."""
    return textwrap.fill(
        " ".join(text.split()),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def in_text(summary: str, table: pd.DataFrame, rest: str = "", **look: Any) -> str:
    """Put a summary, a table and a line on what the table leaves out below one another.

    What is empty is left out. ``look`` goes to ``to_string``.

    Examples
    --------
    >>> print(in_text("Two stages", pd.DataFrame({"stock": [4]}), "1 more row"))
    Two stages
     stock
         4
    1 more row
    """
    shown = "" if table.empty else table.to_string(index=False, **look)
    return "\n".join(filter(None, (summary, shown, rest)))


def in_html(summary: str, table: pd.DataFrame, rest: str = "", **look: Any) -> str:
    """Write the same as :func:`in_text` for a notebook; ``look`` goes to ``to_html``."""
    shown = "" if table.empty else table.to_html(index=False, border=0, **look)
    return f"<pre>{escape(summary)}</pre>{shown}" + f"<p>{escape(rest)}</p>" * bool(rest)
