"""What may go wrong or run short at a stage: capacity, yield, release, shelf life, lost sales."""

from __future__ import annotations

from echelon.tables.column import FRACTION_FIX, Column
from echelon.tables.times import LONGEST, time_columns

SUPPLY = (
    *time_columns(
        "Time that quality control holds a unit once it is made, before it is stock; it counts "
        "like `lead_time`",
        "the release",
        prefix="release_time",
        feature=True,
    ),
    Column(
        "overtaking",
        "",
        "Whether units that took less time to make or release may overtake earlier ones",
        dtype="flag",
        default=False,
        feature=True,
        blank="False",
        fix="write True or False, or 1 or 0",
    ),
    Column(
        "capacity",
        "unit/period",
        "Units that the stage may start to make in one period",
        minimum=0.0,
        exclusive=True,
        infinite=True,
        feature=True,
        blank="no limit",
        fix="give the units of one period, or leave it blank",
    ),
    Column(
        "yield_mean",
        "-",
        "Share of what is finished that is good, on average; drawn once per period from a beta "
        "distribution where it has a `yield_std`",
        minimum=0.0,
        maximum=1.0,
        exclusive="minimum",
        percent=True,
        default=1.0,
        feature=True,
        blank="1: all is good",
        fix=FRACTION_FIX,
    ),
    Column(
        "yield_std",
        "-",
        "Standard deviation of the share that is good",
        minimum=0.0,
        maximum=0.5,
        percent=True,
        default=0.0,
        feature=True,
        blank="0: the share is known",
        fix="give the standard deviation of a share, 0.02 for 2 %",
    ),
    Column(
        "lot_failure",
        "-",
        "Probability that all units that are finished in one period are lost",
        minimum=0.0,
        maximum=1.0,
        exclusive="maximum",
        percent=True,
        default=0.0,
        feature=True,
        blank="0",
        fix=FRACTION_FIX,
    ),
    Column(
        "shelf_life",
        "period",
        "Periods that a unit is good for once it is made, alike at every stage of an item: one "
        "made in period t expires at the end of period t + shelf_life - 1",
        dtype="whole",
        minimum=1.0,
        maximum=LONGEST,
        feature=True,
        blank="it never expires",
        fix="give a whole number of periods",
    ),
    Column(
        "lost_sales_share",
        "-",
        "Share of what customers do not get in the period it falls due that is lost at once; the "
        "rest is backordered",
        minimum=0.0,
        maximum=1.0,
        percent=True,
        default=0.0,
        feature=True,
        blank="0",
        fix=FRACTION_FIX,
    ),
    Column(
        "lost_sale_cost",
        "money/unit",
        "Penalty for one unit of lost sales",
        minimum=0.0,
        default=0.0,
        feature=True,
        blank="0",
        fix="give a cost per unit",
    ),
    Column(
        "waste_cost",
        "money/unit",
        "Cost of one unit that expires, is destroyed or is scrapped",
        minimum=0.0,
        default=0.0,
        feature=True,
        blank="0",
        fix="give a cost per unit, the value and the disposal",
    ),
)
"""Columns of ``stages``."""
