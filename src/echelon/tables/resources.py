"""The contract of resources that several stages share: a line, a campaign slot, a warehouse."""

from __future__ import annotations

from echelon.tables.column import NAME_FIX, Column, Table
from echelon.tables.ordering import MOST_UNITS

RESOURCES = Table(
    "resources",
    "One row per resource, and per period where what there is of it changes: hours of a line, a "
    "contract manufacturer's slots, pallet places. Rows of one resource are a cycle, after whose "
    'last period the first comes again. Plans of `model="target_inventory"` keep to it.',
    (
        Column(
            "resource",
            "",
            "Name of the resource",
            dtype="text",
            key=True,
            required=True,
            fix=NAME_FIX,
        ),
        Column(
            "period",
            "period",
            "Period that the row is about, counted from 0",
            minimum=0.0,
            maximum=1e5,
            key=True,
            blank="it is the same in every period",
            fix="number the periods of the cycle from 0, or leave the column out",
        ),
        Column(
            "capacity",
            "resource/period",
            "What there is of it in one period, in a unit of its own: hours, places",
            minimum=0.0,
            infinite=True,
            required=True,
            fix="give what there is of it, 0 where it is closed",
        ),
    ),
)


def _use(name: str, unit: str, text: str) -> Column:
    return Column(
        name,
        unit,
        text,
        minimum=0.0,
        maximum=MOST_UNITS,
        default=0.0,
        blank="0",
        fix="give what is used, in the unit of the resource's capacity",
    )


RESOURCE_USE = Table(
    "resource_use",
    "One row per stage and resource that it uses.",
    (
        Column(
            "item",
            "",
            "What uses the resource",
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
            "resource",
            "",
            "Name of the resource",
            dtype="text",
            key=True,
            refers_to="resources.resource",
            required=True,
            fix=NAME_FIX,
        ),
        _use("per_unit", "resource/unit", "Used by starting to make one unit"),
        _use("per_set_up", "resource", "Used in each period in which the stage starts anything"),
        _use("per_unit_held", "resource/unit", "Used by one unit on hand at the end of a period"),
    ),
    references=(("item", "location"),),
)
