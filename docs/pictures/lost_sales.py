"""Picture of docs/method/lost_sales.md: which simple policy is near the best, by lead time."""

from __future__ import annotations

from typing import Any

import numpy as np

import echelon as ec
from echelon.distributions import Poisson


def draw() -> Any:
    """Draw the picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    law = Poisson(5.0)
    for axes, penalty in zip(figure.subplots(1, 2), (4.0, 9.0), strict=True):
        prices = {"holding_cost": 1.0, "shortage_cost": penalty}
        few, many = np.arange(6), np.arange(13)
        best = ec.exact.lost_sales_optimal(law, **prices, lead_time=few, tolerance=1e-3)
        stock = ec.exact.lost_sales_base_stock(law, **prices, lead_time=many)
        steady = ec.exact.lost_sales_constant_order(law, **prices).cost
        axes.plot(many, stock.cost, "s--", label="best base stock")
        axes.axhline(steady, color="tab:green", label="best constant order")
        axes.plot(few, best.cost, "o-", color="black", label="best of all")
        axes.set(
            xlabel="lead time, weeks",
            ylabel="cost, money/week",
            title=f"A lost sale costs {penalty:g}",
        )
        axes.set_ylim(0.0)
        axes.legend(loc="lower right")
    return figure
