"""Picture of docs/method/serial.md: where the stock of a series stands as service grows dearer."""

from __future__ import annotations

from typing import Any

import numpy as np

import echelon as ec
from echelon.distributions import Gamma


def draw() -> Any:
    """Draw stock on hand at each stage over the shortage cost, and the cost with its bounds.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    shortage_cost = np.geomspace(4.0, 400.0, 25)
    chain = {"holding_cost": [5.0, 2.0, 1.0], "lead_time": [1, 2, 4]}
    demand = Gamma(20.0, 12.0)
    best = ec.exact.clark_scarf(demand, shortage_cost=shortage_cost, **chain)
    told = ec.exact.serial_measures(
        demand, echelon_base_stock=best.echelon_base_stock, shortage_cost=shortage_cost, **chain
    )
    bounds = ec.exact.shang_song(demand, shortage_cost=shortage_cost, **chain)
    figure = Figure(figsize=(8, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    names = ["shop", "warehouse", "plant"]
    left.stackplot(
        shortage_cost, told.on_hand.T, labels=names, colors=["#1f4e79", "#5b9bd5", "#c9dcef"]
    )
    left.set(
        xscale="log", xlabel="shortage cost per unit and week", ylabel="units on hand on average"
    )
    left.legend(loc="upper left", frameon=False)
    right.fill_between(
        shortage_cost,
        bounds.lower_cost,
        bounds.upper_cost,
        color="#dddddd",
        label="Shang and Song's bounds",
    )
    right.plot(shortage_cost, best.cost, color="#1f4e79", label="least cost")
    right.set(xscale="log", xlabel="shortage cost per unit and week", ylabel="cost per week")
    right.legend(loc="upper left", frameon=False)
    return figure
