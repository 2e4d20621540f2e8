"""The contract of forecast errors: how the forecasts of a demand row are revised."""

from __future__ import annotations

from echelon.tables.column import NAME_FIX, Column, Table

LONGEST_HORIZON = 1_000.0
"""Periods; a forecast that is revised further ahead is a typing error."""

FORECAST_ERRORS = Table(
    "forecast_errors",
    "One row per demand row and pair of horizons: the covariance of two revisions that one period "
    "brings, of the forecasts of the demand so many periods ahead; the revision 0 ahead is the "
    "demand of the period less its last forecast. Each pair once, in either order; pairs that are "
    "not there are 0. A demand row with rows here is forecast, and its errors take the place of "
    "its standard deviation in what stock must cover. Columns named in the network's `segments` "
    "stand in place of `segment`.",
    (
        Column(
            "item",
            "",
            "Item of the demand row",
            dtype="text",
            key=True,
            required=True,
            refers_to="demand.item",
            fix=NAME_FIX,
        ),
        Column(
            "location",
            "",
            "Location of the demand row",
            dtype="text",
            key=True,
            required=True,
            refers_to="demand.location",
            fix=NAME_FIX,
        ),
        Column(
            "segment",
            "",
            "Segment of the demand row",
            dtype="text",
            key=True,
            default="",
            blank="the stage's only segment",
            fix="name the segment as demand does, or leave the column out",
        ),
        Column(
            "ahead",
            "period",
            "How far ahead the demand lies whose forecast is revised; 0 is the period just over",
            dtype="whole",
            key=True,
            required=True,
            minimum=0.0,
            maximum=LONGEST_HORIZON,
            fix="give a whole number of periods, 0 for the period just over",
        ),
        Column(
            "other_ahead",
            "period",
            "The same of the other revision",
            dtype="whole",
            key=True,
            minimum=0.0,
            maximum=LONGEST_HORIZON,
            blank="`ahead` once more: the row gives a variance",
            fix="give a whole number of periods, or leave it blank for a variance",
        ),
        Column(
            "covariance",
            "unit^2",
            "Covariance of the two revisions; where they are the same one, its variance",
            required=True,
            fix="give a number in units squared",
        ),
    ),
)
