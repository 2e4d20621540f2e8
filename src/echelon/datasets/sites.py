"""Where the made-up company makes, packs, stores and sells, and how long its routes take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Texts = NDArray[np.object_]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

REGIONS: Final = ("Europe", "America", "Asia")
COUNTRIES: Final = (
    ("Austria", "Belgium", "Denmark", "France", "Germany", "Italy", "Poland", "Spain"),
    ("Brazil", "Canada", "Mexico", "US East", "US South", "US West"),
    ("Australia", "China", "India", "Japan", "Korea"),
)
HOSPITALS_PER_COUNTRY: Final = 12

PLANTS: Final = (("plant Cork", 0), ("plant Basel", 0), ("plant Indiana", 1), ("plant Pune", 2))
MANUFACTURERS: Final = (("contract Leiden", 0), ("contract Boston", 1), ("contract Suzhou", 2))
PACKERS: Final = (("packing Ghent", 0), ("packing Memphis", 1), ("packing Osaka", 2))
STERILISERS: Final = (("steriliser Tilburg", 0), ("steriliser Utah", 1))
SUPPLIERS: Final = (("supplier Shenzhen", 2), ("supplier Penang", 2), ("supplier Jena", 0))

WITHIN_A_REGION: Final = 1.0
"""Weeks by road from one site to another of its region."""
BY_AIR: Final = 2.0
"""Weeks between regions for what is light and dear."""
BY_SEA: Final = '{"values": [5, 6, 11, 13], "probabilities": [0.5, 0.3, 0.15, 0.05]}'
"""Weeks between regions for the rest: the port is free, or it is not."""
SLOW_COUNTRIES: Final = ("Brazil", "India")
"""Whose customs hold what comes in; the first of the planted causes."""
WEEKS_AT_SLOW_CUSTOMS: Final = 9.0


@dataclass(frozen=True, slots=True)
class Sites:
    """Sites of one kind.

    Attributes
    ----------
    name : (n_sites,) object
    region : (n_sites,) int64
        Position in :data:`REGIONS`.
    """

    name: Texts
    region: Integers

    @classmethod
    def of(cls, sites: tuple[tuple[str, int], ...]) -> Sites:
        """Make them from pairs of a name and a region."""
        return cls(
            np.array([name for name, _ in sites], dtype=object),
            np.array([region for _, region in sites], dtype=np.int64),
        )


def centres() -> Sites:
    """One distribution centre in each region."""
    return Sites.of(tuple((f"centre {region}", k) for k, region in enumerate(REGIONS)))


def warehouses() -> tuple[Sites, Integers]:
    """One warehouse in each country, and where those of each region begin."""
    sites = tuple(
        (f"warehouse {country}", region)
        for region, countries in enumerate(COUNTRIES)
        for country in countries
    )
    first = np.concatenate([[0], np.cumsum([len(countries) for countries in COUNTRIES])])
    return Sites.of(sites), first.astype(np.int64)
