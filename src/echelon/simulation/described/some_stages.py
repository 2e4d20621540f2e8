"""Some stages of a component as a component of their own."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from echelon.kernels.flow_arrays import Features, Structure
from echelon.network.compiled import Booleans, Integers

_FEATURES_OF_STAGES: Final = (
    "policy",
    "order_quantity",
    "order_multiple",
    "minimum_order",
    "maximum_order",
    "capacity",
    "make_row",
    "release_row",
    "release_delay",
    "make_longest",
    "release_longest",
    "overtaking",
    "yield_row",
    "shelf_life",
    "carries",
    "lost_share",
    "demand_seen",
    "customer_delay",
)
_FEATURES_OF_LANES: Final = (
    "lane_row",
    "lane_longest",
    "lane_overtaking",
    "share",
    "backup_for",
    "backup_after",
    "expedite_rule",
    "expedite_after",
    "expedite_delay",
)


class Side(NamedTuple):
    """Some stages of a component, as a component of their own.

    Attributes
    ----------
    structure, features
        Rows are numbered as in the component. A supplier that is not among them is -1, and a lane
        that leads to none of them is a segment of customers without a row.
    stages, lanes, askers : (n,) int64
        What they are in the component: the stages, the lanes into them and their askers.
    """

    structure: Structure
    features: Features
    stages: Integers
    lanes: Integers
    askers: Integers


def side_of(structure: Structure, features: Features, chosen: Booleans) -> Side:
    """Some stages of a single component, of a kind that the kernel in single precision knows."""
    return in_order(structure, features, np.flatnonzero(chosen))


def in_order(structure: Structure, features: Features, stages: Integers) -> Side:
    """The same of the stages by number, in an order in which suppliers come first."""
    lane_ptr, lanes = _ragged(structure.lane_ptr, stages)
    asker_ptr, askers = _ragged(structure.asker_ptr, stages)
    level_ptr, levels = _ragged(features.level_ptr, stages)
    new_stage = numbers_of(stages, len(structure.level))
    new_lane = numbers_of(lanes, len(structure.units))
    new_asker = numbers_of(askers, len(structure.asker_lane))
    own: dict[str, Any] = {
        "stage_ptr": np.array([0, len(stages)]),
        "lane_ptr": lane_ptr,
        "supplier": new_stage[structure.supplier[lanes]],
        "receiver": new_stage[structure.receiver[lanes]],
        "units": structure.units[lanes],
        "asker_ptr": asker_ptr,
        "asker_lane": new_lane[structure.asker_lane[askers]],
        "asker_row": structure.asker_row[askers],
        "asker_of_lane": new_asker[structure.asker_of_lane[lanes]],
        "lane_delay": structure.lane_delay[lanes],
    }
    kept = ("row_ptr", "warmup", "periods")
    rest = {
        name: getattr(structure, name)[stages]
        for name in Structure._fields
        if name not in own and name not in kept
    }
    return Side(
        structure._replace(**own, **rest),
        _features_of(features, stages, lanes, askers, new_lane, level_ptr, levels),
        stages,
        lanes,
        askers,
    )


def _features_of(
    features: Features,
    stages: Integers,
    lanes: Integers,
    askers: Integers,
    new_lane: Integers,
    level_ptr: Integers,
    levels: Integers,
) -> Features:
    """Features of some stages that have no calendar, no disruption and no backup."""
    nothing = {"open_ptr": len(stages), "down_ptr": len(stages), "lane_down_ptr": len(lanes)}
    own: dict[str, Any] = {
        name: np.zeros(count + 1, dtype=np.int64) for name, count in nothing.items()
    }
    own |= {
        "level_ptr": level_ptr,
        "level_at": features.level_at[levels],
        "reorder_at": features.reorder_at[levels],
        "group_first": new_lane[features.group_first[lanes]],
        "minimum_life": features.minimum_life[askers],
    }
    own |= {name: getattr(features, name)[stages] for name in _FEATURES_OF_STAGES}
    own |= {name: getattr(features, name)[lanes] for name in _FEATURES_OF_LANES}
    return features._replace(**own)


def _ragged(ptr: Integers, chosen: Integers) -> tuple[Integers, Integers]:
    """Pointers of the chosen rows, and what they point to."""
    counts = np.diff(ptr)[chosen]
    ends = np.concatenate([[0], np.cumsum(counts)])
    return ends, np.repeat(ptr[chosen] - ends[:-1], counts) + np.arange(ends[-1])


def numbers_of(chosen: Integers, count: int) -> Integers:
    """New number of each of ``count`` things, -1 of those that are not chosen; (count + 1,).

    The last is that of number -1.
    """
    numbers = np.full(count + 1, -1)
    numbers[chosen] = np.arange(len(chosen))
    return numbers
