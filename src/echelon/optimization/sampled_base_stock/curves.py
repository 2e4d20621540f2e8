"""Cost and service over the level of a stage with customers, on the sampled paths."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.optimization.sampled_base_stock.problem import MEASURES, SampledProblem, Target
from echelon.optimization.sampled_base_stock.recursion import (
    Reading,
    evaluate,
    priced,
    service,
)

Floats = NDArray[np.float64]

_POINTS: Final = 41
_WIDTH: Final = 1.25
"""The curve goes from 0 to this much above what leaves nobody short but one path in a hundred."""


def curve(problem: SampledProblem, levels: Floats, stage: int) -> pd.DataFrame:
    """Costs and service at levels of one stage that supplies nobody, the others as they are.

    Returns
    -------
    DataFrame
        level, holding_cost, shortage_cost, cost, cycle, ready, fill; costs of the whole component.
    """
    reading = evaluate(problem, levels)
    gaps = np.concatenate([reading.gap[p] for p in problem.counted[stage].tolist()])
    top = max(_WIDTH * float(np.quantile(gaps, 0.99)), float(levels[stage]), 1e-9)
    tried = np.unique(np.append(np.linspace(0.0, top, _POINTS), levels[stage]))
    rows = []
    for level in tried.tolist():
        moved = _moved(problem, reading, levels, stage, level)
        given = [service(problem, moved, Target(stage, name, 0.5)) for name in MEASURES]
        rows.append((level, moved.holding, moved.shortage, moved.objective, *given))
    names = ["level", "holding_cost", "shortage_cost", "cost", *MEASURES]
    return pd.DataFrame(rows, columns=names)


def _moved(
    problem: SampledProblem, reading: Reading, levels: Floats, stage: int, level: float
) -> Reading:
    """The reading at another level of a stage that supplies nobody: only its own units change."""
    late = list(reading.late)
    holding, loss = reading.holding, reading.loss
    numbers = problem.counted[stage].tolist()
    for p in numbers:
        late[p] = np.maximum(reading.gap[p] - level, 0.0)
        more = late[p] - reading.late[p]
        on_hand = level - levels[stage] + more
        holding += float(on_hand.mean()) * float(problem.holding_cost[stage]) / len(numbers)
        loss = loss + problem.backorder_cost[stage] * more / len(numbers)
    return priced(problem, reading.gap, late, holding, loss)
