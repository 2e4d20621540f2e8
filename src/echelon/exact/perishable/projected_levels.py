"""Orders up to a projected level: which level to take for one item that expires."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.errors import DomainError
from echelon.exact.perishable.ageing import Item, Whole
from echelon.exact.perishable.base_stock_chain import NEVER
from echelon.exact.perishable.long_run import long_run
from echelon.exact.perishable.measures import Costs, LongRun
from echelon.exact.perishable.perishable_arguments import Sku
from echelon.exact.perishable.projection import nearest_steps, projected
from echelon.exact.perishable.reachable import (
    MOST_TRANSITIONS,
    TooLargeError,
    reach,
)
from echelon.lead_time.exposure import exposure_demand

_FINEST = 8.0
"""Levels looked at per step of demand, or per half a deviation where that is longer."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A SKU as those see it who act on units that customers accept only.

    A unit too old for them is of no use to an order: what it costs to keep until it expires is
    paid when it gets too old.

    Attributes
    ----------
    step : float
        Units.
    item : Item
        With the life in which it is accepted; in steps.
    mass : (n_demands,) float64
    costs : Costs
        Money per step.
    mean : float
        Demand, units.
    idle : int
        Periods that a unit too old is kept until it expires.
    """

    step: float
    item: Item
    mass: Floats
    costs: Costs
    mean: float
    idle: int

    @classmethod
    def of(cls, model: str, sku: Sku, costs: Costs) -> Accepted:
        """Take the SKU; raises as :meth:`Sku.lattice`."""
        step, item, mass = sku.lattice(model)
        idle = item.least_life - 1
        seen = replace(item, life=sku.usable_life, least_life=1)
        waste = costs.waste + idle * costs.holding
        return cls(step, seen, mass, replace(costs, waste=waste), sku.law.mean, idle)

    def told(self, measures: Floats) -> LongRun:
        """Give what happens in units, the stock that nobody accepts counted as on hand."""
        found = LongRun.of(self.mean / self.step, measures)
        idle = self.idle * found.expired
        return replace(found, on_hand=found.on_hand + idle).scaled(self.step)


def near_level(sku: Sku, accepted: Accepted) -> tuple[int, int]:
    """Give the base stock of an item that keeps, and a margin around it, both in steps."""
    costs = accepted.costs
    periods = max(sku.lead_time + sku.review_period, 1)
    ratio = costs.shortage / (costs.shortage + costs.holding + costs.waste / sku.usable_life)
    covered = float(exposure_demand(sku.law, periods).ppf(ratio))
    spread = sku.law.std * np.sqrt(periods)
    return round(covered / accepted.step), int(np.ceil(spread / accepted.step)) + 2


def too_large(model: str, sku: Sku, error: TooLargeError, instead: str) -> DomainError:
    """Say which SKU is too large for an exact model, and what to take instead."""
    return DomainError(
        f"{model}: SKU {sku.number}, {sku.law!r} with a shelf_life of {sku.life} and a lead_time "
        f"of {sku.lead_time}, has {error}. Fix: use larger units or longer periods, or {instead}."
    )


class ProjectedLevels:
    """Levels of one SKU, in steps of demand.

    Parameters
    ----------
    accepted : Accepted
    near : float
        Where to begin, steps.
    """

    def __init__(self, accepted: Accepted, near: float) -> None:
        self._accepted, self._near = accepted, near
        self._known: dict[int, LongRun] = {}
        deviation = float(np.sqrt(_variance(accepted.mass)))
        self._per_step = _FINEST / max(deviation / 2.0, 1.0)

    def at(self, level: float) -> LongRun:
        """Measure a level, steps; the answer is in units."""
        item, mass = self._accepted.item, self._accepted.mass

        def choices(states: Whole) -> tuple[Whole, Whole]:
            one_each = np.ones(len(states), dtype=np.int64)
            if item.review_period == 0:
                return one_each, nearest_steps(level - projected(item, states, mass))
            gap = np.full(len(states), NEVER)
            review = item.reviews(states)
            gap[review] = nearest_steps(level - projected(item, states[review], mass))
            return one_each, gap

        reached = reach(item, mass, choices, most=MOST_TRANSITIONS)
        return self._accepted.told(reached.measures() @ long_run(reached.to))

    def best(self, cost_slack: float) -> tuple[float, LongRun]:
        """Find the level, steps, that wastes least of those that cost little more than need be."""
        at = round(self._near * self._per_step)
        for stride in (8, 4, 2, 1):
            at = self._walk(at, stride)
        limit = self._cost(at) * (1.0 + cost_slack)
        below = at
        while below > 0 and self._cost(below - 1) <= limit:
            below -= 1
        tried = [k for k in range(below, at + 1) if self._cost(k) <= limit]
        tried.sort(key=lambda k: (self._run(k).expired, self._cost(k)))
        return tried[0] / self._per_step, self._run(tried[0])

    def _walk(self, at: int, stride: int) -> int:
        for way in (-stride, stride):
            while at + way >= 0 and self._cost(at + way) < self._cost(at) * (1.0 - 1e-12):
                at += way
        return at

    def _cost(self, k: int) -> float:
        costs = self._accepted.costs
        idle = self._accepted.idle
        run = self._run(k)
        # what is kept beyond its use is in the cost of waste
        run = replace(run, on_hand=run.on_hand - idle * run.expired)
        return run.cost(costs, lost=self._accepted.item.lost)

    def _run(self, k: int) -> LongRun:
        if k not in self._known:
            self._known[k] = self.at(k / self._per_step)
        return self._known[k]


def _variance(mass: Floats) -> float:
    values = np.arange(len(mass))
    mean = float(mass @ values)
    return float(mass @ (values - mean) ** 2)
