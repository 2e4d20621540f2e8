"""Columns of the frames that a target plan takes as arguments."""

from __future__ import annotations

from typing import Any

from echelon.tables import Column, Table
from echelon.tables.column import NAME_FIX
from echelon.tables.ordering import MOST_UNITS
from echelon.tables.times import LONGEST

KEY = (
    Column("item", "", "What", dtype="text", key=True, required=True, fix=NAME_FIX),
    Column("location", "", "Where", dtype="text", key=True, required=True, fix=NAME_FIX),
)


def period_column(blank: str = "") -> Column:
    """When a row holds; ``blank`` says what a blank cell amounts to, where it may be blank."""
    return Column(
        "period",
        "period",
        "When, counted from 0",
        dtype="whole",
        key=True,
        minimum=0.0,
        maximum=LONGEST,
        required=not blank,
        blank=blank,
        fix="number the periods from 0",
    )


_FIX = {
    "unit": "units, 0 or more",
    "money/unit": "money per unit, 0 or more",
    "money/unit/period": "money per unit and period, 0 or more",
}


def units_column(name: str, unit: str, text: str, **more: Any) -> Column:
    """Units, or money for each, 0 or more."""
    return Column(
        name, unit, text, minimum=0.0, maximum=MOST_UNITS, fix=f"give {_FIX[unit]}", **more
    )


FLOORS = Table(
    "floors=",
    "Least stock on hand at the end of a period.",
    (
        *KEY,
        period_column("every period"),
        units_column("floor", "unit", "Units to be on hand", required=True),
        units_column("price", "money/unit/period", "What a unit below costs", blank="floor_price"),
    ),
    references=(("item", "location"),),
)
FROZEN_ORDERS = Table(
    "frozen_orders=",
    "Orders that were decided before; periods of the frozen horizon without a row have none.",
    (*KEY, period_column(), units_column("order", "unit", "Units ordered", required=True)),
    references=(("item", "location"),),
)
PRICES = Table(
    "prices=",
    "What a unit costs that is ordered in a period.",
    (
        *KEY,
        period_column("every period"),
        units_column("price", "money/unit", "Money paid for one unit", required=True),
    ),
    references=(("item", "location"),),
)
