"""A portfolio of mixed shapes under plain laws, each SKU a component of its own.

Shapes are those of the made-up portfolio's components of at most thirty stages, drawn again and
again, with lead times, costs and demand of their own; demand is normal and times are fixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

import echelon as ec

MOST_STAGES = 30


@dataclass(frozen=True, slots=True)
class Shapes:
    """Rows of stages, lanes and demand of some components, each with the component's number."""

    stages: pd.DataFrame
    lanes: pd.DataFrame
    demand: pd.DataFrame
    n_components: int


@cache
def shapes(n_skus: int = 400) -> Shapes:
    """Cut the small components out of a made-up portfolio."""
    network = ec.datasets.make_portfolio(n_skus).network
    compiled = network.compiled
    size = np.diff(compiled.component_ptr)
    component = np.repeat(np.arange(compiled.n_components), size)
    key = ["item", "location"]
    stages = network.stages[[*key, "added_cost"]].iloc[compiled.stage_row].reset_index(drop=True)
    lanes = (
        network.lanes[["from_item", "from_location", "to_item", "to_location", "units_required"]]
        .iloc[compiled.lane_row]
        .reset_index(drop=True)
    )
    demand = network.demand[key].iloc[compiled.demand_row].reset_index(drop=True)
    demand["mean"] = compiled.demand_mean
    kept = np.cumsum(size <= MOST_STAGES) - 1
    number = np.where(size <= MOST_STAGES, kept, -1)
    stages["component"] = number[component]
    lanes["component"] = number[np.repeat(component, np.diff(compiled.pred_ptr))]
    demand["component"] = number[np.repeat(component, np.diff(compiled.demand_ptr))]
    demand = demand.groupby([*key, "component"], as_index=False, sort=False)["mean"].sum()
    return Shapes(
        *(table[table["component"] >= 0] for table in (stages, lanes, demand)), int(kept[-1]) + 1
    )


def plain_portfolio(n_skus: int, seed: int = 0) -> ec.Network:
    """Make a network of so many SKUs, each a component of its own, of mixed shapes."""
    made = shapes()
    rng = np.random.default_rng([seed, n_skus])
    drawn = rng.integers(made.n_components, size=n_skus)
    stages, lanes, demand = (
        _repeated(table, drawn) for table in (made.stages, made.lanes, made.demand)
    )
    stages["added_cost"] *= rng.lognormal(0.0, 0.3, len(stages))
    stages["lead_time"] = np.ceil(rng.lognormal(1.5, 0.9, len(stages)))
    lanes["lead_time"] = np.ceil(rng.lognormal(0.5, 0.8, len(lanes))) - 1.0
    demand["family"] = "normal"
    demand["mean"] *= rng.lognormal(0.0, 0.5, len(demand))
    demand["std"] = demand["mean"] * rng.uniform(0.2, 0.6, len(demand))
    served = pd.MultiIndex.from_frame(demand[["item", "location"]])
    here = pd.MultiIndex.from_frame(stages[["item", "location"]]).isin(served)
    stages["service_level"] = np.where(here, 0.95, np.nan)
    return ec.Network.from_tables(
        stages=stages, lanes=lanes, demand=demand, holding_rate=0.25, period="week"
    )


def _repeated(table: pd.DataFrame, drawn: np.ndarray) -> pd.DataFrame:
    """Rows of the components drawn, their items numbered by the SKU."""
    order = np.argsort(table["component"].to_numpy(), kind="stable")
    counts = np.bincount(table["component"], minlength=int(drawn.max()) + 1)
    first = np.concatenate([[0], np.cumsum(counts)])
    times = counts[drawn]
    within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    rows = order[np.repeat(first[drawn], times) + within]
    copy = table.iloc[rows].reset_index(drop=True).drop(columns="component")
    sku = pd.Series(np.repeat(np.arange(len(drawn)), times)).astype(str)
    for name in copy.columns:
        if name.endswith("item"):
            copy[name] = copy[name].astype(str) + "~" + sku
    return copy
