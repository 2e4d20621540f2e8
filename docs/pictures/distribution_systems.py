"""Picture of docs/method/distribution_systems.md: where stock belongs, how long they wait."""

from __future__ import annotations

from typing import Any

import numpy as np

import echelon as ec

RATE = [0.2] * 5
TIMES = {"lead_time": 1.0, "warehouse_lead_time": 4.0}
PRICES = {"holding_cost": 1.0, "shortage_cost": 20.0, "warehouse_holding_cost": 0.7}
STOCKS = np.arange(11)


def least_cost(model: Any) -> tuple[Any, Any]:
    """Base stock of a depot and cost, for each base stock of the warehouse, by one model."""
    levels = np.arange(8)[:, None, None]
    told = model(RATE, base_stock=levels, warehouse_base_stock=STOCKS, **TIMES)
    cost = told.cost(**PRICES)
    return cost.argmin(axis=0), cost.min(axis=0)


def draw() -> Any:
    """Draw the picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    level, cost = least_cost(ec.exact.axsater)
    _, believed = least_cost(ec.exact.metric)
    left.plot(STOCKS, cost, "o-", label="exact")
    left.plot(STOCKS, believed, "x--", label="METRIC")
    for stock, here, height in zip(STOCKS, level, cost, strict=True):
        left.annotate(str(here), (stock, height), (0, 7), textcoords="offset points", ha="center")
    left.set(
        xlabel="base stock of the warehouse, units",
        ylabel="cost, money/week",
        title="Least cost, with base stock of each depot",
    )
    left.margins(y=0.12)
    left.legend()
    weeks = np.linspace(0.0, 5.5, 111)
    for stock, here in ((0, 3), (2, 2), (5, 1)):
        waits = ec.exact.two_echelon_waiting(
            RATE, within=weeks[:, None], base_stock=here, warehouse_base_stock=stock, **TIMES
        )
        right.plot(weeks, waits.on_time_rate[:, 0], label=f"warehouse {stock}, depots {here}")
    right.set(
        xlabel="weeks",
        ylabel="share of units",
        title="Customers who wait no longer",
    )
    right.legend()
    return figure
