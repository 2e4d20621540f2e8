"""From the compiled network and its levels to what the flow kernel reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from echelon.kernels.base_stock_flow import PRIORITY, PROPORTIONAL, Chain
from echelon.network.compiled import CompiledNetwork, Floats, Integers

ALLOCATION_CODES = {"proportional": PROPORTIONAL, "priority": PRIORITY}

_ROUNDING = 1e-9
"""A shortage below this share of a stage's level and mean demand is rounding."""


@dataclass(frozen=True, slots=True)
class Levels:
    """What a plan decides, one entry per stage in the order of the compiled network.

    Attributes
    ----------
    base_stock, initial_stock : (n_stages,) float64
        Units.
    demand_seen : (n_stages,) float64
        Mean demand of the stage's customers and of every end item it goes into, units per period.
    service_time : (n_stages,) int64
        Whole periods that customers of the stage wait.
    allocation : (n_stages,) int64
        ``PROPORTIONAL`` or ``PRIORITY``.
    """

    base_stock: Floats
    initial_stock: Floats
    demand_seen: Floats
    service_time: Integers
    allocation: Integers

    def part(self, first: int, last: int) -> Levels:
        """Stages ``first`` up to, not including, ``last``."""
        rows = slice(first, last)
        return Levels(
            base_stock=self.base_stock[rows],
            initial_stock=self.initial_stock[rows],
            demand_seen=self.demand_seen[rows],
            service_time=self.service_time[rows],
            allocation=self.allocation[rows],
        )


def chain_of(component: CompiledNetwork, levels: Levels) -> Chain:
    """Describe one component for the kernel.

    Parameters
    ----------
    component : CompiledNetwork
        Exactly one component; every lead time a whole number of periods.
    levels : Levels
        Its levels.

    Returns
    -------
    Chain
        With ``customer`` numbering the stages that have demand rows from 0 upstream first.
    """
    pred_ptr = component.pred_ptr - component.pred_ptr[0]
    succ_ptr = component.succ_ptr - component.succ_ptr[0]
    has_customers = np.diff(component.demand_ptr) > 0
    customer = np.where(has_customers, np.cumsum(has_customers) - 1, -1).astype(np.int64)
    source = np.diff(pred_ptr) == 0
    inbound = np.rint(component.inbound_service_time).astype(np.int64)
    outside_delay = np.where(source | (inbound > 0), inbound, -1)
    make_delay = np.rint(component.lead_time).astype(np.int64)
    lane_delay = np.rint(component.pred_lead_time).astype(np.int64)
    serve_delay = levels.service_time
    request_delay = serve_delay[component.pred_stage]
    delays = (np.maximum(outside_delay, 0), make_delay, lane_delay, serve_delay, request_delay)
    slots = _slots(delays)
    return Chain(
        customer=customer,
        pred_ptr=pred_ptr,
        pred_units=component.pred_units.copy(),
        succ_ptr=succ_ptr,
        succ_lane=_in_row_order(component, succ_ptr),
        level=levels.base_stock.copy(),
        review=component.review_period.copy(),
        outside_delay=outside_delay,
        make_delay=make_delay,
        serve_delay=serve_delay.copy(),
        lane_delay=lane_delay,
        nominal_delay=_nominal_delay(component, pred_ptr, serve_delay, lane_delay) + make_delay,
        allocation=levels.allocation.copy(),
        tolerance=_ROUNDING * (levels.base_stock + levels.demand_seen),
        outside_slot=slots[0],
        make_slot=slots[1],
        lane_slot=slots[2],
        customer_slot=slots[3],
        request_slot=slots[4],
    )


def _nominal_delay(
    component: CompiledNetwork, pred_ptr: Integers, serve_delay: Integers, lane_delay: Integers
) -> Integers:
    """Inbound service time: what the slowest supplier quotes, with its transport."""
    inbound = np.rint(component.inbound_service_time).astype(np.int64)
    receiver = np.repeat(np.arange(component.n_stages), np.diff(pred_ptr))
    np.maximum.at(inbound, receiver, serve_delay[component.pred_stage] + lane_delay)
    return inbound


def _in_row_order(component: CompiledNetwork, succ_ptr: Integers) -> Integers:
    supplier = np.repeat(np.arange(component.n_stages), np.diff(succ_ptr))
    row = component.lane_row[component.succ_lane]
    return component.succ_lane[np.lexsort((row, supplier))]


def _slots(delays: Iterable[Integers]) -> list[Integers]:
    """First row of each delay line when they follow one another."""
    slots, taken = [], 0
    for delay in delays:
        ends = taken + np.cumsum(delay, dtype=np.int64)
        slots.append(ends - delay)
        taken = int(ends[-1]) if len(ends) else taken
    return slots
