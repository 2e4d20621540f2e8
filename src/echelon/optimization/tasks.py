"""From a network to the tasks of placing its stock, one per component."""

from __future__ import annotations

from echelon.network.network import Network
from echelon.optimization.cost.assemble_cost import CostAssembler
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.placement import ComponentTask
from echelon.optimization.proof import Limits
from echelon.optimization.service_targets import ServiceTargets


def component_tasks(
    network: Network,
    service_level: float | None,
    method: str,
    limits: Limits,
    *,
    by_period: bool = False,
    whole: bool = False,
) -> list[ComponentTask]:
    """Give each component its arrays, its cost function, and how to solve it.

    ``by_period``: demand that changes by period is covered by levels that do. ``whole``: stages
    quote whole periods.

    Raises
    ------
    TableError
        If stages with customers have no service target.
    """
    targets = ServiceTargets.of(network, service_level)
    compiled = network.compiled
    family = network.cells("demand", "family")
    is_normal = (family == "normal") | (family == "deterministic")
    covariance = None if network.independent else network.covariance
    seen = DemandSeen.of(
        compiled,
        targets.safety_factor,
        is_normal,
        covariance,
        targets.row_factor if targets.by_row else None,
    )
    costs = CostAssembler(network, targets, seen, by_period=by_period)
    tasks = []
    for c in range(compiled.n_components):
        shard = compiled.shard(c, c + 1)
        first = int(compiled.component_ptr[c])
        target = targets.service_level[first : first + shard.n_stages]
        tasks.append(ComponentTask(costs.of(shard, first), target, method, limits, whole=whole))
    return tasks
