"""The frames of searched base stocks, as data: each column once, with its unit and meaning."""

from __future__ import annotations

from typing import Final

from echelon.tables.column import Column, Table

_ITEM = Column("item", "", "What is held or made", dtype="text", key=True)
_LOCATION = Column("location", "", "Where", dtype="text", key=True)
_COMPONENT = Column("component", "", "Number of the connected component", dtype="whole", key=True)

STAGES: Final = Table(
    "searched.stages",
    "One row per stage of a component that was searched. What is simulated is simulated under "
    "random numbers that had no part in the search.",
    (
        _ITEM,
        _LOCATION,
        Column("component", "", "Number of the connected component", dtype="whole"),
        Column("base_stock_start", "unit", "Level of the plan that the search began with"),
        Column("base_stock", "unit", "Level that was found"),
        Column(
            "safety_factor",
            "-",
            "Standard deviations of the demand it covers by which that is above its mean",
            blank="that demand has no spread",
        ),
        Column("on_hand", "unit", "Simulated mean stock at the end of a period"),
        Column("backorders", "unit", "Simulated mean backorders at the end of a period"),
        Column("ready_rate", "-", "Simulated share of periods without a late unit"),
        Column("on_time_rate", "-", "Simulated share of units on time", blank="nothing fell due"),
        Column("cost", "money/period", "Simulated cost of the stage"),
        Column("cost_se", "money/period", "Its standard error", blank="one replication"),
    ),
)

CUSTOMERS: Final = Table(
    "searched.customers",
    "One row per target: of a stage, or of those of its customers who are promised a fill rate of "
    "their own.",
    (
        _ITEM,
        _LOCATION,
        Column("measure", "", "`cycle`, `ready` or `fill`: what the target is of", dtype="text"),
        Column("target", "-", "What the measure is to reach", key=True),
        Column(
            "start", "-", "Simulated with the plan the search began with", blank="nothing fell due"
        ),
        Column("after", "-", "Simulated with the levels found", blank="nothing fell due"),
        Column("after_se", "-", "Its standard error", blank="as `after`"),
        Column("half_width", "-", "Of the confidence interval of `after`", blank="as `after`"),
        Column(
            "verdict",
            "",
            "`met` or `missed` where the whole interval is on that side of the target, `unclear` "
            "where the target is in it; `missed` too where service fades through the run; empty "
            "where nothing fell due",
            dtype="text",
        ),
        Column("met", "", "Whether it is not missed", dtype="flag"),
        Column("reason", "", "Why the target is not met; empty where it is", dtype="text"),
    ),
)

COMPONENTS: Final = Table(
    "searched.components",
    "One row per component that was searched.",
    (
        _COMPONENT,
        Column("stages", "", "How many stages it has", dtype="whole"),
        Column("cost_start", "money/period", "Simulated with the plan the search began with"),
        Column("cost", "money/period", "Simulated with the levels found"),
        Column(
            "gap",
            "-",
            "By how much the last levels but one can be above the least cost in reach, as a share "
            "of it, with 95 % confidence",
            blank="one sample alone, which cannot judge the levels it chose",
        ),
        Column("rounds", "", "Samples", dtype="whole"),
        Column("runs", "", "Replications in the last sample", dtype="whole"),
        Column("evaluations", "", "Times that a sample was run through", dtype="whole"),
        Column("termination", "", "Why the search stopped", dtype="text"),
        Column("seconds", "s", "Time it took"),
    ),
)

TRACE: Final = Table(
    "searched.trace",
    "One row per sample: what the levels of the sample before cost on it, and the best found.",
    (
        _COMPONENT,
        Column("round", "", "Number of the sample, from 1", dtype="whole", key=True),
        Column("runs", "", "Replications in it", dtype="whole"),
        Column("evaluations", "", "Times that it was run through", dtype="whole"),
        Column("seconds", "s", "Since the search of the component began"),
        Column("cost_before", "money/period", "Of the levels it began with, on this sample"),
        Column("cost", "money/period", "Of the levels it found, on this sample"),
        Column(
            "gap",
            "money/period",
            "Upper 95 % bound on the mean difference of the two",
            blank="the first sample, which chose both",
        ),
        Column("met", "", "Whether all targets are met on this sample", dtype="flag"),
    ),
)

UNITS: Final = {
    column.name: column.unit
    for table in (STAGES, CUSTOMERS, COMPONENTS)
    for column in table.columns
}
"""Unit of each column that is shown."""
