"""A year of weekly demand and the orders that cover it at least cost."""

from __future__ import annotations

from typing import Any

import numpy as np


def draw() -> Any:
    """Draw demand, orders and the stock between them."""
    from matplotlib.figure import Figure

    import echelon as ec

    week = np.arange(52)
    demand = np.rint(60.0 + 45.0 * np.sin(2.0 * np.pi * (week - 8) / 52.0))
    plan = ec.exact.lot_sizing(demand, fixed_cost=300, holding_cost=1)
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    axes.bar(week, plan.order_quantity, width=0.8, color="tab:blue", label="order")
    axes.step(week, plan.stock, where="post", color="0.4", linewidth=1.0, label="stock at the end")
    axes.plot(week, demand, ".", color="tab:orange", label="demand")
    axes.set_xlabel("week")
    axes.set_ylabel("units")
    axes.set_title("Few weeks to an order where demand is high, many where it is low")
    axes.legend(frameon=False)
    return figure
