"""Picture of docs/method/reorder_points.md: three measures, and what order quantities save."""

from __future__ import annotations

from typing import Any

import numpy as np

import echelon as ec
from echelon.distributions import NegativeBinomial

DEMAND = NegativeBinomial(4.0, 3.0)
TIMES = {"lead_time": 5, "review_period": 1}


def draw() -> Any:
    """Draw the picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    points = np.arange(5, 51)
    told = ec.exact.reorder_point_measures(DEMAND, reorder_point=points, order_quantity=12, **TIMES)
    left.plot(points, told.fill_rate, label="fill rate")
    left.plot(points, told.ready_rate, "--", label="ready rate")
    left.plot(points, told.cycle_service_level, ":", label="cycle service level")
    left.axhline(0.95, color="grey", linewidth=0.8)
    left.set(
        xlabel="reorder point, units", ylabel="service, -", title="Three measures, Q = 12 units"
    )
    left.legend()
    quantities = np.arange(1, 81)
    for target in (0.99, 0.95, 0.9):
        made = ec.exact.reorder_point_for(
            DEMAND, order_quantity=quantities, fill_rate=target, **TIMES
        )
        right.step(quantities, made.reorder_point, where="mid", label=f"fill rate {target:.0%}")
    right.set(
        xlabel="order quantity, units",
        ylabel="reorder point, units",
        title="The larger the order, the lower the point",
    )
    right.legend()
    return figure
