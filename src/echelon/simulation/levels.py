"""Which levels and service times a simulation runs with: the plan's, or the table's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from echelon.demand.propagate import seen_upstream
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.network import Network
from echelon.simulation.chain import ALLOCATION_CODES, Levels

if TYPE_CHECKING:
    from echelon.policies.plan import Plan

_WHOLE = 1e-9
"""Periods; a sum of whole lead times may be this far from whole."""

_NAMED = 5
"""Stages named in a message; more are counted."""


def levels_of(network: Network, plan: Plan | None, problems: list[str]) -> tuple[Levels, Booleans]:
    """Read levels and service times, aligned with the compiled network.

    Parameters
    ----------
    network : Network
    plan : Plan, optional
        Without one, the column ``base_stock`` of stages, and everybody served at once.
    problems : list of str
        Gets a line for everything that is wrong.

    Returns
    -------
    levels : Levels
    absent : ndarray of bool, shape (n_stages,)
        Stages that the plan leaves out because their component failed.
    """
    compiled = network.compiled
    stages = network.stages.iloc[compiled.stage_row].reset_index(drop=True)
    if plan is None:
        base_stock = stages["base_stock"].to_numpy(dtype=np.float64, na_value=np.nan)
        service_time = np.zeros(len(stages))
        absent = np.zeros(len(stages), dtype=bool)
        blank = np.isnan(base_stock)
        if blank.any():
            problems.append(
                f"stages.base_stock is blank at {_list(stages, blank)}. "
                "Fix: fill the column, or give a plan."
            )
    else:
        component = np.repeat(np.arange(compiled.n_components), np.diff(compiled.component_ptr))
        failed = np.isin(component, plan.failures["component"].dropna().astype(np.int64))
        base_stock, service_time, absent = _from_plan(stages, plan, failed, problems)
    _check_whole(network, stages, service_time, problems)
    initial = stages["initial_stock"].to_numpy(dtype=np.float64, na_value=np.nan)
    bought = np.zeros(compiled.n_stages)
    seller = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
    np.add.at(bought, seller, np.abs(compiled.demand_mean))
    mean_seen, _ = seen_upstream(
        compiled.component_ptr,
        compiled.pred_ptr,
        compiled.pred_stage,
        compiled.pred_units,
        bought,
        np.zeros((0, compiled.n_stages)),
    )
    codes = np.array([ALLOCATION_CODES[rule] for rule in stages["allocation"]], dtype=np.int64)
    levels = Levels(
        base_stock=base_stock,
        initial_stock=np.where(np.isnan(initial), np.maximum(base_stock, 0.0), initial),
        demand_seen=mean_seen,
        service_time=np.rint(np.nan_to_num(service_time)).astype(np.int64),
        allocation=codes,
    )
    return levels, absent


def longest_fill(network: Network, service_time: Integers) -> Integers:
    """Periods until every pipeline of a component is full, (n_components,).

    The longest chain of lead times and reviews in the component. From then on its state no longer
    depends on the start, unless initial stocks differ from the base stocks. It is the same for
    every plan, so that rival plans are counted over the same periods of the same demand, and it
    depends on no other component, so that a subset of the network is counted as the whole is.
    """
    compiled = network.compiled
    filled = np.zeros(compiled.n_stages)
    first_of = np.repeat(compiled.component_ptr[:-1], np.diff(compiled.component_ptr))
    own = compiled.lead_time + compiled.review_period
    inbound = compiled.inbound_service_time
    for stage in range(compiled.n_stages):
        lanes = slice(compiled.pred_ptr[stage], compiled.pred_ptr[stage + 1])
        suppliers = compiled.pred_stage[lanes] + first_of[stage]
        arrivals = filled[suppliers] + compiled.pred_lead_time[lanes]
        filled[stage] = max(arrivals.max(initial=inbound[stage]) + own[stage], service_time[stage])
    longest = np.maximum.reduceat(filled, compiled.component_ptr[:-1])
    return np.asarray(np.ceil(longest), dtype=np.int64)


def _from_plan(
    stages: pd.DataFrame, plan: Plan, failed: Booleans, problems: list[str]
) -> tuple[Floats, Floats, Booleans]:
    key = ["item", "location"]
    columns = [*key, "service_time", "base_stock"]
    planned = plan.stages[columns].set_index(key)
    here = pd.MultiIndex.from_frame(stages[key])
    unknown = ~planned.index.isin(here)
    absent = np.asarray(~here.isin(planned.index))
    doubled = planned.index.duplicated()
    if doubled.any():
        named = _list(planned.index.to_frame(index=False), doubled)
        problems.append(f"the plan has two rows for {named}. Fix: keep one.")
        planned = planned[~doubled]
        unknown = unknown[~doubled]
    if unknown.any():
        named = _list(planned.index.to_frame(index=False), unknown)
        problems.append(
            f"the plan is for another network: it has {named}, which this one has not. "
            "Fix: give the network that was optimised, or optimise this one."
        )
    unexplained = absent & ~failed
    if unexplained.any():
        problems.append(
            f"the plan is for another network: it lacks {_list(stages, unexplained)}. "
            "Fix: give the network that was optimised, or optimise this one."
        )
    rows = planned.reindex(here)
    base_stock = rows["base_stock"].to_numpy(dtype=np.float64)
    service_time = rows["service_time"].to_numpy(dtype=np.float64)
    for name, values, least in (
        ("base_stock", base_stock, -np.inf),
        ("service_time", service_time, 0.0),
    ):
        wrong = ~absent & ~(np.isfinite(values) & (values >= least))
        if wrong.any():
            problems.append(
                f"plan.stages.{name} is not a finite number"
                f"{' >= 0' if least == 0.0 else ''} at {_list(stages, wrong)}. "
                "Fix: optimise again, or correct the plan."
            )
    return base_stock, service_time, absent


def _check_whole(
    network: Network, stages: pd.DataFrame, service_time: Floats, problems: list[str]
) -> None:
    compiled = network.compiled
    finer = "Fix: use a finer period (days for weeks), or round them where that is right."
    for name, values in (
        ("stages.lead_time", compiled.lead_time),
        ("stages.inbound_service_time", compiled.inbound_service_time),
        ("the service time", np.nan_to_num(service_time)),
    ):
        broken = np.abs(values - np.rint(values)) > _WHOLE
        if broken.any():
            problems.append(
                f"{name} is not a whole number of periods at {_list(stages, broken)}. {finer}"
            )
    broken = np.abs(compiled.pred_lead_time - np.rint(compiled.pred_lead_time)) > _WHOLE
    if broken.any():
        problems.append(
            f"lanes.lead_time is not a whole number of periods on {_lanes(network, broken)}. "
            f"{finer}"
        )
    mean_times = (
        "this simulation takes lead times as fixed. Fix: set lead_time_std to 0, and leave "
        "lead_time_family and lead_time_parameters blank, to simulate the mean times."
    )
    random = compiled.lead_time_std > 0.0
    if random.any():
        problems.append(
            f"stages.lead_time_std is above 0 at {_list(stages, random)}, and {mean_times}"
        )
    random = compiled.pred_lead_time_std > 0.0
    if random.any():
        named = _lanes(network, random)
        problems.append(f"lanes.lead_time_std is above 0 on {named}, and {mean_times}")


def _lanes(network: Network, chosen: Booleans) -> str:
    lanes = network.lanes.iloc[network.compiled.lane_row[chosen]]
    named = [
        f"{row.from_item} @ {row.from_location} -> {row.to_item} @ {row.to_location}"
        for row in lanes.head(_NAMED).itertuples()
    ]
    return _and_more(named, len(lanes))


def _list(stages: pd.DataFrame, chosen: Booleans) -> str:
    rows = stages[np.asarray(chosen)]
    named = [f"{row.item} @ {row.location}" for row in rows.head(_NAMED).itertuples()]
    return _and_more(named, len(rows))


def _and_more(named: list[str], count: int) -> str:
    rest = count - len(named)
    return ", ".join(named) + (f" and {rest} more" if rest else "")
