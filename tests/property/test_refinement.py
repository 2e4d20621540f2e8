"""Bounds over continuous time: never above the optimum, and closed at it; stopped searches too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import echelon as ec
from echelon.errors import InfeasibleError
from echelon.exact.guaranteed_service import refinement
from echelon.exact.guaranteed_service.interpolated import InterpolatedMessages
from echelon.exact.guaranteed_service.knots import among, first_knots, with_knots
from echelon.exact.guaranteed_service.problem import bound_alone, priced
from echelon.exact.guaranteed_service.refinement import refine
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from tests.networks import random_network
from tests.property.test_guaranteed_service import (
    cost_of,
    enumerate_plans,
    serial_network,
    serial_optimum,
    small_network,
)


def odd_network(seed: int, n_stages: int = 7, extra_lanes: int = 4) -> ec.Network:
    """Cycles, lane times, stages without stock, and lead times that share no unit."""
    rng = np.random.default_rng(900 + seed)
    network = random_network(rng, n_stages, extra_lanes=extra_lanes, lane_times=True, no_stock=0.2)
    stages = network.stages
    odd = rng.uniform(0.3, 9.0, len(stages))
    return network.replace(stages=stages.assign(lead_time=odd, max_service_time=np.nan))


@pytest.mark.parametrize("knots", [1, 2, 24])
@pytest.mark.parametrize("seed", range(20))
def test_refinement_from_few_knots_against_enumeration(seed, knots, monkeypatch):
    """However few knots there are to begin with: a valid bound, and the optimum."""
    network, grain = small_network(3 * seed)
    best = enumerate_plans(network, grain)
    try:
        times = ServiceTimes.of(network.compiled)
    except InfeasibleError:
        assert not np.isfinite(best)
        return
    monkeypatch.setattr(refinement, "_FIRST_KNOTS", knots)
    seen = []
    found = refine(
        times, cost_of(network), gap=1e-9, watch=lambda bound, cost, _: seen.append((bound, cost))
    )
    assert found.bound <= best * (1 + 1e-12) + 1e-12
    assert found.cost >= best * (1 - 1e-12) - 1e-12
    assert found.cost == pytest.approx(best, rel=1e-9, abs=1e-9)
    assert all(bound <= best * (1 + 1e-12) + 1e-12 <= cost + 2e-9 for bound, cost in seen)
    assert priced(times, cost_of(network), found.service)[1] == pytest.approx(found.cost, rel=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_every_method_agrees_on_times_without_a_common_unit(seed):
    """The model over the closure of candidates, and messages over all times: one optimum."""
    network = odd_network(seed)
    listed = ec.optimize(network, method="milp", gap=1e-9)
    for method in ("auto", "exact"):
        plan = ec.optimize(network, method=method, gap=1e-9)
        assert plan.objective == pytest.approx(listed.objective, rel=1e-8), method
        assert plan.bound <= listed.objective * (1 + 1e-9), method
        assert plan.bound == pytest.approx(plan.objective, rel=1e-7), method
    alone = ec.optimize(network, method="dual", gap=1e-9)
    assert alone.bound <= listed.objective * (1 + 1e-9)
    assert alone.objective >= listed.objective * (1 - 1e-9)


def independent_costs(seed: int) -> ec.Network:
    """Costs that do not add up along the chain, for which the relaxation can leave a gap."""
    rng = np.random.default_rng(seed)
    network = random_network(rng, 20, extra_lanes=60, lane_times=True)
    stages = network.stages
    return network.replace(
        stages=stages.assign(
            holding_cost=rng.uniform(0.1, 10.0, len(stages)),
            lead_time=np.round(rng.uniform(0.5, 9.0, len(stages)), 3),
        )
    )


@pytest.mark.parametrize("seed", [2, 9, 12])
def test_a_gap_that_messages_leave_is_closed_among_the_contenders(seed):
    """Seeds at which dual ascent rests: the times a cheaper plan can use are few enough to list."""
    network = independent_costs(seed)
    dual = ec.optimize(network, method="dual", gap=1e-9)
    assert dual.status == "feasible"
    assert dual.termination == "no progress"
    plan = ec.optimize(network, gap=1e-9)
    assert plan.status == "optimal"
    assert dual.bound <= plan.bound <= plan.objective <= dual.objective * (1 + 1e-12)


@given(st.integers(0, 10_000), st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_messages_prove_their_bound_over_all_times(seed, sweeps):
    """The certificate read off the messages, not off the kernel: random times at every stage.

    Each lane's two messages never add up to more than 0 where the lane allows the pair, and no
    pair of times has a reduced cost below the least over the points of the table.
    """
    network = odd_network(seed, n_stages=6, extra_lanes=3)
    times, cost = ServiceTimes.of(network.compiled), cost_of(network)
    knots = first_knots(times, most=1 + seed % 5)
    messages = InterpolatedMessages.of(times, cost, knots)
    bound = messages.bound()
    for _ in range(sweeps):
        bound = messages.sweep()
        assert bound == pytest.approx(messages.bound(), rel=1e-9, abs=1e-9)
    rng = np.random.default_rng(seed)
    customer = times.lane_customer
    for lane, i in enumerate(times.pred_stage.tolist()):
        j = customer[lane]
        phi = messages.phi[messages.phi_ptr[lane] : messages.phi_ptr[lane + 1]]
        psi = messages.psi[messages.psi_ptr[lane] : messages.psi_ptr[lane + 1]]
        quoted = rng.integers(times.outbound_low[i], times.outbound_high[i] + 1, 200)
        heard = rng.integers(times.inbound_low[j], times.inbound_high[j] + 1, 200)
        allowed = quoted[:, None] + times.lane_delay[lane] <= heard[None, :]
        both = (
            np.interp(quoted, knots[i], phi)[:, None]
            + np.interp(heard, messages.inbound[j], psi)[None, :]
        )
        assert both[allowed].max(initial=-np.inf) <= 1e-9
    for j in range(times.n_stages):
        heard = rng.integers(times.inbound_low[j], times.inbound_high[j] + 1, 100)
        quoted = rng.integers(times.outbound_low[j], times.outbound_high[j] + 1, 100)
        tau = heard[:, None] + times.process[j] - quoted[None, :]
        held = cost.table(
            j, heard, quoted, np.maximum(tau, 0) / times.ticks_per_period
        ) + np.interp(quoted, knots[j], messages.at_outbound(j))
        for lane in range(times.pred_ptr[j], times.pred_ptr[j + 1]):
            psi = messages.psi[messages.psi_ptr[lane] : messages.psi_ptr[lane + 1]]
            held = held + np.interp(heard, messages.inbound[j], psi)[:, None]
        allowed = tau >= 0 if times.can_stock[j] else tau == 0
        least = messages.reduced(j).min()
        assert held[allowed].min(initial=np.inf) >= least - 1e-9 * max(1.0, abs(least))


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_more_knots_take_over_the_bound(seed):
    network = odd_network(seed, n_stages=6, extra_lanes=3)
    times, cost = ServiceTimes.of(network.compiled), cost_of(network)
    few = InterpolatedMessages.of(times, cost, first_knots(times, most=3))
    before = max(few.sweep() for _ in range(3))
    rng = np.random.default_rng(seed)
    added = [
        rng.integers(low, high + 1, 4)
        for low, high in zip(times.outbound_low, times.outbound_high, strict=True)
    ]
    many = InterpolatedMessages.of(times, cost, with_knots(times, few.knots, added))
    many.start_from(few)
    assert many.bound() == pytest.approx(few.bound(), rel=1e-9, abs=1e-9)
    assert max(many.sweep() for _ in range(30)) >= before - 1e-9 * abs(before)


def test_among_says_where_points_lie():
    position, weight = among(np.array([0, 10, 30]), np.array([-5, 0, 5, 10, 25, 30, 99]))
    assert position.tolist() == [-1, 0, 0, 1, 1, 2, 2]
    assert weight.tolist() == [0.0, 0.0, 0.5, 0.0, 0.75, 0.0, 0.0]


@pytest.mark.parametrize("seed", range(10))
def test_the_bound_of_each_stage_alone_is_below_every_bound(seed):
    network = odd_network(seed)
    times, cost = ServiceTimes.of(network.compiled), cost_of(network)
    found = refine(times, cost, gap=1e-6)
    assert bound_alone(times, cost) <= found.bound
    assert priced(times, cost, times.outbound_low)[1] >= found.cost


@pytest.mark.parametrize("n_stages", [40, 300])
def test_refinement_of_a_serial_chain_covers_the_whole_window(n_stages):
    """The optimum quotes the longest service time there is at every stage but the last."""
    rng = np.random.default_rng(0)
    lead_times = rng.integers(0, 13, n_stages).astype(float)
    holding = np.sort(rng.uniform(0.1, 9.0, n_stages))
    network = serial_network(lead_times, holding)
    found = refine(ServiceTimes.of(network.compiled), cost_of(network), gap=1e-6, time_limit=10.0)
    optimum = serial_optimum(lead_times, holding, 3.0)
    assert found.bound <= optimum * (1 + 1e-9)
    assert found.cost >= optimum * (1 - 1e-9)
    if n_stages == 40:
        assert found.termination == "optimal"


def test_a_search_without_time_still_has_a_plan_and_a_bound():
    network = odd_network(1, n_stages=12, extra_lanes=9)
    best = ec.optimize(network).objective
    plan = ec.optimize(network, time_limit=1e-9, gap=0.0)
    assert plan.bound <= best <= plan.objective
    assert plan.bound > 0.0
    assert plan.termination == "time_limit"
