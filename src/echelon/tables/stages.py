"""The contract of stages: items held or made at locations."""

from __future__ import annotations

from echelon.tables.column import FRACTION_FIX, NAME_FIX, Column, Table
from echelon.tables.ordering import MOST_UNITS, ORDERING
from echelon.tables.supply import SUPPLY
from echelon.tables.times import LONGEST, time_columns

STAGES = Table(
    "stages",
    "One row per stage: an item held or made at a location. "
    "The holding cost comes from `holding_cost`, or from `unit_cost` or `added_cost` "
    "together with the network's `holding_rate`.",
    (
        Column(
            "item", "", "What is held or made", dtype="text", key=True, required=True, fix=NAME_FIX
        ),
        Column("location", "", "Where", dtype="text", key=True, required=True, fix=NAME_FIX),
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
        *time_columns("Time to make, release or put away, once all inputs are there", "the stage"),
        Column(
            "review_period",
            "period",
            "Periods between reviews; 0 reviews continuously",
            dtype="whole",
            minimum=0.0,
            maximum=LONGEST,
            default=0,
            fix="give a whole number of periods, 0 for continuous review",
        ),
        Column(
            "inbound_service_time",
            "period",
            "Service time that a supplier outside the network quotes to this stage",
            minimum=0.0,
            maximum=LONGEST,
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
            "customer_service_time",
            "period",
            "Service time promised to customers of a stage that supplies stages too; "
            "`max_service_time` then limits what those are quoted",
            minimum=0.0,
            maximum=LONGEST,
            feature=True,
            blank="customers and stages are quoted the same",
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
            fix=FRACTION_FIX,
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
            "service_measure",
            "",
            "What `service_level` is a share of: `cycle`, of replenishment cycles without a late "
            "unit; `fill`, of units that customers get on time",
            dtype="text",
            choices=("cycle", "fill"),
            default="cycle",
            feature=True,
            blank="cycle",
            fix="use one of the names",
        ),
        Column(
            "base_stock",
            "unit",
            "Order-up-to level for a simulation without a plan; no use to a reorder_point policy",
            minimum=-MOST_UNITS,
            maximum=MOST_UNITS,
            blank="the plan or the table `levels` decides",
            fix="give the level in units",
        ),
        Column(
            "initial_stock",
            "unit",
            "On-hand stock when a simulation starts",
            minimum=0.0,
            maximum=MOST_UNITS,
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
            "by the column `priority` of demand and lanes (among equals customers first and then "
            "rows in order), or in the order in which orders fell due",
            dtype="text",
            choices=("proportional", "priority", "first_come"),
            default="proportional",
            fix="use one of the names",
        ),
        *ORDERING,
        *SUPPLY,
    ),
)
