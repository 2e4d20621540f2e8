"""A target plan as the simulator runs it: order-up-to levels by period, stock as it was found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from echelon.errors import warn_of_data
from echelon.network.network import Network
from echelon.policies.plan import COMPONENT_COLUMNS, Plan
from echelon.results import Provenance

_KEY = ["item", "location"]


def as_simulated(
    targets: pd.DataFrame,
    orders: pd.DataFrame,
    opening: pd.DataFrame,
    failures: pd.DataFrame,
    provenance: Provenance,
    network: Network,
) -> tuple[Network, Plan]:
    r"""Turn targets into levels by period, and put the plan's opening stock into the network.

    With :math:`P_t` the target, :math:`q_t` the order and :math:`d_t` what is asked for in a
    period, the position after the order is :math:`P_{t-1} + q_t` where a stage reviews, at the
    start of the period, and :math:`P_{t-1} + q_t - d_t` under continuous review, which sees the
    demand first (clauses 2.1 and 2.2 of the convention). In a period without an order the level is
    one that no position comes down to, so that what customers take beyond the plan is made up for
    by its next order.

    Warns
    -----
    DataWarning
        Of what a simulation does otherwise than the plan: stock of some age is taken as fresh, fast
        orders go the ordinary way, and nothing is ordered between reviews.
    """
    _warn_of_differences(network, targets, orders)
    stages = network.stages
    at = pd.MultiIndex.from_frame(stages[_KEY])
    review = pd.Series(stages["review_period"].to_numpy() >= 1, index=at)
    started = opening.set_index(_KEY)
    rows = targets[[*_KEY, "period"]].copy()
    asked = targets["demand"] + targets["component_use"]
    keys = pd.MultiIndex.from_frame(targets[_KEY])
    before = targets.groupby(_KEY, sort=False)["target"].shift()
    found = (started["on_hand"] + started["on_order"]).reindex(keys).to_numpy()
    before = before.where(before.notna(), found)
    reviews = review.reindex(keys).to_numpy(dtype=np.bool_)
    position = before + targets["order"] - np.where(reviews, 0.0, asked)
    of_stage = [targets["item"], targets["location"]]
    lowest = position.groupby(of_stage).transform("min").clip(upper=0.0)
    never = lowest - 10.0 * (asked.groupby(of_stage).transform("sum") + 1.0)
    rows["base_stock"] = position.where(targets["order"] > 0.0, never)
    known = stages[_KEY].merge(rows.groupby(_KEY, sort=False)["base_stock"].mean().reset_index())
    stock = started["on_hand"].reindex(at).to_numpy(dtype=np.float64)
    initial = stages["initial_stock"].to_numpy(dtype=np.float64, na_value=np.nan)
    filled = stages.assign(initial_stock=np.where(np.isnan(stock), initial, stock))
    nan = float("nan")
    plan = Plan(
        failures=failures,
        provenance=Provenance({}, {}, {}, made_at=provenance.made_at),
        stages=known.assign(service_time=0.0, service_level=nan),
        components=pd.DataFrame(columns=list(COMPONENT_COLUMNS)),
        objective=nan,
        bound=nan,
        gap=nan,
        status="feasible",
        termination="targets by period",
        period=network.period,
        periods_per_year=network.periods_per_year,
        currency=network.currency,
        name=network.name,
        levels=rows.reset_index(drop=True),
    )
    return network.replace(stages=filled, stock=None), plan


def _warn_of_differences(network: Network, targets: pd.DataFrame, orders: pd.DataFrame) -> None:
    told = []
    stock = network.stock
    shelf_life = network.cells("stages", "shelf_life")[network.stock_stages].astype(np.float64)
    aged = stock["remaining_life"].to_numpy(dtype=np.float64, na_value=np.nan) < shelf_life
    if aged.any():
        told.append(f"takes the stock of {aged.sum():,} rows of the table stock as fresh")
    fast = int(orders["fast"].sum()) if len(orders) else 0
    if fast:
        told.append(f"sends {fast:,} orders of the fast way by the ordinary one")
    key = network.stages.set_index(_KEY)
    at = pd.MultiIndex.from_frame(targets[_KEY])
    every = np.maximum(key["review_period"].reindex(at).to_numpy(dtype=np.int64), 1)
    phase = key["review_phase"].reindex(at).to_numpy(dtype=np.int64)
    between = (targets["period"].to_numpy() % every != phase) & (targets["order"].to_numpy() > 0.0)
    if between.any():
        told.append(f"places none of the {between.sum():,} frozen orders between reviews")
    if told:
        warn_of_data(
            f"the simulation {'; '.join(told)}: it differs from the plan in that. Fix: read its "
            "costs and service with that in mind."
        )
