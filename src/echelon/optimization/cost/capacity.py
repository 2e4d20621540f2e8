"""Capacities and largest orders: stock against what cannot be made in time, and smoother orders."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self

import numpy as np

from echelon.distributions import Distribution
from echelon.errors import Fault, TableError
from echelon.network.compiled import Booleans, CompiledNetwork, Floats
from echelon.network.network import Network
from echelon.optimization.cost.covered_demand import CoveredDemand
from echelon.optimization.cost.demand_over_time import DemandOverTime, SteadyDemand
from echelon.optimization.cost.exact_quantile import ExactQuantile
from echelon.optimization.cost.extension import Extension, Stages
from echelon.optimization.cost.limited_requests import (
    CensoredRequests,
    Request,
    UnreckonedLimit,
)
from echelon.optimization.cost.limited_stock import LimitedStock, OrderLimit, scarce
from echelon.optimization.cost.lumps import LumpyRequests
from echelon.optimization.cost.normal_bound import NormalBound
from echelon.optimization.cost.normal_demand import as_normal
from echelon.optimization.cost.seasonal_quantile import SeasonalQuantile
from echelon.optimization.cost.segmented_stock import SegmentedStock
from echelon.optimization.cost.stage_stock import StageStock
from echelon.optimization.cost.windowed_stock import WindowedStock
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.service_targets import ServiceTargets

_LOTS = ("order_multiple", "minimum_order")
_LIMITS = ("capacity", "maximum_order")


class Capacity(Extension):
    """Stages whose making or ordering is limited, and what their suppliers are asked for at most.

    A limited stage orders no more at once than it can make until its next review, so that it hands
    on a smoother demand than it sees [1]_. Not so where ``maximum_order`` is infinite, or is left
    blank at a stage that orders in lots.

    Parameters
    ----------
    limits : dict of int to OrderLimit
        By stage, compiled order.
    row_factor : (n_demands,) float64
        Safety factor of each row of ``Network.demand``.
    independent : bool
        Whether all rows of demand vary independently.
    concerned : (n_stages,) bool
        Stages in compiled order of components in which something is limited.

    References
    ----------
    .. [1] Schoenmeyr & Graves (2016), Strategic safety stocks in supply chains with capacity
       constraints, working paper of 2009, MIT.
    """

    def __init__(
        self,
        limits: dict[int, OrderLimit],
        row_factor: Floats,
        independent: bool,
        concerned: Booleans,
    ) -> None:
        self.concerned = concerned
        self._limits, self._row_factor, self._independent = limits, row_factor, independent
        self._demand: dict[int, DemandOverTime] = {}
        self._asked: dict[int, StageStock] = {}
        self._below: dict[int, bool] = {}
        self._scarce: dict[int, bool] = {}
        self._puts_off: dict[int, bool] = {}
        self._own_windows: dict[int, bool] = {}

    @classmethod
    def of(cls, network: Network, targets: ServiceTargets, seen: DemandSeen) -> Self | None:
        """Read the tables; None where nothing is limited.

        Raises
        ------
        TableError
            If a limit is not above the mean demand of its stage.
        """
        if not any(name in network.features["stages"] for name in _LIMITS):
            return None
        names = (*_LIMITS, *_LOTS)
        cells = {name: network.cells("stages", name).astype(np.float64) for name in names}
        making, most, multiple = (cells[name] for name in (*_LIMITS, "order_multiple"))
        in_lots = (network.cells("stages", "policy") != "base_stock").astype(np.bool_)
        for name in _LOTS:
            in_lots |= ~np.isnan(cells[name])
        compiled = network.compiled
        limits: dict[int, OrderLimit] = {}
        faults: list[Fault] = []
        given = ~(np.isnan(making) & np.isnan(most))
        for place in np.flatnonzero(given[compiled.stage_row]).tolist():
            row = int(compiled.stage_row[place])
            review = max(int(compiled.review_period[place]), 1)
            can_make = np.inf if np.isnan(making[row]) else float(making[row])
            at_once = float(most[row])
            if np.isnan(at_once):  # a lot may be more than can be made until the next review
                at_once = np.inf if in_lots[row] else can_make * review
            elif multiple[row] > 0.0 and at_once < np.inf:
                at_once = float(np.floor(at_once / multiple[row] + 1e-9) * multiple[row])
            limit = OrderLimit(can_make, at_once, review)
            if limit.rate == np.inf:
                continue
            limits[place] = limit
            needed = float(seen.mean[place])
            if limit.rate <= needed:
                faults.append(_fault(network, row, limit, needed))
        if faults:
            raise TableError(sorted(faults, key=lambda fault: fault.row))
        if not limits:
            return None
        concerned = _beside_limited(compiled, limits)
        return cls(limits, targets.row_factor, network.independent, concerned)

    def choose_stock(
        self, stages: Stages, stage: int, demand: DemandOverTime, stock: StageStock
    ) -> StageStock:
        """Leave the stock as it is, and remember the demand that requests are made of."""
        self._demand[stage] = demand
        self._own_windows[stage] = isinstance(stock, WindowedStock | SeasonalQuantile)
        self._scarce[stage] = self._is_scarce(stages, stage, stock)
        return stock

    def wrap_stock(self, stages: Stages, stage: int, stock: StageStock) -> StageStock:
        """Cover no more than limited customers can ask for, and what the own limit delays."""
        requests = self._requests(stages, stage)
        asked = self._bound(stages, stage)
        if requests:
            own = _own_bound(stages, stage, self._row_factor, self._independent)
            asked = CensoredRequests(asked, requests, own)
            sure = stage not in stages.waits and stages.wait_std[stage] == 0.0
            # the bound is over the time covered: not that of forecasts, seasons or two promises
            if sure and not self._own_windows[stage]:
                stock = CensoredRequests(stock, requests, own)
            elif self._scarce_below(stages, stage):
                stock = UnreckonedLimit(stock)
        self._puts_off[stage] = self._is_cut(stage) or self._scarce_below(stages, stage)
        self._asked[stage], self._below[stage] = asked, bool(requests)
        if stage in self._limits:
            limit, demand = self._limits[stage], self._demand[stage]
            law = self._law(stages, stage, stock)
            return LimitedStock(stock, limit, demand.rate, law, self._scarce[stage])
        return stock

    def orders(self, stages: Stages) -> dict[str, Floats]:
        """Give the most that each limited stage orders at once, units."""
        most = np.full(stages.compiled.n_stages, np.nan)
        for stage, limit in self._limits.items():
            if limit.at_once < np.inf:
                most[stage] = limit.at_once
        return {"maximum_order": most}

    def _is_scarce(self, stages: Stages, stage: int, stock: StageStock) -> bool:
        """Whether the stage's own limit may well put orders off, be it in the peak of a season."""
        limit = self._limits.get(stage)
        if limit is None:
            return False
        means, stds = (np.array([one[stage]]) for one in (stages.seen.mean, stages.seen.std))
        if isinstance(stock, WindowedStock | SeasonalQuantile | SegmentedStock):
            n = stock.n_periods
            means = np.append(means, stock.mean_of_period(n))
            stds = np.append(stds, stock.std_of_period(n))
        return bool(scarce(limit.rate, means, stds).any())

    def _is_cut(self, stage: int) -> bool:
        """Whether what the stage orders comes later than what it is asked for."""
        return self._scarce[stage] and self._limits[stage].at_once < np.inf

    def _scarce_below(self, stages: Stages, stage: int) -> bool:
        """Whether that is so at some stage that it supplies, directly or not."""
        return any(self._puts_off[below] for below, _ in stages.customers[stage])

    def _law(self, stages: Stages, stage: int, stock: StageStock) -> Distribution | None:
        """Demand of a stage that customers alone buy from, by which its promise is told."""
        demand = self._demand[stage]
        if stages.customers[stage] or stages.wait_std[stage] > 0.0:
            return None
        if isinstance(stock, ExactQuantile):
            return stock.demand.law
        if isinstance(stock, NormalBound) and isinstance(demand, SteadyDemand) and demand.normal:
            return as_normal(demand)[0]
        return None

    def _bound(self, stages: Stages, stage: int) -> StageStock:
        """Bound on what is asked of a stage in a time, whatever it waits for itself."""
        demand = self._demand[stage]
        bound: StageStock = NormalBound(demand)
        if stage in stages.exact and isinstance(demand, SteadyDemand):
            law, level = stages.exact[stage]
            bound = ExactQuantile(CoveredDemand(law), level)
        if stage in stages.lumps:
            bound = LumpyRequests(bound, stages.lumps[stage])
        return bound

    def _requests(self, stages: Stages, stage: int) -> tuple[Request, ...]:
        """What customer stages order, empty where nothing below is limited."""
        lanes = stages.customers[stage]
        if not any(below in self._limits or self._below[below] for below, _ in lanes):
            return ()
        return tuple(
            Request(
                usage,
                self._asked[below],
                stages.excess.get(below, 0.0),
                self._limits.get(below),
                stages.review[below],
            )
            for below, usage in lanes
        )


def _beside_limited(compiled: CompiledNetwork, limits: Collection[int]) -> Booleans:
    """Stages of the components of rows that are limited, (n_stages,), compiled order."""
    sizes = np.diff(compiled.component_ptr)
    limited = np.zeros(compiled.n_stages, dtype=np.bool_)
    limited[list(limits)] = True
    return np.repeat(np.logical_or.reduceat(limited, compiled.component_ptr[:-1]), sizes)


def _own_bound(
    stages: Stages, stage: int, row_factor: Floats, independent: bool
) -> StageStock | None:
    """Normal bound on what customers of a stage ask for, beside the stages that it supplies.

    At their own safety factors, as those of the stages below may be lower. Rows that may be
    correlated are taken to vary as one.
    """
    shard = stages.compiled
    rows = slice(*(shard.demand_ptr[stage : stage + 2] - shard.demand_ptr[0]))
    if rows.start == rows.stop:
        return None
    each = shard.demand_std[rows]
    scaled = row_factor[shard.demand_row[rows]] * each
    std, bound_std = (
        float(np.sqrt((one**2).sum()) if independent else one.sum()) for one in (each, scaled)
    )
    factor = bound_std / std if std > 0.0 else float(stages.seen.safety_factor[stage])
    rate = float(shard.demand_mean[rows].sum())
    normal = bool(stages.seen.normal[stage])
    return NormalBound(SteadyDemand(rate, std, bound_std, factor, normal))


def _fault(network: Network, row: int, limit: OrderLimit, needed: float) -> Fault:
    by_making = limit.making * limit.review <= limit.ordering
    return Fault(
        table="stages",
        column="capacity" if by_making else "maximum_order",
        row=row + 1,
        value=limit.making if by_making else limit.ordering,
        message=f"allows {limit.rate:g} units per period, and the stage needs {needed:g}: what is "
        "owed would grow without end",
        remedy="raise it above the mean demand, or leave it blank for no limit",
        key=network.labels[row],
    )
