"""Published targets as a plan, to be simulated as they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from echelon.errors import DomainError
from echelon.network.network import Network
from echelon.policies.plan import COMPONENT_COLUMNS, FEATURE_COLUMNS, STAGE_COLUMNS, Plan
from echelon.results import Provenance, no_failures

_NEEDED = ("item", "location", "component", "service_time", "base_stock")
"""Columns without which nobody can order by the targets."""


def reviewed_as(network: Network, targets: pd.DataFrame) -> Network:
    """Give a network whose stages review as often as targets say, where they say so.

    Parameters
    ----------
    network : Network
    targets : DataFrame
        item, location and perhaps ``review_period``; stages that it does not have stay as they are.
    """
    if "review_period" not in targets.columns:
        return network
    stages, key = network.stages, ["item", "location"]
    chosen = targets.drop_duplicates(key).set_index(key)["review_period"]
    told = chosen.reindex(pd.MultiIndex.from_frame(stages[key])).to_numpy(np.float64)
    before = stages["review_period"].to_numpy(np.float64)
    now = np.where(np.isnan(told), before, told)
    if np.array_equal(now, before):
        return network
    return network.replace(stages=stages.assign(review_period=now.astype(np.int64)))


def as_plan(targets: pd.DataFrame, provenance: Provenance, labels: Mapping[str, Any]) -> Plan:
    """Make a plan of targets by item, location and ``period``, blank where they hold in every one.

    What else a plan says of a stage is NaN where the targets do not have it.

    Raises
    ------
    DomainError
        If the targets are no base stocks.
    """
    lacking = [name for name in _NEEDED if name not in targets.columns]
    if lacking:
        raise DomainError(
            f"the targets lack {', '.join(lacking)}, so they are no base stocks. Fix: simulate the "
            "plan that they are from."
        )
    key = ["item", "location"]
    unknown = [name for name in STAGE_COLUMNS if name not in targets.columns]
    targets = targets.assign(**dict.fromkeys(unknown, float("nan")))
    names = [*STAGE_COLUMNS, *(name for name in FEATURE_COLUMNS if name in targets.columns)]
    stages = targets.drop_duplicates(key)[names].reset_index(drop=True)
    by_period = targets[targets["period"].notna()]
    levels: dict[str, Any] = {}
    if len(by_period):
        mean = by_period.groupby(key)["base_stock"].mean()
        at = pd.MultiIndex.from_frame(stages[key])
        stages["base_stock"] = mean.reindex(at).fillna(stages["base_stock"].set_axis(at)).to_numpy()
        rows_then = by_period[[*key, "period", "base_stock"]].astype({"period": "int64"})
        levels["levels"] = rows_then.reset_index(drop=True)
    stages["component"] = stages["component"].astype("int64")
    held = stages.groupby("component")["holding_cost"]
    cost = pd.DataFrame({"size": held.size(), "sum": held.sum(min_count=1)}).reset_index()
    nan = float("nan")
    rows = [
        (int(number), int(size), "feasible", float(total), nan, nan, "published", "published", 0.0)
        for number, size, total in cost.itertuples(index=False)
    ]
    return Plan(
        failures=no_failures(),
        provenance=provenance,
        stages=stages,
        components=pd.DataFrame(rows, columns=list(COMPONENT_COLUMNS)),
        objective=float(stages["holding_cost"].sum(min_count=1)),
        bound=nan,
        gap=nan,
        status="feasible",
        termination="published",
        **levels,
        **labels,
    )
