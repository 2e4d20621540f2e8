"""Lists of candidate service times for costs that are not concave, short ones first.

A cost that is not concave has to be asked for at every net replenishment time that is considered,
and where times have fractions of a period those are many. So lists of growing length are gone
through: the times nearest to a root (see ``candidate_times.nearest``) and whole periods, thinned
out where they are many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, gcd

import numpy as np

from echelon.exact.guaranteed_service.candidate_times import MOST_STEPS, candidates, nearest
from echelon.exact.guaranteed_service.flat import CoveredCost, FlatProblem, common_unit, grid_size
from echelon.exact.guaranteed_service.problem import ServiceTimeProblem, bound_alone, stage_table
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import Integers
from echelon.optimization.search import Search

_MOST_PAIRS = 60_000_000
_ASKED_AT_ONCE = 250_000
"""Times up to which a cost is asked for all there are: seconds, where each is a mixture's."""
_ASKED_LATE = 5_000
_ASKED_AT_ALL = 3_000_000
"""Times up to which lists grow without a time limit: minutes."""
_STEPS_AT_ONCE = 20_000
_LENGTHS = ((3, 6), (8, 16), (20, 40), (48, 96), (120, 240))
"""Times nearest to a root, and whole periods, of each inbound and each outbound time."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Candidate times of every stage, ticks, ascending."""

    inbound: list[Integers]
    outbound: list[Integers]

    @property
    def n_pairs(self) -> int:
        """How many pairs they make, over all stages."""
        return sum(len(a) * len(b) for a, b in zip(self.inbound, self.outbound, strict=True))

    def including(self, inbound: Integers, outbound: Integers) -> Lists:
        """Add one time for each stage."""
        return Lists(
            [np.union1d(known, [new]) for known, new in zip(self.inbound, inbound, strict=True)],
            [np.union1d(known, [new]) for known, new in zip(self.outbound, outbound, strict=True)],
        )

    def tabulated(
        self, times: ServiceTimes, cost: CoveredCost, late: Callable[[], bool]
    ) -> ServiceTimeProblem | None:
        """Ask for the cost of every pair; None where it gets too late."""
        tables = []
        for j in range(times.n_stages):
            if late():
                return None
            tables.append(stage_table(times, cost, j, self.inbound[j], self.outbound[j]))
        return ServiceTimeProblem(times, self.inbound, self.outbound, tables)


def listed_whole(
    times: ServiceTimes, *, whole_periods: bool, most_steps: int = MOST_STEPS
) -> Lists | None:
    """List every candidate there is; None where they are too many."""
    inbound, outbound, complete = candidates(
        times, whole_periods=whole_periods, all_or_nothing=True, most_steps=most_steps
    )
    lists = Lists(inbound, outbound)
    return lists if complete and lists.n_pairs <= _MOST_PAIRS else None


def holds_every_time(times: ServiceTimes, problem: ServiceTimeProblem) -> bool:
    """Whether the candidates are all multiples of the times' common unit that divides a period.

    False where a period has no such unit. Of a cost that is not concave, or depends on more than
    the time covered, shorter lists may not hold an optimal plan.
    """
    step = _step(times)
    if step is None:
        return False
    lists = [*problem.inbound, *problem.outbound]
    low = np.concatenate([times.inbound_low, times.outbound_low])
    high = np.concatenate([times.inbound_high, times.outbound_high])
    multiples = high // step + (-low) // step + 1
    return bool((np.array([len(one) for one in lists]) >= multiples).all())


def grid_of_periods(times: ServiceTimes, cost: CoveredCost) -> FlatProblem | None:
    """Take every multiple of the times' common unit that also divides a period.

    None where the cost does not allow it or multiples are many.
    """
    step = _step(times)
    if step is None or not cost.covered_only:
        return None
    if (
        int(_longest(times).sum()) // step > _ASKED_AT_ONCE
        or grid_size(times, step)[1] > _MOST_PAIRS
    ):
        return None
    return FlatProblem.on_grid(times, cost, step)


def every_quote(times: ServiceTimes, cost: CoveredCost) -> FlatProblem | ServiceTimeProblem | None:
    """Take every time there is where stages quote whole periods; None where they are too many."""
    quotable = times.quotable_flat()
    (inbound, _), (outbound, _) = quotable
    if int(np.diff(inbound) @ np.diff(outbound)) > _MOST_PAIRS:
        return None
    if cost.covered_only:
        return FlatProblem.on_quotes(times, cost, quotable)
    return ServiceTimeProblem.of(times, cost, *times.quotable())


def growing_problems(
    times: ServiceTimes, cost: CoveredCost, search: Search, time_limit: float | None
) -> Iterator[ServiceTimeProblem]:
    """Give problems over longer and longer lists, as long as there is time for their costs.

    ``search.start`` is a candidate of each, so that whoever solves one may leave its plan there.
    The first may take all the time, another half of what is left. None at all come where not even
    the first can be tabulated in time.
    """
    share = 0.0
    for lists in _lists(times, cost):
        left = search.left(time_limit)
        if left is None and share > 0.0 and lists.n_pairs > _ASKED_AT_ALL:
            return
        leave = share * (left or 0.0)

        def late(leave: float = leave) -> bool:
            left = search.left(time_limit)
            return left is not None and left <= leave

        problem = _with_start(lists, times, search.start).tabulated(times, cost, late)
        if problem is None:
            return
        yield problem
        share = 0.5


def bound_of_each(times: ServiceTimes, cost: CoveredCost) -> float:
    """Bound each stage by itself over all its candidates: money per period.

    ``-inf`` where that takes longer than someone waits who has stopped the search.
    """
    if cost.concave and cost.covered_only:
        return bound_alone(times, cost)
    shortest = np.maximum(times.inbound_low + times.process - times.outbound_high, 0)
    longest = np.where(times.can_stock, _longest(times), shortest)
    step = _step(times)
    if step is None or not cost.covered_only or (longest - shortest).sum() // step > _ASKED_LATE:
        return -np.inf
    ticks = times.ticks_per_period
    return sum(
        float(cost.over_covered(j, np.arange(shortest[j], longest[j] + 1, step) / ticks).min())
        for j in range(times.n_stages)
    )


def _lists(times: ServiceTimes, cost: CoveredCost) -> Iterator[Lists]:
    """Lists in their order, each longer than the one before."""
    periods_too = not cost.concave
    whole = listed_whole(times, whole_periods=periods_too, most_steps=_STEPS_AT_ONCE)
    if whole is None or whole.n_pairs > _ASKED_AT_ONCE:
        before = 0
        for nearest, periods in _LENGTHS:
            some = _some(times, nearest, periods)
            if whole is not None and some.n_pairs >= whole.n_pairs:
                break
            if some.n_pairs > before:
                yield some
            before = some.n_pairs
    whole = whole or listed_whole(times, whole_periods=periods_too)
    if whole is not None:
        yield whole


def _with_start(lists: Lists, times: ServiceTimes, start: Integers | None) -> Lists:
    """Add the least service times, which are a plan wherever there is one, and the one given."""
    lists = lists.including(*times.settled(times.outbound_low))
    if start is None:
        return lists
    heard, quoted = times.settled(np.minimum(start, times.outbound_high))
    return lists.including(heard, quoted) if (quoted <= times.outbound_high).all() else lists


def _some(times: ServiceTimes, n_nearest: int, periods: int) -> Lists:
    inbound, outbound = nearest(times, n_nearest)
    windows = (
        (inbound, times.inbound_low, times.inbound_high),
        (outbound, times.outbound_low, times.outbound_high),
    )
    for lists, low, high in windows:
        for j in range(times.n_stages):
            whole = _thinned_periods(times.ticks_per_period, int(low[j]), int(high[j]), periods)
            lists[j] = np.union1d(lists[j], whole)
    return Lists(inbound, outbound)


def _thinned_periods(ticks: float, low: int, high: int, most: int) -> Integers:
    """Whole periods of a window, ticks; where more than ``most``, multiples of 2, of 4, ..."""
    apart = 1
    while (high - low) / ticks / apart > most:
        apart *= 2
    first = ceil(low / ticks / apart - 1e-9)
    whole = np.rint(np.arange(first, int(high / ticks / apart + 1e-9) + 1) * apart * ticks)
    return np.asarray(np.clip(whole, low, high), dtype=np.int64)


def _step(times: ServiceTimes) -> int | None:
    """Ticks of which all times and the period are multiples; None where a period has no such."""
    ticks = round(times.ticks_per_period)
    return gcd(common_unit(times), ticks) if ticks == times.ticks_per_period else None


def _longest(times: ServiceTimes) -> Integers:
    """Longest net replenishment time of each stage, ticks."""
    return times.inbound_high + times.process - times.outbound_low
