r"""Min-max policies: reorder point and order-up-to level of least cost, and what given ones cost.

At a review with the inventory position (clause 5) at or below the reorder point :math:`s`, an
order brings it to :math:`S`. With :math:`G(y)` the mean cost of holding and backorders at the end
of a period that position :math:`y` leads to, :math:`D` the demand between reviews, :math:`R`
periods apart, and :math:`m(d)` how often it stands at :math:`d` since an order,

.. math:: c(s, S) = \frac{K/R + \sum_{d=0}^{S-s-1} m(d)\,G(S - d)}{\sum_{d=0}^{S-s-1} m(d)},
   \qquad m(d) = [d = 0] + \sum_{k=0}^{d} P(D = k)\, m(d - k).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.errors import DomainError
from echelon.exact.manner import Answer, Case, Demand, Given, Value, unit
from echelon.exact.masses import Masses
from echelon.exact.single_stage.min_max_lattice import MOST, NEGATIVE, Lattice, lattice_for
from echelon.exact.single_stage.min_max_positions import expected, positions
from echelon.exact.single_stage.stage_times import StageTimes, take_times
from echelon.kernels import min_max as kernel
from echelon.lead_time.exposure import LeadTimes, exposure_demand, exposure_of_periods

_REFINEMENTS = 4
_DENSITIES_AT_ONCE = 128  # which may have a million points each


@dataclass(frozen=True, eq=False, repr=False)
class MinMaxPolicy(Answer):
    """A reorder point and an order-up-to level, and what they cost; see :func:`min_max_policy`."""

    reorder_point: Value = unit("units")
    order_up_to_level: Value = unit("units")
    cost: Value = unit("money/period")
    orders_per_period: Value = unit("orders/period")
    on_hand: Value = unit("units")
    backorders: Value = unit("units")
    step: Value = unit("units")


@dataclass(frozen=True, eq=False, repr=False)
class MinMaxApproximation(Answer):
    """Levels by a formula; see :func:`min_max_approximation`."""

    reorder_point: Value = unit("units")
    order_up_to_level: Value = unit("units")


def min_max_policy(
    demand: Demand,
    *,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    lead_time: LeadTimes = 0.0,
    review_period: ArrayLike = 1,
    reorder_point: ArrayLike | None = None,
    order_up_to_level: ArrayLike | None = None,
    step: ArrayLike | None = None,
) -> MinMaxPolicy:
    r"""Reorder point and order-up-to level of least cost, exactly; or what given ones cost.

    With review in every period and no lead time an order is placed at the start of a period,
    comes at once and serves its demand, as in the textbooks; stock is counted at the end of
    periods (clause 4). In general it has to cover ``lead_time + review_period`` periods (clause
    2.2), and ``lead_time`` where ``review_period`` is 0 and an order follows the demand of its
    period (clause 2.1). Unmet demand waits. No policy of whatever form costs less under these
    costs.

    Parameters
    ----------
    demand : Distribution, sequence of n of them, DistributionArray or DataFrame
        Of one period, periods being independent, not negative; units.
    fixed_cost : array_like of float
        Of an order, above 0, money.
    holding_cost, shortage_cost : array_like of float
        Of a unit on hand, and of one owed, at the end of a period; above 0, money/unit/period.
    lead_time : float, Distribution, or sequence of n of either, default 0
        Periods. A random one is mixed over; exact where orders do not overtake (clause 8.3).
    review_period : array_like of int, default 1
        Periods; 0 reviews after the demand of each period.
    reorder_point, order_up_to_level : array_like of float, optional
        Units, both or none.
    step : array_like of float, optional
        Of the lattice that a demand with a density is put on, units; see Notes.

    Returns
    -------
    MinMaxPolicy
        ``step`` is that of the lattice, of which the order-up-to level is a multiple, and the
        reorder point too unless demand has a density: there it is half a step off. ``on_hand`` and
        ``backorders`` at the end of a period on average.

    Raises
    ------
    DomainError
        If an argument is out of range; lists every fault. If a demand can be negative (with more
        than a probability of a millionth between reviews) or has no mean above 0, if a level is
        off the lattice, or if the levels would be over 131,072 steps apart.

    Notes
    -----
    For whole demand, or any on a lattice, the answer is exact. A density is put on a lattice so
    that :math:`G` stays exact at its points, and errors are of the second order in the step: by
    default a 32nd of the standard deviation of the demand between reviews; less, a 32nd of the way
    between the levels, where demand often falls between them; and more, up to an eighth, where
    levels were over 8,192 steps apart. So is whole demand whose levels were over
    32,768 units apart. The page ``min_max`` of the documentation measures the error.

    References
    ----------
    .. [1] Zheng & Federgruen (1991), *Operations Research* 39(4), 654-665.

    Examples
    --------
    Example 4.7 of Snyder & Shen (2019):

    >>> from echelon.distributions import Poisson
    >>> best = min_max_policy(Poisson(6), fixed_cost=5, holding_cost=1, shortage_cost=4)
    >>> best.reorder_point, best.order_up_to_level, round(best.cost, 4)
    (4.0, 10.0, 8.0341)
    """
    given = Given("min_max_policy")
    take_demand(given, demand, lead_time, review_period, step)
    given.number("fixed_cost", fixed_cost, above=0.0, unit="money")
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit/period")
    given.number("shortage_cost", shortage_cost, above=0.0, unit="money/unit/period")
    take_levels(given, reorder_point, order_up_to_level)
    case = given.settle()
    times = StageTimes.of(case)
    check_demand(given, case, times)
    fixed, hold, short = (case[name] for name in ("fixed_cost", "holding_cost", "shortage_cost"))
    costs, step = np.stack((fixed, hold, short)), case.numbers.get("step")
    if reorder_point is None:
        width = np.sqrt(2.0 * fixed * times.laws.mean * (1.0 / hold + 1.0 / short))
        lattice = lattice_for(times, width, step)
        found = _least(lattice, costs)
        if step is None:
            _refine(lattice, costs, found)
    else:
        low, high = case["reorder_point"], case["order_up_to_level"]
        lattice = lattice_for(times, high - low, step, known=True).between(low, high)
        point = steps_of(given, case, "reorder_point", lattice, -lattice.half)
        top = steps_of(given, case, "order_up_to_level", lattice)
        found = _told(lattice, lattice.masses(times.period_end), point, top)
    return case.answer(
        MinMaxPolicy,
        reorder_point=found[0],
        order_up_to_level=found[1],
        cost=fixed * found[2] + hold * found[3] + short * found[4],
        orders_per_period=found[2],
        on_hand=found[3],
        backorders=found[4],
        step=found[5],
    )


def min_max_approximation(
    demand: Demand,
    *,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    lead_time: LeadTimes = 0.0,
) -> MinMaxApproximation:
    r"""Reorder point and order-up-to level by the power approximation, for review every period.

    Two moments of the demand, of a period and of the exposure of ``lead_time + 1`` periods (clause
    2.2), go into formulas fitted to optimal policies [1]_:
    :math:`Q = 1.30\,\mu^{0.494}(K/h)^{0.506}(1 + \sigma_L^2/\mu^2)^{0.116}`,
    :math:`z = \sqrt{Q h/(\sigma_L p)}`,
    :math:`s = 0.973\,\mu_L + \sigma_L(0.183/z + 1.063 - 2.192 z)` and :math:`S = s + Q`.

    Parameters
    ----------
    demand, fixed_cost, holding_cost, shortage_cost, lead_time
        As in :func:`min_max_policy`; the demand must vary.

    Returns
    -------
    MinMaxApproximation
        Not rounded (clause 11).

    Raises
    ------
    DomainError
        If an argument is out of range, or a demand does not vary; lists every fault.

    References
    ----------
    .. [1] Ehrhardt & Mosier (1984), *Management Science* 30(5), 618-622; as in Snyder & Shen
       (2019), eq. 4.77-4.80.

    Examples
    --------
    Example 4.8 of Snyder & Shen (2019):

    >>> from echelon.distributions import Normal
    >>> quick = min_max_approximation(Normal(50, 8), fixed_cost=2.5, holding_cost=0.18,
    ...                               shortage_cost=0.7)
    >>> round(quick.reorder_point, 4), round(quick.order_up_to_level, 4)
    (40.1946, 74.2902)
    """
    given = Given("min_max_approximation")
    given.demand("demand", demand)
    given.number("fixed_cost", fixed_cost, above=0.0, unit="money")
    given.number("holding_cost", holding_cost, above=0.0, unit="money/unit/period")
    given.number("shortage_cost", shortage_cost, above=0.0, unit="money/unit/period")
    take_times(given, lead_time, 1)
    case = given.settle()
    times = StageTimes.of(case)
    mean = times.laws.mean
    exposure = exposure_of_periods(times.laws, times.cycle_end)
    for name, flat in (("mean", mean), ("standard deviation", exposure.std)):
        if (flat <= 0.0).any():
            values = flat.reshape(case.shape)
            fix = "leave the SKU out; known demand has economic_order_quantity"
            given.fault(f"{name} of demand", values, values <= 0.0, "must be above 0", "units", fix)
    if given.faults:
        given.settle()
    ratio = case["fixed_cost"] / case["holding_cost"]
    spread = 1.0 + (exposure.std / mean) ** 2
    gap = 1.30 * mean**0.494 * ratio**0.506 * spread**0.116
    z = np.sqrt(gap * case["holding_cost"] / (exposure.std * case["shortage_cost"]))
    point = 0.973 * exposure.mean + exposure.std * (0.183 / z + 1.063 - 2.192 * z)
    return case.answer(MinMaxApproximation, reorder_point=point, order_up_to_level=point + gap)


def take_demand(
    given: Given,
    demand: Demand,
    lead_time: LeadTimes,
    review_period: ArrayLike,
    step: ArrayLike | None,
) -> None:
    """Take the arguments that all min-max models share."""
    given.demand("demand", demand)
    take_times(given, lead_time, review_period)
    if step is not None:
        given.number("step", step, above=0.0, unit="units")


def take_levels(
    given: Given, reorder_point: ArrayLike | None, order_up_to_level: ArrayLike | None
) -> None:
    """Take both levels or none."""
    if (reorder_point is None) != (order_up_to_level is None):
        missing = "reorder_point" if reorder_point is None else "order_up_to_level"
        given.faults.append(f"{missing} is missing. Fix: give both levels or none.")
        return
    if reorder_point is None or order_up_to_level is None:
        return
    given.number("reorder_point", reorder_point, unit="units")
    given.number("order_up_to_level", order_up_to_level, unit="units")
    low, high = np.asarray(reorder_point), np.asarray(order_up_to_level)
    if not given.faults:
        try:
            low, high = np.broadcast_arrays(low, high)
        except ValueError:  # told when the arguments are settled
            return
        given_wrong = ~(low < high)
        if given_wrong.any():
            given.fault(
                "order_up_to_level", high, given_wrong, "must be above the reorder point", "units",
                "raise it by what an order is to bring",
            )  # fmt: skip


def check_demand(given: Given, case: Case, times: StageTimes) -> None:
    """Raise where a demand has no mean above 0 or can be negative."""
    mean = times.laws.mean.reshape(case.shape)
    if (none := mean <= 0.0).any():
        fix = "leave out what is not sold"
        given.fault("mean of demand", mean, none, "must be above 0", "units", fix)
    between = exposure_demand(times.laws, times.step_periods)
    below = between.cdf(np.nextafter(0.0, -1.0)).reshape(case.shape)
    if (wrong := below > NEGATIVE).any():
        given.fault(
            "probability of a demand below 0", below, wrong, f"must be at most {NEGATIVE:g}", "",
            "use a family from 0 on, such as 'gamma' or 'truncated_normal'",
        )  # fmt: skip
    if given.faults:
        given.settle()


def _least(lattice: Lattice, costs: Floats) -> Floats:
    """Find the levels of least cost: (6, n), as :func:`_told`; costs (3, n), fixed first."""
    found = np.empty((6, len(lattice.step)))
    dense = np.flatnonzero(~lattice.exact)
    blocks = [
        dense[at : at + _DENSITIES_AT_ONCE] for at in range(0, len(dense), _DENSITIES_AT_ONCE)
    ]
    for at in (np.flatnonzero(lattice.exact), *blocks):
        if at.size:
            found[:, at] = _least_of(lattice.take(at), costs[:, at], at)
    return found


def _least_of(lattice: Lattice, costs: Floats, skus: NDArray[np.int64]) -> Floats:
    """Do so for all SKUs at once; they are numbered for messages."""
    times, units, n = lattice.times, lattice.step, len(lattice.step)
    exposed, between = lattice.masses(times.period_end), lattice.between_reviews()
    point, top = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    least = np.empty(n)
    per_step = costs[1] * units, costs[2] * units, costs[0] / times.step_periods
    review = between.first, between.ptr, between.mass
    kernel.least_cost(exposed.ptr, exposed.mass, *per_step, *review, MOST, point, top, least)
    _require_found(least, units, skus)
    return _told(lattice, exposed, point + exposed.first, top + exposed.first, between)


def _told(
    lattice: Lattice,
    exposed: Masses,
    point: NDArray[np.int64],
    top: NDArray[np.int64],
    between: Masses | None = None,
) -> Floats:
    """Both levels, orders per period, stock on hand, backorders and the step: (6, n)."""
    between = lattice.between_reviews() if between is None else between
    chances, reviews = positions(between, top - point)
    _, on_hand, backorders = expected(exposed, lattice, top, chances)
    orders = 1.0 / (reviews * lattice.times.step_periods)
    low = (point + lattice.half) * lattice.step + lattice.offset
    high = top * lattice.step + lattice.offset
    return np.stack((low, high, orders, on_hand, backorders, lattice.step))


def _refine(lattice: Lattice, costs: Floats, found: Floats) -> None:
    """Solve again, on a finer lattice, SKUs whose levels came out a few steps apart: in place."""
    at = np.flatnonzero(~lattice.exact & (lattice.times.laws.std > 0.0))
    for _ in range(_REFINEMENTS):
        if not at.size:
            break
        finer = lattice_for(lattice.times.take(at), found[1, at] - found[0, at], known=True)
        some = np.flatnonzero(~finer.exact & (finer.step < 0.7 * found[5, at]))
        at = at[some]
        if at.size:
            found[:, at] = _least(finer.take(some), costs[:, at])


def _require_found(least: Floats, step: Floats, skus: NDArray[np.int64]) -> None:
    lost = ~np.isfinite(least)
    if lost.any():
        at = int(np.flatnonzero(lost)[0])
        raise DomainError(
            f"min_max_policy: the levels of SKU {skus[at]} are over {MOST:,} steps of {step[at]:g} "
            f"units apart ({int(lost.sum()):,} such SKUs). Fix: give demand in larger units, packs "
            "or pallets; or check fixed_cost against holding_cost."
        )


def steps_of(
    given: Given, case: Case, name: str, lattice: Lattice, shift: Floats | float = 0.0
) -> NDArray[np.int64]:
    """Give an argument in units as numbers of lattice steps, all of them whole.

    Parameters
    ----------
    given : Given
        Reports what is not.
    case : Case
    name : str
        The argument.
    lattice : Lattice of n
    shift : float or (n,) ndarray of float64, default 0
        Steps to add.

    Returns
    -------
    (n,) ndarray of int64

    Raises
    ------
    DomainError
        If one is no multiple of its step.
    """
    units, step = case[name], lattice.step
    number = np.rint((units - lattice.offset) / step + shift)
    found = (number - shift) * step + lattice.offset
    off = abs(found - units) > 1e-9 * np.maximum(abs(units), step)
    if off.any():
        told = f"must be a multiple of {step[np.argmax(off)]:.10g}, as demand is,"
        values, wrong = units.reshape(case.shape), off.reshape(case.shape)
        given.fault(name, values, wrong, told, "units", "give a multiple")
        given.settle()
    return number.astype(np.int64)
