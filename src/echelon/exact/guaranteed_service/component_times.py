"""Times of many components in whole ticks, end to end, made in one pass over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm

import numpy as np

from echelon.exact.guaranteed_service.runs import pointers, runs
from echelon.exact.guaranteed_service.service_times import NO_LIMIT, ServiceTimes
from echelon.exact.guaranteed_service.ticks import (
    LARGEST_TICKS_PER_PERIOD,
    denominator_of,
    in_ticks,
    limits_within_reach,
)
from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers


@dataclass(frozen=True, slots=True)
class ComponentTimes:
    """What :class:`ServiceTimes` says of one component, of all components of a network.

    Each has ticks of its own, so that nothing about a component depends on the others.

    Attributes
    ----------
    component_ptr : (n_components + 1,) int64
        Where the stages of each component begin.
    ticks_per_period : (n_components,) float64
    feasible : (n_components,) bool
        Whether every stage can keep its limit; where not, ``ServiceTimes.of`` says which.
    exact : (n_components,) bool
        Whether every time is a common fraction of a period. Of the others, windows say nothing.
    process, outside, limit, inbound_low, inbound_high, outbound_low, outbound_high : int64
        (n_stages,), ticks.
    can_stock : (n_stages,) int64
        0 or 1.
    pred_ptr, pred_stage, lane_delay : int64
        Lanes that a stage waits for; suppliers numbered within their component.
    quote_unit : (n_components,) int64
        Ticks of which every outbound service time is a multiple, as in :class:`ServiceTimes`.
    """

    component_ptr: Integers
    ticks_per_period: Floats
    feasible: Booleans
    exact: Booleans
    process: Integers
    outside: Integers
    limit: Integers
    inbound_low: Integers
    inbound_high: Integers
    outbound_low: Integers
    outbound_high: Integers
    can_stock: Integers
    pred_ptr: Integers
    pred_stage: Integers
    lane_delay: Integers
    quote_unit: Integers

    @classmethod
    def of(cls, compiled: CompiledNetwork, *, whole: bool = False) -> ComponentTimes:
        """Bring the times of every component to ticks and bound its service times.

        With ``whole`` stages quote whole periods.
        """
        from echelon.kernels.component_times import bound_components  # numba: when it is needed

        ptr = (compiled.component_ptr - compiled.component_ptr[0]).astype(np.int64)
        sizes = np.diff(ptr)
        component = np.repeat(np.arange(compiled.n_components), sizes)
        process = compiled.lead_time + compiled.review_period
        awaited = compiled.pred_share > 0.0
        transit = compiled.pred_lead_time[awaited]
        before = np.concatenate([[0], np.cumsum(awaited)]).astype(np.int64)
        pred_ptr = before[compiled.pred_ptr - compiled.pred_ptr[0]]
        of_lane = np.repeat(component, np.diff(pred_ptr))
        limit = limits_within_reach(compiled.max_service_time)
        given = (process, transit, compiled.inbound_service_time, limit)
        ticks, exact = _ticks(given, (component, of_lane, component, component), len(sizes))
        per_stage = ticks[component]
        limited = limit < np.inf
        n = compiled.n_stages
        low_in, high_in, low_out, high_out = np.zeros((4, n), np.int64)
        feasible = np.ones(len(sizes), np.int64)
        own = {
            "process": in_ticks(process, per_stage),
            "outside": in_ticks(compiled.inbound_service_time, per_stage),
            "limit": np.where(
                limited, in_ticks(np.where(limited, limit, 0.0), per_stage), NO_LIMIT
            ),
            "can_stock": compiled.can_stock.astype(np.int64),
        }
        lane_delay = in_ticks(transit, ticks[of_lane])
        pred_stage = compiled.pred_stage[awaited]
        unit = ticks.astype(np.int64) if whole else np.ones(len(sizes), np.int64)
        bound_components(
            ptr, pred_ptr, pred_stage, lane_delay, own["process"], own["outside"],
            own["limit"], own["can_stock"], unit,
            low_in, high_in, low_out, high_out, feasible,
        )  # fmt: skip
        return cls(
            component_ptr=ptr,
            ticks_per_period=ticks,
            feasible=feasible == 1,
            exact=exact,
            **own,
            inbound_low=low_in,
            inbound_high=high_in,
            outbound_low=low_out,
            outbound_high=high_out,
            pred_ptr=pred_ptr,
            pred_stage=pred_stage,
            lane_delay=lane_delay,
            quote_unit=unit,
        )

    @property
    def n_components(self) -> int:
        """How many components."""
        return len(self.component_ptr) - 1

    @property
    def component(self) -> Integers:
        """Component of each stage, (n_stages,)."""
        return np.repeat(np.arange(self.n_components), np.diff(self.component_ptr))

    @property
    def stage_ticks(self) -> Floats:
        """Ticks per period of each stage's component, (n_stages,)."""
        return np.repeat(self.ticks_per_period, np.diff(self.component_ptr))

    @property
    def windows(self) -> tuple[Integers, Integers]:
        """Earliest and latest times by variable, component by component, (2 n_stages,) each.

        Of each component all inbound times come before the outbound ones.
        """
        inbound, outbound = self._places()
        low, high = np.empty((2, 2 * len(self.process)), np.int64)
        low[inbound], low[outbound] = self.inbound_low, self.outbound_low
        high[inbound], high[outbound] = self.inbound_high, self.outbound_high
        return low, high

    @property
    def ticks_of_windows(self) -> Integers:
        """Ticks of all windows of each component, (n_components,); many where one is empty."""
        low, high = self.windows
        width = np.where(high < low, 2**40, high - low + 1)
        return np.asarray(np.add.reduceat(width, 2 * self.component_ptr[:-1]))

    @property
    def roots(self) -> tuple[Integers, Integers]:
        """Times that are tied to no other, by variable in the order of ``windows``: ptr, times."""
        inbound, outbound = self._places()
        stock = self.can_stock == 1
        limited = self.limit < NO_LIMIT
        count = np.ones(2 * len(self.process), np.int64)
        count[outbound] = stock.astype(np.int64) + limited
        ptr = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        root = np.zeros(ptr[-1], np.int64)
        root[ptr[inbound]] = self.outside
        root[ptr[outbound[limited]] + stock[limited]] = self.limit[limited]
        return ptr, root

    def settled(self, service: Integers) -> tuple[Integers, Integers]:
        """Inbound and outbound times (ticks), as ``ServiceTimes.settled`` gives them."""
        from echelon.kernels.component_times import settle_components

        inbound, outbound = np.empty_like(service), service.copy()
        settle_components(
            self.component_ptr, self.pred_ptr, self.pred_stage, self.lane_delay, self.process,
            self.inbound_low, self.can_stock, self.quote_unit, outbound, inbound,
        )  # fmt: skip
        return inbound, outbound

    def times(self, component: int) -> ServiceTimes:
        """Give the times of one component, one of those that are exact and feasible."""
        first, last = self.component_ptr[component], self.component_ptr[component + 1]
        stages = slice(first, last)
        lanes = slice(self.pred_ptr[first], self.pred_ptr[last])
        return ServiceTimes(
            ticks_per_period=float(self.ticks_per_period[component]),
            process=self.process[stages],
            lane_delay=self.lane_delay[lanes],
            pred_ptr=self.pred_ptr[first : last + 1] - self.pred_ptr[first],
            pred_stage=self.pred_stage[lanes],
            outside=self.outside[stages],
            limit=self.limit[stages],
            inbound_low=self.inbound_low[stages],
            inbound_high=self.inbound_high[stages],
            outbound_low=self.outbound_low[stages],
            outbound_high=self.outbound_high[stages],
            can_stock=self.can_stock[stages] == 1,
            quote_unit=int(self.quote_unit[component]),
        )

    def joined(self, components: Integers) -> ServiceTimes:
        """Give the times of several components, of equal ticks and unit, as though they were one.

        Their stages stand end to end, in the order of ``components``, and are numbered through.
        """
        stages = runs(self.component_ptr, components)
        lanes = runs(self.pred_ptr[self.component_ptr], components)
        first = pointers(np.diff(self.component_ptr)[components])
        per_component = np.diff(self.pred_ptr[self.component_ptr])[components]
        return ServiceTimes(
            ticks_per_period=float(self.ticks_per_period[components[0]]),
            process=self.process[stages],
            lane_delay=self.lane_delay[lanes],
            pred_ptr=pointers(np.diff(self.pred_ptr)[stages]),
            pred_stage=self.pred_stage[lanes] + np.repeat(first[:-1], per_component),
            outside=self.outside[stages],
            limit=self.limit[stages],
            inbound_low=self.inbound_low[stages],
            inbound_high=self.inbound_high[stages],
            outbound_low=self.outbound_low[stages],
            outbound_high=self.outbound_high[stages],
            can_stock=self.can_stock[stages] == 1,
            quote_unit=int(self.quote_unit[components[0]]),
        )

    def shard(self, first: int, last: int) -> ComponentTimes:
        """Components ``first`` up to, not including, ``last``."""
        ptr = self.component_ptr[first : last + 1]
        stages = slice(ptr[0], ptr[-1])
        pred_ptr = self.pred_ptr[ptr[0] : ptr[-1] + 1]
        lanes = slice(pred_ptr[0], pred_ptr[-1])
        own = ("process", "outside", "limit", "can_stock")
        windows = ("inbound_low", "inbound_high", "outbound_low", "outbound_high")
        return ComponentTimes(
            component_ptr=ptr - ptr[0],
            ticks_per_period=self.ticks_per_period[first:last],
            feasible=self.feasible[first:last],
            exact=self.exact[first:last],
            **{name: getattr(self, name)[stages] for name in own + windows},
            pred_ptr=pred_ptr - pred_ptr[0],
            pred_stage=self.pred_stage[lanes],
            lane_delay=self.lane_delay[lanes],
            quote_unit=self.quote_unit[first:last],
        )

    def _places(self) -> tuple[Integers, Integers]:
        sizes = np.diff(self.component_ptr)
        first = np.repeat(self.component_ptr[:-1], sizes)
        inbound = np.arange(len(self.process)) + first
        return inbound, inbound + np.repeat(sizes, sizes)


def _ticks(
    given: tuple[Floats, ...], component: tuple[Integers, ...], n_components: int
) -> tuple[Floats, Booleans]:
    """Fewest ticks per period in which every time of a component is whole, where there are such."""
    ticks, exact = np.ones(n_components), np.ones(n_components, dtype=np.bool_)
    time, of = np.concatenate(given), np.concatenate(component)
    finite = np.isfinite(time) & (time > 0.0)
    broken = np.where(finite, time, 0.0) % 1.0 != 0.0
    distinct, number = np.unique(time[broken], return_inverse=True)
    parts = [denominator_of(value) for value in distinct.tolist()]
    pairs = np.unique(of[broken] * max(len(parts), 1) + number)
    denominators: dict[int, int] = {}
    for c, k in zip(*(one.tolist() for one in np.divmod(pairs, max(len(parts), 1))), strict=True):
        part = parts[k]
        denominators[c] = 0 if part == 0 else lcm(denominators.get(c, 1), part)
    for c, common in denominators.items():
        exact[c] = 0 < common <= LARGEST_TICKS_PER_PERIOD
        ticks[c] = float(common) if exact[c] else 1.0
    return ticks, exact
