"""Stages that cover rows of demand over windows of their own: forecasts, seasons, two promises."""

from __future__ import annotations

from typing import Self

import numpy as np

from echelon.network.network import Network
from echelon.optimization.cost.demand_over_time import DemandOverTime
from echelon.optimization.cost.extension import Extension, Stages
from echelon.optimization.cost.rows_at_stages import RowsAtStages, customer_times
from echelon.optimization.cost.stage_stock import StageStock
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.service_targets import ServiceTargets


class WindowedRows(Extension):
    """Forecast demand, seasons with levels by period, and customers promised a time of their own.

    Parameters
    ----------
    rows : RowsAtStages
    """

    def __init__(self, rows: RowsAtStages) -> None:
        self._rows = rows

    @classmethod
    def of(
        cls, network: Network, targets: ServiceTargets, seen: DemandSeen, *, by_period: bool = False
    ) -> Self | None:
        """Make it where the network has any of the three."""
        del seen
        changes = network.cells("demand", "family") == "per_period"
        seasons = by_period and bool(changes.any())
        promised = ~np.isnan(customer_times(network))
        if not (seasons or promised.any() or network.forecast_revisions):
            return None
        return cls(RowsAtStages(network, targets, by_period=by_period))

    def choose_stock(
        self, stages: Stages, stage: int, demand: DemandOverTime, stock: StageStock
    ) -> StageStock:
        """Choose windowed stock where a row that the stage sees needs it."""
        seen = self._rows
        rows = seen.seen_by(stage)
        customer_time = seen.customer_time(stage)
        forecast, seasons = seen.are_forecast(rows), seen.have_seasons(rows)
        if np.isnan(customer_time) and not forecast and not seasons:
            return stock
        if seasons and not forecast and seen.have_quantiles(stages, stage, rows):
            return seen.quantile(stages, stage)
        return seen.windowed(stages, stage, demand, seen.windows(stages, stage))
