"""The times of one component in whole ticks, and the service times worth considering."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, inf, lcm

import numpy as np

from echelon.errors import InfeasibleError
from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers

_LARGEST_DENOMINATOR = 10_000
LARGEST_TICKS_PER_PERIOD = 10_000_000
_FALLBACK_TICKS_PER_PERIOD = 1e9
MOST_CANDIDATES = 3_000
MOST_STEPS = 300_000
NO_LIMIT = int(np.iinfo(np.int64).max)
_NEVER_REACHED = 1e9
"""Periods: a thousand times the longest time that tables allow, and still whole in ticks."""


@dataclass(frozen=True, slots=True)
class ServiceTimes:
    """The times of one component in whole ticks, and the windows that service times lie in.

    A tick is a fraction of a period in which every time of the component is whole, so that sums
    and comparisons of fractional lead times are exact.

    Attributes
    ----------
    ticks_per_period : float
    process : (n_stages,) int64
        Lead time plus review period, ticks.
    lane_delay : (n_lanes,) int64
        Transit time of each lane, in the order of ``CompiledNetwork.pred_stage``, ticks.
    pred_ptr, pred_stage : int64
        Lanes into each stage, zero-based.
    outside, limit : (n_stages,) int64
        What an outside supplier quotes; longest service time allowed, ``NO_LIMIT`` where there is
        none; ticks.
    inbound_low, inbound_high, outbound_low, outbound_high : (n_stages,) int64
        Earliest and latest inbound and outbound service times that can make sense, ticks.
    can_stock : (n_stages,) bool
    quote_unit : int
        Ticks of which every outbound service time is a multiple: 1 where any will do, a period
        where customers are quoted whole periods.
    """

    ticks_per_period: float
    process: Integers
    lane_delay: Integers
    pred_ptr: Integers
    pred_stage: Integers
    outside: Integers
    limit: Integers
    inbound_low: Integers
    inbound_high: Integers
    outbound_low: Integers
    outbound_high: Integers
    can_stock: Booleans
    quote_unit: int = 1

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return len(self.process)

    @classmethod
    def of(cls, component: CompiledNetwork, *, whole: bool = False) -> ServiceTimes:
        """Bring the times of a component (a shard of one) to ticks and bound the service times.

        A stage waits for the slowest of all lanes into it, alternatives included, and not for
        backups, which are left out. With ``whole`` stages quote whole periods.

        Raises
        ------
        InfeasibleError
            If a stage that may not hold stock cannot meet its longest allowed service time, or
            cannot quote the whole periods asked for.
        """
        process = component.lead_time + component.review_period
        limit = limits_within_reach(component.max_service_time)
        awaited = component.pred_share > 0.0
        transit = component.pred_lead_time[awaited]
        before = np.concatenate([[0], np.cumsum(awaited)]).astype(np.int64)
        given = (process, transit, component.inbound_service_time, limit)
        ticks = _ticks_per_period((*given, np.ones(1)) if whole else given)
        return cls._bounded(
            ticks,
            _in_ticks(process, ticks),
            _in_ticks(transit, ticks),
            before[component.pred_ptr - component.pred_ptr[0]],
            component.pred_stage[awaited],
            _in_ticks(component.inbound_service_time, ticks),
            np.where(limit < inf, _in_ticks(np.where(limit < inf, limit, 0.0), ticks), NO_LIMIT),
            component.can_stock,
            round(ticks) if whole else 1,
        )

    @classmethod
    def _bounded(
        cls,
        ticks: float,
        process: Integers,
        lane_delay: Integers,
        pred_ptr: Integers,
        pred_stage: Integers,
        outside: Integers,
        limit: Integers,
        can_stock: Booleans,
        quote_unit: int = 1,
    ) -> ServiceTimes:
        from echelon.kernels.component_times import bound_components  # numba: when it is needed

        n = len(process)
        inbound_low, inbound_high, outbound_low, outbound_high = np.zeros((4, n), np.int64)
        feasible = np.ones(1, np.int64)
        bound_components(
            np.array([0, n]), pred_ptr, pred_stage, lane_delay, process, outside, limit,
            can_stock.astype(np.int64), quote_unit,
            inbound_low, inbound_high, outbound_low, outbound_high, feasible,
        )  # fmt: skip
        if not feasible[0]:
            for j in np.flatnonzero(~can_stock).tolist():
                delay = lane_delay[pred_ptr[j] : pred_ptr[j + 1]]
                parts = np.concatenate([delay, [outside[j], process[j]]])
                _require_whole(parts, quote_unit, ticks, j)
                _require_in_time(int(outbound_low[j]), int(limit[j]), ticks, j)
        return cls(
            ticks_per_period=ticks,
            process=process,
            lane_delay=lane_delay,
            pred_ptr=pred_ptr,
            pred_stage=pred_stage,
            outside=outside,
            limit=limit,
            inbound_low=inbound_low,
            inbound_high=inbound_high,
            outbound_low=outbound_low,
            outbound_high=outbound_high,
            can_stock=can_stock,
            quote_unit=quote_unit,
        )

    def within(
        self, inbound: tuple[Integers, Integers], outbound: tuple[Integers, Integers]
    ) -> ServiceTimes:
        """Narrow the windows to ``(low, high)`` of inbound and of outbound times, ticks."""
        return replace(
            self,
            inbound_low=np.maximum(self.inbound_low, inbound[0]),
            inbound_high=np.minimum(self.inbound_high, inbound[1]),
            outbound_low=np.maximum(self.outbound_low, outbound[0]),
            outbound_high=np.minimum(self.outbound_high, outbound[1]),
        )

    def among(self, stages: Integers) -> ServiceTimes:
        """Give the times of some stages (ascending) and the lanes between them."""
        number = np.full(self.n_stages, -1, dtype=np.int64)
        number[stages] = np.arange(len(stages))
        customer = np.repeat(number, np.diff(self.pred_ptr))
        keep = (customer >= 0) & (number[self.pred_stage] >= 0)
        per_stage = np.bincount(customer[keep], minlength=len(stages))
        return ServiceTimes(
            ticks_per_period=self.ticks_per_period,
            process=self.process[stages],
            lane_delay=self.lane_delay[keep],
            pred_ptr=np.concatenate([[0], np.cumsum(per_stage)]).astype(np.int64),
            pred_stage=number[self.pred_stage[keep]],
            outside=self.outside[stages],
            limit=self.limit[stages],
            inbound_low=self.inbound_low[stages],
            inbound_high=self.inbound_high[stages],
            outbound_low=self.outbound_low[stages],
            outbound_high=self.outbound_high[stages],
            can_stock=self.can_stock[stages],
            quote_unit=self.quote_unit,
        )

    @property
    def lane_customer(self) -> Integers:
        """Customer stage of each lane, (n_lanes,) int64."""
        return np.repeat(np.arange(self.n_stages), np.diff(self.pred_ptr))

    def settled(self, service: Integers) -> tuple[Integers, Integers]:
        """Inbound and outbound times (ticks) when every supply is used as soon as it is complete.

        A quote that a stage could only keep by waiting for nothing is shortened to what its
        supplies allow, upstream first; a stage that may not hold stock passes its supplies on.
        Where only multiples of a unit are quoted, supplies wait for the next of them.
        """
        from echelon.kernels.component_times import settle_components  # numba: when it is needed

        inbound, outbound = np.empty_like(self.process), service.copy()
        settle_components(
            np.array([0, self.n_stages]), self.pred_ptr, self.pred_stage, self.lane_delay,
            self.process, self.inbound_low, self.can_stock.astype(np.int64), self.quote_unit,
            outbound, inbound,
        )  # fmt: skip
        return inbound, outbound

    def quotable(self) -> tuple[list[Integers], list[Integers]]:
        """All inbound and outbound times there are where stages quote multiples of a unit.

        A stage may wait so long that its supplies and its own time come to such a multiple.

        Returns
        -------
        inbound, outbound : list of int64 arrays, one per stage
            Ticks, ascending.
        """
        inbound, outbound = self.quotable_flat()
        return _by_stage(*inbound), _by_stage(*outbound)

    def quotable_flat(self) -> tuple[tuple[Integers, Integers], tuple[Integers, Integers]]:
        """Give the times of :meth:`quotable` end to end.

        Returns
        -------
        inbound, outbound : tuple of (n_stages + 1,) int64 and int64
            Where those of each stage begin, and the times, ticks.
        """
        unit, n = self.quote_unit, self.n_stages
        stages = np.arange(n)
        lanes = np.diff(self.pred_ptr)
        of = np.concatenate([np.repeat(stages, lanes), stages])
        of, rest = _distinct(of, np.concatenate([self.lane_delay, -self.process]) % unit)
        first = -((rest - self.inbound_low[of]) // unit)  # the least multiple that is long enough
        counts = np.maximum((self.inbound_high[of] - rest) // unit - first + 1, 0)
        each = np.repeat(rest + unit * first, counts) + unit * within_runs(counts)
        of = np.concatenate([np.repeat(of, counts), stages])
        of, heard = _distinct(of, np.concatenate([each, self.inbound_low]))
        inbound_ptr = np.searchsorted(of, np.arange(n + 1))
        low, high = -(-self.outbound_low // unit), self.outbound_high // unit
        counts = np.maximum(high - low + 1, 0)
        outbound_ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        quoted = unit * (np.repeat(low, counts) + within_runs(counts))
        return (inbound_ptr, heard), (outbound_ptr, quoted)

    def candidates(
        self,
        *,
        whole_periods: bool = False,
        most: int = MOST_CANDIDATES,
        all_or_nothing: bool = False,
        most_steps: int = MOST_STEPS,
    ) -> tuple[list[Integers], list[Integers], bool]:
        """Inbound and outbound service times among which an optimal plan is found.

        Where every cost is concave in the net replenishment time, some optimal plan is a vertex of
        the service-time polyhedron: each of its times is tied to a root (an outside supplier's
        quote, a service time of zero, a limit) through a chain of tight constraints that never
        comes back to a time it has passed [1]_. The sets hold all ends of such chains, so they
        hold every vertex.

        Parameters
        ----------
        whole_periods : bool, default False
            Add every whole period inside the windows, for costs that are not concave.
        most : int
            Candidates kept for one time: those with the shortest chains to a root.
        all_or_nothing : bool, default False
            Stop as soon as one would be left out, or chains are too many to follow.
        most_steps : int
            Links of chains that are followed with ``all_or_nothing``.

        Returns
        -------
        inbound, outbound : list of int64 arrays, one per stage
            Ticks, ascending.
        complete : bool
            Whether nothing was left out.

        References
        ----------
        .. [1] Lesnaia (2004), *Optimizing safety stock placement in general network supply
           chains*, PhD thesis, MIT.
        """
        n = self.n_stages
        neighbours = self._tight_constraints()
        low = np.concatenate([self.inbound_low, self.outbound_low]).tolist()
        high = np.concatenate([self.inbound_high, self.outbound_high]).tolist()
        # per variable: time -> the variables that every chain to it passes, as bits
        found: list[dict[int, int]] = [{} for _ in range(2 * n)]
        fresh: deque[tuple[int, int]] = deque()  # first in, first out: short chains first
        complete = True

        def add(variable: int, time: int, passed: int) -> None:
            nonlocal complete
            if not low[variable] <= time <= high[variable]:
                return
            known = found[variable].get(time)
            if known is None:
                if len(found[variable]) >= most:
                    complete = False
                    return
            elif known & passed == known:
                return
            found[variable][time] = passed if known is None else known & passed
            fresh.append((variable, time))

        for variable, time in self.roots():
            add(variable, time, 0)
        steps = 0
        while fresh and (complete or not all_or_nothing):
            steps += 1
            if all_or_nothing and steps > most_steps:
                complete = False
                break
            v, time = fresh.popleft()
            passed = found[v][time] | 1 << v
            for w, difference in neighbours[v]:
                if not passed >> w & 1:  # a vertex's chains never come back
                    add(w, time + difference, passed)
        times = [set(values) for values in found]
        if whole_periods:
            for values, first, last in zip(times, low, high, strict=True):
                values |= self._whole_periods(first, last)
        arrays = [np.array(sorted(values), dtype=np.int64) for values in times]
        return arrays[:n], arrays[n:], complete

    def nearest(self, most: int) -> tuple[list[Integers], list[Integers]]:
        """At most so many inbound and outbound times per stage: those nearest to a root.

        As :meth:`candidates`, but quick however many there are, and chains may come back.

        Returns
        -------
        inbound, outbound : list of int64 arrays, one per stage
            Ticks, ascending.
        """
        from echelon.kernels.nearest_times import nearest_times  # numba: not before it is needed

        n = self.n_stages
        low = np.concatenate([self.inbound_low, self.outbound_low])
        high = np.concatenate([self.inbound_high, self.outbound_high])
        stages, customer = np.arange(n), self.lane_customer
        source = np.concatenate([stages, n + stages, n + self.pred_stage, customer])
        target = np.concatenate([n + stages, stages, customer, n + self.pred_stage])
        added = np.concatenate([self.process, -self.process, self.lane_delay, -self.lane_delay])
        order = np.argsort(source, kind="stable")
        tie_ptr = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=2 * n))])
        roots = np.array(self.roots(), dtype=np.int64).reshape(-1, 2).T.copy()
        found = np.zeros((2 * n, most), dtype=np.int64)
        n_found = np.zeros(2 * n, dtype=np.int64)
        nearest_times(
            low, high, tie_ptr.astype(np.int64), target[order], added[order],
            roots[0], roots[1], found, n_found, np.empty((2, 2 * n * most), dtype=np.int64),
        )  # fmt: skip
        kept = [np.sort(found[v, : n_found[v]]) for v in range(2 * n)]
        return kept[:n], kept[n:]

    def _whole_periods(self, first: int, last: int) -> set[int]:
        ticks = self.ticks_per_period
        whole = range(ceil(first / ticks - 1e-9), floor(last / ticks + 1e-9) + 1)
        return {min(max(round(k * ticks), first), last) for k in whole}

    def roots(self) -> list[tuple[int, int]]:
        """Times that are tied to no other: outside quotes, zero, limits; variables as below."""
        n = self.n_stages
        roots = list(enumerate(self.outside.tolist()))
        roots += [(n + int(j), 0) for j in np.flatnonzero(self.can_stock)]
        limited = np.flatnonzero(self.limit < NO_LIMIT)
        roots += [(n + int(j), int(self.limit[j])) for j in limited]
        return roots

    def _tight_constraints(self) -> list[list[tuple[int, int]]]:
        """Per variable, the variables a constraint can tie it to, and the difference it fixes.

        Variable ``j`` is the inbound service time of stage ``j``, ``n_stages + j`` the outbound.
        """
        n = self.n_stages
        ties: list[list[tuple[int, int]]] = [[] for _ in range(2 * n)]
        customers = self.lane_customer.tolist()
        lanes = zip(self.pred_stage.tolist(), customers, self.lane_delay.tolist(), strict=True)
        for j, process in enumerate(self.process.tolist()):
            ties[j].append((n + j, process))
            ties[n + j].append((j, -process))
        for supplier, customer, delay in lanes:
            ties[n + supplier].append((customer, delay))
            ties[customer].append((n + supplier, -delay))
        return ties


def _require_whole(parts: Integers, unit: int, ticks: float, stage: int) -> None:
    """Refuse a stage that passes on what is no multiple of the unit it has to quote."""
    odd = np.flatnonzero(parts % unit)
    if len(odd):
        raise InfeasibleError(
            f"may not hold stock, so it passes a time of {parts[odd[0]] / ticks:g} periods on and "
            "cannot quote whole periods. Fix: set can_stock, round that time, or use "
            "service_times='any'.",
            stage=stage,
        )


def _require_in_time(earliest: int, limit: int, ticks: float, stage: int) -> None:
    """Refuse a stage that may not hold stock and can serve too late only."""
    if earliest > limit:
        raise InfeasibleError(
            f"may not hold stock, so it cannot serve sooner than {earliest / ticks:g} periods "
            f"after an order, but its max_service_time is {limit / ticks:g}. Fix: set can_stock "
            "here or upstream, or allow a longer max_service_time.",
            stage=stage,
        )


def _by_stage(ptr: Integers, times: Integers) -> list[Integers]:
    return np.split(times, ptr[1:-1])


def _distinct(of: Integers, values: Integers) -> tuple[Integers, Integers]:
    """Distinct pairs, ascending."""
    order = np.lexsort((values, of))
    of, values = of[order], values[order]
    new = np.ones(len(of), dtype=np.bool_)
    new[1:] = (np.diff(of) != 0) | (np.diff(values) != 0)
    return of[new], values[new]


def within_runs(counts: Integers) -> Integers:
    """Number, from 0 on, within each of several runs laid end to end."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _ticks_per_period(times: tuple[Floats, ...]) -> float:
    """Fewest ticks per period in which every finite time is whole.

    Decimal and other common fractions are exact. Other times that are multiples of one unit are
    multiples of it to a billionth of a period; failing that a tick is a billionth of a period.
    """
    distinct = np.unique(np.concatenate(times))
    distinct = distinct[np.isfinite(distinct) & (distinct > 0.0)]
    ticks = 1
    for time in distinct.tolist():
        ticks = lcm(ticks, denominator_of(time))
        if not 0 < ticks <= LARGEST_TICKS_PER_PERIOD:
            return _common_unit(distinct)
    return float(ticks)


def limits_within_reach(limit: Floats) -> Floats:
    """Take a limit on service times (periods) that none can reach for none: ``inf``."""
    return np.where(limit < _NEVER_REACHED, limit, inf)


@lru_cache(maxsize=4096)
def denominator_of(time: float) -> int:
    """Denominator of the common fraction that a time (periods) is; 0 where it is none.

    Examples
    --------
    >>> denominator_of(6.6), denominator_of(2.0**0.5)
    (5, 0)
    """
    nearest = Fraction(time).limit_denominator(_LARGEST_DENOMINATOR)
    return nearest.denominator if abs(float(nearest) - time) <= 1e-12 * max(1.0, time) else 0


def _common_unit(times: Floats) -> float:
    """Ticks per period from Euclid's algorithm on numbers that carry rounding errors."""
    tolerance = max(1e-10, 4.0 * float(np.spacing(times.max())))
    unit = 0.0
    for time in times.tolist():
        a, b = time, unit
        while b > tolerance:
            rest = a % b
            a, b = b, 0.0 if b - rest < tolerance else rest
        unit = a
        if unit * LARGEST_TICKS_PER_PERIOD < 1.0:
            return _FALLBACK_TICKS_PER_PERIOD
    counts = np.rint(times / unit)
    unit = float(times @ counts / (counts @ counts))  # least squares: the errors average out
    if np.abs(times - counts * unit).max() > tolerance:
        return _FALLBACK_TICKS_PER_PERIOD
    return 1.0 / unit


def _in_ticks(times: Floats, ticks: float) -> Integers:
    return np.rint(times * ticks).astype(np.int64)
