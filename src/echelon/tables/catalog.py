"""The input contract: every table and column a network is made from, as data.

The checks, the empty templates and ``docs/reference/tables.md`` are all made from these lines, so
that a unit, a bound or a default is written once.
"""

from __future__ import annotations

import pandas as pd

from echelon.errors import UnknownNameError
from echelon.tables.column import Column, Table
from echelon.tables.history import DEMAND_HISTORY, FORECASTS
from echelon.tables.shipments import SHIPMENTS
from echelon.tables.units import PERIODS

_NAME = "give every row a name, as text or as a whole number"
_LONGEST = 1e6  # periods: beyond that a time is a typing error, and sums of times lose digits
_FRACTION = "give a fraction between 0 and 1: 97.5 % is 0.975"


def _lead_time(text: str, taker: str) -> tuple[Column, ...]:
    """Columns of a lead time, alike for stages and lanes; ``taker`` is what takes the time."""
    return (
        Column(
            "lead_time",
            "period",
            text,
            minimum=0.0,
            maximum=_LONGEST,
            default=0.0,
            blank="where the parameters or the `lead_time_distribution` fix it",
            blank_beside=("lead_time_family", "lead_time_distribution"),
            fix=f"give the time in periods of the network, 0 where {taker} takes no time",
        ),
        Column(
            "lead_time_std",
            "period",
            f"Standard deviation of the time that {taker} takes",
            minimum=0.0,
            maximum=_LONGEST,
            default=0.0,
            blank="where the family, the parameters or the `lead_time_distribution` fix it",
            blank_beside=("lead_time_family", "lead_time_distribution"),
            fix="give the standard deviation in periods, 0 where the lead time is known",
        ),
        Column(
            "lead_time_family",
            "",
            "Name of the distribution of the lead time, a family of demand whose values are not "
            "negative",
            dtype="text",
            default="",
            blank="only the mean and the standard deviation are known",
            fix="use the name of a family, or leave it blank",
        ),
        Column(
            "lead_time_parameters",
            "",
            'What the family needs besides, {"values": [2, 9], "probabilities": [0.9, 0.1]} of '
            "empirical for example",
            dtype="json",
            default="",
            blank="the family needs none",
            fix='write a JSON object, for example {"values": [2, 9]}',
        ),
        Column(
            "lead_time_distribution",
            "period",
            "A distribution of echelon or a frozen one of scipy.stats, in Python only, instead of "
            "`lead_time`, `lead_time_std`, `lead_time_family` and `lead_time_parameters`",
            dtype="object",
            blank="the other columns say it",
            fix="give a distribution of echelon.distributions or a frozen one of scipy.stats",
        ),
    )


STAGES = Table(
    "stages",
    "One row per stage: an item held or made at a location. "
    "The holding cost comes from `holding_cost`, or from `unit_cost` or `added_cost` "
    "together with the network's `holding_rate`.",
    (
        Column(
            "item", "", "What is held or made", dtype="text", key=True, required=True, fix=_NAME
        ),
        Column("location", "", "Where", dtype="text", key=True, required=True, fix=_NAME),
        Column(
            "unit_cost",
            "money/unit",
            "Value of one unit once this stage has finished it, all that went into it included",
            minimum=0.0,
            fix="give the value of one finished unit, or leave the whole column out",
        ),
        Column(
            "added_cost",
            "money/unit",
            "Value this stage adds to one unit; values accumulate along the lanes, "
            "each supplier's times `units_required`",
            minimum=0.0,
            fix="give the value added per unit, or leave the whole column out",
        ),
        Column(
            "holding_cost",
            "money/unit/period",
            "Cost of keeping one unit for one period",
            minimum=0.0,
            fix="give a cost per unit and period, or leave the column out and give holding_rate",
        ),
        *_lead_time("Time to make, release or put away, once all inputs are there", "the stage"),
        Column(
            "review_period",
            "period",
            "Periods between reviews; 0 reviews continuously",
            dtype="whole",
            minimum=0.0,
            maximum=_LONGEST,
            default=0,
            fix="give a whole number of periods, 0 for continuous review",
        ),
        Column(
            "inbound_service_time",
            "period",
            "Service time that a supplier outside the network quotes to this stage",
            minimum=0.0,
            maximum=_LONGEST,
            default=0.0,
            fix="give the quoted time in periods, 0 where outside supply is at once",
        ),
        Column(
            "max_service_time",
            "period",
            "Longest service time this stage may quote",
            minimum=0.0,
            infinite=True,
            blank="0 where customers buy, no limit elsewhere",
            fix="give a time in periods, or leave it blank",
        ),
        Column(
            "can_stock",
            "",
            "Whether the stage may hold stock",
            dtype="flag",
            default=True,
            fix="write True or False, or 1 or 0",
        ),
        Column(
            "service_level",
            "-",
            "Cycle service level promised to customers within the service time",
            minimum=0.0,
            maximum=1.0,
            exclusive=True,
            percent=True,
            blank="no target at this stage",
            fix=_FRACTION,
        ),
        Column(
            "safety_factor",
            "-",
            "Standard deviations of safety stock, instead of a service level",
            minimum=0.0,
            blank="the service level decides",
            fix="give the number of standard deviations, 1.96 for example",
        ),
        Column(
            "base_stock",
            "unit",
            "Order-up-to level for a simulation without a plan",
            blank="the plan decides",
            fix="give the level in units",
        ),
        Column(
            "initial_stock",
            "unit",
            "On-hand stock when a simulation starts",
            minimum=0.0,
            blank="the base stock",
            fix="give the stock in units",
        ),
        Column(
            "backorder_cost",
            "money/unit/period",
            "Penalty for one unit owed for one period",
            minimum=0.0,
            default=0.0,
            fix="give a cost per unit and period, 0 for none",
        ),
        Column(
            "allocation",
            "",
            "Who is served first when stock is short: all in proportion, "
            "or customers first and then lanes in the order of their rows",
            dtype="text",
            choices=("proportional", "priority"),
            default="proportional",
            fix="use one of the names",
        ),
    ),
)

LANES = Table(
    "lanes",
    "One row per lane: the stage at its end draws on the stage at its start. Lanes form no cycle.",
    (
        Column(
            "from_item",
            "",
            "Item of the supplying stage",
            dtype="text",
            key=True,
            required=True,
            refers_to="stages.item",
            fix=_NAME,
        ),
        Column(
            "from_location",
            "",
            "Location of the supplying stage",
            dtype="text",
            key=True,
            required=True,
            refers_to="stages.location",
            fix=_NAME,
        ),
        Column(
            "to_item",
            "",
            "Item of the receiving stage",
            dtype="text",
            key=True,
            required=True,
            refers_to="stages.item",
            fix=_NAME,
        ),
        Column(
            "to_location",
            "",
            "Location of the receiving stage",
            dtype="text",
            key=True,
            required=True,
            refers_to="stages.location",
            fix=_NAME,
        ),
        Column(
            "units_required",
            "unit/unit",
            "Units of the supplier's item in one unit of the receiver's",
            minimum=0.0,
            exclusive=True,
            default=1.0,
            fix="give the units needed, or remove the lane where none are",
        ),
        *_lead_time("Time in transit", "transit"),
    ),
    references=(("from_item", "from_location"), ("to_item", "to_location")),
)

DEMAND = Table(
    "demand",
    "One row per stage and segment of its customers, and per period where demand changes. "
    "Demand of one period; periods are independent, and so are rows unless `correlation` says "
    "otherwise. A stage without a row has no customers. Columns named in the network's `segments` "
    "stand in place of `segment`.",
    (
        Column(
            "item",
            "",
            "Item customers ask for",
            dtype="text",
            key=True,
            required=True,
            refers_to="stages.item",
            fix=_NAME,
        ),
        Column(
            "location",
            "",
            "Where they ask",
            dtype="text",
            key=True,
            required=True,
            refers_to="stages.location",
            fix=_NAME,
        ),
        Column(
            "segment",
            "",
            "Market, channel or customer",
            dtype="text",
            key=True,
            default="",
            blank="the stage's only segment",
            fix="name the segment, or leave the column out",
        ),
        Column(
            "period",
            "period",
            "Period that the row is about, counted from 0; rows of one stage and segment are a "
            "cycle, after whose last period the first comes again",
            key=True,
            minimum=0.0,
            maximum=1e5,
            blank="demand is the same in every period",
            fix="number the periods of the cycle from 0, or leave the column out",
        ),
        Column(
            "family",
            "",
            "Name of the distribution of demand in one period: binomial, compound_poisson, "
            "deterministic, empirical, gamma, geometric, lognormal, mixture, negative_binomial, "
            "normal, per_period, poisson, scipy, smoothed_empirical, sum, triangular, "
            "truncated_normal, uniform, weibull or zero_inflated",
            dtype="text",
            default="normal",
            blank="only beside a `distribution`",
            fix="use the name of a family",
        ),
        Column(
            "mean",
            "unit/period",
            "Mean demand",
            minimum=0.0,
            blank="where the parameters or the `distribution` fix it",
            fix="give the mean demand of one period; leave the row out where nobody buys",
        ),
        Column(
            "std",
            "unit/period",
            "Standard deviation of demand",
            minimum=0.0,
            blank="where the family, the parameters or the `distribution` fix it",
            fix="give the standard deviation of one period's demand, 0 where demand is known",
        ),
        Column(
            "parameters",
            "",
            'What the family needs besides, {"low": 0, "high": 12} of uniform for example',
            dtype="json",
            blank="the family needs none",
            fix='write a JSON object, for example {"low": 0}',
        ),
        Column(
            "distribution",
            "unit/period",
            "A distribution of echelon or a frozen one of scipy.stats, in Python only, "
            "instead of `family`, `mean`, `std` and `parameters`",
            dtype="object",
            blank="`family`, `mean`, `std` and `parameters` say it",
            fix="give a distribution of echelon.distributions or a frozen one of scipy.stats",
        ),
    ),
    references=(("item", "location"),),
)


def _end(name: str, text: str, refers_to: str) -> Column:
    return Column(
        name,
        "",
        text,
        dtype="text",
        key=True,
        required=True,
        refers_to=f"demand.{refers_to}",
        fix=_NAME,
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

CATALOG: dict[str, Table] = {table.name: table for table in (STAGES, LANES, DEMAND, CORRELATION)}
"""The tables by name."""

RECORDS: dict[str, Table] = {table.name: table for table in (DEMAND_HISTORY, FORECASTS, SHIPMENTS)}
"""Tables of observations, from which models are fitted; no part of a network."""

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

_DTYPES = {
    "text": "str",
    "number": "float64",
    "whole": "int64",
    "flag": "bool",
    "json": "str",
    "object": "object",
    "date": "datetime64[us]",
    "period": "int64",
}


def table_named(name: str) -> Table:
    """Look a table up.

    Raises
    ------
    UnknownNameError
        If there is no such table.
    """
    known = CATALOG | RECORDS
    if name not in known:
        raise UnknownNameError("table", name, known)
    return known[name]


def template(name: str) -> pd.DataFrame:
    """Give an empty frame with every column of a table, of the right type.

    Columns that are not required may be dropped or left blank altogether. One that is filled in
    some row has to be filled in all, save where the catalog gives a blank cell a meaning.

    Parameters
    ----------
    name : str
        A key of :data:`CATALOG` or :data:`RECORDS`.

    Returns
    -------
    DataFrame
        No rows.

    Raises
    ------
    UnknownNameError
        If there is no such table.

    Examples
    --------
    >>> list(template("lanes"))[:6]
    ['from_item', 'from_location', 'to_item', 'to_location', 'units_required', 'lead_time']
    """
    return pd.DataFrame(
        {
            column.name: pd.Series(dtype=_DTYPES[column.dtype])
            for column in table_named(name).columns
        }
    )
