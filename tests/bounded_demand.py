"""Demand paths that stay within the normal bound over every window, and chains that see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

import echelon as ec
from echelon.rng import stream

MEAN, STD, FACTOR = 40.0, 20.0, 2.0


def bound(periods: Any) -> Any:
    """Most demand of so many periods."""
    return MEAN * periods + FACTOR * STD * np.sqrt(periods)


def burst(quiet: int, n_periods: int) -> np.ndarray:
    """No demand, and then as much as the bound allows in every period."""
    increments = np.diff(bound(np.arange(n_periods + 1.0)))
    return np.concatenate([np.zeros(quiet), increments])


def drawn(name: str, n_periods: int) -> np.ndarray:
    """High demand at random, cut where some window would be above the bound."""
    wanted = np.maximum(stream(3, name).normal(44.0, 35.0, size=n_periods), 0.0)
    demand, total = np.zeros(n_periods), np.zeros(n_periods + 1)
    for t in range(n_periods):
        back = np.arange(1, t + 2)
        room = (bound(back) - (total[t] - total[t + 1 - back])).min()
        demand[t] = max(min(wanted[t], room), 0.0)
        total[t + 1] = total[t] + demand[t]
    return demand


def chain(lead_time: Sequence[float], *, transit: float = 0.0, **columns: Any) -> ec.Network:
    """A series, customers last, each stage of which holds all the stock it needs."""
    n = len(lead_time)
    stages = pd.DataFrame(
        {
            "item": [f"s{i}" for i in range(n)],
            "location": "x",
            "lead_time": np.asarray(lead_time, dtype=float),
            "holding_cost": np.arange(1.0, n + 1.0),
            "max_service_time": 0.0,
            "safety_factor": [None] * (n - 1) + [FACTOR],
        }
    ).assign(**columns)
    lanes = pd.DataFrame(
        {
            "from_item": [f"s{i}" for i in range(n - 1)],
            "from_location": "x",
            "to_item": [f"s{i}" for i in range(1, n)],
            "to_location": "x",
            "lead_time": transit,
        }
    )
    demand = pd.DataFrame({"item": [f"s{n - 1}"], "location": "x", "mean": [MEAN], "std": [STD]})
    return ec.Network.from_tables(stages, lanes, demand)


def backorders(network: ec.Network, plan: ec.Plan, demand: np.ndarray) -> pd.Series:
    """Mean backorders of each stage while a path of demand is replayed from full stock."""
    customer = network.demand.iloc[0]
    path = pd.DataFrame(
        {
            "item": customer["item"],
            "location": customer["location"],
            "period": np.arange(len(demand)),
            "quantity": demand,
        }
    )
    run = ec.simulate(
        network, plan, periods=len(demand), warmup=0, replications=1, demand=path, progress=False
    )
    return run.stages.set_index("item")["backorders"]


def with_less(plan: ec.Plan, row: int, units: float) -> ec.Plan:
    """The same plan with a lower base stock at one stage."""
    from dataclasses import replace

    stages = plan.stages.copy()
    stages.loc[row, "base_stock"] -= units
    return replace(plan, stages=stages)
