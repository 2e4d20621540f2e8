"""Quantiles of one stage's demand, kept as its table and its levels ask for the same times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from echelon.network.compiled import Floats

_MOST_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class KeptLevels:
    """Levels by time, so that each is searched for once.

    Attributes
    ----------
    levels : dict of float to float
        Units by periods.
    """

    levels: dict[float, float] = field(default_factory=dict)

    def at(self, periods: Floats, search: Callable[[Floats], Floats]) -> Floats:
        """Give the level of each time, any shape; ``search`` finds those of (n,) new times."""
        distinct, position = np.unique(periods, return_inverse=True)
        found = [self.levels.get(time) for time in distinct.tolist()]
        new = np.array([one is None for one in found])
        values = np.array(found, dtype=np.float64)
        if new.any():
            values[new] = search(distinct[new])
            if len(self.levels) + int(new.sum()) > _MOST_KEPT:
                self.levels.clear()
            times = distinct[new].tolist()[:_MOST_KEPT]
            self.levels.update(zip(times, values[new].tolist(), strict=False))
        return np.asarray(values[position.reshape(np.shape(periods))])
