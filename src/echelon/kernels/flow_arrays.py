"""What the flow kernels read and write: the arrays of a shard of components, named.

Words: a *lane* is a supplier's delivery into a stage, as in the table; a *run* is one replication,
the last axis of every state, contiguous, with room for :data:`WIDTH` of them; an *asker* of a stage
is a segment of its customers or a lane out of it. Stages are upstream first within a component, and
everything of a component is contiguous. All times are whole periods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from echelon.kernels._jit import Floats, Integers, by_reference

WIDTH: Final = 128
"""Runs side by side: enough to fill vector registers, few enough to stay in cache."""

VECTOR: Final = 64
"""Bytes of a line of cache: a vector that begins elsewhere lies in two, and takes twice as long."""

PROPORTIONAL: Final = 0
PRIORITY: Final = 1
FIRST_COME: Final = 2

BASE_STOCK: Final = 0
ECHELON_BASE_STOCK: Final = 1
MIN_MAX: Final = 2
REORDER_POINT: Final = 3
REORDER_POINT_ONCE: Final = 4

NO_RULE: Final = 0
BACKORDER_AGE: Final = 1
PROJECTED_SHORTAGE: Final = 2


@by_reference
class Structure(NamedTuple):
    """What every component has. Numbers of stages, lanes and askers are those of the shard.

    Attributes
    ----------
    stage_ptr, row_ptr : (n_components + 1,) int64
        Stages and drawn rows of a component.
    warmup, periods : (n_components,) int64
        First period counted; number of the period after the last.
    lane_ptr : (n_stages + 1,) int64
        Lanes into a stage.
    supplier, receiver : (n_lanes,) int64
        Stage at the start and at the end of a lane.
    units : (n_lanes,) float64
        Units of the supplier's item in one of the receiver's.
    asker_ptr : (n_stages + 1,) int64
        Askers of a stage, in the order in which priority serves them.
    asker_lane : (n_askers,) int64
        The lane out of the stage; -1 for a segment of customers.
    asker_row : (n_askers,) int64
        The drawn row of a segment's demand; -1 for a lane.
    asker_of_lane : (n_lanes,) int64
        The asker, at its supplier, that a lane is.
    level : (n_stages,) float64
        Base stock, units.
    review, phase : (n_stages,) int64
        Periods between reviews, 0 reviews after each period's demand; a review falls in the periods
        ``t`` with ``(t - phase) % review == 0``.
    outside_delay : (n_stages,) int64
        Periods an outside supplier takes; -1 where there is none.
    make_delay, serve_delay, nominal_delay : (n_stages,) int64
        Lead time; service time; periods from an order to its receipt if all keep their promise.
    lane_delay : (n_lanes,) int64
    allocation : (n_stages,) int64
        ``PROPORTIONAL``, ``PRIORITY`` or ``FIRST_COME``.
    tolerance : (n_stages,) float64
        Units; less than this outstanding is rounding, not a shortage.
    initial_stock : (n_stages,) float64
        Units on hand before period 0.
    """

    stage_ptr: Integers
    row_ptr: Integers
    warmup: Integers
    periods: Integers
    lane_ptr: Integers
    supplier: Integers
    receiver: Integers
    units: Floats
    asker_ptr: Integers
    asker_lane: Integers
    asker_row: Integers
    asker_of_lane: Integers
    level: Floats
    review: Integers
    phase: Integers
    outside_delay: Integers
    make_delay: Integers
    serve_delay: Integers
    nominal_delay: Integers
    lane_delay: Integers
    allocation: Integers
    tolerance: Floats
    initial_stock: Floats


@by_reference
class Features(NamedTuple):
    """What only some components have; read by the flow kernel of all features.

    Rows of draws (``*_row``) are numbered as ``Structure.row_ptr`` numbers them; -1 is none.

    Attributes
    ----------
    policy : (n_stages,) int64
        ``BASE_STOCK`` to ``REORDER_POINT_ONCE``.
    level_ptr : (n_stages + 1,) int64
        Levels of a stage, one per period of its cycle, in the two arrays below.
    level_at, reorder_at : (n_levels,) float64
        Base stock, and reorder point (NaN where the policy has none), units.
    order_quantity, order_multiple, minimum_order, maximum_order : (n_stages,) float64
        Units; 0, 0, 0 and inf where there is none.
    capacity : (n_stages,) float64
        Units that may start in a period; inf.
    open_ptr : (n_stages + 1,) int64
        Periods of a stage's calendar; none where it is always open.
    open_at : (n_open,) float64
        1.0 in periods in which the stage may start, 0.0 otherwise; a cycle.
    make_row, release_row, lane_row : (n_stages,), (n_stages,), (n_lanes,) int64
        Drawn time in whole periods, by period of start or shipment; -1: fixed.
    release_delay : (n_stages,) int64
        Fixed time in release.
    make_longest, release_longest : (n_stages,) int64; lane_longest : (n_lanes,) int64
        Longest time that can be drawn, the fixed time where it is fixed.
    overtaking, lane_overtaking : (n_stages,), (n_lanes,) int64
    yield_row : (n_stages,) int64
        Drawn good share of what completes in a period.
    shelf_life : (n_stages,) int64
        Periods; 0 where nothing perishes.
    carries : (n_stages,) int64
        1 where goods keep the remaining life they arrived with.
    lost_share : (n_stages,) float64
    down_ptr, down_of : (n_stages + 1,), (n_downs,) int64
        Disruptions of a stage, positions in the arrays ``disruption_*``.
    lane_down_ptr, lane_down_of : (n_lanes + 1,), (n_lane_downs,) int64
    disruption_ptr : (n_components + 1,) int64
        Disruptions of a component.
    disruption_row : (n_disruptions,) int64
        Drawn state: 1.0 down, 0.0 up.
    capacity_left, stock_destroyed : (n_disruptions,) float64
    in_transit_held, ships : (n_disruptions,) int64
    group_first : (n_lanes,) int64
        The first lane of the component that the lane delivers; itself where it has no alternative.
    share : (n_lanes,) float64
        Of the order; 0 for a backup.
    backup_for : (n_lanes,) int64
        For each lane, the backup lane that stands in for it; -1.
    backup_after : (n_lanes,) int64
        Of the backup lane.
    expedite_rule, expedite_after, expedite_delay : (n_lanes,) int64
    demand_seen : (n_stages,) float64
        Mean demand of the stage, units per period.
    minimum_life : (n_askers,) int64
    customer_delay : (n_stages,) int64
        Periods that a stage's customers wait where stages wait another time; -1 where they do not.
    """

    policy: Integers
    level_ptr: Integers
    level_at: Floats
    reorder_at: Floats
    order_quantity: Floats
    order_multiple: Floats
    minimum_order: Floats
    maximum_order: Floats
    capacity: Floats
    open_ptr: Integers
    open_at: Floats
    make_row: Integers
    release_row: Integers
    lane_row: Integers
    release_delay: Integers
    make_longest: Integers
    release_longest: Integers
    lane_longest: Integers
    overtaking: Integers
    lane_overtaking: Integers
    yield_row: Integers
    shelf_life: Integers
    carries: Integers
    lost_share: Floats
    down_ptr: Integers
    down_of: Integers
    lane_down_ptr: Integers
    lane_down_of: Integers
    disruption_ptr: Integers
    disruption_row: Integers
    capacity_left: Floats
    stock_destroyed: Floats
    in_transit_held: Integers
    ships: Integers
    group_first: Integers
    share: Floats
    backup_for: Integers
    backup_after: Integers
    expedite_rule: Integers
    expedite_after: Integers
    expedite_delay: Integers
    demand_seen: Floats
    minimum_life: Integers
    customer_delay: Integers


@by_reference
class Sums(NamedTuple):
    """Sums over the counted periods (clause 4: the state at the end of each), runs last.

    Attributes
    ----------
    on_hand, in_process : (n_stages, WIDTH) float64
        Unit periods.
    ready, whole_cycles : (n_stages, WIDTH)
        Periods that end without a shortage; replenishment cycles of ``review`` >= 2 periods without
        one. A cycle is counted when all its periods are.
    ordered, ordered_squared, orders : (n_stages, WIDTH)
        Units ordered, the sum of their squares, and periods with an order.
    asked, asked_squared : (n_stages, WIDTH)
        Units that customers and stages asked for in a period (returns left out), and squares.
    shortages : (n_stages, WIDTH)
        Stock-outs that began: periods that end with a shortage after one that did not.
    late, due, on_time : (n_askers, WIDTH)
        Unit periods late; units that fell due, and of those the units served in that period.
    component, in_transit : (n_lanes, WIDTH)
        Unit periods. Component stock of alternative lanes is on the first of them.
    """

    on_hand: Floats
    in_process: Floats
    ready: Floats
    whole_cycles: Floats
    ordered: Floats
    ordered_squared: Floats
    orders: Floats
    asked: Floats
    asked_squared: Floats
    shortages: Floats
    late: Floats
    due: Floats
    on_time: Floats
    component: Floats
    in_transit: Floats


@by_reference
class FeatureSums(NamedTuple):
    """Sums over the counted periods that only the kernel of all features has, runs last.

    Attributes
    ----------
    in_release, expired, destroyed, scrapped : (n_stages, WIDTH) float64
        Unit periods held for quality; units.
    lost : (n_askers, WIDTH)
        Units that were due and are not waited for.
    expedited : (n_lanes, WIDTH)
        Units shipped the fast way.
    events, survived, survive, recover, recovered : (n_disruptions, WIDTH)
        Times the element went down; events without a late or lost unit of customers before service
        recovered; sum over the others of the periods until the first one; sum over events of the
        periods from coming up to service recovered; events that recovered within the run.
    """

    in_release: Floats
    expired: Floats
    destroyed: Floats
    scrapped: Floats
    lost: Floats
    expedited: Floats
    events: Floats
    survived: Floats
    survive: Floats
    recover: Floats
    recovered: Floats


def rows_of_runs(count: int, kind: DTypeLike, width: int = WIDTH) -> NDArray[Any]:
    """Rows of runs that are nothing, (count, width), from the start of a line of cache.

    Memory that the system gives as zeros is not gone through to make it so.
    """
    return _from_a_line(np.zeros, count, kind, width)


def empty_rows(count: int, kind: DTypeLike, width: int = WIDTH) -> NDArray[Any]:
    """The same of any content."""
    return _from_a_line(np.empty, count, kind, width)


def _from_a_line(
    make: Callable[..., NDArray[Any]], count: int, kind: DTypeLike, width: int
) -> NDArray[Any]:
    """Rows that begin at a line of cache: NumPy's own memory begins where it happens to."""
    size = count * width * np.dtype(kind).itemsize
    memory = make(size + VECTOR, dtype=np.uint8)
    begin = -memory.ctypes.data % VECTOR
    return memory[begin : begin + size].view(kind).reshape(count, width)
