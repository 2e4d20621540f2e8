"""Orders in lots, multiples and minimum quantities, and targets that are fill rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import gcd, sqrt
from typing import Self

import numpy as np

from echelon.distributions import Deterministic, Distribution, Normal
from echelon.distributions.closed import CLOSED
from echelon.distributions.lattice import WHOLE_FAMILIES, lattice_step
from echelon.lead_time.exposure import exposure_demand
from echelon.lead_time.totals import ExposureDemand
from echelon.network.compiled import Booleans, Floats
from echelon.network.network import Network
from echelon.optimization.cost.covered_demand import CoveredDemand
from echelon.optimization.cost.demand_over_time import DemandOverTime, SteadyDemand
from echelon.optimization.cost.exact_quantile import ExactQuantile
from echelon.optimization.cost.extension import Component, Extension, upstream_of
from echelon.optimization.cost.limited_stock import scarce
from echelon.optimization.cost.lumps import BatchedStock, LumpyRequests
from echelon.optimization.cost.normal_bound import NormalBound
from echelon.optimization.cost.normal_demand import as_normal
from echelon.optimization.cost.position_excess import OrderRule, PositionExcess
from echelon.optimization.cost.random_wait import RandomWait
from echelon.optimization.cost.stage_stock import StageStock
from echelon.optimization.cost.targeted_stock import TargetedStock
from echelon.optimization.cost.totals_over_time import NormalOverTime, TotalsOverTime
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.random_times import wait_std_at
from echelon.optimization.service_targets import ServiceTargets

_LOT_POLICIES = ("reorder_point", "reorder_point_once")
_LOTS = ("order_quantity", "order_multiple", "minimum_order")
_COLUMNS = ("policy", *_LOTS, "service_measure")
_PLAIN = (NormalBound, ExactQuantile, RandomWait)
_LIMITS = ("capacity", "maximum_order")
_MOST_DENOMINATOR = 1_000
_ONE = Fraction(1)


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
    rules : list of OrderRule
        By row of ``stages``.
    by_point : (n_stages,) bool
        Rows whose policy has a reorder point.
    fill : (n_stages,) bool
        Rows whose target is a fill rate.
    limited : (n_stages,) bool
        Rows that can make or order only so much, so that positions are not what lots leave.
    laws : sequence of Distribution
        Of the rows of demand.
    whole : list of bool
        Rows of demand whose family alone says that they ask for whole units.
    targets : ServiceTargets
    concerned : (n_stages,) bool
        Stages in compiled order that order in lots or promise a fill rate, or supply such.
    """

    def __init__(
        self,
        rules: list[OrderRule],
        by_point: Booleans,
        fill: Booleans,
        limited: Booleans,
        laws: Sequence[Distribution],
        whole: list[bool],
        targets: ServiceTargets,
        concerned: Booleans,
    ) -> None:
        self.concerned = concerned
        self._rules, self._by_point, self._fill = rules, by_point, fill
        self._limited, self._laws, self._targets = limited, laws, targets
        self._whole = whole
        self._steps: dict[int, Fraction | None] = {}
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
        limited = _limited(network, seen)
        quantity, multiple, minimum = (
            np.nan_to_num(network.cells("stages", name).astype(np.float64)) for name in _LOTS
        )
        by_point = np.isin(network.cells("stages", "policy").astype(str), _LOT_POLICIES)
        quantity = np.where(by_point, quantity, 0.0)
        fill = np.equal(network.cells("stages", "service_measure"), "fill").astype(np.bool_)
        rules = [
            OrderRule(*each)
            for each in zip(quantity.tolist(), multiple.tolist(), minimum.tolist(), strict=True)
        ]
        compiled = network.compiled
        odd = fill | np.array([not rule.plain for rule in rules], dtype=np.bool_)
        if not odd.any():
            return None
        concerned = odd[compiled.stage_row]
        concerned |= upstream_of(compiled, concerned)
        whole = np.isin(network.cells("demand", "family").astype(str), WHOLE_FAMILIES)
        whole &= network.cells("demand", "std").astype(np.float64) != 0.0  # known, of any amount
        laws = network.demand_laws
        return cls(rules, by_point, fill, limited, laws, whole.tolist(), targets, concerned)

    def choose_stock(
        self, component: Component, stage: int, demand: DemandOverTime, stock: StageStock
    ) -> StageStock:
        """Meet the target by its measure, with what lots leave above the base stock."""
        row = component.row(stage)
        excess = self._excess_of(component, stage, demand)
        if excess.most > 0.0:
            component.excess[stage] = excess.most
        here = component.customers(stage)
        supplies = here.start < here.stop
        target = float(self._targets.service_level[component.first + stage])
        fill = bool(self._fill[row]) and not np.isnan(target)
        averages = not supplies and not self._limited[row] and not self._rules[row].plain
        averaged = averages and not np.isnan(target)
        if not (fill or averaged) or not isinstance(stock, _PLAIN):
            return stock  # an extension that knows more of the demand has chosen
        if averaged:
            self._averaged.add(row)
        shard = component.shard
        law, known = self._law(component, stage, demand)
        return TargetedStock(
            demand=law,
            rate=demand.rate,
            target=target,
            fill=fill,
            served=float(max(shard.review_period[stage], 1)),
            excess=excess if averaged else PositionExcess.none(),
            known=known,
        )

    def wrap_stock(self, component: Component, stage: int, stock: StageStock) -> StageStock:
        """Add the lots that customer stages order in, and the own ones where they are not in it."""
        lots = self._lots_below(component, stage)
        if lots:
            factor = float(component.seen.safety_factor[stage])
            below = [Lots(*self._lots[row], usage) for row, usage in lots.items()]
            component.lumps[stage] = most_requested(below, factor)
            stock = LumpyRequests(stock, component.lumps[stage])
        row = component.row(stage)
        if not self._rules[row].plain and row not in self._averaged:
            stock = BatchedStock(stock, self._excess[row].mean)
        return stock

    def orders(self, component: Component) -> dict[str, Floats]:
        """Give what a simulation needs to order as planned, by stage of the component.

        ``order_quantity`` and ``below_base_stock``, by how much the reorder point is below the base
        stock, units; NaN where the policy has no reorder point.
        """
        n = component.shard.n_stages
        quantity, below = np.full(n, np.nan), np.full(n, np.nan)
        for stage in np.flatnonzero(self._by_point[component.shard.stage_row]).tolist():
            quantity[stage] = self._rules[component.row(stage)].quantity
            below[stage] = self._grain(component, stage) or 0.0
        return {"order_quantity": quantity, "below_base_stock": below}

    def _law(
        self, component: Component, stage: int, demand: DemandOverTime
    ) -> tuple[TotalsOverTime, bool]:
        """Demand over time as exactly as it is known, and whether it is."""
        wait = component.waits.get(stage)
        spread = wait_std_at(component.shard, stage)
        if not isinstance(demand, SteadyDemand) or (wait is None and spread > 0.0):
            return NormalOverTime(demand, spread), demand.normal
        if stage in component.exact:
            return CoveredDemand(component.exact[stage][0], wait), True
        return CoveredDemand(as_normal(demand)[0], wait), demand.normal

    def _excess_of(
        self, component: Component, stage: int, demand: DemandOverTime
    ) -> PositionExcess:
        row = component.row(stage)
        rule = self._rules[row]
        if rule.plain:
            return PositionExcess.none()
        if row not in self._excess:
            step = self._grain(component, stage)
            if rule.in_lots_alone:
                self._excess[row] = PositionExcess.uniform(rule.lot, step=step)
            else:
                review = float(max(component.shard.review_period[stage], 1))
                between = demand_between(component, stage, demand, review)
                self._excess[row] = PositionExcess.stationary(rule, between, step=step)
            most = self._excess[row].most
            if most > 0.0:
                self._lots[row] = most, rule.lot if rule.in_lots_alone else 2.0 * most
        return self._excess[row]

    def _grain(self, component: Component, stage: int) -> float | None:
        """Lattice of the stage's positions, units: of its requests and of its own lots together."""
        step = self._step(component, stage)
        lot = _fraction(self._rules[component.row(stage)].lot)
        if step is None or lot is None:
            return None
        return float(_common([step, lot])) if lot else float(step)

    def _step(self, component: Component, stage: int) -> Fraction | None:
        """Lattice on which all requests to a stage lie, units; None where they lie on none."""
        row = component.row(stage)
        if row not in self._steps:
            self._steps[row] = self._find_step(component, stage)
        return self._steps[row]

    def _find_step(self, component: Component, stage: int) -> Fraction | None:
        steps: list[Fraction] = []
        for demand_row in component.demand_rows(stage):
            if self._whole[demand_row]:
                steps.append(_ONE)
                continue
            found = lattice_step(self._laws[demand_row])
            if found is None:
                return None
            steps.append(_ONE if found == (1, 1) else Fraction(*found))
        for below, below_row, units in component.lanes_to_customers(stage):
            lot = self._rules[below_row].lot
            step = _fraction(lot) if lot else self._step(component, below)
            usage = _ONE if units == 1.0 else _fraction(units)
            if step is None or usage is None:
                return None
            if usage:
                steps.append(step if usage is _ONE else step * usage)
        return _common(steps) if steps else None

    def _lots_below(self, component: Component, stage: int) -> dict[int, float]:
        """Units of a stage in one of each that it supplies and that orders in lots, by row.

        Over any number of lanes.
        """
        row = component.row(stage)
        if row in self._below:
            return self._below[row]
        found: dict[int, float] = {}
        for below, below_row, usage in component.lanes_to_customers(stage):
            parts = self._lots_below(component, below)
            for key, units in parts.items():
                found[key] = found.get(key, 0.0) + usage * units
            if below_row in self._lots:
                found[below_row] = found.get(below_row, 0.0) + usage
        self._below[row] = found
        return found


def _limited(network: Network, seen: DemandSeen) -> Booleans:
    """Rows of ``stages`` that a period's demand may put behind, by capacity or largest order."""
    compiled = network.compiled
    cells = (network.cells("stages", name).astype(np.float64) for name in _LIMITS)
    making, most = (np.where(np.isnan(limit), np.inf, limit) for limit in cells)
    limited = np.zeros(len(making), dtype=np.bool_)
    given = np.isfinite(making) | np.isfinite(most)
    for place in np.flatnonzero(given[compiled.stage_row]).tolist():
        row = int(compiled.stage_row[place])
        rate = min(making[row], most[row] / max(int(compiled.review_period[place]), 1))
        limited[row] = scarce(rate, float(seen.mean[place]), float(seen.std[place]))
    return limited


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
    component: Component, stage: int, demand: DemandOverTime, periods: float
) -> Distribution | ExposureDemand:
    """Demand from one review to the next: the exact one where known, else normal as seen."""
    if stage in component.exact:
        law = component.exact[stage][0]
        total = law.sum_over(periods) if law.family in CLOSED else None
        return exposure_demand(law, periods) if total is None else total
    time = np.array(periods)
    mean, variance = float(demand.mean(time)), float(demand.variance(time))
    return Normal(mean, sqrt(variance)) if variance > 0.0 else Deterministic(mean)


@lru_cache(maxsize=4096)
def _fraction(value: float) -> Fraction | None:
    found = Fraction(value).limit_denominator(_MOST_DENOMINATOR)
    return found if abs(float(found) - value) <= 1e-12 * max(abs(value), 1.0) else None


def _common(steps: list[Fraction]) -> Fraction:
    """Largest number of which all are multiples."""
    first = steps[0]
    if all(step is first or step == first for step in steps):
        return first
    above = [step.numerator for step in steps]
    denominator = 1
    for step in steps:
        denominator = denominator * step.denominator // gcd(denominator, step.denominator)
    above = [step.numerator * (denominator // step.denominator) for step in steps]
    return Fraction(gcd(*above), denominator)
