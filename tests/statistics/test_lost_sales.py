"""Lost sales and finite horizons, period by period, against what the models say.

A million periods or runs; within 4 standard errors, of batch means where periods hang together.
"""

from __future__ import annotations

import numpy as np
import pytest

from echelon.distributions import Empirical, Gamma, Geometric, NegativeBinomial, PerPeriod, Poisson
from echelon.exact.horizon.finite_horizon import finite_horizon
from echelon.exact.lost_sales.constant_order import lost_sales_constant_order
from echelon.exact.lost_sales.lost_sales import lost_sales_base_stock
from echelon.exact.lost_sales.one_for_one import lost_sales_one_for_one

N_PATHS, N_PERIODS, N_WARM = 2_000, 560, 60


def simulate(law, delay, order, seed):
    """Cost-free counts of a lost-sales item: stock left and units lost, per path and period.

    order: of stock on hand (after receipt) and all orders on the way, as arrays over paths.
    """
    rng = np.random.default_rng(seed)
    on_hand = np.zeros(N_PATHS)
    coming = [np.zeros(N_PATHS) for _ in range(delay)]
    left, lost = [], []
    for t in range(N_PERIODS):
        if delay:
            on_hand = on_hand + coming.pop(0)  # receive, then review
        placed = order(on_hand, coming)
        if delay:
            coming.append(placed)
        else:
            on_hand = on_hand + placed
        demand = law.sample(rng, N_PATHS)
        sold = np.minimum(on_hand, demand)
        on_hand = on_hand - sold
        if t >= N_WARM:
            left.append(on_hand)
            lost.append(demand - sold)
    return np.mean(left, axis=0), np.mean(lost, axis=0)


def error_of(paths):
    return paths.std(ddof=1) / len(paths) ** 0.5


@pytest.mark.parametrize(
    ("law", "delay", "base_stock"),
    [
        (Poisson(5.0), 2, 17),
        (Geometric(4.0), 5, 35),
        (NegativeBinomial(3.0, 3.0), 3, 16),
        (Empirical([0, 1, 6], [0.6, 0.2, 0.2]), 1, 9),
        (Poisson(4.0), 0, 6),
    ],
)
def test_base_stocks(law, delay, base_stock):
    told = lost_sales_base_stock(
        law, holding_cost=1.0, shortage_cost=9.0, lead_time=delay, base_stock=base_stock
    )
    assert told.exact
    left, lost = simulate(
        law, delay, lambda stock, coming: base_stock - stock - sum(coming, np.zeros(N_PATHS)), 5
    )
    cost = left + 9.0 * lost
    assert abs(cost.mean() - told.cost) < 4 * error_of(cost)
    assert abs(left.mean() - told.on_hand) < 4 * error_of(left)
    assert abs(1.0 - lost.mean() / law.mean - told.fill_rate) < 4 * error_of(lost) / law.mean
    assert abs(cost.mean() - 1.01 * told.cost) > 4 * error_of(cost)  # a per cent would be seen


def test_a_long_lead_time_is_near_where_only_the_approximation_reaches():
    """Twenty periods, mean a thousand: within a tenth of a point of fill rate."""
    law = Gamma(1000.0, 400.0)
    told = lost_sales_base_stock(law, holding_cost=1.0, shortage_cost=20.0, lead_time=20)
    left, lost = simulate(
        law,
        20,
        lambda stock, coming: told.base_stock - stock - sum(coming, np.zeros(N_PATHS)),
        6,
    )
    assert not told.exact
    assert 1.0 - lost.mean() / law.mean == pytest.approx(told.fill_rate, abs=0.001)
    assert (left + 20.0 * lost).mean() == pytest.approx(told.cost, rel=0.02)


@pytest.mark.parametrize(("law", "order"), [(Poisson(5.0), 4.0), (Gamma(10.0, 6.0), 8.5)])
def test_constant_orders(law, order):
    told = lost_sales_constant_order(law, holding_cost=1.0, shortage_cost=4.0, order_quantity=order)
    left, lost = simulate(law, 3, lambda *_: np.full(N_PATHS, order), 7)
    # starting empty: what is left after the warm-up differs from its mean by far less than this
    assert abs(left.mean() - told.on_hand) < 4 * error_of(left)
    assert abs(1.0 - lost.mean() / law.mean - told.fill_rate) < 4 * error_of(lost) / law.mean


def test_one_for_one_with_lead_times_of_any_shape():
    """A million Poisson demands, exponential and constant lead times, event by event."""
    rate, delay, stock = 0.8, 3.0, 4
    told = lost_sales_one_for_one(rate, lead_time=delay, base_stock=stock)
    for seed, draw in enumerate((lambda r, n: r.exponential(delay, n), lambda *_: delay)):
        rng = np.random.default_rng(seed)
        n_paths, n_demands, warm = 5_000, 230, 30
        now = np.zeros(n_paths)
        due = np.zeros((n_paths, stock))  # when each unit of stock is back on the shelf
        lost = np.zeros(n_paths)
        for k in range(n_demands):
            now += rng.exponential(1.0 / rate, n_paths)
            first = due.argmin(axis=1)
            there = due[np.arange(n_paths), first] <= now
            due[np.flatnonzero(there), first[there]] = (now + draw(rng, n_paths))[there]
            if k >= warm:
                lost += ~there
        lost /= n_demands - warm
        assert abs(lost.mean() - (1.0 - told.fill_rate)) < 4 * error_of(lost)


@pytest.mark.parametrize("delay", [0, 2])
def test_finite_horizons(delay):
    """A million runs of the levels told, orders and receipts period by period."""
    laws = [Poisson(4.0), Poisson(9.0), NegativeBinomial(6.0, 4.0), Poisson(2.0), Poisson(7.0)]
    hold, short, fixed = [1.0, 1.0, 0.5, 1.0, 2.0], [8.0, 9.0, 9.0, 12.0, 9.0], 12.0
    unit, discount, start = 1.5, 0.95, 3
    plan = finite_horizon(
        PerPeriod(laws),
        holding_cost=np.c_[hold],
        shortage_cost=np.c_[short],
        fixed_cost=fixed,
        unit_cost=unit,
        discount_factor=discount,
        terminal_holding_cost=-0.5,
        terminal_shortage_cost=6.0,
        initial_inventory=start,
        lead_time=delay,
    )
    assert plan.two_levels_suffice.all()
    rng = np.random.default_rng(11)
    n = 1_000_000
    net, cost = np.full(n, float(start)), np.zeros(n)
    coming = [np.zeros(n) for _ in range(delay)]
    for t, law in enumerate(laws):
        placed = np.zeros(n)
        if t < len(laws) - delay:
            position = net + sum(coming, np.zeros(n))
            s, up_to = plan.reorder_point[t, 0], plan.order_up_to_level[t, 0]
            placed = np.where(position <= s, up_to - position, 0.0)
        cost += discount**t * (unit * placed + fixed * (placed > 0))
        coming.append(placed)
        net = net + coming.pop(0) - law.sample(rng, n)
        cost += discount**t * np.where(net > 0, hold[t] * net, -short[t] * net)
    cost += discount ** len(laws) * np.where(net > 0, -0.5 * net, -6.0 * net)
    assert abs(cost.mean() - plan.cost[0]) < 4 * error_of(cost)
    assert abs(cost.mean() - 1.01 * plan.cost[0]) > 4 * error_of(cost)
