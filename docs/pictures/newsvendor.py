"""Cost of a newsvendor against its base stock."""

from __future__ import annotations

from typing import Any

import numpy as np


def draw() -> Any:
    """Draw holding, shortage and total cost, and where the total is least.

    Returns
    -------
    matplotlib Figure
    """
    from matplotlib.figure import Figure

    import echelon as ec

    demand = ec.distributions.Normal(50.0, 8.0)
    costs = {"holding_cost": 0.18, "shortage_cost": 0.70}
    level = np.linspace(35.0, 80.0, 181)
    found = ec.exact.newsvendor(demand, **costs, base_stock=level)
    best = ec.exact.newsvendor(demand, **costs)
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(level, found.cost, label="cost of a period")
    axes.plot(level, 0.18 * found.on_hand, "--", label="of it holding")
    axes.plot(level, 0.70 * found.backorders, "--", label="of it backorders")
    axes.plot(best.base_stock, best.cost, "o", color="black")
    axes.annotate(
        f"base stock {best.base_stock:.1f}, cost {best.cost:.2f}",
        (best.base_stock, best.cost),
        (best.base_stock + 2.0, best.cost - 0.9),
    )
    axes.set_xlabel("base stock, units")
    axes.set_ylabel("money per period")
    axes.set_ylim(0.0, 8.0)
    axes.legend()
    return figure
