"""The contracts of observed demand and of forecasts, from which demand models are made."""

from __future__ import annotations

from echelon.tables.column import NAME_FIX, Column, Table

_PERIOD = "give the number of the period, or its first day as a date: 2026-03-02"
LARGEST = 1e12
"""Units per period; beyond it a quantity is a typing error, and its square loses digits."""


def _key(name: str, text: str) -> Column:
    return Column(name, "", text, dtype="text", key=True, required=True, fix=NAME_FIX)


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
        _period(
            "period", "Number of the period, or a day in it; for weeks always the same weekday"
        ),
        Column(
            "quantity",
            "unit/period",
            "Units asked for; where `stock_out` is true, units sold until stock ran out",
            minimum=0.0,
            maximum=LARGEST,
            required=True,
            fix="give the units asked for, 0 for none; book returns apart from demand",
            fix_empty="give 0 for none; where it is not known because stock ran out, "
            "give quantity=0 with stock_out=True",
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
            maximum=LARGEST,
            required=True,
            fix="give the units expected, 0 for none",
        ),
    ),
)
