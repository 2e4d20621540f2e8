"""The frames of a target plan, as data: each column once, with its unit and what it says."""

from __future__ import annotations

from typing import Final

from echelon.tables.column import Column, Table

_ITEM = Column("item", "", "What is held or made", dtype="text", key=True)
_LOCATION = Column("location", "", "Where", dtype="text", key=True)
_PERIOD = Column("period", "period", "From 0, the first of the plan", dtype="whole", key=True)

TARGETS: Final = Table(
    "targets.targets",
    "One row per stage and period of the horizon: the target, what it adds up from, and the plan "
    "behind it. All stocks are those at the end of the period.",
    (
        _ITEM,
        _LOCATION,
        _PERIOD,
        Column(
            "target",
            "unit",
            "Planned inventory position: on hand, in release, in make, in transit and on open "
            "order, less what is owed to customers",
        ),
        Column(
            "cycle",
            "unit",
            "On hand by choice, as an order could have come later; less what is owed",
        ),
        Column("safety", "unit", "On hand to keep a floor, as far as shelf life allows or not"),
        Column("pipeline", "unit", "In transit, in make and on open order"),
        Column("quality_hold", "unit", "Made and not released"),
        Column(
            "prebuild", "unit", "On hand because no window or capacity was left to have it later"
        ),
        Column(
            "minimum_order_excess",
            "unit",
            "What a multiple or a minimum added to orders, from the next order on",
        ),
        Column(
            "shelf_life_cut", "unit", "Part of a floor that would expire, not held; 0 or negative"
        ),
        Column(
            "policy_override",
            "unit",
            "Opening stock, open and frozen orders beyond what was needed before the first order "
            "that the plan could place",
        ),
        Column("on_hand", "unit", "Released stock"),
        Column("floor", "unit", "Least on hand asked for"),
        Column("below_floor", "unit", "What is missing to it"),
        Column("demand", "unit", "What customers ask for in the period"),
        Column("component_use", "unit", "What receiving stages take in it"),
        Column("order", "unit", "What is ordered in it"),
        Column("arrivals", "unit", "What joins the stock on hand in it"),
        Column("backorders", "unit", "Owed to customers"),
        Column("lost", "unit", "Lost sales of the period"),
        Column("expired", "unit", "Units that reach the end of their shelf life in the period"),
    ),
)

ORDERS: Final = Table(
    "targets.orders",
    "One row per order of the horizon; an order that is in part sent the fast way has two.",
    (
        _ITEM,
        _LOCATION,
        _PERIOD,
        Column("fast", "", "Whether a lane goes the fast way", dtype="flag", key=True),
        Column("quantity", "unit", "Ordered"),
        Column("lots", "", "Multiples in all of the period's order; 0 without", dtype="whole"),
        Column("frozen", "", "Whether it was given, not decided", dtype="flag"),
        Column("available", "period", "When all of it can be on hand", dtype="whole"),
        Column("cost", "money", "Per unit for the fast way and for parts that wait, in all"),
    ),
)

LIMITS: Final = Table(
    "targets.limits",
    "What binds and its price: one row per limit that does. The price is the dual value of the "
    "linear program in which orders are placed, and lots are as many, as in the plan.",
    (
        Column(
            "kind",
            "",
            "`capacity`, `resource`, `frozen_order`, `minimum_order`, `maximum_order`, `floor` or "
            "`no_stock`",
            dtype="text",
            key=True,
        ),
        Column("item", "", "Empty for a resource", dtype="text", key=True),
        Column("location", "", "Empty for a resource", dtype="text", key=True),
        Column("resource", "", "Empty elsewhere", dtype="text", key=True),
        _PERIOD,
        Column("limit", "unit", "As given; of a resource in its own unit"),
        Column("used", "unit", "By the plan"),
        Column(
            "price",
            "money/unit",
            "What one unit of relief saves: a larger limit, a smaller floor or minimum",
        ),
    ),
)

COSTS: Final = Table(
    "targets.costs",
    "One row per component and kind of cost, over all periods planned, those looked ahead among "
    "them.",
    (
        Column("component", "", "Number of the first connected component in it", dtype="whole"),
        Column(
            "kind", "", "Kind of cost, by the names that the summary has", dtype="text", key=True
        ),
        Column("cost", "money", "In the objective"),
    ),
)

COMPONENTS: Final = Table(
    "targets.components",
    "One row per component: connected stages, and those that share a resource with them.",
    (
        Column("component", "", "Number of its first connected component", dtype="whole", key=True),
        Column("stages", "", "How many stages it has", dtype="whole"),
        Column(
            "status",
            "",
            "`optimal`: within the gap asked for; `feasible`: a plan with a larger gap; "
            "`failed`: no plan, and `targets.failures` says why",
            dtype="text",
        ),
        Column("objective", "money", "Cost over all periods planned", blank="no plan"),
        Column("bound", "money", "Proven: no plan costs less", blank="no plan"),
        Column("gap", "-", "Objective less bound, over objective", blank="no plan"),
        Column("below_floor", "unit", "Units below floors, added up over periods", blank="no plan"),
        Column("late", "unit", "Units owed at ends of periods, added up", blank="no plan"),
        Column("lost", "unit", "Units lost", blank="no plan"),
        Column("expired", "unit", "Units expired", blank="no plan"),
        Column("termination", "", "Why the search stopped", dtype="text"),
        Column("seconds", "s", "Time it took"),
    ),
)

ROUNDED: Final = Table(
    "targets.rounded_times",
    "One row per time that the plan takes for longer or more certain than the tables say it is.",
    (
        Column("item", "", "Of the stage; of a lane the stage it goes to", dtype="text", key=True),
        Column("location", "", "Of the same", dtype="text", key=True),
        Column("from_item", "", "Start of a lane; empty for stages", dtype="text", key=True),
        Column("from_location", "", "Start of a lane", dtype="text", key=True),
        Column("column", "", "Of the table", dtype="text", key=True),
        Column("given", "period", "As the tables have it, the mean where it varies"),
        Column("std", "period", "Standard deviation given"),
        Column("periods", "period", "As planned", dtype="whole"),
    ),
)

OPENING: Final = Table(
    "targets.opening",
    "One row per stage: what the plan found.",
    (
        _ITEM,
        _LOCATION,
        Column("on_hand", "unit", "Opening stock, of all ages"),
        Column("on_order", "unit", "Open orders"),
    ),
)

UNITS: Final = {column.name: column.unit for column in TARGETS.columns}
"""Unit of each column of the targets."""
