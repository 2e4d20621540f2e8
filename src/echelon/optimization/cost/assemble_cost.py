"""Choose and wrap the stock of every stage, by what the tables say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np

from echelon.network.compiled import Floats
from echelon.network.network import Network
from echelon.optimization.cost.capacity import Capacity
from echelon.optimization.cost.demand_over_time import DemandOverTime, SteadyDemand
from echelon.optimization.cost.exact_demands import exact_demands
from echelon.optimization.cost.extension import Extension, Stages
from echelon.optimization.cost.guaranteed_service_cost import GuaranteedServiceCost
from echelon.optimization.cost.normal_bound import NormalBound
from echelon.optimization.cost.ordering import Ordering
from echelon.optimization.cost.reviews import Reviews
from echelon.optimization.cost.searched_stocks import searched_stocks
from echelon.optimization.cost.segment_targets import SegmentTargets
from echelon.optimization.cost.stage_stock import StageStock
from echelon.optimization.cost.windowed_rows import WindowedRows
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.random_times import random_waits
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
    """Makes the stocks of all stages of one network, and the cost function of each component.

    The stocks are made together, when the first are asked for.

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
        self._network, self._targets, self._seen = network, targets, seen
        made = [make(network, targets, seen) for make in extensions]
        by_rows = (WindowedRows, SegmentTargets)
        made[:0] = [one.of(network, targets, seen, by_period=by_period) for one in by_rows]
        self._extensions = [one for one in made if one is not None]

    @property
    def extended(self) -> bool:
        """Whether some extension has to be asked about every stage."""
        return bool(self._extensions)

    def of(self, components: Sequence[int]) -> list[GuaranteedServiceCost]:
        """Give the cost functions of some components, by number, in their order."""
        compiled, seen = self._network.compiled, self._seen
        made, orders = self._made
        ends = (compiled.component_ptr - compiled.component_ptr[0]).tolist()
        owner = np.repeat(np.arange(compiled.n_components), np.diff(ends)).tolist()
        special: list[dict[int, StageStock]] = [{} for _ in range(compiled.n_components)]
        for stage, stock in made.items():
            c = owner[stage]
            special[c][stage - ends[c]] = stock
        ordered = _by_component(orders, ends)
        return [
            GuaranteedServiceCost(
                shard, seen.of_stages(slice(*ends[c : c + 2])), special[c], ordered[c]
            )
            for c, shard in zip(components, compiled.each(components), strict=True)
        ]

    @cached_property
    def _made(self) -> tuple[dict[int, StageStock], dict[str, Floats]]:
        """Stocks of the stages that are special, and the columns on orders, of all stages."""
        network = self._network
        waits = random_waits(network)
        exact = exact_demands(network, self._targets, waits)
        stages = Stages(network.compiled, self._seen, exact, waits)
        made = searched_stocks(stages)
        if self._extensions:
            made = _extended(stages, made, self._extensions)
        orders: dict[str, Floats] = {}
        for extension in self._extensions:
            orders |= extension.orders(stages)
        return dict(sorted(made.items())), orders


def _extended(
    stages: Stages, searched: Mapping[int, StageStock], extensions: Sequence[Extension]
) -> dict[int, StageStock]:
    """Ask the extensions about the stages that concern them, customers before suppliers."""
    made = dict(searched)
    concerning = _concerning(stages.compiled.n_stages, extensions)
    steady = _steady_demands(stages.seen, list(concerning))
    demands: dict[int, DemandOverTime] = {}
    demand: DemandOverTime
    for (stage, asked), demand in zip(concerning.items(), steady, strict=True):
        for extension in asked:
            demand = extension.change_demand(stages, stage, demand)
        demands[stage] = demand
    for extension in extensions:
        extension.prepare(stages, demands)
    for (stage, asked), plain in zip(concerning.items(), steady, strict=True):
        demand = demands[stage]
        stock = searched.get(stage)
        if stock is None or demand is not plain:
            stock = NormalBound(demand, stages.wait_std[stage])
        for extension in asked:
            stock = extension.choose_stock(stages, stage, demand, stock)
        for extension in asked:
            stock = extension.wrap_stock(stages, stage, stock)
        if isinstance(stock, NormalBound) and demand is plain:
            made.pop(stage, None)
        else:
            made[stage] = stock
    return made


def _concerning(n_stages: int, extensions: Sequence[Extension]) -> dict[int, tuple[Extension, ...]]:
    """Give the stages that some extension is asked about, customers first, with those."""
    codes = np.zeros(n_stages, dtype=np.int64)  # a bit for each extension
    for number, extension in enumerate(extensions):
        codes[... if extension.concerned is None else extension.concerned] |= 1 << number
    known = {
        code: tuple(one for k, one in enumerate(extensions) if code >> k & 1)
        for code in np.unique(codes).tolist()
    }
    stages = np.flatnonzero(codes)[::-1]
    return {
        stage: known[code]
        for stage, code in zip(stages.tolist(), codes[stages].tolist(), strict=True)
    }


def _steady_demands(seen: DemandSeen, numbers: Sequence[int]) -> list[SteadyDemand]:
    """Give the demand that each of some stages sees in periods that are alike."""
    at = np.array(numbers, dtype=np.int64)
    normal = seen.normal | (seen.std == 0.0)
    columns = (seen.mean, seen.std, seen.bound_std, seen.safety_factor, normal)
    return [
        SteadyDemand(*each) for each in zip(*(one[at].tolist() for one in columns), strict=True)
    ]


def _by_component(orders: Mapping[str, Floats], ends: Sequence[int]) -> list[dict[str, Floats]]:
    """Cut columns into components, which have those that say something of some of their stages."""
    found: list[dict[str, Floats]] = [{} for _ in ends[1:]]
    for name, values in orders.items():
        told = np.logical_or.reduceat(~np.isnan(values), ends[:-1])
        for c in np.flatnonzero(told).tolist():
            found[c][name] = values[slice(*ends[c : c + 2])]
    return found
