"""The tasks of a shard on their way to a worker: few long arrays in place of many short ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from echelon.network.compiled import CompiledNetwork, Floats
from echelon.optimization.cost.guaranteed_service_cost import GuaranteedServiceCost
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.placement import ComponentTask


@dataclass(frozen=True, slots=True)
class TaskShard:
    """Tasks, each of one component, that are pickled with their arrays end to end.

    A component has some thirty arrays, mostly of a few numbers, and each would travel by itself.

    Attributes
    ----------
    tasks : sequence of ComponentTask
    """

    tasks: Sequence[ComponentTask]

    def __len__(self) -> int:
        """How many tasks."""
        return len(self.tasks)

    def __reduce__(self) -> tuple[Callable[..., TaskShard], tuple[Any, ...]]:
        """Take the arrays out of the tasks, which keep the rest."""
        if not self.tasks:
            return TaskShard, ((),)
        costs = [task.cost for task in self.tasks]
        return _apart, (
            CompiledNetwork.joined([cost.component for cost in costs]),
            DemandSeen.joined([cost.seen for cost in costs]),
            np.concatenate([task.target for task in self.tasks]),
            [(cost.special, cost.orders, cost.known) for cost in costs],
            [
                (one.method, one.limits, one.start, one.messages, one.whole, one.ready)
                for one in self.tasks
            ],
        )


def _apart(
    compiled: CompiledNetwork,
    seen: DemandSeen,
    target: Floats,
    costs: Sequence[tuple[Any, ...]],
    tasks: Sequence[tuple[Any, ...]],
) -> TaskShard:
    """Give every task its part of the arrays back."""
    ends = (compiled.component_ptr - compiled.component_ptr[0]).tolist()
    parts = compiled.each(range(compiled.n_components))
    made = []
    for component, span, cost, task in zip(parts, pairwise(ends), costs, tasks, strict=True):
        own = slice(*span)
        whole = GuaranteedServiceCost(component, seen.of_stages(own), *cost)
        made.append(ComponentTask(whole, target[own], *task))
    return TaskShard(made)
