"""What the made-up company sells: families of products, their SKUs, volumes and customers.

Each quantity comes from a stream of its own, one number per family or SKU, so that the first SKUs
of a large portfolio are those of a small one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echelon.datasets.sites import (
    MANUFACTURERS,
    PACKERS,
    PLANTS,
    STERILISERS,
    SUPPLIERS,
    Booleans,
    Integers,
    warehouses,
)
from echelon.rng import stream

Floats = NDArray[np.float64]

TABLET, BIOLOGIC, DEVICE, BOUGHT_IN, KIT = range(5)
KINDS: Final = ("tablet", "biologic", "device", "bought-in", "kit")
_KIND_SHARE: Final = (0.30, 0.12, 0.28, 0.20, 0.10)
_REGION_SHARE: Final = (0.45, 0.35, 0.20)
_MARKETS_SHARE: Final = (0.2, 0.35, 0.45)
_TAIL, _LARGEST_FAMILY = 1.25, 160
_NEW_PLATFORM: Final = 0.35
_TYPICAL_VOLUME, _VOLUME_SPREAD = 15.0, 1.9
_FAMILIES_AT_ONCE: Final = 4_096
MOST_MARKETS: Final = 3


@dataclass(frozen=True, slots=True)
class Families:
    """Products that share what they are made of.

    Attributes
    ----------
    kind : (n_families,) int64
        Position in :data:`KINDS`.
    size : (n_families,) int64
        SKUs.
    platform : (n_families,) int64
        Number of the circuit board that devices share; families of one platform hang together.
    plant, manufacturer, packer, steriliser, supplier : (n_families,) int64
        Positions in the lists of sites.
    value : (n_families,) float64
        How dear the product is, 1 for a typical one.
    """

    kind: Integers
    size: Integers
    platform: Integers
    plant: Integers
    manufacturer: Integers
    packer: Integers
    steriliser: Integers
    supplier: Integers
    value: Floats


@dataclass(frozen=True, slots=True)
class Skus:
    """Stock keeping units: a product as one region buys it.

    Attributes
    ----------
    family : (n_skus,) int64
    region : (n_skus,) int64
        Whose centre serves it.
    market : (n_skus, 3) int64
        Warehouses that sell it, -1 where there are fewer.
    volume : (n_skus, 3) float64
        Units a week that each of them sells, 0 where there is none.
    hospital : (n_skus, 3) int64
        Which hospital of the country takes what goes to hospitals.
    erratic : (n_skus,) float64
        Where in the range of variation the SKU lies, from 0 to 1.
    pack : (n_skus,) float64
        Units of bulk in one pack.
    """

    family: Integers
    region: Integers
    market: Integers
    volume: Floats
    hospital: Integers
    erratic: Floats
    pack: Floats


def draw_families(n_skus: int, seed: int) -> Families:
    """Draw as many families as it takes for so many SKUs."""
    n = _FAMILIES_AT_ONCE
    while (size := _sizes(n, seed)).sum() < n_skus:
        n *= 2
    n = int(np.searchsorted(np.cumsum(size), n_skus) + 1)
    kind = _choice(_KIND_SHARE, _uniform(n, seed, "kind"))
    begins = _uniform(n, seed, "platform") < _NEW_PLATFORM
    return Families(
        kind=kind,
        size=size[:n],
        platform=np.cumsum(begins & (kind == DEVICE)),
        plant=_site(len(PLANTS), n, seed, "plant"),
        manufacturer=_site(len(MANUFACTURERS), n, seed, "manufacturer"),
        packer=_site(len(PACKERS), n, seed, "packer"),
        steriliser=_site(len(STERILISERS), n, seed, "steriliser"),
        supplier=_site(len(SUPPLIERS), n, seed, "supplier"),
        value=np.exp(1.2 * _normal(n, seed, "value")),
    )


def draw_skus(families: Families, seed: int) -> Skus:
    """Draw the SKUs of whole families, one after the other."""
    family = np.repeat(np.arange(len(families.size)), families.size)
    n = len(family)
    region = _choice(_REGION_SHARE, _uniform(n, seed, "region"))
    market = _markets(region, seed)
    total = _TYPICAL_VOLUME * np.exp(_VOLUME_SPREAD * _normal(n, seed, "volume"))
    weight = np.where(market >= 0, 0.15 + _uniform((n, MOST_MARKETS), seed, "weight"), 0.0)
    return Skus(
        family=family,
        region=region,
        market=market,
        volume=np.round(
            np.maximum(total, 0.05)[:, None] * weight / weight.sum(axis=1, keepdims=True), 3
        ),
        hospital=np.floor(12 * _uniform((n, MOST_MARKETS), seed, "hospital")).astype(np.int64),
        erratic=_uniform(n, seed, "erratic"),
        pack=np.array([7.0, 14.0, 28.0, 30.0, 98.0])[_site(5, n, seed, "pack")],
    )


def uniform(shape: int | tuple[int, ...], seed: int, quantity: str) -> Floats:
    """Numbers from 0 to 1, the same first ones for any number of rows."""
    return _uniform(shape, seed, quantity)


def _markets(region: Integers, seed: int) -> Integers:
    """Up to three neighbouring countries of the region, each once."""
    n = len(region)
    _, first = warehouses()
    count = 1 + _choice(_MARKETS_SHARE, _uniform(n, seed, "markets"))
    in_region = np.diff(first)[region]
    begin = np.floor(in_region * _uniform(n, seed, "first market")).astype(np.int64)
    place = np.arange(MOST_MARKETS)
    country = first[region][:, None] + (begin[:, None] + place) % in_region[:, None]
    return np.where(place < count[:, None], country, -1)


def _sizes(n: int, seed: int) -> Integers:
    """SKUs per family: most few, some very many."""
    pareto = (1.0 - _uniform(n, seed, "family size")) ** (-1.0 / _TAIL)
    return np.minimum(pareto, _LARGEST_FAMILY).astype(np.int64)


def _uniform(shape: int | tuple[int, ...], seed: int, quantity: str) -> Floats:
    return stream(seed, "portfolio", quantity).random(shape)


def _normal(n: int, seed: int, quantity: str) -> Floats:
    """Standard normal numbers, each from two uniform ones (Box and Muller, 1958)."""
    radius, angle = _uniform((n, 2), seed, quantity).T
    return np.asarray(np.sqrt(-2.0 * np.log1p(-radius)) * np.cos(2.0 * np.pi * angle))


def _choice(shares: tuple[float, ...], uniform: Floats) -> Integers:
    return np.searchsorted(np.cumsum(shares)[:-1], uniform, side="right").astype(np.int64)


def _site(n_sites: int, n: int, seed: int, quantity: str) -> Integers:
    return np.floor(n_sites * _uniform(n, seed, quantity)).astype(np.int64)


def of_kind(families: Families, skus: Skus, *kinds: int) -> Booleans:
    """Which SKUs are of some kinds."""
    return np.isin(families.kind[skus.family], kinds)
