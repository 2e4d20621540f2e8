"""Cost tables of guaranteed service: holding cost times the stock of each stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers
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
        That of the last :meth:`over_all`, or what was searched for beside others, if anything was.
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
        return _money([(self, ptr, covered)], self.component, ptr, covered, searched)

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


def costs_of_all(asked: Sequence[Asked], shard: CompiledNetwork) -> tuple[list[Floats], LevelTable]:
    """Ask the costs of many components at once, each as :meth:`GuaranteedServiceCost.over_all`.

    Parameters
    ----------
    asked : sequence of (GuaranteedServiceCost, ptr, covered)
        Each with the arguments of that method.
    shard : CompiledNetwork
        Their components, end to end.

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
    every = LevelTable.of_components(
        [cost.special for cost, *_ in asked], [len(own) - 1 for _, own, _ in asked], ptr, covered
    )
    money = _money(asked, shard, ptr, covered, every)
    return np.split(money, begins[1:-1]), every.table


def plain_stages(costs: Sequence[GuaranteedServiceCost]) -> Booleans:
    """Which stages of components that stand end to end are not special, (n_stages,)."""
    plain = np.ones(sum(cost.component.n_stages for cost in costs), dtype=np.bool_)
    first = 0
    for cost in costs:
        plain[[first + j for j in cost.special]] = False
        first += cost.component.n_stages
    return plain


def plain_squares(
    costs: Sequence[GuaranteedServiceCost], shard: CompiledNetwork, stages: Integers
) -> tuple[Floats, Floats]:
    """Variance of the bound per period, and what varying supplies add, of plain stages.

    Parameters
    ----------
    costs : sequence of GuaranteedServiceCost
        Of all components.
    shard : CompiledNetwork
        Those components, end to end.
    stages : (n,) int64
        Of the shard, none of them special.

    Returns
    -------
    bound, noise : (n,) float64
        Units squared. Over ``tau`` periods the safety stock is ``sqrt(bound * tau + noise)``.
    """
    std = np.concatenate([cost.seen.bound_std for cost in costs])[stages]
    bound = np.array([one**2 for one in std.tolist()])
    noise = np.zeros(len(stages))
    ptr = shard.component_ptr - shard.component_ptr[0]
    noisy = np.flatnonzero(wait_std(shard)[stages] > 0.0)
    owners = np.searchsorted(ptr, stages[noisy], side="right") - 1
    own = (stages[noisy] - ptr[owners]).tolist()
    for at, owner, stage in zip(noisy.tolist(), owners.tolist(), own, strict=True):
        noise[at] = costs[owner].wait_noise(stage) ** 2
    return bound, noise


def _money(
    asked: Sequence[Asked],
    shard: CompiledNetwork,
    ptr: Integers,
    covered: Floats,
    searched: SearchedLevels,
) -> Floats:
    """Money per period of all components, with the levels that have been searched for.

    ``shard``, ``ptr`` and ``covered`` are those of ``asked`` end to end.
    """
    n = len(ptr) - 1
    of = np.repeat(np.arange(n), np.diff(ptr))
    bound, noise, rate = np.zeros(n), np.zeros(n), np.zeros(n)
    table, at, place = searched
    others: list[tuple[GuaranteedServiceCost, int, slice]] = []
    known, first = set(table.stages.tolist()), 0
    costs = [cost for cost, *_ in asked]
    plain = np.flatnonzero(plain_stages(costs))
    bound[plain], noise[plain] = plain_squares(costs, shard, plain)
    for cost, own, _ in asked:
        for j in cost.special:
            if first + j not in known:
                others.append((cost, j, slice(*ptr[first + j : first + j + 2].tolist())))
        first += len(own) - 1
    held = np.sqrt(bound[of] * covered + noise[of])
    rate[table.stages] = table.rate
    held[at] = table.levels[place] - rate[of[at]] * covered[at] + 0.0
    money = np.asarray(shard.holding_cost[of] * held)
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
