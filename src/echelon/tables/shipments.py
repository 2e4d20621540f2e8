"""The contract of a shipment log: what ``fit_lead_time`` reads."""

from __future__ import annotations

from echelon.tables.column import Column, Table

_NAME = "give text or a whole number"
_DATE = (
    "give a date, or a text that one of the formats reads; a spreadsheet's day numbers become "
    "dates by pd.to_datetime(column, unit='D', origin='1899-12-30')"
)
_COUNTED = "the row is counted under that reason"


def _name(name: str, text: str, *, blank: str = "") -> Column:
    blank = blank or "rejected and counted where models are made by this column"
    return Column(name, "", text, dtype="text", label=True, blank=blank, fix=_NAME)


def _date(name: str, text: str, *, required: bool = False, blank: str = _COUNTED) -> Column:
    return Column(name, "day", text, dtype="date", required=required, blank=blank, fix=_DATE)


SHIPMENTS = Table(
    "shipments",
    "One row per order line, delivered or still open: the log that `fit_lead_time` reads. "
    "Dates are dates, or texts in the formats that the call states. Times are in days; "
    "the models made from them are in periods.",
    (
        _name("line", "Identifies the row; no two rows have the same", blank="not known"),
        _name(
            "shipment",
            "What travelled together; its lines with the same dates are one observation",
            blank="the line is a shipment of its own",
        ),
        _name("item", "What was ordered"),
        _name("from_location", "Where it was shipped from"),
        _name("to_location", "Where it was delivered"),
        _name("vendor", "Who it was ordered from"),
        _name("site", "Where it was made"),
        _name("mode", "How it travelled: air, ocean, truck"),
        _date("ordered", "Day of the order", required=True),
        _date(
            "made",
            "Day on which it was made, before quality released it",
            blank="the row takes no part in the legs that begin or end here",
        ),
        _date(
            "released",
            "Day on which quality released it for transport",
            blank="the row takes no part in the legs that begin or end here",
        ),
        _date(
            "promised",
            "Day promised for delivery",
            blank="the row takes no part in the measures of punctuality",
        ),
        _date(
            "delivered",
            "Day of delivery",
            required=True,
            blank="an open order where the call says `as_of`, rejected and counted elsewhere",
        ),
    ),
)
