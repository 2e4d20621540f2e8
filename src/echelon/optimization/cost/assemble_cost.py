"""Choose and wrap the stock of every stage, by what the tables say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from echelon.network.compiled import CompiledNetwork, Floats
from echelon.network.network import Network
from echelon.optimization.cost.capacity import Capacity
from echelon.optimization.cost.covered_demand import CoveredDemand
from echelon.optimization.cost.demand_over_time import DemandOverTime, SteadyDemand
from echelon.optimization.cost.exact_demands import ExactDemands
from echelon.optimization.cost.exact_quantile import ExactQuantile
from echelon.optimization.cost.extension import Component, Extension
from echelon.optimization.cost.guaranteed_service_cost import GuaranteedServiceCost, steady
from echelon.optimization.cost.normal_bound import NormalBound
from echelon.optimization.cost.normal_demand import as_normal
from echelon.optimization.cost.ordering import Ordering
from echelon.optimization.cost.random_wait import RandomWait
from echelon.optimization.cost.reviews import Reviews
from echelon.optimization.cost.segment_targets import SegmentTargets
from echelon.optimization.cost.stage_stock import StageStock
from echelon.optimization.cost.windowed_rows import WindowedRows
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.random_times import RandomTimes, wait_std_at
from echelon.optimization.service_targets import ServiceTargets

MakeExtension: TypeAlias = Callable[[Network, ServiceTargets, DemandSeen], Extension | None]

EXTENSIONS: tuple[MakeExtension, ...] = (Reviews.of, Ordering.of, Capacity.of)
"""In the order in which they are asked; each gives None where the network has no use for it."""

RECKONED = (
    "stages.capacity",
    "stages.maximum_order",
    "stages.order_multiple",
    "stages.minimum_order",
    "stages.policy=reorder_point",
    "stages.policy=reorder_point_once",
    "stages.service_measure",
)
"""Features that these extensions reckon with, as ``Network.warn_of_unreckoned`` names them."""


class CostAssembler:
    """Makes the cost function of each component of one network.

    Parameters
    ----------
    network : Network
    targets : ServiceTargets
    seen : DemandSeen
        Of the whole network.
    extensions : sequence of callables, optional
        Those that are known.
    by_period : bool, default False
        Whether demand that changes by period is covered by levels that do.
    """

    def __init__(
        self,
        network: Network,
        targets: ServiceTargets,
        seen: DemandSeen,
        extensions: Sequence[MakeExtension] = EXTENSIONS,
        *,
        by_period: bool = False,
    ) -> None:
        self._seen = seen
        self._random_times = RandomTimes(network)
        self._exact_demands = ExactDemands(network, targets)
        made = [make(network, targets, seen) for make in extensions]
        by_rows = (WindowedRows, SegmentTargets)
        made[:0] = [one.of(network, targets, seen, by_period=by_period) for one in by_rows]
        self._extensions = [one for one in made if one is not None]
        self._concerning = _Concerning.of(network.compiled.n_stages, self._extensions)

    @property
    def extended(self) -> bool:
        """Whether some extension has to be asked about every stage."""
        return bool(self._extensions)

    def of(self, shard: CompiledNetwork, first: int) -> GuaranteedServiceCost:
        """Give the cost function of a component.

        Parameters
        ----------
        shard : CompiledNetwork
            Of one component.
        first : int
            Position of its first stage in the whole compiled network.

        Returns
        -------
        GuaranteedServiceCost
        """
        seen = self._seen.of_stages(slice(first, first + shard.n_stages))
        waits = self._random_times.of(shard, first)
        exact = self._exact_demands.of(shard, first, waits)
        component = Component(shard, first, seen, exact, waits)
        orders: dict[str, Floats] = {}
        if self._extensions:
            concerning = self._concerning.at(first, shard.n_stages)
            for stage in sorted({*concerning, *exact, *waits}, reverse=True):
                _make(component, stage, concerning.get(stage, ()))
            for extension in self._extensions:
                orders |= extension.orders(component)
        else:
            for stage in sorted({*exact, *waits}):
                component.made[stage] = chosen(component, stage, steady(seen, stage))
        return GuaranteedServiceCost(shard, seen, dict(component.made), orders)


@dataclass(frozen=True, slots=True)
class _Concerning:
    """Which extensions are asked about which stages.

    Attributes
    ----------
    codes : list of int
        Of the stages of the whole network, a bit for each extension that is concerned.
    extensions : dict of int to tuple of Extension
        Those of each code.
    """

    codes: list[int]
    extensions: dict[int, tuple[Extension, ...]]

    @classmethod
    def of(cls, n_stages: int, extensions: Sequence[Extension]) -> _Concerning:
        """Ask each extension once."""
        codes = np.zeros(n_stages, dtype=np.int64)
        for number, extension in enumerate(extensions):
            if extension.concerned is None:
                codes |= 1 << number
            else:
                codes[extension.concerned] |= 1 << number
        known = {
            code: tuple(one for k, one in enumerate(extensions) if code >> k & 1)
            for code in np.unique(codes).tolist()
        }
        return cls(codes.tolist(), known)

    def at(self, first: int, n_stages: int) -> dict[int, tuple[Extension, ...]]:
        """Give the stages of a component that some extension is asked about, with those."""
        codes = self.codes[first : first + n_stages]
        return {stage: self.extensions[code] for stage, code in enumerate(codes) if code}


def _make(component: Component, stage: int, extensions: Sequence[Extension]) -> None:
    plain = steady(component.seen, stage)
    demand: DemandOverTime = plain
    for extension in extensions:
        demand = extension.change_demand(component, stage, demand)
    stock = chosen(component, stage, demand)
    for extension in extensions:
        stock = extension.choose_stock(component, stage, demand, stock)
    for extension in extensions:
        stock = extension.wrap_stock(component, stage, stock)
    if not (isinstance(stock, NormalBound) and demand is plain):
        component.made[stage] = stock


def chosen(component: Component, stage: int, demand: DemandOverTime) -> StageStock:
    """Choose the kind of stock by what is known of the demand and of the wait for supplies."""
    wait = component.waits.get(stage)
    if not isinstance(demand, SteadyDemand):
        return NormalBound(demand, wait_std_at(component.shard, stage))
    if wait is not None:
        law, level = component.exact.get(stage) or as_normal(demand)
        known = stage in component.exact or demand.normal
        mean = law.mean if stage in component.exact else demand.rate
        return RandomWait(CoveredDemand(law, wait), wait, level, mean, demand.bound_std, known)
    if stage in component.exact:
        law, level = component.exact[stage]
        return ExactQuantile(CoveredDemand(law), level)
    return NormalBound(demand, wait_std_at(component.shard, stage))
