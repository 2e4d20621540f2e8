"""Cost tables of guaranteed service: holding cost times the stock of each stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from echelon.network.compiled import CompiledNetwork, Floats, Integers
from echelon.optimization.cost.demand_over_time import SteadyDemand
from echelon.optimization.cost.normal_bound import NormalBound
from echelon.optimization.cost.stage_stock import StageStock, StageTimes
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.random_times import wait_std_at


@dataclass(frozen=True, slots=True)
class GuaranteedServiceCost:
    """Holding cost of the stock of one component, as tables over service times.

    Attributes
    ----------
    component : CompiledNetwork
        A shard of one component.
    seen : DemandSeen
    special : mapping of stage to StageStock
        Stages that hold stock otherwise than under the plain normal bound.
    orders : mapping of str to (n_stages,) float64
        What a simulation needs beside the base stocks: ``order_quantity``, ``below_base_stock``
        (by how much a reorder point is below the base stock), ``maximum_order``; NaN where a stage
        has none.
    """

    component: CompiledNetwork
    seen: DemandSeen
    special: Mapping[int, StageStock]
    orders: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """Whether every stage is under the plain normal bound.

        Then a stage's cost is ``holding_cost * sqrt(bound_std**2 * tau + noise**2)``, with noise 0
        where nothing into the stage varies (see :meth:`wait_noise`).
        """
        return not self.special

    @property
    def concave(self) -> bool:
        """Whether every stage's stock is concave in ``tau`` and rises with it."""
        return all(stock.concave for stock in self.special.values())

    @property
    def covered_only(self) -> bool:
        """Whether every stage's cost is a function of its net replenishment time alone."""
        return all(stock.covered_only for stock in self.special.values())

    def stock(self, stage: int) -> StageStock:
        """How much stock a stage holds for its service times."""
        if stage in self.special:
            return self.special[stage]
        return NormalBound(steady(self.seen, stage), wait_std_at(self.component, stage))

    def plain_stock(self, stages: Integers, covered: Floats) -> tuple[Floats, Floats]:
        """Safety stock and base stock of plain stages, as their ``NormalBound`` has them.

        Parameters
        ----------
        stages : (n,) int64
            None of them ``special``.
        covered : (n,) float64
            Net replenishment times, periods.

        Returns
        -------
        safety, base : (n,) float64
            Units.
        """
        bound = np.array([std**2 for std in self.seen.bound_std[stages].tolist()])
        noise = np.array([self.wait_noise(j) ** 2 for j in stages.tolist()])
        safety = np.sqrt(bound * covered + noise)
        return safety, self.seen.mean[stages] * covered + safety

    def table(self, stage: int, inbound: Floats, outbound: Floats, covered: Floats) -> Floats:
        """Money per period for each pair of service times (see ``CostFunction``)."""
        stock = self.stock(stage)
        if stock.covered_only:
            return self.over_covered(stage, covered)
        heard = np.broadcast_to(inbound[:, None], covered.shape)
        quoted = np.broadcast_to(outbound[None, :], covered.shape)
        return self.cost_of(stage, StageTimes(heard, quoted, covered))

    def over_covered(self, stage: int, covered: Floats) -> Floats:
        """Money per period over net replenishment times of any shape; stages that allow it."""
        return self.cost_of(stage, StageTimes.covering(covered))

    def cost_of(self, stage: int, times: StageTimes) -> Floats:
        """Money per period of a stage's stock, shape of the times."""
        stock = self.stock(stage)
        held = stock.safety_stock(times)
        if stage in self.special:
            held = held + stock.extra_stock(times)
        return np.asarray(self.component.holding_cost[stage] * held)

    def wait_noise(self, stage: int) -> float:
        """Safety stock of a plain stage at no time covered, units: for supplies that vary."""
        spread = wait_std_at(self.component, stage)
        return float(self.seen.safety_factor[stage] * self.seen.mean[stage] * spread)


def steady(seen: DemandSeen, stage: int) -> SteadyDemand:
    """Give the demand that a stage sees in periods that are alike."""
    std = float(seen.std[stage])
    return SteadyDemand(
        rate=float(seen.mean[stage]),
        std=std,
        bound_std=float(seen.bound_std[stage]),
        safety_factor=float(seen.safety_factor[stage]),
        normal=bool(seen.normal[stage]) or std == 0.0,
    )
