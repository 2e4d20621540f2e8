"""The flow kernel: equal to its plain twin, and no unit is lost or made.

Random acyclic networks with whole lead times, review periods, service times, units required, both
allocation rules, and demand that is sometimes zero and sometimes a return.
"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.kernels._jit import COMPILED
from echelon.kernels.base_stock_flow import base_stock_flow, start_state, zero_sums
from echelon.network.compiled import CompiledNetwork
from echelon.simulation import plain
from echelon.simulation.chain import Levels, chain_of

EXAMPLES = 150 if COMPILED else 25
CLOSE = 1e-9


@st.composite
def components(draw):
    """One connected component as arrays, with its levels."""
    n = draw(st.integers(1, 6))
    lanes = []
    for stage in range(1, n):
        suppliers = draw(st.sets(st.integers(0, stage - 1), max_size=min(stage, 3)))
        lanes += [(supplier, stage) for supplier in sorted(suppliers)]
    pred_ptr = np.searchsorted([to for _, to in lanes], np.arange(n + 1)).astype(np.int64)
    pred_stage = np.array([start for start, _ in lanes], dtype=np.int64)
    n_lanes = len(lanes)
    out_of = [np.flatnonzero(pred_stage == stage) for stage in range(n)]
    succ_lane = np.concatenate([*out_of, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    succ_ptr = np.cumsum([0, *(len(lanes_out) for lanes_out in out_of)]).astype(np.int64)
    sinks = np.diff(succ_ptr) == 0
    buys = sinks | np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))

    def whole(low, high, size):
        numbers = draw(st.lists(st.integers(low, high), min_size=size, max_size=size))
        return np.array(numbers, dtype=np.int64)

    component = CompiledNetwork(
        component_ptr=np.array([0, n], dtype=np.int64),
        component_id=np.array([0], dtype=np.int64),
        stage_row=np.arange(n, dtype=np.int64),
        lead_time=whole(0, 4, n).astype(float),
        inbound_service_time=(whole(0, 1, n) * whole(0, 3, n)).astype(float),
        lead_time_std=np.zeros(n),
        max_service_time=np.full(n, np.inf),
        review_period=whole(0, 3, n),
        holding_cost=np.ones(n),
        backorder_cost=np.ones(n),
        can_stock=np.ones(n, dtype=bool),
        pred_ptr=pred_ptr,
        pred_stage=pred_stage,
        pred_units=np.array(
            [draw(st.sampled_from([1.0, 2.0, 0.3, 7.0])) for _ in range(n_lanes)], dtype=float
        ),
        pred_lead_time=whole(0, 3, n_lanes).astype(float),
        pred_lead_time_std=np.zeros(n_lanes),
        lane_row=np.array(draw(st.permutations(range(n_lanes))), dtype=np.int64),
        succ_ptr=succ_ptr,
        succ_stage=np.array([lanes[k][1] for k in succ_lane], dtype=np.int64),
        succ_lane=succ_lane,
        demand_ptr=np.concatenate([[0], np.cumsum(buys)]).astype(np.int64),
        demand_row=np.arange(buys.sum(), dtype=np.int64),
        demand_mean=np.full(int(buys.sum()), 5.0),
        demand_std=np.full(int(buys.sum()), 3.0),
    )
    base_stock = whole(0, 60, n) * draw(st.sampled_from([1.0, 0.37]))
    levels = Levels(
        base_stock=base_stock,
        initial_stock=np.where(whole(0, 3, n) > 0, base_stock, whole(0, 90, n).astype(float)),
        demand_seen=np.full(n, 5.0),
        service_time=whole(0, 1, n) * whole(0, 4, n),
        allocation=whole(0, 1, n),
    )
    return component, levels


@st.composite
def flows(draw):
    component, levels = draw(components())
    n_periods, lanes = draw(st.integers(1, 16)), draw(st.sampled_from([1, 3]))
    shape = (len(component.demand_row), n_periods, lanes)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    demand = rng.normal(5.0, 4.0, shape)  # about one in ten is a return
    if draw(st.booleans()):
        demand = np.rint(demand)
    demand[rng.random(shape) < 0.2] = 0.0
    return component, levels, demand, draw(st.integers(0, n_periods - 1))


@settings(max_examples=EXAMPLES)
@given(flows())
def test_kernel_and_plain_twin_give_the_same_sums(flow):
    component, levels, demand, warmup = flow
    chain = chain_of(component, levels)
    lanes = demand.shape[2]
    sums = zero_sums(chain, lanes)
    state = start_state(chain, levels.initial_stock, lanes)
    base_stock_flow(chain, demand, 0, warmup, state, sums)

    expected = plain.base_stock_flow(chain, demand, on_hand=levels.initial_stock, warmup=warmup)

    for name, fast, slow in zip(sums._fields, sums, expected, strict=True):
        np.testing.assert_allclose(fast, slow, rtol=CLOSE, atol=CLOSE * 100, err_msg=name)


@settings(max_examples=EXAMPLES // 2)
@given(flows())
def test_a_run_in_blocks_of_periods_is_the_same_run(flow):
    component, levels, demand, warmup = flow
    chain = chain_of(component, levels)
    lanes, n_periods = demand.shape[2], demand.shape[1]
    whole = zero_sums(chain, lanes)
    whole_state = start_state(chain, levels.initial_stock, lanes)
    base_stock_flow(chain, demand, 0, warmup, whole_state, whole)

    cut = n_periods // 2
    parts, state = zero_sums(chain, lanes), start_state(chain, levels.initial_stock, lanes)
    base_stock_flow(chain, np.ascontiguousarray(demand[:, :cut]), 0, warmup, state, parts)
    base_stock_flow(chain, np.ascontiguousarray(demand[:, cut:]), cut, warmup, state, parts)

    for name, one, two in zip(whole._fields, whole, parts, strict=True):
        np.testing.assert_array_equal(one, two, err_msg=name)
    for name, one, two in zip(state._fields, whole_state, state, strict=True):
        if name != "work":
            np.testing.assert_array_equal(one, two, err_msg=name)


@settings(max_examples=EXAMPLES)
@given(flows())
def test_flow_is_conserved_in_every_period(flow):
    """After each period, from the kernel's own state (clauses 3, 5 and 9)."""
    component, levels, demand, _ = flow
    chain = chain_of(component, levels)
    n, n_lanes, lanes = chain.level.size, chain.lane_delay.size, demand.shape[2]
    state, sums = start_state(chain, levels.initial_stock, lanes), zero_sums(chain, lanes)
    ordered = np.zeros((n, lanes))
    requested = np.zeros((n_lanes, lanes))
    bought = np.zeros((n, lanes))

    for period in range(demand.shape[1]):
        today = np.ascontiguousarray(demand[:, period : period + 1])
        base_stock_flow(chain, today, period, 0, state, sums)
        assert (state.order >= 0.0).all()
        ordered += state.order
        requested += chain.pred_units[:, None] * state.order[_receivers(chain)]
        bought[chain.customer >= 0] += today[:, 0]
        _check_balance(chain, levels, state, ordered, requested, bought)


def _check_balance(chain, levels, state, ordered, requested, bought):
    assert (state.on_hand >= 0.0).all()
    assert (state.component >= 0.0).all()
    assert (state.lane_late >= -CLOSE).all()
    assert (state.customer_late >= -CLOSE).all()
    receivers = _receivers(chain)
    for j in range(chain.level.size):
        delay = chain.serve_delay[j]
        lanes_out = chain.succ_lane[chain.succ_ptr[j] : chain.succ_ptr[j + 1]]
        asked = bought[j] + requested[lanes_out].sum(axis=0)
        owed = state.customer_late[j].copy()
        if chain.customer[j] >= 0:
            owed += _line(state, chain.customer_slot[j], delay)
        for k in lanes_out:
            owed += state.lane_late[k] + _line(state, chain.request_slot[k], delay)
        # units in = units out + stock + what is in process
        finished = state.on_hand[j] - levels.initial_stock[j] + asked - owed
        in_process = _line(state, chain.make_slot[j], chain.make_delay[j])
        _close(state.in_process[j], in_process)
        started = finished + in_process
        # clause 5, with requests not yet due among what is owed
        _close(state.position[j], state.on_hand[j] + (ordered[j] - finished) - owed)
        # what was ordered and not started is with a supplier, on the way, or waits for a partner
        if chain.outside_delay[j] >= 0:
            coming = _line(state, chain.outside_slot[j], chain.outside_delay[j])
            _close(started, ordered[j] - coming - state.outside_stock[j])
        for k in np.flatnonzero(receivers == j):
            supplier = _supplier(chain, k)
            waiting = _line(state, chain.request_slot[k], chain.serve_delay[supplier])
            transit = _line(state, chain.lane_slot[k], chain.lane_delay[k])
            _close(state.in_transit[k], transit)
            arrived = requested[k] - state.lane_late[k] - waiting - transit
            _close(started * chain.pred_units[k], arrived - state.component[k])


def _close(one, other):
    np.testing.assert_allclose(one, other, rtol=CLOSE, atol=1e-7)


def _line(state, slot, delay):
    return state.line[slot : slot + delay].sum(axis=0)


def _receivers(chain):
    return np.repeat(np.arange(chain.level.size), np.diff(chain.pred_ptr))


def _supplier(chain, lane):
    place = int(np.flatnonzero(chain.succ_lane == lane)[0])
    return int(np.searchsorted(chain.succ_ptr, place, side="right") - 1)
