"""What a plan promises to each segment where segments are promised levels of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from echelon.execution.algebra import algebra_in_one_thread
from echelon.network.network import Network
from echelon.optimization.cost.inside import inside
from echelon.optimization.cost.segmented_stock import SegmentedStock
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.placement import ComponentTask
from echelon.optimization.service_targets import ServiceTargets
from echelon.policies.plan import Plan


@algebra_in_one_thread()
def segment_promises(network: Network, plan: Plan, tasks: Sequence[ComponentTask]) -> pd.DataFrame:
    """Give target and promise of every row of demand at stages where some row has its own level.

    Segments that are served by priority are promised what :class:`SegmentedStock` says; all others
    what their stage is.

    Parameters
    ----------
    network : Network
    plan : Plan
        Of the same network.
    tasks : sequence of ComponentTask
        One per component.

    Returns
    -------
    DataFrame
        item, location, segment columns, target_service_level, service_level; in the order of
        ``Network.demand``, no rows where no row has its own level.
    """
    own = network.columns("demand", ["service_level"])["service_level"].notna().to_numpy()
    key = ["item", "location"]
    frame = network.columns("demand", [*key, *network.segments])
    where = pd.MultiIndex.from_frame(frame[key])
    stages = plan.stages.set_index(key)
    here = where.isin(where[own]) & where.isin(stages.index)
    frame = frame[here].reset_index(drop=True)
    frame["target_service_level"] = ServiceTargets.of(network).row_level[here]
    promised = stages["service_level"].reindex(where).to_numpy(dtype=np.float64).copy()
    for row, kept in _by_priority(network, stages, tasks).items():
        promised[row] = kept
    frame["service_level"] = promised[here]
    return frame


def _by_priority(
    network: Network, stages: pd.DataFrame, tasks: Sequence[ComponentTask]
) -> dict[int, float]:
    """Promises to rows that are served one after the other."""
    keys = network.columns("stages", ["item", "location"])
    columns = ["inbound_service_time", "service_time", "net_replenishment_time", "base_stock"]
    found: dict[int, float] = {}
    for task in tasks:
        for stage, stock in task.cost.special.items():
            segmented = inside(stock, SegmentedStock)
            key = tuple(keys.iloc[int(task.cost.component.stage_row[stage])])
            if segmented is None or key not in stages.index:
                continue
            values = stages.loc[key, columns].to_numpy(dtype=np.float64)
            times = StageTimes(*(np.asarray(value) for value in values[:3]))
            promised = segmented.promised_to_rows(times, float(values[3]))
            if np.isnan(stages.loc[key, "service_level"]):  # what is wrapped around it says so
                promised = dict.fromkeys(promised, np.nan)
            found |= promised
    return found
