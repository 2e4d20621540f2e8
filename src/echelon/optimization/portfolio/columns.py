"""The frames of a choice of options and of a portfolio, as data: each column once."""

from __future__ import annotations

from typing import Final

from echelon.tables.column import Column, Table

LIMITS: Final = Table(
    "portfolio.limits",
    "One row per limit and group: how much of it is used, and what it costs.",
    (
        Column("limit", "", "Name of the limit", dtype="text", key=True),
        Column(
            "group",
            "",
            "Segment, place or resource; empty where the limit is for all",
            dtype="text",
            key=True,
        ),
        Column("kind", "", "What is limited", dtype="text"),
        Column("sense", "", "Whether at most or at least so much is asked for", dtype="text"),
        Column("asked", "", "The limit, in its own unit"),
        Column("reached", "", "What the choice gives, in the same unit"),
        Column("room", "", "What is left until the limit, never negative but for rounding"),
        Column("price", "", "What moving the limit by one of its unit, to the tighter side, costs"),
        Column(
            "sentence", "", "The price in words; empty where the limit costs nothing", dtype="text"
        ),
    ),
)

CHOSEN: Final = Table(
    "options.chosen",
    "One row per SKU: the option that was chosen, with the columns of the table of options.",
    (
        Column("sku", "", "What is decided on", dtype="text", key=True),
        Column("option", "", "The option chosen", dtype="text"),
        Column("cost", "money", "What it costs"),
        Column(
            "regret",
            "money",
            "What it costs, with the limits at their prices, beyond the SKU's best option",
        ),
    ),
)

SKUS: Final = Table(
    "portfolio.skus",
    "One row per SKU, a connected component: what is held of it and what that gives.",
    (
        Column("component", "", "Number of the connected component", dtype="whole", key=True),
        Column(
            "item",
            "",
            "Item of the stage its customers buy from, the first of several",
            dtype="text",
        ),
        Column("location", "", "Where", dtype="text"),
        Column("stages", "", "How many stages it has", dtype="whole"),
        Column("option", "", "Which of its options was chosen, counted from 0", dtype="whole"),
        Column("options", "", "How many there were to choose from", dtype="whole"),
        Column("demand", "unit/period", "Mean demand of its customers"),
        Column(
            "stock_value",
            "money",
            "Mean stock on hand, at unit cost",
            blank="some stage has no unit cost",
        ),
        Column("holding_cost", "money/period", "Of the same stock"),
        Column("fill_rate", "-", "Share of units served from stock at once"),
        Column("cycle_service_level", "-", "Share of cycles without a shortage"),
        Column("shortage", "unit/period", "Mean of what is not served at once"),
        Column("cost", "money/period", "Its part of what is minimised; money where that is stock"),
        Column(
            "regret",
            "money/period",
            "What its option costs, with the limits at their prices, "
            "beyond its best one; money where that is stock",
        ),
    ),
)

STAGES: Final = Table(
    "portfolio.stages",
    "One row per stage: the level to order up to.",
    (
        Column("item", "", "What is held or made", dtype="text", key=True),
        Column("location", "", "Where", dtype="text", key=True),
        Column("component", "", "Number of the connected component", dtype="whole"),
        Column("review_period", "period", "Periods between reviews", dtype="whole"),
        Column("service_time", "period", "What the stage promises its customers"),
        Column("base_stock", "unit", "Order-up-to level"),
        Column("on_hand", "unit", "Mean stock at the end of a period"),
        Column("stock_value", "money", "The same at unit cost"),
        Column("holding_cost", "money/period", "The same at its holding cost"),
    ),
)

FRONTIER: Final = Table(
    "portfolio.frontier",
    "One row per amount of a limit: the least cost with it, proven.",
    (
        Column("asked", "", "The limit, in its own unit"),
        Column("reached", "", "What the choice gives, in the same unit"),
        Column("cost", "", "Of the choice, in the unit of what is minimised"),
        Column("bound", "", "Proven: no choice within the limits costs less"),
        Column("gap", "-", "`(cost - bound) / |cost|`"),
        Column("price", "", "What moving the limit by one of its unit, to the tighter side, costs"),
        Column("chosen", "", "Whether this is the point that was chosen", dtype="flag"),
    ),
)

UNITS: Final = {
    column.name: column.unit for table in (SKUS, STAGES, CHOSEN) for column in table.columns
}
