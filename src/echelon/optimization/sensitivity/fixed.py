"""A plan's cost when a time changes and every stage keeps what it promises, as far as it can."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from echelon.network.compiled import CompiledNetwork
from echelon.optimization.cost.guaranteed_service_cost import GuaranteedServiceCost
from echelon.optimization.cost.stage_stock import StageTimes

Floats = NDArray[np.float64]
Changed = dict[int, tuple[float, float, float]]
"""Inbound service time, service time and net replenishment time by stage, periods."""

_ROUNDING = 1e-9


class FixedTimes:
    """One component at the service times of a plan.

    Where a lead time falls, the stage quotes what it quoted and covers less from stock. A stage
    that covered nothing quotes less instead, and those it supplies hear less, unless they wait for
    another supplier as long.

    Parameters
    ----------
    cost : GuaranteedServiceCost
    quoted : (n_stages,) float64
        Service times of the plan in compiled order, periods.
    """

    def __init__(self, cost: GuaranteedServiceCost, quoted: Floats) -> None:
        self.cost = cost
        shard: CompiledNetwork = cost.component
        self._pred_ptr = (shard.pred_ptr - shard.pred_ptr[0]).tolist()
        self._pred = shard.pred_stage.tolist()
        self._delay = shard.pred_lead_time.tolist()
        self._awaited = (shard.pred_share > 0.0).tolist()
        succ_ptr = shard.succ_ptr - shard.succ_ptr[0]
        self._succ = [
            shard.succ_stage[succ_ptr[j] : succ_ptr[j + 1]].tolist() for j in range(shard.n_stages)
        ]
        self._process = (shard.lead_time + shard.review_period).tolist()
        self._outside = shard.inbound_service_time.tolist()
        self._stocks = shard.can_stock.tolist()
        self.quoted = quoted.tolist()
        self.heard = [self._inbound(j, {}, None, 0.0) for j in range(shard.n_stages)]
        covered = np.array(self.heard) + np.array(self._process) - quoted
        self.covered = np.where(np.abs(covered) < _ROUNDING, 0.0, covered)

    def cost_of(
        self,
        stage: int,
        heard: float,
        quoted: float,
        covered: float,
        cost: GuaranteedServiceCost | None = None,
    ) -> float:
        """Money per period of a stage at some times, by another cost if given."""
        times = StageTimes(np.asarray(heard), np.asarray(quoted), np.asarray(covered))
        return float((self.cost if cost is None else cost).cost_of(stage, times))

    def total(self, cost: GuaranteedServiceCost | None = None) -> float:
        """Money per period of the component at the plan's times, by another cost if given."""
        planned = zip(self.heard, self.quoted, self.covered.tolist(), strict=True)
        return float(sum(self.cost_of(j, *times, cost) for j, times in enumerate(planned)))

    def shortened(
        self, less: float, *, stage: int | None = None, lane: int | None = None
    ) -> Changed:
        """Give the stages whose times change when a stage or a lane takes ``less`` periods less."""
        changed: Changed = {}
        if lane is not None:
            start = int(np.searchsorted(self._pred_ptr, lane, side="right")) - 1
        else:
            assert stage is not None
            start = stage
        waiting = {start}
        while waiting:
            j = min(waiting)  # upstream first
            waiting.remove(j)
            heard = self._inbound(j, changed, lane, less)
            ready = heard + self._process[j] - (less if j == stage else 0.0)
            quoted = min(self.quoted[j], ready) if self._stocks[j] else ready
            covered = max(ready - quoted, 0.0)
            before = (self.heard[j], self.quoted[j], self.covered[j])
            after = (heard, quoted, 0.0 if covered < _ROUNDING else covered)
            if max(abs(a - b) for a, b in zip(before, after, strict=True)) <= _ROUNDING:
                continue
            changed[j] = after
            if after[1] < before[1] - _ROUNDING:
                waiting.update(self._succ[j])
        return changed

    def saved(self, changed: Changed) -> float:
        """Money per period that changed times save."""
        return sum(
            self.cost_of(j, self.heard[j], self.quoted[j], float(self.covered[j]))
            - self.cost_of(j, *after)
            for j, after in changed.items()
        )

    def _inbound(self, stage: int, changed: Changed, lane: int | None, less: float) -> float:
        latest = float(self._outside[stage])
        for at in range(self._pred_ptr[stage], self._pred_ptr[stage + 1]):
            if not self._awaited[at]:
                continue
            supplier = self._pred[at]
            quoted = changed[supplier][1] if supplier in changed else self.quoted[supplier]
            delay = self._delay[at] - (less if at == lane else 0.0)
            latest = max(latest, quoted + delay)
        return latest
