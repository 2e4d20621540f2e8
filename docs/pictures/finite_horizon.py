"""Picture of docs/method/finite_horizon.md: the levels of a season, and one season under them."""

from __future__ import annotations

from typing import Any

import numpy as np

import echelon as ec
from echelon.distributions import Gamma, PerPeriod

MEANS = (20.0, 40.0, 90.0, 60.0, 15.0)


def draw() -> Any:
    """Draw the picture."""
    from matplotlib.figure import Figure

    season = PerPeriod([Gamma(mean, 0.3 * mean) for mean in MEANS])
    plan = ec.exact.finite_horizon(
        season,
        holding_cost=0.3,
        shortage_cost=3.0,
        fixed_cost=50.0,
        unit_cost=2.0,
        terminal_holding_cost=-0.5,
        terminal_shortage_cost=4.0,
    )
    rng = np.random.default_rng(3)
    weeks, stock, inventory = [0.0], [0.0], 0.0
    for week in range(len(MEANS)):
        if inventory <= plan.reorder_point[week]:
            inventory = plan.order_up_to_level[week]
        weeks.append(float(week))
        stock.append(inventory)
        inventory -= float(season.at(week).sample(rng, 1)[0])
        weeks.append(week + 1.0)
        stock.append(inventory)
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    edges = np.arange(len(MEANS) + 1)
    axes.bar(edges[:-1] + 0.5, MEANS, 0.9, color="0.88", label="mean demand")
    for values, style, label in (
        (plan.order_up_to_level, "tab:blue", "order up to"),
        (plan.reorder_point, "tab:orange", "reorder point"),
    ):
        axes.hlines(values, edges[:-1], edges[1:], colors=style, linewidth=2.5, label=label)
    axes.plot(weeks, stock, "k.-", linewidth=1, label="inventory of one season")
    axes.axhline(0.0, color="0.5", linewidth=0.8)
    axes.set(xlabel="weeks", ylabel="units", title="A season of five weeks with a fixed cost")
    axes.legend(loc="upper right")
    return figure
