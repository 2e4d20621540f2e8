"""One replication, period by period and unit by unit, in the order of clause 3.

Written from the convention and from nothing else, in plain numbers, with every feature: what it
says and a kernel does not is a fault of the one or the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.every_clause.parts import Lane, Shipment, Stage, Tables, cell, put, read, take, total
from tests.every_clause.service import serve

Draws = Mapping[str, Mapping[tuple[str, ...], np.ndarray]]
"""By quantity and address (clause 12): numbers by period."""


def follow(
    tables: Tables,
    draws: Draws,
    n_periods: int,
    service_time: Mapping[tuple[str, str], int] | None = None,
) -> dict[tuple[str, str], list[dict[str, float]]]:
    """What is counted of each stage at the end of each period."""
    stages = read(tables, service_time or {})
    for stage in reversed(stages):
        _begin(stage)
    counted: dict[tuple[str, str], list[dict[str, float]]] = {stage.key: [] for stage in stages}
    for period in range(n_periods):
        for stage in stages:
            _disrupt(stage, draws, period)
        for stage in stages:
            _look(stage)
        _order(stages, draws, period)
        for stage in stages:
            _receive(stage, period)
            _make(stage, draws, period)
            serve(stage, draws, period)
            _age(stage, period)
        for stage in stages:
            counted[stage.key].append(_count(stage))
    return counted


def _begin(stage: Stage) -> None:
    """4.5; those below have begun."""
    usual = stage.level(0)
    if stage.reordered_at:
        usual = stage.of("reorder_point", 0.0) + stage.of("order_quantity", 0.0)
    if stage.of("policy", "") == "echelon_base_stock":
        usual -= stage.echelon_position - stage.position
    stock = stage.of("initial_stock", max(usual, 0.0))
    stage.stock = [[stage.life - 1.0, stock]] if stock > 0.0 else []


def _is_down(row: Mapping[str, Any], draws: Draws, period: int) -> bool:
    """13.1."""
    if cell(row, "failure_rate", None) is None:
        return bool(row["first_period"] <= period <= row["last_period"])
    return bool(period >= 0 and draws["disruption"][row["name"],][period] > 0.5)


def _disrupt(stage: Stage, draws: Draws, period: int) -> None:
    """Step 0."""
    down = [row for row in stage.disruptions if _is_down(row, draws, period)]
    stage.down = bool(down)
    stage.ships = all(cell(row, "ships", False) for row in down)
    stage.left = min((cell(row, "capacity_left", 0.0) for row in down), default=None)
    destroyed = 0.0
    for row in down:
        if period == 0 or not _is_down(row, draws, period - 1):
            share = cell(row, "stock_destroyed", 0.0)
            destroyed += share * total(stage.stock)
            for lot in stage.stock:
                lot[1] *= 1.0 - share
    stage.flows = {"destroyed": destroyed, "expired": 0.0, "scrapped": 0.0}
    for lane in stage.suppliers:
        rows = [row for row in lane.disruptions if _is_down(row, draws, period)]
        lane.down = bool(rows)
        if any(cell(row, "in_transit_held", False) for row in rows):  # 13.3
            lane.latest += 1.0
            for shipment in lane.transit:
                shipment.due += 1.0


def _look(stage: Stage) -> None:
    """3.4: what rules will see, as the last period left it."""
    for asker in stage.askers:
        asker.seen_late = sum(asker.owed.values())
    there = total(stage.stock)
    there += sum(total(one.lots) for one in (*stage.process, *stage.release))
    stage.seen_lack = stage.late - there
    for lane in stage.suppliers:
        lane.seen_fast = sum(total(one.lots) for one in lane.transit if one.fast)
        lane.seen_transit = sum(total(one.lots) for one in lane.transit)


def _order(stages: list[Stage], draws: Draws, period: int) -> None:
    """Steps 1 to 3, from the customers upstream."""
    decided = {}
    for stage in stages:
        stage.order = stage.returned = 0.0
        for lane in stage.suppliers:
            lane.asked = 0.0
    for stage in stages:
        length, phase = int(stage.of("review_period", 0)), int(stage.of("review_phase", 0))
        if length and period >= phase and (period - phase) % length == 0:
            decided[stage.key] = _decide(stage, period)
    for stage in reversed(stages):
        if stage.key in decided:
            _place(stage, decided[stage.key], period)
        requested = 0.0
        for asker in stage.askers:
            asked = asker.lane.asked if asker.lane else float(draws["demand"][asker.key][period])
            stage.returned += max(-asked, 0.0)  # 9.4
            due = period + stage.service_time
            asker.future[due] = asker.future.get(due, 0.0) + max(asked, 0.0)
            requested += max(asked, 0.0)
        stage.flows["requested"] = requested
        if not stage.of("review_period", 0):
            _place(stage, _decide(stage, period), period)


def _decide(stage: Stage, period: int) -> float:
    """Clauses 5 and 11.2."""
    policy, level = stage.of("policy", "base_stock"), stage.level(period)
    point, quantity = stage.of("reorder_point", 0.0), stage.of("order_quantity", 0.0)
    position = stage.position + stage.returned
    if policy == "echelon_base_stock":
        position = stage.echelon_position + stage.echelon_returned
    if policy in ("base_stock", "echelon_base_stock"):
        order = level - position
    elif position > point + stage.rounding:
        order = 0.0
    elif policy == "min_max":
        order = level - position
    else:
        lots = math.floor((point - position) / quantity + 1e-9) + 1
        order = quantity * (1 if policy == "reorder_point_once" else lots)
    if order <= stage.rounding:
        return 0.0
    multiple = stage.of("order_multiple", None)
    least, most = stage.of("minimum_order", 0.0), stage.of("maximum_order", math.inf)
    if multiple:
        order = math.ceil(order / multiple - 1e-9) * multiple
        least = math.ceil(least / multiple - 1e-9) * multiple
        most = most if most == math.inf else math.floor(most / multiple + 1e-9) * multiple
    return float(min(max(order, least), most))


def _place(stage: Stage, order: float, period: int) -> None:
    """7.1, 8.12: an order is split over the lanes."""
    stage.order = order
    stage.on_order += order
    if stage.from_outside:
        due = period + int(stage.of("inbound_service_time", 0))
        stage.outside[due] = stage.outside.get(due, 0.0) + order
    for group in stage.groups:
        for lane in group:
            lane.asked = order * lane.units * lane.share
        for backup in [lane for lane in group if lane.backup][:1]:
            for lane in group:
                if not lane.backup and _gives_way(lane, cell(backup.row, "backup_after", None)):
                    backup.asked += lane.asked
                    lane.asked = 0.0


def _gives_way(lane: Lane, patience: float | None) -> bool:
    if lane.down or lane.supplier.down:
        return True
    (asker,) = (one for one in lane.supplier.askers if one.lane is lane)
    return patience is not None and asker.late_for(int(patience)) > lane.supplier.rounding


def _receive(stage: Stage, period: int) -> None:
    """Step 4."""
    stage.outside_waits += stage.outside.pop(period, 0.0)
    for lane in stage.suppliers:
        for shipment in [one for one in lane.transit if one.due <= period]:
            lane.transit.remove(shipment)
            if stage.carries:
                _expire(stage, shipment.lots, period - 1, lane.units)
                put(lane.parts, shipment.lots)
            else:
                put(lane.parts, [[math.inf, total(shipment.lots)]])


def _expire(stage: Stage, lots: list[list[float]], last: float, units: float) -> None:
    """What cannot be used after a period goes, and with it what was on order."""
    gone = sum(quantity for until, quantity in lots if until <= last) / units
    lots[:] = [lot for lot in lots if lot[0] > last]
    stage.flows["expired"] += gone
    stage.on_order -= gone


def _make(stage: Stage, draws: Draws, period: int) -> None:
    """Step 5."""
    _start(stage, draws, period)
    done = [one for one in stage.process if one.due <= period]
    stage.process = [one for one in stage.process if one.due > period]
    lots: list[list[float]] = []
    for one in done:
        put(lots, one.lots)
    good = draws.get("good_share", {}).get(stage.key)
    share = 1.0 if good is None else float(good[period])  # 8.10
    stage.flows["scrapped"] = total(lots) * (1.0 - share)
    stage.on_order -= stage.flows["scrapped"]
    lots = [[last, quantity * share] for last, quantity in lots]
    if stage.carries:
        _expire(stage, lots, period - 1, 1.0)
    else:
        lots = [[period + stage.life - 1.0, total(lots)]]  # 9.6
    if total(lots) > 0.0:
        time = _time(stage.of("release_time", 0), draws, "release_time", stage.key, period)
        due = float(period + time)
        if not stage.of("overtaking", False):
            due = max(due, stage.latest_released)
            stage.latest_released = due if total(lots) > stage.rounding else stage.latest_released
        stage.release.append(Shipment(due, lots))
    for one in [one for one in stage.release if one.due <= period]:
        stage.release.remove(one)
        _expire(stage, one.lots, period - 1, 1.0)
        stage.on_order -= total(one.lots)
        put(stage.stock, one.lots)
    if stage.returned > 0.0:
        put(stage.stock, [[period + stage.life - 1.0, stage.returned]])


def _time(fixed: float, draws: Draws, quantity: str, key: tuple[str, ...], period: int) -> int:
    """8.6: drawn for all that sets out in a period, where it varies."""
    drawn = draws.get(quantity, {}).get(key)
    return int(fixed if drawn is None else drawn[period])


def _start(stage: Stage, draws: Draws, period: int) -> None:
    kits = stage.outside_waits if stage.from_outside else math.inf
    for group in stage.groups:
        kits = min(kits, sum(total(lane.parts) / lane.units for lane in group))
    capacity = stage.of("capacity", math.inf)
    if stage.left is not None:  # 13.2
        kits, capacity = (
            (kits * stage.left, capacity) if capacity == math.inf else (kits, capacity * stage.left)
        )
    kits = min(kits, capacity) if _is_open(stage, period) else 0.0
    if kits <= 0.0:
        return
    if stage.from_outside:
        stage.outside_waits -= kits
    lots = [[math.inf, kits]]
    for group in stage.groups:
        used = _use(group, kits)
        lots = used if stage.carries else lots
    time = _time(stage.of("lead_time", 0), draws, "make_time", stage.key, period)
    due = float(period + time)
    if not stage.of("overtaking", False):
        due = max(due, stage.latest_made)
        stage.latest_made = due if kits > stage.rounding else stage.latest_made
    stage.process.append(Shipment(due, lots))


def _use(group: list[Lane], kits: float) -> list[list[float]]:
    """Parts of one kind for so many kits: what expires first; of equal age from all alike."""
    used: list[list[float]] = []
    for last in sorted({lot[0] for lane in group for lot in lane.parts}):
        there = [sum(lot[1] for lot in lane.parts if lot[0] == last) / lane.units for lane in group]
        wanted = min(kits - total(used), sum(there))
        for lane, units in zip(group, there, strict=True):
            if units > 0.0 and wanted > 0.0:
                take(lane.parts, lane.units * wanted * units / sum(there), first=last)
        if wanted > 0.0:
            used.append([last, wanted])
    return used


def _is_open(stage: Stage, period: int) -> bool:
    """8.9."""
    for row in stage.calendar:
        since, every = period - int(row["start"]), cell(row, "every", None)
        if since >= 0 and (since % int(every) if every else since) < row["length"]:
            return True
    return not stage.calendar


def _age(stage: Stage, period: int) -> None:
    """Step 7."""
    before = total(stage.stock)
    stage.stock = [lot for lot in stage.stock if lot[0] > period]
    stage.flows["expired"] += before - total(stage.stock)
    if stage.carries:
        for lane in stage.suppliers:
            _expire(stage, lane.parts, period, lane.units)


def _count(stage: Stage) -> dict[str, float]:
    """Step 8."""
    late, lost = stage.late, stage.flows["lost"]
    return {
        **stage.flows,
        "on_hand": total(stage.stock),
        "backorders": late,
        "in_process": sum(total(one.lots) for one in stage.process),
        "in_release": sum(total(one.lots) for one in stage.release),
        "in_transit": sum(total(one.lots) for lane in stage.suppliers for one in lane.transit),
        "component_stock": sum(total(lane.parts) for lane in stage.suppliers),
        "ordered": stage.order,
        "orders": float(stage.order > stage.rounding),
        "expedited": sum(lane.expedited for lane in stage.suppliers),
        "short": float(late > stage.rounding or lost > stage.rounding),
    }
