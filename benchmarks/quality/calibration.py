"""What calibration to measured service saves or adds, and what it takes."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

import echelon as ec

TITLE = "Base stocks calibrated to a measured fill rate of 97 %"


def _at_once(network: ec.Network) -> ec.Network:
    """The network with every stage promising to serve at once."""
    return network.replace(stages=network.stages.assign(max_service_time=0.0))


def series() -> ec.Network:
    """Three stages with the data of Snyder and Shen's example 6.1."""
    network = ec.serial(
        ["third", "second", "first"],
        lead_time=[2, 1, 1],
        holding_cost=[2.0, 4.0, 7.0],
        demand_mean=5.0,
        demand_std=1.0,
        service_level=0.95,
    )
    return _at_once(network)


def shops(family: str = "normal", lost: bool = False) -> ec.Network:
    """A depot and two shops."""
    network = ec.distribution(
        "depot",
        ["north", "south"],
        lead_time=[4, 1, 2],
        holding_cost=[1.0, 1.6, 1.6],
        demand_mean=[20.0, 40.0],
        demand_std=[8.0, 10.0],
        service_level=0.95,
    )
    demand, stages = network.demand, network.stages
    if family == "poisson":
        demand = demand.assign(family=family, std=np.sqrt(demand["mean"]))
    if lost:
        stages = stages.assign(lost_sales_share=[np.nan, 1.0, 1.0])
    return _at_once(network.replace(demand=demand, stages=stages))


def portfolio(n: int = 2_000) -> ec.Network:
    """Stages that stand alone, gamma demand."""
    rng = np.random.default_rng(1)
    mean = rng.uniform(5.0, 100.0, n)
    stages = pd.DataFrame(
        {
            "item": [f"sku-{i}" for i in range(n)],
            "location": "shop",
            "holding_cost": 1.0,
            "lead_time": rng.integers(1, 9, n),
            "service_level": 0.95,
        }
    )
    demand = pd.DataFrame(
        {"item": stages["item"], "location": "shop", "family": "gamma", "mean": mean}
    )
    return ec.Network.from_tables(stages, demand=demand.assign(std=0.5 * mean))


CASES: dict[str, Callable[[], ec.Network]] = {
    "three stages in series": series,
    "depot, two shops": shops,
    "the same, Poisson demand": lambda: shops("poisson"),
    "the same, sales lost": lambda: shops(lost=True),
    "bulldozer, 22 stages": lambda: ec.read_example("bulldozer"),
    "2,000 stages alone": portfolio,
}


def table() -> str:
    """One row per network: holding cost before and after, by each way to adjust."""
    head = [
        "network",
        "fill rate of the plan",
        "on fresh numbers",
        "holding cost of the plan",
        "one factor",
        "customers' stages",
        "with exchange",
        "simulations",
        "CPU",
    ]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for name, make in CASES.items():
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", ec.DataWarning
            )  # on what the model does not reckon with
            network = make()
            plan = ec.optimize(network)
            done = {}
            for adjust in ("factor", "customers", "network"):
                began = time.process_time()
                done[adjust] = ec.calibrate(network, plan, target=0.97, adjust=adjust, seed=1)
                seconds = time.process_time() - began
        rows = done["network"].customers
        cost = [done["network"].steps["holding_cost"].iloc[0]]
        cost += [one.steps["holding_cost"].iloc[-1] for one in done.values()]
        lines.append(
            [
                name,
                f"{rows['before'].mean():.4f}",
                f"{rows['fresh'].mean():.4f}",
                *(f"{value:,.1f}" for value in cost),
                str(done["network"].rounds),
                f"{seconds:,.1f} s",
            ]
        )
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"### {TITLE}\n\n{body}\n"
