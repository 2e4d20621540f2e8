"""The frames of a calibration, as data: each column once, with its unit and what it says."""

from __future__ import annotations

from typing import Final

from echelon.tables.column import Column, Table

_ITEM = Column("item", "", "What is held or made", dtype="text", key=True)
_LOCATION = Column("location", "", "Where", dtype="text", key=True)

CUSTOMERS: Final = Table(
    "calibration.customers",
    "One row per stage from which customers buy.",
    (
        _ITEM,
        _LOCATION,
        Column("target", "-", "What the measure is to reach"),
        Column("before", "-", "Measured with the plan as it was", blank="nothing fell due"),
        Column("before_se", "-", "Its standard error", blank="nothing fell due"),
        Column("after", "-", "Measured with the calibrated plan", blank="nothing fell due"),
        Column("after_se", "-", "Its standard error", blank="nothing fell due"),
        Column("half_width", "-", "Of the confidence interval of `after`", blank="as `after_se`"),
        Column(
            "met", "", "Whether `after` is at least the target less the half-width", dtype="flag"
        ),
        Column(
            "fresh",
            "-",
            "Measured with the calibrated plan under random numbers it was not made with",
            blank="nothing fell due",
        ),
        Column("fresh_se", "-", "Its standard error", blank="nothing fell due"),
        Column("base_stock_before", "unit", "Level of the plan as it was"),
        Column("base_stock_after", "unit", "Level of the calibrated plan"),
        Column("reason", "", "Why the target is not met; empty where it is", dtype="text"),
    ),
)

STEPS: Final = Table(
    "calibration.steps",
    "One row per step of the calibration: what was reached, at which cost.",
    (
        Column("step", "", "What was done", dtype="text", key=True),
        Column("rounds", "", "Simulations so far", dtype="whole"),
        Column("met", "", "Stages with customers that meet their targets", dtype="whole"),
        Column("holding_cost", "money/period", "Measured: stock on hand and component stock"),
        Column("safety_stock_cost", "money/period", "Of base stocks beyond mean demand covered"),
    ),
)

UNITS: Final = {column.name: column.unit for column in (*CUSTOMERS.columns, *STEPS.columns)}
"""Unit of each column."""
