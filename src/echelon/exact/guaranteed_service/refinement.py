"""Prove a plan over all service times of a component: knots of time, added where they are needed.

Candidate times can be too many to list. Messages that are linear between a few knots bound all of
them (see ``interpolated``), and where stage costs plus messages are least is where a cheaper plan
could be: those times are tried as plans, and become knots. Nothing is put on a grid: the plan's
times are exact.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isqrt
from typing import TypeAlias

import numpy as np

from echelon.exact.guaranteed_service.dual_ascent import ascend
from echelon.exact.guaranteed_service.interpolated import InterpolatedMessages, PassedMessages
from echelon.exact.guaranteed_service.knots import first_knots, n_pairs, with_knots
from echelon.exact.guaranteed_service.problem import CostFunction, ServiceTimeProblem, priced
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import Floats, Integers

_FIRST_KNOTS = 24
_MOST_ROUNDS = 60
_MOST_PAIRS = 20_000_000
_CLOSED = 0.8
"""Share of the gap that may be left by sweeps and plans for more of them without more knots."""
_TRIED_PAIRS = 500_000
_FEWEST_TRIED, _MOST_TRIED = 8, 48
_SWEEPS_AT_ONCE = 10
_SWEEPS_PER_ROUND = 200
_IDLE = 0.01
"""Share of the gap by which sweeps must raise the bound to go on."""
_NEAR = (0.02, 0.1, 0.5)
"""Regrets that make a time a knot, as shares of the gap; the next where one adds none."""

Watch: TypeAlias = Callable[[float, float, Callable[[], Integers]], None]
"""Told the bound, the cost of the best plan, and how to get its outbound times (ticks)."""


@dataclass(frozen=True, slots=True)
class Refinement:
    """A plan and its bound.

    Attributes
    ----------
    service : (n_stages,) int64
        Outbound service times, ticks.
    cost, bound : float
        Money per period.
    rounds : int
    termination : {"optimal", "no progress", "memory_limit", "time_limit"}
    times : ServiceTimes
        Of the component.
    messages : InterpolatedMessages or None
        Those of the last round; None where there was none.
    """

    service: Integers
    cost: float
    bound: float
    rounds: int
    termination: str
    times: ServiceTimes
    messages: InterpolatedMessages | None

    def contenders(self) -> ServiceTimes:
        """Narrow the windows of service times to what a plan cheaper than this one can use.

        A time's regret is what the bound rises by when the time is forced. Between two points it
        is at least the lesser of theirs, so a window ends at the first point whose regret is too
        high.
        """
        messages = self.messages
        if messages is None:
            return self.times
        times = self.times
        slack = max(self.cost - messages.bound(), 0.0) + 1e-9 * max(1.0, abs(self.cost))
        near = [_near(messages, j, slack) for j in range(times.n_stages)]
        heard = [_window(messages.inbound[j], near[j].inbound) for j in range(times.n_stages)]
        quoted = [
            _window(np.union1d(messages.knots[j], near[j].through), near[j].outbound)
            for j in range(times.n_stages)
        ]
        return times.within(
            (np.array([low for low, _ in heard]), np.array([high for _, high in heard])),
            (np.array([low for low, _ in quoted]), np.array([high for _, high in quoted])),
        )


def refine(
    times: ServiceTimes,
    cost: CostFunction,
    *,
    gap: float,
    time_limit: float | None = None,
    start: Integers | None = None,
    messages: PassedMessages | None = None,
    watch: Watch | None = None,
) -> Refinement:
    """Add knots where a cheaper plan could be until the bound meets the plan's cost.

    Parameters
    ----------
    times : ServiceTimes
    cost : CostFunction
        Concave in the net replenishment time, on which alone it depends.
    gap : float
        Relative gap at which to stop.
    time_limit : float, optional
        Seconds.
    start : (n_stages,) int64, optional
        Outbound service times of a plan to improve on, ticks. Default: the least service times.
    messages : PassedMessages, optional
        Of a component with the same lanes, solved before, in ticks of this one.
    watch : callable, optional
        Called whenever the plan or the bound is better than before.

    Returns
    -------
    Refinement
    """
    search = _Search(times, cost, _Clock(gap, time_limit), watch)
    for plan in (start, times.outbound_low):
        if plan is not None and not np.isfinite(search.cost):
            search.offer(plan)
    termination = search.run(messages)
    return Refinement(
        search.service,
        search.cost,
        min(search.bound, search.cost),
        search.rounds,
        termination,
        times,
        search.messages,
    )


@dataclass(frozen=True, slots=True)
class _Clock:
    """When to stop: relative gap, and seconds from when it was made."""

    gap: float
    time_limit: float | None
    began: float = field(default_factory=time.perf_counter)

    def left(self) -> float | None:
        """Seconds left, 0 when time is up; None without a limit."""
        if self.time_limit is None:
            return None
        return max(self.time_limit - (time.perf_counter() - self.began), 0.0)


class _Search:
    """The best plan and the best bound met so far, and the messages that are being improved."""

    def __init__(
        self, times: ServiceTimes, cost: CostFunction, clock: _Clock, watch: Watch | None
    ) -> None:
        self._times, self._cost, self._clock, self._watch = times, cost, clock, watch
        self.service, self.cost, self.bound = times.outbound_low, np.inf, -np.inf
        self.messages: InterpolatedMessages | None = None
        self.rounds = 0

    @property
    def gap(self) -> float:
        """Relative distance of the best plan from the bound."""
        return (self.cost - self.bound) / max(abs(self.cost), 1e-12)

    def run(self, kept: PassedMessages | None) -> str:
        """Alternate between bound, plan and knots; returns why it stopped."""
        knots = first_knots(self._times, most=_FIRST_KNOTS)
        if kept is not None:
            knots = with_knots(self._times, knots, kept.knots)
        while self.rounds < _MOST_ROUNDS:
            if n_pairs(self._times, knots) > _MOST_PAIRS:
                return "memory_limit"
            fresh = InterpolatedMessages.of(self._times, self._cost, knots)
            before = self.messages or kept
            if before is not None:
                fresh.start_from(before)
            self.messages = fresh
            self.rounds += 1
            self._improve(fresh)
            if self.gap <= self._clock.gap:
                return "optimal"
            if self._clock.left() == 0.0:
                return "time_limit"
            more = self._knots_near(fresh)
            if more is None:
                return "no progress"
            knots = more
        return "no progress"

    def offer(self, service: Integers) -> None:
        """Settle a plan and keep it if it is the best."""
        service, cost = priced(self._times, self._cost, service)
        if cost < self.cost:
            self.service, self.cost = service, cost
            self._tell()

    def _tell(self) -> None:
        if self._watch is not None:
            service = self.service
            self._watch(min(self.bound, self.cost), self.cost, lambda: service)

    def _improve(self, messages: InterpolatedMessages) -> None:
        """Raise the bound and try plans in turn while the one or the other closes the gap."""
        while True:
            before = self.gap
            self._raise_bound(messages)
            self._tell()
            self.offer(messages.rounded(self._cost))
            if self.gap <= self._clock.gap or self._clock.left() == 0.0:
                return
            tolerance = self.cost - self.bound  # no cheaper plan uses a time of more regret
            self._try([_near(messages, j, tolerance) for j in range(self._times.n_stages)])
            if self.gap <= self._clock.gap or self.gap > _CLOSED * before:
                return

    def _raise_bound(self, messages: InterpolatedMessages) -> None:
        sweeps = 0
        while sweeps < _SWEEPS_PER_ROUND and self._clock.left() != 0.0:
            before = self.bound
            for _ in range(_SWEEPS_AT_ONCE):
                self.bound = max(self.bound, messages.sweep())
            sweeps += _SWEEPS_AT_ONCE
            if self.gap <= self._clock.gap:
                break
            if self.bound - before < _IDLE * (self.cost - self.bound):
                break
        if sweeps == 0:  # time is up: one sweep still gives a bound
            self.bound = max(self.bound, messages.sweep())

    def _try(self, near: list[_Near]) -> None:
        """Search the plans made of times that are near the least cost, and of the best plan's."""
        times = self._times
        heard, quoted = times.settled(self.service)
        problem = ServiceTimeProblem.of(
            times,
            self._cost,
            [np.union1d(close.few_inbound, [heard[j]]) for j, close in enumerate(near)],
            [np.union1d(close.few_outbound, [quoted[j]]) for j, close in enumerate(near)],
        )
        found = ascend(
            problem,
            gap=self._clock.gap,
            time_limit=self._clock.left(),
            start=problem.locate(heard, quoted),
        )
        self.offer(problem.chosen(found.choice)[1])

    def _knots_near(self, messages: InterpolatedMessages) -> list[Integers] | None:
        """Add the times at which a stage's cost is near its least; None where all are knots."""
        times = self._times
        for share in _NEAR:
            tolerance = share * (self.cost - self.bound)
            near = [_near(messages, j, tolerance) for j in range(times.n_stages)]
            added: list[list[Integers]] = [[close.through] for close in near]
            for lane, customer in enumerate(times.lane_customer.tolist()):
                needed = near[customer].inbound - times.lane_delay[lane]
                added[times.pred_stage[lane]].append(needed)
            knots = with_knots(times, messages.knots, [np.concatenate(new) for new in added])
            if sum(map(len, knots)) > sum(map(len, messages.knots)):
                return knots
        return None


@dataclass(frozen=True, slots=True)
class _Near:
    """Times of one stage at which its cost with the messages is near its least, ticks, ascending.

    ``through`` are outbound times that leave no stock, ``few_`` the nearest ones.
    """

    inbound: Integers
    outbound: Integers
    through: Integers
    few_inbound: Integers
    few_outbound: Integers


def _near(messages: InterpolatedMessages, stage: int, tolerance: float) -> _Near:
    n_knots = len(messages.knots[stage])
    most = isqrt(_TRIED_PAIRS // messages.times.n_stages)
    most = min(max(most, _FEWEST_TRIED), _MOST_TRIED)
    table = messages.reduced(stage)
    regret = table - table.min()
    at_inbound = regret.min(axis=1)
    quotes = np.append(
        messages.knots[stage], messages.inbound[stage] + messages.times.process[stage]
    )
    at_outbound = np.append(regret[:, :-1].min(axis=0), regret[:, -1])
    close = at_outbound <= tolerance
    return _Near(
        inbound=messages.inbound[stage][at_inbound <= tolerance],
        outbound=np.unique(quotes[close]),
        through=quotes[n_knots:][close[n_knots:]],
        few_inbound=_few(messages.inbound[stage], at_inbound, tolerance, most),
        few_outbound=_few(quotes, at_outbound, tolerance, most),
    )


def _few(times: Integers, regret: Floats, tolerance: float, most: int) -> Integers:
    order = np.argsort(regret, kind="stable")[:most]
    return np.unique(times[order[regret[order] <= tolerance]])


def _window(points: Integers, kept: Integers) -> tuple[int, int]:
    """Ends of the intervals between points that touch a kept one."""
    first = max(int(np.searchsorted(points, kept[0])) - 1, 0)
    last = min(int(np.searchsorted(points, kept[-1])) + 1, len(points) - 1)
    return int(points[first]), int(points[last])
