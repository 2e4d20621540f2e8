"""Which textbook system a component of a network is: one stage, a series, an assembly, a depot.

Each reader gives the component in the terms of its model, or raises and says what does not fit, so
that the component becomes a row of the failures and the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from echelon.distributions.base import Distribution
from echelon.distributions.discrete import Deterministic
from echelon.distributions.per_period import PerPeriod
from echelon.distributions.sums import sum_of
from echelon.errors import DomainError
from echelon.network.compiled import CompiledNetwork, Floats, Integers
from echelon.network.demand_seen import SeenDemand
from echelon.network.network import Network

Neighbours: TypeAlias = tuple[tuple[int, ...], ...]


class UnsuitableError(DomainError):
    """A component whose topology, demand or timing is not that of the model asked for."""


@dataclass(frozen=True, slots=True)
class Component:
    """One component, stages upstream first, as the readers below see it.

    Attributes
    ----------
    number : int
        In the network.
    rows : (n_stages,) int64
        Rows of ``Network.stages``.
    labels : tuple of str
    suppliers, customers : tuple of n_stages tuples of int
        Stages within the component.
    usage : (n_stages,) float64
        Units of the stage in one unit of its only end item; NaN where there are several.
    lead_time : tuple of n_stages float or Distribution
        Of the stage and the lane into it together, periods (clause 8).
    review_period : (n_stages,) int64
        Periods.
    holding_cost, shortage_cost : (n_stages,) float64
        Money per unit and period; of the stage itself, not of its echelon.
    demand : tuple of n_stages Distribution or None
        Of customers at the stage, units per period; None where none buys.
    allocation : tuple of n_stages str
        Rule by which the stage serves when stock is short.
    """

    number: int
    rows: Integers
    labels: tuple[str, ...]
    suppliers: Neighbours
    customers: Neighbours
    usage: Floats
    lead_time: tuple[float | Distribution, ...]
    review_period: Integers
    holding_cost: Floats
    shortage_cost: Floats
    demand: tuple[Distribution | None, ...]
    allocation: tuple[str, ...]


def component_of(
    network: Network, seen: SeenDemand, number: int, allocation: Sequence[str]
) -> Component:
    """Read one component of a network.

    Parameters
    ----------
    network : Network
    seen : SeenDemand
        ``network.demand_seen()``, made once for all components.
    number : int
    allocation : sequence of str
        The column of ``network.stages``, read once for all components.

    Returns
    -------
    Component

    Raises
    ------
    UnsuitableError
        If a stage may hold no stock, has a penalty for what it owes to other stages or needs parts
        from outside as well; if lanes into one stage take different times; if its customers'
        demand is seasonal, or correlated in a way that has no known sum.
    """
    shard = network.compiled.shard(number, number + 1)
    preds = _neighbours(shard.pred_ptr, shard.pred_stage)
    succs = _neighbours(shard.succ_ptr, shard.succ_stage)
    labels = tuple(network.labels[row] for row in shard.stage_row.tolist())
    _require_told(shard, labels, preds, succs)
    demand: list[Distribution | None] = [None] * shard.n_stages
    for stage in np.flatnonzero(np.diff(shard.demand_ptr) > 0).tolist():
        if succs[stage]:
            raise UnsuitableError(
                f"{labels[stage]} serves customers and other stages. "
                "Fix: give the customers a stage of their own, or use optimize and simulate."
            )
        law = seen.distributions[int(shard.stage_row[stage])]
        if law is None:
            raise UnsuitableError(
                f"the demand of {labels[stage]} has no distribution that is known: its rows are "
                "correlated and not normal. Fix: give one row for the whole, or optimize."
            )
        if isinstance(law, PerPeriod):
            raise UnsuitableError(
                f"the demand of {labels[stage]} changes from period to period, the model's does "
                "not. Fix: give the demand of one period, or use optimize and simulate."
            )
        demand[stage] = law
    return Component(
        number,
        shard.stage_row,
        labels,
        preds,
        succs,
        _usage(shard),
        tuple(_lead_time(network, shard, stage, label) for stage, label in enumerate(labels)),
        shard.review_period,
        shard.holding_cost,
        shard.backorder_cost,
        tuple(demand),
        tuple(allocation[row] for row in shard.stage_row.tolist()),
    )


def _require_told(
    shard: CompiledNetwork, labels: Sequence[str], preds: Neighbours, succs: Neighbours
) -> None:
    """Raise if the tables say of a stage what no model knows of."""
    customer = np.repeat(np.arange(shard.n_stages), np.diff(shard.pred_ptr))
    supplied, supplies = np.array([[len(one) > 0 for one in near] for near in (preds, succs)])
    for wrong, what in (
        (
            ~shard.can_stock,
            "may hold no stock (can_stock), the model lets all. Fix: leave the stage out and add "
            "its time to the next, or use optimize and simulate",
        ),
        (
            np.bincount(customer, shard.pred_share != 1.0, shard.n_stages) > 0,
            "has alternative suppliers (share, backup), the model one of each component. "
            "Fix: keep one lane of them, or use optimize and simulate",
        ),
        (
            supplied & (shard.inbound_service_time > 0.0),
            "needs a part from outside beside those of its suppliers (inbound_service_time), the "
            "model none. Fix: make the outside a stage of its own, or use optimize and simulate",
        ),
        (
            supplies & (shard.backorder_cost > 0.0),
            "has a backorder_cost, the model charges customers' waiting alone. "
            "Fix: set it to 0 where stages are supplied, or use simulate",
        ),
    ):
        if wrong.any():
            raise UnsuitableError(f"{labels[int(np.argmax(wrong))]} {what}.")


def require_alone(one: Component) -> None:
    """Raise unless the component is one stage with customers."""
    if len(one.rows) != 1:
        raise UnsuitableError(
            f"has {len(one.rows)} stages, the model one. Fix: use clark_scarf, rosling or axsater."
        )
    _require_demand(one, 0)


def require_series(one: Component) -> None:
    """Raise unless each stage has one supplier and one customer stage at most, in one line."""
    for stage, label in enumerate(one.labels):
        if len(one.suppliers[stage]) > 1 or len(one.customers[stage]) > 1:
            kind = "suppliers" if len(one.suppliers[stage]) > 1 else "customer stages"
            count = max(len(one.suppliers[stage]), len(one.customers[stage]))
            raise UnsuitableError(
                f"{label} has {count} {kind}, so that the component is no series. "
                "Fix: use rosling for an assembly, axsater for a depot, optimize for the rest."
            )
    _require_demand(one, len(one.rows) - 1)


def require_assembly(one: Component) -> None:
    """Raise unless each stage has one customer stage at most, so that all ends in one product."""
    for stage, label in enumerate(one.labels):
        if len(one.customers[stage]) > 1:
            raise UnsuitableError(
                f"{label} goes into {len(one.customers[stage])} stages, in an assembly into one. "
                "Fix: use optimize."
            )
    _require_demand(one, len(one.rows) - 1)


def require_depot(one: Component) -> None:
    """Raise unless one stage supplies all others and these have customers."""
    root = [stage for stage, preds in enumerate(one.suppliers) if not preds]
    leaves = [stage for stage, succs in enumerate(one.customers) if not succs]
    if len(root) != 1 or len(leaves) != len(one.rows) - 1:
        raise UnsuitableError(
            f"has {len(root)} stages without supplier and {len(leaves)} ends among "
            f"{len(one.rows)} stages; the model has one depot and its retailers. "
            "Fix: use clark_scarf for a series, optimize for the rest."
        )
    if len(leaves) > 1 and one.allocation[root[0]] == "priority":
        raise UnsuitableError(
            f"{one.labels[root[0]]} serves by priority, the model's depot in the order of demand. "
            "Fix: leave allocation out, or use optimize and simulate."
        )
    for leaf in leaves:
        _require_demand(one, leaf)
        if one.usage[leaf] != 1.0 or _units_into(one, leaf) != 1.0:
            raise UnsuitableError(
                f"{one.labels[leaf]} takes {_units_into(one, leaf):g} of the depot's units for one "
                "of its own. Fix: count both in the same units."
            )


def require_rising_cost(one: Component) -> None:
    """Raise unless stock of a series costs something and no less further down."""
    held = one.holding_cost * one.usage  # of what goes into one unit of the end item
    for stage, label in enumerate(one.labels):
        before = held[stage - 1] if stage else 0.0
        if held[stage] < before * (1.0 - 1e-12):
            raise UnsuitableError(
                f"{label} has a holding_cost of {one.holding_cost[stage]:g}, less than the "
                f"{before / one.usage[stage]:g} of what goes into it. "
                "Fix: stock must not become cheaper to hold on its way down."
            )
    if held[0] <= 0.0:
        raise UnsuitableError(
            f"{one.labels[0]} has no holding_cost, so that no stock is too much there. "
            "Fix: give it one above 0, or leave the stage out."
        )


def require_review(one: Component, *, allowed: tuple[int, ...]) -> int:
    """Give the review period that all stages share, or raise.

    Parameters
    ----------
    one : Component
    allowed : tuple of int
        Periods.

    Returns
    -------
    int
    """
    review = {int(period) for period in one.review_period}
    if len(review) > 1 or not review <= set(allowed):
        told = ", ".join(map(str, sorted(review)))
        known = " or ".join(map(str, allowed))
        raise UnsuitableError(
            f"has review periods of {told}, the model {known} at all stages. "
            "Fix: review so, or use optimize and simulate."
        )
    return review.pop()


def require_fixed_times(one: Component) -> None:
    """Raise if some lead time is random."""
    for stage, time in enumerate(one.lead_time):
        if isinstance(time, Distribution):
            raise UnsuitableError(
                f"the lead time of {one.labels[stage]} is random, the model's constant. "
                "Fix: give its mean without a spread, or use optimize and simulate."
            )


def _require_demand(one: Component, stage: int) -> None:
    if one.demand[stage] is None:
        raise UnsuitableError(f"{one.labels[stage]} has no demand. Fix: give it a row of demand.")
    if one.shortage_cost[stage] <= 0.0:
        raise UnsuitableError(
            f"{one.labels[stage]} has no backorder_cost. Fix: give the penalty for one unit owed "
            "for one period, in the stages table."
        )


def _units_into(one: Component, stage: int) -> float:
    supplier = one.suppliers[stage][0]
    return float(one.usage[supplier] / one.usage[stage])


def _neighbours(ptr: Integers, stage: Integers) -> Neighbours:
    begins = ptr - ptr[0]
    return tuple(tuple(stage[begins[j] : begins[j + 1]].tolist()) for j in range(len(begins) - 1))


def _usage(shard: CompiledNetwork) -> Floats:
    """Units in one end item, by the first path down: the readers want the same on all of them."""
    usage = np.ones(shard.n_stages)
    begins = shard.succ_ptr - shard.succ_ptr[0]
    for stage in range(shard.n_stages - 1, -1, -1):
        if begins[stage] < begins[stage + 1]:
            lane = begins[stage]
            units = shard.pred_units[shard.succ_lane[lane]]
            usage[stage] = units * usage[shard.succ_stage[lane]]
    return usage


def _lead_time(
    network: Network, shard: CompiledNetwork, stage: int, label: str
) -> float | Distribution:
    """Stage and lane together, and what an outside supplier quotes."""
    begin, end = (shard.pred_ptr[stage : stage + 2] - shard.pred_ptr[0]).tolist()
    lanes = [network.lane_lead_time_distributions[row] for row in shard.lane_row[begin:end]]
    times = shard.pred_lead_time[begin:end]
    if (end - begin > 1) and (any(lanes) or np.ptp(times) > 0.0):
        raise UnsuitableError(
            f"the lanes into {label} take different or random times. Fix: put the time on the "
            "supplying stages, whose lead times may differ."
        )
    own, varying = network.process_time(int(shard.stage_row[stage]))
    fixed = float(shard.inbound_service_time[stage])
    lane_std = shard.pred_lead_time_std[begin:end]
    if varying is None or (end > begin and lanes[0] is None and lane_std[0] > 0.0):
        raise UnsuitableError(
            f"the lead time of {label} has a standard deviation and no distribution. "
            "Fix: name its family in lead_time_family, or that of a release in "
            "release_time_family."
        )
    fixed += own
    random = list(varying)
    if end > begin and lanes[0] is not None:
        random.append(lanes[0])
    elif end > begin:
        fixed += float(times[0])
    if not random:
        return fixed
    return sum_of([*random, Deterministic(fixed)])
