"""Tables of a few small components, and what one call on the whole makes of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec

SIMULATION = {"periods": 40, "warmup": 10, "replications": 8, "seed": 3}
Tables = dict[str, pd.DataFrame]


def made(n_items: int = 7) -> Tables:
    """Items that are made in a plant and sold in two shops; the fourth is made in lots."""
    items = [f"item {number:02}" for number in range(n_items)]
    rows = [
        (item, place, 1.0 + number % 3, cost)
        for number, item in enumerate(items)
        for place, cost in (("plant", 1.0), ("north", 1.5), ("south", 1.6))
    ]
    stages = pd.DataFrame(rows, columns=["item", "location", "lead_time", "holding_cost"])
    sold = stages["location"] != "plant"
    stages["service_level"] = sold.map({True: 0.95, False: None}).astype("float64")
    stages["minimum_order"] = 0.0
    stages.loc[(stages["item"] == items[3]) & ~sold, "minimum_order"] = 60.0
    lanes = [(item, "plant", item, shop, 1.0) for item in items for shop in ("north", "south")]
    names = ["from_item", "from_location", "to_item", "to_location", "lead_time"]
    demand = stages.loc[sold, ["item", "location"]].assign(mean=20.0, std=5.0)
    demand["mean"] += np.arange(len(demand))
    return {
        "stages": stages,
        "lanes": pd.DataFrame(lanes, columns=names),
        "demand": demand.reset_index(drop=True),
    }


def whole(tables: Tables) -> ec.Network:
    return ec.Network.from_tables(tables["stages"], tables["lanes"], tables["demand"])


def sorted_rows(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(["item", "location"]).reset_index(drop=True)


@pytest.fixture
def tables() -> Tables:
    return made()
