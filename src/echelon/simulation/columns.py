"""The frames of a simulation, as data: each column once, with its unit and what it says.

A measure ``x`` has beside it ``x_se``, its standard error, in the same unit.
"""

from __future__ import annotations

from typing import Final

from echelon.tables.column import Column, Table

_ITEM = Column("item", "", "What is held or made", dtype="text", key=True)
_LOCATION = Column("location", "", "Where", dtype="text", key=True)

_ON_HAND = Column("on_hand", "unit", "Stock on hand at the end of a period")
_BACKORDERS = Column("backorders", "unit", "Units past their due period at the end of a period")
_FLOW = (
    Column("in_process", "unit", "Units being made at the stage"),
    Column("in_release", "unit", "Units made and held for quality"),
    Column("in_transit", "unit", "Units in transit to the stage"),
    Column("pipeline", "unit", "In process, in release and in transit"),
    Column("component_stock", "unit", "Units delivered that wait for the other parts of a kit"),
)
_SUPPLY = Column(
    "periods_of_supply",
    "period",
    "Stock on hand over the mean demand of a period",
    blank="there is no demand",
)
_ORDERS = (
    Column("orders", "order/period", "Orders placed"),
    Column("ordered", "unit/period", "Units ordered"),
    Column("order_size", "unit", "Units ordered over orders", blank="nothing was ordered"),
)
_VARIANCES = (
    Column("order_variance", "unit^2", "Variance of the units ordered in a period"),
    Column(
        "demand_variance",
        "unit^2",
        "Variance of the units that customers and stages ask for in a period",
    ),
    Column(
        "bullwhip",
        "-",
        "Order variance over demand variance",
        blank="what is asked for does not vary",
    ),
)
_ON_TIME = Column(
    "on_time_rate",
    "-",
    "Share of units served within the service time; the fill rate where that is 0",
    blank="nothing fell due",
)
_FILL = Column(
    "fill_rate",
    "-",
    "Share of units served from stock in the period they were asked for; "
    "0 by design where the service time is above 0; it depends on the length of a period",
    blank="nothing fell due",
)
_LOST = Column("lost", "unit/period", "Customers' units that were due and are not waited for")
_SERVICE = (
    Column(
        "cycle_service_level",
        "-",
        "Share of replenishment cycles without a late unit; under continuous review a cycle is a "
        "period",
        blank="no whole cycle was counted",
    ),
    Column(
        "ready_rate",
        "-",
        "Share of periods that end without a late unit",
        blank="nobody orders from here",
    ),
    _FILL,
    _ON_TIME,
    Column(
        "stockouts",
        "1/period",
        "Stock-outs that begin: periods that end with a late or lost unit after one that does not",
    ),
    Column(
        "stockout_duration",
        "period",
        "Periods that end with a late or lost unit, per stock-out",
        blank="there was no stock-out",
    ),
)
_LOSSES = (
    _LOST,
    Column("expired", "unit/period", "Units that reached the end of their shelf life"),
    Column("destroyed", "unit/period", "Units destroyed by disruptions"),
    Column("scrapped", "unit/period", "Units that came out bad, and all of failed lots"),
    Column("wasted", "unit/period", "Expired, destroyed and scrapped"),
    Column("expedited", "unit/period", "Units that came the fast way"),
)
_SHORTAGE = Column("shortage_cost", "money/period", "Backorder cost and cost of lost sales")
_COST = (
    Column("holding_cost", "money/period", "Holding of stock on hand and of component stock"),
    Column(
        "pipeline_cost",
        "money/period",
        "Holding of the pipeline: 0 unless it was to be charged",
    ),
    Column("ordering_cost", "money/period", "Orders, at the cost of one"),
    Column("backorder_cost", "money/period", "Penalty for units past their due period"),
    _SHORTAGE,
    Column("expedite_cost", "money/period", "Units that came the fast way, at the price of one"),
    Column("waste_cost", "money/period", "Wasted units, at the cost of one"),
    Column("cost", "money/period", "Holding, pipeline, ordering, shortage, expedite and waste"),
)
_SE = "Each measure `x` has its standard error `x_se` beside it."

STAGES: Final = Table(
    "run.stages",
    "One row per stage that was simulated: means over the counted periods and the replications. "
    f"Service and backorders are towards all who order from the stage, customers and stages alike. "
    f"{_SE}",
    (
        _ITEM,
        _LOCATION,
        _ON_HAND,
        _BACKORDERS,
        Column("net_inventory", "unit", "Stock on hand less backorders"),
        *_FLOW,
        _SUPPLY,
        *_ORDERS,
        *_VARIANCES,
        *_SERVICE,
        *_LOSSES,
        *_COST,
    ),
)

_OF_A_GROUP = (
    _ON_HAND,
    _BACKORDERS,
    *_FLOW,
    _SUPPLY,
    *_ORDERS,
    *_SERVICE,
    *_LOSSES,
    *_COST,
)
_POOLED = (
    "Stock, flow and cost are summed over stages. Backorders, fill rate, on-time rate and the "
    "demand of the periods of supply are towards those outside alone. Cycle service level, ready "
    "rate and stock-outs are pooled over the stages from which somebody outside orders, each "
    "towards all who order from it."
)

ITEMS: Final = Table(
    "run.items",
    f"One row per item, all its locations together; outside are customers and other items. "
    f"{_POOLED} {_SE}",
    (_ITEM, *_OF_A_GROUP),
)

LOCATIONS: Final = Table(
    "run.locations",
    f"One row per location, all its items together, whatever each is counted in; outside are "
    f"customers and other locations. {_POOLED} {_SE}",
    (_LOCATION, *_OF_A_GROUP),
)

TOTAL: Final = Table(
    "run.total",
    f"One row, and none where everything failed: the network, whatever its items are counted in; "
    f"outside are customers. {_POOLED} {_SE}",
    _OF_A_GROUP,
)

_OF_A_SEGMENT = (
    Column("due", "unit/period", "Units that fell due"),
    _ON_TIME,
    _FILL,
    _BACKORDERS,
    _LOST,
    _SHORTAGE,
)

SEGMENTS: Final = Table(
    "run.segments",
    "One row per row of `demand`: how these customers are served. A network with segment columns "
    f"of its own has them in place of `segment`. {_SE}",
    (
        _ITEM,
        _LOCATION,
        Column("segment", "", "Who buys", dtype="text", key=True),
        *_OF_A_SEGMENT,
    ),
)

SEGMENT_TOTALS: Final = Table(
    "run.segment_totals",
    "One row per value of each segment column: all customers with that value, over the whole "
    f"network. {_SE}",
    (
        Column("column", "", "The segment column", dtype="text", key=True),
        Column("value", "", "The value", dtype="text", key=True),
        *_OF_A_SEGMENT,
    ),
)

DISRUPTIONS: Final = Table(
    "run.disruptions",
    "One row per disruption of the network, none without disruptions. An event begins when the "
    f"element goes down. {_SE}",
    (
        Column("name", "", "The disruption", dtype="text", key=True),
        *(
            Column(name, "", f"{what} that it hits", dtype="text")
            for name, what in (
                ("item", "Item of the stage"),
                ("location", "Location of the stage"),
                ("from_item", "Supplying item of the lane"),
                ("from_location", "Supplying location of the lane"),
                ("to_item", "Receiving item of the lane"),
                ("to_location", "Receiving location of the lane"),
            )
        ),
        Column("events", "-", "Events in the counted periods of a run"),
        Column(
            "share_survived",
            "-",
            "Share of events that passed without a late or lost unit of customers",
            blank="there was no event",
        ),
        Column(
            "time_to_survive",
            "period",
            "Periods from the first one down to the first with a late or lost unit of customers, "
            "of the events that were not survived",
            blank="every event was survived",
        ),
        Column(
            "time_to_recover",
            "period",
            "Periods from the first one up again to the first without late units of customers",
            blank="no event recovered within a run",
        ),
    ),
)

WARMUPS: Final = Table(
    "run.warmups",
    "One row per component: the periods before counting starts.",
    (
        Column("component", "", "Number of the connected component", dtype="whole", key=True),
        Column("item", "", "Item of its last stage, the one nearest customers", dtype="text"),
        Column("location", "", "Location of that stage", dtype="text"),
        Column("warmup", "period", "Periods simulated and not counted", dtype="whole"),
        Column(
            "found",
            "",
            "How: `given`; `exact`, the start is forgotten for certain; `pipelines`, nothing more "
            "to forget once they are full; `detected` in a pilot; `not settled`, means may drift",
            dtype="text",
        ),
    ),
)

FAN: Final = {"q5": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
"""Quantiles of paths, by the ending of their columns."""

PATHS: Final = Table(
    "run.paths",
    "One row per period, warm-up included, and stage whose paths were asked for: mean over the "
    "replications and the quantiles `_q5` to `_q95`.",
    (
        Column("period", "period", "Numbered from 0", dtype="whole", key=True),
        _ITEM,
        _LOCATION,
        Column("counted", "", "Whether the period is measured", dtype="flag"),
        *(
            Column(f"{name}{ending}", "unit", f"{what}{words}")
            for name, what in (
                ("on_hand", "Stock on hand at the end of the period"),
                ("backorders", "Units past their due period"),
                ("net_inventory", "Stock on hand less backorders"),
            )
            for ending, words in (
                ("", ", mean"),
                *((f"_{suffix}", f", {p:.0%} quantile") for suffix, p in FAN.items()),
            )
        ),
    ),
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
        Column("lost", "unit", "Customers' units that are not waited for"),
        Column("expired", "unit", "Units that reached the end of their shelf life"),
        Column("destroyed", "unit", "Units destroyed by disruptions"),
        Column("scrapped", "unit", "Units that came out bad"),
        Column("expedited", "unit", "Units shipped to the stage the fast way"),
        Column("on_hand", "unit", "Stock on hand at the end of the period"),
        Column("backorders", "unit", "Units past their due period"),
        Column("net_inventory", "unit", "Stock on hand less backorders"),
        Column("in_process", "unit", "Units being made at the stage"),
        Column("in_release", "unit", "Units made and held for quality"),
        Column("in_transit", "unit", "Units in transit to the stage"),
        Column("component_stock", "unit", "Units delivered that wait for other parts"),
        Column("on_order", "unit", "Ordered and not yet received as finished stock"),
        Column("owed", "unit", "Asked for and not yet shipped, late or still inside its time"),
        Column("position", "unit", "Inventory position"),
        Column("holding_cost", "money/period", "Holding of stock on hand and of component stock"),
        Column("pipeline_cost", "money/period", "Holding of the pipeline: 0 unless it is charged"),
        Column("ordering_cost", "money/period", "The order, if there was one"),
        Column("backorder_cost", "money/period", "Penalty for the backorders"),
        Column("shortage_cost", "money/period", "Backorder cost and cost of lost sales"),
        Column("expedite_cost", "money/period", "Units that were shipped the fast way"),
        Column("waste_cost", "money/period", "Units expired, destroyed and scrapped"),
        Column("cost", "money/period", "All of this period, backorder cost within shortage cost"),
    ),
)

COMPARISON: Final = Table(
    "comparison.total",
    "One row per measure of the network. `comparison.stages`, `segments`, `segment_totals`, "
    "`items` and `locations` have the keys of the frames of a run before these columns, and are "
    "written to files of these names where the replications were kept.",
    (
        Column("measure", "", "A measure of `run.total`", dtype="text", key=True),
        Column("first", "as measured", "Its value in the first run"),
        Column("second", "as measured", "Its value in the second run"),
        Column("difference", "as measured", "Second less first"),
        Column("difference_se", "as measured", "Its standard error, from differences run by run"),
        Column("unpaired_se", "as measured", "What it would be for independent runs"),
        Column("correlation", "-", "Of the runs of the two", blank="one of them does not vary"),
        Column(
            "times_smaller",
            "-",
            "Unpaired over paired standard error; infinite where the runs differ by a constant",
            blank="neither varies",
        ),
    ),
)

FRAMES: Final = {
    "stages": STAGES,
    "segments": SEGMENTS,
    "segment_totals": SEGMENT_TOTALS,
    "items": ITEMS,
    "locations": LOCATIONS,
    "total": TOTAL,
    "service": SERVICE,
    "trace": TRACE,
    "paths": PATHS,
    "warmups": WARMUPS,
    "disruptions": DISRUPTIONS,
}
"""Every frame of a simulation, by the name of the attribute that holds it."""

UNITS: Final = {
    name: column.unit
    for column in (*STAGES.columns, *SERVICE.columns, *SEGMENTS.columns)
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
