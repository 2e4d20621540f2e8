"""Causes of excess stock that are planted in the tables, each known by its row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from echelon.datasets import products, sites
from echelon.datasets.products import Floats
from echelon.datasets.rows import ROLE, SKU
from echelon.datasets.sites import Booleans

PLANTED_COLUMNS: Final = (
    "cause",
    "table",
    "item",
    "location",
    "from_item",
    "from_location",
    "column",
    "value",
    "true_value",
)


@dataclass(frozen=True, slots=True)
class Cause:
    """A kind of excess and how often it is planted.

    Attributes
    ----------
    name : str
    share : float
        Of the SKUs.
    role : str
        Of the stages it strikes.
    column : str
        What is wrong there.
    text : str
        What happened, for people.
    """

    name: str
    share: float
    role: str
    column: str
    text: str


CAUSES: Final = (
    Cause(
        "padded lead time",
        0.02,
        "pack",
        "lead_time",
        "master data: the default of the system was never replaced",
    ),
    Cause(
        "minimum order",
        0.02,
        "pack",
        "minimum_order",
        "the packer sells at least a year of a slow mover",
    ),
    Cause("slow review", 0.02, "centre", "review_period", "the planner looks once a quarter"),
    Cause(
        "service for show",
        0.02,
        "sells",
        "service_level",
        "99.9 % was promised where nobody asked for it",
    ),
)
SLOW_CUSTOMS: Final = "slow customs"
_PADDED, _QUARTER, _FOR_SHOW = 13.0, 13, 0.999


def plant(
    tables: dict[str, pd.DataFrame], weekly: Floats, seed: int
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Write causes of excess into the tables, and say where.

    Parameters
    ----------
    tables : dict of str to DataFrame
        With the columns that say what rows belong to; ``stages`` is changed in place.
    weekly : (n_skus,) float64
        Units that each SKU sells in a week.
    seed : int

    Returns
    -------
    dict of str to DataFrame
        The tables, without those columns.
    DataFrame
        One row per cell: cause, table, item, location (of a lane: its end, with its start in
        ``from_item`` and ``from_location``), column, value and true_value, NaN for blank.
    """
    stages = tables["stages"]
    told = [_slow_customs(tables["lanes"])]
    told += [_strike(stages, cause, weekly, seed) for cause in CAUSES]
    plain = {name: _plain(frame) for name, frame in tables.items()}
    return plain, pd.concat(told, ignore_index=True)[list(PLANTED_COLUMNS)]


def _strike(stages: pd.DataFrame, cause: Cause, weekly: Floats, seed: int) -> pd.DataFrame:
    struck = products.uniform(len(weekly), seed, f"planted {cause.name}") < cause.share
    rows = _of_role(stages, cause.role)
    rows[rows] = struck[stages[SKU].to_numpy()[rows]]
    at = np.flatnonzero(rows)
    before = stages[cause.column].to_numpy(dtype=np.float64)[at]
    after = _value(cause, weekly[stages[SKU].to_numpy()[at]])
    stages.loc[at, cause.column] = after
    where = stages.loc[at, ["item", "location"]].reset_index(drop=True)
    return where.assign(
        cause=cause.name,
        table="stages",
        from_item="",
        from_location="",
        column=cause.column,
        value=after,
        true_value=before,
    )


def _value(cause: Cause, weekly: Floats) -> Floats:
    if cause.column == "minimum_order":
        return np.asarray(np.maximum(np.ceil(60.0 * weekly), 10.0))
    constant = {"lead_time": _PADDED, "review_period": _QUARTER, "service_level": _FOR_SHOW}
    return np.full(len(weekly), float(constant[cause.column]))


def _of_role(stages: pd.DataFrame, role: str) -> Booleans:
    if role == "sells":
        return stages["service_level"].notna().to_numpy(copy=True)
    return (stages[ROLE] == role).to_numpy(copy=True)


def _slow_customs(lanes: pd.DataFrame) -> pd.DataFrame:
    """The lanes into countries whose customs are slow: a route, not a row, is the cause."""
    at = lanes[ROLE] == "into the country"
    at &= lanes["lead_time"] == sites.WEEKS_AT_SLOW_CUSTOMS
    rows = lanes[at]
    return pd.DataFrame(
        {
            "cause": SLOW_CUSTOMS,
            "table": "lanes",
            "item": rows["to_item"],
            "location": rows["to_location"],
            "from_item": rows["from_item"],
            "from_location": rows["from_location"],
            "column": "lead_time",
            "value": sites.WEEKS_AT_SLOW_CUSTOMS,
            "true_value": sites.WITHIN_A_REGION,
        }
    )


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the columns that say what rows belong to."""
    return frame.drop(columns=["order", SKU, ROLE])
