"""Labels put back: moments per component to frames per stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from echelon.execution import Outcome
from echelon.network.network import Network
from echelon.results import FAILURE_COLUMNS
from echelon.simulation.chain import Levels
from echelon.simulation.metrics import MEASURES, Moments

if TYPE_CHECKING:
    from echelon.policies.plan import Plan


def stage_frame(
    network: Network, outcomes: dict[int, Outcome[Moments]], levels: Levels
) -> pd.DataFrame:
    """Measures of the components that went well, in the row order of ``Network.stages``."""
    compiled, table = network.compiled, network.stages
    shape = (len(MEASURES), compiled.n_stages)
    mean, error = np.full(shape, np.nan), np.full(shape, np.nan)
    on_time = np.full((2, compiled.n_stages), np.nan)
    went_well = np.zeros(compiled.n_stages, dtype=bool)
    for component, outcome in outcomes.items():
        if outcome.failed:
            continue
        moments = outcome.unwrap()
        own = slice(*compiled.component_ptr[[component, component + 1]])
        mean[:, own], error[:, own] = moments.mean, moments.standard_error()
        on_time[:, own] = moments.on_time_rate()
        went_well[own] = True
    at_once = levels.service_time == 0
    nobody_at_once = np.where(np.isnan(on_time), np.nan, 0.0)
    filled = np.where(at_once, on_time, nobody_at_once)
    columns = {}
    for name, m, e in zip(MEASURES, mean, error, strict=True):
        if name not in ("due", "on_time"):
            columns[name], columns[f"{name}_se"] = m, e
        if name == "ready_rate":
            columns["fill_rate"], columns["fill_rate_se"] = filled
            columns["on_time_rate"], columns["on_time_rate_se"] = on_time
    keys = table[["item", "location"]].iloc[compiled.stage_row].reset_index(drop=True)
    frame = pd.concat([keys, pd.DataFrame(columns)], axis=1)[went_well]
    by_row = np.argsort(compiled.stage_row[went_well], kind="stable")
    return frame.iloc[by_row].reset_index(drop=True)


def service_frame(
    network: Network, plan: Plan | None, levels: Levels, stages: pd.DataFrame
) -> pd.DataFrame:
    """Promised and simulated cycle service level of the stages that have customers."""
    compiled = network.compiled
    key = ["item", "location"]
    customers = network.demand[key].drop_duplicates()
    frame = stages[[*key, "cycle_service_level", "cycle_service_level_se"]].rename(
        columns={"cycle_service_level": "simulated", "cycle_service_level_se": "simulated_se"}
    )
    frame = frame.merge(customers, on=key, how="inner", validate="one_to_one")
    times = network.stages[key].iloc[compiled.stage_row].assign(service_time=levels.service_time)
    frame = frame.merge(times, on=key, how="left", validate="one_to_one")
    if plan is None:
        frame["promised"] = np.nan
    else:
        promised = plan.stages[[*key, "service_level"]].rename(
            columns={"service_level": "promised"}
        )
        frame = frame.merge(promised, on=key, how="left", validate="one_to_one")
    apart = frame["simulated"] - frame["promised"]
    # no variation between replications and no difference: nought standard errors, not 0 / 0
    frame["difference_in_se"] = np.where(apart == 0.0, 0.0, apart / frame["simulated_se"])
    return frame[
        [*key, "service_time", "promised", "simulated", "simulated_se", "difference_in_se"]
    ]


def planned_cost(plan: Plan | None, stages: pd.DataFrame) -> float:
    """Holding cost of the plan's safety stock at stages that were simulated, money per period.

    NaN without a plan, and where one made by hand does not say what its stock costs.
    """
    if plan is None or "holding_cost" not in plan.stages:
        return float("nan")
    key = ["item", "location"]
    here = pd.MultiIndex.from_frame(plan.stages[key]).isin(pd.MultiIndex.from_frame(stages[key]))
    return float(plan.stages.loc[here, "holding_cost"].sum())


def failure_frame(network: Network, outcomes: dict[int, Outcome[Moments]]) -> pd.DataFrame:
    """One row per component that failed, named by its last stage, the one nearest customers."""
    table = network.stages
    rows = []
    for component, outcome in sorted(outcomes.items()):
        if outcome.failed:
            last = network.compiled.stage_row[network.compiled.component_ptr[component + 1] - 1]
            item, location = table.loc[table.index[last], ["item", "location"]]
            rows.append((component, item, location, outcome.error, outcome.message))
    return pd.DataFrame(rows, columns=list(FAILURE_COLUMNS))
