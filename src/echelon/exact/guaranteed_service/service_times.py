"""The times of one component in whole ticks, and the windows that service times lie in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

import numpy as np

from echelon.errors import InfeasibleError
from echelon.exact.guaranteed_service.ticks import in_ticks, limits_within_reach, ticks_per_period
from echelon.network.compiled import Booleans, CompiledNetwork, Integers

NO_LIMIT = int(np.iinfo(np.int64).max)


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
        ticks = ticks_per_period((*given, np.ones(1)) if whole else given)
        return cls._bounded(
            ticks,
            in_ticks(process, ticks),
            in_ticks(transit, ticks),
            before[component.pred_ptr - component.pred_ptr[0]],
            component.pred_stage[awaited],
            in_ticks(component.inbound_service_time, ticks),
            np.where(limit < inf, in_ticks(np.where(limit < inf, limit, 0.0), ticks), NO_LIMIT),
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
            can_stock.astype(np.int64), np.array([quote_unit]),
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
            self.process, self.inbound_low, self.can_stock.astype(np.int64),
            np.array([self.quote_unit]), outbound, inbound,
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
        from echelon.kernels.quote_grids import count_quotable, list_quotable  # when it is needed

        inbound_ptr, outbound_ptr = np.empty((2, self.n_stages + 1), dtype=np.int64)
        rests = np.empty(np.diff(self.pred_ptr).max(initial=0) + 1, dtype=np.int64)
        given = (
            self.quote_unit, self.pred_ptr, self.lane_delay, self.process,
            self.inbound_low, self.inbound_high, self.outbound_low,
        )  # fmt: skip
        count_quotable(*given, self.outbound_high, rests, inbound_ptr, outbound_ptr)
        inbound = np.empty(inbound_ptr[-1], dtype=np.int64)
        outbound = np.empty(outbound_ptr[-1], dtype=np.int64)
        list_quotable(*given, rests, inbound_ptr, outbound_ptr, inbound, outbound)
        return (inbound_ptr, inbound), (outbound_ptr, outbound)


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
