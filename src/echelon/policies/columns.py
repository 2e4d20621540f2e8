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
            "base_stock",
            "unit",
            "Order-up-to level: mean demand of that time and safety stock; of orders in lots the "
            "least position after a review",
        ),
        Column(
            "cycle_stock",
            "unit",
            "Mean stock that lots and minimum orders add; there where some stage has such",
            feature=True,
        ),
        Column(
            "reorder_point",
            "unit",
            "Position at which lots are ordered; there where some stage has such a policy",
            feature=True,
            blank="the stage orders up to its base stock",
        ),
        Column(
            "order_quantity",
            "unit",
            "Lot; there where some stage has a policy of lots",
            feature=True,
            blank="the stage orders up to its base stock",
        ),
        Column(
            "maximum_order",
            "unit",
            "Most that the stage orders at once, by its capacity; there where some stage has one",
            feature=True,
            blank="no limit",
        ),
        Column("pipeline_stock", "unit", "Mean stock in process at the stage and in transit to it"),
        Column(
            "holding_cost", "money/period", "Cost of holding the safety stock and the cycle stock"
        ),
        Column("demand_mean", "unit/period", "Mean of the demand the stage sees"),
        Column("demand_std", "unit/period", "Standard deviation of that demand in one period"),
        Column(
            "target_service_level",
            "-",
            "Service asked for, by the stage's `service_measure`",
            blank="no customer buys here",
        ),
        Column(
            "service_level",
            "-",
            "Service promised to customers by this base stock, by the same measure",
            blank="no customer buys here, or what the base stock will give is not known",
        ),
    ),
)

LISTED_TIMES: Final = "listed times"
"""Of a component whose plan was compared with some of the service times there are, not all."""

COMPONENTS: Final = Table(
    "plan.components",
    "One row per connected component: what its plan costs, and how sure that is.",
    (
        Column("component", "", "Number of the connected component", dtype="whole", key=True),
        Column("stages", "", "How many stages it has", dtype="whole"),
        Column(
            "status",
            "",
            "`optimal`: within the gap asked for; `feasible`: a plan with a larger gap, or one "
            "compared with some of the service times only (`method` then says `listed times`); "
            "`failed`: no plan, and `plan.failures` says why",
            dtype="text",
        ),
        Column("objective", "money/period", "Cost of holding the safety stock", blank="no plan"),
        Column(
            "bound",
            "money/period",
            "Proven: no plan costs less; where `method` says `listed times`, no plan of those",
            blank="no plan",
        ),
        Column("gap", "-", "Objective less bound, over objective", blank="no plan"),
        Column("termination", "", "Why the search stopped", dtype="text"),
        Column("method", "", "What solved it", dtype="text", blank="no plan"),
        Column("seconds", "s", "Time it took"),
    ),
)

TRACE: Final = Table(
    "plan.trace",
    "One row per gain of a component's search: what was known, and when.",
    (
        Column("component", "", "Number of the connected component", dtype="whole", key=True),
        Column("seconds", "s", "Since the search of the component began", key=True),
        Column("bound", "money/period", "Proven by then: no plan costs less", blank="none yet"),
        Column("objective", "money/period", "Cost of the best plan by then", blank="none yet"),
    ),
)

LEVELS: Final = Table(
    "plan.levels",
    "One row per stage and period where base stocks change with the season; no rows elsewhere.",
    (
        Column("item", "", "What is held or made", dtype="text", key=True),
        Column("location", "", "Where", dtype="text", key=True),
        Column("period", "period", "Period of the cycle, from 0", dtype="whole", key=True),
        Column("base_stock", "unit", "Order-up-to level in that period"),
    ),
)

SEGMENTS: Final = Table(
    "plan.segments",
    "One row per row of demand at stages whose segments are promised levels of their own; no rows "
    "elsewhere. Columns named in the network's `segments` stand in place of `segment`.",
    (
        Column("item", "", "Item customers ask for", dtype="text", key=True),
        Column("location", "", "Where they ask", dtype="text", key=True),
        Column("segment", "", "Segment of the customers", dtype="text", key=True),
        Column("target_service_level", "-", "Cycle service level asked for"),
        Column(
            "service_level",
            "-",
            "Cycle service level promised to these customers, at least",
            blank="what the base stock will give is not known",
        ),
    ),
)

UNITS: Final = {column.name: column.unit for column in STAGES.columns}
"""Unit of each column of the stages frame."""
