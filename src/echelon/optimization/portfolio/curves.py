r"""Options of SKUs that are held at one stage: stock and shortage along the order-up-to level.

Fill rate, cycle service level, stock on hand and backorders are those of
:mod:`echelon.exact.single_stage.base_stock`, exact for the demand's own distribution, over lead
time and review (clause 6). Levels are spread so that the chance of a shortage falls by equal
factors from one to the next, by a gamma distribution of the same moments, from nothing held to
almost nothing short; of demand in whole units they are whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from echelon.distributions.array import DistributionArray, array
from echelon.distributions.base import Distribution
from echelon.exact.single_stage.base_stock import SingleStage, single_stage
from echelon.exact.single_stage.stage_times import own_steps
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.optimization.portfolio.sku_options import SkuOptions

_MOST_BEYOND, _LEAST_BEYOND = 0.9, 1e-5
"""Chance that demand up to the end of a cycle is more than the lowest and the highest level."""


def single_stage_options(
    sku: Integers,
    stage: Integers,
    demand: Sequence[Distribution],
    lead_time: Sequence[float | Distribution] | Floats,
    review: Integers,
    can_stock: Booleans,
    *,
    n_levels: int,
) -> SkuOptions:
    """Tabulate base stocks of SKUs that stand alone.

    Parameters
    ----------
    sku, stage : (n,) int64
        Component and row of ``Network.stages``.
    demand : sequence of n Distribution
        Of one period, units.
    lead_time : sequence of n float or Distribution
        Periods.
    review : (n,) int64
        Periods between reviews.
    can_stock : (n,) bool
        Where not, the level is 0 and nothing else.
    n_levels : int
        Of each SKU, at most.

    Returns
    -------
    SkuOptions
        Levels of a SKU ascend.
    """
    laws = array(demand)
    stages = single_stage(laws, lead_time, review)
    level, keep = _levels(stages, laws, can_stock, n_levels)
    found = stages.measures(level)
    wide = [found.on_hand, 1.0 - found.fill_rate, 1.0 - found.cycle_service_level, found.backorders]
    at = np.nonzero(keep.T)  # SKU by SKU
    on_hand, short, missed, backorders = (values.T[at] for values in wide)
    n = len(at[0])
    return SkuOptions(
        sku=sku[at[0]],
        entry_first=np.arange(n + 1),
        stage=stage[at[0]],
        review=review[at[0]],
        level=level.T[at],
        on_hand=on_hand,
        short=np.clip(short, 0.0, 1.0),
        missed=np.clip(missed, 0.0, 1.0),
        backorders=backorders,
        service_time=np.zeros(n),
    )


def _levels(
    stages: SingleStage, laws: DistributionArray, can_stock: Booleans, n_levels: int
) -> tuple[Floats, Booleans]:
    """Levels (n_levels, n), ascending, and which of them count."""
    beyond = np.geomspace(_MOST_BEYOND, _LEAST_BEYOND, n_levels - 1)[:, None]
    cycle = stages.cycle_end
    level = np.zeros((n_levels, len(laws)))
    like = array("gamma", np.maximum(cycle.mean, 0.0), np.where(cycle.mean > 0.0, cycle.std, 0.0))
    level[1:] = like.ppf(np.broadcast_to(1.0 - beyond, (n_levels - 1, len(laws))))
    step = own_steps(laws)
    whole = step > 0.0
    unit = np.where(whole, step, 1.0)
    level = np.where(whole, np.ceil(level / unit - 1e-9) * unit, level)
    level = np.maximum.accumulate(np.maximum(level, 0.0), axis=0)
    keep = np.ones(level.shape, dtype=bool)
    keep[1:] = (np.diff(level, axis=0) > 0.0) & can_stock
    return level, keep
