"""From a network and its levels to what every flow kernel reads, all components at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from echelon.execution import cut_by_key
from echelon.kernels.flow_arrays import WIDTH, Structure
from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers
from echelon.simulation.described.cells import Cells
from echelon.simulation.described.levels import Levels, demand_seen
from echelon.simulation.described.times import Times

_ROUNDING: Final = 1e-9
"""A shortage below this share of a stage's level and mean demand between reviews is rounding; where
it is a backup, of the demand that it would see if it stood in for others throughout."""

_SHARD_BYTES: Final = 8 * 2**20
"""Sums of a shard: they stay in the last cache while one block of runs is counted."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """Who asks whom: stages, lanes and askers numbered through the whole network.

    Attributes
    ----------
    component : (n_stages,) int64
        Component of a stage.
    supplier, receiver : (n_lanes,) int64
    asker_ptr : (n_stages + 1,) int64
        Askers of a stage in the order in which priority serves them: by their number of priority,
        customers before lanes, then by the row of their table.
    asker_stage, asker_lane, asker_demand : (n_askers,) int64
        The stage asked; the lane, -1 for a segment; the place of the segment among the compiled
        demand rows, -1 for a lane.
    asker_of_lane, asker_of_demand : (n_lanes,), (n_demands,) int64
    """

    component: Integers
    supplier: Integers
    receiver: Integers
    asker_ptr: Integers
    asker_stage: Integers
    asker_lane: Integers
    asker_demand: Integers
    asker_of_lane: Integers
    asker_of_demand: Integers

    @classmethod
    def of(cls, cells: Cells) -> Wiring:
        """Number the askers of every stage."""
        compiled = cells.compiled
        sizes = np.diff(compiled.component_ptr)
        component = np.repeat(np.arange(compiled.n_components), sizes)
        first = np.repeat(compiled.component_ptr[:-1], sizes)
        receiver = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.pred_ptr))
        supplier = compiled.pred_stage + first[receiver]
        seller = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
        n_demands, n_lanes = len(seller), len(supplier)

        # customers first and both by their rows, so that a stable sort has no more to do
        by_row = np.empty(n_lanes, dtype=np.int64)
        by_row[compiled.lane_row] = np.arange(n_lanes)
        stage = np.concatenate([seller, supplier[by_row]])
        lane = np.concatenate([np.full(n_demands, -1), by_row])
        demand = np.concatenate([np.arange(n_demands), np.full(n_lanes, -1)])
        priority = np.concatenate(
            [cells.whole("demand", "priority"), cells.whole("lanes", "priority")[by_row]]
        )
        order = (
            np.lexsort((priority, stage)) if priority.any() else np.argsort(stage, kind="stable")
        )
        asker_lane, asker_demand = lane[order], demand[order]
        place = np.arange(n_demands + n_lanes)
        asker_of_lane = np.empty(n_lanes, dtype=np.int64)
        asker_of_lane[asker_lane[asker_lane >= 0]] = place[asker_lane >= 0]
        asker_of_demand = np.empty(n_demands, dtype=np.int64)
        asker_of_demand[asker_demand[asker_demand >= 0]] = place[asker_demand >= 0]
        return cls(
            component=component,
            supplier=supplier,
            receiver=receiver,
            asker_ptr=np.concatenate(
                [[0], np.cumsum(np.bincount(stage, minlength=compiled.n_stages))]
            ),
            asker_stage=stage[order],
            asker_lane=asker_lane,
            asker_demand=asker_demand,
            asker_of_lane=asker_of_lane,
            asker_of_demand=asker_of_demand,
        )


def demand_rows(compiled: CompiledNetwork) -> Integers:
    """How many rows of demand each component has, (n_components,)."""
    return np.diff(compiled.demand_ptr[compiled.component_ptr])


def structure_of(
    cells: Cells,
    wiring: Wiring,
    times: Times,
    levels: Levels,
    *,
    row_ptr: Integers,
    warmups: Integers,
    periods: Integers,
) -> Structure:
    """Describe every component for the kernels.

    Parameters
    ----------
    cells, wiring, times, levels
        Of the whole network; fixed times are whole.
    row_ptr : (n_components + 1,) int64
        Drawn rows of a component, those of its demand first.
    warmups, periods : (n_components,) int64
        First period counted; number of the period after the last.

    Returns
    -------
    Structure
        Of arrays that are all writeable, so that kernels are compiled once; those of a compiled
        network are copied.
    """
    compiled = cells.compiled
    component = wiring.component
    serve = levels.service_time
    source = np.diff(compiled.pred_ptr) == 0
    outside = np.where(source | (times.inbound > 0), times.inbound, -1)
    of_asker = component[wiring.asker_stage]
    asker_row = np.full(len(wiring.asker_demand), -1, dtype=np.int64)
    customers = wiring.asker_demand >= 0
    first_demand = compiled.demand_ptr[compiled.component_ptr[:-1]]
    asker_row[customers] = (
        wiring.asker_demand[customers] + (row_ptr[:-1] - first_demand)[of_asker[customers]]
    )
    at_once = _asked_at_most(cells, levels) * np.maximum(compiled.review_period, 1)
    return Structure(
        stage_ptr=compiled.component_ptr.copy(),
        row_ptr=row_ptr.copy(),
        warmup=np.array(warmups, dtype=np.int64),
        periods=np.array(periods, dtype=np.int64),
        lane_ptr=compiled.pred_ptr.copy(),
        supplier=wiring.supplier,
        receiver=wiring.receiver,
        units=compiled.pred_units.copy(),
        asker_ptr=wiring.asker_ptr,
        asker_lane=wiring.asker_lane,
        asker_row=asker_row,
        asker_of_lane=wiring.asker_of_lane,
        level=levels.base_stock,
        review=compiled.review_period.copy(),
        phase=cells.whole("stages", "review_phase"),
        outside_delay=outside,
        make_delay=times.make,
        serve_delay=serve,
        nominal_delay=_nominal_delay(cells, wiring, times, serve),
        lane_delay=times.lane,
        allocation=levels.allocation,
        tolerance=_ROUNDING * (np.maximum(levels.highest(), 0.0) + at_once),
        initial_stock=levels.initial_stock,
    )


def _asked_at_most(cells: Cells, levels: Levels) -> Floats:
    """Mean demand of each stage, units per period, if every backup stood in all the time.

    A supplier that holds nothing and is only a backup sees no demand, and yet it makes and ships:
    what of that is rounding is measured by what it may be asked for.
    """
    backup = cells.flags("lanes", "backup")
    if not backup.any():
        return levels.demand_seen
    compiled = cells.compiled
    return demand_seen(cells, np.where(backup, compiled.pred_units, compiled.pred_usage))


def _nominal_delay(cells: Cells, wiring: Wiring, times: Times, serve: Integers) -> Integers:
    """What the slowest supplier quotes with its transport, and the time at the stage.

    A backup is no part of the promise.
    """
    inbound = times.inbound.copy()
    quoted = serve[wiring.supplier] + times.lane
    regular = ~cells.flags("lanes", "backup")
    np.maximum.at(inbound, wiring.receiver[regular], quoted[regular])
    return np.asarray(inbound + times.make + times.release)


def slice_structure(structure: Structure, first: int, last: int) -> Structure:
    """Components ``first`` up to, not including, ``last``, everything numbered from 0.

    Arrays that hold no numbers of stages, lanes, askers or rows are views.

    Parameters
    ----------
    structure : Structure
        Of the whole network, or of a shard of it.
    first, last : int
        ``0 <= first < last <= n_components``.

    Returns
    -------
    Structure
    """
    stages, lanes, askers = spans(structure, first, last)
    row = structure.row_ptr[first]

    def pointers(ptr: Integers, start: int, stop: int) -> Integers:
        return np.asarray(ptr[start : stop + 1] - ptr[start])

    of_stages = {name: getattr(structure, name)[stages] for name in _OF_STAGES}
    return Structure(
        stage_ptr=pointers(structure.stage_ptr, first, last),
        row_ptr=pointers(structure.row_ptr, first, last),
        warmup=structure.warmup[first:last],
        periods=structure.periods[first:last],
        lane_ptr=pointers(structure.lane_ptr, stages.start, stages.stop),
        supplier=structure.supplier[lanes] - stages.start,
        receiver=structure.receiver[lanes] - stages.start,
        units=structure.units[lanes],
        asker_ptr=pointers(structure.asker_ptr, stages.start, stages.stop),
        asker_lane=renumbered(structure.asker_lane[askers], lanes.start),
        asker_row=renumbered(structure.asker_row[askers], row),
        asker_of_lane=structure.asker_of_lane[lanes] - askers.start,
        lane_delay=structure.lane_delay[lanes],
        **of_stages,
    )


_OF_STAGES: Final = (
    "level",
    "review",
    "phase",
    "outside_delay",
    "make_delay",
    "serve_delay",
    "nominal_delay",
    "allocation",
    "tolerance",
    "initial_stock",
)
"""Arrays of a structure with one entry per stage that number nothing beyond the component."""


def spans(structure: Structure, first: int, last: int) -> tuple[slice, slice, slice]:
    """Stages, lanes and askers of the components ``first`` up to, not including, ``last``."""
    stages = slice(int(structure.stage_ptr[first]), int(structure.stage_ptr[last]))
    lanes, askers = (
        slice(int(ptr[stages.start]), int(ptr[stages.stop]))
        for ptr in (structure.lane_ptr, structure.asker_ptr)
    )
    return stages, lanes, askers


def renumbered(numbers: Integers, first: int) -> Integers:
    """Count from ``first`` on; -1 stays -1."""
    return np.where(numbers >= 0, numbers - first, -1)


def cut_components(
    structure: Structure, plain: Booleans, names: Sequence[str]
) -> list[tuple[int, int]]:
    """Cut the components into shards whose sums are of about one size.

    Parameters
    ----------
    structure : Structure
        Of the whole network.
    plain : (n_components,) bool
        Components without any feature, which need no sums of features.
    names : sequence of (n_components,) str
        What each is called, so that a change elsewhere does not change the cut.

    Returns
    -------
    list of (first, last)
        Half-open ranges of components, in order. They depend on the network alone, so that sums
        over shards have the same bits for any number of workers.
    """
    stages = np.diff(structure.stage_ptr)
    lanes = np.diff(structure.lane_ptr[structure.stage_ptr])
    askers = np.diff(structure.asker_ptr[structure.stage_ptr])
    rows = 10 * stages + 3 * askers + 2 * lanes
    rows += np.where(plain, 0, 4 * stages + askers + lanes)
    return cut_by_key((rows * WIDTH * 8.0).tolist(), names, share=_SHARD_BYTES)
