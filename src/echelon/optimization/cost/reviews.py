"""Reviews of the stages below: requests come in lumps, and nested ones wait for each other once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import lcm
from typing import Self

import numpy as np
from scipy.sparse import csr_array

from echelon.network.compiled import Floats
from echelon.network.network import Network
from echelon.optimization.cost.along_lanes import upstream_of
from echelon.optimization.cost.demand_over_time import DemandOverTime, SteadyDemand
from echelon.optimization.cost.extension import Extension, Stages
from echelon.optimization.cost.review_strands import Strands
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
        compiled = network.compiled
        column = network.columns("stages", ["review_phase"])["review_phase"]
        self._phase = column.to_numpy(dtype=np.int64)[compiled.stage_row]
        moments = network.columns("demand", ["mean", "std"]).to_numpy(dtype=np.float64)
        self._mean, self._std = moments[:, 0].copy(), moments[:, 1].copy()
        self._made: dict[int, ReviewedDemand] | None = None
        self.concerned = self._above = upstream_of(compiled, compiled.review_period > 1)

    @classmethod
    def of(cls, network: Network, targets: ServiceTargets, seen: DemandSeen) -> Self | None:
        """None where no stage that has suppliers reviews more rarely than every period."""
        del seen
        compiled = network.compiled
        orders = np.diff(compiled.pred_ptr) > 0
        if not (orders & (compiled.review_period > 1)).any():
            return None
        return cls(network, targets.row_factor)

    def change_demand(self, stages: Stages, stage: int, demand: DemandOverTime) -> DemandOverTime:
        """Reckon with the periods that lie in the requests, where stages below review rarely."""
        if not isinstance(demand, SteadyDemand):
            return demand  # another demand is stretched once its stock is known
        return self._reviewed(stages).get(stage, demand)

    def wrap_stock(self, stages: Stages, stage: int, stock: StageStock) -> StageStock:
        """Add the stock that waits for rare orders, and cover the lumps where nothing else does."""
        reviewed = self._reviewed(stages).get(stage)
        if reviewed is None:
            return stock
        demand = getattr(stock, "demand", None)
        covers = isinstance(getattr(demand, "demand", demand), ReviewedDemand)
        return LumpedStock(stock, reviewed, stretched=not covers)

    def _reviewed(self, stages: Stages) -> dict[int, ReviewedDemand]:
        """Demand in the requests that stages see, of those below which some review rarely."""
        if self._made is None:
            strands = Strands.of(stages.compiled, self._phase, self._above).where_rare()
            apart = np.ones(len(strands.row), dtype=np.bool_)
            if self._network.independent:
                apart = strands.by_several_chains
            pooled, knots = self._pooled(strands.among(~apart)), self._knots(strands.among(apart))
            cycles = [lcm(*(review for review, _ in chain)) for chain in strands.chains]
            self._made = {
                stage: self._gathered(
                    stages,
                    stage,
                    pooled.get(stage, ()),
                    knots.get(stage, ()),
                    lcm(*(cycles[chain] for chain in set(strands.chain[here].tolist()))),
                )
                for stage, here in strands.at_stages()
            }
        return self._made

    def _pooled(self, strands: Strands) -> dict[int, tuple[Strand, ...]]:
        """Pool the rows that reach a stage by one chain each, by stage."""
        new = np.diff(strands.stage, prepend=-1) != 0
        new[1:] |= strands.chain[1:] != strands.chain[:-1]
        begins = np.flatnonzero(new)
        if not len(begins):
            return {}
        row, units = strands.row, strands.units
        own = units * self._std[row]
        moments = (units * self._mean[row], own**2, (self._factor[row] * own) ** 2)
        sums = [np.add.reduceat(one, begins).tolist() for one in moments]
        chains = [strands.chains[chain] for chain in strands.chain[begins].tolist()]
        made = [Strand(*each) for each in zip(chains, *sums, strict=True)]
        found: dict[int, tuple[Strand, ...]] = {}
        for stage, here in strands.among(new).at_stages():
            found[stage] = tuple(made[here])
        return found

    def _knots(self, strands: Strands) -> dict[int, tuple[Knot, ...]]:
        """Keep rows apart that reach a stage by several chains, or all where some are correlated.

        By stage; one knot for each row where rows vary independently, else one of all.
        """
        found: dict[int, tuple[Knot, ...]] = {}
        for stage, here in strands.at_stages():
            by_row: dict[int, list[tuple[Chain, float]]] = {}
            columns = (one[here].tolist() for one in (strands.row, strands.chain, strands.units))
            for row, chain, units in zip(*columns, strict=True):
                by_row.setdefault(row, []).append((strands.chains[chain], units))
            rows = sorted(by_row)
            parts = [[row] for row in rows] if self._network.independent else [rows]
            found[stage] = tuple(self._knot(part, by_row) for part in parts)
        return found

    def _gathered(
        self,
        stages: Stages,
        stage: int,
        pooled: tuple[Strand, ...],
        knots: tuple[Knot, ...],
        cycle: int,
    ) -> ReviewedDemand:
        """Give the demand of one stage, whose requests repeat themselves after a ``cycle``."""
        seen = stages.seen
        return ReviewedDemand(
            strands=pooled,
            knots=knots,
            rate=float(seen.mean[stage]),
            safety_factor=float(seen.safety_factor[stage]),
            normal=bool(seen.normal[stage]) or float(seen.std[stage]) == 0.0,
            starts=_starts(cycle, stages.review[stage], int(self._phase[stage])),
            review=stages.review[stage],
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


@lru_cache(maxsize=256)
def _starts(cycle: int, review: int, phase: int) -> tuple[int, ...]:
    """Periods from which on a stage covers requests, over a ``cycle`` and its own reviews."""
    together = lcm(cycle, review)
    if review == 0 or together > _LONGEST_CYCLE:
        return tuple(range(min(cycle, _LONGEST_CYCLE)))
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
