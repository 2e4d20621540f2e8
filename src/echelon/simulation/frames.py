"""What a plan promised to cost, and the components that failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from echelon.execution import Outcome
from echelon.network.last_stages import last_stages
from echelon.network.network import Network
from echelon.results import FAILURE_COLUMNS
from echelon.simulation.described.cells import same_stages

if TYPE_CHECKING:
    from echelon.policies.plan import Plan


def planned_cost(plan: Plan | None, stages: pd.DataFrame) -> float:
    """Holding cost of the plan's safety stock at stages that were simulated, money per period.

    NaN without a plan, and where one made by hand does not say what its stock costs.
    """
    if plan is None or "holding_cost" not in plan.stages:
        return float("nan")
    if same_stages(plan.stages, stages):
        return float(plan.stages["holding_cost"].sum(skipna=False))
    key = ["item", "location"]
    here = pd.MultiIndex.from_frame(plan.stages[key]).isin(pd.MultiIndex.from_frame(stages[key]))
    return float(plan.stages.loc[here, "holding_cost"].sum(skipna=False))


def failure_frame(network: Network, outcomes: Mapping[int, Outcome[Any]]) -> pd.DataFrame:
    """One row per component that failed, named by its last stage, the one nearest customers."""
    failed = {c: outcome for c, outcome in sorted(outcomes.items()) if outcome.failed}
    rows = [
        (c, *stage, outcome.error, outcome.message)
        for (c, outcome), stage in zip(
            failed.items(), last_stages(network, list(failed)), strict=True
        )
    ]
    return pd.DataFrame(rows, columns=list(FAILURE_COLUMNS))
