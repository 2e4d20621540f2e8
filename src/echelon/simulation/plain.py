"""The readable twin of the flow kernel: the convention, clause by clause, in NumPy.

Slow and plain on purpose. It takes and gives what :func:`base_stock_flow` of the kernel does, and
can keep a record of every period besides.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from echelon.kernels.base_stock_flow import Chain, Sums, zero_sums
from echelon.network.compiled import Floats
from echelon.policies.allocation import Allocation, priority, proportional
from echelon.policies.base_stock import BaseStock
from echelon.simulation.chain import ALLOCATION_CODES


class Delay:
    """A line in which every quantity spends a fixed number of whole periods."""

    def __init__(self, periods: int, lanes: int) -> None:
        self._line = deque(np.zeros(lanes) for _ in range(periods))

    def pass_on(self, entering: Floats) -> Floats:
        """Let ``entering`` in and give what leaves in this period; the same thing at once if 0."""
        self._line.append(entering)
        return self._line.popleft()

    def content(self, lanes: int) -> Floats:
        """What is in the line, units, shape (lanes,)."""
        return sum(self._line, np.zeros(lanes))


@dataclass
class Requestor:
    """Customers of a stage, or a lane out of it: what was asked for and not yet shipped."""

    not_yet_due: Delay
    late: Floats
    due: Floats
    shipped: Floats


@dataclass
class Stage:
    """One stage with all that is on its way to it and all that is owed by it."""

    policy: BaseStock
    review: int
    allocate: Allocation
    on_hand: Floats
    outside: Delay | None
    outside_stock: Floats
    process: Delay
    requestors: list[Requestor]
    on_order: Floats  # ordered, not yet received as finished stock
    order: Floats
    requested: Floats
    started: Floats
    received: Floats
    worst: Floats

    @property
    def outstanding(self) -> Floats:
        """What the stage owes: late units, and requests accepted and not yet due."""
        lanes = self.on_hand.size
        owed = [r.late + r.not_yet_due.content(lanes) for r in self.requestors]
        return sum(owed, np.zeros(lanes))

    @property
    def late(self) -> Floats:
        """Backorders: requests past their due period."""
        return sum((r.late for r in self.requestors), np.zeros(self.on_hand.size))


@dataclass
class Lane:
    """One lane: the request for the period, the goods in transit, and the parts waiting."""

    units: float
    supplier: Requestor
    transit: Delay
    request: Floats
    component: Floats


@dataclass
class Record:
    """What one period did at one stage: units, every array of shape (lanes,).

    ``component`` and ``transit`` have one array per lane into the stage.
    """

    period: int
    stage: int
    flows: dict[str, Floats]
    component: list[Floats]
    transit: list[Floats]


def base_stock_flow(
    chain: Chain,
    demand: Floats,
    *,
    on_hand: Floats,
    warmup: int,
    records: list[Record] | None = None,
) -> Sums:
    """Run one component from period 0, exactly the convention's order of events.

    Parameters
    ----------
    chain : Chain
        The component.
    demand : ndarray of float64, shape (n_customer_stages, n_periods, lanes)
        Units; negative is a return.
    on_hand : ndarray of float64, shape (n_stages,)
        Stock at the start, units.
    warmup : int
        First period that is counted.
    records : list of Record, optional
        Gets one record per period and stage.

    Returns
    -------
    Sums
        As the kernel gives them.
    """
    lanes = demand.shape[2]
    zero = np.zeros(lanes)
    sums = zero_sums(chain, lanes)
    stages, lane_of = _build(chain, on_hand, lanes)
    n_stages = len(stages)

    for period in range(demand.shape[1]):
        # 3: orders travel up the whole network within the period, so customers come first.
        for j in reversed(range(n_stages)):
            stage = stages[j]
            # 5: on hand + on order - backorders; requests accepted and not yet due count too.
            position = stage.on_hand + stage.on_order - stage.outstanding
            asked = demand[chain.customer[j], period] if chain.customer[j] >= 0 else zero
            outgoing = [lane_of[k] for k in _lanes_out(chain, j)]
            stage.requested = sum((lane.request for lane in outgoing), np.maximum(asked, 0.0))
            # 2.2: periodic review orders at the start of the period, before its demand.
            # 2.1: continuous review orders after it; a return raises the position.
            seen = position - stage.requested + np.maximum(-asked, 0.0)
            if stage.review == 0:
                stage.order = stage.policy.order(seen)
            elif period % stage.review == 0:
                stage.order = stage.policy.order(position)
            else:
                stage.order = zero
            stage.on_order = stage.on_order + stage.order
            for k in _lanes_in(chain, j):
                lane_of[k].request = lane_of[k].units * stage.order

        # 3: shipments travel down it, so suppliers come first.
        for j in range(n_stages):
            stage = stages[j]
            incoming = [lane_of[k] for k in _lanes_in(chain, j)]
            # 3 and 8: receive what is due, from lanes and from outside.
            for lane in incoming:
                lane.component = lane.component + lane.transit.pass_on(lane.supplier.shipped)
            kits = [lane.component / lane.units for lane in incoming]
            if stage.outside is not None:
                stage.outside_stock = stage.outside_stock + stage.outside.pass_on(stage.order)
                kits.append(stage.outside_stock)
            # Complete kits start at once; the scarcest component decides, the others wait.
            stage.started = np.minimum.reduce(kits)
            for lane in incoming:
                used = lane.units * stage.started
                lane.component = np.maximum(lane.component - used, 0.0)
            stage.outside_stock = stage.outside_stock - stage.started * (stage.outside is not None)
            # 8: the stage's own lead time.
            stage.received = stage.process.pass_on(stage.started)
            stage.on_order = stage.on_order - stage.received
            stage.on_hand = stage.on_hand + stage.received

            # 3: see demand. A return goes to stock; a request falls due a service time later.
            asked = demand[chain.customer[j], period] if chain.customer[j] >= 0 else zero
            stage.on_hand = stage.on_hand + np.maximum(-asked, 0.0)
            placed = [lane_of[k].request for k in _lanes_out(chain, j)]
            if chain.customer[j] >= 0:
                placed.insert(0, np.maximum(asked, 0.0))
            for requestor, request in zip(stage.requestors, placed, strict=True):
                requestor.due = requestor.not_yet_due.pass_on(request)
            # 9: when stock does not cover all requests, the allocation rule decides.
            # 3: each requestor's backorders are served before what is due now.
            if stage.requestors:
                wanted = np.array([r.late + r.due for r in stage.requestors])
                shipped = stage.allocate(stage.on_hand, wanted)
                stage.on_hand = np.maximum(stage.on_hand - shipped.sum(axis=0), 0.0)
                for requestor, goods in zip(stage.requestors, shipped, strict=True):
                    on_time = np.maximum(goods - requestor.late, 0.0)
                    requestor.late = requestor.late + requestor.due - goods
                    requestor.shipped = goods
                    if period >= warmup:
                        _count_service(chain, sums, j, stage, requestor, on_time)

            # 4 and 6: count at the end of the period.
            _count_cycle(chain, sums, j, stage, period, warmup)
            if period >= warmup:
                sums.on_hand[j] += stage.on_hand
                sums.in_process[j] += stage.process.content(lanes)
                sums.ready[j] += stage.late <= chain.tolerance[j]
                for k, lane in zip(_lanes_in(chain, j), incoming, strict=True):
                    sums.component[k] += lane.component
                    sums.in_transit[k] += lane.transit.content(lanes)
            if records is not None:
                records.append(_record(period, j, stage, incoming, asked))
    return sums


def _build(chain: Chain, on_hand: Floats, lanes: int) -> tuple[list[Stage], dict[int, Lane]]:
    zero = np.zeros(lanes)
    rules = {ALLOCATION_CODES["proportional"]: proportional, ALLOCATION_CODES["priority"]: priority}
    stages: list[Stage] = []
    lane_of: dict[int, Lane] = {}
    for j in range(chain.level.size):
        service_time = int(chain.serve_delay[j])
        has_customers = int(chain.customer[j] >= 0)
        requestors = [
            Requestor(Delay(service_time, lanes), zero, zero, zero)
            for _ in range(has_customers + len(_lanes_out(chain, j)))
        ]
        for k, requestor in zip(_lanes_out(chain, j), requestors[has_customers:], strict=True):
            transit = Delay(int(chain.lane_delay[k]), lanes)
            lane_of[k] = Lane(float(chain.pred_units[k]), requestor, transit, zero, zero)
        outside = int(chain.outside_delay[j])
        stages.append(
            Stage(
                policy=BaseStock(float(chain.level[j])),
                review=int(chain.review[j]),
                allocate=rules[int(chain.allocation[j])],
                on_hand=np.full(lanes, on_hand[j]),
                outside=Delay(outside, lanes) if outside >= 0 else None,
                outside_stock=zero,
                process=Delay(int(chain.make_delay[j]), lanes),
                requestors=requestors,
                on_order=zero,
                order=zero,
                requested=zero,
                started=zero,
                received=zero,
                worst=zero,
            )
        )
    return stages, lane_of


def _lanes_in(chain: Chain, j: int) -> list[int]:
    return list(range(chain.pred_ptr[j], chain.pred_ptr[j + 1]))


def _lanes_out(chain: Chain, j: int) -> list[int]:
    return [int(k) for k in chain.succ_lane[chain.succ_ptr[j] : chain.succ_ptr[j + 1]]]


def _count_service(
    chain: Chain, sums: Sums, j: int, stage: Stage, requestor: Requestor, on_time: Floats
) -> None:
    """Clause 6: units that fell due, those served in time, and those late at the end."""
    place = next(i for i, other in enumerate(stage.requestors) if other is requestor)
    has_customers = int(chain.customer[j] >= 0)
    if place < has_customers:
        sums.customer_due[j] += requestor.due
        sums.customer_on_time[j] += on_time
        sums.customer_late[j] += requestor.late
    else:
        k = _lanes_out(chain, j)[place - has_customers]
        sums.lane_due[k] += requestor.due
        sums.lane_on_time[k] += on_time
        sums.lane_late[k] += requestor.late


def _count_cycle(chain: Chain, sums: Sums, j: int, stage: Stage, period: int, warmup: int) -> None:
    """Clause 6: a cycle runs from one review's nominal receipt up to the next one's."""
    if stage.review < 2:
        return  # each period is a cycle, and `ready` counts it
    into_cycle = (period - int(chain.nominal_delay[j])) % stage.review
    stage.worst = stage.late if into_cycle == 0 else np.maximum(stage.worst, stage.late)
    if into_cycle == stage.review - 1 and period - into_cycle >= warmup:
        sums.whole_cycles[j] += stage.worst <= chain.tolerance[j]


def _record(period: int, j: int, stage: Stage, incoming: list[Lane], asked: Floats) -> Record:
    zero = np.zeros_like(stage.on_hand)
    lanes = stage.on_hand.size
    return Record(
        period,
        j,
        {
            "demand": asked,
            "requested": stage.requested,
            "order": stage.order,
            "started": stage.started,
            "received": stage.received,
            "shipped": sum((r.shipped for r in stage.requestors), zero),
            "on_hand": stage.on_hand,
            "backorders": stage.late,
            "net_inventory": stage.on_hand - stage.late,
            "in_process": stage.process.content(lanes),
            "on_order": stage.on_order,
            "position": stage.on_hand + stage.on_order - stage.outstanding,
        },
        [lane.component for lane in incoming],
        [lane.transit.content(lanes) for lane in incoming],
    )
