"""The components of a network under the plain normal bound, reckoned with all at once.

Most of a large portfolio is of this kind: known or normal demand, fixed times, no limits. What a
stage costs is then ``slope * sqrt(ticks covered)``, so no cost is tabulated and no object is made
per component. Whether a component belongs here depends on it alone, and so does its answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from echelon.exact.guaranteed_service.component_times import ComponentTimes
from echelon.exact.guaranteed_service.plain_cycles import cycles_placed, small_with_cycles
from echelon.exact.guaranteed_service.plain_tree import MOST_TICKS
from echelon.execution import cut
from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.evaluation import in_lanes
from echelon.optimization.placed_block import PlacedBlock, positions_of
from echelon.optimization.placement import ComponentTask
from echelon.optimization.random_times import wait_std
from echelon.optimization.ready_cycles import ROUTE
from echelon.optimization.tasks import CostSource
from echelon.progress import Progress, track

_TICKS_AS_LONG = 500.0
"""Ticks of a window that take as long as what is to be done for a stage anyway."""
_TICKS_AT_A_TIME = 25e6
"""A quarter of a second or so."""


@dataclass(frozen=True, slots=True)
class PlainComponents:
    """Times, costs and targets of a network's components, and which of them are plain trees.

    Attributes
    ----------
    compiled : CompiledNetwork
    times : ComponentTimes
    seen : DemandSeen
    target : (n_stages,) float64
        Service level asked for, NaN where no customer buys.
    components : (n,) int64
        Those that are plain, can be reckoned with in ticks, and whose stages can keep their limits;
        ascending.
    is_tree : (n,) bool
        Which of them are trees whose windows can be kept tick by tick.
    is_cyclic : (n,) bool
        Which of them have few cycles, and are small enough for tree programs by the hundred.
    slope : (n_stages,) float64
        Money per period and root of a tick covered.
    """

    compiled: CompiledNetwork
    times: ComponentTimes
    seen: DemandSeen
    target: Floats
    components: Integers
    is_tree: Booleans
    is_cyclic: Booleans
    slope: Floats

    @classmethod
    def of(
        cls, source: CostSource, tasks: Sequence[ComponentTask] = (), *, whole: bool = False
    ) -> PlainComponents:
        """Find the plain components of a network.

        Parameters
        ----------
        source : CostSource
        tasks : sequence of ComponentTask, optional
            Of all components; needed where ``source.costs`` is extended.
        whole : bool
            Whether stages quote whole periods only: then just those whose times all are whole,
            which have such a plan among their best without being told.
        """
        compiled, seen = source.compiled, source.seen
        times = ComponentTimes.of(compiled)
        meant = _plain(source) & times.exact & times.feasible
        if whole:
            meant &= times.ticks_per_period == 1.0
        found = np.flatnonzero(meant)
        lanes = np.diff(times.pred_ptr[times.component_ptr])
        trees = lanes == np.diff(times.component_ptr) - 1
        trees &= times.ticks_of_windows <= MOST_TICKS
        cyclic = small_with_cycles(times)
        if source.costs.extended:
            found = np.array([c for c in found.tolist() if tasks[c].cost.plain], dtype=np.int64)
        slope = compiled.holding_cost * seen.bound_std / np.sqrt(times.stage_ticks)
        level = source.targets.service_level
        return cls(compiled, times, seen, level, found, trees[found], cyclic[found], slope)

    @property
    def trees(self) -> Integers:
        """Components that the dynamic program takes."""
        return self.components[self.is_tree]

    def placed(self, progress: Progress = None) -> tuple[PlacedBlock, bool]:
        """Place every plain tree by dynamic program, and what has few cycles by many of them.

        Those without a plan, or without a proof in so many programs, are left out, and so is what
        an interrupt leaves undone.

        Parameters
        ----------
        progress : bool, callable or None

        Returns
        -------
        PlacedBlock
        bool
            Whether an interrupt ended it before all were tried.
        """
        began = time.perf_counter()
        service = np.zeros(self.compiled.n_stages, np.int64)
        cost = np.full(self.times.n_components, np.inf)
        cyclic = self.components[self.is_cyclic]
        stopped = False
        try:
            with track(progress, len(self.trees) + len(cyclic), "placing") as advance:
                for n_trees in self._trees_placed(service, cost):
                    advance(n_trees)
                found = cycles_placed(self.times, cyclic, self.slope, service)
                for c, least in zip(cyclic.tolist(), found, strict=True):
                    cost[c] = least
                    advance(1)
        except KeyboardInterrupt:  # what has been placed until then is kept
            stopped = True
        block = self._block(service, cost, time.perf_counter() - began)
        return block, stopped

    def _trees_placed(self, service: Integers, cost: Floats) -> Iterator[int]:
        """Run the compiled program for so few trees at a time that an interrupt is heard.

        Gives how many they were; their ``service`` and ``cost`` are written.
        """
        from echelon.kernels.forest_placement import place_forest  # numba: when it is needed

        times, trees = self.times, self.trees
        windows, roots, still = times.windows, times.roots, np.zeros_like(self.slope)
        stages = np.diff(times.component_ptr)[trees]
        work = stages * _TICKS_AS_LONG + times.ticks_of_windows[trees]
        for first, last in cut(work.tolist(), share=_TICKS_AT_A_TIME):
            place_forest(
                trees[first:last], times.component_ptr, times.pred_ptr, times.pred_stage,
                times.lane_delay, times.process, times.can_stock, *windows, *roots,
                self.slope, still, service, cost,
            )  # fmt: skip
            yield last - first

    def _block(self, service: Integers, cost: Floats, seconds: float) -> PlacedBlock:
        """Evaluate what has been placed: components whose cost is finite."""
        done = self.components[np.isfinite(cost[self.components])]
        routes = np.full(self.times.n_components, "tree program", dtype=object)
        routes[self.components[self.is_cyclic]] = ROUTE
        n = len(done)
        return PlacedBlock(
            components=done,
            columns=self.evaluated(done, service),
            objective=cost[done],
            bound=cost[done],
            gap=np.zeros(n),
            seconds=np.full(n, seconds / max(n, 1)),
            status=["optimal"] * n,
            termination=["optimal"] * n,
            method=routes[done].tolist(),
        )

    def evaluated(self, components: Integers, service: Integers) -> dict[str, Floats]:
        """Stage columns of some components, as ``placement.evaluate`` gives them of one.

        Parameters
        ----------
        components : (n,) int64
        service : (n_stages,) int64
            Outbound service times of the whole network, ticks.
        """
        from scipy.special import ndtr

        compiled, times = self.compiled, self.times
        at = positions_of(components, times.component_ptr)
        heard, quoted = (one[at] for one in times.settled(service))
        ticks = times.stage_ticks[at]
        tau = (heard + times.process[at] - quoted) / ticks
        mean, std = self.seen.mean[at], self.seen.std[at]
        safety = np.sqrt(self.seen.bound_std[at] ** 2 * tau)
        base = mean * tau + safety
        spread = np.sqrt(std**2 * tau)
        with np.errstate(divide="ignore", invalid="ignore"):
            promised = np.where(spread == 0.0, 1.0, ndtr((base - mean * tau) / spread))
        target = self.target[at]
        return {
            "service_time": quoted / ticks,
            "inbound_service_time": heard / ticks,
            "net_replenishment_time": tau,
            "safety_stock": safety,
            "base_stock": base,
            "pipeline_stock": mean * (compiled.lead_time[at] + in_lanes(compiled)[at]),
            "holding_cost": compiled.holding_cost[at] * safety,
            "demand_mean": mean,
            "demand_std": std,
            "target_service_level": target,
            "service_level": np.where(np.isnan(target), np.nan, promised),
        }


def _plain(source: CostSource) -> Booleans:
    """Which components have normal or known demand and fixed times, (n_components,)."""
    compiled = source.compiled
    n = compiled.n_components
    component = np.repeat(np.arange(n), np.diff(compiled.component_ptr))
    varying = wait_std(compiled) > 0.0
    odd = varying | ~source.seen.normal
    return np.asarray(np.bincount(component, odd, n) == 0)
