"""Whether the tables that a plan was made from say what this network's tables say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from echelon.errors import warn_of_data
from echelon.network.compiled import Booleans, CompiledNetwork, Floats
from echelon.network.network import Network
from echelon.results import LaterDigests
from echelon.simulation.described.levels import Levels
from echelon.simulation.described.memory import deviation_seen

if TYPE_CHECKING:
    from echelon.policies.plan import Plan

_ALIKE = 1e-6
"""Relative difference up to which two numbers are one number written twice."""


def warn_if_made_for_other_tables(
    network: Network, plan: Plan, levels: Levels, absent: Booleans
) -> None:
    """Warn once if the plan's stages saw other demand or waited other times than they would here.

    Digests of whole tables cannot tell what of them matters to a plan: a penalty that was added,
    or rows in another order, change them as well. So where a digest differs, what the plan says of
    each stage is compared with this network: its mean demand and the deviation, and the time it
    takes to replenish. A plan without digests was made by hand, for whatever its maker wanted.

    Parameters
    ----------
    network : Network
    plan : Plan
        Has a row for every stage that is not ``absent``.
    levels : Levels
    absent : ndarray of bool, shape (n_stages,)

    Warns
    -----
    DataWarning
        At the caller of the function that calls this one.
    """
    made_from = plan.provenance.tables
    if isinstance(made_from, LaterDigests) and made_from.are_of(network):
        return
    if all(made_from.get(name, digest) == digest for name, digest in network.digests.items()):
        return
    compiled = network.compiled
    key = ["item", "location"]
    here = network.stages[key].iloc[compiled.stage_row]
    planned = plan.stages.set_index(key).reindex(pd.MultiIndex.from_frame(here))
    mean, std = levels.demand_seen, deviation_seen(compiled)
    told = []
    for what, of_plan, of_network in (
        ("demand a {period}", planned["demand_mean"], mean),
        ("standard deviation of demand", planned["demand_std"], std),
        ("time to replenish in {period}s", _planned_time(planned), _time_here(compiled, planned)),
    ):
        before = of_plan.to_numpy(dtype=np.float64)
        size = np.maximum(np.maximum(np.abs(before), np.abs(of_network)), 1e-12)
        differs = ~absent & (np.abs(before - of_network) > _ALIKE * size)
        if differs.any():
            j = int(np.flatnonzero(differs)[-1])  # customers last: theirs is the cause
            label = f"{here['item'].iloc[j]} @ {here['location'].iloc[j]}"
            others = int(differs.sum()) - 1
            told.append(
                f"{what.format(period=network.period)} at {label}"
                f"{f' and {others:,} more' if others else ''}: "
                f"{before[j]:,.6g} there, {of_network[j]:,.6g} here"
            )
    if told:
        warn_of_data(
            f"the plan was made for other tables: {'; '.join(told)}. "
            "Fix: optimise this network, unless that difference is what you want to see."
        )


def warn_of_forecasts(network: Network) -> None:
    """Warn once if a plan rests on forecasts, which no simulation draws.

    Parameters
    ----------
    network : Network

    Warns
    -----
    DataWarning
        At the caller of the function that calls this one.
    """
    rows = len(network.forecast_revisions)
    if rows:
        warn_of_data(
            f"{rows} rows of demand are forecast (forecast_errors), and a simulation draws their "
            "demand period by period without a forecast: stages order by base stocks that do not "
            "move with one, so service is another than promised. Fix: read the promise off the "
            "plan, or simulate a plan of the network without forecast_errors."
        )


def _planned_time(planned: pd.DataFrame) -> pd.Series[float]:
    """Time from an order to its receipt and review, as the plan had it: tau + S."""
    return planned["net_replenishment_time"] + planned["service_time"]


def _time_here(compiled: CompiledNetwork, planned: pd.DataFrame) -> Floats:
    """The same with this network's times and the plan's service times: SI + T + R."""
    first = np.repeat(compiled.component_ptr[:-1], np.diff(compiled.component_ptr))
    receiver = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.pred_ptr))
    supplier = compiled.pred_stage + first[receiver]
    ready = planned["service_time"].to_numpy(dtype=np.float64)[supplier] + compiled.pred_lead_time
    inbound = compiled.inbound_service_time.copy()
    regular = compiled.pred_share > 0.0  # a backup is no part of the promise
    with np.errstate(invalid="ignore"):  # components that failed have no service times
        np.maximum.at(inbound, receiver[regular], ready[regular])
    return np.asarray(inbound + compiled.lead_time + compiled.review_period)
