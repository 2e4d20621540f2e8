"""Times in whole periods: means of what varies, rounded up, with a record of what was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network

ROUNDED_COLUMNS = (
    "item",
    "location",
    "from_item",
    "from_location",
    "column",
    "given",
    "std",
    "periods",
)
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class WholeTimes:
    """Times by row of ``Network.stages`` and ``Network.lanes``, whole periods.

    Attributes
    ----------
    make, release, outside : (n_stages,) int64
    lane : (n_lanes,) int64
    changed : DataFrame
        One row per time that is not as it was given: item, location, from_item, from_location (of
        a lane), column, given, std, periods.
    """

    make: Integers
    release: Integers
    outside: Integers
    lane: Integers
    changed: pd.DataFrame


def whole_times(network: Network) -> WholeTimes:
    """Round every time of a network up to whole periods; one that varies counts by its mean."""
    changed: list[pd.DataFrame] = []
    stages = network.columns("stages", ["item", "location"])
    names = ["from_item", "from_location", "to_item", "to_location"]
    ends = network.columns("lanes", names)
    lanes = pd.DataFrame(
        {
            "item": ends["to_item"],
            "location": ends["to_location"],
            "from_item": ends["from_item"],
            "from_location": ends["from_location"],
        }
    )
    stages = stages.assign(from_item="", from_location="")

    def whole(table: str, name: str, keys: pd.DataFrame) -> Integers:
        given = network.cells(table, name).astype(np.float64)
        std: Floats = np.zeros(len(given))
        if name != "inbound_service_time":
            std = np.nan_to_num(network.cells(table, f"{name}_std").astype(np.float64))
        periods = np.ceil(given - _ROUNDING)
        differs = (std > 0.0) | (np.abs(periods - given) > _ROUNDING)
        if differs.any():
            rows = keys[differs].assign(
                column=f"{table}.{name}",
                given=given[differs],
                std=std[differs],
                periods=periods[differs].astype(np.int64),
            )
            changed.append(rows)
        return periods.astype(np.int64)

    make = whole("stages", "lead_time", stages)
    release = whole("stages", "release_time", stages)
    outside = whole("stages", "inbound_service_time", stages)
    lane = whole("lanes", "lead_time", lanes)
    empty = pd.DataFrame({name: pd.Series(dtype=object) for name in ROUNDED_COLUMNS})
    frame = pd.concat(changed, ignore_index=True) if changed else empty
    return WholeTimes(make, release, outside, lane, frame[list(ROUNDED_COLUMNS)])
