"""How a stage orders: its policy, and what rounds and bounds an order."""

from __future__ import annotations

from echelon.tables.column import Column
from echelon.tables.times import LONGEST

MOST_UNITS = 1e15
"""Largest level or lot, units: beyond it a float no longer tells single units apart."""

POLICIES = ("base_stock", "echelon_base_stock", "min_max", "reorder_point", "reorder_point_once")
"""Names of the policies; the first is that of a stage that names none."""

ORDERING = (
    Column(
        "policy",
        "",
        "How the stage orders: up to `base_stock` at every review, by the position of the stage "
        "or of its echelon; up to `base_stock` where the position is at `reorder_point` or below "
        "(min_max); or so many times `order_quantity` there that the position comes above "
        "`reorder_point`, or once at most",
        dtype="text",
        choices=POLICIES,
        default=POLICIES[0],
        feature=True,
        blank="base_stock",
        fix="use one of the names",
    ),
    Column(
        "reorder_point",
        "unit",
        "Inventory position at which, or below which, the stage orders",
        minimum=-MOST_UNITS,
        maximum=MOST_UNITS,
        feature=True,
        blank="the plan decides, and it is of no use to a base-stock policy",
        fix="give the position in units",
    ),
    Column(
        "order_quantity",
        "unit",
        "Units of one order under a reorder_point policy",
        minimum=0.0,
        maximum=MOST_UNITS,
        exclusive="minimum",
        feature=True,
        blank="the policy has none",
        fix="give the units of one order",
    ),
    Column(
        "review_phase",
        "period",
        "First period that has a review, of those that come every `review_period` periods",
        dtype="whole",
        minimum=0.0,
        maximum=LONGEST,
        default=0,
        feature=True,
        blank="0",
        fix="give a whole number of periods, below review_period",
    ),
    Column(
        "order_multiple",
        "unit",
        "Every order is rounded up to a multiple of it: a pallet, a batch",
        minimum=0.0,
        maximum=MOST_UNITS,
        exclusive="minimum",
        feature=True,
        blank="any quantity",
        fix="give the units of one pallet or batch",
    ),
    Column(
        "minimum_order",
        "unit",
        "Least quantity of an order, rounded up to `order_multiple`",
        minimum=0.0,
        maximum=MOST_UNITS,
        feature=True,
        blank="none",
        fix="give the least quantity in units",
    ),
    Column(
        "maximum_order",
        "unit",
        "Largest quantity of an order, rounded down to `order_multiple`; it cuts whatever is above",
        minimum=0.0,
        exclusive="minimum",
        infinite=True,
        feature=True,
        blank="none",
        fix="give the largest quantity in units",
    ),
    Column(
        "order_cost",
        "money/order",
        "Cost of placing an order, whatever its size",
        minimum=0.0,
        default=0.0,
        feature=True,
        blank="0",
        fix="give a cost per order",
    ),
)
"""Columns of ``stages``."""
