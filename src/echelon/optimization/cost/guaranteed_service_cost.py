"""Cost tables of guaranteed service: holding cost times the stock of each stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from echelon.network.compiled import CompiledNetwork, Floats, Integers
from echelon.optimization.cost.demand_over_time import SteadyDemand
from echelon.optimization.cost.levels_at_once import LevelTable, SearchedLevels
from echelon.optimization.cost.normal_bound import NormalBound
from echelon.optimization.cost.stage_stock import StageStock, StageTimes
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.random_times import wait_std, wait_std_at

Asked: TypeAlias = tuple["GuaranteedServiceCost", Integers, Floats]
"""A cost function, and of each of its stages the times covered that it is asked for."""


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
    known : list of LevelTable
        That of the last :meth:`over_all`, if there was one.
    """

    component: CompiledNetwork
    seen: DemandSeen
    special: Mapping[int, StageStock]
    orders: Mapping[str, Floats] = field(default_factory=dict)
    known: list[LevelTable] = field(default_factory=list, repr=False, compare=False)

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
        bound, noise = self._plain_squares(stages)
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

    def over_all(self, ptr: Integers, covered: Floats) -> Floats:
        """Money per period over net replenishment times of all stages, as :meth:`over_covered`.

        Parameters
        ----------
        ptr : (n_stages + 1,) int64
            Where the times of each stage begin.
        covered : (m,) float64
            Periods.

        Returns
        -------
        (m,) float64
        """
        searched = LevelTable.of_curves(self.special, ptr, covered)
        self.known[:] = [searched.table]
        return _money([(self, ptr, covered)], ptr, covered, searched)

    def _plain_squares(self, stages: Integers) -> tuple[Floats, Floats]:
        """Variance of the bound per period, and what varying supplies add, of plain stages."""
        if not len(stages):
            return np.zeros(0), np.zeros(0)
        bound = np.array([std**2 for std in self.seen.bound_std[stages].tolist()])
        noise = np.zeros(len(stages))
        for at in np.flatnonzero(wait_std(self.component)[stages] > 0.0).tolist():
            noise[at] = self.wait_noise(int(stages[at])) ** 2
        return bound, noise

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


def costs_of_all(asked: Sequence[Asked]) -> tuple[list[Floats], LevelTable]:
    """Ask the costs of many components at once, each as :meth:`GuaranteedServiceCost.over_all`.

    Parameters
    ----------
    asked : sequence of (GuaranteedServiceCost, ptr, covered)
        Each with the arguments of that method.

    Returns
    -------
    list of (m,) float64
        Money per period.
    LevelTable
        The levels of all, their stages numbered through.
    """
    begins = np.cumsum([0, *(len(covered) for *_, covered in asked)])
    ptr = np.concatenate(
        [
            *(first + own[:-1] for first, (_, own, _) in zip(begins, asked, strict=False)),
            begins[-1:],
        ]
    )
    covered = np.concatenate([own for *_, own in asked])
    parts, every = LevelTable.of_components(
        [cost.special for cost, *_ in asked], [len(own) - 1 for _, own, _ in asked], ptr, covered
    )
    for (cost, *_), own in zip(asked, parts, strict=True):
        cost.known[:] = [own]
    money = _money(asked, ptr, covered, every)
    return np.split(money, begins[1:-1]), every.table


def _money(
    asked: Sequence[Asked], ptr: Integers, covered: Floats, searched: SearchedLevels
) -> Floats:
    """Money per period of all components, with the levels that have been searched for.

    ``ptr`` and ``covered`` are those of ``asked`` end to end.
    """
    n = len(ptr) - 1
    of = np.repeat(np.arange(n), np.diff(ptr))
    bound, noise, rate = np.zeros(n), np.zeros(n), np.zeros(n)
    table, at, place = searched
    others: list[tuple[GuaranteedServiceCost, int, slice]] = []
    known, first = set(table.stages.tolist()), 0
    for cost, own, _ in asked:
        plain = np.ones(len(own) - 1, dtype=np.bool_)
        plain[list(cost.special)] = False
        stages = np.flatnonzero(plain)
        bound[first + stages], noise[first + stages] = cost._plain_squares(stages)
        for j in cost.special:
            if first + j not in known:
                others.append((cost, j, slice(*ptr[first + j : first + j + 2].tolist())))
        first += len(own) - 1
    held = np.sqrt(bound[of] * covered + noise[of])
    rate[table.stages] = table.rate
    held[at] = table.levels[place] - rate[of[at]] * covered[at] + 0.0
    holding = np.concatenate([cost.component.holding_cost for cost, *_ in asked])
    money = np.asarray(holding[of] * held)
    for cost, j, here in others:
        money[here] = cost.over_covered(j, covered[here])
    return money


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
