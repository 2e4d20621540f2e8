"""What a planner may change about a network, one row per number, and the network so changed."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from echelon.distributions.base import family_class
from echelon.network.network import Network

KINDS: Final = ("lead_time", "lane_lead_time", "service_level", "demand_std", "lead_time_std")
"""Of levers: a stage's lead time, a lane's, the service level promised to a stage's customers, the
standard deviation of a row of demand, and that of a stage's or lane's lead time."""

UNIT_OF_KIND: Final = {
    "lead_time": "period",
    "lane_lead_time": "period",
    "service_level": "point",
    "demand_std": "unit",
    "lead_time_std": "period",
}
POINT: Final = 0.01
"""Of service."""

COLUMNS: Final = (
    "kind",
    "item",
    "location",
    "to_item",
    "to_location",
    "segment",
    "now",
    "component",
    "table",
    "row",
)


def levers_of(network: Network, kinds: tuple[str, ...]) -> pd.DataFrame:
    """Give one row per lever that can be moved down: key, its value now, component, table and row.

    A lead time of 0 is left out, as are demand whose spread follows from its mean or its
    parameters, and lead times whose deviation is that of a distribution.
    """
    stages, lanes, demand = network.stages, network.lanes, network.demand
    compiled = network.compiled
    component = np.empty(len(stages), dtype=np.int64)
    component[compiled.stage_row] = np.repeat(
        np.arange(compiled.n_components), np.diff(compiled.component_ptr)
    )
    place = pd.Series(component, index=pd.MultiIndex.from_frame(stages[["item", "location"]]))
    parts: list[pd.DataFrame] = []

    def add(kind: str, table: str, rows: np.ndarray, now: np.ndarray) -> None:
        if kind not in kinds or not len(rows):
            return
        frame = {"stages": stages, "lanes": lanes, "demand": demand}[table].iloc[rows]
        lane = table == "lanes"
        first = ["from_item", "from_location"] if lane else ["item", "location"]
        part = pd.DataFrame({"kind": kind, "now": now, "table": table, "row": rows})
        part["item"], part["location"] = (frame[name].to_numpy() for name in first)
        part["to_item"] = frame["to_item"].to_numpy() if lane else ""
        part["to_location"] = frame["to_location"].to_numpy() if lane else ""
        segments = [name for name in network.segments if name in frame] if table == "demand" else []
        part["segment"] = (
            frame[segments].astype(str).agg(", ".join, axis=1).to_numpy() if segments else ""
        )
        keys = pd.MultiIndex.from_frame(part[["item", "location"]])
        part["component"] = place.reindex(keys).to_numpy()
        parts.append(part)

    for kind, table, frame in (
        ("lead_time", "stages", stages),
        ("lane_lead_time", "lanes", lanes),
    ):
        time = frame["lead_time"].to_numpy(np.float64)
        fixed = time > 0.0
        add(kind, table, np.flatnonzero(fixed), time[fixed])
    level = _levels(network, stages)
    sold = np.flatnonzero(level > 0.5)
    add("service_level", "stages", sold, level[sold])
    std = demand["std"].to_numpy(np.float64)
    free = (std > 0.0) & np.array([_is_free(row) for row in demand.to_dict("records")], np.bool_)
    add("demand_std", "demand", np.flatnonzero(free), std[free])
    for table, frame in (("stages", stages), ("lanes", lanes)):
        spread = frame["lead_time_std"].to_numpy(np.float64)
        by_moments = (spread > 0.0) & (frame["lead_time_family"] == "").to_numpy()
        add("lead_time_std", table, np.flatnonzero(by_moments), spread[by_moments])
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def change_network(network: Network, lever: dict[Any, Any], less: float) -> Network:
    """Give the component of a lever as a network, with the lever's number lowered by ``less``."""
    number, table = int(lever["component"]), str(lever["table"])
    frame = {"stages": network.stages, "lanes": network.lanes, "demand": network.demand}[table]
    part = network.subset(number) if network.n_components > 1 else network
    here = {"stages": part.stages, "lanes": part.lanes, "demand": part.demand}[table]
    keys = (
        ["from_item", "from_location", "to_item", "to_location"]
        if table == "lanes"
        else ["item", "location", *(network.segments if table == "demand" else ())]
    )
    if len(frame) == len(here):
        row = int(lever["row"])
    else:  # rows keep their order in a subset, and several lanes may have one key
        mine = frame[keys].iloc[int(lever["row"])]
        same = (frame[keys] == mine).all(axis=1).to_numpy()
        nth = int(same[: int(lever["row"])].sum())
        row = int(np.flatnonzero((here[keys] == mine).all(axis=1).to_numpy())[nth])
    column = {"lane_lead_time": "lead_time", "demand_std": "std"}.get(lever["kind"], lever["kind"])
    values = here[column].to_numpy(np.float64, copy=True)
    values[row] = float(lever["now"]) - less
    changed = here.assign(**{column: values})
    if column == "service_level":
        factor = here["safety_factor"].to_numpy(np.float64, copy=True)
        factor[row] = np.nan
        changed = changed.assign(safety_factor=factor)
    if table == "stages":
        return part.replace(stages=changed)
    return part.replace(lanes=changed) if table == "lanes" else part.replace(demand=changed)


def _levels(network: Network, stages: pd.DataFrame) -> np.ndarray:
    """Service level of each row of stages, 0 where no customer buys or its rows have their own."""
    from scipy.special import ndtr

    level = stages["service_level"].to_numpy(np.float64)
    factor = stages["safety_factor"].to_numpy(np.float64)
    level = np.where(np.isnan(factor), level, ndtr(factor))
    compiled = network.compiled
    bought = np.zeros(len(stages), dtype=np.bool_)
    bought[compiled.stage_row] = np.diff(compiled.demand_ptr) > 0
    return np.where(bought & ~np.isnan(level), level, 0.0)


def _is_free(row: dict[Any, Any]) -> bool:
    """Whether the spread of a row of demand can be changed with its mean left as it is."""
    if row["family"] in ("deterministic", "per_period") or row["parameters"]:
        return False
    return family_class(row["family"]).expected_std(row["mean"]) is None
