"""Counting at the end of a period (clauses 4 and 6), and the record of a period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.kernels.flow_arrays import Features, FeatureSums, Structure, Sums
from echelon.policies.base import Floats
from echelon.simulation.plain.state import Asker, Lane, Stage


@dataclass
class Record:
    """What one period did at one stage: units, arrays of shape (runs,) unless told otherwise.

    Attributes
    ----------
    period, stage : int
    flows : dict
        Of the stage; ``on_hand`` and the like at the end of the period.
    component, transit : list
        One array per lane into the stage. Component stock of alternative lanes is on the first.
    lanes : list of dict
        Flows of each lane into the stage, in units of the supplier's item.
    askers : list of dict
        Flows of each asker.
    ages : (classes, runs)
        Stock by remaining life, the least in front; one class where nothing perishes.
    """

    period: int
    stage: int
    flows: dict[str, Floats]
    component: list[Floats]
    transit: list[Floats]
    lanes: list[dict[str, Floats]]
    askers: list[dict[str, Floats]]
    ages: Floats


def zero_sums(structure: Structure, runs: int) -> Sums:
    """Sums of one component before the first counted period."""
    stages, askers, lanes = (
        (len(structure.level), runs),
        (len(structure.asker_lane), runs),
        (len(structure.units), runs),
    )
    shapes = {"late": askers, "due": askers, "on_time": askers}
    shapes |= {"component": lanes, "in_transit": lanes}
    return Sums(*(np.zeros(shapes.get(name, stages)) for name in Sums._fields))


def zero_feature_sums(structure: Structure, features: Features | None, runs: int) -> FeatureSums:
    """Feature sums of one component before the first counted period."""
    stages = (len(structure.level), runs)
    events = (0 if features is None else len(features.disruption_row), runs)
    shapes = dict.fromkeys(("in_release", "expired", "destroyed", "scrapped"), stages)
    shapes |= {"lost": (len(structure.asker_lane), runs), "expedited": (len(structure.units), runs)}
    return FeatureSums(*(np.zeros(shapes.get(name, events)) for name in FeatureSums._fields))


def count_stage(
    period: int, j: int, stage: Stage, lanes: list[Lane], structure: Structure, sums: Sums
) -> None:
    """Clauses 4 and 6. Warm-up periods only tell how the first counted one begins."""
    tolerance, warmup = structure.tolerance[j], int(structure.warmup[0])
    short = np.zeros_like(stage.position)
    for asker in stage.askers:
        short = short + (asker.late + asker.lost)
    began = (short > tolerance) & np.logical_not(stage.was_short)
    stage.was_short = short > tolerance
    _count_cycle(period, j, stage, short, structure, sums)
    if period < warmup:
        return
    sums.on_hand[j] += stage.on_hand
    sums.in_process[j] += stage.making.content
    sums.ready[j] += short <= tolerance
    sums.ordered[j] += stage.order
    sums.ordered_squared[j] += stage.order * stage.order
    sums.orders[j] += stage.order > tolerance
    sums.asked[j] += stage.asked
    sums.asked_squared[j] += stage.asked * stage.asked
    sums.shortages[j] += began
    for a, asker in enumerate(stage.askers, start=int(structure.asker_ptr[j])):
        sums.late[a] += asker.late
        sums.due[a] += asker.due
        sums.on_time[a] += asker.on_time
    for k in stage.lanes_in:
        sums.in_transit[k] += lanes[k].in_transit
        if k in stage.component:
            sums.component[k] += stage.component[k].sum(axis=0)


def _count_cycle(
    period: int, j: int, stage: Stage, short: Floats, structure: Structure, sums: Sums
) -> None:
    """6.1: a cycle runs from one review's nominal receipt up to the next one's."""
    review = int(structure.review[j])
    if review < 2:
        return  # each period is a cycle, and `ready` counts it
    into_cycle = (period - int(structure.phase[j] + structure.nominal_delay[j])) % review
    stage.worst = short if into_cycle == 0 else np.maximum(stage.worst, short)
    if into_cycle == review - 1 and period - into_cycle >= int(structure.warmup[0]):
        sums.whole_cycles[j] += stage.worst <= structure.tolerance[j]


def count_features(
    j: int, stage: Stage, lanes: list[Lane], structure: Structure, sums: FeatureSums
) -> None:
    """What only the features have, in a counted period."""
    sums.in_release[j] += stage.release.content
    sums.expired[j] += stage.expired
    sums.destroyed[j] += stage.destroyed
    sums.scrapped[j] += stage.scrapped
    for a, asker in enumerate(stage.askers, start=int(structure.asker_ptr[j])):
        sums.lost[a] += asker.lost
        if asker.lane >= 0:
            sums.expedited[asker.lane] += lanes[asker.lane].expedited


def record_of(period: int, j: int, stage: Stage, lanes: list[Lane]) -> Record:
    """Keep a period of a stage."""
    zero = np.zeros_like(stage.position)
    incoming = [lanes[k] for k in stage.lanes_in]
    component = [
        stage.component[k].sum(axis=0) if k in stage.component else zero for k in stage.lanes_in
    ]
    late, lost = stage.late, sum((a.lost for a in stage.askers), zero)
    return Record(
        period,
        j,
        {
            "demand": sum((a.request for a in stage.askers if a.lane < 0), zero),
            "requested": stage.asked,
            "order": stage.order,
            "started": stage.started,
            "received": stage.received,
            "shipped": sum((a.shipped for a in stage.askers), zero),
            "lost": lost,
            "expired": stage.expired,
            "destroyed": stage.destroyed,
            "scrapped": stage.scrapped,
            "expedited": sum((lane.expedited for lane in incoming), zero),
            "on_hand": stage.on_hand,
            "backorders": late,
            "net_inventory": stage.on_hand - late,
            "in_process": stage.making.content,
            "in_release": stage.release.content,
            "outside_stock": stage.outside_stock,
            "on_order": stage.on_order,
            "owed": stage.owed,
            "position": stage.position,
        },
        component,
        [lane.in_transit for lane in incoming],
        [_lane_flows(lane) for lane in incoming],
        [_asker_flows(asker) for asker in stage.askers],
        stage.stock.copy(),
    )


def _lane_flows(lane: Lane) -> dict[str, Floats]:
    return {
        "request": lane.request,
        "expedited": lane.expedited,
        "arrived": lane.arrived,
        "dead": lane.dead,
        "in_transit": lane.in_transit,
    }


def _asker_flows(asker: Asker) -> dict[str, Floats]:
    return {
        "request": asker.request,
        "due": asker.due,
        "shipped": asker.shipped,
        "on_time": asker.on_time,
        "lost": asker.lost,
        "late": asker.late,
    }
