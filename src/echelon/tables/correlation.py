"""The contract of correlation: demand rows that vary together."""

from __future__ import annotations

from echelon.tables.column import NAME_FIX, Column, Table


def _end(name: str, text: str, refers_to: str) -> Column:
    return Column(
        name,
        "",
        text,
        dtype="text",
        key=True,
        required=True,
        refers_to=f"demand.{refers_to}",
        fix=NAME_FIX,
    )


def _end_segment(name: str, text: str) -> Column:
    return Column(
        name,
        "",
        text,
        dtype="text",
        key=True,
        default="",
        blank="the stage's only segment",
        fix="name the segment as demand does, or leave the column out",
    )


CORRELATION = Table(
    "correlation",
    "One row per pair of demand rows that do not vary independently; each pair once, in either "
    "order. Columns named in the network's `segments` stand in place of `segment`, and with "
    "`other_` before them in place of `other_segment`.",
    (
        _end("item", "Item of the one demand row", "item"),
        _end("location", "Location of the one demand row", "location"),
        _end_segment("segment", "Segment of the one demand row"),
        _end("other_item", "Item of the other demand row", "item"),
        _end("other_location", "Location of the other demand row", "location"),
        _end_segment("other_segment", "Segment of the other demand row"),
        Column(
            "coefficient",
            "-",
            "Correlation of their demands in the same period; "
            "of what remains beside the season where demand changes by period",
            minimum=-1.0,
            maximum=1.0,
            required=True,
            fix="give a number from -1 to 1",
        ),
    ),
)
