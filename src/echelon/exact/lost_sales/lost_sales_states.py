"""Lost sales exactly: all states of stock on hand and orders on the way, and their values."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from math import comb
from typing import cast

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution
from echelon.errors import DomainError
from echelon.exact.lost_sales.lost_sales_lattices import masses_from_zero, own_step
from echelon.kernels import lost_sales as kernels

MOST_STATES = 5_000_000
"""More would take over a gigabyte, or minutes."""
MOST_WORK = 2e10
"""Products of states, orders and stocks in one step; more would take over a minute."""
_MOST_STEPS = 200_000
_MOST_PASSES = 3e9
"""Of one chain, in products; a stock so small that it is always sold out may take for ever."""
_LONGEST = 64
"""Periods; a stock of one unit has more states than can be looked at with some more."""
_FOLLOWED = 10
"""Steps along one policy between two improvements."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """Bounds on the least cost of one SKU, money per period, and what its policy does."""

    low: float
    high: float
    fill_rate: float
    on_hand: float
    n_states: int


@dataclass(frozen=True, slots=True)
class _States:
    """Blocks of states as the kernel lists them, and demand in steps from 0."""

    n_last: int
    base: int
    most: int
    number: NDArray[np.int64]
    orders: NDArray[np.int64]
    ptr: NDArray[np.int64]
    most_order: NDArray[np.int64]
    mass: Floats
    above: Floats

    @property
    def size(self) -> int:
        return int(self.ptr[-1])

    def shortage(self) -> Floats:
        """Units short in a period by stock on hand, steps."""
        return _shortage(self.mass, self.most + 1)

    def average(
        self,
        cost: Floats,
        choice: NDArray[np.int64],
        *,
        follow: bool,
        tolerance: float,
        least: float,
        most_steps: int = _MOST_STEPS,
    ) -> tuple[float, float]:
        """Bound the average cost of the best policy, or of the one in ``choice``.

        Infinite bounds where they have not met in so many steps.
        """
        low, high, steps = kernels.converge(
            self.n_last,
            self.base,
            self.most,
            self.number,
            self.orders,
            self.ptr,
            self.most_order,
            self.mass,
            self.above,
            cost,
            choice,
            np.zeros(self.size),
            follow,
            tolerance,
            least,
            _FOLLOWED,
            most_steps,
        )
        return (-np.inf, np.inf) if steps >= most_steps else (float(low), float(high))


def optimal_states(law: Distribution, hold: float, short: float, delay: int) -> int:
    """Count the states of the optimal policy; more than :data:`MOST_STATES` where it is too much.

    Parameters
    ----------
    law : Distribution
        On a lattice.
    hold, short : float
        Money per unit left and per unit lost.
    delay : int
        Lead time, periods.

    Returns
    -------
    int
    """
    mass = masses_from_zero(law)
    most = int(_vector_levels(mass, hold, short, 0)[0])
    if delay == 0 or most == 0:
        return 1
    if not _fits(most + 1, delay - 1):
        return MOST_STATES + 1
    limits = _vector_levels(mass, hold, short, delay)
    n_states = int(kernels.count_states(limits, delay - 1, int(limits[-1]), MOST_STATES)[1])
    work = float(n_states) * float(limits[0] + 1) * float(limits[-1] + 1)
    return n_states if work <= MOST_WORK else MOST_STATES + 1


def optimum(law: Distribution, hold: float, short: float, delay: int, tolerance: float) -> Optimum:
    """Bound the least average cost; see :func:`~.lost_sales.lost_sales_optimal`.

    Parameters
    ----------
    law, hold, short, delay
        See :func:`optimal_states`.
    tolerance : float
        Of the bounds, a fraction.

    Returns
    -------
    Optimum
    """
    step = own_step(law) or 1.0
    mass = masses_from_zero(law)
    mean = float(mass @ np.arange(len(mass)))
    if mean == 0.0:
        return Optimum(0.0, 0.0, 1.0, 0.0, 1)
    level = int(_vector_levels(mass, hold, short, 0)[0])
    if delay == 0 or level == 0:  # every period starts afresh, a newsvendor; or nothing is ordered
        lost = float(_shortage(mass, level + 1)[-1]) if level else mean
        left = max(level - mean + lost, 0.0)
        cost = step * (hold * left + short * lost)
        return Optimum(cost, cost, 1.0 - lost / mean, step * left, 1)
    states = _states(mass, _vector_levels(mass, hold, short, delay), delay)
    shortage = states.shortage()
    left_of = np.arange(states.most + 1) - mean + shortage
    choice = np.zeros(states.size, dtype=np.int64)
    floor = 1e-12 * (hold + short) * mean
    low, high = states.average(
        hold * left_of + short * shortage, choice, follow=False, tolerance=tolerance, least=floor
    )
    near = max(1e-9 * min(1.0, hold / short), 1e-14) * mean  # lost units are dear
    lost, left = (
        0.5 * sum(states.average(of, choice, follow=True, tolerance=1e-7, least=near))
        for of in (shortage, left_of)
    )
    if not np.isfinite([low, high, lost, left]).all():
        raise DomainError(
            f"lost_sales_optimal: the bounds on the cost of {law!r} have not met in "
            f"{_MOST_STEPS:,} steps. Fix: give a larger tolerance."
        )
    low, high = max(low, 0.0), max(high, 0.0)
    return Optimum(step * low, step * high, 1.0 - lost / mean, step * left, states.size)


def base_stock_states(law: Distribution, steps: int, delay: int) -> int:
    """Count the states under a base stock, or at least as many.

    Parameters
    ----------
    law : Distribution
        On a lattice.
    steps : int
        Base stock in lattice steps.
    delay : int
        Lead time, periods.

    Returns
    -------
    int
    """
    if delay <= 1:
        return steps + 1
    mass = _mass(law)
    if delay > _LONGEST or not _fits(min(steps, len(mass) - 1) + 1, delay - 1):
        return MOST_STATES + 1
    return comb(steps + delay, delay)


def exact_lost(law: Distribution, steps: int, delay: int) -> float:
    """Units lost per period under a base stock.

    Parameters
    ----------
    law, steps, delay
        See :func:`base_stock_states`; ``delay`` from 1 on.

    Returns
    -------
    float
        Between bounds within a part in 10^10 of the mean demand; NaN where they do not meet soon,
        as of a stock that is sold out in nearly every period.
    """
    mass = _mass(law)
    limits = np.minimum(np.arange(1, delay + 2) * (len(mass) - 1), steps)
    limits[-1] = steps
    states = _states(mass, limits, delay)
    blocks = np.diff(states.ptr)
    on_order = np.repeat(states.orders[:, : states.n_last].sum(axis=1), blocks)
    on_hand = np.arange(states.size) - np.repeat(states.ptr[:-1], blocks)
    # stock on hand beyond what demand can leave is never reached and may order too little
    choice = np.minimum(steps - on_order - on_hand, limits[0]).astype(np.int64)
    mean = float(mass @ np.arange(len(mass)))
    passes = int(_MOST_PASSES / (states.size * min(len(mass), steps + 1)))
    low, high = states.average(
        states.shortage(),
        choice,
        follow=True,
        tolerance=1e-10,
        least=1e-10 * mean,
        most_steps=min(max(passes, 500), 5_000),
    )
    return 0.5 * (low + high) * (own_step(law) or 1.0) if high < np.inf else np.nan


@lru_cache(maxsize=256)
def _known_mass(law: Hashable) -> Floats:
    return masses_from_zero(cast(Distribution, law))


def _mass(law: Distribution) -> Floats:
    return _known_mass(cast(Hashable, law))


def _shortage(mass: Floats, n: int) -> Floats:
    """Expected units above 0, 1, …, n - 1."""
    at_least = np.cumsum(mass[::-1])[::-1]
    beyond = np.concatenate((at_least[1:], np.zeros(max(n + 1 - len(mass), 1))))
    return np.asarray(np.cumsum(beyond[::-1])[::-1][:n])


def _vector_levels(mass: Floats, hold: float, short: float, delay: int) -> NDArray[np.int64]:
    """Newsvendor levels of 1, 2, …, delay + 1 periods: the standard vector base stock."""
    levels = np.empty(delay + 1, dtype=np.int64)
    total = mass
    for periods in range(1, delay + 2):
        reached = np.cumsum(total) >= short / (short + hold) * (1.0 - 1e-12)
        levels[periods - 1] = int(np.argmax(reached))
        total = np.convolve(total, mass)
    return levels


def _fits(base: int, n_last: int) -> bool:
    return bool(base**n_last <= 10 * MOST_STATES)


def _states(mass: Floats, limits: NDArray[np.int64], delay: int) -> _States:
    n_last, most = delay - 1, int(limits[-1])
    limits = np.ascontiguousarray(limits, dtype=np.int64)
    n_blocks, _ = kernels.count_states(limits, n_last, most, 2**62)
    base = int(limits[0]) + 1
    number = np.full(base**n_last, -1, dtype=np.int64)
    orders = np.zeros((n_blocks, max(n_last, 1)), dtype=np.int64)
    ptr = np.zeros(n_blocks + 1, dtype=np.int64)
    most_order = np.zeros(n_blocks, dtype=np.int64)
    kernels.fill_blocks(limits, n_last, most, number, orders, ptr, most_order)
    above = np.append(np.cumsum(mass[::-1])[::-1], 0.0)
    return _States(n_last, base, most, number, orders, ptr, most_order, mass, above)
