"""Components of four stages whose costs fall as time passes, and all their plans, listed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.optimization.proof import Limits

TIGHT = Limits(1e-9, None, "highs")
FREE = 2**62
SHAPES = {
    "chain": [[], [0], [1], [2]],
    "two suppliers": [[], [], [0, 1], [2]],
    "two shops": [[], [0], [1], [1]],
    "diamond": [[], [0], [0], [1, 2]],
    "late join": [[], [], [0], [1, 2]],
}


class Jagged:
    """A cost of any shape over the time covered, listed tick by tick for each stage."""

    concave = False
    covered_only = True

    def __init__(self, listed: np.ndarray, ticks: int) -> None:
        self.listed, self.ticks = listed, ticks

    def over_covered(self, stage: int, covered: np.ndarray) -> np.ndarray:
        tau = np.rint(np.asarray(covered, dtype=float) * self.ticks).astype(int)
        return np.asarray(self.listed[stage], dtype=float)[tau]

    def table(
        self, stage: int, inbound: np.ndarray, outbound: np.ndarray, covered: np.ndarray
    ) -> np.ndarray:
        del inbound, outbound
        return self.over_covered(stage, covered)


def component(
    shape: str,
    process: Sequence[int],
    delays: Sequence[int],
    limit: int,
    unit: int,
    can_stock: Sequence[bool],
    outside: Sequence[int] = (0, 0, 0, 0),
) -> ServiceTimes:
    """Times in ticks, ``unit`` of them a period; where that is not 1, quotes are whole periods."""
    lanes = SHAPES[shape]
    ptr = np.concatenate([[0], np.cumsum([len(one) for one in lanes])])
    return ServiceTimes._bounded(
        float(unit),
        np.array(process, dtype=np.int64),
        np.array(delays[: ptr[-1]], dtype=np.int64),
        ptr,
        np.array([i for one in lanes for i in one], dtype=np.int64),
        np.array(outside, dtype=np.int64),
        np.array([FREE, FREE, FREE, limit], dtype=np.int64),
        np.array(can_stock, dtype=np.bool_),
        unit,
    )


def enumerated(times: ServiceTimes, cost: Jagged) -> float:
    """The least cost over all quotes; a stage waits for nothing but the next of them."""
    best, unit = np.inf, times.quote_unit
    for numbers in np.ndindex(*(times.outbound_high // unit + 1)):
        service = unit * np.array(numbers)
        total = 0.0
        for j in range(times.n_stages):
            lanes = range(times.pred_ptr[j], times.pred_ptr[j + 1])
            ready = max((service[times.pred_stage[k]] + times.lane_delay[k] for k in lanes),
                        default=0)  # fmt: skip
            ready = max(ready, times.outside[j])
            tau = ready + times.process[j] - service[j]
            if tau <= -unit or (not times.can_stock[j] and tau > 0):
                total = np.inf
                break
            total += cost.listed[j][max(tau, 0)]
        best = min(best, total)
    return float(best)
