"""The data of one component's target-inventory model: arrays, without labels or tables."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from echelon.network.compiled import Booleans, Floats, Integers

Stage = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TargetProblem:
    """What a component of the target-inventory model is made of.

    A component is one of the network, or several that share a resource. Quantities of a stage are
    in its own units. An order of period ``t`` is started in ``t`` plus a start offset, when all
    parts are there; it is made ``make_time`` later, joins the on-hand stock ``release_time`` after
    that and can serve the demand of that very period. The axes are J stages (suppliers first),
    T periods, D rows of demand, N lanes, W ways of ordering, P parts of ways, S lots of opening
    stock, O open orders, R resources and U uses of them.

    Attributes
    ----------
    labels : tuple of (item, location)
        Of the J stages.
    components : tuple of int
        Numbers of the network's components that are in it.
    stage_row : (J,) int64
        Row of the stage in ``Network.stages``.
    horizon, n_periods : int
        Periods asked for, and those planned: with the periods looked ahead.
    holding_cost : (J,) float64
        Money per unit on hand at the end of a period.
    order_cost : (J,) float64
        Money per order.
    price : (J, T) float64
        Money per unit ordered; 0 unless prices are given.
    waste_cost : (J,) float64
        Money per unit expired or scrapped.
    demand_row, demand_stage : (D,) int64
        Row in ``Network.demand``, and stage.
    demand : (D, T) float64
        Units due in the period.
    minimum_life : (D,) int64
        Least remaining life that these customers accept, periods.
    backorder_cost, lost_share, lost_sale_cost : (D,) float64
        Money per unit and period owed; share of what is not served when due that is lost; money
        per unit lost.
    must_serve : (D,) bool
        Shortage has no price here, so that all is served when it is due.
    lane_row, lane_from, lane_to : (N,) int64
        Row in ``Network.lanes``, supplier and receiver.
    usage, lane_share : (N,) float64
        Units of the supplier in one unit ordered by the receiver, by this lane; and the share of
        the order that comes by it.
    way_stage : (W,) int64
        Whose way of ordering it is; the first of a stage is the ordinary one.
    way_fast : (W,) bool
        Whether some lane goes the fast way.
    way_cost : (W,) float64
        Money per unit ordered this way: for expediting, and for parts that wait for others.
    pipeline_cost : (W, T) float64
        Money per unit ordered for keeping it until it joins the stock, or the horizon ends; 0
        unless the pipeline is charged.
    way_lane_time : (W, N) int64
        Periods in transit on each lane into the stage, -1 elsewhere.
    start_way, start_offset : (P,) int64
        Ways, and how many periods after the order a part of it is started.
    start_share : (P,) float64
        How large that part is; the parts of a way add up to 1.
    make_time, release_time : (J,) int64
        Periods.
    good_share : (J,) float64
        Mean share of what is made that is good.
    can_order, can_start : (J, T) bool
        Whether the stage reviews, and whether it is open, in the period.
    capacity : (J, T) float64
        Units that may be started; ``inf`` where there is no limit.
    order_multiple, minimum_order, maximum_order : (J,) float64
        Units; 0, 0 and ``inf`` where there is none. The bounds are rounded to the multiple.
    fixed_order : (J, T) float64
        Orders of the frozen horizon, NaN where the order is free.
    shelf_life : (J,) int64
        Periods a unit is good for from the one in which it is made; 0 where it never expires.
    carries_life : (J,) bool
        Whether the stage only moves its item, so that the life of its supplies goes on.
    can_stock : (J,) bool
    stock_stage, stock_life : (S,) int64
        Stage and remaining life in period 0 of opening stock; life 0 where it never expires.
    stock_quantity : (S,) float64
    open_stage, open_period, open_life : (O,) int64
        Stage, period in which it joins the on-hand stock, and remaining life then.
    open_quantity : (O,) float64
        Good units.
    floor, floor_price : (J, T) float64
        Least on-hand stock at the end of the period, 0 for none, and what a unit below costs.
    resources : tuple of str
        Names of the R resources.
    resource_capacity : (R, T) float64
    use_stage, use_resource : (U,) int64
    use_per_unit, use_per_set_up, use_per_unit_held : (U,) float64
        Of the resource: by one unit started, by starting at all, by one unit on hand at the end.
    """

    labels: tuple[Stage, ...]
    components: tuple[int, ...]
    stage_row: Integers
    horizon: int
    n_periods: int
    holding_cost: Floats
    order_cost: Floats
    price: Floats
    waste_cost: Floats
    demand_row: Integers
    demand_stage: Integers
    demand: Floats
    minimum_life: Integers
    backorder_cost: Floats
    lost_share: Floats
    lost_sale_cost: Floats
    must_serve: Booleans
    lane_row: Integers
    lane_from: Integers
    lane_to: Integers
    usage: Floats
    lane_share: Floats
    way_stage: Integers
    way_fast: Booleans
    way_cost: Floats
    pipeline_cost: Floats
    way_lane_time: Integers
    start_way: Integers
    start_offset: Integers
    start_share: Floats
    make_time: Integers
    release_time: Integers
    good_share: Floats
    can_order: Booleans
    can_start: Booleans
    capacity: Floats
    order_multiple: Floats
    minimum_order: Floats
    maximum_order: Floats
    fixed_order: Floats
    shelf_life: Integers
    carries_life: Booleans
    can_stock: Booleans
    stock_stage: Integers
    stock_life: Integers
    stock_quantity: Floats
    open_stage: Integers
    open_period: Integers
    open_life: Integers
    open_quantity: Floats
    floor: Floats
    floor_price: Floats
    resources: tuple[str, ...]
    resource_capacity: Floats
    use_stage: Integers
    use_resource: Integers
    use_per_unit: Floats
    use_per_set_up: Floats
    use_per_unit_held: Floats

    def __post_init__(self) -> None:
        for spec in fields(self):
            value = getattr(self, spec.name)
            if isinstance(value, np.ndarray) and value.flags.writeable:
                value.flags.writeable = False

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return len(self.stage_row)

    @property
    def n_demands(self) -> int:
        """How many rows of demand."""
        return len(self.demand_row)

    @property
    def n_lanes(self) -> int:
        """How many lanes, backups left out."""
        return len(self.lane_row)

    @property
    def n_ways(self) -> int:
        """How many ways of ordering, of all stages together."""
        return len(self.way_stage)

    @property
    def largest_life(self) -> int:
        """Longest shelf life of any stage, 0 where nothing expires."""
        return int(self.shelf_life.max(initial=0))

    def opening_stock(self) -> Floats:
        """Units on hand before period 0, of all ages: (J,) float64."""
        opening = np.zeros(self.n_stages)
        np.add.at(opening, self.stock_stage, self.stock_quantity)
        return opening

    def on_order(self) -> Floats:
        """Units of open orders, of all periods: (J,) float64."""
        on_order = np.zeros(self.n_stages)
        np.add.at(on_order, self.open_stage, self.open_quantity)
        return on_order

    def open_arrivals(self) -> Floats:
        """Units of open orders that join the on-hand stock: (J, T) float64."""
        arriving = np.zeros((self.n_stages, self.n_periods))
        within = self.open_period < self.n_periods
        at = (self.open_stage[within], self.open_period[within])
        np.add.at(arriving, at, self.open_quantity[within])
        return arriving

    def supply_by_life(self) -> Floats:
        """Units that join the stock without an order of the plan, by life: (J, A + 1, T) float64.

        0 where nothing expires.
        """
        supply = np.zeros((self.n_stages, self.largest_life + 1, self.n_periods))
        opening = (self.stock_stage, self.stock_life, np.zeros_like(self.stock_stage))
        np.add.at(supply, opening, self.stock_quantity)
        within = self.open_period < self.n_periods
        opened = (self.open_stage[within], self.open_life[within], self.open_period[within])
        np.add.at(supply, opened, self.open_quantity[within])
        supply[:, 0] = 0.0
        return supply

    def __repr__(self) -> str:
        return (
            f"TargetProblem({self.n_stages:,} stages, {self.n_periods:,} periods, "
            f"{self.n_demands:,} rows of demand)"
        )
