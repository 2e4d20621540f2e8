"""A finite horizon on a lattice, one for each SKU: what the recursion reads."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.distributions.lattice import (
    common_step,
    default_step,
    increments_of,
    lattice_step,
)
from echelon.errors import DomainError, UnknownNameError
from echelon.exact.horizon.horizon_arguments import HorizonArguments
from echelon.exact.manner import Given

LATTICES = ("split", "rounded", "rounded_and_cut")
_CUT = 4.0
_TAIL = 1e-15
_NEVER = 1e-18
"""Probability of all the least values of a whole demand that are left out."""
_FINEST = 1000
"""Into so many steps an initial inventory may divide the step of the demand."""


@dataclass(frozen=True, slots=True)
class HorizonProblem:
    """What the recursion reads, in lattice steps; (m, n) is decisions by SKUs.

    Attributes
    ----------
    shape : tuple of int
        Of the SKUs.
    step, before, initial : (n,) float64
        Units; money until the first order arrives, discounted; steps.
    law, exposed : (m, n) int64
        Which of the ragged laws demand until the next decision and exposed demand follow.
    ptr, first, mass
        Those laws.
    hold, short : (m, n) float64
        Money per step of the period that a decision rules, discounted to the decision.
    fixed, unit, discount : (m, n) float64
        Money per order, money per step, factor to the next decision or to the end.
    end_hold, end_short : (n,) float64
        Money per step when the horizon ends.
    """

    shape: tuple[int, ...]
    step: Floats
    before: Floats
    initial: Floats
    law: NDArray[np.int64]
    exposed: NDArray[np.int64]
    ptr: NDArray[np.int64]
    first: NDArray[np.int64]
    mass: Floats
    hold: Floats
    short: Floats
    fixed: Floats
    unit: Floats
    discount: Floats
    end_hold: Floats
    end_short: Floats


def horizon_problem(
    arguments: HorizonArguments, *, lead_time: int, lattice: str, step: float | None
) -> HorizonProblem:
    """Put checked arguments on a lattice; see :func:`~.finite_horizon.finite_horizon`.

    Parameters
    ----------
    arguments : HorizonArguments
    lead_time, lattice, step
        As given there.

    Returns
    -------
    HorizonProblem

    Raises
    ------
    DomainError
        If an order without end pays, or an initial inventory is not on the lattice.
    UnknownNameError
        If the lattice is none.
    """
    if lattice not in LATTICES:
        raise UnknownNameError("lattice", lattice, LATTICES)
    if step is not None:
        check = Given("finite_horizon")
        check.number("step", step, above=0.0, unit="units")
        if np.ndim(step):
            check.faults.append(f"step is {step!r}. Fix: give one number for all SKUs.")
        check.settle()
    return _Maker(arguments, lead_time, lattice, step).problem()


class _Maker:
    """Puts checked arguments on lattices; each law and each sum of laws once."""

    def __init__(
        self,
        arguments: HorizonArguments,
        lead_time: int,
        lattice: str,
        step: float | None,
    ) -> None:
        self.arguments, self.numbers = arguments, arguments.numbers
        self.laws, self.n_periods = arguments.laws, arguments.n_periods
        self.lead_time, self.lattice, self.given_step = lead_time, lattice, step
        self.known: dict[Hashable, int] = {}
        self.first: list[int] = []
        self.masses: list[Floats] = []

    def problem(self) -> HorizonProblem:
        """Make the problem."""
        n, delay = len(self.laws), self.lead_time
        n_decisions = self.n_periods - delay
        law = np.empty((n_decisions, n), dtype=np.int64)
        exposed = np.empty_like(law)
        early = np.empty((delay, n), dtype=np.int64)
        steps = np.empty(n)
        for k in range(n):
            periods = self.arguments.periods(k)
            steps[k] = width = self._step(periods, k)
            for t in range(n_decisions):
                until = t + 1 if t < n_decisions - 1 else self.n_periods
                law[t, k] = self._law(periods[t:until], width, moving=True)
                exposed[t, k] = self._law(periods[t : t + delay + 1], width, moving=False)
            for t in range(delay):
                early[t, k] = self._law(periods[: t + 1], width, moving=False)
        initial = self._initial(steps)
        costs = self._costs(n_decisions)
        return HorizonProblem(
            shape=self.arguments.shape,
            step=steps,
            before=self._before(early, initial * steps, steps),
            initial=initial,
            law=law,
            exposed=exposed,
            ptr=np.concatenate(([0], np.cumsum([len(one) for one in self.masses]))),
            first=np.array(self.first, dtype=np.int64),
            mass=np.concatenate(self.masses),
            hold=costs["hold"] * steps,
            short=costs["short"] * steps,
            fixed=np.ascontiguousarray(self.numbers["fixed_cost"][:n_decisions]),
            unit=self.numbers["unit_cost"][:n_decisions] * steps,
            discount=costs["discount"],
            end_hold=self.numbers["terminal_holding_cost"][-1] * steps,
            end_short=self.numbers["terminal_shortage_cost"][-1] * steps,
        )

    def _step(self, periods: tuple[Distribution, ...], sku: int) -> float:
        """Give one step on which all periods of a SKU are put, units."""
        distinct = list(dict.fromkeys(periods))
        own = [lattice_step(one) for one in distinct]
        if all(one is not None for one in own):
            shared = common_step([one[0] / one[1] for one in own if one is not None])
            if shared is not None:
                return self._with_initial(shared[0] / shared[1], sku)
        if self.given_step is not None:
            return self.given_step
        if self.lattice != "split":
            return 1.0
        loose = [one for one, of in zip(distinct, own, strict=True) if of is None] or distinct
        known = [default_step(one) for one in loose if one.std > 0.0]
        if not known:
            raise DomainError(
                f"finite_horizon: demand[{sku}] has values that are on no lattice of up to six "
                "decimals. Fix: round them, or give step."
            )
        return min(known)

    def _with_initial(self, step: float, sku: int) -> float:
        """Step of demand in packs and of an initial inventory of opened ones; units stay whole."""
        finer = common_step([step, float(self.numbers["initial_inventory"][0, sku])])
        if finer is None:
            return step
        width = finer[0] / finer[1]
        splits = step == round(step) and width != round(width)
        return step if splits or step > _FINEST * width else width

    def _law(self, laws: tuple[Distribution, ...], width: float, *, moving: bool) -> int:
        """Give the number of the total of some laws, known or made now."""
        rounded = moving and self.lattice != "split"
        key = cast(Hashable, (laws, width, rounded))
        if key not in self.known:
            put = self._rounded if rounded else _split
            first, mass = put(laws[0], width)
            for one in laws[1:]:
                also, more = put(one, width)
                first, mass = first + also, np.convolve(mass, more)
            self.known[key] = len(self.masses)
            self.first.append(first)
            self.masses.append(mass)
        return self.known[key]

    def _rounded(self, one: Distribution, width: float) -> tuple[int, Floats]:
        """Put each value on the nearest lattice point."""
        if lattice_step(one) is not None:
            return _split(one, width)
        low, high = one.support
        begin = max(low, float(one.ppf(_TAIL)))
        end = min(high, float(one.ppf(1.0 - _TAIL)))
        cut = self.lattice == "rounded_and_cut"
        if cut:
            begin = max(begin, one.mean - _CUT * one.std)
            end = min(end, one.mean + _CUT * one.std)
        first, last = round(begin / width), round(end / width)
        edges = (np.arange(first, last + 2) - 0.5) * width
        mass = np.diff(one.cdf(edges))
        return first, mass if cut else mass / mass.sum()

    def _initial(self, steps: Floats) -> Floats:
        initial = self.numbers["initial_inventory"][0] / steps
        whole = np.rint(initial)
        near = np.abs(initial - whole) <= 1e-9 * np.maximum(1.0, np.abs(initial))
        kept = np.where(near, whole, initial)
        for k in np.flatnonzero(~near).tolist():
            if all(lattice_step(one) is not None for one in self.arguments.periods(k)):
                raise DomainError(
                    f"finite_horizon: initial_inventory[{k}] is {initial[k] * steps[k]:g}, no "
                    f"multiple of the demand's step of {steps[k]:g} units. Fix: round it."
                )
        return np.asarray(kept)

    def _costs(self, n_decisions: int) -> dict[str, Floats]:
        """Holding and shortage cost that a decision rules, and a check that orders are bounded."""
        delay, numbers = self.lead_time, self.numbers
        factor = np.ones((n_decisions, len(self.laws)))
        for later in range(delay):
            factor *= numbers["discount_factor"][later : later + n_decisions]
        hold = factor * numbers["holding_cost"][delay:]
        short = factor * numbers["shortage_cost"][delay:]
        discount = numbers["discount_factor"][:n_decisions].copy()
        discount[-1] = factor[-1] * numbers["discount_factor"][-1]
        worth = numbers["terminal_holding_cost"][-1]
        convex = numbers["terminal_shortage_cost"][-1] + worth >= 0.0
        tail = worth.copy()  # cost of one unit more when there is plenty
        for t in range(n_decisions - 1, -1, -1):
            tail = hold[t] + discount[t] * tail
            bad = (numbers["unit_cost"][t] + tail < 0.0) | ~convex
            if bad.any():
                at = int(np.flatnonzero(bad)[0])
                raise DomainError(
                    f"finite_horizon: terminal_holding_cost[{at}] is {worth[at]:g}, which pays "
                    f"more for a unit left than it costs to buy in period {t} and hold, or than "
                    "one short costs. Fix: give a larger one."
                )
        return {"hold": hold, "short": short, "discount": discount}

    def _before(self, early: NDArray[np.int64], initial: Floats, steps: Floats) -> Floats:
        """Cost of the periods that no order reaches, discounted, money."""
        total, factor = np.zeros(len(self.laws)), np.ones(len(self.laws))
        for t in range(self.lead_time):
            for k in range(len(self.laws)):
                mass = self.masses[early[t, k]]
                left = initial[k] - (self.first[early[t, k]] + np.arange(len(mass))) * steps[k]
                money = np.where(
                    left > 0.0,
                    self.numbers["holding_cost"][t, k] * left,
                    -self.numbers["shortage_cost"][t, k] * left,
                )
                total[k] += factor[k] * float(mass @ money)
            factor = factor * self.numbers["discount_factor"][t]
        return total


def _split(one: Distribution, width: float) -> tuple[int, Floats]:
    """Put a law on the points of a step, exactly where it has a lattice that fits."""
    own = lattice_step(one)
    if own is not None:
        made: Any = increments_of(one)
        times = made.step / width
        if made.exact and abs(times - round(times)) <= 1e-9 * times:
            every = round(times)
            never = int(np.searchsorted(np.cumsum(made.mass), _NEVER))  # far below a large mean
            kept = made.mass[never:]
            mass = np.zeros((len(kept) - 1) * every + 1)
            mass[::every] = kept
            return (made.first + never) * every, mass
    made = increments_of(one, width, kept=False)
    return made.first, np.asarray(made.mass)
