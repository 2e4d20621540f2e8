"""Step 6 of a period: who gets what of the stock of a stage, and by which way it leaves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.every_clause.parts import Asker, Lane, Shipment, Stage, cell, take, total

_Draws = Mapping[str, Mapping[tuple[str, ...], np.ndarray]]


def serve(stage: Stage, draws: _Draws, period: int) -> None:
    """Requests fall due, are served, lost or late, and what is served leaves on its lane."""
    for asker in stage.askers:
        due = asker.future.pop(period, 0.0)
        asker.fell_due.append(due)
        if due > 0.0:
            asker.owed[period] = due
    served = [one for one in stage.askers if stage.ships and not (one.lane and one.lane.down)]
    served = [one for one in served if one.owed]
    given = _given(stage, served)
    lots = {
        id(one): take(stage.stock, quantity, first=period + one.life - 1)
        for one, quantity in zip(served, given, strict=True)
    }
    for one in served:  # 9.8, the second round: nothing is left for anybody where all take all
        more = sum(one.owed.values()) - total(lots[id(one)])
        if more > 0.0 and any(other.life > 1 for other in stage.askers):
            lots[id(one)] += take(stage.stock, more, first=period + one.life - 1)
    stage.flows |= {
        "due": sum(one.fell_due[-1] for one in stage.askers),
        "on_time": 0.0,
        "lost": 0.0,
    }
    for asker in stage.askers:
        goods = lots.get(id(asker), [])
        _settle(stage, asker, total(goods), period)
        if asker.lane:
            _ship(asker.lane, goods, draws, period)


def _given(stage: Stage, askers: list[Asker]) -> list[float]:
    """Shares of the stock by the rule of allocation: 9.2, 9.3, 9.5."""
    stock, wanted = total(stage.stock), [sum(one.owed.values()) for one in askers]
    rule = stage.of("allocation", "proportional")
    if rule == "priority":
        if any(one.life > 1 for one in stage.askers):
            return wanted  # each takes what it accepts
        given = []
        for quantity in wanted:
            given.append(min(quantity, stock))
            stock -= given[-1]
        return given
    if rule == "proportional":
        share = min(stock / sum(wanted), 1.0) if sum(wanted) > 0.0 else 1.0
        return [share * quantity for quantity in wanted]
    given = [0.0] * len(askers)
    for due in sorted({period for one in askers for period in one.owed}):
        then = [one.owed.get(due, 0.0) for one in askers]
        share = min(stock / sum(then), 1.0) if sum(then) > 0.0 else 1.0
        given = [before + share * units for before, units in zip(given, then, strict=True)]
        stock -= share * sum(then)
    return given


def _settle(stage: Stage, asker: Asker, quantity: float, period: int) -> None:
    """What is late is served before what is new; of customers' new units a share is lost (9.1)."""
    for due in sorted(asker.owed):
        units = min(quantity, asker.owed[due])
        asker.owed[due] -= units
        quantity -= units
        if due == period:
            stage.flows["on_time"] += units
    if asker.lane is None and period in asker.owed:
        lost = stage.of("lost_sales_share", 0.0) * asker.owed[period]
        asker.owed[period] -= lost
        asker.fell_due[-1] -= lost
        stage.flows["lost"] += lost
    asker.owed = {due: units for due, units in asker.owed.items() if units > 0.0}


def _ship(lane: Lane, goods: list[list[float]], draws: _Draws, period: int) -> None:
    """8.6, 8.7 and 8.11."""
    lane.expedited = 0.0
    goods = [[last, units] for last, units in goods if units > 0.0]
    rule = cell(lane.row, "expedite_rule", None)
    if rule:
        lane.expedited = min(max(_need(lane, rule), 0.0), total(goods))
        fast = take(goods, lane.expedited)
        if fast:
            due = period + float(lane.row["expedite_lead_time"])
            lane.transit.append(Shipment(due, fast, fast=True))
    if goods:
        drawn = draws.get("lane_time", {}).get(lane.key)
        due = float(
            period + int(cell(lane.row, "lead_time", 0) if drawn is None else drawn[period])
        )
        if not cell(lane.row, "overtaking", False):
            due = max(due, lane.latest)
            lane.latest = due if total(goods) > lane.supplier.rounding else lane.latest
        lane.transit.append(Shipment(due, goods))


def _need(lane: Lane, rule: str) -> float:
    periods = int(cell(lane.row, "expedite_after", 0))
    receiver = lane.receiver
    if rule == "backorder_age":
        aged = sum(asker.late_for(periods) for asker in receiver.askers)
        return aged * lane.units - lane.seen_fast
    lack = receiver.seen_lack + periods * receiver.demand_seen
    return lack * lane.units - lane.seen_transit
