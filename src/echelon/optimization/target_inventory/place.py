"""Where a group of components is in its network: rows of stages, lanes and demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network


@dataclass(frozen=True, slots=True)
class Place:
    """Where a group of components is.

    Attributes
    ----------
    rows : (J,) int64
        Rows of ``Network.stages``, suppliers first in each component.
    lane_row, lane_from, lane_to : (N,) int64
        Row of ``Network.lanes``, and ends by place; backups are left out.
    units, share : (N,) float64
        Units required, and share of what the receiver orders of the component.
    demand_row, demand_stage : (D,) int64
    """

    rows: Integers
    lane_row: Integers
    lane_from: Integers
    lane_to: Integers
    units: Floats
    share: Floats
    demand_row: Integers
    demand_stage: Integers

    @classmethod
    def of(cls, network: Network, components: Sequence[int]) -> Place:
        """Find the rows of some components, whose stages follow one another."""
        shards = [network.compiled.shard(c, c + 1) for c in components]
        rows = np.concatenate([shard.stage_row for shard in shards])
        first = np.cumsum([0, *(shard.n_stages for shard in shards)])
        lanes = [_lanes_of(shard, int(at)) for shard, at in zip(shards, first, strict=False)]
        demands = [
            _rows_of_demand(shard, int(at)) for shard, at in zip(shards, first, strict=False)
        ]
        row, source, target, units, share = (
            np.concatenate(part) for part in zip(*lanes, strict=True)
        )
        demand_row, demand_stage = (np.concatenate(part) for part in zip(*demands, strict=True))
        return cls(rows, row, source, target, units, share, demand_row, demand_stage)


class Table:
    """Rows of a table that name stages, cut by the group of the stage.

    Parameters
    ----------
    columns : mapping of str to (n,) ndarray
    stages : (n,) int64
        Row of ``Network.stages``.
    group, position : (n_stages,) int64
        Group of each stage, and its place there.
    n_groups : int
    """

    def __init__(
        self,
        columns: Mapping[str, NDArray[Any]],
        stages: Integers,
        group: Integers,
        position: Integers,
        n_groups: int,
    ) -> None:
        order = np.argsort(group[stages], kind="stable") if len(stages) else stages
        self._columns = {name: cells[order] for name, cells in columns.items()}
        self._stage = position[stages[order]]
        self._starts = np.searchsorted(group[stages[order]], np.arange(n_groups + 1))

    def of(self, group: int) -> tuple[Integers, dict[str, NDArray[Any]]]:
        """Places of the stages that the rows of a group name, and the rows, by column."""
        rows = slice(int(self._starts[group]), int(self._starts[group + 1]))
        return self._stage[rows], {name: cells[rows] for name, cells in self._columns.items()}


def _lanes_of(shard: Any, first: int) -> tuple[Integers, ...]:
    """Row, supplier, receiver, units and share of the lanes that are no backups."""
    receiver = np.repeat(np.arange(shard.n_stages), np.diff(shard.pred_ptr))
    on = shard.pred_share > 0.0
    return (
        shard.lane_row[on],
        shard.pred_stage[on] + first,
        receiver[on] + first,
        shard.pred_units[on],
        shard.pred_share[on],
    )


def _rows_of_demand(shard: Any, first: int) -> tuple[Integers, Integers]:
    stage = np.repeat(np.arange(shard.n_stages), np.diff(shard.demand_ptr))
    return shard.demand_row, stage + first
