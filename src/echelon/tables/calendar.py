"""The contract of the calendar: when a stage makes an item."""

from __future__ import annotations

from echelon.tables.column import NAME_FIX, Column, Table
from echelon.tables.times import LONGEST

CALENDAR = Table(
    "calendar",
    "One row per stage and window in which it starts to make the item; a stage with a row is "
    "closed in all other periods, one without is always open. Periods are counted from the first "
    "of a simulation, its warm-up included. Windows may overlap.",
    (
        Column(
            "item",
            "",
            "What is made",
            dtype="text",
            key=True,
            refers_to="stages.item",
            required=True,
            fix=NAME_FIX,
        ),
        Column(
            "location",
            "",
            "Where",
            dtype="text",
            key=True,
            refers_to="stages.location",
            required=True,
            fix=NAME_FIX,
        ),
        Column(
            "start",
            "period",
            "First period of the window, counted from 0",
            dtype="whole",
            minimum=0.0,
            maximum=LONGEST,
            key=True,
            required=True,
            fix="give a whole number of periods",
        ),
        Column(
            "length",
            "period",
            "Periods that the window is open",
            dtype="whole",
            minimum=1.0,
            maximum=LONGEST,
            required=True,
            fix="give a whole number of periods",
        ),
        Column(
            "every",
            "period",
            "Periods from one start of the window to the next",
            dtype="whole",
            minimum=1.0,
            maximum=LONGEST,
            blank="it opens once",
            fix="give a whole number of periods, or leave it blank",
        ),
    ),
    references=(("item", "location"),),
)
