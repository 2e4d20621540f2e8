"""Options of SKUs with several stages: placements of guaranteed service, priced out one by one.

An option of such a SKU is a level of service for its customers and a service time for every stage.
There are far too many to list. At given prices on the limits the best one is found by the certified
engine that places safety stock, once per level: the cost of a stage's stock, what it takes of the
limits and what its customers go short of are one table over its service times. So options are made
as the prices ask for them, and the best one at the prices bounds all those not made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echelon.exact.guaranteed_service.candidate_times import candidates
from echelon.exact.guaranteed_service.dual_ascent import fold_and_ascend
from echelon.exact.guaranteed_service.problem import ServiceTimeProblem
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.exact.single_stage.base_stock import single_stage
from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.placement import ComponentTask, check_random_lead_times
from echelon.optimization.portfolio.sku_options import SkuOptions
from echelon.optimization.proof import Limits
from echelon.optimization.tasks import component_tasks

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 0.9995)
"""Cycle service levels that the customers of a SKU with several stages may be promised."""

_GAP = 1e-9


@dataclass(frozen=True, slots=True)
class StageWeights:
    """What a stage's stock and service cost at some prices, per row of ``Network.stages``.

    Attributes
    ----------
    on_hand, level : (n_stages,) float64
        Per unit.
    short, missed : (n_stages,) float64
        For all demand of the stage's customers short, or every cycle.
    backorders : (n_stages,) float64
        Per unit.
    fixed : (n_stages,) float64
        Whatever is chosen.
    """

    on_hand: Floats
    level: Floats
    short: Floats
    missed: Floats
    backorders: Floats
    fixed: Floats


@dataclass(frozen=True, slots=True)
class _Quantities:
    """What is held and short, as tables over the service times of one stage."""

    level: Floats
    on_hand: Floats
    short: Floats
    missed: Floats
    backorders: Floats


class _Chain:
    """One SKU at one level of service: its tables, and the placement they ask for at prices."""

    def __init__(self, network: Network, number: int, task: ComponentTask) -> None:
        check_random_lead_times(task.cost.component)
        self._number, self._cost = number, task.cost
        self.rows = task.cost.component.stage_row
        self._times = ServiceTimes.of(task.cost.component)
        inbound, outbound, _ = candidates(self._times, whole_periods=True)
        self._blank = ServiceTimeProblem.of(self._times, _Nothing(), inbound, outbound)
        self._tables = [
            self._quantities(network, j, inbound[j], outbound[j]) for j in range(len(self.rows))
        ]

    def _quantities(
        self, network: Network, stage: int, inbound: Integers, outbound: Integers
    ) -> _Quantities:
        times, cost = self._times, self._cost
        tau = np.maximum(inbound[:, None] + times.process[stage] - outbound[None, :], 0)
        ticks = times.ticks_per_period
        covered, where = np.unique(tau, return_inverse=True)
        where = where.reshape(tau.shape)
        stock = cost.stock(stage)
        asked = StageTimes.covering(covered / ticks)
        level = np.asarray(stock.base_stock(asked), dtype=np.float64)
        on_hand = np.asarray(stock.safety_stock(asked), dtype=np.float64)
        none = np.zeros(len(covered))
        short, missed, owed = none, none, none
        component = cost.component
        if component.demand_ptr[stage + 1] > component.demand_ptr[stage]:
            row = int(component.stage_row[stage])
            law = network.demand_seen().distributions[row]
            assert law is not None
            review = float(component.review_period[stage])
            review_of = np.where(covered / ticks >= review, review, 0.0)
            alone = single_stage([law] * len(covered), covered / ticks - review_of, review_of)
            found = alone.measures(level)
            on_hand, owed = found.on_hand, found.backorders
            short = np.clip(1.0 - found.fill_rate, 0.0, 1.0)
            missed = np.clip(1.0 - found.cycle_service_level, 0.0, 1.0)
        tables = (level, on_hand, short, missed, owed)
        return _Quantities(*(table[where] for table in tables))

    def best(self, weights: StageWeights) -> tuple[float, SkuOptions]:
        """Least cost at prices, and the option that has it.

        Returns
        -------
        float
            Bound on every option of this level.
        SkuOptions
            Of one option.
        """
        tables = []
        for j, (row, q) in enumerate(zip(self.rows.tolist(), self._tables, strict=True)):
            table = (
                weights.on_hand[row] * q.on_hand
                + weights.level[row] * q.level
                + weights.short[row] * q.short
                + weights.missed[row] * q.missed
                + weights.backorders[row] * q.backorders
                + weights.fixed[row]
            )
            tables.append(np.where(np.isfinite(self._blank.cost[j]), table, np.inf))
        problem = ServiceTimeProblem(self._times, self._blank.inbound, self._blank.outbound, tables)
        found = fold_and_ascend(problem, gap=_GAP)
        return found.bound, self._option(found.choice.inbound, found.choice.outbound)

    def _option(self, inbound: Integers, outbound: Integers) -> SkuOptions:
        n = len(self.rows)
        at = list(zip(self._tables, inbound.tolist(), outbound.tolist(), strict=True))

        def of(name: str) -> Floats:
            return np.array([getattr(q, name)[a, b] for q, a, b in at])

        ticks = self._times.ticks_per_period
        promised = [self._blank.outbound[j][b] / ticks for j, b in enumerate(outbound.tolist())]
        return SkuOptions(
            sku=np.array([self._number]),
            entry_first=np.array([0, n]),
            stage=self.rows.astype(np.int64),
            review=self._cost.component.review_period.astype(np.int64),
            level=of("level"),
            on_hand=of("on_hand"),
            short=of("short"),
            missed=of("missed"),
            backorders=of("backorders"),
            service_time=np.array(promised),
        )


class _Nothing:
    """A cost of nothing: what it tabulates shows the pairs of times that are allowed."""

    concave = False
    covered_only = True

    def table(self, stage: int, inbound: Floats, outbound: Floats, covered: Floats) -> Floats:
        """Zero wherever times are allowed."""
        del stage, inbound, outbound
        return np.zeros(covered.shape)


class Chains:
    """All SKUs with several stages.

    Parameters
    ----------
    network : Network
    components : sequence of int
        Numbers of the SKUs' components; those that :func:`read_skus` lets take part.
    """

    def __init__(self, network: Network, components: Sequence[int]) -> None:
        self.components = list(components)
        self._chains: list[list[_Chain]] = [[] for _ in self.components]
        limits = Limits(_GAP, None, "highs")
        part = network.subset(self.components) if self.components else None
        for level in LEVELS if part is not None else ():
            assert part is not None
            tasks = component_tasks(part, level, "auto", limits)
            rows = _rows_in(network, part)
            for k, (number, task) in enumerate(zip(self.components, tasks, strict=True)):
                chain = _Chain(part, number, task)
                chain.rows = rows[chain.rows]
                self._chains[k].append(chain)

    def best(self, weights: StageWeights) -> tuple[Floats, list[SkuOptions]]:
        """Least cost of each SKU at prices, (n,), and the option of each."""
        bounds, options = [], []
        for levels in self._chains:
            found = [chain.best(weights) for chain in levels]
            bound, option = min(found, key=lambda one: one[0])
            bounds.append(bound)
            options.append(option)
        return np.array(bounds), options

    def first(self, weights: StageWeights) -> list[SkuOptions]:
        """One option per level of service and SKU: the cheapest at some prices."""
        return [chain.best(weights)[1] for levels in self._chains for chain in levels]


def _rows_in(network: Network, part: Network) -> Integers:
    """Row of ``network.stages`` of each stage of a part of it."""
    place = {
        key: row
        for row, key in enumerate(
            zip(network.stages["item"], network.stages["location"], strict=True)
        )
    }
    keys = zip(part.stages["item"], part.stages["location"], strict=True)
    return np.array([place[key] for key in keys], dtype=np.int64)
