"""From a network and its levels to what only the kernel of all features reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from echelon.kernels.flow_arrays import (
    BACKORDER_AGE,
    BASE_STOCK,
    FIRST_COME,
    NO_RULE,
    PROJECTED_SHORTAGE,
    Features,
)
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.network import Network
from echelon.simulation.arguments import raise_all
from echelon.simulation.described.calendars import open_periods
from echelon.simulation.described.cells import Cells
from echelon.simulation.described.disruptions import disruptions_of
from echelon.simulation.described.feature_rows import (
    QUANTITIES,
    Drawn,
    ExtraRows,
    draw_good_shares,
    draw_times,
    drawn_times,
    number_rows,
)
from echelon.simulation.described.levels import Levels
from echelon.simulation.described.structure import Wiring, demand_rows, renumbered
from echelon.simulation.described.times import Times

RULE_CODES: Final = {
    "": NO_RULE,
    "backorder_age": BACKORDER_AGE,
    "projected_shortage": PROJECTED_SHORTAGE,
}


@dataclass(frozen=True, slots=True, eq=False)
class FeatureSet:
    """The features of every component, and the rows that are drawn for them.

    Attributes
    ----------
    features : Features
    plain : (n_components,) bool
        Components in which no feature but drawn lead times is active: the kernel of plain base
        stock runs them.
    forward : (n_components,) bool
        Components in which orders follow from requests alone and goods from orders: besides drawn
        lead times there are order quantities, fixed release times and capacities at most.
    row_ptr : (n_components + 1,) int64
        Drawn rows of a component: those of its demand in compiled order, then ``extra``.
    extra : ExtraRows
        In the order of their numbers.
    disruption_row : (n_disruptions,) int64
        Row in ``Network.disruptions`` of each disruption of ``features``.
    """

    features: Features
    plain: Booleans
    forward: Booleans
    row_ptr: Integers
    extra: ExtraRows
    disruption_row: Integers


def features_of(
    network: Network,
    cells: Cells,
    wiring: Wiring,
    times: Times,
    levels: Levels,
    *,
    n_periods: int,
) -> FeatureSet:
    """Describe what is special about every component.

    Parameters
    ----------
    network : Network
    cells, wiring, times, levels
        Of the same network.
    n_periods : int
        Of the longest run, warm-up included.

    Returns
    -------
    FeatureSet

    Raises
    ------
    DomainError
        With every distribution of time that cannot be put on whole periods.
    """
    compiled = cells.compiled
    problems: list[str] = []
    # what lies beyond the run, or the pilot of its warm-up, is as good as never and costs memory
    never = 4 * n_periods + 100
    drawn: dict[str, Drawn] = {}
    longest_of: dict[str, Integers] = {}
    for time in drawn_times(times):
        lanes = time.table == "lanes"
        component = wiring.component[wiring.receiver] if lanes else wiring.component
        drawn[time.quantity] = draw_times(network, cells, time, component, never, problems)
        if not problems:
            longest_of[time.quantity] = time.longest(drawn[time.quantity])
    raise_all(problems, None)
    drawn["good_share"] = draw_good_shares(
        cells,
        wiring.component,
        cells.numbers("stages", "yield_mean", blank=1.0),
        cells.numbers("stages", "yield_std", blank=0.0),
        cells.numbers("stages", "lot_failure"),
    )
    disrupted = disruptions_of(network, cells, wiring, n_periods=n_periods)
    drawn["disruption"] = disrupted.drawn
    row_ptr, numbers, extra = number_rows(
        [drawn[quantity] for quantity in QUANTITIES], demand_rows(compiled)
    )

    def row_of(quantity: str, size: int) -> Integers:
        row = np.full(size, -1, dtype=np.int64)
        row[drawn[quantity].places] = numbers[QUANTITIES.index(quantity)]
        return row

    n_stages, n_lanes = compiled.n_stages, compiled.n_lanes
    place = np.empty(n_stages, dtype=np.int64)
    place[compiled.stage_row] = np.arange(n_stages)
    open_ptr, open_at = open_periods(
        network.calendar, place[network.calendar_stages], n_stages, n_periods
    )
    group_first, share, backup_for = _alternatives(network, cells)
    shelf_life = cells.whole("stages", "shelf_life")
    minimum_life = np.zeros(len(wiring.asker_demand), dtype=np.int64)
    minimum_life[wiring.asker_of_demand] = cells.whole("demand", "minimum_remaining_life")
    shelf_life = np.minimum(shelf_life, never + 1 + int(minimum_life.max(initial=0)))
    rule = cells.codes("lanes", "expedite_rule", RULE_CODES)
    after = cells.whole("lanes", "expedite_after")
    after = np.where(rule == BACKORDER_AGE, np.minimum(after, never), after)
    features = Features(
        policy=levels.policy,
        level_ptr=levels.level_ptr,
        level_at=levels.level_at,
        reorder_at=levels.reorder_at,
        order_quantity=levels.order_quantity,
        order_multiple=cells.numbers("stages", "order_multiple", blank=0.0),
        minimum_order=cells.numbers("stages", "minimum_order", blank=0.0),
        maximum_order=np.minimum(
            cells.numbers("stages", "maximum_order", blank=np.inf), levels.maximum_order
        ),
        capacity=cells.numbers("stages", "capacity", blank=np.inf),
        open_ptr=open_ptr,
        open_at=open_at,
        make_row=row_of("make_time", n_stages),
        release_row=row_of("release_time", n_stages),
        lane_row=row_of("lane_time", n_lanes),
        release_delay=times.release.copy(),
        make_longest=longest_of["make_time"],
        release_longest=longest_of["release_time"],
        lane_longest=longest_of["lane_time"],
        overtaking=cells.flags("stages", "overtaking").astype(np.int64),
        lane_overtaking=cells.flags("lanes", "overtaking").astype(np.int64),
        yield_row=row_of("good_share", n_stages),
        shelf_life=shelf_life,
        carries=_carries(cells, wiring, times, shelf_life, group_first),
        lost_share=cells.numbers("stages", "lost_sales_share", blank=0.0),
        down_ptr=disrupted.down_ptr,
        down_of=disrupted.down_of,
        lane_down_ptr=disrupted.lane_down_ptr,
        lane_down_of=disrupted.lane_down_of,
        disruption_ptr=disrupted.ptr,
        disruption_row=row_of("disruption", len(disrupted.ships)),
        capacity_left=disrupted.capacity_left,
        stock_destroyed=disrupted.stock_destroyed,
        in_transit_held=disrupted.in_transit_held,
        ships=disrupted.ships,
        group_first=group_first,
        share=share,
        backup_for=backup_for,
        backup_after=np.minimum(cells.whole("lanes", "backup_after", blank=_NEVER), never),
        expedite_rule=rule,
        expedite_after=after,
        expedite_delay=np.minimum(cells.whole("lanes", "expedite_lead_time"), never),
        demand_seen=levels.demand_seen,
        minimum_life=minimum_life,
        customer_delay=levels.customer_time,
    )
    plain, forward = _plain(cells, wiring, levels, features)
    return FeatureSet(features, plain, forward, row_ptr, extra, disrupted.drawn.table_row)


_NEVER: Final = -1
"""A backup that stands in only while something is down, however late units are."""


def _alternatives(network: Network, cells: Cells) -> tuple[Integers, Floats, Integers]:
    """First lane of each lane's component, its share of orders, and the backup that stands in."""
    compiled = cells.compiled
    lane = np.arange(compiled.n_lanes)
    backup = cells.flags("lanes", "backup")
    share = np.where(backup, 0.0, cells.numbers("lanes", "share", blank=1.0))
    backup_for = np.full(compiled.n_lanes, -1, dtype=np.int64)
    group = network.lane_groups[compiled.lane_row]
    n_groups = int(group.max(initial=-1)) + 1
    first = np.full(n_groups, compiled.n_lanes, dtype=np.int64)
    np.minimum.at(first, group, lane)
    if backup.any():
        standing_in = np.full(n_groups, compiled.n_lanes, dtype=np.int64)
        np.minimum.at(standing_in, group[backup], lane[backup])
        helped = ~backup & (standing_in[group] < compiled.n_lanes)
        backup_for[helped] = standing_in[group[helped]]
    return first[group], share, backup_for


def _carries(
    cells: Cells, wiring: Wiring, times: Times, shelf_life: Integers, group_first: Integers
) -> Integers:
    """Stages of perishables that are made of their own item alone: it has aged before."""
    n_stages = cells.compiled.n_stages
    carries = np.zeros(n_stages, dtype=np.int64)
    if not shelf_life.any():
        return carries
    firsts = group_first == np.arange(len(group_first))
    groups = np.bincount(wiring.receiver[firsts], minlength=n_stages)
    item = cells.keys("stages", "item")["item"].factorize()[0]
    same = item[wiring.supplier] == item[wiring.receiver]
    others = np.bincount(wiring.receiver[~same], minlength=n_stages)
    carries[(shelf_life > 0) & (groups == 1) & (others == 0) & (times.inbound == 0)] = 1
    return carries


def _plain(
    cells: Cells, wiring: Wiring, levels: Levels, features: Features
) -> tuple[Booleans, Booleans]:
    """Components that are plain, and those in which goods do not decide what is ordered.

    But by what expires of them.
    """
    compiled = cells.compiled
    quantities = np.zeros(compiled.n_stages, dtype=np.bool_)
    for active in (
        features.order_multiple > 0.0,
        features.minimum_order > 0.0,
        features.maximum_order < np.inf,
        features.capacity < np.inf,
        features.release_delay > 0,
        features.shelf_life > 0,
    ):
        quantities |= active
    special = levels.own_policy | levels.varying | (features.policy != BASE_STOCK)
    special |= levels.allocation == FIRST_COME
    for active in (
        np.diff(features.open_ptr) > 0,
        features.release_row >= 0,
        features.yield_row >= 0,
        features.lost_share > 0.0,
        np.diff(features.down_ptr) > 0,
        features.customer_delay >= 0,
    ):
        special |= active
    lane = (
        (features.share < 1.0)
        | (features.expedite_rule != NO_RULE)
        | (np.diff(features.lane_down_ptr) > 0)
    )
    special[wiring.receiver[lane]] = True
    forward = ~np.logical_or.reduceat(special, compiled.component_ptr[:-1])
    return forward & ~np.logical_or.reduceat(quantities, compiled.component_ptr[:-1]), forward


_STAGES: Final = (
    "policy",
    "order_quantity",
    "order_multiple",
    "minimum_order",
    "maximum_order",
    "capacity",
    "release_delay",
    "make_longest",
    "release_longest",
    "overtaking",
    "shelf_life",
    "carries",
    "lost_share",
    "demand_seen",
    "customer_delay",
)
_LANES: Final = (
    "lane_longest",
    "lane_overtaking",
    "share",
    "backup_after",
    "expedite_rule",
    "expedite_after",
    "expedite_delay",
)
_DISRUPTIONS: Final = ("capacity_left", "stock_destroyed", "in_transit_held", "ships")
"""Arrays of features that number nothing, one entry per stage, lane or disruption."""


def slice_features(
    features: Features, first: int, last: int, *, stages: slice, lanes: slice, askers: slice,
    first_row: int,
) -> Features:  # fmt: skip
    """Components ``first`` up to, not including, ``last``, numbered as their structure is.

    Parameters
    ----------
    features : Features
    first, last : int
    stages, lanes, askers : slice
        Of those components, as :func:`echelon.simulation.described.structure.spans` gives them.
    first_row : int
        Their first drawn row.

    Returns
    -------
    Features
    """

    def part(ptr: Integers, rows: slice) -> tuple[Integers, slice]:
        inner = slice(int(ptr[rows.start]), int(ptr[rows.stop]))
        return ptr[rows.start : rows.stop + 1] - inner.start, inner

    level_ptr, levels = part(features.level_ptr, stages)
    open_ptr, periods = part(features.open_ptr, stages)
    down_ptr, downs = part(features.down_ptr, stages)
    lane_down_ptr, lane_downs = part(features.lane_down_ptr, lanes)
    disruption_ptr, disruptions = part(features.disruption_ptr, slice(first, last))
    views = {
        name: getattr(features, name)[rows]
        for names, rows in ((_STAGES, stages), (_LANES, lanes), (_DISRUPTIONS, disruptions))
        for name in names
    }
    return Features(
        level_ptr=level_ptr,
        level_at=features.level_at[levels],
        reorder_at=features.reorder_at[levels],
        open_ptr=open_ptr,
        open_at=features.open_at[periods],
        make_row=renumbered(features.make_row[stages], first_row),
        release_row=renumbered(features.release_row[stages], first_row),
        lane_row=renumbered(features.lane_row[lanes], first_row),
        yield_row=renumbered(features.yield_row[stages], first_row),
        down_ptr=down_ptr,
        down_of=features.down_of[downs] - disruptions.start,
        lane_down_ptr=lane_down_ptr,
        lane_down_of=features.lane_down_of[lane_downs] - disruptions.start,
        disruption_ptr=disruption_ptr,
        disruption_row=features.disruption_row[disruptions] - first_row,
        group_first=features.group_first[lanes] - lanes.start,
        backup_for=renumbered(features.backup_for[lanes], lanes.start),
        minimum_life=features.minimum_life[askers],
        **views,
    )
