"""The made-up company on its way to tables: what it consists of, and its rows so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from echelon.datasets import products, sites
from echelon.datasets.products import TABLET, Families, Floats, Skus
from echelon.datasets.rows import Rows, text_where
from echelon.datasets.sites import Integers, Texts

STAGE_COLUMNS: Final = (
    "item",
    "location",
    "added_cost",
    "lead_time",
    "lead_time_family",
    "lead_time_parameters",
    "release_time",
    "review_period",
    "service_level",
    "order_multiple",
    "minimum_order",
    "order_cost",
    "capacity",
    "shelf_life",
    "backorder_cost",
    "waste_cost",
)
LANE_COLUMNS: Final = (
    "from_item",
    "from_location",
    "to_item",
    "to_location",
    "units_required",
    "lead_time",
    "lead_time_family",
    "lead_time_parameters",
)
DEMAND_COLUMNS: Final = (
    "item",
    "location",
    "market",
    "channel",
    "family",
    "mean",
    "std",
    "parameters",
    "minimum_remaining_life",
)

SERVICE_LEVEL: Final = np.array([0.975, 0.99, 0.98, 0.95, 0.97])
SHELF_LIFE: Final = np.array([130.0, 78.0, 156.0, np.nan, 104.0])
VALUE: Final = np.array([6.0, 220.0, 90.0, 25.0, 60.0])
"""Of one finished unit of each kind, where a family's ``value`` is 1."""
_STEPS: Final = 100
"""More than the stages that one SKU can have, so that rows keep their order."""


@dataclass(frozen=True, slots=True)
class Finished:
    """Where each SKU leaves its last step of making: what its centre buys.

    Attributes
    ----------
    item, location : (n_skus,) object
    region : (n_skus,) int64
    """

    item: Texts
    location: Texts
    region: Integers

    def at(self, sku: Integers) -> tuple[Texts, Texts]:
        """Items and locations of some SKUs."""
        return self.item[sku], self.location[sku]


@dataclass(frozen=True, slots=True)
class Company:
    """Families and SKUs on their way to tables.

    Attributes
    ----------
    families : Families
    skus : Skus
        Of whole families.
    n_skus : int
        How many of them are wanted.
    seed : int
    """

    families: Families
    skus: Skus
    n_skus: int
    seed: int
    stages: Rows = field(default_factory=lambda: Rows(STAGE_COLUMNS))
    lanes: Rows = field(default_factory=lambda: Rows(LANE_COLUMNS))
    demand: Rows = field(default_factory=lambda: Rows(DEMAND_COLUMNS))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give the rows so far, with the columns that say what they belong to."""
        frames = {name: getattr(self, name).frame() for name in ("stages", "lanes", "demand")}
        nothing_owed = {"backorder_cost": 0.0}  # where only stages buy
        return {**frames, "stages": frames["stages"].fillna(nothing_owed)}

    @property
    def kind(self) -> Integers:
        """Of each SKU."""
        return self.families.kind[self.skus.family]

    @property
    def unit_value(self) -> Floats:
        """Of each family's finished unit, money."""
        return np.asarray(VALUE[self.families.kind] * self.families.value)

    def wanted(self, *kinds: int) -> Integers:
        """SKUs of some kinds that are wanted."""
        chosen = products.of_kind(self.families, self.skus, *kinds)
        return np.flatnonzero(chosen[: self.n_skus])

    def weekly(self) -> Floats:
        """What a family sells in a week, units of bulk where it has any."""
        volume = self.skus.volume.sum(axis=1)
        bulk = np.where(self.kind == TABLET, self.skus.pack, 1.0)
        total = np.zeros(len(self.families.size))
        np.add.at(total, self.skus.family, volume * bulk)
        return total

    def order(self, family: Integers, sku: Integers | int, step: int) -> Integers:
        """Number rows so that families, SKUs and steps stand one after the other."""
        return np.asarray((family * (len(self.skus.family) + 2) + sku + 1) * _STEPS + step)

    def route(
        self,
        role: str,
        sku: Integers,
        step: int,
        start: tuple[Texts, Texts],
        end: tuple[Texts, Texts],
        weeks: Floats | float,
    ) -> None:
        """Add lanes of SKUs that take a known time."""
        self.lanes.add(
            role,
            self.order(self.skus.family[sku], sku, step),
            sku,
            from_item=start[0],
            from_location=start[1],
            to_item=end[0],
            to_location=end[1],
            units_required=1.0,
            lead_time=weeks,
        )

    def lane(
        self,
        family: Integers,
        sku: Integers | int,
        step: int,
        start: tuple[Texts, Texts],
        end: tuple[Texts, Texts],
        units: Floats | float,
        from_region: Integers,
        to_region: Integers,
        *,
        air: bool = False,
    ) -> None:
        """A lane between sites: by road in a region, by air or sea between two."""
        sea = (from_region != to_region) & (not air)
        weeks = np.where(from_region == to_region, sites.WITHIN_A_REGION, sites.BY_AIR)
        self.lanes.add(
            "between sites",
            self.order(family, sku, step),
            sku,
            from_item=start[0],
            from_location=start[1],
            to_item=end[0],
            to_location=end[1],
            units_required=units,
            lead_time=np.where(sea, np.nan, weeks),
            lead_time_family=text_where(sea, "empirical"),
            lead_time_parameters=text_where(sea, sites.BY_SEA),
        )

    def weeks(self, family: Integers, usual: float, what: str) -> Floats:
        """Whole weeks around what is usual, from 30 % less to 40 % more."""
        n = len(self.families.kind)
        spread = 0.7 + 0.7 * products.uniform(n, self.seed, f"weeks of {what}")[family]
        return np.asarray(np.maximum(np.round(usual * spread), 1.0))


def money(value: Floats) -> Floats:
    """Three significant digits, as a price list has them."""
    return _significant(value, 3)


def batch(quantity: Floats) -> Floats:
    """Two significant digits, as a batch record has them."""
    return _significant(quantity, 2)


def _significant(value: Floats, digits: int) -> Floats:
    value = np.maximum(np.asarray(value, dtype=np.float64), 1e-6)
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(value)))
    return np.asarray(np.round(value * scale) / scale)
