"""The contract of disruptions: stages and lanes that go down and come up again."""

from __future__ import annotations

from echelon.tables.column import FRACTION_FIX, NAME_FIX, Column, Table
from echelon.tables.times import LONGEST


def _end(name: str, text: str, refers_to: str, otherwise: str) -> Column:
    return Column(
        name,
        "",
        text,
        dtype="text",
        label=True,
        refers_to=f"stages.{refers_to}",
        default="",
        blank=otherwise,
        fix=NAME_FIX,
    )


DISRUPTIONS = Table(
    "disruptions",
    "One row per event or kind of event that takes a stage or a lane down: at random, by "
    "`failure_rate` and `recovery_rate`, or from `first_period` to `last_period`. Periods are "
    "counted from the first of a simulation, its warm-up included. Where several rows stand for "
    "one stage or lane it is down while any of them is.",
    (
        Column(
            "name",
            "",
            "Name of the disruption, by which results tell of it",
            dtype="text",
            key=True,
            required=True,
            fix=NAME_FIX,
        ),
        _end("item", "Item of the stage that goes down", "item", "a lane goes down"),
        _end("location", "Its location", "location", "a lane goes down"),
        _end(
            "from_item", "Item at the start of the lane that goes down", "item", "a stage goes down"
        ),
        _end("from_location", "Location at its start", "location", "a stage goes down"),
        _end("to_item", "Item at its end", "item", "a stage goes down"),
        _end("to_location", "Location at its end", "location", "a stage goes down"),
        Column(
            "failure_rate",
            "1/period",
            "Probability in each period that what is up goes down",
            minimum=0.0,
            maximum=1.0,
            percent=True,
            blank="the dates say when",
            fix=FRACTION_FIX,
        ),
        Column(
            "recovery_rate",
            "1/period",
            "Probability in each period that what is down comes up again",
            minimum=0.0,
            maximum=1.0,
            exclusive="minimum",
            percent=True,
            blank="the dates say when",
            fix=FRACTION_FIX,
        ),
        Column(
            "first_period",
            "period",
            "First period down, counted from 0",
            dtype="whole",
            minimum=0.0,
            maximum=LONGEST,
            blank="the rates say how often",
            fix="give a whole number of periods",
        ),
        Column(
            "last_period",
            "period",
            "Last period down",
            dtype="whole",
            minimum=0.0,
            maximum=LONGEST,
            blank="the rates say how long",
            fix="give a whole number of periods",
        ),
        Column(
            "capacity_left",
            "-",
            "Share of the capacity that a stage has while it is down; of what it could start, "
            "where it has no limit",
            minimum=0.0,
            maximum=1.0,
            percent=True,
            default=0.0,
            blank="0",
            fix=FRACTION_FIX,
        ),
        Column(
            "stock_destroyed",
            "-",
            "Share of the stock on hand that a stage loses in the first period down",
            minimum=0.0,
            maximum=1.0,
            percent=True,
            default=0.0,
            blank="0",
            fix=FRACTION_FIX,
        ),
        Column(
            "in_transit_held",
            "",
            "Whether goods under way stand still while a lane is down",
            dtype="flag",
            default=False,
            blank="False",
            fix="write True or False, or 1 or 0",
        ),
        Column(
            "ships",
            "",
            "Whether a stage that is down still ships from stock",
            dtype="flag",
            default=False,
            blank="False",
            fix="write True or False, or 1 or 0",
        ),
    ),
)
