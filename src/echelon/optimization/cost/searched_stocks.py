"""Stocks that are quantiles: of demands that are known, and of waits that vary, for all stages."""

from __future__ import annotations

import numpy as np

from echelon.optimization.cost.covered_demand import CoveredDemand
from echelon.optimization.cost.exact_quantile import ExactQuantile
from echelon.optimization.cost.extension import Stages
from echelon.optimization.cost.normal_demand import normal_demands
from echelon.optimization.cost.random_wait import RandomWait
from echelon.optimization.cost.stage_stock import StageStock


def searched_stocks(stages: Stages) -> dict[int, StageStock]:
    """Give every stage such a stock whose own demand is known exactly or whose supplies vary.

    Each is the stock of steady demand, as seen; an extension may know better.

    Parameters
    ----------
    stages : Stages

    Returns
    -------
    dict of stage to StageStock
    """
    found: dict[int, StageStock] = {}
    bound_std: list[float] = stages.seen.bound_std.tolist()
    for stage, (law, level) in stages.exact.items():
        wait = stages.waits.get(stage)
        if wait is None:
            found[stage] = ExactQuantile(CoveredDemand(law), level)
        else:
            covered = CoveredDemand(law, wait)
            found[stage] = RandomWait(covered, wait, level, law.mean, bound_std[stage], True)
    others = [stage for stage in stages.waits if stage not in found]
    for stage, stock in zip(others, _of_normal(stages, others), strict=True):
        found[stage] = stock
    return found


def _of_normal(stages: Stages, numbers: list[int]) -> list[RandomWait]:
    """Random waits of stages that take the demand they see for normal, or know it."""
    from scipy.special import ndtr

    at, seen = np.array(numbers, dtype=np.int64), stages.seen
    known = seen.normal | (seen.std == 0.0)
    columns = [one[at].tolist() for one in (seen.mean, seen.bound_std, known)]
    level = ndtr(seen.safety_factor[at]).tolist()
    laws = normal_demands(seen.mean[at], seen.std[at])
    waits = [stages.waits[stage] for stage in numbers]
    return [
        RandomWait(CoveredDemand(law, wait), wait, *each)
        for law, wait, *each in zip(laws, waits, level, *columns, strict=True)
    ]
