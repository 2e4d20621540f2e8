r"""Reorder point and order quantity: what they serve, and the least point that meets a target.

Reviews every :math:`R` periods, or in every period after its demand where :math:`R = 0`; whenever
the position (clause 5) is at or below the reorder point :math:`s`, as many quantities :math:`Q`
are ordered as bring it above: (R, s, nQ), (r, nQ), and (r, Q) where a single one always does. In
the long run the position after a review is uniform on :math:`(s, s + Q]`, whatever the demand
[1]_, and does not depend on the demand that follows; :math:`S` of a base stock gives way to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.errors import DomainError
from echelon.exact.manner import Answer, Case, Demand, Given, Value, unit
from echelon.exact.single_stage.lot_measures import LotStages
from echelon.exact.single_stage.position_grain import grains, take_targets
from echelon.exact.single_stage.stage_times import StageTimes, own_steps, take_times
from echelon.execution.workers import run_shards
from echelon.lead_time.exposure import LeadTimes
from echelon.lead_time.totals import narrowed
from echelon.progress import Progress

Integers = NDArray[np.int64]

MEASURES = ("cycle_service_level", "ready_rate", "fill_rate")

_MOST_POINTS = 2**16
"""Points of a lattice that is tabulated; with more of them demand is as good as a density."""
_BATCH_POINTS, _BATCH_SKUS = 2**20, 4096
_ROUNDING = 1e-12
"""By how much a measure may miss its target: the rounding of the sums it is made of."""
_PRECISION = 1e-10
_MOST_DOUBLINGS = 60


@dataclass(frozen=True, eq=False, repr=False)
class ReorderPointMeasures(Answer):
    """What a reorder point serves; see :func:`reorder_point_measures`."""

    reorder_point: Value = unit("units")
    order_quantity: Value = unit("units")
    cycle_service_level: Value = unit("-")
    ready_rate: Value = unit("-")
    fill_rate: Value = unit("-")
    on_hand: Value = unit("units")
    backorders: Value = unit("units")
    orders_per_period: Value = unit("orders/period")


def reorder_point_measures(
    demand: Demand,
    *,
    reorder_point: ArrayLike,
    order_quantity: ArrayLike,
    lead_time: LeadTimes,
    review_period: ArrayLike = 0,
    n_jobs: int = 1,
) -> ReorderPointMeasures:
    r"""What a reorder point and an order quantity give in the long run, with backorders.

    Which periods the lead time covers: with ``review_period`` of 1 or more, stock has to cover
    ``lead_time + review_period`` periods of demand (clause 2.2); with 0, continuous review, where
    an order follows the demand of its period, ``lead_time`` of them (clause 2.1): put
    :math:`L - 1` for :math:`L` and 1 for :math:`R` in what follows. With :math:`y` the position
    after a review, :math:`n(t, y)` the loss function of the demand of :math:`t` periods and
    :math:`K` uniform on :math:`1, \dots, R`:

    - fill rate :math:`1 - E_y[n(L + R, y) - n(L, y)]/(R\mu)`: share of units served from stock;
    - ready rate :math:`E_y P(D_{L+K} \le y)`: share of periods that end without backorders;
    - cycle service level :math:`P(U + D_L \le s)`: share of replenishment cycles, from the
      arrival of one order to that of the next, in which nothing is short. The undershoot
      :math:`U`, by which the position is below :math:`s` when an order is placed, has
      :math:`P(U > u) = [n(R, u) - n(R, u + Q)]/[n(R, 0) - n(R, Q)]`;
    - backorders :math:`E_y n(L + K, y)` and on-hand stock, at the end of a period;
    - orders :math:`E\min(D_R, Q)/(QR)` in a period, each of one quantity or more.

    Random lead times are mixed over, orders not overtaking one another (clause 8.3).

    Parameters
    ----------
    demand : Distribution, sequence of n, DistributionArray of n, or DataFrame
        Of one period, independent, never negative (of a normal one that part is taken for
        negligible); units. On a lattice, such as whole units, the position moves by multiples of
        the largest number g that divides its step and the order quantity, and is taken to be
        :math:`s + g, \dots, s + Q`. A known demand counts as one of a density.
    reorder_point : float or (n,) array_like of float
        Units; may be negative.
    order_quantity : float or (n,) array_like of float
        Units, above 0; decimals (at most six digits) where demand is on a lattice.
    lead_time : float, Distribution, or sequence of n of either
        Periods, at least 0.
    review_period : int or (n,) array_like of int, default 0
        Periods, whole.
    n_jobs : int, default 1
        Threads; -1 for every core.

    Returns
    -------
    ReorderPointMeasures
        Fill rate and cycle service level of a SKU without demand are 1.

    Raises
    ------
    DomainError
        Lists every argument that is out of range, with position, value and remedy.

    References
    ----------
    .. [1] Hadley & Whitin (1963), *Analysis of Inventory Systems*, chapters 4 and 5.
    .. [2] Zipkin (2000), *Foundations of Inventory Management*, chapter 6.
    .. [3] Axsater (2015), *Inventory Control*, chapter 5.

    Examples
    --------
    >>> from echelon.distributions import Poisson
    >>> made = reorder_point_measures(
    ...     Poisson(2.0), reorder_point=7, order_quantity=10, lead_time=2, review_period=1)
    >>> round(made.fill_rate, 4), round(made.ready_rate, 4), round(made.cycle_service_level, 4)
    (0.972, 0.9686, 0.8598)
    """
    given = Given("reorder_point_measures")
    given.number("reorder_point", reorder_point, unit="units")
    case, grain, tabulated = _settled(given, demand, order_quantity, lead_time, review_period)
    level, quantity = case["reorder_point"], case["order_quantity"]

    def work(skus: Integers, stages: LotStages) -> list[Floats]:
        return [level[skus], *_measured(stages, level[skus], quantity[skus])]

    return _answered(case, work, grain, tabulated, n_jobs, False)


def reorder_point_for(
    demand: Demand,
    *,
    order_quantity: ArrayLike,
    cycle_service_level: ArrayLike | None = None,
    ready_rate: ArrayLike | None = None,
    fill_rate: ArrayLike | None = None,
    lead_time: LeadTimes,
    review_period: ArrayLike = 0,
    n_jobs: int = 1,
    progress: Progress = False,
) -> ReorderPointMeasures:
    """Smallest reorder point that meets a service target, and all that it gives.

    Stock covers ``lead_time + review_period`` periods of demand (clause 2); that, and what each
    measure counts, is said at :func:`reorder_point_measures`.

    Parameters
    ----------
    demand, order_quantity, lead_time, review_period, n_jobs
        See :func:`reorder_point_measures`.
    progress : bool, callable or None, default False
        See :data:`echelon.progress.Progress`; in SKUs.
    cycle_service_level, ready_rate, fill_rate : float or (n,) array_like of float
        Exactly one of them: the target, above 0 and below 1.

    Returns
    -------
    ReorderPointMeasures
        A whole reorder point where demand and order quantity are whole, in general a multiple of
        the largest number that divides both; it may be negative. 0 where there is no demand.

    Raises
    ------
    DomainError
        Lists every argument that is out of range, with position, value and remedy; if not exactly
        one target is given.

    Notes
    -----
    A cycle service level of densities is integrated numerically where orders of several quantities
    occur, to 1e-6; all else is closed or summed exactly.

    Examples
    --------
    >>> from echelon.distributions import array
    >>> demand = array(["gamma", "negative_binomial"], mean=[10.0, 4.0], std=[6.0, 3.0])
    >>> made = reorder_point_for(
    ...     demand, order_quantity=[40, 12], fill_rate=0.95, lead_time=[3, 5], review_period=1)
    >>> made.reorder_point.round(4).tolist(), made.fill_rate.round(4).tolist()
    ([44.7002, 31.0], [0.95, 0.9548])
    """
    given = Given("reorder_point_for")
    measure = take_targets(
        given,
        {
            "cycle_service_level": cycle_service_level,
            "ready_rate": ready_rate,
            "fill_rate": fill_rate,
        },
    )
    case, grain, tabulated = _settled(given, demand, order_quantity, lead_time, review_period)
    target, quantity = case[measure], case["order_quantity"]

    def work(skus: Integers, stages: LotStages) -> list[Floats]:
        def reached(level: Floats) -> Floats:
            return np.asarray(getattr(stages, measure)(level, quantity[skus]))

        start = None
        if measure == "cycle_service_level" and not stages.tabulated:
            # what is quickly told is a bound, and close by
            start = _least(
                stages,
                lambda level: stages.single_quantity_cycles(level, quantity[skus]),
                target[skus],
                quantity[skus],
            )
        level = _least(stages, reached, target[skus], quantity[skus], start)
        return [level, *_measured(stages, level, quantity[skus])]

    return _answered(case, work, grain, tabulated, n_jobs, progress)


def _settled(
    given: Given,
    demand: Demand,
    order_quantity: ArrayLike,
    lead_time: LeadTimes,
    review_period: ArrayLike,
) -> tuple[Case, Floats, NDArray[np.bool_]]:
    """Check the arguments and give the grain of each SKU, and whether its demand is tabulated."""
    given.demand("demand", demand)
    given.number("order_quantity", order_quantity, above=0.0, unit="units")
    take_times(given, lead_time, review_period)
    case = given.settle()
    laws, quantity = case.demands["demand"], case["order_quantity"]
    step = own_steps(laws)
    grain, wrong = grains(step, quantity)
    if wrong.any():
        given.fault(
            "order_quantity",
            quantity,
            wrong,
            "is no decimal of six digits, and demand sits on a lattice",
            "units",
            "round it to a multiple of the demand's step",
        )
    smallest = _smallest(laws)
    if (smallest < 0.0).any():
        given.fault(
            "smallest demand",
            smallest,
            smallest < 0.0,
            "below 0: returns take the position beyond the order quantity",
            "",
            "give demand net of returns as a distribution from 0 on",
        )
    given.settle()
    return case, grain, step > 0.0


def _smallest(laws: DistributionArray) -> Floats:
    """Where the support on points begins, units; 0 of densities, the normal one's part kept."""
    found = np.zeros(len(laws))
    for table in laws.tables:
        found[table.at] = table.support[0]
    for at, law in laws.others:
        found[at] = law.support[0] if law.discrete else 0.0
    return found


Work = Callable[[Integers, LotStages], list[Floats]]


def _answered(
    case: Case,
    work: Work,
    grain: Floats,
    on_lattice: NDArray[np.bool_],
    n_jobs: int,
    progress: Progress,
) -> ReorderPointMeasures:
    """Do the work batch by batch, in threads: the array functions and kernels run side by side."""
    times = StageTimes.of(case)
    longest = times.cycle_end
    mean = times.laws.mean * longest.mean
    std = np.sqrt(times.laws.std**2 * longest.mean + longest.variance * times.laws.mean**2)
    step = own_steps(times.laws)
    points = np.where(on_lattice, (mean + 12.0 * std) / np.where(step > 0.0, step, 1.0) + 1.0, 64.0)
    tabulated = on_lattice & (points <= _MOST_POINTS)
    points = np.where(tabulated, points, 64.0 * len(longest.periods) / len(longest))
    batches = []
    for kind in (tabulated, ~tabulated):
        skus = np.flatnonzero(kind)
        number = np.cumsum(points[skus]) // _BATCH_POINTS + np.arange(len(skus)) // _BATCH_SKUS
        if skus.size:
            batches += np.split(skus, np.flatnonzero(np.diff(number)) + 1)

    def one(skus: Integers) -> list[Floats]:
        stages = LotStages.of(times.take(skus), grain[skus], bool(tabulated[skus[0]]))
        return work(skus, stages)

    found = np.empty((7, case.size))
    outcomes = run_shards(
        one,
        batches,
        n_jobs=n_jobs,
        backend="threads",
        progress=progress,
        label="reorder points",
        weigh=len,
    )
    for skus, outcome in zip(batches, outcomes, strict=True):
        if outcome.failed:
            one(skus)  # raises where it failed, with its own class
        found[:, skus] = outcome.unwrap()
    level, cycle, ready, fill, on_hand, owed, orders = found
    return case.answer(
        ReorderPointMeasures,
        reorder_point=level,
        order_quantity=case["order_quantity"],
        cycle_service_level=cycle,
        ready_rate=ready,
        fill_rate=fill,
        on_hand=on_hand,
        backorders=owed,
        orders_per_period=orders,
    )


def _measured(stages: LotStages, level: Floats, quantity: Floats) -> list[Floats]:
    grain = stages.grain
    fine = np.where(grain > 0.0, grain, 1.0)
    # on a lattice a service rises where the position does, at the points of the grain
    number = level / fine
    nearest = np.rint(number)
    below = np.where(np.abs(number - nearest) <= 1e-9, nearest, np.floor(number))
    share = np.where(grain > 0.0, np.maximum(number - below, 0.0), 0.0)
    share = np.where(share <= 1e-9, 0.0, share)
    begin = np.where(grain > 0.0, below * fine, level)
    owed, fill = stages.backorders(begin, quantity), stages.fill_rate(begin, quantity)
    if (share > 0.0).any():  # between them losses, which a part of a unit lessens, are straight
        owed += share * (stages.backorders(begin + grain, quantity) - owed)
        fill += share * (stages.fill_rate(begin + grain, quantity) - fill)
    return [
        stages.cycle_service_level(begin, quantity),
        stages.ready_rate(begin, quantity),
        fill,
        np.maximum(stages.net_inventory(level, quantity) + owed, 0.0),
        owed,
        stages.orders_per_period(quantity),
    ]


def _least(
    stages: LotStages,
    reached: Callable[[Floats], Floats],
    target: Floats,
    quantity: Floats,
    start: Floats | None = None,
) -> Floats:
    """Find the smallest reorder point: on a lattice by halving, else by secants.

    ``start`` is a level that it is not far above, if it is above.
    """
    laws, end, grain = stages.times.laws, stages.times.cycle_end, stages.grain
    std = np.sqrt(laws.std**2 * end.mean + end.variance * laws.mean**2)
    unit_ = np.where(grain > 0.0, grain, 1.0)
    reach = np.where(
        grain > 0.0, np.ceil((quantity + std) / unit_) * unit_, 0.5 * quantity + std + laws.mean
    )
    low = -quantity - grain
    high = np.where(grain > 0.0, np.ceil(laws.mean * end.mean / unit_) * unit_, 0.0)
    high = np.where(grain > 0.0, high, laws.mean * end.mean) + reach
    if start is not None:
        reach = 0.02 * std + 1e-9 * quantity
        low, high = start - 1e-9 * reach, start + reach
    wanted = target - _ROUNDING
    some = laws.mean > 0.0
    step = reach.copy()
    while (met := some & (reached(low) >= wanted)).any():
        high, low, step = np.where(met, low, high), np.where(met, low - step, low), 2.0 * step
    step = reach.copy()
    tries = 0
    while (missed := some & (reached(high) < wanted)).any():
        tries += 1
        if tries > _MOST_DOUBLINGS:
            at = int(np.flatnonzero(missed)[0])
            raise DomainError(
                f"a service of {target[at]!r} is closer to 1 than the sums of {laws[at]!r} can "
                "tell. Fix: ask for less."
            )
        low, high, step = np.where(missed, high, low), np.where(missed, high + step, high), 2 * step
    if (grain > 0.0).any():
        found = _halved(reached, wanted, low, high, grain)
    else:
        found = _by_secants(reached, wanted, low, high)
    return np.where(some, found, 0.0)


def _halved(
    reached: Callable[[Floats], Floats], wanted: Floats, low: Floats, high: Floats, grain: Floats
) -> Floats:
    below, above = np.rint(low / grain), np.rint(high / grain)
    while (open_ := above - below > 1.0).any():
        middle = np.floor(0.5 * (below + above))
        met = reached(middle * grain) >= wanted
        above = np.where(open_ & met, middle, above)
        below = np.where(open_ & ~met, middle, below)
    return above * grain


def _by_secants(
    reached: Callable[[Floats], Floats], wanted: Floats, low: Floats, high: Floats
) -> Floats:
    scale = np.maximum(np.abs(low), np.abs(high))
    for _ in range(8):
        low, high = narrowed(reached, wanted, low, high, precision=_PRECISION)
        if (high - low <= _PRECISION * scale).all():
            break
        middle = 0.5 * (low + high)
        met = reached(middle) >= wanted
        low, high = np.where(met, low, middle), np.where(met, middle, high)
    return high
