"""Lay groups of a network's components out as problems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.network import Network
from echelon.optimization.target_inventory.arguments import Given, GivenRows, TargetOptions
from echelon.optimization.target_inventory.demand_in_periods import DemandInPeriods
from echelon.optimization.target_inventory.pipeline_cost import pipeline_cost
from echelon.optimization.target_inventory.place import Place, Table
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.stage_cells import (
    numbers,
    reviews,
    stage_cells,
    to_multiple,
)
from echelon.optimization.target_inventory.stage_ways import (
    InboundLanes,
    StageWays,
    ways_of_stages,
)
from echelon.optimization.target_inventory.whole_times import WholeTimes


class Reader:
    """What the problems of a network are cut from."""

    def __init__(
        self,
        network: Network,
        options: TargetOptions,
        given: Given,
        times: WholeTimes,
        groups: Sequence[Sequence[int]],
    ) -> None:
        self.network, self.options, self.given, self.times = network, options, given, times
        self.groups = groups
        self.compiled = network.compiled
        self.stages = stage_cells(network)
        self.item = pd.factorize(network.columns("stages", ["item"])["item"])[0]
        self.keys = list(
            network.columns("stages", ["item", "location"]).itertuples(index=False, name=None)
        )
        self.fast_time = numbers(network, "lanes", "expedite_lead_time", np.inf)
        self.fast_cost = numbers(network, "lanes", "expedite_cost", 0.0)
        self.lane_groups = network.lane_groups
        self.places = [Place.of(network, group) for group in groups]
        group_of = np.zeros(network.n_stages, dtype=np.int64)
        position = np.zeros(network.n_stages, dtype=np.int64)
        for g, place in enumerate(self.places):
            group_of[place.rows] = g
            position[place.rows] = np.arange(len(place.rows))

        def cut(frame: pd.DataFrame, stages: Integers) -> Table:
            columns = {str(name): frame[name].to_numpy() for name in frame.columns}
            return Table(columns, stages, group_of, position, len(groups))

        self.calendar = cut(network.calendar, network.calendar_stages)
        self.stock = cut(network.stock, network.stock_stages)
        self.open_orders = cut(network.open_orders, network.open_order_stages)
        self.uses = cut(network.resource_use, network.resource_use_stages)
        self.capacities = _capacities(network)
        rows = (given.floors, given.frozen_orders, given.prices)
        self.floors, self.frozen_orders, self.prices = (cut(_frame(of), of.stage) for of in rows)
        self.demand = DemandInPeriods(network, given.forecast)

    def problems(self) -> list[TargetProblem]:
        """Lay out every group."""
        return [self._problem(g) for g in range(len(self.groups))]

    def _problem(self, g: int) -> TargetProblem:
        """Lay out one group of components."""
        components, place = self.groups[g], self.places[g]
        lanes = self._lanes(place)
        ways = ways_of_stages(lanes)
        lookahead = self.options.lookahead
        if lookahead is None:
            lookahead = self._longest_time(place, ways)
        n_periods = self.options.horizon + lookahead
        cells = {name: column[place.rows] for name, column in self.stages.items()}
        pipeline = np.zeros((len(ways.way_stage), n_periods))
        if self.options.charge_pipeline:
            pipeline = pipeline_cost(place, ways, cells, self.times, n_periods)
        multiple = cells["order_multiple"]
        return TargetProblem(
            labels=tuple(self.keys[row] for row in place.rows.tolist()),
            components=tuple(int(c) for c in components),
            stage_row=place.rows,
            horizon=self.options.horizon,
            n_periods=n_periods,
            holding_cost=cells["holding_cost"],
            order_cost=cells["order_cost"],
            price=_spread(self.prices.of(g), "value", (len(place.rows), n_periods), 0.0),
            waste_cost=cells["waste_cost"],
            **self.demand.of(place, cells, n_periods),
            lane_row=place.lane_row,
            lane_from=place.lane_from,
            lane_to=place.lane_to,
            usage=place.units * place.share,
            lane_share=place.share,
            way_stage=ways.way_stage,
            way_fast=ways.way_fast,
            way_cost=ways.way_cost,
            way_lane_time=ways.way_lane_time,
            start_way=ways.start_way,
            start_offset=ways.start_offset,
            start_share=ways.start_share,
            pipeline_cost=pipeline,
            make_time=self.times.make[place.rows],
            release_time=self.times.release[place.rows],
            good_share=cells["yield_mean"] * (1.0 - cells["lot_failure"]),
            can_order=reviews(cells, n_periods),
            can_start=self._open_periods(g, n_periods),
            capacity=np.repeat(cells["capacity"][:, None], n_periods, axis=1),
            order_multiple=multiple,
            minimum_order=to_multiple(cells["minimum_order"], multiple, up=True),
            maximum_order=to_multiple(cells["maximum_order"], multiple, up=False),
            fixed_order=self._frozen(g, n_periods),
            shelf_life=cells["shelf_life"].astype(np.int64),
            carries_life=self._carries(place, cells),
            can_stock=cells["can_stock"] > 0.0,
            **self._opening(g, cells),
            **self._open(g, cells),
            floor=_spread(self.floors.of(g), "value", (len(place.rows), n_periods), 0.0),
            floor_price=self._floor_price(g, n_periods),
            **self._resources(g, n_periods),
        )

    def _lanes(self, place: Place) -> InboundLanes:
        time = self.times.lane[place.lane_row]
        fast = self.fast_time[place.lane_row]
        return InboundLanes(
            target=place.lane_to,
            time=time,
            fast_time=np.where(fast < time, fast, time).astype(np.int64),
            fast_cost=self.fast_cost[place.lane_row],
            share=place.share,
            units=place.units,
            waiting_cost=self.stages["holding_cost"][place.rows[place.lane_from]],
            group=self.lane_groups[place.lane_row],
            outside=self.times.outside[place.rows],
        )

    def _longest_time(self, place: Place, ways: StageWays) -> int:
        """Longest time from an order in the group to its customers, periods between reviews in."""
        rows = place.rows
        own = np.zeros(len(rows), dtype=np.int64)
        np.maximum.at(own, ways.way_stage[ways.start_way], ways.start_offset)
        review = np.maximum(self.stages["review_period"][rows].astype(np.int64) - 1, 0)
        own += self.times.make[rows] + self.times.release[rows] + review
        total = own.copy()
        for j in range(len(rows) - 1, -1, -1):  # receivers first
            below = total[place.lane_to[place.lane_from == j]]
            total[j] = own[j] + int(below.max(initial=0))
        return int(total.max(initial=0))

    def _floor_price(self, g: int, n_periods: int) -> Floats:
        stage, floors = self.floors.of(g)
        otherwise = float(self.options.floor_price or 0.0)
        price = floors["price"]
        told = {**floors, "price": np.where(np.isnan(price), otherwise, price)}
        return _spread((stage, told), "price", (len(self.places[g].rows), n_periods), 0.0)

    def _frozen(self, g: int, n_periods: int) -> Floats:
        fixed = np.full((len(self.places[g].rows), n_periods), np.nan)
        frozen = self.options.frozen
        if frozen:
            given = _spread(self.frozen_orders.of(g), "value", fixed.shape, 0.0)
            fixed[:, :frozen] = given[:, :frozen]
        return fixed

    def _open_periods(self, g: int, n_periods: int) -> Booleans:
        """Periods in which a stage starts, by the calendar."""
        is_open = np.ones((len(self.places[g].rows), n_periods), dtype=np.bool_)
        stages, windows = self.calendar.of(g)
        is_open[stages] = False
        for k, j in enumerate(stages.tolist()):
            start, length, every = (float(windows[name][k]) for name in _WINDOW)
            since = np.arange(n_periods) - start
            if every == every:
                since = np.where(since >= 0, since % every, since)
            is_open[j] |= (since >= 0) & (since < length)
        return is_open

    def _carries(self, place: Place, cells: dict[str, Floats]) -> Booleans:
        """Stages of what expires that are made of their own item alone: its life goes on."""
        n_stages = len(place.rows)
        item = self.item[place.rows]
        groups = self.lane_groups[place.lane_row]
        alone = np.zeros(n_stages, dtype=np.bool_)
        for j in np.flatnonzero(cells["shelf_life"] > 0.0).tolist():
            mine = place.lane_to == j
            same = item[place.lane_from[mine]] == item[j]
            one = len(np.unique(groups[mine])) == 1 and bool(same.all())
            alone[j] = one and self.times.outside[place.rows[j]] == 0
        return alone

    def _opening(self, g: int, cells: dict[str, Floats]) -> dict[str, Any]:
        initial = np.nan_to_num(cells["initial_stock"])
        some = np.flatnonzero(initial > 0.0)
        here, rows = self.stock.of(g)
        life = np.nan_to_num(rows["remaining_life"].astype(np.float64))
        return {
            "stock_stage": np.concatenate([some, here]),
            "stock_life": np.concatenate([cells["shelf_life"][some], life]).astype(np.int64),
            "stock_quantity": np.concatenate([initial[some], rows["quantity"]]).astype(np.float64),
        }

    def _open(self, g: int, cells: dict[str, Floats]) -> dict[str, Any]:
        here, rows = self.open_orders.of(g)
        fresh = cells["shelf_life"] - self.times.release[self.places[g].rows]
        fresh = np.where(cells["shelf_life"] > 0.0, fresh, 0.0)[here]
        life = rows["remaining_life"].astype(np.float64)
        return {
            "open_stage": here,
            "open_period": rows["period"].astype(np.int64),
            "open_life": np.where(np.isnan(life), fresh, life).astype(np.int64),
            "open_quantity": rows["quantity"].astype(np.float64),
        }

    def _resources(self, g: int, n_periods: int) -> dict[str, Any]:
        here, rows = self.uses.of(g)
        used = rows["resource"].tolist()
        names = list(dict.fromkeys(used))
        capacity = np.zeros((len(names), n_periods))
        for r, name in enumerate(names):
            cycle = self.capacities[name]
            capacity[r] = cycle[np.arange(n_periods) % len(cycle)]
        number = {name: r for r, name in enumerate(names)}
        return {
            "resources": tuple(names),
            "resource_capacity": capacity,
            "use_stage": here,
            "use_resource": np.array([number[name] for name in used], dtype=np.int64),
            "use_per_unit": rows["per_unit"].astype(np.float64),
            "use_per_set_up": rows["per_set_up"].astype(np.float64),
            "use_per_unit_held": rows["per_unit_held"].astype(np.float64),
        }


_WINDOW = ("start", "length", "every")


def _capacities(network: Network) -> dict[str, Floats]:
    """Cycle of what there is of each resource."""
    table = network.resources.sort_values("period", kind="stable")
    cycles = table.groupby("resource")["capacity"]
    return {str(name): of.to_numpy(dtype=np.float64) for name, of in cycles}


def _frame(rows: GivenRows) -> pd.DataFrame:
    price = rows.price if len(rows.price) else np.full(len(rows.stage), np.nan)
    return pd.DataFrame({"period": rows.period, "value": rows.value, "price": price})


def _spread(
    given: tuple[Integers, dict[str, NDArray[Any]]],
    name: str,
    shape: tuple[int, int],
    otherwise: float,
) -> Floats:
    """Lay values out by stage and period; a period's own row beats one for every period."""
    stage, rows = given
    table = np.full(shape, otherwise)
    always = np.isnan(rows["period"])
    table[stage[always]] = rows[name][always, None]
    within = ~always & (rows["period"] < shape[1])
    table[stage[within], rows["period"][within].astype(np.int64)] = rows[name][within]
    return table
