"""The contract of demand: what customers ask for in one period."""

from __future__ import annotations

from echelon.tables.column import FRACTION_FIX, NAME_FIX, Column, Table
from echelon.tables.times import LONGEST

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
            fix=NAME_FIX,
        ),
        Column(
            "location",
            "",
            "Where they ask",
            dtype="text",
            key=True,
            required=True,
            refers_to="stages.location",
            fix=NAME_FIX,
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
        Column(
            "service_level",
            "-",
            "Cycle service level promised to these customers, in place of that of the stage",
            minimum=0.0,
            maximum=1.0,
            exclusive=True,
            percent=True,
            feature=True,
            blank="that of the stage",
            fix=FRACTION_FIX,
        ),
        Column(
            "priority",
            "-",
            "Whom a stage that allocates by priority serves first: the smaller number",
            dtype="whole",
            minimum=-1e6,
            maximum=1e6,
            default=0,
            feature=True,
            blank="0",
            fix="give a whole number, the smaller the earlier",
        ),
        Column(
            "minimum_remaining_life",
            "period",
            "Least remaining shelf life of what these customers accept",
            dtype="whole",
            minimum=0.0,
            maximum=LONGEST,
            default=0,
            feature=True,
            blank="0",
            fix="give a whole number of periods",
        ),
    ),
    references=(("item", "location"),),
)
