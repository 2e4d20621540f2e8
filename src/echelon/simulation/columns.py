"""The frames of a simulation, as data: each column once, with its unit and what it says.

A measure ``x`` has beside it ``x_se``, its standard error, in the same unit.
"""

from __future__ import annotations

from typing import Final

from echelon.tables.column import Column, Table

_ITEM = Column("item", "", "What is held or made", dtype="text", key=True)
_LOCATION = Column("location", "", "Where", dtype="text", key=True)

_STOCK = (
    Column("on_hand", "unit", "Stock on hand at the end of a period"),
    Column("backorders", "unit", "Units past their due period at the end of a period"),
)
_FLOW = (
    Column("in_process", "unit", "Units in process at the stage"),
    Column("in_transit", "unit", "Units in transit to the stage"),
    Column("pipeline", "unit", "In process and in transit"),
    Column("component_stock", "unit", "Units delivered that wait for the other parts of a kit"),
)
_SERVICE = (
    Column(
        "cycle_service_level",
        "-",
        "Share of replenishment cycles without a late unit; under continuous review a cycle is a "
        "period",
        blank="no whole cycle was counted",
    ),
    Column("ready_rate", "-", "Share of periods that end without a late unit"),
    Column(
        "fill_rate",
        "-",
        "Share of units served from stock in the period they were asked for; "
        "0 by design where the service time is above 0; it depends on the length of a period",
        blank="nothing fell due",
    ),
    Column(
        "on_time_rate",
        "-",
        "Share of units served within the service time; the fill rate where that is 0",
        blank="nothing fell due",
    ),
)
_COST = (
    Column(
        "holding_cost",
        "money/period",
        "Holding of stock on hand and of component stock, and of the pipeline where asked for",
    ),
    Column("backorder_cost", "money/period", "Penalty for units past their due period"),
    Column("cost", "money/period", "Both"),
)

STAGES: Final = Table(
    "run.stages",
    "One row per stage that was simulated: means over the counted periods and the replications. "
    "Service and backorders are towards all who order from the stage, customers and stages alike. "
    "Each column `x` from `on_hand` on has its standard error `x_se` beside it.",
    (
        _ITEM,
        _LOCATION,
        *_STOCK,
        Column("net_inventory", "unit", "Stock on hand less backorders"),
        *_FLOW,
        *_SERVICE,
        *_COST,
    ),
)

TOTAL: Final = Table(
    "run.total",
    "One row, and none where everything failed. Stock and cost are summed over stages, whatever "
    "their items are counted in; service and backorders are towards customers alone. "
    "Each column `x` has its standard error `x_se` beside it.",
    (*_STOCK, *_FLOW, *_COST, *_SERVICE),
)

SERVICE: Final = Table(
    "run.service",
    "One row per stage with customers: what was promised and what came of it.",
    (
        _ITEM,
        _LOCATION,
        Column("service_time", "period", "How long its customers wait"),
        Column(
            "promised",
            "-",
            "Cycle service level that the plan promises",
            blank="there is no plan, or it does not know what it promises",
        ),
        Column("simulated", "-", "Cycle service level that came of it"),
        Column("simulated_se", "-", "Its standard error", blank="there is one replication"),
        Column(
            "difference_in_se",
            "-",
            "Simulated less promised, in standard errors",
            blank="one of the three is blank",
        ),
    ),
)

TRACE: Final = Table(
    "run.trace",
    "One row per period, warm-up included, and stage, in replication 0; no row unless asked for.",
    (
        Column("period", "period", "Numbered from 0", dtype="whole", key=True),
        _ITEM,
        _LOCATION,
        Column(
            "counted",
            "",
            "Whether the period is measured; False in the warm-up of the stage's component",
            dtype="flag",
        ),
        Column("demand", "unit", "What customers asked for"),
        Column("requested", "unit", "What customers and stages asked for"),
        Column("order", "unit", "What the stage ordered"),
        Column("started", "unit", "Kits started"),
        Column("received", "unit", "What joined the stock on hand"),
        Column("shipped", "unit", "What left it"),
        Column("on_hand", "unit", "Stock on hand at the end of the period"),
        Column("backorders", "unit", "Units past their due period"),
        Column("net_inventory", "unit", "Stock on hand less backorders"),
        Column("in_process", "unit", "Units in process at the stage"),
        Column("in_transit", "unit", "Units in transit to the stage"),
        Column("component_stock", "unit", "Units delivered that wait for other parts"),
        Column("on_order", "unit", "Ordered and not yet received as finished stock"),
        Column("position", "unit", "Inventory position"),
        Column("holding_cost", "money/period", "Holding in this period"),
        Column("backorder_cost", "money/period", "Penalty in this period"),
    ),
)

UNITS: Final = {
    name: column.unit
    for column in (*STAGES.columns, *SERVICE.columns)
    for name in (column.name, f"{column.name}_se")
}
"""Unit of each column of the stages and service frames."""


def with_errors(table: Table) -> tuple[str, ...]:
    """Names of a table's columns, each measure followed by its standard error.

    Examples
    --------
    >>> with_errors(TOTAL)[:2]
    ('on_hand', 'on_hand_se')
    """
    return tuple(
        name
        for column in table.columns
        for name in ((column.name,) if column.unit == "" else (column.name, f"{column.name}_se"))
    )
