"""Reviews of the stages below: requests come in lumps, and nested ones wait for each other once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import lcm
from typing import Self

import numpy as np
from scipy.sparse import csr_array

from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network
from echelon.optimization.cost.demand_over_time import DemandOverTime, SteadyDemand
from echelon.optimization.cost.extension import Component, Extension, upstream_of
from echelon.optimization.cost.review_windows import Chain, Knot, ReviewedDemand, Strand
from echelon.optimization.cost.stage_stock import StageStock, StageTimes
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.service_targets import ServiceTargets

_LONGEST_CYCLE = 5_040
"""Periods; reviews that come together more rarely are taken to fall in any period."""


class Reviews(Extension):
    """Stages that supply others which do not review in every period.

    Parameters
    ----------
    network : Network
    row_factor : (n_demands,) float64
        Safety factor of each row of demand.
    """

    def __init__(self, network: Network, row_factor: Floats) -> None:
        self._network, self._factor = network, row_factor
        column = network.columns("stages", ["review_phase"])["review_phase"]
        self._phase: Integers = column.to_numpy(dtype=np.int64)
        moments = network.columns("demand", ["mean", "std"]).to_numpy(dtype=np.float64)
        self._mean, self._std = moments[:, 0].copy(), moments[:, 1].copy()
        self._rows = list(zip(*(one.tolist() for one in (*moments.T, row_factor)), strict=True))
        self._chains: dict[int, dict[tuple[int, Chain], float]] = {}
        self._made: dict[int, ReviewedDemand | None] = {}
        compiled = network.compiled
        self.concerned = upstream_of(compiled, compiled.review_period > 1)

    @classmethod
    def of(cls, network: Network, targets: ServiceTargets, seen: DemandSeen) -> Self | None:
        """None where no stage that has suppliers reviews more rarely than every period."""
        del seen
        compiled = network.compiled
        orders = np.diff(compiled.pred_ptr) > 0
        if not (orders & (compiled.review_period > 1)).any():
            return None
        return cls(network, targets.row_factor)

    def change_demand(
        self, component: Component, stage: int, demand: DemandOverTime
    ) -> DemandOverTime:
        """Reckon with the periods that lie in the requests, where stages below review rarely."""
        if not isinstance(demand, SteadyDemand):
            return demand  # another demand is stretched once its stock is known
        return self._reviewed(component, stage) or demand

    def wrap_stock(self, component: Component, stage: int, stock: StageStock) -> StageStock:
        """Add the stock that waits for rare orders, and cover the lumps where nothing else does."""
        reviewed = self._reviewed(component, stage)
        if reviewed is None:
            return stock
        demand = getattr(stock, "demand", None)
        covers = isinstance(getattr(demand, "demand", demand), ReviewedDemand)
        return LumpedStock(stock, reviewed, stretched=not covers)

    def _reviewed(self, component: Component, stage: int) -> ReviewedDemand | None:
        """Demand in the requests that a stage sees, None where nothing below reviews rarely."""
        row = component.row(stage)
        if row not in self._made:
            strands = self._rare_strands(component, stage)
            self._made[row] = self._gathered(component, stage, strands) if strands else None
        return self._made[row]

    def _rare_strands(self, component: Component, stage: int) -> dict[tuple[int, Chain], float]:
        """Give :meth:`_strands` where a stage between reviews more rarely than every period."""
        strands = self._strands(component, stage)
        rare = any(review > 1 for _, chain in strands for review, _ in chain)
        return strands if rare else {}

    def _strands(self, component: Component, stage: int) -> dict[tuple[int, Chain], float]:
        """Units of a stage in one of each row of demand, by the chain of reviews between."""
        row = component.row(stage)
        if row in self._chains:
            return self._chains[row]
        shard = component.shard
        found: dict[tuple[int, Chain], float] = {
            (demand_row, ()): 1.0 for demand_row in component.demand_rows(stage)
        }
        for below, below_row, usage in component.lanes_to_customers(stage):
            review = int(shard.review_period[below])
            link = ((review, int(self._phase[below_row])),) if review else ()
            for (demand_row, chain), units in self._strands(component, below).items():
                key = (demand_row, link + chain)
                found[key] = found.get(key, 0.0) + usage * units
        self._chains[row] = found = {key: units for key, units in found.items() if units > 0.0}
        return found

    def _gathered(
        self, component: Component, stage: int, strands: dict[tuple[int, Chain], float]
    ) -> ReviewedDemand:
        by_row: dict[int, list[tuple[Chain, float]]] = {}
        for (demand_row, chain), usage in strands.items():
            by_row.setdefault(demand_row, []).append((chain, usage))
        pooled: dict[Chain, tuple[float, float, float]] = {}
        knots = []
        if self._network.independent:
            for demand_row, parts in by_row.items():
                if len(parts) > 1:
                    knots.append(self._knot([demand_row], by_row))
                    continue
                (chain, usage) = parts[0]
                mean, std, factor = self._rows[demand_row]
                rate, variance, bound = pooled.get(chain, (0.0, 0.0, 0.0))
                own = usage * std
                pooled[chain] = rate + usage * mean, variance + own**2, bound + (factor * own) ** 2
        elif by_row:
            knots.append(self._knot(sorted(by_row), by_row))
        seen, shard = component.seen, component.shard
        return ReviewedDemand(
            strands=tuple(Strand(chain, *each) for chain, each in pooled.items()),
            knots=tuple(knots),
            rate=float(seen.mean[stage]),
            safety_factor=float(seen.safety_factor[stage]),
            normal=bool(seen.normal[stage]) or float(seen.std[stage]) == 0.0,
            starts=self._starts(component, stage, strands),
            review=int(shard.review_period[stage]),
        )

    def _knot(self, rows: list[int], by_row: dict[int, list[tuple[Chain, float]]]) -> Knot:
        if self._network.independent:
            covariance = np.diag(self._std[rows] ** 2)
        else:
            every = self._network.covariance
            chosen = csr_array(
                (np.ones(len(rows)), (np.arange(len(rows)), rows)), shape=(len(rows), every.n_rows)
            )
            covariance = every.between(chosen)
        factor = self._factor[rows]
        return Knot(
            strands=tuple(
                (place, chain, usage)
                for place, row in enumerate(rows)
                for chain, usage in by_row[row]
            ),
            rate=self._mean[rows],
            covariance=covariance,
            bound_covariance=covariance * np.outer(factor, factor),
        )

    def _starts(
        self, component: Component, stage: int, strands: dict[tuple[int, Chain], float]
    ) -> tuple[int, ...]:
        """Periods from which on the stage covers requests, over a cycle of all reviews."""
        cycle = lcm(*(review for _, chain in strands for review, _ in chain))
        review = int(component.shard.review_period[stage])
        if review == 0:
            return tuple(range(min(cycle, _LONGEST_CYCLE)))
        together = lcm(cycle, review)
        if together > _LONGEST_CYCLE:
            return tuple(range(min(cycle, _LONGEST_CYCLE)))
        phase = int(self._phase[component.row(stage)])
        return tuple(range(phase, phase + together, review))


@dataclass(frozen=True, slots=True)
class LumpedStock:
    """Stock of a stage that is asked rarely and for much: some of it waits for the next order.

    Attributes
    ----------
    stock : StageStock
    demand : ReviewedDemand
    stretched : bool
        Whether the stock knows nothing of the lumps. It is then asked to cover the most periods of
        demand that any of them holds.
    """

    stock: StageStock
    demand: ReviewedDemand
    stretched: bool
    concave = False

    @property
    def covered_only(self) -> bool:
        """As the stock itself."""
        return self.stock.covered_only

    def base_stock(self, times: StageTimes) -> Floats:
        """Base stock, units."""
        return self.stock.base_stock(self._held(times))

    def safety_stock(self, times: StageTimes) -> Floats:
        """Safety stock at the moment at which most is asked for, units."""
        return self.stock.safety_stock(self._held(times))

    def extra_stock(self, times: StageTimes) -> Floats:
        """Cycle stock, units: what is there on average and not at that moment."""
        more = self.demand.cycle_stock(np.asarray(times.covered))
        return np.asarray(self.stock.extra_stock(times) + more)

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """Service at the moment at which most is asked for."""
        return self.stock.promised_service(self._held(times), base_stock)

    def _held(self, times: StageTimes) -> StageTimes:
        if not self.stretched:
            return times
        return replace(times, covered=self.demand.longest(np.asarray(times.covered)))
