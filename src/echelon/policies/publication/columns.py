"""The frames of a publication, as data: each column once, with its unit and what it says."""

from __future__ import annotations

from typing import Final

from echelon.tables.column import Column, Table

_ITEM = Column("item", "", "What is held or made", dtype="text", key=True)
_LOCATION = Column("location", "", "Where", dtype="text", key=True)
_PERIOD = Column(
    "period",
    "period",
    "Period of the target, from 0",
    dtype="whole",
    key=True,
    blank="it holds in every period",
)
_PUBLICATION = Column("publication", "", "Number of the publication, from 1", dtype="whole")
_BY = Column("by", "", "Who decided; empty where nobody had to", dtype="text")
_WHY = Column("why", "", "Their reason", dtype="text")

MOVES: Final = Table(
    "publication.moves",
    "One row per target and quantity compared: what it was, would be, and is from now on.",
    (
        _ITEM,
        _LOCATION,
        _PERIOD,
        Column("quantity", "", "Column of the plan", dtype="text", key=True),
        Column("old", "unit", "Published before", blank="there was none"),
        Column("new", "unit", "In the new plan", blank="there is none"),
        Column("published", "unit", "Published now", blank="none is"),
        Column("moved", "unit", "New less old", blank="one of them is missing"),
        Column("moved_share", "-", "That over the old number", blank="the old one is 0 or missing"),
        Column("moved_value", "money", "Units moved at their value", blank="the value is unknown"),
        Column("beyond", "", "Whether this quantity moved beyond a band", dtype="flag"),
        Column(
            "status",
            "",
            "Of the target: `same`, `accepted` (within the bands), `added` (first published), "
            "`review` (the old one stands until someone decides), `approved`, `rejected`",
            dtype="text",
        ),
        Column("reason", "", "Why it moved; empty where it needs none", dtype="text"),
        _BY,
        _WHY,
        Column("source", "", "Digest of the plan that the published number is from", dtype="text"),
    ),
)

TRAIL: Final = Table(
    "publication.trail",
    "Moves of the publications before this one, their periods counted from the present.",
    (_PUBLICATION, *(column for column in MOVES.columns if column.name != "moved_value")),
)

DECISIONS: Final = Table(
    "publication.decisions",
    "One row per target and decision, in the order in which they were taken.",
    (
        _PUBLICATION,
        _ITEM,
        _LOCATION,
        _PERIOD,
        Column("decision", "", "`approved` or `rejected`", dtype="text"),
        _BY,
        _WHY,
        Column("at", "", "When", dtype="text"),
    ),
)

SOURCES: Final = Table(
    "publication.sources",
    "One row per plan that a published number is or was from: enough to make it again.",
    (
        Column("source", "", "Digest of all that follows but the hour", dtype="text", key=True),
        Column("kind", "", "Kind of result", dtype="text"),
        Column("version", "", "Of the library", dtype="text"),
        Column("made_at", "", "When", dtype="text"),
        Column("arguments", "", "Of the call, as JSON", dtype="text"),
        Column("tables", "", "Digest of each table, as JSON", dtype="text"),
        Column("seed", "", "Seed", blank="nothing was drawn"),
        Column("solver", "", "Solver", dtype="text"),
    ),
)

HISTORY: Final = Table(
    "publication.history",
    "One row per publication: what came of its targets, and how nervous it was.",
    (
        Column("publication", "", "Number of the publication, from 1", dtype="whole", key=True),
        Column("published_at", "", "When", dtype="text"),
        Column("source", "", "Digest of the new plan", dtype="text"),
        Column("shift", "period", "Periods gone by since the one before", dtype="whole"),
        *(
            Column(status, "", f"Targets that are {words}", dtype="whole")
            for status, words in (
                ("same", "as before"),
                ("accepted", "moved within the bands"),
                ("added", "published for the first time"),
                ("review", "waiting for a decision"),
                ("approved", "moved by decision"),
                ("rejected", "kept by decision"),
            )
        ),
        Column(
            "nervousness_proposed",
            "-",
            "Value of all moves of the new plan, over the value of the old targets",
            blank="nothing was published before",
        ),
        Column(
            "nervousness_published",
            "-",
            "The same of what is published",
            blank="nothing was published before",
        ),
    ),
)

UNITS: Final = {column.name: column.unit for column in MOVES.columns}
"""Unit of each column of the moves."""
