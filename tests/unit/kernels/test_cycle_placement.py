"""The kernel for components with cycles under the normal bound against trying every plan."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.exact.guaranteed_service.component_times import ComponentTimes
from echelon.exact.guaranteed_service.plain_cycles import place_cycles
from tests.networks import random_network, random_portfolio

MOST_PLANS = 1_000


def drawn(seed: int):
    """Times and slopes of a small component with cycles; None where it has too many plans."""
    rng = np.random.default_rng(seed)
    network = random_network(
        rng,
        int(rng.integers(4, 8)),
        extra_lanes=int(rng.integers(1, 4)),
        fractional=seed % 5 == 0,
        lane_times=seed % 2 == 0,
        no_stock=0.3 if seed % 3 == 0 else 0.0,
    )
    times = ComponentTimes.of(network.compiled)
    slope = rng.uniform(0.1, 9.0, network.compiled.n_stages)
    if seed % 7 == 0:
        slope = np.ones_like(slope)  # many plans cost the same
    elif seed % 7 == 1:
        slope[rng.random(len(slope)) < 0.5] = 0.0
    width = (times.outbound_high - times.outbound_low + 1).astype(float)
    return (times, slope) if times.feasible[0] and width.prod() <= MOST_PLANS else None


def price(times: ComponentTimes, slope, service) -> float:
    """What a plan costs once settled, stage by stage; inf where it breaks a limit."""
    one = times.times(0)
    inbound, outbound = one.settled(np.array(service))
    if (outbound > one.limit).any():
        return np.inf
    return float((slope * np.sqrt(inbound + one.process - outbound)).sum())


def by_trying(times: ComponentTimes, slope) -> float:
    """Cost of the best of all plans in whole ticks."""
    quotes = [
        range(low, high + 1)
        for low, high in zip(times.outbound_low, times.outbound_high, strict=True)
    ]
    return min(price(times, slope, plan) for plan in product(*quotes))


def placed(times: ComponentTimes, slope, components=(0,), **limits):
    service = np.zeros(len(slope), np.int64)
    return service, place_cycles(times, np.array(components), slope, service, **limits)


def test_costs_what_the_best_of_all_plans_costs():
    tried = branched = 0
    for seed in range(60):
        case = drawn(seed)
        if case is None:
            continue
        service, (least,) = placed(*case)
        want = by_trying(*case)
        assert least == pytest.approx(want, rel=1e-12), seed
        if np.isfinite(want):
            assert price(*case, service) == pytest.approx(want, rel=1e-12)
            tried += 1
            branched += bool(np.isnan(placed(*case, most_programs=1)[1][0]))
    assert tried > 15
    assert branched > 3  # a relaxation alone would not have done


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_costs_what_the_best_of_all_plans_costs_whatever_the_component(seed):
    case = drawn(seed)
    if case is not None:
        _, (least,) = placed(*case)
        assert least == pytest.approx(by_trying(*case), rel=1e-12)


def test_answers_do_not_depend_on_company():
    compiled = random_portfolio(4, 12, general=0.8, no_stock=0.2, fractional=True).compiled
    times = ComponentTimes.of(compiled)
    slope = np.random.default_rng(4).uniform(0.1, 9.0, compiled.n_stages)
    every = np.flatnonzero(times.feasible)
    service, cost = placed(times, slope, every)
    backwards, its_cost = placed(times, slope, every[::-1])
    np.testing.assert_array_equal(cost, its_cost[::-1])
    np.testing.assert_array_equal(service, backwards)
    for c, least in zip(every.tolist(), cost, strict=True):
        here = slice(times.component_ptr[c], times.component_ptr[c + 1])
        alone, (own,) = placed(times.shard(c, c + 1), slope[here])
        assert own == least
        np.testing.assert_array_equal(alone, service[here])


def test_too_few_programs_prove_nothing():
    for seed in range(100):
        case = drawn(seed)
        if case is not None and np.isnan(placed(*case, most_programs=2)[1][0]):
            break
    assert np.isnan(placed(*case, most_programs=2)[1][0])
    assert np.isfinite(placed(*case)[1][0])
