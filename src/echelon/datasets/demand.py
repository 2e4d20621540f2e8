"""Who buys how much of a SKU in a country: every class of demand, in one or two channels."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from echelon.datasets import products
from echelon.datasets.products import BIOLOGIC, DEVICE, KIT, Floats, Skus
from echelon.datasets.sites import Integers, Texts

_SECOND_CHANNEL: Final = 0.35
_MANY, _FEW = 30.0, 1.0
"""Units a week from which demand is continuous, and below which it is intermittent."""


def demand_columns(
    skus: Skus, kind: Integers, sku: Integers, place: int, country: Texts, seed: int
) -> list[dict[str, Any]]:
    """Columns of the demand rows of one country of each SKU, and the positions they are about.

    Parameters
    ----------
    skus : Skus
    kind : (n_all,) int64
        Of all SKUs.
    sku : (n,) int64
        SKUs that sell in a country of this place.
    place : int
        Which of a SKU's countries.
    country : (n,) object
    seed : int

    Returns
    -------
    list of dict
        One per channel; ``rows`` are positions in ``sku``.
    """
    n_all = len(skus.family)
    split = products.uniform((n_all, 2), seed, f"channels {place}")[sku]
    two = split[:, 0] < _SECOND_CHANNEL
    share = np.where(two, 0.5 + 0.4 * split[:, 1], 1.0)
    clinical = np.isin(kind[sku], [BIOLOGIC, KIT, DEVICE])
    first = np.where(clinical, "hospital", "retail").astype(object)
    second = np.where(clinical, "clinic", "tender").astype(object)
    life = np.where(kind[sku] == BIOLOGIC, 12, np.where(kind[sku] == KIT, 8, 0))
    blocks = []
    for channel, part, rows in (
        (first, share, np.arange(len(sku))),
        (second, 1.0 - share, np.flatnonzero(two)),
    ):
        mean = np.maximum(skus.volume[sku, place] * part, 0.002)[rows]
        blocks.append(
            {
                "rows": rows,
                "market": country[rows],
                "channel": channel[rows],
                "minimum_remaining_life": life[rows],
                **_family(np.round(mean, 4), skus.erratic[sku[rows]]),
            }
        )
    return blocks


def _family(mean: Floats, erratic: Floats) -> dict[str, Any]:
    """Family and moments: smooth, erratic, intermittent or lumpy (Syntetos & Boylan, 2005)."""
    n = len(mean)
    family = np.full(n, "negative_binomial", dtype=object)
    std = np.sqrt(mean * (1.2 + 4.0 * erratic**2))
    many, few = mean >= _MANY, mean < _FEW
    smooth = many & (erratic < 0.4)
    family[smooth] = "normal"
    family[many & ~smooth] = "gamma"
    std[smooth] = mean[smooth] * (0.1 + 0.4 * erratic[smooth])
    std[many & ~smooth] = mean[many & ~smooth] * (0.3 + 0.7 * erratic[many & ~smooth])
    single = few & (erratic < 0.6)
    family[single] = "poisson"
    std[single] = np.sqrt(mean[single])
    lumpy = np.flatnonzero(few & (erratic >= 0.6))
    family[lumpy] = "compound_poisson"
    told = np.full(n, None, dtype=object)
    size = np.round(3.0 + 9.0 * erratic[lumpy], 1)
    for row, each in zip(lumpy.tolist(), size.tolist(), strict=True):
        told[row] = (
            f'{{"rate": {mean[row] / each:.6g}, "size": {{"family": "negative_binomial", '
            f'"mean": {each}, "std": {each:.6g}}}}}'
        )
    blank = family == "compound_poisson"
    return {
        "family": family,
        "mean": np.where(blank, np.nan, mean),
        "std": np.where(blank, np.nan, np.round(std, 6)),
        "parameters": told,
    }
