"""The contract of levels that change from period to period."""

from __future__ import annotations

from echelon.tables.column import NAME_FIX, Column, Table
from echelon.tables.ordering import MOST_UNITS

LEVELS = Table(
    "levels",
    "One row per stage and period: levels that change with time, in place of those of `stages`. "
    "Rows of one stage are a cycle, after whose last period the first comes again.",
    (
        Column(
            "item",
            "",
            "What the stage holds",
            dtype="text",
            key=True,
            refers_to="stages.item",
            required=True,
            fix=NAME_FIX,
        ),
        Column(
            "location",
            "",
            "Where",
            dtype="text",
            key=True,
            refers_to="stages.location",
            required=True,
            fix=NAME_FIX,
        ),
        Column(
            "period",
            "period",
            "Period that the row is about, counted from 0",
            dtype="whole",
            minimum=0.0,
            maximum=1e5,
            key=True,
            required=True,
            fix="number the periods of the cycle from 0",
        ),
        Column(
            "base_stock",
            "unit",
            "Order-up-to level in that period",
            minimum=-MOST_UNITS,
            maximum=MOST_UNITS,
            blank="in all periods of a stage: the column of `stages`, or the plan, says it",
            fix="give the level in units",
        ),
        Column(
            "reorder_point",
            "unit",
            "Reorder point in that period",
            minimum=-MOST_UNITS,
            maximum=MOST_UNITS,
            blank="in all periods of a stage: the column of `stages`, or the plan, says it",
            fix="give the position in units",
        ),
    ),
    references=(("item", "location"),),
)
