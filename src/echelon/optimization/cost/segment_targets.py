"""Stages whose segments are promised levels of their own and served by priority."""

from __future__ import annotations

from typing import Self

import numpy as np

from echelon.network.network import Network
from echelon.optimization.cost.demand_over_time import DemandOverTime
from echelon.optimization.cost.extension import Extension, Stages
from echelon.optimization.cost.rows_at_stages import RowsAtStages
from echelon.optimization.cost.segmented_stock import Member, SegmentedStock
from echelon.optimization.cost.stage_stock import StageStock
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.service_targets import ServiceTargets


class SegmentTargets(Extension):
    """Levels by segment where the stage sells only, and allocates by priority.

    Stages that serve in proportion or first come first served are short towards everyone or
    towards nobody: there the highest level holds for all. So it does where the stage supplies
    stages as well, and the rows' own factors are pooled.

    Parameters
    ----------
    network : Network
    targets : ServiceTargets
    rows : RowsAtStages
    """

    def __init__(self, network: Network, targets: ServiceTargets, rows: RowsAtStages) -> None:
        self._rows = rows
        self._targets = targets
        by_priority = network.columns("stages", ["allocation"])["allocation"] == "priority"
        self._by_priority = by_priority.to_numpy(dtype=np.bool_)
        self._priority = network.columns("demand", ["priority"])["priority"].to_numpy(np.float64)

    @classmethod
    def of(
        cls, network: Network, targets: ServiceTargets, seen: DemandSeen, *, by_period: bool = False
    ) -> Self | None:
        """Make it where some row has a level of its own."""
        del seen
        if not targets.by_row:
            return None
        return cls(network, targets, RowsAtStages(network, targets, by_period=by_period))

    def choose_stock(
        self, stages: Stages, stage: int, demand: DemandOverTime, stock: StageStock
    ) -> StageStock:
        """Choose the largest of the stocks that each segment's promise needs."""
        if stages.customers[stage]:
            return stock
        if not self._by_priority[stages.row[stage]]:
            return stock
        rows = sorted(stages.demand_rows[stage], key=lambda row: (self._priority[row], row))
        levels = [float(self._targets.row_level[row]) for row in rows]
        if len(set(levels)) < 2:
            return stock
        members = [
            self._member(stages, stage, demand, rows[k:], level)
            for k, level in enumerate(levels, start=1)
        ]
        return SegmentedStock(tuple(members), tuple(rows))

    def _member(
        self,
        stages: Stages,
        stage: int,
        demand: DemandOverTime,
        later: list[int],
        level: float,
    ) -> Member:
        """Stock that keeps one promise, whoever is served after the segment."""
        from scipy.special import ndtri

        seen = self._rows
        rows = seen.seen_by(stage)
        if not seen.are_forecast(rows) and seen.have_quantiles(stages, stage, rows):
            return seen.quantile(stages, stage, later=later, level=level)
        factor = float(ndtri(level))
        windows = seen.windows(stages, stage, later=later, factor=factor)
        return seen.windowed(stages, stage, demand, windows, factor)
