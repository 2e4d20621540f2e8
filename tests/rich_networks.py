"""A portfolio of small components with features of every kind, and one chain with none."""

from __future__ import annotations

import numpy as np
import pandas as pd

import echelon as ec

_COSTS = {"holding_cost": 1.0, "backorder_cost": 5.0}


def portfolio(order: list[int] | None = None) -> ec.Network:
    """Six components of two stages, ``plant`` and ``shop``, in the order of the items given."""
    items = [f"item {k}" for k in (order or range(6))]
    stages = pd.DataFrame(
        [(item, place) for item in items for place in ("plant", "shop")],
        columns=["item", "location"],
    )
    plant = stages["location"] == "plant"
    stages = stages.assign(
        **_COSTS,
        lead_time=np.where(plant, 2.0, 1.0),
        base_stock=np.where(plant, 60.0, 55.0),
        review_period=np.where(stages["item"].isin(["item 1", "item 4"]) & ~plant, 2, 0),
        lost_sale_cost=8.0,
        waste_cost=1.0,
        order_cost=2.0,
    )

    def only(item: str, value: object, place: str = "plant", blank: object = np.nan) -> pd.Series:
        here = (stages["item"] == item) & (stages["location"] == place)
        return pd.Series([value if hit else blank for hit in here])

    stages = stages.assign(
        capacity=only("item 1", 26.0),
        lost_sales_share=only("item 1", 0.5, "shop"),
        lead_time_std=only("item 2", 1.0, blank=0.0),
        yield_mean=only("item 3", 0.95),
        yield_std=only("item 3", 0.03),
        policy=only("item 4", "min_max", blank="base_stock"),
        reorder_point=only("item 4", 30.0),
    )
    lanes = pd.DataFrame({"from_item": items, "from_location": "plant", "to_item": items}).assign(
        to_location="shop", lead_time=1.0
    )
    demand = pd.DataFrame(
        [(item, "shop", part) for item in items for part in ("hospital", "trade")],
        columns=["item", "location", "segment"],
    ).assign(family=["gamma", "poisson"] * len(items), mean=10.0, std=10.0**0.5)
    down = {"item": "item 3", "location": "plant", "failure_rate": 0.02, "recovery_rate": 0.3}
    disruptions = pd.DataFrame([{"name": "fire", **down, "stock_destroyed": 0.5}])
    return ec.Network.from_tables(
        stages,
        lanes,
        demand,
        disruptions=disruptions if "item 3" in items else None,
        currency="EUR",
    )


def chain(**columns: object) -> ec.Network:
    """Two stages without any feature, and what is given in ``columns`` of ``stages``."""
    network = ec.serial(
        ["plant", "shop"], lead_time=[3, 1], lane_lead_time=2, holding_cost=[1.0, 2.0],
        backorder_cost=[0.0, 20.0], base_stock=[62.0, 38.0], demand_mean=10.0, demand_std=3.0,
    )  # fmt: skip
    return network.replace(stages=network.stages.assign(**columns)) if columns else network
