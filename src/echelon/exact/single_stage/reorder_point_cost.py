r"""Reorder point and order quantity of least cost: whole quantities on a lattice, and densities.

Whenever the inventory position (clause 5) is at or below the reorder point :math:`r`, as many
quantities :math:`Q` are ordered as bring it above. In the long run it is uniform on
:math:`r + 1, \dots, r + Q` of a whole demand, and on :math:`(r, r + Q]` of a density [1]_, so that
with :math:`G(y)` the mean cost of holding and backorders at the end of a period that position
:math:`y` leads to,

.. math:: c(r, Q) = \frac{A(Q) + \sum_{y=r+1}^{r+Q} G(y)}{Q}.

:math:`A(Q)/Q` is what orders cost in a period: :math:`A = K\mu` where every quantity is an order,
as under continuous review; :math:`A(Q) = K\,E\min(D_R, Q)/R` where a review every :math:`R`
periods places one order, however many quantities it takes.

References
----------
.. [1] Hadley & Whitin (1963), *Analysis of Inventory Systems*.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.exact.manner import Answer, Case, Demand, Given, Value, unit
from echelon.exact.masses import Masses, exposure_masses
from echelon.exact.single_stage.reorder_point_density import density_policy
from echelon.exact.single_stage.stage_times import StageTimes, own_steps, take_times
from echelon.kernels import reorder_point as kernel
from echelon.lead_time.exposed_array import ExposedArray
from echelon.lead_time.exposure import LeadTimes

_NOTHING = np.zeros(0)


@dataclass(frozen=True, eq=False, repr=False)
class ReorderPolicy(Answer):
    """A reorder point and an order quantity, and what they cost; see :func:`reorder_policy`."""

    reorder_point: Value = unit("units")
    order_quantity: Value = unit("units")
    cost: Value = unit("money/period")
    orders_per_period: Value = unit("orders/period")
    on_hand: Value = unit("units")
    backorders: Value = unit("units")


def reorder_policy(
    demand: Demand,
    *,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    lead_time: LeadTimes,
    review_period: ArrayLike = 0,
    reorder_point: ArrayLike | None = None,
    order_quantity: ArrayLike | None = None,
) -> ReorderPolicy:
    r"""Reorder point and order quantity of least cost, exactly; or what given ones cost.

    What is given stays, and the other is chosen for it; with both given their cost is told. Under
    continuous review (``review_period=0``, clause 2.1) stock has to cover ``lead_time`` periods,
    as in the textbooks' :math:`(r, Q)` model, whose unit of time is the period here; under
    periodic review (clause 2.2) ``lead_time + review_period``, and stock is counted at the ends of
    periods (clause 4). Unmet demand waits.

    Parameters
    ----------
    demand : Distribution, sequence of n of them, DistributionArray or DataFrame
        Of one period, periods being independent; units. Whole demand, or any on a lattice, is
        ordered in multiples of its step.
    fixed_cost : array_like of float
        Above 0, money: under continuous review for every order quantity, under periodic review for
        every order.
    holding_cost, shortage_cost : array_like of float
        Of a unit on hand, and of one owed, at the end of a period; above 0, money/unit/period.
    lead_time : float, Distribution, or sequence of n of either
        Periods. A random one is mixed over; exact where orders do not overtake (clause 8.3).
    review_period : array_like of int, default 0
        Periods; 0 is continuous review.
    reorder_point, order_quantity : array_like of float, optional
        Units; of a demand on a lattice, on that lattice.

    Returns
    -------
    ReorderPolicy
        ``on_hand`` and ``backorders`` at the end of a period on average. Of equal costs, the
        smallest quantity; under periodic review of a density it may be 0: ordering up to the
        reorder point at every review is best.

    Raises
    ------
    DomainError
        If an argument is out of range; lists every fault. If a demand has no mean above 0, or a
        level is off its lattice.

    Notes
    -----
    Whole quantities: the window of positions grows by its cheaper neighbour as long as that lowers
    the cost, which finds the optimum for every convex :math:`G` [1]_; under periodic review it
    grows as long as the next :math:`G` is below the least cost so far, since :math:`A` does not
    fall. Densities: :math:`G(r) = G(r + Q) = c(r, Q)` [2]_, by Newton's method on convex functions
    with the second-order loss function.

    References
    ----------
    .. [1] Federgruen & Zheng (1992), *Operations Research* 40(4), 808-813.
    .. [2] Zheng (1992), *Management Science* 38(1), 87-103.

    Examples
    --------
    Example 5.8 of Snyder & Shen (2019), with years for periods:

    >>> from echelon.distributions import Poisson
    >>> reorder_policy(Poisson(1.5), fixed_cost=100, holding_cost=20, shortage_cost=150,
    ...                lead_time=2)
    ReorderPolicy
      reorder_point 3 [units]
      order_quantity 5 [units]
      cost 107.924 [money/period]
      orders_per_period 0.3 [orders/period]
      on_hand 3.10543 [units]
      backorders 0.105433 [units]
    """
    given = Given("reorder_policy")
    given.demand("demand", demand)
    given.number("fixed_cost", fixed_cost, above=0.0, unit="money")
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit/period")
    given.number("shortage_cost", shortage_cost, above=0.0, unit="money/unit/period")
    take_times(given, lead_time, review_period)
    if reorder_point is not None:
        given.number("reorder_point", reorder_point, unit="units")
    if order_quantity is not None:
        given.number("order_quantity", order_quantity, above=0.0, unit="units")
    case = given.settle()
    times = StageTimes.of(case)
    step = own_steps(times.laws)
    _check(given, case, step)
    whole = np.isfinite(step)
    found = np.empty((5, case.size))
    for rows, solve in ((whole, _whole_policy), (~whole, density_policy)):
        at = np.flatnonzero(rows)
        if at.size:
            numbers = {name: values[at] for name, values in case.numbers.items()}
            found[:, at] = solve(times.take(at), numbers)
    point, quantity, orders, on_hand, backorders = found
    cost = (
        case["fixed_cost"] * orders
        + case["holding_cost"] * on_hand
        + case["shortage_cost"] * backorders
    )
    return case.answer(
        ReorderPolicy,
        reorder_point=point,
        order_quantity=quantity,
        cost=cost,
        orders_per_period=orders,
        on_hand=on_hand,
        backorders=backorders,
    )


def _check(given: Given, case: Case, step: Floats) -> None:
    """Raise where a demand has no mean above 0, or a level is not on its lattice.

    ``step`` (n,) units, NaN for a density.
    """
    mean = case.demands["demand"].mean.reshape(case.shape)
    if (none := mean <= 0.0).any():
        fix = "leave out what is not sold"
        given.fault("mean of demand", mean, none, "must be above 0", "units", fix)
    for name in ("reorder_point", "order_quantity"):
        if name not in case.numbers:
            continue
        units = case[name]
        with np.errstate(invalid="ignore"):
            off = abs(np.rint(units / step) * step - units) > 1e-9 * np.maximum(abs(units), step)
        if off.any():
            told = f"must be a multiple of {step[np.argmax(off)]:.10g}, as demand is,"
            values, wrong = units.reshape(case.shape), off.reshape(case.shape)
            given.fault(name, values, wrong, told, "units", "give a multiple")
    if given.faults:
        given.settle()


def _whole_policy(times: StageTimes, numbers: dict[str, Floats]) -> Floats:
    """Solve the SKUs whose demand sits on a lattice.

    Returns
    -------
    (5, n) ndarray of float64
        Reorder point, order quantity, orders per period, stock on hand, backorders.
    """
    exposed = exposure_masses(times.laws, times.period_end)
    step, n = exposed.step, len(times.laws)
    holding, shortage = numbers["holding_cost"] * step, numbers["shortage_cost"] * step
    once = times.review_period > 0.0
    review = _between_reviews(times, once)
    ordering = numbers["fixed_cost"] * np.where(
        once, 1.0 / times.step_periods, times.laws.mean / step
    )
    point, quantity = np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64)
    if "reorder_point" in numbers:
        point = _steps(numbers["reorder_point"], step) - exposed.first
    if "order_quantity" in numbers:
        quantity = _steps(numbers["order_quantity"], step)
    costs = exposed.ptr, exposed.mass, holding, shortage
    orders = ordering, review.first, review.ptr, review.mass
    if "reorder_point" not in numbers and "order_quantity" not in numbers:
        kernel.least_cost(*costs, *orders, point, quantity, np.empty(n))
    elif "reorder_point" not in numbers:
        kernel.best_point(*costs, quantity, point)
    elif "order_quantity" not in numbers:
        kernel.best_quantity(*costs, *orders, point, quantity)
    on_hand, backorders, placed = np.empty(n), np.empty(n), np.empty(n)
    kernel.averages(exposed.ptr, exposed.mass, point, quantity, on_hand, backorders)
    kernel.capped_mean(review.first, review.ptr, review.mass, quantity, placed)
    units = quantity * step
    per_period = np.where(once, placed * step / times.step_periods, times.laws.mean) / units
    levels = (point + exposed.first) * step
    return np.stack((levels, units, per_period, on_hand * step, backorders * step))


def _between_reviews(times: StageTimes, once: NDArray[np.bool_]) -> Masses:
    """Demand between two reviews; an empty row under continuous review."""
    n = len(times.laws)
    some = np.flatnonzero(once)
    if not some.size:
        zeros = np.zeros(n, dtype=np.int64)
        return Masses(np.ones(n), zeros, np.zeros(n + 1, dtype=np.int64), _NOTHING)
    found = exposure_masses(
        times.laws.take(some), ExposedArray.of_numbers(times.review_period[some])
    )
    counts, first, step = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), np.ones(n)
    counts[some], first[some], step[some] = np.diff(found.ptr), found.first, found.step
    return Masses(step, first, np.concatenate(([0], np.cumsum(counts))), found.mass)


def _steps(units: Floats, step: Floats) -> NDArray[np.int64]:
    return np.rint(units / step).astype(np.int64)
