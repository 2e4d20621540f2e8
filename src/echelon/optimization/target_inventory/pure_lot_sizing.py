r"""Problems that are dynamic lot sizing and no more, solved by the recursion.

One stage without components, limits, lots or expiry, whose demand must be met: its plan is a path
over the periods (see :mod:`.lot_sizing_model`), and the recursion of Wagner and Whitin finds it in
microseconds. Stock, open orders and demand are known, so that with :math:`G_t` the supply less the
demand of the periods up to :math:`t` the orders that have arrived by then must come to

.. math:: R_t = \max\bigl(0, \max_{u \le t} -G_u\bigr),

and what is on hand besides, :math:`R_t + G_t`, costs the same under every plan. The recursion is
run on the steps of :math:`R`, by the period in which an order arrives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echelon.kernels.lot_sizing import ORDERING, lot_sizes
from echelon.network.compiled import Floats
from echelon.optimization.target_inventory.problem import TargetProblem

_ROUNDING = 1e-13
"""Of what has come and gone, the part that is taken for rounding and not for demand."""


@dataclass(frozen=True, slots=True)
class LotPlan:
    """The best orders of one problem.

    Attributes
    ----------
    orders : (T,) float64
        Units ordered, by the period of the order.
    cost : float
        Money over all periods.
    """

    orders: Floats
    cost: float


@dataclass(frozen=True, slots=True)
class _Lots:
    """What the recursion takes, by the period of arrival; ``lag`` periods after the order."""

    needed: Floats
    fixed: Floats
    holding: Floats
    unit: Floats
    lag: int
    sunk: float
    good_share: float


def is_lot_sizing(problem: TargetProblem) -> bool:
    """Whether a problem is dynamic lot sizing and no more, and has a plan."""
    p = problem
    alone = p.n_stages == 1 and p.n_lanes == 0 and p.n_ways == 1 and len(p.start_way) == 1
    if not alone or len(p.use_stage) or not (p.must_serve.all() and p.can_stock.all()):
        return False
    free = (
        not p.shelf_life.any()
        and not p.order_multiple.any()
        and not p.minimum_order.any()
        and bool(np.isinf(p.maximum_order).all())
        and bool(np.isinf(p.capacity).all())
        and bool(np.isnan(p.fixed_order).all())
        and not (p.floor > 0.0).any()
    )
    if not free:
        return False
    lots = _lots(p)
    first = np.flatnonzero(lots.needed > 0.0)
    arrivals = np.flatnonzero(np.isfinite(lots.fixed))
    return not len(first) or bool(len(arrivals) and arrivals[0] <= first[0])


def solve_lot_sizing(problems: Sequence[TargetProblem]) -> list[LotPlan]:
    """Find the best orders of problems for which :func:`is_lot_sizing` holds, all at once.

    Parameters
    ----------
    problems : sequence of TargetProblem
        Of the same number of periods.
    """
    if not problems:
        return []
    cases = [_lots(problem) for problem in problems]
    needed = np.stack([case.needed for case in cases])
    n, n_periods = needed.shape
    order, stock, totals = np.empty_like(needed), np.empty_like(needed), np.empty((n, 4))
    lot_sizes(
        needed,
        np.zeros(n),
        np.stack([case.fixed for case in cases]),
        np.stack([case.holding for case in cases]),
        np.stack([case.unit for case in cases]),
        False,
        np.empty(n_periods),
        np.empty(n_periods + 1),
        np.empty(n_periods + 1, dtype=np.int64),
        order,
        stock,
        totals,
    )
    plans = []
    for k, case in enumerate(cases):
        orders = np.zeros(n_periods)
        orders[: n_periods - case.lag] = order[k, case.lag :] / case.good_share
        plans.append(LotPlan(orders, float(totals[k, ORDERING:].sum()) + case.sunk))
    return plans


def _lots(p: TargetProblem) -> _Lots:
    """Shift orders to the period of their arrival, and take off what is there without them."""
    n_periods = p.n_periods
    offset = int(p.start_offset[0])
    lag = min(offset + int(p.make_time[0] + p.release_time[0]), n_periods)
    supply = p.open_arrivals()[0]
    supply[0] += p.opening_stock()[0]
    demand = p.demand.sum(axis=0)
    surplus = np.cumsum(supply - demand)
    surplus[np.abs(surplus) <= _ROUNDING * np.cumsum(supply + demand)] = 0.0
    required = np.maximum.accumulate(np.maximum(-surplus, 0.0))
    good, holding = float(p.good_share[0]), float(p.holding_cost[0])
    # in the units ordered, then in good ones; what is scrapped is wasted
    each = p.way_cost[0] + p.price[0] + p.pipeline_cost[0] + p.waste_cost[0] * (1.0 - good)
    fixed, unit = np.full(n_periods, np.inf), np.zeros(n_periods)
    ordered = np.arange(n_periods - lag)
    allowed = p.can_order[0, ordered] & p.can_start[0, ordered + offset]
    fixed[lag:] = np.where(allowed, p.order_cost[0], np.inf)
    unit[lag:] = each[ordered] / good
    return _Lots(
        needed=np.diff(required, prepend=0.0),
        fixed=fixed,
        holding=np.full(n_periods, holding),
        unit=unit,
        lag=lag,
        sunk=holding * float((required + surplus).sum()),
        good_share=good,
    )
