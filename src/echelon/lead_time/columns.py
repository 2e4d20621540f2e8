"""The frames of lead-time models, as data: each column once, with its unit and what it says.

The columns that models are made by (``by`` of ``fit_lead_time``) come after ``leg`` and ``level``.
"""

from __future__ import annotations

from typing import Final

from echelon.tables.column import Column, Table

_LEG = Column(
    "leg",
    "",
    "`total`, or a part of it: `make`, `release`, `transport`, `make and release`, "
    "`release and transport`",
    dtype="text",
    key=True,
)
_BY = "The columns that models are made by come after"

_MODEL = (
    Column("lead_time", "period", "Mean, for `stages` or `lanes`"),
    Column("lead_time_std", "period", "Standard deviation"),
    Column("lead_time_family", "", "Family of the distribution", dtype="text"),
    Column(
        "lead_time_parameters",
        "",
        "What the two moments leave open",
        dtype="json",
        blank="nothing",
    ),
    Column("p50", "period", "Quantile: half take no longer"),
    Column("p90", "period", "Quantile: nine in ten take no longer"),
    Column("finished", "", "Shipments of this key that ended", dtype="whole"),
    Column(
        "open", "", "Shipments of this key that had not ended on the day of the log", dtype="whole"
    ),
    Column(
        "effective",
        "",
        "Shipments of equal weight that would say as much, borrowed ones included",
    ),
    Column("credibility", "-", "Weight of the key's own shipments; the rest is its pool's"),
)

MODELS: Final = Table(
    "times.models",
    f"Of `fit_lead_time`. One row per leg and key. {_BY} `leg`.",
    (_LEG, *_MODEL),
)

POOLS: Final = Table(
    "times.pools",
    f"One row per leg and pool, from the nearest to that of all. {_BY} `level`, blank where the "
    "pool has them not.",
    (
        _LEG,
        Column("level", "", "Columns of the pool, or `all`", dtype="text", key=True),
        *_MODEL,
    ),
)

ROWS: Final = Table(
    "times.rows",
    "One row per leg and account. Every row of the log is in one account of each leg.",
    (
        _LEG,
        Column("account", "", "What became of the rows, and why", dtype="text", key=True),
        Column("rows", "", "How many rows of the log", dtype="whole"),
        Column("share", "-", "Their share of the log"),
        Column("first_row", "", "The first of them, counted from 1", dtype="whole"),
    ),
)

SET_ASIDE: Final = Table(
    "times.set_aside",
    "One row per leg and row of the log that no model is made from.",
    (
        _LEG,
        Column("row", "", "Row of the log, counted from 1", dtype="whole", key=True),
        Column("account", "", "Why", dtype="text"),
    ),
)

PROMISES: Final = Table(
    "times.promises",
    "One row per key of finished shipments with a promised day, and a last one for all, whose key "
    f"is blank; no row where nothing was promised. {_BY.removesuffix(' after')} first.",
    (
        Column("shipments", "", "Finished shipments with a promised day", dtype="whole"),
        Column(
            "on_time",
            "-",
            "Share delivered on the promised day or before",
            blank="no such shipment has ended",
        ),
        Column("early", "-", "Share delivered before", blank="no such shipment has ended"),
        Column("late", "-", "Share delivered after", blank="no such shipment has ended"),
        Column("days_early", "day", "Mean of those that are early", blank="none is"),
        Column("days_late", "day", "Mean of those that are late", blank="none is"),
        Column("days_late_p90", "day", "90 % quantile of those that are late", blank="none is"),
        Column(
            "overdue",
            "",
            "Open orders whose promised day is past, which the shares leave out",
            dtype="whole",
        ),
    ),
)

TREND: Final = Table(
    "times.trend",
    "One row per year of delivery, all keys together.",
    (
        Column("year", "", "Year of delivery", dtype="whole", key=True),
        Column("shipments", "", "Finished shipments", dtype="whole"),
        Column("median", "period", "Median lead time"),
        Column("mean", "period", "Mean lead time"),
        Column("p90", "period", "90 % quantile of lead time"),
    ),
)

LONG_OPEN: Final = Table(
    "times.long_open",
    "One row per leg and open order that has waited for longer than any delivered one of its key "
    f"(of its pool, where the key has fewer than 20). {_BY} `leg`.",
    (
        _LEG,
        Column("row", "", "Row of the log, counted from 1", dtype="whole", key=True),
        Column("days_open", "day", "From its start to the day of the log"),
        Column("longest_delivered", "day", "Longest finished shipment of the key or its pool"),
        Column("lead_time", "period", "Mean of the key's distribution"),
        Column("lead_time_without", "period", "That mean without all such orders"),
    ),
)
