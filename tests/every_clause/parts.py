"""Stages, lanes and those who ask, read from the tables of a network and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

Tables = Mapping[str, pd.DataFrame]
Lot = list[float]
"""Last period in which the units can serve, and how many there are."""


def cell(row: Mapping[str, Any], name: str, default: Any) -> Any:
    """A cell, or what a blank one means."""
    value = row.get(name, default)
    blank = value is None or value == "" or (isinstance(value, float) and math.isnan(value))
    return default if blank else value


def total(lots: list[Lot]) -> float:
    return sum(quantity for _, quantity in lots)


def put(lots: list[Lot], new: list[Lot]) -> None:
    for last, quantity in new:
        for lot in lots:
            if lot[0] == last:
                lot[1] += quantity
                break
        else:
            lots.append([last, quantity])


def take(lots: list[Lot], quantity: float, *, first: float = -math.inf) -> list[Lot]:
    """Take units that can serve up to period ``first`` at least, first expired first out."""
    taken = []
    for lot in sorted(lots, key=lambda lot: lot[0]):
        if quantity <= 0.0:
            break
        if lot[0] < first:
            continue
        units = min(lot[1], quantity)
        taken.append([lot[0], units])
        quantity -= units
        lot[1] -= units
    lots[:] = [lot for lot in lots if lot[1] > 0.0]
    return taken


@dataclass(eq=False)
class Shipment:
    """What comes together, when and by which way; a lane that stands still changes when."""

    due: float
    lots: list[Lot]
    fast: bool = False


@dataclass(eq=False)
class Lane:
    row: Mapping[str, Any]
    supplier: Stage
    receiver: Stage
    disruptions: list[dict[str, Any]] = field(default_factory=list)
    transit: list[Shipment] = field(default_factory=list)
    parts: list[Lot] = field(default_factory=list)
    latest: float = -1.0
    asked: float = 0.0
    expedited: float = 0.0
    down: bool = False
    seen_fast: float = 0.0
    seen_transit: float = 0.0

    @property
    def key(self) -> tuple[str, ...]:
        names = ("from_item", "from_location", "to_item", "to_location")
        return tuple(self.row[name] for name in names)

    @property
    def units(self) -> float:
        return float(cell(self.row, "units_required", 1.0))

    @property
    def backup(self) -> bool:
        return bool(cell(self.row, "backup", False))

    @property
    def share(self) -> float:
        return float(cell(self.row, "share", 0.0 if self.backup else 1.0))

    @property
    def alternative(self) -> bool:
        """Whether it supplies one component together with others (7.1)."""
        return self.backup or cell(self.row, "share", None) is not None


@dataclass(eq=False)
class Asker:
    """A segment of customers, or a lane (9.3: in the order in which they are served)."""

    key: tuple[str, ...]
    lane: Lane | None
    priority: float
    life: int
    future: dict[int, float] = field(default_factory=dict)
    owed: dict[int, float] = field(default_factory=dict)
    fell_due: list[float] = field(default_factory=list)
    seen_late: float = 0.0
    on_time: float = 0.0

    def late_for(self, periods: int) -> float:
        """Units late for so many periods or longer, as the last period left it (8.11)."""
        recent = sum(self.fell_due[-periods:]) if periods else 0.0
        return max(self.seen_late - recent, 0.0)


@dataclass(eq=False)
class Stage:
    row: Mapping[str, Any]
    suppliers: list[Lane] = field(default_factory=list)
    receivers: list[Lane] = field(default_factory=list)
    askers: list[Asker] = field(default_factory=list)
    disruptions: list[dict[str, Any]] = field(default_factory=list)
    calendar: list[Mapping[str, Any]] = field(default_factory=list)
    levels: dict[int, float] = field(default_factory=dict)
    demand_seen: float = 0.0
    service_time: int = 0
    stock: list[Lot] = field(default_factory=list)
    on_order: float = 0.0
    outside: dict[int, float] = field(default_factory=dict)
    outside_waits: float = 0.0
    process: list[Shipment] = field(default_factory=list)
    release: list[Shipment] = field(default_factory=list)
    latest_made: float = -1.0
    latest_released: float = -1.0
    down: bool = False
    ships: bool = True
    left: float | None = None
    order: float = 0.0
    returned: float = 0.0
    seen_lack: float = 0.0
    flows: dict[str, float] = field(default_factory=dict)

    def of(self, name: str, default: Any) -> Any:
        return cell(self.row, name, default)

    @property
    def key(self) -> tuple[str, str]:
        return self.row["item"], self.row["location"]

    @property
    def life(self) -> float:
        return float(self.of("shelf_life", math.inf))

    @property
    def groups(self) -> list[list[Lane]]:
        """Lanes into it by component (7.1)."""
        groups: dict[Any, list[Lane]] = {}
        for number, lane in enumerate(self.suppliers):
            groups.setdefault(lane.key[0] if lane.alternative else number, []).append(lane)
        return list(groups.values())

    @property
    def from_outside(self) -> bool:
        """Whether a part comes from outside the network (3.3)."""
        return not self.suppliers or self.of("inbound_service_time", 0.0) > 0.0

    @property
    def carries(self) -> bool:
        """Whether goods keep the age that they come with (9.7)."""
        items = {lane.key[0] for lane in self.suppliers}
        one = len(self.groups) == 1 and not self.from_outside
        return self.life < math.inf and one and items == {self.key[0]}

    @property
    def reordered_at(self) -> bool:
        return str(self.of("policy", "base_stock")).startswith("reorder_point")

    @property
    def rounding(self) -> float:
        """4.7, generously: what is owed to a backup is not known to the level."""
        size = abs(self.of("base_stock", 0.0)) + self.of("reorder_point", 0.0)
        return 1e-9 * (size + self.of("order_quantity", 0.0) + self.demand_seen)

    def level(self, period: int) -> float:
        if self.levels:
            return self.levels[period % len(self.levels)]
        return float(self.of("base_stock", math.nan))

    @property
    def late(self) -> float:
        return sum(sum(asker.owed.values()) for asker in self.askers)

    @property
    def position(self) -> float:
        """Clause 5."""
        waiting = sum(sum(asker.future.values()) for asker in self.askers)
        return total(self.stock) + self.on_order - self.late - waiting

    @property
    def echelon_position(self) -> float:
        """5.4."""
        below = (
            lane.units * lane.share * lane.receiver.echelon_position for lane in self.receivers
        )
        return self.position + sum(below)

    @property
    def echelon_returned(self) -> float:
        """Returns of a period that have not reached the shelf yet."""
        below = (
            lane.units * lane.share * lane.receiver.echelon_returned for lane in self.receivers
        )
        return self.returned + sum(below)


def read(tables: Tables, service_time: Mapping[tuple[str, str], int]) -> list[Stage]:
    """Stages of a network, suppliers before customers."""
    rows = {name: frame.to_dict("records") for name, frame in tables.items()}
    stages = {(row["item"], row["location"]): Stage(row) for row in rows["stages"]}
    for key, periods in service_time.items():
        stages[key].service_time = periods
    lanes = {}
    for row in rows["demand"]:
        stage = stages[row["item"], row["location"]]
        key = (*stage.key, str(cell(row, "segment", "")))
        life = int(cell(row, "minimum_remaining_life", 0))
        stage.askers.append(Asker(key, None, cell(row, "priority", 0), life))
    for row in rows.get("lanes", ()):
        supplier = stages[row["from_item"], row["from_location"]]
        receiver = stages[row["to_item"], row["to_location"]]
        lane = Lane(row, supplier, receiver)
        lanes[lane.key] = lane
        supplier.receivers.append(lane)
        receiver.suppliers.append(lane)
        supplier.askers.append(Asker(lane.key, lane, cell(row, "priority", 0), 0))
    for row in rows.get("levels", ()):
        stages[row["item"], row["location"]].levels[int(row["period"])] = row["base_stock"]
    for row in rows.get("calendar", ()):
        stages[row["item"], row["location"]].calendar.append(row)
    for row in rows.get("disruptions", ()):
        if cell(row, "item", None) is not None:
            stages[row["item"], row["location"]].disruptions.append(dict(row))
        else:
            names = ("from_item", "from_location", "to_item", "to_location")
            lanes[tuple(row[name] for name in names)].disruptions.append(dict(row))
    for stage in stages.values():
        stage.askers.sort(key=lambda asker: asker.priority)  # stable: customers, then lanes
    return _upstream_first(list(stages.values()), rows["demand"])


def _upstream_first(stages: list[Stage], demand: list[dict[str, Any]]) -> list[Stage]:
    ordered: list[Stage] = []

    def visit(stage: Stage) -> None:
        if stage not in ordered:
            for lane in stage.suppliers:
                visit(lane.supplier)
            ordered.append(stage)

    for stage in stages:
        visit(stage)
    for stage in reversed(ordered):
        own = (row["mean"] for row in demand if (row["item"], row["location"]) == stage.key)
        below = (lane.units * lane.share * lane.receiver.demand_seen for lane in stage.receivers)
        stage.demand_seen = sum(own) + sum(below)
    return ordered
