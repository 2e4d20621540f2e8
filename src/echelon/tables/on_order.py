"""The contract of what is there when a plan begins: stock by age, and open orders."""

from __future__ import annotations

from echelon.tables.column import NAME_FIX, Column, Table
from echelon.tables.ordering import MOST_UNITS
from echelon.tables.times import LONGEST


def _stage(item: str, location: str) -> tuple[Column, Column]:
    return (
        Column(
            "item",
            "",
            item,
            dtype="text",
            key=True,
            refers_to="stages.item",
            required=True,
            fix=NAME_FIX,
        ),
        Column(
            "location",
            "",
            location,
            dtype="text",
            key=True,
            refers_to="stages.location",
            required=True,
            fix=NAME_FIX,
        ),
    )


STOCK = Table(
    "stock",
    "One row per stage and remaining life: the stock on hand when a plan of "
    '`model="target_inventory"` begins, by age. Where the table has a row, a stage that is neither '
    "in it nor has an `initial_stock` has nothing on hand.",
    (
        *_stage("What is on hand", "Where"),
        Column(
            "remaining_life",
            "period",
            "Periods that the units can still serve in, period 0 among them",
            dtype="whole",
            minimum=1.0,
            maximum=LONGEST,
            key=True,
            blank="the item has no `shelf_life`",
            fix="give a whole number of periods; what has expired is no stock",
        ),
        Column(
            "quantity",
            "unit",
            "Units on hand",
            minimum=0.0,
            maximum=MOST_UNITS,
            required=True,
            fix="give the units; what is owed to customers is demand of period 0",
        ),
    ),
    references=(("item", "location"),),
)

OPEN_ORDERS = Table(
    "open_orders",
    "One row per order that was placed before a plan of "
    '`model="target_inventory"` begins and is not in stock yet.',
    (
        *_stage("What was ordered", "Where it joins the stock"),
        Column(
            "period",
            "period",
            "Period in which it joins the stock and can serve, counted from 0",
            dtype="whole",
            minimum=0.0,
            maximum=LONGEST,
            key=True,
            required=True,
            fix="give a whole number of periods; what is overdue is expected in period 0 or later",
        ),
        Column(
            "order",
            "",
            "Name of the order, where several join the stock in one period",
            dtype="text",
            key=True,
            default="",
            blank="the only one",
            fix="name the order, or leave the column out",
        ),
        Column(
            "quantity",
            "unit",
            "Good units that are expected",
            minimum=0.0,
            maximum=MOST_UNITS,
            required=True,
            fix="give the units that will be fit for use",
        ),
        Column(
            "remaining_life",
            "period",
            "Periods that the units can serve in once they join the stock, that one among them",
            dtype="whole",
            minimum=1.0,
            maximum=LONGEST,
            blank="the item has no `shelf_life`, or the units join fresh: with the `shelf_life` "
            "less the time of their release",
            fix="give a whole number of periods",
        ),
    ),
    references=(("item", "location"),),
)
