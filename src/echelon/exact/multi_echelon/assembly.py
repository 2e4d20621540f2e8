r"""Assembly systems, exactly, by Rosling's reduction to stages in series.

Every item but the end product goes into one other item. With :math:`M_i` the lead time of item
:math:`i` and of all items after it together, items sorted by :math:`M` act like stages in series
with lead times :math:`M_{(i)} - M_{(i-1)}`: an item of shorter way to the customer is never ordered
ahead of those of a longer one. That is optimal once stocks are in balance, which they are in the
long run whatever they were at the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.errors import DomainError
from echelon.exact.manner import Case, Demand, Given, Value, unit
from echelon.exact.multi_echelon.serial import best_levels
from echelon.exact.multi_echelon.series import Series, lattices_of
from echelon.exact.multi_echelon.staged import (
    StagedAnswer,
    per_stage,
    staged,
    take_costs,
    take_stages,
    take_tolerance,
)
from echelon.exact.multi_echelon.stock import installation_stock, stock_and_backorders
from echelon.progress import Progress


@dataclass(frozen=True, eq=False, repr=False)
class Rosling(StagedAnswer):
    """Best levels of an assembly; see :func:`rosling`.

    Attributes
    ----------
    echelon_base_stock : (..., n_items) ndarray of float64
        Units of each item: what is there of it, in whatever form, and on its way, less backorders.
    total_lead_time : (..., n_items) ndarray of float64
        Periods from an order of the item to the customer.
    rank : (..., n_items) ndarray of int64
        Place in the equivalent series, 0 nearest to the customer: each item is ordered up to its
        level, but no further than the positions that items of higher rank had when an order that
        meets it was placed.
    cost : float or ndarray of float64
        Money per period, the sum of the next three.
    on_hand_cost, pipeline_cost, shortage_cost : float or ndarray of float64
        Of stock on hand, components that wait for others included; of what is in production or on
        its way, at the cost of what went into it; of what is owed to customers.
    cost_error : float or ndarray of float64
        See :class:`~echelon.exact.multi_echelon.serial.ClarkScarf`.
    """

    echelon_base_stock: Value = unit("units")
    total_lead_time: Value = unit("periods")
    rank: Value = unit("-")
    cost: Value = unit("money/period")
    on_hand_cost: Value = unit("money/period")
    pipeline_cost: Value = unit("money/period")
    shortage_cost: Value = unit("money/period")
    cost_error: Value = unit("money/period")


def rosling(
    demand: Demand,
    *,
    successor: Sequence[int | None],
    shortage_cost: ArrayLike,
    lead_time: ArrayLike,
    usage: ArrayLike = 1.0,
    holding_cost: ArrayLike | None = None,
    echelon_holding_cost: ArrayLike | None = None,
    review_period: ArrayLike = 0,
    tolerance: float = 1e-6,
    progress: Progress = None,
) -> Rosling:
    r"""Find the echelon base stocks of least cost of an assembly, with backorders.

    The items run along the last axis, in any order; the other axis is the SKU. An item's lead time
    is that of making or fetching it once all it consists of is there. From an order to the customer
    exactly the lead times along the way are covered at ``review_period=0`` (clause 2.1), and one
    period more at 1 (clause 2.2).

    Parameters
    ----------
    demand : Distribution, sequence of them, DistributionArray or DataFrame
        Of the end product in one period, units; one for each SKU.
    successor : sequence of n_items int or None
        Which item each goes into, by its position; None for the end product, exactly one.
    shortage_cost : float or (n_skus,) array_like of float
        For one unit of the end product owed for one period, above 0.
    lead_time : float, (n_items,) or (n_skus, n_items) array_like of float
        Periods; differences too have to be times over which the demand has sums.
    usage : float, (n_items,) or (n_skus, n_items) array_like of float, default 1
        Units of the item in one unit of the item that it goes into.
    holding_cost, echelon_holding_cost : (n_items,) or (n_skus, n_items) array_like of float
        One of the two, money per unit of the item and period: of the item, or what it costs more
        than all that goes into it.
    review_period : 0 or 1, or (n_skus,) array_like, default 0
        Periods, the same for all items of a SKU.
    tolerance, progress
        See :func:`~echelon.exact.multi_echelon.serial.clark_scarf`.

    Returns
    -------
    Rosling
        Exact in the long run; a beginning out of balance may cost more.

    Raises
    ------
    DomainError
        Lists every fault.

    References
    ----------
    .. [1] Rosling (1989), Optimal inventory policies for assembly systems under random demands,
       *Operations Research* 37(4).
    .. [2] Snyder & Shen (2019), *Fundamentals of Supply Chain Theory*, section 6.2.

    Examples
    --------
    A product is put together in one week from a part of two weeks and a casting of five:

    >>> from echelon.distributions import Poisson
    >>> best = rosling(
    ...     Poisson(10.0),
    ...     successor=[None, 0, 0],
    ...     holding_cost=[3.0, 1.0, 1.0],
    ...     shortage_cost=30.0,
    ...     lead_time=[1, 2, 5],
    ... )
    >>> best.echelon_base_stock.tolist(), best.rank.tolist(), round(best.cost, 2)
    ([16.0, 40.0, 73.0], [0, 1, 2], 55.78)
    """
    given = Given("rosling")
    given.demand("demand", demand)
    n_items = take_costs(given, holding_cost, echelon_holding_cost)
    given.number("shortage_cost", shortage_cost, above=0.0, unit="money/unit/period")
    given.number("review_period", review_period, least=0.0, most=1.0, whole=True, unit="periods")
    take_stages(given, "lead_time", lead_time, n_items, least=0.0, unit="periods")
    take_stages(given, "usage", usage, n_items, above=0.0, unit="units")
    take_tolerance(given, tolerance)
    tree = _tree(given, successor, n_items)
    case = given.settle()
    items = "downstream_first"  # which leaves the items in their order
    own, used = (staged(case, name, n_items, items) for name in ("lead_time", "usage"))
    times, total = np.zeros_like(own), np.ones_like(own)
    for item in tree:  # the end product first
        after = successor[item]
        times[:, item] = own[:, item] + (0.0 if after is None else times[:, after])
        total[:, item] = used[:, item] * (1.0 if after is None else total[:, after])
    added = _added_costs(case, successor, n_items) * total
    depth = np.empty(n_items)
    depth[list(tree)] = np.arange(n_items)
    # items that take no time of their own come after what they go into
    order = np.lexsort((np.broadcast_to(depth, times.shape), times), axis=1)
    _require_cost(added, order)
    series = _series(case, times, added, order)
    levels, safety, error, finer = best_levels(series, tolerance, progress)
    owed = stock_and_backorders(series, levels, finer).backorders[:, 0]
    short = np.minimum(case["shortage_cost"] * owed, safety)
    pipeline = (added * (times - own)).sum(axis=1) * case.demands["demand"].mean
    rank = np.argsort(order, axis=1)
    nested = np.take_along_axis(np.cumsum(installation_stock(levels), axis=1), rank, axis=1)
    return Rosling(
        per_stage(case, nested * total),
        per_stage(case, times),
        per_stage(case, rank),
        case.shaped(safety + pipeline),
        case.shaped(safety - short),
        case.shaped(pipeline),
        case.shaped(short),
        case.shaped(error),
    )


def _tree(given: Given, successor: Sequence[int | None], n_items: int) -> list[int]:
    """Items from the end product on, each after what it goes into."""
    if not isinstance(successor, (list, tuple, np.ndarray)):
        given.faults.append(
            f"successor is {successor!r}. Fix: give a list, one entry for each item."
        )
        return []
    if len(successor) != n_items:
        given.faults.append(
            f"successor has {len(successor)} entries, the items are {n_items}. "
            "Fix: give one for each item."
        )
        return []
    before: dict[int | None, list[int]] = {}
    known = {None, *range(n_items)}
    for item, after in enumerate(successor):
        whole = isinstance(after, (int, np.integer)) and not isinstance(after, bool)
        if not (after is None or (whole and after in known)):
            given.faults.append(
                f"successor[{item}] is {after!r}. Fix: give the position of an item, from 0 to "
                f"{n_items - 1}, or None for the end product."
            )
            return []
        before.setdefault(after, []).append(item)
    found = list(before.get(None, []))
    if len(found) != 1:
        given.faults.append(
            f"successor has {len(found)} entries None. Fix: exactly one item is the end product."
        )
        return []
    for item in found:
        found.extend(before.get(item, []))
    if len(found) < n_items:
        lost = sorted(set(range(n_items)) - set(found))
        given.faults.append(
            f"successor leads items {lost} in a circle. Fix: every item goes, at last, into the "
            "end product."
        )
    return found


def _added_costs(case: Case, successor: Sequence[int | None], n_items: int) -> Floats:
    """Echelon holding costs, (n, n_items), money per unit of the item."""
    if "echelon_holding_cost 0" in case.numbers:
        return staged(case, "echelon_holding_cost", n_items, "downstream_first")
    costs = staged(case, "holding_cost", n_items, "downstream_first")
    usage = staged(case, "usage", n_items, "downstream_first")
    added = costs.copy()
    for item, after in enumerate(successor):
        if after is not None:
            added[:, after] -= usage[:, item] * costs[:, item]
    added[np.abs(added) <= 1e-12 * costs] = 0.0  # the rounding of a difference
    if (added < 0.0).any():
        sku, item = np.argwhere(added < 0.0)[0].tolist()
        raise DomainError(
            f"rosling: holding_cost of SKU {sku} is {costs[sku, item]:g} for item {item}, less "
            f"than the {costs[sku, item] - added[sku, item]:g} of all that goes into it. "
            "Fix: what is put together must not be cheaper to hold than its parts."
        )
    return added


def _require_cost(added: Floats, order: NDArray[np.int64]) -> None:
    if (free := np.take_along_axis(added, order, axis=1)[:, -1] <= 0.0).any():
        sku = int(np.flatnonzero(free)[0])
        raise DomainError(
            f"rosling: item {order[sku, -1]} of SKU {sku}, which takes longest to the customer, "
            "adds no holding cost, so that no stock is too much. Fix: give it one above 0."
        )


def _series(case: Case, times: Floats, added: Floats, order: NDArray[np.int64]) -> Series:
    sorted_times = np.take_along_axis(times, order, axis=1)
    transit = np.diff(sorted_times, prepend=0.0, axis=1)
    transit[transit <= 1e-12 * sorted_times] = 0.0  # the rounding of sums of lead times
    exposed = [np.ascontiguousarray(column) for column in transit.T]
    exposed[0] = exposed[0] + case["review_period"]
    demand = case.demands["demand"]
    return Series(
        demand,
        tuple(exposed),
        transit,
        np.take_along_axis(added, order, axis=1),
        case["shortage_cost"],
        case["review_period"],
        *lattices_of(demand),
    )
