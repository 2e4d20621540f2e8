"""Shipments travel down the network, at a stage: receive, start, make, release."""

from __future__ import annotations

import numpy as np

from echelon.kernels.flow_arrays import Features, Structure
from echelon.policies.base import Floats
from echelon.simulation.plain.disruptions import Disruptions
from echelon.simulation.plain.goods import Line, first_expired, fresh
from echelon.simulation.plain.state import Lane, Stage


def receive(
    period: int,
    stage: Stage,
    lanes: list[Lane],
    disruptions: Disruptions,
) -> None:
    """Step 2a: what arrives on the lanes becomes component stock; outside supplies come in."""
    for k in stage.lanes_in:
        lane = lanes[k]
        for line in (lane.normal, lane.fast):
            line.hold(disruptions.holds(k))
        goods, dead = lane.normal.leave(period)
        fast_goods, fast_dead = lane.fast.leave(period)
        lane.arrived = (goods + fast_goods).sum(axis=0)
        stage.component[lane.group] = stage.component[lane.group] + (goods + fast_goods)
        lane.dead = dead + fast_dead
        lose_on_order(stage, lane.dead / lane.units)
    if stage.outside is not None:
        stage.outside_stock = stage.outside_stock + stage.outside.pass_on(stage.order)


def lose_on_order(stage: Stage, units: Floats) -> None:
    """Units that expire before they are in stock: wasted, and off the position."""
    stage.expired = stage.expired + units
    stage.position = stage.position - units
    stage.on_order = stage.on_order - units


def start(
    period: int,
    j: int,
    stage: Stage,
    lanes: list[Lane],
    features: Features | None,
    disruptions: Disruptions,
) -> Floats:
    """Step 2b: start as much as the scarcest component and the capacity allow; goods started."""
    units = {lanes[k].group: lanes[k].units for k in stage.lanes_in}
    kits = [stage.component[group].sum(axis=0) / each for group, each in units.items()]
    if stage.outside is not None:
        kits.append(stage.outside_stock)
    could = np.minimum.reduce(kits)
    stage.started = could
    if features is not None:
        stage.started = _within_capacity(period, j, could, features, disruptions)
    started = stage.started[None]
    for group, each in units.items():
        component = stage.component[group]
        used = each * stage.started
        if len(kits) == 1:  # nothing waits for a partner, so all of it goes, to the last bit
            whole = stage.started == could
            taken, left = first_expired(component, used)
            taken = np.where(whole, component, taken)
            stage.component[group] = np.where(whole, 0.0, left)
            started = taken / each if stage.carries else started
        else:  # max: k / u * u may be a rounding more than k
            stage.component[group] = np.maximum(component - used, 0.0)
    if stage.outside is not None:
        stage.outside_stock = stage.outside_stock - stage.started
    return started


def _within_capacity(
    period: int, j: int, could: Floats, features: Features, disruptions: Disruptions
) -> Floats:
    """What may start of what could, under capacity, calendar and disruptions."""
    first, last = int(features.open_ptr[j]), int(features.open_ptr[j + 1])
    is_open = last == first or features.open_at[first + (period % (last - first))] > 0.5
    if not is_open:
        return np.zeros_like(could)
    left = disruptions.capacity_left(j)
    if np.isinf(features.capacity[j]):
        return np.where(left < 1.0, left * could, could)
    return np.asarray(np.minimum(could, features.capacity[j] * left))


def make_and_release(
    period: int,
    j: int,
    stage: Stage,
    started: Floats,
    structure: Structure,
    features: Features | None,
    draws: Floats,
) -> None:
    """Step 2c: what is started is made, yields, is held for quality, and joins the stock."""
    row = -1 if features is None else int(features.make_row[j])
    time = float(structure.make_delay[j]) if row < 0 else draws[row, period]
    stage.making.enter(period, started, time)
    finished, dead = stage.making.leave(period)
    # Everything that completes in a period is one lot; its loss is off the position at once.
    if features is not None and features.yield_row[j] >= 0:
        good = draws[int(features.yield_row[j]), period]
        completed = finished.sum(axis=0) + dead
        stage.scrapped = completed - completed * good
        finished, dead = finished * good, dead * good
        stage.position = stage.position - stage.scrapped
        stage.on_order = stage.on_order - stage.scrapped
    if stage.perishes and not stage.carries:
        finished = fresh(finished[0], len(stage.stock))
    lose_on_order(stage, dead)
    released, dead = _release(period, j, stage.release, finished, features, draws)
    lose_on_order(stage, dead)
    stage.received = released.sum(axis=0)
    stage.on_order = stage.on_order - stage.received
    stage.stock = stage.stock + released


def _release(
    period: int, j: int, line: Line, goods: Floats, features: Features | None, draws: Floats
) -> tuple[Floats, Floats]:
    row = -1 if features is None else int(features.release_row[j])
    fixed = 0.0 if features is None else float(features.release_delay[j])
    line.enter(period, goods, fixed if row < 0 else draws[row, period])
    return line.leave(period)


def outdate(stage: Stage, lanes: list[Lane]) -> None:
    """Step 2h: stock in the last period of its life expires, the rest grows a period older.

    So do the components of a stage that carries remaining life.
    """
    if not stage.perishes:
        return
    expired = stage.stock[0]
    stage.stock = _older(stage.stock)
    stage.expired = stage.expired + expired
    stage.position = stage.position - expired
    if stage.carries:
        for group, component in stage.component.items():
            stage.component[group] = _older(component)
            lose_on_order(stage, component[0] / lanes[group].units)


def _older(goods: Floats) -> Floats:
    older = np.zeros_like(goods)
    older[:-1] = goods[1:]
    return older
