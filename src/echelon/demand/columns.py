"""The frames of demand models, as data: each column once, with its unit and what it says.

Segment columns come after ``location``, and in failures at the end.
"""

from __future__ import annotations

from typing import Final

from echelon.tables.column import Column, Table

_ITEM = Column("item", "", "What is sold", dtype="text", key=True)
_LOCATION = Column("location", "", "Where", dtype="text", key=True)

MODELS: Final = Table(
    "demand.models",
    "Of `fit_demand`. One row per series that has a model. Segment columns come after `location`.",
    (
        _ITEM,
        _LOCATION,
        Column("class", "", "Smooth, erratic, intermittent, lumpy, or no demand", dtype="text"),
        Column("family", "", "Family of the model", dtype="text"),
        Column("mean", "unit/period", "Mean of the model"),
        Column("std", "unit/period", "Standard deviation of the model, widened"),
        Column(
            "fitted_family",
            "",
            "As chosen; a Poisson whose mean is uncertain is negative binomial",
            dtype="text",
        ),
        Column(
            "source",
            "",
            "`own`, or whose series the model falls back to: `segment`, `all series`",
            dtype="text",
        ),
        Column(
            "lender",
            "",
            "Whose moments the series' own were weighed against: `none`, `segment`, `all series`",
            dtype="text",
        ),
        Column("mean_credibility", "-", "Weight of the series' own mean"),
        Column("std_credibility", "-", "Weight of the series' own variance-to-mean ratio"),
        Column("widening", "-", "`std` over what it would be if the moments were known"),
        Column("effective_periods", "period", "What the weights of its memory amount to"),
        Column("history_mean", "unit/period", "Plain mean of the quantities"),
        Column("history_std", "unit/period", "Plain standard deviation of the quantities"),
        Column("half_life", "period", "Its memory", blank="the past is not forgotten"),
        Column(
            "drift",
            "-",
            "Factor on mean and variance for what came after such a past in its pool; 1 where "
            "nothing was seen",
        ),
        Column("periods", "", "Periods observed", dtype="whole"),
        Column("demands", "", "Those with demand", dtype="whole"),
        Column("stock_outs", "", "Those in which stock ran out", dtype="whole"),
        Column("demand_interval", "period", "Mean time between periods with demand"),
        Column("size_variation", "-", "Squared coefficient of variation of their quantities"),
        Column("criterion", "-", "Information criterion", blank="it was not told"),
        Column("windows", "", "Windows of the rolling origin", dtype="whole"),
        Column("score", "unit", "Mean pinball loss over the windows", blank="there is none"),
        Column(
            "covered",
            "-",
            "Share of windows within the quantile at the highest service level",
            blank="there is none",
        ),
    ),
)

FINDINGS: Final = Table(
    "demand.findings",
    "One row per thing that a history shows besides its model. Segment columns come after "
    "`location`.",
    (
        _ITEM,
        _LOCATION,
        Column(
            "finding",
            "",
            "`yearly_cycle`, `weekly_cycle`, `cycle`, `level_shift`, `trend`, `outlier`, `ended`, "
            "`stock_outs`, `not_settled`, `absent`, `fell_back` or `widened`",
            dtype="text",
            key=True,
        ),
        Column(
            "period",
            "",
            "Number or first day of the period it is about",
            dtype="period",
            blank="it is about all of them",
        ),
        Column("value", "", "How much; the message says of what"),
        Column("message", "", "What was seen and what became of it", dtype="text"),
    ),
)

REVISED: Final = Table(
    "revisions.series",
    "Of `fit_forecast_revisions`, which writes its input table `forecast_errors` as well. One row "
    "per series that has an estimate. Segment columns come after `location`.",
    (
        _ITEM,
        _LOCATION,
        Column("periods", "", "Periods with their demand and two snapshots", dtype="whole"),
        Column("bias", "unit", "Mean of all revisions that a period brings, added up"),
    ),
)

ERRORS: Final = Table(
    "forecasts.errors",
    "Of `fit_forecasts`. One row per series and exposure; an error is demand less forecast, both "
    "summed over the exposure. Segment columns come after `location`.",
    (
        _ITEM,
        _LOCATION,
        Column("exposure", "period", "Periods that are summed", dtype="whole", key=True),
        Column("lag", "period", "From the snapshot to the first of them", dtype="whole"),
        Column("windows", "", "Snapshots with every forecast and every actual", dtype="whole"),
        Column("incomplete", "", "Snapshots left out for want of one", dtype="whole"),
        Column("hidden", "", "Snapshots left out for a stock-out", dtype="whole"),
        Column("effective_windows", "", "As many windows that do not overlap would say as much"),
        Column("bias", "unit", "Mean error"),
        Column(
            "bias_t", "-", "Mean error over its standard error", blank="all errors are the same"
        ),
        Column("std", "unit", "Standard deviation of the error about its mean"),
        Column("rmse", "unit", "Root mean squared error"),
        Column("widening", "-", "Factor on `std` for what few windows leave open"),
        Column(
            "root_rule", "unit", "What the square root of time makes of the error of one period"
        ),
        Column("made_at", "", "When the latest snapshot was made", dtype="period"),
        Column("forecast", "unit", "Its sum over the exposure"),
    ),
)

PAIRS: Final = Table(
    "together.pairs",
    "Of `fit_correlation`: the input table `correlation`, one row per pair of series of one group. "
    "Segment columns come after `location`, and with `other_` before their names after "
    "`other_location`.",
    (
        _ITEM,
        _LOCATION,
        Column("other_item", "", "The other series: what is sold", dtype="text", key=True),
        Column("other_location", "", "Where", dtype="text", key=True),
        Column("coefficient", "-", "Correlation of their demands in one period, shrunk"),
    ),
)

GROUPS: Final = Table(
    "together.groups",
    "One row per group of series that were compared.",
    (
        Column("group", "", "What its series share", dtype="text", key=True),
        Column("series", "", "How many they are", dtype="whole"),
        Column("periods", "", "Periods that all have, none with a stock-out", dtype="whole"),
        Column("periods_not_used", "", "Periods that one or another has", dtype="whole"),
        Column(
            "stock_outs",
            "",
            "Those of them that all have and some ran out of stock in",
            dtype="whole",
        ),
        Column("shrinkage", "-", "Weight of the target, 0 to 1"),
        Column("mean_correlation", "-", "Mean coefficient of its pairs"),
        Column("smallest_eigenvalue", "-", "Of the matrix; above 0, nothing contradicts"),
    ),
)
