"""Lost sales against plain Markov chains and decision processes, kept state by state."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.distributions import (
    Deterministic,
    Empirical,
    Gamma,
    Geometric,
    NegativeBinomial,
    Normal,
    Poisson,
    array,
)
from echelon.errors import DomainError, UnknownNameError
from echelon.exact.lost_sales.constant_order import lost_sales_constant_order
from echelon.exact.lost_sales.lost_sales import lost_sales_base_stock, lost_sales_fill_rate
from echelon.exact.lost_sales.lost_sales_optimal import lost_sales_optimal
from echelon.exact.lost_sales.lost_sales_states import exact_lost
from echelon.exact.lost_sales.one_for_one import lost_sales_one_for_one
from echelon.kernels import orders_on_the_way as chain_kernels

COSTS = {"holding_cost": 1.0, "shortage_cost": 9.0}


def plain_optimum(mass, hold, short, delay, most):
    """Least average cost with any orders that keep at most ``most`` units in all, by bounds."""
    points = np.arange(len(mass))
    states = [x for x in product(range(most + 1), repeat=delay) if sum(x) <= most]
    value = dict.fromkeys(states, 0.0)
    while True:
        better = {}
        for state in states:
            left = state[0] - points
            cost = mass @ np.where(left > 0, hold * left, -short * left)
            best = np.inf
            for order in range(most - sum(state) + 1):
                pipe = (*state[1:], order)
                ahead = sum(
                    chance * value[(max(int(one), 0) + pipe[0], *pipe[1:])]
                    for one, chance in zip(left, mass, strict=True)
                )
                best = min(best, ahead)
            better[state] = cost + best
        gains = [better[state] - value[state] for state in states]
        if max(gains) - min(gains) < 1e-7:
            return min(gains), max(gains)
        start = better[states[0]]
        value = {s: 0.9 * (better[s] - start) + 0.1 * value[s] for s in states}


def plain_lost(mass, base_stock, delay):
    """Units lost per period under a base stock: the chain of all orders, solved as equations."""
    states = [x for x in product(range(base_stock + 1), repeat=delay) if sum(x) <= base_stock]
    place = {state: i for i, state in enumerate(states)}
    to, lost = np.zeros((len(states), len(states))), np.zeros(len(states))
    for i, state in enumerate(states):
        on_hand = base_stock - sum(state)
        for value, chance in enumerate(mass):
            sold = min(on_hand, value)
            to[i, place[(*state[1:], sold)]] += chance
            lost[i] += chance * (value - sold)
    share = np.zeros(len(states))
    share[place[(0,) * delay]] = 1.0
    for _ in range(5_000):
        share = 0.1 * share + 0.9 * share @ to
    return float(share @ lost)


masses = st.lists(st.integers(1, 6), min_size=2, max_size=4).map(lambda w: np.array(w) / sum(w))


@settings(max_examples=12)
@given(mass=masses, short=st.sampled_from([1.0, 4.0, 20.0]), delay=st.integers(1, 2))
def test_optimal_costs_agree_with_all_orders_allowed(mass, short, delay):
    """The orders looked at are bounded; the plain process allows many more and gains nothing."""
    law = Empirical(np.arange(len(mass)), mass)
    best = lost_sales_optimal(law, holding_cost=1.0, shortage_cost=short, lead_time=delay)
    low, high = plain_optimum(mass, 1.0, short, delay, 2 * (delay + 1) * (len(mass) - 1))
    assert best.cost_low - 1e-6 <= high
    assert low <= best.cost_high + 1e-6
    assert best.cost == pytest.approx(0.5 * (low + high), rel=1e-5)
    told = best.on_hand + short * (1.0 - best.fill_rate) * law.mean
    assert told == pytest.approx(best.cost, rel=1e-6)


@settings(max_examples=25)
@given(mass=masses, base_stock=st.integers(0, 7), delay=st.integers(1, 3))
def test_a_base_stock_loses_what_the_plain_chain_loses(mass, base_stock, delay):
    law = Empirical(np.arange(len(mass)), mass)
    want = plain_lost(mass, base_stock, delay)
    assert exact_lost(law, base_stock, delay) == pytest.approx(want, abs=1e-8)
    if delay == 1:  # then the total on order is the one order there is
        mean = float(mass @ np.arange(len(mass)))
        told = chain_kernels.lost_units(mass, mean, base_stock, 1)
        assert told == pytest.approx(want, abs=1e-8)


@pytest.mark.parametrize("delay", [2, 3, 4])
def test_of_geometric_demand_the_chain_of_the_total_is_exact(delay):
    law = Geometric(1.5)
    for base_stock in (3, 6, 9):
        told = lost_sales_base_stock(law, **COSTS, lead_time=delay, base_stock=base_stock)
        assert told.exact
        want = exact_lost(law, base_stock, delay)
        assert (1.0 - told.fill_rate) * law.mean == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize(
    "law", [Poisson(2.0), NegativeBinomial(2.0, 2.5), Empirical([0, 1, 6], [0.6, 0.2, 0.2])]
)
@pytest.mark.parametrize("delay", [2, 3])
def test_the_chain_of_the_total_is_near(law, delay):
    """Within half a point of fill rate of the chain of all orders, three where demand is lumpy."""
    for base_stock in (3, 5, 8, 11, 14):
        near = lost_sales_base_stock(
            law, **COSTS, lead_time=delay, base_stock=base_stock, method="approximate"
        )
        assert not near.exact
        want = 1.0 - exact_lost(law, base_stock, delay) / law.mean
        assert near.fill_rate == pytest.approx(
            want, abs=0.005 if law.family != "empirical" else 0.03
        )


def test_the_best_base_stock_is_the_best_of_all():
    for law, delay in ((Poisson(3.0), 2), (NegativeBinomial(2.0, 2.0), 3), (Poisson(4.0), 0)):
        best = lost_sales_base_stock(law, **COSTS, lead_time=delay)
        levels = np.arange(best.base_stock - 4, best.base_stock + 5)
        around = lost_sales_base_stock(law, **COSTS, lead_time=delay, base_stock=levels)
        assert best.exact
        assert best.cost == pytest.approx(around.cost.min(), rel=1e-9)


def test_fill_rates_are_met_by_the_smallest_level():
    for law, delay in ((Poisson(3.0), 2), (Poisson(3.0), 0), (NegativeBinomial(2.0, 2.0), 1)):
        for target in (0.8, 0.95, 0.99):
            level = lost_sales_fill_rate(law, fill_rate=target, lead_time=delay)
            below = lost_sales_base_stock(
                law, **COSTS, lead_time=delay, base_stock=level.base_stock - 1
            )
            assert below.fill_rate < target <= level.fill_rate


def test_without_lead_time_the_best_policy_is_a_newsvendor():
    best = lost_sales_optimal(Poisson(5.0), **COSTS, lead_time=0)
    stock = lost_sales_base_stock(Poisson(5.0), **COSTS, lead_time=0)
    assert stock.base_stock == Poisson(5.0).ppf(0.9)
    assert best.cost == pytest.approx(stock.cost, rel=1e-12)
    assert best.fill_rate == pytest.approx(stock.fill_rate, rel=1e-12)


def test_no_policy_beats_the_optimum_and_packs_only_change_units():
    delays = np.array([1, 2, 3])
    best = lost_sales_optimal(Poisson(3.0), **COSTS, lead_time=delays)
    stock = lost_sales_base_stock(Poisson(3.0), **COSTS, lead_time=delays)
    steady = lost_sales_constant_order(Poisson(3.0), **COSTS)
    assert (best.cost_high < stock.cost).all()
    assert (best.cost_high < steady.cost).all()
    assert (np.diff(best.cost) > 0).all()
    single = Empirical([0, 1, 2], [0.5, 0.3, 0.2])
    packs = Empirical([0, 6, 12], [0.5, 0.3, 0.2])
    one, six = (lost_sales_optimal(law, **COSTS, lead_time=2) for law in (single, packs))
    assert six.cost == pytest.approx(6 * one.cost, rel=1e-6)
    assert six.fill_rate == pytest.approx(one.fill_rate, rel=1e-6)


def test_known_demand_costs_nothing():
    best = lost_sales_optimal(Deterministic(3.0), **COSTS, lead_time=2)
    assert best.cost == pytest.approx(0.0, abs=1e-9)
    assert best.fill_rate == pytest.approx(1.0)
    assert lost_sales_constant_order(Deterministic(3.0), **COSTS).cost == 0.0
    assert lost_sales_base_stock(Deterministic(3.0), **COSTS, lead_time=2).base_stock == 9.0


def plain_left(mass, order, n):
    """Mean stock at the end of a period under a constant order, by iterating the walk."""
    share = np.zeros(n)
    share[0] = 1.0
    for _ in range(20_000):
        after = np.convolve(share, mass[::-1])
        shift = len(mass) - 1 - order
        new = np.zeros(n)
        new[0] = after[: shift + 1].sum()
        rest = after[shift + 1 : shift + n]
        new[1 : 1 + len(rest)] = rest
        if np.abs(new - share).max() < 1e-16:
            break
        share = new
    return float(share @ np.arange(n))


def test_constant_orders_leave_what_the_plain_walk_leaves():
    poisson = Poisson(5.0)
    mass = np.diff(poisson.cdf(np.arange(-1, 40) + 0.0), prepend=0.0)[1:]
    for order in (1, 3, 4):
        left = lost_sales_constant_order(poisson, **COSTS, order_quantity=order).on_hand
        assert left == pytest.approx(plain_left(mass, order, 500), rel=1e-9)
    mass = np.array([0.5, 0.2, 0, 0, 0, 0, 0, 0.3])
    for values, order in (([0, 1, 7], 1), ([0, 1, 7], 2)):  # beyond 64 periods by three moments
        lumpy = Empirical(values, [0.5, 0.2, 0.3])
        left = lost_sales_constant_order(lumpy, **COSTS, order_quantity=order).on_hand
        assert left == pytest.approx(plain_left(mass, order, 1500), rel=1e-3)
    steady = Empirical([0, 4, 5], [0.1, 0.3, 0.6])  # skewed the other way
    mass = np.array([0.1, 0, 0, 0, 0.3, 0.6])
    left = lost_sales_constant_order(steady, **COSTS, order_quantity=4).on_hand
    assert left == pytest.approx(plain_left(mass, 4, 1500), rel=1e-3)


def test_constant_orders_against_exponential_demand_are_a_queue():
    """The wait of M/D/1, load r / m: r^2 / (2 (m - r)) (Pollaczek and Khinchine)."""
    orders = np.array([0.3, 0.9, 0.99, 0.999])
    left = lost_sales_constant_order(Gamma(1.0, 1.0), **COSTS, order_quantity=orders).on_hand
    np.testing.assert_allclose(left, orders**2 / (2 * (1 - orders)), rtol=1e-7)
    best = lost_sales_constant_order(Gamma(1.0, 1.0), holding_cost=1.0, shortage_cost=[5.0, 50.0])
    # least of r^2 / (2 (1 - r)) + p (1 - r): with u = 1 - r, u^2 = 1 / (1 + 2 p)
    want = 1.0 - 1.0 / np.sqrt(1.0 + 2.0 * np.array([5.0, 50.0]))
    np.testing.assert_allclose(best.order_quantity, want, rtol=1e-5)


def test_one_for_one_is_erlangs_recursion():
    load, lost = 2.7, 1.0
    for stock in range(1, 12):
        lost = load * lost / (stock + load * lost)
        told = lost_sales_one_for_one(0.9, lead_time=3.0, base_stock=stock)
        assert 1.0 - told.fill_rate == pytest.approx(lost, rel=1e-10)
    costs = lost_sales_one_for_one(0.9, lead_time=3.0, base_stock=np.arange(20), **COSTS).cost
    best = lost_sales_one_for_one(0.9, lead_time=3.0, **COSTS)
    assert best.cost == pytest.approx(costs.min(), rel=1e-12)
    assert best.base_stock == np.argmin(costs)
    enough = lost_sales_one_for_one(0.9, lead_time=3.0, fill_rate=[0.5, 0.9, 0.999])
    assert (enough.fill_rate >= [0.5, 0.9, 0.999]).all()
    below = lost_sales_one_for_one(0.9, lead_time=3.0, base_stock=enough.base_stock - 1)
    assert (below.fill_rate < [0.5, 0.9, 0.999]).all()
    far = lost_sales_one_for_one(10.0, lead_time=200.0, base_stock=[1, 100])
    np.testing.assert_allclose(1.0 - far.fill_rate[0], 2000 / 2001, rtol=1e-12)


def test_many_skus_come_back_in_the_shape_of_the_arguments():
    demand = array("gamma", [3.0, 400.0, 25.0], [2.0, 90.0, 20.0])
    told = lost_sales_base_stock(demand, **COSTS, lead_time=[[2], [9]])
    assert told.cost.shape == (2, 3)
    assert not told.exact.any()
    alone = lost_sales_base_stock(Gamma(400.0, 90.0), **COSTS, lead_time=9)
    assert told.cost[1, 1] == alone.cost
    assert len(told.to_frame()) == 6
    assert (told.cost[1] > told.cost[0]).all()
    targets = lost_sales_fill_rate(demand, fill_rate=0.97, lead_time=9).fill_rate
    np.testing.assert_allclose(targets, 0.97, atol=2e-4)


def test_large_whole_demand_leaves_its_lattice_for_a_coarser_one():
    fine = lost_sales_base_stock(Poisson(60.0), **COSTS, lead_time=2, method="approximate")
    gamma = lost_sales_base_stock(Gamma(60.0, 60.0**0.5), **COSTS, lead_time=2)
    assert fine.base_stock == pytest.approx(gamma.base_stock, abs=3)
    assert fine.cost == pytest.approx(gamma.cost, rel=0.02)
    huge = lost_sales_base_stock(Poisson(5000.0), **COSTS, lead_time=12)
    assert huge.base_stock % 1.0 == 0.0
    assert 0.9 < huge.fill_rate < 1.0


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: lost_sales_optimal(Gamma(3.0, 1.0), **COSTS, lead_time=1), "demand[0] is Gamma"),
        (lambda: lost_sales_optimal(Poisson(3.0), **COSTS, lead_time=1.5), "lead_time is 1.5"),
        (lambda: lost_sales_optimal(Poisson(500.0), **COSTS, lead_time=4), "lost_sales_base_stock"),
        (
            lambda: lost_sales_base_stock(
                [Poisson(1.0), Normal(3.0, 2.0)], holding_cost=1, shortage_cost=[2, 3], lead_time=1
            ),
            "demand[1] is Normal",
        ),
        (
            lambda: lost_sales_base_stock(
                Poisson(3.0), holding_cost=[1.0, 0.0], shortage_cost=-1.0, lead_time=1
            ),
            "2 faults",
        ),
        (
            lambda: lost_sales_base_stock(Poisson(3.0), **COSTS, lead_time=2, base_stock=3.5),
            "base_stock[0] is 3.5",
        ),
        (
            lambda: lost_sales_base_stock(Gamma(3.0, 1.0), **COSTS, lead_time=2, method="exact"),
            'method="approximate"',
        ),
        (lambda: lost_sales_fill_rate(Poisson(3.0), fill_rate=97, lead_time=2), "use 0.97"),
        (
            lambda: lost_sales_constant_order(Poisson(3.0), **COSTS, order_quantity=[1, 3]),
            "order_quantity[1] is 3.0",
        ),
        (lambda: lost_sales_one_for_one(1.0, lead_time=2.0), "holding_cost"),
        (
            lambda: lost_sales_one_for_one(1.0, lead_time=2.0, base_stock=3, fill_rate=0.9),
            "both given",
        ),
    ],
)
def test_faults_name_argument_value_and_remedy(call, told):
    with pytest.raises(DomainError) as caught:
        call()
    assert told in str(caught.value)
    assert "Fix:" in str(caught.value)


def test_unknown_methods_are_refused():
    with pytest.raises(UnknownNameError, match="approximate"):
        lost_sales_base_stock(Poisson(3.0), **COSTS, lead_time=2, method="guess")


def test_an_exact_optimum_that_would_take_minutes_is_refused():
    with pytest.raises(DomainError, match="takes minutes"):
        lost_sales_optimal(Poisson(2000.0), **COSTS, lead_time=2)
