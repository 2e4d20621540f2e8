"""The service-time problem of one component: candidate times and one cost table per stage.

Whatever a stage's cost depends on (safety stock, early arrivals, batches, capacity) it enters as a
table over the stage's inbound and outbound service times, so that no solver changes when a cost
does.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, inf, lcm
from typing import Protocol

import numpy as np

from echelon.errors import InfeasibleError
from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers

_LARGEST_DENOMINATOR = 10_000
_LARGEST_TICKS_PER_PERIOD = 10_000_000
_FALLBACK_TICKS_PER_PERIOD = 1e9
MOST_CANDIDATES = 3_000


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
    inbound_low, inbound_high, outbound_low, outbound_high : (n_stages,) int64
        Earliest and latest inbound and outbound service times that can make sense, ticks.
    can_stock : (n_stages,) bool
    """

    ticks_per_period: float
    process: Integers
    lane_delay: Integers
    pred_ptr: Integers
    pred_stage: Integers
    inbound_low: Integers
    inbound_high: Integers
    outbound_low: Integers
    outbound_high: Integers
    can_stock: Booleans

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return len(self.process)

    @classmethod
    def of(cls, component: CompiledNetwork) -> ServiceTimes:
        """Bring the times of a component (a shard of one) to ticks and bound the service times.

        Raises
        ------
        InfeasibleError
            If a stage that may not hold stock cannot meet its longest allowed service time.
        """
        process = component.lead_time + component.review_period
        limit = component.max_service_time
        ticks = _ticks_per_period(
            (process, component.pred_lead_time, component.inbound_service_time, limit)
        )
        n = component.n_stages
        scaled = _in_ticks(process, ticks)
        lane_delay = _in_ticks(component.pred_lead_time, ticks)
        outside = _in_ticks(component.inbound_service_time, ticks)
        pred_ptr = component.pred_ptr - component.pred_ptr[0]
        pred_stage = component.pred_stage
        inbound_low, inbound_high = outside.copy(), outside.copy()
        outbound_low, outbound_high = np.zeros(n, np.int64), np.zeros(n, np.int64)
        for j in range(n):  # upstream first
            lanes = slice(pred_ptr[j], pred_ptr[j + 1])
            suppliers, delay = pred_stage[lanes], lane_delay[lanes]
            if len(suppliers):
                earliest = int((outbound_low[suppliers] + delay).max())
                latest = int((outbound_high[suppliers] + delay).max())
                inbound_low[j] = max(inbound_low[j], earliest)
                inbound_high[j] = max(inbound_high[j], latest, inbound_low[j])
            outbound_high[j] = inbound_high[j] + scaled[j]
            if not component.can_stock[j]:
                outbound_low[j] = inbound_low[j] + scaled[j]
            if limit[j] < inf:
                allowed = _in_ticks(limit[j : j + 1], ticks)[0]
                outbound_high[j] = min(outbound_high[j], allowed)
                if outbound_low[j] > allowed:
                    raise InfeasibleError(
                        f"may not hold stock, so it cannot serve sooner than "
                        f"{outbound_low[j] / ticks:g} periods after an order, but its "
                        f"max_service_time is {limit[j]:g}. Fix: set can_stock here or upstream, "
                        "or allow a longer max_service_time.",
                        stage=j,
                    )
        return cls(
            ticks_per_period=ticks,
            process=scaled,
            lane_delay=lane_delay,
            pred_ptr=pred_ptr,
            pred_stage=pred_stage,
            inbound_low=inbound_low,
            inbound_high=inbound_high,
            outbound_low=outbound_low,
            outbound_high=outbound_high,
            can_stock=component.can_stock,
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
            inbound_low=self.inbound_low[stages],
            inbound_high=self.inbound_high[stages],
            outbound_low=self.outbound_low[stages],
            outbound_high=self.outbound_high[stages],
            can_stock=self.can_stock[stages],
        )

    @property
    def lane_customer(self) -> Integers:
        """Customer stage of each lane, (n_lanes,) int64."""
        return np.repeat(np.arange(self.n_stages), np.diff(self.pred_ptr))

    def settled(self, service: Integers) -> tuple[Integers, Integers]:
        """Inbound and outbound times (ticks) when every supply is used as soon as it is complete.

        A quote that a stage could only keep by waiting for nothing is shortened to what its
        supplies allow, upstream first; a stage that may not hold stock passes its supplies on.
        """
        inbound, outbound = self.inbound_low.copy(), service.copy()
        for j in range(self.n_stages):
            lanes = slice(self.pred_ptr[j], self.pred_ptr[j + 1])
            ready = outbound[self.pred_stage[lanes]] + self.lane_delay[lanes]
            inbound[j] = ready.max(initial=inbound[j])
            through = inbound[j] + self.process[j]
            outbound[j] = min(outbound[j], through) if self.can_stock[j] else through
        return inbound, outbound

    def candidates(
        self, *, whole_periods: bool = False, most: int = MOST_CANDIDATES
    ) -> tuple[list[Integers], list[Integers], bool]:
        """Inbound and outbound service times among which an optimal plan is found.

        Where every cost is concave in the net replenishment time, some optimal plan is a vertex of
        the service-time polyhedron: each of its times is tied to a root (an outside supplier's
        quote, a service time of zero, a limit) through a chain of tight constraints [1]_. The sets
        are the closure of the roots under those constraints, so they hold every vertex.

        Parameters
        ----------
        whole_periods : bool, default False
            Add every whole period inside the windows, for costs that are not concave.
        most : int
            Candidates kept for one time: those with the shortest chains to a root.

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
        suppliers, customers = self._lanes()
        # variable v < n is the inbound time of stage v, variable n + j the outbound time of j
        found: list[set[int]] = [set() for _ in range(2 * n)]
        low = np.concatenate([self.inbound_low, self.outbound_low]).tolist()
        high = np.concatenate([self.inbound_high, self.outbound_high]).tolist()
        process = self.process.tolist()
        fresh: deque[tuple[int, int]] = deque()  # first in, first out: short chains first
        complete = True

        def add(variable: int, time: int) -> None:
            nonlocal complete
            if low[variable] <= time <= high[variable] and time not in found[variable]:
                if len(found[variable]) >= most:
                    complete = False
                    return
                found[variable].add(time)
                fresh.append((variable, time))

        for v in range(2 * n):
            add(v, low[v])
            add(v, high[v])
        while fresh:
            v, time = fresh.popleft()
            if v < n:
                add(n + v, time + process[v])
                for supplier, delay in suppliers[v]:
                    add(n + supplier, time - delay)
            else:
                add(v - n, time - process[v - n])
                for customer, delay in customers[v - n]:
                    add(customer, time + delay)
        if whole_periods:
            for values, first, last in zip(found, low, high, strict=True):
                values |= self._whole_periods(first, last)
        times = [np.array(sorted(values), dtype=np.int64) for values in found]
        return times[:n], times[n:], complete

    def _whole_periods(self, first: int, last: int) -> set[int]:
        ticks = self.ticks_per_period
        whole = range(ceil(first / ticks - 1e-9), floor(last / ticks + 1e-9) + 1)
        return {min(max(round(k * ticks), first), last) for k in whole}

    def _lanes(self) -> tuple[list[list[tuple[int, int]]], list[list[tuple[int, int]]]]:
        suppliers: list[list[tuple[int, int]]] = [[] for _ in range(self.n_stages)]
        customers: list[list[tuple[int, int]]] = [[] for _ in range(self.n_stages)]
        delays = self.lane_delay.tolist()
        sources = self.pred_stage.tolist()
        ptr = self.pred_ptr.tolist()
        for j in range(self.n_stages):
            for lane in range(ptr[j], ptr[j + 1]):
                suppliers[j].append((sources[lane], delays[lane]))
                customers[sources[lane]].append((j, delays[lane]))
        return suppliers, customers


class CostFunction(Protocol):
    """What a stage's stock costs, whatever it depends on: all that an extension implements."""

    @property
    def concave(self) -> bool:
        """Whether every table is concave in the net replenishment time and rises with it.

        Where it is not, the candidate times take in every whole period, and the certificate is
        over those.
        """
        ...

    def table(self, stage: int, inbound: Floats, outbound: Floats) -> Floats:
        """Cost of ``stage`` for each pair of an inbound and an outbound service time.

        Parameters
        ----------
        stage : int
            Numbered within the component.
        inbound : (a,) float64
        outbound : (b,) float64
            Periods, ascending.

        Returns
        -------
        (a, b) float64
            Money per period. Pairs that the times forbid are overwritten by the caller.
        """
        ...


@dataclass(frozen=True, slots=True)
class ServiceTimeProblem:
    """Choose an inbound and an outbound service time for each stage, at least total cost.

    Minimise ``sum_j cost[j][a_j, b_j]`` so that ``outbound[i][b_i] + delay <= inbound[j][a_j]`` on
    each lane from ``i`` to ``j``.

    Attributes
    ----------
    times : ServiceTimes
    inbound, outbound : list of int64 arrays, one per stage
        Candidate times, ticks, ascending.
    cost : list of (len(inbound), len(outbound)) float64 arrays
        Money per period; ``inf`` where the pair is forbidden.
    """

    times: ServiceTimes
    inbound: list[Integers]
    outbound: list[Integers]
    cost: list[Floats]

    @classmethod
    def of(
        cls,
        times: ServiceTimes,
        cost: CostFunction,
        inbound: list[Integers],
        outbound: list[Integers],
    ) -> ServiceTimeProblem:
        """Tabulate a cost function over candidate times."""
        tables = []
        for j in range(times.n_stages):
            tau = inbound[j][:, None] + times.process[j] - outbound[j][None, :]
            table = cost.table(
                j, inbound[j] / times.ticks_per_period, outbound[j] / times.ticks_per_period
            )
            forbidden = tau < 0 if times.can_stock[j] else tau != 0
            tables.append(np.where(forbidden, inf, table))
        return cls(times, inbound, outbound, tables)

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return self.times.n_stages

    @property
    def n_pairs(self) -> int:
        """How many pairs of candidate times, over all stages."""
        return sum(table.size for table in self.cost)

    def among(self, stages: Integers, cost: list[Floats]) -> ServiceTimeProblem:
        """Give the problem of some stages (ascending) and the lanes between them.

        ``cost`` has one table per stage of ``stages``, over the same candidates.
        """
        return ServiceTimeProblem(
            times=self.times.among(stages),
            inbound=[self.inbound[j] for j in stages],
            outbound=[self.outbound[j] for j in stages],
            cost=cost,
        )

    def kept(self) -> ServiceTimeProblem:
        """Drop the candidates that no allowed pair uses."""
        rows = [np.isfinite(table).any(axis=1) for table in self.cost]
        columns = [np.isfinite(table).any(axis=0) for table in self.cost]
        return ServiceTimeProblem(
            times=self.times,
            inbound=[time[keep] for time, keep in zip(self.inbound, rows, strict=True)],
            outbound=[time[keep] for time, keep in zip(self.outbound, columns, strict=True)],
            cost=[
                table[np.ix_(row, column)]
                for table, row, column in zip(self.cost, rows, columns, strict=True)
            ],
        )

    def locate(self, inbound: Integers, outbound: Integers) -> ServiceTimeChoice:
        """Find the candidates that stand for given times (ticks)."""
        n = range(self.n_stages)
        return ServiceTimeChoice(
            np.array([np.searchsorted(self.inbound[j], inbound[j]) for j in n], dtype=np.int64),
            np.array([np.searchsorted(self.outbound[j], outbound[j]) for j in n], dtype=np.int64),
        )

    def chosen(self, choice: ServiceTimeChoice) -> tuple[Integers, Integers]:
        """Inbound and outbound times (ticks) of a choice."""
        n = range(self.n_stages)
        return (
            np.array([self.inbound[j][choice.inbound[j]] for j in n], dtype=np.int64),
            np.array([self.outbound[j][choice.outbound[j]] for j in n], dtype=np.int64),
        )

    def evaluate(self, choice: ServiceTimeChoice) -> float:
        """Total cost of a choice, money per period; ``inf`` where it breaks a lane's constraint."""
        times = self.times
        for j in range(self.n_stages):
            for lane in range(times.pred_ptr[j], times.pred_ptr[j + 1]):
                i = times.pred_stage[lane]
                ready = self.outbound[i][choice.outbound[i]] + times.lane_delay[lane]
                if ready > self.inbound[j][choice.inbound[j]]:
                    return inf
        return float(
            sum(self.cost[j][choice.inbound[j], choice.outbound[j]] for j in range(self.n_stages))
        )


@dataclass(frozen=True, slots=True)
class ServiceTimeChoice:
    """One candidate per stage: positions in ``ServiceTimeProblem.inbound`` and ``outbound``."""

    inbound: Integers
    outbound: Integers


def _ticks_per_period(times: tuple[Floats, ...]) -> float:
    """Fewest ticks per period in which every finite time is whole.

    Decimal and other common fractions are exact. Other times that are multiples of one unit are
    multiples of it to a billionth of a period; failing that a tick is a billionth of a period.
    """
    distinct = np.unique(np.concatenate(times))
    distinct = distinct[np.isfinite(distinct) & (distinct > 0.0)]
    ticks = 1
    for time in distinct:
        nearest = Fraction(float(time)).limit_denominator(_LARGEST_DENOMINATOR)
        ticks = lcm(ticks, nearest.denominator)
        if abs(float(nearest) - time) > 1e-12 * max(1.0, time) or ticks > _LARGEST_TICKS_PER_PERIOD:
            return _common_unit(distinct)
    return float(ticks)


def _common_unit(times: Floats) -> float:
    """Ticks per period from Euclid's algorithm on numbers that carry rounding errors."""
    tolerance = 1e-9 * max(1.0, float(times.max()))
    unit = 0.0
    for time in times.tolist():
        a, b = time, unit
        while b > tolerance:
            rest = a % b
            a, b = b, 0.0 if b - rest < tolerance else rest
        unit = a
        if unit * _LARGEST_TICKS_PER_PERIOD < 1.0:
            return _FALLBACK_TICKS_PER_PERIOD
    counts = np.rint(times / unit)
    unit = float(times @ counts / (counts @ counts))  # least squares: the errors average out
    if np.abs(times - counts * unit).max() > tolerance:
        return _FALLBACK_TICKS_PER_PERIOD
    return 1.0 / unit


def _in_ticks(times: Floats, ticks: float) -> Integers:
    return np.rint(times * ticks).astype(np.int64)
