"""Picture of docs/method/target_inventory.md: what the depot's targets are made of."""

from __future__ import annotations

from typing import Any

import pandas as pd

import echelon as ec


def draw() -> Any:
    """Draw fourteen weeks with a peak that is packed before.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import pyplot

    stages = pd.DataFrame(
        {
            "item": ["substance", "pack"],
            "location": ["plant", "depot"],
            "holding_cost": [1.0, 3.0],
            "lead_time": [3, 1],
            "release_time": [1, 0],
            "order_cost": [200.0, 15.0],
            "order_multiple": [120.0, None],
            "capacity": [None, 45.0],
            "initial_stock": [240.0, 150.0],
            "backorder_cost": [0.0, 30.0],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["substance"],
            "from_location": "plant",
            "to_item": "pack",
            "to_location": "depot",
        }
    )
    weeks = [30, 30, 30, 30, 35, 35, 40, 90, 90, 30, 30, 30, 30, 30]
    demand = pd.DataFrame(
        {"item": "pack", "location": "depot", "period": range(14), "mean": weeks, "std": 0.0}
    )
    network = ec.Network.from_tables(stages, lanes, demand, period="week", currency="EUR")
    floors = pd.DataFrame({"item": ["pack"], "location": "depot", "floor": 20.0})
    targets = ec.optimize(
        network, model="target_inventory", horizon=14, lookahead=0, floors=floors, floor_price=5.0
    )
    figure = targets.plot.components(item="pack").figure
    pyplot.close(figure)
    return figure
