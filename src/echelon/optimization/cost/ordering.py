"""Orders in lots, multiples and minimum quantities, and targets that are fill rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Self

import numpy as np

from echelon.distributions import Deterministic, Distribution, Normal
from echelon.distributions.closed import CLOSED
from echelon.lead_time.exposure import exposure_demand
from echelon.lead_time.totals import ExposureDemand
from echelon.network.compiled import Booleans, Floats
from echelon.network.network import Network
from echelon.optimization.cost.along_lanes import upstream_of
from echelon.optimization.cost.covered_demand import CoveredDemand
from echelon.optimization.cost.demand_over_time import DemandOverTime, SteadyDemand
from echelon.optimization.cost.exact_quantile import ExactQuantile
from echelon.optimization.cost.extension import Extension, Stages
from echelon.optimization.cost.limited_stock import scarce
from echelon.optimization.cost.lumps import BatchedStock, LumpyRequests
from echelon.optimization.cost.normal_bound import NormalBound
from echelon.optimization.cost.normal_demand import as_normal
from echelon.optimization.cost.position_excess import OrderRule, PositionExcess
from echelon.optimization.cost.random_wait import RandomWait
from echelon.optimization.cost.request_steps import RequestSteps
from echelon.optimization.cost.stage_stock import StageStock
from echelon.optimization.cost.targeted_stock import TargetedStock
from echelon.optimization.cost.totals_over_time import NormalOverTime, TotalsOverTime
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.service_targets import ServiceTargets

_LOT_POLICIES = ("reorder_point", "reorder_point_once")
_LOTS = ("order_quantity", "order_multiple", "minimum_order")
_COLUMNS = ("policy", *_LOTS, "service_measure")
_PLAIN = (NormalBound, ExactQuantile, RandomWait)
_LIMITS = ("capacity", "maximum_order")


@dataclass(frozen=True, slots=True)
class Lots:
    """What rounded orders of some stages can add to the requests that a supplier sees.

    Attributes
    ----------
    most : float
        Largest excess of the position, units of the stage.
    width : float
        Length of the interval in which what is ordered lies, given what was asked for, units.
    usage : float
        Units of the supplier in one of the stage, over all paths.
    """

    most: float
    width: float
    usage: float


class Ordering(Extension):
    """Own lots and service measures of each stage, and the lots that its customers order in.

    Parameters
    ----------
    rules : dict of int to OrderRule
        Of the stages, in compiled order, that do not order any quantity.
    by_point : (n_stages,) bool
        Stages whose policy has a reorder point.
    fill : (n_stages,) bool
        Stages whose target is a fill rate.
    limited : (n_stages,) bool
        Stages that can make or order only so much, so that positions are not what lots leave.
    above : (n_stages,) bool
        Stages that supply some of them.
    steps : RequestSteps
    targets : ServiceTargets
    concerned : (n_stages,) bool
        Stages that order in lots or promise a fill rate, or supply such.
    """

    def __init__(
        self,
        rules: dict[int, OrderRule],
        by_point: Booleans,
        fill: Booleans,
        limited: Booleans,
        above: Booleans,
        steps: RequestSteps,
        targets: ServiceTargets,
        concerned: Booleans,
    ) -> None:
        self.concerned = concerned
        self._rules, self._by_point, self._fill = rules, by_point, fill
        self._limited, self._above = limited, above.tolist()
        self._steps, self._targets = steps, targets
        self._below: dict[int, dict[int, float]] = {}
        self._lots: dict[int, tuple[float, float]] = {}
        self._excess: dict[int, PositionExcess] = {}
        self._averaged: set[int] = set()

    @classmethod
    def of(cls, network: Network, targets: ServiceTargets, seen: DemandSeen) -> Self | None:
        """Read the tables; None where all order any quantity and promise cycle service."""
        used = network.features["stages"]
        if not any(name in used for name in _COLUMNS):
            return None
        compiled = network.compiled
        order = compiled.stage_row
        quantity, multiple, minimum = (
            np.nan_to_num(network.cells("stages", name).astype(np.float64))[order] for name in _LOTS
        )
        by_point = np.isin(network.cells("stages", "policy").astype(str), _LOT_POLICIES)[order]
        quantity = np.where(by_point, quantity, 0.0)
        fill = np.equal(network.cells("stages", "service_measure"), "fill").astype(np.bool_)[order]
        lots = (quantity, multiple, minimum)
        lifted = np.logical_or.reduce([one != 0.0 for one in lots])
        odd = fill | lifted
        if not odd.any():
            return None
        columns = (one[lifted].tolist() for one in (np.arange(len(order)), *lots))
        rules = {stage: OrderRule(*each) for stage, *each in zip(*columns, strict=True)}
        steps = RequestSteps(network, np.where(quantity != 0.0, quantity, multiple))
        concerned = odd | upstream_of(compiled, odd)
        limited = _limited(network, seen)
        above = upstream_of(compiled, lifted)
        return cls(rules, by_point, fill, limited, above, steps, targets, concerned)

    def prepare(self, stages: Stages, demands: Mapping[int, DemandOverTime]) -> None:
        """Find by how much lots lift the positions of all stages that order in some."""
        for stage, rule in self._rules.items():
            step = self._steps.grain(stages, stage)
            if rule.in_lots_alone:
                excess = PositionExcess.uniform(rule.lot, step=step)
            else:
                between = demand_between(stages, stage, demands[stage])
                excess = PositionExcess.stationary(rule, between, step=step)
            self._excess[stage] = excess
            if excess.most > 0.0:
                stages.excess[stage] = most = excess.most
                self._lots[stage] = most, rule.lot if rule.in_lots_alone else 2.0 * most

    def choose_stock(
        self, stages: Stages, stage: int, demand: DemandOverTime, stock: StageStock
    ) -> StageStock:
        """Meet the target by its measure, with what lots leave above the base stock."""
        target = float(self._targets.service_level[stage])
        fill = bool(self._fill[stage]) and not np.isnan(target)
        averages = not stages.customers[stage] and not self._limited[stage]
        averaged = averages and stage in self._excess and not np.isnan(target)
        if not (fill or averaged) or not isinstance(stock, _PLAIN):
            return stock  # an extension that knows more of the demand has chosen
        if averaged:
            self._averaged.add(stage)
        law, known = self._law(stages, stage, demand)
        return TargetedStock(
            demand=law,
            rate=demand.rate,
            target=target,
            fill=fill,
            served=float(max(stages.review[stage], 1)),
            excess=self._excess[stage] if averaged else PositionExcess.none(),
            known=known,
        )

    def wrap_stock(self, stages: Stages, stage: int, stock: StageStock) -> StageStock:
        """Add the lots that customer stages order in, and the own ones where they are not in it."""
        lots = self._lots_below(stages, stage)
        if lots:
            factor = float(stages.seen.safety_factor[stage])
            below = [Lots(*self._lots[other], usage) for other, usage in lots.items()]
            stages.lumps[stage] = most_requested(below, factor)
            stock = LumpyRequests(stock, stages.lumps[stage])
        if stage in self._excess and stage not in self._averaged:
            stock = BatchedStock(stock, self._excess[stage].mean)
        return stock

    def orders(self, stages: Stages) -> dict[str, Floats]:
        """Give what a simulation needs to order as planned, by stage.

        ``order_quantity`` and ``below_base_stock``, by how much the reorder point is below the base
        stock, units; NaN where the policy has no reorder point.
        """
        n = stages.compiled.n_stages
        quantity, below = np.full(n, np.nan), np.full(n, np.nan)
        for stage in np.flatnonzero(self._by_point).tolist():
            rule = self._rules.get(stage)
            quantity[stage] = rule.quantity if rule is not None else 0.0
            below[stage] = self._steps.grain(stages, stage) or 0.0
        return {"order_quantity": quantity, "below_base_stock": below}

    def _law(
        self, stages: Stages, stage: int, demand: DemandOverTime
    ) -> tuple[TotalsOverTime, bool]:
        """Demand over time as exactly as it is known, and whether it is."""
        wait = stages.waits.get(stage)
        spread = stages.wait_std[stage]
        if not isinstance(demand, SteadyDemand) or (wait is None and spread > 0.0):
            return NormalOverTime(demand, spread), demand.normal
        if stage in stages.exact:
            return CoveredDemand(stages.exact[stage][0], wait), True
        return CoveredDemand(as_normal(demand)[0], wait), demand.normal

    def _lots_below(self, stages: Stages, stage: int) -> dict[int, float]:
        """Units of a stage in one of each that it supplies and that orders in lots, by stage.

        Over any number of lanes.
        """
        if not self._above[stage]:
            return {}
        if stage in self._below:
            return self._below[stage]
        found: dict[int, float] = {}
        for below, usage in stages.customers[stage]:
            for other, units in self._lots_below(stages, below).items():
                found[other] = found.get(other, 0.0) + usage * units
            if below in self._lots:
                found[below] = found.get(below, 0.0) + usage
        self._below[stage] = found
        return found


def _limited(network: Network, seen: DemandSeen) -> Booleans:
    """Stages that a period's demand may put behind, by capacity or largest order."""
    compiled = network.compiled
    cells = (network.cells("stages", name).astype(np.float64) for name in _LIMITS)
    making, most = (np.where(np.isnan(limit), np.inf, limit)[compiled.stage_row] for limit in cells)
    rate = np.minimum(making, most / np.maximum(compiled.review_period, 1))
    return np.isfinite(rate) & scarce(rate, seen.mean, seen.std)


def most_requested(lots: list[Lots], safety_factor: float) -> float:
    r"""By how much the orders of a time can exceed the demand that leads to them, units.

    Never by more than the sum of the largest excesses. Given the demand, what each stage orders is
    one of two neighbouring multiples with the demand as mean, independently of the others, so that
    by Hoeffding's inequality the sum of :math:`n` of them is above its mean by
    :math:`\sqrt{\ln(1/(1 - \alpha))/2\,\sum q_k^2}` with a probability of at most
    :math:`1 - \alpha` [1]_, which is less where stages are many.

    Parameters
    ----------
    lots : list of Lots
    safety_factor : float
        Of the stage that is asked: :math:`\alpha = \Phi(z)`.

    References
    ----------
    .. [1] Hoeffding (1963), *Journal of the American Statistical Association* 58(301), theorem 2.

    Examples
    --------
    >>> lots = Lots(most=10.0, width=10.0, usage=1.0)
    >>> most_requested([lots], 1.645), round(most_requested([lots] * 20, 1.645), 1)
    (10.0, 54.7)
    """
    from scipy.special import log_ndtr

    surely = sum(one.most * one.usage for one in lots)
    squares = sum((one.width * one.usage) ** 2 for one in lots)
    beyond = -float(log_ndtr(-safety_factor))
    return min(surely, sqrt(beyond / 2.0 * squares))


def demand_between(
    stages: Stages, stage: int, demand: DemandOverTime
) -> Distribution | ExposureDemand:
    """Demand from one review to the next: the exact one where known, else normal as seen."""
    periods = float(max(stages.review[stage], 1))
    if stage in stages.exact:
        law = stages.exact[stage][0]
        total = law.sum_over(periods) if law.family in CLOSED else None
        return exposure_demand(law, periods) if total is None else total
    time = np.array(periods)
    mean, variance = float(demand.mean(time)), float(demand.variance(time))
    return Normal(mean, sqrt(variance)) if variance > 0.0 else Deterministic(mean)
