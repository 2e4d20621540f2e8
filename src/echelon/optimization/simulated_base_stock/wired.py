"""One component as the pathwise kernels see it, and what they cannot follow."""

from __future__ import annotations

import numpy as np

from echelon.kernels.flow_arrays import (
    BASE_STOCK,
    FIRST_COME,
    NO_RULE,
    PRIORITY,
    Features,
    Structure,
)
from echelon.kernels.pathwise_arrays import Adjoint, Tape, Totals, Wired
from echelon.network.compiled import Booleans, Floats


def unfollowed(structure: Structure, features: Features) -> dict[str, Booleans]:
    """Stages of a component with something that has no pathwise derivative here.

    Returns
    -------
    dict of str to ndarray of bool, shape (n_stages,)
        By what it is called in the tables; only what some stage has.
    """
    n_stages = len(structure.level)

    def of_lanes(lanes: Booleans) -> Booleans:
        stages = np.zeros(n_stages, dtype=np.bool_)
        stages[structure.receiver[lanes]] = True
        return stages

    found = {
        "stages.policy other than base_stock": features.policy != BASE_STOCK,
        "a level for each period (table levels)": np.diff(features.level_ptr) > 1,
        "stages.order_multiple": features.order_multiple > 0.0,
        "stages.minimum_order": features.minimum_order > 0.0,
        "stages.shelf_life": features.shelf_life > 0,
        "stages.allocation first_come": (structure.allocation == FIRST_COME)
        & (np.diff(structure.asker_ptr) > 1),
        "disruptions": np.diff(features.down_ptr) > 0,
        "disruptions of lanes": of_lanes(np.diff(features.lane_down_ptr) > 0),
        "lanes.share": of_lanes(features.share < 1.0),
        "lanes.backup": of_lanes(features.backup_for >= 0),
        "lanes.expedite_rule": of_lanes(features.expedite_rule != NO_RULE),
    }
    return {name: stages for name, stages in found.items() if stages.any()}


def wire(structure: Structure, features: Features, starts_at_level: Booleans) -> Wired:
    """Arrange one component for the pathwise kernels.

    Parameters
    ----------
    structure, features
        One component, everything numbered from 0.
    starts_at_level : (n_stages,) bool
        Where the stock at the start is the base stock.
    """
    askers = np.repeat(np.arange(len(structure.level)), np.diff(structure.asker_ptr))
    wait = structure.serve_delay[askers]
    apart = features.customer_delay[askers]
    wait = np.where((structure.asker_lane < 0) & (apart >= 0), apart, wait)
    return Wired(
        lane_ptr=structure.lane_ptr,
        receiver=structure.receiver,
        units=structure.units,
        asker_ptr=structure.asker_ptr,
        asker_lane=structure.asker_lane,
        asker_row=np.where(structure.asker_row >= 0, structure.asker_row, -1),
        asker_wait=wait,
        review=structure.review,
        phase=structure.phase,
        outside_delay=structure.outside_delay,
        make_delay=structure.make_delay,
        release_delay=features.release_delay,
        lane_delay=structure.lane_delay,
        make_row=features.make_row,
        release_row=features.release_row,
        lane_row=features.lane_row,
        yield_row=features.yield_row,
        overtaking=features.overtaking,
        lane_overtaking=features.lane_overtaking,
        by_priority=(structure.allocation == PRIORITY).astype(np.int64),
        starts_at_level=starts_at_level.astype(np.int64),
        initial_stock=structure.initial_stock,
        capacity=features.capacity,
        open_ptr=features.open_ptr,
        open_at=features.open_at,
        maximum_order=features.maximum_order,
        lost_share=features.lost_share,
        tolerance=structure.tolerance,
        counted=np.array([structure.warmup[0], structure.periods[0]], dtype=np.int64),
    )


def tape_for(net: Wired) -> Tape:
    """Room for one run."""
    stages, lanes, askers = len(net.review), len(net.receiver), len(net.asker_lane)
    periods = int(net.counted[1])

    def whole(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        return np.zeros(shape, dtype=np.int64)

    return Tape(
        gap=np.zeros(stages),
        on_hand=np.zeros(stages),
        outside_stock=np.zeros(stages),
        component=np.zeros(lanes),
        made_until=whole(stages),
        released_until=whole(stages),
        lane_until=whole(lanes),
        order=np.zeros((periods, stages)),
        hand=np.zeros((periods, stages)),
        limit=whole(periods, stages),
        late=np.zeros((periods + 1, askers)),
        finish_at=whole(periods, stages),
        release_at=whole(periods, stages),
        arrive_at=whole(periods, lanes),
        finished=np.zeros((periods, stages)),
        released=np.zeros((periods, stages)),
        arrived=np.zeros((periods, lanes)),
    )


def adjoint_for(net: Wired) -> Adjoint:
    """Room for going through one run backwards."""
    stages, lanes, askers = len(net.review), len(net.receiver), len(net.asker_lane)
    periods = int(net.counted[1])
    return Adjoint(
        gap=np.zeros(stages),
        on_hand=np.zeros(stages),
        outside_stock=np.zeros(stages),
        component=np.zeros(lanes),
        late=np.zeros(askers),
        due=np.zeros(askers),
        ship=np.zeros(askers),
        rest=np.zeros(askers),
        order=np.zeros((periods, stages)),
        finished=np.zeros((periods, stages)),
        released=np.zeros((periods, stages)),
        arrived=np.zeros((periods, lanes)),
    )


_OF_LANES = ("component", "in_transit")
_OF_ASKERS = ("late", "lost", "on_time", "due")


def zero_totals(net: Wired, runs: int) -> Totals:
    """Totals of some runs, or one row of prices, all 0."""
    stages, lanes, askers = len(net.review), len(net.receiver), len(net.asker_lane)
    width = dict.fromkeys(Totals._fields, stages)
    width |= dict.fromkeys(_OF_LANES, lanes) | dict.fromkeys(_OF_ASKERS, askers)
    return Totals(*(np.zeros((runs, width[name])) for name in Totals._fields))


def priced(totals: Totals, price: Totals) -> Floats:
    """Money of each run, (n_runs,)."""
    return np.asarray(
        sum(total @ one[0] for total, one in zip(totals, price, strict=True)), dtype=np.float64
    )
