"""How little a wrong order quantity costs, and what a price list does to the cost curve."""

from __future__ import annotations

from typing import Any

import numpy as np


def draw() -> Any:
    """Draw both panels."""
    from matplotlib.figure import Figure

    import echelon as ec

    figure = Figure(figsize=(8, 4), layout="constrained")
    left, right = figure.subplots(1, 2)

    factor = np.geomspace(0.3, 3.3, 200)
    best = ec.exact.economic_order_quantity(1300, fixed_cost=8, holding_cost=0.225)
    off = ec.exact.economic_order_quantity(
        1300, fixed_cost=8, holding_cost=0.225, order_quantity=factor * best.order_quantity
    )
    left.plot(factor, off.cost_ratio, color="tab:blue")
    left.axhline(1.0, color="0.7", linewidth=0.8)
    left.set_xscale("log")
    left.set_xticks([0.33, 0.5, 1.0, 2.0, 3.0], ["1/3", "1/2", "1", "2", "3"])
    left.minorticks_off()
    left.set_xlabel("order quantity / best order quantity")
    left.set_ylabel("cost / least cost")
    left.set_title("Off by half costs a quarter")

    quantity = np.linspace(150.0, 1200.0, 2000)
    prices = {"breakpoints": [0, 400, 800], "unit_costs": [0.75, 0.72, 0.68]}
    for kind, color in (("all_units", "tab:blue"), ("incremental", "tab:orange")):
        terms = {**prices, "fixed_cost": 8, "holding_cost_rate": 0.3, "kind": kind}
        curve = ec.exact.quantity_discount(1300, **terms, order_quantity=quantity).cost
        jumps = np.isin(np.digitize(quantity, [400, 800])[1:], [1, 2])
        jumps &= np.diff(np.digitize(quantity, [400, 800])) > 0
        curve = np.where(np.append(jumps, False) & (kind == "all_units"), np.nan, curve)
        right.plot(quantity, curve, color=color, label=kind.replace("_", " "))
        least = ec.exact.quantity_discount(1300, **terms)
        right.plot(least.order_quantity, least.cost, "o", color=color)
    right.set_xlabel("order quantity, units")
    right.set_ylabel("cost, money per period")
    right.set_title("Prices fall at 400 and at 800 units")
    right.legend(frameon=False)
    return figure
