r"""What a min-max policy serves, and the smallest levels that meet a target.

With :math:`y` the inventory position after a review, :math:`x` the position that orders,
:math:`L` the lead time, :math:`R` the review period, :math:`n(t, y) = E[(D_t - y)^+]` and
:math:`K` uniform on :math:`1, \dots, R`:

- cycle service level :math:`P(D_L \le x)` (clause 6.1): a cycle ends when the order that
  :math:`x` places is about to come, and nothing came since it began;
- ready rate :math:`P(D_{L+K} \le y)` (clause 6.2);
- fill rate :math:`1 - E[n(L + R, y) - n(L, y)]/(R\mu)` (clause 6.3);
- on hand and backorders :math:`E(y - D_{L+K})^+` and :math:`E(D_{L+K} - y)^+` (clause 4).

Where ``review_period`` is 0 an order follows the demand of its period: put :math:`L - 1` for
:math:`L` and 1 for :math:`R` (clause 2.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.exact.manner import Answer, Case, Demand, Given, Value, unit
from echelon.exact.masses import Masses
from echelon.exact.single_stage.min_max import (
    check_demand,
    steps_of,
    take_demand,
    take_levels,
)
from echelon.exact.single_stage.min_max_lattice import Lattice, lattice_for
from echelon.exact.single_stage.min_max_positions import expected, positions
from echelon.exact.single_stage.stage_times import StageTimes
from echelon.kernels import min_max as kernel
from echelon.lead_time.exposure import LeadTimes

MEASURES = ("cycle_service_level", "ready_rate", "fill_rate")


@dataclass(frozen=True, eq=False, repr=False)
class MinMaxMeasures(Answer):
    """What a min-max policy serves and holds; see :func:`min_max_measures`."""

    reorder_point: Value = unit("units")
    order_up_to_level: Value = unit("units")
    cycle_service_level: Value = unit("-")
    ready_rate: Value = unit("-")
    fill_rate: Value = unit("-")
    orders_per_period: Value = unit("orders/period")
    on_hand: Value = unit("units")
    backorders: Value = unit("units")


def min_max_measures(
    demand: Demand,
    *,
    reorder_point: ArrayLike,
    order_up_to_level: ArrayLike,
    lead_time: LeadTimes = 0.0,
    review_period: ArrayLike = 1,
    step: ArrayLike | None = None,
) -> MinMaxMeasures:
    """Measures of a min-max policy: service, orders, stock on hand and backorders.

    Stock has to cover ``lead_time + review_period`` periods (clause 2.2), and ``lead_time`` where
    ``review_period`` is 0 and an order follows the demand of its period (clause 2.1).

    Parameters
    ----------
    demand, lead_time, review_period, step
        As in :func:`~echelon.exact.single_stage.min_max.min_max_policy`, with the same error for a
        density.
    reorder_point, order_up_to_level : array_like of float
        Units, the second above the first.

    Returns
    -------
    MinMaxMeasures

    Raises
    ------
    DomainError
        If an argument is out of range; lists every fault. As ``min_max_policy``; and where an
        order may come in the period of its demand (``review_period`` 0 and a lead time that can be
        0) while the reorder point leaves some of that demand waiting.

    References
    ----------
    .. [1] Tijms & Groenevelt (1984), *European Journal of Operational Research* 17(2), 175-190,
       for service levels of such policies; the sums here are exact.

    Examples
    --------
    >>> from echelon.distributions import Poisson
    >>> told = min_max_measures(Poisson(6), reorder_point=4, order_up_to_level=10)
    >>> round(told.fill_rate, 4), round(told.orders_per_period, 4)
    (0.9382, 0.682)
    """
    given = Given("min_max_measures")
    take_demand(given, demand, lead_time, review_period, step)
    take_levels(given, reorder_point, order_up_to_level)
    case = given.settle()
    times = StageTimes.of(case)
    check_demand(given, case, times)
    low, high = case["reorder_point"], case["order_up_to_level"]
    lattice = lattice_for(times, high - low, case.numbers.get("step"), known=True)
    lattice = lattice.between(low, high)
    top = steps_of(given, case, "order_up_to_level", lattice)
    gap = top - steps_of(given, case, "reorder_point", lattice, -lattice.half)
    served = _Served.of(lattice, gap)
    served.check(given, case, top)
    return case.answer(MinMaxMeasures, **served.all(top))


def min_max_for(
    demand: Demand,
    *,
    order_gap: ArrayLike,
    cycle_service_level: ArrayLike | None = None,
    ready_rate: ArrayLike | None = None,
    fill_rate: ArrayLike | None = None,
    lead_time: LeadTimes = 0.0,
    review_period: ArrayLike = 1,
    step: ArrayLike | None = None,
) -> MinMaxMeasures:
    """Smallest reorder point that meets one target, at a given way up to the order-up-to level.

    Stock has to cover ``lead_time + review_period`` periods (clause 2.2), and ``lead_time`` where
    ``review_period`` is 0 and an order follows the demand of its period (clause 2.1).

    Parameters
    ----------
    demand, lead_time, review_period, step
        As in :func:`min_max_measures`.
    order_gap : array_like of float
        Order-up-to level less reorder point, above 0, units.
    cycle_service_level, ready_rate, fill_rate : array_like of float
        Exactly one of them (clause 6), above 0 and below 1.

    Returns
    -------
    MinMaxMeasures
        Of these levels. On the lattice of a demand they are the smallest; of a density, the
        smallest whose order-up-to level is a multiple of the step.

    Raises
    ------
    DomainError
        If an argument is out of range, or not one target is given; lists every fault.

    Examples
    --------
    >>> from echelon.distributions import Poisson
    >>> found = min_max_for(Poisson(6), order_gap=6, fill_rate=0.95)
    >>> found.reorder_point, found.order_up_to_level, round(found.fill_rate, 4)
    (5.0, 11.0, 0.9638)
    """
    given = Given("min_max_for")
    take_demand(given, demand, lead_time, review_period, step)
    given.number("order_gap", order_gap, above=0.0, unit="units")
    targets = {"cycle_service_level": cycle_service_level, "ready_rate": ready_rate}
    targets["fill_rate"] = fill_rate
    asked = {name: value for name, value in targets.items() if value is not None}
    for name, value in asked.items():
        given.fraction(name, value)
    if len(asked) != 1:
        told = " and ".join(asked) or "none"
        given.faults.append(f"target: {told} given. Fix: give one of {', '.join(MEASURES)}.")
    case = given.settle()
    times = StageTimes.of(case)
    check_demand(given, case, times)
    gap_units = case["order_gap"]
    lattice = lattice_for(times, gap_units, case.numbers.get("step"), known=True)
    lattice = lattice.between(np.zeros(case.size), gap_units)
    lattice = Lattice(times, lattice.step, lattice.exact, np.zeros(case.size), lattice.half)
    served = _Served.of(lattice, steps_of(given, case, "order_gap", lattice, lattice.half))
    measure = next(iter(asked))
    top = served.smallest(measure, case[measure])
    served.check(given, case, top)
    return case.answer(MinMaxMeasures, **served.all(top))


@dataclass(frozen=True, slots=True)
class _Served:
    """Demand until the moments that measures look at, and positions by steps below the top."""

    lattice: Lattice
    gap: NDArray[np.int64]
    chances: Masses
    reviews: Floats
    under: Masses
    begin: Masses
    end: Masses
    at_random: Masses
    at_once: Floats

    @classmethod
    def of(cls, lattice: Lattice, gap: NDArray[np.int64]) -> _Served:
        times, between = lattice.times, lattice.between_reviews()
        chances, reviews = positions(between, gap)
        largest = between.first + np.diff(between.ptr) - 1
        ptr = np.concatenate(([0], np.cumsum(np.maximum(largest, 1))))
        under = np.empty(ptr[-1])
        kernel.undershoots(
            between.first, between.ptr, between.mass, gap, chances.ptr, chances.mass, reviews,
            ptr, under,
        )  # fmt: skip
        first, lead = np.zeros(len(gap), dtype=np.int64), times.lead_time
        none = np.add.reduceat(lead.weights * (lead.periods == 0.0), lead.ptr[:-1])
        return cls(
            lattice,
            gap,
            chances,
            reviews,
            Masses(lattice.step, first, ptr, under),
            lattice.masses(times.cycle_begin),
            lattice.masses(times.cycle_end),
            lattice.masses(times.period_end),
            np.where(times.review_period == 0.0, none, 0.0),
        )

    def check(self, given: Given, case: Case, top: NDArray[np.int64]) -> None:
        """Raise where demand waits although its order comes in its own period."""
        units = (top - self.gap) * self.lattice.step + self.lattice.offset
        wrong = (self.at_once > 0.0) & (units < -self.lattice.step)
        if wrong.any():
            given.fault(
                "reorder_point", units.reshape(case.shape), wrong.reshape(case.shape),
                "must be at least 0 where an order may come in the period of its demand", "units",
                "raise it, or review before demand (review_period of 1)",
            )  # fmt: skip
            given.settle()

    def measure(self, name: str, top: NDArray[np.int64]) -> Floats:
        """Give one measure of tops, steps."""
        if name == "ready_rate":
            return expected(self.at_random, self.lattice, top, self.chances)[0]
        if name == "fill_rate":
            late = expected(self.end, self.lattice, top, self.chances)[2]
            late = late - expected(self.begin, self.lattice, top, self.chances)[2]
            times = self.lattice.times
            return np.asarray(1.0 - late / (times.laws.mean * times.step_periods))
        point = top - self.gap
        covered = expected(self.begin, self.lattice, point, self.under)[0]
        if (self.at_once > 0.0).any():  # an order that comes at once ends a cycle that owed nothing
            nothing = np.arange(len(top) + 1), np.ones(len(top))
            no_demand = Masses(self.lattice.step, self.under.first, *nothing)
            waits = 1.0 - expected(no_demand, self.lattice, point, self.under)[0]
            covered = covered + self.at_once * waits
        return covered

    def all(self, top: NDArray[np.int64]) -> dict[str, Floats]:
        """Give the levels, units, and every measure of tops, steps."""
        ready, on_hand, backorders = expected(self.at_random, self.lattice, top, self.chances)
        step, offset = self.lattice.step, self.lattice.offset
        return {
            "reorder_point": (top - self.gap + self.lattice.half) * step + offset,
            "order_up_to_level": top * step + offset,
            "cycle_service_level": self.measure("cycle_service_level", top),
            "ready_rate": ready,
            "fill_rate": self.measure("fill_rate", top),
            "orders_per_period": 1.0 / (self.reviews * self.lattice.times.step_periods),
            "on_hand": on_hand,
            "backorders": backorders,
        }

    def smallest(self, name: str, target: Floats) -> NDArray[np.int64]:
        """Halve the range of tops down to the smallest that meets the target."""
        span = self.end.first + np.diff(self.end.ptr) + self.gap + np.diff(self.under.ptr)
        high = span + np.abs(self.begin.first)
        low = -high
        while (open_ := high - low > 1).any():
            middle = (low + high) // 2
            enough = self.measure(name, middle) >= target
            high = np.where(open_ & enough, middle, high)
            low = np.where(open_ & ~enough, middle, low)
        return high
