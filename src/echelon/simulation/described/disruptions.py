"""Disruptions by component, stage and lane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network
from echelon.simulation.described.cells import Cells
from echelon.simulation.described.feature_rows import Drawn
from echelon.simulation.described.structure import Wiring
from echelon.simulation.drawn.sources import Given, UpDown


@dataclass(frozen=True, slots=True)
class Disrupted:
    """Disruptions in the order of their components, by row of their table in each.

    Attributes
    ----------
    ptr : (n_components + 1,) int64
    down_ptr, down_of : (n_stages + 1,), (n_downs,) int64
    lane_down_ptr, lane_down_of : (n_lanes + 1,), (n_lane_downs,) int64
        Places in these arrays of the disruptions of a stage and of a lane.
    capacity_left, stock_destroyed : (n_disruptions,) float64
    in_transit_held, ships : (n_disruptions,) int64
    drawn : Drawn
        Their states.
    """

    ptr: Integers
    down_ptr: Integers
    down_of: Integers
    lane_down_ptr: Integers
    lane_down_of: Integers
    capacity_left: Floats
    stock_destroyed: Floats
    in_transit_held: Integers
    ships: Integers
    drawn: Drawn


def disruptions_of(network: Network, cells: Cells, wiring: Wiring, *, n_periods: int) -> Disrupted:
    """Bring the disruptions of a network into compiled order, for runs of ``n_periods``."""
    compiled = cells.compiled
    stage = _places(compiled.stage_row)[network.disruption_stages]
    lane = _places(compiled.lane_row)[network.disruption_lanes]
    component = wiring.component[stage]
    on_lane = lane >= 0  # and then on no stage
    component[on_lane] = wiring.component[wiring.receiver[lane[on_lane]]]
    order = np.argsort(component, kind="stable")
    table = network.disruptions.iloc[order]
    down_ptr, down_of = _by(stage[order], compiled.n_stages)
    lane_down_ptr, lane_down_of = _by(lane[order], compiled.n_lanes)
    counts = np.bincount(component, minlength=compiled.n_components)
    return Disrupted(
        ptr=np.concatenate([[0], np.cumsum(counts)]),
        down_ptr=down_ptr,
        down_of=down_of,
        lane_down_ptr=lane_down_ptr,
        lane_down_of=lane_down_of,
        capacity_left=table["capacity_left"].to_numpy(dtype=np.float64, copy=True),
        stock_destroyed=table["stock_destroyed"].to_numpy(dtype=np.float64, copy=True),
        in_transit_held=table["in_transit_held"].to_numpy(dtype=np.int64, copy=True),
        ships=table["ships"].to_numpy(dtype=np.int64, copy=True),
        drawn=Drawn(
            places=np.arange(len(order)),
            component=component[order],
            table_row=order,
            law=np.arange(len(order)),
            laws=_laws(table, n_periods),
        ),
    )


def _places(rows: Integers) -> Integers:
    """Place in the compiled arrays of each row of a table; -1 at the end, for row -1."""
    places = np.full(len(rows) + 1, -1, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    return places


def _by(element: Integers, n_elements: int) -> tuple[Integers, Integers]:
    """Disruptions of each stage or lane, in their order; ``element`` -1 belongs to none."""
    own = np.flatnonzero(element >= 0)
    counts = np.bincount(element[own], minlength=n_elements)
    order = own[np.argsort(element[own], kind="stable")]
    return np.concatenate([[0], np.cumsum(counts)]), order


def _laws(table: pd.DataFrame, n_periods: int) -> tuple[Given | UpDown, ...]:
    laws: list[Given | UpDown] = []
    names = ("failure_rate", "recovery_rate", "first_period", "last_period")
    for fail, recover, first, last in zip(*(table[name] for name in names), strict=True):
        if np.isnan(first):
            laws.append(UpDown(float(fail), float(recover)))
        else:
            down = np.zeros(n_periods)
            down[int(first) : int(last) + 1] = 1.0
            laws.append(Given(down))
    return tuple(laws)
