r"""Joint replenishment: items that share the cost of an order.

An order costs :math:`K`, whatever is in it, and :math:`k_i` more for each item in it. Every
:math:`T` periods there is an order, and item :math:`i` is in every :math:`m_i`-th. With
:math:`a_i = h_i\lambda_i` the cost per period is

.. math:: \frac{K + \sum_i k_i/m_i}{T} + \frac{T}{2}\sum_i m_i a_i,

least at :math:`\sqrt{2(K + \sum k_i/m_i)\sum m_i a_i}` for given multiples. For a given base cycle
each item chooses by itself: :math:`m + 1` rather than :math:`m` below
:math:`T = \sqrt{2k_i/(a_i m(m + 1))}`. So the best multiples for all base cycles are met by letting
:math:`T` fall from one such value to the next. It need not fall to where
:math:`K/T + \sum_i\sqrt{2k_i a_i}`, the shared cost and each item by itself, exceeds the best cost
found. The least of those met is the optimum over all integer multiples; with :math:`m` doubling at
:math:`T = \sqrt{k_i/a_i}/m` it is the optimum over powers of two.

No policy at all, cyclic or not, costs less than the relaxation in which :math:`m_i` may be any
number from 1 on; powers of two with the best base cycle are within 2.1 % of it [1]_, [2]_.

References
----------
.. [1] Jackson, Maxwell & Muckstadt (1985), "The joint replenishment problem with a powers-of-two
   restriction", *IIE Transactions* 17(1), 25-32.
.. [2] Roundy (1985), "98%-effective integer-ratio lot-sizing for one-warehouse multi-retailer
   systems", *Management Science* 31(11), 1416-1430.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.errors import UnknownNameError
from echelon.exact.manner import Answer, Given, Value, unit
from echelon.kernels.joint_replenishment import joint_multiples

METHODS = ("exact", "power_of_two", "silver")
"""Best integer multiples, best powers of two, or Silver's heuristic."""


@dataclass(frozen=True, eq=False, repr=False)
class JointReplenishment(Answer):
    """Cycles of items that are ordered together, as arrays with one entry per item.

    ``base_cycle_time``, ``cost`` and ``lower_bound`` are of the item's family: numbers where there
    is one family, else repeated for each of its items; :meth:`families_frame` has them once.
    ``cost`` is per period, without purchase. No policy costs less than ``lower_bound``.
    """

    family: Value = unit("-")
    order_quantity: Value = unit("units")
    multiple: Value = unit("-")
    cycle_time: Value = unit("periods")
    base_cycle_time: Value = unit("periods")
    cost: Value = unit("money/period")
    lower_bound: Value = unit("money/period")

    def to_frame(self) -> pd.DataFrame:
        """Give one row per item: family, order quantity, multiple, cycle time."""
        names = ("family", "order_quantity", "multiple", "cycle_time")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def families_frame(self) -> pd.DataFrame:
        """Give one row per family, in the order of their first items."""
        names = ("family", "base_cycle_time", "cost", "lower_bound")
        n_items = len(self.order_quantity)
        table = pd.DataFrame(
            {name: np.broadcast_to(np.asarray(getattr(self, name)), n_items) for name in names}
        )
        return table.drop_duplicates("family", ignore_index=True)

    def __repr__(self) -> str:
        shown = self.families_frame()
        rest = f"\n... {len(shown) - 5:,} more" if len(shown) > 5 else ""
        text = shown.head().to_string(index=False)
        return f"JointReplenishment of {len(self.order_quantity):,} items\n{text}{rest}"


def joint_replenishment(
    demand_rate: ArrayLike,
    *,
    shared_fixed_cost: ArrayLike,
    individual_fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    family: ArrayLike | None = None,
    method: str = "exact",
) -> JointReplenishment:
    r"""Cycles of least cost for items that share the cost of an order, of many families at once.

    Parameters
    ----------
    demand_rate : (n_items,) array_like of float
        Units per period, above 0.
    shared_fixed_cost : float or (n_items,) array_like of float
        Money per order of a family, above 0; the same for all items of a family.
    individual_fixed_cost : float or (n_items,) array_like of float
        Money more for each order that an item is in, at least 0.
    holding_cost : float or (n_items,) array_like of float
        Money per unit and period, above 0.
    family : (n_items,) array_like, optional
        Label of the family of each item, in any order. Without it all items are one family.
    method : {"exact", "power_of_two", "silver"}
        Best integer multiples of the base cycle, best powers of two, or Silver's heuristic.

    Returns
    -------
    JointReplenishment

    Raises
    ------
    UnknownNameError
        If the method is none of these.
    DomainError
        Lists every argument out of range with position, value and remedy.

    Notes
    -----
    No lead time enters: one lead time for the family moves the moment of ordering ahead of the
    arrival (clause 2.1). The shared cost is paid in every base cycle, also in one that holds no
    item because the smallest multiple is above 1.

    References
    ----------
    .. [1] Goyal (1974), "Determination of optimum packaging frequency of items jointly
       replenished", *Management Science* 21(4), 436-443.
    .. [2] Silver (1976), "A simple method of determining order quantities in joint replenishments
       under deterministic demand", *Management Science* 22(12), 1351-1361.
    .. [3] Wildeman, Frenk & Dekker (1997), "An efficient optimal solution method for the joint
       replenishment problem", *European Journal of Operational Research* 99(2), 433-444.

    Examples
    --------
    >>> told = joint_replenishment(
    ...     [1, 1, 1], shared_fixed_cost=600, individual_fixed_cost=[120, 840, 300],
    ...     holding_cost=[160, 20, 50],
    ... )
    >>> told.multiple.tolist(), round(told.cost, 2), round(told.lower_bound, 2)
    ([1, 3, 1], 837.85, 836.51)
    """
    if method not in METHODS:
        raise UnknownNameError("method of joint replenishment", method, METHODS)
    given = Given("joint_replenishment")
    given.number("demand_rate", demand_rate, above=0.0, unit="units/period")
    given.number("shared_fixed_cost", shared_fixed_cost, above=0.0, unit="money/order")
    given.number("individual_fixed_cost", individual_fixed_cost, least=0.0, unit="money/order")
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit/period")
    if np.ndim(demand_rate) != 1 or np.size(demand_rate) == 0:
        given.faults.append(
            f"demand_rate has shape {np.shape(demand_rate)}. Fix: give a list, one number per item."
        )
    for name, value in (
        ("shared_fixed_cost", shared_fixed_cost),
        ("individual_fixed_cost", individual_fixed_cost),
        ("holding_cost", holding_cost),
    ):
        if np.ndim(value) > 1:
            given.faults.append(
                f"{name} has shape {np.shape(value)}. Fix: give one number, or one per item."
            )
    of, labels = _families(given, family, np.size(demand_rate))
    case = given.settle()

    # families one after another
    sort = np.argsort(of, kind="stable")
    ptr = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=len(labels)))]).astype(np.int64)
    demand, own = case["demand_rate"][sort], case["individual_fixed_cost"][sort]
    slope = case["holding_cost"][sort] * demand
    paid = case["shared_fixed_cost"][sort]
    shared, row = paid[ptr[:-1]], of[sort]
    differs = paid != shared[row]
    if differs.any():
        given.fault(
            "shared_fixed_cost",
            case["shared_fixed_cost"],
            differs[np.argsort(sort)],
            "differs from that of the family's first item",
            "money/order",
            "give one number for each family",
        )
        given.settle()

    if method == "silver":
        multiple = _silver(ptr, row, shared, own, slope)
    else:
        multiple = np.empty(len(demand), dtype=np.int64)
        work = np.empty(len(demand)), np.empty(len(demand), dtype=np.int64)
        joint_multiples(
            ptr,
            shared,
            own,
            slope,
            method == "power_of_two",
            *work,
            multiple,
            np.empty(len(labels)),
        )
    orders = shared + np.add.reduceat(own / multiple, ptr[:-1])
    stock = np.add.reduceat(slope * multiple, ptr[:-1])
    base, cost = np.sqrt(2.0 * orders / stock), np.sqrt(2.0 * orders * stock)
    bound = np.minimum(_relaxed(ptr, row, shared, own, slope), cost)  # above it by rounding only
    back = np.argsort(sort)
    cycle = (base[row] * multiple)[back]
    alone = family is None
    return JointReplenishment(
        family=_kept(np.asarray(labels)[of]),
        order_quantity=_kept(cycle * case["demand_rate"]),
        multiple=_kept(multiple[back]),
        cycle_time=_kept(cycle),
        base_cycle_time=base.item() if alone else _kept(base[of]),
        cost=cost.item() if alone else _kept(cost[of]),
        lower_bound=bound.item() if alone else _kept(bound[of]),
    )


def _families(
    given: Given, family: ArrayLike | None, n_items: int
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Number the families in the order of their first items."""
    if family is None:
        return np.zeros(n_items, dtype=np.int64), np.zeros(1, dtype=np.int64)
    labels = np.asarray(family, dtype=object) if not isinstance(family, np.ndarray) else family
    if labels.shape != (n_items,):
        given.faults.append(
            f"family has shape {labels.shape} where there are {n_items} items. "
            "Fix: give one label for each."
        )
        return np.zeros(n_items, dtype=np.int64), np.zeros(1, dtype=np.int64)
    numbers, names = pd.factorize(labels)
    if (numbers < 0).any():
        at = int(np.flatnonzero(numbers < 0)[0])
        given.faults.append(f"family[{at}] is missing. Fix: give every item a label.")
        numbers = np.maximum(numbers, 0)
    return numbers.astype(np.int64), np.asarray(names)


def _silver(
    ptr: NDArray[np.int64], row: NDArray[np.int64], shared: Floats, own: Floats, slope: Floats
) -> NDArray[np.int64]:
    """Multiple 1 for the item that would by itself be ordered most often, others from its cycle."""
    ratio = own / slope
    most_often = np.minimum.reduceat(ratio, ptr[:-1])
    place = np.arange(len(ratio))
    first = np.minimum.reduceat(np.where(ratio == most_often[row], place, len(ratio)), ptr[:-1])
    scale = slope[first] / (shared + own[first])
    multiple = np.maximum(np.rint(np.sqrt(ratio * scale[row])), 1.0)
    multiple[first] = 1.0
    return multiple.astype(np.int64)


def _relaxed(
    ptr: NDArray[np.int64], row: NDArray[np.int64], shared: Floats, own: Floats, slope: Floats
) -> Floats:
    """Least cost with multiples of any size from 1 on: a lower bound for every policy.

    Items join the base cycle in the order of k/a for as long as their own cycle is shorter.
    """
    ratio = own / slope
    sort = np.lexsort((ratio, row))
    ratio, own, slope = ratio[sort], own[sort], slope[sort]

    def within(values: Floats) -> Floats:  # running sums of each family
        total = np.cumsum(values)
        return np.asarray(total - np.concatenate([[0.0], total])[ptr[:-1]][row])

    orders, stock = shared[row] + within(own), within(slope)
    alone = within(np.sqrt(own * slope))
    rest = alone[ptr[1:] - 1][row] - alone
    # true for the first items of a family and then never again, by the rule of the mediant
    joined = ratio * stock <= orders
    last = ptr[:-1] + np.add.reduceat(joined.astype(np.int64), ptr[:-1]) - 1
    return np.asarray(np.sqrt(2.0 * orders[last] * stock[last]) + np.sqrt(2.0) * rest[last])


def _kept(values: NDArray[Any]) -> NDArray[Any]:
    values.setflags(write=False)
    return values
