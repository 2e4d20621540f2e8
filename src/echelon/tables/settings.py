"""The contract of a network's scalars."""

from __future__ import annotations

from echelon.tables.column import Column, Table
from echelon.tables.units import PERIODS

SETTINGS = Table(
    "network",
    "What holds for the whole network: arguments of `Network.from_tables`, "
    "kept in `manifest.json` when a network is written.",
    (
        Column(
            "period",
            "",
            "What one period is; lead times, rates and demand are all in it",
            dtype="text",
            choices=tuple(PERIODS),
            default="week",
            fix="use one of the names",
        ),
        Column(
            "periods_per_year",
            "period/year",
            "Periods in a year; "
            + ", ".join(
                f"{period.periods_per_year:g} for {name}" for name, period in PERIODS.items()
            )
            + " unless given",
            minimum=0.0,
            exclusive=True,
            blank="the calendar decides",
            fix="give the number of periods in a year, 260 for working days for example",
        ),
        Column(
            "holding_rate",
            "1/year",
            "Cost of holding stock for a year, as a fraction of its value",
            minimum=0.0,
            maximum=1.0,
            percent=True,
            blank="the `holding_cost` column says it",
            fix="give a fraction of the value per year: 35 % is 0.35; "
            "for dearer holding give a holding_cost column",
        ),
        Column(
            "currency",
            "",
            "Unit of money, for reports",
            dtype="text",
            default="",
            blank="none",
            fix="give text, 'EUR' for example",
        ),
        Column(
            "name",
            "",
            "Name of the network, for reports",
            dtype="text",
            default="",
            blank="none",
            fix="give text",
        ),
    ),
)
"""The scalars of a network; not a table of its own, but checked by the same rules."""
