"""Service at a stage: what falls due, who gets the stock, what is lost, and which way it goes."""

from __future__ import annotations

import numpy as np

from echelon.kernels.flow_arrays import (
    BACKORDER_AGE,
    FIRST_COME,
    NO_RULE,
    PRIORITY,
    Features,
    Structure,
)
from echelon.policies.allocation import first_come, priority, proportional
from echelon.policies.base import Floats
from echelon.simulation.plain.disruptions import Disruptions
from echelon.simulation.plain.goods import first_expired, fresh
from echelon.simulation.plain.state import Asker, Lane, Stage


def serve(
    j: int,
    stage: Stage,
    structure: Structure,
    features: Features | None,
    disruptions: Disruptions,
) -> list[Floats]:
    """Steps 2d to 2f; gives the goods (classes, runs) shipped to each asker."""
    runs = stage.position.size
    for asker in stage.askers:  # 9.4: a return goes to stock, fresh
        if asker.lane < 0:
            returned = np.maximum(-asker.request, 0.0)
            stage.stock = stage.stock + fresh(returned, len(stage.stock))
        asker.due = asker.not_yet_due.pass_on(np.maximum(asker.request, 0.0))
    if not stage.askers:
        return []
    serves = disruptions.serves(j)
    reached = np.array(
        [serves & ~disruptions.any_down(disruptions.of_lane(a.lane)) if a.lane >= 0 else serves
         for a in stage.askers]
    )  # fmt: skip
    wanted = np.array([asker.late + asker.due for asker in stage.askers])
    wanted = np.where(reached, wanted, 0.0)
    rule = int(structure.allocation[j])
    if rule == FIRST_COME:
        stage.waiting.append([asker.due for asker in stage.askers])
    targets = _targets(rule, stage, wanted, reached)
    if stage.perishes:
        goods = _issue(stage, wanted if rule == PRIORITY else targets, wanted)
    else:
        for target in targets:
            stage.stock = stage.stock - target
        if len(stage.askers) > 1:  # the shares may add up to a rounding more than one
            stage.stock = np.maximum(stage.stock, 0.0)
        goods = [target[None] for target in targets]

    lost_share = 0.0 if features is None else float(features.lost_share[j])
    for asker, shipped in zip(stage.askers, goods, strict=True):
        asker.shipped = shipped.sum(axis=0)
        asker.on_time = np.maximum(asker.shipped - asker.late, 0.0)
        asker.lost = np.zeros(runs)
        if asker.lane < 0:
            asker.lost = lost_share * np.maximum(asker.due - asker.on_time, 0.0)
            stage.position = stage.position + asker.lost
        asker.late = asker.late + asker.due - asker.shipped - asker.lost
        asker.fell_due.appendleft(asker.due - asker.lost)
    if rule == FIRST_COME:
        _forget_served(stage, wanted)
    return goods


def _targets(rule: int, stage: Stage, wanted: Floats, reached: Floats) -> Floats:
    """Units (n_askers, runs) by the allocation rule over all stock."""
    on_hand = stage.on_hand
    if len(stage.askers) == 1 or rule == PRIORITY:
        return priority(on_hand, wanted)
    if rule != FIRST_COME:
        return proportional(on_hand, wanted)
    by_due_period = np.where(reached, np.array(stage.waiting), 0.0)
    enough = wanted.sum(axis=0) <= on_hand
    return np.where(enough, wanted, first_come(on_hand, by_due_period).sum(axis=0))


def _issue(stage: Stage, targets: Floats, wanted: Floats) -> list[Floats]:
    """First expired first out: each its target, then in order what eligible stock is left.

    Under priority the target is all that is wanted, so the second round finds nothing to give.
    """
    goods = []
    for asker, target in zip(stage.askers, targets, strict=True):
        taken, stage.stock = first_expired(stage.stock, target, asker.least_life)
        goods.append(taken)
    if max(asker.least_life for asker in stage.askers) > 1:
        for place, asker in enumerate(stage.askers):
            rest = wanted[place] - goods[place].sum(axis=0)
            taken, stage.stock = first_expired(stage.stock, rest, asker.least_life)
            goods[place] = goods[place] + taken
    return goods


def _forget_served(stage: Stage, wanted: Floats) -> None:
    """Take what was shipped off the oldest requests of each asker, and what is lost off today's."""
    for place, asker in enumerate(stage.askers):
        rest = asker.shipped
        everything = (asker.shipped >= wanted[place]) & (wanted[place] > 0.0)
        for period in stage.waiting:
            served = np.minimum(period[place], rest)
            period[place] = np.where(everything, 0.0, period[place] - served)
            rest = rest - served
        stage.waiting[-1][place] = np.maximum(stage.waiting[-1][place] - asker.lost, 0.0)
    while stage.waiting and not np.any(stage.waiting[0]):
        stage.waiting.popleft()


def ship(
    period: int,
    asker: Asker,
    goods: Floats,
    stages: list[Stage],
    lanes: list[Lane],
    structure: Structure,
    features: Features | None,
    draws: Floats,
) -> None:
    """Step 2g: shipped goods enter their lane, in part the fast way where a rule says so."""
    k = asker.lane
    lane = lanes[k]
    if not stages[lane.receiver].carries:
        goods = goods.sum(axis=0)[None]
    row = -1 if features is None else int(features.lane_row[k])
    time = float(structure.lane_delay[k]) if row < 0 else draws[row, period]
    lane.expedited = np.zeros_like(asker.shipped)
    if features is not None and features.expedite_rule[k] != NO_RULE:
        need = _need(k, lane, stages[lane.receiver], features)
        need = np.where(need > structure.tolerance[lane.supplier], need, 0.0)  # not for rounding
        fast, goods = first_expired(goods, need)
        lane.expedited = fast.sum(axis=0)
        lane.fast.enter(period, fast, float(features.expedite_delay[k]))
    lane.normal.enter(period, goods, time)


def _need(k: int, lane: Lane, receiver: Stage, features: Features) -> Floats:
    """Units that should go the fast way, by the state the last period left at the receiver."""
    after = int(features.expedite_after[k])
    if features.expedite_rule[k] == BACKORDER_AGE:
        late = np.zeros_like(receiver.position)
        for asker in receiver.askers:
            late = late + asker.late_for(after)
        return np.maximum(late * lane.units - lane.fast.content, 0.0)
    short = receiver.late + after * float(features.demand_seen[lane.receiver])
    short = short - receiver.on_hand - receiver.making.content - receiver.release.content
    return np.maximum(lane.units * short - lane.in_transit, 0.0)
