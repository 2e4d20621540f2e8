"""How the best levels change with demand: the table of Zheng and Federgruen, drawn finely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import echelon as ec
from echelon.distributions import array

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw() -> Figure:
    """Draw both levels, and the cost beside that of the approximation."""
    from matplotlib.figure import Figure

    mean = np.linspace(5.0, 75.0, 281)
    demand = array("poisson", mean)
    costs = {"fixed_cost": 64.0, "holding_cost": 1.0, "shortage_cost": 9.0}
    best = ec.exact.min_max_policy(demand, **costs)
    quick = ec.exact.min_max_approximation(demand, **costs)
    rounded = ec.exact.min_max_policy(
        demand,
        **costs,
        reorder_point=np.rint(quick.reorder_point),
        order_up_to_level=np.rint(quick.order_up_to_level),
    )
    figure = Figure(figsize=(8, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(mean, best.order_up_to_level, label="order-up-to level")
    left.plot(mean, best.reorder_point, label="reorder point")
    left.set(xlabel="mean demand, units per period", ylabel="best levels, units")
    left.legend()
    right.plot(mean, 100.0 * (rounded.cost / best.cost - 1.0))
    right.set(
        xlabel="mean demand, units per period",
        ylabel="power approximation dearer by, %",
        ylim=(0.0, None),
    )
    return figure
