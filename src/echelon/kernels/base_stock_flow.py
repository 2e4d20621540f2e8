"""Material and orders of one component, period by period, under installation base stock.

The recursion follows clauses 1 to 5 and 9 of the convention; its readable twin, with the clauses
cited line by line, is :mod:`echelon.simulation.plain`, and a property test holds the two together.

Replications are *lanes*: the last axis of every array, contiguous, walked by the innermost loops,
which the compiler turns into vector instructions. Each of those loops touches few arrays, because
the compiler gives up on a loop in which too many pairs of arrays might overlap.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from echelon.kernels._jit import Floats, Integers, jit

PROPORTIONAL = 0
PRIORITY = 1

_DUE, _SHARE, _START, _SHORT = 0, 1, 2, 3  # rows of State.work


class Chain(NamedTuple):
    """What does not change in a run: one component's lanes, delays, levels and rules.

    Stages are upstream first. A *lane* ``k`` is a supplier's delivery into stage ``j``, one of
    ``range(pred_ptr[j], pred_ptr[j + 1])``. All times are whole periods, int64; shapes are
    ``(n_stages,)``, ``(n_lanes,)`` or, for the pointers, ``(n_stages + 1,)``.

    Attributes
    ----------
    customer : position of the stage's row in the demand block; -1 without customers.
    pred_ptr, pred_units : lanes into a stage; units required per unit made.
    succ_ptr, succ_lane : lanes out of a stage, in the order in which ``PRIORITY`` serves them.
    level : base-stock level, units.
    review : periods between reviews; 0 reviews after each period's demand (clause 2).
    outside_delay : periods an outside supplier takes; -1 where there is none.
    make_delay, serve_delay, lane_delay : lead time and service time of a stage; lane lead time.
    nominal_delay : periods from an order to its receipt when every supplier keeps its promise.
    allocation : ``PROPORTIONAL`` or ``PRIORITY`` (clause 9).
    tolerance : units; less than this outstanding is rounding, not a shortage.
    outside_slot, make_slot, lane_slot, customer_slot, request_slot : first row of each delay line
        in ``State.line``: orders outside, in process, in transit, and requests not yet due of
        customers and of lanes.
    """

    customer: Integers
    pred_ptr: Integers
    pred_units: Floats
    succ_ptr: Integers
    succ_lane: Integers
    level: Floats
    review: Integers
    outside_delay: Integers
    make_delay: Integers
    serve_delay: Integers
    lane_delay: Integers
    nominal_delay: Integers
    allocation: Integers
    tolerance: Floats
    outside_slot: Integers
    make_slot: Integers
    lane_slot: Integers
    customer_slot: Integers
    request_slot: Integers


class State(NamedTuple):
    """What a period leaves to the next: float64, units, lanes last.

    Attributes
    ----------
    position, on_hand, outside_stock, worst : (n_stages, lanes)
        Inventory position; finished stock; kits of outside material waiting; largest shortage of
        the running replenishment cycle.
    customer_late : (n_stages, lanes)
        Customers' requests past their due period.
    lane_late, component : (n_lanes, lanes)
        A lane's requests past their due period; components waiting at its receiving end.
    in_process : (n_stages, lanes)
    in_transit : (n_lanes, lanes)
    line : (n_slots, lanes)
        Every delay line, each a ring of as many rows as it delays periods.
    order : (n_stages, lanes)
        Order of this period.
    request, arriving : (n_lanes, lanes)
        Request of this period, once delayed by the service time the request due in it; delivery
        shipped and, once delayed by the lane, arriving in this period.
    work : (4, lanes)
        Scratch: what customers are due, the share of each request served, starts, shortage.
    """

    position: Floats
    on_hand: Floats
    outside_stock: Floats
    worst: Floats
    customer_late: Floats
    lane_late: Floats
    component: Floats
    in_process: Floats
    in_transit: Floats
    line: Floats
    order: Floats
    request: Floats
    arriving: Floats
    work: Floats


class Sums(NamedTuple):
    """Sums over the counted periods (clause 4: the state at the end of each), lanes last.

    Attributes
    ----------
    on_hand, in_process : (n_stages, lanes)
        Unit periods.
    ready, whole_cycles : (n_stages, lanes)
        Periods that end without a shortage; replenishment cycles of ``review`` >= 2 periods
        without one. A cycle is counted when all its periods are.
    customer_late, customer_due, customer_on_time : (n_stages, lanes)
        Unit periods late; units that fell due, and of those the units served in that period.
    lane_late, lane_due, lane_on_time : (n_lanes, lanes)
        The same for each lane out of a stage.
    component, in_transit : (n_lanes, lanes)
        Unit periods.
    """

    on_hand: Floats
    in_process: Floats
    ready: Floats
    whole_cycles: Floats
    customer_late: Floats
    customer_due: Floats
    customer_on_time: Floats
    lane_late: Floats
    lane_due: Floats
    lane_on_time: Floats
    component: Floats
    in_transit: Floats


def start_state(chain: Chain, on_hand: Floats, lanes: int) -> State:
    """Stock on hand, nothing on order, nobody waiting.

    ``on_hand`` (n_stages,) units; ``lanes`` replications.
    """
    n_stages, n_lanes = chain.level.size, chain.lane_delay.size
    n_slots = int(
        np.maximum(chain.outside_delay, 0).sum()
        + chain.make_delay.sum()
        + chain.lane_delay.sum()
        + (chain.serve_delay * (1 + np.diff(chain.succ_ptr))).sum()
    )
    stage = (n_stages, lanes)
    lane = (n_lanes, lanes)
    stock = np.repeat(np.asarray(on_hand, dtype=np.float64)[:, None], lanes, axis=1)
    return State(
        position=stock.copy(),
        on_hand=stock,
        outside_stock=np.zeros(stage),
        worst=np.zeros(stage),
        customer_late=np.zeros(stage),
        lane_late=np.zeros(lane),
        component=np.zeros(lane),
        in_process=np.zeros(stage),
        in_transit=np.zeros(lane),
        line=np.zeros((n_slots, lanes)),
        order=np.zeros(stage),
        request=np.zeros(lane),
        arriving=np.zeros(lane),
        work=np.zeros((4, lanes)),
    )


def zero_sums(chain: Chain, lanes: int) -> Sums:
    """Sums before the first counted period."""
    n_stages, n_lanes = chain.level.size, chain.lane_delay.size
    per_stage = [np.zeros((n_stages, lanes)) for _ in range(7)]
    per_lane = [np.zeros((n_lanes, lanes)) for _ in range(5)]
    return Sums(*per_stage, *per_lane)


def base_stock_flow(
    chain: Chain, demand: Floats, first_period: int, warmup: int, state: State, sums: Sums
) -> None:
    """Run the periods of a demand block; ``state`` and ``sums`` are carried on.

    demand (n_customer_stages, n_periods, lanes) units, negative is a return;
    first_period of the block, warmup the first period counted: periods, >= 0;
    state, sums overwritten, so that a long run goes block by block.
    """
    # one by one, because a compiled function takes a millisecond to recognise a named tuple
    _flow(*chain, demand, first_period, warmup, *state, *sums)


@jit
def _flow(
    customer: Integers,
    pred_ptr: Integers,
    pred_units: Floats,
    succ_ptr: Integers,
    succ_lane: Integers,
    level: Floats,
    review: Integers,
    outside_delay: Integers,
    make_delay: Integers,
    serve_delay: Integers,
    lane_delay: Integers,
    nominal_delay: Integers,
    allocation: Integers,
    tolerance: Floats,
    outside_slot: Integers,
    make_slot: Integers,
    lane_slot: Integers,
    customer_slot: Integers,
    request_slot: Integers,
    demand: Floats,
    first_period: int,
    warmup: int,
    position: Floats,
    on_hand: Floats,
    outside_stock: Floats,
    worst: Floats,
    customer_late: Floats,
    lane_late: Floats,
    component: Floats,
    in_process: Floats,
    in_transit: Floats,
    line: Floats,
    order: Floats,
    request: Floats,
    arriving: Floats,
    work: Floats,
    on_hand_sum: Floats,
    in_process_sum: Floats,
    ready: Floats,
    whole_cycles: Floats,
    customer_late_sum: Floats,
    customer_due_sum: Floats,
    customer_on_time_sum: Floats,
    lane_late_sum: Floats,
    lane_due_sum: Floats,
    lane_on_time_sum: Floats,
    component_sum: Floats,
    in_transit_sum: Floats,
) -> None:
    """Run the recursion of :func:`base_stock_flow` on the arrays of its three tuples."""
    # Rows are addressed as [j, r] rather than sliced: a slice inside the loops costs reference
    # counts, and those came to ten times the arithmetic.
    n_stages = level.size
    lanes = demand.shape[2]

    for step in range(demand.shape[1]):
        period = first_period + step
        counted = 1.0 if period >= warmup else 0.0

        # orders travel up
        for j in range(n_stages - 1, -1, -1):
            if review[j] >= 1:  # before this period's requests
                if period % review[j] == 0:
                    _order_up_to(level[j], position, order, j)
                else:
                    for r in range(lanes):
                        order[j, r] = 0.0
            if customer[j] >= 0:
                for r in range(lanes):
                    position[j, r] -= demand[customer[j], step, r]
            for s in range(succ_ptr[j], succ_ptr[j + 1]):
                _take(position, j, request, succ_lane[s])
            if review[j] == 0:  # after them
                _order_up_to(level[j], position, order, j)
            for k in range(pred_ptr[j], pred_ptr[j + 1]):
                for r in range(lanes):
                    request[k, r] = pred_units[k] * order[j, r]

        # shipments travel down
        for j in range(n_stages):
            # start what is complete, finish what is due
            first, last = pred_ptr[j], pred_ptr[j + 1]
            if outside_delay[j] >= 0:
                for r in range(lanes):
                    work[_START, r] = order[j, r]
                if outside_delay[j] > 0:
                    _delay(line, outside_slot[j] + period % outside_delay[j], work, _START)
                if last > first:
                    _add(outside_stock, j, work, _START)
                    for r in range(lanes):
                        work[_START, r] = outside_stock[j, r]
                    _start_kits(first, last, pred_units, arriving, component, work)
                    _take(outside_stock, j, work, _START)
            elif last - first == 1:  # the only supplier: nothing waits for a partner
                for r in range(lanes):
                    work[_START, r] = arriving[first, r] / pred_units[first]
            else:
                for r in range(lanes):
                    work[_START, r] = np.inf
                _start_kits(first, last, pred_units, arriving, component, work)
            if make_delay[j] > 0:
                _pass(line, make_slot[j] + period % make_delay[j], work, _START, in_process, j)
            _add(on_hand, j, work, _START)

            # serve what is late or due
            first, last = succ_ptr[j], succ_ptr[j + 1]
            c = customer[j]
            delay = serve_delay[j]
            if c >= 0:
                for r in range(lanes):
                    work[_DUE, r] = max(demand[c, step, r], 0.0)
                    on_hand[j, r] += max(-demand[c, step, r], 0.0)  # a return goes to stock
                if delay > 0:
                    _delay(line, customer_slot[j] + period % delay, work, _DUE)
            if delay > 0:
                for s in range(first, last):
                    k = succ_lane[s]
                    _delay(line, request_slot[k] + period % delay, request, k)
            rationed = allocation[j] == PROPORTIONAL and last - first + (c >= 0) > 1
            if rationed:
                for r in range(lanes):
                    work[_SHARE, r] = 0.0
                if c >= 0:
                    _add(work, _SHARE, customer_late, j)
                    _add(work, _SHARE, work, _DUE)
                for s in range(first, last):
                    _add(work, _SHARE, lane_late, succ_lane[s])
                    _add(work, _SHARE, request, succ_lane[s])
                for r in range(lanes):
                    wanted, stock = work[_SHARE, r], on_hand[j, r]
                    work[_SHARE, r] = stock / wanted if wanted > stock else 1.0
            if c >= 0:
                _serve(
                    rationed, counted, work, on_hand, j, work, _DUE, work, _START,
                    customer_late, customer_due_sum, customer_on_time_sum, j,
                )  # fmt: skip
            for s in range(first, last):
                k = succ_lane[s]
                _serve(
                    rationed, counted, work, on_hand, j, request, k, arriving, k,
                    lane_late, lane_due_sum, lane_on_time_sum, k,
                )  # fmt: skip
                if lane_delay[k] > 0:
                    _pass(line, lane_slot[k] + period % lane_delay[k], arriving, k, in_transit, k)
            if rationed:
                for r in range(lanes):  # the shares may add up to a rounding more than one
                    on_hand[j, r] = max(on_hand[j, r], 0.0)

            # count
            for r in range(lanes):
                work[_SHORT, r] = 0.0
            if c >= 0:
                _add(work, _SHORT, customer_late, j)
            for s in range(first, last):
                _add(work, _SHORT, lane_late, succ_lane[s])
            into_cycle = 0
            if review[j] >= 2:
                into_cycle = (period - nominal_delay[j]) % review[j]
                for r in range(lanes):
                    carried = 0.0 if into_cycle == 0 else worst[j, r]
                    worst[j, r] = max(carried, work[_SHORT, r])
            if period < warmup:
                continue
            _add(on_hand_sum, j, on_hand, j)
            if make_delay[j] > 0:
                _add(in_process_sum, j, in_process, j)
            for k in range(pred_ptr[j], pred_ptr[j + 1]):
                if lane_delay[k] > 0:
                    _add(in_transit_sum, k, in_transit, k)
                if pred_ptr[j + 1] - pred_ptr[j] > 1 or outside_delay[j] >= 0:
                    _add(component_sum, k, component, k)
            if c >= 0:
                _add(customer_late_sum, j, customer_late, j)
            for s in range(first, last):
                _add(lane_late_sum, succ_lane[s], lane_late, succ_lane[s])
            for r in range(lanes):
                ready[j, r] += 1.0 if work[_SHORT, r] <= tolerance[j] else 0.0
            if review[j] >= 2 and into_cycle == review[j] - 1 and period - into_cycle >= warmup:
                for r in range(lanes):
                    whole_cycles[j, r] += 1.0 if worst[j, r] <= tolerance[j] else 0.0


@jit
def _add(to: Floats, i: int, what: Floats, j: int) -> None:
    """Row ``to[i] += what[j]``."""
    for r in range(to.shape[1]):
        to[i, r] += what[j, r]


@jit
def _take(out_of: Floats, i: int, what: Floats, j: int) -> None:
    """Row ``out_of[i] -= what[j]``."""
    for r in range(out_of.shape[1]):
        out_of[i, r] -= what[j, r]


@jit
def _delay(line: Floats, slot: int, flow: Floats, j: int) -> None:
    """Put row ``flow[j]`` into the delay line and take out what went in one round ago."""
    for r in range(flow.shape[1]):
        leaving = line[slot, r]
        line[slot, r] = flow[j, r]
        flow[j, r] = leaving


@jit
def _order_up_to(level: float, position: Floats, order: Floats, j: int) -> None:
    """Order the gap between level and position; never less than nothing."""
    for r in range(order.shape[1]):
        order[j, r] = max(level - position[j, r], 0.0)
        position[j, r] += order[j, r]


@jit
def _start_kits(
    first: int, last: int, pred_units: Floats, arriving: Floats, component: Floats, work: Floats
) -> None:
    """Start as many units as the scarcest of lanes ``first`` to ``last`` allows, at most START."""
    for k in range(first, last):
        for r in range(work.shape[1]):
            component[k, r] += arriving[k, r]
            work[_START, r] = min(work[_START, r], component[k, r] / pred_units[k])
    for k in range(first, last):
        for r in range(work.shape[1]):  # max: k / u * u may be a rounding more than k
            component[k, r] = max(component[k, r] - pred_units[k] * work[_START, r], 0.0)


@jit
def _serve(
    rationed: bool,
    counted: float,
    work: Floats,
    on_hand: Floats,
    j: int,
    due: Floats,
    d: int,
    shipped: Floats,
    m: int,
    late: Floats,
    due_sum: Floats,
    on_time_sum: Floats,
    k: int,
) -> None:
    """Ship row ``shipped[m]`` from stage ``j`` to one requestor ``k``, its late units first."""
    for r in range(work.shape[1]):
        wanted = late[k, r] + due[d, r]
        shipped[m, r] = work[_SHARE, r] * wanted if rationed else min(on_hand[j, r], wanted)
        on_hand[j, r] -= shipped[m, r]
    for r in range(work.shape[1]):
        due_sum[k, r] += counted * due[d, r]
        on_time_sum[k, r] += counted * max(shipped[m, r] - late[k, r], 0.0)
    for r in range(work.shape[1]):
        late[k, r] = late[k, r] + due[d, r] - shipped[m, r]


@jit
def _pass(line: Floats, slot: int, flow: Floats, j: int, content: Floats, i: int) -> None:
    """Delay row ``flow[j]`` and keep the content of its delay line in ``content[i]``."""
    for r in range(flow.shape[1]):
        leaving = line[slot, r]
        content[i, r] += flow[j, r] - leaving
        line[slot, r] = flow[j, r]
        flow[j, r] = leaving
