"""Networks whose components are all trees under the plain normal bound, placed in microseconds.

What does not change from call to call (the checks, the demand seen, times in ticks, the order of
folding) is made once and kept with the network. Each call chooses candidate times and solves the
dynamic program anew. The plan's frames are made when they are first looked at.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from echelon.errors import InfeasibleError
from echelon.exact.guaranteed_service.plain_tree import PlainTree
from echelon.network.compiled import CompiledNetwork, Floats, Integers
from echelon.network.network import Network
from echelon.optimization.assemble import assemble
from echelon.optimization.outcome import Outcome
from echelon.optimization.placement import (
    ComponentTask,
    Placement,
    check_random_lead_times,
    evaluate,
)
from echelon.optimization.proof import Limits
from echelon.optimization.tasks import component_tasks
from echelon.policies.plan import Plan
from echelon.results import Provenance

MOST_STAGES = 2_000
"""Of larger networks the time goes into the search, and progress is shown."""

_ROUTE = "tree program"


@dataclass(frozen=True, slots=True)
class ReadyTree:
    """One component: its task, the tree as the kernel reads it, and what its stages cost."""

    task: ComponentTask
    tree: PlainTree
    slope: Floats
    still: Floats

    @classmethod
    def of(cls, task: ComponentTask) -> ReadyTree | None:
        """Make a component ready; None where it needs more than the tree program, or a warning."""
        cost = task.cost
        served = ~np.isnan(task.target)
        unknown = served & ~cost.seen.normal & (cost.seen.std > 0.0)
        if not cost.plain or unknown.any():
            return None
        check_random_lead_times(cost.component)
        tree = PlainTree.of_component(cost.component)
        if tree is None:
            return None
        holding = cost.component.holding_cost
        slope = holding * cost.seen.bound_std / np.sqrt(tree.times.ticks_per_period)
        noise = [cost.wait_noise(j) for j in range(tree.times.n_stages)]
        return cls(task, tree, slope, holding * np.array(noise))

    def place(self) -> Placement | None:
        """Place the component by itself; None where it has no plan, which the long way explains."""
        began = time.perf_counter()
        service, cost = self.tree.place(self.slope, self.still)
        if not np.isfinite(cost):
            return None
        return self.placement(service, cost, time.perf_counter() - began)

    def placement(self, service: Integers, cost: float, seconds: float) -> Placement:
        """What the component's service times come to, stage by stage."""
        times = self.tree.times
        columns = evaluate(self.task, times, *times.settled(service))
        return Placement(columns, Outcome("optimal", cost, cost, 0.0, "optimal", seconds), _ROUTE)


@dataclass(frozen=True, slots=True)
class ReadyTrees:
    """All components of a network, made ready."""

    network: Network
    trees: tuple[ReadyTree, ...]

    @classmethod
    def of(
        cls, network: Network, service_level: float | None, warn: Callable[[], None]
    ) -> ReadyTrees | None:
        """Make a network ready, or take it as it was made ready before.

        None where a component is not a tree under the plain normal bound, cannot be solved, or
        where there is something to warn of: all that goes the long way.

        Parameters
        ----------
        network : Network
        service_level : float or None
        warn : callable
            Gives the warnings that ``optimize`` gives before it solves.
        """
        kept = network.kept
        key = ("ready trees", service_level)
        if key not in kept:
            kept[key] = cls._made(network, service_level, warn)
        ready = kept[key]
        assert ready is None or isinstance(ready, ReadyTrees)
        return ready

    @classmethod
    def _made(
        cls, network: Network, service_level: float | None, warn: Callable[[], None]
    ) -> ReadyTrees | None:
        if network.n_stages > MOST_STAGES or not _is_forest(network.compiled):
            return None
        if "service_level" in network.features["demand"]:
            return None  # levels by segment are promised row by row
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            warn()
            tasks = component_tasks(network, service_level, "auto", Limits(0.0, None, "highs"))
        if given:
            return None
        try:
            trees = [ReadyTree.of(task) for task in tasks]
        except InfeasibleError:
            return None
        ready = tuple(tree for tree in trees if tree is not None)
        return cls(network, ready) if len(ready) == len(trees) else None

    def plan(self, provenance: Callable[[], Provenance], **known: Any) -> Plan | None:
        """Place every component; None where one of them has no plan, which the long way explains.

        Parameters
        ----------
        provenance : callable
            Asked once all are placed.
        **known : object
            Further fields of the plan.
        """
        placed = []
        total = 0.0
        for ready in self.trees:
            began = time.perf_counter()
            service, cost = ready.tree.place(ready.slope, ready.still)
            if cost == np.inf:
                return None
            placed.append((service, cost, time.perf_counter() - began))
            total += cost
        network, told = self.network, provenance()
        return Plan.later(
            partial(_assembled, self, placed, told),
            provenance=told,
            objective=total,
            bound=total,
            gap=0.0,
            status="optimal",
            termination="optimal",
            period=network.period,
            periods_per_year=network.periods_per_year,
            currency=network.currency,
            name=network.name,
            **known,
        )


def _is_forest(compiled: CompiledNetwork) -> bool:
    return compiled.n_lanes == compiled.n_stages - compiled.n_components


def _assembled(
    ready: ReadyTrees, placed: list[tuple[Integers, float, float]], provenance: Provenance
) -> Plan:
    placements = [tree.placement(*found) for tree, found in zip(ready.trees, placed, strict=True)]
    return assemble(ready.network, ready.network.compiled, placements, provenance)
