"""What disruptions of the same total length cost, by how often they come."""

from __future__ import annotations

from typing import Any

import numpy as np


def draw() -> Any:
    """Draw the base stock of least cost and its cost against the length of a disruption."""
    from matplotlib.figure import Figure

    import echelon as ec
    from echelon.distributions import Normal

    length = np.geomspace(1.0, 20.0, 40)
    share = 0.1  # of all periods the supplier is down
    told = ec.exact.base_stock_with_disruptions(
        Normal(100.0, 20.0),
        holding_cost=1.0,
        shortage_cost=19.0,
        disruption_probability=share / (1.0 - share) / length,
        recovery_probability=1.0 / length,
    )
    figure = Figure(figsize=(8, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(length, told.base_stock, color="tab:blue")
    left.set_ylabel("best base stock, units")
    right.plot(length, told.cost, color="tab:orange")
    right.set_ylabel("cost, money per period")
    for axes in (left, right):
        axes.set_xlabel("mean length of a disruption, periods")
        axes.set_ylim(bottom=0.0)
    figure.suptitle("A supplier who is down one period in ten: rare and long costs most")
    return figure
