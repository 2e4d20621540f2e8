"""From a network to the tasks of placing its stock, one per component."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from echelon.execution.collector import collector_paused
from echelon.network.compiled import CompiledNetwork
from echelon.network.network import Network
from echelon.optimization.cost.assemble_cost import CostAssembler
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.placement import ComponentTask
from echelon.optimization.proof import Limits
from echelon.optimization.service_targets import ServiceTargets


@dataclass(frozen=True, slots=True)
class CostSource:
    """What the costs of a network's components are made of, all stages at once."""

    compiled: CompiledNetwork
    targets: ServiceTargets
    seen: DemandSeen
    costs: CostAssembler

    @classmethod
    @collector_paused()
    def of(
        cls, network: Network, service_level: float | None, *, by_period: bool = False
    ) -> CostSource:
        """Read targets and demand.

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
        return cls(compiled, targets, seen, costs)

    @collector_paused()
    def tasks(
        self, components: Iterable[int], method: str, limits: Limits, *, whole: bool = False
    ) -> list[ComponentTask]:
        """Give some components, by position, their arrays, their costs, and how to solve them."""
        numbers = list(components)
        ends = (self.compiled.component_ptr - self.compiled.component_ptr[0]).tolist()
        level = self.targets.service_level
        return [
            ComponentTask(cost, level[slice(*ends[c : c + 2])], method, limits, whole=whole)
            for c, cost in zip(numbers, self.costs.of(numbers), strict=True)
        ]


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
    source = CostSource.of(network, service_level, by_period=by_period)
    return source.tasks(range(source.compiled.n_components), method, limits, whole=whole)
