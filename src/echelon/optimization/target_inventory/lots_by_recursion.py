r"""Whole lots of one stage, found by a recursion over the lots that have arrived.

One stage without components or shared resources, whose stock does not expire, which orders in whole
multiples and whose shortage, if it is allowed, has one price: what is on hand and what is owed at
the end of a period follow from the number of lots :math:`n` that have arrived by then. With
:math:`G_t` the known supply less the demand up to :math:`t`, and :math:`Q` the good units of a lot,
a period costs

.. math:: g_t(n) = h\,(G_t + nQ)^+ + b\,(G_t + nQ)^- + v_t\,\bigl(f_t - (G_t + nQ)^+\bigr)^+,

and an order of :math:`q` lots, between its least and largest number, :math:`K + c_t q`. The least
cost of every :math:`n` is carried from period to period; a minimum over a sliding window takes in
all sizes of an order at once. More lots than any requirement takes, and than a least order adds to
them, are in no best plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.network.compiled import Floats, Integers
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.sets import sets_of
from echelon.optimization.target_inventory.shape import Shape

_MOST_WORK = 5_000_000
"""Periods times lots times sizes of an order that are still less work than the model's search."""
_ROUNDING = 1e-9
"""Of a lot."""


@dataclass(frozen=True, slots=True)
class _Lots:
    """What the recursion needs; by the period of arrival.

    Attributes
    ----------
    lag : int
        Periods from an order to its arrival.
    size : float
        Good units of a lot.
    surplus : (T,) float64
        Known supply less demand, up to each period.
    fewest, most : (T,) int64
        Lots of an order; ``most`` is 0 where none can arrive.
    fixed : float
        Money per order.
    lot_cost : (T,) float64
        Money per lot.
    n_lots : int
        The most that may have arrived.
    """

    lag: int
    size: float
    surplus: Floats
    fewest: Integers
    most: Integers
    fixed: float
    lot_cost: Floats
    n_lots: int


def is_whole_lots(problem: TargetProblem) -> bool:
    """Whether a problem is of this kind, and small enough for it."""
    p = problem
    alone = p.n_stages == 1 and p.n_lanes == 0 and p.n_ways == 1 and len(p.start_way) == 1
    if not alone or len(p.use_stage) or p.shelf_life.any() or not p.can_stock.all():
        return False
    one_price = p.must_serve.all() or (
        not p.must_serve.any()
        and not p.lost_share.any()
        and bool((p.backorder_cost == p.backorder_cost[0]).all())
    )
    if not one_price or p.order_multiple[0] == 0.0:
        return False
    lots = _lots(p)
    work = p.n_periods * (lots.n_lots + 1.0) * (lots.most.max(initial=0) + 1.0)
    return bool(work <= _MOST_WORK)


def best_lots(problem: TargetProblem) -> Integers | None:
    """Find lots of least cost for a problem for which :func:`is_whole_lots` holds.

    Returns
    -------
    (T,) int64 or None
        Multiples to order in each period that is not frozen; None where there is no plan.
    """
    p, lots = problem, _lots(problem)
    arrived = np.arange(lots.n_lots + 1)
    least = np.where(arrived == 0, 0.0, np.inf)
    history = []
    for t in range(p.n_periods):
        history.append(least)
        least = _with_order(least, lots, t) + _period_cost(p, lots, t, arrived)
    if not np.isfinite(least).any():
        return None
    n = int(np.argmin(least))
    ordered = np.zeros(p.n_periods, dtype=np.int64)
    for t in range(p.n_periods - 1, -1, -1):
        before = _before(history[t], lots, t, n)
        if before != n:
            ordered[t - lots.lag] = n - before
        n = before
    return ordered


def whole_numbers(shape: Shape, ordered: Integers) -> dict[str, Floats]:
    """Give the lots of each period as values of the integer variables of a shape's model."""
    sets = sets_of(shape)
    lots = np.array([ordered[t] for _, t in sets.in_lots], dtype=np.float64)
    placed = np.array([ordered[t] > 0 for _, t in sets.placed], dtype=np.float64)
    return {"lots": lots, "placed": placed}


def _with_order(least: Floats, lots: _Lots, t: int) -> Floats:
    """Least cost of every number of lots, once an order may have arrived in the period."""
    fewest, most = int(lots.fewest[t]), int(lots.most[t])
    if most < fewest or most == 0:
        return least
    n = len(least)
    each = lots.lot_cost[t] * np.arange(n)
    window = most - fewest + 1
    reduced = np.concatenate([np.full(most, np.inf), least - each])  # of n - most at n
    if window >= n:
        cheapest = np.minimum.accumulate(reduced[most - fewest : most - fewest + n])
    else:
        views = np.lib.stride_tricks.sliding_window_view(reduced, window)
        cheapest = views[:n].min(axis=1)
    return np.asarray(np.minimum(least, lots.fixed + each + cheapest))


def _before(least: Floats, lots: _Lots, t: int, n: int) -> int:
    """From how many lots the best way to ``n`` goes; no order where that costs the same."""
    fewest, most = int(lots.fewest[t]), int(lots.most[t])
    first, last = max(n - most, 0), n - fewest
    if most < fewest or most == 0 or last < first:
        return n
    costs = least[first : last + 1] + lots.lot_cost[t] * (n - np.arange(first, last + 1))
    at = int(np.argmin(costs))
    return first + at if lots.fixed + costs[at] < least[n] else n


def _period_cost(p: TargetProblem, lots: _Lots, t: int, arrived: Integers) -> Floats:
    net = lots.surplus[t] + lots.size * arrived
    net[np.abs(net) <= _ROUNDING * lots.size] = 0.0
    on_hand = np.maximum(net, 0.0)
    cost = float(p.holding_cost[0]) * on_hand
    cost += float(p.floor_price[0, t]) * np.maximum(p.floor[0, t] - on_hand, 0.0)
    short = np.inf if p.must_serve.all() else float(p.backorder_cost[0])
    cost[net < 0.0] += short * -net[net < 0.0]
    return np.asarray(cost, dtype=np.float64)


def _lots(p: TargetProblem) -> _Lots:
    n_periods, multiple, good = p.n_periods, float(p.order_multiple[0]), float(p.good_share[0])
    offset = int(p.start_offset[0])
    lag = min(offset + int(p.make_time[0] + p.release_time[0]), n_periods)
    frozen = np.nan_to_num(p.fixed_order[0])
    supply = p.open_arrivals()[0]
    supply[0] += p.opening_stock()[0]
    supply[lag:] += good * frozen[: n_periods - lag]
    surplus = np.cumsum(supply - p.demand.sum(axis=0))

    size = multiple * good
    required = float((p.floor[0] - surplus).max(initial=0.0))
    at_least = max(int(np.ceil(p.minimum_order[0] / multiple - _ROUNDING)), 1)
    n_lots = int(np.ceil(required / size - _ROUNDING)) + at_least - 1

    ordered = np.arange(n_periods - lag)
    largest = np.minimum(p.maximum_order[0], p.capacity[0, ordered + offset])
    largest = np.minimum(np.floor(largest / multiple + _ROUNDING), n_lots)
    free = np.isnan(p.fixed_order[0, ordered]) & p.can_order[0, ordered]
    most = np.zeros(n_periods, dtype=np.int64)
    most[lag:] = np.where(free & p.can_start[0, ordered + offset], largest, 0)
    lot_cost = np.zeros(n_periods)
    each = p.way_cost[0] + p.price[0] + p.pipeline_cost[0] + p.waste_cost[0] * (1.0 - good)
    lot_cost[lag:] = multiple * each[ordered]
    return _Lots(
        lag=lag,
        size=size,
        surplus=surplus,
        fewest=np.full(n_periods, at_least),
        most=most,
        fixed=float(p.order_cost[0]),
        lot_cost=lot_cost,
        n_lots=n_lots,
    )
