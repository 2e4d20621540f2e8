"""Picture of docs/method/simulation_features.md: how packs and lots roughen demand up a chain."""

from __future__ import annotations

from typing import Any

import pandas as pd

import echelon as ec


def draw() -> Any:
    """Draw the bullwhip of a chain of three stages that orders in packs and in lots.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    places = ["plant", "depot", "shop"]
    stages = pd.DataFrame(
        {
            "item": "pill",
            "location": places,
            "lead_time": [2, 1, 1],
            "review_period": 1,
            "base_stock": [400.0, 300.0, 190.0],
            "order_multiple": [500.0, 200.0, 48.0],
            "holding_cost": [1.0, 1.5, 2.0],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": "pill",
            "from_location": places[:2],
            "to_item": "pill",
            "to_location": places[1:],
        }
    )
    demand = pd.DataFrame(
        {"item": ["pill"], "location": "shop", "family": "gamma", "mean": [50], "std": [20]}
    )
    network = ec.Network.from_tables(stages, lanes, demand, period="week")
    run = ec.simulate(network, periods=208, warmup=52, replications=200, seed=1)
    figure = Figure(figsize=(7, 3.4), layout="constrained")
    run.plot.bullwhip(figure.subplots(), network=network)
    return figure
