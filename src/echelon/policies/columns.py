"""The frames of a plan, as data: each column once, with its unit and what it says."""

from __future__ import annotations

from typing import Final

from echelon.tables.column import Column, Table

STAGES: Final = Table(
    "plan.stages",
    "One row per stage of a component that was solved.",
    (
        Column("item", "", "What is held or made", dtype="text", key=True),
        Column("location", "", "Where", dtype="text", key=True),
        Column("component", "", "Number of the connected component", dtype="whole"),
        Column("service_time", "period", "What the stage promises its customers"),
        Column(
            "inbound_service_time",
            "period",
            "When its supplies are complete, counted from its order",
        ),
        Column(
            "net_replenishment_time",
            "period",
            "How many periods of demand its own stock must cover",
        ),
        Column("safety_stock", "unit", "Stock beyond the mean demand of that time"),
        Column(
            "base_stock", "unit", "Order-up-to level: mean demand of that time and safety stock"
        ),
        Column("pipeline_stock", "unit", "Mean stock in process at the stage and in transit to it"),
        Column("holding_cost", "money/period", "Cost of holding the safety stock"),
        Column("demand_mean", "unit/period", "Mean of the demand the stage sees"),
        Column("demand_std", "unit/period", "Standard deviation of that demand in one period"),
        Column(
            "target_service_level",
            "-",
            "Cycle service level asked for",
            blank="no customer buys here",
        ),
        Column(
            "service_level",
            "-",
            "Cycle service level promised to customers by this base stock",
            blank="no customer buys here, or what the base stock will give is not known",
        ),
    ),
)

COMPONENTS: Final = Table(
    "plan.components",
    "One row per connected component: what its plan costs, and how sure that is.",
    (
        Column("component", "", "Number of the connected component", dtype="whole", key=True),
        Column("stages", "", "How many stages it has", dtype="whole"),
        Column(
            "status",
            "",
            "`optimal`: within the gap asked for; `feasible`: a plan with a larger gap; "
            "`failed`: no plan, and `plan.failures` says why",
            dtype="text",
        ),
        Column("objective", "money/period", "Cost of holding the safety stock", blank="no plan"),
        Column("bound", "money/period", "Proven: no plan costs less", blank="no plan"),
        Column("gap", "-", "Objective less bound, over objective", blank="no plan"),
        Column("termination", "", "Why the search stopped", dtype="text"),
        Column("method", "", "What solved it", dtype="text", blank="no plan"),
        Column("seconds", "s", "Time it took"),
    ),
)

UNITS: Final = {column.name: column.unit for column in STAGES.columns}
"""Unit of each column of the stages frame."""
