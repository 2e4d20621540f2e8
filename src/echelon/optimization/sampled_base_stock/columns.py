"""The frames of sampled base stocks, as data: each column once, with its unit and what it says."""

from __future__ import annotations

from typing import Final

from echelon.tables.column import Column, Table

_ITEM: Final = Column("item", "", "What is held or made", dtype="text", key=True)
_LOCATION: Final = Column("location", "", "Where", dtype="text", key=True)
_COMPONENT: Final = Column(
    "component", "", "Number of the connected component", dtype="whole", key=True
)

CHECKED: Final = Table(
    "sampled.checked",
    "One row per stage from which customers buy: service on the paths, and out of sample.",
    (
        _ITEM,
        _LOCATION,
        Column("measure", "", "`cycle`, `ready` or `fill`", dtype="text"),
        Column("target", "-", "What the measure is to reach", blank="no target at this stage"),
        Column("sampled", "-", "On the paths that the level was chosen on"),
        Column("simulated", "-", "Simulated with other random numbers", blank="not simulated"),
        Column("simulated_se", "-", "Its standard error", blank="not simulated"),
        Column("half_width", "-", "Of the confidence interval of `simulated`", blank="the same"),
        Column(
            "verdict",
            "",
            "`met` or `missed` where the whole interval is on that side of the target, `unclear` "
            "where the target is in it; empty without a target or a simulation",
            dtype="text",
        ),
    ),
)

SAMPLES: Final = Table(
    "sampled.samples",
    "One row per component: its sampled problem, what its levels cost on it, and how far they can "
    "be from the best of the true problem.",
    (
        _COMPONENT,
        Column("paths", "", "Sampled paths", dtype="whole"),
        Column("periods", "period", "Counted on each path", dtype="whole"),
        Column("holding_cost", "money/period", "Of stock on hand and of parts that wait"),
        Column("shortage_cost", "money/period", "Mean over the paths"),
        Column("tail_cost", "money/period", "Mean over the worst paths", blank="no `cvar_level`"),
        Column("objective", "money/period", "What the levels were chosen to minimise"),
        Column("bound", "money/period", "Proven: no levels cost less on these paths"),
        Column("replications", "", "Fresh samples that bound the true gap", dtype="whole"),
        Column("fresh_cost", "money/period", "Of the levels on fresh paths", blank="none drawn"),
        Column("true_gap", "money/period", "Mean over fresh samples of cost less least cost",
               blank="none drawn, or not known"),
        Column("true_gap_se", "money/period", "Its standard error", blank="the same"),
        Column("true_gap_upper", "money/period", "The true gap is at most this, at the confidence",
               blank="the same"),
        Column("service_price", "money/period",
               "Price of a whole share of service (1.0) in that bound, 0 without a target",
               blank="the same"),
        Column("true_gap_how", "", "What the bound is made of, or why there is none", dtype="text"),
    ),
)  # fmt: skip

CURVES: Final = Table(
    "sampled.curves",
    "Cost and service on the paths over the level of a stage that supplies nobody, all other "
    "levels as they are; of the first 100 components.",
    (
        _ITEM,
        _LOCATION,
        Column("level", "unit", "Base stock", key=True),
        Column("holding_cost", "money/period", "Of the component"),
        Column("shortage_cost", "money/period", "Of the component, mean over the paths"),
        Column("cost", "money/period", "Objective of the component"),
        Column("cycle", "-", "Cycle service level of the stage"),
        Column("ready", "-", "Ready rate of the stage"),
        Column("fill", "-", "Fill rate of the stage"),
    ),
)

UNITS: Final = {
    column.name: column.unit for table in (CHECKED, SAMPLES, CURVES) for column in table.columns
}
