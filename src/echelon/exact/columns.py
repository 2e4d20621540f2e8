"""The frames of an evaluation, as data: each column once, with its unit and what it says."""

from __future__ import annotations

from typing import Final

from echelon.tables.column import Column, Table

_NO_CUSTOMERS = "no customer buys here, or the model does not tell"
_NOT_TOLD = "the model does not tell"

STAGES: Final = Table(
    "evaluation.stages",
    "One row per stage of a component that the model fits.",
    (
        Column("item", "", "What is held or made", dtype="text", key=True),
        Column("location", "", "Where", dtype="text", key=True),
        Column("component", "", "Number of the connected component", dtype="whole"),
        Column(
            "base_stock",
            "unit",
            "Order-up-to level of the stage by itself",
            blank="no such levels do the same (assembly)",
        ),
        Column(
            "echelon_base_stock",
            "unit",
            "Order-up-to level of all that is at the stage, below it and on the way",
        ),
        Column("on_hand", "unit", "Mean stock at the end of a period", blank=_NOT_TOLD),
        Column(
            "backorders",
            "unit",
            "Mean of what the stage owes to customers or to stages below, at the end of a period",
            blank=_NOT_TOLD,
        ),
        Column("fill_rate", "-", "Share of units served at once", blank=_NO_CUSTOMERS),
        Column("ready_rate", "-", "Share of time without backorders", blank=_NO_CUSTOMERS),
    ),
)

COMPONENTS: Final = Table(
    "evaluation.components",
    "One row per component that the model fits: what it costs.",
    (
        Column("component", "", "Number of the connected component", dtype="whole", key=True),
        Column("stages", "", "How many stages it has", dtype="whole"),
        Column("cost", "money/period", "The sum of the next three"),
        Column("holding_cost", "money/period", "Of stock on hand"),
        Column("pipeline_cost", "money/period", "Of stock on its way between stages"),
        Column("shortage_cost", "money/period", "Of what is owed to customers"),
    ),
)

UNITS: Final = {column.name: column.unit for column in STAGES.columns}
"""Unit of each column of the stages frame."""
