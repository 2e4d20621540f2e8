"""The frame of base stocks for items that expire, as data."""

from __future__ import annotations

from typing import Final

from echelon.tables.column import Column, Table

_IN_A_CHAIN = "the stage is part of a chain, or a row of the failures"

LEVELS: Final = Table(
    "perishable_levels.stages",
    "One row per stage whose item expires.",
    (
        Column("item", "", "What is held", dtype="text", key=True),
        Column("location", "", "Where", dtype="text", key=True),
        Column("shelf_life", "period", "Life of a unit once it is made"),
        Column("life_at_arrival", "period", "What of it is left when a unit joins the stock"),
        Column(
            "life_asked_for",
            "period",
            "Most that customers, and stages that carry the life on, need of a unit that leaves",
        ),
        Column(
            "usable_life", "period", "Periods in which a unit in stock is of use to all of them"
        ),
        Column("covered", "period", "Demand periods from an order to the end of that life"),
        Column(
            "largest_level",
            "unit",
            "Largest base stock of which each unit is used with the chance asked for",
        ),
        Column("base_stock", "unit", "Base stock chosen", blank=_IN_A_CHAIN),
        Column("cost", "money/period", "Of stock, shortage and waste", blank=_IN_A_CHAIN),
        Column("cost_se", "money/period", "Standard error of that; 0 if exact", blank=_IN_A_CHAIN),
        Column("fill_rate", "-", "Share of units served at once", blank=_IN_A_CHAIN),
        Column("waste_rate", "-", "Share of what arrives that expires", blank=_IN_A_CHAIN),
        Column("expired", "unit/period", "Units that expire", blank=_IN_A_CHAIN),
        Column("on_hand", "unit", "Mean stock at the end of a period", blank=_IN_A_CHAIN),
        Column("exact", "", "Whether these measures are exact", dtype="flag", blank=_IN_A_CHAIN),
    ),
)
