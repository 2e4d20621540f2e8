"""Cost of order quantities, each with its best reorder point, and of reorder points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import echelon as ec
from echelon.distributions import Gamma

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COSTS = {"fixed_cost": 64.0, "holding_cost": 1.0, "shortage_cost": 9.0, "lead_time": 2}


def draw() -> Figure:
    """Draw both curves and where the optimum is."""
    from matplotlib.figure import Figure

    demand = Gamma(10.0, 8.0)
    best = ec.exact.reorder_policy(demand, **COSTS)
    figure = Figure(figsize=(8, 4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    quantity = np.linspace(8.0, 110.0, 120)
    joint = ec.exact.reorder_policy(demand, order_quantity=quantity, **COSTS)
    left.plot(quantity, joint.cost, label="with its best reorder point")
    fixed = ec.exact.reorder_policy(
        demand, order_quantity=quantity, reorder_point=best.reorder_point, **COSTS
    )
    left.plot(quantity, fixed.cost, "--", label=f"with reorder point {best.reorder_point:.1f}")
    left.plot(best.order_quantity, best.cost, "o", color="black")
    left.set(xlabel="order quantity, units", ylabel="cost, money per period")
    left.legend()
    point = np.linspace(-5.0, 55.0, 120)
    for factor in (0.5, 1.0, 2.0):
        size = factor * best.order_quantity
        told = ec.exact.reorder_policy(demand, order_quantity=size, reorder_point=point, **COSTS)
        right.plot(point, told.cost, label=f"quantity {size:.0f}")
    right.plot(best.reorder_point, best.cost, "o", color="black")
    right.set(xlabel="reorder point, units", ylim=(35.0, 90.0))
    right.legend()
    return figure
