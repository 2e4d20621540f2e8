"""Lost sales under a base stock: which is enough, what it loses, and whether that is exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.distributions.base import Distribution
from echelon.distributions.counts import Geometric
from echelon.errors import DomainError
from echelon.exact.lost_sales.lost_sales_approximation import chain_levels, chain_lost
from echelon.exact.lost_sales.lost_sales_lattices import OWN_POINTS, steps_of
from echelon.exact.lost_sales.lost_sales_states import (
    MOST_STATES,
    base_stock_states,
    exact_lost,
)
from echelon.execution.workers import run_shards
from echelon.lead_time.exposure import exposure_demand
from echelon.progress import Progress

AUTO_STATES = 100_000
"""Up to so many states ``auto`` evaluates a base stock exactly."""
_NEVER = 1e-14
"""Units short, as a fraction of mean demand, that count as none."""
_BATCH = 256
"""SKUs of one piece of work for a thread."""


@dataclass(frozen=True, slots=True)
class Found:
    """What becomes of some SKUs: base stock, units; units lost per period; whether exact."""

    level: Floats
    lost: Floats
    exact: NDArray[np.bool_]


def in_batches(
    n: int,
    work: Callable[[NDArray[np.int64]], Found],
    n_jobs: int,
    progress: Progress,
) -> Found:
    """Call ``work`` on batches of SKU numbers, in threads, and put together what it finds."""
    batches = np.array_split(np.arange(n), -(-n // _BATCH))
    outcomes = run_shards(
        work,
        batches,
        n_jobs=n_jobs,
        backend="threads",
        progress=progress,
        label="lost sales",
        weigh=len,
    )
    found = []
    for skus, outcome in zip(batches, outcomes, strict=True):
        found.append(work(skus) if outcome.failed else outcome.unwrap())  # fails again, as it did
    return Found(
        *(
            np.concatenate([getattr(one, name) for one in found])
            for name in ("level", "lost", "exact")
        )
    )


class Stages:
    """Some SKUs under base stocks.

    Parameters
    ----------
    demand : DistributionArray of n
    delay : (n,) ndarray of float64
        Whole periods.
    method : str
    first : int
        Number of the first SKU, for messages.
    """

    def __init__(self, demand: DistributionArray, delay: Floats, method: str, first: int) -> None:
        self.demand, self.delay, self.method, self.first = demand, delay, method, first
        self.step = steps_of(demand)
        self._known: dict[tuple[int, int], float] = {}

    def at(self, level: Floats) -> Found:
        """What base stocks lose, units."""
        lost = self.demand.shortage(level)
        exact = np.ones(len(level), dtype=bool)
        later = (self.delay > 0.0) & ~self._plenty(level)
        lost[(self.delay > 0.0) & ~later] = 0.0
        by_states = self._by_states(level) & later
        for k in np.flatnonzero(by_states).tolist():
            lost[k] = self._exactly(k, round(level[k] / self.step[k]))
            by_states[k] = not np.isnan(lost[k])
        by_chain = np.flatnonzero(later & ~by_states)
        if by_chain.size:
            some = self.demand.take(by_chain)
            lost[by_chain] = chain_lost(some, level[by_chain], self.delay[by_chain])
            exact[by_chain] = self._chain_is_exact(level)[by_chain]
        if self.method == "exact" and not exact.all():
            at = int(np.flatnonzero(~exact)[0])
            raise DomainError(
                f"lost sales: SKU {self.first + at}, {self.demand[at]!r} with a base stock of "
                f"{level[at]:g} and a lead_time of {self.delay[at]:g}, has more than "
                f"{MOST_STATES:,} states or no lattice, or is nearly always sold out. Fix: use "
                'method="approximate".'
            )
        return Found(level, lost, exact)

    def enough(self, allowed: Floats, *, marginal: bool) -> Found:
        """Smallest base stocks that lose ``allowed`` units, or where one more saves so much."""
        total = exposure_demand(self.demand, self.delay, np.ones(len(self.delay)))
        level = np.asarray(
            total.ppf(1.0 - allowed) if marginal else total.level_for_shortage(allowed)
        )
        wrong = ~np.isfinite(level)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise DomainError(
                f"lost sales: no finite base stock of SKU {self.first + at}, {self.demand[at]!r}, "
                "is enough. Fix: give a smaller ratio of shortage_cost to holding_cost."
            )
        level = np.maximum(level, 0.0)
        whole = ~np.isnan(self.step)
        level[whole] = np.ceil(level[whole] / self.step[whole] - 1e-9) * self.step[whole]
        later = self.delay > 0.0
        high = level * (1.0 + 1e-6) + np.where(whole, self.step, 0.0)
        todo = np.flatnonzero(later)
        while todo.size:  # backorders need at least as much for a fill rate; for costs look higher
            found = chain_levels(
                self.demand.take(todo),
                high[todo],
                self.delay[todo],
                allowed[todo],
                marginal=marginal,
            )
            short = marginal & (found >= high[todo] * (1.0 - 1e-9))
            level[todo] = found
            high[todo] *= 1.5
            todo = todo[short]
        exactly = later & self._by_states(level) & ~self._plenty(level)
        for k in np.flatnonzero(exactly).tolist():
            level[k] = self._near(k, float(level[k]), float(allowed[k]), marginal) * self.step[k]
        return self.at(level)

    def _near(self, sku: int, level: float, allowed: float, marginal: bool) -> int:
        """Walk from a level to the smallest one that is exactly enough, steps.

        A stock that is sold out in nearly every period may not be known exactly and counts as too
        little, unless it is where the walk begins.
        """
        step = float(self.step[sku])

        def enough(steps: int) -> bool:
            saved = self._exactly(sku, steps + 1) if marginal else 0.0
            return (self._exactly(sku, steps) - saved) / (step if marginal else 1.0) <= allowed

        at = round(level / step)
        if np.isnan(self._exactly(sku, at)):
            return at
        if enough(at):
            while at > 0 and enough(at - 1):
                at -= 1
        else:
            while not enough(at):
                at += 1
        return at

    def _exactly(self, sku: int, steps: int) -> float:
        key = (sku, steps)
        if key not in self._known:
            law, delay = self.demand[sku], int(self.delay[sku])
            self._known[key] = exact_lost(law, steps, delay)
        return self._known[key]

    def _plenty(self, level: Floats) -> NDArray[np.bool_]:
        """Whether demand of all the periods that a stock must last exceeds it practically never."""
        periods = self.delay + 1.0
        plenty = level > self.demand.mean * periods + 6.0 * self.demand.std * np.sqrt(periods)
        some = np.flatnonzero(plenty)
        if some.size:
            total = exposure_demand(self.demand.take(some), self.delay[some], np.ones(some.size))
            plenty[some] = total.shortage(level[some]) <= _NEVER * self.demand.mean[some]
        return np.asarray(plenty)

    def _chain_is_exact(self, level: Floats) -> NDArray[np.bool_]:
        """Whether the chain of the total on order is exact."""
        alike = self.delay <= 1.0
        for at, law in self.demand.others:
            alike[at] |= _memoryless(law)
        return np.asarray(alike & (level <= OWN_POINTS * self.step))

    def _by_states(self, level: Floats) -> NDArray[np.bool_]:
        """Whether the chain of all orders on the way is called for, and small enough."""
        if self.method == "approximate":
            return np.zeros(len(level), dtype=bool)
        most = MOST_STATES if self.method == "exact" else AUTO_STATES
        chosen = (self.delay > 0.0) & ~np.isnan(self.step) & ~self._chain_is_exact(level)
        for k in np.flatnonzero(chosen).tolist():
            steps = round(level[k] / self.step[k])
            chosen[k] = base_stock_states(self.demand[k], steps, int(self.delay[k])) <= most
        return chosen


def _memoryless(law: Distribution) -> bool:
    return isinstance(law, Geometric) and law.start == 0
