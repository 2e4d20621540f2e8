"""The contracts of observed demand and of forecasts, from which demand models are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from echelon.tables.column import Column, Table

_NAME = "give every row a name, as text or as a whole number"
_PERIOD = "give the number of the period, or its first day as a date: 2026-03-02"


def _key(name: str, text: str) -> Column:
    return Column(name, "", text, dtype="text", key=True, required=True, fix=_NAME)


def _period(name: str, text: str) -> Column:
    return Column(name, "", text, dtype="period", key=True, required=True, fix=_PERIOD)


_SEGMENT = Column(
    "segment",
    "",
    "Market, channel or customer; further columns of this kind are named in `segments` of the call",
    dtype="text",
    key=True,
    default="",
    blank="the only segment",
    fix="name the segment, or leave the column out",
)

DEMAND_HISTORY = Table(
    "demand_history",
    "One row per item, location, segment and period: what customers asked for. "
    "A period in which nobody asked is a row with quantity 0, "
    "unless the call says `absent='zero'`.",
    (
        _key("item", "Item customers ask for"),
        _key("location", "Where they ask"),
        _SEGMENT,
        _period("period", "Number of the period, or a day in it"),
        Column(
            "quantity",
            "unit/period",
            "Units asked for; where `stock_out` is true, units sold until stock ran out",
            minimum=0.0,
            required=True,
            fix="give the units asked for, 0 for none; book returns apart from demand",
        ),
        Column(
            "stock_out",
            "",
            "Whether stock ran out, so that demand was at least the quantity",
            dtype="flag",
            default=False,
            fix="write True or False",
        ),
    ),
)

FORECASTS = Table(
    "forecasts",
    "One row per item, location, segment, snapshot and period: what was expected, and when. "
    "A snapshot made at period m knows the demand of the periods before m.",
    (
        _key("item", "Item forecast"),
        _key("location", "Where"),
        _SEGMENT,
        _period("made_at", "Period at the start of which the forecast was made"),
        _period("period", "Period that it is for, not before `made_at`"),
        Column(
            "forecast",
            "unit/period",
            "Expected demand of the period",
            minimum=0.0,
            required=True,
            fix="give the units expected, 0 for none",
        ),
    ),
)


def with_segments(table: Table, segments: Sequence[str]) -> Table:
    """Give the table with a required key column for each further segment.

    Parameters
    ----------
    table : Table
        :data:`DEMAND_HISTORY` or :data:`FORECASTS`.
    segments : sequence of str
        Names of columns; ``"segment"`` itself makes that column required.

    Returns
    -------
    Table
        Segments stand behind the location.

    Examples
    --------
    >>> with_segments(DEMAND_HISTORY, ["market", "channel"]).key
    ('item', 'location', 'market', 'channel', 'period')
    """
    if not segments:
        return table
    named = [_key(name, "Segment of the customers") for name in segments]
    rest = [column for column in table.columns[2:] if column.name != "segment"]
    return replace(table, columns=(*table.columns[:2], *named, *rest))
